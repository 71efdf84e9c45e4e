/*
 * The inside of a graph: what was declared, in that order, and what compiling made of it.
 *
 * After compiling, channels and nodes are numbered in the order of their names' bytes, so that a
 * list of ascending numbers is a list in fold order. Everything lives in the graph's arena.
 */
#pragma once

#include <bldr/graph.h>
#include "base/arena.h"
#include "base/hash.h"

enum {
	GRAPH_NAME_MAX = 64,
	GRAPH_DEPTH_MAX = 16,          /* subgraphs in subgraphs */
	GRAPH_TASKS_MAX = 10000,       /* tasks of one superstep */
	GRAPH_STEPS_DEFAULT = 10000,   /* supersteps of one frame: the recursion limit */
	GRAPH_STEPS_HIGHEST = 1000000, /* what a graph may set it to */
	GRAPH_QUEUE_MAX = 1000,        /* inputs that wait for a thread */
};

/* Numbers of nodes or channels. */
struct numbers {
	size_t *at;
	size_t n, room;
};

/* A channel of a graph, and the channel of the same name in its subgraph. */
struct passage {
	size_t outer, inner;
};

struct passages {
	struct passage *at;
	size_t n, room;
};

struct channel {
	const char *name;
	enum bldr_reducer reducer;
	bool untracked;
	bool hidden; /* the graph's own: "join:a+b:c", "defer:c", "sub:name" */
	bool input, output;
	bldr_reduce_fn reduce;
	const char *reduce_name;
	const char *const *names; /* BLDR_BARRIER: ascending */
	size_t n_names;
};

/* Its channel collects the names of the nodes of from that have ended. */
struct join {
	size_t channel;
	struct numbers from; /* ascending, as the channel's names are */
	size_t target;       /* GRAPH_NONE: the end */
};

struct router {
	void (*route)(const struct bldr_view *v, struct bldr_route *r);
	struct numbers targets; /* ascending, without the end */
	bool may_end;
};

struct routers {
	struct router *at;
	size_t n, room;
};

struct node {
	const char *name;
	size_t declared;              /* its place among the declarations */
	const struct bldr_graph *sub; /* NULL: a node of functions */
	void (*prepare)(const struct bldr_view *v, struct bldr_plan *p);
	void (*absorb)(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p);
	const void *config;
	bool reads_all;
	struct numbers reads, writes, sends; /* ascending */
	struct numbers gotos;                /* ascending, without the end */
	bool may_go_to_end;
	struct numbers targets; /* of static edges, ascending, without the end */
	struct routers routers; /* as declared */
	struct passages in, out;
	struct numbers joins; /* that it is a source of */
	bool deferred, persistent;
	size_t defer_channel; /* deferred: true there while it waits */
	size_t kept_channel;  /* persistent: what its subgraph keeps */
	size_t on_error;      /* GRAPH_NONE: none */
	uint32_t timeout_ms;  /* 0: none */
	const struct bldr_policy *policies;
	size_t n_policies;
	bool stop_before, stop_after; /* static interrupts */
};

typedef struct bldr_value *(*graph_migrate_fn)(const struct bldr_value *old, struct bldr_error *err);

struct migration {
	unsigned from_version;
	graph_migrate_fn migrate;
};

struct node_declaration {
	struct bldr_node node; /* of a subgraph: name, gotos, deferred, on_error */
	const struct bldr_graph *sub;
	const char *const *in, *const *out;
	bool persistent;
};

struct edge_declaration {
	const char *from, *to;
};

struct join_declaration {
	const char *const *from; /* ascending, each once */
	size_t n;
	const char *to;
};

struct route_declaration {
	const char *from;
	void (*route)(const struct bldr_view *v, struct bldr_route *r);
	const char *const *targets;
};

struct bldr_graph {
	struct arena arena;
	const char *name;
	unsigned version;
	struct bldr_error failed; /* the first error of building */
	LIST(struct channel) declared_channels;
	LIST(struct node_declaration) declared_nodes;
	LIST(struct edge_declaration) declared_edges;
	LIST(struct join_declaration) declared_joins;
	LIST(struct route_declaration) declared_routes;

	const char *const *inputs, *const *outputs; /* NULL: all channels */
	int64_t steps_max;
	uint32_t step_timeout_ms; /* 0: none */
	LIST(struct bldr_policy) policies;
	LIST(struct migration) migrations;
	const char *const *before, *const *after; /* names of static interrupts, or NULL */
	bool stored; /* made from a structure: it was checked when that was made */
	bool compiled;
	struct channel *channels;
	size_t n_channels;
	struct numbers passing; /* channels that show their value to one superstep */
	struct node *nodes;
	size_t n_nodes;
	struct join *joins;
	size_t n_joins;
	struct numbers deferred; /* nodes */
	struct node start;       /* edges and routers of BLDR_START */
	unsigned depth;          /* 1: no subgraphs */
	bool stops;              /* some node has a static interrupt */
	bool timed;              /* something of it, or of its subgraphs, has a timeout of tasks */
	char hash[HASH_HEX_MAX];
};

#define GRAPH_NONE SIZE_MAX

/* The number of a channel or node of a compiled graph, or GRAPH_NONE. */
size_t graph_channel(const struct bldr_graph *g, const char *name);
size_t graph_shown_channel(const struct bldr_graph *g, const char *name); /* not of hidden ones */
size_t graph_node(const struct bldr_graph *g, const char *name);
/* list ascends. */
bool numbers_have(const struct numbers *list, size_t number);
/* LAST, APPEND... */
const char *reducer_name(enum bldr_reducer reducer);

/* compile_check.c: what cannot be right in a graph whose names are all resolved. Errors: INVALID. */
int graph_check(const struct bldr_graph *g, struct bldr_error *err);
int graph_check_channel(const struct channel *c, struct bldr_error *err);

/* A compiled graph of what bldr_graph_structure gave: its channels (BLDR_CUSTOM ones take whole
 * values), nodes and edges, without functions. It can rebuild and be read, not run. Free it with
 * bldr_graph_free. Errors: CORRUPT. */
int graph_from_structure(const struct bldr_value *structure, struct bldr_graph **ret,
			 struct bldr_error *err);
/* What differs between two structures, for people: "channel \"total\" was LAST and is ADD; node
 * \"review\" is gone". The caller frees it; "" when nothing does. */
char *graph_difference(const struct bldr_value *was, const struct bldr_value *is);

/* The migration of threads that were parked under a version; NULL: there is none. */
graph_migrate_fn graph_migration(const struct bldr_graph *g, unsigned from_version);
