/* What threads share: cached results, rates, the structures of graphs. */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "journal/tables.h"

void journal_cache_hash(const char *kind, const char *request, char ret[HASH_HEX_MAX])
{
	char *text = xasprintf("%s\n%s", kind, request);

	hash_bytes(text, strlen(text), ret);
	free(text);
}

int journal_cache_find(struct journal *j, const char *hash, int64_t now_ms, struct arena *a,
		       const char **ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "SELECT value FROM cache WHERE expires_ms>?1 AND hash=?2", &stmt,
			     err, now_ms);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 2, hash, -1, SQLITE_TRANSIENT);
	rc = store_step(j->store, stmt, err);
	if (rc == 1) {
		int bad = journal_column_value(j, stmt, 0, a, ret, err);

		(void)sqlite3_reset(stmt);
		rc = bad < 0 ? bad : 1;
	}
	return rc;
}

int journal_rate_at(struct journal *j, const char *kind, int64_t *ret_us, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(j->store, "SELECT at_us FROM rate WHERE kind=?1", &stmt, err);

	*ret_us = 0;
	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_TRANSIENT);
	rc = store_step(j->store, stmt, err);
	if (rc == 1) {
		*ret_us = sqlite3_column_int64(stmt, 0);
		(void)sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}

int journal_graph_put(struct journal *j, const char *hash, const char *name, unsigned version,
		      const char *structure, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "INSERT OR IGNORE INTO graph(version, hash, name, structure)"
			     " VALUES (?1,?2,?3,?4)",
			     &stmt, err, version);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 2, hash, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(stmt, 3, name, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text(stmt, 4, structure, -1, SQLITE_TRANSIENT);
	return store_step(j->store, stmt, err);
}

int journal_graph_get(struct journal *j, const char *hash, struct arena *a, const char **ret,
		      struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(j->store, "SELECT structure FROM graph WHERE hash=?1", &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_TRANSIENT);
	rc = store_step(j->store, stmt, err);
	if (rc == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no structure of the graph %.12s is kept in \"%s\"", hash,
				      store_path(j->store));
	}
	if (rc == 1) {
		*ret = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 0));
		(void)sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}
