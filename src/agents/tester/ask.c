/*
 * Asks the workspace: the Tester's statements, a few at a time, until each has ended and all chunks of its answer are there.
 * Answers are files below the run's folder; what they say is for tester.check.
 *
 *	items --> send --> read --open ones--> pause --> poll --> read
 *	  ^         ^        |\--none--.
 *	  |         '--rest--'         |     rest: one failed for the workspace's sake
 *	  '----------------------------'
 *
 * The channel `asked` (tester/questions.c) gets how many have been answered, and the bytes that have crossed the wire. It takes
 * as long as the statements do, which may be more rounds than a node has: what is kept then is left in `asked`, and the node
 * is entered again.
 */
#include <string.h>

#include "agents/nodes.h"
#include "agents/remote/batch.h"
#include "agents/tester/answers.h"

enum { PAUSE_FIRST_MS = 500, PAUSE_MAX_MS = 5000, STALE_TRIES = 5, REST_MS = 20000, RESTS_MAX = 3 };
/* A pass from reading to reading: items or rest, send, and as often as one was not there pause and poll. */
enum { ROUNDS_OF_A_PASS = 3 + 2 * STALE_TRIES };

static const char *const reads[] = { "job", "asked", NULL };
static const char *const writes[] = { "asked", NULL };

/*
 * kept: {"phase", "step", "items", "open": [{"n", "id", "chunk"}], "asked": how often, "stale": how often one was not there,
 * "rests": of this step, "bytes"}.
 */
static const struct bldr_value *kept_of(const struct bldr_view *v)
{
	const struct bldr_value *left = bldr_get(bldr_get(v->state, "asked"), "left");

	return v->kept != NULL || bldr_is_null(left) ? v->kept : left;
}

static bool in_phase(const struct bldr_view *v, const char *phase)
{
	const char *name = bldr_get_text(kept_of(v), "phase");

	return strcmp(name != NULL ? name : "items", phase) == 0;
}

static struct bldr_value *phase(const struct bldr_view *v, const char *name)
{
	const struct bldr_value *old = kept_of(v);
	struct bldr_value *kept = old != NULL ? bldr_copy(old) : bldr_object();

	bldr_object_set(kept, "phase", bldr_text(name));
	return kept;
}

static void plan_polls(const struct bldr_view *v, const struct remote *r, struct bldr_plan *p)
{
	const struct bldr_value *open = bldr_get(kept_of(v), "open");
	const char *folder = bldr_get_text(bldr_get(v->state, "asked"), "folder");
	struct arena a = { 0 };

	for (size_t i = 0; i < bldr_count(open); i++) {
		const struct bldr_value *o = bldr_at(open, i);
		const char *id = bldr_get_text(o, "id");
		int64_t chunk = bldr_get_int(o, "chunk", 0);
		struct databricks_request q = chunk == 0
			? databricks_statement_get(&r->workspace, id)
			: databricks_statement_chunk(&r->workspace, id, chunk);

		databricks_save(&q,
				arena_printf(&a, "%s/%s", folder,
					     answers_name(&a, bldr_get_int(o, "n", 0), chunk)));
		remote_send(p, q);
	}
	arena_release(&a);
}

static void plan_reading(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "job", bldr_ref(bldr_get(v->state, "job")));
	bldr_object_set(args, "asked", bldr_ref(bldr_get(v->state, "asked")));
	bldr_object_set(args, "open", bldr_ref(bldr_get(kept_of(v), "open")));
	bldr_plan_work(p, "remote.read_answers", BLDR_PURE, args);
}

static int64_t pause_ms(const struct bldr_view *v)
{
	enum { DOUBLED_MAX = 10 };
	int64_t asked = bldr_get_int(kept_of(v), "asked", 0);
	int64_t ms = (int64_t)PAUSE_FIRST_MS << (asked < DOUBLED_MAX ? asked : DOUBLED_MAX);

	return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *asked = bldr_get(v->state, "asked");
	struct remote r;

	if (!remote_of(v->state, &r)) {
		return;
	}
	if (in_phase(v, "items")) {
		batch_plan_items(v, p, bldr_get_text(asked, "batch"),
				 bldr_get_int(kept_of(v), "step", 0));
	} else if (in_phase(v, "send")) {
		batch_plan(p, bldr_get(kept_of(v), "items"));
	} else if (in_phase(v, "read")) {
		plan_reading(v, p);
	} else if (in_phase(v, "pause")) {
		bldr_plan_sleep(p, pause_ms(v));
	} else if (in_phase(v, "rest")) {
		bldr_plan_sleep(p, (int64_t)REST_MS << bldr_get_int(kept_of(v), "rests", 0));
	} else {
		plan_polls(v, &r, p);
	}
}

static void end(const struct bldr_view *v, struct bldr_patch *p)
{
	struct bldr_value *asked = bldr_copy(bldr_get(v->state, "asked"));
	int64_t answered =
		bldr_get_int(asked, "answered", 0) + bldr_get_int(asked, "statements", 0);
	int64_t bytes = bldr_get_int(asked, "bytes", 0) + bldr_get_int(kept_of(v), "bytes", 0);

	bldr_object_set(asked, "answered", bldr_int(answered));
	bldr_object_set(asked, "bytes", bldr_int(bytes));
	bldr_object_set(asked, "left", bldr_null());
	bldr_patch_set(p, "asked", asked);
}

/* Takes kept. Another task goes on with it when this one has too few rounds for that. */
static void go_on(const struct bldr_view *v, struct bldr_value *kept, struct bldr_patch *p)
{
	if (v->round + ROUNDS_OF_A_PASS < BLDR_ROUNDS_MAX) {
		bldr_patch_again(p, kept);
		return;
	}
	struct bldr_value *asked = bldr_copy(bldr_get(v->state, "asked"));

	bldr_object_set(asked, "left", kept);
	bldr_patch_set(p, "asked", asked);
}

/* All of a step are sent. */
static struct bldr_value *sending(const struct bldr_view *v, const struct bldr_value *items,
				  int64_t rests)
{
	struct bldr_value *kept = phase(v, "send");
	struct bldr_value *open = bldr_list();

	for (size_t i = 0; i < bldr_count(items); i++) {
		struct bldr_value *o = bldr_object();

		bldr_object_set(o, "n", bldr_int(bldr_get_int(bldr_at(items, i), "n", 0)));
		bldr_list_add(open, o);
	}
	bldr_object_set(kept, "items", bldr_ref(items));
	bldr_object_set(kept, "open", open);
	bldr_object_set(kept, "asked", bldr_int(0));
	bldr_object_set(kept, "rests", bldr_int(rests));
	return kept;
}

static void take_items(const struct bldr_view *v, const struct bldr_result *r, struct bldr_patch *p)
{
	const struct bldr_value *items = bldr_get(r->value, "items");

	if (bldr_count(items) == 0) {
		end(v, p);
	} else {
		bldr_patch_again(p, sending(v, items, 0));
	}
}

/* A statement that was just begun may not be there yet for who asks next. */
static bool is_stale(const struct bldr_view *v, const struct databricks_answer *answer)
{
	return answer->outcome == DATABRICKS_NOT_FOUND && in_phase(v, "poll") &&
		bldr_get_int(kept_of(v), "stale", 0) < STALE_TRIES;
}

static void take_answers(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	int64_t bytes = bldr_get_int(kept_of(v), "bytes", 0);
	int64_t stale = bldr_get_int(kept_of(v), "stale", 0);
	struct bldr_value *kept;
	struct arena a = { 0 };
	bool again = false;
	bool well = true;

	for (size_t i = 0; well && i < n; i++) {
		struct databricks_answer answer;

		databricks_answer(&results[i], &a, &answer);
		if (is_stale(v, &answer)) {
			again = true;
		} else {
			well = remote_check(p, "a statement", &results[i], &a, &answer);
			bytes += well ? bldr_get_int(answer.saved, "bytes", 0) : 0;
		}
	}
	if (well) {
		kept = phase(v, again ? "pause" : "read");
		bldr_object_set(kept, "bytes", bldr_int(bytes));
		bldr_object_set(kept, "stale", bldr_int(stale + again));
		bldr_patch_again(p, kept);
	}
	arena_release(&a);
}

static const char *what_of(const struct bldr_value *items, int64_t n)
{
	for (size_t i = 0; i < bldr_count(items); i++) {
		if (bldr_get_int(bldr_at(items, i), "n", -1) == n) {
			return bldr_get_text(bldr_at(items, i), "what");
		}
	}
	return "";
}

/* What failed for the workspace's sake is asked again, with the others of its step; what a setting is to blame for is a
 * person's to mend. Neither says anything of the star. */
static void take_failure(const struct bldr_view *v, const struct bldr_value *failed,
			 struct bldr_patch *p)
{
	bool waits = bldr_as_bool(bldr_get(failed, "infrastructure"), false);
	const struct bldr_value *items = bldr_get(kept_of(v), "items");
	struct arena a = { 0 };

	if (waits && bldr_get_int(kept_of(v), "rests", 0) < RESTS_MAX) {
		go_on(v, phase(v, "rest"), p);
		return;
	}
	remote_fail(p,
		    arena_printf(&a, "the statement \"%s\"",
				 what_of(items, bldr_get_int(failed, "n", 0))),
		    waits ? DATABRICKS_UNREACHABLE : DATABRICKS_DENIED,
		    bldr_get_text(failed, "message"));
	arena_release(&a);
}

static void take_reading(const struct bldr_view *v, const struct bldr_result *r,
			 struct bldr_patch *p)
{
	const struct bldr_value *open = bldr_get(r->value, "open");
	const struct bldr_value *failed = bldr_get(r->value, "failed");
	bool waits = bldr_as_bool(bldr_get(r->value, "waits"), false);
	struct bldr_value *kept;

	if (failed != NULL) {
		take_failure(v, failed, p);
		return;
	}
	if (bldr_count(open) == 0) {
		kept = phase(v, "items");
		bldr_object_set(kept, "step", bldr_int(bldr_get_int(kept_of(v), "step", 0) + 1));
	} else {
		kept = phase(v, waits ? "pause" : "poll");
		bldr_object_set(kept, "asked", bldr_int(bldr_get_int(kept_of(v), "asked", 0) + 1));
	}
	bldr_object_set(kept, "open", bldr_ref(open));
	go_on(v, kept, p);
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	bool works = in_phase(v, "items") || in_phase(v, "read");

	if (n == 0) {
		return;
	}
	if (works && results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
	} else if (in_phase(v, "items")) {
		take_items(v, &results[0], p);
	} else if (in_phase(v, "read")) {
		take_reading(v, &results[0], p);
	} else if (in_phase(v, "pause")) {
		bldr_patch_again(p, phase(v, "poll"));
	} else if (in_phase(v, "rest")) {
		bldr_patch_again(p,
				 sending(v, bldr_get(kept_of(v), "items"),
					 bldr_get_int(kept_of(v), "rests", 0) + 1));
	} else {
		take_answers(v, results, n, p);
	}
}

const struct bldr_node tester_ask_node = {
	.name = "ask",
	.reads = reads,
	.writes = writes,
	.prepare = prepare,
	.absorb = absorb,
};

const char *const tester_ask_targets[] = { "ask", "questions", NULL };

void tester_ask_route(const struct bldr_view *v, struct bldr_route *r)
{
	bool left = bldr_type_of(bldr_get(bldr_get(v->state, "asked"), "left")) == BLDR_OBJECT;

	bldr_route_to(r, left ? "ask" : "questions");
}

/* ---- the work: which statements are still open, and what is to be asked of them ---- */

/* {"n", "message", "infrastructure"} of a statement that failed through no fault of what was asked; NULL: it did not. */
static struct bldr_value *failure(const struct databricks_statement *s, int64_t n)
{
	struct bldr_value *v;

	if (s->blame == DATABRICKS_BLAME_NONE || s->blame == DATABRICKS_BLAME_CODE || s->too_large) {
		return NULL;
	}
	v = bldr_object();
	bldr_object_set(v, "n", bldr_int(n));
	bldr_object_set(v, "message", bldr_text(s->message));
	bldr_object_set(v, "infrastructure", bldr_bool(s->blame == DATABRICKS_BLAME_INFRASTRUCTURE));
	return v;
}

static int read_answers(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *batch = bldr_get(d->args, "asked");
	const struct bldr_value *asked = bldr_get(d->args, "open");
	struct bldr_value *open = bldr_list();
	struct bldr_value *failed = NULL;
	bool waits = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bldr_count(asked); i++) {
		const struct bldr_value *o = bldr_at(asked, i);
		int64_t n = bldr_get_int(o, "n", 0);
		int64_t chunk = bldr_get_int(o, "chunk", 0);
		const char *id = bldr_get_text(o, "id");
		struct databricks_statement s;
		struct bldr_value *next;
		bool pending;

		r = answers_statement(d, bldr_get_text(batch, "batch"), n, chunk, &s, err);
		failed = r == 0 && failed == NULL ? failure(&s, n) : failed;
		pending = r == 0 && chunk == 0 && s.state == DATABRICKS_SQL_PENDING;
		if (r < 0 || (!pending && s.next_chunk < 0)) {
			continue;
		}
		next = bldr_object();
		bldr_object_set(next, "n", bldr_int(n));
		bldr_object_set(next, "id", bldr_text(id != NULL ? id : s.id));
		bldr_object_set(next, "chunk", bldr_int(pending ? 0 : s.next_chunk));
		bldr_list_add(open, next);
		waits |= pending;
	}
	if (r < 0) {
		bldr_unref(open);
		bldr_unref(failed);
		return r;
	}
	*ret = bldr_object();
	if (failed != NULL) {
		bldr_object_set(*ret, "failed", failed);
	}
	bldr_object_set(*ret, "open", open);
	bldr_object_set(*ret, "waits", bldr_bool(waits));
	return 0;
}

int tester_read_answers_work(const struct bldr_work *w, struct bldr_value **ret,
			     struct bldr_error *err)
{
	return desk_work(w, read_answers, ret, err);
}
