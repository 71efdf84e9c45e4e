/*
 * What bldr.json gives (artefact/overrides.h) about keys and foreign keys. What it names and ingest has not measured
 * is measured here, by tuples of trimmed values, over the files.
 */
#pragma once

#include "ingest/inclusion.h"
#include "ingest/ingest.h"

/* The index of a column, which is there: overrides_check has seen it. */
size_t said_column(const struct table_profile *t, const char *name);

/* Candidates that are said to be no key can no longer be chosen: they come last, with score 0.00. */
void said_forbid_keys(const struct table_override *said, struct arena *a, struct table_profile *t);
/* Whether the columns are among not_keys. */
bool said_is_no_key(const struct table_override *said, const texts *columns);
/*
 * Makes the key that is said the chosen one: the candidate of these columns, else a new one, measured. Leaves t as it
 * is when no key is said. Errors: those of the reader; INVALID: a column is a double, or no record has a key.
 */
int said_key(const char *folder, const struct source_file *file, const struct table_override *said,
	     struct arena *a, struct table_profile *t, struct bldr_error *err);

/* Whether these columns are said to refer to nothing. */
bool said_is_no_reference(const struct table_override *said, const texts *columns);
/* Measures a foreign key that is said; *ret: chosen, with its evidence. parent_repeats: rows whose values repeat. */
int said_reference(const char *folder, const struct inclusion_table *from,
		   const struct reference_override *ref, const struct inclusion_table *to,
		   struct arena *a, struct inclusion *ret, int64_t *ret_parent_repeats,
		   struct bldr_error *err);
