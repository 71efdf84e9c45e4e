/*
 * The compiled structure as data: what the hash is of, what a journal keeps to read threads of older graphs
 * by, and what tells people how two graphs differ. What stands at its default is left out. Subgraphs
 * stand beside the graph by their hashes, each once, however often they are used.
 */
#include "graph/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

static void set_text(struct bldr_value *object, const char *key, const char *text)
{
	if (text != NULL) {
		bldr_object_set(object, key, bldr_text(text));
	}
}

static void set_true(struct bldr_value *object, const char *key, bool yes)
{
	if (yes) {
		bldr_object_set(object, key, bldr_bool(true));
	}
}

/* Takes list; an empty one is left out. */
static void set_list(struct bldr_value *object, const char *key, struct bldr_value *list)
{
	if (bldr_count(list) > 0) {
		bldr_object_set(object, key, list);
	} else {
		bldr_unref(list);
	}
}

static struct bldr_value *texts(const char *const *names, size_t n)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(list, bldr_text(names[i]));
	}
	return list;
}

static struct bldr_value *channel_names(const struct bldr_graph *g, const struct numbers *list)
{
	struct bldr_value *names = bldr_list();
	for (size_t i = 0; i < list->n; i++) {
		bldr_list_add(names, bldr_text(g->channels[list->at[i]].name));
	}
	return names;
}

/* end: whether BLDR_END is among them. */
static struct bldr_value *node_names(const struct bldr_graph *g, const struct numbers *list,
				     bool end)
{
	struct bldr_value *names = bldr_list();
	if (end) {
		bldr_list_add(names, bldr_text(BLDR_END));
	}
	for (size_t i = 0; i < list->n; i++) {
		bldr_list_add(names, bldr_text(g->nodes[list->at[i]].name));
	}
	return names;
}

static struct bldr_value *passage_names(const struct bldr_graph *g, const struct passages *list)
{
	struct bldr_value *names = bldr_list();
	for (size_t i = 0; i < list->n; i++) {
		bldr_list_add(names, bldr_text(g->channels[list->at[i].outer].name));
	}
	return names;
}

static struct bldr_value *describe_channel(const struct bldr_graph *g, const struct channel *c)
{
	struct bldr_value *v = bldr_object();
	set_text(v, "name", c->name);
	set_text(v, "reducer", reducer_name(c->reducer));
	set_text(v, "reduce", c->reduce_name);
	set_list(v, "names", texts(c->names, c->n_names));
	set_true(v, "untracked", c->untracked);
	set_true(v, "input", g->inputs != NULL && c->input);
	set_true(v, "output", g->outputs != NULL && c->output);
	return v;
}

/* Where its edges and routers lead. The order of a node's routers numbers its sends: it is kept. */
static void describe_ways(const struct bldr_graph *g, const struct node *node, struct bldr_value *v)
{
	struct bldr_value *routes = bldr_list();
	for (size_t i = 0; i < node->routers.n; i++) {
		const struct router *r = &node->routers.at[i];
		bldr_list_add(routes, node_names(g, &r->targets, r->may_end));
	}
	set_list(v, "edges", node_names(g, &node->targets, false));
	set_list(v, "routes", routes);
}

static struct bldr_value *describe_node(const struct bldr_graph *g, const struct node *node)
{
	struct bldr_value *v = bldr_object();
	set_text(v, "name", node->name);
	if (node->sub != NULL) {
		set_text(v, "subgraph", node->sub->hash);
		set_list(v, "in", passage_names(g, &node->in));
		set_list(v, "out", passage_names(g, &node->out));
	} else {
		if (!node->reads_all) {
			bldr_object_set(v, "reads", channel_names(g, &node->reads));
		}
		set_list(v, "writes", channel_names(g, &node->writes));
		set_list(v, "sends", node_names(g, &node->sends, false));
	}
	set_list(v, "gotos", node_names(g, &node->gotos, node->may_go_to_end));
	describe_ways(g, node, v);
	set_true(v, "deferred", node->deferred);
	set_true(v, "persistent", node->persistent);
	set_text(v, "on_error", node->on_error != GRAPH_NONE ? g->nodes[node->on_error].name : NULL);
	return v;
}

/* The order of declaration is no part of it: by the names of the hidden channels. */
static struct bldr_value *describe_joins(const struct bldr_graph *g)
{
	struct bldr_value *list = bldr_list();
	for (size_t c = 0; c < g->n_channels; c++) {
		for (size_t i = 0; i < g->n_joins; i++) {
			const struct join *join = &g->joins[i];
			if (join->channel != c) {
				continue;
			}
			struct bldr_value *v = bldr_object();
			bldr_object_set(v, "from", node_names(g, &join->from, false));
			set_text(v, "to",
				 join->target != GRAPH_NONE ? g->nodes[join->target].name
							    : BLDR_END);
			bldr_list_add(list, v);
		}
	}
	return list;
}

static struct bldr_value *describe_graph(const struct bldr_graph *g)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *channels = bldr_list();
	struct bldr_value *nodes = bldr_list();
	struct bldr_value *start = bldr_object();
	for (size_t i = 0; i < g->n_channels; i++) {
		if (!g->channels[i].hidden) {
			bldr_list_add(channels, describe_channel(g, &g->channels[i]));
		}
	}
	for (size_t i = 0; i < g->n_nodes; i++) {
		bldr_list_add(nodes, describe_node(g, &g->nodes[i]));
	}
	describe_ways(g, &g->start, start);
	set_text(v, "name", g->name);
	bldr_object_set(v, "version", bldr_int(g->version));
	bldr_object_set(v, "channels", channels);
	bldr_object_set(v, "nodes", nodes);
	bldr_object_set(v, "start", start);
	set_list(v, "joins", describe_joins(g));
	set_true(v, "inputs", g->inputs != NULL);
	set_true(v, "outputs", g->outputs != NULL);
	return v;
}

/* Adds the subgraphs of g, and theirs. */
static void add_subgraphs(const struct bldr_graph *g, struct bldr_value *subgraphs)
{
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct bldr_graph *sub = g->nodes[i].sub;
		if (sub != NULL && bldr_get(subgraphs, sub->hash) == NULL) {
			bldr_object_set(subgraphs, sub->hash, describe_graph(sub));
			add_subgraphs(sub, subgraphs);
		}
	}
}

struct bldr_value *bldr_graph_structure(const struct bldr_graph *g)
{
	ASSERT(g->compiled);
	struct bldr_value *v = describe_graph(g);
	struct bldr_value *subgraphs = bldr_object();
	add_subgraphs(g, subgraphs);
	if (bldr_count(subgraphs) > 0) {
		bldr_object_set(v, "subgraphs", subgraphs);
	} else {
		bldr_unref(subgraphs);
	}
	return v;
}

/* Rebuilding. */

struct rebuilding {
	const struct bldr_value *subgraphs;
	struct arena arena;
	LIST(struct rebuilt {
		struct bldr_graph *graph;
		const char *hash;
	})
	graphs; /* subgraphs */
	unsigned depth;
};

static const char *const *names_of(struct rebuilding *b, const struct bldr_value *list)
{
	size_t n = bldr_count(list);
	const char **names = arena_alloc(&b->arena, (n + 1) * sizeof(*names));
	for (size_t i = 0; i < n; i++) {
		const char *name = bldr_as_text(bldr_at(list, i));
		names[i] = name != NULL ? name : "";
	}
	return names;
}

/* The names of channels that say true for key. */
static const char *const *marked(struct rebuilding *b, const struct bldr_value *channels,
				 const char *key)
{
	const char **names = arena_alloc(&b->arena, (bldr_count(channels) + 1) * sizeof(*names));
	size_t n = 0;
	for (size_t i = 0; i < bldr_count(channels); i++) {
		const char *name = bldr_get_text(bldr_at(channels, i), "name");
		if (name != NULL && bldr_as_bool(bldr_get(bldr_at(channels, i), key), false)) {
			names[n++] = name;
		}
	}
	return names;
}

/* Without the function that was there once, the last write is all there is. */
static struct bldr_value *take_whole(const struct bldr_value *value, const struct bldr_value *write,
				     struct bldr_error *err)
{
	(void)value;
	(void)err;
	return bldr_ref(write);
}

static void route_nowhere(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	(void)r;
}

static void rebuild_channel(struct rebuilding *b, struct bldr_graph *g, const struct bldr_value *v)
{
	const char *reducer = bldr_get_text(v, "reducer");
	int number = BLDR_LAST;
	while (number <= BLDR_CUSTOM &&
	       (reducer == NULL || strcmp(reducer, reducer_name(number)) != 0)) {
		number++;
	}
	if (number > BLDR_CUSTOM) {
		bldr_error_set(&g->failed, BLDR_E_INVALID, "unknown reducer \"%s\"",
			       reducer != NULL ? reducer : "");
		return;
	}
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){
				       .name = bldr_get_text(v, "name"),
				       .reducer = (enum bldr_reducer)number,
				       .untracked = bldr_as_bool(bldr_get(v, "untracked"), false),
				       .reduce = number == BLDR_CUSTOM ? take_whole : NULL,
				       .reduce_name = bldr_get_text(v, "reduce"),
				       .names = names_of(b, bldr_get(v, "names")),
			       });
}

static void rebuild_ways(struct rebuilding *b, struct bldr_graph *g, const char *from,
			 const struct bldr_value *v)
{
	const struct bldr_value *edges = bldr_get(v, "edges");
	const struct bldr_value *routes = bldr_get(v, "routes");
	for (size_t i = 0; i < bldr_count(edges); i++) {
		bldr_graph_edge(g, from, bldr_as_text(bldr_at(edges, i)));
	}
	for (size_t i = 0; i < bldr_count(routes); i++) {
		bldr_graph_route(g, from, route_nowhere, names_of(b, bldr_at(routes, i)));
	}
}

static int rebuild(struct rebuilding *b, const struct bldr_value *v, struct bldr_graph **ret,
		   struct bldr_error *err);

static int subgraph_of(struct rebuilding *b, const char *hash, struct bldr_graph **ret,
		       struct bldr_error *err)
{
	for (size_t i = 0; i < b->graphs.n; i++) {
		if (strcmp(b->graphs.at[i].hash, hash) == 0) {
			*ret = b->graphs.at[i].graph;
			return 0;
		}
	}
	const struct bldr_value *v = bldr_get(b->subgraphs, hash);
	if (v == NULL || b->depth >= GRAPH_DEPTH_MAX) {
		return bldr_error_set(err, BLDR_E_INVALID, "subgraph \"%s\" is missing", hash);
	}
	b->depth++;
	int rc = rebuild(b, v, ret, err);
	b->depth--;
	if (rc == 0) {
		*LIST_ADD(&b->arena, &b->graphs) = (struct rebuilt){ *ret, hash };
	}
	return rc;
}

static int rebuild_node(struct rebuilding *b, struct bldr_graph *g, const struct bldr_value *v,
			struct bldr_error *err)
{
	const char *hash = bldr_get_text(v, "subgraph");
	const struct bldr_value *reads = bldr_get(v, "reads");
	if (hash == NULL) {
		bldr_graph_node(g,
				&(struct bldr_node){
					.name = bldr_get_text(v, "name"),
					.reads = reads != NULL ? names_of(b, reads) : NULL,
					.writes = names_of(b, bldr_get(v, "writes")),
					.sends = names_of(b, bldr_get(v, "sends")),
					.gotos = names_of(b, bldr_get(v, "gotos")),
					.deferred = bldr_as_bool(bldr_get(v, "deferred"), false),
					.on_error = bldr_get_text(v, "on_error"),
				});
		return 0;
	}
	struct bldr_graph *sub;
	int rc = subgraph_of(b, hash, &sub, err);
	if (rc < 0) {
		return rc;
	}
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = bldr_get_text(v, "name"),
					.graph = sub,
					.in = names_of(b, bldr_get(v, "in")),
					.out = names_of(b, bldr_get(v, "out")),
					.gotos = names_of(b, bldr_get(v, "gotos")),
					.persistent = bldr_as_bool(bldr_get(v, "persistent"), false),
					.deferred = bldr_as_bool(bldr_get(v, "deferred"), false),
					.on_error = bldr_get_text(v, "on_error"),
				});
	return 0;
}

static int rebuild(struct rebuilding *b, const struct bldr_value *v, struct bldr_graph **ret,
		   struct bldr_error *err)
{
	const struct bldr_value *channels = bldr_get(v, "channels");
	const struct bldr_value *nodes = bldr_get(v, "nodes");
	const struct bldr_value *joins = bldr_get(v, "joins");
	struct bldr_graph *g =
		bldr_graph_new(bldr_get_text(v, "name"), (unsigned)bldr_get_int(v, "version", 0));
	g->stored = true;
	for (size_t i = 0; i < bldr_count(channels); i++) {
		rebuild_channel(b, g, bldr_at(channels, i));
	}
	if (bldr_get(v, "inputs") != NULL) {
		bldr_graph_input(g, marked(b, channels, "input"));
	}
	if (bldr_get(v, "outputs") != NULL) {
		bldr_graph_output(g, marked(b, channels, "output"));
	}
	int rc = 0;
	for (size_t i = 0; i < bldr_count(nodes) && rc == 0; i++) {
		rc = rebuild_node(b, g, bldr_at(nodes, i), err);
		rebuild_ways(b, g, bldr_get_text(bldr_at(nodes, i), "name"), bldr_at(nodes, i));
	}
	rebuild_ways(b, g, BLDR_START, bldr_get(v, "start"));
	for (size_t i = 0; i < bldr_count(joins); i++) {
		const struct bldr_value *join = bldr_at(joins, i);
		bldr_graph_join(g, names_of(b, bldr_get(join, "from")), bldr_get_text(join, "to"));
	}
	rc = rc == 0 ? bldr_graph_compile(g, err) : rc;
	if (rc < 0) {
		bldr_graph_free(g);
		return rc;
	}
	*ret = g;
	return 0;
}

static void free_graph(void *user)
{
	bldr_graph_free(user);
}

int graph_from_structure(const struct bldr_value *structure, struct bldr_graph **ret,
			 struct bldr_error *err)
{
	struct rebuilding b = { .subgraphs = bldr_get(structure, "subgraphs"), .depth = 1 };
	struct bldr_error why;
	struct bldr_graph *g = NULL;
	int rc = rebuild(&b, structure, &g, &why);
	for (size_t i = 0; i < b.graphs.n; i++) {
		if (rc == 0) {
			arena_on_release(&g->arena, free_graph, b.graphs.at[i].graph);
		} else {
			bldr_graph_free(b.graphs.at[i].graph);
		}
	}
	arena_release(&b.arena);
	if (rc < 0) {
		return bldr_error_set(err, BLDR_E_CORRUPT, "the structure of a graph: %s", why.text);
	}
	*ret = g;
	return 0;
}

/* Differences. */

struct difference {
	struct buf text;
	const struct bldr_value *was_subgraphs, *is_subgraphs;
	const char *prefix; /* of what is inside a subgraph */
	unsigned depth;
};

static void tell(struct difference *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct difference *d, const char *fmt, ...)
{
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_puts(&d->text, d->text.size > 0 ? "; " : "");
	buf_puts(&d->text, d->prefix);
	buf_puts(&d->text, text);
}

/* The item of a list of objects with that name. */
static const struct bldr_value *named(const struct bldr_value *list, const char *name)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		const char *other = bldr_get_text(bldr_at(list, i), "name");
		if (other != NULL && name != NULL && strcmp(other, name) == 0) {
			return bldr_at(list, i);
		}
	}
	return NULL;
}

static bool lists(const struct bldr_value *list, const struct bldr_value *item)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (bldr_equal(bldr_at(list, i), item)) {
			return true;
		}
	}
	return false;
}

static bool same(const struct bldr_value *was, const struct bldr_value *is, const char *key)
{
	const struct bldr_value *a = bldr_get(was, key);
	const struct bldr_value *b = bldr_get(is, key);
	return a == NULL || b == NULL ? a == b : bldr_equal(a, b);
}

static void compare_channel(struct difference *d, const struct bldr_value *was,
			    const struct bldr_value *is)
{
	static const char *const keys[] = { "reduce", "names", "untracked", "input", "output" };
	const char *name = bldr_get_text(was, "name");
	if (!same(was, is, "reducer")) {
		tell(d, "channel \"%s\" was %s and is %s", name, bldr_get_text(was, "reducer"),
		     bldr_get_text(is, "reducer"));
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!same(was, is, keys[i])) {
			tell(d, "channel \"%s\" has another \"%s\"", name, keys[i]);
		}
	}
}

static void compare_edges(struct difference *d, const char *from, const struct bldr_value *was,
			  const struct bldr_value *is)
{
	for (size_t i = 0; i < bldr_count(was); i++) {
		if (!lists(is, bldr_at(was, i))) {
			tell(d, "edge \"%s\" -> \"%s\" is gone", from,
			     bldr_as_text(bldr_at(was, i)));
		}
	}
	for (size_t i = 0; i < bldr_count(is); i++) {
		if (!lists(was, bldr_at(is, i))) {
			tell(d, "edge \"%s\" -> \"%s\" is new", from, bldr_as_text(bldr_at(is, i)));
		}
	}
}

static void compare_ways(struct difference *d, const char *from, const struct bldr_value *was,
			 const struct bldr_value *is)
{
	compare_edges(d, from, bldr_get(was, "edges"), bldr_get(is, "edges"));
	if (!same(was, is, "routes")) {
		tell(d, "the routers of \"%s\" have other targets", from);
	}
}

static void compare_graphs(struct difference *d, const struct bldr_value *was,
			   const struct bldr_value *is);

static void compare_subgraphs(struct difference *d, const char *node, const char *was,
			      const char *is)
{
	const struct bldr_value *before = bldr_get(d->was_subgraphs, was);
	const struct bldr_value *after = bldr_get(d->is_subgraphs, is);
	if (before == NULL || after == NULL || d->depth >= GRAPH_DEPTH_MAX) {
		tell(d, "node \"%s\" has another subgraph", node);
		return;
	}
	const char *outside = d->prefix;
	char *prefix = xasprintf("%sin node \"%s\": ", outside, node);
	d->prefix = prefix;
	d->depth++;
	compare_graphs(d, before, after);
	d->depth--;
	d->prefix = outside;
	free(prefix);
}

static void compare_node(struct difference *d, const struct bldr_value *was,
			 const struct bldr_value *is)
{
	static const char *const keys[] = { "reads", "writes",   "sends",      "gotos",   "in",
					    "out",   "deferred", "persistent", "on_error" };
	const char *name = bldr_get_text(was, "name");
	const char *before = bldr_get_text(was, "subgraph");
	const char *after = bldr_get_text(is, "subgraph");
	if ((before == NULL) != (after == NULL)) {
		tell(d,
		     before == NULL ? "node \"%s\" is a subgraph now"
				    : "node \"%s\" is no subgraph any more",
		     name);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!same(was, is, keys[i])) {
			tell(d, "node \"%s\" has other \"%s\"", name, keys[i]);
		}
	}
	compare_ways(d, name, was, is);
	if (before != NULL && strcmp(before, after) != 0) {
		compare_subgraphs(d, name, before, after);
	}
}

static void compare_lists(struct difference *d, const char *what, const struct bldr_value *was,
			  const struct bldr_value *is,
			  void (*compare)(struct difference *d, const struct bldr_value *was,
					  const struct bldr_value *is))
{
	for (size_t i = 0; i < bldr_count(was); i++) {
		const char *name = bldr_get_text(bldr_at(was, i), "name");
		const struct bldr_value *other = named(is, name);
		if (other == NULL) {
			tell(d, "%s \"%s\" is gone", what, name);
		} else if (!bldr_equal(bldr_at(was, i), other)) {
			compare(d, bldr_at(was, i), other);
		}
	}
	for (size_t i = 0; i < bldr_count(is); i++) {
		const char *name = bldr_get_text(bldr_at(is, i), "name");
		if (named(was, name) == NULL) {
			tell(d, "%s \"%s\" is new", what, name);
		}
	}
}

static void tell_joins(struct difference *d, const struct bldr_value *some,
		       const struct bldr_value *others, const char *how)
{
	for (size_t i = 0; i < bldr_count(some); i++) {
		const struct bldr_value *join = bldr_at(some, i);
		if (!lists(others, join)) {
			char *from = bldr_value_text(bldr_get(join, "from"));
			tell(d, "join %s -> \"%s\" is %s", from, bldr_get_text(join, "to"), how);
			free(from);
		}
	}
}

static void compare_graphs(struct difference *d, const struct bldr_value *was,
			   const struct bldr_value *is)
{
	if (!same(was, is, "name")) {
		tell(d, "graph \"%s\" is \"%s\" now", bldr_get_text(was, "name"),
		     bldr_get_text(is, "name"));
	}
	if (!same(was, is, "version")) {
		tell(d, "version %" PRId64 " is %" PRId64 " now", bldr_get_int(was, "version", 0),
		     bldr_get_int(is, "version", 0));
	}
	compare_lists(d, "channel", bldr_get(was, "channels"), bldr_get(is, "channels"),
		      compare_channel);
	if (!same(was, is, "inputs") || !same(was, is, "outputs")) {
		tell(d, "other channels are input or output");
	}
	compare_lists(d, "node", bldr_get(was, "nodes"), bldr_get(is, "nodes"), compare_node);
	compare_ways(d, BLDR_START, bldr_get(was, "start"), bldr_get(is, "start"));
	tell_joins(d, bldr_get(was, "joins"), bldr_get(is, "joins"), "gone");
	tell_joins(d, bldr_get(is, "joins"), bldr_get(was, "joins"), "new");
}

char *graph_difference(const struct bldr_value *was, const struct bldr_value *is)
{
	struct difference d = {
		.was_subgraphs = bldr_get(was, "subgraphs"),
		.is_subgraphs = bldr_get(is, "subgraphs"),
		.prefix = "",
		.depth = 1,
	};
	buf_init(&d.text, BLDR_VALUE_TEXT_MAX);
	compare_graphs(&d, was, is);
	char *text = buf_take(&d.text);
	buf_release(&d.text);
	return text;
}
