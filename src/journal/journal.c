/*
 * Opens a journal and reads what needs no run: thread rows and events. Rows are read one at a
 * time and copied before anybody is called, so a callback may ask the journal again and no
 * snapshot is held meanwhile. What can go wrong is the file: locked, newer, damaged, or a disk
 * that refuses.
 */
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "journal/pack.h"
#include "journal/tables.h"

enum { JOURNAL_VERSION = 2 };

#define THREAD_COLUMNS                                                                         \
	"number, id, graph, graph_hash, seed, created_ms, updated_ms, head, status, next_id, " \
	"last_event, error, code, graph_version, root, step,"                                  \
	" (SELECT count(*) FROM queued q WHERE q.thread=thread.number)"

static const char *script(const char *name)
{
	const struct asset *sql = asset_find(name);

	ASSERT(sql != NULL);
	return (const char *)sql->data;
}

int journal_migrate(struct store *s, struct bldr_error *err)
{
	const char *const upgrades[JOURNAL_VERSION - 1] = { script("sql/journal_2.sql") };
	const struct store_tables tables = {
		.module = "journal",
		.version = JOURNAL_VERSION,
		.create = script("sql/journal.sql"),
		.upgrades = upgrades,
	};

	return store_migrate(s, &tables, err);
}

/* Looks at a copy in memory that has been brought up to date: a reader writes nothing. */
static int read_older(struct journal *j, struct bldr_error *err)
{
	struct store *copy = NULL;
	int rc = store_open(store_path(j->store), STORE_MEMORY, &copy, err);

	if (rc == 0) {
		rc = store_copy(j->store, copy, err);
	}
	if (rc < 0) {
		store_close(copy);
		return rc;
	}
	store_close(j->store);
	j->store = copy;
	return journal_migrate(copy, err);
}

static int open_store(const struct journal_options *o, struct journal *j, struct bldr_error *err)
{
	enum store_mode mode = o->read_only  ? STORE_READ
		: o->durability == BLDR_FULL ? STORE_FULL
					     : STORE_NORMAL;
	int rc;

	if (o->durability == BLDR_EXIT && !o->read_only) {
		return exit_open(j, o->path, err);
	}
	rc = store_open(o->path, mode, &j->store, err);
	if (rc == 0 && o->read_only) {
		rc = store_version(j->store, "journal", err);
		if (rc > 0 && rc < JOURNAL_VERSION) {
			return read_older(j, err);
		}
	}
	return rc < 0 ? rc : journal_migrate(j->store, err);
}

int journal_open(const struct journal_options *o, struct journal **ret, struct bldr_error *err)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	int rc = 0;

	j->lock = -1;
	j->keep_steps = o->keep_steps;
	if (!o->read_only) {
		rc = store_lock(o->path, &j->lock, err);
	}
	if (rc == 0) {
		rc = open_store(o, j, err);
	}
	if (rc < 0) {
		journal_close(j);
		return rc;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (j == NULL) {
		return;
	}
	if (j->file != NULL) {
		exit_close(j);
	} else {
		store_close(j->store);
	}
	store_unlock(j->lock);
	free(j);
}

const char *journal_path(const struct journal *j)
{
	return store_path(j->store);
}

void journal_set_local(struct journal *j, journal_perform perform, void *user)
{
	j->perform = perform;
	j->perform_user = user;
}

struct store *journal_store(struct journal *j)
{
	return j->store;
}

int journal_damaged(const struct journal *j, struct bldr_error *err, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return bldr_error_set(err, BLDR_E_CORRUPT, "\"%s\" is damaged: %s", store_path(j->store),
			      what);
}

int journal_ask(struct journal *j, const char *sql, const int64_t *numbers, size_t n,
		sqlite3_stmt **ret, struct bldr_error *err)
{
	int rc = store_prepare(j->store, sql, ret, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		(void)sqlite3_bind_int64(*ret, (int)i + 1, numbers[i]);
	}
	return rc;
}

int journal_do(struct journal *j, const char *sql, const int64_t *numbers, size_t n,
	       struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = journal_ask(j, sql, numbers, n, &stmt, err);

	return rc < 0 ? rc : store_step(j->store, stmt, err);
}

int journal_blob_put(struct journal *j, const char *text, size_t size, char ret_hash[HASH_HEX_MAX],
		     struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "INSERT INTO blob(thread, hash, value) VALUES (?1,?2,?3)"
			     " ON CONFLICT(hash) DO UPDATE SET thread=0"
			     " WHERE thread<>0 AND thread<>excluded.thread",
			     &stmt, err, j->owner);

	if (rc < 0) {
		return rc;
	}
	hash_bytes(text, size, ret_hash);
	(void)sqlite3_bind_text(stmt, 2, ret_hash, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_text64(stmt, 3, text, size, SQLITE_STATIC, SQLITE_UTF8);
	rc = store_step(j->store, stmt, err);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

int journal_blob_get(struct journal *j, const char *hash, struct arena *a, const char **ret,
		     struct bldr_error *err)
{
	char found[HASH_HEX_MAX];
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(j->store, "SELECT value FROM blob WHERE hash=?1", &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, hash, -1, SQLITE_TRANSIENT);
	rc = store_step(j->store, stmt, err);
	if (rc < 0) {
		return rc;
	}
	if (rc == 0) {
		return journal_damaged(j, err, "no blob %s", hash);
	}
	hash_bytes(sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0), found);
	if (strcmp(found, hash) != 0) {
		rc = journal_damaged(j, err, "blob %s has the hash %s", hash, found);
	} else {
		*ret = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 0));
		rc = 0;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

int journal_bind_value(struct journal *j, sqlite3_stmt *stmt, int index, const char *text,
		       struct bldr_error *err)
{
	size_t size = text != NULL ? strlen(text) : 0;
	char hash[HASH_HEX_MAX];
	int rc;

	if (size < JOURNAL_BLOB_MIN) {
		(void)sqlite3_bind_text(stmt, index, text, (int)size, SQLITE_STATIC);
		return 0;
	}
	rc = journal_blob_put(j, text, size, hash, err);
	if (rc == 0) {
		(void)sqlite3_bind_blob(stmt, index, hash, HASH_HEX_MAX - 1, SQLITE_TRANSIENT);
	}
	return rc;
}

int journal_column_value(struct journal *j, sqlite3_stmt *stmt, int column, struct arena *a,
			 const char **ret, struct bldr_error *err)
{
	const void *bytes;

	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_NULL:
		*ret = NULL;
		return 0;
	case SQLITE_TEXT:
		*ret = arena_strdup(a, (const char *)sqlite3_column_text(stmt, column));
		return 0;
	case SQLITE_BLOB:
		bytes = sqlite3_column_blob(stmt, column);
		if (bytes != NULL && sqlite3_column_bytes(stmt, column) == HASH_HEX_MAX - 1) {
			return journal_blob_get(j, arena_strndup(a, bytes, HASH_HEX_MAX - 1), a,
						ret, err);
		}
		break;
	default:
		break;
	}
	return journal_damaged(j, err, "neither a value nor a hash in column \"%s\"",
			       sqlite3_column_name(stmt, column));
}

static void column_copy(char *to, size_t room, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	(void)snprintf(to, room, "%s", text != NULL ? text : "");
}

static int read_thread(struct journal *j, sqlite3_stmt *stmt, struct journal_thread *ret,
		       struct bldr_error *err)
{
	int status = sqlite3_column_int(stmt, 8);

	if (status < RUN_RUNNING || status > RUN_PAUSED) {
		return journal_damaged(j, err, "thread %lld has the status %d",
				       (long long)sqlite3_column_int64(stmt, 0), status);
	}
	*ret = (struct journal_thread){
		.rowid = sqlite3_column_int64(stmt, 0),
		.seed = (uint64_t)sqlite3_column_int64(stmt, 4),
		.created_ms = sqlite3_column_int64(stmt, 5),
		.updated_ms = sqlite3_column_int64(stmt, 6),
		.head = sqlite3_column_int64(stmt, 7),
		.status = (enum run_status)status,
		.next_id = sqlite3_column_int64(stmt, 9),
		.last_event = sqlite3_column_int64(stmt, 10),
		.graph_version = (unsigned)sqlite3_column_int64(stmt, 13),
		.root = sqlite3_column_int64(stmt, 14),
		.step = sqlite3_column_int64(stmt, 15),
		.queued = sqlite3_column_int64(stmt, 16),
	};
	ret->code = sqlite3_column_int(stmt, 12);
	column_copy(ret->id, sizeof(ret->id), stmt, 1);
	column_copy(ret->graph, sizeof(ret->graph), stmt, 2);
	column_copy(ret->graph_hash, sizeof(ret->graph_hash), stmt, 3);
	column_copy(ret->error, sizeof(ret->error), stmt, 11);
	return 0;
}

/* Reads one row of stmt. 1: *ret is filled; 0: there is none. */
static int next_thread(struct journal *j, sqlite3_stmt *stmt, struct journal_thread *ret,
		       struct bldr_error *err)
{
	int rc = store_step(j->store, stmt, err);

	if (rc == 1) {
		int bad = read_thread(j, stmt, ret, err);

		(void)sqlite3_reset(stmt);
		return bad < 0 ? bad : 1;
	}
	return rc;
}

int journal_thread(struct journal *j, const char *id, struct journal_thread *ret,
		   struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(j->store, "SELECT " THREAD_COLUMNS " FROM thread WHERE id=?1", &stmt,
			       err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, id, -1, SQLITE_TRANSIENT);
	rc = next_thread(j, stmt, ret, err);
	if (rc == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no thread \"%s\" in \"%s\"", id,
				      store_path(j->store));
	}
	return rc < 0 ? rc : 0;
}

int journal_threads(struct journal *j, int (*each)(const struct journal_thread *t, void *user),
		    void *user, struct bldr_error *err)
{
	struct journal_thread t = { 0 };

	for (;;) {
		sqlite3_stmt *stmt = NULL;
		int rc = JOURNAL_ASK(j,
				     "SELECT " THREAD_COLUMNS
				     " FROM thread WHERE number>?1 ORDER BY number LIMIT 1",
				     &stmt, err, t.rowid);

		if (rc == 0) {
			rc = next_thread(j, stmt, &t, err);
		}
		if (rc <= 0) {
			return rc;
		}
		if (each(&t, user) != 0) {
			return 0;
		}
	}
}

/* Reads the next pending effect behind id. 1, 0 or an error. */
static int next_pending(struct journal *j, int64_t thread, const char *kind, struct arena *a,
			struct intent_record *i, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT id, task, at_ms, key, request, tries, due_ms FROM effect"
			     " WHERE thread=?1 AND id>?2 AND status IS NULL AND kind=?3"
			     " ORDER BY id LIMIT 1",
			     &stmt, err, thread, i->id);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 3, kind, -1, SQLITE_TRANSIENT);
	rc = store_step(j->store, stmt, err);
	if (rc != 1) {
		return rc;
	}
	i->id = sqlite3_column_int64(stmt, 0);
	i->task = sqlite3_column_int64(stmt, 1);
	i->at_ms = sqlite3_column_int64(stmt, 2);
	i->kind = kind;
	i->tries = (uint32_t)sqlite3_column_int64(stmt, 5);
	i->due_ms = sqlite3_column_int64(stmt, 6);
	i->key = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 3));
	rc = journal_column_value(j, stmt, 4, a, &i->request, err);
	(void)sqlite3_reset(stmt);
	return rc < 0 ? rc : 1;
}

int journal_pending(struct journal *j, int64_t thread, const char *kind,
		    int (*each)(const struct intent_record *i, void *user), void *user,
		    struct bldr_error *err)
{
	struct intent_record i = { 0 };
	bool stop = false;
	int rc;

	do {
		struct arena a = { 0 };

		rc = next_pending(j, thread, kind, &a, &i, err);
		stop = rc != 1 || each(&i, user) != 0;
		arena_release(&a);
	} while (!stop);
	return rc < 0 ? rc : 0;
}

/*
 * Copies the packed row of events that holds number seq, or the first one behind it. 1, 0 or an
 * error.
 */
static int events_from(struct journal *j, int64_t thread, int64_t seq, struct arena *a,
		       int64_t *ret_first, const char **ret_text, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT seq, events FROM event WHERE thread=?1 AND seq>="
			     "coalesce((SELECT max(seq) FROM event WHERE thread=?1 AND seq<=?2),?2)"
			     " ORDER BY seq LIMIT 1",
			     &stmt, err, thread, seq);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc == 1) {
		*ret_first = sqlite3_column_int64(stmt, 0);
		*ret_text = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 1));
		(void)sqlite3_reset(stmt);
	}
	return rc;
}

int journal_events(struct journal *j, int64_t thread, int64_t after,
		   int (*each)(const struct event_record *e, void *user), void *user,
		   struct bldr_error *err)
{
	int64_t next = after < 0 ? 1 : after + 1;
	int rc;

	for (;;) {
		struct arena a = { 0 };
		struct packed_events events = { 0 };
		const char *text = NULL;
		bool stop = false;
		int64_t first = 0;

		rc = events_from(j, thread, next, &a, &first, &text, err);
		if (rc == 1 && unpack_events(&a, first, text, &events) < 0) {
			rc = journal_damaged(j, err, "events %lld of thread %lld", (long long)first,
					     (long long)thread);
		}
		if (rc == 1 && (events.n == 0 || events.at[events.n - 1].seq < next)) {
			rc = 0; /* the last row was read before */
		}
		for (size_t i = 0; rc == 1 && !stop && i < events.n; i++) {
			if (events.at[i].seq >= next) {
				next = events.at[i].seq + 1;
				stop = each(&events.at[i], user) != 0;
			}
		}
		arena_release(&a);
		if (rc != 1 || stop) {
			return rc < 0 ? rc : 0;
		}
	}
}
