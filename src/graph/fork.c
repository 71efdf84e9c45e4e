/*
 * Other beginnings of a thread than an input: a checkpoint that is gone back to, and what a thread was parked with under
 * an older graph. Both are one held record that holds every channel.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/record.h"

/* What a record of all this needs beside the channels: nodes that edges start, and sends. */
struct next {
	struct arena arena;
	LIST(size_t) fired;
	LIST(struct send) sends;
};

static void next_release(struct next *n)
{
	for (size_t i = 0; i < n->sends.n; i++) {
		kept_release(&n->sends.at[i].arg);
	}
	arena_release(&n->arena);
}

static int next_send(struct next *n, size_t node, const struct bldr_value *input,
		     struct bldr_error *err)
{
	struct send send = { .node = node };
	if (input != NULL && kept_make(&send.arg, bldr_ref(input), err) < 0) {
		return err != NULL ? err->code : BLDR_E_LIMIT;
	}
	*LIST_ADD(&n->arena, &n->sends) = send;
	return 0;
}

static void follow(struct run *r, struct next *n)
{
	step_follow_none(r);
	for (size_t i = 0; i < n->fired.n; i++) {
		step_run_next(r, n->fired.at[i]);
	}
	for (size_t i = 0; i < n->sends.n; i++) {
		step_send(r, &n->sends.at[i]);
	}
}

/* The tasks of the checkpoint as something to begin anew. */
static int tasks_again(const struct frame *f, struct next *n, struct bldr_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < f->tasks.n && rc == 0; i++) {
		const struct task *t = &f->tasks.at[i];
		size_t node = (size_t)(t->node - f->graph->nodes);
		if (t->send < 0) {
			*LIST_ADD(&n->arena, &n->fired) = node;
		} else {
			rc = next_send(n, node, t->input, err);
		}
	}
	return rc;
}

void run_forget(struct run *r)
{
	struct frame *f = r->root;
	for (size_t i = 0; i < f->graph->n_channels; i++) {
		cell_set(&f->cells[i], NULL, 0);
		f->cells[i].written = false;
	}
	idtable_release(&r->tasks);
	r->forgotten = true;
	(void)frame_spare(f, 0);
	frame_swap(f);
}

/* The frame gets another id, and a path of its own. */
static void rename_root(struct run *r, int64_t id)
{
	struct frame *f = r->root;
	f->id = id;
	r->root_id = id;
	free(f->path);
	f->path = frame_root_path(id);
}

int run_fork(struct run *r, bool same_thread, int64_t next_id, int64_t last_event, int64_t now_ms,
	     struct update *u, struct bldr_error *err)
{
	ASSERT(r->update == NULL && r->next_id == 1);
	struct frame *f = r->root;
	if (f == NULL || f->step < 0) {
		return bldr_error_set(err, BLDR_E_CORRUPT,
				      "thread \"%s\" has no record to be forked at", r->thread);
	}
	struct next next = { 0 };
	int rc = tasks_again(f, &next, err);
	if (rc < 0) {
		next_release(&next);
		return rc;
	}
	int64_t from_frame = same_thread ? f->id : -1;
	int64_t from_step = same_thread ? f->step : -1;
	idtable_release(&r->tasks);
	r->next_id = same_thread ? next_id : 1;
	r->last_event = same_thread ? last_event : 0;
	r->status = RUN_RUNNING;
	run_enter(r, now_ms, u);
	rename_root(r, same_thread ? r->next_id++ : 0);
	f->step--; /* what begins is that superstep again */
	follow(r, &next);
	if (!same_thread) {
		event_run_started(r);
	}
	event_run_forked(r, from_frame, from_step);
	step_commit(r, f,
		    &(struct beginning){
			    .source = STEP_FORK,
			    .hold = true,
			    .base = true,
			    .blank = r->forgotten,
			    .from_frame = from_frame,
			    .from_step = from_step,
		    });
	run_leave(r);
	next_release(&next);
	return 0;
}

void run_give_up(struct run *r, struct run *heir, int64_t now_ms, struct update *u)
{
	run_enter(r, now_ms, u);
	frame_give_up(r, r->root);
	u->next_id = r->next_id;
	u->last_event = r->last_event;
	r->update = NULL;
	STAILQ_CONCAT(&heir->queue, &r->queue);
	heir->n_queued += r->n_queued;
	r->n_queued = 0;
}

struct bldr_value *run_parked(const struct run *r)
{
	struct bldr_value *parked = bldr_object();
	struct bldr_value *state = bldr_object();
	struct bldr_value *next = bldr_list();
	const struct frame *f = r->root;
	for (size_t i = 0; f != NULL && i < f->graph->n_channels; i++) {
		if (f->cells[i].value != NULL) {
			bldr_object_set(state, f->graph->channels[i].name,
					bldr_ref(f->cells[i].value));
		}
	}
	for (size_t i = 0; f != NULL && i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		struct bldr_value *pair = bldr_list();
		bldr_list_add(pair, bldr_text(t->node->name));
		bldr_list_add(pair, t->input != NULL ? bldr_ref(t->input) : bldr_null());
		bldr_list_add(next, pair);
	}
	bldr_object_set(parked, "state", state);
	bldr_object_set(parked, "next", next);
	return parked;
}

static int refuse(struct bldr_error *err, const char *why, const char *name)
{
	return bldr_error_set(err, BLDR_E_INVALID, "the migrated state %s%s%s%s", why,
			      name != NULL ? " \"" : "", name != NULL ? name : "",
			      name != NULL ? "\"" : "");
}

/* The whole value of a channel. The graph's own ones (a ':' in the name) may be gone. */
static int fill_channel(struct frame *f, const char *name, const struct bldr_value *value,
			struct bldr_error *err)
{
	size_t channel = graph_channel(f->graph, name);
	if (channel == GRAPH_NONE) {
		return strchr(name, ':') != NULL ? 0
						 : refuse(err, "names the unknown channel", name);
	}
	const struct channel *c = &f->graph->channels[channel];
	if (channel_holds(c, value, NULL) < 0) {
		return refuse(err, "has a value that does not fit channel", name);
	}
	struct kept kept;
	int rc = kept_make(&kept, bldr_ref(value), err);
	if (rc == 0) {
		cell_set(&f->cells[channel], bldr_ref(kept.value), kept.size);
		f->cells[channel].written = true;
		kept_release(&kept);
	}
	return rc;
}

static int fill_state(struct frame *f, const struct bldr_value *state, struct bldr_error *err)
{
	if (bldr_type_of(state) != BLDR_OBJECT) {
		return refuse(err, "has no object \"state\"", NULL);
	}
	int rc = 0;
	for (void *it = bldr_first(state); it != NULL && rc == 0; it = bldr_next(state, it)) {
		rc = fill_channel(f, bldr_key(it), bldr_item(it), err);
	}
	return rc;
}

static int read_next(const struct bldr_graph *g, const struct bldr_value *list, struct next *n,
		     struct bldr_error *err)
{
	if (bldr_type_of(list) != BLDR_LIST) {
		return refuse(err, "has no list \"next\"", NULL);
	}
	int rc = 0;
	for (size_t i = 0; i < bldr_count(list) && rc == 0; i++) {
		const struct bldr_value *pair = bldr_at(list, i);
		const char *name = bldr_as_text(bldr_at(pair, 0));
		size_t node = name != NULL ? graph_node(g, name) : GRAPH_NONE;
		if (node == GRAPH_NONE) {
			return refuse(err, "is to go on with the unknown node",
				      name != NULL ? name : "");
		}
		if (bldr_at(pair, 1) == NULL || bldr_is_null(bldr_at(pair, 1))) {
			*LIST_ADD(&n->arena, &n->fired) = node;
		} else {
			rc = next_send(n, node, bldr_at(pair, 1), err);
		}
	}
	return rc;
}

int run_migrate(struct run *r, const struct bldr_value *parked, int64_t root, int64_t step,
		int64_t next_id, int64_t last_event, int64_t now_ms, struct update *u,
		struct bldr_error *err)
{
	ASSERT(r->root == NULL && r->update == NULL);
	struct next next = { 0 };
	struct frame *f = frame_new(r->graph, root, NULL);
	int rc = fill_state(f, bldr_get(parked, "state"), err);
	rc = rc == 0 ? read_next(r->graph, bldr_get(parked, "next"), &next, err) : rc;
	if (rc == 0) {
		follow(r, &next);
		f->step = step;
		rc = step_settle_next(r, f, err);
	}
	if (rc < 0) {
		frame_free(f);
		next_release(&next);
		return rc;
	}
	r->root = f;
	r->root_id = root;
	r->next_id = next_id;
	r->last_event = last_event;
	run_enter(r, now_ms, u);
	event_run_updated(r, "migrate", NULL);
	step_commit(r, f,
		    &(struct beginning){
			    .source = STEP_MIGRATE,
			    .hold = true,
			    .base = true,
			    .from_frame = -1,
			    .from_step = -1,
		    });
	run_leave(r);
	next_release(&next);
	return 0;
}
