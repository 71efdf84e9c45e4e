/*
 * The journal: threads, packed superstep records, effects, events, in one SQLite file.
 *
 * One transaction per batch; each thread's part begins with a compare-and-swap on the thread's
 * head, so a second writer's part is refused without harming the others. Values of 4 KB and more
 * are stored once by BLAKE2b hash. The tables are described in sql/journal.sql.
 */
#pragma once

#include <bldr/engine.h>
#include "base/hash.h"
#include "graph/run.h"

struct journal;
struct store;

struct journal_options {
	const char *path;
	enum bldr_durability durability; /* EXIT: works on a scratch copy, see journal_write_back */
	bool read_only;                  /* takes no lock, never writes or checkpoints */
	/*
	 * Prunes while committing; 0: never. With a base record of a frame go its records before the last base one that
	 * leaves this many, with the tasks, effects and subgraphs of those, large values that nothing else names, and,
	 * for the root's frame, the events before. A run that makes base records as often (run_base_every) keeps at most
	 * twice as many.
	 */
	int64_t keep_steps;
};

/* Errors: LOCKED ("... is in use by process 123"), IO, CORRUPT, INVALID (newer schema version). */
int journal_open(const struct journal_options *o, struct journal **ret, struct bldr_error *err);
void journal_close(struct journal *j);
/* BLDR_EXIT: makes the file what the scratch copy is, in one transaction of the file. Nothing otherwise. Errors: IO. */
int journal_write_back(struct journal *j, struct bldr_error *err);
/* Where the tables are while it is open: the path, or the scratch copy's. Borrowed. */
const char *journal_path(const struct journal *j);

struct journal_thread {
	int64_t rowid;
	char id[64];
	char graph[65];
	char graph_hash[65];
	unsigned graph_version;
	uint64_t seed;
	int64_t created_ms, updated_ms;
	int64_t head;       /* +1 per committed update */
	int64_t root, step; /* its current lineage, and the superstep that is in */
	int64_t queued;     /* inputs that wait; read, never written from here */
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
	const struct journal_cached
		*cached; /* results of this update that others may be answered with */
	size_t n_cached;
	int result; /* 0, or BLDR_E_CHANGED (lost the compare-and-swap), BLDR_E_EXISTS */
};

struct journal_cached {
	const char *hash; /* journal_cache_hash */
	int64_t expires_ms;
	const char *value; /* canonical JSON */
};

struct journal_rate {
	const char *kind;
	int64_t at_us;
};

/* Something else to be done in the batch's transaction, in a savepoint of its own: an error of it undoes what it did and is its
 * result, but IO and CORRUPT lose the batch. */
struct journal_job {
	int (*run)(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err);
	void *user;
	int result;
	struct bldr_error error; /* result < 0 */
};

struct journal_batch {
	struct journal_part *parts;
	size_t n_parts;
	const struct journal_rate *rates;
	size_t n_rates;
	struct journal_job *jobs; /* after the parts */
	size_t n_jobs;
};

/* Synchronous, called by one thread at a time. Errors: IO (nothing of the batch is stored). */
int journal_commit(struct journal *j, const struct journal_batch *b, int64_t now_ms,
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

/* Checkpoints. */

struct journal_step {
	int64_t frame, step, at_ms, first;
	enum step_source source;
	bool base, held;
	int64_t from_frame, from_step; /* -1: none */
	const struct step_record *record;
};
/* Calls each for the supersteps of a thread's root frames, newest lineage first and the newest superstep of each first, until it
 * returns non-zero. Borrowed. */
int journal_history(struct journal *j, const struct journal_thread *t,
		    int (*each)(const struct journal_step *s, void *user), void *user,
		    struct bldr_error *err);
/* Calls each for that superstep of a root frame; not at all when there is none, or it was pruned. Borrowed. */
int journal_checkpoint(struct journal *j, const struct journal_thread *t, int64_t frame,
		       int64_t step, int (*each)(const struct journal_step *s, void *user),
		       void *user, struct bldr_error *err);
/* Feeds run_restore_root and run_restore_step with the root frame `frame` up to superstep `step`: its state and tasks as
 * they were, and nothing of what the tasks did. Errors: NOT_FOUND (no such checkpoint, or pruned), CORRUPT, IO. */
int journal_load_at(struct journal *j, const struct journal_thread *t, int64_t frame, int64_t step,
		    struct run *r, struct bldr_error *err);

/*
 * What an effect at that place of a lineage, with that kind and request, ended with, if it is DONE: 1, *ret filled, its
 * texts in a; 0: there is none; or an error. path: of the task, without thread and fork; that place first, then the oldest
 * effect of the same node with the same kind and request.
 */
int journal_recorded(struct journal *j, int64_t thread, int64_t lineage, const char *path,
		     int64_t round, int64_t ordinal, const char *kind, const char *request,
		     struct arena *a, struct result_record *ret, struct bldr_error *err);

/* 64 hex digits of what the cache knows a request by. */
void journal_cache_hash(const char *kind, const char *request, char ret[HASH_HEX_MAX]);
/* 1: *ret lives in a; 0: nothing, or it has expired. */
int journal_cache_find(struct journal *j, const char *hash, int64_t now_ms, struct arena *a,
		       const char **ret, struct bldr_error *err);
/* When the next effect of kind may begin, in microseconds of Unix time; 0: nothing is recorded. */
int journal_rate_at(struct journal *j, const char *kind, int64_t *ret_us, struct bldr_error *err);

/* The structure of a graph by its hash; stored once. get: *ret lives in a. Errors: NOT_FOUND. */
int journal_graph_put(struct journal *j, const char *hash, const char *name, unsigned version,
		      const char *structure, struct bldr_error *err);
int journal_graph_get(struct journal *j, const char *hash, struct arena *a, const char **ret,
		      struct bldr_error *err);

/* Changes of threads that nobody runs; inside a transaction of the caller's (a job). Errors: NOT_FOUND, EXISTS, IO, CORRUPT. */

/* All rows under another id; the keys of its effects, in its events too, begin with new_id. */
int journal_copy(struct journal *j, const char *id, const char *new_id, int64_t now_ms,
		 struct bldr_error *err);
int journal_delete(struct journal *j, const char *id, struct bldr_error *err);
/*
 * Keeps of the current lineage the records from the last base one on that leaves `keep` (1 and more), and of the others those of
 * a superstep that waits for a person. What hangs on the rest goes, and the events before. ret_dropped: rows.
 */
/* The superstep that s names becomes a base record, with the writes of s: every set channel. */
int journal_rebase(struct journal *j, const char *id, const struct step_record *s,
		   struct bldr_error *err);
int journal_prune(struct journal *j, const char *id, int64_t keep, int64_t *ret_dropped,
		  struct bldr_error *err);
/* Blobs and structures that no row names, and what has expired. ret_dropped: rows. vacuum (not in a transaction) gives the
 * pages back. */
int journal_sweep(struct journal *j, int64_t now_ms, int64_t *ret_dropped, struct bldr_error *err);
int journal_vacuum(struct journal *j, struct bldr_error *err);
