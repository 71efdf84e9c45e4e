/*
 * Frames and tasks come and go here; what they mean is decided in step.c and task.c. Views are
 * built once per superstep and set of channels, however many tasks look at them.
 */
#include "graph/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "graph/digits.h"

char *frame_root_path(int64_t id)
{
	return id != 0 ? xasprintf("~%" PRId64, id) : xstrdup("");
}

struct frame *frame_new(const struct bldr_graph *g, int64_t id, struct task *opener)
{
	struct frame *f = xcalloc(1, sizeof(*f));
	f->id = id;
	f->graph = g;
	f->opener = opener;
	f->path = opener != NULL ? xstrdup(opener->path) : frame_root_path(id);
	f->step = -1;
	f->cells = xcalloc(g->n_channels + 1, sizeof(*f->cells));
	f->channel_turn = xcalloc(g->n_channels + 1, sizeof(*f->channel_turn));
	f->touched.at = xcalloc(g->n_channels + 1, sizeof(*f->touched.at));
	f->node_turn = xcalloc(g->n_nodes + 1, sizeof(*f->node_turn));
	f->views = xcalloc(g->n_nodes + 1, sizeof(struct bldr_value *));
	f->viewed.at = xcalloc(g->n_nodes + 1, sizeof(*f->viewed.at));
	patch_init(&f->start, g, &g->start, 0);
	return f;
}

void task_forget_effects(struct task *t)
{
	for (size_t i = 0; i < t->n_effects; i++) {
		bldr_unref(t->effects[i]->value);
		free(t->effects[i]->error);
		free(t->effects[i]);
	}
	t->n_effects = 0;
	t->n_pending = 0;
}

static void task_release(struct task *t)
{
	task_forget_effects(t);
	frame_free(t->child);
	patch_release(&t->patch);
	bldr_unref(t->input);
	bldr_unref(t->kept);
	free(t->path);
	free(t->error);
}

static void tasks_release(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->n; i++) {
		task_release(&tasks->at[i]);
	}
	tasks->n = 0;
}

void frame_free(struct frame *f)
{
	if (f == NULL) {
		return;
	}
	frame_forget_views(f);
	tasks_release(&f->tasks);
	free(f->tasks.at);
	free(f->spare.at);
	patch_release(&f->start);
	for (size_t i = 0; i < f->graph->n_channels; i++) {
		bldr_unref(f->cells[i].value);
	}
	free(f->cells);
	free(f->channel_turn);
	free(f->touched.at);
	free(f->node_turn);
	free(f->views);
	free(f->viewed.at);
	free(f->path);
	free(f);
}

struct task *frame_spare(struct frame *f, size_t n)
{
	enum { KEPT_ROOM = 64 };
	struct tasks *spare = &f->spare;
	if (n > spare->room || (spare->room > KEPT_ROOM && n < spare->room / 4)) {
		free(spare->at);
		spare->at = xcalloc(n + 1, sizeof(*spare->at));
		spare->room = n;
	} else if (n != 0) {
		memset(spare->at, 0, n * sizeof(*spare->at));
	}
	spare->n = n;
	return spare->at;
}

void frame_swap(struct frame *f)
{
	tasks_release(&f->tasks);
	struct tasks ended = f->tasks;
	f->tasks = f->spare;
	f->spare = ended;
}

static char *put(char *end, const char *s, size_t size)
{
	memcpy(end, s, size);
	return end + size;
}

/* "<frame's path>/<step>:<node>" and, for a send, ":<index>". */
static char *task_path(const struct frame *f, int64_t step, const struct node *node, int64_t send)
{
	size_t frame_size = strlen(f->path);
	size_t name_size = strlen(node->name);
	char *path = xmalloc(frame_size + name_size + 2 * (size_t)DIGITS_MAX + 4);
	char *end = put(path, f->path, frame_size);
	*end++ = '/';
	end += digits_of(step, end);
	*end++ = ':';
	end = put(end, node->name, name_size + 1);
	if (send >= 0) {
		end[-1] = ':';
		digits_of(send, end);
	}
	return path;
}

const char *path_plain(const char *path)
{
	return path[0] == '~' ? path + strcspn(path, "/") : path;
}

uint64_t path_seed(uint64_t run_seed, const char *path)
{
	path = path_plain(path);
	uint64_t words[2] = { run_seed, hash_xx64(path, strlen(path)) };
	return hash_xx64(words, sizeof(words));
}

void task_init(struct task *t, struct frame *f, int64_t id, const struct node *node, int64_t send,
	       struct bldr_value *input, uint64_t run_seed, int64_t step)
{
	t->id = id;
	t->node = node;
	t->frame = f;
	t->send = send;
	t->input = input;
	t->path = task_path(f, step, node, send);
	t->seed = path_seed(run_seed, t->path);
	t->begun_ms = f->at_ms;
	task_init_patch(t);
}

void task_init_patch(struct task *t)
{
	const struct frame *f = t->frame;
	patch_init(&t->patch, f->graph, t->node, t->seed);
	t->patch.opener = f->opener;
}

/* Takes shown, which may be NULL. */
static void show(struct bldr_value *state, const char *name, struct bldr_value *shown)
{
	if (shown != NULL) {
		bldr_object_set(state, name, shown);
	}
}

void task_hand_over(struct task *t, struct bldr_value *input, int64_t at_ms, uint64_t run_seed)
{
	const struct node *handler = &t->frame->graph->nodes[t->node->on_error];
	char *path = xasprintf("%s!%s", t->path, handler->name);
	free(t->path);
	t->path = path;
	t->seed = path_seed(run_seed, path);
	t->node = handler;
	t->handled = true;
	task_forget_effects(t);
	bldr_unref(t->input);
	t->input = input;
	bldr_unref(t->kept);
	t->kept = NULL;
	t->attempt = 0;
	t->round = 0;
	t->at_ms = at_ms;
	t->begun_ms = at_ms;
}

struct bldr_value *frame_state(const struct frame *f)
{
	struct bldr_value *state = bldr_object();
	for (size_t i = 0; i < f->graph->n_channels; i++) {
		const struct channel *c = &f->graph->channels[i];
		show(state, c->name, channel_shows(c, f->cells[i].value));
	}
	return state;
}

struct bldr_value *frame_output(const struct frame *f)
{
	struct bldr_value *state = bldr_object();
	for (size_t i = 0; i < f->graph->n_channels; i++) {
		const struct channel *c = &f->graph->channels[i];
		if (c->output) {
			show(state, c->name, channel_shows(c, f->cells[i].value));
		}
	}
	return state;
}

static struct bldr_value *kept_state(const struct bldr_graph *g, const struct bldr_value *kept);

/* Adds what the persistent subgraph of node keeps. */
static void show_below(struct bldr_value *state, const struct node *node,
		       const struct bldr_value *kept)
{
	char name[GRAPH_NAME_MAX + 2];
	if (kept != NULL) {
		snprintf(name, sizeof(name), "/%s", node->name);
		bldr_object_set(state, name, kept_state(node->sub, kept));
	}
}

static struct bldr_value *kept_state(const struct bldr_graph *g, const struct bldr_value *kept)
{
	struct bldr_value *state = bldr_object();
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct node *node = &g->nodes[i];
		if (node->persistent) {
			show_below(state, node,
				   bldr_get(kept, g->channels[node->kept_channel].name));
		}
	}
	for (size_t i = 0; i < g->n_channels; i++) {
		const struct channel *c = &g->channels[i];
		show(state, c->name, channel_shows(c, bldr_get(kept, c->name)));
	}
	return state;
}

struct bldr_value *frame_checkpoint_state(const struct frame *f)
{
	struct bldr_value *state = frame_state(f);
	for (size_t i = 0; i < f->graph->n_nodes; i++) {
		const struct node *node = &f->graph->nodes[i];
		if (node->persistent) {
			show_below(state, node, f->cells[node->kept_channel].value);
		}
	}
	return state;
}

struct bldr_value *frame_kept(const struct frame *f)
{
	struct bldr_value *kept = bldr_object();
	for (size_t i = 0; i < f->graph->n_channels; i++) {
		const struct channel *c = &f->graph->channels[i];
		const struct cell *cell = &f->cells[i];
		bool over = c->untracked || (!c->hidden && cell_passes(c, cell));
		if (!over) {
			show(kept, c->name, cell->value != NULL ? bldr_ref(cell->value) : NULL);
		}
	}
	return kept;
}

void frame_keep(struct frame *f, const struct bldr_value *kept)
{
	for (void *it = bldr_first(kept); it != NULL; it = bldr_next(kept, it)) {
		size_t channel = graph_channel(f->graph, bldr_key(it));
		if (channel != GRAPH_NONE &&
		    channel_holds(&f->graph->channels[channel], bldr_item(it), NULL) == 0) {
			char *text = bldr_value_text(bldr_item(it));
			cell_set(&f->cells[channel], bldr_ref(bldr_item(it)), strlen(text));
			free(text);
		}
	}
}

static const struct bldr_value *everything(struct frame *f)
{
	if (f->everything == NULL) {
		f->everything = frame_state(f);
	}
	return f->everything;
}

const struct bldr_value *frame_view(struct frame *f, const struct node *node)
{
	if (node->reads_all) {
		return everything(f);
	}
	size_t number = (size_t)(node - f->graph->nodes);
	if (f->views[number] != NULL) {
		return f->views[number];
	}
	struct bldr_value *view = bldr_object();
	for (size_t i = 0; i < node->reads.n; i++) {
		size_t channel = node->reads.at[i];
		const struct channel *c = &f->graph->channels[channel];
		show(view, c->name, channel_shows(c, f->cells[channel].value));
	}
	f->views[number] = view;
	f->viewed.at[f->viewed.n++] = number;
	return view;
}

void frame_forget_views(struct frame *f)
{
	for (size_t i = 0; i < f->viewed.n; i++) {
		bldr_unref(f->views[f->viewed.at[i]]);
		f->views[f->viewed.at[i]] = NULL;
	}
	f->viewed.n = 0;
	bldr_unref(f->everything);
	f->everything = NULL;
}

void frame_queue(struct frame *f, struct write *w, uint64_t turn)
{
	if (f->channel_turn[w->channel] != turn) {
		f->channel_turn[w->channel] = turn;
		f->touched.at[f->touched.n++] = w->channel;
	}
	cell_queue(&f->cells[w->channel], w);
}

void frame_unqueue(struct frame *f)
{
	for (size_t i = 0; i < f->touched.n; i++) {
		cell_unqueue(&f->cells[f->touched.at[i]]);
	}
	f->touched.n = 0;
}

int frame_check(struct frame *f, struct bldr_error *err)
{
	for (size_t i = 0; i < f->touched.n; i++) {
		size_t channel = f->touched.at[i];
		int rc = cell_check(&f->graph->channels[channel], &f->cells[channel], err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static void show_after(struct bldr_value *state, const struct channel *c, const struct cell *cell)
{
	if (cell->first == NULL) {
		show(state, c->name, channel_shows(c, cell->value));
		return;
	}
	struct bldr_value *next = cell_folded(c, cell);
	show(state, c->name, channel_shows(c, next));
	bldr_unref(next);
}

int frame_state_after(struct frame *f, struct bldr_patch *p, uint64_t turn, struct bldr_value **ret,
		      struct bldr_error *err)
{
	if (p->writes.n == 0) {
		*ret = bldr_ref(everything(f));
		return 0;
	}
	for (size_t i = 0; i < p->writes.n; i++) {
		frame_queue(f, &p->writes.at[i], turn);
	}
	int rc = frame_check(f, err);
	if (rc == 0) {
		*ret = bldr_object();
		for (size_t i = 0; i < f->graph->n_channels; i++) {
			show_after(*ret, &f->graph->channels[i], &f->cells[i]);
		}
	}
	frame_unqueue(f);
	return rc;
}

int frame_put(struct frame *f, size_t channel, const struct bldr_value *value, struct mint *mint,
	      struct bldr_error *err)
{
	const struct channel *c = &f->graph->channels[channel];
	struct cell *cell = &f->cells[channel];
	struct write w = { .channel = channel, .node = BLDR_START };
	int rc = channel_accepts(c, value, err);
	if (rc < 0) {
		return rc;
	}
	rc = kept_make(&w.kept, channel_given(c, bldr_ref(value), mint), err);
	if (rc < 0) {
		bldr_error_prefix(err, "the value for channel \"%s\"", c->name);
		return rc;
	}
	cell_queue(cell, &w);
	rc = cell_check(c, cell, err);
	if (rc == 0) {
		cell_fold(c, cell, cell->made.text != NULL ? cell->made.size : w.kept.size);
	}
	cell_unqueue(cell);
	kept_release(&w.kept);
	return rc;
}

static int put_input(struct frame *f, const char *name, const struct bldr_value *value,
		     struct mint *mint, struct bldr_error *err)
{
	size_t channel = graph_shown_channel(f->graph, name);
	if (channel == GRAPH_NONE || !f->graph->channels[channel].input) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the input names \"%s\", which is no %s of graph \"%s\"",
				      name, channel == GRAPH_NONE ? "channel" : "input channel",
				      f->graph->name);
	}
	return frame_put(f, channel, value, mint, err);
}

int frame_input(struct frame *f, const struct bldr_value *input, uint64_t seed,
		struct bldr_error *err)
{
	struct mint mint = { .seed = seed };
	if (input == NULL) {
		return 0;
	}
	if (bldr_type_of(input) != BLDR_OBJECT) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the input of graph \"%s\" is no object of channels",
				      f->graph->name);
	}
	int rc = 0;
	for (void *it = bldr_first(input); it != NULL && rc == 0; it = bldr_next(input, it)) {
		rc = put_input(f, bldr_key(it), bldr_item(it), &mint, err);
	}
	return rc;
}
