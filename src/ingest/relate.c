/*
 * From tables to one profile: the foreign keys are taken greedily, best first, then the keys are chosen with
 * the knowledge of what refers to what. A column has one parent. A table may come back to itself through
 * others (a department's manager, who is of a department) when the name says so; the key of a table that holds
 * the keys of another one is a circle too, of two tables that describe one thing, and is not taken.
 */
#include "ingest/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ingest/inclusion.h"
#include "ingest/keys.h"

/* hundredths */
enum {
	RUNNER_UP_MIN = 20, /* below, a pair is only a coincidence of numbers */
	CYCLE_MIN = 75      /* a reference that closes a circle needs more than others */
};

struct graph {
	const struct inclusion_table *tables;
	size_t n;
	inclusion_pairs pairs;
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
	return false;
}

static bool closes_cycle(const struct graph *g, const struct inclusion_pair *p)
{
	if (p->from_table == p->to_table) {
		return false;
	}
	bool *seen = xcalloc(g->n, sizeof(*seen));
	bool cycle = reaches(g, p->to_table, p->from_table, seen);
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

static const char *column_name(const struct graph *g, size_t table, size_t column)
{
	return g->tables[table].profile->columns.at[column].name;
}

static void choose(struct graph *g, struct arena *a)
{
	for (size_t i = 0; i < g->pairs.n; i++) {
		struct inclusion_pair *p = &g->pairs.at[i];
		const struct inclusion_pair *taken = taken_of(g, p);
		if (taken != NULL) {
			*LIST_ADD(a, &p->evidence) =
				arena_printf(a, "not taken: \"%s.%s\" fits better",
					     g->tables[taken->to_table].profile->table,
					     column_name(g, taken->to_table, taken->to_column));
		} else if (p->score < INCLUSION_CHOSEN_MIN * 100) {
			*LIST_ADD(a, &p->evidence) = arena_printf(
				a, "not taken: below %s", score_text(a, INCLUSION_CHOSEN_MIN));
		} else if (closes_cycle(g, p) && !may_close_cycle(g, p)) {
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

/* One column's inclusions, best first, as the pairs are. */
static void list_column(const struct graph *g, size_t table, size_t column, struct arena *a,
			struct profile *ret)
{
	size_t others = 0;
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
		}
		free(names);
	}
}

/* ---- the whole ---- */

static const struct source_file *file_of(const struct sources *sources, const char *table)
{
	for (size_t i = 0; i < sources->files.n; i++) {
		if (strcmp(sources->files.at[i].table, table) == 0) {
			return &sources->files.at[i];
		}
	}
	return NULL;
}

static const char *provisional_key(const struct table_profile *t)
{
	const struct key_candidate *best = keys_best(t, 1);
	return best != NULL ? best->columns.at[0] : NULL;
}

static int set_tables(const struct sources *sources, const struct table_profile *tables, size_t n,
		      struct arena *a, struct inclusion_table *ret, struct bldr_error *err)
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
		ret[i] = (struct inclusion_table){
			.file = file_of(sources, table),
			.profile = &tables[i],
			.name = name_of_table(a, table, shared > layer ? shared : layer),
			.key = provisional_key(&tables[i]),
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
		for (size_t i = 0; i < g->pairs.n; i++) {
			const struct inclusion_pair *p = &g->pairs.at[i];
			if (p->chosen && p->from_table == t) {
				references[p->from_column] = true;
			}
		}
		int rc = keys_choose(folder, g->tables[t].file, &g->tables[t].name, references, a,
				     &table, err);
		free(references);
		if (rc != 0) {
			return rc;
		}
		*LIST_ADD(a, &ret->tables) = table;
	}
	return 0;
}

int ingest_relate(const char *folder, const struct sources *sources,
		  const struct table_profile *tables, size_t n, struct arena *a,
		  struct profile *ret, struct bldr_error *err)
{
	struct inclusion_table *known = ARENA_ARRAY(a, struct inclusion_table, n + 1);
	struct graph g = { .tables = known, .n = n };
	struct profile p = { .head = { .version = 1 } };
	int rc = set_tables(sources, tables, n, a, known, err);
	if (rc == 0) {
		rc = inclusion_find(folder, known, n, a, &g.pairs, err);
	}
	if (rc == 0) {
		choose(&g, a);
		list_inclusions(&g, a, &p);
		rc = choose_keys(folder, &g, a, &p, err);
	}
	if (rc == 0) {
		*ret = p;
	}
	return rc;
}
