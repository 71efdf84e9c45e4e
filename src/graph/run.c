/*
 * A run's birth, its two kinds of input (the beginning, a result) and what others may ask of it.
 * Supersteps are in step.c, tasks in task.c, rebuilding after a crash in restore.c.
 */
#include "graph/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/record.h"

enum { EVENT_MAX = 64 << 20 };

struct run *run_new(const struct bldr_graph *g, const char *thread, uint64_t seed)
{
	ASSERT(g->compiled);
	struct run *r = xcalloc(1, sizeof(*r));
	r->graph = g;
	r->thread = xstrdup(thread);
	r->seed = seed;
	r->next_id = 1;
	STAILQ_INIT(&r->ready);
	STAILQ_INIT(&r->queue);
	TAILQ_INIT(&r->unrecorded);
	buf_init(&r->text, EVENT_MAX);
	return r;
}

void run_free(struct run *r)
{
	if (r == NULL) {
		return;
	}
	frame_free(r->root);
	queue_release(r);
	for (size_t i = 0; r->late != NULL && i < LATE_MAX; i++) {
		free(r->late[i].key);
	}
	free(r->late);
	idtable_release(&r->effects);
	idtable_release(&r->tasks);
	free(r->fired.at);
	free(r->sent.at);
	wait_release(r);
	buf_release(&r->text);
	free(r->thread);
	free(r->error);
	free(r);
}

void update_release(struct update *u)
{
	arena_release(&u->arena);
	*u = (struct update){ 0 };
}

int run_begin(struct run *r, const struct bldr_value *input, int64_t now_ms, struct update *u,
	      struct bldr_error *err)
{
	ASSERT(r->root == NULL);
	run_enter(r, now_ms, u);
	r->root = frame_new(r->graph, 0, NULL);
	int rc = frame_input(r->root, input, step_start_seed(r, r->root), err);
	if (rc == 0) {
		rc = step_prepare_begin(r, r->root, err);
	}
	if (rc < 0) {
		frame_free(r->root);
		r->root = NULL;
		r->update = NULL;
		return rc;
	}
	event_run_started(r);
	step_commit(r, r->root,
		    &(struct beginning){ .source = STEP_INPUT, .from_frame = -1, .from_step = -1 });
	run_leave(r);
	return 0;
}

static void deliver(struct run *r, int64_t effect, const struct outcome *o, int64_t now_ms,
		    struct update *u)
{
	struct effect *e = idtable_find(&r->effects, effect);
	ASSERT(effect > 0 && effect < r->next_id); /* intended by this thread */
	run_enter(r, now_ms, u);
	if (e != NULL) {
		effect_end(r, e, o);
	} else {
		event_effect_late(r, effect, o->status, o->error);
	}
	run_leave(r);
}

void run_deliver(struct run *r, int64_t effect, enum bldr_status status, int code,
		 const struct bldr_value *value, const char *error, int64_t now_ms,
		 struct update *u)
{
	deliver(r, effect,
		&(struct outcome){
			.status = status,
			.code = code,
			.value = value,
			.error = error,
		},
		now_ms, u);
}

void run_deliver_failure(struct run *r, int64_t effect, int code, const char *error,
			 int64_t retry_after_ms, int64_t now_ms, struct update *u)
{
	deliver(r, effect,
		&(struct outcome){
			.status = BLDR_FAILED,
			.code = code,
			.error = error,
			.retry_after_ms = retry_after_ms,
		},
		now_ms, u);
}

void run_emit(struct run *r, int64_t effect, uint32_t attempt, const char *mode,
	      const struct bldr_value *data, int64_t now_ms, struct update *u)
{
	const struct effect *e = idtable_find(&r->effects, effect);
	run_enter(r, now_ms, u);
	event_emitted(r, strcmp(mode, "message") == 0 ? "message" : "custom", effect,
		      e != NULL ? e->intent.key : late_key(r, effect), attempt, data);
	run_leave(r);
}

void run_yield_after(struct run *r, int64_t supersteps)
{
	r->yield_after = supersteps;
}

bool run_has_more(const struct run *r)
{
	return !STAILQ_EMPTY(&r->ready);
}

void run_go(struct run *r, int64_t now_ms, struct update *u)
{
	run_enter(r, now_ms, u);
	run_leave(r);
}

void run_record_updates(struct run *r, bool yes)
{
	r->record_updates = yes;
}

void run_set_answers(struct run *r, run_answer_fn answer, void *user)
{
	r->answer = answer;
	r->answer_user = user;
}

void run_base_every(struct run *r, int64_t supersteps)
{
	r->base_every = supersteps;
}

enum run_status run_status(const struct run *r)
{
	return r->status;
}

struct bldr_value *run_state(const struct run *r)
{
	return r->root != NULL ? frame_state(r->root) : bldr_object();
}

struct bldr_value *run_checkpoint_state(const struct run *r)
{
	return r->root != NULL ? frame_checkpoint_state(r->root) : bldr_object();
}

struct bldr_value *run_output(const struct run *r)
{
	return r->root != NULL ? frame_output(r->root) : bldr_object();
}

void run_pending(const struct run *r, void (*each)(const struct intent_record *i, void *user),
		 void *user)
{
	for (size_t i = 0; i < r->effects.n; i++) {
		const struct effect *e = r->effects.at[i].value;
		if (e != NULL) {
			each(&e->intent, user);
		}
	}
}

const struct intent_record *run_intent(const struct run *r, int64_t effect)
{
	const struct effect *e = idtable_find(&r->effects, effect);
	return e != NULL ? &e->intent : NULL;
}
