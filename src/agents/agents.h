/*
 * The agents: nodes and subgraphs of the main graph, and the work functions behind them.
 *
 *	supervisor -> analyst.design -> (approval) -> tester.contract -> analyst.map -> developer.build
 *	           -> (developer.deploy) -> tester.check -> (findings: back to whoever is to blame) -> evaluator
 *
 * The supervisor is entered between any two of them and decides what is next. Nodes only hand
 * references of artefacts on; the work functions read and write the files in the run's folder.
 * Everything here uses the engine by its public headers.
 */
#pragma once

#include <bldr/engine.h>

/* What work functions need to know of the world; outlives the engine. */
struct agents_context {
	const char *output; /* the folder that holds a folder per run */
};

struct agents;

/* Builds and compiles the graphs. Errors: INVALID (a bug in a graph). */
int agents_new(struct agents **ret, struct bldr_error *err);
void agents_free(struct agents *a);

/* The main graph, named "main". Borrowed. */
const struct bldr_graph *agents_graph(const struct agents *a);

/* The work functions by name, each with its duration in simulation; .context is to be filled in. */
const struct bldr_work_type *agents_work(size_t *ret_n);

/* Registers the main graph, all work functions and the knowledge base's effects. context is borrowed.
 * Errors: INVALID (a newer version wrote the file's knowledge base), IO. */
int agents_register(const struct agents *a, struct bldr_engine *e, struct agents_context *context,
		    struct bldr_error *err);

/* What a run is asked to do. */
struct agents_job {
	const char *run;
	const char *source_dir; /* absolute */
	int64_t rounds_max;     /* mapping rounds at most, the first included */
	bool approve;           /* a person is asked whether the design is right */
	bool knowledge;         /* recall from the knowledge base and write to it */
	const struct bldr_value
		*databricks; /* where the pipeline runs (remote/remote.h); NULL: embedded only */
};
/* The input of a thread of the main graph. The caller owns the result. */
struct bldr_value *agents_input(const struct agents_job *job);

/*
 * What the run asks when it waits for approval: an interrupt with "kind" AGENTS_APPROVAL, "question", and the
 * references "sources", "profile" and "design". The answer is {"answer": "approve" | "redesign" | "reject", "reason": text}.
 */
#define AGENTS_APPROVAL "approve_design"
