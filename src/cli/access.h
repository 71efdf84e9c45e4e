/*
 * Access to a Databricks workspace: where it is goes into the run's job, who asks goes to the engine and nowhere else.
 */
#pragma once

#include "base/arena.h"
#include "cli/settings.h"
#include "databricks/databricks.h"

/* Reads settings, environment, .env and profile. ret is to be released in each case; a holds its texts. Errors: INVALID. */
int access_config(const struct settings *settings, struct arena *a, struct databricks_config *ret,
		  struct bldr_error *err);
/* job.databricks (agents/remote/remote.h). The caller owns it. */
struct bldr_value *access_job(const struct databricks_config *c, const struct settings *settings);
/* Has the engine know the credentials under the names that the agents use. Errors: INVALID. */
int access_register(struct bldr_engine *e, const struct databricks_config *c,
		    struct bldr_error *err);
/*
 * For a run that goes on: when its job names a workspace, the configuration has to name the same one. Errors: INVALID.
 */
int access_resume(struct bldr_engine *e, const char *run, const struct settings *settings,
		  struct bldr_error *err);
