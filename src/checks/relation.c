/*
 * A join is an index over the target's key, then one probe per record. Keys are compared as numbers where
 * both columns hold nothing but plain numbers (so that 3 finds 3.0), as trimmed text elsewhere. An index
 * that meets a key twice refuses: the design promised a unique target.
 */
#include "checks/relation.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* The columns of one side of a hop, and how their values are compared. */
struct side {
	struct relation *table;
	size_t n;
	size_t *columns;
	const struct column_decision **decisions;
	bool *numbers;
};

int relations_read(const char *source_folder, const struct sources *sources, struct arena *a,
		   struct relations *ret, struct bldr_error *err)
{
	*ret = (struct relations){ .arena = a };
	int decoded = overrides_decode(sources->overrides, a, &ret->declared, err);
	if (decoded < 0) {
		return decoded;
	}
	for (size_t i = 0; i < sources->files.n; i++) {
		const struct source_file *f = &sources->files.at[i];
		struct relation t = { .file = f };
		int rc = raw_table_read(source_folder, f, a, &t.raw, err);
		if (rc < 0) {
			return rc;
		}
		t.columns = ARENA_ARRAY(a, struct relation_column, f->columns.n);
		for (size_t c = 0; c < f->columns.n; c++) {
			t.columns[c].name = f->columns.at[c];
		}
		*LIST_ADD(a, &ret->tables) = t;
	}
	return 0;
}

void relations_release(struct relations *r)
{
	for (size_t i = 0; i < r->indexes.n; i++) {
		map_free(r->indexes.at[i].rows);
	}
	r->indexes.n = 0;
}

struct relation *relation_find(struct relations *r, const char *table)
{
	for (size_t i = 0; i < r->tables.n; i++) {
		if (strcmp(r->tables.at[i].file->table, table) == 0) {
			return &r->tables.at[i];
		}
	}
	return NULL;
}

int64_t relation_column_find(const struct relation *t, const char *column)
{
	for (size_t i = 0; i < t->raw.columns; i++) {
		if (strcmp(t->columns[i].name, column) == 0) {
			return (int64_t)i;
		}
	}
	return -1;
}

const struct relation_column *relation_column(struct relations *r, struct relation *t, size_t column)
{
	struct relation_column *c = &t->columns[column];
	if (!c->decided) {
		size_t n = t->raw.records.n;
		const char **values = calloc(n + 1, sizeof(*values));
		ASSERT(values != NULL);
		for (size_t i = 0; i < n; i++) {
			values[i] = relation_text(t, i, column);
		}
		column_decide(values, n, r->arena, &c->decision);
		declared_take(overrides_column(overrides_table(&r->declared, t->file->table),
					       c->name),
			      values, n, r->arena, &c->decision);
		c->decided = true;
		free(values);
	}
	return c;
}

static int side_of(struct relations *r, const char *table, size_t n, const char *const *columns,
		   struct side *ret, struct bldr_error *err)
{
	struct side s = {
		.table = relation_find(r, table),
		.n = n,
		.columns = ARENA_ARRAY(r->arena, size_t, n),
		.decisions = ARENA_ARRAY(r->arena, const struct column_decision *, n),
		.numbers = ARENA_ARRAY(r->arena, bool, n),
	};
	if (s.table == NULL) {
		bldr_error_set(err, BLDR_E_INVALID, "no source table \"%s\"", table);
		return BLDR_E_INVALID;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t column = relation_column_find(s.table, columns[i]);
		if (column < 0) {
			bldr_error_set(err, BLDR_E_INVALID,
				       "source table \"%s\" has no column \"%s\"", table,
				       columns[i]);
			return BLDR_E_INVALID;
		}
		s.columns[i] = (size_t)column;
		s.decisions[i] = &relation_column(r, s.table, (size_t)column)->decision;
	}
	*ret = s;
	return 0;
}

/* False: a part of the key is null. */
static bool key_of(struct relations *r, const struct side *s, size_t record, struct buf *key)
{
	buf_clear(key);
	buf_putc(key, '=');
	for (size_t i = 0; i < s->n; i++) {
		const char *text = relation_text(s->table, record, s->columns[i]);
		const char *part = value_joined(s->decisions[i], s->numbers[i], text, r->arena);
		if (part == NULL) {
			return false;
		}
		canon_add(key, part);
	}
	ASSERT(!buf_failed(key));
	return true;
}

static const struct relation_index *index_find(const struct relations *r, const struct side *s)
{
	for (size_t i = 0; i < r->indexes.n; i++) {
		const struct relation_index *index = &r->indexes.at[i];
		if (index->table == s->table && index->n == s->n &&
		    memcmp(index->columns, s->columns, s->n * sizeof(*s->columns)) == 0 &&
		    memcmp(index->numbers, s->numbers, s->n * sizeof(*s->numbers)) == 0) {
			return index;
		}
	}
	return NULL;
}

static int duplicate_target(const struct side *s, int64_t first, size_t second,
			    struct bldr_error *err)
{
	const struct source_file *f = s->table->file;
	const struct raw_record *records = s->table->raw.records.at;
	return bldr_error_set(
		err, BLDR_E_INVALID,
		"the design joins to \"%s.%s\"%s, which is not unique: lines %lld and %lld of \"%s\" "
		"hold the same key",
		f->table, f->columns.at[s->columns[0]], s->n > 1 ? " and more" : "",
		(long long)records[first].line, (long long)records[second].line, f->path);
}

static int fill_index(struct relations *r, const struct side *s, struct map *rows,
		      struct bldr_error *err)
{
	struct buf key;
	buf_init(&key, CANON_MAX);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < s->table->raw.records.n; i++) {
		bool aside = s->table->set_aside != NULL && s->table->set_aside[i];
		if (aside || !key_of(r, s, i, &key)) {
			continue;
		}
		void **row = map_at(rows, key.data, key.size);
		if (*row != NULL) {
			rc = duplicate_target(s, (int64_t)(intptr_t)*row - 1, i, err);
		}
		*row = (void *)(intptr_t)(i + 1);
	}
	buf_release(&key);
	return rc;
}

/* The rows of the index over a side, built when it is asked for first; NULL: it is not unique. */
static const struct map *index_of(struct relations *r, const struct side *s, struct bldr_error *err)
{
	const struct relation_index *known = index_find(r, s);
	if (known != NULL) {
		return known->rows;
	}
	struct map *rows = map_new();
	if (fill_index(r, s, rows, err) < 0) {
		map_free(rows);
		return NULL;
	}
	*LIST_ADD(r->arena, &r->indexes) = (struct relation_index){
		.table = s->table,
		.n = s->n,
		.columns = s->columns,
		.numbers = s->numbers,
		.rows = rows,
	};
	return rows;
}

static int sides_of(struct relations *r, const struct relation *at, const struct hop *hop,
		    struct side *ret_from, struct side *ret_to, struct bldr_error *err)
{
	if (strcmp(hop->table, at->file->table) != 0) {
		bldr_error_set(err, BLDR_E_INVALID, "a hop starts at \"%s\", not at \"%s\"",
			       hop->table, at->file->table);
		return BLDR_E_INVALID;
	}
	if (hop->columns.n == 0 || hop->columns.n != hop->to_columns.n) {
		bldr_error_set(err, BLDR_E_INVALID,
			       "a hop from \"%s\" to \"%s\" joins %zu columns to %zu", hop->table,
			       hop->to_table, hop->columns.n, hop->to_columns.n);
		return BLDR_E_INVALID;
	}
	int rc = side_of(r, hop->table, hop->columns.n, hop->columns.at, ret_from, err);
	if (rc < 0) {
		return rc;
	}
	rc = side_of(r, hop->to_table, hop->to_columns.n, hop->to_columns.at, ret_to, err);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < ret_from->n; i++) {
		bool number = ret_from->decisions[i]->number && ret_to->decisions[i]->number;
		ret_from->numbers[i] = number;
		ret_to->numbers[i] = number;
	}
	return 0;
}

static int follow_one(struct relations *r, struct relation **at, const struct hop *hop,
		      int64_t *records, size_t n, struct bldr_error *err)
{
	struct side from = { 0 }, to = { 0 };
	int rc = sides_of(r, *at, hop, &from, &to, err);
	if (rc < 0) {
		return rc;
	}
	const struct map *rows = index_of(r, &to, err);
	if (rows == NULL) {
		return BLDR_E_INVALID;
	}
	struct buf key;
	buf_init(&key, CANON_MAX);
	for (size_t i = 0; i < n; i++) {
		if (records[i] >= 0) {
			bool known = key_of(r, &from, (size_t)records[i], &key);
			const void *row = known ? map_find(rows, key.data, key.size) : NULL;
			records[i] = row != NULL ? (int64_t)(intptr_t)row - 1
				: known          ? RELATION_MISSED
						 : RELATION_NO_KEY;
		}
	}
	buf_release(&key);
	*at = to.table;
	return 0;
}

static bool texts_equal(texts a, texts b)
{
	for (size_t i = 0; a.n == b.n && i < a.n; i++) {
		if (strcmp(a.at[i], b.at[i]) != 0) {
			return false;
		}
	}
	return a.n == b.n;
}

static bool hops_equal(const struct hop *a, const struct hop *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(a[i].table, b[i].table) != 0 ||
		    strcmp(a[i].to_table, b[i].to_table) != 0 ||
		    !texts_equal(a[i].columns, b[i].columns) ||
		    !texts_equal(a[i].to_columns, b[i].to_columns)) {
			return false;
		}
	}
	return true;
}

static const struct relation_walk *walk_find(const struct relations *r,
					     const struct relation_walk *wanted)
{
	for (size_t i = 0; i < r->walks.n; i++) {
		const struct relation_walk *w = &r->walks.at[i];
		if (w->from == wanted->from && w->n == wanted->n &&
		    hops_equal(w->hops, wanted->hops, w->n)) {
			return w;
		}
	}
	return NULL;
}

/* The walk of one hop more than `last`, or of none when that is NULL. */
static int walk_add(struct relations *r, const struct relation_walk *last,
		    const struct relation_walk *wanted, struct bldr_error *err)
{
	struct relation_walk walk = *wanted;
	size_t rows = walk.from->raw.records.n;
	int64_t *records = ARENA_ARRAY(r->arena, int64_t, rows);
	int rc = 0;
	for (size_t i = 0; i < rows; i++) {
		records[i] = last == NULL ? (int64_t)i : last->records[i];
	}
	if (last != NULL) {
		walk.to = last->to;
		rc = follow_one(r, &walk.to, &walk.hops[walk.n - 1], records, rows, err);
	}
	if (rc == 0) {
		walk.records = records;
		*LIST_ADD(r->arena, &r->walks) = walk;
	}
	return rc;
}

int relation_follow(struct relations *r, struct relation *from, const struct hop *hops, size_t n,
		    struct relation **ret_to, const int64_t **ret_records, struct bldr_error *err)
{
	struct relation_walk walk = { 0 };
	for (size_t i = 0; i <= n; i++) {
		struct relation_walk wanted = { .from = from, .hops = hops, .n = i, .to = from };
		const struct relation_walk *known = walk_find(r, &wanted);
		if (known == NULL) {
			int rc = walk_add(r, i > 0 ? &walk : NULL, &wanted, err);
			if (rc < 0) {
				return rc;
			}
			known = &r->walks.at[r->walks.n - 1];
		}
		walk = *known;
	}
	*ret_to = walk.to;
	*ret_records = walk.records;
	return 0;
}

int relation_keys(struct relations *r, struct relation *from, const struct hop *hop,
		  const char ***ret_keys, struct bldr_error *err)
{
	struct side own = { 0 }, to = { 0 };
	int rc = sides_of(r, from, hop, &own, &to, err);
	if (rc < 0) {
		return rc;
	}
	const char **keys = ARENA_ARRAY(r->arena, const char *, from->raw.records.n);
	struct buf key;
	buf_init(&key, CANON_MAX);
	for (size_t i = 0; i < from->raw.records.n; i++) {
		keys[i] = key_of(r, &own, i, &key) ? arena_strdup(r->arena, key.data) : NULL;
	}
	buf_release(&key);
	*ret_keys = keys;
	return 0;
}
