/*
 * D1: a date dimension has a row for every day that a reference uses, no day between its first and its last is missing
 * or twice, a generated one consists of whole years, and what it says of each day is recomputed from the date that
 * stands in the row itself.
 */
#include "checks/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/check.h"
#include "checks/calendar_table.h"

struct days {
	size_t n;
	int32_t *at;    /* in order */
	size_t *row;    /* in the order of at */
	size_t undated; /* rows whose date is none */
};

struct day {
	int32_t day;
	size_t row;
};

static int by_day(const void *a, const void *b)
{
	const struct day *left = a, *right = b;
	int order = (left->day > right->day) - (left->day < right->day);
	return order != 0 ? order : (left->row > right->row) - (left->row < right->row);
}

static bool parse_day(const char *text, int32_t *ret)
{
	struct stamp s;
	if (text == NULL || strlen(text) != 10 || !stamp_parse(text, ORDER_YMD, &s)) {
		return false;
	}
	*ret = s.days;
	return true;
}

/* The column that holds the date: the key of the Tester's own calendar. */
static size_t date_column(const struct expected_table *e)
{
	return e->keys[0];
}

static struct days read_days(const struct trial *t, const struct trial_table *table)
{
	const char **cells = table->found.columns[date_column(table->expected)].cells;
	struct day *all = xcalloc(table->found.n, sizeof(*all));
	struct days d = { 0 };
	for (size_t i = 0; i < table->found.n; i++) {
		bool dated = parse_day(cells[i], &all[d.n].day);
		all[d.n].row = i;
		d.n += dated;
		d.undated += !dated;
	}
	if (d.n > 0) {
		qsort(all, d.n, sizeof(*all), by_day);
	}
	d.at = ARENA_ARRAY(t->arena, int32_t, d.n);
	d.row = ARENA_ARRAY(t->arena, size_t, d.n);
	for (size_t i = 0; i < d.n; i++) {
		d.at[i] = all[i].day;
		d.row[i] = all[i].row;
	}
	free(all);
	return d;
}

struct faults {
	size_t gaps, again, partial, used, attributes;
};

static void count_gaps(const struct trial *t, const struct days *d, struct faults *f,
		       struct verdict *v)
{
	for (size_t i = 1; i < d->n; i++) {
		int32_t step = d->at[i] - d->at[i - 1];
		char day[DATE_TEXT_MAX];
		date_text(d->at[i - 1], day);
		f->again += step == 0;
		f->gaps += step > 1 ? (size_t)step - 1 : 0;
		if (step != 1) {
			trial_sample(t, v,
				     step == 0 ? "%s is there twice" : "after %s days are missing",
				     day);
		}
	}
}

/* First of January to 31 December; an adopted calendar is as long as its source. */
static void count_partial_years(const struct trial *t, const struct trial_table *table,
				const struct days *d, struct faults *f, struct verdict *v)
{
	if (d->n == 0 || table->expected->source != NULL) {
		return;
	}
	struct ymd first = calendar_ymd(d->at[0]), last = calendar_ymd(d->at[d->n - 1]);
	bool begins = first.month == 1 && first.day == 1, ends = last.month == 12 && last.day == 31;
	f->partial = (size_t)!begins + (size_t)!ends;
	if (f->partial > 0) {
		trial_sample(t, v, "%04d-%02d-%02d to %04d-%02d-%02d are no whole years",
			     first.year, first.month, first.day, last.year, last.month, last.day);
	}
}

/* Keys of references to the calendar that are no reserved ones and that it lacks. */
static void count_uncovered(const struct trial *t, const struct trial_table *calendar,
			    struct faults *f, struct verdict *v)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			bool refers = table->expected->columns[c].members != NULL &&
				table->expected->columns[c].dimension == calendar->expected &&
				!table->found.columns[c].missing;
			for (size_t r = 0; refers && r < table->found.n; r++) {
				const char *key = table->found.columns[c].cells[r];
				if (key != NULL && key[0] != '-' &&
				    found_row(&calendar->found, key) < 0) {
					f->used++;
					trial_sample(t, v, "%s uses day %s, which is not there",
						     trial_subject(t, table, c), key);
				}
			}
		}
	}
}

/* The first column whose values are not what their row's date gives, or -1. */
static int64_t count_wrong_attributes(const struct trial *t, const struct trial_table *table,
				      const struct days *d, struct faults *f, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	int64_t wrong_column = -1;
	for (size_t c = 0; c < e->design->columns.n; c++) {
		bool judged = e->source == NULL && !table->found.columns[c].missing &&
			e->columns[c].cells != NULL &&
			e->design->columns.at[c].role != ROLE_LINEAGE;
		for (size_t i = 0; judged && i < d->n; i++) {
			const char *right = calendar_table_cell(e, c, d->at[i], t->arena);
			const char *cell = table->found.columns[c].cells[d->row[i]];
			if (!value_same(right, cell)) {
				f->attributes++;
				wrong_column = wrong_column < 0 ? (int64_t)c : wrong_column;
				trial_sample(t, v, "row %s: %s is %.40s, the date gives %s",
					     trial_row(t, table, d->row[i]),
					     e->design->columns.at[c].name,
					     cell != NULL ? cell : "null", right);
			}
		}
	}
	return wrong_column;
}

static void blame(const struct trial *t, const struct trial_table *table, int64_t wrong_column,
		  struct verdict *v)
{
	if (wrong_column >= 0 && table->columns[wrong_column].changed > 0) {
		trial_blame_column(t, table, (size_t)wrong_column, v);
	} else {
		trial_blame_rows(t, table, v);
	}
}

static void check_calendar_table(struct trial *t, const struct trial_table *table)
{
	const char *name = table->expected->design->name;
	struct verdict v = { .expected = "every day in use, no gap, whole years, each day's parts "
					 "as its date gives them" };
	if (trial_absent(t, table, (int64_t)date_column(table->expected), &v)) {
		trial_report(t, "D1", name, &v);
		return;
	}
	struct faults f = { 0 };
	struct days d = read_days(t, table);
	count_gaps(t, &d, &f, &v);
	count_partial_years(t, table, &d, &f, &v);
	count_uncovered(t, table, &f, &v);
	int64_t wrong = count_wrong_attributes(t, table, &d, &f, &v);
	v.passed = f.gaps + f.again + f.partial + f.used + f.attributes + d.undated == 0;
	v.found = arena_printf(
		t->arena,
		"%zu days: %zu missing between, %zu twice, %zu rows without a date, %zu "
		"ends inside a year, %zu rows use a day that is not there, %zu parts wrong",
		d.n, f.gaps, f.again, d.undated, f.partial, f.used, f.attributes);
	if (!v.passed) {
		blame(t, table, wrong, &v);
	}
	trial_report(t, "D1", name, &v);
}

int check_calendar(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->n; i++) {
		if (t->tables[i].expected->design->kind == TABLE_DATE) {
			check_calendar_table(t, &t->tables[i]);
		}
	}
	return 0;
}
