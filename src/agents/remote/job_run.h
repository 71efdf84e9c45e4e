/*
 * Nodes that run the job of a deployment and wait for its end. Starting it carries a token that is the same after a crash, so
 * that there is one run per attempt.
 *
 *	run --> poll --not ended--> poll
 *	            \--ended--> who comes next
 *
 * The channel `remote`: {"warehouse_id", "job_id", "run_id", "url", "state", "result", "message", "asked", "since_ms", "repairs",
 * "latest_repair_id", "failures": [{"task", "run_id", "code", "message", "blame"[, "error", "trace"]}]}; state and result as in
 * databricks/answer.h.
 */
#pragma once

#include "agents/desk.h"
#include "agents/remote/remote.h"

int64_t remote_int(const struct bldr_view *v, const char *key);
/* `remote` as it is, with key anew. */
struct bldr_value *remote_with(const struct bldr_view *v, const char *key, struct bldr_value *value);
/* Where an answer is saved: below the folder that the stage has told. The caller frees it. */
char *remote_saved(const struct bldr_view *v, const char *name);
/* The answer that stands in a file below the run's folder; the desk's arena's. Errors: those of file_read, INVALID. */
int remote_answer(struct desk *d, const char *name, const struct bldr_value **ret,
		  struct bldr_error *err);

extern const char *const remote_run_reads[], *const remote_run_writes[];
/* .config tells a run from others of the same round: one of these. */
extern const char REMOTE_FIRST_RUN[], REMOTE_SECOND_RUN[];
void remote_run_prepare(const struct bldr_view *v, struct bldr_plan *p);
void remote_run_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p);
void remote_poll_prepare(const struct bldr_view *v, struct bldr_plan *p);
void remote_poll_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			struct bldr_patch *p);
bool remote_ended(const struct bldr_view *v);
/* The work "remote.read_run". */
int remote_read_run_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
