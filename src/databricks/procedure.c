/* The rounds: kept is {"kept": the procedure's own, "pause_ms": n}; a round with a pause is a sleep and nothing else. */
#include "databricks/procedure.h"

#include "databricks/procedure_parts.h"

static int64_t pause_of(const struct bldr_view *v)
{
	return bldr_get_int(v->kept, "pause_ms", 0);
}

static const struct bldr_value *own(const struct bldr_view *v)
{
	const struct bldr_value *kept = bldr_get(v->kept, "kept");

	return bldr_is_null(kept) ? NULL : kept;
}

void databricks_procedure_prepare(const struct databricks_procedure *x, const struct databricks *w,
				  const struct bldr_value *input, const struct bldr_view *v,
				  struct bldr_plan *p)
{
	struct databricks_request q;

	if (pause_of(v) > 0) {
		bldr_plan_sleep(p, pause_of(v));
		return;
	}
	q = x->ask(w, input, own(v));
	bldr_plan_add(p, "http", q.cls, q.args, q.timeout_ms);
}

static void again(struct bldr_patch *p, struct bldr_value *kept, int64_t pause_ms)
{
	struct bldr_value *all = bldr_object();

	bldr_object_set(all, "kept", kept);
	bldr_object_set(all, "pause_ms", bldr_int(pause_ms));
	bldr_patch_again(p, all);
}

bool databricks_procedure_absorb(const struct databricks_procedure *x,
				 const struct bldr_value *input, const struct bldr_view *v,
				 const struct bldr_result *results, struct bldr_patch *p,
				 struct arena *a, struct databricks_end *ret)
{
	struct databricks_turn turn = { 0 };
	struct databricks_answer answer;

	if (pause_of(v) > 0) {
		again(p, bldr_ref(own(v)), 0);
		return false;
	}
	databricks_answer(results, a, &answer);
	x->told(input, own(v), &answer, v->now_ms, a, &turn);
	if (!turn.ended && v->round + 2 >= BLDR_ROUNDS_MAX) {
		bldr_unref(turn.kept);
		turn_end(&turn, DATABRICKS_BUSY, DATABRICKS_BLAME_INFRASTRUCTURE,
			 "it takes longer than this step may; begin it again");
	}
	if (!turn.ended) {
		again(p, turn.kept, turn.pause_ms);
		return false;
	}
	*ret = turn.end;
	return true;
}

void turn_again(struct databricks_turn *t, struct bldr_value *kept, int64_t pause_ms)
{
	t->ended = false;
	t->kept = kept;
	t->pause_ms = pause_ms;
}

void turn_end(struct databricks_turn *t, enum databricks_outcome outcome,
	      enum databricks_blame blame, const char *message)
{
	t->ended = true;
	t->kept = NULL;
	t->end = (struct databricks_end){ .outcome = outcome, .blame = blame, .message = message };
}

void turn_failed(struct databricks_turn *t, const struct databricks_answer *answer)
{
	turn_end(t, answer->outcome, answer->blame, answer->message);
}

void turn_value(struct databricks_turn *t, struct bldr_value *value)
{
	turn_end(t, DATABRICKS_OK, DATABRICKS_BLAME_NONE, "");
	t->end.value = value;
}

const char *phase_of(const struct bldr_value *kept)
{
	const char *phase = bldr_get_text(kept, "phase");

	return phase != NULL ? phase : "";
}

void databricks_told_once(const struct bldr_value *input, const struct bldr_value *kept,
			  const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
			  struct databricks_turn *ret)
{
	(void)input;
	(void)kept;
	(void)now_ms;
	(void)a;
	if (answer->outcome == DATABRICKS_OK) {
		turn_value(ret, bldr_ref(answer->saved != NULL ? answer->saved : answer->body));
	} else {
		turn_failed(ret, answer);
	}
}
