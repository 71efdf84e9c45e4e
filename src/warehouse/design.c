/*
 * Designs the star from the tables' roles: one dimension per described thing with the things it belongs
 * to flattened into it, one fact per event at its own grain, a date dimension over the facts' dates. A
 * fact inherits the dimensions and degenerates of the facts it refers to, never their measures.
 */
#include <string.h>

#include "warehouse/star.h"
#include "warehouse/target.h"
#include "warehouse/warehouse.h"

enum { PATH_MAX_HOPS = 4 };

struct designer {
	const struct star *star;
	struct arena *a;
	struct design_table *table; /* being designed */
	const char *calendar;       /* name of the generated date dimension */
	bool dates;                 /* some fact refers to the date dimension */
};

typedef LIST(struct hop) hop_list;

/* What the warehouse calls the column: a decimal amount is amount_e2 there, beside which no other may be. */
static const char *stored_name(struct arena *a, const char *name, const char *type)
{
	struct column_type t = { .kind = COLUMN_TEXT };

	(void)column_type_parse(type, &t);
	return target_is_scaled(t) ? arena_printf(a, "%s_e%d", name, t.scale) : name;
}

static bool name_taken(const struct design_table *t, const char *name, const char *type)
{
	struct arena scratch = { 0 };
	const char *stored = stored_name(&scratch, name, type);
	bool taken = false;

	for (size_t i = 0; !taken && i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];

		taken = strcmp(c->name, name) == 0 ||
			strcmp(stored_name(&scratch, c->name, c->type), stored) == 0;
	}
	arena_release(&scratch);
	return taken;
}

/* Adds a column under name, or under owner_name, name_2, name_3 ... when that is taken. */
static struct design_column *add_column(struct designer *d, const char *owner, const char *name,
					const char *type)
{
	const char *unique = name;
	struct design_column *c;

	if (owner != NULL && name_taken(d->table, unique, type)) {
		unique = arena_printf(d->a, "%s_%s", owner, name);
	}
	for (int i = 2; name_taken(d->table, unique, type); i++) {
		unique = arena_printf(d->a, "%s_%d", name, i);
	}
	c = LIST_ADD(d->a, &d->table->columns);
	c->name = unique;
	c->type = type;
	return c;
}

static void add_origin(struct designer *d, struct design_column *c, const struct star_table *t,
		       const char *column, const hop_list *hops)
{
	struct origin *o = LIST_ADD(d->a, &c->origins);

	o->kind = hops->n > 0 ? ORIGIN_PATH : ORIGIN_COLUMN;
	o->table = t->profile->table;
	o->column = column;
	for (size_t i = 0; i < hops->n; i++) {
		*LIST_ADD(d->a, &o->hops) = hops->at[i];
	}
}

static void add_generated(struct designer *d, const char *name, enum column_role role,
			  const char *type, bool nullable, const char *generator)
{
	struct design_column *c = add_column(d, NULL, name, type);
	struct origin *o = LIST_ADD(d->a, &c->origins);

	c->role = role;
	c->nullable = nullable;
	o->kind = ORIGIN_GENERATED;
	o->generator = generator;
}

static void add_lineage(struct designer *d, bool nullable)
{
	add_generated(d, "_source_file", ROLE_LINEAGE, "text", nullable, "source_file");
	add_generated(d, "_source_line", ROLE_LINEAGE, "int64", nullable, "source_line");
}

/* The name of a key column in the target: "id" becomes customer_id. */
static const char *key_name(struct designer *d, const struct star_table *t, const char *column)
{
	static const char *const bare[] = { "id", "key", "code", "no", "nr", "number", NULL };
	const char *name = star_snake(d->a, column);

	for (const char *const *b = bare; *b != NULL; b++) {
		if (strcmp(name, *b) == 0) {
			return arena_printf(d->a, "%s_%s", t->entity, name);
		}
	}
	return name;
}

/* order_date_key, customer_key; with two foreign keys to one dimension, by their own names. */
static const char *dimension_key_name(struct designer *d, const struct star_table *t,
				      const struct star_link *link)
{
	static const char *const suffixes[] = { "_id", "_key", "_code", "_no", "_nr", "id", NULL };
	size_t same = 0;
	const char *name;

	for (size_t i = 0; i < t->out.n; i++) {
		same += t->out.at[i]->to == link->to;
	}
	if (same < 2 || link->inclusion->from_columns.n != 1) {
		return arena_printf(d->a, "%s_key", link->to->entity);
	}
	name = star_snake(d->a, link->inclusion->from_columns.at[0]);
	for (const char *const *s = suffixes; *s != NULL; s++) {
		size_t n = strlen(name);
		size_t k = strlen(*s);

		if (n > k && strcmp(name + n - k, *s) == 0) {
			name = arena_strndup(d->a, name, n - k);
			break;
		}
	}
	return arena_printf(d->a, "%s_key", name);
}

static hop_list extend(struct designer *d, const hop_list *hops, const struct star_link *link)
{
	hop_list longer = { 0 };
	struct hop *hop;

	for (size_t i = 0; i < hops->n; i++) {
		*LIST_ADD(d->a, &longer) = hops->at[i];
	}
	hop = LIST_ADD(d->a, &longer);
	hop->table = link->inclusion->from_table;
	hop->columns = link->inclusion->from_columns;
	hop->to_table = link->inclusion->to_table;
	hop->to_columns = link->inclusion->to_columns;
	return longer;
}

/* ---- dimensions ---- */

static void add_attributes(struct designer *d, const struct star_table *t, const hop_list *hops)
{
	bool own = hops->n == 0;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];
		const char *name = star_snake(d->a, p->name);
		struct design_column *c;

		if (star_in_key(t, p->name)) {
			continue;
		}
		if (!own && strncmp(name, t->entity, strlen(t->entity)) != 0) {
			name = arena_printf(d->a, "%s_%s", t->entity, name);
		}
		c = add_column(d, t->entity, name, p->type);
		c->role = ROLE_ATTRIBUTE;
		c->nullable = !own || p->nulls > 0;
		add_origin(d, c, t, p->name, hops);
	}
	for (size_t i = 0; hops->n < PATH_MAX_HOPS && i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];

		if (link->to != t && link->to->kind == TABLE_DIMENSION) {
			hop_list longer = extend(d, hops, link);

			add_attributes(d, link->to, &longer);
		}
	}
}

static void design_dimension(struct designer *d, const struct star_table *t)
{
	struct design_table *table = d->table;
	hop_list none = { 0 };

	table->name = t->target;
	table->kind = TABLE_DIMENSION;
	table->source = t->profile->table;
	table->grain = arena_printf(d->a, "one row per %s", t->entity);
	table->scd = "type 1: one extract shows no history, so a changed attribute overwrites";
	add_generated(d, arena_printf(d->a, "%s_key", t->entity), ROLE_SURROGATE_KEY, "int64",
		      false, "surrogate_key");
	for (size_t i = 0; i < t->key->columns.n; i++) {
		const char *column = t->key->columns.at[i];
		struct design_column *c = add_column(d, t->entity, key_name(d, t, column),
						     star_column(t, column)->type);

		c->role = ROLE_BUSINESS_KEY;
		c->nullable = true; /* reserved members have none */
		add_origin(d, c, t, column, &none);
		*LIST_ADD(d->a, &table->grain_columns) = c->name;
	}
	add_attributes(d, t, &none);
	for (size_t i = 0; i < table->columns.n; i++) {
		table->columns.at[i].nullable |= table->columns.at[i].role == ROLE_ATTRIBUTE;
	}
	add_lineage(d, true);
}

static void design_date_dimension(struct designer *d)
{
	static const struct {
		const char *name, *type;
		enum column_role role;
	} columns[] = {
		{ "date", "date", ROLE_BUSINESS_KEY },   { "year", "int64", ROLE_ATTRIBUTE },
		{ "quarter", "int64", ROLE_ATTRIBUTE },  { "month", "int64", ROLE_ATTRIBUTE },
		{ "day", "int64", ROLE_ATTRIBUTE },      { "iso_weekday", "int64", ROLE_ATTRIBUTE },
		{ "iso_week", "int64", ROLE_ATTRIBUTE }, { "day_of_year", "int64", ROLE_ATTRIBUTE },
	};
	struct design_table *table = d->table;

	table->name = d->calendar;
	table->kind = TABLE_DATE;
	table->grain = "one row per day of the whole years that the facts' dates lie in";
	table->scd = "type 0: a calendar does not change";
	table->reason = "no source table is a daily calendar, so one is generated";
	*LIST_ADD(d->a, &table->grain_columns) = "date";
	add_generated(d, "date_key", ROLE_SURROGATE_KEY, "int64", false, "calendar");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		add_generated(d, columns[i].name, columns[i].role, columns[i].type, true,
			      "calendar");
	}
}

/* ---- facts ---- */

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
	struct design_column *c = add_column(d, t->entity, dimension_key_name(d, t, link), "int64");

	c->role = ROLE_DIMENSION_KEY;
	c->dimension = link->to->target;
	if (!refers_to_key(
		    link)) { /* by another column that is unique there: by way of the row it finds */
		hop_list longer = extend(d, hops, link);

		for (size_t i = 0; i < link->to->key->columns.n; i++) {
			add_origin(d, c, link->to, link->to->key->columns.at[i], &longer);
		}
		return;
	}
	/* in the order of the dimension's business key, which may differ from the foreign key's */
	for (size_t i = 0; i < link->to->key->columns.n; i++) {
		for (size_t k = 0; k < link->inclusion->to_columns.n; k++) {
			if (strcmp(link->to->key->columns.at[i],
				   link->inclusion->to_columns.at[k]) == 0) {
				add_origin(d, c, t, link->inclusion->from_columns.at[k], hops);
			}
		}
	}
}

static void add_date_key(struct designer *d, const struct star_table *t,
			 const struct column_profile *p, const hop_list *hops)
{
	struct design_column *c = add_column(
		d, t->entity, arena_printf(d->a, "%s_key", star_snake(d->a, p->name)), "int64");

	c->role = ROLE_DIMENSION_KEY;
	c->dimension = d->calendar;
	add_origin(d, c, t, p->name, hops);
	d->dates = true;
}

/* The dimension keys that a table's own foreign keys and dates give. */
static void add_dimension_keys(struct designer *d, const struct star_table *t, const hop_list *hops)
{
	for (size_t i = 0; i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];

		if (link->to->kind == TABLE_DIMENSION) {
			add_dimension_key(d, t, link, hops);
		}
	}
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];

		if (star_type(p).kind == COLUMN_DATE && !star_in_key(t, p->name)) {
			add_date_key(d, t, p, hops);
		}
	}
}

static void add_degenerate(struct designer *d, const struct star_table *t,
			   const struct column_profile *p, const char *name, const hop_list *hops)
{
	struct design_column *c = add_column(d, t->entity, name, p->type);

	c->role = ROLE_DEGENERATE;
	c->nullable = hops->n > 0 || p->nulls > 0;
	add_origin(d, c, t, p->name, hops);
}

static void add_degenerates(struct designer *d, const struct star_table *t, const hop_list *hops)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];
		const struct star_link *link = star_link_of(t, p->name);
		const char *name = star_snake(d->a, p->name);

		if (star_in_key(t, p->name) || star_is_measure(t, p) ||
		    star_type(p).kind == COLUMN_DATE ||
		    (link != NULL && link->to->kind == TABLE_DIMENSION)) {
			continue;
		}
		if (link != NULL) { /* the number of the header: order_id */
			name = key_name(d, link->to, link->inclusion->to_columns.at[0]);
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
		c = add_column(d, t->entity, star_snake(d->a, p->name), p->type);
		c->role = ROLE_MEASURE;
		c->nullable = p->nulls > 0;
		c->additivity = star_additivity(p);
		add_origin(d, c, t, p->name, &none);
	}
}

/* What a fact takes over from the facts it refers to, however far up: keys and degenerates only. */
static void inherit(struct designer *d, const struct star_table *t, const hop_list *hops)
{
	for (size_t i = 0; hops->n < PATH_MAX_HOPS && i < t->out.n; i++) {
		const struct star_link *link = t->out.at[i];
		hop_list longer;

		if (link->to == t || link->to->kind == TABLE_DIMENSION) {
			continue;
		}
		longer = extend(d, hops, link);
		add_dimension_keys(d, link->to, &longer);
		add_degenerates(d, link->to, &longer);
		inherit(d, link->to, &longer);
	}
}

static void add_grain(struct designer *d, const struct star_table *t)
{
	struct design_table *table = d->table;
	hop_list none = { 0 };

	if (t->key == NULL) {
		table->grain = arena_printf(d->a, "one row per record of %s", t->profile->path);
		*LIST_ADD(d->a, &table->grain_columns) = "_source_file";
		*LIST_ADD(d->a, &table->grain_columns) = "_source_line";
		return;
	}
	table->grain = arena_printf(d->a, "one row per %s", t->entity);
	for (size_t i = 0; i < t->key->columns.n; i++) {
		const char *column = t->key->columns.at[i];
		const struct star_link *link = star_link_of(t, column);
		struct design_column *c = add_column(
			d, t->entity,
			key_name(d, link != NULL && t->key->columns.n > 1 ? link->to : t, column),
			star_column(t, column)->type);

		c->role = ROLE_BUSINESS_KEY;
		c->nullable = false;
		add_origin(d, c, t, column, &none);
		*LIST_ADD(d->a, &table->grain_columns) = c->name;
	}
}

static void design_fact(struct designer *d, const struct star_table *t)
{
	hop_list none = { 0 };

	d->table->name = t->target;
	d->table->kind = t->kind;
	d->table->source = t->profile->table;
	add_grain(d, t);
	add_dimension_keys(d, t, &none);
	add_degenerates(d, t, &none);
	inherit(d, t, &none);
	add_measures(d, t);
	add_lineage(d, false);
}

/* ---- reasons ---- */

static const char *join(struct arena *a, const texts *list)
{
	const char *joined = "";

	for (size_t i = 0; i < list->n; i++) {
		joined = arena_printf(a, "%s%s%s", joined, i > 0 ? "; " : "", list->at[i]);
	}
	return joined;
}

/* A key that few records repeat: the last record of a key counts. */
static void decide_dedup(struct designer *d, const struct star_table *t)
{
	struct design_table *table = d->table;
	const char *rule;

	if (t->key == NULL || t->key->duplicates == 0) {
		return;
	}
	table->dedup = DEDUP_LAST;
	table->version_column = star_version_column(t);
	rule = table->version_column == NULL
		? "the last one in the file counts"
		: arena_printf(d->a,
			       "the one with the latest %s counts, on a tie the last in the file",
			       table->version_column);
	table->reason = arena_printf(d->a, "%s; %lld of %lld records repeat a key: %s",
				     table->reason, (long long)t->key->duplicates,
				     (long long)t->profile->rows, rule);
	*LIST_ADD(d->a, &table->alternatives) = (struct alternative){
		.choice = "one row per record",
		.reason = arena_printf(d->a,
				       "%s is named as the key, and records that repeat it would be "
				       "counted twice",
				       join(d->a, &t->key->columns)),
	};
}

static void explain_table(struct designer *d, const struct profile *profile,
			  const struct star_table *t)
{
	d->table->reason = join(d->a, &t->evidence);
	decide_dedup(d, t);
	for (size_t i = 0; i < profile->inclusions.n; i++) {
		const struct inclusion *inclusion = &profile->inclusions.at[i];

		if (inclusion->chosen || strcmp(inclusion->from_table, t->profile->table) != 0) {
			continue;
		}
		*LIST_ADD(d->a, &d->table->alternatives) = (struct alternative){
			.choice = arena_printf(d->a, "%s as a foreign key to %s.%s",
					       join(d->a, &inclusion->from_columns),
					       inclusion->to_table,
					       join(d->a, &inclusion->to_columns)),
			.reason = arena_printf(d->a, "score %s: %s", inclusion->score,
					       join(d->a, &inclusion->evidence)),
		};
	}
}

static void explain_source(struct designer *d, struct design *ret, const struct star_table *t)
{
	static const char *const roles[] = {
		[TABLE_DIMENSION] = "dimension", [TABLE_FACT] = "fact", [TABLE_BRIDGE] = "bridge"
	};
	struct source_role *role = LIST_ADD(d->a, &ret->sources);

	role->table = t->profile->table;
	role->role = roles[t->kind];
	role->reason = arena_printf(d->a, "fact score %lld, a fact from %d on: %s",
				    (long long)t->score, STAR_FACT_SCORE, join(d->a, &t->evidence));
	for (size_t i = 0; t->key != NULL && i < t->key->columns.n; i++) {
		*LIST_ADD(d->a, &role->key) = t->key->columns.at[i];
	}
	for (size_t i = 0; i < t->profile->keys.n; i++) {
		const struct key_candidate *key = &t->profile->keys.at[i];

		if (!key->chosen) {
			*LIST_ADD(d->a, &role->alternatives) = (struct alternative){
				.choice = arena_printf(d->a, "key %s", join(d->a, &key->columns)),
				.reason = arena_printf(d->a, "score %s: %s", key->score,
						       join(d->a, &key->evidence)),
			};
		}
	}
	if (t->kind != TABLE_BRIDGE && t->key != NULL) {
		*LIST_ADD(d->a, &role->alternatives) = (struct alternative){
			.choice = t->kind == TABLE_FACT ? "dimension" : "fact",
			.reason = arena_printf(d->a, "fact score %lld", (long long)t->score),
		};
	}
}

static bool table_taken(const struct star *star, const char *name)
{
	for (size_t i = 0; i < star->n; i++) {
		if (strcmp(star->tables[i].target, name) == 0 ||
		    strcmp(star->tables[i].profile->table, name) == 0) {
			return true;
		}
	}
	return false;
}

/* dim_date, or the next of dim_calendar, dim_calendar_2 ... that no source and no target has. */
static const char *calendar_name(const struct star *star, struct arena *a)
{
	const char *name = "dim_date";

	if (table_taken(star, name)) {
		name = "dim_calendar";
	}
	for (int i = 2; table_taken(star, name); i++) {
		name = arena_printf(a, "dim_calendar_%d", i);
	}
	return name;
}

int design_star(const struct sources *sources, const struct profile *profile, struct arena *a,
		struct design *ret, struct bldr_error *err)
{
	struct star star;
	struct designer d = { .star = &star, .a = a };
	LIST(struct design_table) facts = { 0 };
	struct design result = { 0 };

	if (profile->tables.n == 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "nothing to design: none of %zu files has a table",
				      sources->files.n);
	}
	star_build(profile, a, &star);
	d.calendar = calendar_name(&star, a);
	for (size_t i = 0; i < star.n; i++) {
		const struct star_table *t = &star.tables[i];

		explain_source(&d, &result, t);
		if (t->kind == TABLE_DIMENSION) {
			d.table = LIST_ADD(a, &result.tables);
			design_dimension(&d, t);
		} else {
			d.table = LIST_ADD(a, &facts);
			design_fact(&d, t);
		}
		explain_table(&d, profile, t);
	}
	if (d.dates) {
		d.table = LIST_ADD(a, &result.tables);
		design_date_dimension(&d);
	}
	for (size_t i = 0; i < facts.n; i++) {
		*LIST_ADD(a, &result.tables) = facts.at[i];
	}
	*ret = result;
	return 0;
}
