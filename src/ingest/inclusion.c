/*
 * Three steps: list the pairs of columns that can be an inclusion by their profiles and sketches alone; read the distinct
 * values of the columns that are left, one pass per file; test each pair exactly on those sets and score it.
 * All marks are integers, so that the same data gives the same scores everywhere.
 *
 * The score (understanding.md 1.4): half of it is the name; the rest is spread (Zhang et al. 2010: the
 * child's values should lie among the parent's sorted keys like a random sample; here one minus the
 * Kolmogorov-Smirnov distance of their ranks to uniform), coverage of the keys, the parent's position and
 * name, and completeness. Penalties: the child is the key of its own table, the parent is its own table, the
 * child has hardly any values and no name for it, orphans, a parent that is not its table's best key.
 */
#include "ingest/inclusion.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/columntype.h"
#include "base/map.h"
#include "ingest/infer.h"
#include "ingest/ingest.h"
#include "ingest/keys.h"
#include "ingest/sketch.h"
#include "ingest/tuples.h"

enum {
	ONE = 10000,
	MARKS_NAME = 5000,
	MARKS_SPREAD = 1500,
	MARKS_COVERAGE = 1000,
	MARKS_POSITION = 1000,
	MARKS_IDENTIFIER = 1000,
	MARKS_COMPLETE = 500,
	MARKS_CODES = 2500,
	MARKS_OWN_KEY = -2500,
	MARKS_SELF = -1500,
	MARKS_FEW = -3000,
	MARKS_ORPHANS = -2000, /* for all of them */
	MARKS_NOT_KEY = -1500,
	MARKS_OTHER_KEY = -500, /* not the best key either, but named the same */
	FEW_DISTINCT = 2,
	GOOD_NAME = 850,
	SAME_NAME = 950,
	CODE_MIN_LENGTH = 6, /* so many such codes do not meet by chance */
	CODE_MIN_DISTINCT = 20,
	PARENT_TEXT_MAX = 64, /* characters; more is prose */
	MEMBER_OVERHEAD = 96,
	ENOUGH_PERCENT = 75 /* of inclusion_enough */
};

struct member { /* a distinct value */
	int64_t rows;
	int64_t rank; /* among the sorted values, when the column is a parent */
};

struct column {
	size_t table, column;
	const struct column_profile *profile;
	const struct column_sketch *sketch; /* or NULL */
	struct name name;
	bool number; /* else text */
	bool parent;
	bool wanted;
	bool ranked;
	struct map *values; /* trimmed text -> struct member */
};

/* What can be an inclusion as far as is known without reading: indexes of columns. */
struct likely {
	size_t child, parent;
};

struct search {
	const struct inclusion_table *tables;
	size_t n_tables;
	LIST(struct column) columns; /* by table, column */
	LIST(struct likely) likely;
	struct arena *a; /* results */
	struct arena members;
	size_t bytes;
};

/* ---- columns ---- */

static bool is_candidate(const struct table_profile *t, const char *column)
{
	for (size_t i = 0; i < t->keys.n; i++) {
		const texts *columns = &t->keys.at[i].columns;
		if (columns->n == 1 && strcmp(columns->at[0], column) == 0) {
			return true;
		}
	}
	return false;
}

/* A sketch has all that is not null; of numbers what is none counts for nothing. */
static const struct column_sketch *sketch_of(const struct inclusion_table *t, size_t column)
{
	return t->sketch != NULL && t->profile->columns.at[column].nonconforming == 0
		? &t->sketch->columns[column]
		: NULL;
}

static void list_columns(struct search *s)
{
	for (size_t t = 0; t < s->n_tables; t++) {
		const struct table_profile *table = s->tables[t].profile;
		size_t skip = name_column_prefix(s->a, table);
		for (size_t i = 0; i < table->columns.n; i++) {
			const struct column_profile *p = &table->columns.at[i];
			struct column_type type;
			ASSERT(column_type_parse(p->type, &type));
			bool number = type.kind == COLUMN_INT64 ||
				(type.kind == COLUMN_DECIMAL && type.scale == 0);
			/* written with marks: an amount */
			if ((!number && type.kind != COLUMN_TEXT) || p->distinct == 0 ||
			    p->number != NULL) {
				continue;
			}
			*LIST_ADD(s->a, &s->columns) = (struct column){
				.table = t,
				.column = i,
				.profile = p,
				.sketch = sketch_of(&s->tables[t], i),
				.name = name_of_column(s->a, p->name, skip),
				.number = number,
				.parent = is_candidate(table, p->name) &&
					(number || p->max_length <= PARENT_TEXT_MAX),
			};
		}
	}
}

bool inclusion_ranges_meet(const struct column_profile *x, const struct column_profile *y)
{
	struct decimal x_min, x_max, y_min, y_max;
	bool parsed = decimal_parse(x->min, strlen(x->min), &x_min) &&
		decimal_parse(x->max, strlen(x->max), &x_max) &&
		decimal_parse(y->min, strlen(y->min), &y_min) &&
		decimal_parse(y->max, strlen(y->max), &y_max);
	return parsed && decimal_compare(x_min, y_max) <= 0 && decimal_compare(y_min, x_max) <= 0;
}

bool inclusion_enough(int64_t contained, int64_t distinct)
{
	return contained > 0 && contained >= distinct - distinct / 4;
}

static bool possible(const struct column *child, const struct column *parent)
{
	const struct column_profile *c = child->profile;
	const struct column_profile *p = parent->profile;
	if (!parent->parent || child == parent || (parent->number && !child->number)) {
		return false;
	}
	return inclusion_enough(p->distinct, c->distinct) && c->min_length <= p->max_length + 2 &&
		(!parent->number || inclusion_ranges_meet(c, p)) &&
		(child->sketch == NULL || parent->sketch == NULL ||
		 !sketch_excludes(child->sketch, parent->sketch, ENOUGH_PERCENT));
}

static void list_likely(struct search *s)
{
	for (size_t i = 0; i < s->columns.n; i++) {
		for (size_t k = 0; k < s->columns.n; k++) {
			struct column *child = &s->columns.at[i];
			struct column *parent = &s->columns.at[k];
			if (possible(child, parent)) {
				child->wanted = true;
				parent->wanted = true;
				*LIST_ADD(&s->members, &s->likely) = (struct likely){ i, k };
			}
		}
	}
}

/* ---- values ---- */

static void add_value(struct search *s, struct column *c, const struct record_field *f)
{
	size_t size = f->size;
	const char *trimmed = value_trim(f->text, &size);
	struct decimal d;
	if (tuple_is_null(c->profile, trimmed, size) ||
	    (c->number && !decimal_parse(trimmed, size, &d))) { /* nonconforming: null too */
		return;
	}
	void **place = map_at(c->values, trimmed, size);
	if (*place == NULL) {
		*place = ARENA_NEW(&s->members, struct member);
		s->bytes += size + MEMBER_OVERHEAD;
	}
	((struct member *)*place)->rows++;
}

/* The columns from..to of one table. */
struct reading {
	struct search *s;
	size_t from, to;
};

static int take_values(void *arg, const struct record *record, struct bldr_error *err)
{
	const struct reading *reading = arg;
	struct search *s = reading->s;
	for (size_t i = reading->from; record->rejected == NULL && i < reading->to; i++) {
		struct column *c = &s->columns.at[i];
		if (c->wanted) {
			add_value(s, c, &record->fields[c->column]);
		}
	}
	if (s->bytes > RELATE_VALUES_BYTES) {
		const struct column *c = &s->columns.at[reading->from];
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "the distinct values to compare take more than %zu bytes at "
				      "\"%s\"",
				      RELATE_VALUES_BYTES, s->tables[c->table].file->path);
	}
	return 0;
}

static int read_all_values(const char *folder, struct search *s, struct bldr_error *err)
{
	size_t to;
	for (size_t from = 0; from < s->columns.n; from = to) {
		bool wanted = false;
		for (to = from;
		     to < s->columns.n && s->columns.at[to].table == s->columns.at[from].table;
		     to++) {
			struct column *c = &s->columns.at[to];
			c->values = c->wanted ? map_new() : NULL;
			wanted = wanted || c->wanted;
		}
		struct reading reading = { s, from, to };
		const struct source_file *file = s->tables[s->columns.at[from].table].file;
		int rc = wanted ? record_reader_each(folder, file, take_values, &reading, err) : 0;
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

struct sorted {
	const char *text;
	size_t size;
	struct decimal number;
	struct member *member;
};

static int compare_numbers(const void *a, const void *b)
{
	return decimal_compare(((const struct sorted *)a)->number,
			       ((const struct sorted *)b)->number);
}

static int compare_texts(const void *a, const void *b)
{
	const struct sorted *x = a;
	const struct sorted *y = b;
	int c = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);
	return c != 0 ? c : (x->size > y->size) - (x->size < y->size);
}

static void rank(struct column *c)
{
	size_t n = map_count(c->values);
	struct sorted *sorted = xcalloc(n + 1, sizeof(*sorted));
	for (size_t i = 0; i < n; i++) {
		sorted[i].text = map_key(c->values, i, &sorted[i].size);
		sorted[i].member = map_value(c->values, i);
		ASSERT(!c->number ||
		       decimal_parse(sorted[i].text, sorted[i].size, &sorted[i].number));
	}
	qsort(sorted, n, sizeof(*sorted), c->number ? compare_numbers : compare_texts);
	for (size_t i = 0; i < n; i++) {
		sorted[i].member->rank = (int64_t)i;
	}
	free(sorted);
	c->ranked = true;
}

/* ---- one pair ---- */

static int compare_ranks(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov distance of n ranks to an even spread over 0..keys-1, of ONE. */
static int64_t spread_distance(int64_t *ranks, int64_t n, int64_t keys)
{
	uint128 worst = 0;
	qsort(ranks, (size_t)n, sizeof(*ranks), compare_ranks);
	for (int64_t i = 0; i < n; i++) {
		/* i/n and (i+1)/n against rank/keys and (rank+1)/keys, over the denominator n * keys */
		int128 below = (int128)ranks[i] * n - (int128)i * keys;
		int128 above = (int128)(i + 1) * keys - (int128)(ranks[i] + 1) * n;
		int128 larger = below > above ? below : above;
		worst = larger > 0 && (uint128)larger > worst ? (uint128)larger : worst;
	}
	return (int64_t)(worst * ONE / ((uint128)n * (uint128)keys));
}

/* False: the pair does not pass G2 or G6. */
static bool measure(const struct column *child, struct column *parent, struct inclusion_pair *p,
		    int64_t *ret_distance)
{
	size_t n = map_count(child->values);
	int64_t *ranks = xcalloc(n + 1, sizeof(*ranks));
	if (!parent->ranked) {
		rank(parent);
	}
	p->distinct = (int64_t)n;
	for (size_t i = 0; i < n; i++) {
		size_t size;
		const void *key = map_key(child->values, i, &size);
		const struct member *found = map_find(parent->values, key, size);
		if (found != NULL) {
			ranks[p->contained++] = found->rank;
		} else {
			p->orphan_rows +=
				((const struct member *)map_value(child->values, i))->rows;
		}
	}
	bool passed = inclusion_enough(p->contained, p->distinct);
	if (passed) {
		*ret_distance =
			spread_distance(ranks, p->contained, (int64_t)map_count(parent->values));
	}
	free(ranks);
	return passed;
}

void inclusion_mark(struct arena *a, int *score, texts *evidence, int marks, const char *why)
{
	*score += marks;
	*LIST_ADD(a, evidence) = arena_printf(a, "%s (%s%s)", why, marks < 0 ? "-" : "+",
					      score_text(a, (marks < 0 ? -marks : marks) / 100));
}

static void add_evidence(struct search *s, struct inclusion_pair *p, int marks, const char *why)
{
	inclusion_mark(s->a, &p->score, &p->evidence, marks, why);
}

static void add_penalties(struct search *s, const struct column *child, const struct column *parent,
			  int name, struct inclusion_pair *p)
{
	const struct inclusion_table *from = &s->tables[child->table];
	const struct inclusion_table *to = &s->tables[parent->table];
	if (from->key != NULL && strcmp(from->key, child->profile->name) == 0) {
		add_evidence(s, p, MARKS_OWN_KEY, "it is the key of its own table");
	}
	if (child->table == parent->table && !name_of_hierarchy(&child->name)) {
		add_evidence(s, p, MARKS_SELF, "to its own table, without a name for it");
	}
	if (p->distinct <= FEW_DISTINCT && name < GOOD_NAME) {
		add_evidence(s, p, MARKS_FEW, "hardly any values, without a good name");
	}
	if (p->contained < p->distinct) {
		int64_t missing = (p->distinct - p->contained) * -MARKS_ORPHANS / p->distinct;
		add_evidence(s, p, -(int)missing,
			     arena_printf(s->a, "%lld rows have no parent",
					  (long long)p->orphan_rows));
	}
	if (to->key == NULL || strcmp(to->key, parent->profile->name) != 0) {
		add_evidence(s, p, name >= SAME_NAME ? MARKS_OTHER_KEY : MARKS_NOT_KEY,
			     "not the best key of its table");
	}
}

/* Long texts, many of them, nearly all among the best keys of the parent: the name need not say so. */
static bool codes_meet(const struct search *s, const struct column *child,
		       const struct column *parent, const struct inclusion_pair *p)
{
	const char *key = s->tables[parent->table].key;
	return child->table != parent->table && key != NULL && !parent->number &&
		strcmp(key, parent->profile->name) == 0 &&
		child->profile->min_length >= CODE_MIN_LENGTH &&
		p->contained >= CODE_MIN_DISTINCT && p->contained >= p->distinct - p->distinct / 10;
}

static void score(struct search *s, const struct column *child, const struct column *parent,
		  int64_t distance, struct inclusion_pair *p)
{
	const struct name *table = &s->tables[parent->table].name;
	const char *why;
	int name = name_reference(&child->name, &parent->name, table, &why);
	if (child->table == parent->table && name < GOOD_NAME && name_of_own_row(&child->name)) {
		name = GOOD_NAME;
		why = "named as another row of its own table";
	}
	int64_t keys = (int64_t)map_count(parent->values);
	int64_t coverage = p->contained * ONE / keys * 3 / 2;

	add_evidence(s, p, MARKS_NAME * name / 1000, why);
	add_evidence(s, p, (int)((ONE - distance) * MARKS_SPREAD / ONE),
		     arena_printf(s->a, "spread over the keys, distance %s",
				  score_text(s->a, (int)(distance / 100))));
	add_evidence(s, p, (int)((coverage < ONE ? coverage : ONE) * MARKS_COVERAGE / ONE),
		     arena_printf(s->a, "%lld of %lld keys are used", (long long)p->contained,
				  (long long)keys));
	if (parent->profile->ordinal == 0) {
		add_evidence(s, p, MARKS_POSITION, "the parent is the first column");
	}
	if (parent->name.id_like) {
		add_evidence(s, p, MARKS_IDENTIFIER, "the parent is named like an identifier");
	}
	if (p->contained == p->distinct) {
		add_evidence(s, p, MARKS_COMPLETE, "all values are found");
	}
	if (codes_meet(s, child, parent, p)) {
		add_evidence(s, p, MARKS_CODES, "codes that do not meet by chance");
	}
	add_penalties(s, child, parent, name, p);
	p->score = p->score < 0 ? 0 : p->score > ONE ? ONE : p->score;
}

static int compare_indexes(const struct inclusion_pair *x, const struct inclusion_pair *y)
{
	const size_t a[] = { x->from_table, x->from_column, x->to_table, x->to_column };
	const size_t b[] = { y->from_table, y->from_column, y->to_table, y->to_column };
	for (size_t i = 0; i < 4; i++) {
		if (a[i] != b[i]) {
			return a[i] < b[i] ? -1 : 1;
		}
	}
	return 0;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct inclusion_pair *x = a;
	const struct inclusion_pair *y = b;
	return x->score != y->score ? (x->score < y->score) - (x->score > y->score)
				    : compare_indexes(x, y);
}

static void test_pairs(struct search *s, inclusion_pairs *ret)
{
	for (size_t i = 0; i < s->likely.n; i++) {
		const struct column *child = &s->columns.at[s->likely.at[i].child];
		struct column *parent = &s->columns.at[s->likely.at[i].parent];
		struct inclusion_pair p = { child->table, child->column, parent->table,
					    parent->column };
		int64_t distance;
		if (measure(child, parent, &p, &distance)) {
			score(s, child, parent, distance, &p);
			*LIST_ADD(s->a, ret) = p;
		}
	}
	if (ret->n > 0) {
		qsort(ret->at, ret->n, sizeof(*ret->at), compare_pairs);
	}
}

int inclusion_find(const char *folder, const struct inclusion_table *tables, size_t n,
		   struct arena *a, inclusion_pairs *ret, struct bldr_error *err)
{
	struct search s = { .tables = tables, .n_tables = n, .a = a };
	list_columns(&s);
	list_likely(&s);

	inclusion_pairs pairs = { 0 };
	int rc = read_all_values(folder, &s, err);
	if (rc == 0) {
		test_pairs(&s, &pairs);
		*ret = pairs;
	}
	for (size_t i = 0; i < s.columns.n; i++) {
		map_free(s.columns.at[i].values);
	}
	arena_release(&s.members);
	return rc;
}
