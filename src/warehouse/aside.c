/* Each question is one query, which is asked when the table with its columns is there. */
#include "warehouse/aside.h"

#include <string.h>

#include "base/utf8.h"
#include "warehouse/raw_source.h"

/* 1: *ret is the query, its first parameter bound to the path; 0: the warehouse has no such table. */
static int ask(struct store *store, const char *sql, const char *path, sqlite3_stmt **ret,
	       struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(
		store, "SELECT 1 FROM sqlite_schema WHERE name = 'bldr_refused_cell'", &stmt, err);

	if (rc == 0) {
		rc = store_step(store, stmt, err);
	}
	if (rc <= 0) {
		return rc;
	}
	(void)sqlite3_reset(stmt);
	rc = store_prepare(store, sql, ret, err);
	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(*ret, 1, path, -1, SQLITE_STATIC);
	return 1;
}

int aside_offsets(struct store *store, const char *path, struct key_set *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = ask(store,
		     "SELECT byte_offset FROM bldr_quarantine WHERE path = ?1 AND "
		     "kind = 'duplicate'",
		     path, &stmt, err);

	while (rc == 1 && (rc = store_step(store, stmt, err)) == 1) {
		(void)key_set_add(ret, sqlite3_column_int64(stmt, 0));
	}
	return rc;
}

int aside_for(struct store *store, const char *path, int64_t line, struct arena *a,
	      trace_duplicates *ret, struct bldr_error *err)
{
	char reason[DUPLICATE_REASON_MAX];
	sqlite3_stmt *stmt;
	int rc = ask(store,
		     "SELECT line, raw FROM bldr_quarantine WHERE path = ?1 AND "
		     "kind = 'duplicate' AND reason = ?2 ORDER BY byte_offset",
		     path, &stmt, err);

	if (rc == 1) {
		raw_source_duplicate_reason(line, reason);
		(void)sqlite3_bind_text(stmt, 2, reason, -1, SQLITE_STATIC);
	}
	while (rc == 1 && (rc = store_step(store, stmt, err)) == 1) {
		*LIST_ADD(a, ret) = (struct trace_duplicate){
			.line = sqlite3_column_int64(stmt, 0),
			.raw = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 1)),
		};
	}
	return rc;
}

int aside_cell(struct store *store, const char *path, int64_t line, const char *column,
	       const char *text, struct arena *a, const char **ret_reason, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = ask(store,
		     "SELECT reason FROM bldr_refused_cell WHERE path = ?1 AND line = ?2 AND "
		     "\"column\" = ?3 AND text = ?4",
		     path, &stmt, err);

	if (rc == 1) {
		(void)sqlite3_bind_int64(stmt, 2, line);
		(void)sqlite3_bind_text(stmt, 3, column, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(stmt, 4, text,
					(int)utf8_cut(text, strlen(text), QUARANTINE_RAW_MAX),
					SQLITE_STATIC);
		rc = store_step(store, stmt, err);
	}
	if (rc == 1) {
		*ret_reason = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 0));
		(void)sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}
