/*
 * A bench: the engine of an output folder with a graph from a file, and what is told of its threads. `bldr graph run` and
 * `bldr threads` work on it.
 */
#pragma once

#include <bldr/graph_file.h>
#include "agents/agents.h"
#include "base/arena.h"
#include "cli/cli.h"
#include "cli/settings.h"

struct bench_options {
	const char *file; /* of the graph; NULL: none is known */
	bool runs;        /* without a file: the main graph of the agents is known, to be read */
	bool read_only, must_exist;
	enum bldr_durability durability;
	unsigned modes;                /* BLDR_STREAM_*: parts are printed as JSON lines */
	int64_t recursion_limit;       /* 0: the graph's */
	const struct cli_hooks *hooks; /* borrowed */
};

struct bench {
	struct bldr_engine *engine;
	struct bldr_graph *graph; /* of the file */
	struct agents *agents;
	const struct settings *settings; /* borrowed */
	struct bench_options options;
	struct arena arena;
};

/* Reads and compiles the graph of a file with the nodes of the command line. Errors: those of bldr_graph_read. */
int bench_graph(const char *file, struct bldr_graph **ret, struct bldr_error *err);

/* bench_close follows, whether it succeeded or not. Errors: NOT_FOUND (must_exist: no journal), those of the engine and the file. */
int bench_open(struct bench *b, const struct settings *settings,
	       const struct bench_options *options, struct bldr_error *err);
void bench_close(struct bench *b);

/* INVALID when the bench has no graph for a thread, NOT_FOUND when there is no thread. */
int bench_knows(struct bench *b, const char *thread, struct bldr_error *err);

/*
 * A thread as one object: thread, graph, version, status ("done", "failed", "paused", "waiting", "running"), lineage, step, queued,
 * created_ms, updated_ms, events, error, code, interrupts; with a graph also output. The caller owns it.
 */
int bench_thread(struct bench *b, const char *thread, struct bldr_value **ret,
		 struct bldr_error *err);

/* Runs what has been started, and tells how the thread stands then. Returns the exit code: 0 done, 1 failed, 130 when it waits, is
 * paused or was interrupted. */
int bench_drive(struct bench *b, const char *thread);
