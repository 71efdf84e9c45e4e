/*
 * What the files of the journal share: the connection, its statements, values inline or by hash.
 * Nobody outside this folder includes it.
 */
#pragma once

#include "base/hash.h"
#include "journal/journal.h"
#include "store/store.h"

/* The text of one superstep record or one update's events. */
#define JOURNAL_RECORD_MAX ((size_t)256 << 20)
/* A value of this many bytes and more is stored once, by its hash. */
enum { JOURNAL_BLOB_MIN = 4096 };

struct journal {
	struct store *store;
	int lock; /* -1: read-only */
	int64_t keep_steps;
	int64_t owner;      /* the thread whose rows are being written; 0: what threads share */
	struct store *file; /* EXIT: where the scratch copy came from and goes to; otherwise NULL */
	int64_t recorded_at;     /* the last effect that journal_recorded has found */
	unsigned written;        /* EXIT: the version of the scratch copy that the file has */
	journal_perform perform; /* local effects; NULL: nobody does */
	void *perform_user;
};

/* Prepares sql (kept) and binds whole numbers from parameter 1 on. */
int journal_ask(struct journal *j, const char *sql, const int64_t *numbers, size_t n,
		sqlite3_stmt **ret, struct bldr_error *err);
#define JOURNAL_ASK(j, sql, ret, err, ...)                        \
	journal_ask((j), (sql), (const int64_t[]){ __VA_ARGS__ }, \
		    sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (ret), (err))
/* The same for a statement without rows: prepares, binds, runs. */
int journal_do(struct journal *j, const char *sql, const int64_t *numbers, size_t n,
	       struct bldr_error *err);
#define JOURNAL_DO(j, sql, err, ...)                             \
	journal_do((j), (sql), (const int64_t[]){ __VA_ARGS__ }, \
		   sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (err))

/* Stores a large value of the owner's and gives its hash. */
int journal_blob_put(struct journal *j, const char *text, size_t size, char ret_hash[HASH_HEX_MAX],
		     struct bldr_error *err);
/* *ret lives in a. Errors: CORRUPT (absent, or not what its name says). */
int journal_blob_get(struct journal *j, const char *hash, struct arena *a, const char **ret,
		     struct bldr_error *err);
/*
 * Binds a value to a column of type ANY: as TEXT, or stored apart and bound as a hash. NULL fine.
 */
int journal_bind_value(struct journal *j, sqlite3_stmt *stmt, int index, const char *text,
		       struct bldr_error *err);
/* Reads such a column; NULL gives NULL. */
int journal_column_value(struct journal *j, sqlite3_stmt *stmt, int column, struct arena *a,
			 const char **ret, struct bldr_error *err);

/* Performs a local effect whose intent is in the transaction, or reads what an earlier one stored (local.c).
 * Negative: the batch is lost. */
int local_commit(struct journal *j, int64_t thread, const char *thread_id, struct journal_local *l,
		 int64_t now_ms, struct bldr_error *err);

/* Opens the scratch copy of the file at path, made anew (exit.c). */
int exit_open(struct journal *j, const char *path, struct bldr_error *err);
void exit_close(struct journal *j);
/* The tables of a file that may be written, or is looked at (journal.c). */
int journal_migrate(struct store *s, struct bldr_error *err);

/* What keep_steps asks for, in the commit of a base record of that frame; root: it is the root graph's (prune.c). */
int prune_behind(struct journal *j, int64_t thread, const struct step_record *s, bool root,
		 struct bldr_error *err);
/* A superstep's row, as these columns; its record in a (load.c). */
#define STEP_COLUMNS "step, at_ms, base, record, source, first, held, from_frame, from_step"
int load_step(struct journal *j, sqlite3_stmt *stmt, int64_t frame, struct arena *a,
	      struct step_record *ret, struct bldr_error *err);

typedef LIST(struct step_record) step_list;
typedef LIST(int64_t) int64_list;
/* The records of a frame from `step` (-1: the newest) back to the last base one, newest first, in a; to its
 * oldest when there is none. lineage_only: of the root graph's frames. */
int load_steps(struct journal *j, int64_t thread, int64_t frame, int64_t step, bool lineage_only,
	       struct arena *a, step_list *ret, struct bldr_error *err);

/* CORRUPT, with the place. Returns the code. */
int journal_damaged(const struct journal *j, struct bldr_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
