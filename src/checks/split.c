/*
 * Labels are grouped by a map, then the groups are put in the order of their keys. Sums are exact; the only thing
 * that can go wrong is one of more than 38 digits.
 */
#include "checks/split.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "checks/recent.h"
#include "checks/summary.h"

/* A group while groups are put in order. */
struct place {
	const char *key;
	int64_t rows;
	size_t was;
};

static int by_key(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	return strcmp(left->key, right->key);
}

static int by_rows(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	int more = (left->rows < right->rows) - (left->rows > right->rows);
	return more != 0 ? more : strcmp(left->key, right->key);
}

static struct place *places_of(const struct grouping *g)
{
	struct place *places = xcalloc(g->n, sizeof(*places));
	for (size_t i = 0; i < g->n; i++) {
		places[i] = (struct place){ g->keys[i], g->rows[i], i };
	}
	return places;
}

/* The first n of the places become the groups, by key; rows of others are in none. */
static void rearrange(struct grouping *g, struct place *places, size_t n, struct arena *a)
{
	int64_t *now = ARENA_ARRAY(a, int64_t, g->n);
	for (size_t i = 0; i < g->n; i++) {
		now[i] = -1;
	}
	if (n > 0) {
		qsort(places, n, sizeof(*places), by_key);
	}
	for (size_t i = 0; i < n; i++) {
		now[places[i].was] = (int64_t)i;
		g->keys[i] = places[i].key;
		g->rows[i] = places[i].rows;
	}
	g->n = n;
	for (size_t i = 0; i < g->n_rows; i++) {
		g->group_of[i] = g->group_of[i] >= 0 ? now[g->group_of[i]] : -1;
	}
}

void grouping_make(const char *const *labels, size_t n_rows, struct arena *a, struct grouping *ret)
{
	struct map *seen = map_new();
	struct grouping g = { .n_rows = n_rows, .group_of = ARENA_ARRAY(a, int64_t, n_rows) };
	LIST(int64_t) rows = { 0 };
	texts keys = { 0 };
	for (size_t i = 0; i < n_rows; i++) {
		g.group_of[i] = -1;
		if (labels[i] == NULL) {
			continue;
		}
		void **group = map_at(seen, labels[i], strlen(labels[i]));
		if (*group == NULL) {
			*LIST_ADD(a, &keys) = labels[i];
			*LIST_ADD(a, &rows) = 0;
			*group = (void *)(intptr_t)keys.n;
		}
		g.group_of[i] = (int64_t)(intptr_t)*group - 1;
		ASSERT(rows.at != NULL);
		rows.at[g.group_of[i]]++;
	}
	map_free(seen);
	g.n = keys.n;
	g.keys = keys.at;
	g.rows = rows.at;
	struct place *places = places_of(&g);
	rearrange(&g, places, g.n, a);
	free(places);
	*ret = g;
}

void grouping_keep_largest(struct grouping *g, size_t max, struct arena *a)
{
	if (g->n <= max) {
		return;
	}
	struct place *places = places_of(g);
	qsort(places, g->n, sizeof(*places), by_rows);
	rearrange(g, places, max, a);
	free(places);
}

int grouping_sum(const struct grouping *g, const char *const *cells, struct column_type type,
		 struct arena *a, struct contract_split *ret, struct bldr_error *err)
{
	struct contract_split split = { .column = ret->column };
	struct total *totals = xcalloc(g->n, sizeof(*totals));
	int rc = 0;
	for (size_t i = 0; i < g->n_rows; i++) {
		if (g->group_of[i] >= 0) {
			total_add(&totals[g->group_of[i]], type, cells[i]);
		}
	}
	for (size_t i = 0; rc == 0 && i < g->n; i++) {
		struct contract_slice slice = { .key = g->keys[i], .rows = g->rows[i] };
		rc = total_text(&totals[i], type, split.column, a, &slice.sum, err);
		*LIST_ADD(a, &split.slices) = slice;
	}
	free(totals);
	if (rc == 0) {
		*ret = split;
	}
	return rc;
}

const char **split_member_labels(const struct expected_table *dimension,
				 const char *const *const *columns, size_t n, struct arena *a)
{
	const char **labels = ARENA_ARRAY(a, const char *, n);
	struct buf label;
	buf_init(&label, CANON_MAX);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&label);
		for (size_t k = 0; k < dimension->n_keys; k++) {
			const char *const *cells = columns[dimension->keys[k]];
			canon_add(&label, cells != NULL ? cells[i] : NULL);
		}
		ASSERT(!buf_failed(&label));
		labels[i] = arena_strndup(a, label.data, label.size);
	}
	buf_release(&label);
	return labels;
}

const char **split_month_labels(const char *const *dates, size_t n, struct arena *a)
{
	enum { MONTH = 7 };
	const char **labels = ARENA_ARRAY(a, const char *, n);
	struct recent months = { 0 };
	for (size_t i = 0; i < n; i++) {
		char month[MONTH + 1] = "";
		if (dates[i] != NULL) {
			memcpy(month, dates[i], strnlen(dates[i], MONTH));
			labels[i] = recent_keep(&months, month, a);
		}
	}
	return labels;
}

bool split_is_by_month(const struct expected_column *reference)
{
	return reference->is_date;
}
