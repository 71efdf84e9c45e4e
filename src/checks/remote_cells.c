/*
 * W1: the image beside the warehouse here, row by row of one key, cell by cell. SQLite compares; a null is equal to a null.
 * Where a bucket of rows differs beyond the budget, that is told by number alone.
 */
#include <string.h>

#include "base/check.h"
#include "checks/check_texts.h"
#include "checks/remote_parts.h"
#include "checks/trial.h"

enum { CELL_SHOWN = 120, ERROR_SHOWN = 300 };

struct cells {
	const struct remote_star *r;
	const struct remote_table *t;
	struct store *store; /* the image, and the warehouse here as "here" */
	texts samples;
	int64_t missing, surplus, changed; /* rows, rows, cells */
	const char *columns;               /* "amount (3), status (1)" */
};

/* "f.a IS h.a AND f.b IS h.b" of the columns that name a row. */
static void add_keys(const struct cells *c, sqlite3_str *sql)
{
	for (size_t k = 0; k < c->t->n_keys; k++) {
		const char *name = c->t->columns[c->t->keys[k]].stored;
		sqlite3_str_appendf(sql, "%sf.\"%w\" IS h.\"%w\"", k > 0 ? " AND " : "", name, name);
	}
}

/* "'order_id=' || f.order_id || ' ' ..." of a row */
static void add_row_name(const struct cells *c, const char *side, sqlite3_str *sql)
{
	for (size_t k = 0; k < c->t->n_keys; k++) {
		const struct remote_column *key = &c->t->columns[c->t->keys[k]];
		sqlite3_str_appendf(sql, "%s%Q || coalesce(substr(%s.\"%w\", 1, 80), 'null')",
				    k > 0 ? " || ' ' || " : "",
				    arena_printf(c->r->arena, "%s=", key->design->name), side,
				    key->stored);
	}
}

static int prepare(const struct cells *c, sqlite3_str *sql, sqlite3_stmt **ret,
		   struct bldr_error *err)
{
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	int rc = store_prepare(c->store, text, ret, err);
	sqlite3_free(text);
	return rc;
}

static void add_sample(struct cells *c, const char *text)
{
	if (c->samples.n < TRIAL_SAMPLES_MAX) {
		*LIST_ADD(c->r->arena, &c->samples) = text;
	}
}

/* Rows of one side that the other lacks. */
static int compare_rows(struct cells *c, bool missing, struct bldr_error *err)
{
	const char *of = missing ? "h" : "f";
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_stmt *stmt;
	sqlite3_str_appendall(sql, "SELECT ");
	add_row_name(c, of, sql);
	sqlite3_str_appendf(
		sql, " FROM %s.\"%w\" %s WHERE NOT EXISTS (SELECT 1 FROM %s.\"%w\" %s WHERE ",
		missing ? "here" : "main", c->t->design->name, of, missing ? "main" : "here",
		c->t->design->name, missing ? "f" : "h");
	add_keys(c, sql);
	sqlite3_str_appendall(sql, ")");
	int rc = prepare(c, sql, &stmt, err);
	while (rc == 0 && (rc = store_step(c->store, stmt, err)) == 1) {
		int64_t *n = missing ? &c->missing : &c->surplus;
		(*n)++;
		add_sample(c,
			   arena_printf(c->r->arena, missing ? "no row %s" : "row %s is not here",
					(const char *)sqlite3_column_text(stmt, 0)));
		rc = 0;
	}
	return rc;
}

/* Rows beyond the first of their key: no key names them, so they are counted. */
static int compare_repeated(struct cells *c, struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_stmt *stmt;
	sqlite3_str_appendall(sql, "SELECT ");
	add_row_name(c, "f", sql);
	sqlite3_str_appendf(sql, ", count(*) - 1 FROM main.\"%w\" f GROUP BY ", c->t->design->name);
	for (size_t k = 0; k < c->t->n_keys; k++) {
		sqlite3_str_appendf(sql, "%sf.\"%w\"", k > 0 ? ", " : "",
				    c->t->columns[c->t->keys[k]].stored);
	}
	sqlite3_str_appendall(sql, " HAVING count(*) > 1");
	int rc = prepare(c, sql, &stmt, err);
	while (rc == 0 && (rc = store_step(c->store, stmt, err)) == 1) {
		c->surplus += sqlite3_column_int64(stmt, 1);
		add_sample(c,
			   arena_printf(c->r->arena, "row %s is there again",
					(const char *)sqlite3_column_text(stmt, 0)));
		rc = 0;
	}
	return rc;
}

static const char *or_null(sqlite3_stmt *stmt, int i)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);
	return text != NULL ? text : "null";
}

static int compare_column(struct cells *c, const struct remote_column *column,
			  struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_stmt *stmt;
	int64_t changed = 0;
	sqlite3_str_appendall(sql, "SELECT ");
	add_row_name(c, "f", sql);
	sqlite3_str_appendf(sql, ", f.\"%w\", h.\"%w\" FROM main.\"%w\" f JOIN here.\"%w\" h ON ",
			    column->stored, column->stored, c->t->design->name, c->t->design->name);
	add_keys(c, sql);
	sqlite3_str_appendf(sql, " WHERE f.\"%w\" IS NOT h.\"%w\"", column->stored, column->stored);
	int rc = prepare(c, sql, &stmt, err);
	while (rc == 0 && (rc = store_step(c->store, stmt, err)) == 1) {
		changed++;
		add_sample(c,
			   arena_printf(c->r->arena, "row %s: %s is %.*s, expected %.*s",
					(const char *)sqlite3_column_text(stmt, 0),
					column->design->name, CELL_SHOWN, or_null(stmt, 1),
					CELL_SHOWN, or_null(stmt, 2)));
		rc = 0;
	}
	c->changed += changed;
	if (changed > 0) {
		c->columns = arena_printf(c->r->arena, "%s%s%s (%lld)", c->columns,
					  c->columns[0] != '\0' ? ", " : "", column->design->name,
					  (long long)changed);
	}
	return rc;
}

/* So that a key is found at once. */
static int index_keys(const struct cells *c, struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_str_appendf(sql, "CREATE INDEX \"bldr_key_of_%w\" ON \"%w\"(", c->t->design->name,
			    c->t->design->name);
	for (size_t k = 0; k < c->t->n_keys; k++) {
		sqlite3_str_appendf(sql, "%s\"%w\"", k > 0 ? ", " : "",
				    c->t->columns[c->t->keys[k]].stored);
	}
	sqlite3_str_appendall(sql, ")");
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	int rc = store_exec(c->store, text, err);
	sqlite3_free(text);
	return rc;
}

static int compare_table(struct cells *c, struct bldr_error *err)
{
	int rc = index_keys(c, err);
	rc = rc < 0 ? rc : compare_rows(c, true, err);
	rc = rc < 0 ? rc : compare_rows(c, false, err);
	rc = rc < 0 ? rc : compare_repeated(c, err);
	for (size_t i = 0; rc == 0 && i < c->t->design->columns.n; i++) {
		if (remote_is_compared(&c->t->columns[i])) {
			rc = compare_column(c, &c->t->columns[i], err);
		}
	}
	return rc;
}

/* ---- saying it ---- */

/* Why the cells of a table cannot be compared; NULL: they can. */
static const char *obstacle(const struct remote_star *r, const struct remote_table *t)
{
	static const char *const asked[] = { "rows", "buckets", "rows of buckets" };
	const char *name = t->design->name;
	bool hashed = remote_result_find(r, remote_id(r, "buckets", name)) != NULL;
	bool answered = false;
	if (t->missing) {
		return arena_printf(r->arena, "no table \"%s\": %.*s", name, ERROR_SHOWN,
				    t->why != NULL ? t->why : "it was not asked for");
	}
	/* rows that were too large for an answer were asked for by buckets */
	for (size_t i = hashed ? 1 : 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct remote_result *result =
			remote_result_find(r, remote_id(r, asked[i], name));
		answered |= result != NULL;
		if (result != NULL && result->error != NULL) {
			return arena_printf(r->arena, "the statement \"%s\" failed: %.*s",
					    result->id, ERROR_SHOWN, result->error);
		}
	}
	for (size_t k = 0; k < t->n_keys; k++) {
		const struct remote_column *key = &t->columns[t->keys[k]];
		if (!remote_is_compared(key)) {
			return arena_printf(r->arena, "no column \"%s\", which names a row",
					    key->design->name);
		}
	}
	return !answered         ? "its rows were not asked for"
		: t->n_keys == 0 ? "no column names a row"
				 : NULL;
}

static const char *missing_columns(const struct remote_star *r, const struct remote_table *t)
{
	const char *words = "";
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (t->columns[c].here && t->columns[c].declared == NULL) {
			words = arena_printf(r->arena, "%s; no column %s", words,
					     t->columns[c].design->name);
		}
	}
	return words;
}

/* Buckets that differ and whose rows did not cross. */
static int beyond_budget(const struct remote_star *r, const struct remote_table *t, size_t *ret,
			 struct bldr_error *err)
{
	const struct bucket_comparison *b;
	if (remote_result_find(r, remote_id(r, "buckets", t->design->name)) == NULL) {
		*ret = 0;
		return 0;
	}
	int rc = remote_compare_buckets(r, t, &b, err);
	*ret = rc == 0 ? b->n_differ - b->n_asked : 0;
	return rc;
}

static void report(struct cells *c, const char *cannot, size_t beyond, struct findings *f)
{
	const struct check_text *text = check_text_of("W1");
	struct arena *a = c->r->arena;
	const char *gone = missing_columns(c->r, c->t);
	struct finding finding = {
		.check = "W1",
		.subject = c->t->design->name,
		.severity = SEVERITY_ERROR,
		.expected = arena_printf(a, "%lld rows as here", (long long)c->t->rows_here),
		.provenance = text->provenance,
		.proves = check_proves(text, a),
	};
	finding.found = cannot != NULL
		? cannot
		: arena_printf(
			  a, "%lld rows missing, %lld surplus, %lld cells with another value%s%s%s",
			  (long long)c->missing, (long long)c->surplus, (long long)c->changed,
			  c->columns[0] != '\0' ? ": " : "", c->columns, gone);
	if (beyond > 0) {
		finding.found = arena_printf(a, "%s; %zu more buckets of rows differ",
					     finding.found, beyond);
	}
	finding.passed = cannot == NULL && gone[0] == '\0' && beyond == 0 &&
		c->missing + c->surplus + c->changed == 0;
	if (!finding.passed) {
		finding.samples = c->samples;
		finding.blame = "developer";
		finding.why = cannot != NULL
			? "the job left no such table to compare"
			: "the notebooks make of the same files and the same STTM another table than "
			  "the interpreter does";
	}
	*LIST_ADD(a, &f->checks) = finding;
}

static int judge_table(const struct remote_star *r, const struct remote_table *t,
		       struct store *image, struct findings *f, struct bldr_error *err)
{
	struct cells c = { .r = r, .t = t, .store = image, .columns = "" };
	const char *cannot = obstacle(r, t);
	size_t beyond = 0;
	int rc = 0;
	if (cannot == NULL) {
		rc = compare_table(&c, err);
		rc = rc < 0 ? rc : beyond_budget(r, t, &beyond, err);
	}
	if (rc == 0) {
		report(&c, cannot, beyond, f);
	}
	return rc;
}

static int attach(const struct remote_star *r, struct store *image, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(image, "ATTACH ?1 AS here", &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, r->in->checks->warehouse, -1, SQLITE_TRANSIENT);
	return store_step(image, stmt, err);
}

int remote_judge_cells(const struct remote_star *r, struct findings *f, struct bldr_error *err)
{
	struct store *image = NULL;
	int rc = store_open(r->in->image, STORE_PLAIN, &image, err);
	rc = rc < 0 ? rc : attach(r, image, err);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		if (r->tables[i].here) {
			rc = judge_table(r, &r->tables[i], image, f, err);
		}
	}
	if (image != NULL) {
		store_close(image);
	}
	return rc;
}
