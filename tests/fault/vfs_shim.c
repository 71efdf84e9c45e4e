/*
 * The shim's calls go to the real VFS first and are noted then, under one lock: what the real file shows is what a
 * process sees, what is noted is what a disk may be left with. shim_power_on writes the latter over the former.
 */
#include "vfs_shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define MUST(condition)                                                                 \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

enum { SECTOR = 512, N_OPS = 7 };

struct bytes {
	unsigned char *at;
	size_t size;
};

/* A write, or with data NULL a truncation to `at`. */
struct change {
	struct change *next;
	size_t at, size;
	unsigned char *data;
};

/* A file: what was synced and what has changed since. */
struct image {
	struct image *next;
	char *path;
	bool named;    /* its name is durable */
	bool unlinked; /* ... but it has been deleted, and that is not */
	int flags;     /* of the call that opened it */
	size_t opens;  /* how often it is open */
	struct bytes synced;
	struct change *changes, **tail;
};

struct shim_file {
	sqlite3_file base;
	struct image *image; /* NULL: without a name */
	sqlite3_file *real;
};

static struct {
	pthread_mutex_t lock;
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct image *images;
	size_t open;
	bool off;
	bool faulty;
	struct shim_fault fault;
	uint64_t matched; /* calls that the fault counts */
	uint64_t calls[N_OPS];
} shim = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Bytes. */

static void bytes_resize(struct bytes *b, size_t size)
{
	b->at = realloc(b->at, size > 0 ? size : 1);
	MUST(b->at != NULL);
	if (size > b->size) {
		memset(b->at + b->size, 0, size - b->size);
	}
	b->size = size;
}

static void bytes_put(struct bytes *b, size_t at, const unsigned char *data, size_t size)
{
	if (at + size > b->size) {
		bytes_resize(b, at + size);
	}
	memcpy(b->at + at, data, size);
}

static bool bytes_read(const char *path, struct bytes *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	MUST(fstat(fd, &st) == 0);
	bytes_resize(ret, (size_t)st.st_size);
	MUST(pread(fd, ret->at, ret->size, 0) == (ssize_t)ret->size);
	MUST(close(fd) == 0);
	return true;
}

static void bytes_write(const char *path, const struct bytes *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	MUST(fd >= 0);
	MUST(pwrite(fd, b->at, b->size, 0) == (ssize_t)b->size);
	MUST(close(fd) == 0);
}

/* Images. */

static void forget_changes(struct image *image)
{
	while (image->changes != NULL) {
		struct change *c = image->changes;

		image->changes = c->next;
		free(c->data);
		free(c);
	}
	image->tail = &image->changes;
}

static void image_free(struct image *image)
{
	MUST(image->opens == 0);
	forget_changes(image);
	free(image->synced.at);
	free(image->path);
	free(image);
}

/* The file that has this name now. */
static struct image *image_find(const char *path)
{
	for (struct image *i = shim.images; i != NULL; i = i->next) {
		if (!i->unlinked && strcmp(i->path, path) == 0) {
			return i;
		}
	}
	return NULL;
}

/* existing: it was there before the call that opened it. */
static struct image *image_new(const char *path, int flags, const struct bytes *existing)
{
	struct image *image = calloc(1, sizeof(*image));

	MUST(image != NULL);
	image->path = strdup(path);
	MUST(image->path != NULL);
	image->flags = flags;
	image->tail = &image->changes;
	if (existing != NULL) {
		image->named = true;
		image->synced = *existing;
	}
	image->next = shim.images;
	shim.images = image;
	return image;
}

/* Drops the images that gone() is true of. */
static void images_drop(bool (*gone)(const struct image *i, const char *name), const char *name)
{
	for (struct image **at = &shim.images; *at != NULL;) {
		struct image *i = *at;

		if (gone(i, name)) {
			*at = i->next;
			image_free(i);
		} else {
			at = &i->next;
		}
	}
}

static bool always(const struct image *i, const char *name)
{
	(void)i;
	(void)name;
	return true;
}

static bool unlinked_as(const struct image *i, const char *name)
{
	return i->unlinked && strcmp(i->path, name) == 0;
}

static bool unlinked_in(const struct image *i, const char *folder)
{
	size_t size = strlen(folder);

	return i->unlinked && strncmp(i->path, folder, size) == 0 &&
		strchr(i->path + size, '/') == NULL;
}

/* The folder of a path, with its slash; the caller frees it. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = strndup(path, slash != NULL ? (size_t)(slash + 1 - path) : 0);

	MUST(folder != NULL);
	return folder;
}

/* What was made or deleted in the folder is durable. */
static void sync_folder(const char *path)
{
	char *folder = folder_of(path);
	size_t size = strlen(folder);

	images_drop(unlinked_in, folder);
	for (struct image *i = shim.images; i != NULL; i = i->next) {
		if (strncmp(i->path, folder, size) == 0 && strchr(i->path + size, '/') == NULL) {
			i->named = true;
		}
	}
	free(folder);
}

static void change_add(struct image *image, const void *data, size_t at, size_t size)
{
	struct change *c = calloc(1, sizeof(*c));

	MUST(c != NULL);
	c->at = at;
	c->size = size;
	if (data != NULL) {
		c->data = malloc(size > 0 ? size : 1);
		MUST(c->data != NULL);
		memcpy(c->data, data, size);
	}
	*image->tail = c;
	image->tail = &c->next;
}

static void change_apply(const struct change *c, struct bytes *b)
{
	if (c->data == NULL) {
		bytes_resize(b, c->at < b->size ? c->at : b->size);
	} else {
		bytes_put(b, c->at, c->data, c->size);
	}
}

static void image_sync(struct image *image)
{
	for (const struct change *c = image->changes; c != NULL; c = c->next) {
		change_apply(c, &image->synced);
	}
	forget_changes(image);
	if (image->named) {
		return;
	}
	image->named = true;
	images_drop(unlinked_as, image->path);
	if ((image->flags &
	     (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0) {
		sync_folder(image->path);
	}
}

/* Faults. */

static bool ends_with(const char *path, const char *suffix)
{
	size_t size = strlen(path);
	size_t end = strlen(suffix);

	return size >= end && strcmp(path + size - end, suffix) == 0;
}

/* Counts a call. 0: it may go on; otherwise what it returns. The lock is held. */
static int gate(enum shim_op op, const char *path, int off)
{
	const struct shim_fault *f = &shim.fault;

	if (path == NULL) {
		return SQLITE_OK;
	}
	shim.calls[__builtin_ctz(op)]++;
	if (!shim.off && shim.faulty && (f->ops & op) != 0 &&
	    (f->suffix == NULL || ends_with(path, f->suffix))) {
		shim.matched++;
		if (shim.matched >= f->nth && (f->times == 0 || shim.matched < f->nth + f->times)) {
			shim.off = f->code == SHIM_POWER;
			return shim.off ? off : f->code;
		}
	}
	return shim.off ? off : SQLITE_OK;
}

/* The methods of a file. */

static struct shim_file *of(sqlite3_file *file)
{
	return (struct shim_file *)file;
}

static const char *path_of(const struct shim_file *f)
{
	return f->image != NULL ? f->image->path : NULL;
}

static int shim_close(sqlite3_file *file)
{
	struct shim_file *f = of(file);
	int rc = f->real->pMethods != NULL ? f->real->pMethods->xClose(f->real) : SQLITE_OK;

	pthread_mutex_lock(&shim.lock);
	shim.open--;
	if (f->image != NULL) {
		f->image->opens--;
	}
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

static int shim_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
	struct shim_file *f = of(file);
	int rc;

	pthread_mutex_lock(&shim.lock);
	rc = gate(SHIM_READ, path_of(f), SQLITE_IOERR_READ);
	pthread_mutex_unlock(&shim.lock);
	return rc != SQLITE_OK ? rc : f->real->pMethods->xRead(f->real, data, size, at);
}

static int shim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
	struct shim_file *f = of(file);
	int rc, failed;

	pthread_mutex_lock(&shim.lock);
	failed = gate(SHIM_WRITE, path_of(f), SQLITE_IOERR_WRITE);
	if (failed != SQLITE_OK) {
		size = shim.fault.half && !shim.off ? size / 2 : 0;
	}
	rc = size > 0 ? f->real->pMethods->xWrite(f->real, data, size, at) : SQLITE_OK;
	if (rc == SQLITE_OK && size > 0 && f->image != NULL) {
		change_add(f->image, data, (size_t)at, (size_t)size);
	}
	pthread_mutex_unlock(&shim.lock);
	return failed != SQLITE_OK ? failed : rc;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim_file *f = of(file);
	int rc;

	pthread_mutex_lock(&shim.lock);
	rc = gate(SHIM_TRUNCATE, path_of(f), SQLITE_IOERR_TRUNCATE);
	if (rc == SQLITE_OK) {
		rc = f->real->pMethods->xTruncate(f->real, size);
		if (rc == SQLITE_OK && f->image != NULL) {
			change_add(f->image, NULL, (size_t)size, 0);
		}
	}
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

/* The real disk need not be waited for. */
static int shim_sync(sqlite3_file *file, int flags)
{
	struct shim_file *f = of(file);
	int rc;

	(void)flags;
	pthread_mutex_lock(&shim.lock);
	rc = gate(SHIM_SYNC, path_of(f), SQLITE_IOERR_FSYNC);
	if (rc == SQLITE_OK && f->image != NULL) {
		image_sync(f->image);
	}
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xFileSize(f->real, ret);
}

static int gate_lock(struct shim_file *f)
{
	int rc;

	pthread_mutex_lock(&shim.lock);
	rc = gate(SHIM_LOCK, path_of(f), SQLITE_IOERR_LOCK);
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

static int shim_lock(sqlite3_file *file, int level)
{
	struct shim_file *f = of(file);
	int rc = gate_lock(f);

	return rc != SQLITE_OK ? rc : f->real->pMethods->xLock(f->real, level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xUnlock(f->real, level);
}

static int shim_check_lock(sqlite3_file *file, int *ret)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xCheckReservedLock(f->real, ret);
}

static int shim_control(sqlite3_file *file, int op, void *arg)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xFileControl(f->real, op, arg);
}

static int shim_sector(sqlite3_file *file)
{
	(void)file;
	return SECTOR;
}

static int shim_device(sqlite3_file *file)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xDeviceCharacteristics(f->real);
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xShmMap(f->real, page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	struct shim_file *f = of(file);
	int rc = (flags & SQLITE_SHM_LOCK) != 0 ? gate_lock(f) : SQLITE_OK;

	return rc != SQLITE_OK ? rc : f->real->pMethods->xShmLock(f->real, at, n, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
	struct shim_file *f = of(file);

	f->real->pMethods->xShmBarrier(f->real);
}

static int shim_shm_unmap(sqlite3_file *file, int remove)
{
	struct shim_file *f = of(file);

	return f->real->pMethods->xShmUnmap(f->real, remove);
}

/* Version 2: without memory-mapped files, which no write would be seen of. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_check_lock,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector,
	.xDeviceCharacteristics = shim_device,
	.xShmMap = shim_shm_map,
	.xShmLock = shim_shm_lock,
	.xShmBarrier = shim_shm_barrier,
	.xShmUnmap = shim_shm_unmap,
};

/* The methods of the VFS. */

static int open_real(const char *path, struct shim_file *f, int flags, int *ret_flags)
{
	struct bytes before = { 0 };
	struct image *image = path != NULL ? image_find(path) : NULL;
	bool existed = path != NULL && image == NULL && bytes_read(path, &before);
	int rc = shim.real->xOpen(shim.real, path, f->real, flags, ret_flags);

	if (rc != SQLITE_OK || path == NULL || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0) {
		free(before.at);
		return rc;
	}
	f->image = image != NULL ? image : image_new(path, flags, existed ? &before : NULL);
	f->image->opens++;
	return rc;
}

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
		     int *ret_flags)
{
	struct shim_file *f = of(file);
	int rc;

	(void)vfs;
	memset(f, 0, sizeof(*f));
	f->real = (sqlite3_file *)(f + 1);
	f->real->pMethods = NULL;
	pthread_mutex_lock(&shim.lock);
	rc = gate(SHIM_OPEN, path, SQLITE_CANTOPEN);
	if (rc == SQLITE_OK) {
		rc = open_real(path, f, flags, ret_flags);
	}
	if (rc == SQLITE_OK) {
		shim.open++;
		f->base.pMethods = &methods;
	}
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

/* What was never durable leaves nothing; what was may be back, unless the folder is synced. */
static void note_deleted(const char *path, bool durable)
{
	struct image *image = image_find(path);

	if (image != NULL) {
		image->unlinked = true;
		if (!image->named) {
			images_drop(unlinked_as, path);
		}
	}
	if (durable) {
		sync_folder(path);
	}
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct bytes before = { 0 };
	int rc;

	(void)vfs;
	pthread_mutex_lock(&shim.lock);
	rc = gate(SHIM_DELETE, path, SQLITE_IOERR_DELETE);
	if (rc == SQLITE_OK) {
		if (image_find(path) == NULL && bytes_read(path, &before)) {
			(void)image_new(path, 0, &before);
		}
		rc = shim.real->xDelete(shim.real, path, 0);
		if (rc == SQLITE_OK) {
			note_deleted(path, sync != 0);
		}
	}
	pthread_mutex_unlock(&shim.lock);
	return rc;
}

static int shim_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
	(void)vfs;
	return shim.real->xAccess(shim.real, path, flags, ret);
}

static int shim_path(sqlite3_vfs *vfs, const char *path, int size, char *ret)
{
	(void)vfs;
	return shim.real->xFullPathname(shim.real, path, size, ret);
}

static void count_anew(void)
{
	memset(shim.calls, 0, sizeof(shim.calls));
	shim.matched = 0;
}

void shim_install(void)
{
	MUST(shim.real == NULL);
	MUST(sqlite3_initialize() == SQLITE_OK);
	shim.real = sqlite3_vfs_find(NULL);
	MUST(shim.real != NULL);
	shim.vfs = *shim.real;
	shim.vfs.zName = "shim";
	shim.vfs.pNext = NULL;
	shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.real->szOsFile;
	shim.vfs.xOpen = shim_open;
	shim.vfs.xDelete = shim_delete;
	shim.vfs.xAccess = shim_access;
	shim.vfs.xFullPathname = shim_path;
	shim.off = false;
	shim.faulty = false;
	count_anew();
	MUST(sqlite3_vfs_register(&shim.vfs, 1) == SQLITE_OK);
}

void shim_remove(void)
{
	MUST(shim.real != NULL && shim.open == 0);
	MUST(sqlite3_vfs_unregister(&shim.vfs) == SQLITE_OK);
	MUST(sqlite3_vfs_register(shim.real, 1) == SQLITE_OK);
	images_drop(always, NULL);
	shim.real = NULL;
}

void shim_fail(const struct shim_fault *f)
{
	pthread_mutex_lock(&shim.lock);
	shim.faulty = f != NULL;
	if (f != NULL) {
		shim.fault = *f;
	}
	count_anew();
	pthread_mutex_unlock(&shim.lock);
}

uint64_t shim_calls(unsigned ops)
{
	uint64_t n = 0;

	pthread_mutex_lock(&shim.lock);
	for (unsigned i = 0; i < N_OPS; i++) {
		n += (ops & (1U << i)) != 0 ? shim.calls[i] : 0;
	}
	pthread_mutex_unlock(&shim.lock);
	return n;
}

bool shim_failed(void)
{
	bool failed;

	pthread_mutex_lock(&shim.lock);
	failed = shim.faulty && shim.matched >= shim.fault.nth;
	pthread_mutex_unlock(&shim.lock);
	return failed;
}

void shim_power_off(void)
{
	pthread_mutex_lock(&shim.lock);
	shim.off = true;
	pthread_mutex_unlock(&shim.lock);
}

/* What a loss of power leaves. */

/* splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Some of the sectors of a write. */
static void apply_torn(const struct change *c, struct bytes *b, uint64_t *random)
{
	size_t end = c->at + c->size;

	for (size_t at = c->at; at < end;) {
		size_t next = (at / SECTOR + 1) * SECTOR;

		next = next < end ? next : end;
		if (draw(random) % 2 == 0) {
			bytes_put(b, at, c->data + (at - c->at), next - at);
		}
		at = next;
	}
}

static void apply_one(const struct change *c, struct bytes *b, uint64_t *random)
{
	switch (draw(random) % 3) {
	case 0:
		change_apply(c, b);
		break;
	case 1:
		if (c->data != NULL) {
			apply_torn(c, b, random);
		}
		break;
	default:
		break; /* dropped */
	}
}

/* The choice of what was not synced is made file by file. */
static void image_settle(struct image *image, uint64_t *random)
{
	enum { NOTHING, ALL, FIRST, EACH, WAYS } way = (int)(draw(random) % WAYS);
	size_t n = 0;
	size_t first;

	for (const struct change *c = image->changes; c != NULL; c = c->next) {
		n++;
	}
	first = way == NOTHING ? 0 : way == ALL ? n : (size_t)(draw(random) % (n + 1));
	for (const struct change *c = image->changes; c != NULL; c = c->next) {
		if (way == EACH) {
			apply_one(c, &image->synced, random);
		} else if (first > 0) {
			first--;
			change_apply(c, &image->synced);
		}
	}
}

/* The index of a log is not kept by any disk. */
static void remove_index(const char *path)
{
	size_t size = strlen(path) + sizeof("-shm");
	char *name = malloc(size);

	MUST(name != NULL);
	(void)snprintf(name, size, "%s-shm", path);
	(void)unlink(name);
	free(name);
}

void shim_power_on(uint64_t seed)
{
	uint64_t random = seed;

	MUST(shim.real != NULL && shim.open == 0);
	/* the newest image of a name comes first: it has it, or a deleted one before it does */
	for (struct image *i = shim.images; i != NULL; i = i->next) {
		remove_index(i->path);
		if (!i->unlinked) {
			(void)unlink(i->path);
		}
	}
	for (struct image *i = shim.images; i != NULL; i = i->next) {
		bool there = i->named && !i->unlinked;

		if (!there && draw(&random) % 2 == 0) {
			continue;
		}
		if (access(i->path, F_OK) == 0) {
			continue; /* a later file has the name */
		}
		image_settle(i, &random);
		bytes_write(i->path, &i->synced);
	}
	images_drop(always, NULL);
	shim.off = false;
	shim.faulty = false;
	count_anew();
}
