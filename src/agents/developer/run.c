/*
 * Runs the job. What the workspace is to blame for is repaired in the same run, a few times; what the code or a setting is
 * to blame for is left in `remote`, for the Tester to tell.
 *
 *	run --infrastructure--> repair --> run
 *	   \--ended otherwise--> (end)
 */
#include "agents/nodes.h"
#include "agents/remote/job_run.h"

const struct bldr_node developer_run_node = {
	.name = "run",
	.reads = remote_run_reads,
	.writes = remote_run_writes,
	.prepare = remote_run_prepare,
	.absorb = remote_run_absorb,
	.config = REMOTE_FIRST_RUN,
};

const char *const developer_run_targets[] = { "run", "repair", BLDR_END, NULL };

void developer_run_route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct bldr_value *remote = bldr_get(v->state, "remote");

	if (!remote_has_ended(remote)) { /* it takes longer than a node may wait */
		bldr_route_to(r, "run");
	} else if (remote_wants_repair(remote)) {
		bldr_route_to(r, "repair");
	} else {
		bldr_route_to(r, BLDR_END);
	}
}
