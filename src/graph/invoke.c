/*
 * Invocations after the first: another input, a state that somebody updates, inputs that wait for their turn. Each is one
 * superstep record: what was under way is given up with its superstep, and nothing of it is folded.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/record.h"

static const struct node the_end = { .name = BLDR_END, .reads_all = true, .on_error = GRAPH_NONE };

/* The writes of an input, as frame_input would fold them. */
static int write_input(struct bldr_patch *p, const struct bldr_value *values, const char *what,
		       struct bldr_error *err)
{
	if (values != NULL && bldr_type_of(values) != BLDR_OBJECT) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "%s of graph \"%s\" is no object of channels", what,
				      p->graph->name);
	}
	for (void *it = bldr_first(values); it != NULL; it = bldr_next(values, it)) {
		size_t channel = graph_shown_channel(p->graph, bldr_key(it));
		bool known = channel != GRAPH_NONE;
		if (!known || (p->node != &the_end && !p->graph->channels[channel].input)) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "%s names \"%s\", which is no %s of graph \"%s\"",
					      what, bldr_key(it),
					      known ? "input channel" : "channel", p->graph->name);
		}
		int rc = channel_accepts(&p->graph->channels[channel], bldr_item(it), err);
		if (rc < 0) {
			return rc;
		}
		patch_write(p, channel, bldr_ref(bldr_item(it)));
	}
	return 0;
}

/* The writes of a node: to channels that it may write. */
static int write_as_node(struct bldr_patch *p, const struct bldr_value *values,
			 struct bldr_error *err)
{
	if (values != NULL && bldr_type_of(values) != BLDR_OBJECT) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the update of graph \"%s\" is no object of channels",
				      p->graph->name);
	}
	for (void *it = bldr_first(values); it != NULL; it = bldr_next(values, it)) {
		bldr_patch_set(p, bldr_key(it), bldr_ref(bldr_item(it)));
	}
	return 0;
}

static const struct node *writer(const struct bldr_graph *g, const char *name)
{
	if (strcmp(name, BLDR_START) == 0) {
		return &g->start;
	}
	if (strcmp(name, BLDR_END) == 0) {
		return &the_end;
	}
	size_t node = graph_node(g, name);
	return node != GRAPH_NONE ? &g->nodes[node] : NULL;
}

static uint64_t apply_seed(const struct run *r, const struct node *node)
{
	char *path = xasprintf("%s/%" PRId64 ":%s", r->root->path, r->root->step + 1, node->name);
	uint64_t seed = path_seed(r->seed, path);
	free(path);
	return seed;
}

/* Asks the writer's routers; the patch says then what is to follow. */
static int route(struct run *r, struct frame *f, struct bldr_patch *p, struct bldr_error *err)
{
	struct bldr_view view = {
		.config = p->node->config,
		.now_ms = r->now_ms,
		.seed = apply_seed(r, p->node),
	};
	p->mark = NULL;
	task_route(r, f, p, &view);
	return p->code != 0 ? bldr_error_set(err, p->code, "%s", p->error) : 0;
}

/* Queues the writes, and what follows them, ready to be committed. Nothing is changed when it fails. */
static int prepare(struct run *r, struct bldr_patch *p, const struct bldr_value *values,
		   struct bldr_error *err)
{
	struct frame *f = r->root;
	p->mark = f->channel_turn;
	p->turn = ++r->turn;
	bool own = p->node != &p->graph->start && p->node != &the_end;
	int rc = own
		? write_as_node(p, values, err)
		: write_input(p, values, p->node == &the_end ? "the update" : "the input", err);
	rc = rc == 0 ? route(r, f, p, err) : rc;
	if (rc < 0) {
		return rc;
	}
	step_follow_none(r);
	step_follow(r, f, p);
	for (size_t w = 0; w < p->writes.n; w++) {
		frame_queue(f, &p->writes.at[w], r->turn);
	}
	if (p->node == &the_end) {
		wait_forget(r, f);
	} else {
		rc = step_settle_next(r, f, err);
	}
	rc = rc == 0 ? frame_check(f, err) : rc;
	if (rc < 0) {
		frame_unqueue(f);
	}
	return rc;
}

static int apply(struct run *r, const struct node *node, const struct bldr_value *values,
		 const struct beginning *how, bool queued, struct bldr_error *err)
{
	struct bldr_patch patch;
	patch_init(&patch, r->graph, node, apply_seed(r, node));
	int rc = prepare(r, &patch, values, err);
	if (rc == 0) {
		frame_give_up(r, r->root);
		if (how->source == STEP_INPUT) {
			event_run_input(r, queued, r->root->step + 1);
		} else {
			event_run_updated(r, "update", node->name);
		}
		r->status = RUN_RUNNING;
		step_commit(r, r->root, how);
	}
	patch_release(&patch);
	return rc;
}

int run_apply(struct run *r, const char *as_node, const struct bldr_value *values,
	      enum step_source source, bool hold, int64_t now_ms, struct update *u,
	      struct bldr_error *err)
{
	ASSERT(r->root != NULL && r->graph != NULL &&
	       (source == STEP_INPUT || source == STEP_UPDATE));
	const struct node *node = writer(r->graph, as_node);
	if (node == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "graph \"%s\" has no node \"%s\"",
				      r->graph->name, as_node);
	}
	run_enter(r, now_ms, u);
	int rc = apply(r, node, values,
		       &(struct beginning){
			       .source = source,
			       .hold = hold,
			       .from_frame = -1,
			       .from_step = -1,
		       },
		       false, err);
	if (rc < 0) {
		r->update = NULL;
		return rc;
	}
	run_leave(r);
	return 0;
}

static void add_queued(struct run *r, int64_t number, struct bldr_value *input)
{
	struct queued *q = xcalloc(1, sizeof(*q));
	*q = (struct queued){ .number = number, .input = input };
	STAILQ_INSERT_TAIL(&r->queue, q, next);
	r->n_queued++;
}

static struct bldr_value *take_queued(struct run *r)
{
	struct queued *q = STAILQ_FIRST(&r->queue);
	STAILQ_REMOVE_HEAD(&r->queue, next);
	r->n_queued--;
	struct bldr_value *input = q->input;
	free(q);
	return input;
}

void queue_release(struct run *r)
{
	while (r->n_queued > 0) {
		bldr_unref(take_queued(r));
	}
}

/* What can be known of an input before its turn has come. */
static int check_input(const struct run *r, const struct bldr_value *input, struct kept *ret,
		       struct bldr_error *err)
{
	struct bldr_patch patch;
	patch_init(&patch, r->graph, &r->graph->start, 0);
	int rc = write_input(&patch, input, "the input", err);
	if (rc == 0 && patch.code != 0) {
		rc = bldr_error_set(err, patch.code, "%s", patch.error);
	}
	patch_release(&patch);
	if (rc == 0) {
		rc = kept_make(ret, input != NULL ? bldr_ref(input) : bldr_object(), err);
	}
	return rc;
}

int run_enqueue(struct run *r, const struct bldr_value *input, int64_t now_ms, struct update *u,
		struct bldr_error *err)
{
	struct kept kept;
	if (r->n_queued >= GRAPH_QUEUE_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "thread \"%s\" has %d inputs waiting, it takes no more",
				      r->thread, GRAPH_QUEUE_MAX);
	}
	int rc = check_input(r, input, &kept, err);
	if (rc < 0) {
		return rc;
	}
	run_enter(r, now_ms, u);
	int64_t number = r->next_id++;
	*LIST_ADD(&u->arena, &u->queued) = (struct queued_record){
		.number = number,
		.at_ms = now_ms,
		.input = arena_strdup(&u->arena, kept.text),
	};
	event_input_queued(r, number);
	add_queued(r, number, bldr_ref(kept.value));
	kept_release(&kept);
	run_leave(r);
	return 0;
}

/* An input that cannot be folded, now that its turn has come, is an invocation that has failed. */
static void refuse_queued(struct run *r, const struct bldr_error *err)
{
	event_run_input(r, true, r->root->step);
	r->status = RUN_FAILED;
	r->code = err->code;
	free(r->error);
	r->error = xstrdup(err->text);
	event_run_failed(r);
}

bool invoke_next(struct run *r)
{
	if (r->n_queued == 0 || (r->status != RUN_DONE && r->status != RUN_FAILED)) {
		return false;
	}
	r->update->taken = STAILQ_FIRST(&r->queue)->number;
	struct bldr_value *input = take_queued(r);
	struct bldr_error err;
	if (apply(r, &r->graph->start, input,
		  &(struct beginning){ .source = STEP_INPUT, .from_frame = -1, .from_step = -1 },
		  true, &err) < 0) {
		refuse_queued(r, &err);
	}
	bldr_unref(input);
	return true;
}

int run_restore_queued(struct run *r, const struct queued_record *q, struct bldr_error *err)
{
	struct bldr_value *input;
	if (bldr_value_parse(q->input, strlen(q->input), &input, err) < 0) {
		return bldr_error_set(err, BLDR_E_CORRUPT, "queued input %" PRId64 " is no JSON",
				      q->number);
	}
	add_queued(r, q->number, input);
	return 0;
}
