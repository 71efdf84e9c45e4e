/*
 * A fact or bridge: its grain, keys to dimensions and to the days of its dates, what it inherits from the
 * facts it refers to - keys and degenerates, never measures - and its own measures.
 */
#include "warehouse/designer.h"

#include <string.h>

static const char *dimension_key_name(struct designer *d, const struct star_table *t,
				      const struct star_link *link)
{
	return arena_printf(d->a, "%s_key", designer_link_name(d, t, link));
}

static bool refers_to_key(const struct star_link *link)
{
	const texts *to = &link->inclusion->to_columns;

	for (size_t i = 0; i < to->n; i++) {
		if (!star_in_key(link->to, to->at[i])) {
			return false;
		}
	}
	return to->n == link->to->key->columns.n;
}

static void add_dimension_key(struct designer *d, const struct star_table *t,
			      const struct star_link *link, const hop_list *hops)
{
	struct design_column *c =
		designer_add_column(d, t->entity, dimension_key_name(d, t, link), "int64");

	c->role = ROLE_DIMENSION_KEY;
	c->dimension = link->to->target;
	if (!refers_to_key(
		    link)) { /* by another column that is unique there: by way of the row it finds */
		hop_list longer = designer_extend(d, hops, link);

		for (size_t i = 0; i < link->to->key->columns.n; i++) {
			designer_add_origin(d, c, link->to, link->to->key->columns.at[i], &longer);
		}
		return;
	}
	/* in the order of the dimension's business key, which may differ from the foreign key's */
	for (size_t i = 0; i < link->to->key->columns.n; i++) {
		for (size_t k = 0; k < link->inclusion->to_columns.n; k++) {
			if (strcmp(link->to->key->columns.at[i],
				   link->inclusion->to_columns.at[k]) == 0) {
				designer_add_origin(d, c, t, link->inclusion->from_columns.at[k],
						    hops);
			}
		}
	}
}

static void add_date_key(struct designer *d, const struct star_table *t,
			 const struct column_profile *p, const hop_list *hops)
{
	struct design_column *c = designer_add_column(
		d, t->entity, arena_printf(d->a, "%s_key", star_snake(d->a, p->name)), "int64");

	c->role = ROLE_DIMENSION_KEY;
	c->dimension = d->calendar;
	designer_add_origin(d, c, t, p->name, hops);
	d->dates = true;
}

/* A date that refers to the source's own calendar: it has a key of that as every date has. */
static bool is_date_of(const struct designer *d, const struct star_table *t,
		       const struct star_link *link)
{
	const struct column_profile *p = star_column(t, link->inclusion->from_columns.at[0]);

	return link->to == d->star->calendar && link->inclusion->from_columns.n == 1 &&
		star_is_date(p) && !star_is_audit(p);
}

/* The dimension keys that a table's own foreign keys and dates give, but what the table that way comes from has itself.
 * way: the last of hops, or NULL. */
static void add_dimension_keys(struct designer *d, const struct star_table *t, const hop_list *hops,
			       const struct star_link *way)
{
	for (size_t i = 0; i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];

		if (link->to->kind == TABLE_DIMENSION && !is_date_of(d, t, link) &&
		    (way == NULL || !star_leads_again(way, link))) {
			add_dimension_key(d, t, link, hops);
		}
	}
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];

		if (star_is_date(p) && !star_is_audit(p) &&
		    (way == NULL || !star_is_held(way, p->name))) {
			add_date_key(d, t, p, hops);
		}
	}
}

/* Some rows have none, or one that is none of the type and becomes null. */
static bool lacks_values(const struct column_profile *p)
{
	return p->nulls + p->nonconforming > 0;
}

static void add_degenerate(struct designer *d, const struct star_table *t,
			   const struct column_profile *p, const char *name, const hop_list *hops)
{
	struct design_column *c = designer_add_column(d, t->entity, name, p->type);

	c->role = ROLE_DEGENERATE;
	c->nullable = hops->n > 0 || lacks_values(p);
	designer_add_origin(d, c, t, p->name, hops);
}

static void add_degenerates(struct designer *d, const struct star_table *t, const hop_list *hops,
			    const struct star_link *way)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];
		const struct star_link *link = star_link_of(t, p->name);
		const char *name = star_snake(d->a, p->name);

		if (star_in_key(t, p->name) || star_is_measure(t, p) ||
		    (star_type(p).kind == COLUMN_DATE && !star_is_audit(p)) ||
		    (link != NULL && link->to->kind == TABLE_DIMENSION) ||
		    (way != NULL && star_is_held(way, p->name))) {
			continue;
		}
		if (link != NULL && link->to != t) { /* the number of the header: order_id */
			name = designer_key_name(d, link->to, link->inclusion->to_columns.at[0]);
		}
		add_degenerate(d, t, p, name, hops);
	}
}

static void add_measures(struct designer *d, const struct star_table *t)
{
	hop_list none = { 0 };

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];
		struct design_column *c;

		if (!star_is_measure(t, p)) {
			continue;
		}
		c = designer_add_column(d, t->entity, star_snake(d->a, p->name), p->type);
		c->role = ROLE_MEASURE;
		c->nullable = lacks_values(p);
		c->additivity = star_additivity(t, p);
		designer_add_origin(d, c, t, p->name, &none);
	}
}

/* What a fact takes over from the facts it refers to, however far up: keys and degenerates only. */
static void inherit(struct designer *d, const struct star_table *t, const hop_list *hops,
		    const struct star_link *way)
{
	for (size_t i = 0; hops->n < STAR_HOPS_MAX && i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];
		hop_list longer;

		if (link->to == t || link->to->kind == TABLE_DIMENSION ||
		    (way != NULL && star_leads_again(way, link))) {
			continue;
		}
		if (!designer_has_room(d, link->to)) {
			designer_leave_out(d, link->to);
			continue;
		}
		longer = designer_extend(d, hops, link);
		add_dimension_keys(d, link->to, &longer, link);
		add_degenerates(d, link->to, &longer, link);
		inherit(d, link->to, &longer, link);
	}
}

/* A way of so many foreign keys from table t to dimension `to`, by way of another dimension. */
static bool find_way(struct designer *d, const struct star_table *t, const struct star_table *to,
		     size_t hops, hop_list *way, const struct star_link **ret_last)
{
	for (size_t i = 0; i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];
		hop_list longer;

		if (link->back || link->to == t || link->to->kind == TABLE_BRIDGE) {
			continue;
		}
		if (hops == 1) {
			if (link->to == to && t->kind == TABLE_DIMENSION) {
				*ret_last = link;
				return true;
			}
			continue;
		}
		if (t->kind == TABLE_DIMENSION && link->to->kind != TABLE_DIMENSION) {
			continue;
		}
		longer = designer_extend(d, way, link);
		if (find_way(d, link->to, to, hops - 1, &longer, ret_last)) {
			*way = longer;
			return true;
		}
	}
	return false;
}

static bool refers_to(const struct design_table *table, const char *dimension)
{
	for (size_t i = 0; i < table->columns.n; i++) {
		const char *name = table->columns.at[i].dimension;

		if (name != NULL && strcmp(name, dimension) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * A dimension that stands for others' sake and that this fact knows by way of another one only (the film of the
 * rented copy) gets a key of its own, so that the fact can be asked by it and by its bridges.
 */
static void add_far_dimensions(struct designer *d, const struct star_table *t)
{
	for (size_t i = 0; t->kind == TABLE_FACT && i < d->star->n; i++) {
		const struct star_table *to = &d->star->tables[i];
		const struct star_link *last = NULL;

		if (to->kind != TABLE_DIMENSION || !to->stands || refers_to(d->table, to->target)) {
			continue;
		}
		for (size_t hops = 2; last == NULL && hops <= STAR_HOPS_MAX; hops++) {
			hop_list way = { 0 };

			if (find_way(d, t, to, hops, &way, &last)) {
				add_dimension_key(d, last->from, last, &way);
			}
		}
	}
}

/* Several records of a JSON array may begin in one line; of other formats each has lines of its own. */
static bool shares_lines(const struct designer *d, const char *table)
{
	for (size_t i = 0; i < d->sources->files.n; i++) {
		const struct source_file *file = &d->sources->files.at[i];

		if (strcmp(file->table, table) == 0) {
			return file->format == FORMAT_JSON;
		}
	}
	return false;
}

static void add_grain(struct designer *d, const struct star_table *t)
{
	struct design_table *table = d->table;
	hop_list none = { 0 };

	if (t->key == NULL) {
		table->grain = arena_printf(d->a, "one row per record of %s", t->profile->path);
		*LIST_ADD(d->a, &table->grain_columns) = "_source_file";
		*LIST_ADD(d->a, &table->grain_columns) = "_source_line";
		if (shares_lines(d, t->profile->table)) {
			*LIST_ADD(d->a, &table->grain_columns) = "_source_record";
		}
		return;
	}
	table->grain = arena_printf(d->a, "one row per %s", t->entity);
	for (size_t i = 0; i < t->key->columns.n; i++) {
		const char *column = t->key->columns.at[i];
		const struct star_link *link = star_link_of(t, column);
		struct design_column *c = designer_add_column(
			d, t->entity,
			designer_key_name(d, link != NULL && t->key->columns.n > 1 ? link->to : t,
					  column),
			star_column(t, column)->type);

		c->role = ROLE_BUSINESS_KEY;
		c->nullable = false;
		designer_add_origin(d, c, t, column, &none);
		*LIST_ADD(d->a, &table->grain_columns) = c->name;
	}
}

void design_fact(struct designer *d, const struct star_table *t)
{
	hop_list none = { 0 };

	d->table->name = t->target;
	d->table->kind = t->kind;
	d->table->source = t->profile->table;
	add_grain(d, t);
	add_dimension_keys(d, t, &none, NULL);
	add_degenerates(d, t, &none, NULL);
	inherit(d, t, &none, NULL);
	add_far_dimensions(d, t);
	add_measures(d, t);
	design_products(d, t);
	designer_add_lineage(d, false);
}
