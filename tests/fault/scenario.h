/*
 * What is run and broken off: graphs that together use what the engine promises something about, each with a driver that
 * looks at the journal and does what is to be done next, so that it may begin anew after any crash.
 */
#pragma once

#include <bldr/engine.h>

enum { SCENARIO_THREADS = 2 }; /* a thread and its fork */

struct scenario {
	const char *name;
	struct bldr_graph *(*graph)(void);
	int inputs;          /* in all; those after the first are queued */
	int fork_at;         /* superstep, when it is done; 0: no fork */
	bool fork_elsewhere; /* into a thread of its own */
	bool reuse;
	bool retries_failed; /* the thread fails, is resumed, and the same tries begin anew */
	bool once;           /* has effects of that class: UNKNOWN is an end of them */
	bool ends_failed;
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

const struct scenario *scenario_find(const char *name);
/* Compiled once per process. */
const struct bldr_graph *scenario_graph(const struct scenario *s);

/* A thread of a scenario as one life of an engine drives it. */
struct attendance {
	const struct scenario *scenario;
	char id[32];
	bool taken_up; /* in this life */
};

/* Does what is to be done next for the thread, and tells in ret_more whether there was anything. Errors: the engine's. */
int attend(struct bldr_engine *e, struct attendance *a, bool *ret_more, struct bldr_error *err);
/* The thread that a scenario forks into, "" when none. */
void scenario_fork_id(const struct attendance *a, char ret[32]);
