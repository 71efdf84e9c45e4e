/*
 * R3: rows of a table = distinct grain keys, and the deployment counted them so. R4: per measure the
 * contract's totals. Both also look at the rows one by one, so that two errors that cancel in a total do not
 * hide each other.
 */
#include "checks/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "checks/summary.h"

/* Not to take this key again: the columns of the source that make the grain; NULL: it is made of others. */
static const struct bldr_value *key_advice(const struct trial *t, const struct trial_table *table)
{
	const struct design_table *d = table->expected->design;
	struct bldr_value *v = bldr_object();
	struct bldr_value *columns = bldr_list();
	for (size_t i = 0; i < d->grain_columns.n; i++) {
		int64_t c = expected_column_find(table->expected, d->grain_columns.at[i]);
		for (size_t k = 0; c >= 0 && k < d->columns.at[c].origins.n; k++) {
			const struct origin *o = &d->columns.at[c].origins.at[k];
			if (o->kind == ORIGIN_COLUMN) {
				bldr_list_add(columns, bldr_text(o->column));
			}
		}
	}
	bool whole = d->source != NULL && bldr_count(columns) >= d->grain_columns.n &&
		d->grain_columns.n > 0;
	bldr_object_set(v, "repair", bldr_text("key"));
	bldr_object_set(v, "table", bldr_text(d->source != NULL ? d->source : ""));
	bldr_object_set(v, "columns", columns);
	const struct bldr_value *kept = artefact_keep(t->arena, v);
	return whole ? kept : NULL;
}

/* Records that share a grain key: the design's grain does not fit the data. */
static void judge_grain(struct trial *t, const struct trial_table *table, struct verdict *v)
{
	const struct contract_table *c = table->contract;
	v->passed = false;
	v->blame = "analyst";
	v->why = arena_printf(
		t->arena,
		"%lld source records share their grain key with another: the design's grain does not "
		"tell them apart",
		(long long)(c->rows - c->grain_distinct));
	v->advice = key_advice(t, table);
}

static void check_row_count(struct trial *t, const struct trial_table *table)
{
	const struct contract_table *c = table->contract;
	const char *name = table->expected->design->name;
	struct verdict v = {
		.passed = true,
		.expected = arena_printf(t->arena, "%lld rows", (long long)c->grain_distinct),
	};
	if (trial_absent(t, table, -1, &v)) {
		trial_report(t, "R3", name, &v);
		return;
	}
	const struct deployment_table *d = trial_deployed(t, name);
	bool told = t->in->deployment == NULL ||
		(d != NULL && d->rows == (int64_t)table->found.n &&
		 d->reserved == (int64_t)table->found.reserved.n);
	v.found = arena_printf(t->arena, "%zu rows", table->found.n);
	bool counted = (int64_t)table->found.n == c->grain_distinct;
	if (!counted || table->missing + table->surplus > 0) {
		v.passed = false;
		trial_blame_rows(t, table, &v);
	} else if (!told) {
		v.passed = false;
		v.found = arena_printf(t->arena,
				       "%zu rows and %zu reserved; deployment: %lld and %lld",
				       table->found.n, table->found.reserved.n,
				       d != NULL ? (long long)d->rows : 0,
				       d != NULL ? (long long)d->reserved : 0);
		v.blame = "developer";
		v.why = "the deployment does not count what the warehouse holds";
	}
	if (c->rows != c->grain_distinct) {
		judge_grain(t, table, &v);
	}
	trial_report(t, "R3", name, &v);
}

static const char *measure_words(const struct trial *t, const struct contract_measure *m)
{
	if (m->count == 0) {
		return arena_printf(t->arena, "no values, %lld nulls", (long long)m->nulls);
	}
	return arena_printf(t->arena, "%lld values, %lld nulls, sum %s, %s to %s",
			    (long long)m->count, (long long)m->nulls, m->sum, m->min, m->max);
}

static int check_measure(struct trial *t, const struct trial_table *table,
			 const struct contract_measure *expected, struct bldr_error *err)
{
	int64_t column = expected_column_find(table->expected, expected->column);
	if (column < 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the contract's measure \"%s.%s\" is not "
				      "in the design",
				      table->contract->table, expected->column);
	}
	const char *subject = trial_subject(t, table, (size_t)column);
	struct verdict v = { .expected = measure_words(t, expected) };
	if (trial_absent(t, table, column, &v)) {
		trial_report(t, "R4", subject, &v);
		return 0;
	}
	struct column_type type = table->expected->columns[column].type;
	struct contract_measure found = { .column = expected->column };
	int rc = summary_measure(table->found.columns[column].cells, table->found.n, type, t->arena,
				 &found, err);
	if (rc < 0) {
		return rc;
	}
	size_t changed = table->columns[column].changed;
	v.passed = found.count == expected->count && found.nulls == expected->nulls &&
		total_texts_equal(type, found.sum, expected->sum) &&
		value_same(found.min, expected->min) && value_same(found.max, expected->max) &&
		changed == 0;
	v.found = measure_words(t, &found);
	if (!v.passed) {
		trial_blame_column(t, table, (size_t)column, &v);
	}
	trial_report(t, "R4", subject, &v);
	return 0;
}

int check_rows(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		check_row_count(t, table);
		for (size_t m = 0; m < table->contract->measures.n; m++) {
			int rc = check_measure(t, table, &table->contract->measures.at[m], err);
			if (rc < 0) {
				return rc;
			}
		}
	}
	return 0;
}
