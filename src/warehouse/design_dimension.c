/*
 * A dimension: its key, its attributes, and those of what it belongs to, flattened into it as far as
 * STAR_HOPS_MAX foreign keys lead. Where a foreign key leads back, to a row of the same kind or around a circle, only the
 * other row's name is taken over.
 */
#include "warehouse/designer.h"

#include <string.h>

enum { PARENT_NAMES_MAX = 3 }; /* columns of a parent of the same kind, such as a manager */

/* What is flattened: the table, the way to it, and what the foreign keys of the way are called. */
struct flattened {
	const struct star_table *table;
	const struct star_link *way; /* the last of hops, or NULL */
	hop_list hops;
	texts names;
};

static struct flattened flatten(struct designer *d, const struct flattened *from,
				const struct star_link *link, const char *name)
{
	struct flattened to = { .table = link->to,
				.way = link,
				.hops = designer_extend(d, &from->hops, link) };

	for (size_t i = 0; i < from->names.n; i++) {
		*LIST_ADD(d->a, &to.names) = from->names.at[i];
	}
	*LIST_ADD(d->a, &to.names) = name;
	return to;
}

/*
 * An attribute of another table is called after that: category_name. When there is one of that name from
 * elsewhere, after the first of the way too: store_city beside city.
 */
static const char *attribute_name(struct designer *d, const struct flattened *f, const char *name,
				  const char *type)
{
	const char *entity = f->table->entity;
	const char *called = f->names.at[f->names.n - 1];
	bool named = strcmp(called, entity) == 0 && strncmp(name, entity, strlen(entity)) == 0;
	const char *own = named ? name : designer_join(d->a, called, name);
	const char *unique = own;
	const char *way = "";

	for (size_t i = 0; i + 1 < f->names.n && designer_name_taken(d->table, unique, type); i++) {
		way = i == 0 ? f->names.at[i] : designer_join(d->a, way, f->names.at[i]);
		unique = designer_join(d->a, way, own);
	}
	return unique;
}

static void add_attribute(struct designer *d, const struct flattened *f,
			  const struct column_profile *p)
{
	bool own = f->hops.n == 0;
	const char *name = star_snake(d->a, p->name);
	struct design_column *c;

	if (!own) {
		name = attribute_name(d, f, name, p->type);
	}
	c = designer_add_column(d, own ? f->table->entity : NULL, name, p->type);
	c->role = ROLE_ATTRIBUTE;
	c->nullable = !own || p->nulls > 0;
	designer_add_origin(d, c, f->table, p->name, &f->hops);
}

/* Of a row of the same kind only its name is taken over: manager_last_name, parent_name. */
static void add_parent_names(struct designer *d, const struct flattened *child,
			     const struct star_link *link)
{
	static const char *const words[] = { "name",      "fname",    "lname",
					     "firstname", "lastname", "fullname",
					     "surname",   "title",    NULL };
	const char *role = designer_role_name(d, link);
	const char *name = child->names.n == 0
		? role
		: designer_join(d->a, child->names.at[child->names.n - 1], role);
	struct flattened parent = flatten(d, child, link, name);
	size_t taken = 0;

	for (size_t i = 0; i < link->to->profile->columns.n && taken < PARENT_NAMES_MAX; i++) {
		const struct column_profile *p = &link->to->profile->columns.at[i];

		if (star_type(p).kind == COLUMN_TEXT && !star_in_key(link->to, p->name) &&
		    star_has_word(d->a, p->name, words)) {
			add_attribute(d, &parent, p);
			taken++;
		}
	}
}

/* Attributes of the table itself, then of what it refers to, and so on. */
static void add_attributes(struct designer *d, const struct flattened *f)
{
	const struct star_table *t = f->table;
	bool own = f->hops.n == 0;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];

		if (!star_in_key(t, p->name) && (own || !star_is_audit(p))) {
			add_attribute(d, f, p);
		}
	}
	for (size_t i = 0; f->hops.n < STAR_HOPS_MAX && i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];
		struct flattened to;

		if (link->to->kind != TABLE_DIMENSION ||
		    (f->way != NULL && star_leads_again(f->way, link))) {
			continue;
		}
		if (link->back) {
			if (own || link->to == t) {
				add_parent_names(d, f, link);
			}
			continue;
		}
		if (!designer_has_room(d, link->to)) {
			designer_leave_out(d, link->to);
			continue;
		}
		to = flatten(d, f, link, designer_link_name(d, t, link));
		add_attributes(d, &to);
	}
}

/* What a generated calendar says of a day beside the day itself. */
static const char *const parts[] = { "year",        "quarter",  "month",       "day",
				     "iso_weekday", "iso_week", "day_of_year", NULL };

/* What an adopted calendar does not say itself is made of its day. */
static void add_parts(struct designer *d)
{
	for (const char *const *part = parts; *part != NULL; part++) {
		if (!designer_name_taken(d->table, *part, "int64")) {
			designer_add_generated(d, *part, ROLE_ATTRIBUTE, "int64", true, "calendar");
		}
	}
	*LIST_ADD(d->a, &d->table->alternatives) = (struct alternative){
		.choice = "a generated calendar",
		.reason = "the source's own has every day in use, and says more of each",
	};
}

void design_dimension(struct designer *d, const struct star_table *t)
{
	struct design_table *table = d->table;
	bool calendar = t == d->star->calendar;
	hop_list none = { 0 };

	table->name = t->target;
	table->kind = calendar ? TABLE_DATE : TABLE_DIMENSION;
	table->source = t->profile->table;
	table->grain = arena_printf(d->a, "one row per %s", calendar ? "day" : t->entity);
	table->scd = calendar
		? "type 0: a calendar does not change"
		: "type 1: one extract shows no history, so a changed attribute overwrites";
	designer_add_generated(d, arena_printf(d->a, "%s_key", t->entity), ROLE_SURROGATE_KEY,
			       "int64", false, "surrogate_key");
	for (size_t i = 0; i < t->key->columns.n; i++) {
		const char *column = t->key->columns.at[i];
		struct design_column *c = designer_add_column(d, t->entity,
							      designer_key_name(d, t, column),
							      star_column(t, column)->type);

		c->role = ROLE_BUSINESS_KEY;
		c->nullable = true; /* reserved members have none */
		designer_add_origin(d, c, t, column, &none);
		*LIST_ADD(d->a, &table->grain_columns) = c->name;
	}
	add_attributes(d, &(struct flattened){ .table = t });
	if (calendar) {
		add_parts(d);
	}
	for (size_t i = 0; i < table->columns.n; i++) {
		table->columns.at[i].nullable |= table->columns.at[i].role == ROLE_ATTRIBUTE;
	}
	designer_add_lineage(d, true);
}

void design_date_dimension(struct designer *d)
{
	struct design_table *table = d->table;

	table->name = d->calendar;
	table->kind = TABLE_DATE;
	table->grain = "one row per day of the whole years that the facts' dates lie in";
	table->scd = "type 0: a calendar does not change";
	table->reason = "no source table is a daily calendar, so one is generated";
	for (size_t i = 0; i < d->star->not_calendars.n; i++) {
		*LIST_ADD(d->a, &table->alternatives) = d->star->not_calendars.at[i];
	}
	*LIST_ADD(d->a, &table->grain_columns) = "date";
	designer_add_generated(d, "date_key", ROLE_SURROGATE_KEY, "int64", false, "calendar");
	designer_add_generated(d, "date", ROLE_BUSINESS_KEY, "date", true, "calendar");
	for (const char *const *part = parts; *part != NULL; part++) {
		designer_add_generated(d, *part, ROLE_ATTRIBUTE, "int64", true, "calendar");
	}
}
