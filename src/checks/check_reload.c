/*
 * I1: the same load done again into a copy, under another key, leaves every star table as it was. SQLite compares
 * the two files both ways with EXCEPT, and their row counts, since EXCEPT does not see a row that stands twice.
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"
#include "base/file.h"

/* A number that a query about one table gives; %w stands for its name wherever it occurs. */
static int count(struct trial *t, const char *fmt, const char *table, int64_t *ret,
		 struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	char *sql = sqlite3_mprintf(fmt, table, table);
	ASSERT(sql != NULL);
	int rc = store_prepare(t->store, sql, &stmt, err);
	sqlite3_free(sql);
	if (rc < 0) {
		return rc;
	}
	rc = store_step(t->store, stmt, err);
	if (rc == 1) {
		*ret = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

/* The columns of a table in one of the two files, as "name,name", to see that they can be compared. */
static int columns_of(struct trial *t, const char *schema, const char *table, const char **ret,
		      struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(t->store, "SELECT group_concat(name) FROM pragma_table_info(?1, ?2)",
			       &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 2, schema, -1, SQLITE_TRANSIENT);
	rc = store_step(t->store, stmt, err);
	if (rc == 1) {
		const char *names = (const char *)sqlite3_column_text(stmt, 0);
		*ret = arena_strdup(t->arena, names != NULL ? names : "");
	}
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

/* The rows that only one of the two files has, as JSON-like text. */
static int sample_rows(struct trial *t, const char *table, struct verdict *v, struct bldr_error *err)
{
	static const char *const queries[] = {
		"SELECT * FROM reloaded.\"%w\" EXCEPT SELECT * FROM main.\"%w\" LIMIT 5",
		"SELECT * FROM main.\"%w\" EXCEPT SELECT * FROM reloaded.\"%w\" LIMIT 5",
	};
	for (size_t q = 0; q < 2; q++) {
		sqlite3_stmt *stmt;
		char *sql = sqlite3_mprintf(queries[q], table, table);
		ASSERT(sql != NULL);
		int rc = store_prepare(t->store, sql, &stmt, err);
		sqlite3_free(sql);
		while (rc == 0 && (rc = store_step(t->store, stmt, err)) == 1) {
			const char *row = "";
			for (int i = 0; i < sqlite3_column_count(stmt); i++) {
				const char *cell = (const char *)sqlite3_column_text(stmt, i);
				row = arena_printf(t->arena, "%s%s%.60s", row, i > 0 ? ", " : "",
						   cell != NULL ? cell : "null");
			}
			trial_sample(t, v, "%s: %s",
				     q == 0 ? "only after the second load"
					    : "only before the second load",
				     row);
			rc = 0;
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

struct comparison {
	int64_t before, after; /* rows */
	int64_t gone, added;   /* distinct rows that only one side has */
};

static int compare(struct trial *t, const char *table, struct comparison *ret,
		   struct bldr_error *err)
{
	static const struct {
		const char *sql;
		size_t offset;
	} queries[] = {
		{ "SELECT count(*) FROM main.\"%w\"", offsetof(struct comparison, before) },
		{ "SELECT count(*) FROM reloaded.\"%w\"", offsetof(struct comparison, after) },
		{ "SELECT count(*) FROM (SELECT * FROM main.\"%w\" EXCEPT "
		  "SELECT * FROM reloaded.\"%w\")",
		  offsetof(struct comparison, gone) },
		{ "SELECT count(*) FROM (SELECT * FROM reloaded.\"%w\" EXCEPT "
		  "SELECT * FROM main.\"%w\")",
		  offsetof(struct comparison, added) },
	};
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		int64_t *number = (int64_t *)(void *)((char *)ret + queries[i].offset);
		int rc = count(t, queries[i].sql, table, number, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int check_table(struct trial *t, const struct trial_table *table, struct bldr_error *err)
{
	const char *name = table->expected->design->name;
	const char *before = "", *after = "";
	struct verdict v = { .expected = "the same rows after a second load" };
	if (trial_absent(t, table, -1, &v)) {
		trial_report(t, "I1", name, &v);
		return 0;
	}
	v.blame = "developer";
	v.why = "loading again changes the table: the load is not idempotent";
	int rc = columns_of(t, "main", name, &before, err);
	if (rc == 0) {
		rc = columns_of(t, "reloaded", name, &after, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (strcmp(before, after) != 0) {
		v.found = arena_printf(t->arena, "columns %s, then %s", before,
				       after[0] != '\0' ? after : "none");
		trial_report(t, "I1", name, &v);
		return 0;
	}
	struct comparison c;
	rc = compare(t, name, &c, err);
	if (rc == 0 && c.gone + c.added > 0) {
		rc = sample_rows(t, name, &v, err);
	}
	if (rc < 0) {
		return rc;
	}
	v.passed = c.before == c.after && c.gone + c.added == 0;
	v.found = arena_printf(t->arena, "%lld rows, then %lld; %lld changed or gone, %lld new",
			       (long long)c.before, (long long)c.after, (long long)c.gone,
			       (long long)c.added);
	trial_report(t, "I1", name, &v);
	return 0;
}

static void report_not_loaded(struct trial *t)
{
	const char *refused = t->in->reload_refused;
	for (size_t i = 0; i < t->n; i++) {
		struct verdict v = {
			.expected = "the same rows after a second load",
			.found = refused != NULL ? refused : "no copy that was loaded again",
			.blame = refused != NULL ? "developer" : "infrastructure",
			.why = refused != NULL
				? "a second load refuses what the first one has left"
				: "the second load left no warehouse to compare with",
		};
		trial_report(t, "I1", t->tables[i].expected->design->name, &v);
	}
}

int check_reload(struct trial *t, struct bldr_error *err)
{
	if (t->in->reload_refused != NULL || t->in->reloaded == NULL ||
	    !file_exists(t->in->reloaded)) {
		report_not_loaded(t);
		return 0;
	}
	sqlite3_stmt *stmt;
	int rc = store_prepare(t->store, "ATTACH ?1 AS reloaded", &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, t->in->reloaded, -1, SQLITE_TRANSIENT);
	rc = store_step(t->store, stmt, err);
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		rc = check_table(t, &t->tables[i], err);
	}
	return rc;
}
