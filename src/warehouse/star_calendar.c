/*
 * Whether a source table is a calendar that the star can take as its date dimension: it describes, has one row for each
 * day from its first to its last, and all days that the facts' dates lie on are there. All of that stands in the profile.
 * With the least doubt (two such tables, a fact that reaches beyond) a calendar is generated, and its table says why.
 */
#include "warehouse/star.h"

#include <string.h>

#include "expr/expr.h"

enum { DAYS_MIN = 28, DATE_CHARS = 10 };

/* The day of a date's or time's canonical text. */
static bool day_of(const char *text, int32_t *ret)
{
	return text != NULL && strlen(text) >= DATE_CHARS &&
		expr_date_parse("yyyy-MM-dd", 0, text, DATE_CHARS, ret);
}

struct days {
	int32_t first, last;
};

/* Every row has a day of its own, and none between them is missing. */
static bool is_daily(const struct star_table *t, const struct column_profile *c, struct days *ret)
{
	return star_type(c).kind == COLUMN_DATE && c->nulls == 0 && c->nonconforming == 0 &&
		!c->distinct_estimated && c->distinct == t->profile->rows &&
		t->profile->rows >= DAYS_MIN && day_of(c->min, &ret->first) &&
		day_of(c->max, &ret->last) && ret->last - ret->first + 1 == t->profile->rows;
}

/* Its key, or else the first column that could be. NULL: there is none. */
static const struct column_profile *day_column(const struct star_table *t, struct days *ret)
{
	const struct column_profile *found = NULL;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *c = &t->profile->columns.at[i];
		bool key = t->key != NULL && t->key->columns.n == 1 && star_in_key(t, c->name);
		struct days days;

		if ((found == NULL || key) && is_daily(t, c, &days)) {
			found = c;
			*ret = days;
		}
	}
	return found;
}

/* An instant's written date may be a day off the one that its UTC text has. */
static bool covers(const struct days *d, const struct column_profile *c)
{
	int32_t margin = star_type(c).kind == COLUMN_TIMESTAMP ? 1 : 0;
	int32_t first, last;

	return c->min == NULL ||
		(day_of(c->min, &first) && day_of(c->max, &last) && first - margin >= d->first &&
		 last + margin <= d->last);
}

static bool is_fact(const struct star_table *t)
{
	return t->kind != TABLE_DIMENSION;
}

/* The first date of a fact that lies beyond. *ret_any: facts have dates, or refer to the table. */
static const struct column_profile *beyond(const struct star *s, const struct star_table *calendar,
					   const struct days *days,
					   const struct star_table **ret_fact, bool *ret_any)
{
	*ret_any = false;
	for (size_t i = 0; i < calendar->in.n; i++) {
		*ret_any |= is_fact(calendar->in.at[i]->from);
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct table_profile *p = s->tables[i].profile;

		for (size_t k = 0; is_fact(&s->tables[i]) && k < p->columns.n; k++) {
			const struct column_profile *c = &p->columns.at[k];
			bool event = star_is_date(c) && !star_is_audit(c);

			*ret_any |= event;
			if (event && !covers(days, c)) {
				*ret_fact = &s->tables[i];
				return c;
			}
		}
	}
	return NULL;
}

static void reject(struct star *s, const struct star_table *t, const char *why, struct arena *a)
{
	*LIST_ADD(a, &s->not_calendars) = (struct alternative){
		.choice = arena_printf(a, "%s as the calendar", t->profile->table),
		.reason = why,
	};
}

/* NULL: the table can be the calendar. "": it has nothing of one. */
static const char *why_not(const struct star *s, const struct star_table *t,
			   const struct column_profile **ret_day, struct arena *a)
{
	const struct star_table *fact = NULL;
	const struct column_profile *c;
	struct days days;
	bool any;

	*ret_day = NULL;
	if (t->kind == TABLE_DIMENSION) {
		*ret_day = day_column(t, &days);
	}
	if (*ret_day == NULL) {
		return "";
	}
	if (t->said != NULL && t->said->role != NULL) {
		return arena_printf(a, "bldr.json says that it is a %s", t->said->role);
	}
	c = beyond(s, t, &days, &fact, &any);
	if (c != NULL) {
		return arena_printf(
			a, "%s.%s has dates from %.*s to %.*s, the table days from %s to %s",
			fact->profile->table, c->name, DATE_CHARS, c->min, DATE_CHARS, c->max,
			(*ret_day)->min, (*ret_day)->max);
	}
	return any ? NULL : "no fact has dates, and none refers to it";
}

/* Its key is the day: what refers to it by another column finds the row first. */
static void adopt(struct star *s, struct star_table *t, const struct column_profile *day,
		  struct arena *a)
{
	struct key_candidate *key = ARENA_NEW(a, struct key_candidate);

	key->score = "1.00";
	key->chosen = true;
	*LIST_ADD(a, &key->columns) = day->name;
	t->named = t->key;
	t->key = key;
	t->stands = true;
	t->reached = true;
	s->calendar = t;
	*LIST_ADD(a, &t->evidence) = arena_printf(
		a,
		"the date dimension: %s has each day from %s to %s once, and the facts' dates "
		"are among them",
		day->name, day->min, day->max);
}

void star_find_calendar(struct star *s, struct arena *a)
{
	struct star_table *found = NULL;
	const struct column_profile *day = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct column_profile *c;
		const char *why = why_not(s, &s->tables[i], &c, a);

		if (why != NULL) {
			if (*why != '\0') {
				reject(s, &s->tables[i], why, a);
			}
			continue;
		}
		if (found != NULL) {
			reject(s, found, "another table could be it as well", a);
			reject(s, &s->tables[i], "another table could be it as well", a);
			return;
		}
		found = &s->tables[i];
		day = c;
	}
	if (found != NULL) {
		adopt(s, found, day, a);
	}
}
