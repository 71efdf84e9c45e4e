/*
 * A thread under another id. Row ids are per thread, so rows are copied as they are, but for what
 * begins with the thread's id: the keys of its effects.
 */
#include "journal/journal.h"

#include <string.h>

#include "journal/tables.h"

#define STEP_DATA                                                                               \
	"frame, step, at_ms, base, source, first, held, lineage, event, from_frame, from_step," \
	" record"
#define EFFECT_DATA                                                                          \
	"id, task, attempt, at_ms, round, ordinal, kind, class, request, timeout_ms, tries," \
	" due_ms, status, code, value, error"
#define SAME(table, columns)                                                            \
	"INSERT INTO " table "(thread, " columns ") SELECT ?2, " columns " FROM " table \
	" WHERE thread=?1"

/* ?1, ?2: the threads' numbers; ?3, ?4: their ids. */
static const char *const copies[] = {
	SAME("step", STEP_DATA),
	SAME("patch", "task, patch"),
	SAME("round", "task, round, at_ms, kept"),
	SAME("handler", "task, at_ms, input"),
	SAME("queued", "number, at_ms, input"),
	"INSERT INTO effect(thread, key, " EFFECT_DATA ")"
	" SELECT ?2, ?4||substr(key,length(?3)+1), " EFFECT_DATA " FROM effect WHERE thread=?1",
	"INSERT INTO event(thread, seq, events) SELECT ?2, seq,"
	" replace(replace(events,'\"key\":\"'||?3||'/','\"key\":\"'||?4||'/'),"
	"  '\"key\":\"'||?3||'~','\"key\":\"'||?4||'~')"
	" FROM event WHERE thread=?1",
};

static int copy_thread(struct journal *j, const struct journal_thread *t, const char *new_id,
		       int64_t now_ms, int64_t *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "INSERT INTO thread(id, graph, graph_hash, graph_version, root, step,"
			     " seed, created_ms, updated_ms, head, status, next_id, last_event,"
			     " code, error)"
			     " SELECT ?3, graph, graph_hash, graph_version, root, step, seed, ?2,"
			     " ?2, 1, status, next_id, last_event, code, error"
			     " FROM thread WHERE number=?1",
			     &stmt, err, t->rowid, now_ms);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 3, new_id, -1, SQLITE_TRANSIENT);
	rc = store_step(j->store, stmt, err);
	if (rc == BLDR_E_EXISTS) {
		rc = bldr_error_set(err, BLDR_E_EXISTS, "there is a thread \"%s\" already", new_id);
	}
	*ret = sqlite3_last_insert_rowid(store_db(j->store));
	return rc;
}

static int copy_rows(struct journal *j, const char *sql, const struct journal_thread *t,
		     int64_t number, const char *new_id, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, sql, &stmt, err, t->rowid, number);

	if (rc < 0) {
		return rc;
	}
	if (sqlite3_bind_parameter_count(stmt) == 4) {
		(void)sqlite3_bind_text(stmt, 3, t->id, -1, SQLITE_TRANSIENT);
		(void)sqlite3_bind_text(stmt, 4, new_id, -1, SQLITE_TRANSIENT);
	}
	return store_step(j->store, stmt, err);
}

int journal_copy(struct journal *j, const char *id, const char *new_id, int64_t now_ms,
		 struct bldr_error *err)
{
	struct journal_thread t;
	int64_t number = 0;
	int rc = journal_thread(j, id, &t, err);

	if (rc == 0) {
		rc = copy_thread(j, &t, new_id, now_ms, &number, err);
	}
	for (size_t i = 0; rc == 0 && i < sizeof(copies) / sizeof(copies[0]); i++) {
		rc = copy_rows(j, copies[i], &t, number, new_id, err);
	}
	/* what was the thread's own, others name now */
	return rc < 0 ? rc
		      : JOURNAL_DO(j, "UPDATE blob SET thread=0 WHERE thread=?1", err, t.rowid);
}
