/*
 * What sets a thread going: starting, resuming, a further input, an answer; and what stops it. Each builds a run, or changes the
 * one that the loop has in memory, and leaves what it did in the thread's update, for the next batch.
 */
#include "host/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "graph/kept.h"

static int check_id(const char *id, struct bldr_error *err)
{
	size_t size = strlen(id);
	bool good = size > 0 && size < sizeof(((struct bldr_thread *)NULL)->id);

	for (size_t i = 0; good && i < size; i++) {
		good = id[i] > ' ' && id[i] < 0x7f;
	}
	return good ? 0
		    : bldr_error_set(err, BLDR_E_INVALID,
				     "thread id \"%.80s\" is not 1 to 63 bytes of printable ASCII "
				     "without blanks",
				     id);
}

int engine_check_new(const struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	struct journal_thread found;
	int rc = check_id(id, err);

	if (rc < 0) {
		return rc;
	}
	if (driver_find(&e->driver, id) == NULL) {
		rc = journal_thread(e->reader, id, &found, err);
		if (rc == BLDR_E_NOT_FOUND) {
			return 0;
		}
	}
	return rc < 0
		? rc
		: bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" exists already; resume it", id);
}

/* Supersteps of a thread that need nothing from outside, before others have their turn and a stop is heard. */
enum { STEPS_AT_ONCE = 1000 };

/* What the lineage that a fork went back from has recorded; until the engine closes. */
struct replay {
	const struct bldr_engine *engine;
	int64_t thread, lineage;
};

static bool from_cache(const struct bldr_engine *e, const struct intent_record *i, struct arena *a,
		       struct result_record *ret)
{
	char hash[HASH_HEX_MAX];

	if (i->cls != BLDR_PURE || i->policy == NULL || i->policy->cache_ms <= 0) {
		return false;
	}
	journal_cache_hash(i->kind, i->request, hash);
	*ret = (struct result_record){ .status = BLDR_DONE };
	return journal_cache_find(e->reader, hash, engine_now_ms(e), a, &ret->value, NULL) == 1;
}

/* run_answer_fn, both. What cannot be read is performed. */
static bool answer_cached(void *user, const struct intent_record *i, const char *path,
			  struct arena *a, struct result_record *ret)
{
	(void)path;
	return from_cache(user, i, a, ret);
}

static bool answer_again(void *user, const struct intent_record *i, const char *path,
			 struct arena *a, struct result_record *ret)
{
	const struct replay *r = user;

	return journal_recorded(r->engine->reader, r->thread, r->lineage, path, i->round,
				i->ordinal, i->kind, i->request, a, ret, NULL) == 1 ||
		from_cache(r->engine, i, a, ret);
}

struct run *engine_run(struct bldr_engine *e, const struct bldr_graph *g,
		       const struct journal_thread *row)
{
	struct run *run = run_new(g, row->id, row->seed);
	struct replay *replay = map_find(e->replays, row->id, strlen(row->id));

	if (replay != NULL) {
		run_set_answers(run, answer_again, replay);
	} else {
		run_set_answers(run, answer_cached, e);
	}
	run_record_updates(run, e->record_updates);
	run_yield_after(run, STEPS_AT_ONCE);
	run_base_every(run, e->keep_steps);
	run_interrupt_also(run, e->interrupt_before, e->interrupt_after);
	return run;
}

void engine_replay(struct bldr_engine *e, const char *id, int64_t thread, int64_t lineage)
{
	void **at = map_at(e->replays, id, strlen(id));

	if (*at == NULL) {
		*at = xmalloc(sizeof(struct replay));
	}
	*(struct replay *)*at =
		(struct replay){ .engine = e, .thread = thread, .lineage = lineage };
}

void engine_set_graph(struct journal_thread *row, const struct bldr_graph *g)
{
	ASSERT(g != NULL);
	(void)snprintf(row->graph, sizeof(row->graph), "%s", bldr_graph_name(g));
	(void)snprintf(row->graph_hash, sizeof(row->graph_hash), "%s", bldr_graph_hash(g));
	row->graph_version = g->version;
}

static int put_graph(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	const struct bldr_graph *g = user;
	struct bldr_value *structure = bldr_graph_structure(g);
	char *text = bldr_value_text(structure);
	int rc =
		journal_graph_put(j, bldr_graph_hash(g), bldr_graph_name(g), g->version, text, err);

	(void)now_ms;
	free(text);
	bldr_unref(structure);
	return rc;
}

/* Read by the writer's thread: a compiled graph does not change. */
void engine_note_graph(struct bldr_engine *e, const struct bldr_graph *g)
{
	const char *hash = bldr_graph_hash(g);
	void **at = map_at(e->known, hash, strlen(hash));
	const struct driver_job job = { .run = put_graph, .user = (void *)(uintptr_t)g };

	if (*at == NULL) {
		*at = e;
		driver_job(&e->driver, &job);
	}
}

int engine_add(struct bldr_engine *e, const struct journal_thread *row, struct run *run,
	       struct update *update, bool resumed, int rc)
{
	if (rc < 0) {
		run_free(run);
		update_release(update);
		free(update);
	} else {
		driver_add(&e->driver, row, run, update, resumed);
	}
	return rc;
}

int engine_settle(struct bldr_engine *e, const struct journal_thread *row, struct run *run,
		  struct update *update, int rc, struct bldr_error *err)
{
	rc = engine_add(e, row, run, update, false, rc);
	if (rc < 0 || e->running) {
		return rc;
	}
	rc = driver_settle(&e->driver, driver_find(&e->driver, row->id), engine_now_ms(e), err);
	return rc < 0 ? rc : journal_write_back(e->writer, err);
}

int bldr_thread_start(struct bldr_engine *e, const char *graph, const char *id,
		      const struct bldr_value *input, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row = { 0 };
	struct update *update;
	struct run *run;
	int rc = engine_check_writable(e, err);

	if (rc == 0) {
		rc = engine_find_graph(e, graph, &g, err);
	}
	if (rc == 0) {
		rc = engine_check_new(e, id, err);
	}
	if (rc < 0) {
		return rc;
	}
	row.seed = engine_seed(e);
	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	engine_set_graph(&row, g);
	engine_note_graph(e, g);
	run = engine_run(e, g, &row);
	update = xcalloc(1, sizeof(*update));
	rc = run_begin(run, input, engine_now_ms(e), update, err);
	return engine_add(e, &row, run, update, false, rc);
}

int engine_find_parked(const struct bldr_engine *e, const char *id, struct journal_thread *ret,
		       const struct bldr_graph **ret_graph, struct bldr_error *err)
{
	int rc = engine_check_writable(e, err);

	if (rc == 0 && driver_find(&e->driver, id) != NULL) {
		rc = bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" is being run already", id);
	}
	if (rc == 0) {
		rc = journal_thread(e->reader, id, ret, err);
	}
	return rc < 0 ? rc : engine_find_graph(e, ret->graph, ret_graph, err);
}

int engine_load(struct bldr_engine *e, struct journal_thread *row, const struct bldr_graph *g,
		struct run **ret, struct bldr_error *err)
{
	struct run *run;
	int rc = change_take_over(e, row, g, err);

	if (rc < 0) {
		return rc;
	}
	run = engine_run(e, g, row);
	rc = journal_load(e->reader, row, run, err);
	if (rc < 0) {
		run_free(run);
		return rc;
	}
	*ret = run;
	return 0;
}

int bldr_thread_resume(struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct update *update;
	struct run *run = NULL;
	int rc = engine_find_parked(e, id, &row, &g, err);

	if (rc == 0 && row.status == RUN_DONE) {
		rc = bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" is done: nothing to resume",
				    id);
	}
	if (rc == 0) {
		rc = engine_load(e, &row, g, &run, err);
	}
	if (rc < 0) {
		return rc;
	}
	update = xcalloc(1, sizeof(*update));
	rc = run_restored(run, row.next_id, row.last_event, row.status, engine_now_ms(e), update,
			  err);
	return engine_add(e, &row, run, update, true, rc);
}

/* ---- a further input ---- */

static int busy(const char *id, struct bldr_error *err)
{
	return bldr_error_set(
		err, BLDR_E_EXISTS,
		"thread \"%s\" has not ended what it was given before: wait, or say that the "
		"input is to queue, to interrupt or to roll back",
		id);
}

/* The state as the current invocation found it, and then input. */
static int begin_rolled_back(struct bldr_engine *e, struct journal_thread *row,
			     const struct bldr_graph *g, const struct bldr_value *input,
			     struct bldr_error *err)
{
	struct update *update = xcalloc(1, sizeof(*update));
	struct run *run = NULL;
	int rc = checkpoint_before_invocation(e, row, g, update, &run, err);

	if (rc == 0) {
		rc = run_apply(run, BLDR_START, input, STEP_INPUT, false, engine_now_ms(e), update,
			       err);
	}
	return engine_add(e, row, run, update, false, rc);
}

/* driver.rolled_back: the loop has let the thread go. */
void threads_rolled_back(void *user, const char *id, struct bldr_value *input)
{
	struct bldr_engine *e = user;
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct bldr_error err;
	int rc = journal_thread(e->reader, id, &row, &err);

	if (rc == 0) {
		rc = engine_find_graph(e, row.graph, &g, &err);
	}
	if (rc == 0) {
		rc = begin_rolled_back(e, &row, g, input, &err);
	}
	if (rc < 0) {
		LOG(LOG_ERROR, "thread.rollback", LOG_TEXT("thread", id),
		    LOG_TEXT("error", err.text));
	}
	bldr_unref(input);
}

/* One that the loop has in memory. */
static int input_running(struct bldr_engine *e, struct driver_thread *t,
			 const struct bldr_value *input, enum bldr_multitask policy,
			 struct bldr_error *err)
{
	bool ended = run_status(t->run) == RUN_DONE || run_status(t->run) == RUN_FAILED;

	if (t->lost) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "thread \"%s\" was advanced by another process", t->row.id);
	}
	if (!ended && policy == BLDR_REJECT) {
		return busy(t->row.id, err);
	}
	if (!ended && policy == BLDR_ENQUEUE) {
		return run_enqueue(t->run, input, engine_now_ms(e), driver_update(&e->driver, t),
				   err);
	}
	if (!ended && policy == BLDR_ROLLBACK) {
		if (t->row.rowid == 0) {
			return busy(t->row.id,
				    err); /* not on disk yet: there is nothing to go back to */
		}
		driver_roll_back(&e->driver, t, bldr_ref(input));
		return 0;
	}
	return run_apply(t->run, BLDR_START, input, STEP_INPUT, false, engine_now_ms(e),
			 driver_update(&e->driver, t), err);
}

static int input_parked(struct bldr_engine *e, const char *id, const struct bldr_value *input,
			enum bldr_multitask policy, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct update *update;
	struct run *run = NULL;
	bool ended;
	int rc = engine_find_parked(e, id, &row, &g, err);

	if (rc < 0) {
		return rc;
	}
	ended = row.status == RUN_DONE || row.status == RUN_FAILED;
	if (!ended && policy == BLDR_REJECT) {
		return busy(id, err);
	}
	if (!ended && policy == BLDR_ROLLBACK) {
		return begin_rolled_back(e, &row, g, input, err);
	}
	rc = engine_load(e, &row, g, &run, err);
	if (rc < 0) {
		return rc;
	}
	update = xcalloc(1, sizeof(*update));
	rc = run_at_rest(run, row.next_id, row.last_event, row.status, err);
	if (rc == 0 && !ended && policy == BLDR_ENQUEUE) {
		rc = run_enqueue(run, input, engine_now_ms(e), update, err);
		return engine_settle(e, &row, run, update, rc, err);
	}
	if (rc == 0) {
		rc = run_apply(run, BLDR_START, input, STEP_INPUT, false, engine_now_ms(e), update,
			       err);
	}
	return engine_add(e, &row, run, update, false, rc);
}

int bldr_thread_input(struct bldr_engine *e, const char *id, const struct bldr_value *input,
		      enum bldr_multitask policy, struct bldr_error *err)
{
	struct driver_thread *t = driver_find(&e->driver, id);
	int rc = engine_check_writable(e, err);

	if (rc < 0) {
		return rc;
	}
	return t != NULL ? input_running(e, t, input, policy, err)
			 : input_parked(e, id, input, policy, err);
}

int bldr_thread_cancel(struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	struct driver_thread *t = driver_find(&e->driver, id);
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct update *update;
	struct run *run = NULL;
	enum run_status status;
	int rc = engine_check_writable(e, err);

	if (rc == 0 && t == NULL) {
		rc = engine_find_parked(e, id, &row, &g, err);
	}
	if (rc < 0) {
		return rc;
	}
	status = t != NULL ? run_status(t->run) : row.status;
	if (status == RUN_DONE || status == RUN_FAILED) {
		return bldr_error_set(err, BLDR_E_EXISTS,
				      "thread \"%s\" has ended: nothing to cancel", id);
	}
	if (t != NULL) {
		run_cancel(t->run, engine_now_ms(e), driver_update(&e->driver, t));
		return 0;
	}
	rc = engine_load(e, &row, g, &run, err);
	if (rc < 0) {
		return rc;
	}
	update = xcalloc(1, sizeof(*update));
	rc = run_at_rest(run, row.next_id, row.last_event, row.status, err);
	if (rc == 0) {
		run_cancel(run, engine_now_ms(e), update);
	}
	return engine_settle(e, &row, run, update, rc, err);
}

int bldr_thread_drain(struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	struct driver_thread *t = id != NULL ? driver_find(&e->driver, id) : NULL;

	if (id != NULL && t == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no thread \"%s\" is being run", id);
	}
	if (t != NULL) {
		run_drain(t->run);
		return 0;
	}
	for (t = e->driver.threads; t != NULL; t = t->next) {
		if (!t->lost) {
			run_drain(t->run);
		}
	}
	return 0;
}

/* ---- answers ---- */

/* The interrupts that a run waits for; the one that is asked for. */
struct wanted {
	const char *key; /* NULL: any */
	int64_t effect;
	size_t n;
};

static void look_for(const struct intent_record *i, void *user)
{
	struct wanted *w = user;

	if (strcmp(i->kind, effect_interrupt.name) == 0 &&
	    (w->key == NULL || strcmp(w->key, i->key) == 0)) {
		w->effect = i->id;
		w->n++;
	}
}

static int look_for_stored(const struct intent_record *i, void *user)
{
	look_for(i, user);
	return 0;
}

static int check_wanted(const struct wanted *w, const char *id, struct bldr_error *err)
{
	if (w->n == 0 && w->key != NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "thread \"%s\" waits for no answer to \"%s\"", id, w->key);
	}
	if (w->n == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "thread \"%s\" waits for no answer",
				      id);
	}
	if (w->n > 1) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "thread \"%s\" waits for %zu answers; name the key of one",
				      id, w->n);
	}
	return 0;
}

/* The text of an answer; the caller frees it. */
static int answer_text(const struct bldr_value *value, char **ret, struct bldr_error *err)
{
	char *text;

	if (bldr_depth(value) > KEPT_DEPTH_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT, "the answer is nested more than %d deep",
				      KEPT_DEPTH_MAX);
	}
	text = value != NULL ? bldr_value_text(value) : xstrdup("null");
	if (strlen(text) > BLDR_RESULT_MAX) {
		free(text);
		return bldr_error_set(err, BLDR_E_LIMIT, "the answer is larger than %d bytes",
				      BLDR_RESULT_MAX);
	}
	*ret = text;
	return 0;
}

/* Finds the interrupt, and takes its thread up when it is not in memory. */
static int find_asking(struct bldr_engine *e, const char *id, struct wanted *w,
		       struct driver_thread **ret, struct bldr_error *err)
{
	struct driver_thread *t = driver_find(&e->driver, id);
	struct journal_thread row;
	int rc = 0;

	if (t != NULL && t->lost) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "thread \"%s\" was advanced by another process", id);
	}
	if (t != NULL) {
		run_pending(t->run, look_for, w);
		*ret = t;
		return check_wanted(w, id, err);
	}
	rc = journal_thread(e->reader, id, &row, err);
	if (rc == 0) {
		rc = journal_pending(e->reader, row.rowid, effect_interrupt.name, look_for_stored,
				     w, err);
	}
	if (rc == 0) {
		rc = check_wanted(w, id, err);
	}
	if (rc == 0) {
		rc = bldr_thread_resume(e, id, err);
	}
	*ret = rc == 0 ? driver_find(&e->driver, id) : NULL;
	return rc;
}

int bldr_thread_answer(struct bldr_engine *e, const char *id, const char *key,
		       const struct bldr_value *value, struct bldr_error *err)
{
	struct driver_thread *t = NULL;
	struct wanted wanted = { .key = key };
	char *text = NULL;
	int rc = engine_check_writable(e, err);

	if (rc == 0) {
		rc = answer_text(value, &text, err);
	}
	if (rc < 0) {
		return rc;
	}
	rc = find_asking(e, id, &wanted, &t, err);
	if (rc < 0) {
		free(text);
		return rc;
	}
	rc = driver_answer(&e->driver, t, wanted.effect, text);
	return rc < 0 ? bldr_error_set(err, rc, "thread \"%s\" has that answer already", id) : 0;
}
