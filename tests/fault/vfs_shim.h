/*
 * A disk that fails: an SQLite VFS over the real one, for tests. It counts calls, lets the n-th one fail, and loses
 * power.
 *
 *	shim_install -> open, write, commit ... -> shim_power_off -> close everything -> shim_power_on(seed) -> open again
 *
 * For each file it keeps what was synced and, in order, what was written since. After a loss of power a file is what was
 * synced with a seeded choice of the rest: none of it, all of it, the first writes, or each write by itself kept,
 * dropped, or torn, so that some of its 512-byte sectors are there and others not. A file that was made and never synced
 * may be gone, one that was deleted without a sync of its folder may be back. Whoever trusts what is not synced is
 * caught by some seed.
 *
 * As on ext4 and xfs, a file's name is durable with its first sync; the first sync of a new log or rollback journal
 * syncs the folder, as SQLite's Unix VFS does. The index of a log (-shm) never survives. Files that SQLite opens
 * without a name are neither counted nor kept.
 *
 * One per process, for all threads. Calls of this header are for one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum shim_op {
	SHIM_OPEN = 1,
	SHIM_READ = 2,
	SHIM_WRITE = 4,
	SHIM_TRUNCATE = 8,
	SHIM_SYNC = 16,
	SHIM_DELETE = 32,
	SHIM_LOCK = 64, /* of the file or of the log's index; unlocking is not counted */
};
/* The calls that change something durable. */
enum { SHIM_CHANGES = SHIM_WRITE | SHIM_TRUNCATE | SHIM_SYNC | SHIM_DELETE };

/* Instead of a code of SQLite's: the power goes before that call. */
enum { SHIM_POWER = -1 };

struct shim_fault {
	unsigned ops;       /* SHIM_* or'ed: the calls that count */
	const char *suffix; /* of files whose name ends so ("-wal"), borrowed; NULL: of all */
	uint64_t nth;       /* 1: the next such call */
	uint64_t times;     /* so many calls fail, 0: all from then on */
	int code; /* SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_BUSY ... or SHIM_POWER */
	bool half; /* a write that fails leaves its first half */
};

/* Becomes, or ceases to be, the VFS of whoever opens a file without naming one. remove: all files are closed; what is
 * on the disk stays as it is. */
void shim_install(void);
void shim_remove(void);

/* Replaces the fault before (NULL: there is none) and counts from 0. */
void shim_fail(const struct shim_fault *f);
/* Calls of the kinds since shim_install or shim_fail; those that failed are among them. */
uint64_t shim_calls(unsigned ops);
/* Whether the fault has happened. */
bool shim_failed(void);

/* From now on every call fails but closing and unlocking. */
void shim_power_off(void);
/* All files are closed: makes of them what a loss of power may leave, the same for the same seed and history. */
void shim_power_on(uint64_t seed);
