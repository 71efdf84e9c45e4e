/*
 * R5: a query that joins a fact with all its dimensions sees each of its rows once. SQLite makes the join through the
 * foreign keys that the warehouse itself declares; rows and the sum of every measure must be the same without it.
 */
#include "checks/reference.h"

#include <string.h>

#include "base/check.h"
#include "checks/summary.h"

enum {
	JOINED_MAX = 60
}; /* SQLite joins 64 tables at most; more dimensions go in several queries */

/* A declared foreign key, by the design column that it belongs to. */
struct link {
	size_t column;
	const char *from, *table, *to;
};

/* The rows of a query, and per measure what its column adds up to as stored. */
struct outcome {
	int64_t rows;
	struct total *totals;
};

struct fact {
	struct trial *t;
	const struct trial_table *table;
	size_t n_measures;
	size_t *measures; /* columns */
	LIST(struct link) links;
};

static const char *column_text(const struct fact *f, sqlite3_stmt *stmt, int i)
{
	return arena_strdup(f->t->arena, (const char *)sqlite3_column_text(stmt, i));
}

/* The primary key of a table: what a foreign key without a column refers to. */
static int primary_key(const struct fact *f, const char *table, const char **ret,
		       struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(f->t->store, "SELECT name FROM pragma_table_info(?1) WHERE pk = 1",
			       &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	rc = store_step(f->t->store, stmt, err);
	if (rc == 1) {
		*ret = column_text(f, stmt, 0);
		sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}

/* Keys of one column that lead to the dimension which the design names. */
static void add_link(struct fact *f, const char *from, const char *table, const char *to)
{
	const struct design_table *d = f->table->expected->design;
	for (size_t c = 0; c < d->columns.n; c++) {
		bool is = f->table->expected->columns[c].members != NULL &&
			strcmp(d->columns.at[c].name, from) == 0 &&
			strcmp(d->columns.at[c].dimension, table) == 0;
		if (is) {
			*LIST_ADD(f->t->arena, &f->links) = (struct link){ c, from, table, to };
		}
	}
}

static int read_links(struct fact *f, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc =
		store_prepare(f->t->store,
			      "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1) "
			      "GROUP BY id HAVING count(*) = 1 ORDER BY id",
			      &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, f->table->expected->design->name, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(f->t->store, stmt, err)) == 1) {
		const char *from = column_text(f, stmt, 0), *table = column_text(f, stmt, 1);
		add_link(f, from, table, column_text(f, stmt, 2));
	}
	for (size_t i = 0; rc == 0 && i < f->links.n; i++) {
		struct link *link = &f->links.at[i];
		rc = link->to == NULL ? primary_key(f, link->table, &link->to, err) : 0;
		link->to = rc == 0 && link->to == NULL ? "rowid" : link->to;
	}
	return rc;
}

static void find_measures(struct fact *f)
{
	const struct design_table *d = f->table->expected->design;
	f->measures = ARENA_ARRAY(f->t->arena, size_t, d->columns.n);
	for (size_t c = 0; c < d->columns.n; c++) {
		if (d->columns.at[c].role == ROLE_MEASURE && !f->table->found.columns[c].missing) {
			f->measures[f->n_measures++] = c;
		}
	}
}

/* The fact's measures, joined with links[from] to links[to - 1]. sqlite3_free() it. */
static char *query_text(const struct fact *f, size_t from, size_t to)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_str_appendall(sql, "SELECT 1");
	for (size_t m = 0; m < f->n_measures; m++) {
		sqlite3_str_appendf(sql, ", f.\"%w\"",
				    f->table->found.columns[f->measures[m]].stored);
	}
	sqlite3_str_appendf(sql, " FROM \"%w\" f", f->table->expected->design->name);
	for (size_t i = from; i < to; i++) {
		const struct link *link = &f->links.at[i];
		sqlite3_str_appendf(sql, " JOIN \"%w\" d%d ON d%d.\"%w\" = f.\"%w\"", link->table,
				    (int)i, (int)i, link->to, link->from);
	}
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	return text;
}

static struct column_type stored_type(const struct fact *f, size_t measure)
{
	struct column_type type = f->table->expected->columns[f->measures[measure]].type;
	bool scaled = strcmp(f->table->found.columns[f->measures[measure]].stored,
			     f->table->expected->columns[f->measures[measure]].design->name) != 0;
	return scaled ? (struct column_type){ .kind = COLUMN_INT64 } : type;
}

static int run_query(struct fact *f, size_t from, size_t to, struct outcome *ret,
		     struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	char *sql = query_text(f, from, to);
	int rc = store_prepare(f->t->store, sql, &stmt, err);
	sqlite3_free(sql);
	*ret = (struct outcome){ .totals = ARENA_ARRAY(f->t->arena, struct total, f->n_measures) };
	while (rc == 0 && (rc = store_step(f->t->store, stmt, err)) == 1) {
		ret->rows++;
		for (size_t m = 0; m < f->n_measures; m++) {
			total_add(&ret->totals[m], stored_type(f, m),
				  (const char *)sqlite3_column_text(stmt, 1 + (int)m));
		}
		rc = 0;
	}
	return rc;
}

/* What cannot be added up is written so: R4 and T1 tell what is wrong with it. */
static const char *total_words(const struct fact *f, const struct outcome *o, size_t m)
{
	const char *text = NULL;
	struct bldr_error err;
	int rc = total_text(&o->totals[m], stored_type(f, m), "", f->t->arena, &text, &err);
	return rc < 0 ? "not a sum" : text != NULL ? text : "nothing";
}

static const char *outcome_words(const struct fact *f, const struct outcome *o)
{
	enum { MEASURES_SHOWN = 6 };
	const char *words = arena_printf(f->t->arena, "%lld rows", (long long)o->rows);
	for (size_t m = 0; m < f->n_measures && m < MEASURES_SHOWN; m++) {
		words = arena_printf(f->t->arena, "%s, %s %s", words,
				     f->table->found.columns[f->measures[m]].stored,
				     total_words(f, o, m));
	}
	return words;
}

static bool outcomes_equal(const struct fact *f, const struct outcome *a, const struct outcome *b)
{
	for (size_t m = 0; m < f->n_measures; m++) {
		if (!total_texts_equal(stored_type(f, m), total_words(f, a, m),
				       total_words(f, b, m))) {
			return false;
		}
	}
	return a->rows == b->rows;
}

/* The design's references that no foreign key declares. */
static size_t count_undeclared(const struct fact *f, struct verdict *v)
{
	size_t undeclared = 0;
	for (size_t c = 0; c < f->table->expected->design->columns.n; c++) {
		bool declared = f->table->expected->columns[c].members == NULL;
		for (size_t i = 0; i < f->links.n; i++) {
			declared |= f->links.at[i].column == c;
		}
		if (!declared) {
			undeclared++;
			trial_sample(f->t, v, "%s: no foreign key is declared",
				     trial_subject(f->t, f->table, c));
		}
	}
	return undeclared;
}

/* A reference whose keys lead nowhere, or else the dimension that has a key twice. */
static int blame(struct fact *f, const struct outcome *before, struct verdict *v,
		 struct bldr_error *err)
{
	for (size_t i = 0; i < f->links.n; i++) {
		size_t column = f->links.at[i].column;
		struct outcome one;
		int rc = run_query(f, i, i + 1, &one, err);
		if (rc < 0) {
			return rc;
		}
		if (one.rows == before->rows) {
			continue;
		}
		trial_sample(f->t, v, "%s: joined to \"%s\" %lld rows become %lld",
			     f->links.at[i].from, f->links.at[i].table, (long long)before->rows,
			     (long long)one.rows);
		struct reference r = reference_follow(f->t, f->table, column, v);
		if (r.nulls + r.dangling > 0) {
			reference_blame(f->t, f->table, column, r, v);
			return 0;
		}
		const struct trial_table *d = trial_find(f->t, f->links.at[i].table);
		if (d->found.surrogate >= 0 && d->columns[d->found.surrogate].changed > 0) {
			trial_blame_column(f->t, d, (size_t)d->found.surrogate, v);
		} else {
			v->blame = "developer";
			v->why = arena_printf(f->t->arena,
					      "\"%s\" holds members twice: see K1, K4 and R3",
					      f->links.at[i].table);
		}
		return 0;
	}
	v->blame = "developer";
	v->why = "no single join changes the rows, all together do";
	return 0;
}

static int compare(struct fact *f, struct verdict *v, struct bldr_error *err)
{
	struct outcome before;
	int rc = run_query(f, 0, 0, &before, err);
	v->expected = arena_printf(f->t->arena, "%s, joined or not", outcome_words(f, &before));
	v->passed = true;
	for (size_t from = 0; rc == 0 && v->passed && from < f->links.n; from += JOINED_MAX) {
		struct outcome joined;
		size_t to = from + JOINED_MAX < f->links.n ? from + JOINED_MAX : f->links.n;
		rc = run_query(f, from, to, &joined, err);
		v->found = arena_printf(f->t->arena, "%s, joined to %zu dimensions",
					outcome_words(f, &joined), to - from);
		v->passed = outcomes_equal(f, &before, &joined);
	}
	return rc == 0 && !v->passed ? blame(f, &before, v, err) : rc;
}

static bool dimension_absent(const struct fact *f, struct verdict *v)
{
	for (size_t i = 0; i < f->links.n; i++) {
		if (trial_absent(f->t, trial_find(f->t, f->links.at[i].table), -1, v)) {
			return true;
		}
	}
	return false;
}

static int check_fact(struct trial *t, const struct trial_table *table, struct bldr_error *err)
{
	struct fact f = { .t = t, .table = table };
	struct verdict v = { .expected = "the same rows and sums, joined or not" };
	int rc = 0;
	if (trial_absent(t, table, -1, &v)) {
		trial_report(t, "R5", table->expected->design->name, &v);
		return 0;
	}
	find_measures(&f);
	rc = read_links(&f, err);
	if (rc < 0) {
		return rc;
	}
	size_t undeclared = count_undeclared(&f, &v);
	if (undeclared > 0) {
		v.found = arena_printf(t->arena, "%zu references without a declared foreign key",
				       undeclared);
		v.blame = "developer";
		v.why = "the warehouse does not declare how its tables are joined";
	} else if (!dimension_absent(&f, &v)) {
		rc = compare(&f, &v, err);
	}
	if (rc == 0) {
		trial_report(t, "R5", table->expected->design->name, &v);
	}
	return rc;
}

static bool has_references(const struct trial_table *table)
{
	for (size_t c = 0; c < table->expected->design->columns.n; c++) {
		if (table->expected->columns[c].members != NULL) {
			return true;
		}
	}
	return false;
}

int check_joins(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		int rc = has_references(table) ? check_fact(t, table, err) : 0;
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}
