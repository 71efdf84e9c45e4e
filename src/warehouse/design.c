/*
 * Designs the star from the tables' roles: one dimension per described thing with the things it belongs
 * to flattened into it, one fact per event at its own grain, a date dimension over the facts' dates. A
 * fact inherits the dimensions and degenerates of the facts it refers to, never their measures.
 */
#include <string.h>

#include "base/log.h"
#include "warehouse/designer.h"
#include "warehouse/warehouse.h"

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

	if (t->key == NULL || t->key->duplicates == 0 || t == d->star->calendar) {
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
	if (t->kind != TABLE_DIMENSION && d->product != NULL) {
		d->table->reason = arena_printf(d->a, "%s; %s", d->table->reason, d->product);
	}
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

static void explain_flattened(struct designer *d, struct source_role *role,
			      const struct star_table *t)
{
	role->reason = arena_printf(d->a,
				    "%s; only dimensions refer to it, so it is flattened into them",
				    role->reason);
	*LIST_ADD(d->a, &role->alternatives) = (struct alternative){
		.choice = arena_printf(d->a, "a table of its own, %s", t->target),
		.reason = "no fact and no bridge would refer to it",
	};
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];

		if (star_is_audit(p)) {
			*LIST_ADD(d->a, &role->alternatives) = (struct alternative){
				.choice = arena_printf(d->a, "column %s in the dimensions", p->name),
				.reason = "it tells of the record, not of what they describe",
			};
		}
	}
}

static void explain_source(struct designer *d, struct design *ret, const struct star_table *t)
{
	static const char *const roles[] = {
		[TABLE_DIMENSION] = "dimension", [TABLE_FACT] = "fact", [TABLE_BRIDGE] = "bridge"
	};
	struct source_role *role = LIST_ADD(d->a, &ret->sources);
	const struct key_candidate *own = t == d->star->calendar ? t->named : t->key;

	role->table = t->profile->table;
	role->role = roles[t->kind];
	role->reason = arena_printf(d->a, "fact score %lld, a fact from %d on: %s",
				    (long long)t->score, STAR_FACT_SCORE, join(d->a, &t->evidence));
	if (!t->stands) {
		explain_flattened(d, role, t);
	}
	for (size_t i = 0; own != NULL && i < own->columns.n; i++) {
		*LIST_ADD(d->a, &role->key) = own->columns.at[i];
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

/* The other tables go on without it: too wide, or left out by a person. */
static void explain_out(struct designer *d, struct design *ret, const struct table_profile *t)
{
	struct source_role *role = LIST_ADD(d->a, &ret->sources);

	role->table = t->table;
	role->role = "unused";
	if (!star_is_wide(t)) {
		role->reason = "bldr.json says that it is left out";
		return;
	}
	role->reason = arena_printf(
		d->a,
		"%zu columns: a table of the warehouse holds at most %d, keys and lineage included; "
		"split the file",
		t->columns.n, STAR_COLUMNS_MAX);
	*LIST_ADD(d->a, &role->alternatives) =
		(struct alternative){ .choice = "its first columns only",
				      .reason = "the others would be lost unsaid" };
	LOG(LOG_WARNING, "design.too_wide", LOG_TEXT("table", t->table),
	    LOG_INT("columns", (int64_t)t->columns.n));
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

/* Whether a table is left to design; otherwise the first one that was left out tells why. */
static int check_tables(const struct star *star, struct bldr_error *err)
{
	const struct table_profile *first;

	if (star->n > 0) {
		return 0;
	}
	first = star->out.at[0]; /* the profile has tables */
	if (!star_is_wide(first)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "nothing to design: bldr.json leaves every table out");
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "nothing to design: \"%s\" has %zu columns, a table of the "
			      "warehouse holds at most %d; split the file",
			      first->path, first->columns.n, STAR_COLUMNS_MAX);
}

int design_star(const struct sources *sources, const struct profile *profile, struct arena *a,
		struct design *ret, struct bldr_error *err)
{
	struct star star;
	struct designer d = { .star = &star, .sources = sources, .a = a };
	LIST(struct design_table) facts = { 0 };
	struct design result = { 0 };
	struct overrides said;
	size_t out = 0;
	int rc;

	if (profile->tables.n == 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "nothing to design: none of %zu files has a table",
				      sources->files.n);
	}
	rc = overrides_decode(sources->overrides, a, &said, err);
	rc = rc == 0 ? star_build(profile, &said, a, &star, err) : rc;
	if (rc < 0) {
		return rc;
	}
	rc = check_tables(&star, err);
	rc = rc == 0 ? design_check_products(&d, err) : rc;
	if (rc < 0) {
		return rc;
	}
	d.calendar = star.calendar != NULL ? star.calendar->target : calendar_name(&star, a);
	for (size_t i = 0; i < star.n; i++) {
		const struct star_table *t = &star.tables[i];

		for (; out < star.out.n && strcmp(star.out.at[out]->table, t->profile->table) < 0;
		     out++) {
			explain_out(&d, &result, star.out.at[out]);
		}
		explain_source(&d, &result, t);
		if (!t->stands) {
			continue;
		}
		if (t->kind == TABLE_DIMENSION) {
			d.table = LIST_ADD(a, &result.tables);
			design_dimension(&d, t);
		} else {
			d.table = LIST_ADD(a, &facts);
			design_fact(&d, t);
		}
		explain_table(&d, profile, t);
	}
	for (; out < star.out.n; out++) {
		explain_out(&d, &result, star.out.at[out]);
	}
	if (d.dates && star.calendar == NULL) {
		d.table = LIST_ADD(a, &result.tables);
		design_date_dimension(&d);
	}
	for (size_t i = 0; i < facts.n; i++) {
		*LIST_ADD(a, &result.tables) = facts.at[i];
	}
	*ret = result;
	return 0;
}
