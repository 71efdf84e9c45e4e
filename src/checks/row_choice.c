/*
 * One pass over the records with a map from key to the first record that had it. The order of the tests is the
 * loader's: a missing value is told before a repeated key.
 */
#include "checks/row_choice.h"

#include <string.h>

#include "base/check.h"

struct choice {
	struct expected_table *t;
	struct arena *arena;
	size_t n_parts;
	const char *const **parts; /* the key's columns, per source record */
	bool *required;            /* per column of the design */
	struct map *seen;          /* canon -> record + 1, or row + 1 of a dimension */
	LIST(size_t) left;
	LIST(const char *) why;
	LIST(bool) duplicate;
};

void row_choice_canon(const struct expected_table *t, const char *const *const *parts, size_t row,
		      struct buf *ret)
{
	buf_clear(ret);
	canon_add(ret, t->design->name);
	for (size_t i = 0; i < t->n_keys; i++) {
		canon_add(ret, parts[i][row]);
	}
	ASSERT(!buf_failed(ret));
}

/* A reference in a grain counts by its member. */
static const char **member_texts(const struct choice *ch, const struct expected_column *c)
{
	size_t n = ch->t->source->raw.records.n;
	const char **numbers = ARENA_ARRAY(ch->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = arena_printf(ch->arena, "%lld", (long long)c->members[i]);
	}
	return numbers;
}

static void add_part(struct choice *ch, size_t column)
{
	const struct expected_column *c = &ch->t->columns[column];
	ch->required[column] = true;
	if (c->members != NULL || c->cells != NULL) { /* without either the contract is refused */
		ch->parts[ch->n_parts++] = c->members != NULL ? member_texts(ch, c) : c->cells;
	}
}

static void find_parts(struct choice *ch)
{
	const struct expected_table *t = ch->t;
	const struct design_table *d = t->design;
	ch->parts = ARENA_ARRAY(ch->arena, const char *const *, d->columns.n + d->grain_columns.n);
	if (expected_is_dimension(t)) {
		for (size_t i = 0; i < t->n_keys; i++) {
			add_part(ch, t->keys[i]);
		}
		return;
	}
	for (size_t i = 0; i < d->grain_columns.n; i++) {
		int64_t column = expected_column_find(t, d->grain_columns.at[i]);
		ASSERT(column >= 0);
		add_part(ch, (size_t)column);
	}
}

static void find_required(struct choice *ch)
{
	const struct design_table *d = ch->t->design;
	ch->required = ARENA_ARRAY(ch->arena, bool, d->columns.n);
	for (size_t c = 0; c < d->columns.n; c++) {
		int role = d->columns.at[c].role;
		ch->required[c] = !d->columns.at[c].nullable && role != ROLE_SURROGATE_KEY &&
			role != ROLE_DIMENSION_KEY && role != ROLE_LINEAGE;
	}
}

/* The required column that is null in a record, or NULL. */
static const char *missing_value(const struct choice *ch, size_t record)
{
	const struct expected_table *t = ch->t;
	for (size_t c = 0; c < t->design->columns.n; c++) {
		const char **cells = t->columns[c].cells;
		if (ch->required[c] && cells != NULL && cells[record] == NULL) {
			return t->design->columns.at[c].name;
		}
	}
	return NULL;
}

static bool records_equal(const struct relation *r, size_t a, size_t b)
{
	for (size_t c = 0; c < r->raw.columns; c++) {
		if (strcmp(relation_text(r, a, c), relation_text(r, b, c)) != 0) {
			return false;
		}
	}
	return true;
}

static void key_of(const struct choice *ch, size_t record, struct buf *key)
{
	if (expected_is_dimension(ch->t)) {
		row_choice_canon(ch->t, ch->parts, record, key);
		return;
	}
	buf_clear(key);
	buf_putc(key, '=');
	for (size_t i = 0; i < ch->n_parts; i++) {
		canon_add(key, ch->parts[i][record]);
	}
	ASSERT(!buf_failed(key));
}

static bool is_duplicate(const struct expected_table *t, size_t record)
{
	return t->kept_by != NULL && t->kept_by[record] >= 0;
}

/* Why a record is left out, or NULL; a key that is new is noted. */
static const char *judge_record(struct choice *ch, size_t record, struct buf *key)
{
	const struct expected_table *t = ch->t;
	if (is_duplicate(t, record)) {
		const struct raw_record *kept = &t->source->raw.records.at[t->kept_by[record]];
		return arena_printf(ch->arena,
				    "\"%s\": a duplicate, line %lld of the same key counts",
				    t->design->name, (long long)kept->line);
	}
	const char *column = missing_value(ch, record);
	if (column != NULL) {
		return arena_printf(ch->arena, "\"%s.%s\" has no value", t->design->name, column);
	}
	key_of(ch, record, key);
	void **place = map_at(ch->seen, key->data, key->size);
	if (*place == NULL) {
		size_t number = expected_is_dimension(t) ? t->n : record;
		*place = (void *)(intptr_t)(number + 1);
		return NULL;
	}
	size_t first = (size_t)(intptr_t)*place - 1;
	if (expected_is_dimension(t)) {
		first = t->records[first];
	} else if (!records_equal(t->source, first, record)) {
		return NULL;
	}
	return arena_printf(ch->arena, "\"%s\" has the key of line %lld already", t->design->name,
			    (long long)t->source->raw.records.at[first].line);
}

void row_choice_make(struct expected_table *t, struct arena *a)
{
	size_t n = t->source->raw.records.n;
	struct choice ch = { .t = t, .arena = a, .seen = map_new() };
	struct buf key;
	buf_init(&key, CANON_MAX);
	t->records = ARENA_ARRAY(a, size_t, n);
	find_required(&ch);
	find_parts(&ch);
	for (size_t i = 0; i < n; i++) {
		const char *why = judge_record(&ch, i, &key);
		if (why == NULL) {
			t->records[t->n++] = i;
		} else {
			*LIST_ADD(a, &ch.left) = i;
			*LIST_ADD(a, &ch.why) = why;
			*LIST_ADD(a, &ch.duplicate) = is_duplicate(t, i);
		}
	}
	for (size_t i = 0; i < ch.left.n; i++) {
		t->records[t->n + i] = ch.left.at[i];
	}
	t->n_left = ch.left.n;
	t->left_why = ch.why.at;
	t->left_duplicate = ch.duplicate.at;
	buf_release(&key);
	if (expected_is_dimension(t)) {
		t->members = ch.seen;
	} else {
		map_free(ch.seen);
	}
}
