/*
 * N1: what is null in the star is null in the raw files by the Tester's own null tokens, row for row, and the other way
 * round; a reference without a key (-2) counts as null. What the files write and no type can read became null for a
 * reason, which is a defect of the data: a warning, with the text. So is a value behind a foreign key that leads
 * nowhere, unless a reference of the table tells of it already (K5).
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"

struct nulls {
	size_t rows; /* that were compared */
	size_t found, expected;
	size_t lost;                       /* null in the star only */
	size_t gained;                     /* null in the files only */
	size_t by[ABSENCE_UNREADABLE + 1]; /* of the expected ones, why */
};

static bool is_null(const struct expected_column *c, const char *cell)
{
	return cell == NULL || (c->members != NULL && strcmp(cell, "-2") == 0);
}

static struct nulls count_nulls(const struct trial_table *table, size_t column)
{
	const struct expected_column *c = &table->expected->columns[column];
	struct nulls n = { 0 };
	for (size_t i = 0; i < table->found.n; i++) {
		int64_t row = table->expected_of[i];
		if (row < 0) {
			continue;
		}
		bool found = is_null(c, table->found.columns[column].cells[i]);
		bool expected = is_null(c, c->cells[row]);
		n.rows++;
		n.found += found;
		n.expected += expected;
		n.lost += found && !expected;
		n.gained += expected && !found;
		n.by[expected && c->absences != NULL ? c->absences[row] : ABSENCE_NONE]++;
	}
	return n;
}

/* Whether K5 tells of the keys that lead nowhere in this table. */
static bool reference_misses(const struct expected_table *e)
{
	for (size_t c = 0; c < e->design->columns.n; c++) {
		const struct expected_column *reference = &e->columns[c];
		bool tells = reference->members != NULL && reference->absences != NULL;
		for (size_t i = 0; tells && i < e->n; i++) {
			if (reference->members[i] == MEMBER_NONE &&
			    reference->absences[i] == ABSENCE_MISSED) {
				return true;
			}
		}
	}
	return false;
}

static const char *nulls_words(const struct trial *t, size_t rows, size_t nulls,
			       const struct nulls *n)
{
	return arena_printf(
		t->arena,
		"%zu of %zu rows null: %zu by a null token, %zu by a null key on the way, %zu "
		"by a key that leads nowhere, %zu by a text that cannot be read",
		nulls, rows, n->by[ABSENCE_WRITTEN], n->by[ABSENCE_NO_KEY], n->by[ABSENCE_MISSED],
		n->by[ABSENCE_UNREADABLE]);
}

static void sample_defects(const struct trial *t, const struct trial_table *table, size_t column,
			   bool misses, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	const struct expected_column *c = &e->columns[column];
	for (size_t i = 0; i < e->n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (c->absences[i] == ABSENCE_UNREADABLE && is_null(c, c->cells[i])) {
			trial_sample(t, v, "%s: \"%.120s\" is no %s", trial_place(t, table, i),
				     c->texts != NULL && c->texts[i] != NULL ? c->texts[i] : "?",
				     c->members != NULL ? "key or date" : c->design->type);
		} else if (misses && c->absences[i] == ABSENCE_MISSED) {
			trial_sample(t, v, "%s: a foreign key on the way to \"%s\" leads nowhere",
				     trial_place(t, table, i), c->design->name);
		}
	}
}

static void warn(const struct trial *t, const struct trial_table *table, size_t column,
		 const struct nulls *n, bool misses, struct verdict *v)
{
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->blame = "data";
	v->why = arena_printf(
		t->arena,
		"the files hold %zu texts here that are no value of the column's type, "
		"and %zu foreign keys that lead nowhere: null in the star, and counted",
		n->by[ABSENCE_UNREADABLE], misses ? n->by[ABSENCE_MISSED] : 0);
	sample_defects(t, table, column, misses, v);
}

static void check_column(struct trial *t, const struct trial_table *table, size_t column, bool told)
{
	const struct expected_column *c = &table->expected->columns[column];
	const char *subject = trial_subject(t, table, column);
	struct verdict v = { .expected = "null where the files have no value" };
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "N1", subject, &v);
		return;
	}
	struct nulls n = count_nulls(table, column);
	bool misses = !told && n.by[ABSENCE_MISSED] > 0;
	v.expected = nulls_words(t, n.rows, n.expected, &n);
	v.found =
		arena_printf(t->arena,
			     "%zu of %zu rows null, %zu of them not in the files; %zu null in the "
			     "files alone",
			     n.found, n.rows, n.lost, n.gained);
	v.passed = n.lost + n.gained == 0;
	if (!v.passed) {
		trial_blame_column(t, table, column, &v);
	} else if (c->absences != NULL && (n.by[ABSENCE_UNREADABLE] > 0 || misses)) {
		warn(t, table, column, &n, misses, &v);
	}
	trial_report(t, "N1", subject, &v);
}

static bool is_checked(const struct expected_column *c)
{
	int role = c->design->role;
	return c->cells != NULL && role != ROLE_SURROGATE_KEY && role != ROLE_LINEAGE;
}

int check_nulls(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		bool told = reference_misses(table->expected);
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			if (is_checked(&table->expected->columns[c])) {
				check_column(t, table, c, told);
			}
		}
	}
	return 0;
}
