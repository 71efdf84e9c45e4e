/*
 * What nodes share that talk to a Databricks workspace. Where it is stands in the job, without a secret:
 *
 *	job.databricks = {catalog, schema, volume, folder, compare_rows[, warehouse_id], and what databricks_workspace_write gives}
 *
 * folder is the workspace folder of the notebooks, volume the volume that the raw files are put into. What the nodes learn
 * there stands in the channel `remote`; ids of jobs and runs are 64-bit integers.
 */
#pragma once

#include <bldr/effect.h>
#include "databricks/databricks.h"

struct remote {
	struct databricks workspace;
	const char *catalog, *schema, *volume;
	const char *folder; /* "/Workspace/Shared/bldr/main.bldr" */
	const char *warehouse; /* id of the SQL warehouse that is named, or was chosen; NULL: none yet */
	int64_t compare_rows; /* rows_max of checks/remote.h */
};
/* From a view's state or a work's arguments, whose texts it borrows. False: the job is not of a workspace. */
bool remote_of(const struct bldr_value *state, struct remote *ret);

void remote_send(struct bldr_plan *p, struct databricks_request q);

/* Fails the task: what could not be done, what was said, and what to do about it. */
void remote_fail(struct bldr_patch *p, const char *what, enum databricks_outcome outcome,
		 const char *said);
/* Whether all is well. Otherwise the task has failed. */
bool remote_check(struct bldr_patch *p, const char *what, const struct bldr_result *r,
		  struct arena *a, struct databricks_answer *ret);
