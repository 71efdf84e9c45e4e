/*
 * Drops what a thread has behind it: superstep records, what hangs on their tasks (effects, the
 * frames of subgraphs, patches, rounds), events, large values. Everything goes with a frame's
 * supersteps: those before a base record, since the state at any later one is made without them.
 * All of it stands in the transaction of the caller.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "journal/pack.h"
#include "journal/tables.h"

#define EACH_TASK "SELECT json_extract(t.value,'$[0]') FROM step s, json_each(s.record,'$.tasks') t"

/*
 * The hashes that rows name; of: "" for all rows, or OF_THREAD. Records are looked into when a null with something
 * behind it stands in them.
 */
#define OF_THREAD "thread=?1 AND "
#define NAMED(of)                                                                                     \
	"SELECT json_extract(w.value,'$[3]') FROM step s, json_each(s.record,'$.writes') w WHERE " of \
	"instr(s.record,'null,\"')>0 AND json_array_length(w.value)=4"                                \
	" UNION SELECT json_extract(t.value,'$[4]') FROM step s, json_each(s.record,'$.tasks') t"     \
	" WHERE " of "instr(s.record,'null,\"')>0 AND json_array_length(t.value)=5"                   \
	" UNION SELECT CAST(request AS TEXT) FROM effect WHERE " of "typeof(request)='blob'"          \
	" UNION SELECT CAST(value AS TEXT) FROM effect WHERE " of "typeof(value)='blob'"              \
	" UNION SELECT CAST(kept AS TEXT) FROM round WHERE " of "typeof(kept)='blob'"                 \
	" UNION SELECT CAST(input AS TEXT) FROM handler WHERE " of "typeof(input)='blob'"             \
	" UNION SELECT CAST(input AS TEXT) FROM queued WHERE " of "typeof(input)='blob'"

/* Tasks of some supersteps of a frame, and those of the subgraphs they opened. */
struct tree {
	const char *ids; /* JSON */
	int64_t first;   /* the least one; 0: there is none */
};

static int find_tree(struct journal *j, int64_t thread, int64_t frame, int64_t from, int64_t until,
		     struct arena *a, struct tree *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "WITH RECURSIVE tree(id) AS (" EACH_TASK
			     " WHERE s.thread=?1 AND s.frame=?2 AND s.step>=?3 AND s.step<?4"
			     " UNION ALL SELECT json_extract(t.value,'$[0]')"
			     " FROM tree, step s, json_each(s.record,'$.tasks') t"
			     " WHERE s.thread=?1 AND s.frame=tree.id)"
			     " SELECT json_group_array(id), coalesce(min(id),0) FROM tree",
			     &stmt, err, thread, frame, from, until);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc == 1) {
		ret->ids = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 0));
		ret->first = sqlite3_column_int64(stmt, 1);
		(void)sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}

#define HANGING(table)                                       \
	"DELETE FROM " table " WHERE thread=?1 AND task>=?2" \
	" AND task IN (SELECT value FROM json_each(?3))"

/* With the thread, the least id and the ids as parameters. An effect's id is greater than its task's. */
static const char *const of_tree[] = {
	HANGING("patch"),
	HANGING("round"),
	HANGING("handler"),
	"DELETE FROM effect WHERE thread=?1 AND id>?2"
	" AND task IN (SELECT value FROM json_each(?3))",
	"DELETE FROM step WHERE thread=?1 AND frame>=?2"
	" AND frame IN (SELECT value FROM json_each(?3))",
};
enum { N_OF_TREE = sizeof(of_tree) / sizeof(of_tree[0]) };

/* What hangs on the tasks. */
static int drop_tree(struct journal *j, int64_t thread, const struct tree *tree,
		     struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && tree->first != 0 && i < N_OF_TREE; i++) {
		sqlite3_stmt *stmt = NULL;

		rc = JOURNAL_ASK(j, of_tree[i], &stmt, err, thread, tree->first);
		if (rc == 0) {
			(void)sqlite3_bind_text(stmt, 3, tree->ids, -1, SQLITE_STATIC);
			rc = store_step(j->store, stmt, err);
			(void)sqlite3_clear_bindings(stmt);
		}
	}
	return rc;
}

/* The supersteps of a frame before `step`, and all that hangs on them. */
static int drop_before(struct journal *j, int64_t thread, int64_t frame, int64_t step,
		       struct bldr_error *err)
{
	struct arena a = { 0 };
	struct tree tree = { 0 };
	int rc = find_tree(j, thread, frame, INT64_MIN, step, &a, &tree, err);

	if (rc == 0) {
		rc = drop_tree(j, thread, &tree, err);
	}
	if (rc == 0) {
		rc = JOURNAL_DO(j, "DELETE FROM step WHERE thread=?1 AND frame=?2 AND step<?3", err,
				thread, frame, step);
	}
	arena_release(&a);
	return rc;
}

/* What one number answers; *ret_found: whether there is one. */
static int number(struct journal *j, sqlite3_stmt *stmt, int64_t *ret, bool *ret_found,
		  struct bldr_error *err)
{
	int rc = store_step(j->store, stmt, err);

	*ret_found = rc == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	if (*ret_found) {
		*ret = sqlite3_column_int64(stmt, 0);
	}
	(void)sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

/* The newest base record of a frame up to a superstep. */
static int base_until(struct journal *j, int64_t thread, int64_t frame, int64_t step, int64_t *ret,
		      bool *ret_found, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT step FROM step WHERE thread=?1 AND frame=?2 AND step<=?3"
			     " AND base=1 ORDER BY step DESC LIMIT 1",
			     &stmt, err, thread, frame, step);

	return rc < 0 ? rc : number(j, stmt, ret, ret_found, err);
}

/* Events before those of the oldest record of a lineage that is left. */
static int drop_events(struct journal *j, int64_t thread, int64_t lineage, struct bldr_error *err)
{
	return JOURNAL_DO(j,
			  "DELETE FROM event WHERE thread=?1 AND seq<(SELECT event FROM step"
			  " WHERE thread=?1 AND frame=?2 ORDER BY step LIMIT 1)",
			  err, thread, lineage);
}

/* Large values of the thread's own that its rows do not name any more. */
static int drop_values(struct journal *j, int64_t thread, struct bldr_error *err)
{
	return JOURNAL_DO(j,
			  "DELETE FROM blob WHERE thread=?1 AND hash NOT IN (" NAMED(OF_THREAD) ")",
			  err, thread);
}

int prune_behind(struct journal *j, int64_t thread, const struct step_record *s, bool root,
		 struct bldr_error *err)
{
	int64_t base = 0;
	bool found = false;
	int rc = base_until(j, thread, s->frame, s->step - j->keep_steps + 1, &base, &found, err);

	if (rc < 0 || !found) {
		return rc;
	}
	rc = drop_before(j, thread, s->frame, base, err);
	if (rc == 0 && root) {
		rc = drop_events(j, thread, s->frame, err);
	}
	return rc < 0 ? rc : drop_values(j, thread, err);
}

static int newest_step(struct journal *j, int64_t thread, int64_t frame, int64_t *ret,
		       bool *ret_found, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "SELECT max(step) FROM step WHERE thread=?1 AND frame=?2", &stmt,
			     err, thread, frame);

	return rc < 0 ? rc : number(j, stmt, ret, ret_found, err);
}

/* Whether a superstep of a frame, or a subgraph of it, waits for a person. */
static int waits(struct journal *j, int64_t thread, int64_t frame, int64_t step, bool *ret,
		 struct bldr_error *err)
{
	struct arena a = { 0 };
	struct tree tree = { 0 };
	sqlite3_stmt *stmt = NULL;
	int64_t one = 0;
	int rc = find_tree(j, thread, frame, step, step + 1, &a, &tree, err);

	*ret = false;
	if (rc == 0 && tree.first != 0) {
		rc = JOURNAL_ASK(j,
				 "SELECT 1 FROM effect WHERE thread=?1 AND id>?2 AND status IS NULL"
				 " AND kind='interrupt'"
				 " AND task IN (SELECT value FROM json_each(?3)) LIMIT 1",
				 &stmt, err, thread, tree.first);
	}
	if (rc == 0 && stmt != NULL) {
		(void)sqlite3_bind_text(stmt, 3, tree.ids, -1, SQLITE_STATIC);
		rc = number(j, stmt, &one, ret, err);
		(void)sqlite3_clear_bindings(stmt);
	}
	arena_release(&a);
	return rc;
}

/* A lineage that was left: of one that waits for a person that superstep stays. */
static int prune_left(struct journal *j, int64_t thread, int64_t frame, struct bldr_error *err)
{
	int64_t last = 0;
	int64_t base = INT64_MAX;
	bool found = false;
	bool waiting = false;
	int rc = newest_step(j, thread, frame, &last, &found, err);

	if (rc == 0 && found) {
		rc = waits(j, thread, frame, last, &waiting, err);
	}
	if (rc == 0 && waiting) {
		rc = base_until(j, thread, frame, last, &base, &found, err);
	}
	return rc < 0 ? rc : drop_before(j, thread, frame, base, err);
}

/* The lineages of a thread but the current one, in a. */
static int find_left(struct journal *j, const struct journal_thread *t, struct arena *a,
		     int64_list *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT DISTINCT frame FROM step"
			     " WHERE thread=?1 AND lineage=1 AND frame<>?2",
			     &stmt, err, t->rowid, t->root);

	while (rc == 0 && (rc = store_step(j->store, stmt, err)) == 1) {
		*LIST_ADD(a, ret) = sqlite3_column_int64(stmt, 0);
		rc = 0;
	}
	return rc;
}

static int prune_current(struct journal *j, const struct journal_thread *t, int64_t keep,
			 struct bldr_error *err)
{
	int64_t last = 0;
	int64_t base = 0;
	bool found = false;
	int rc = newest_step(j, t->rowid, t->root, &last, &found, err);

	if (rc == 0 && found) {
		rc = base_until(j, t->rowid, t->root, last - keep + 1, &base, &found, err);
	}
	return rc == 0 && found ? drop_before(j, t->rowid, t->root, base, err) : rc;
}

int journal_rebase(struct journal *j, const char *id, const struct step_record *s,
		   struct bldr_error *err)
{
	struct arena a = { 0 };
	struct step_record now = { 0 }; /* its tasks stay, its writes do not */
	struct journal_thread t;
	struct buf b;
	sqlite3_stmt *stmt = NULL;
	int rc = journal_thread(j, id, &t, err);

	if (rc < 0) {
		return rc;
	}
	rc = JOURNAL_ASK(j, "SELECT record FROM step WHERE thread=?1 AND frame=?2 AND step=?3",
			 &stmt, err, t.rowid, s->frame, s->step);
	rc = rc == 0 ? store_step(j->store, stmt, err) : rc;
	if (rc == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "thread \"%s\" has no such checkpoint",
				      id);
	}
	rc = rc < 0 ? rc
		    : unpack_step(j, (const char *)sqlite3_column_text(stmt, 0), &a, &now, err);
	(void)sqlite3_reset(stmt);
	now.writes.at = s->writes.at;
	now.writes.n = s->writes.n;
	now.writes.room = s->writes.room;
	buf_init(&b, JOURNAL_RECORD_MAX);
	if (rc == 0) {
		j->owner = t.rowid;
		rc = pack_step(j, &now, &b, err);
		j->owner = 0;
	}
	if (rc == 0) {
		rc = JOURNAL_ASK(j,
				 "UPDATE step SET base=1, record=?4"
				 " WHERE thread=?1 AND frame=?2 AND step=?3",
				 &stmt, err, t.rowid, s->frame, s->step);
	}
	if (rc == 0) {
		(void)sqlite3_bind_text64(stmt, 4, b.data, b.size, SQLITE_STATIC, SQLITE_UTF8);
		rc = store_step(j->store, stmt, err);
		(void)sqlite3_clear_bindings(stmt);
	}
	buf_release(&b);
	arena_release(&a);
	return rc;
}

int journal_prune(struct journal *j, const char *id, int64_t keep, int64_t *ret_dropped,
		  struct bldr_error *err)
{
	int64_t before = sqlite3_total_changes64(store_db(j->store));
	struct arena a = { 0 };
	int64_list left = { 0 };
	struct journal_thread t;
	int rc = journal_thread(j, id, &t, err);

	if (rc < 0) {
		return rc;
	}
	rc = prune_current(j, &t, keep < 1 ? 1 : keep, err);
	if (rc == 0) {
		rc = find_left(j, &t, &a, &left, err);
	}
	for (size_t i = 0; rc == 0 && i < left.n; i++) {
		rc = prune_left(j, t.rowid, left.at[i], err);
	}
	if (rc == 0) {
		rc = drop_events(j, t.rowid, t.root, err);
	}
	if (rc == 0) {
		rc = drop_values(j, t.rowid, err);
	}
	arena_release(&a);
	if (rc == 0 && ret_dropped != NULL) {
		*ret_dropped = sqlite3_total_changes64(store_db(j->store)) - before;
	}
	return rc;
}

int journal_delete(struct journal *j, const char *id, struct bldr_error *err)
{
	static const char *const sql[] = {
		"DELETE FROM step WHERE thread=?1",   "DELETE FROM patch WHERE thread=?1",
		"DELETE FROM round WHERE thread=?1",  "DELETE FROM handler WHERE thread=?1",
		"DELETE FROM queued WHERE thread=?1", "DELETE FROM effect WHERE thread=?1",
		"DELETE FROM event WHERE thread=?1",  "DELETE FROM blob WHERE thread=?1",
		"DELETE FROM thread WHERE number=?1",
	};
	struct journal_thread t;
	int rc = journal_thread(j, id, &t, err);

	for (size_t i = 0; rc == 0 && i < sizeof(sql) / sizeof(sql[0]); i++) {
		rc = JOURNAL_DO(j, sql[i], err, t.rowid);
	}
	return rc;
}

int journal_sweep(struct journal *j, int64_t now_ms, int64_t *ret_dropped, struct bldr_error *err)
{
	int64_t before = sqlite3_total_changes64(store_db(j->store));
	int rc = JOURNAL_DO(j, "DELETE FROM cache WHERE expires_ms<=?1", err, now_ms);

	if (rc == 0) {
		rc = JOURNAL_DO(j, "DELETE FROM rate WHERE at_us<=?1", err, now_ms * 1000);
	}
	if (rc == 0) {
		rc = journal_do(j,
				"DELETE FROM graph WHERE hash NOT IN"
				" (SELECT graph_hash FROM thread)",
				NULL, 0, err);
	}
	if (rc == 0) {
		rc = journal_do(j,
				"DELETE FROM blob WHERE hash NOT IN (" NAMED(
					"") " UNION SELECT CAST(value AS TEXT) FROM cache"
					    " WHERE typeof(value)='blob')",
				NULL, 0, err);
	}
	if (rc == 0 && ret_dropped != NULL) {
		*ret_dropped = sqlite3_total_changes64(store_db(j->store)) - before;
	}
	return rc;
}

int journal_vacuum(struct journal *j, struct bldr_error *err)
{
	int rc = store_exec(j->store, "VACUUM", err);

	/* the pages are in the log now; a reader may keep it from being cut, and that is no harm */
	return rc < 0 ? rc : store_exec(j->store, "PRAGMA wal_checkpoint(TRUNCATE)", err);
}
