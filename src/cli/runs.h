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

/* Opens the output folder for writing and enters the run that `wanted` names (NULL: the newest unfinished one). s must
 * be closed whatever is returned. Errors: those of runs_open, session_enter. */
int runs_enter(struct session *s, const struct settings *settings, const char *wanted,
	       char ret[RUN_ID_MAX], const struct cli_hooks *hooks, struct bldr_error *err);
/* Refuses to go on when a source file is not what the run's newest sources artefact says. Errors: CHANGED, NOT_FOUND,
 * those of reading. */
int runs_verify(struct session *s, struct bldr_error *err);

/* "20261121-083000-1a2b3c": when it began, and random bits so that two never meet. */
void runs_new_id(char ret[RUN_ID_MAX]);
