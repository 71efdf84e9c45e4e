/*
 * Procedures: what takes several calls - look up and create, begin and poll, send and read on - as something that the rounds of
 * one node play. Each is two pure functions; a process that takes the node over goes on where the journal ends.
 *
 *	ask --request--> told --again, after a pause--> ask ...
 *	                     '--end: outcome, value
 *
 * A node's prepare calls databricks_procedure_prepare, its absorb databricks_procedure_absorb, with an input that is the same in
 * each round. A node has BLDR_ROUNDS_MAX rounds, two per poll; what may take longer ends with DATABRICKS_BUSY then, and goes on
 * when it is begun anew.
 */
#pragma once

#include "databricks/answer.h"
#include "databricks/request.h"

struct databricks_end {
	enum databricks_outcome outcome;
	enum databricks_blame blame;
	const char *message;      /* "" when all is well; the arena's */
	struct bldr_value *value; /* as the procedure says; the caller's; NULL: none */
};

/* What told decides; ended false: again. */
struct databricks_turn {
	bool ended;
	struct databricks_end end;
	struct bldr_value *kept; /* object, for the next ask; taken. NULL: nothing */
	int64_t pause_ms;        /* before it */
};

struct databricks_procedure {
	const char *name;
	/* kept: what the last told kept, NULL at the beginning. */
	struct databricks_request (*ask)(const struct databricks *w, const struct bldr_value *input,
					 const struct bldr_value *kept);
	/* now_ms: the round's recorded time. */
	void (*told)(const struct bldr_value *input, const struct bldr_value *kept,
		     const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
		     struct databricks_turn *ret);
};

/*
 * A job that is there once, whatever happens on the way: found by its name and tag, and given these settings, or created. input:
 * {"name", "tag", "value": by which it is known: its name, the name of one of its tags and what that tag says, as its settings
 * have them, too; "settings": the job's, or "file": {path, hash, bytes} of the same as JSON}. value: {"job_id", "created":
 * bool}.
 */
extern const struct databricks_procedure databricks_ensure_job;
/*
 * A run of a job to its end. input: {"job_id", "idempotency_token", "job_parameters": object or absent, "deadline_ms": how long
 * it may take before it is cancelled, or absent; "failed_only": only the first five tasks that have failed are told of}. OK when
 * there was an end; value: {"run_id", "result": "success", "failed", "timed_out", "cancelled" or "skipped", "blame", "code",
 * "message", "url", "tasks": [{"task_key", "attempt", "run_id", "result", "blame", "code", "message", "output", "error",
 * "trace"}]}: of all tasks, whatever page they are on, the last attempt with its output; texts cut, to 8 KB at most, so that
 * what a few hundred tasks say fits a node's kept state.
 */
extern const struct databricks_procedure databricks_ensure_run;
/*
 * A statement to its end. input: {"warehouse_id", "statement", "catalog", "schema", "parameters", "row_limit",
 * "repeatable": bool}, the first two at least. value: {"statement_id", "columns", "rows", "row_count"}; of the failed one
 * INVALID with its message.
 * All rows are in the node's kept state meanwhile: 64 KB of them at most (LIMIT).
 */
extern const struct databricks_procedure databricks_ensure_statement;

/* The told of a procedure that is one call: what it answered is the value, or how it failed. */
void databricks_told_once(const struct bldr_value *input, const struct bldr_value *kept,
			  const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
			  struct databricks_turn *ret);

void databricks_procedure_prepare(const struct databricks_procedure *x, const struct databricks *w,
				  const struct bldr_value *input, const struct bldr_view *v,
				  struct bldr_plan *p);
/* False: the patch says that the node goes again. True: *ret, whose texts are a's. */
bool databricks_procedure_absorb(const struct databricks_procedure *x,
				 const struct bldr_value *input, const struct bldr_view *v,
				 const struct bldr_result *results, struct bldr_patch *p,
				 struct arena *a, struct databricks_end *ret);
