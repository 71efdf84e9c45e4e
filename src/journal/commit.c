/*
 * Writes a batch: one transaction, in it one savepoint per thread's part, opened by the
 * compare-and-swap on the thread's head. The happy path makes every part durable at once; a part
 * that lost its head (or its name) to somebody else is rolled back alone, and any other failure
 * leaves nothing of the batch.
 */
#include "journal/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "journal/pack.h"
#include "journal/tables.h"

/* The text of one superstep record or one update's events. */
#define RECORD_MAX ((size_t)256 << 20)

#define JOURNAL_DO(j, sql, err, ...)                             \
	journal_do((j), (sql), (const int64_t[]){ __VA_ARGS__ }, \
		   sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (err))

_Static_assert(RUN_RUNNING == 0 && RUN_DONE == 1 && RUN_FAILED == 2, "stored in thread.status");
_Static_assert(BLDR_PURE == 0 && BLDR_KEYED == 1 && BLDR_ONCE == 2 && BLDR_LOCAL == 3,
	       "stored in effect.class");
_Static_assert(BLDR_DONE == 0 && BLDR_FAILED == 1 && BLDR_TIMED_OUT == 2 && BLDR_CANCELLED == 3 &&
		       BLDR_UNKNOWN == 4,
	       "stored in effect.status");

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	(void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

/* Binds a finished record and runs the statement. */
static int put_record(struct journal *j, sqlite3_stmt *stmt, int index, const struct buf *b,
		      struct bldr_error *err)
{
	int rc;

	if (buf_failed(b)) {
		return bldr_error_set(err, BLDR_E_LIMIT, "a record of more than %zu bytes",
				      RECORD_MAX);
	}
	(void)sqlite3_bind_text64(stmt, index, b->data, b->size, SQLITE_STATIC, SQLITE_UTF8);
	rc = store_step(j->store, stmt, err);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

static int put_step(struct journal *j, int64_t thread, const struct step_record *s,
		    struct bldr_error *err)
{
	struct buf b;
	sqlite3_stmt *stmt = NULL;
	int rc;

	buf_init(&b, RECORD_MAX);
	rc = pack_step(j, s, &b, err);
	if (rc == 0) {
		rc = JOURNAL_ASK(j, "INSERT INTO step VALUES (?1,?2,?3,?4,?5,?6)", &stmt, err,
				 thread, s->frame, s->step, s->at_ms, s->base);
	}
	if (rc == 0) {
		rc = put_record(j, stmt, 6, &b, err);
	}
	buf_release(&b);
	return rc;
}

static int put_patch(struct journal *j, int64_t thread, const struct patch_record *p,
		     struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT INTO patch VALUES (?1,?2,?3)", &stmt, err, thread, p->task);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 3, p->text);
	return store_step(j->store, stmt, err);
}

static int put_round(struct journal *j, int64_t thread, const struct round_record *k,
		     struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT OR REPLACE INTO round VALUES (?1,?2,?3,?4,?5)", &stmt, err,
			     thread, k->task, k->round, k->at_ms);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 5, k->kept, err);
	}
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

static int put_intent(struct journal *j, int64_t thread, const struct intent_record *i,
		      struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "INSERT INTO effect(thread, id, task, attempt, round, ordinal, class,"
			     " timeout_ms, at_ms, kind, key, request)"
			     " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
			     &stmt, err, thread, i->id, i->task, i->attempt, i->round, i->ordinal,
			     (int64_t)i->cls, i->timeout_ms, i->at_ms);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 10, i->kind);
	bind_text(stmt, 11, i->key);
	rc = journal_bind_value(j, stmt, 12, i->request, err);
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

static int put_result(struct journal *j, int64_t thread, const struct result_record *r,
		      struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "UPDATE effect SET status=?3, code=?4, value=?5, error=?6"
			     " WHERE thread=?1 AND id=?2 AND status IS NULL",
			     &stmt, err, thread, r->effect, (int64_t)r->status, r->code);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 5, r->value, err);
	}
	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 6, r->error);
	rc = store_step(j->store, stmt, err);
	if (rc == 0 && sqlite3_changes(store_db(j->store)) != 1) {
		rc = journal_damaged(j, err, "effect %" PRId64 " of thread %" PRId64 " is not open",
				     r->effect, thread);
	}
	return rc;
}

static int put_events(struct journal *j, int64_t thread, const struct update *u,
		      struct bldr_error *err)
{
	struct buf b;
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT INTO event VALUES (?1,?2,?3)", &stmt, err, thread,
			     u->events.at[0].seq);

	if (rc < 0) {
		return rc;
	}
	buf_init(&b, RECORD_MAX);
	pack_events(u->events.at, u->events.n, &b);
	rc = put_record(j, stmt, 3, &b, err);
	buf_release(&b);
	return rc;
}

/* The rows that hang on the tasks of a superstep. */
struct hanging {
	const char *any, *drop;
};

#define HANGING(table)                                                                                     \
	{                                                                                                  \
		"SELECT 1 FROM " table " WHERE thread=?1 LIMIT 1",                                         \
			"DELETE FROM " table " WHERE thread=?1 AND task IN ("                              \
			"SELECT json_extract(t.value,'$[0]') FROM step s, json_each(s.record,'$.tasks') t" \
			" WHERE s.thread=?1 AND s.frame=?2 AND s.step=?3-1)"                               \
	}

/* Drops those of the supersteps that ended: the records of the next ones hold what they wrote. */
static int drop_hanging(struct journal *j, int64_t thread, const struct update *u,
			const struct hanging *hanging, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, hanging->any, &stmt, err, thread);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc <= 0) {
		return rc;
	}
	(void)sqlite3_reset(stmt);
	rc = 0;
	for (size_t i = 0; rc == 0 && i < u->steps.n; i++) {
		rc = JOURNAL_DO(j, hanging->drop, err, thread, u->steps.at[i].frame,
				u->steps.at[i].step);
	}
	return rc;
}

static int drop_done(struct journal *j, int64_t thread, const struct update *u,
		     struct bldr_error *err)
{
	static const struct hanging patches = HANGING("patch");
	static const struct hanging rounds = HANGING("round");
	int rc = drop_hanging(j, thread, u, &patches, err);

	return rc < 0 ? rc : drop_hanging(j, thread, u, &rounds, err);
}

static int put_update(struct journal *j, int64_t thread, const struct update *u,
		      struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < u->steps.n; i++) {
		rc = put_step(j, thread, &u->steps.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->patches.n; i++) {
		rc = put_patch(j, thread, &u->patches.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->rounds.n; i++) {
		rc = put_round(j, thread, &u->rounds.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->intents.n; i++) {
		rc = put_intent(j, thread, &u->intents.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->results.n; i++) {
		rc = put_result(j, thread, &u->results.at[i], err);
	}
	if (rc == 0 && u->steps.n > 0) {
		rc = drop_done(j, thread, u, err);
	}
	if (rc == 0 && u->events.n > 0) {
		rc = put_events(j, thread, u, err);
	}
	return rc;
}

/* A new thread's row. Its rowid is the answer; EXISTS when the name is taken. */
static int insert_thread(struct journal *j, const struct journal_part *p, int64_t now_ms,
			 int64_t *ret_rowid, struct bldr_error *err)
{
	const struct journal_thread *t = p->thread;
	const struct update *u = p->update;
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "INSERT INTO thread(created_ms, updated_ms, status, next_id,"
			     " last_event, seed, code, head, id, graph, graph_hash, error)"
			     " VALUES (?1,?2,?3,?4,?5,?6,?7,1,?8,?9,?10,?11)",
			     &stmt, err, now_ms, now_ms, (int64_t)u->status, u->next_id,
			     u->last_event, (int64_t)t->seed, u->code);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 8, t->id);
	bind_text(stmt, 9, t->graph);
	bind_text(stmt, 10, t->graph_hash);
	bind_text(stmt, 11, u->error);
	rc = store_step(j->store, stmt, err);
	*ret_rowid = sqlite3_last_insert_rowid(store_db(j->store));
	return rc;
}

/* The compare-and-swap. CHANGED when the thread's head is no longer where we left it. */
static int advance_thread(struct journal *j, const struct journal_part *p, int64_t now_ms,
			  struct bldr_error *err)
{
	const struct journal_thread *t = p->thread;
	const struct update *u = p->update;
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "UPDATE thread SET head=head+1, updated_ms=?3, status=?4, next_id=?5,"
			     " last_event=?6, code=?7, error=?8 WHERE number=?1 AND head=?2",
			     &stmt, err, t->rowid, t->head, now_ms, (int64_t)u->status, u->next_id,
			     u->last_event, u->code);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 8, u->error);
	rc = store_step(j->store, stmt, err);
	if (rc == 0 && sqlite3_changes(store_db(j->store)) != 1) {
		rc = bldr_error_set(err, BLDR_E_CHANGED, "thread \"%s\" was advanced by others",
				    t->id);
	}
	return rc;
}

/* Stores one part, or undoes it alone and says so in its result. Negative: the batch is lost. */
static int commit_part(struct journal *j, struct journal_part *p, int64_t now_ms,
		       int64_t *ret_rowid, struct bldr_error *err)
{
	bool new_thread = p->thread->rowid == 0;
	int rc = journal_do(j, "SAVEPOINT part", NULL, 0, err);

	if (rc < 0) {
		return rc;
	}
	*ret_rowid = p->thread->rowid;
	rc = new_thread ? insert_thread(j, p, now_ms, ret_rowid, err)
			: advance_thread(j, p, now_ms, err);
	if (rc == (new_thread ? BLDR_E_EXISTS : BLDR_E_CHANGED)) {
		p->result = rc;
		rc = journal_do(j, "ROLLBACK TO part", NULL, 0, err);
	} else if (rc == 0) {
		rc = put_update(j, *ret_rowid, p->update, err);
		for (size_t i = 0; rc == 0 && i < p->n_locals; i++) {
			rc = local_commit(j, *ret_rowid, p->thread->id, &p->locals[i], now_ms, err);
		}
	}
	return rc < 0 ? rc : journal_do(j, "RELEASE part", NULL, 0, err);
}

static void committed(struct journal_part *p, int64_t rowid, int64_t now_ms)
{
	struct journal_thread *t = p->thread;
	const char *error = p->update->error;

	if (t->rowid == 0) {
		t->created_ms = now_ms;
	}
	t->rowid = rowid;
	t->head++;
	t->updated_ms = now_ms;
	t->status = p->update->status;
	t->next_id = p->update->next_id;
	t->last_event = p->update->last_event;
	t->code = p->update->code;
	(void)snprintf(t->error, sizeof(t->error), "%s", error != NULL ? error : "");
}

int journal_commit(struct journal *j, struct journal_part *parts, size_t n, int64_t now_ms,
		   struct bldr_error *err)
{
	struct bldr_error why = { 0 };
	int64_t *rowids = xcalloc(n, sizeof(*rowids));
	int rc = journal_do(j, "BEGIN IMMEDIATE", NULL, 0, &why);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		parts[i].result = 0;
		rc = commit_part(j, &parts[i], now_ms, &rowids[i], &why);
	}
	if (rc == 0) {
		rc = journal_do(j, "COMMIT", NULL, 0, &why);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (parts[i].result == 0) {
			committed(&parts[i], rowids[i], now_ms);
		}
	}
	free(rowids);
	if (rc < 0) {
		if (!sqlite3_get_autocommit(store_db(j->store))) {
			(void)journal_do(j, "ROLLBACK", NULL, 0, NULL);
		}
		rc = bldr_error_set(err, BLDR_E_IO, "%s", why.text);
	}
	return rc;
}
