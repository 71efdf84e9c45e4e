/*
 * Building a graph: declarations are copied into its arena as they come and given sense when it is
 * compiled. The first wrong name sticks until then.
 */
#include "graph/graph.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static bool is_name(const char *s)
{
	size_t n = s != NULL ? strnlen(s, GRAPH_NAME_MAX + 1) : 0;
	return n >= 1 && n <= GRAPH_NAME_MAX &&
		strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

/* A copy of the name of a new thing; a wrong one sticks as the graph's error. */
static const char *new_name(struct bldr_graph *g, const char *what, const char *name)
{
	if (g->failed.code != 0) {
		return "";
	}
	if (!is_name(name)) {
		bldr_error_set(&g->failed, BLDR_E_INVALID,
			       "%s \"%s\": a name is 1 to %d bytes of a-z 0-9 _ . and -", what,
			       name != NULL ? name : "", GRAPH_NAME_MAX);
		return "";
	}
	if (strcmp(name, BLDR_START) == 0 || strcmp(name, BLDR_END) == 0) {
		bldr_error_set(&g->failed, BLDR_E_INVALID,
			       "%s \"%s\": the name is reserved, choose another", what, name);
		return "";
	}
	return arena_strdup(&g->arena, name);
}

/* A name that something else declares; NULL reads as no name. */
static const char *other_name(struct bldr_graph *g, const char *name)
{
	return arena_strdup(&g->arena, name != NULL ? name : "");
}

static size_t count_names(const char *const *names)
{
	size_t n = 0;
	while (names != NULL && names[n] != NULL) {
		n++;
	}
	return n;
}

static const char *const *copy_names(struct bldr_graph *g, const char *const *names)
{
	if (names == NULL) {
		return NULL;
	}
	size_t n = count_names(names);
	const char **copy = arena_alloc(&g->arena, (n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		copy[i] = arena_strdup(&g->arena, names[i]);
	}
	return copy;
}

static int by_text(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;
	return strcmp(*left, *right);
}

/* A copy in order of the names' bytes, each once. */
static const char *const *sorted_names(struct bldr_graph *g, const char *const *names, size_t *n)
{
	*n = count_names(names);
	const char **copy = arena_alloc(&g->arena, (*n + 1) * sizeof(*copy));
	for (size_t i = 0; i < *n; i++) {
		copy[i] = arena_strdup(&g->arena, names[i]);
	}
	if (*n < 2) {
		return copy;
	}
	qsort(copy, *n, sizeof(*copy), by_text);
	size_t kept = 1;
	for (size_t i = 1; i < *n; i++) {
		if (strcmp(copy[i], copy[kept - 1]) != 0) {
			copy[kept++] = copy[i];
		}
	}
	copy[kept] = NULL;
	*n = kept;
	return copy;
}

struct bldr_graph *bldr_graph_new(const char *name, unsigned version)
{
	struct bldr_graph *g = xcalloc(1, sizeof(*g));
	g->version = version;
	g->steps_max = GRAPH_STEPS_DEFAULT;
	g->name = new_name(g, "graph", name);
	return g;
}

void bldr_graph_free(struct bldr_graph *g)
{
	if (g != NULL) {
		arena_release(&g->arena);
		free(g);
	}
}

void bldr_graph_own(struct bldr_graph *g, void *thing, void (*release)(void *thing))
{
	arena_on_release(&g->arena, release, thing);
}

void bldr_graph_channel(struct bldr_graph *g, const char *name, enum bldr_reducer reducer)
{
	bldr_graph_add_channel(g, &(struct bldr_channel){ .name = name, .reducer = reducer });
}

void bldr_graph_add_channel(struct bldr_graph *g, const struct bldr_channel *c)
{
	ASSERT(!g->compiled);
	ASSERT(c->reducer >= BLDR_LAST && c->reducer <= BLDR_CUSTOM);
	struct channel copy = {
		.name = new_name(g, "channel", c->name),
		.reducer = c->reducer,
		.untracked = c->untracked,
		.reduce = c->reduce,
		.reduce_name = arena_strdup(&g->arena, c->reduce_name),
	};
	copy.names = sorted_names(g, c->names, &copy.n_names);
	*LIST_ADD(&g->arena, &g->declared_channels) = copy;
}

void bldr_graph_input(struct bldr_graph *g, const char *const *channels)
{
	ASSERT(!g->compiled);
	g->inputs = copy_names(g, channels);
}

void bldr_graph_output(struct bldr_graph *g, const char *const *channels)
{
	ASSERT(!g->compiled);
	g->outputs = copy_names(g, channels);
}

void bldr_graph_node(struct bldr_graph *g, const struct bldr_node *node)
{
	ASSERT(!g->compiled);
	struct node_declaration d = { .node = *node };
	d.node.name = new_name(g, "node", node->name);
	d.node.reads = copy_names(g, node->reads);
	d.node.writes = copy_names(g, node->writes);
	d.node.sends = copy_names(g, node->sends);
	d.node.gotos = copy_names(g, node->gotos);
	d.node.on_error = arena_strdup(&g->arena, node->on_error);
	*LIST_ADD(&g->arena, &g->declared_nodes) = d;
}

void bldr_graph_recursion_limit(struct bldr_graph *g, int64_t supersteps)
{
	if (supersteps >= 1 && supersteps <= GRAPH_STEPS_HIGHEST) {
		g->steps_max = supersteps;
	} else if (g->failed.code == 0) {
		bldr_error_set(&g->failed, BLDR_E_INVALID,
			       "a recursion limit of %" PRId64
			       " supersteps is not between 1 and %d",
			       supersteps, GRAPH_STEPS_HIGHEST);
	}
}

void bldr_graph_step_timeout(struct bldr_graph *g, uint32_t ms)
{
	ASSERT(!g->compiled);
	g->step_timeout_ms = ms;
}

void bldr_graph_policy(struct bldr_graph *g, const struct bldr_policy *p)
{
	ASSERT(!g->compiled);
	struct bldr_policy copy = *p;
	copy.kind = other_name(g, p->kind);
	*LIST_ADD(&g->arena, &g->policies) = copy;
}

void bldr_graph_interrupt(struct bldr_graph *g, const char *const *before, const char *const *after)
{
	ASSERT(!g->compiled);
	g->before = copy_names(g, before);
	g->after = copy_names(g, after);
}

void bldr_graph_migrate(struct bldr_graph *g, unsigned from_version,
			struct bldr_value *(*migrate)(const struct bldr_value *old,
						      struct bldr_error *err))
{
	ASSERT(!g->compiled);
	ASSERT(migrate != NULL);
	*LIST_ADD(&g->arena, &g->migrations) = (struct migration){ from_version, migrate };
}

graph_migrate_fn graph_migration(const struct bldr_graph *g, unsigned from_version)
{
	for (size_t i = 0; i < g->migrations.n; i++) {
		if (g->migrations.at[i].from_version == from_version) {
			return g->migrations.at[i].migrate;
		}
	}
	return NULL;
}

void bldr_graph_subgraph(struct bldr_graph *g, const char *name, const struct bldr_graph *sub,
			 const char *const *in, const char *const *out)
{
	bldr_graph_add_subgraph(
		g, &(struct bldr_subgraph){ .name = name, .graph = sub, .in = in, .out = out });
}

void bldr_graph_add_subgraph(struct bldr_graph *g, const struct bldr_subgraph *s)
{
	ASSERT(!g->compiled);
	ASSERT(s->graph != NULL);
	*LIST_ADD(&g->arena, &g->declared_nodes) = (struct node_declaration){
		.node = {
			.name = new_name(g, "node", s->name),
			.gotos = copy_names(g, s->gotos),
			.deferred = s->deferred,
			.on_error = arena_strdup(&g->arena, s->on_error),
		},
		.sub = s->graph,
		.in = copy_names(g, s->in),
		.out = copy_names(g, s->out),
		.persistent = s->persistent,
	};
}

void bldr_graph_edge(struct bldr_graph *g, const char *from, const char *to)
{
	ASSERT(!g->compiled);
	*LIST_ADD(&g->arena, &g->declared_edges) =
		(struct edge_declaration){ .from = other_name(g, from), .to = other_name(g, to) };
}

void bldr_graph_join(struct bldr_graph *g, const char *const *from, const char *to)
{
	ASSERT(!g->compiled);
	struct join_declaration d = { .to = other_name(g, to) };
	d.from = sorted_names(g, from, &d.n);
	*LIST_ADD(&g->arena, &g->declared_joins) = d;
}

void bldr_graph_route(struct bldr_graph *g, const char *from,
		      void (*route)(const struct bldr_view *v, struct bldr_route *r),
		      const char *const *targets)
{
	bldr_graph_add_route(
		g, &(struct bldr_router){ .from = from, .route = route, .targets = targets });
}

void bldr_graph_add_route(struct bldr_graph *g, const struct bldr_router *router)
{
	ASSERT(!g->compiled);
	ASSERT(router->route != NULL);
	*LIST_ADD(&g->arena, &g->declared_routes) = (struct route_declaration){
		.from = other_name(g, router->from),
		.route = router->route,
		.targets = copy_names(g, router->targets),
		.config = router->config,
	};
}

const char *bldr_graph_name(const struct bldr_graph *g)
{
	return g->name;
}

const char *bldr_graph_hash(const struct bldr_graph *g)
{
	ASSERT(g->compiled);
	return g->hash;
}

/* Channels and nodes both begin with their name. */
static size_t find(const void *items, size_t n, size_t item_size, const char *name)
{
	size_t low = 0;
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		const char *const *item = (const void *)((const char *)items + middle * item_size);
		int order = strcmp(name, *item);
		if (order == 0) {
			return middle;
		}
		if (order > 0) {
			low = middle + 1;
		} else {
			n = middle;
		}
	}
	return GRAPH_NONE;
}

_Static_assert(offsetof(struct channel, name) == 0, "find reads the name");
_Static_assert(offsetof(struct node, name) == 0, "find reads the name");

size_t graph_channel(const struct bldr_graph *g, const char *name)
{
	return find(g->channels, g->n_channels, sizeof(*g->channels), name);
}

size_t graph_shown_channel(const struct bldr_graph *g, const char *name)
{
	size_t number = graph_channel(g, name);
	return number != GRAPH_NONE && g->channels[number].hidden ? GRAPH_NONE : number;
}

size_t graph_node(const struct bldr_graph *g, const char *name)
{
	return find(g->nodes, g->n_nodes, sizeof(*g->nodes), name);
}

bool numbers_have(const struct numbers *list, size_t number)
{
	size_t low = 0;
	size_t high = list->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->at[middle] < number) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < list->n && list->at[low] == number;
}

const char *reducer_name(enum bldr_reducer reducer)
{
	static const char *const names[] = { "LAST",     "APPEND",    "MERGE",   "ADD",
					     "MESSAGES", "EPHEMERAL", "BARRIER", "CUSTOM" };
	return names[reducer];
}
