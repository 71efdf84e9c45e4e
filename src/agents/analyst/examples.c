/* The score has the name, place and type of a column in it; that others refer to it is evidence too. */
#include "agents/analyst/examples.h"

#include <string.h>

#include "agents/analyst/runner_up.h"
#include "agents/schema.h"
#include "artefact/overrides.h"
#include "kb/choice.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_referred_to(const struct profile *p, const char *table, const struct key_candidate *k)
{
	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *n = &p->inclusions.at[i];

		if (n->chosen && strcmp(n->to_table, table) == 0 &&
		    overrides_same_columns(&n->to_columns, &k->columns)) {
			return true;
		}
	}
	return false;
}

static struct key_candidate *chosen_key(struct table_profile *t)
{
	for (size_t i = 0; i < t->keys.n; i++) {
		if (t->keys.at[i].chosen) {
			return &t->keys.at[i];
		}
	}
	return NULL;
}

/* The candidate of that choice, when it is as good as the key. */
static struct key_candidate *equal_of(struct table_profile *t, const struct key_candidate *key,
				      const char *choice, struct arena *a)
{
	for (size_t i = 0; i < t->keys.n; i++) {
		struct key_candidate *k = &t->keys.at[i];

		if (k != key && strcmp(k->score, key->score) == 0 &&
		    k->duplicates == key->duplicates && k->columns.n == key->columns.n &&
		    strcmp(kb_choice_key(a, k->columns.at, k->columns.n), choice) == 0) {
			return k;
		}
	}
	return NULL;
}

static void prefer(struct desk *d, const char *id, struct table_profile *t,
		   struct key_candidate *key, struct key_candidate *other,
		   struct bldr_value *applied)
{
	struct bldr_value *v = bldr_object();

	key->chosen = false;
	other->chosen = true;
	*LIST_ADD(&d->arena, &key->evidence) = arena_printf(
		&d->arena, "not taken: no better than \"%s\", which was validated before",
		texts_joined(&d->arena, &other->columns));
	*LIST_ADD(&d->arena, &other->evidence) =
		arena_printf(&d->arena,
			     "as good as \"%s\"; taken since a run over tables of the same "
			     "shapes was validated with it",
			     texts_joined(&d->arena, &key->columns));
	bldr_object_set(v, "id", bldr_text(id));
	bldr_object_set(v, "repair", bldr_text("key"));
	bldr_object_set(v, "table", bldr_text(t->table));
	bldr_object_set(v, "column",
			bldr_text(kb_choice_key(&d->arena, other->columns.at, other->columns.n)));
	bldr_list_add(applied, v);
}

/* Whether the example is of exactly these tables. */
static bool is_of(const struct kb_example *e, const struct schema *schema, struct arena *a)
{
	const char **tables = ARENA_ARRAY(a, const char *, e->chosen.n + 1);

	for (size_t i = 0; i < e->chosen.n; i++) {
		tables[i] = e->chosen.at[i].table;
	}
	return e->chosen.n > 0 &&
		strcmp(kb_source_fingerprint(a, tables, e->chosen.n), schema->source) == 0;
}

static const char *choice_of(const struct kb_example *e, const char *fingerprint)
{
	for (size_t i = 0; i < e->chosen.n; i++) {
		if (strcmp(e->chosen.at[i].table, fingerprint) == 0) {
			return e->chosen.at[i].key;
		}
	}
	return "";
}

static void break_ties(struct desk *d, const char *id, const struct kb_example *e,
		       const struct schema *schema, const struct overrides *said,
		       struct profile *profile, struct bldr_value *applied)
{
	for (size_t i = 0; i < profile->tables.n; i++) {
		struct table_profile *t = &profile->tables.at[i];
		const struct table_override *table = overrides_table(said, t->table);
		struct key_candidate *key = chosen_key(t);
		struct key_candidate *other = key != NULL
			? equal_of(t, key, choice_of(e, schema->tables.at[i].fingerprint), &d->arena)
			: NULL;

		if (other != NULL && (table == NULL || table->key.n == 0) &&
		    !runner_up_is_blamed(d, t->table, NULL) &&
		    !is_referred_to(profile, t->table, key)) {
			prefer(d, id, t, key, other, applied);
		}
	}
}

int examples_prefer(struct desk *d, const struct sources *sources, struct profile *profile,
		    struct bldr_value *applied, struct bldr_error *err)
{
	const struct bldr_value *items = bldr_get(bldr_get(d->args, "recalled"), "items");
	struct overrides said;
	struct schema schema;
	int r = overrides_decode(sources->overrides, &d->arena, &said, err);

	if (r < 0) {
		return r;
	}
	schema_of(profile, &d->arena, &schema);
	for (size_t i = 0; i < bldr_count(items); i++) {
		const struct bldr_value *item = bldr_at(items, i);
		const char *id = bldr_get_text(item, "id");
		struct kb_example example;

		if (id != NULL && same_text(bldr_get_text(item, "kind"), "golden") &&
		    kb_example_decode(bldr_get(item, "body"), &d->arena, &example, NULL) == 0 &&
		    is_of(&example, &schema, &d->arena)) {
			break_ties(d, id, &example, &schema, &said, profile, applied);
			break; /* the best of them: another one may say otherwise */
		}
	}
	return 0;
}
