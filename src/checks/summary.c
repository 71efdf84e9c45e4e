/*
 * Sorting does the counting: equal values stand together. Sums are exact for integers and decimals; the only
 * thing that can go wrong is a sum of more than 38 digits.
 */
#include "checks/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The non-null cells in the order of their bytes; free() them. */
static const char **sorted_values(const char *const *cells, size_t n, size_t *ret_n)
{
	const char **values = xcalloc(n, sizeof(*values));
	size_t n_values = 0;
	for (size_t i = 0; i < n; i++) {
		if (cells[i] != NULL) {
			values[n_values++] = cells[i];
		}
	}
	qsort(values, n_values, sizeof(*values), by_bytes);
	*ret_n = n_values;
	return values;
}

void summary_attribute(const char *const *cells, size_t n, struct arena *a,
		       struct contract_attribute *ret)
{
	size_t n_values;
	const char **values = sorted_values(cells, n, &n_values);
	struct hash_state hash;
	int64_t distinct = 0;
	hash_init(&hash);
	for (size_t i = 0; i < n_values; i++) {
		if (i == 0 || strcmp(values[i], values[i - 1]) != 0) {
			hash_add(&hash, values[i], strlen(values[i]));
			hash_add(&hash, "\n", 1);
			distinct++;
		}
	}
	free(values);
	char digest[HASH_HEX_MAX];
	hash_end(&hash, digest);
	ret->distinct = distinct;
	ret->nulls = (int64_t)(n - n_values);
	ret->digest = arena_strdup(a, digest);
}

void total_add(struct total *t, struct column_type type, const char *cell)
{
	if (cell == NULL) {
		return;
	}
	t->values++;
	if (type.kind == COLUMN_DOUBLE) {
		double v = strtod(cell, NULL), next = t->sum + v;
		t->lost += fabs(t->sum) >= fabs(v) ? (t->sum - next) + v : (v - next) + t->sum;
		t->sum = next;
		return;
	}
	struct amount v;
	t->exact.scale = type.kind == COLUMN_DECIMAL ? type.scale : 0;
	t->overflow |= !amount_parse(cell, &v) || !amount_rescale(v, t->exact.scale, &v) ||
		!amount_add(t->exact, v, &t->exact);
}

int total_text(const struct total *t, struct column_type type, const char *what, struct arena *a,
	       const char **ret, struct bldr_error *err)
{
	char text[AMOUNT_TEXT_MAX];
	if (t->overflow) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "the sum of \"%s\" has more than %d digits", what,
				      AMOUNT_DIGITS_MAX);
	}
	if (type.kind == COLUMN_DOUBLE) {
		(void)snprintf(text, sizeof(text), "%.15g", t->sum + t->lost);
	} else {
		amount_text(t->exact, text);
	}
	*ret = t->values > 0 ? arena_strdup(a, text) : NULL;
	return 0;
}

bool total_texts_equal(struct column_type type, const char *a, const char *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	if (type.kind != COLUMN_DOUBLE) {
		return strcmp(a, b) == 0;
	}
	double left = strtod(a, NULL), right = strtod(b, NULL);
	return fabs(left - right) <= 1e-12 * fmax(fabs(left), fabs(right));
}

int summary_measure(const char *const *cells, size_t n, struct column_type type, struct arena *a,
		    struct contract_measure *ret, struct bldr_error *err)
{
	struct contract_measure m = { .column = ret->column };
	struct total total = { 0 };
	for (size_t i = 0; i < n; i++) {
		if (cells[i] == NULL) {
			m.nulls++;
			continue;
		}
		m.count++;
		total_add(&total, type, cells[i]);
		if (m.min == NULL || value_compare(type, cells[i], m.min) < 0) {
			m.min = cells[i];
		}
		if (m.max == NULL || value_compare(type, cells[i], m.max) > 0) {
			m.max = cells[i];
		}
	}
	int rc = total_text(&total, type, m.column, a, &m.sum, err);
	if (rc == 0) {
		*ret = m;
	}
	return rc;
}

void summary_dates(const char *const *dates, size_t n, struct arena *a, struct contract_date *ret)
{
	size_t n_values;
	const char **values = sorted_values(dates, n, &n_values);
	ret->by_month.n = 0;
	for (size_t i = 0; i < n_values; i++) {
		size_t months = ret->by_month.n;
		if (months == 0 || strncmp(ret->by_month.at[months - 1].token, values[i], 7) != 0) {
			*LIST_ADD(a, &ret->by_month) = (struct token_count){
				.token = arena_strndup(a, values[i], 7),
			};
		}
		ret->by_month.at[ret->by_month.n - 1].count++;
	}
	ret->count = (int64_t)n_values;
	ret->nulls = (int64_t)(n - n_values);
	ret->min = n_values > 0 ? arena_strndup(a, values[0], 10) : NULL;
	ret->max = n_values > 0 ? arena_strndup(a, values[n_values - 1], 10) : NULL;
	free(values);
}

int64_t summary_distinct(const char *const *const *columns, size_t n_columns, size_t n)
{
	struct map *seen = map_new();
	struct buf key;
	buf_init(&key, CANON_MAX);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&key);
		buf_putc(&key, '=');
		for (size_t c = 0; c < n_columns; c++) {
			canon_add(&key, columns[c][i]);
		}
		ASSERT(!buf_failed(&key));
		map_at(seen, key.data, key.size);
	}
	int64_t distinct = (int64_t)map_count(seen);
	buf_release(&key);
	map_free(seen);
	return distinct;
}
