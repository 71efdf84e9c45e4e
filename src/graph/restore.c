/*
 * Rebuilding a run from its records. Frames and tasks are made again as the records name them;
 * records of what has gone since (ended subgraphs, tasks of past supersteps, older attempts) are
 * passed over. run_restored then finds out what every task that has not ended is waiting for.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/policy.h"
#include "graph/record.h"

static int corrupt(struct bldr_error *err, const char *what, int64_t id, const char *why)
{
	return bldr_error_set(err, BLDR_E_CORRUPT, "%s %" PRId64 ": %s", what, id, why);
}

static int parse(const char *text, struct bldr_value **ret, const char *what, int64_t id,
		 struct bldr_error *err)
{
	struct bldr_error inner;
	if (bldr_value_parse(text, strlen(text), ret, &inner) < 0) {
		return corrupt(err, what, id, inner.text);
	}
	return 0;
}

/* The tasks of f go. Errors: CORRUPT, when a subgraph of theirs was fed before this record. */
static int forget_tasks(struct run *r, struct frame *f, struct bldr_error *err)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		if (t->child != NULL) {
			return corrupt(err, "task", t->id, "its subgraph's records come too early");
		}
		idtable_remove(&r->tasks, t->id);
	}
	return 0;
}

/* The frame of a record; *ret is NULL when it ran in a superstep that is over. */
static int frame_of(struct run *r, int64_t id, struct frame **ret, struct bldr_error *err)
{
	if (id == r->root_id) {
		if (r->root == NULL) {
			r->root = frame_new(r->graph, id, NULL);
		}
		*ret = r->root;
		return 0;
	}
	struct task *opener = idtable_find(&r->tasks, id);
	if (opener == NULL) {
		*ret = NULL;
		return 0;
	}
	if (opener->node->sub == NULL) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "node \"%s\" of graph \"%s\" is no subgraph any more",
				      opener->node->name, opener->frame->graph->name);
	}
	if (opener->child == NULL) {
		opener->child = frame_new(opener->node->sub, id, opener);
	}
	*ret = opener->child;
	return 0;
}

static int restore_value(struct frame *f, const struct step_record *s, const struct step_write *w,
			 size_t channel, struct bldr_value *value, struct bldr_error *err)
{
	const struct channel *c = &f->graph->channels[channel];
	struct cell *cell = &f->cells[channel];
	bool whole = s->base || w->form == WRITE_FULL;
	if (!(whole ? channel_holds(c, value, NULL) == 0 : channel_adds(c, value))) {
		bldr_unref(value);
		return corrupt(err, "superstep", s->step, "a value does not fit its channel");
	}
	size_t size = strlen(w->text);
	if (whole) {
		cell->written = s->step > 0 && w->form == WRITE_FULL;
		cell_set(cell, value, size);
		return 0;
	}
	struct write write = { .channel = channel, .kept = { .value = value, .size = size } };
	cell_queue(cell, &write);
	int rc = cell_check(c, cell, err);
	if (rc == 0) {
		cell_fold(c, cell, size);
		cell->written = true;
	}
	cell_unqueue(cell);
	bldr_unref(value);
	return rc < 0 ? corrupt(err, "superstep", s->step, "a write cannot be folded") : 0;
}

static int restore_writes(struct frame *f, const struct step_record *s, struct bldr_error *err)
{
	for (size_t i = 0; s->base && i < f->graph->n_channels; i++) {
		cell_set(&f->cells[i], NULL, 0);
		f->cells[i].written = false;
	}
	for (size_t i = 0; i < s->writes.n; i++) {
		const struct step_write *w = &s->writes.at[i];
		size_t channel = graph_channel(f->graph, w->channel);
		if (channel == GRAPH_NONE) {
			return bldr_error_set(err, BLDR_E_CHANGED,
					      "graph \"%s\" has no channel \"%s\" any more",
					      f->graph->name, w->channel);
		}
		struct bldr_value *value;
		if (w->form == WRITE_CLEAR) {
			cell_set(&f->cells[channel], NULL, 0);
			continue;
		}
		int rc = parse(w->text, &value, "superstep", s->step, err);
		if (rc == 0) {
			rc = restore_value(f, s, w, channel, value, err);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int restore_task(struct run *r, struct frame *f, const struct step_record *s,
			const struct step_task *recorded, struct task *t, struct bldr_error *err)
{
	size_t node = graph_node(f->graph, recorded->node);
	if (node == GRAPH_NONE) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "graph \"%s\" has no node \"%s\" any more", f->graph->name,
				      recorded->node);
	}
	if (idtable_find(&r->tasks, recorded->id) != NULL) {
		return corrupt(err, "task", recorded->id, "it is recorded twice");
	}
	struct bldr_value *input = NULL;
	if (recorded->input != NULL) {
		int rc = parse(recorded->input, &input, "task", recorded->id, err);
		if (rc < 0) {
			return rc;
		}
	}
	task_init(t, f, recorded->id, &f->graph->nodes[node], recorded->send, input, r->seed,
		  s->step);
	t->held = s->held;
	idtable_add(&r->tasks, t->id, t);
	return 0;
}

static int restore_tasks(struct run *r, struct frame *f, const struct step_record *s,
			 struct bldr_error *err)
{
	int rc = forget_tasks(r, f, err);
	if (rc < 0) {
		return rc;
	}
	struct task *tasks = frame_spare(f, s->tasks.n);
	frame_swap(f);
	for (size_t i = 0; i < s->tasks.n; i++) {
		rc = restore_task(r, f, s, &s->tasks.at[i], &tasks[i], err);
		if (rc < 0) {
			f->tasks.n = i; /* the rest was never made */
			return rc;
		}
	}
	f->ended = s->tasks.n == 0;
	return 0;
}

void run_restore_root(struct run *r, int64_t frame)
{
	ASSERT(r->root == NULL);
	r->root_id = frame;
}

int run_restore_step(struct run *r, const struct step_record *s, struct bldr_error *err)
{
	ASSERT(r->update == NULL && r->next_id == 1);
	struct frame *f = NULL;
	int rc = frame_of(r, s->frame, &f, err);
	if (rc < 0 || f == NULL) {
		return rc;
	}
	if (f->step < 0 && !s->base) {
		return corrupt(err, "superstep", s->step, "the base record before it is missing");
	}
	bool goes_on = !f->ended || s->source != STEP_LOOP; /* such as another input */
	if (!goes_on || (f->step >= 0 && s->step != f->step + 1)) {
		return corrupt(err, "superstep", s->step, "the record before it is missing");
	}
	f->step = s->step;
	f->at_ms = s->at_ms;
	f->first = s->first;
	size_t bytes = record_bytes(s);
	f->base_bytes = s->base ? bytes : f->base_bytes;
	f->since_bytes = s->base ? 0 : f->since_bytes + bytes;
	f->base_step = s->base ? s->step : f->base_step;
	rc = restore_writes(f, s, err);
	return rc == 0 ? restore_tasks(r, f, s, err) : rc;
}

/* The tasks below f are of no account any more. */
static void forget_frame(struct run *r, struct frame *f)
{
	for (size_t i = 0; f != NULL && i < f->tasks.n; i++) {
		forget_frame(r, f->tasks.at[i].child);
		idtable_remove(&r->tasks, f->tasks.at[i].id);
	}
	frame_free(f);
}

int run_restore_patch(struct run *r, const struct patch_record *p, struct bldr_error *err)
{
	struct task *t = idtable_find(&r->tasks, p->task);
	if (t == NULL) {
		return 0;
	}
	if (t->state != TASK_WAITING) {
		return corrupt(err, "task", p->task, "it has ended twice");
	}
	int rc = patch_parse(&t->patch, p->text, err);
	if (rc < 0) {
		return rc;
	}
	t->state = TASK_ENDED;
	t->held = false;
	forget_frame(r, t->child); /* not ended: a handler took the task over */
	t->child = NULL;
	return 0;
}

/* A failed task waits again. */
static void task_reopen(struct task *t)
{
	t->state = TASK_WAITING;
	t->code = 0;
	free(t->error);
	t->error = NULL;
}

static void forget_attempt(struct run *r, struct task *t)
{
	for (size_t i = 0; i < t->n_effects; i++) {
		idtable_remove(&r->effects, t->effects[i]->intent.id);
	}
	task_forget_effects(t);
}

int run_restore_round(struct run *r, const struct round_record *k, struct bldr_error *err)
{
	struct task *t = idtable_find(&r->tasks, k->task);
	if (t == NULL || t->state != TASK_WAITING) {
		return 0;
	}
	bool begins = k->round == 0; /* from a hold, or as a handler */
	bool follows = k->round > t->round && t->node->sub == NULL;
	if ((!begins && !follows) || t->n_effects > 0) {
		return corrupt(err, "task", k->task, "its rounds do not follow each other");
	}
	struct bldr_value *kept = NULL;
	int rc = k->kept != NULL ? parse(k->kept, &kept, "task", k->task, err) : 0;
	if (rc < 0) {
		return rc;
	}
	bldr_unref(t->kept);
	t->kept = kept;
	t->round = k->round;
	t->at_ms = k->at_ms;
	if (begins || t->held) { /* the first record of it may be gone: a timeout counts from here */
		t->held = false;
		t->begun_ms = k->at_ms;
	}
	return 0;
}

/* A task that failed without a handler, of what its results do not tell. */
static int restore_failure(struct task *t, const struct bldr_value *v, struct bldr_error *err)
{
	const char *error = bldr_get_text(v, "error");
	int64_t code = bldr_get_int(v, "code", 0);
	if (error == NULL || code >= 0 || code < INT32_MIN) {
		return corrupt(err, "task", t->id, "its failure has no code");
	}
	if (t->state == TASK_WAITING) {
		t->state = TASK_FAILED;
		t->attempt = bldr_get_int(v, "attempt", 0);
		t->code = (int)code;
		t->error = xstrdup(error);
	}
	return 0;
}

int run_restore_handler(struct run *r, const struct handler_record *h, struct bldr_error *err)
{
	struct task *t = idtable_find(&r->tasks, h->task);
	struct bldr_value *input;
	if (t == NULL) {
		return 0;
	}
	if (t->handled) {
		return corrupt(err, "task", h->task, "it is handled twice");
	}
	int rc = parse(h->input, &input, "task", h->task, err);
	if (rc < 0) {
		return rc;
	}
	if (t->node->on_error == GRAPH_NONE || bldr_get(input, "node") == NULL) {
		rc = restore_failure(t, input, err);
		bldr_unref(input);
		return rc;
	}
	int64_t round = t->round;
	int64_t at_ms = t->at_ms;
	struct bldr_value *kept = t->kept != NULL ? bldr_ref(t->kept) : NULL;
	forget_frame(r, t->child);
	t->child = NULL;
	task_hand_over(t, input, h->at_ms, r->seed);
	if (round > 0) { /* its own: it would be 0 if the handler had gone on from it */
		t->round = round;
		t->at_ms = at_ms;
		t->kept = kept;
	} else {
		bldr_unref(kept);
	}
	t->held = false;
	patch_signed_by(&t->patch, t->node);
	return 0;
}

/* Whether the intent is of the handler that runs in t's place. */
static bool is_handlers(const struct task *t, const char *key)
{
	const char *end = strrchr(key, '#');
	size_t size = strlen(t->path);
	return end != NULL && (size_t)(end - key) >= size && memcmp(end - size, t->path, size) == 0;
}

int run_restore_intent(struct run *r, const struct intent_record *i, struct bldr_error *err)
{
	struct task *t = idtable_find(&r->tasks, i->task);
	if (t == NULL || t->state == TASK_ENDED || i->attempt < t->attempt ||
	    (t->handled && !is_handlers(t, i->key)) ||
	    (t->state == TASK_FAILED && i->attempt == t->attempt)) {
		return 0;
	}
	if (i->attempt > t->attempt) { /* its first one, in whatever round, says when it began */
		forget_attempt(r, t);
		task_reopen(t);
		t->attempt = i->attempt;
		t->begun_ms = i->at_ms;
	}
	if (i->round < t->round) {
		return 0;
	}
	if (i->round != t->round || i->ordinal != (int64_t)t->n_effects ||
	    t->n_effects == BLDR_PLAN_MAX || idtable_find(&r->effects, i->id) != NULL) {
		return corrupt(err, "effect", i->id, "it does not follow the one before it");
	}
	struct effect *e = effect_new(t, i);
	e->intent.policy = policy_find_text(t->frame->graph, t->node, i->kind, i->request);
	idtable_add(&r->effects, e->intent.id, e);
	return 0;
}

int run_restore_result(struct run *r, const struct result_record *s, struct bldr_error *err)
{
	struct effect *e = idtable_find(&r->effects, s->effect);
	if (e == NULL) {
		return 0;
	}
	if (s->status == BLDR_DONE) {
		int rc = parse(s->value != NULL ? s->value : "", &e->value, "effect", s->effect,
			       err);
		if (rc < 0) {
			return rc;
		}
	} else {
		if (s->code >= 0) {
			return corrupt(err, "effect", s->effect, "its result has no code");
		}
		e->error = xstrdup(s->error != NULL ? s->error : "");
	}
	e->code = s->code;
	e->status = s->status;
	e->ended = true;
	e->task->n_pending--;
	idtable_remove(&r->effects, s->effect);
	return 0;
}

static void count_open(struct frame *f)
{
	f->open = 0;
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->child != NULL) {
			count_open(t->child);
			/* With it all below had failed: what goes on there has been taken up again since. */
			if (t->state == TASK_FAILED && (t->child->open > 0 || t->child->ended)) {
				task_reopen(t);
			}
		}
		f->open += t->state == TASK_WAITING ? 1 : 0;
	}
}

/* Those that could not be folded. */
static void ready_closed(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		if (f->tasks.at[i].child != NULL) {
			ready_closed(r, f->tasks.at[i].child);
		}
	}
	if (f->open == 0 && !f->ended) {
		run_ready(r, f);
	}
}

/* What failed is to be done again. */
static void reopen(struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->state == TASK_FAILED) {
			task_reopen(t);
		}
		if (t->child != NULL) {
			reopen(t->child);
		}
	}
}

/*
 * What a waiting task is waiting for: its subgraph, results, or nothing, when it has failed. An
 * update is committed whole, so a task that could have ended well has its patch.
 */
static void revive_task(struct run *r, struct task *t, bool failed)
{
	if (failed) {
		task_forget_effects(t);
		t->attempt++;
		task_start(r, t, false);
	} else if (t->n_effects > 0) {
		task_absorb(r, t);
	} else {
		task_start(r, t, true);
	}
}

static void revive(struct run *r, struct frame *f, bool failed)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->state == TASK_WAITING && !t->held) {
			task_check_plan(r, t);
		}
		if (t->state != TASK_WAITING || t->n_pending > 0 || t->held) {
			continue;
		}
		if (t->child == NULL) {
			revive_task(r, t, failed);
		} else if (t->child->ended) {
			task_child_ended(r, t);
		} else {
			if (failed) {
				task_begin_anew(r, t);
			}
			revive(r, t->child, failed);
		}
	}
}

/* Ids of the pending effects that may never be sent twice. */
static struct numbers pending_once(const struct run *r, struct arena *a)
{
	struct numbers ids = { 0 };
	for (size_t i = 0; i < r->effects.n; i++) {
		const struct effect *e = r->effects.at[i].value;
		if (e != NULL && e->intent.cls == BLDR_ONCE) {
			*LIST_ADD(a, &ids) = (size_t)e->intent.id;
		}
	}
	return ids;
}

static int rebuilt(struct run *r, int64_t next_id, int64_t last_event, enum run_status status,
		   struct bldr_error *err)
{
	ASSERT(r->update == NULL && r->next_id == 1);
	bool fits = r->root != NULL && r->root->step >= 0 &&
		(status == RUN_FAILED || r->root->ended == (status == RUN_DONE));
	if (!fits) {
		return bldr_error_set(err, BLDR_E_CORRUPT,
				      "the records of thread \"%s\" do not fit its status",
				      r->thread);
	}
	idtable_release(&r->tasks);
	r->next_id = next_id;
	r->last_event = last_event;
	r->status = status;
	count_open(r->root);
	return 0;
}

/* What waits for nothing has failed, though no record says of what. */
static void fail_idle(struct frame *f)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		struct task *t = &f->tasks.at[i];
		if (t->child != NULL) {
			fail_idle(t->child);
		}
		bool idle = t->child != NULL ? t->child->open == 0 : t->n_pending == 0 && !t->held;
		if (t->state == TASK_WAITING && idle) {
			t->state = TASK_FAILED;
			t->code = BLDR_E_FAILED;
			t->error = xstrdup("it has failed");
			f->open--;
		}
	}
}

int run_at_rest(struct run *r, int64_t next_id, int64_t last_event, enum run_status status,
		struct bldr_error *err)
{
	int rc = rebuilt(r, next_id, last_event, status, err);
	if (rc == 0) {
		fail_idle(r->root);
	}
	return rc;
}

int run_restored(struct run *r, int64_t next_id, int64_t last_event, enum run_status status,
		 int64_t now_ms, struct update *u, struct bldr_error *err)
{
	int rc = rebuilt(r, next_id, last_event, status, err);
	if (rc < 0) {
		return rc;
	}
	run_enter(r, now_ms, u);
	if (status == RUN_FAILED &&
	    r->root->ended) { /* what failed was an input, which is dropped */
		r->status = RUN_DONE;
		event_run_resumed(r);
		event_run_ended(r);
	} else if (status != RUN_DONE) {
		struct arena scratch = { 0 };
		struct numbers once = pending_once(r, &scratch);
		r->status = RUN_RUNNING;
		event_run_resumed(r);
		if (status == RUN_FAILED) {
			reopen(r->root);
			count_open(r->root);
		}
		ready_closed(r, r->root);
		r->quiet = status != RUN_FAILED;
		revive(r, r->root, status == RUN_FAILED);
		run_go_on(r);
		r->quiet = false;
		if (status != RUN_RUNNING) {
			hold_release(r, r->root);
			run_go_on(r);
		}
		for (size_t i = 0; i < once.n; i++) {
			effect_end(
				r, idtable_find(&r->effects, (int64_t)once.at[i]),
				&(struct outcome){
					.status = BLDR_UNKNOWN,
					.code = BLDR_E_FAILED,
					.error = "the process ended before a result was "
						 "recorded, it may or may not have been performed",
				});
		}
		arena_release(&scratch);
	}
	run_leave(r);
	return 0;
}
