/* The runner-up of a key: the candidates are the profiler's own, one of them is only not to be had. */
#include "agents/analyst/runner_up.h"

#include <string.h>

#include "artefact/overrides.h"
#include "ingest/keys.h"

static void add_refused(struct desk *d, const struct bldr_value *repair, struct refused_keys *ret)
{
	const struct bldr_value *columns = bldr_get(repair, "columns");
	struct refused_key *key;

	if (bldr_get_text(repair, "repair") == NULL || bldr_get_text(repair, "table") == NULL ||
	    strcmp(bldr_get_text(repair, "repair"), "key") != 0) {
		return;
	}
	key = LIST_ADD(&d->arena, &ret->at);
	*key = (struct refused_key){ .table = bldr_get_text(repair, "table") };
	for (size_t i = 0; i < bldr_count(columns); i++) {
		*LIST_ADD(&d->arena, &key->columns) = bldr_as_text(bldr_at(columns, i));
	}
}

static bool is_of(const struct refused_key *key, const char *table,
		  const struct key_candidate *candidate)
{
	return strcmp(key->table, table) == 0 &&
		overrides_same_columns(&key->columns, &candidate->columns);
}

static struct refused_key *find(const struct refused_keys *refused, const char *table,
				const struct key_candidate *candidate)
{
	for (size_t i = 0; i < refused->at.n; i++) {
		if (is_of(&refused->at.at[i], table, candidate)) {
			return &refused->at.at[i];
		}
	}
	return NULL;
}

static void hide(struct desk *d, struct table_profile *t, const struct refused_keys *refused)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->keys.n; i++) {
		struct refused_key *key = find(refused, t->table, &t->keys.at[i]);

		if (key == NULL) {
			t->keys.at[kept++] = t->keys.at[i];
			continue;
		}
		key->candidate = ARENA_ARRAY(&d->arena, struct key_candidate, 1);
		*key->candidate = t->keys.at[i];
	}
	t->keys.n = kept;
}

void runner_up_hide(struct desk *d, struct table_profile *tables, size_t n, struct refused_keys *ret)
{
	const struct bldr_value *attempts = bldr_get(d->args, "attempts");

	for (size_t i = 0; i < bldr_count(attempts); i++) {
		const struct bldr_value *repairs =
			bldr_get(bldr_get(bldr_at(attempts, i), "findings"), "repairs");

		for (size_t k = 0; k < bldr_count(repairs); k++) {
			add_refused(d, bldr_at(repairs, k), ret);
		}
	}
	for (size_t i = 0; i < n; i++) {
		hide(d, &tables[i], ret);
	}
}

static void refuse(struct desk *d, struct key_candidate *candidate)
{
	candidate->chosen = false;
	*LIST_ADD(&d->arena, &candidate->evidence) =
		"not taken: the Tester found records that it does not tell apart";
}

/* The best candidate that nobody has refused becomes the key. */
static void choose_next(struct table_profile *t, const struct refused_keys *refused)
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

static void take(struct desk *d, struct table_profile *t, const struct refused_keys *refused)
{
	bool lost = false;

	for (size_t i = 0; i < t->keys.n; i++) {
		if (find(refused, t->table, &t->keys.at[i]) != NULL) {
			lost |= t->keys.at[i].chosen;
			refuse(d, &t->keys.at[i]);
		}
	}
	if (lost) {
		choose_next(t, refused);
	}
	for (size_t i = 0; i < refused->at.n; i++) {
		struct refused_key *key = &refused->at.at[i];

		if (key->candidate != NULL && is_of(key, t->table, key->candidate)) {
			refuse(d, key->candidate);
			*LIST_ADD(&d->arena, &t->keys) = *key->candidate;
		}
	}
}

/* Nothing refers to a key that does not tell the records apart; of single columns none was found in the first place. */
static void let_go(struct desk *d, const struct refused_keys *refused, struct inclusion *f)
{
	const struct key_candidate to = { .columns = f->to_columns };

	if (f->chosen && f->to_columns.n > 1 && find(refused, f->to_table, &to) != NULL) {
		f->chosen = false;
		*LIST_ADD(&d->arena, &f->evidence) =
			"not taken: the Tester found records that its key does not tell apart";
	}
}

void runner_up_take(struct desk *d, const struct refused_keys *refused, struct profile *profile)
{
	for (size_t i = 0; i < profile->inclusions.n; i++) {
		let_go(d, refused, &profile->inclusions.at[i]);
	}
	for (size_t i = 0; i < profile->tables.n; i++) {
		take(d, &profile->tables.at[i], refused);
	}
}
