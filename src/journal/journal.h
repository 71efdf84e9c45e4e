/*
 * The journal: threads, packed superstep records, effects, events, in one SQLite file.
 *
 * One transaction per batch; each thread's part is a SAVEPOINT guarded by a compare-and-swap on the
 * thread's head, so a second writer's part is refused without harming the others. Values of
 * 4 KB and more are stored once by BLAKE2b hash. The tables are described in sql/journal.sql.
 */
#pragma once

#include <bldr/engine.h>
#include "graph/run.h"

struct journal;
struct store;

struct journal_options {
	const char *path;
	enum bldr_durability durability;
	bool read_only; /* takes no lock, never writes or checkpoints */
};

/* Errors: LOCKED ("... is in use by process 123"), IO, CORRUPT, INVALID (newer schema version). */
int journal_open(const struct journal_options *o, struct journal **ret, struct bldr_error *err);
void journal_close(struct journal *j);

struct journal_thread {
	int64_t rowid;
	char id[64];
	char graph[65];
	char graph_hash[65];
	uint64_t seed;
	int64_t created_ms, updated_ms;
	int64_t head; /* +1 per committed update */
	enum run_status status;
	int64_t next_id, last_event;
	int code; /* RUN_FAILED, as error is */
	char error[BLDR_ERROR_TEXT_MAX];
};

/*
 * An effect of class local, to be performed in the commit that makes its intent durable; or, when a thread is
 * taken up, one whose result was stored by such a commit and not delivered: it is read, not performed again.
 */
struct journal_local {
	int64_t effect;
	const char *kind, *key, *request;
	/* Filled by the commit. */
	int code;    /* 0: done, otherwise negative */
	char *text;  /* done: JSON, the caller's to free */
	char *error; /* otherwise */
};

/* Performs l, which belongs to thread; fills text. An error is the effect's own, unless it is IO or CORRUPT. */
typedef int (*journal_perform)(void *user, struct store *store, const char *thread, int64_t now_ms,
			       struct journal_local *l, struct bldr_error *err);

/* One thread's part of a batch. */
struct journal_part {
	struct journal_thread *thread; /* rowid 0: a new thread; rowid and head are set on success */
	const struct update *update;
	struct journal_local *locals;
	size_t n_locals;
	int result; /* 0, or BLDR_E_CHANGED (lost the compare-and-swap), BLDR_E_EXISTS */
};

/* Synchronous, called by one thread at a time. Errors: IO (nothing of the batch is stored). */
int journal_commit(struct journal *j, struct journal_part *parts, size_t n, int64_t now_ms,
		   struct bldr_error *err);

/* Who performs local effects. Before the first commit. */
void journal_set_local(struct journal *j, journal_perform perform, void *user);
/* The connection, for those that bring tables of their own. Borrowed. */
struct store *journal_store(struct journal *j);

/* Errors: NOT_FOUND, CORRUPT, IO. */
int journal_thread(struct journal *j, const char *id, struct journal_thread *ret,
		   struct bldr_error *err);
int journal_threads(struct journal *j, int (*each)(const struct journal_thread *t, void *user),
		    void *user, struct bldr_error *err);
/* Feeds the run_restore_* functions of r; run_restored is the caller's to call. */
int journal_load(struct journal *j, const struct journal_thread *t, struct run *r,
		 struct bldr_error *err);
/* Calls each for the effects of a kind that have no result, in order of id, until it returns non-zero. Borrowed. */
int journal_pending(struct journal *j, int64_t thread, const char *kind,
		    int (*each)(const struct intent_record *i, void *user), void *user,
		    struct bldr_error *err);
int journal_events(struct journal *j, int64_t thread, int64_t after,
		   int (*each)(const struct event_record *e, void *user), void *user,
		   struct bldr_error *err);
