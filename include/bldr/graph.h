/*
 * Graphs: nodes, channels with reducers, edges, routers, subgraphs.
 *
 * The semantics are LangGraph's: all tasks of a superstep see the channels as the superstep began;
 * their writes are folded when all have ended, nodes by name first, then sends by index, never in
 * order of arrival, and are visible in the next superstep. A run ends when nothing is left to run.
 * A superstep runs at most 10,000 tasks, a graph at most 10,000 supersteps unless it says otherwise
 * (the recursion limit), a task at most BLDR_ROUNDS_MAX rounds.
 * Values reach nodes with the keys of objects in order of their bytes, however they were built.
 *
 * Build a graph, compile it, then use it read-only for as long as an engine knows it.
 * Names are 1..64 bytes of a-z 0-9 _ . and -; the strings passed in are copied. Errors
 * stick until bldr_graph_compile, which reports the first.
 */
#pragma once

#include <bldr/effect.h>

/* How the writes of one superstep are folded into a channel. */
enum bldr_reducer {
	BLDR_LAST,   /* the value written; two writes in one superstep are an error */
	BLDR_APPEND, /* a list; a written list is appended item by item, anything else as one item */
	BLDR_MERGE,  /* an object; the keys of a written object replace older ones */
	BLDR_ADD     /* a 64-bit integer sum; overflow is an error */
};

struct bldr_node {
	const char *name;
	const char *const *reads;  /* NULL-terminated channel names; NULL: every channel */
	const char *const *writes; /* NULL-terminated; other writes are errors; NULL: none */
	const char *const *sends;  /* NULL-terminated nodes that absorb may send to; NULL: none */
	const char *const *gotos; /* NULL-terminated nodes that absorb may go to; BLDR_END allowed */
	/* Either may be NULL: no effects; results ignored. */
	void (*prepare)(const struct bldr_view *v, struct bldr_plan *p);
	void (*absorb)(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p);
	const void *config; /* reaches the node as view->config; must outlive the graph */
};

/* Where edges begin and end. */
#define BLDR_START "__start__"
#define BLDR_END "__end__"

struct bldr_graph;

BLDR_API struct bldr_graph *bldr_graph_new(const char *name, unsigned version);
BLDR_API void bldr_graph_free(struct bldr_graph *g);

BLDR_API void bldr_graph_channel(struct bldr_graph *g, const char *name, enum bldr_reducer reducer);
BLDR_API void bldr_graph_node(struct bldr_graph *g, const struct bldr_node *node);
/* from may be BLDR_START, to may be BLDR_END. */
BLDR_API void bldr_graph_edge(struct bldr_graph *g, const char *from, const char *to);

/*
 * A conditional edge. route runs after the node, sees the old state plus that node's own writes
 * (all channels), and may only name nodes of targets (NULL-terminated; BLDR_END allowed).
 * from may be BLDR_START: the writes are then the input.
 */
BLDR_API void bldr_graph_route(struct bldr_graph *g, const char *from,
			       void (*route)(const struct bldr_view *v, struct bldr_route *r),
			       const char *const *targets);

/*
 * The recursion limit: how many supersteps a run of this graph may take, 1..1,000,000 (10,000 when nothing is
 * said). It is no part of the hash: a thread that has failed of it goes on when it is resumed with more.
 */
BLDR_API void bldr_graph_recursion_limit(struct bldr_graph *g, int64_t supersteps);

/*
 * A node that runs another compiled graph in a namespace of its own, with fresh state per task.
 * in: channels copied from the parent when it starts (a send's input, an object, adds to them).
 * out: channels whose child writes become the task's writes to the parent's channel of the same
 * name: the final value of a BLDR_LAST channel the child wrote, and for the folding reducers what
 * the child added, which is why these may not be in `in` as well. Borrows sub.
 */
BLDR_API void bldr_graph_subgraph(struct bldr_graph *g, const char *name,
				  const struct bldr_graph *sub, const char *const *in,
				  const char *const *out);

/*
 * Checks and freezes. Errors (INVALID): unknown or unreachable nodes, unknown channels or targets,
 * a BLDR_LAST channel that parallel nodes of one superstep may both write, duplicate names. LIMIT:
 * subgraphs nested more than 16 deep.
 */
BLDR_API int bldr_graph_compile(struct bldr_graph *g, struct bldr_error *err);

BLDR_API const char *bldr_graph_name(const struct bldr_graph *g);
/* BLAKE2b-256 hex of the compiled structure (nodes, edges, channels, version). Borrowed. */
BLDR_API const char *bldr_graph_hash(const struct bldr_graph *g);
/* A Mermaid flowchart, subgraphs drawn inside; conditional edges dashed. Caller frees. */
BLDR_API char *bldr_graph_mermaid(const struct bldr_graph *g);
