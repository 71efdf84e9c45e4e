/*
 * R4 in parts: per measure the contract's totals by month of each date key, and by member of each other reference for
 * the members of most rows. The warehouse is split by what a query over it would show: the date or the business
 * key that the row's dimension key leads to there.
 */
#include "checks/split.h"

#include <string.h>

#include "base/check.h"
#include "checks/reference.h"
#include "checks/summary.h"

enum { SLICES_SHOWN = 12 };

static const char **member_labels(const struct trial *t, const struct trial_table *table,
				  size_t column, struct arena *a)
{
	const struct expected_column *c = &table->expected->columns[column];
	const struct trial_table *d = trial_find(t, c->design->dimension);
	const char *const **columns =
		ARENA_ARRAY(a, const char *const *, d->expected->design->columns.n);
	for (size_t i = 0; i < d->expected->design->columns.n; i++) {
		columns[i] = d->found.columns[i].cells;
	}
	const char **of_member = split_member_labels(d->expected, columns, d->found.n, a);
	const char **labels = ARENA_ARRAY(a, const char *, table->found.n);
	for (size_t i = 0; i < table->found.n; i++) {
		const char *key = table->found.columns[column].cells[i];
		int64_t row = key != NULL ? found_row(&d->found, key) : -1;
		labels[i] = row >= 0 ? of_member[row] : NULL;
	}
	return labels;
}

static const char **labels_of(const struct trial *t, const struct trial_table *table, size_t column,
			      struct arena *a)
{
	return split_is_by_month(&table->expected->columns[column])
		? split_month_labels(trial_dates(t, table, column, a), table->found.n, a)
		: member_labels(t, table, column, a);
}

static const struct contract_slice *slice_of(const struct contract_split *s, const char *key)
{
	for (size_t i = 0; i < s->slices.n; i++) {
		if (strcmp(s->slices.at[i].key, key) == 0) {
			return &s->slices.at[i];
		}
	}
	return NULL;
}

static const char *slice_words(const struct trial *t, const struct contract_slice *s)
{
	return s == NULL
		? "none"
		: arena_printf(t->arena, "%lld rows, %s%s", (long long)s->rows,
			       s->sum != NULL ? "sum " : "no value", s->sum != NULL ? s->sum : "");
}

static bool slices_equal(struct column_type type, const struct contract_slice *a,
			 const struct contract_slice *b)
{
	return b != NULL && a->rows == b->rows && total_texts_equal(type, a->sum, b->sum);
}

/* The parts of found that expected has, as words. */
static const char *split_words(const struct trial *t, const struct contract_split *expected,
			       const struct contract_split *found)
{
	const char *words = arena_printf(t->arena, "%zu parts", expected->slices.n);
	for (size_t i = 0; i < expected->slices.n && i < SLICES_SHOWN; i++) {
		const char *key = expected->slices.at[i].key;
		words = arena_printf(t->arena, "%s; %.60s: %s", words, key,
				     slice_words(t, slice_of(found, key)));
	}
	return expected->slices.n > SLICES_SHOWN ? arena_printf(t->arena, "%s; ...", words) : words;
}

static size_t compare_slices(const struct trial *t, struct column_type type,
			     const struct contract_split *expected,
			     const struct contract_split *found, bool all, struct verdict *v)
{
	size_t wrong = 0;
	for (size_t i = 0; i < expected->slices.n; i++) {
		const struct contract_slice *e = &expected->slices.at[i];
		const struct contract_slice *f = slice_of(found, e->key);
		if (!slices_equal(type, e, f)) {
			wrong++;
			trial_sample(t, v, "%.80s: %s, expected %s", e->key, slice_words(t, f),
				     slice_words(t, e));
		}
	}
	for (size_t i = 0; all && i < found->slices.n; i++) {
		const struct contract_slice *f = &found->slices.at[i];
		if (slice_of(expected, f->key) == NULL) {
			wrong++;
			trial_sample(t, v, "%.80s: %s, expected none", f->key, slice_words(t, f));
		}
	}
	return wrong;
}

/* The measure, the reference, the rows, then the dimension that the reference leads to. */
static void blame(const struct trial *t, const struct trial_table *table, size_t measure,
		  size_t column, struct verdict *v)
{
	if (table->columns[measure].changed > 0 || table->missing + table->surplus > 0) {
		trial_blame_column(t, table, measure, v);
		return;
	}
	struct reference r = reference_follow(t, table, column, v);
	if (table->columns[column].changed > 0 || r.dangling > 0) {
		reference_blame(t, table, column, r, v);
		return;
	}
	const struct trial_table *d =
		trial_find(t, table->expected->columns[column].design->dimension);
	for (size_t k = 0; k < d->expected->n_keys; k++) {
		if (d->columns[d->expected->keys[k]].changed > 0) {
			trial_blame_column(t, d, d->expected->keys[k], v);
			return;
		}
	}
	trial_blame_rows(t, d, v);
}

static int check_split(struct trial *t, const struct trial_table *table, size_t measure,
		       size_t column, const struct grouping *groups,
		       const struct contract_split *expected, struct bldr_error *err)
{
	struct verdict v = { .expected = split_words(t, expected, expected) };
	const char *subject = arena_printf(t->arena, "%s by %s", trial_subject(t, table, measure),
					   expected->column);
	if (trial_absent(t, table, (int64_t)measure, &v) ||
	    trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "R4", subject, &v);
		return 0;
	}
	struct column_type type = table->expected->columns[measure].type;
	struct contract_split found = { .column = expected->column };
	int rc = grouping_sum(groups, table->found.columns[measure].cells, type, t->arena, &found,
			      err);
	if (rc < 0) {
		return rc;
	}
	bool months = split_is_by_month(&table->expected->columns[column]);
	v.passed = compare_slices(t, type, expected, &found, months, &v) == 0;
	v.found = split_words(t, expected, &found);
	if (!v.passed) {
		blame(t, table, measure, column, &v);
	}
	trial_report(t, "R4", subject, &v);
	return 0;
}

/* NULL: the contract does not split the measure by that column. */
static const struct contract_split *split_by(const struct contract_measure *m, const char *column)
{
	for (size_t i = 0; i < m->by_month.n; i++) {
		if (strcmp(m->by_month.at[i].column, column) == 0) {
			return &m->by_month.at[i];
		}
	}
	for (size_t i = 0; i < m->by_member.n; i++) {
		if (strcmp(m->by_member.at[i].column, column) == 0) {
			return &m->by_member.at[i];
		}
	}
	return NULL;
}

static int check_groups(struct trial *t, const struct trial_table *table, size_t column,
			const struct grouping *groups, struct bldr_error *err)
{
	const char *name = table->expected->design->columns.at[column].name;
	for (size_t m = 0; m < table->contract->measures.n; m++) {
		const struct contract_measure *c = &table->contract->measures.at[m];
		int64_t measure = expected_column_find(table->expected, c->column);
		const struct contract_split *split = split_by(c, name);
		if (measure < 0 || split == NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "the contract does not split \"%s.%s\" by \"%s\", "
					      "which the design refers to",
					      table->contract->table, c->column, name);
		}
		int rc = check_split(t, table, (size_t)measure, column, groups, split, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* One reference, all measures: the rows are grouped once, in memory of their own. */
static int check_reference(struct trial *t, const struct trial_table *table, size_t column,
			   struct bldr_error *err)
{
	struct arena a = { 0 };
	struct grouping groups = { 0 };
	if (!table->found.missing && !table->found.columns[column].missing) {
		grouping_make(labels_of(t, table, column, &a), table->found.n, &a, &groups);
	}
	int rc = check_groups(t, table, column, &groups, err);
	arena_release(&a);
	return rc;
}

int check_splits(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			bool splits = table->expected->columns[c].members != NULL &&
				table->contract->measures.n > 0;
			int rc = splits ? check_reference(t, table, c, err) : 0;
			if (rc < 0) {
				return rc;
			}
		}
	}
	return 0;
}
