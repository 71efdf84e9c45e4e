/*
 * What the files of the journal share: the connection, its statements, values inline or by hash.
 * Nobody outside this folder includes it.
 */
#pragma once

#include "base/hash.h"
#include "journal/journal.h"
#include "store/store.h"

/* A value of this many bytes and more is stored once, by its hash. */
enum { JOURNAL_BLOB_MIN = 4096 };

struct journal {
	struct store *store;
	int lock;                /* -1: read-only */
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

/* Stores a large value and gives its hash. */
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

/* CORRUPT, with the place. Returns the code. */
int journal_damaged(const struct journal *j, struct bldr_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
