/*
 * Inclusion dependencies between columns, measured on the data and scored as foreign keys.
 *
 * A parent is a single-column key candidate; a child is any column of the same kind: integers and text;
 * integers may refer to text, never dates, amounts or truth values. Gates, after DBAutoDoc: the parent is
 * unique and never null (G1), at least one value is shared (G2), at least three quarters of the child's
 * distinct values are found (G6). Values are compared as written, without the blanks around them.
 */
#pragma once

#include "ingest/names.h"

/* A score of at least this is taken, in hundredths. */
enum { INCLUSION_CHOSEN_MIN = 62 };

struct inclusion_table {
	const struct source_file *file;
	const struct table_profile *profile;
	struct name name;
	const char *key;                   /* the single column that may be its key best, or NULL */
	const struct table_sketch *sketch; /* of all its columns, or NULL */
};

/* A pair that passed the gates. */
struct inclusion_pair {
	size_t from_table, from_column, to_table, to_column; /* indexes */
	int64_t distinct, contained, orphan_rows;
	int score; /* hundredths of hundredths: 10000 is 1.00 */
	texts evidence;
	bool chosen;
};

typedef LIST(struct inclusion_pair) inclusion_pairs;

/* Whether so many of the child's distinct values are enough: at least one, and three quarters (G2, G6). */
bool inclusion_enough(int64_t contained, int64_t distinct);
/* Whether the ranges of two columns of numbers meet; else they need no reading. */
bool inclusion_ranges_meet(const struct column_profile *x, const struct column_profile *y);
/* Adds marks (hundredths of hundredths, may be negative) to the score, and what they are for to the evidence. */
void inclusion_mark(struct arena *a, int *score, texts *evidence, int marks, const char *why);

/*
 * All pairs that pass the gates, best first, none chosen; ties by table and column. Reads each file that
 * holds a column to compare once. Errors: CHANGED, IO, LIMIT (RELATE_VALUES_BYTES).
 */
int inclusion_find(const char *folder, const struct inclusion_table *tables, size_t n,
		   struct arena *a, inclusion_pairs *ret, struct bldr_error *err);
