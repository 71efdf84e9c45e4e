/*
 * Supersteps. When the last task of a frame has ended, its writes are folded in fold order (the
 * order of the tasks) and what they lead to begins: all of it, or, when anything is wrong with it,
 * nothing and the frame fails with its channels as they were.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/record.h"

enum { BASE_MIN = 64 << 10 };

static void fire(struct run *r, struct frame *f, size_t node)
{
	if (f->node_turn[node] == r->turn) {
		return;
	}
	f->node_turn[node] = r->turn;
	if (r->fired.n == r->fired.room) {
		r->fired.room = r->fired.room != 0 ? r->fired.room * 2 : 8;
		r->fired.at = xrealloc(r->fired.at, r->fired.room * sizeof(*r->fired.at));
	}
	r->fired.at[r->fired.n++] = node;
}

static void follow(struct run *r, struct frame *f, struct bldr_patch *p)
{
	for (size_t i = 0; i < p->node->targets.n; i++) {
		fire(r, f, p->node->targets.at[i]);
	}
	for (size_t i = 0; i < p->targets.n; i++) {
		fire(r, f, p->targets.at[i]);
	}
	for (size_t i = 0; i < p->sends.n; i++) {
		if (r->sent.n == r->sent.room) {
			r->sent.room = r->sent.room != 0 ? r->sent.room * 2 : 8;
			r->sent.at = xrealloc(r->sent.at, r->sent.room * sizeof(*r->sent.at));
		}
		r->sent.at[r->sent.n++] = (struct sent){ &p->sends.at[i] };
	}
}

static int by_number(const void *a, const void *b)
{
	size_t left = *(const size_t *)a;
	size_t right = *(const size_t *)b;
	return (left > right) - (left < right);
}

static void follow_none(struct run *r)
{
	r->turn++;
	r->fired.n = 0;
	r->sent.n = 0;
}

/* Puts what was followed in fold order. Errors: LIMIT. */
static int settle_next(struct run *r, struct frame *f, struct bldr_error *err)
{
	if (r->fired.n > 1) {
		qsort(r->fired.at, r->fired.n, sizeof(*r->fired.at), by_number);
	}
	size_t n = r->fired.n + r->sent.n;
	if (n > GRAPH_TASKS_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "superstep %" PRId64 " of graph \"%s\" would run %zu tasks, "
				      "the limit is %d",
				      f->step + 1, f->graph->name, n, GRAPH_TASKS_MAX);
	}
	if (n > 0 && f->step + 1 >= f->graph->steps_max) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "recursion limit: graph \"%s\" has not ended after %" PRId64
				      " supersteps",
				      f->graph->name, f->graph->steps_max);
	}
	return 0;
}

int step_prepare_begin(struct run *r, struct frame *f, struct bldr_error *err)
{
	f->at_ms = r->now_ms;
	char *path = xasprintf("%s/%s", f->path, BLDR_START);
	struct bldr_view view = { .now_ms = r->now_ms, .seed = path_seed(r->seed, path) };
	free(path);
	task_route(r, f, &f->start, &view);
	if (f->start.code != 0) {
		return bldr_error_set(err, f->start.code, "%s", f->start.error);
	}
	follow_none(r);
	follow(r, f, &f->start);
	return settle_next(r, f, err);
}

/* The error of the first task that failed, in fold order. */
static int check_tasks(const struct frame *f, struct bldr_error *err)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		if (t->state == TASK_FAILED) {
			return bldr_error_set(err, t->code, "%s", t->error);
		}
	}
	return 0;
}

/* Queues the frame's writes, ready to be folded. */
static int prepare_close(struct run *r, struct frame *f, struct bldr_error *err)
{
	int rc = check_tasks(f, err);
	if (rc < 0) {
		return rc;
	}
	follow_none(r);
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct bldr_patch *p = &f->tasks.at[i].patch;
		follow(r, f, p);
		for (size_t w = 0; w < p->writes.n; w++) {
			frame_queue(f, &p->writes.at[w], r->turn);
		}
	}
	rc = settle_next(r, f, err);
	return rc == 0 ? frame_check(f, err) : rc;
}

/* Folds the queued writes and begins the record of the superstep that sees them. */
static struct step_record *fold(struct run *r, struct frame *f)
{
	bool base = f->step == 0 ||
		f->since_bytes > (f->base_bytes > BASE_MIN ? f->base_bytes : BASE_MIN) ||
		(r->base_every > 0 && f->step - f->base_step >= r->base_every);
	struct arena *a = &r->update->arena;
	struct step_record *s = record_step(r, f);
	frame_forget_views(f); /* nobody holds the values any more that are now changed */
	for (size_t i = 0; i < f->touched.n; i++) {
		size_t number = f->touched.at[i];
		const struct channel *c = &f->graph->channels[number];
		struct cell *cell = &f->cells[number];
		size_t bytes = 0;
		if (!base) {
			struct step_write w = cell_delta(c, cell, a);
			bytes = strlen(w.text);
			*LIST_ADD(a, &s->writes) = w;
		}
		cell_fold(c, cell, bytes);
		cell->written = true;
	}
	f->touched.n = 0;
	if (base) {
		record_base(r, f, s);
	}
	return s;
}

static void add_task(struct run *r, struct frame *f, struct step_record *s, struct task *t,
		     const struct node *node, int64_t index, struct send *send)
{
	struct arena *a = &r->update->arena;
	struct bldr_value *input = NULL;
	*LIST_ADD(a, &s->tasks) = (struct step_task){
		.id = r->next_id,
		.node = node->name,
		.send = index,
		.input = send != NULL ? arena_strdup(a, send->arg.text) : NULL,
	};
	if (send != NULL) {
		input = send->arg.value;
		send->arg.value = NULL;
	}
	task_init(t, f, r->next_id++, node, index, input, r->seed, f->step);
}

/* A task that goes with its superstep needs no patch record: the fold holds its effect. */
static void forget_unrecorded(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->unrecorded) {
			t->unrecorded = false;
			TAILQ_REMOVE(&r->unrecorded, t, next_unrecorded);
		}
	}
}

static void replace_tasks(struct run *r, struct frame *f, struct step_record *s)
{
	struct task *next = frame_spare(f, r->fired.n + r->sent.n);
	for (size_t i = 0; i < r->fired.n; i++) {
		add_task(r, f, s, next++, &f->graph->nodes[r->fired.at[i]], -1, NULL);
	}
	for (size_t i = 0; i < r->sent.n; i++) {
		struct send *send = r->sent.at[i].send;
		add_task(r, f, s, next++, &f->graph->nodes[send->node], (int64_t)i, send);
	}
	forget_unrecorded(r, f);
	frame_swap(f);
	patch_release(&f->start);
}

static void frame_end(struct run *r, struct frame *f)
{
	f->ended = true;
	if (f->opener != NULL) {
		task_child_ended(r, f->opener);
		return;
	}
	r->status = RUN_DONE;
	event_run_ended(r);
}

static void frame_fail(struct run *r, struct frame *f, struct bldr_error *err)
{
	frame_unqueue(f);
	if (f->opener != NULL) {
		bldr_error_prefix(err, "node \"%s\"", f->opener->node->name);
		task_fail(r, f->opener, err->code, err->text);
		return;
	}
	r->status = RUN_FAILED;
	r->code = err->code;
	free(r->error);
	r->error = xstrdup(err->text);
	event_run_failed(r);
}

void step_commit(struct run *r, struct frame *f)
{
	r->quiet = false; /* what begins now is new */
	f->step++;
	f->at_ms = r->now_ms;
	struct step_record *s = fold(r, f);
	replace_tasks(r, f, s);
	size_t bytes = record_bytes(s);
	f->base_bytes = s->base ? bytes : f->base_bytes;
	f->since_bytes = s->base ? 0 : f->since_bytes + bytes;
	f->base_step = s->base ? s->step : f->base_step;
	if (f->tasks.n == 0) {
		frame_end(r, f);
		return;
	}
	event_superstep(r, f);
	f->open = f->tasks.n;
	for (size_t i = 0; i < f->tasks.n; i++) {
		task_start(r, &f->tasks.at[i], false);
	}
}

void run_enter(struct run *r, int64_t now_ms, struct update *u)
{
	ASSERT(r->update == NULL); /* a node may not call into its own run */
	r->update = u;
	r->now_ms = now_ms;
}

void run_ready(struct run *r, struct frame *f)
{
	STAILQ_INSERT_TAIL(&r->ready, f, next_ready);
}

static void step_on(struct run *r, struct frame *f)
{
	struct bldr_error err;
	int rc = f->step < 0 ? step_prepare_begin(r, f, &err) : prepare_close(r, f, &err);
	if (rc < 0) {
		frame_fail(r, f, &err);
	} else {
		step_commit(r, f);
	}
}

void run_go_on(struct run *r)
{
	struct frame *f;
	while ((f = STAILQ_FIRST(&r->ready)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->ready, next_ready);
		step_on(r, f);
	}
}

void run_leave(struct run *r)
{
	run_go_on(r);
	struct task *t;
	while ((t = TAILQ_FIRST(&r->unrecorded)) != NULL) {
		TAILQ_REMOVE(&r->unrecorded, t, next_unrecorded);
		t->unrecorded = false;
		record_patch(r, t);
	}
	struct update *u = r->update;
	u->status = r->status;
	u->code = r->status == RUN_FAILED ? r->code : 0;
	u->error = r->status == RUN_FAILED ? arena_strdup(&u->arena, r->error) : NULL;
	u->root = r->root->id;
	u->step = r->root->step;
	u->next_id = r->next_id;
	u->last_event = r->last_event;
	r->update = NULL;
}
