/*
 * Writes a batch: one transaction of the threads' parts, the rates and the jobs. A part begins with
 * the compare-and-swap on its thread's head, or with the new thread's row: one that lost its head
 * (or its name) to somebody else has written nothing then and is passed over. A job that fails is
 * undone alone. Any other failure leaves nothing of the batch.
 */
#include "journal/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "journal/pack.h"
#include "journal/tables.h"

_Static_assert(RUN_RUNNING == 0 && RUN_DONE == 1 && RUN_FAILED == 2 && RUN_PAUSED == 3,
	       "stored in thread.status");
_Static_assert(STEP_INPUT == 0 && STEP_LOOP == 1 && STEP_UPDATE == 2 && STEP_FORK == 3 &&
		       STEP_MIGRATE == 4,
	       "stored in step.source");
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
				      JOURNAL_RECORD_MAX);
	}
	(void)sqlite3_bind_text64(stmt, index, b->data, b->size, SQLITE_STATIC, SQLITE_UTF8);
	rc = store_step(j->store, stmt, err);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

/* The frames of the root graph that a part may hold records of: the lineage before, that after, and new ones. */
static bool is_lineage(const struct journal_part *p, const struct step_record *s)
{
	return s->frame == 0 || s->frame == p->thread->root || s->frame == p->update->root ||
		s->source == STEP_FORK;
}

static int put_step(struct journal *j, const struct journal_part *p, const struct step_record *s,
		    struct bldr_error *err)
{
	bool lineage = is_lineage(p, s);
	struct buf b;
	sqlite3_stmt *stmt = NULL;
	int rc;

	buf_init(&b, JOURNAL_RECORD_MAX);
	rc = pack_step(j, s, &b, err);
	if (rc == 0) {
		rc = JOURNAL_ASK(j,
				 "INSERT INTO step(thread, frame, step, at_ms, base, source, first,"
				 " held, lineage, event, record, from_frame, from_step)"
				 " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
				 &stmt, err, j->owner, s->frame, s->step, s->at_ms, s->base,
				 (int64_t)s->source, s->first, s->held, lineage,
				 p->thread->last_event + 1);
	}
	if (rc == 0 && s->source == STEP_FORK && s->from_step >= 0) {
		(void)sqlite3_bind_int64(stmt, 12, s->from_frame);
		(void)sqlite3_bind_int64(stmt, 13, s->from_step);
	}
	if (rc == 0) {
		rc = put_record(j, stmt, 11, &b, err);
	}
	buf_release(&b);
	if (rc == 0 && s->base && j->keep_steps > 0) {
		rc = prune_behind(j, j->owner, s, lineage, err);
	}
	return rc;
}

static int put_patch(struct journal *j, const struct patch_record *p, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT INTO patch VALUES (?1,?2,?3)", &stmt, err, j->owner,
			     p->task);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 3, p->text);
	return store_step(j->store, stmt, err);
}

static int put_round(struct journal *j, const struct round_record *k, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT OR REPLACE INTO round VALUES (?1,?2,?3,?4,?5)", &stmt, err,
			     j->owner, k->task, k->round, k->at_ms);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 5, k->kept, err);
	}
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

static int put_handler(struct journal *j, const struct handler_record *h, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT OR REPLACE INTO handler VALUES (?1,?2,?3,?4)", &stmt, err,
			     j->owner, h->task, h->at_ms);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 4, h->input, err);
	}
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

static int put_queued(struct journal *j, const struct queued_record *q, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT INTO queued VALUES (?1,?2,?3,?4)", &stmt, err, j->owner,
			     q->number, q->at_ms);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 4, q->input, err);
	}
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

/* The effect that the last statement was about was open, and is there. */
static int check_open(const struct journal *j, int64_t effect, struct bldr_error *err)
{
	return sqlite3_changes(store_db(j->store)) == 1
		? 0
		: journal_damaged(j, err, "effect %" PRId64 " of thread %" PRId64 " is not open",
				  effect, j->owner);
}

static int put_retry(struct journal *j, const struct retry_record *r, struct bldr_error *err)
{
	int rc = JOURNAL_DO(j,
			    "UPDATE effect SET tries=?3, due_ms=?4"
			    " WHERE thread=?1 AND id=?2 AND status IS NULL",
			    err, j->owner, r->effect, r->tries, r->due_ms);

	return rc < 0 ? rc : check_open(j, r->effect, err);
}

static int put_intent(struct journal *j, const struct intent_record *i, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "INSERT INTO effect(thread, id, task, attempt, round, ordinal, class,"
			     " timeout_ms, at_ms, tries, due_ms, kind, key, request)"
			     " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
			     &stmt, err, j->owner, i->id, i->task, i->attempt, i->round, i->ordinal,
			     (int64_t)i->cls, i->timeout_ms, i->at_ms, i->tries, i->due_ms);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 12, i->kind);
	bind_text(stmt, 13, i->key);
	rc = journal_bind_value(j, stmt, 14, i->request, err);
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

static int put_result(struct journal *j, const struct result_record *r, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "UPDATE effect SET status=?3, code=?4, value=?5, error=?6"
			     " WHERE thread=?1 AND id=?2 AND status IS NULL",
			     &stmt, err, j->owner, r->effect, (int64_t)r->status, r->code);

	if (rc == 0) {
		rc = journal_bind_value(j, stmt, 5, r->value, err);
	}
	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 6, r->error);
	rc = store_step(j->store, stmt, err);
	return rc < 0 ? rc : check_open(j, r->effect, err);
}

static int put_events(struct journal *j, const struct update *u, struct bldr_error *err)
{
	struct buf b;
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT INTO event VALUES (?1,?2,?3)", &stmt, err, j->owner,
			     u->events.at[0].seq);

	if (rc < 0) {
		return rc;
	}
	buf_init(&b, JOURNAL_RECORD_MAX);
	pack_events(u->events.at, u->events.n, &b);
	rc = put_record(j, stmt, 3, &b, err);
	buf_release(&b);
	return rc;
}

/* A table whose rows hang on tasks, and how they are dropped. */
struct hanging {
	const char *older; /* ?2: the first task that stays */
	const char *tasks; /* ?2, ?3: a frame and a superstep of it, whose tasks they are */
};

#define HANGING(table)                                                                                     \
	{                                                                                                  \
		"DELETE FROM " table " WHERE thread=?1 AND task<?2",                                       \
			"DELETE FROM " table " WHERE thread=?1 AND task IN ("                              \
			"SELECT json_extract(t.value,'$[0]') FROM step s, json_each(s.record,'$.tasks') t" \
			" WHERE s.thread=?1 AND s.frame=?2 AND s.step=?3)"                                 \
	}

/*
 * Drops what hangs on tasks that are over, since the record that begins holds what they wrote. When it is the root's, all
 * older tasks are; otherwise those of the frame's superstep before.
 */
static int drop_hanging(struct journal *j, const struct journal_part *p,
			const struct step_record *s, struct bldr_error *err)
{
	static const struct hanging tables[] = { HANGING("patch"), HANGING("round"),
						 HANGING("handler") };
	int64_t first = s->tasks.n > 0 ? s->tasks.at[0].id : INT64_MAX;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
		rc = is_lineage(p, s)
			? JOURNAL_DO(j, tables[i].older, err, j->owner, first)
			: JOURNAL_DO(j, tables[i].tasks, err, j->owner, s->frame, s->step - 1);
	}
	return rc;
}

static int drop_done(struct journal *j, const struct journal_part *p, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT 1 WHERE EXISTS (SELECT 1 FROM patch WHERE thread=?1)"
			     " OR EXISTS (SELECT 1 FROM round WHERE thread=?1)"
			     " OR EXISTS (SELECT 1 FROM handler WHERE thread=?1)",
			     &stmt, err, j->owner);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc <= 0) {
		return rc;
	}
	(void)sqlite3_reset(stmt);
	rc = 0;
	for (size_t i = 0; rc == 0 && i < p->update->steps.n; i++) {
		rc = drop_hanging(j, p, &p->update->steps.at[i], err);
	}
	return rc;
}

static int put_tasks(struct journal *j, const struct update *u, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < u->patches.n; i++) {
		rc = put_patch(j, &u->patches.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->handlers.n; i++) {
		rc = put_handler(j, &u->handlers.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->rounds.n; i++) {
		rc = put_round(j, &u->rounds.at[i], err);
	}
	return rc;
}

static int put_effects(struct journal *j, const struct update *u, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < u->intents.n; i++) {
		rc = put_intent(j, &u->intents.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->retries.n; i++) {
		rc = put_retry(j, &u->retries.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < u->results.n; i++) {
		rc = put_result(j, &u->results.at[i], err);
	}
	return rc;
}

static int put_queue(struct journal *j, const struct update *u, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < u->queued.n; i++) {
		rc = put_queued(j, &u->queued.at[i], err);
	}
	if (rc == 0 && u->taken > 0) {
		rc = JOURNAL_DO(j, "DELETE FROM queued WHERE thread=?1 AND number<=?2", err,
				j->owner, u->taken);
	}
	return rc;
}

static int put_update(struct journal *j, const struct journal_part *p, struct bldr_error *err)
{
	const struct update *u = p->update;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < u->steps.n; i++) {
		rc = put_step(j, p, &u->steps.at[i], err);
	}
	if (rc == 0) {
		rc = put_tasks(j, u, err);
	}
	if (rc == 0) {
		rc = put_effects(j, u, err);
	}
	if (rc == 0 && u->steps.n > 0) {
		rc = drop_done(j, p, err);
	}
	if (rc == 0) {
		rc = put_queue(j, u, err);
	}
	return rc == 0 && u->events.n > 0 ? put_events(j, u, err) : rc;
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
			     " last_event, seed, code, graph_version, root, step, head, id, graph,"
			     " graph_hash, error)"
			     " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,1,?11,?12,?13,?14)",
			     &stmt, err, now_ms, now_ms, (int64_t)u->status, u->next_id,
			     u->last_event, (int64_t)t->seed, u->code, t->graph_version, u->root,
			     u->step);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 11, t->id);
	bind_text(stmt, 12, t->graph);
	bind_text(stmt, 13, t->graph_hash);
	bind_text(stmt, 14, u->error);
	rc = store_step(j->store, stmt, err);
	*ret_rowid = sqlite3_last_insert_rowid(store_db(j->store));
	return rc;
}

/*
 * The compare-and-swap. CHANGED when the thread's head is no longer where we left it, or the thread
 * is gone. The graph is another one when the thread was migrated.
 */
static int advance_thread(struct journal *j, const struct journal_part *p, int64_t now_ms,
			  struct bldr_error *err)
{
	const struct journal_thread *t = p->thread;
	const struct update *u = p->update;
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "UPDATE thread SET head=head+1, updated_ms=?3, status=?4, next_id=?5,"
			     " last_event=?6, code=?7, graph_version=?8, root=?9, step=?10,"
			     " graph_hash=?11, error=?12"
			     " WHERE number=?1 AND head=?2 AND id=?13",
			     &stmt, err, t->rowid, t->head, now_ms, (int64_t)u->status, u->next_id,
			     u->last_event, u->code, t->graph_version, u->root, u->step);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 11, t->graph_hash);
	bind_text(stmt, 12, u->error);
	bind_text(stmt, 13, t->id);
	rc = store_step(j->store, stmt, err);
	if (rc == 0 && sqlite3_changes(store_db(j->store)) != 1) {
		rc = bldr_error_set(err, BLDR_E_CHANGED, "thread \"%s\" was advanced by others",
				    t->id);
	}
	return rc;
}

static int put_cached(struct journal *j, const struct journal_cached *c, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	j->owner = 0;
	rc = JOURNAL_ASK(j,
			 "INSERT OR REPLACE INTO cache(expires_ms, hash, value) VALUES (?1,?2,?3)",
			 &stmt, err, c->expires_ms);
	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 2, c->hash);
	rc = journal_bind_value(j, stmt, 3, c->value, err);
	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

static int put_rate(struct journal *j, const struct journal_rate *r, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "INSERT OR REPLACE INTO rate(at_us, kind) VALUES (?1,?2)", &stmt,
			     err, r->at_us);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 2, r->kind);
	return store_step(j->store, stmt, err);
}

/* Stores one part, or says in its result why not. Negative: the batch is lost. */
static int commit_part(struct journal *j, struct journal_part *p, int64_t now_ms,
		       int64_t *ret_rowid, struct bldr_error *err)
{
	bool new_thread = p->thread->rowid == 0;
	int rc;

	p->result = 0;
	*ret_rowid = p->thread->rowid;
	rc = new_thread ? insert_thread(j, p, now_ms, ret_rowid, err)
			: advance_thread(j, p, now_ms, err);
	if (rc == (new_thread ? BLDR_E_EXISTS : BLDR_E_CHANGED)) {
		p->result = rc;
		return 0;
	}
	j->owner = *ret_rowid;
	if (rc == 0) {
		rc = put_update(j, p, err);
	}
	for (size_t i = 0; rc == 0 && i < p->n_locals; i++) {
		rc = local_commit(j, *ret_rowid, p->thread->id, &p->locals[i], now_ms, err);
	}
	for (size_t i = 0; rc == 0 && i < p->n_cached; i++) {
		rc = put_cached(j, &p->cached[i], err);
	}
	return rc;
}

/* Does one job, or undoes it alone and says why in it. Negative: the batch is lost. */
static int commit_job(struct journal *j, struct journal_job *job, int64_t now_ms,
		      struct bldr_error *err)
{
	int rc = journal_do(j, "SAVEPOINT job", NULL, 0, err);

	if (rc < 0) {
		return rc;
	}
	job->error = (struct bldr_error){ 0 };
	job->result = job->run(j, job->user, now_ms, &job->error);
	/* a full disk may have rolled everything back */
	if (job->result == BLDR_E_IO || job->result == BLDR_E_CORRUPT ||
	    sqlite3_get_autocommit(store_db(j->store))) {
		return bldr_error_set(err, BLDR_E_IO, "%s", job->error.text);
	}
	if (job->result < 0) {
		rc = journal_do(j, "ROLLBACK TO job", NULL, 0, err);
	}
	return rc < 0 ? rc : journal_do(j, "RELEASE job", NULL, 0, err);
}

static void committed(struct journal_part *p, int64_t rowid, int64_t now_ms)
{
	struct journal_thread *t = p->thread;
	const struct update *u = p->update;

	if (t->rowid == 0) {
		t->created_ms = now_ms;
	}
	t->rowid = rowid;
	t->head++;
	t->updated_ms = now_ms;
	t->status = u->status;
	t->root = u->root;
	t->step = u->step;
	t->next_id = u->next_id;
	t->last_event = u->last_event;
	t->code = u->code;
	(void)snprintf(t->error, sizeof(t->error), "%s", u->error != NULL ? u->error : "");
}

static int commit_all(struct journal *j, const struct journal_batch *b, int64_t now_ms,
		      int64_t *ret_rowids, struct bldr_error *err)
{
	int rc = journal_do(j, "BEGIN IMMEDIATE", NULL, 0, err);

	for (size_t i = 0; rc == 0 && i < b->n_parts; i++) {
		rc = commit_part(j, &b->parts[i], now_ms, &ret_rowids[i], err);
	}
	j->owner = 0;
	for (size_t i = 0; rc == 0 && i < b->n_rates; i++) {
		rc = put_rate(j, &b->rates[i], err);
	}
	for (size_t i = 0; rc == 0 && i < b->n_jobs; i++) {
		rc = commit_job(j, &b->jobs[i], now_ms, err);
	}
	return rc < 0 ? rc : journal_do(j, "COMMIT", NULL, 0, err);
}

int journal_commit(struct journal *j, const struct journal_batch *b, int64_t now_ms,
		   struct bldr_error *err)
{
	struct bldr_error why = { 0 };
	int64_t *rowids = xcalloc(b->n_parts + 1, sizeof(*rowids));
	int rc = commit_all(j, b, now_ms, rowids, &why);

	for (size_t i = 0; rc == 0 && i < b->n_parts; i++) {
		if (b->parts[i].result == 0) {
			committed(&b->parts[i], rowids[i], now_ms);
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
