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

static const struct beginning first_of_frame = { .source = STEP_INPUT,
						 .from_frame = -1,
						 .from_step = -1 };
static const struct beginning loop = { .source = STEP_LOOP, .from_frame = -1, .from_step = -1 };

void step_run_next(struct run *r, size_t node)
{
	if (r->fired.n == r->fired.room) {
		r->fired.room = r->fired.room != 0 ? r->fired.room * 2 : 8;
		r->fired.at = xrealloc(r->fired.at, r->fired.room * sizeof(*r->fired.at));
	}
	r->fired.at[r->fired.n++] = node;
}

void step_send(struct run *r, struct send *send)
{
	if (r->sent.n == r->sent.room) {
		r->sent.room = r->sent.room != 0 ? r->sent.room * 2 : 8;
		r->sent.at = xrealloc(r->sent.at, r->sent.room * sizeof(*r->sent.at));
	}
	r->sent.at[r->sent.n++] = (struct sent){ send };
}

void step_fire(struct run *r, struct frame *f, size_t node)
{
	if (f->node_turn[node] == r->turn) {
		return;
	}
	f->node_turn[node] = r->turn;
	if (f->graph->nodes[node].deferred) {
		wait_defer(r, node);
	} else {
		step_run_next(r, node);
	}
}

void step_follow(struct run *r, struct frame *f, struct bldr_patch *p)
{
	wait_joins(r, f->graph, p->node);
	for (size_t i = 0; i < p->node->targets.n; i++) {
		step_fire(r, f, p->node->targets.at[i]);
	}
	for (size_t i = 0; i < p->targets.n; i++) {
		step_fire(r, f, p->targets.at[i]);
	}
	for (size_t i = 0; i < p->sends.n; i++) {
		step_send(r, &p->sends.at[i]);
	}
}

static int by_number(const void *a, const void *b)
{
	size_t left = *(const size_t *)a;
	size_t right = *(const size_t *)b;
	return (left > right) - (left < right);
}

void step_follow_none(struct run *r)
{
	r->turn++;
	r->fired.n = 0;
	r->sent.n = 0;
	wait_none(r);
}

int step_settle_next(struct run *r, struct frame *f, struct bldr_error *err)
{
	wait_settle(r, f);
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
	return 0;
}

/* Supersteps are counted from the one that the invocation began with. */
static int check_recursion(const struct run *r, const struct frame *f, struct bldr_error *err)
{
	if (r->fired.n + r->sent.n > 0 && f->step + 1 - f->first >= f->graph->steps_max) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "recursion limit: graph \"%s\" has not ended after %" PRId64
				      " supersteps",
				      f->graph->name, f->graph->steps_max);
	}
	return 0;
}

uint64_t step_start_seed(const struct run *r, const struct frame *f)
{
	char *path = xasprintf("%s/%s", f->path, BLDR_START);
	uint64_t seed = path_seed(r->seed, path);
	free(path);
	return seed;
}

int step_prepare_begin(struct run *r, struct frame *f, struct bldr_error *err)
{
	f->at_ms = r->now_ms;
	struct bldr_view view = { .now_ms = r->now_ms, .seed = step_start_seed(r, f) };
	task_route(r, f, &f->start, &view);
	if (f->start.code != 0) {
		return bldr_error_set(err, f->start.code, "%s", f->start.error);
	}
	step_follow_none(r);
	step_follow(r, f, &f->start);
	return step_settle_next(r, f, err);
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
	step_follow_none(r);
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct bldr_patch *p = &f->tasks.at[i].patch;
		step_follow(r, f, p);
		for (size_t w = 0; w < p->writes.n; w++) {
			frame_queue(f, &p->writes.at[w], r->turn);
		}
	}
	int rc = step_settle_next(r, f, err);
	rc = rc == 0 ? check_recursion(r, f, err) : rc;
	return rc == 0 ? frame_check(f, err) : rc;
}

/* Unsets what was for the superstep that ends and was not written anew. */
static void let_pass(struct run *r, struct frame *f, struct step_record *s, bool base)
{
	struct arena *a = &r->update->arena;
	for (size_t i = 0; f->step > 0 && i < f->graph->passing.n; i++) {
		size_t number = f->graph->passing.at[i];
		const struct channel *c = &f->graph->channels[number];
		struct cell *cell = &f->cells[number];
		if (f->channel_turn[number] == r->turn || !cell_passes(c, cell)) {
			continue;
		}
		cell_set(cell, NULL, 0);
		if (!base && !c->untracked) {
			*LIST_ADD(a, &s->writes) = (struct step_write){
				.channel = c->name,
				.form = WRITE_CLEAR,
				.text = "null",
			};
		}
	}
}

static void fold_channel(struct frame *f, size_t number, struct step_record *s, struct arena *a)
{
	const struct channel *c = &f->graph->channels[number];
	struct cell *cell = &f->cells[number];
	size_t bytes = 0;
	if (!s->base && !c->untracked) {
		struct step_write w = cell_delta(c, cell, a);
		bytes = strlen(w.text);
		*LIST_ADD(a, &s->writes) = w;
	}
	cell_fold(c, cell, bytes);
	cell->written = true;
}

/* Folds the queued writes and begins the record of the superstep that sees them. */
static struct step_record *fold(struct run *r, struct frame *f, const struct beginning *how)
{
	struct step_record *s = record_step(r, f, how);
	s->base = f->step == 0 || how->base ||
		f->since_bytes > (f->base_bytes > BASE_MIN ? f->base_bytes : BASE_MIN) ||
		(r->base_every > 0 && f->step - f->base_step >= r->base_every);
	if (!s->base && f->touched.n > 0) { /* often all there are */
		s->writes.at = ARENA_ARRAY(&r->update->arena, struct step_write, f->touched.n);
		s->writes.room = f->touched.n;
	}
	frame_forget_views(f); /* nobody holds the values any more that are now changed */
	if (how->source != STEP_FORK && how->source != STEP_MIGRATE) { /* these are as they were */
		let_pass(r, f, s, s->base);
	}
	for (size_t i = 0; i < f->touched.n; i++) {
		fold_channel(f, f->touched.at[i], s, &r->update->arena);
	}
	f->touched.n = 0;
	wait_fold(r, f, s, s->base);
	if (s->base) {
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
		.input = send != NULL && send->arg.text != NULL
			? arena_copy(a, send->arg.text, send->arg.size + 1)
			: NULL,
	};
	if (send != NULL) {
		input = send->arg.value;
		send->arg.value = NULL;
	}
	task_init(t, f, r->next_id++, node, index, input, r->seed, f->step);
}

static void replace_tasks(struct run *r, struct frame *f, struct step_record *s)
{
	size_t n = r->fired.n + r->sent.n;
	struct task *next = frame_spare(f, n);
	s->tasks.at = n > 0 ? ARENA_ARRAY(&r->update->arena, struct step_task, n) : NULL;
	s->tasks.room = n;
	for (size_t i = 0; i < r->fired.n; i++) {
		add_task(r, f, s, next++, &f->graph->nodes[r->fired.at[i]], -1, NULL);
	}
	for (size_t i = 0; i < r->sent.n; i++) {
		struct send *send = r->sent.at[i].send;
		add_task(r, f, s, next++, &f->graph->nodes[send->node], (int64_t)i, send);
	}
	frame_forget_unrecorded(r, f);
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
		if (f->opener->state == TASK_WAITING) { /* else it was given up, with all below it */
			bldr_error_prefix(err, "node \"%s\"", f->opener->node->name);
			task_fail(r, f->opener, err->code, err->text);
		}
		return;
	}
	if (r->cancelled) {
		bldr_error_set(err, BLDR_E_CANCELLED, "the thread was cancelled");
	}
	r->status = RUN_FAILED;
	r->code = err->code;
	free(r->error);
	r->error = xstrdup(err->text);
	event_run_failed(r);
}

void step_commit(struct run *r, struct frame *f, const struct beginning *how)
{
	bool held = (how->hold || hold_wanted(r, f, how->source)) && r->fired.n + r->sent.n > 0;
	r->quiet = false; /* what begins now is new */
	f->step++;
	f->at_ms = r->now_ms;
	f->first = held || how->source != STEP_LOOP ? f->step : f->first;
	struct step_record *s = fold(r, f, how);
	s->held = held;
	replace_tasks(r, f, s);
	size_t bytes = record_bytes(s);
	f->base_bytes = s->base ? bytes : f->base_bytes;
	f->since_bytes = s->base ? 0 : f->since_bytes + bytes;
	f->base_step = s->base ? s->step : f->base_step;
	if (f->tasks.n == 0 && how->blank) {
		r->status = RUN_PAUSED; /* until that follows; what is queued has to wait */
		return;
	}
	if (f->tasks.n == 0) {
		frame_end(r, f);
		return;
	}
	event_superstep(r, f);
	f->ended = false;
	f->open = f->tasks.n;
	if (held) {
		hold_tasks(r, f);
		return;
	}
	for (size_t i = 0; i < f->tasks.n; i++) {
		task_start(r, &f->tasks.at[i], false);
	}
}

void run_enter(struct run *r, int64_t now_ms, struct update *u)
{
	ASSERT(r->update == NULL); /* a node may not call into its own run */
	r->update = u;
	r->now_ms = now_ms;
	r->budget = r->yield_after;
}

void run_ready(struct run *r, struct frame *f)
{
	STAILQ_INSERT_TAIL(&r->ready, f, next_ready);
}

void step_dismiss(struct run *r, struct frame *f)
{
	frame_forget_unrecorded(r, f);
	f->step++;
	f->at_ms = r->now_ms;
	f->ended = true;
	(void)record_step(r, f, &loop);
}

void step_record_ended(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->unrecorded) {
			record_patch(r, t);
		}
	}
	frame_forget_unrecorded(r, f);
}

/* Who speaks to the parent; NULL: nobody. Errors: INVALID (two). */
static int check_speakers(const struct frame *f, const struct task **ret, struct bldr_error *err)
{
	*ret = NULL;
	for (size_t i = 0; f->opener != NULL && i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		if (t->patch.up && *ret != NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "nodes \"%s\" and \"%s\" both speak to the parent in "
					      "one superstep",
					      (*ret)->node->name, t->node->name);
		}
		*ret = t->patch.up ? t : *ret;
	}
	return 0;
}

static void step_on(struct run *r, struct frame *f)
{
	struct bldr_error err;
	const struct task *speaker = NULL;
	int rc = f->step < 0 ? step_prepare_begin(r, f, &err) : check_tasks(f, &err);
	if (rc == 0 && f->step >= 0) {
		rc = check_speakers(f, &speaker, &err);
		rc = rc == 0 && speaker == NULL ? prepare_close(r, f, &err) : rc;
	}
	if (rc == 0 && r->cancelled && f == r->root) {
		rc = bldr_error_set(&err, BLDR_E_CANCELLED, "the thread was cancelled");
	}
	if (rc < 0) {
		frame_fail(r, f, &err);
	} else if (speaker != NULL) {
		task_child_ended(r, f->opener);
	} else {
		step_commit(r, f, f->step < 0 ? &first_of_frame : &loop);
	}
}

void run_go_on(struct run *r)
{
	struct frame *f;
	while ((f = STAILQ_FIRST(&r->ready)) != NULL) {
		bool counts = f == r->root && r->yield_after > 0;
		if (counts && r->budget == 0 && !r->cancelled) {
			return; /* alone: the root is ready when all below it has ended */
		}
		r->budget -= counts && r->budget > 0 ? 1 : 0;
		STAILQ_REMOVE_HEAD(&r->ready, next_ready);
		step_on(r, f);
	}
}

void run_leave(struct run *r)
{
	run_go_on(r);
	while (invoke_next(r)) {
		run_go_on(r);
	}
	hold_rest(r);
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
