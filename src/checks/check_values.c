/*
 * X2: per business key, attribute and degenerate the distinct values, and per column that a source date feeds
 * the rows per month, earliest, latest and missing dates; one finding per column. Equal sets could still
 * hold values in the wrong rows, so the paired rows are compared too.
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"
#include "checks/summary.h"

static const struct contract_attribute *attribute_of(const struct contract_table *c,
						     const char *column)
{
	for (size_t i = 0; i < c->attributes.n; i++) {
		if (strcmp(c->attributes.at[i].column, column) == 0) {
			return &c->attributes.at[i];
		}
	}
	return NULL;
}

static const struct contract_date *date_of(const struct contract_table *c, const char *column)
{
	for (size_t i = 0; i < c->dates.n; i++) {
		if (strcmp(c->dates.at[i].column, column) == 0) {
			return &c->dates.at[i];
		}
	}
	return NULL;
}

static const char *attribute_words(const struct trial *t, const struct contract_attribute *x)
{
	return arena_printf(t->arena, "%lld distinct, %lld nulls, digest %.12s",
			    (long long)x->distinct, (long long)x->nulls, x->digest);
}

static const char *date_words(const struct trial *t, const struct contract_date *d)
{
	const char *words = arena_printf(
		t->arena, "%lld dates, %lld nulls, %s to %s; by month:", (long long)d->count,
		(long long)d->nulls, d->min != NULL ? d->min : "none",
		d->max != NULL ? d->max : "none");
	enum { MONTHS_SHOWN = 24 };
	for (size_t i = 0; i < d->by_month.n && i < MONTHS_SHOWN; i++) {
		words = arena_printf(t->arena, "%s %s=%lld", words, d->by_month.at[i].token,
				     (long long)d->by_month.at[i].count);
	}
	if (d->by_month.n > MONTHS_SHOWN) {
		words = arena_printf(t->arena, "%s and %zu months more", words,
				     d->by_month.n - MONTHS_SHOWN);
	}
	return words;
}

static const char *both_words(const struct trial *t, const char *first, const char *second)
{
	return first[0] != '\0' && second[0] != '\0'
		? arena_printf(t->arena, "%s; %s", first, second)
		: arena_printf(t->arena, "%s%s", first, second);
}

static bool dates_equal(const struct contract_date *a, const struct contract_date *b)
{
	bool equal = a->count == b->count && a->nulls == b->nulls && value_same(a->min, b->min) &&
		value_same(a->max, b->max) && a->by_month.n == b->by_month.n;
	for (size_t i = 0; equal && i < a->by_month.n; i++) {
		equal = strcmp(a->by_month.at[i].token, b->by_month.at[i].token) == 0 &&
			a->by_month.at[i].count == b->by_month.at[i].count;
	}
	return equal;
}

static bool attribute_agrees(struct trial *t, const struct trial_table *table, size_t column,
			     const struct contract_attribute *expected, const char **ret_found)
{
	struct contract_attribute found = { .column = expected->column };
	summary_attribute(table->found.columns[column].cells, table->found.n, t->arena, &found);
	*ret_found = attribute_words(t, &found);
	return found.distinct == expected->distinct && found.nulls == expected->nulls &&
		strcmp(found.digest, expected->digest) == 0;
}

static bool dates_agree(struct trial *t, const struct trial_table *table, size_t column,
			const struct contract_date *expected, const char **ret_found)
{
	struct contract_date found = { .column = expected->column };
	const char **dates = trial_dates(t, table, column, t->arena);
	summary_dates(dates, table->found.n, t->arena, &found);
	*ret_found = date_words(t, &found);
	return dates_equal(&found, expected);
}

/* A reference's rows are K3's matter; here its dates alone are. */
static bool rows_agree(const struct trial_table *table, size_t column)
{
	return table->expected->columns[column].members != NULL ||
		table->columns[column].changed == 0;
}

static void check_column(struct trial *t, const struct trial_table *table, size_t column)
{
	const char *name = table->expected->design->columns.at[column].name;
	const struct contract_attribute *attribute = attribute_of(table->contract, name);
	const struct contract_date *date = date_of(table->contract, name);
	if (attribute == NULL && date == NULL) {
		return;
	}
	const char *subject = trial_subject(t, table, column);
	struct verdict v = {
		.expected = both_words(t, attribute != NULL ? attribute_words(t, attribute) : "",
				       date != NULL ? date_words(t, date) : ""),
	};
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "X2", subject, &v);
		return;
	}
	const char *values = "", *dates = "";
	bool values_ok = attribute == NULL ||
		attribute_agrees(t, table, column, attribute, &values);
	bool dates_ok = date == NULL || dates_agree(t, table, column, date, &dates);
	v.passed = values_ok && dates_ok && rows_agree(table, column);
	v.found = both_words(t, values, dates);
	if (!v.passed) {
		trial_blame_column(t, table, column, &v);
	}
	trial_report(t, "X2", subject, &v);
}

int check_values(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			check_column(t, table, c);
		}
	}
	return 0;
}
