/*
 * SQLite, opened, migrated and asked in one way.
 *
 * One connection per file does all writing and checkpointing. Errors carry SQLite's message and
 * the file's path. Extensions cannot be loaded; queries have their parameters bound, never pasted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include <bldr/error.h>
#include "base/arena.h"

struct store;

enum store_mode {
	STORE_READ,    /* the file must exist; never writes, never checkpoints */
	STORE_NORMAL,  /* WAL, synchronous=NORMAL */
	STORE_FULL,    /* WAL, synchronous=FULL */
	STORE_SCRATCH, /* WAL, synchronous=OFF: for a file that is dropped after a crash */
	STORE_MEMORY,  /* no file: path says what it stands for */
	STORE_PLAIN /* rollback journal: one file when closed, for a database that is handed over */
};

/* Errors: IO, CORRUPT (not a database), NOT_FOUND (STORE_READ). */
int store_open(const char *path, enum store_mode mode, struct store **ret, struct bldr_error *err);
void store_close(struct store *s);
sqlite3 *store_db(struct store *s);
const char *store_path(const struct store *s);

/*
 * The lock that says which process owns a file: flock on path.lock, which holds the owner's pid.
 * Released when the process ends in any way. Errors: LOCKED (who holds it), IO.
 */
int store_lock(const char *path, int *ret_fd, struct bldr_error *err);
void store_unlock(int fd);

/* A module's tables. */
struct store_tables {
	const char *module;
	int version;        /* 1 and more */
	const char *create; /* SQL that makes them */
	const char *const *
		upgrades; /* [i]: SQL that makes version i + 1 into i + 2; NULL: older ones are refused */
};
/*
 * Creates the tables, or brings them to their version step by step, in one transaction; schema_version says which
 * version each module has. Errors: INVALID (the file is newer, or older without upgrades or under STORE_READ), IO.
 */
int store_migrate(struct store *s, const struct store_tables *t, struct bldr_error *err);
/* The version of a module's tables, 0 when it has none. Negative: an error. */
int store_version(struct store *s, const char *module, struct bldr_error *err);
/* Makes to what from is, in one transaction of to's file. Neither is within one. Errors: IO. */
int store_copy(struct store *from, struct store *to, struct bldr_error *err);

int store_exec(struct store *s, const char *sql, struct bldr_error *err);
/* A statement that is prepared once and kept until store_close; reset before it is returned. */
int store_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct bldr_error *err);
/* Fills err from the connection's last error; returns the code (IO, CORRUPT, EXISTS ...). */
int store_error(struct store *s, const char *what, struct bldr_error *err);
/* SQLITE_ROW -> 1, SQLITE_DONE -> 0 (statement reset), else a negative code with err filled. */
int store_step(struct store *s, sqlite3_stmt *stmt, struct bldr_error *err);
