/*
 * The answers of a workspace to the Tester's statements, as files below the run's folder: a round of questions is a batch
 * ("questions.0", "again.1"), statement n of it is answered by <n>.json, and by <n>.<chunk>.json where an answer has more chunks.
 */
#pragma once

#include "agents/desk.h"
#include "checks/remote.h"
#include "databricks/databricks.h"

/* Whether the channel `asked` speaks of that round of the job; it may be of one before, or NULL. */
bool answers_are_of(const struct bldr_value *asked, int64_t rounds);

/* name: "questions", or "again" after a second run of the job. The arena's. */
const char *answers_batch(struct arena *a, const char *name, int64_t round);
const char *answers_name(struct arena *a, int64_t n, int64_t chunk);

/* What one answer, or a later chunk of it, says. Errors: those of file_read; INVALID. */
int answers_statement(struct desk *d, const char *batch, int64_t n, int64_t chunk,
		      struct databricks_statement *ret, struct bldr_error *err);
/* Everything that was answered in the rounds before `rounds`. All of it is the desk's arena's. */
int answers_results(struct desk *d, const char *name, int64_t rounds, remote_results *ret,
		    struct bldr_error *err);
