/*
 * A node that runs the job of a deployment and waits for its end: databricks_ensure_run. The token is the same after a crash,
 * so that there is one run per attempt, and after a repair, so that it goes on with the run that was repaired.
 *
 * The channel `remote`: {"warehouse_id", "job_id", "run": as the procedure gives it, "repairs": of that run, "latest_repair_id",
 * "runs": [{"run_id", "url", "result"}] of all rounds}.
 */
#pragma once

#include "agents/remote/remote.h"

/* Which run of a round it is: a node's .config. */
extern const char REMOTE_FIRST_RUN[], REMOTE_SECOND_RUN[];
extern const char *const remote_run_reads[], *const remote_run_writes[];
void remote_run_prepare(const struct bldr_view *v, struct bldr_plan *p);
void remote_run_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p);

/* Repairs the run in `remote`; what waits for its end follows. */
extern const struct bldr_node remote_repair_node;
/* Whether the run in `remote` has ended so that the workspace is to blame, and may be repaired once more. */
bool remote_wants_repair(const struct bldr_value *remote);

/* Of the channel `remote`, as views and requests hold it: the run has ended; and well. */
bool remote_has_ended(const struct bldr_value *remote);
bool remote_has_run(const struct bldr_value *remote);
/* Whether a failed task, or run, is said to be that one's business. */
bool remote_blames(const struct bldr_value *failure, enum databricks_blame b);
/* Of a run that has ended and not well, what is told of it: the first failed task that the code is to blame for, which a
 * repair can mend; else the first one; the run itself when no task is known. */
const struct bldr_value *remote_culprit(const struct bldr_value *run);
/* Why a second run did not accept what the first has left; NULL: it ended well, or the workspace or a setting is to blame. */
const char *remote_refusal(const struct bldr_value *run);
/* `remote` with another value under key; takes value. */
struct bldr_value *remote_with(const struct bldr_value *remote, const char *key,
			       struct bldr_value *value);
