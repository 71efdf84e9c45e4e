/*
 * The span is taken over all dates of the source columns, whether or not a fact reaches them, then the days
 * are counted off. Dates that lie further apart than a calendar reaches (9999-12-31 for "never") are left out: it
 * stands where most days in use are. A design without one date gives a calendar without rows.
 */
#include "checks/calendar_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/check.h"

enum { REACH_YEARS = 400 };

struct span {
	bool any;
	int32_t first, last; /* days */
};

typedef LIST(int32_t) day_list;

static int by_value(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
	return (left > right) - (left < right);
}

/* Sorts the days; each stays once. */
static void tidy(day_list *days)
{
	size_t n = 0;
	if (days->n > 0) {
		qsort(days->at, days->n, sizeof(*days->at), by_value);
	}
	for (size_t i = 0; i < days->n; i++) {
		if (n == 0 || days->at[i] != days->at[n - 1]) {
			days->at[n++] = days->at[i];
		}
	}
	days->n = n;
}

/*
 * Of tidy days the whole years in reach that hold most of them; of equally many the earliest. A stretch of years is
 * judged by its last day in use, so the day that it ends with moves on and the one that it begins with follows.
 */
static struct span busiest(const day_list *days)
{
	struct span best = { 0 };
	size_t most = 0, begin = 0;
	for (size_t end = 0; end < days->n; end++) {
		int32_t last = calendar_ymd(days->at[end]).year;
		while (last - calendar_ymd(days->at[begin]).year >= REACH_YEARS) {
			begin++;
		}
		if (end + 1 - begin > most) {
			most = end + 1 - begin;
			best.any = true;
			best.first = calendar_ymd(days->at[begin]).year;
			best.last = last;
		}
	}
	best.first = best.any ? calendar_days((struct ymd){ best.first, 1, 1 }) : 0;
	best.last = best.any ? calendar_days((struct ymd){ best.last, 12, 31 }) : 0;
	return best;
}

static int stretch(struct expected *e, struct expected_table *t, const struct origin *o,
		   day_list *days, struct bldr_error *err)
{
	struct relation *source = o->table != NULL ? relation_find(e->relations, o->table) : NULL;
	int64_t column =
		source != NULL && o->column != NULL ? relation_column_find(source, o->column) : -1;
	if (column < 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "design table \"%s\": no dates in \"%s.%s\"", t->design->name,
				      o->table != NULL ? o->table : "?",
				      o->column != NULL ? o->column : "?");
	}
	const struct column_decision *d =
		&relation_column(e->relations, source, (size_t)column)->decision;
	*LIST_ADD(e->arena, &t->calendar) = (struct date_source){ o->table, o->column, &d->dates };
	for (size_t i = 0; i < source->raw.records.n; i++) {
		const char *text = relation_text(source, i, (size_t)column);
		struct stamp s;
		if (value_is_null(d, text) || !stamp_parse(text, d->dates.order, &s)) {
			continue;
		}
		*LIST_ADD(e->arena, days) = s.days;
	}
	tidy(days);
	return 0;
}

static int span_of(struct expected *e, struct expected_table *t, struct span *ret,
		   struct bldr_error *err)
{
	day_list days = { 0 };
	for (size_t i = 0; i < e->design->tables.n; i++) {
		const struct design_table *user = &e->design->tables.at[i];
		for (size_t c = 0; c < user->columns.n; c++) {
			const struct design_column *column = &user->columns.at[c];
			bool uses = column->role == ROLE_DIMENSION_KEY &&
				column->dimension != NULL &&
				strcmp(column->dimension, t->design->name) == 0;
			for (size_t o = 0; uses && o < column->origins.n; o++) {
				int rc = stretch(e, t, &column->origins.at[o], &days, err);
				if (rc < 0) {
					return rc;
				}
			}
		}
	}
	*ret = busiest(&days);
	return 0;
}

enum part {
	PART_NONE,
	PART_KEY,
	PART_DATE,
	PART_YEAR,
	PART_QUARTER,
	PART_MONTH,
	PART_DAY,
	PART_DAY_OF_YEAR,
	PART_ISO_WEEK,
	PART_ISO_WEEKDAY,
	PART_LINEAGE
};

static enum part part_of(const struct expected_table *t, size_t column)
{
	static const struct {
		const char *name;
		enum part part;
	} names[] = {
		{ "year", PART_YEAR },         { "quarter", PART_QUARTER },
		{ "month", PART_MONTH },       { "day", PART_DAY },
		{ "day_of_month", PART_DAY },  { "day_of_year", PART_DAY_OF_YEAR },
		{ "iso_week", PART_ISO_WEEK }, { "iso_weekday", PART_ISO_WEEKDAY },
	};
	const struct expected_column *c = &t->columns[column];
	if (t->n_keys == 1 && t->keys[0] == column && c->type.kind == COLUMN_DATE) {
		return PART_DATE;
	}
	if (c->design->role == ROLE_SURROGATE_KEY) {
		return PART_KEY;
	}
	if (c->design->role == ROLE_LINEAGE) {
		return PART_LINEAGE;
	}
	for (size_t i = 0; c->type.kind == COLUMN_INT64 && i < sizeof(names) / sizeof(names[0]);
	     i++) {
		if (strcmp(c->design->name, names[i].name) == 0) {
			return names[i].part;
		}
	}
	return PART_NONE;
}

static const char *part_text(enum part part, int32_t days, struct arena *a)
{
	struct ymd d = calendar_ymd(days);
	char date[DATE_TEXT_MAX];
	switch (part) {
	case PART_KEY:
		return arena_printf(a, "%d%02d%02d", d.year, d.month, d.day);
	case PART_DATE:
		date_text(days, date);
		return arena_strdup(a, date);
	case PART_YEAR:
		return arena_printf(a, "%d", d.year);
	case PART_QUARTER:
		return arena_printf(a, "%d", (d.month + 2) / 3);
	case PART_MONTH:
		return arena_printf(a, "%d", d.month);
	case PART_DAY:
		return arena_printf(a, "%d", d.day);
	case PART_DAY_OF_YEAR:
		return arena_printf(a, "%d", calendar_day_of_year(days));
	case PART_ISO_WEEK:
		return arena_printf(a, "%d", calendar_iso_week(days));
	case PART_ISO_WEEKDAY:
		return arena_printf(a, "%d", calendar_iso_weekday(days));
	case PART_NONE:
	case PART_LINEAGE:
		break;
	}
	return NULL;
}

const char *calendar_table_cell(const struct expected_table *t, size_t column, int32_t days,
				struct arena *a)
{
	return part_text(part_of(t, column), days, a);
}

static void name_members(struct expected *e, struct expected_table *t)
{
	t->members = map_new();
	for (size_t i = 0; i < t->n; i++) {
		const char *canon = expected_key(t, i, e->arena);
		*map_at(t->members, canon, strlen(canon)) = (void *)(intptr_t)(i + 1);
	}
}

int calendar_table_fill(struct expected *e, struct expected_table *t, struct bldr_error *err)
{
	struct span span;
	int rc = span_of(e, t, &span, err);
	if (rc < 0) {
		return rc;
	}
	bool by_date = t->n_keys == 1 && part_of(t, t->keys[0]) == PART_DATE;
	if (!by_date) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "design table \"%s\": a calendar is keyed by one date",
				      t->design->name);
	}
	t->n = span.any ? (size_t)(span.last - span.first + 1) : 0;
	for (size_t c = 0; c < t->design->columns.n; c++) {
		enum part part = part_of(t, c);
		if (part == PART_NONE) {
			continue;
		}
		t->columns[c].cells = ARENA_ARRAY(e->arena, const char *, t->n);
		for (size_t i = 0; i < t->n; i++) {
			t->columns[c].cells[i] = part_text(part, span.first + (int32_t)i, e->arena);
		}
	}
	name_members(e, t);
	return 0;
}
