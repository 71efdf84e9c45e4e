/*
 * Scores are sums of fixed marks in hundredths, so they are the same everywhere. The happy path is one
 * clear candidate, found from the profile alone; a set of columns costs one more pass over the file, in
 * which every set keeps its tuples until one is found twice - or, where the names say that it is the key,
 * until too many are.
 */
#include "ingest/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/columntype.h"
#include "base/decimal.h"
#include "base/log.h"
#include "base/map.h"
#include "ingest/ingest.h"
#include "ingest/said.h"
#include "ingest/tuples.h"

enum {
	MARKS_ID = 35,
	MARKS_NAME = 35,
	MARKS_TYPE = 30,
	MARKS_PART = 30, /* a part of a set is an identifier or refers to one */
	MARKS_DUPLICATES = -10,
	LIKENESS_MIN = 500,    /* of name_own_key: only so named a column may have duplicates */
	DUPLICATES_SHARE = 20, /* at most one record in so many repeats a key */
	TEXT_SHORT = 12,       /* characters; a code */
	TEXT_FIXED = 40,       /* of one length: a hash or UUID */
	TEXT_MIDDLE = 40,
	SET_COLUMNS_MAX = 10,
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
	if (c->number != NULL) {
		return -1; /* written with marks, as amounts are */
	}
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

/* What remains unique is the record's business: few records repeat the key of another. */
static bool few_duplicates(int64_t rows, int64_t distinct)
{
	return distinct < rows && (rows - distinct) * DUPLICATES_SHARE <= rows;
}

static const char *uniqueness(struct arena *a, int64_t rows, int64_t duplicates)
{
	return duplicates == 0 ? "no nulls, no value twice"
			       : arena_printf(a, "no nulls; %lld of %lld records repeat a key",
					      (long long)duplicates, (long long)rows);
}

static struct key_candidate single(struct arena *a, const struct table_profile *t, size_t column,
				   const struct name *table, size_t skip, int64_t duplicates)
{
	static const int places[] = { 100, 85, 70, 55 }; /* percent by position */
	const struct column_profile *c = &t->columns.at[column];
	struct name name = name_of_column(a, c->name, skip);
	int likeness = name_own_key(&name, table);
	int type = type_marks(c);
	bool calendar = type_of(c).kind == COLUMN_DATE && c->ordinal == 0 && likeness > 0;
	int marks = (name.id_like ? MARKS_ID : 0) + likeness * MARKS_NAME / 1000 +
		(calendar ? MARKS_TYPE : type);
	int place = places[c->ordinal < 3 ? c->ordinal : 3];
	int score = marks * place / 100 + (duplicates > 0 ? MARKS_DUPLICATES : 0);

	struct key_candidate key = { .score = score_text(a, score), .duplicates = duplicates };
	*LIST_ADD(a, &key.columns) = c->name;
	*LIST_ADD(a, &key.evidence) = uniqueness(a, t->rows, duplicates);
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

static bool named_as_key(struct arena *a, const struct column_profile *c, const struct name *table,
			 size_t skip)
{
	struct name name = name_of_column(a, c->name, skip);
	return name.id_like && name_own_key(&name, table) >= LIKENESS_MIN;
}

/*
 * A column named as the table's key may have duplicates; its distinct values are then the things that the
 * table describes, and a column that has as many may tell them apart too, as a product's sku does.
 */
static void add_with_duplicates(struct arena *a, struct table_profile *t,
				const struct name *table_name, size_t skip, const int64_t *distinct)
{
	int64_t things = 0;
	for (size_t i = 0; i < t->columns.n && things == 0; i++) {
		const struct column_profile *c = &t->columns.at[i];
		if (c->nulls == 0 && few_duplicates(t->rows, distinct[i]) &&
		    !c->distinct_estimated && type_marks(c) > 0 &&
		    named_as_key(a, c, table_name, skip)) {
			things = distinct[i];
		}
	}
	for (size_t i = 0; i < t->columns.n && things > 0; i++) {
		const struct column_profile *c = &t->columns.at[i];
		if (c->nulls == 0 && distinct[i] == things && !c->distinct_estimated &&
		    type_marks(c) > 0) {
			add_candidate(a, t, single(a, t, i, table_name, skip, t->rows - things));
		}
	}
}

void keys_single(struct arena *a, struct table_profile *table, const struct name *table_name,
		 const int64_t *distinct)
{
	size_t skip = name_column_prefix(a, table);
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct column_profile *c = &table->columns.at[i];
		if (table->rows > 0 && c->nulls == 0 && distinct[i] == table->rows &&
		    type_marks(c) >= 0) {
			add_candidate(a, table, single(a, table, i, table_name, skip, 0));
		}
	}
	if (keys_best(table, 1) == NULL) {
		add_with_duplicates(a, table, table_name, skip, distinct);
	}
}

/* The best of so many columns (0: of several) that fits; one without duplicates if there is one. */
struct key_candidate *keys_best(const struct table_profile *t, size_t columns)
{
	struct key_candidate *best = NULL;
	for (size_t i = 0; i < t->keys.n; i++) {
		struct key_candidate *k = &t->keys.at[i];
		bool size = columns == 0 ? k->columns.n > 1 : k->columns.n == columns;
		if (size && score_parse(k->score) >= KEY_CHOSEN_MIN &&
		    (best == NULL || (best->duplicates > 0 && k->duplicates == 0))) {
			best = k;
		}
	}
	return best;
}

/* ---- sets of columns ---- */

struct set {
	size_t columns[KEY_COLUMNS_MAX];
	size_t n;
	int score;
	int64_t allowed;    /* duplicates, before it is no key */
	int64_t duplicates; /* found */
	struct map *tuples; /* NULL: too many duplicates, or no room was left */
	size_t bytes;       /* that they take, about */
};

struct sets {
	struct set at[KEY_SETS_MAX]; /* best first */
	size_t n;
	size_t bytes;
	size_t skipped; /* that were not checked to the end */
};

struct parts { /* the columns that may be parts of a key */
	const struct table_profile *table;
	const struct name *name;
	const bool *references;
	size_t at[SET_COLUMNS_MAX];
	size_t n;
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

static void find_parts(const struct table_profile *t, const struct name *name,
		       const bool *references, struct parts *ret)
{
	*ret = (struct parts){ .table = t, .name = name, .references = references };
	for (size_t i = 0; i < t->columns.n && ret->n < SET_COLUMNS_MAX; i++) {
		if (eligible(&t->columns.at[i])) {
			ret->at[ret->n++] = i;
		}
	}
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

/* Numbers the lines of what the other part refers to: line_no beside order_id. */
static bool numbers_lines(struct arena *a, const struct parts *p, const struct set *s)
{
	bool sequence = false;
	bool reference = false;
	for (size_t i = 0; i < s->n; i++) {
		const struct column_profile *c = &p->table->columns.at[s->columns[i]];
		if (p->references[s->columns[i]]) {
			reference = true;
		} else if (type_of(c).kind == COLUMN_INT64 && name_of_sequence(a, c->name)) {
			sequence = true;
		}
	}
	return sequence && reference;
}

static void add_set(struct sets *sets, struct set set)
{
	if (sets->n == KEY_SETS_MAX) {
		sets->skipped++;
		if (sets->at[sets->n - 1].score >= set.score) {
			return;
		}
		sets->n--;
	}
	size_t at = sets->n++;
	for (; at > 0 && sets->at[at - 1].score < set.score; at--) {
		sets->at[at] = sets->at[at - 1];
	}
	sets->at[at] = set;
}

static void add_pair(struct arena *a, const struct parts *p, size_t first, size_t second,
		     bool named, struct sets *sets)
{
	const struct table_profile *t = p->table;
	const struct column_profile *x = &t->columns.at[first];
	const struct column_profile *y = &t->columns.at[second];
	bool names = names_table(a, x, y, p->name);
	struct set set = { .columns = { first, second }, .n = 2 };
	set.allowed = names || numbers_lines(a, p, &set) ? t->rows / DUPLICATES_SHARE : 0;

	/* too few tuples, or one of the two alone is enough */
	bool vain = x->distinct < (t->rows - set.allowed) / y->distinct || x->distinct == t->rows ||
		y->distinct == t->rows;
	if (named ? !names : vain) {
		return;
	}
	int x_marks = part_marks(a, x, p->references[first]);
	int y_marks = part_marks(a, y, p->references[second]);
	bool leads = first == 0 && second == 1;
	bool any = x_marks >= MARKS_PART || y_marks >= MARKS_PART;
	set.score = named ? 100
			  : x_marks + y_marks + (first == 0 ? 10 : 0) + (leads && any ? 35 : 0);
	add_set(sets, set);
}

/* named: only pairs that names_table finds, also where one of the two is unique. */
static void list_pairs(struct arena *a, const struct parts *p, bool named, struct sets *ret)
{
	*ret = (struct sets){ .n = 0 };
	for (size_t i = 0; i < p->n; i++) {
		for (size_t k = i + 1; k < p->n; k++) {
			add_pair(a, p, p->at[i], p->at[k], named, ret);
		}
	}
}

/* Two thirds of what its parts earn: two of them must be identifiers or refer to one. */
static void add_triple(struct arena *a, const struct parts *p, const size_t *columns,
		       struct sets *sets)
{
	struct set set = { .columns = { columns[0], columns[1], columns[2] }, .n = 3 };
	size_t named = 0;
	int marks = 0;
	for (size_t i = 0; i < set.n; i++) {
		const struct column_profile *c = &p->table->columns.at[columns[i]];
		int part = part_marks(a, c, p->references[columns[i]]);
		named += part >= MARKS_PART;
		marks += part;
	}
	if (named < 2) {
		return;
	}
	set.allowed = numbers_lines(a, p, &set) ? p->table->rows / DUPLICATES_SHARE : 0;
	set.score = marks * 2 / 3 + (columns[0] == 0 ? 10 : 0);
	add_set(sets, set);
}

static void list_triples(struct arena *a, const struct parts *p, struct sets *ret)
{
	*ret = (struct sets){ .n = 0 };
	for (size_t i = 0; i < p->n; i++) {
		for (size_t k = i + 1; k < p->n; k++) {
			for (size_t m = k + 1; m < p->n; m++) {
				const size_t columns[] = { p->at[i], p->at[k], p->at[m] };
				add_triple(a, p, columns, ret);
			}
		}
	}
}

static void drop(struct sets *sets, struct set *s)
{
	map_free(s->tuples);
	s->tuples = NULL;
	sets->bytes -= s->bytes;
}

static void add_tuple(struct sets *sets, struct set *s, const struct buf *tuple)
{
	void **place = map_at(s->tuples, tuple->data, tuple->size);
	if (*place != NULL) {
		if (++s->duplicates > s->allowed) {
			drop(sets, s);
		}
		return;
	}
	*place = s;
	s->bytes += tuple->size + TUPLE_BYTES;
	sets->bytes += tuple->size + TUPLE_BYTES;
}

/* Leaves out the worst sets until the others fit. */
static void keep_within(struct sets *sets, size_t bytes)
{
	for (size_t i = sets->n; sets->bytes > bytes && i-- > 0;) {
		if (sets->at[i].tuples != NULL) {
			drop(sets, &sets->at[i]);
			sets->skipped++;
		}
	}
}

struct check {
	const struct table_profile *table;
	struct sets *sets;
	struct buf tuple;
};

static int check_record(void *arg, const struct record *record, struct bldr_error *err)
{
	struct check *c = arg;
	(void)err;
	for (size_t i = 0; record->rejected == NULL && i < c->sets->n; i++) {
		struct set *s = &c->sets->at[i];
		if (s->tuples != NULL && tuple_make(c->table, s->columns, s->n, record, &c->tuple)) {
			add_tuple(c->sets, s, &c->tuple);
		}
	}
	keep_within(c->sets, KEY_SETS_BYTES);
	return 0;
}

/* Leaves tuples with the sets that are keys. */
static int check_sets(const char *folder, const struct source_file *file,
		      const struct table_profile *t, struct sets *sets, struct bldr_error *err)
{
	struct check check = { .table = t, .sets = sets };
	for (size_t i = 0; i < sets->n; i++) {
		sets->at[i].tuples = map_new();
	}
	buf_init(&check.tuple, TUPLE_MAX);
	int rc = record_reader_each(folder, file, check_record, &check, err);
	buf_release(&check.tuple);
	return rc;
}

static struct key_candidate set_key(struct arena *a, const struct parts *p, const struct set *s,
				    size_t skipped)
{
	int score = s->score + (s->duplicates > 0 ? MARKS_DUPLICATES : 0);
	struct key_candidate key = { .score = score_text(a, score), .duplicates = s->duplicates };
	*LIST_ADD(a, &key.evidence) = s->duplicates > 0
		? uniqueness(a, p->table->rows, s->duplicates)
		: arena_printf(a, "no nulls, no %s of values twice", s->n == 2 ? "pair" : "triple");
	for (size_t i = 0; i < s->n; i++) {
		const char *name = p->table->columns.at[s->columns[i]].name;
		*LIST_ADD(a, &key.columns) = name;
		if (p->references[s->columns[i]]) {
			*LIST_ADD(a, &key.evidence) =
				arena_printf(a, "\"%s\" refers to another table", name);
		}
	}
	if (skipped > 0) {
		*LIST_ADD(a, &key.evidence) = arena_printf(
			a, "%zu sets of columns were not checked: more than the budget", skipped);
	}
	return key;
}

static int add_sets(const char *folder, const struct source_file *file, const struct parts *p,
		    struct sets *sets, struct arena *a, struct table_profile *t,
		    struct bldr_error *err)
{
	if (sets->n == 0) {
		return 0;
	}
	int rc = check_sets(folder, file, t, sets, err);
	for (size_t i = 0; i < sets->n; i++) {
		if (sets->at[i].tuples != NULL && rc == 0) {
			add_candidate(a, t, set_key(a, p, &sets->at[i], sets->skipped));
		}
		map_free(sets->at[i].tuples);
	}
	if (sets->skipped > 0) {
		LOG(LOG_WARNING, "keys.skipped", LOG_TEXT("table", t->table),
		    LOG_INT("sets", (int64_t)sets->skipped));
	}
	return rc;
}

static const struct column_profile *column_of(const struct table_profile *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].name, name) == 0) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

/* A single key, or the two that the table is named after, or the pair, or the triple that fits. */
static struct key_candidate *choice(const struct table_profile *t, const struct name *name,
				    struct arena *a)
{
	struct key_candidate *one = keys_best(t, 1);
	struct key_candidate *more = keys_best(t, 0);
	if (one == NULL || more == NULL) {
		return one != NULL ? one : more;
	}
	bool named = more->columns.n == 2 && score_parse(more->score) >= score_parse(one->score) &&
		names_table(a, column_of(t, more->columns.at[0]), column_of(t, more->columns.at[1]),
			    name);
	return named ? more : one;
}

int keys_choose(const char *folder, const struct source_file *file, const struct name *table_name,
		const bool *references, const struct table_override *said, struct arena *a,
		struct table_profile *table, struct bldr_error *err)
{
	struct table_profile t = *table;
	memset(&t.keys, 0, sizeof(t.keys));
	for (size_t i = 0; i < table->keys.n; i++) {
		*LIST_ADD(a, &t.keys) = table->keys.at[i];
	}

	struct parts parts;
	struct sets sets;
	find_parts(&t, table_name, references, &parts);
	const struct key_candidate *one = keys_best(&t, 1);
	list_pairs(a, &parts, one != NULL, &sets);
	bool given = said != NULL && said->key.n > 0;
	int rc = add_sets(folder, file, &parts, &sets, a, &t, err);
	said_forbid_keys(said, a, &t);
	if (rc == 0 && !given && choice(&t, table_name, a) == NULL) {
		list_triples(a, &parts, &sets);
		rc = add_sets(folder, file, &parts, &sets, a, &t, err);
		said_forbid_keys(said, a, &t);
	}
	rc = rc == 0 ? said_key(folder, file, said, a, &t, err) : rc;
	if (rc != 0) {
		return rc;
	}
	struct key_candidate *chosen = given ? NULL : choice(&t, table_name, a);
	if (chosen != NULL) {
		chosen->chosen = true;
	}
	*table = t;
	return 0;
}
