/* Which good records of a table's source become its rows, and why the others do not. */
#pragma once

#include "checks/expected.h"

/*
 * Fills n, records, n_left, left_why and, for a dimension, members. Needs the cells of all columns but a dimension's
 * references, per source record. A record is left out when a value that the design requires is null, when an earlier
 * record holds the same business key, when a dedup rule lets another record count, and when an earlier record of the same grain is equal byte for byte; one of
 * the same grain that differs stays a row: then the grain is wrong, and R3 says so.
 */
void row_choice_make(struct expected_table *t, struct arena *a);

/* What a key hashes from: the table's name and the parts in a row. */
void row_choice_canon(const struct expected_table *t, const char *const *const *parts, size_t row,
		      struct buf *ret);
