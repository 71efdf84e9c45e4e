/*
 * Compiling a graph: numbers channels and nodes by name, resolves every name that was declared,
 * checks what can be known before a run, and hashes the structure. The first thing that is wrong is
 * the error; the graph then stays uncompiled.
 */
#include "graph/graph.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "graph/policy.h"

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

static int by_name(const void *a, const void *b)
{
	const char *const *left = a; /* channels and nodes both begin with their name */
	const char *const *right = b;
	return strcmp(*left, *right);
}

static int by_number(const void *a, const void *b)
{
	size_t left = *(const size_t *)a;
	size_t right = *(const size_t *)b;
	return (left > right) - (left < right);
}

/* Sorts; a number that stands there twice is kept once. */
static void numbers_settle(struct numbers *list)
{
	if (list->n < 2) {
		return;
	}
	qsort(list->at, list->n, sizeof(*list->at), by_number);
	size_t kept = 1;
	for (size_t i = 1; i < list->n; i++) {
		if (list->at[i] != list->at[kept - 1]) {
			list->at[kept++] = list->at[i];
		}
	}
	list->n = kept;
}

static int number_channels(struct bldr_graph *g, struct bldr_error *err)
{
	g->n_channels = g->declared_channels.n;
	g->channels = arena_copy(&g->arena, g->declared_channels.at,
				 g->n_channels * sizeof(*g->channels));
	if (g->n_channels > 1) {
		qsort(g->channels, g->n_channels, sizeof(*g->channels), by_name);
	}
	for (size_t i = 1; i < g->n_channels; i++) {
		if (strcmp(g->channels[i - 1].name, g->channels[i].name) == 0) {
			return wrong(err, "channel \"%s\" is declared twice", g->channels[i].name);
		}
	}
	return 0;
}

static int number_nodes(struct bldr_graph *g, struct bldr_error *err)
{
	g->n_nodes = g->declared_nodes.n;
	g->nodes = ARENA_ARRAY(&g->arena, struct node, g->n_nodes);
	g->start = (struct node){ .name = BLDR_START, .reads_all = true, .on_error = GRAPH_NONE };
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct node_declaration *d = &g->declared_nodes.at[i];
		g->nodes[i] = (struct node){
			.name = d->node.name,
			.declared = i,
			.sub = d->sub,
			.prepare = d->node.prepare,
			.absorb = d->node.absorb,
			.config = d->node.config,
			.reads_all = d->node.reads == NULL && d->sub == NULL,
			.on_error = GRAPH_NONE,
			.timeout_ms = d->node.timeout_ms,
			.policies = d->node.policies,
			.n_policies = d->node.n_policies,
		};
	}
	if (g->n_nodes > 1) {
		qsort(g->nodes, g->n_nodes, sizeof(*g->nodes), by_name);
	}
	for (size_t i = 1; i < g->n_nodes; i++) {
		if (strcmp(g->nodes[i - 1].name, g->nodes[i].name) == 0) {
			return wrong(err, "node \"%s\" is declared twice", g->nodes[i].name);
		}
	}
	return 0;
}

/* The numbers of names; what says who names them, such as `node "a" reads`. */
static int resolve(struct bldr_graph *g, const char *const *names,
		   size_t (*number)(const struct bldr_graph *g, const char *name), const char *node,
		   const char *does, struct numbers *ret, struct bldr_error *err)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		size_t n = number(g, names[i]);
		if (n == GRAPH_NONE) {
			return wrong(err, "node \"%s\" %s \"%s\", which is no %s of the graph",
				     node, does, names[i],
				     number == graph_node ? "node" : "channel");
		}
		*LIST_ADD(&g->arena, ret) = n;
	}
	numbers_settle(ret);
	return 0;
}

/* Whether a value of one channel can be a write to another. */
static bool fits(enum bldr_reducer from, enum bldr_reducer to)
{
	return from == to || from == BLDR_LAST || to == BLDR_LAST || to == BLDR_APPEND;
}

static int check_passage(const struct bldr_graph *g, const struct node *node,
			 const struct passage *p, bool inward, struct bldr_error *err)
{
	const struct channel *outer = &g->channels[p->outer];
	const struct channel *inner = &node->sub->channels[p->inner];
	const struct channel *from = inward ? outer : inner;
	const struct channel *to = inward ? inner : outer;
	if (!fits(from->reducer, to->reducer)) {
		return wrong(err,
			     "node \"%s\" passes channel \"%s\" %s its subgraph, from %s to %s: "
			     "give both the same reducer",
			     node->name, outer->name, inward ? "into" : "out of",
			     reducer_name(from->reducer), reducer_name(to->reducer));
	}
	return 0;
}

static int resolve_passages(struct bldr_graph *g, const struct node *node, const char *const *names,
			    bool inward, struct passages *ret, struct bldr_error *err)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		struct passage p = {
			.outer = graph_channel(g, names[i]),
			.inner = graph_channel(node->sub, names[i]),
		};
		if (p.outer == GRAPH_NONE || p.inner == GRAPH_NONE) {
			return wrong(
				err,
				"node \"%s\" passes \"%s\" %s its subgraph, which is no channel "
				"of the %s",
				node->name, names[i], inward ? "into" : "out of",
				p.outer == GRAPH_NONE ? "graph" : "subgraph");
		}
		int rc = check_passage(g, node, &p, inward, err);
		if (rc < 0) {
			return rc;
		}
		*LIST_ADD(&g->arena, ret) = p;
	}
	if (ret->n > 1) { /* outer comes first: the order of the parent's channels */
		qsort(ret->at, ret->n, sizeof(*ret->at), by_number);
	}
	for (size_t i = 1; i < ret->n; i++) {
		if (ret->at[i - 1].outer == ret->at[i].outer) {
			return wrong(err, "node \"%s\" passes channel \"%s\" %s its subgraph twice",
				     node->name, g->channels[ret->at[i].outer].name,
				     inward ? "into" : "out of");
		}
	}
	return 0;
}

_Static_assert(offsetof(struct passage, outer) == 0, "by_number reads the outer channel");

/* What the child added to a folding channel cannot be told from what it was given. */
static int check_in_and_out(const struct bldr_graph *g, const struct node *node,
			    struct bldr_error *err)
{
	for (size_t i = 0, o = 0; i < node->in.n && o < node->out.n;) {
		const struct passage *in = &node->in.at[i];
		const struct passage *out = &node->out.at[o];
		if (in->outer == out->outer &&
		    node->sub->channels[out->inner].reducer != BLDR_LAST) {
			return wrong(err,
				     "node \"%s\" passes channel \"%s\" into and out of its "
				     "subgraph: only a LAST channel of the subgraph can be both",
				     node->name, g->channels[in->outer].name);
		}
		if (in->outer <= out->outer) {
			i++;
		} else {
			o++;
		}
	}
	return 0;
}

static int resolve_subgraph(struct bldr_graph *g, struct node *node,
			    const struct node_declaration *d, struct bldr_error *err)
{
	int rc;
	if (!d->sub->compiled) {
		return wrong(err, "the subgraph of node \"%s\" is not compiled, compile it first",
			     node->name);
	}
	if (d->sub->depth >= GRAPH_DEPTH_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "node \"%s\": subgraphs are nested more than %d deep",
				      node->name, GRAPH_DEPTH_MAX);
	}
	g->depth = g->depth > d->sub->depth + 1 ? g->depth : d->sub->depth + 1;
	if ((rc = resolve_passages(g, node, d->in, true, &node->in, err)) < 0 ||
	    (rc = resolve_passages(g, node, d->out, false, &node->out, err)) < 0) {
		return rc;
	}
	for (size_t i = 0; i < node->in.n; i++) {
		*LIST_ADD(&g->arena, &node->reads) = node->in.at[i].outer;
	}
	for (size_t i = 0; i < node->out.n; i++) {
		*LIST_ADD(&g->arena, &node->writes) = node->out.at[i].outer;
	}
	return check_in_and_out(g, node, err);
}

/* Where absorb may go: nodes, and the end. */
static int resolve_gotos(struct bldr_graph *g, struct node *node, const char *const *names,
			 struct bldr_error *err)
{
	for (; names != NULL && *names != NULL; names++) {
		size_t to = graph_node(g, *names);
		if (strcmp(*names, BLDR_END) == 0) {
			node->may_go_to_end = true;
		} else if (to == GRAPH_NONE) {
			return wrong(err,
				     "node \"%s\" goes to \"%s\", which is no node of the graph",
				     node->name, *names);
		} else {
			*LIST_ADD(&g->arena, &node->gotos) = to;
		}
	}
	numbers_settle(&node->gotos);
	return 0;
}

static int resolve_nodes(struct bldr_graph *g, struct bldr_error *err)
{
	g->depth = 1;
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct node_declaration *d = &g->declared_nodes.at[i];
		struct node *node = &g->nodes[graph_node(g, d->node.name)];
		int rc;
		if ((rc = resolve(g, d->node.reads, graph_channel, node->name, "reads",
				  &node->reads, err)) < 0 ||
		    (rc = resolve(g, d->node.writes, graph_channel, node->name, "writes",
				  &node->writes, err)) < 0 ||
		    (rc = resolve(g, d->node.sends, graph_node, node->name, "sends to",
				  &node->sends, err)) < 0 ||
		    (rc = resolve_gotos(g, node, d->node.gotos, err)) < 0 ||
		    (d->sub != NULL && (rc = resolve_subgraph(g, node, d, err)) < 0)) {
			return rc;
		}
	}
	return 0;
}

/* Where an edge or a router begins. */
static struct node *source(struct bldr_graph *g, const char *from, struct bldr_error *err)
{
	if (strcmp(from, BLDR_START) == 0) {
		return &g->start;
	}
	size_t n = graph_node(g, from);
	if (n == GRAPH_NONE) {
		wrong(err, "an edge begins at \"%s\", which is no node of the graph", from);
		return NULL;
	}
	return &g->nodes[n];
}

static int resolve_edges(struct bldr_graph *g, struct bldr_error *err)
{
	for (size_t i = 0; i < g->declared_edges.n; i++) {
		const struct edge_declaration *d = &g->declared_edges.at[i];
		struct node *from = source(g, d->from, err);
		if (from == NULL) {
			return BLDR_E_INVALID;
		}
		if (strcmp(d->to, BLDR_END) == 0) {
			continue;
		}
		size_t to = graph_node(g, d->to);
		if (to == GRAPH_NONE) {
			return wrong(err,
				     "the edge from \"%s\" ends at \"%s\", which is no node of "
				     "the graph",
				     d->from, d->to);
		}
		*LIST_ADD(&g->arena, &from->targets) = to;
	}
	numbers_settle(&g->start.targets);
	for (size_t i = 0; i < g->n_nodes; i++) {
		numbers_settle(&g->nodes[i].targets);
	}
	return 0;
}

static int resolve_routes(struct bldr_graph *g, struct bldr_error *err)
{
	for (size_t i = 0; i < g->declared_routes.n; i++) {
		const struct route_declaration *d = &g->declared_routes.at[i];
		struct node *from = source(g, d->from, err);
		if (from == NULL) {
			return BLDR_E_INVALID;
		}
		struct router router = { .route = d->route };
		for (size_t t = 0; d->targets != NULL && d->targets[t] != NULL; t++) {
			if (strcmp(d->targets[t], BLDR_END) == 0) {
				router.may_end = true;
				continue;
			}
			size_t to = graph_node(g, d->targets[t]);
			if (to == GRAPH_NONE) {
				return wrong(err,
					     "a router of \"%s\" may name \"%s\", which is no "
					     "node of the graph",
					     d->from, d->targets[t]);
			}
			*LIST_ADD(&g->arena, &router.targets) = to;
		}
		if (router.targets.n == 0) {
			return wrong(err,
				     "a router of \"%s\" has no target, name the nodes it may "
				     "choose",
				     d->from);
		}
		numbers_settle(&router.targets);
		*LIST_ADD(&g->arena, &from->routers) = router;
	}
	return 0;
}

static void reach_all(const struct numbers *list, bool *reached, struct numbers *todo,
		      struct arena *a)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!reached[list->at[i]]) {
			reached[list->at[i]] = true;
			*LIST_ADD(a, todo) = list->at[i];
		}
	}
}

static void reach_from(const struct node *node, bool *reached, struct numbers *todo, struct arena *a)
{
	reach_all(&node->targets, reached, todo, a);
	reach_all(&node->sends, reached, todo, a);
	reach_all(&node->gotos, reached, todo, a);
	if (node->on_error != GRAPH_NONE) {
		size_t handler = node->on_error;
		reach_all(&(struct numbers){ .at = &handler, .n = 1 }, reached, todo, a);
	}
	for (size_t i = 0; i < node->routers.n; i++) {
		reach_all(&node->routers.at[i].targets, reached, todo, a);
	}
}

static int check_reachable(const struct bldr_graph *g, struct bldr_error *err)
{
	if (g->start.targets.n == 0 && g->start.routers.n == 0) {
		return wrong(err, "no node is first, add an edge from BLDR_START");
	}
	struct arena scratch = { 0 };
	struct numbers todo = { 0 };
	bool *reached = ARENA_ARRAY(&scratch, bool, g->n_nodes);
	reach_from(&g->start, reached, &todo, &scratch);
	while (todo.n > 0) {
		reach_from(&g->nodes[todo.at[--todo.n]], reached, &todo, &scratch);
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
			if (channel->reducer != BLDR_LAST) {
				continue;
			}
			if (writer->from == from) {
				return wrong(err,
					     "channel \"%s\" is LAST, but nodes \"%s\" and \"%s\" "
					     "run in one superstep after \"%s\" and both write it: "
					     "give it a reducer",
					     channel->name, writer->node->name, node->name,
					     from->name);
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
			if (channel->reducer == BLDR_LAST) {
				return wrong(err,
					     "channel \"%s\" is LAST, but node \"%s\", which \"%s\" "
					     "may send to many times, writes it: give it a reducer",
					     channel->name, node->name, from->name);
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

static void describe_nodes(const struct bldr_graph *g, const char *what, const struct numbers *list,
			   struct buf *b)
{
	buf_printf(b, " %s", what);
	for (size_t i = 0; i < list->n; i++) {
		buf_printf(b, " %s", g->nodes[list->at[i]].name);
	}
	buf_putc(b, '\n');
}

static void describe_channels(const struct bldr_graph *g, const char *what,
			      const struct numbers *list, struct buf *b)
{
	buf_printf(b, " %s", what);
	for (size_t i = 0; i < list->n; i++) {
		buf_printf(b, " %s", g->channels[list->at[i]].name);
	}
	buf_putc(b, '\n');
}

static void describe_node(const struct bldr_graph *g, const struct node *node, struct buf *b)
{
	buf_printf(b, "node %s %s\n", node->name, node->sub != NULL ? node->sub->hash : "-");
	if (node->reads_all) {
		buf_puts(b, " reads everything\n");
	} else {
		describe_channels(g, "reads", &node->reads, b);
	}
	describe_channels(g, "writes", &node->writes, b);
	describe_nodes(g, "sends", &node->sends, b);
	describe_nodes(g, node->may_go_to_end ? "gotos or end" : "gotos", &node->gotos, b);
	describe_nodes(g, "edges", &node->targets, b);
	for (size_t i = 0; i < node->routers.n; i++) {
		const struct router *router = &node->routers.at[i];
		describe_nodes(g, router->may_end ? "route or end" : "route", &router->targets, b);
	}
}

/* The order of declaration is no part of it, but that of a node's routers: it numbers sends. */
static void hash_structure(struct bldr_graph *g)
{
	struct buf b;
	buf_init(&b, BLDR_VALUE_TEXT_MAX);
	buf_printf(&b, "bldr graph\nname %s\nversion %u\n", g->name, g->version);
	for (size_t i = 0; i < g->n_channels; i++) {
		buf_printf(&b, "channel %s %s\n", g->channels[i].name,
			   reducer_name(g->channels[i].reducer));
	}
	describe_node(g, &g->start, &b);
	for (size_t i = 0; i < g->n_nodes; i++) {
		describe_node(g, &g->nodes[i], &b);
	}
	ASSERT(!buf_failed(&b));
	hash_bytes(b.data, b.size, g->hash);
	buf_release(&b);
}

int bldr_graph_compile(struct bldr_graph *g, struct bldr_error *err)
{
	if (g->compiled) {
		return 0;
	}
	if (g->failed.code != 0) {
		return bldr_error_set(err, g->failed.code, "%s", g->failed.text);
	}
	int rc;
	if ((rc = number_channels(g, err)) < 0 || (rc = number_nodes(g, err)) < 0 ||
	    (rc = resolve_nodes(g, err)) < 0 || (rc = resolve_edges(g, err)) < 0 ||
	    (rc = graph_settle_policies(g, err)) < 0 ||
	    (rc = resolve_routes(g, err)) < 0 || (rc = check_reachable(g, err)) < 0 ||
	    (rc = check_parallel(g, err)) < 0) {
		if (err != NULL) {
			bldr_error_prefix(err, "graph \"%s\"", g->name);
		}
		return rc;
	}
	hash_structure(g);
	g->compiled = true;
	return 0;
}
