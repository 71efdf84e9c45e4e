/*
 * From tables to one profile: the foreign keys of one column are taken greedily, best first, then the keys are chosen with
 * the knowledge of what refers to what, then the foreign keys to keys of two columns. A column, or two, has one parent. A
 * table may come back to itself through others (a department's manager, who is of a department) when the name says so; the
 * key of a table that holds the keys of another one is a circle too, of two tables that describe one thing, and is not taken.
 */
#include "ingest/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ingest/composite.h"
#include "ingest/given.h"
#include "ingest/keys.h"
#include "ingest/said.h"
#include "ingest/sketch.h"

/* hundredths */
enum {
	RUNNER_UP_MIN = 20, /* below, a pair is only a coincidence of numbers */
	CYCLE_MIN = 75      /* a reference that closes a circle needs more than others */
};

struct given_reference {
	size_t from, to; /* tables */
	struct inclusion inclusion;
	int64_t parent_repeats;
};

struct graph {
	const struct inclusion_table *tables;
	size_t n;
	inclusion_pairs pairs;
	composites composites;
	const struct overrides *said;
	const refused_references *refused;  /* or NULL */
	LIST(struct given_reference) given; /* foreign keys that bldr.json names */
};

/* ---- foreign keys ---- */

static bool reaches(const struct graph *g, size_t from, size_t to, bool *seen)
{
	if (from == to) {
		return true;
	}
	seen[from] = true;
	for (size_t i = 0; i < g->pairs.n; i++) {
		const struct inclusion_pair *p = &g->pairs.at[i];
		if (p->chosen && p->from_table == from && !seen[p->to_table] &&
		    reaches(g, p->to_table, to, seen)) {
			return true;
		}
	}
	for (size_t i = 0; i < g->composites.n; i++) {
		const struct composite *p = &g->composites.at[i];
		if (p->chosen && p->from_table == from && !seen[p->to_table] &&
		    reaches(g, p->to_table, to, seen)) {
			return true;
		}
	}
	for (size_t i = 0; i < g->given.n; i++) {
		const struct given_reference *r = &g->given.at[i];
		if (r->from == from && !seen[r->to] && reaches(g, r->to, to, seen)) {
			return true;
		}
	}
	return false;
}

static bool closes_cycle(const struct graph *g, size_t from, size_t to)
{
	if (from == to) {
		return false;
	}
	bool *seen = xcalloc(g->n, sizeof(*seen));
	bool cycle = reaches(g, to, from, seen);
	free(seen);
	return cycle;
}

/* A column of its own, beside the table's key, and well named. */
static bool may_close_cycle(const struct graph *g, const struct inclusion_pair *p)
{
	const struct inclusion_table *from = &g->tables[p->from_table];
	const char *name = from->profile->columns.at[p->from_column].name;
	return p->score >= CYCLE_MIN * 100 && (from->key == NULL || strcmp(from->key, name) != 0);
}

static const struct inclusion_pair *taken_of(const struct graph *g, const struct inclusion_pair *p)
{
	for (size_t i = 0; i < g->pairs.n; i++) {
		const struct inclusion_pair *q = &g->pairs.at[i];
		if (q->chosen && q->from_table == p->from_table &&
		    q->from_column == p->from_column) {
			return q;
		}
	}
	return NULL;
}

static const struct table_override *said_of(const struct graph *g, size_t table)
{
	return overrides_table(g->said, g->tables[table].profile->table);
}

/* The foreign key that bldr.json names for the pair's column alone; NULL: none. */
static const struct given_reference *given_of(const struct graph *g, size_t table,
					      const char *column)
{
	for (size_t i = 0; i < g->given.n; i++) {
		const texts *columns = &g->given.at[i].inclusion.from_columns;
		if (g->given.at[i].from == table && columns->n == 1 &&
		    strcmp(columns->at[0], column) == 0) {
			return &g->given.at[i];
		}
	}
	return NULL;
}

static const char *column_name(const struct graph *g, size_t table, size_t column)
{
	return g->tables[table].profile->columns.at[column].name;
}

static bool is_given_pair(const struct graph *g, const struct inclusion_pair *p,
			  const struct given_reference *r)
{
	return r != NULL && r->to == p->to_table &&
		strcmp(r->inclusion.to_columns.at[0], column_name(g, p->to_table, p->to_column)) ==
		0;
}

/* Why a column is said not to refer to that other one; NULL: nobody has refused it. */
static const char *refused_why(const struct graph *g, size_t from, size_t column, size_t to,
			       size_t to_column)
{
	for (size_t i = 0; g->refused != NULL && i < g->refused->n; i++) {
		const struct refused_reference *r = &g->refused->at[i];
		if (strcmp(r->table, g->tables[from].profile->table) == 0 &&
		    strcmp(r->column, column_name(g, from, column)) == 0 &&
		    strcmp(r->to, g->tables[to].profile->table) == 0 &&
		    strcmp(r->to_column, column_name(g, to, to_column)) == 0) {
			return r->why;
		}
	}
	return NULL;
}

static void choose(struct graph *g, struct arena *a)
{
	for (size_t i = 0; i < g->pairs.n; i++) {
		struct inclusion_pair *p = &g->pairs.at[i];
		const struct inclusion_pair *taken = taken_of(g, p);
		const char *column = column_name(g, p->from_table, p->from_column);
		const struct given_reference *given = given_of(g, p->from_table, column);
		const char *refused =
			refused_why(g, p->from_table, p->from_column, p->to_table, p->to_column);
		const texts columns = { .at = &column, .n = 1 };
		if (is_given_pair(g, p, given)) {
			p->chosen = true;
			*LIST_ADD(a, &p->evidence) = GIVEN_EVIDENCE;
		} else if (given != NULL ||
			   said_is_no_reference(said_of(g, p->from_table), &columns)) {
			*LIST_ADD(a, &p->evidence) = "not taken: " GIVEN_EVIDENCE;
		} else if (refused != NULL) {
			*LIST_ADD(a, &p->evidence) = arena_printf(a, "not taken: %s", refused);
		} else if (taken != NULL) {
			*LIST_ADD(a, &p->evidence) =
				arena_printf(a, "not taken: \"%s.%s\" fits better",
					     g->tables[taken->to_table].profile->table,
					     column_name(g, taken->to_table, taken->to_column));
		} else if (p->score < INCLUSION_CHOSEN_MIN * 100) {
			*LIST_ADD(a, &p->evidence) = arena_printf(
				a, "not taken: below %s", score_text(a, INCLUSION_CHOSEN_MIN));
		} else if (closes_cycle(g, p->from_table, p->to_table) && !may_close_cycle(g, p)) {
			*LIST_ADD(a, &p->evidence) =
				"not taken: a better reference leads the other way";
		} else {
			p->chosen = true;
		}
	}
}

static struct inclusion inclusion_of(const struct graph *g, const struct inclusion_pair *p,
				     struct arena *a)
{
	struct inclusion out = {
		.from_table = g->tables[p->from_table].profile->table,
		.to_table = g->tables[p->to_table].profile->table,
		.distinct = p->distinct,
		.contained = p->contained,
		.orphan_rows = p->orphan_rows,
		.score = score_text(a, (p->score + 50) / 100),
		.chosen = p->chosen,
	};
	*LIST_ADD(a, &out.from_columns) = column_name(g, p->from_table, p->from_column);
	*LIST_ADD(a, &out.to_columns) = column_name(g, p->to_table, p->to_column);
	*LIST_ADD(a, &out.evidence) = arena_printf(a, "%lld of %lld distinct values are keys there",
						   (long long)p->contained, (long long)p->distinct);
	for (size_t i = 0; i < p->evidence.n; i++) {
		*LIST_ADD(a, &out.evidence) = p->evidence.at[i];
	}
	return out;
}

/* ---- foreign keys of two columns ---- */

static texts composite_columns(const struct graph *g, size_t table, const size_t *columns,
			       struct arena *a)
{
	texts names = { 0 };
	*LIST_ADD(a, &names) = column_name(g, table, columns[0]);
	*LIST_ADD(a, &names) = column_name(g, table, columns[1]);
	return names;
}

static bool same_child(const struct composite *x, const struct composite *y)
{
	return x->from_table == y->from_table && x->from_columns[0] == y->from_columns[0] &&
		x->from_columns[1] == y->from_columns[1];
}

static const struct composite *composite_taken(const struct graph *g, const struct composite *p)
{
	for (size_t i = 0; i < g->composites.n; i++) {
		if (g->composites.at[i].chosen && same_child(&g->composites.at[i], p)) {
			return &g->composites.at[i];
		}
	}
	return NULL;
}

static bool is_said(const struct graph *g, const struct composite *p, const texts *columns)
{
	for (size_t i = 0; i < g->given.n; i++) {
		const struct given_reference *r = &g->given.at[i];
		if (r->from == p->from_table &&
		    overrides_same_columns(&r->inclusion.from_columns, columns)) {
			return true;
		}
	}
	return said_is_no_reference(said_of(g, p->from_table), columns);
}

/* What leads nowhere alone leads nowhere with another column beside it. */
static const char *composite_refused(const struct graph *g, const struct composite *p)
{
	const char *why = NULL;
	for (size_t i = 0; why == NULL && i < 2; i++) {
		why = refused_why(g, p->from_table, p->from_columns[i], p->to_table,
				  p->to_columns[i]);
	}
	return why;
}

/* Why the pair is no foreign key; NULL: it is one. */
static const char *composite_refusal(const struct graph *g, const struct composite *p,
				     struct arena *a)
{
	texts columns = composite_columns(g, p->from_table, p->from_columns, a);
	const struct composite *taken = composite_taken(g, p);
	const char *refused = composite_refused(g, p);
	if (is_said(g, p, &columns)) {
		return "not taken: " GIVEN_EVIDENCE;
	}
	if (refused != NULL) {
		return arena_printf(a, "not taken: %s", refused);
	}
	if (taken != NULL) {
		texts to = composite_columns(g, taken->to_table, taken->to_columns, a);
		return arena_printf(a, "not taken: \"%s.%s+%s\" fits better",
				    g->tables[taken->to_table].profile->table, to.at[0], to.at[1]);
	}
	if (p->contained * 100 < p->distinct * COMPOSITE_CONTAINED_MIN) {
		return arena_printf(a, "not taken: less than %d %% of the pairs are keys there",
				    COMPOSITE_CONTAINED_MIN);
	}
	if (p->score < INCLUSION_CHOSEN_MIN * 100) {
		return arena_printf(a, "not taken: below %s", score_text(a, INCLUSION_CHOSEN_MIN));
	}
	bool may_close = p->score >= CYCLE_MIN * 100 && !p->own_key;
	return closes_cycle(g, p->from_table, p->to_table) && !may_close
		? "not taken: a better reference leads the other way"
		: NULL;
}

static void choose_composites(struct graph *g, struct arena *a)
{
	for (size_t i = 0; i < g->composites.n; i++) {
		struct composite *p = &g->composites.at[i];
		const char *refusal = composite_refusal(g, p, a);
		p->chosen = refusal == NULL;
		if (refusal != NULL) {
			*LIST_ADD(a, &p->evidence) = refusal;
		}
	}
}

/* A table without a key has the pair that another one refers to. */
static void take_keys(const struct graph *g, struct arena *a, struct profile *p)
{
	for (size_t i = 0; i < g->composites.n; i++) {
		const struct composite *c = &g->composites.at[i];
		struct table_profile *t = &p->tables.at[c->to_table];
		texts columns = composite_columns(g, c->to_table, c->to_columns, a);
		struct key_candidate *key = NULL;
		bool keyed = !c->chosen;
		for (size_t k = 0; k < t->keys.n; k++) {
			keyed = keyed || t->keys.at[k].chosen;
			if (overrides_same_columns(&t->keys.at[k].columns, &columns)) {
				key = &t->keys.at[k];
			}
		}
		if (!keyed && key != NULL) {
			key->chosen = true;
			*LIST_ADD(a, &key->evidence) = arena_printf(
				a, "\"%s\" refers to it", g->tables[c->from_table].profile->table);
		}
	}
}

static struct inclusion composite_inclusion(const struct graph *g, const struct composite *p,
					    struct arena *a)
{
	struct inclusion out = {
		.from_table = g->tables[p->from_table].profile->table,
		.from_columns = composite_columns(g, p->from_table, p->from_columns, a),
		.to_table = g->tables[p->to_table].profile->table,
		.to_columns = composite_columns(g, p->to_table, p->to_columns, a),
		.distinct = p->distinct,
		.contained = p->contained,
		.orphan_rows = p->orphan_rows,
		.score = score_text(a, (p->score + 50) / 100),
		.chosen = p->chosen,
	};
	*LIST_ADD(a, &out.evidence) = arena_printf(a, "%lld of %lld distinct pairs are keys there",
						   (long long)p->contained, (long long)p->distinct);
	for (size_t i = 0; i < p->evidence.n; i++) {
		*LIST_ADD(a, &out.evidence) = p->evidence.at[i];
	}
	return out;
}

/* ---- the list ---- */

/* One column's inclusions, best first, as the pairs are; what bldr.json names and is none has the score 1.00. */
static void list_column(const struct graph *g, size_t table, size_t column, struct arena *a,
			struct profile *ret)
{
	const struct given_reference *given = given_of(g, table, column_name(g, table, column));
	size_t others = 0;
	bool pair = false;
	for (size_t i = 0; i < g->pairs.n; i++) {
		const struct inclusion_pair *p = &g->pairs.at[i];
		pair = pair ||
			(p->from_table == table && is_given_pair(g, p, given) &&
			 p->from_column == column);
	}
	if (given != NULL && !pair) {
		*LIST_ADD(a, &ret->inclusions) = given->inclusion;
	}
	for (size_t i = 0; i < g->pairs.n; i++) {
		const struct inclusion_pair *p = &g->pairs.at[i];
		if (p->from_table != table || p->from_column != column) {
			continue;
		}
		if (p->chosen || (p->score >= RUNNER_UP_MIN * 100 && others++ < RELATE_RUNNERS_UP)) {
			*LIST_ADD(a, &ret->inclusions) = inclusion_of(g, p, a);
		}
	}
}

static int compare_texts(const texts *x, const texts *y)
{
	for (size_t i = 0; i < x->n && i < y->n; i++) {
		int c = strcmp(x->at[i], y->at[i]);
		if (c != 0) {
			return c;
		}
	}
	return (x->n > y->n) - (x->n < y->n);
}

/* By columns, then best first. */
static int compare_sets(const void *a, const void *b)
{
	const struct inclusion *x = a;
	const struct inclusion *y = b;
	int c = compare_texts(&x->from_columns, &y->from_columns);
	if (c == 0) {
		c = score_parse(y->score) - score_parse(x->score);
	}
	if (c == 0) {
		c = y->chosen - x->chosen;
	}
	if (c == 0) {
		c = strcmp(x->to_table, y->to_table);
	}
	return c != 0 ? c : compare_texts(&x->to_columns, &y->to_columns);
}

/* The pair is a foreign key that bldr.json names. */
static bool is_given_composite(const struct graph *g, const struct composite *p, struct arena *a)
{
	texts columns = composite_columns(g, p->from_table, p->from_columns, a);
	for (size_t i = 0; i < g->given.n; i++) {
		const struct given_reference *r = &g->given.at[i];
		if (r->from == p->from_table && r->to == p->to_table &&
		    overrides_same_columns(&r->inclusion.from_columns, &columns)) {
			return true;
		}
	}
	return false;
}

/* Better ones of the same columns that are not taken either. */
static size_t runners_up_before(const struct graph *g, size_t at)
{
	size_t n = 0;
	for (size_t i = 0; i < at; i++) {
		n += !g->composites.at[i].chosen &&
			same_child(&g->composites.at[i], &g->composites.at[at]);
	}
	return n;
}

/* The foreign keys of several columns of which the first one is called so. */
static void list_sets(const struct graph *g, size_t table, size_t column, struct arena *a,
		      struct profile *ret)
{
	size_t first = ret->inclusions.n;
	for (size_t i = 0; i < g->given.n; i++) {
		const struct inclusion *f = &g->given.at[i].inclusion;
		if (g->given.at[i].from == table && f->from_columns.n > 1 &&
		    strcmp(f->from_columns.at[0], column_name(g, table, column)) == 0) {
			*LIST_ADD(a, &ret->inclusions) = *f;
		}
	}
	for (size_t i = 0; i < g->composites.n; i++) {
		const struct composite *p = &g->composites.at[i];
		if (p->from_table == table && p->from_columns[0] == column &&
		    !is_given_composite(g, p, a) &&
		    (p->chosen ||
		     (p->score >= RUNNER_UP_MIN * 100 &&
		      runners_up_before(g, i) < RELATE_RUNNERS_UP))) {
			*LIST_ADD(a, &ret->inclusions) = composite_inclusion(g, p, a);
		}
	}
	if (ret->inclusions.n > first + 1) {
		qsort(&ret->inclusions.at[first], ret->inclusions.n - first,
		      sizeof(*ret->inclusions.at), compare_sets);
	}
}

struct named {
	const char *name;
	size_t column;
};

static int compare_named(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static void list_inclusions(const struct graph *g, struct arena *a, struct profile *ret)
{
	for (size_t t = 0; t < g->n; t++) {
		size_t n = g->tables[t].profile->columns.n;
		struct named *names = xcalloc(n + 1, sizeof(*names));
		for (size_t i = 0; i < n; i++) {
			names[i] = (struct named){ column_name(g, t, i), i };
		}
		qsort(names, n, sizeof(*names), compare_named);
		for (size_t i = 0; i < n; i++) {
			list_column(g, t, names[i].column, a, ret);
			list_sets(g, t, names[i].column, a, ret);
		}
		free(names);
	}
}

/* ---- the tables ---- */

static const struct source_file *file_of(const struct sources *sources, const char *table)
{
	for (size_t i = 0; i < sources->files.n; i++) {
		if (strcmp(sources->files.at[i].table, table) == 0) {
			return &sources->files.at[i];
		}
	}
	return NULL;
}

static const char *provisional_key(const struct table_profile *t, const struct table_override *said)
{
	if (said != NULL && said->key.n == 1) {
		return said->key.at[0];
	}
	const struct key_candidate *best = keys_best(t, 1);
	return best != NULL ? best->columns.at[0] : NULL;
}

static int set_tables(const struct sources *sources, const struct overrides *o,
		      const struct table_profile *tables, size_t n, struct arena *a,
		      struct inclusion_table *ret, struct bldr_error *err)
{
	texts names = { 0 };
	for (size_t i = 0; i < n; i++) {
		ASSERT(i == 0 || strcmp(tables[i - 1].table, tables[i].table) < 0);
		*LIST_ADD(a, &names) = tables[i].table;
	}
	size_t shared = name_shared_prefix(a, &names);
	for (size_t i = 0; i < n; i++) {
		const char *table = tables[i].table;
		size_t layer = name_layer_prefix(a, table);
		const struct table_override *said = overrides_table(o, table);
		struct table_profile *profile = ARENA_NEW(a, struct table_profile);
		*profile = tables[i];
		said_forbid_keys(said, a, profile);
		ret[i] = (struct inclusion_table){
			.file = file_of(sources, table),
			.profile = profile,
			.name = name_of_table(a, table, shared > layer ? shared : layer),
			.key = provisional_key(profile, said),
		};
		if (ret[i].file == NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "\"%s\" is not among the sources", table);
		}
	}
	return 0;
}

static int choose_keys(const char *folder, const struct graph *g, struct arena *a,
		       struct profile *ret, struct bldr_error *err)
{
	for (size_t t = 0; t < g->n; t++) {
		struct table_profile table = *g->tables[t].profile;
		bool *references = xcalloc(table.columns.n + 1, sizeof(*references));
		for (size_t i = 0; i < g->given.n; i++) {
			const texts *columns = &g->given.at[i].inclusion.from_columns;
			for (size_t k = 0; g->given.at[i].from == t && k < columns->n; k++) {
				references[said_column(&table, columns->at[k])] = true;
			}
		}
		for (size_t i = 0; i < g->pairs.n; i++) {
			const struct inclusion_pair *p = &g->pairs.at[i];
			if (p->chosen && p->from_table == t) {
				references[p->from_column] = true;
			}
		}
		int rc = keys_choose(folder, g->tables[t].file, &g->tables[t].name, references,
				     said_of(g, t), a, &table, err);
		free(references);
		if (rc != 0) {
			return rc;
		}
		*LIST_ADD(a, &ret->tables) = table;
	}
	return 0;
}

/* ---- what bldr.json names ---- */

static size_t table_index(const struct graph *g, const char *name)
{
	size_t i = 0;
	while (i < g->n && strcmp(g->tables[i].profile->table, name) != 0) {
		i++;
	}
	return i;
}

/* Of one file alone the other tables are not there. */
static int measure_given(const char *folder, struct graph *g, struct arena *a,
			 struct bldr_error *err)
{
	for (size_t t = 0; t < g->n; t++) {
		const struct table_override *said = said_of(g, t);
		for (size_t i = 0; said != NULL && i < said->foreign_keys.n; i++) {
			const struct reference_override *ref = &said->foreign_keys.at[i];
			struct given_reference r = { .from = t, .to = table_index(g, ref->to) };
			if (r.to == g->n) {
				continue;
			}
			int rc = said_reference(folder, &g->tables[t], ref, &g->tables[r.to], a,
						&r.inclusion, &r.parent_repeats, err);
			if (rc != 0) {
				return rc;
			}
			*LIST_ADD(a, &g->given) = r;
		}
	}
	return 0;
}

/*
 * Values that lead to several rows would count them all. They may repeat only where the key does, of which the last
 * record counts: the key itself, or what repeats as often.
 */
static int check_parents(const struct graph *g, const struct profile *p, struct bldr_error *err)
{
	for (size_t i = 0; i < g->given.n; i++) {
		const struct given_reference *r = &g->given.at[i];
		ASSERT(r->to < p->tables.n);
		const struct table_profile *to = &p->tables.at[r->to];
		bool key = r->parent_repeats == 0;
		for (size_t k = 0; k < to->keys.n && !key; k++) {
			const struct key_candidate *c = &to->keys.at[k];
			key = c->chosen &&
				(c->duplicates == r->parent_repeats ||
				 overrides_same_columns(&c->columns, &r->inclusion.to_columns));
		}
		if (!key) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "\"" OVERRIDES_FILE "\": table \"%s\": foreign_keys: "
					      "%lld records of \"%s\" repeat what \"%s\" refers to; "
					      "name that as its key, or refer to another column",
					      r->inclusion.from_table, (long long)r->parent_repeats,
					      to->table, r->inclusion.from_columns.at[0]);
		}
	}
	return 0;
}

/* ---- the whole ---- */

int ingest_relate(const char *folder, const struct sources *sources,
		  const struct table_profile *tables, const struct table_sketch *sketches, size_t n,
		  const refused_references *refused, struct arena *a, struct profile *ret,
		  struct bldr_error *err)
{
	struct inclusion_table *known = ARENA_ARRAY(a, struct inclusion_table, n + 1);
	struct overrides o;
	struct graph g = { .tables = known, .n = n, .said = &o, .refused = refused };
	struct profile p = { .head = { .version = 1 } };
	int rc = overrides_decode(sources->overrides, a, &o, err);
	if (rc == 0) {
		rc = set_tables(sources, &o, tables, n, a, known, err);
	}
	for (size_t i = 0; rc == 0 && sketches != NULL && i < n; i++) {
		known[i].sketch = sketches[i].n == tables[i].columns.n ? &sketches[i] : NULL;
	}
	if (rc == 0) {
		rc = measure_given(folder, &g, a, err);
	}
	if (rc == 0) {
		rc = inclusion_find(folder, known, n, a, &g.pairs, err);
	}
	if (rc == 0) {
		choose(&g, a);
		rc = choose_keys(folder, &g, a, &p, err);
	}
	if (rc == 0) {
		rc = check_parents(&g, &p, err);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		known[i].profile = &p.tables.at[i]; /* with its key chosen */
	}
	if (rc == 0) {
		rc = composite_find(folder, known, n, &g.pairs, NULL, a, &g.composites,
				    &p.skipped_pairs, err);
	}
	if (rc == 0) {
		choose_composites(&g, a);
		take_keys(&g, a, &p);
		list_inclusions(&g, a, &p);
		*ret = p;
	}
	return rc;
}
