/*
 * Steps in a workspace: a chain of nodes, each of which makes one call, or plays one procedure, and judges what came of it. For
 * `bldr databricks`; each step is journaled, so that a stopped chain can be taken up.
 */
#pragma once

#include "base/buf.h"
#include "cli/settings.h"
#include "databricks/databricks.h"

enum verdict {
	VERDICT_OK,
	VERDICT_SKIPPED, /* nothing was to be done */
	VERDICT_WRONG,   /* something is missing; the next steps are made all the same */
	VERDICT_FAILED   /* the next steps make no sense, but those that clean up */
};

struct step {
	const char *name;  /* of the node */
	const char *title; /* for people */
	const struct databricks_procedure *call;
	/* The call's input from what is known; the caller owns it. NULL: the step does not apply, and detail says why. */
	struct bldr_value *(*input)(const struct step *s, const struct bldr_value *known,
				    struct buf *detail);
	/* Judges the end. learned: object, becomes known to the steps that follow; a list "grants" in it is shown. */
	enum verdict (*judge)(const struct step *s, const struct bldr_value *known,
			      const struct databricks_end *end, struct bldr_value *learned,
			      struct buf *detail);
	const void *about; /* the step's own */
	bool always;       /* also after a step that has failed */
};

/* The text of what is known, "" when it is not. */
const char *known_text(const struct bldr_value *known, const char *key);
/* Who am I: learns "user", as grants name it, and "principals", a list with its groups. */
extern const struct databricks_procedure call_me;
struct bldr_value *step_without_input(const struct step *s, const struct bldr_value *known,
				      struct buf *detail);
enum verdict judge_me(const struct step *s, const struct bldr_value *known,
		      const struct databricks_end *end, struct bldr_value *learned,
		      struct buf *detail);

/* Whether the call did what was asked; otherwise detail says why not. */
bool step_succeeded(const struct databricks_end *end, struct buf *detail);

struct steps_run {
	const struct settings *settings; /* borrowed */
	struct databricks_config config;
	struct databricks workspace;
	struct bldr_policy policy;
	struct bldr_retry retry; /* of the policy */
	struct bldr_engine *engine;
	struct bldr_graph *graph;
	struct arena arena;
	const char *thread;
};

struct chain {
	const char *name;         /* of the graph */
	const struct step *steps; /* until .name NULL */
	uint32_t patience_ms; /* how long "later" is asked again; 0: as databricks_policy says */
};
/* Reads the configuration and opens the journal of the output folder, with the chain as its graph. steps_close follows in each
 * case. Errors: those of access_config and of the engine. */
int steps_open(struct steps_run *r, const struct settings *settings, const struct chain *chain,
	       struct bldr_error *err);
void steps_close(struct steps_run *r);
/* Begins the thread r->thread with what is known. known: object, borrowed. */
int steps_begin(struct steps_run *r, const struct bldr_value *known, struct bldr_error *err);
/* Goes on with a thread of an earlier process. */
int steps_resume(struct steps_run *r, const char *thread, struct bldr_error *err);
/* To the end: prints each step as it ends, and with --json all of them. Returns the exit code: 0, 1 (something is missing or has
 * failed), 3 (the workspace could not be asked), 130. */
int steps_drive(struct steps_run *r);
