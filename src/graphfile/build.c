/*
 * From a value that the schema allows to a compiled graph. What the schema cannot say - which fields go with which sort of
 * node - is checked here; names that nothing declares are found when the graph is compiled.
 */
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/options.h"
#include "graphfile/parts.h"

enum sort { SORT_USE = 1, SORT_PROCESS = 2, SORT_GRAPH = 4 };

/* Fields of a node, and the sorts that have them. */
static const struct {
	const char *name;
	unsigned sorts;
} fields[] = {
	{ "use", SORT_USE },
	{ "process", SORT_PROCESS },
	{ "graph", SORT_GRAPH },
	{ "config", SORT_USE },
	{ "reads", SORT_USE | SORT_PROCESS },
	{ "writes", SORT_USE | SORT_PROCESS },
	{ "sends", SORT_USE | SORT_PROCESS },
	{ "gotos", SORT_USE | SORT_PROCESS | SORT_GRAPH },
	{ "in", SORT_GRAPH },
	{ "out", SORT_GRAPH },
	{ "persistent", SORT_GRAPH },
	{ "deferred", SORT_USE | SORT_PROCESS | SORT_GRAPH },
	{ "on_error", SORT_USE | SORT_PROCESS | SORT_GRAPH },
	{ "class", SORT_PROCESS },
	{ "timeout_ms", SORT_PROCESS },
	{ "task_timeout_ms", SORT_USE | SORT_PROCESS },
	{ "cwd", SORT_PROCESS },
	{ "env", SORT_PROCESS },
	{ "children", SORT_PROCESS },
	{ "memory_mb", SORT_PROCESS },
	{ "retry", SORT_PROCESS },
	{ "policies", SORT_USE | SORT_PROCESS },
};

/* Building one graph. */
struct building {
	const struct reading *r;
	struct bldr_graph *graph;
	struct belongings *own;
	struct arena *arena; /* own's */
};

const char *const *names_of(struct arena *a, const struct bldr_value *v)
{
	if (v == NULL) {
		return NULL;
	}
	size_t n = bldr_type_of(v) == BLDR_LIST ? bldr_count(v) : 1;
	const char **names = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		names[i] = bldr_as_text(bldr_type_of(v) == BLDR_LIST ? bldr_at(v, i) : v);
	}
	return names;
}

static void release(void *thing)
{
	struct belongings *own = thing;
	json_schema_free(own->lines);
	bldr_unref(own->lines_value);
	bldr_unref(own->file);
	arena_release(&own->arena);
	free(own);
}

static void release_graph(void *thing)
{
	bldr_graph_free(thing);
}

/* Channels */

static enum bldr_reducer reducer_of(const char *name)
{
	static const struct {
		const char *name;
		enum bldr_reducer reducer;
	} all[] = {
		{ "last", BLDR_LAST },         { "append", BLDR_APPEND },
		{ "merge", BLDR_MERGE },       { "add", BLDR_ADD },
		{ "messages", BLDR_MESSAGES }, { "ephemeral", BLDR_EPHEMERAL },
		{ "barrier", BLDR_BARRIER },
	};
	size_t i = 0;
	while (strcmp(all[i].name, name) != 0) {
		i++;
		ASSERT(i < sizeof(all) / sizeof(all[0])); /* the schema knows no others */
	}
	return all[i].reducer;
}

static void add_channels(struct building *b, const struct bldr_value *channels)
{
	for (void *it = bldr_first(channels); it != NULL; it = bldr_next(channels, it)) {
		const struct bldr_value *c = bldr_item(it);
		const char *reducer = bldr_as_text(c);
		reducer = reducer != NULL ? reducer : bldr_get_text(c, "reducer");
		const struct bldr_channel channel = {
			.name = bldr_key(it),
			.reducer = reducer_of(reducer),
			.untracked = bldr_as_bool(bldr_get(c, "untracked"), false),
			.names = names_of(b->arena, bldr_get(c, "names")),
		};
		bldr_graph_add_channel(b->graph, &channel);
	}
}

/* Policies */

static int code_of(const char *name)
{
	int code = -1;
	while (strcmp(bldr_error_name(code), name) != 0) {
		code--;
		ASSERT(code > -100); /* the schema knows no others */
	}
	return code;
}

static const struct bldr_retry *retry_of(struct arena *a, const struct bldr_value *v)
{
	if (v == NULL) {
		return NULL;
	}
	struct bldr_retry *retry = ARENA_NEW(a, struct bldr_retry);
	const struct bldr_value *on = bldr_get(v, "on");
	*retry = (struct bldr_retry){
		.attempts = (uint32_t)bldr_get_int(v, "attempts", 0),
		.first_ms = (uint32_t)bldr_get_int(v, "first_ms", 0),
		.max_ms = (uint32_t)bldr_get_int(v, "max_ms", 0),
		.factor_percent = (uint32_t)bldr_get_int(v, "factor_percent", 0),
		.no_jitter = !bldr_as_bool(bldr_get(v, "jitter"), true),
	};
	if (on != NULL) {
		int *codes = ARENA_ARRAY(a, int, bldr_count(on) + 1);
		for (size_t i = 0; i < bldr_count(on); i++) {
			codes[i] = code_of(bldr_as_text(bldr_at(on, i)));
		}
		retry->on = codes;
	}
	return retry;
}

static struct bldr_policy policy_of(struct arena *a, const struct bldr_value *v)
{
	return (struct bldr_policy){
		.kind = bldr_get_text(v, "kind"),
		.retry = retry_of(a, bldr_get(v, "retry")),
		.timeout_ms = (uint32_t)bldr_get_int(v, "timeout_ms", 0),
		.cache_ms = bldr_get_int(v, "cache_ms", 0),
		.rate_count = (uint32_t)bldr_get_int(v, "rate_count", 0),
		.rate_ms = (uint32_t)bldr_get_int(v, "rate_ms", 0),
		.rate_burst = (uint32_t)bldr_get_int(v, "rate_burst", 0),
		.concurrency = (uint32_t)bldr_get_int(v, "concurrency", 0),
	};
}

static void add_policies(struct building *b, const struct bldr_value *policies)
{
	for (size_t i = 0; i < bldr_count(policies); i++) {
		const struct bldr_policy p = policy_of(b->arena, bldr_at(policies, i));
		bldr_graph_policy(b->graph, &p);
	}
}

/* A node's own policies, and what "retry" says of its calls. */
static void set_policies(struct building *b, const struct bldr_value *v, struct bldr_node *node)
{
	const struct bldr_value *list = bldr_get(v, "policies");
	const struct bldr_value *retry = bldr_get(v, "retry");
	struct bldr_policy *all = ARENA_ARRAY(b->arena, struct bldr_policy, bldr_count(list) + 1);
	for (size_t i = 0; i < bldr_count(list); i++) {
		all[node->n_policies++] = policy_of(b->arena, bldr_at(list, i));
	}
	if (retry != NULL) {
		all[node->n_policies++] = (struct bldr_policy){
			.kind = "node",
			.retry = retry_of(b->arena, retry),
		};
	}
	node->policies = all;
}

/* Nodes */

static int sort_of(const struct building *b, const struct pointer *at, const struct bldr_value *v,
		   enum sort *ret, struct bldr_error *err)
{
	unsigned found = (bldr_get(v, "use") != NULL ? SORT_USE : 0) |
		(bldr_get(v, "process") != NULL ? SORT_PROCESS : 0) |
		(bldr_get(v, "graph") != NULL ? SORT_GRAPH : 0);
	if (found != SORT_USE && found != SORT_PROCESS && found != SORT_GRAPH) {
		return wrong_at(b->r, at, err,
				"a node has one of use, process and graph: say what plays it");
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (bldr_get(v, fields[i].name) != NULL && (fields[i].sorts & found) == 0) {
			const struct pointer field = { .up = at, .key = fields[i].name };
			return wrong_at(b->r, &field, err, "a node with \"%s\" has no \"%s\"",
					found == SORT_USE               ? "use"
						: found == SORT_PROCESS ? "process"
									: "graph",
					fields[i].name);
		}
	}
	*ret = (enum sort)found;
	return 0;
}

/* What all nodes but subgraphs declare. */
static struct bldr_node node_of(struct building *b, const char *name, const struct bldr_value *v)
{
	struct bldr_node node = {
		.name = name,
		.reads = names_of(b->arena, bldr_get(v, "reads")),
		.writes = names_of(b->arena, bldr_get(v, "writes")),
		.sends = names_of(b->arena, bldr_get(v, "sends")),
		.gotos = names_of(b->arena, bldr_get(v, "gotos")),
		.deferred = bldr_as_bool(bldr_get(v, "deferred"), false),
		.on_error = bldr_get_text(v, "on_error"),
		.timeout_ms = (uint32_t)bldr_get_int(v, "task_timeout_ms", 0),
	};
	set_policies(b, v, &node);
	return node;
}

static int add_used(struct building *b, const char *name, const struct bldr_value *v,
		    const struct pointer *at, struct bldr_error *err)
{
	const char *use = bldr_get_text(v, "use");
	const struct pointer field = { .up = at, .key = "use" };
	const char **known = ARENA_ARRAY(b->arena, const char *, b->r->n_registered + 1);
	for (size_t i = 0; i < b->r->n_registered; i++) {
		const struct bldr_node *registered = &b->r->registered[i];
		if (strcmp(registered->name, use) == 0) {
			struct bldr_node node = node_of(b, name, v);
			node.prepare = registered->prepare;
			node.absorb = registered->absorb;
			node.config = bldr_get(v, "config");
			bldr_graph_node(b->graph, &node);
			return 0;
		}
		known[i] = registered->name;
	}
	const char *near = options_nearest(use, known);
	return near != NULL
		? wrong_at(b->r, &field, err, "no node \"%s\" is registered; did you mean \"%s\"?",
			   use, near)
		: wrong_at(b->r, &field, err, "no node \"%s\" is registered", use);
}

static const struct json_schema *lines_of(struct building *b)
{
	if (b->own->lines == NULL) {
		const struct asset *asset = asset_find("schemas/node_line.schema.json");
		ASSERT(asset != NULL);
		ASSERT(bldr_value_parse((const char *)asset->data, asset->size,
					&b->own->lines_value, NULL) == 0);
		ASSERT(json_schema_new(b->own->lines_value, &b->own->lines, NULL) == 0);
	}
	return b->own->lines;
}

static enum bldr_class class_of(const char *name)
{
	return name == NULL || strcmp(name, "pure") == 0 ? BLDR_PURE
		: strcmp(name, "keyed") == 0             ? BLDR_KEYED
							 : BLDR_ONCE;
}

static const char *path_in(struct building *b, const char *path)
{
	return path[0] == '/' ? path : arena_printf(b->arena, "%s/%s", b->r->folder, path);
}

static void add_process(struct building *b, const char *name, const struct bldr_value *v)
{
	struct bldr_node node = node_of(b, name, v);
	struct process_node *config = ARENA_NEW(b->arena, struct process_node);
	const char *cwd = bldr_get_text(v, "cwd");
	*config = (struct process_node){
		.name = name,
		.argv = bldr_get(v, "process"),
		.env = bldr_get(v, "env"),
		.cwd = cwd != NULL ? path_in(b, cwd) : arena_strdup(b->arena, b->r->folder),
		.children = bldr_get_int(v, "children", 1),
		.memory_mb = bldr_get_int(v, "memory_mb", 0),
		.cls = class_of(bldr_get_text(v, "class")),
		.timeout_ms = (uint32_t)bldr_get_int(v, "timeout_ms", 0),
		.lines = lines_of(b),
	};
	node.config = config;
	node.prepare = process_prepare;
	node.absorb = process_absorb;
	bldr_graph_node(b->graph, &node);
}

/* The graph that a node names or holds. */
static int nested(struct building *b, const struct bldr_value *v, const struct pointer *at,
		  struct bldr_graph **ret, struct bldr_error *err)
{
	const char *path = bldr_as_text(v);
	unsigned depth = b->r->depth + 1;
	if (depth > GRAPH_FILE_DEPTH_MAX) {
		wrong_at(b->r, at, err, "graphs are nested more than %d deep; does it hold itself?",
			 GRAPH_FILE_DEPTH_MAX);
		err->code = BLDR_E_LIMIT;
		return err->code;
	}
	if (path != NULL) {
		int rc = read_graph_file(path_in(b, path), b->r, depth, ret, err);
		return rc == BLDR_E_NOT_FOUND
			? wrong_at(b->r, at, err, "there is no file \"%s\"", path_in(b, path))
			: rc;
	}
	struct reading inner = *b->r;
	inner.depth = depth;
	inner.root = at;
	return build_graph(&inner, bldr_ref(v), ret, err);
}

static int add_subgraph(struct building *b, const char *name, const struct bldr_value *v,
			const struct pointer *at, struct bldr_error *err)
{
	const struct pointer field = { .up = at, .key = "graph" };
	struct bldr_graph *sub = NULL;
	int rc = nested(b, bldr_get(v, "graph"), &field, &sub, err);
	if (rc < 0) {
		return rc;
	}
	bldr_graph_own(b->graph, sub, release_graph);
	const struct bldr_subgraph s = {
		.name = name,
		.graph = sub,
		.in = names_of(b->arena, bldr_get(v, "in")),
		.out = names_of(b->arena, bldr_get(v, "out")),
		.gotos = names_of(b->arena, bldr_get(v, "gotos")),
		.persistent = bldr_as_bool(bldr_get(v, "persistent"), false),
		.deferred = bldr_as_bool(bldr_get(v, "deferred"), false),
		.on_error = bldr_get_text(v, "on_error"),
	};
	bldr_graph_add_subgraph(b->graph, &s);
	return 0;
}

static int add_node(struct building *b, const char *name, const struct bldr_value *v,
		    const struct pointer *at, struct bldr_error *err)
{
	enum sort sort = SORT_USE;
	int rc = sort_of(b, at, v, &sort, err);
	if (rc < 0) {
		return rc;
	}
	switch (sort) {
	case SORT_USE:
		return add_used(b, name, v, at, err);
	case SORT_PROCESS:
		add_process(b, name, v);
		return 0;
	case SORT_GRAPH:
		return add_subgraph(b, name, v, at, err);
	}
	return 0;
}

static int add_nodes(struct building *b, const struct bldr_value *nodes, struct bldr_error *err)
{
	/* Behind an inline graph's own place, so that paths of graphs within graphs are whole. */
	const struct pointer top = { .up = NULL };
	const struct pointer all = { .up = b->r->root != NULL ? b->r->root : &top, .key = "nodes" };
	struct reading whole = *b->r;
	struct building of_file = *b;
	whole.root = NULL;
	of_file.r = &whole;
	int rc = 0;
	for (void *it = bldr_first(nodes); it != NULL && rc == 0; it = bldr_next(nodes, it)) {
		const struct pointer at = { .up = &all, .key = bldr_key(it) };
		rc = add_node(&of_file, bldr_key(it), bldr_item(it), &at, err);
	}
	return rc;
}

static void add_edges(struct building *b, const struct bldr_value *edges)
{
	for (size_t i = 0; i < bldr_count(edges); i++) {
		const struct bldr_value *from = bldr_at(bldr_at(edges, i), 0);
		const char *to = bldr_as_text(bldr_at(bldr_at(edges, i), 1));
		if (bldr_type_of(from) == BLDR_LIST) {
			bldr_graph_join(b->graph, names_of(b->arena, from), to);
		} else {
			bldr_graph_edge(b->graph, bldr_as_text(from), to);
		}
	}
}

static void set_limits(struct building *b, const struct bldr_value *v)
{
	const struct bldr_value *interrupt = bldr_get(v, "interrupt");
	if (bldr_get(v, "input") != NULL) {
		bldr_graph_input(b->graph, names_of(b->arena, bldr_get(v, "input")));
	}
	if (bldr_get(v, "output") != NULL) {
		bldr_graph_output(b->graph, names_of(b->arena, bldr_get(v, "output")));
	}
	if (bldr_get(v, "recursion_limit") != NULL) {
		bldr_graph_recursion_limit(b->graph, bldr_get_int(v, "recursion_limit", 0));
	}
	bldr_graph_step_timeout(b->graph, (uint32_t)bldr_get_int(v, "step_timeout_ms", 0));
	bldr_graph_interrupt(b->graph, names_of(b->arena, bldr_get(interrupt, "before")),
			     names_of(b->arena, bldr_get(interrupt, "after")));
}

static int compile(const struct building *b, struct bldr_error *err)
{
	int rc = bldr_graph_compile(b->graph, err);
	return rc < 0 ? bldr_error_prefix(err, "%s", b->r->path) : 0;
}

int build_graph(const struct reading *r, struct bldr_value *v, struct bldr_graph **ret,
		struct bldr_error *err)
{
	struct building b = {
		.r = r,
		.graph = bldr_graph_new(bldr_get_text(v, "graph"),
					(unsigned)bldr_get_int(v, "version", 1)),
		.own = xcalloc(1, sizeof(*b.own)),
	};
	b.own->file = v;
	b.arena = &b.own->arena;
	bldr_graph_own(b.graph, b.own, release);
	add_channels(&b, bldr_get(v, "channels"));
	set_limits(&b, v);
	add_policies(&b, bldr_get(v, "policies"));
	int rc = add_nodes(&b, bldr_get(v, "nodes"), err);
	if (rc == 0) {
		add_edges(&b, bldr_get(v, "edges"));
		rc = build_routes(r, b.graph, v, b.arena, err);
	}
	rc = rc == 0 ? compile(&b, err) : rc;
	if (rc < 0) {
		bldr_graph_free(b.graph);
		return rc;
	}
	*ret = b.graph;
	return 0;
}
