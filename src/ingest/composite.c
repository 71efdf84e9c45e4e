/*
 * Three steps: list the pairs of columns that answer to a key by their names, types and references, the best named ones
 * first; read the tuples of those within the budget, one pass per file; test each pair exactly on them and score it. All
 * marks are integers, so that the same data gives the same scores everywhere.
 *
 * The score: half of it is the name of the worse named part. Pairs say most where the parent has few of all that its two
 * columns could make; where it has them all, as a stock has each shop with each product, any two references are contained
 * in it, which says nothing. Then coverage, completeness, and whether the parent is named after its key. The child's own
 * key speaks against it a little, more where a date is part of it: two series of one grain.
 */
#include "ingest/composite.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/columntype.h"
#include "base/decimal.h"
#include "base/log.h"
#include "base/map.h"
#include "ingest/keys.h"
#include "ingest/tuples.h"

enum {
	ONE = 10000,
	MARKS_NAME = 5500,
	MARKS_SPARSE = 2000, /* for a parent that has hardly any of the pairs that it could have */
	MARKS_COVERAGE = 1000,
	MARKS_KEY = 1000,
	MARKS_NOT_KEY = -1500,
	MARKS_COMPLETE = 500,
	MARKS_NAMED = 500,
	MARKS_EXTENDS = 500,
	MARKS_LINK = -2500, /* for a table of two references that has all pairs */
	MARKS_OWN_KEY = -1000,
	MARKS_SERIES = -1500,
	MARKS_FEW = -1500,
	MARKS_ORPHANS = -2000, /* for all of them */
	FEW_DISTINCT = 2,
	SAME_REFERENCE = 900,
	PARTS = 2
};

enum part_kind { PART_OTHER, PART_NUMBER, PART_TEXT, PART_DATE };

struct part { /* a column */
	size_t column;
	const struct column_profile *profile;
	struct name name;
	enum part_kind kind;
	const struct inclusion_pair *reference; /* its own, chosen, or NULL */
};

struct table {
	struct part *parts;
	size_t n;
};

/* A child's column that answers to a part of a key. */
struct match {
	const struct part *part;
	int marks;         /* 0..1000 */
	const char *role;  /* "": none */
	bool by_reference; /* not by name: both refer to one column */
};

typedef LIST(struct match) matches;

struct candidate {
	struct composite pair;
	struct match from[PARTS];
	int marks;    /* of the worse named part */
	bool key;     /* the parent's chosen one */
	bool skipped; /* for the budget */
	size_t from_set, to_set;
};

struct set { /* two columns of a table, with their tuples while there is room */
	size_t table;
	size_t columns[PARTS];
	bool dropped;
	struct tuples tuples;
};

struct search {
	const struct inclusion_table *tables;
	struct table *known;
	size_t n_tables;
	struct composite_limits limits;
	struct arena *a;
	struct candidate *candidates; /* best first */
	size_t n;
	int64_t skipped;
	LIST(struct set) sets; /* in the order of the best candidate that needs them */
	size_t bytes;
	struct buf tuple;
};

/* ---- columns ---- */

static enum part_kind kind_of(const struct column_profile *c)
{
	struct column_type type;
	ASSERT(column_type_parse(c->type, &type));
	if (c->number != NULL || c->distinct == 0) { /* written with marks: an amount */
		return PART_OTHER;
	}
	if (type.kind == COLUMN_INT64 || (type.kind == COLUMN_DECIMAL && type.scale == 0)) {
		return PART_NUMBER;
	}
	if (type.kind == COLUMN_DATE && c->date_formats.n > 0) {
		return PART_DATE;
	}
	return type.kind == COLUMN_TEXT ? PART_TEXT : PART_OTHER;
}

static void list_parts(struct search *s, const inclusion_pairs *references)
{
	s->known = ARENA_ARRAY(s->a, struct table, s->n_tables + 1);
	for (size_t t = 0; t < s->n_tables; t++) {
		const struct table_profile *profile = s->tables[t].profile;
		size_t skip = name_column_prefix(s->a, profile);
		struct table *table = &s->known[t];
		table->n = profile->columns.n;
		table->parts = ARENA_ARRAY(s->a, struct part, table->n + 1);
		for (size_t i = 0; i < table->n; i++) {
			const struct column_profile *c = &profile->columns.at[i];
			table->parts[i] =
				(struct part){ .column = i,
					       .profile = c,
					       .name = name_of_column(s->a, c->name, skip),
					       .kind = kind_of(c) };
		}
	}
	for (size_t i = 0; i < references->n; i++) {
		const struct inclusion_pair *p = &references->at[i];
		if (p->chosen) {
			s->known[p->from_table].parts[p->from_column].reference = p;
		}
	}
}

static const struct part *part_of(const struct search *s, size_t table, const char *column)
{
	size_t i = 0;
	while (strcmp(s->known[table].parts[i].profile->name, column) != 0) {
		i++;
		ASSERT(i < s->known[table].n);
	}
	return &s->known[table].parts[i];
}

/* ---- which columns answer to a key ---- */

static bool comparable(const struct part *child, const struct part *parent)
{
	if (child->kind == PART_NUMBER && parent->kind == PART_TEXT) {
		return true;
	}
	if (child->kind != parent->kind || child->kind == PART_OTHER) {
		return false;
	}
	if (child->kind == PART_NUMBER) {
		return inclusion_ranges_meet(child->profile, parent->profile);
	}
	return child->kind != PART_DATE ||
		strcmp(child->profile->date_formats.at[0].format,
		       parent->profile->date_formats.at[0].format) == 0;
}

static bool same_reference(const struct part *x, const struct part *y)
{
	return x->reference != NULL && y->reference != NULL &&
		x->reference->to_table == y->reference->to_table &&
		x->reference->to_column == y->reference->to_column;
}

static matches find_matches(const struct search *s, const struct table *child,
			    const struct part *parent)
{
	matches found = { 0 };
	for (size_t i = 0; i < child->n; i++) {
		const struct part *part = &child->parts[i];
		struct match m = { .part = part };
		if (!comparable(part, parent)) {
			continue;
		}
		m.marks = name_part(s->a, &part->name, &parent->name, &m.role);
		if (m.marks == 0 && same_reference(part, parent)) {
			m.marks = SAME_REFERENCE;
			m.by_reference = true;
		}
		if (m.marks > 0) {
			*LIST_ADD(s->a, &found) = m;
		}
	}
	return found;
}

static bool has_role(const matches *list, const char *role)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->at[i].role, role) == 0) {
			return true;
		}
	}
	return false;
}

/* One role for both parts (ship_country, ship_city), or for the only one that has roles (home_team, season). */
static bool roles_fit(const struct match *x, const matches *xs, const struct match *y,
		      const matches *ys)
{
	if (strcmp(x->role, y->role) == 0) {
		return true;
	}
	return x->role[0] == '\0' ? !has_role(xs, y->role)
				  : y->role[0] == '\0' && !has_role(ys, x->role);
}

static int compare_columns(const struct composite *x, const struct composite *y)
{
	const size_t a[] = { x->from_table, x->from_columns[0], x->from_columns[1],
			     x->to_table,   x->to_columns[0],   x->to_columns[1] };
	const size_t b[] = { y->from_table, y->from_columns[0], y->from_columns[1],
			     y->to_table,   y->to_columns[0],   y->to_columns[1] };
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++) {
		if (a[i] != b[i]) {
			return a[i] < b[i] ? -1 : 1;
		}
	}
	return 0;
}

static bool better(const struct candidate *x, const struct candidate *y)
{
	if (x->marks != y->marks) {
		return x->marks > y->marks;
	}
	return x->key != y->key ? x->key : compare_columns(&x->pair, &y->pair) < 0;
}

/* Keeps the best of them, as many as the budget allows. */
static void add_candidate(struct search *s, const struct candidate *c)
{
	size_t at = s->n;
	while (at > 0 && better(c, &s->candidates[at - 1])) {
		at--;
	}
	if (s->n == s->limits.pairs) {
		s->skipped++;
		if (at == s->n) {
			return;
		}
		s->n--;
	}
	memmove(&s->candidates[at + 1], &s->candidates[at], (s->n - at) * sizeof(*s->candidates));
	s->candidates[at] = *c;
	s->n++;
}

/* x and y answer to the parts of a key of a parent; the child's columns come in the order of its file. */
static struct candidate candidate_of(size_t from, const struct match *x, const struct match *y,
				     size_t to, const struct part *const *key)
{
	bool swap = y->part->column < x->part->column;
	const struct match *first = swap ? y : x;
	const struct match *second = swap ? x : y;
	return (struct candidate){
		.pair = { .from_table = from,
			  .to_table = to,
			  .from_columns = { first->part->column, second->part->column },
			  .to_columns = { key[swap]->column, key[!swap]->column } },
		.marks = x->marks < y->marks ? x->marks : y->marks,
		.from = { *first, *second },
	};
}

static void match_key(struct search *s, size_t to, const struct key_candidate *k)
{
	const struct part *key[PARTS] = { part_of(s, to, k->columns.at[0]),
					  part_of(s, to, k->columns.at[1]) };
	for (size_t from = 0; from < s->n_tables; from++) {
		if (from == to) {
			continue;
		}
		matches xs = find_matches(s, &s->known[from], key[0]);
		if (xs.n == 0) {
			continue;
		}
		matches ys = find_matches(s, &s->known[from], key[1]);
		for (size_t i = 0; i < xs.n; i++) {
			for (size_t j = 0; j < ys.n; j++) {
				const struct match *x = &xs.at[i];
				const struct match *y = &ys.at[j];
				if (x->part != y->part && roles_fit(x, &xs, y, &ys)) {
					struct candidate c = candidate_of(from, x, y, to, key);
					c.key = k->chosen;
					add_candidate(s, &c);
				}
			}
		}
	}
}

/* Where no key was chosen, what refers to a pair may say that it is the key. */
static bool may_be_key(const struct table_profile *t, const struct key_candidate *k)
{
	bool chosen = false;
	for (size_t i = 0; i < t->keys.n; i++) {
		chosen = chosen || t->keys.at[i].chosen;
	}
	/* 0.00: bldr.json says that it is none */
	return k->chosen ||
		(k->duplicates == 0 && score_parse(k->score) >= (chosen ? KEY_CHOSEN_MIN : 1));
}

static void list_candidates(struct search *s)
{
	s->candidates = ARENA_ARRAY(s->a, struct candidate, s->limits.pairs + 1);
	for (size_t t = 0; t < s->n_tables; t++) {
		const struct table_profile *table = s->tables[t].profile;
		for (size_t i = 0; i < table->keys.n; i++) {
			const struct key_candidate *k = &table->keys.at[i];
			if (k->columns.n == PARTS && may_be_key(table, k)) {
				match_key(s, t, k);
			}
		}
	}
}

/* ---- tuples ---- */

static size_t set_of(struct search *s, size_t table, const size_t *columns)
{
	for (size_t i = 0; i < s->sets.n; i++) {
		const struct set *set = &s->sets.at[i];
		if (set->table == table && set->columns[0] == columns[0] &&
		    set->columns[1] == columns[1]) {
			return i;
		}
	}
	*LIST_ADD(s->a, &s->sets) =
		(struct set){ .table = table, .columns = { columns[0], columns[1] } };
	return s->sets.n - 1;
}

/* What would need more records to be read than the budget has is skipped. */
static void plan(struct search *s)
{
	bool *read = xcalloc(s->n_tables + 1, sizeof(*read));
	int64_t left = s->limits.rows;
	for (size_t i = 0; i < s->n; i++) {
		struct candidate *c = &s->candidates[i];
		size_t from = c->pair.from_table;
		size_t to = c->pair.to_table;
		int64_t rows = (read[from] ? 0 : s->tables[from].profile->rows) +
			(read[to] ? 0 : s->tables[to].profile->rows);
		c->skipped = rows > left;
		if (!c->skipped) {
			left -= rows;
			read[from] = true;
			read[to] = true;
			c->from_set = set_of(s, from, c->pair.from_columns);
			c->to_set = set_of(s, to, c->pair.to_columns);
		}
	}
	free(read);
}

static void drop(struct search *s, struct set *set)
{
	s->bytes -= set->tuples.bytes;
	tuples_free(&set->tuples);
	set->dropped = true;
}

struct reading {
	struct search *s;
	size_t table;
};

static int take(void *arg, const struct record *record, struct bldr_error *err)
{
	const struct reading *r = arg;
	struct search *s = r->s;
	(void)err;
	for (size_t i = 0; i < s->sets.n; i++) {
		struct set *set = &s->sets.at[i];
		if (set->table == r->table && !set->dropped) {
			size_t before = set->tuples.bytes;
			tuples_add(&set->tuples, record, &s->tuple);
			s->bytes += set->tuples.bytes - before;
		}
	}
	for (size_t i = s->sets.n; s->bytes > s->limits.bytes && i-- > 0;) {
		if (!s->sets.at[i].dropped) {
			drop(s, &s->sets.at[i]);
		}
	}
	return 0;
}

static int read_tuples(const char *folder, struct search *s, struct bldr_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < s->sets.n; i++) {
		struct set *set = &s->sets.at[i];
		tuples_open(&set->tuples, s->tables[set->table].profile, set->columns, PARTS);
	}
	buf_init(&s->tuple, TUPLE_MAX);
	for (size_t t = 0; t < s->n_tables && rc == 0; t++) {
		struct reading reading = { s, t };
		bool wanted = false;
		for (size_t i = 0; i < s->sets.n; i++) {
			wanted = wanted || (s->sets.at[i].table == t && !s->sets.at[i].dropped);
		}
		rc = wanted ? record_reader_each(folder, s->tables[t].file, take, &reading, err)
			    : 0;
	}
	buf_release(&s->tuple);
	return rc;
}

/* ---- one pair ---- */

static bool is_own_key(const struct search *s, const struct composite *p)
{
	const struct table_profile *t = s->tables[p->from_table].profile;
	const char *first = t->columns.at[p->from_columns[0]].name;
	const char *second = t->columns.at[p->from_columns[1]].name;
	const texts columns = { .at = (const char *[]){ first, second }, .n = PARTS };
	for (size_t i = 0; i < t->keys.n; i++) {
		if (t->keys.at[i].chosen &&
		    overrides_same_columns(&t->keys.at[i].columns, &columns)) {
			return true;
		}
	}
	return false;
}

static bool named_after_key(const struct search *s, const struct composite *p)
{
	for (size_t i = 0; i < PARTS; i++) {
		const struct name *name = &s->known[p->to_table].parts[p->to_columns[i]].name;
		if (name->core.n > 0 && name_own_key(name, &s->tables[p->to_table].name) > 0) {
			return true;
		}
	}
	return false;
}

/* order_line_note beside order_line */
static bool extends_name(const struct name *child, const struct name *parent)
{
	for (size_t i = 0; i < parent->core.n; i++) {
		if (i == child->core.n || strcmp(child->core.at[i], parent->core.at[i]) != 0) {
			return false;
		}
	}
	return child->core.n > parent->core.n;
}

static void add_penalties(struct search *s, struct composite *p, int64_t density)
{
	const struct part *parts = s->known[p->to_table].parts;
	const struct part *first = &parts[p->to_columns[0]];
	const struct part *second = &parts[p->to_columns[1]];
	if (first->reference != NULL && second->reference != NULL) {
		inclusion_mark(s->a, &p->score, &p->evidence, (int)(density * MARKS_LINK / ONE),
			       "a table of two references, with most of their pairs");
	}
	if (p->own_key) {
		bool series = first->kind == PART_DATE || second->kind == PART_DATE;
		inclusion_mark(s->a, &p->score, &p->evidence, MARKS_OWN_KEY,
			       "they are the key of their own table");
		if (series) {
			inclusion_mark(s->a, &p->score, &p->evidence, MARKS_SERIES,
				       "two series by one date");
		}
	}
	if (p->distinct <= FEW_DISTINCT) {
		inclusion_mark(s->a, &p->score, &p->evidence, MARKS_FEW, "hardly any pairs");
	}
	if (p->contained < p->distinct) {
		int64_t missing = (p->distinct - p->contained) * MARKS_ORPHANS / p->distinct;
		inclusion_mark(s->a, &p->score, &p->evidence, (int)missing,
			       arena_printf(s->a, "%lld rows have no parent",
					    (long long)p->orphan_rows));
	}
}

/* Of all pairs that the parent's two columns could make, those that it has, of ONE. */
static int64_t density_of(const struct search *s, const struct composite *p, int64_t keys)
{
	const struct part *parts = s->known[p->to_table].parts;
	int128 all = (int128)parts[p->to_columns[0]].profile->distinct *
		parts[p->to_columns[1]].profile->distinct;
	return all <= keys ? ONE : (int64_t)((int128)keys * ONE / all);
}

static const char *why_matched(struct arena *a, const struct match *m, const struct part *parent)
{
	const char *how = "is named like";
	if (m->by_reference) {
		return arena_printf(a, "\"%s\" refers to what \"%s\" does", m->part->profile->name,
				    parent->profile->name);
	}
	if (m->role[0] != '\0') {
		how = "has a role, then the name of";
	} else if (m->marks == 1000) {
		how = "has the name of";
	}
	return arena_printf(a, "\"%s\" %s \"%s\"", m->part->profile->name, how,
			    parent->profile->name);
}

static void score(struct search *s, const struct candidate *c, int64_t keys, struct composite *p)
{
	const struct inclusion_table *from = &s->tables[p->from_table];
	const struct inclusion_table *to = &s->tables[p->to_table];
	int64_t density = density_of(s, p, keys);
	int64_t coverage = p->contained * ONE / keys * 3 / 2;
	const struct part *parts = s->known[p->to_table].parts;
	const char *first = why_matched(s->a, &c->from[0], &parts[p->to_columns[0]]);
	const char *second = why_matched(s->a, &c->from[1], &parts[p->to_columns[1]]);
	texts *e = &p->evidence;

	p->own_key = is_own_key(s, p);
	inclusion_mark(s->a, &p->score, e, MARKS_NAME * c->marks / 1000,
		       arena_printf(s->a, "%s, %s", first, second));
	inclusion_mark(s->a, &p->score, e, (int)((ONE - density) * MARKS_SPARSE / ONE),
		       arena_printf(s->a, "the parent has %s of the pairs it could have",
				    score_text(s->a, (int)(density / 100))));
	inclusion_mark(s->a, &p->score, e,
		       (int)((coverage < ONE ? coverage : ONE) * MARKS_COVERAGE / ONE),
		       arena_printf(s->a, "%lld of %lld keys are used", (long long)p->contained,
				    (long long)keys));
	inclusion_mark(s->a, &p->score, e, c->key ? MARKS_KEY : MARKS_NOT_KEY,
		       c->key ? "the key of its table" : "not the best key of its table");
	if (p->contained == p->distinct) {
		inclusion_mark(s->a, &p->score, e, MARKS_COMPLETE, "all pairs are found");
	}
	if (named_after_key(s, p)) {
		inclusion_mark(s->a, &p->score, e, MARKS_NAMED, "the parent is named after its key");
	}
	if (extends_name(&from->name, &to->name)) {
		inclusion_mark(s->a, &p->score, e, MARKS_EXTENDS,
			       "the table's name begins with the parent's");
	}
	add_penalties(s, p, density);
	p->score = p->score < 0 ? 0 : p->score > ONE ? ONE : p->score;
}

static int compare_composites(const void *a, const void *b)
{
	const struct composite *x = a;
	const struct composite *y = b;
	return x->score != y->score ? (x->score < y->score) - (x->score > y->score)
				    : compare_columns(x, y);
}

static void test_candidates(struct search *s, composites *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct candidate *c = &s->candidates[i];
		const struct set *from = c->skipped ? NULL : &s->sets.at[c->from_set];
		const struct set *to = c->skipped ? NULL : &s->sets.at[c->to_set];
		if (from == NULL || from->dropped || to->dropped) {
			s->skipped++;
			continue;
		}
		struct composite p = c->pair;
		struct tuples_overlap o = tuples_compare(&from->tuples, &to->tuples);
		p.distinct = o.distinct;
		p.contained = o.contained;
		p.orphan_rows = o.orphan_rows;
		if (inclusion_enough(p.contained, p.distinct)) {
			score(s, c, (int64_t)map_count(to->tuples.rows), &p);
			*LIST_ADD(s->a, ret) = p;
		}
	}
	if (ret->n > 0) {
		qsort(ret->at, ret->n, sizeof(*ret->at), compare_composites);
	}
}

int composite_find(const char *folder, const struct inclusion_table *tables, size_t n,
		   const inclusion_pairs *references, const struct composite_limits *limits,
		   struct arena *a, composites *ret, int64_t *ret_skipped, struct bldr_error *err)
{
	static const struct composite_limits usual = { COMPOSITE_PAIRS_MAX, COMPOSITE_BYTES,
						       COMPOSITE_ROWS_MAX };
	struct search s = {
		.tables = tables, .n_tables = n, .limits = limits != NULL ? *limits : usual, .a = a
	};
	composites found = { 0 };
	list_parts(&s, references);
	list_candidates(&s);
	plan(&s);
	int rc = read_tuples(folder, &s, err);
	if (rc == 0) {
		test_candidates(&s, &found);
		*ret = found;
		*ret_skipped = s.skipped;
	}
	for (size_t i = 0; i < s.sets.n; i++) {
		tuples_free(&s.sets.at[i].tuples);
	}
	if (rc == 0 && s.skipped > 0) {
		LOG(LOG_WARNING, "inclusions.skipped", LOG_INT("pairs", s.skipped));
	}
	return rc;
}
