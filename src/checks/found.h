/*
 * The star as it lies in warehouse.db: every table of the design read whole, values as the canonical texts of
 * values.h, by the layout of docs/warehouse.md. What is not there is noted, not an error.
 */
#pragma once

#include "artefact/artefact.h"
#include "base/map.h"
#include "checks/values.h"
#include "store/store.h"

struct found_column {
	bool missing;
	const char *stored; /* its name in the database */
	const char **cells; /* per row; NULL for null; all NULL when the column is missing; malloc'd */
};

struct found_table {
	const struct design_table *design;
	bool missing;
	size_t n;                     /* rows that are no reserved members */
	struct found_column *columns; /* as in the design */
	int64_t surrogate;            /* column, or -1 */
	LIST(int64_t) reserved;       /* keys below 0, one per row */
	struct map *rows; /* surrogate key's text -> first row + 1; NULL: no dimension */
};

/* ret must be released whatever is returned. Errors: IO, CORRUPT. */
int found_read(struct store *s, const struct design_table *design, struct arena *a,
	       struct found_table *ret, struct bldr_error *err);
void found_release(struct found_table *t);

/* docs/warehouse.md: whether a decimal is stored as an integer in units of its last digit. */
bool found_is_scaled(struct column_type type);
/* docs/warehouse.md: the type that a column of that type is declared with, and its name; the arena's. */
const char *found_storage(struct column_type type);
const char *found_stored_name(const struct design_column *c, struct column_type type,
			      struct arena *a);
/* Whether the database holds a table of that name. */
int found_exists(struct store *s, const char *table, bool *ret, struct bldr_error *err);
/* The row that has the key, or -1. */
int64_t found_row(const struct found_table *t, const char *key);
