/*
 * A measure's total in parts: rows are put into groups by a label each (a month, a member's business key), and sums
 * are taken per group. The raw files and the warehouse are split by the same functions.
 */
#pragma once

#include "checks/expected.h"

enum { SPLIT_MEMBERS_MAX = 10 };

struct grouping {
	size_t n;          /* groups, by key */
	const char **keys; /* their labels */
	int64_t *rows;     /* how many rows each has */
	size_t n_rows;
	int64_t *group_of; /* per row, or -1 */
};

/* labels: one per row, NULL for rows that are in no group. Everything lives in a. */
void grouping_make(const char *const *labels, size_t n_rows, struct arena *a, struct grouping *ret);
/* Keeps the groups with most rows, of equal ones those with the smaller key. */
void grouping_keep_largest(struct grouping *g, size_t max, struct arena *a);
/* One slice per group. ret's column stands. Errors: LIMIT. */
int grouping_sum(const struct grouping *g, const char *const *cells, struct column_type type,
		 struct arena *a, struct contract_split *ret, struct bldr_error *err);

/* Labels of members: their business keys, parts joined by '|'. columns: the cells of all columns. */
const char **split_member_labels(const struct expected_table *dimension,
				 const char *const *const *columns, size_t n, struct arena *a);
/* yyyy-mm of dates that begin yyyy-mm-dd. */
const char **split_month_labels(const char *const *dates, size_t n, struct arena *a);
/* Whether a column's measures are split by month; those of other references are split by member. */
bool split_is_by_month(const struct expected_column *reference);
