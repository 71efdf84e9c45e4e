/*
 * What can be known of a graph before it runs: nodes that nothing leads to, channels that parallel nodes
 * cannot share, branches that come together at different times, handlers that lead in a circle.
 */
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static int wrong(struct bldr_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(struct bldr_error *err, const char *fmt, ...)
{
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return bldr_error_set(err, BLDR_E_INVALID, "%s", text);
}

int graph_check_channel(const struct channel *c, struct bldr_error *err)
{
	if (c->hidden) {
		return 0;
	}
	if (c->reducer == BLDR_BARRIER ? c->n_names == 0 : c->n_names > 0) {
		return wrong(err, "channel \"%s\" is %s and has %s", c->name,
			     reducer_name(c->reducer),
			     c->n_names == 0 ? "no names to wait for"
					     : "names, which only a BARRIER waits for");
	}
	if (c->reducer != BLDR_CUSTOM) {
		return c->reduce == NULL && c->reduce_name == NULL
			? 0
			: wrong(err, "channel \"%s\" is %s and has a function, which is for CUSTOM",
				c->name, reducer_name(c->reducer));
	}
	if (c->reduce == NULL || c->reduce_name == NULL || *c->reduce_name == '\0') {
		return wrong(err, "channel \"%s\" is CUSTOM and has no %s", c->name,
			     c->reduce == NULL ? "function" : "name for its function");
	}
	return 0;
}

static void reach(size_t node, bool *reached, struct numbers *todo, struct arena *a)
{
	if (node != GRAPH_NONE && !reached[node]) {
		reached[node] = true;
		*LIST_ADD(a, todo) = node;
	}
}

static void reach_all(const struct numbers *list, bool *reached, struct numbers *todo,
		      struct arena *a)
{
	for (size_t i = 0; i < list->n; i++) {
		reach(list->at[i], reached, todo, a);
	}
}

static void reach_from(const struct bldr_graph *g, const struct node *node, bool *reached,
		       struct numbers *todo, struct arena *a)
{
	reach_all(&node->targets, reached, todo, a);
	reach_all(&node->sends, reached, todo, a);
	reach_all(&node->gotos, reached, todo, a);
	for (size_t i = 0; i < node->routers.n; i++) {
		reach_all(&node->routers.at[i].targets, reached, todo, a);
	}
	for (size_t i = 0; i < node->joins.n; i++) {
		reach(g->joins[node->joins.at[i]].target, reached, todo, a);
	}
	reach(node->on_error, reached, todo, a);
}

static int check_reachable(const struct bldr_graph *g, struct bldr_error *err)
{
	if (g->start.targets.n == 0 && g->start.routers.n == 0) {
		return wrong(err, "no node is first, add an edge from BLDR_START");
	}
	struct arena scratch = { 0 };
	struct numbers todo = { 0 };
	bool *reached = ARENA_ARRAY(&scratch, bool, g->n_nodes);
	reach_from(g, &g->start, reached, &todo, &scratch);
	while (todo.n > 0) {
		reach_from(g, &g->nodes[todo.at[--todo.n]], reached, &todo, &scratch);
	}
	int rc = 0;
	for (size_t i = 0; i < g->n_nodes && rc == 0; i++) {
		if (!reached[i]) {
			rc = wrong(err,
				   "node \"%s\" cannot be reached from the start, add an edge "
				   "to it",
				   g->nodes[i].name);
		}
	}
	arena_release(&scratch);
	return rc;
}

static bool holds_one(const struct channel *c)
{
	return c->reducer == BLDR_LAST || c->reducer == BLDR_EPHEMERAL;
}

/* Of a channel: which of a source's targets writes it. */
struct writer {
	const struct node *from, *node;
};

static int check_parallel_targets(const struct bldr_graph *g, const struct node *from,
				  struct writer *writers, struct bldr_error *err)
{
	for (size_t i = 0; i < from->targets.n; i++) {
		const struct node *node = &g->nodes[from->targets.at[i]];
		for (size_t w = 0; w < node->writes.n; w++) {
			const struct channel *channel = &g->channels[node->writes.at[w]];
			struct writer *writer = &writers[node->writes.at[w]];
			if (!holds_one(channel)) {
				continue;
			}
			if (writer->from == from) {
				return wrong(err,
					     "channel \"%s\" is %s, but nodes \"%s\" and \"%s\" "
					     "run in one superstep after \"%s\" and both write it: "
					     "give it a reducer",
					     channel->name, reducer_name(channel->reducer),
					     writer->node->name, node->name, from->name);
			}
			*writer = (struct writer){ .from = from, .node = node };
		}
	}
	return 0;
}

static int check_sent(const struct bldr_graph *g, const struct node *from, struct bldr_error *err)
{
	for (size_t i = 0; i < from->sends.n; i++) {
		const struct node *node = &g->nodes[from->sends.at[i]];
		for (size_t w = 0; w < node->writes.n; w++) {
			const struct channel *channel = &g->channels[node->writes.at[w]];
			if (holds_one(channel)) {
				return wrong(err,
					     "channel \"%s\" is %s, but node \"%s\", which \"%s\" "
					     "may send to many times, writes it: give it a reducer",
					     channel->name, reducer_name(channel->reducer),
					     node->name, from->name);
			}
		}
	}
	return 0;
}

static int check_parallel(const struct bldr_graph *g, struct bldr_error *err)
{
	struct writer *writers = xcalloc(g->n_channels + 1, sizeof(*writers));
	int rc = check_parallel_targets(g, &g->start, writers, err);
	for (size_t i = 0; i < g->n_nodes && rc == 0; i++) {
		rc = check_parallel_targets(g, &g->nodes[i], writers, err);
		rc = rc == 0 ? check_sent(g, &g->nodes[i], err) : rc;
	}
	free(writers);
	return rc;
}

/* A walk along static edges, superstep by superstep. */
struct walk {
	const struct bldr_graph *graph;
	size_t *step;            /* by node: when it was first met in this walk, 1 and more */
	const struct node **via; /* by node: where from */
	size_t *round;           /* by node: the superstep it was last put into */
	size_t *at, *next;       /* the nodes of a superstep, and of the next one */
	size_t n, n_next;
};

/*
 * Puts the targets of from into the next superstep. Returns a node that ran in an earlier one already, or
 * GRAPH_NONE. A deferred node runs once, whenever that is: the walk ends there.
 */
static size_t walk_on(struct walk *w, const struct node *from, size_t step)
{
	size_t twice = GRAPH_NONE;
	for (size_t i = 0; i < from->targets.n; i++) {
		size_t to = from->targets.at[i];
		if (w->graph->nodes[to].deferred || w->round[to] == step) {
			continue;
		}
		if (w->step[to] == 0) {
			w->step[to] = step;
			w->via[to] = from;
		} else if (twice == GRAPH_NONE) {
			twice = to;
		}
		w->round[to] = step;
		w->next[w->n_next++] = to;
	}
	return twice;
}

static void walk_turn(struct walk *w)
{
	size_t *ended = w->at;
	w->at = w->next;
	w->n = w->n_next;
	w->next = ended;
	w->n_next = 0;
}

/*
 * Branches of from that meet in a node after different numbers of supersteps: it would run once for each. Static
 * edges that lead in a circle are another matter; nothing is said about what comes after them.
 */
static int check_fan_in(struct walk *w, const struct node *from, struct bldr_error *err)
{
	const struct bldr_graph *g = w->graph;
	size_t twice = GRAPH_NONE;
	const struct node *late = NULL;
	memset(w->step, 0, g->n_nodes * sizeof(*w->step));
	memset(w->round, 0, g->n_nodes * sizeof(*w->round));
	w->n_next = 0;
	(void)walk_on(w, from, 1);
	walk_turn(w);
	for (size_t step = 2; w->n > 0; step++) {
		if (step > g->n_nodes + 1) {
			return 0; /* a circle */
		}
		for (size_t i = 0; i < w->n; i++) {
			const struct node *node = &g->nodes[w->at[i]];
			size_t met = walk_on(w, node, step);
			if (met != GRAPH_NONE && twice == GRAPH_NONE) {
				twice = met;
				late = node;
			}
		}
		walk_turn(w);
	}
	if (twice == GRAPH_NONE) {
		return 0;
	}
	return wrong(
		err,
		"node \"%s\" would run twice after \"%s\", after \"%s\" and again after \"%s\": "
		"join them (bldr_graph_join), or make it deferred",
		g->nodes[twice].name, from->name, w->via[twice]->name, late->name);
}

static int check_fans_in(const struct bldr_graph *g, struct bldr_error *err)
{
	struct arena scratch = { 0 };
	struct walk w = {
		.graph = g,
		.step = ARENA_ARRAY(&scratch, size_t, g->n_nodes),
		.via = ARENA_ARRAY(&scratch, const struct node *, g->n_nodes),
		.round = ARENA_ARRAY(&scratch, size_t, g->n_nodes),
		.at = ARENA_ARRAY(&scratch, size_t, g->n_nodes),
		.next = ARENA_ARRAY(&scratch, size_t, g->n_nodes),
	};
	int rc = g->start.targets.n > 1 ? check_fan_in(&w, &g->start, err) : 0;
	for (size_t i = 0; i < g->n_nodes && rc == 0; i++) {
		rc = g->nodes[i].targets.n > 1 ? check_fan_in(&w, &g->nodes[i], err) : 0;
	}
	arena_release(&scratch);
	return rc;
}

/* A handler's own failure is not handled: who says otherwise in a circle means something else. */
static int check_handlers(const struct bldr_graph *g, struct bldr_error *err)
{
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct node *node = &g->nodes[i];
		if (node->on_error == GRAPH_NONE) {
			continue;
		}
		if (g->nodes[node->on_error].sub != NULL) {
			return wrong(err,
				     "node \"%s\" is handled by \"%s\", which is a subgraph: a "
				     "handler is a node of functions",
				     node->name, g->nodes[node->on_error].name);
		}
		size_t at = node->on_error;
		for (size_t n = 0; n <= g->n_nodes && at != GRAPH_NONE && at != i; n++) {
			at = g->nodes[at].on_error;
		}
		if (at == i) {
			return wrong(err,
				     "node \"%s\" is handled by \"%s\", which leads back to it: a "
				     "handler's own failure is not handled",
				     node->name, g->nodes[node->on_error].name);
		}
	}
	return 0;
}

int graph_check(const struct bldr_graph *g, struct bldr_error *err)
{
	int rc;
	if ((rc = check_handlers(g, err)) < 0 || (rc = check_reachable(g, err)) < 0 ||
	    (rc = check_parallel(g, err)) < 0) {
		return rc;
	}
	return check_fans_in(g, err);
}
