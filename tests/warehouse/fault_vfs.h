/*
 * A SQLite VFS over the real one that counts what reaches the disk - opening, writing, cutting, syncing,
 * deleting - and at the n-th such effect either ends the process, as kill -9 would, or fails it. The program
 * must be linked with --wrap for unlink, rename and fsync, so that its own effects count too.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { FAULT_EXIT = 77 };

static struct {
	long countdown; /* effects until the fault; 0: none any more */
	bool kill;
} fault;

static void fault_at(long n, bool kill)
{
	fault.countdown = n;
	fault.kill = kill;
}

/* Whether this effect is the one that fails. */
static bool fault_hits(void)
{
	if (fault.countdown == 0 || --fault.countdown > 0) {
		return false;
	}
	if (fault.kill) {
		_exit(FAULT_EXIT);
	}
	return true;
}

int __real_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __real_fsync(int fd);
int __wrap_unlink(const char *path);
int __wrap_rename(const char *from, const char *to);
int __wrap_fsync(int fd);

int __wrap_unlink(const char *path)
{
	if (access(path, F_OK) == 0 && fault_hits()) {
		errno = EIO;
		return -1;
	}
	return __real_unlink(path);
}

int __wrap_rename(const char *from, const char *to)
{
	if (fault_hits()) {
		errno = EIO;
		return -1;
	}
	return __real_rename(from, to);
}

int __wrap_fsync(int fd)
{
	if (fault_hits()) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *fault_real;

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct fault_file *)f)->real;
}

#define FORWARD(name, params, ...)                                            \
	static int fault_##name params                                        \
	{                                                                     \
		return real_of(f)->pMethods->name(real_of(f), ##__VA_ARGS__); \
	}
#define FORWARD_OR_FAIL(name, code, params, ...)                              \
	static int fault_##name params                                        \
	{                                                                     \
		if (fault_hits()) {                                           \
			return code;                                          \
		}                                                             \
		return real_of(f)->pMethods->name(real_of(f), ##__VA_ARGS__); \
	}

FORWARD(xClose, (sqlite3_file * f))
FORWARD(xRead, (sqlite3_file * f, void *data, int n, sqlite3_int64 at), data, n, at)
FORWARD_OR_FAIL(xWrite, SQLITE_IOERR_WRITE,
		(sqlite3_file * f, const void *data, int n, sqlite3_int64 at), data, n, at)
FORWARD_OR_FAIL(xTruncate, SQLITE_IOERR_TRUNCATE, (sqlite3_file * f, sqlite3_int64 size), size)
FORWARD_OR_FAIL(xSync, SQLITE_IOERR_FSYNC, (sqlite3_file * f, int flags), flags)
FORWARD(xFileSize, (sqlite3_file * f, sqlite3_int64 *size), size)
FORWARD(xLock, (sqlite3_file * f, int level), level)
FORWARD(xUnlock, (sqlite3_file * f, int level), level)
FORWARD(xCheckReservedLock, (sqlite3_file * f, int *ret), ret)
FORWARD(xFileControl, (sqlite3_file * f, int op, void *arg), op, arg)
FORWARD(xSectorSize, (sqlite3_file * f))
FORWARD(xDeviceCharacteristics, (sqlite3_file * f))

static const sqlite3_io_methods fault_methods = {
	.iVersion = 1,
	.xClose = fault_xClose,
	.xRead = fault_xRead,
	.xWrite = fault_xWrite,
	.xTruncate = fault_xTruncate,
	.xSync = fault_xSync,
	.xFileSize = fault_xFileSize,
	.xLock = fault_xLock,
	.xUnlock = fault_xUnlock,
	.xCheckReservedLock = fault_xCheckReservedLock,
	.xFileControl = fault_xFileControl,
	.xSectorSize = fault_xSectorSize,
	.xDeviceCharacteristics = fault_xDeviceCharacteristics,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct fault_file *file = (struct fault_file *)f;
	int rc;

	(void)vfs;
	f->pMethods = NULL;
	if ((flags & SQLITE_OPEN_CREATE) != 0 && name != NULL && access(name, F_OK) != 0 &&
	    fault_hits()) {
		return SQLITE_CANTOPEN;
	}
	file->real = (sqlite3_file *)(file + 1);
	rc = fault_real->xOpen(fault_real, name, file->real, flags, ret_flags);
	if (file->real->pMethods != NULL) {
		f->pMethods = &fault_methods;
	}
	return rc;
}

static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	return fault_hits() ? SQLITE_IOERR_DELETE : fault_real->xDelete(fault_real, name, sync);
}

/* From now on SQLite's default. */
static void fault_install(void)
{
	static sqlite3_vfs vfs;

	fault_real = sqlite3_vfs_find(NULL);
	vfs = *fault_real;
	vfs.zName = "fault";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct fault_file) + fault_real->szOsFile;
	vfs.xOpen = fault_open;
	vfs.xDelete = fault_delete;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
		abort();
	}
}
