/*
 * Columns of the table being designed, their origins and names: no two of one name, none with a word twice in a
 * row. What a decimal is called in the warehouse's own tables counts as its name too.
 */
#include "warehouse/designer.h"

#include <string.h>

#include "warehouse/target.h"

/* What the warehouse calls the column: a decimal amount is amount_e2 there, beside which no other may be. */
static const char *stored_name(struct arena *a, const char *name, const char *type)
{
	struct column_type t = { .kind = COLUMN_TEXT };

	(void)column_type_parse(type, &t);
	return target_is_scaled(t) ? arena_printf(a, "%s_e%d", name, t.scale) : name;
}

bool designer_name_taken(const struct design_table *t, const char *name, const char *type)
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

const char *designer_join(struct arena *a, const char *first, const char *second)
{
	const char *last = strrchr(first, '_') != NULL ? strrchr(first, '_') + 1 : first;
	size_t n = strlen(last);
	bool doubled = strncmp(last, second, n) == 0 && (second[n] == '_' || second[n] == '\0');

	return doubled ? arena_printf(a, "%.*s%s", (int)(last - first), first, second)
		       : arena_printf(a, "%s_%s", first, second);
}

struct design_column *designer_add_column(struct designer *d, const char *owner, const char *name,
					  const char *type)
{
	const char *unique = name;
	struct design_column *c;

	if (owner != NULL && designer_name_taken(d->table, unique, type)) {
		unique = designer_join(d->a, owner, name);
	}
	for (int i = 2; designer_name_taken(d->table, unique, type); i++) {
		unique = arena_printf(d->a, "%s_%d", name, i);
	}
	c = LIST_ADD(d->a, &d->table->columns);
	c->name = unique;
	c->type = type;
	return c;
}

void designer_add_origin(struct designer *d, struct design_column *c, const struct star_table *t,
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

void designer_add_generated(struct designer *d, const char *name, enum column_role role,
			    const char *type, bool nullable, const char *generator)
{
	struct design_column *c = designer_add_column(d, NULL, name, type);
	struct origin *o = LIST_ADD(d->a, &c->origins);

	c->role = role;
	c->nullable = nullable;
	o->kind = ORIGIN_GENERATED;
	o->generator = generator;
}

static bool is_grain(const struct design_table *t, const char *column)
{
	for (size_t i = 0; i < t->grain_columns.n; i++) {
		if (strcmp(t->grain_columns.at[i], column) == 0) {
			return true;
		}
	}
	return false;
}

void designer_add_lineage(struct designer *d, bool nullable)
{
	designer_add_generated(d, "_source_file", ROLE_LINEAGE, "text", nullable, "source_file");
	designer_add_generated(d, "_source_line", ROLE_LINEAGE, "int64", nullable, "source_line");
	if (is_grain(d->table, "_source_record")) {
		designer_add_generated(d, "_source_record", ROLE_LINEAGE, "int64", nullable,
				       "source_record");
	}
}

const char *designer_key_name(struct designer *d, const struct star_table *t, const char *column)
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

/* The column's name without the word that says it is an identifier's. */
static const char *role_of(struct designer *d, const char *column)
{
	static const char *const suffixes[] = { "_id", "_key", "_code", "_no", "_nr", "id", NULL };
	const char *name = star_snake(d->a, column);

	for (const char *const *s = suffixes; *s != NULL; s++) {
		size_t n = strlen(name);
		size_t k = strlen(*s);

		if (n > k && strcmp(name + n - k, *s) == 0) {
			return arena_strndup(d->a, name, n - k);
		}
	}
	return name;
}

/* The first words that all the names have, without the last separator; "" when there are none. */
static const char *shared_words(struct designer *d, const texts *columns)
{
	const char *first = star_snake(d->a, columns->at[0]);
	size_t size = strlen(first);

	for (size_t i = 1; i < columns->n; i++) {
		const char *name = star_snake(d->a, columns->at[i]);
		size_t n = 0;

		while (n < size && first[n] == name[n]) {
			n++;
		}
		while (n > 0 && first[n - 1] != '_') {
			n--;
		}
		size = n > 0 ? n - 1 : 0;
	}
	return arena_strndup(d->a, first, size);
}

const char *designer_role_name(struct designer *d, const struct star_link *link)
{
	const texts *from = &link->inclusion->from_columns;
	const char *shared;

	if (from->n == 1) {
		return role_of(d, from->at[0]);
	}
	shared = shared_words(d, from);
	if (shared[0] != '\0' &&
	    strcmp(shared, shared_words(d, &link->inclusion->to_columns)) != 0) {
		return designer_join(d->a, shared, link->to->entity);
	}
	for (size_t i = 0; i < from->n; i++) {
		if (strcmp(from->at[i], link->inclusion->to_columns.at[i]) != 0) {
			return role_of(d, from->at[i]);
		}
	}
	return link->to->entity;
}

const char *designer_link_name(struct designer *d, const struct star_table *t,
			       const struct star_link *link)
{
	size_t same = 0;

	for (size_t i = 0; i < t->out.n; i++) {
		same += t->out.at[i]->to == link->to;
	}
	return same < 2 ? link->to->entity : designer_role_name(d, link);
}

hop_list designer_extend(struct designer *d, const hop_list *hops, const struct star_link *link)
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

bool designer_has_room(const struct designer *d, const struct star_table *t)
{
	return d->table->columns.n + 2 * t->profile->columns.n + STAR_COLUMNS_MADE <=
		STAR_COLUMNS_MAX;
}

void designer_leave_out(struct designer *d, const struct star_table *t)
{
	*LIST_ADD(d->a, &d->table->alternatives) = (struct alternative){
		.choice = arena_printf(d->a, "%s flattened into it", t->entity),
		.reason = arena_printf(d->a, "more than the %d columns that a table may have",
				       STAR_COLUMNS_MAX),
	};
}
