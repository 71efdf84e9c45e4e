/*
 * Has the workspace hold the job, once: databricks_ensure_job. Its settings stay a file (developer/stage.c), for a job of
 * hundreds of tasks is more than a node keeps.
 */
#include "agents/nodes.h"
#include "agents/remote/job_run.h"
#include "databricks/procedure.h"

static const char *const reads[] = { "job", "staged", "remote", NULL };
static const char *const writes[] = { "remote", NULL };

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct remote r;

	if (remote_of(v->state, &r)) {
		databricks_procedure_prepare(&databricks_ensure_job, &r.workspace,
					     bldr_get(v->state, "staged"), v, p);
	}
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	const struct bldr_value *input = bldr_get(v->state, "staged");
	struct databricks_end end;
	struct arena a = { 0 };

	if (n == 0 ||
	    !databricks_procedure_absorb(&databricks_ensure_job, input, v, results, p, &a, &end)) {
		; /* it goes again */
	} else if (end.outcome != DATABRICKS_OK) {
		remote_fail(p, "the job", end.outcome, end.message);
	} else {
		bldr_patch_set(p, "remote",
			       remote_with(bldr_get(v->state, "remote"), "job_id",
					   bldr_ref(bldr_get(end.value, "job_id"))));
		bldr_unref(end.value);
	}
	arena_release(&a);
}

const struct bldr_node developer_job_node = {
	.name = "job",
	.reads = reads,
	.writes = writes,
	.prepare = prepare,
	.absorb = absorb,
};
