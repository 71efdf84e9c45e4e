/* Finding a run of an output folder, for the commands that look at one. */
#pragma once

#include "cli/session.h"

enum { RUN_ID_MAX = 64 };

/*
 * Opens the output folder for reading and finds the run that `wanted` names: whole, by its beginning, or as
 * "latest" or NULL the newest one. *ret is its outcome (outcome.h), the caller's. s must be closed
 * whatever is returned. Errors: NOT_FOUND, INVALID (several begin so), those of session_open.
 */
int runs_open(struct session *s, const struct settings *settings, const char *wanted,
	      const struct cli_hooks *hooks, struct bldr_value **ret, struct bldr_error *err);
