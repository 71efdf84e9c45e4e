/*
 * Inclusion dependencies of two columns, measured on the data and scored as foreign keys.
 *
 * A parent is a key of two columns: the chosen one, or a candidate without duplicates that could be (in a table without a
 * key: any). A child is any two
 * columns of another table that answer to its columns one by one: by name (the same, the same but for an id word, or both
 * with the same role before it: ship_country, ship_city), or because both refer to one column of a third table. Both must
 * be whole numbers, texts or dates written in one way; whole numbers may refer to texts. At least three quarters of the
 * child's distinct pairs must be among the parent's. Keys of three columns or more are not looked for.
 */
#pragma once

#include "ingest/inclusion.h"

/* At least so many percent of the distinct pairs must be found for a foreign key. */
enum { COMPOSITE_CONTAINED_MIN = 95 };
/* The budget: pairs of columns that are measured, best names first; records read for it, of all tables; and about how much
 * their tuples may take in memory, beyond which the pairs with the worst names are given up. */
enum { COMPOSITE_PAIRS_MAX = 500, COMPOSITE_ROWS_MAX = 100000000 };
#define COMPOSITE_BYTES ((size_t)256 << 20)

struct composite_limits {
	size_t pairs, bytes;
	int64_t rows;
};

/* Columns are indexes; those of the child in the order of its file. */
struct composite {
	size_t from_table, to_table;
	size_t from_columns[2], to_columns[2];
	int64_t distinct, contained, orphan_rows;
	int score; /* hundredths of hundredths: 10000 is 1.00 */
	texts evidence;
	bool own_key; /* the child's columns are the key of their table */
	bool chosen;
};

typedef LIST(struct composite) composites;

/*
 * All that pass the gates, best first, none chosen; ties by table and column. tables: with their keys chosen; references:
 * those of one column, with what is chosen. limits: NULL for those above. *ret_skipped: pairs of columns that were not
 * measured for the budget. Reads each file with columns to compare once. Errors: CHANGED, IO.
 */
int composite_find(const char *folder, const struct inclusion_table *tables, size_t n,
		   const inclusion_pairs *references, const struct composite_limits *limits,
		   struct arena *a, composites *ret, int64_t *ret_skipped, struct bldr_error *err);
