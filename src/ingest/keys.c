/*
 * Scores are sums of fixed marks in hundredths, so they are the same everywhere. The happy path is one
 * clear candidate, found from the profile alone; a pair of columns costs one more pass over the file, in
 * which every pair keeps the hashes of its tuples until its first duplicate.
 */
#include "ingest/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/columntype.h"
#include "base/map.h"
#include "ingest/infer.h"
#include "ingest/ingest.h"

enum {
	MARKS_ID = 35,
	MARKS_NAME = 35,
	MARKS_TYPE = 30,
	MARKS_PART = 30, /* a part of a pair is an identifier or refers to one */
	TEXT_SHORT = 12, /* characters; a code */
	TEXT_FIXED = 40, /* of one length: a hash or UUID */
	TEXT_MIDDLE = 40,
	PAIR_COLUMNS_MAX = 10,
	TUPLE_BYTES = 64 /* what a tuple takes in memory */
};

const char *score_text(struct arena *a, int hundredths)
{
	int n = hundredths < 0 ? 0 : hundredths > 100 ? 100 : hundredths;
	return arena_printf(a, "%d.%02d", n / 100, n % 100);
}

int score_parse(const char *text)
{
	struct decimal d;
	ASSERT(decimal_parse(text, strlen(text), &d) && d.scale == 2);
	return (int)d.units;
}

static struct column_type type_of(const struct column_profile *c)
{
	struct column_type type;
	ASSERT(column_type_parse(c->type, &type));
	return type;
}

/* What of MARKS_TYPE a column's type earns; -1: such a column identifies nothing. */
static int type_marks(const struct column_profile *c)
{
	struct column_type type = type_of(c);
	switch (type.kind) {
	case COLUMN_INT64:
		return MARKS_TYPE;
	case COLUMN_DECIMAL:
		return type.scale == 0 ? MARKS_TYPE : -1;
	case COLUMN_TEXT:
		if (c->max_length <= TEXT_SHORT ||
		    (c->min_length == c->max_length && c->max_length <= TEXT_FIXED)) {
			return MARKS_TYPE;
		}
		return c->max_length <= TEXT_MIDDLE ? MARKS_TYPE / 3 : 0;
	case COLUMN_DATE:
		return MARKS_TYPE / 3;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return 0;
	case COLUMN_BOOL:
	case COLUMN_DOUBLE:
		return -1;
	}
	ASSERT(false);
}

/* ---- one column ---- */

static struct key_candidate single(struct arena *a, const struct column_profile *c,
				   const struct name *table, size_t skip)
{
	static const int places[] = { 100, 85, 70, 55 }; /* percent by position */
	struct name name = name_of_column(a, c->name, skip);
	int likeness = name_own_key(&name, table);
	int type = type_marks(c);
	bool calendar = type_of(c).kind == COLUMN_DATE && c->ordinal == 0 && likeness > 0;
	int marks = (name.id_like ? MARKS_ID : 0) + likeness * MARKS_NAME / 1000 +
		(calendar ? MARKS_TYPE : type);
	int place = places[c->ordinal < 3 ? c->ordinal : 3];

	struct key_candidate key = { .score = score_text(a, marks * place / 100) };
	*LIST_ADD(a, &key.columns) = c->name;
	*LIST_ADD(a, &key.evidence) = "no nulls, no value twice";
	*LIST_ADD(a, &key.evidence) = arena_printf(a, "column %lld", (long long)c->ordinal + 1);
	if (name.id_like) {
		*LIST_ADD(a, &key.evidence) = "named like an identifier";
	}
	if (name.core.n > 0 && likeness > 0) {
		*LIST_ADD(a, &key.evidence) = "named after its table";
	}
	*LIST_ADD(a, &key.evidence) = arena_printf(a, "type %s", c->type);
	return key;
}

/* Best first; on a tie the candidate that stood first stays first. */
static void add_candidate(struct arena *a, struct table_profile *t, struct key_candidate key)
{
	*LIST_ADD(a, &t->keys) = key;
	int score = score_parse(key.score);
	size_t i = t->keys.n - 1;
	for (; i > 0 && score_parse(t->keys.at[i - 1].score) < score; i--) {
		t->keys.at[i] = t->keys.at[i - 1];
	}
	t->keys.at[i] = key;
	t->keys.n = t->keys.n > KEYS_MAX ? KEYS_MAX : t->keys.n;
}

void keys_single(struct arena *a, struct table_profile *table, const struct name *table_name,
		 const int64_t *distinct)
{
	size_t skip = name_column_prefix(a, table);
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct column_profile *c = &table->columns.at[i];
		if (table->rows > 0 && c->nulls == 0 && distinct[i] == table->rows &&
		    type_marks(c) >= 0) {
			add_candidate(a, table, single(a, c, table_name, skip));
		}
	}
}

/* ---- pairs ---- */

struct pair {
	size_t first, second; /* columns */
	int score;
	struct map *tuples; /* NULL: a duplicate was found, or no room was left */
	size_t bytes;       /* that they take, about */
};

struct pairs {
	struct pair at[KEY_PAIRS_MAX]; /* best first */
	size_t n;
	size_t bytes;
};

static int part_marks(struct arena *a, const struct column_profile *c, bool reference)
{
	struct name name = name_of_column(a, c->name, 0);
	int type = type_marks(c);
	return (name.id_like || reference ? MARKS_PART : 0) + (type >= MARKS_TYPE / 3 ? 10 : 0);
}

/* A part of a key: without nulls, not a text or number that only measures. */
static bool eligible(const struct column_profile *c)
{
	return c->nulls == 0 && c->distinct > 1 && type_marks(c) > 0;
}

/* Two columns named like identifiers whose names together are the table's: film_id, category_id. */
static bool names_table(struct arena *a, const struct column_profile *first,
			const struct column_profile *second, const struct name *table)
{
	struct name x = name_of_column(a, first->name, 0);
	struct name y = name_of_column(a, second->name, 0);
	if (!x.id_like || !y.id_like || x.core.n == 0 || y.core.n == 0) {
		return false;
	}
	return strcmp(arena_printf(a, "%s%s", x.stem, y.stem), table->stem) == 0 ||
		strcmp(arena_printf(a, "%s%s", y.stem, x.stem), table->stem) == 0;
}

/* named_after: only pairs that names_table finds, also where one of the two is unique. */
static void list_pairs(struct arena *a, const struct table_profile *t, const bool *references,
		       const struct name *named_after, struct pairs *ret)
{
	size_t columns[PAIR_COLUMNS_MAX];
	size_t n = 0;
	*ret = (struct pairs){ .n = 0 };
	for (size_t i = 0; i < t->columns.n && n < PAIR_COLUMNS_MAX; i++) {
		if (eligible(&t->columns.at[i])) {
			columns[n++] = i;
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++) {
			const struct column_profile *x = &t->columns.at[columns[i]];
			const struct column_profile *y = &t->columns.at[columns[k]];
			/* too few tuples, or one of the two alone is enough */
			bool vain = x->distinct < t->rows / y->distinct || x->distinct == t->rows ||
				y->distinct == t->rows;
			if (named_after != NULL ? !names_table(a, x, y, named_after) : vain) {
				continue;
			}
			struct pair pair = { .first = columns[i], .second = columns[k] };
			int first = part_marks(a, x, references[pair.first]);
			int second = part_marks(a, y, references[pair.second]);
			bool leads = pair.first == 0 && pair.second == 1;
			bool named = first >= MARKS_PART || second >= MARKS_PART;
			pair.score = first + second + (pair.first == 0 ? 10 : 0) +
				(leads && named ? 35 : 0);
			size_t at = ret->n++;
			for (; at > 0 && ret->at[at - 1].score < pair.score; at--) {
				ret->at[at] = ret->at[at - 1];
			}
			ret->at[at] = pair;
		}
	}
}

static void drop(struct pairs *pairs, struct pair *p)
{
	map_free(p->tuples);
	p->tuples = NULL;
	pairs->bytes -= p->bytes;
}

/* Values as the profile judges them; a tuple is exact: its two values and the length of the first. */
static void add_tuple(struct pairs *pairs, struct pair *p, const struct csv_record *record,
		      struct buf *tuple)
{
	size_t x_size = record->fields[p->first].size;
	size_t y_size = record->fields[p->second].size;
	const char *x = value_trim(record->fields[p->first].text, &x_size);
	const char *y = value_trim(record->fields[p->second].text, &y_size);
	buf_clear(tuple);
	buf_add(tuple, &x_size, sizeof(x_size));
	buf_add(tuple, x, x_size);
	buf_add(tuple, y, y_size);

	void **place = map_at(p->tuples, tuple->data, tuple->size);
	if (*place != NULL) {
		drop(pairs, p);
		return;
	}
	*place = p;
	p->bytes += tuple->size + TUPLE_BYTES;
	pairs->bytes += tuple->size + TUPLE_BYTES;
}

/* Leaves out the worst pairs until the others fit. */
static void keep_within(struct pairs *pairs, size_t bytes)
{
	for (size_t i = pairs->n; pairs->bytes > bytes && i-- > 0;) {
		if (pairs->at[i].tuples != NULL) {
			drop(pairs, &pairs->at[i]);
		}
	}
}

/* Leaves tuples with the pairs that are unique. */
static int check_pairs(const char *folder, const struct source_file *file, struct pairs *pairs,
		       struct bldr_error *err)
{
	struct csv_reader *r;
	struct csv_record record;
	int rc = csv_reader_open(folder, file, true, &r, err);
	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < pairs->n; i++) {
		pairs->at[i].tuples = map_new();
	}
	struct buf tuple;
	buf_init(&tuple, (size_t)CSV_RECORD_MAX * 2);
	while ((rc = csv_reader_next(r, &record, err)) > 0) {
		for (size_t i = 0; record.rejected == NULL && i < pairs->n; i++) {
			if (pairs->at[i].tuples != NULL) {
				add_tuple(pairs, &pairs->at[i], &record, &tuple);
			}
		}
		keep_within(pairs, KEY_PAIRS_BYTES);
	}
	buf_release(&tuple);
	csv_reader_close(r);
	return rc;
}

static struct key_candidate pair_key(struct arena *a, const struct table_profile *t,
				     const struct pair *p, const bool *references)
{
	struct key_candidate key = { .score = score_text(a, p->score) };
	const size_t columns[] = { p->first, p->second };
	*LIST_ADD(a, &key.evidence) = "no nulls, no pair of values twice";
	for (size_t i = 0; i < 2; i++) {
		const char *name = t->columns.at[columns[i]].name;
		*LIST_ADD(a, &key.columns) = name;
		if (references[columns[i]]) {
			*LIST_ADD(a, &key.evidence) =
				arena_printf(a, "\"%s\" refers to another table", name);
		}
	}
	return key;
}

static int add_pairs(const char *folder, const struct source_file *file, const bool *references,
		     struct pairs *pairs, struct arena *a, struct table_profile *t,
		     struct bldr_error *err)
{
	if (pairs->n == 0) {
		return 0;
	}
	int rc = check_pairs(folder, file, pairs, err);
	for (size_t i = 0; i < pairs->n; i++) {
		if (pairs->at[i].tuples != NULL && rc == 0) {
			add_candidate(a, t, pair_key(a, t, &pairs->at[i], references));
		}
		map_free(pairs->at[i].tuples);
	}
	return rc;
}

int keys_choose(const char *folder, const struct source_file *file, const struct name *table_name,
		const bool *references, struct arena *a, struct table_profile *table,
		struct bldr_error *err)
{
	struct table_profile t = *table;
	memset(&t.keys, 0, sizeof(t.keys));
	for (size_t i = 0; i < table->keys.n; i++) {
		*LIST_ADD(a, &t.keys) = table->keys.at[i];
	}

	struct pairs pairs;
	bool fits = t.keys.n > 0 && score_parse(t.keys.at[0].score) >= KEY_CHOSEN_MIN;
	list_pairs(a, &t, references, fits ? table_name : NULL, &pairs);
	for (size_t i = 0; fits && i < pairs.n; i++) {
		pairs.at[i].score = 100;
	}
	int rc = add_pairs(folder, file, references, &pairs, a, &t, err);
	if (rc != 0) {
		return rc;
	}
	if (t.keys.n > 0 && score_parse(t.keys.at[0].score) >= KEY_CHOSEN_MIN) {
		t.keys.at[0].chosen = true;
	}
	*table = t;
	return 0;
}
