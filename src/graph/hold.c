/*
 * Holding: a superstep that has been recorded and does not begin until the thread is resumed. Static interrupts, a drain,
 * updated and forked states are all this. A run in which nothing is pending, and something held, is PAUSED.
 */
#include <string.h>

#include "base/check.h"
#include "graph/record.h"

static bool names(const char *const *list, const char *node)
{
	for (; list != NULL && *list != NULL; list++) {
		if (strcmp(*list, "*") == 0 || strcmp(*list, node) == 0) {
			return true;
		}
	}
	return false;
}

static bool stops_before(const struct node *node, const char *const *also)
{
	return node->stop_before || (also != NULL && names(also, node->name));
}

/* Its graph's own interrupts count in a subgraph; the host's are about the root. */
bool hold_wanted(const struct run *r, const struct frame *f, enum step_source source)
{
	bool root = f->opener == NULL;
	const char *const *before = root ? r->also_before : NULL;
	const char *const *after = root ? r->also_after : NULL;
	if (root && r->drain) {
		return true;
	}
	if (!f->graph->stops && before == NULL && after == NULL) {
		return false;
	}
	for (size_t i = 0; i < r->fired.n; i++) {
		if (stops_before(&f->graph->nodes[r->fired.at[i]], before)) {
			return true;
		}
	}
	for (size_t i = 0; i < r->sent.n; i++) {
		if (stops_before(&f->graph->nodes[r->sent.at[i].send->node], before)) {
			return true;
		}
	}
	for (size_t i = 0; source == STEP_LOOP && i < f->tasks.n; i++) {
		const struct node *ran = f->tasks.at[i].node;
		if (ran->stop_after || (after != NULL && names(after, ran->name))) {
			return true;
		}
	}
	return false;
}

void hold_tasks(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		f->tasks.at[i].held = true;
	}
	r->drain = r->drain && f->opener != NULL;
}

void task_begin_anew(struct run *r, struct task *t)
{
	if (t->begun_ms == r->now_ms) {
		return;
	}
	t->begun_ms = r->now_ms;
	if (r->graph->timed) {
		t->at_ms = r->now_ms;
		record_round(r, t, NULL);
	}
}

/* The round's record says that the task has begun, and when. */
static void release_task(struct run *r, struct task *t)
{
	t->held = false;
	t->at_ms = r->now_ms;
	record_round(r, t, NULL);
	task_start(r, t, false);
	for (struct task *up = t->frame->opener; up != NULL; up = up->frame->opener) {
		task_begin_anew(r, up);
	}
}

void hold_release(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->held) {
			release_task(r, t);
		} else if (t->child != NULL) {
			hold_release(r, t->child);
		}
	}
}

static bool is_held(const struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		if (t->held || (t->child != NULL && is_held(t->child))) {
			return true;
		}
	}
	return false;
}

void hold_rest(struct run *r)
{
	if (r->status == RUN_RUNNING && idtable_count(&r->effects) == 0 && !run_has_more(r)) {
		ASSERT(is_held(r->root)); /* a task waits for an effect, a subgraph, or somebody */
		r->status = RUN_PAUSED;
		event_run_paused(r);
	}
}

void run_drain(struct run *r)
{
	r->drain = true;
}

void run_interrupt_also(struct run *r, const char *const *before, const char *const *after)
{
	r->also_before = before;
	r->also_after = after;
}
