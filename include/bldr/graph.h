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
#include <bldr/policy.h>

/* How the writes of one superstep are folded into a channel. */
enum bldr_reducer {
	BLDR_LAST,   /* the value written; two writes in one superstep are an error */
	BLDR_APPEND, /* a list; a written list is appended item by item, anything else as one item */
	BLDR_MERGE,  /* an object; the keys of a written object replace older ones */
	BLDR_ADD,    /* a 64-bit integer sum; overflow is an error */
	/*
	 * A list of messages: objects with a text "id". Given one or a list of them: one whose id is there replaces it in its
	 * place, others are appended; one without id gets one that is derived from its task, equal on every replay.
	 * {"remove": id} takes the message away (unknown: an error, unless it says "missing": "ok" too), {"remove": "*"} all
	 * that were there.
	 */
	BLDR_MESSAGES,
	BLDR_EPHEMERAL, /* the value written, seen by the next superstep only; two writes are an error */
	/* Collects names, the texts of `names`, over supersteps; it shows true once all have been written, to one superstep, and
	 * begins anew. Other values are an error, a name that is there already is none. */
	BLDR_BARRIER,
	BLDR_CUSTOM /* what `reduce` makes of the value and each write, in fold order */
};

/*
 * Folds one write into value, which is NULL while the channel is unset. Pure: equal arguments, equal results. The
 * caller owns what is returned; NULL with err filled fails the superstep. Both arguments are borrowed.
 */
typedef struct bldr_value *(*bldr_reduce_fn)(const struct bldr_value *value,
					     const struct bldr_value *write,
					     struct bldr_error *err);

struct bldr_channel {
	const char *name;
	enum bldr_reducer reducer;
	/* In memory only: in no record, no event and no state that is read from the journal; unset after a thread was
	 * taken up again. */
	bool untracked;
	bldr_reduce_fn reduce; /* BLDR_CUSTOM */
	const char *reduce_name; /* BLDR_CUSTOM: part of the hash; another function needs another name */
	const char *const *names; /* BLDR_BARRIER: NULL-terminated */
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
	/* Runs only when nothing else of the graph has anything to run: all that was triggered meanwhile, once. A send to
	 * it does not wait. */
	bool deferred;
	/*
	 * The node that runs instead, in the same superstep and at the same place of the fold order, when this one has
	 * failed for good; NULL: the run fails. Its input is {"node": name, "code": "TIMEOUT", "error": text, "input":
	 * the failed task's or null}. A handler is no subgraph; its own failure is not handled.
	 */
	const char *on_error;
	uint32_t timeout_ms; /* of a whole task from its start, all rounds and tries; 0: none */
	const struct bldr_policy
		*policies; /* its own, n_policies of them; borrowed for the graph's life */
	size_t n_policies;
};

/* Where edges begin and end. */
#define BLDR_START "__start__"
#define BLDR_END "__end__"

struct bldr_graph;

BLDR_API struct bldr_graph *bldr_graph_new(const char *name, unsigned version);
BLDR_API void bldr_graph_free(struct bldr_graph *g);

/* A channel that needs no more than its reducer: not BLDR_BARRIER, not BLDR_CUSTOM. */
BLDR_API void bldr_graph_channel(struct bldr_graph *g, const char *name, enum bldr_reducer reducer);
BLDR_API void bldr_graph_add_channel(struct bldr_graph *g, const struct bldr_channel *c);
/* The channels that an input may set, and those that output and the "values" stream show; all when nothing is said.
 * NULL-terminated. */
BLDR_API void bldr_graph_input(struct bldr_graph *g, const char *const *channels);
BLDR_API void bldr_graph_output(struct bldr_graph *g, const char *const *channels);
BLDR_API void bldr_graph_node(struct bldr_graph *g, const struct bldr_node *node);
/* from may be BLDR_START, to may be BLDR_END. */
BLDR_API void bldr_graph_edge(struct bldr_graph *g, const char *from, const char *to);
/* to (BLDR_END allowed) runs once when every node of from (NULL-terminated, two or more) has ended, in whatever
 * supersteps; then it waits for all of them anew. A node that ends several times meanwhile counts once. */
BLDR_API void bldr_graph_join(struct bldr_graph *g, const char *const *from, const char *to);

/*
 * A conditional edge. route runs after the node, sees the old state plus that node's own writes
 * (all channels), and may only name nodes of targets (NULL-terminated; BLDR_END allowed).
 * from may be BLDR_START: the writes are then the input.
 */
BLDR_API void bldr_graph_route(struct bldr_graph *g, const char *from,
			       void (*route)(const struct bldr_view *v, struct bldr_route *r),
			       const char *const *targets);

/*
 * The recursion limit: how many supersteps an invocation (an input, and what follows from it) of this graph may take,
 * 1..1,000,000 (10,000 when nothing is said). It is no part of the hash: a thread that has failed of it goes on when
 * it is resumed with more.
 */
BLDR_API void bldr_graph_recursion_limit(struct bldr_graph *g, int64_t supersteps);
/* How long a superstep may take; tasks that have not ended then fail with TIMEOUT. 0: any time. No part of the hash. */
BLDR_API void bldr_graph_step_timeout(struct bldr_graph *g, uint32_t ms);
/* For the effects of all nodes. p is copied, p->retry borrowed for the graph's life. No part of the hash. */
BLDR_API void bldr_graph_policy(struct bldr_graph *g, const struct bldr_policy *p);
/*
 * Static interrupts: the thread pauses (BLDR_THREAD_PAUSED) before a superstep that runs a node of before, and after one
 * that ran a node of after and leads to another. {"*", NULL} names all. bldr_thread_resume goes on. Either may be NULL.
 * No part of the hash.
 */
BLDR_API void bldr_graph_interrupt(struct bldr_graph *g, const char *const *before,
				   const char *const *after);
/*
 * Takes threads over that were parked under an older version of the graph of this name. migrate gets {"version": n,
 * "state": {channel: value}, "next": [[node, input or null]...]} and returns "state" and "next" as they shall be now
 * (the caller owns it); NULL with err filled refuses the thread. No part of the hash.
 */
BLDR_API void bldr_graph_migrate(struct bldr_graph *g, unsigned from_version,
				 struct bldr_value *(*migrate)(const struct bldr_value *old,
							       struct bldr_error *err));

/*
 * A node that runs another compiled graph in a namespace of its own, with fresh state per task.
 * in: channels copied from the parent when it starts (a send's input, an object, adds to them).
 * out: channels whose child writes become the task's writes to the parent's channel of the same
 * name: the final value of a BLDR_LAST channel the child wrote, and for the folding reducers what
 * the child added, which is why these may not be in `in` as well - but for BLDR_MESSAGES of both: their ids
 * tell what is new, what is another, and, when it went in, what is gone. Borrows sub.
 */
BLDR_API void bldr_graph_subgraph(struct bldr_graph *g, const char *name,
				  const struct bldr_graph *sub, const char *const *in,
				  const char *const *out);
struct bldr_subgraph {
	const char *name;
	const struct bldr_graph *graph;
	const char *const *in, *const *out; /* as above */
	const char *const *gotos; /* nodes of the parent that the child may go to (bldr_patch_parent) */
	/* The child's channels are kept from one time to the next, in the parent's state: what the parent goes back to, the
	 * child goes back to. `in` is written into them each time. Two at once are an error. What it adds to a folding
	 * channel cannot be told from what it kept: such a channel goes out into a BLDR_LAST one only, or
	 * BLDR_MESSAGES into BLDR_MESSAGES. */
	bool persistent;
	bool deferred;
	const char *on_error;
};
BLDR_API void bldr_graph_add_subgraph(struct bldr_graph *g, const struct bldr_subgraph *s);

/*
 * Checks and freezes. Errors (INVALID): unknown or unreachable nodes, unknown channels or targets,
 * a BLDR_LAST or BLDR_EPHEMERAL channel that parallel nodes of one superstep may both write, duplicate names,
 * handlers that lead in a circle, and uneven fan-in: static edges by which a node would run twice, because the
 * branches that lead to it are of unequal length (join them, or make it deferred; what routers, sends
 * and gotos lead to is not judged). LIMIT: subgraphs nested more than 16 deep. The first error stays.
 */
BLDR_API int bldr_graph_compile(struct bldr_graph *g, struct bldr_error *err);

BLDR_API const char *bldr_graph_name(const struct bldr_graph *g);
/* BLAKE2b-256 hex of the canonical text of the structure (below). Borrowed. */
BLDR_API const char *bldr_graph_hash(const struct bldr_graph *g);
/* A Mermaid flowchart, subgraphs drawn inside; conditional edges dashed; joins meet in a small node. Caller frees. */
BLDR_API char *bldr_graph_mermaid(const struct bldr_graph *g);
/* The compiled structure as data: {"name", "version", "channels": [...], "nodes": [...], "start": {...}, "joins": [...],
 * "subgraphs": {hash: structure}} (schemas/graph_structure.schema.json). Limits, timeouts and policies are no
 * part of it, nor is the order of declaration, but that of a node's routers. The caller owns it. */
BLDR_API struct bldr_value *bldr_graph_structure(const struct bldr_graph *g);
