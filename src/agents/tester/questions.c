/*
 * What the Tester asks the workspace: the statements of checks/remote.h, round after round, each round knowing the answers of
 * those before; and the same once more when the job has run a second time, for I1.
 *
 *	questions --statements--> ask --> questions
 *	         \--none: the first pass--> rerun --> questions; for the workspace's sake rerun --> repair --> rerun
 *	         \--none: the second pass--> check
 *
 * The channel `asked`: {"for": the round of the job that is checked, "pass", "round": that is asked, "batch", "folder": where
 * answers are saved, "statements", "first_rounds": of the first pass, "answered", "bytes": in all rounds of the job,
 * "left": what a node that asks has left to the next one}.
 */
#include <string.h>

#include "agents/nodes.h"
#include "agents/remote/batch.h"
#include "agents/remote/job_run.h"
#include "agents/tester/answers.h"
#include "agents/tester/evidence.h"

static const char *const passes[] = { "questions", "again" };
static const char *const images[] = { "remote.db", "remote_again.db" };

static const char *const reads[] = { "job",      "rounds",     "sources",    "design",
				     "contract", "sttm",       "deployment", "remote",
				     "asked",    "superseded", NULL };
static const char *const writes[] = { "asked", NULL };

/* ---- the node ---- */

/* What is asked now: the round behind the one that was asked last, or the second pass. */
static struct bldr_value *next_round(const struct bldr_view *v)
{
	const struct bldr_value *old = bldr_get(v->state, "asked");
	struct bldr_value *asked = old != NULL ? bldr_copy(old) : bldr_object();
	int64_t rounds = bldr_get_int(v->state, "rounds", 0);
	bool first = !answers_are_of(old, rounds);

	if (first || bldr_get_int(old, "statements", 0) == 0) { /* a pass begins */
		bldr_object_set(asked, "for", bldr_int(rounds));
		bldr_object_set(asked, "pass", bldr_int(first ? 0 : 1));
		bldr_object_set(asked, "first_rounds", bldr_int(bldr_get_int(old, "round", 0)));
		bldr_object_set(asked, "round", bldr_int(0));
	} else {
		bldr_object_set(asked, "round", bldr_int(bldr_get_int(old, "round", 0) + 1));
	}
	return asked;
}

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_copy(v->state);

	bldr_object_set(args, "asked", next_round(v));
	bldr_plan_work(p, "tester.questions", BLDR_PURE, args);
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	(void)v;
	(void)n; /* one effect was planned */
	if (results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
		return;
	}
	bldr_patch_set(p, "asked", bldr_ref(results[0].value));
}

const struct bldr_node tester_questions_node = {
	.name = "questions",
	.reads = reads,
	.writes = writes,
	.prepare = prepare,
	.absorb = absorb,
};

const char *const tester_start_targets[] = { "questions", "reload", NULL };

/* A run that has failed left nothing to ask about. */
void tester_start_route(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, remote_has_run(bldr_get(v->state, "remote")) ? "questions" : "reload");
}

const char *const tester_questions_targets[] = { "ask", "rerun", "check", NULL };

void tester_questions_route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct bldr_value *asked = bldr_get(v->state, "asked");

	if (bldr_get_int(asked, "statements", 0) > 0) {
		bldr_route_to(r, "ask");
	} else {
		bldr_route_to(r, bldr_get_int(asked, "pass", 0) == 0 ? "rerun" : "check");
	}
}

/* ---- the second run ---- */

const struct bldr_node tester_rerun_node = {
	.name = "rerun",
	.reads = remote_run_reads,
	.writes = remote_run_writes,
	.prepare = remote_run_prepare,
	.absorb = remote_run_absorb,
	.config = REMOTE_SECOND_RUN,
};

const char *const tester_rerun_targets[] = { "rerun", "repair", "questions", "check", NULL };

/* Of a second run that has failed there is nothing to compare: I1 says so. */
void tester_rerun_route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct bldr_value *remote = bldr_get(v->state, "remote");

	if (!remote_has_ended(remote)) {
		bldr_route_to(r, "rerun");
	} else if (remote_wants_repair(remote)) {
		bldr_route_to(r, "repair");
	} else {
		bldr_route_to(r, remote_has_run(remote) ? "questions" : "check");
	}
}

/* ---- the work ---- */

static struct bldr_value *parameters(const struct remote_statement *s)
{
	struct bldr_value *list = s->parameters.n > 0 ? bldr_list() : NULL;

	for (size_t i = 0; i < s->parameters.n; i++) {
		struct bldr_value *item = bldr_object();

		bldr_object_set(item, "name", bldr_text(s->parameters.at[i].name));
		bldr_object_set(item, "type", bldr_text(s->parameters.at[i].type));
		bldr_object_set(item, "value",
				s->parameters.at[i].value != NULL
					? bldr_text(s->parameters.at[i].value)
					: bldr_null());
		bldr_list_add(list, item);
	}
	return list;
}

static int add_statements(struct batch *b, const struct remote *r, const remote_statements *all,
			  struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		const struct remote_statement *s = &all->at[i];
		const struct databricks_sql sql = {
			.warehouse_id = r->warehouse,
			.statement = s->sql,
			.parameters = parameters(s),
			.repeatable = true,
		};

		rc = batch_add(b, databricks_statement(&r->workspace, &sql), 0, s->id,
			       answers_name(&b->desk->arena, (int64_t)i, 0), err);
	}
	return rc;
}

static int write_batch(struct desk *d, const struct remote *r, const remote_statements *all,
		       struct bldr_value *asked, struct bldr_error *err)
{
	struct batch batch;
	int rc = batch_begin(&batch, d, bldr_get_text(asked, "batch"), err);

	if (rc == 0) {
		rc = add_statements(&batch, r, all, err);
	}
	if (rc < 0) {
		batch_drop(&batch);
		return rc;
	}
	bldr_object_set(asked, "folder", bldr_text(batch.folder));
	return batch_end(&batch, err);
}

/* What to ask, given the answers so far. */
static int plan(struct desk *d, const struct remote *r, const struct bldr_value *asked,
		remote_statements *ret, struct bldr_error *err)
{
	int64_t pass = bldr_get_int(asked, "pass", 0);
	struct evidence *e = ARENA_NEW(&d->arena, struct evidence);
	remote_results results = { 0 };
	struct remote_input in = {
		.checks = &e->checks,
		.catalog = r->catalog,
		.schema = r->schema,
		.rows_max = r->compare_rows,
		.image = desk_path(d, images[pass]),
	};
	int rc = evidence_read(d, e, err);

	if (rc == 0) {
		rc = answers_results(d, passes[pass], bldr_get_int(asked, "round", 0), &results,
				     err);
	}
	if (rc == 0) {
		rc = remote_plan(&in, &results, &d->arena, ret, err);
	}
	if (rc == 0 && ret->n == 0 && pass == 1) {
		rc = remote_image(&in, &results, &d->arena, err);
	}
	return rc;
}

static int questions(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *old = bldr_get(d->args, "asked");
	struct bldr_value *asked = bldr_copy(old);
	remote_statements statements = { 0 };
	struct remote remote;
	int r = remote_of(d->args, &remote)
		? plan(d, &remote, old, &statements, err)
		: bldr_error_set(err, BLDR_E_INVALID, "the job names no workspace");

	bldr_object_set(asked, "batch",
			bldr_text(answers_batch(&d->arena, passes[bldr_get_int(old, "pass", 0)],
						bldr_get_int(old, "round", 0))));
	bldr_object_set(asked, "statements", bldr_int((int64_t)statements.n));
	if (r == 0 && statements.n > 0) {
		r = write_batch(d, &remote, &statements, asked, err);
	}
	if (r < 0) {
		bldr_unref(asked);
		return r;
	}
	*ret = asked;
	return 0;
}

int tester_questions_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, questions, ret, err);
}
