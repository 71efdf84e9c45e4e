/*
 * Repairs a run of the job: what has failed runs again, in the same run.
 *
 *	pause --> look --no new repair--> send --> (end)
 *	           | ^                      |
 *	  one that '-|-----> (end)          | refused: an earlier try may have been applied
 *	  was not     '---------------------'
 *	  known
 */
#include "agents/remote/job_run.h"

enum { REPAIRS_MAX = 3, REPAIR_PAUSE_MS = 20000, LOOKS_MAX = 3 };

/* Every task that has failed did so for the workspace's sake; without one that is known, the run itself. */
static bool is_infrastructure(const struct bldr_value *run)
{
	const struct bldr_value *tasks = bldr_get(run, "tasks");

	for (size_t i = 0; i < bldr_count(tasks); i++) {
		if (!remote_blames(bldr_at(tasks, i), DATABRICKS_BLAME_INFRASTRUCTURE)) {
			return false;
		}
	}
	return bldr_count(tasks) > 0 || remote_blames(run, DATABRICKS_BLAME_INFRASTRUCTURE);
}

bool remote_wants_repair(const struct bldr_value *remote)
{
	return remote_has_ended(remote) && !remote_has_run(remote) &&
		is_infrastructure(bldr_get(remote, "run")) &&
		bldr_get_int(remote, "repairs", 0) < REPAIRS_MAX;
}

/* kept: {"sends": whether it is to be sent now, "looks": how often it was looked for}. */
static void repair_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *remote = bldr_get(v->state, "remote");
	int64_t run_id = bldr_get_int(bldr_get(remote, "run"), "run_id", 0);
	struct remote r;

	if (v->round == 0) {
		bldr_plan_sleep(p, (int64_t)REPAIR_PAUSE_MS << bldr_get_int(remote, "repairs", 0));
	} else if (!remote_of(v->state, &r)) {
		; /* nothing is planned */
	} else if (bldr_as_bool(bldr_get(v->kept, "sends"), false)) {
		remote_send(p,
			    databricks_run_repair(&r.workspace, run_id,
						  bldr_get_int(remote, "latest_repair_id", 0),
						  NULL));
	} else {
		remote_send(p, databricks_run_history(&r.workspace, run_id));
	}
}

static void repair_again(const struct bldr_view *v, bool sends, struct bldr_patch *p)
{
	struct bldr_value *kept = bldr_object();

	bldr_object_set(kept, "sends", bldr_bool(sends));
	bldr_object_set(kept, "looks", bldr_int(bldr_get_int(v->kept, "looks", 0) + sends));
	bldr_patch_again(p, kept);
}

static void repair_done(const struct bldr_view *v, int64_t repair_id, struct bldr_patch *p)
{
	const struct bldr_value *remote = bldr_get(v->state, "remote");
	struct bldr_value *next =
		remote_with(remote, "repairs", bldr_int(bldr_get_int(remote, "repairs", 0) + 1));

	bldr_object_set(next, "latest_repair_id", bldr_int(repair_id));
	bldr_patch_set(p, "remote", next);
}

static void repair_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			  struct bldr_patch *p)
{
	int64_t known = bldr_get_int(bldr_get(v->state, "remote"), "latest_repair_id", 0);
	bool sends = bldr_as_bool(bldr_get(v->kept, "sends"), false);
	struct databricks_answer answer;
	struct databricks_run run;
	struct arena a = { 0 };
	struct bldr_error err;

	if (v->round == 0) {
		repair_again(v, false, p);
		return;
	}
	if (n == 0) {
		return;
	}
	databricks_answer(&results[0], &a, &answer);
	if (sends && answer.outcome == DATABRICKS_INVALID &&
	    bldr_get_int(v->kept, "looks", 0) < LOOKS_MAX) {
		repair_again(v, false, p);
	} else if (!remote_check(p, "the repair of the run", &results[0], &a, &answer)) {
		; /* it has failed */
	} else if (sends) {
		repair_done(v, bldr_get_int(answer.body, "repair_id", 0), p);
	} else if (databricks_run(answer.body, &a, &run, &err) < 0) {
		bldr_patch_fail_code(p, err.code, "the repair of the run: %s", err.text);
	} else if (run.latest_repair_id != known) {
		repair_done(v, run.latest_repair_id, p);
	} else {
		repair_again(v, true, p);
	}
	arena_release(&a);
}

const struct bldr_node remote_repair_node = {
	.name = "repair",
	.reads = remote_run_reads,
	.writes = remote_run_writes,
	.prepare = repair_prepare,
	.absorb = repair_absorb,
};
