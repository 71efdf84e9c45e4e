/*
 * Local effects: what they write and what they return are part of the commit that makes their intent durable.
 *
 *	intent + write + result, one commit ---> delivered to the run ---> status, events: the next commit
 *	                                   \--> crash: status is still NULL, the result is read, not made again
 *
 * An effect that fails leaves only its result: a savepoint undoes what it wrote. A disk that fails takes the whole
 * batch with it, as any other write of the commit would.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "journal/tables.h"

/* What an earlier commit stored; *ret_found: whether there is something. */
static int stored_result(struct journal *j, int64_t thread, struct journal_local *l,
			 bool *ret_found, struct bldr_error *err)
{
	struct arena a = { 0 };
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;
	int rc = JOURNAL_ASK(j, "SELECT code, value, error FROM effect WHERE thread=?1 AND id=?2",
			     &stmt, err, thread, l->effect);

	if (rc < 0) {
		return rc;
	}
	rc = store_step(j->store, stmt, err);
	if (rc == 0) {
		return journal_damaged(j, err, "no local effect %lld", (long long)l->effect);
	}
	if (rc == 1) {
		*ret_found = sqlite3_column_type(stmt, 0) != SQLITE_NULL;
		l->code = sqlite3_column_int(stmt, 0);
		rc = journal_column_value(j, stmt, 1, &a, &text, err);
	}
	if (rc == 0 && *ret_found) {
		const char *error = (const char *)sqlite3_column_text(stmt, 2);

		l->text = text != NULL ? xstrdup(text) : NULL;
		l->error = error != NULL ? xstrdup(error) : NULL;
	}
	(void)sqlite3_reset(stmt);
	arena_release(&a);
	return rc;
}

static int store_result(struct journal *j, int64_t thread, const struct journal_local *l,
			struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "UPDATE effect SET code=?3, value=?4, error=?5"
			     " WHERE thread=?1 AND id=?2 AND status IS NULL",
			     &stmt, err, thread, l->effect, l->code);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 4, l->text, err);
	}
	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 5, l->error, -1, SQLITE_STATIC);
	return store_step(j->store, stmt, err);
}

static bool is_disk(int code)
{
	return code == BLDR_E_IO || code == BLDR_E_CORRUPT;
}

static int perform(struct journal *j, const char *thread, struct journal_local *l, int64_t now_ms,
		   struct bldr_error *err)
{
	struct bldr_error why = { 0 };
	int rc = journal_do(j, "SAVEPOINT local", NULL, 0, err);

	if (rc < 0) {
		return rc;
	}
	rc = j->perform != NULL
		? j->perform(j->perform_user, j->store, thread, now_ms, l, &why)
		: bldr_error_set(&why, BLDR_E_NOT_FOUND, "nobody performs local effects");
	if (rc < 0 && (is_disk(rc) || sqlite3_get_autocommit(store_db(j->store)))) {
		return bldr_error_set(err, rc, "%s", why.text);
	}
	if (rc < 0) {
		l->code = rc;
		l->error = xstrdup(why.text);
		rc = journal_do(j, "ROLLBACK TO local", NULL, 0, err);
	}
	return rc < 0 ? rc : journal_do(j, "RELEASE local", NULL, 0, err);
}

int local_commit(struct journal *j, int64_t thread, const char *thread_id, struct journal_local *l,
		 int64_t now_ms, struct bldr_error *err)
{
	bool found = false;
	int rc = stored_result(j, thread, l, &found, err);

	if (rc < 0 || found) {
		return rc;
	}
	rc = perform(j, thread_id, l, now_ms, err);
	return rc < 0 ? rc : store_result(j, thread, l, err);
}
