/*
 * Keys and foreign keys that were found to be none, by the Tester in earlier rounds or in a run before this one: another
 * one is taken for the table or column, or none. What was refused stays in the profile, with the reason.
 */
#pragma once

#include "agents/desk.h"
#include "ingest/ingest.h"

struct refused_key {
	const char *table;
	texts columns;
	const char *why;
	struct key_candidate *candidate; /* of one column: taken out of the table's, or NULL */
};

struct refused {
	LIST(struct refused_key) keys;
	refused_references references;
};

/* Reads what the Tester has refused from the request's attempts. */
void runner_up_refused(struct desk *d, struct refused *ret);
/* Whether the Tester has complained in an earlier round of a column, or, column NULL, of the table's key. */
bool runner_up_is_blamed(struct desk *d, const char *table, const char *column);
/* Relates the tables without what is refused. tables stay as they are; sketches: one of each. Errors: those of ingest_relate. */
int runner_up_relate(struct desk *d, const struct sources *sources, const struct profile *tables,
		     const struct table_sketch *sketches, struct refused *refused,
		     struct profile *ret, struct bldr_error *err);

/* Takes the refused keys of one column out of the tables' candidates. */
void runner_up_hide(struct desk *d, struct table_profile *tables, size_t n, struct refused *refused);
/* Puts them back, not chosen; where a refused key of several columns was chosen, the next best that fits is instead, and
 * what refers to the refused one no longer does. */
void runner_up_take(struct desk *d, const struct refused *refused, struct profile *profile);
