/*
 * Checkpoints: reading them, going back to them, changing what comes next; and copying, pruning and deleting whole threads. All of it is
 * about threads that the loop does not hold. What changes rows only is a job of the writer; what makes a superstep is an update of
 * a run that was rebuilt up to that checkpoint.
 */
#include "host/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"

/* ---- history ---- */

static const char *source_name(enum step_source source)
{
	static const char *const names[] = { "input", "loop", "update", "fork", "migrate" };

	ASSERT((size_t)source < sizeof(names) / sizeof(names[0]));
	return names[source];
}

/* Channels of the engine's own have a ':' in their names. */
static bool is_hidden(const char *channel)
{
	return strchr(channel, ':') != NULL;
}

static struct bldr_value *tasks_value(const struct step_record *s)
{
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < s->tasks.n; i++) {
		bldr_list_add(list, bldr_text(s->tasks.at[i].node));
	}
	return list;
}

/* A base record holds all channels: what was folded in cannot be told from it. */
static struct bldr_value *writes_value(const struct step_record *s)
{
	struct bldr_value *object = bldr_object();

	for (size_t i = 0; i < s->writes.n; i++) {
		const struct step_write *w = &s->writes.at[i];
		struct bldr_value *value = NULL;

		if (!is_hidden(w->channel) && w->form != WRITE_CLEAR &&
		    bldr_value_parse(w->text, strlen(w->text), &value, NULL) == 0) {
			bldr_object_set(object, w->channel, value);
		}
	}
	return object;
}

struct telling {
	const struct journal_thread *thread;
	int (*each)(const struct bldr_checkpoint *c, void *user);
	void *user;
};

static int tell(const struct journal_step *s, void *user)
{
	const struct telling *t = user;
	struct bldr_value *next = tasks_value(s->record);
	struct bldr_value *writes = writes_value(s->record);
	const struct bldr_checkpoint c = {
		.lineage = s->frame,
		.step = s->step,
		.at_ms = s->at_ms,
		.source = source_name(s->source),
		.from_lineage = s->from_frame,
		.from_step = s->from_step,
		.held = s->held,
		.current = s->frame == t->thread->root && s->step == t->thread->step,
		.next = next,
		.writes = writes,
	};
	int stop = t->each(&c, t->user);

	bldr_unref(next);
	bldr_unref(writes);
	return stop;
}

int bldr_thread_history(struct bldr_engine *e, const char *id,
			int (*each)(const struct bldr_checkpoint *c, void *user), void *user,
			struct bldr_error *err)
{
	struct journal_thread row;
	struct telling t = { .thread = &row, .each = each, .user = user };
	int rc = journal_thread(e->reader, id, &row, err);

	return rc < 0 ? rc : journal_history(e->reader, &row, tell, &t, err);
}

int engine_checkpoint(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
		      int (*each)(const struct bldr_checkpoint *c, void *user), void *user,
		      struct bldr_error *err)
{
	struct journal_thread row;
	struct telling t = { .thread = &row, .each = each, .user = user };
	int rc = journal_thread(e->reader, id, &row, err);

	return rc < 0 ? rc : journal_checkpoint(e->reader, &row, lineage, step, tell, &t, err);
}

/* A run that stands at a checkpoint, to be looked at. */
static int look_at(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
		   struct run **ret, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	int rc = journal_thread(e->reader, id, &row, err);

	if (rc == 0) {
		rc = engine_find_graph(e, row.graph, &g, err);
	}
	if (rc < 0) {
		return rc;
	}
	*ret = run_new(g, row.id, row.seed);
	rc = journal_load_at(e->reader, &row, lineage, step, *ret, err);
	if (rc < 0) {
		run_free(*ret);
	}
	return rc;
}

int bldr_thread_state_at(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
			 struct bldr_value **ret, struct bldr_error *err)
{
	struct run *run = NULL;
	int rc = look_at(e, id, lineage, step, &run, err);

	if (rc == 0) {
		*ret = run_checkpoint_state(run);
		run_free(run);
	}
	return rc;
}

int engine_output_at(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
		     struct bldr_value **ret, struct bldr_error *err)
{
	struct run *run = NULL;
	int rc = look_at(e, id, lineage, step, &run, err);

	if (rc == 0) {
		*ret = run_output(run);
		run_free(run);
	}
	return rc;
}

/* ---- going back ---- */

/* A run that stands at a checkpoint of row's thread, not restored yet. */
static int load_at(struct bldr_engine *e, const struct journal_thread *row,
		   const struct bldr_graph *g, const struct journal_thread *as, int64_t lineage,
		   int64_t step, struct run **ret, struct bldr_error *err)
{
	*ret = engine_run(e, g, as);
	return journal_load_at(e->reader, row, lineage, step, *ret, err);
}

/* Looks for the record that the current lineage's invocation began with: an input's, or the fork's. */
struct beginning {
	int64_t lineage;
	struct journal_step found; /* source STEP_LOOP: none, it was pruned */
};

static int look_for_beginning(const struct journal_step *s, void *user)
{
	struct beginning *b = user;

	if (s->frame != b->lineage) {
		return 1;
	}
	if (s->source == STEP_INPUT || s->source == STEP_FORK) {
		b->found = *s;
		b->found.record = NULL;
		return 1;
	}
	return 0;
}

/* A fork in the thread itself: what it is doing now is given up, what is queued stays so. */
static int fork_within(struct bldr_engine *e, const struct journal_thread *row,
		       const struct bldr_graph *g, struct run *fork, struct update *u,
		       struct bldr_error *err)
{
	struct run *was = engine_run(e, g, row);
	int rc = journal_load(e->reader, row, was, err);

	if (rc == 0) {
		rc = run_at_rest(was, row->next_id, row->last_event, row->status, err);
	}
	if (rc == 0) {
		run_give_up(was, fork, engine_now_ms(e), u);
		rc = run_fork(fork, true, u->next_id, u->last_event, engine_now_ms(e), u, err);
	}
	run_free(was);
	return rc;
}

int checkpoint_before_invocation(struct bldr_engine *e, const struct journal_thread *row,
				 const struct bldr_graph *g, struct update *u, struct run **ret,
				 struct bldr_error *err)
{
	struct beginning b = { .lineage = row->root, .found.source = STEP_LOOP };
	int rc = journal_history(e->reader, row, look_for_beginning, &b, err);
	bool by_input = b.found.source == STEP_INPUT;
	bool very_first = by_input && b.found.step == 0;
	int64_t step = by_input && !very_first ? b.found.step - 1 : b.found.step;

	if (rc == 0 && b.found.source == STEP_LOOP) {
		rc = bldr_error_set(err, BLDR_E_NOT_FOUND,
				    "where thread \"%s\" was before this input has been pruned",
				    row->id);
	}
	rc = rc == 0 ? load_at(e, row, g, row, row->root, step, ret, err) : rc;
	if (rc < 0) {
		return rc;
	}
	if (very_first) {
		run_forget(*ret);
	}
	return fork_within(e, row, g, *ret, u, err);
}

int bldr_thread_fork(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
		     const char *new_id, bool reuse, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct journal_thread as;
	struct update *update;
	struct run *run = NULL;
	int rc = engine_find_parked(e, id, &row, &g, err);

	if (rc == 0 && new_id != NULL) {
		rc = engine_check_new(e, new_id, err);
	}
	if (rc == 0) {
		rc = change_take_over(e, &row, g, err);
	}
	if (rc < 0) {
		return rc;
	}
	as = row;
	if (new_id != NULL) {
		as = (struct journal_thread){ .seed = row.seed };
		(void)snprintf(as.id, sizeof(as.id), "%s", new_id);
		engine_set_graph(&as, g);
		engine_note_graph(e, g);
	}
	if (reuse) {
		engine_replay(e, as.id, row.rowid, lineage);
	}
	update = xcalloc(1, sizeof(*update));
	rc = load_at(e, &row, g, &as, lineage, step, &run, err);
	if (rc == 0 && new_id == NULL) {
		rc = fork_within(e, &row, g, run, update, err);
	} else if (rc == 0) {
		rc = run_fork(run, false, 0, 0, engine_now_ms(e), update, err);
	}
	return engine_settle(e, &as, run, update, rc, err);
}

/* ---- an updated state ---- */

struct last_nodes {
	size_t seen;   /* records */
	size_t n;      /* different nodes of the record before the newest */
	char name[65]; /* the first of them */
	bool begins;   /* the newest is an input's */
};

static int look_at_last(const struct journal_step *s, void *user)
{
	struct last_nodes *last = user;
	const struct step_record *r = s->record;

	last->seen++;
	if (last->seen == 1) {
		last->begins = s->source == STEP_INPUT;
		return last->begins;
	}
	for (size_t i = 0; i < r->tasks.n; i++) {
		if (last->n == 0) {
			(void)snprintf(last->name, sizeof(last->name), "%s", r->tasks.at[i].node);
		}
		last->n += last->n == 0 || strcmp(last->name, r->tasks.at[i].node) != 0;
	}
	return 1;
}

/* The node whose writes led to where the thread stands. */
static int find_last_node(struct bldr_engine *e, const struct journal_thread *row, char ret[65],
			  struct bldr_error *err)
{
	struct last_nodes last = { 0 };
	int rc = journal_history(e->reader, row, look_at_last, &last, err);

	if (rc < 0) {
		return rc;
	}
	if (last.begins) {
		memcpy(ret, BLDR_START, sizeof(BLDR_START));
		return 0;
	}
	if (last.n != 1) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"%s nodes of thread \"%s\" ran last: say as which one the state "
			"is updated",
			last.n > 1 ? "several" : "no", row->id);
	}
	memcpy(ret, last.name, sizeof(last.name));
	return 0;
}

int bldr_thread_update(struct bldr_engine *e, const char *id, const char *as_node,
		       const struct bldr_value *values, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct update *update;
	struct run *run = NULL;
	char last[65];
	int rc = engine_find_parked(e, id, &row, &g, err);

	if (rc == 0 && as_node == NULL) {
		rc = find_last_node(e, &row, last, err);
	}
	if (rc == 0) {
		rc = engine_load(e, &row, g, &run, err);
	}
	if (rc < 0) {
		return rc;
	}
	update = xcalloc(1, sizeof(*update));
	rc = run_at_rest(run, row.next_id, row.last_event, row.status, err);
	if (rc == 0) {
		rc = run_apply(run, as_node != NULL ? as_node : last, values, STEP_UPDATE, true,
			       engine_now_ms(e), update, err);
	}
	return engine_settle(e, &row, run, update, rc, err);
}

/* ---- whole threads ---- */

struct order {
	char id[64], new_id[64];
	int64_t keep, dropped;
	struct update
		base; /* prune: the record of the oldest checkpoint to stay, with every channel; or nothing */
};

static int do_copy(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	const struct order *o = user;

	return journal_copy(j, o->id, o->new_id, now_ms, err);
}

static int do_delete(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	(void)now_ms;
	return journal_delete(j, ((const struct order *)user)->id, err);
}

static int do_prune(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	struct order *o = user;
	int rc = o->base.steps.n > 0 ? journal_rebase(j, o->id, &o->base.steps.at[0], err) : 0;

	(void)now_ms;
	return rc < 0 ? rc : journal_prune(j, o->id, o->keep, &o->dropped, err);
}

static int do_sweep(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	struct order *o = user;

	return journal_sweep(j, now_ms, &o->dropped, err);
}

static void order_done(void *user, const struct bldr_error *err)
{
	if (err->code < 0) {
		LOG(LOG_ERROR, "thread.change",
		    LOG_TEXT("thread", ((const struct order *)user)->id),
		    LOG_TEXT("error", err->text));
	}
	update_release(&((struct order *)user)->base);
	free(user);
}

/* Takes order->base. Between two runs the order is the caller's still; otherwise it is freed when it is done. */
static int give_order(struct bldr_engine *e, const struct order *order,
		      int (*run)(struct journal *j, void *user, int64_t now_ms,
				 struct bldr_error *err),
		      int64_t *ret_dropped, struct bldr_error *err)
{
	struct order *o = xmalloc(sizeof(*o));
	struct driver_job job = { .run = run, .user = o };
	int rc;

	*o = *order;
	if (e->running) {
		job.done = order_done;
		return engine_job(e, &job, err);
	}
	rc = engine_job(e, &job, err);
	if (rc == 0 && ret_dropped != NULL) {
		*ret_dropped = o->dropped;
	}
	update_release(&o->base);
	free(o);
	return rc < 0 ? rc : journal_write_back(e->writer, err);
}

static void look_for_work(const struct intent_record *i, void *user)
{
	bool *ret = user;

	*ret = *ret || strcmp(i->kind, effect_interrupt.name) != 0;
}

/* Whether somebody has to perform something for it: its keys would be in the world twice. */
static int check_copyable(struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct run *run = NULL;
	bool works = false;
	int rc = engine_find_parked(e, id, &row, &g, err);

	if (rc == 0 && row.status == RUN_RUNNING) {
		rc = engine_load(e, &row, g, &run, err);
	}
	if (rc == 0 && run != NULL) {
		run_pending(run, look_for_work, &works);
	}
	run_free(run);
	return rc == 0 && works
		? bldr_error_set(
			  err, BLDR_E_EXISTS,
			  "thread \"%s\" has effects under way: resume it, or fork it at a checkpoint",
			  id)
		: rc;
}

int bldr_thread_copy(struct bldr_engine *e, const char *id, const char *new_id,
		     struct bldr_error *err)
{
	struct order o = { 0 };
	int rc = check_copyable(e, id, err);

	if (rc == 0) {
		rc = engine_check_new(e, new_id, err);
	}
	if (rc < 0) {
		return rc;
	}
	(void)snprintf(o.id, sizeof(o.id), "%s", id);
	(void)snprintf(o.new_id, sizeof(o.new_id), "%s", new_id);
	return give_order(e, &o, do_copy, NULL, err);
}

/* An order about a thread that exists and is not being run. */
static int order_of(struct bldr_engine *e, const char *id, struct order *ret, struct bldr_error *err)
{
	struct journal_thread row;
	int rc = engine_check_writable(e, err);

	if (rc == 0 && driver_find(&e->driver, id) != NULL) {
		rc = bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" is being run", id);
	}
	if (rc == 0) {
		rc = journal_thread(e->reader, id, &row, err);
	}
	*ret = (struct order){ 0 };
	(void)snprintf(ret->id, sizeof(ret->id), "%s", id);
	return rc;
}

int bldr_thread_delete(struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	struct order o;
	int rc = order_of(e, id, &o, err);

	return rc < 0 ? rc : give_order(e, &o, do_delete, NULL, err);
}

/* Snapshots the checkpoint that keep leaves as the oldest; nothing when there are no more than that. */
static int oldest_to_stay(struct bldr_engine *e, const char *id, int64_t keep, struct update *ret,
			  struct bldr_error *err)
{
	struct journal_thread row;
	struct run *run = NULL;
	int rc = journal_thread(e->reader, id, &row, err);

	if (rc < 0 || row.step - keep + 1 <= 0) {
		return rc;
	}
	rc = look_at(e, id, row.root, row.step - keep + 1, &run, err);
	if (rc == 0) {
		run_snapshot(run, ret);
		run_free(run);
	}
	return rc == BLDR_E_NOT_FOUND ? 0 : rc; /* the lineage is younger, or was pruned before */
}

int bldr_thread_prune(struct bldr_engine *e, const char *id, int64_t keep, int64_t *ret_dropped,
		      struct bldr_error *err)
{
	struct order o;
	int rc = order_of(e, id, &o, err);

	if (rc == 0 && keep < 1) {
		rc = bldr_error_set(err, BLDR_E_INVALID,
				    "%" PRId64 " checkpoints cannot be kept: it is 1 or more",
				    keep);
	}
	o.keep = keep;
	if (rc == 0) {
		rc = oldest_to_stay(e, id, keep, &o.base, err);
	}
	return rc < 0 ? rc : give_order(e, &o, do_prune, ret_dropped, err);
}

int bldr_engine_sweep(struct bldr_engine *e, struct bldr_error *err)
{
	const struct order o = { 0 };
	int rc = engine_check_writable(e, err);

	if (rc == 0) {
		rc = give_order(e, &o, do_sweep, NULL, err);
	}
	return rc < 0 || e->running ? rc : journal_vacuum(e->writer, err);
}
