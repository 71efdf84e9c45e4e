/*
 * What the parts of the designer share: the table being designed, and how columns, their names and their
 * origins are added to it. Internal to the warehouse module.
 */
#pragma once

#include "warehouse/star.h"

struct designer {
	const struct star *star;
	const struct sources *sources;
	struct arena *a;
	struct design_table *table; /* being designed */
	const char *calendar;       /* name of the generated date dimension */
	bool dates;                 /* some fact refers to the date dimension */
	const char *product;        /* why the fact being designed has a product, or NULL */
};

typedef LIST(struct hop) hop_list;

/* One dimension or the calendar; a fact or bridge: into d->table, reasons aside. */
void design_dimension(struct designer *d, const struct star_table *t);
void design_date_dimension(struct designer *d);
void design_fact(struct designer *d, const struct star_table *t);
/* Adds the measures that are products of the fact's own columns, and says so in d->product. */
void design_products(struct designer *d, const struct star_table *t);
/* What bldr.json says of products must be possible. Errors: INVALID. */
int design_check_products(struct designer *d, struct bldr_error *err);

/* Would a column of that name collide, in the warehouse's way of storing it too? */
bool designer_name_taken(const struct design_table *t, const char *name, const char *type);
/* store_city; a word that ends the one and begins the other stands once: country and country_code. */
const char *designer_join(struct arena *a, const char *first, const char *second);
/* Adds a column under name, or under owner_name, name_2, name_3 ... when that is taken. owner: or NULL. */
struct design_column *designer_add_column(struct designer *d, const char *owner, const char *name,
					  const char *type);
/* The column's values are those of t's column, by way of the hops. */
void designer_add_origin(struct designer *d, struct design_column *c, const struct star_table *t,
			 const char *column, const hop_list *hops);
void designer_add_generated(struct designer *d, const char *name, enum column_role role,
			    const char *type, bool nullable, const char *generator);
/* Where a row comes from: file, line, and the number of the record in its line where that is part of the grain. */
void designer_add_lineage(struct designer *d, bool nullable);
/* The name of a key column in the target: "id" becomes customer_id. */
const char *designer_key_name(struct designer *d, const struct star_table *t, const char *column);
/* What a foreign key calls the row it leads to: support_rep of SupportRepId. */
const char *designer_role_name(struct designer *d, const struct star_link *link);
/* By the entity that it leads to; of several foreign keys to one table, each by its own name. */
const char *designer_link_name(struct designer *d, const struct star_table *t,
			       const struct star_link *link);
/* The hops and one more. */
hop_list designer_extend(struct designer *d, const hop_list *hops, const struct star_link *link);
/* Whether what t holds still fits into the table being designed; else it is left out, and that is recorded. */
bool designer_has_room(const struct designer *d, const struct star_table *t);
void designer_leave_out(struct designer *d, const struct star_table *t);
