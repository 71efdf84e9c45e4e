/*
 * Compiling a graph: numbers channels and nodes by name, resolves every name that was declared, has
 * checked what can be known before a run (compile_check.c), and hashes the structure. The first thing
 * that is wrong is the error; the graph then stays uncompiled.
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

static struct channel *hide(struct bldr_graph *g, const char *name, enum bldr_reducer reducer)
{
	struct channel *c = LIST_ADD(&g->arena, &g->declared_channels);
	*c = (struct channel){ .name = name, .reducer = reducer, .hidden = true };
	return c;
}

static const char *join_name(struct bldr_graph *g, const struct join_declaration *d)
{
	struct buf b;
	buf_init(&b, BLDR_VALUE_TEXT_MAX);
	buf_puts(&b, "join:");
	for (size_t i = 0; i < d->n; i++) {
		buf_printf(&b, "%s%s", i > 0 ? "+" : "", d->from[i]);
	}
	buf_printf(&b, ":%s", d->to);
	const char *name = arena_strdup(&g->arena, b.data);
	buf_release(&b);
	return name;
}

/* The channels that the graph's own machinery needs: what is in them is recorded like all else. */
static void hide_channels(struct bldr_graph *g)
{
	for (size_t i = 0; i < g->declared_joins.n; i++) {
		const struct join_declaration *d = &g->declared_joins.at[i];
		struct channel *c = hide(g, join_name(g, d), BLDR_BARRIER);
		c->names = d->from;
		c->n_names = d->n;
	}
	for (size_t i = 0; i < g->declared_nodes.n; i++) {
		const struct node_declaration *d = &g->declared_nodes.at[i];
		if (d->node.deferred) {
			hide(g, arena_printf(&g->arena, "defer:%s", d->node.name), BLDR_LAST);
		}
		if (d->persistent) {
			hide(g, arena_printf(&g->arena, "sub:%s", d->node.name), BLDR_LAST);
		}
	}
}

static bool shows_one_superstep(const struct channel *c)
{
	return !c->hidden && (c->reducer == BLDR_EPHEMERAL || c->reducer == BLDR_BARRIER);
}

static int number_channels(struct bldr_graph *g, struct bldr_error *err)
{
	hide_channels(g);
	g->n_channels = g->declared_channels.n;
	g->channels = arena_copy(&g->arena, g->declared_channels.at,
				 g->n_channels * sizeof(*g->channels));
	if (g->n_channels > 1) {
		qsort(g->channels, g->n_channels, sizeof(*g->channels), by_name);
	}
	for (size_t i = 0; i < g->n_channels; i++) {
		struct channel *c = &g->channels[i];
		int rc = graph_check_channel(c, err);
		if (rc < 0) {
			return rc;
		}
		if (i > 0 && strcmp(c[-1].name, c->name) == 0) {
			return wrong(err,
				     c->hidden ? "\"%s\" is declared twice"
					       : "channel \"%s\" is declared twice",
				     c->name);
		}
		c->input = g->inputs == NULL && !c->hidden;
		c->output = g->outputs == NULL && !c->hidden;
		if (shows_one_superstep(c)) {
			*LIST_ADD(&g->arena, &g->passing) = i;
		}
	}
	return 0;
}

/* Marks the channels that an input may set, or those of the output. */
static int resolve_ends(struct bldr_graph *g, const char *const *names, bool input,
			struct bldr_error *err)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		size_t n = graph_shown_channel(g, names[i]);
		if (n == GRAPH_NONE) {
			return wrong(err, "the %s names \"%s\", which is no channel of the graph",
				     input ? "input" : "output", names[i]);
		}
		*(input ? &g->channels[n].input : &g->channels[n].output) = true;
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
			.timeout_ms = d->node.timeout_ms,
			.policies = d->node.policies,
			.n_policies = d->node.n_policies,
			.deferred = d->node.deferred,
			.persistent = d->persistent,
			.on_error = GRAPH_NONE,
		};
	}
	if (g->n_nodes > 1) {
		qsort(g->nodes, g->n_nodes, sizeof(*g->nodes), by_name);
	}
	for (size_t i = 0; i < g->n_nodes; i++) {
		if (g->nodes[i].deferred) {
			*LIST_ADD(&g->arena, &g->deferred) = i;
		}
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

/* Holds the value of one write. */
static bool holds_one(enum bldr_reducer r)
{
	return r == BLDR_LAST || r == BLDR_EPHEMERAL;
}

/* Whether a value of one channel can be a write to another. */
static bool fits(enum bldr_reducer from, enum bldr_reducer to)
{
	return (from == to && from != BLDR_BARRIER) || holds_one(from) || holds_one(to) ||
		to == BLDR_APPEND || to == BLDR_CUSTOM;
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
			.outer = graph_shown_channel(g, names[i]),
			.inner = graph_shown_channel(node->sub, names[i]),
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

/* What the child added to a folding channel cannot be told from what it was given; messages have ids. */
static int check_in_and_out(const struct bldr_graph *g, const struct node *node,
			    struct bldr_error *err)
{
	for (size_t i = 0, o = 0; i < node->in.n && o < node->out.n;) {
		const struct passage *in = &node->in.at[i];
		const struct passage *out = &node->out.at[o];
		enum bldr_reducer inner = node->sub->channels[out->inner].reducer;
		enum bldr_reducer outer = g->channels[out->outer].reducer;
		bool messages = inner == BLDR_MESSAGES && outer == BLDR_MESSAGES;
		if (in->outer == out->outer && !holds_one(inner) && !messages) {
			return wrong(err,
				     "node \"%s\" passes channel \"%s\" into and out of its "
				     "subgraph: only a LAST channel of the subgraph can be both, "
				     "and MESSAGES of both",
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

/* Nor from what it kept, unless it replaces the parent's value. */
static int check_kept_and_out(const struct bldr_graph *g, const struct node *node,
			      struct bldr_error *err)
{
	for (size_t o = 0; node->persistent && o < node->out.n; o++) {
		const struct channel *inner = &node->sub->channels[node->out.at[o].inner];
		enum bldr_reducer outer = g->channels[node->out.at[o].outer].reducer;
		bool messages = inner->reducer == BLDR_MESSAGES && outer == BLDR_MESSAGES;
		if (!holds_one(inner->reducer) && !holds_one(outer) && !messages) {
			return wrong(err,
				     "node \"%s\" keeps and passes out channel \"%s\" of its "
				     "subgraph, which is %s: make it LAST in the graph or in the "
				     "subgraph",
				     node->name, inner->name, reducer_name(inner->reducer));
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
	rc = check_in_and_out(g, node, err);
	return rc == 0 ? check_kept_and_out(g, node, err) : rc;
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

/* What goes with deferred and persistent nodes, and the handler. */
static int resolve_extras(struct bldr_graph *g, struct node *node, const struct node_declaration *d,
			  struct bldr_error *err)
{
	char name[GRAPH_NAME_MAX + 8];
	if (node->deferred) {
		snprintf(name, sizeof(name), "defer:%s", node->name);
		node->defer_channel = graph_channel(g, name);
	}
	if (node->persistent) {
		snprintf(name, sizeof(name), "sub:%s", node->name);
		node->kept_channel = graph_channel(g, name);
	}
	if (d->node.on_error == NULL) {
		return 0;
	}
	node->on_error = graph_node(g, d->node.on_error);
	if (node->on_error == GRAPH_NONE) {
		return wrong(err, "node \"%s\" is handled by \"%s\", which is no node of the graph",
			     node->name, d->node.on_error);
	}
	return 0;
}

static int resolve_nodes(struct bldr_graph *g, struct bldr_error *err)
{
	g->depth = 1;
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct node_declaration *d = &g->declared_nodes.at[i];
		struct node *node = &g->nodes[graph_node(g, d->node.name)];
		int rc;
		if ((rc = resolve(g, d->node.reads, graph_shown_channel, node->name, "reads",
				  &node->reads, err)) < 0 ||
		    (rc = resolve(g, d->node.writes, graph_shown_channel, node->name, "writes",
				  &node->writes, err)) < 0 ||
		    (rc = resolve(g, d->node.sends, graph_node, node->name, "sends to",
				  &node->sends, err)) < 0 ||
		    (rc = resolve_gotos(g, node, d->node.gotos, err)) < 0 ||
		    (rc = resolve_extras(g, node, d, err)) < 0 ||
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

static int resolve_join(struct bldr_graph *g, const struct join_declaration *d, size_t number,
			struct bldr_error *err)
{
	struct join *join = &g->joins[number];
	if (d->n < 2) {
		return wrong(err,
			     "a join of \"%s\" waits for fewer than two nodes, use "
			     "bldr_graph_edge",
			     d->to);
	}
	join->target = graph_node(g, d->to);
	if (join->target == GRAPH_NONE && strcmp(d->to, BLDR_END) != 0) {
		return wrong(err, "a join ends at \"%s\", which is no node of the graph", d->to);
	}
	for (size_t i = 0; i < d->n; i++) {
		size_t from = graph_node(g, d->from[i]);
		if (from == GRAPH_NONE) {
			return wrong(err,
				     "a join of \"%s\" waits for \"%s\", which is no node of the "
				     "graph",
				     d->to, d->from[i]);
		}
		*LIST_ADD(&g->arena, &join->from) = from;
		*LIST_ADD(&g->arena, &g->nodes[from].joins) = number;
	}
	const char *name = join_name(g, d);
	join->channel = graph_channel(g, name);
	return 0;
}

static int resolve_joins(struct bldr_graph *g, struct bldr_error *err)
{
	g->n_joins = g->declared_joins.n;
	g->joins = ARENA_ARRAY(&g->arena, struct join, g->n_joins);
	int rc = 0;
	for (size_t i = 0; i < g->n_joins && rc == 0; i++) {
		rc = resolve_join(g, &g->declared_joins.at[i], i, err);
	}
	return rc;
}

static int resolve_routes(struct bldr_graph *g, struct bldr_error *err)
{
	for (size_t i = 0; i < g->declared_routes.n; i++) {
		const struct route_declaration *d = &g->declared_routes.at[i];
		struct node *from = source(g, d->from, err);
		if (from == NULL) {
			return BLDR_E_INVALID;
		}
		struct router router = { .route = d->route, .config = d->config };
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

static void hash_structure(struct bldr_graph *g)
{
	struct bldr_value *structure = bldr_graph_structure(g);
	char *text = bldr_value_text(structure);
	hash_bytes(text, strlen(text), g->hash);
	free(text);
	bldr_unref(structure);
}

static int compile(struct bldr_graph *g, struct bldr_error *err)
{
	int rc;
	if ((rc = number_channels(g, err)) < 0 || (rc = number_nodes(g, err)) < 0 ||
	    (rc = resolve_ends(g, g->inputs, true, err)) < 0 ||
	    (rc = resolve_ends(g, g->outputs, false, err)) < 0 ||
	    (rc = resolve_nodes(g, err)) < 0 || (rc = resolve_edges(g, err)) < 0 ||
	    (rc = resolve_joins(g, err)) < 0 || (rc = resolve_routes(g, err)) < 0 ||
	    (rc = graph_settle_policies(g, err)) < 0) {
		return rc;
	}
	return g->stored ? 0 : graph_check(g, err);
}

int bldr_graph_compile(struct bldr_graph *g, struct bldr_error *err)
{
	if (g->compiled) {
		return 0;
	}
	if (g->failed.code == 0 && compile(g, &g->failed) < 0) {
		bldr_error_prefix(&g->failed, "graph \"%s\"", g->name);
	}
	if (g->failed.code != 0) {
		return bldr_error_set(err, g->failed.code, "%s", g->failed.text);
	}
	g->compiled = true;
	hash_structure(g);
	return 0;
}
