/*
 * What is under way and shall not go on: a cancelled thread, a superstep that another input replaces, a task whose time
 * is over. Pending effects end here without their performers, who are told by the host; what they still send is an event and
 * nothing else.
 */
#include <stdlib.h>

#include "base/check.h"
#include "graph/record.h"

void late_add(struct run *r, const struct effect *e)
{
	if (r->late == NULL) {
		r->late = xcalloc(LATE_MAX, sizeof(*r->late));
	}
	struct late *late = &r->late[r->n_late++ % LATE_MAX];
	free(late->key);
	*late = (struct late){ .effect = e->intent.id, .key = xstrdup(e->intent.key) };
}

const char *late_key(const struct run *r, int64_t effect)
{
	for (size_t i = 0; r->late != NULL && i < LATE_MAX; i++) {
		if (r->late[i].key != NULL && r->late[i].effect == effect) {
			return r->late[i].key;
		}
	}
	return NULL;
}

void effect_give_up(struct run *r, struct effect *e)
{
	ASSERT(!e->ended);
	bool once = e->intent.cls == BLDR_ONCE;
	e->ended = true;
	e->status = once ? BLDR_UNKNOWN : BLDR_CANCELLED;
	e->code = once ? BLDR_E_FAILED : BLDR_E_CANCELLED;
	e->error = xstrdup(
		once ? "it was given up while it was under way, it may or may not have been performed"
		     : "it was given up");
	idtable_remove(&r->effects, e->intent.id);
	record_result(r, e, NULL);
	event_effect_ended(r, e, false);
	late_add(r, e);
	e->task->n_pending--;
}

static void give_up_effects(struct run *r, struct task *t)
{
	for (size_t i = 0; i < t->n_effects; i++) {
		if (!t->effects[i]->ended) {
			effect_give_up(r, t->effects[i]);
		}
	}
}

void frame_forget_unrecorded(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->unrecorded) {
			t->unrecorded = false;
			TAILQ_REMOVE(&r->unrecorded, t, next_unrecorded);
		}
	}
}

void frame_give_up(struct run *r, struct frame *f)
{
	if (f == r->root) {
		STAILQ_INIT(&r->ready); /* it may have yielded */
	}
	frame_forget_unrecorded(r, f);
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		give_up_effects(r, t);
		if (t->child != NULL) {
			frame_give_up(r, t->child);
		}
	}
}

/* t, and all below it, has failed, and no handler hears of it. record: so that rebuilding knows. */
static void task_give_up(struct run *r, struct task *t, int code, const char *error, bool record)
{
	give_up_effects(r, t);
	for (size_t i = 0; t->child != NULL && i < t->child->tasks.n; i++) {
		struct task *below = &t->child->tasks.at[i];
		if (below->state == TASK_WAITING) {
			task_give_up(r, below, code, error, record);
		}
	}
	task_fail_for_good(r, t, code, error);
	if (record) {
		record_failure(r, t);
	}
}

void run_cancel(struct run *r, int64_t now_ms, struct update *u)
{
	ASSERT(r->status == RUN_RUNNING || r->status == RUN_PAUSED);
	run_enter(r, now_ms, u);
	r->status = RUN_RUNNING;
	r->cancelled = true;
	for (size_t i = 0; i < r->root->tasks.n; i++) {
		struct task *t = &r->root->tasks.at[i];
		if (t->state == TASK_WAITING) {
			task_give_up(r, t, BLDR_E_CANCELLED, "the thread was cancelled", false);
		}
	}
	run_go_on(r);
	r->cancelled = false;
	run_leave(r);
}

/* When the time of a task is over; 0: never. */
static int64_t deadline_of(const struct task *t)
{
	uint32_t own = t->node->timeout_ms;
	uint32_t step = t->frame->graph->step_timeout_ms;
	if (t->state != TASK_WAITING || t->held || (own == 0 && step == 0)) {
		return 0;
	}
	uint32_t least = own == 0 || (step != 0 && step < own) ? step : own;
	return t->begun_ms + (int64_t)least;
}

static int64_t next_deadline(const struct frame *f)
{
	int64_t next = 0;
	for (size_t i = 0; i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		int64_t own = deadline_of(t);
		int64_t below = t->child != NULL ? next_deadline(t->child) : 0;
		next = own != 0 && (next == 0 || own < next) ? own : next;
		next = below != 0 && (next == 0 || below < next) ? below : next;
	}
	return next;
}

int64_t run_deadline(const struct run *r)
{
	return r->graph->timed && r->status == RUN_RUNNING ? next_deadline(r->root) : 0;
}

/* A task goes with all that is below it, so what is below is looked at only when it stays. */
static void expire(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		int64_t deadline = deadline_of(t);
		if (deadline == 0 || deadline > r->now_ms) {
			if (t->child != NULL) {
				expire(r, t->child);
			}
			continue;
		}
		bool own = t->node->timeout_ms != 0 &&
			t->begun_ms + (int64_t)t->node->timeout_ms == deadline;
		char *error = xasprintf("node \"%s\": %s of %u ms is over", t->node->name,
					own ? "its time" : "the superstep's time",
					own ? t->node->timeout_ms : f->graph->step_timeout_ms);
		if (task_has_handler(t)) {
			give_up_effects(r, t);
			task_handle(r, t, BLDR_E_TIMEOUT, error);
		} else {
			task_give_up(r, t, BLDR_E_TIMEOUT, error, true);
		}
		free(error);
	}
}

void run_expire(struct run *r, int64_t now_ms, struct update *u)
{
	run_enter(r, now_ms, u);
	if (r->graph->timed && r->status == RUN_RUNNING) {
		expire(r, r->root);
	}
	run_leave(r);
}
