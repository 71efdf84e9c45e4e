/* The runner-up of a key: the candidates are the profiler's own, one of them is only not to be had. */
#include "agents/analyst/runner_up.h"

#include <string.h>

#include "artefact/overrides.h"
#include "ingest/keys.h"

static void refuse_key(struct desk *d, const struct bldr_value *repair, struct refused *ret)
{
	const struct bldr_value *columns = bldr_get(repair, "columns");
	struct refused_key *key = LIST_ADD(&d->arena, &ret->keys);

	*key = (struct refused_key){
		.table = bldr_get_text(repair, "table"),
		.why = "the Tester found records that it does not tell apart",
	};
	for (size_t i = 0; i < bldr_count(columns); i++) {
		*LIST_ADD(&d->arena, &key->columns) = bldr_as_text(bldr_at(columns, i));
	}
}

static void refuse_reference(struct desk *d, const struct bldr_value *repair, struct refused *ret)
{
	struct refused_reference r = {
		.table = bldr_get_text(repair, "table"),
		.column = bldr_get_text(repair, "column"),
		.to = bldr_get_text(repair, "to"),
		.to_column = bldr_get_text(repair, "to_column"),
		.why = "the Tester found that most of its records lead nowhere",
	};

	if (r.column != NULL && r.to != NULL && r.to_column != NULL) {
		*LIST_ADD(&d->arena, &ret->references) = r;
	}
}

static void add_refused(struct desk *d, const struct bldr_value *repair, struct refused *ret)
{
	const char *name = bldr_get_text(repair, "repair");

	if (name == NULL || bldr_get_text(repair, "table") == NULL) {
		return;
	}
	if (strcmp(name, "key") == 0) {
		refuse_key(d, repair, ret);
	} else if (strcmp(name, "reference") == 0) {
		refuse_reference(d, repair, ret);
	}
}

static bool is_of(const struct refused_key *key, const char *table,
		  const struct key_candidate *candidate)
{
	return strcmp(key->table, table) == 0 &&
		overrides_same_columns(&key->columns, &candidate->columns);
}

static struct refused_key *find(const struct refused *refused, const char *table,
				const struct key_candidate *candidate)
{
	for (size_t i = 0; i < refused->keys.n; i++) {
		if (is_of(&refused->keys.at[i], table, candidate)) {
			return &refused->keys.at[i];
		}
	}
	return NULL;
}

static void hide(struct desk *d, struct table_profile *t, const struct refused *refused)
{
	struct table_profile before = *t;

	memset(&t->keys, 0, sizeof(t->keys));
	for (size_t i = 0; i < before.keys.n; i++) {
		struct refused_key *key = find(refused, t->table, &before.keys.at[i]);

		if (key == NULL) {
			*LIST_ADD(&d->arena, &t->keys) = before.keys.at[i];
			continue;
		}
		key->candidate = ARENA_ARRAY(&d->arena, struct key_candidate, 1);
		*key->candidate = before.keys.at[i];
	}
}

void runner_up_refused(struct desk *d, struct refused *ret)
{
	const struct bldr_value *attempts = bldr_get(d->args, "attempts");

	for (size_t i = 0; i < bldr_count(attempts); i++) {
		const struct bldr_value *repairs =
			bldr_get(bldr_get(bldr_at(attempts, i), "findings"), "repairs");

		for (size_t k = 0; k < bldr_count(repairs); k++) {
			add_refused(d, bldr_at(repairs, k), ret);
		}
	}
}

static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool runner_up_is_blamed(struct desk *d, const char *table, const char *column)
{
	const struct bldr_value *attempts = bldr_get(d->args, "attempts");

	for (size_t i = 0; i < bldr_count(attempts); i++) {
		const struct bldr_value *repairs =
			bldr_get(bldr_get(bldr_at(attempts, i), "findings"), "repairs");

		for (size_t k = 0; k < bldr_count(repairs); k++) {
			const struct bldr_value *r = bldr_at(repairs, k);
			bool about = column == NULL ? same_text(bldr_get_text(r, "repair"), "key")
						    : same_text(bldr_get_text(r, "column"), column);

			if (about && same_text(bldr_get_text(r, "table"), table)) {
				return true;
			}
		}
	}
	return false;
}

void runner_up_hide(struct desk *d, struct table_profile *tables, size_t n, struct refused *refused)
{
	for (size_t i = 0; i < refused->keys.n; i++) {
		refused->keys.at[i].candidate = NULL;
	}
	for (size_t i = 0; i < n; i++) {
		hide(d, &tables[i], refused);
	}
}

static void refuse(struct desk *d, const struct refused_key *key, struct key_candidate *candidate)
{
	candidate->chosen = false;
	*LIST_ADD(&d->arena, &candidate->evidence) =
		arena_printf(&d->arena, "not taken: %s", key->why);
}

/* The best candidate that nobody has refused becomes the key. */
static void choose_next(struct table_profile *t, const struct refused *refused)
{
	for (size_t i = 0; i < t->keys.n; i++) {
		const struct key_candidate *one = &t->keys.at[i];

		if (find(refused, t->table, one) == NULL && one->duplicates == 0 &&
		    score_parse(one->score) >= KEY_CHOSEN_MIN) {
			t->keys.at[i].chosen = true;
			return;
		}
	}
}

static void take(struct desk *d, struct table_profile *t, const struct refused *refused)
{
	bool lost = false;

	for (size_t i = 0; i < t->keys.n; i++) {
		const struct refused_key *key = find(refused, t->table, &t->keys.at[i]);

		if (key != NULL) {
			lost |= t->keys.at[i].chosen;
			refuse(d, key, &t->keys.at[i]);
		}
	}
	if (lost) {
		choose_next(t, refused);
	}
	for (size_t i = 0; i < refused->keys.n; i++) {
		struct refused_key *key = &refused->keys.at[i];

		if (key->candidate != NULL && is_of(key, t->table, key->candidate)) {
			struct key_candidate candidate = *key->candidate;

			refuse(d, key, &candidate);
			*LIST_ADD(&d->arena, &t->keys) = candidate;
		}
	}
}

/* Nothing refers to a key that does not tell the records apart; of single columns none was found in the first place. */
static void let_go(struct desk *d, const struct refused *refused, struct inclusion *f)
{
	const struct key_candidate to = { .columns = f->to_columns };
	const struct refused_key *key = f->to_columns.n > 1 ? find(refused, f->to_table, &to)
							    : NULL;

	if (f->chosen && key != NULL) {
		f->chosen = false;
		*LIST_ADD(&d->arena, &f->evidence) = arena_printf(
			&d->arena, "not taken: what it refers to is no key: %s", key->why);
	}
}

void runner_up_take(struct desk *d, const struct refused *refused, struct profile *profile)
{
	for (size_t i = 0; i < profile->inclusions.n; i++) {
		let_go(d, refused, &profile->inclusions.at[i]);
	}
	for (size_t i = 0; i < profile->tables.n; i++) {
		take(d, &profile->tables.at[i], refused);
	}
}

int runner_up_relate(struct desk *d, const struct sources *sources, const struct profile *tables,
		     const struct table_sketch *sketches, struct refused *refused,
		     struct profile *ret, struct bldr_error *err)
{
	size_t n = tables->tables.n;
	struct table_profile *copies = ARENA_ARRAY(&d->arena, struct table_profile, n);
	int r;

	for (size_t i = 0; i < n; i++) {
		copies[i] = tables->tables.at[i];
	}
	runner_up_hide(d, copies, n, refused);
	r = ingest_relate(d->source_dir, sources, copies, sketches, n, &refused->references,
			  &d->arena, ret, err);
	if (r == 0) {
		runner_up_take(d, refused, ret);
	}
	return r;
}
