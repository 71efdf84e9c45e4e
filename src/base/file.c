/*
 * Whole files. Reading trusts no size it was told, so pipes and growing files work and the limit
 * holds; writing is tmp, fsync, rename, fsync of the folder. Every message names the path and what
 * the operating system said.
 */
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

enum { CHUNK = 64 << 10 };

static int os_error(struct bldr_error *err, const char *what, const char *path, int number)
{
	char text[128];
	const char *reason = strerror_r(number, text, sizeof(text));
	int code = number == ENOENT || number == ENOTDIR ? BLDR_E_NOT_FOUND : BLDR_E_IO;
	return bldr_error_set(err, code, "cannot %s \"%s\": %c%s", what, path,
			      tolower((unsigned char)reason[0]), reason + 1);
}

/* For calls whose only failure is the operating system's. */
static int io_error(struct bldr_error *err, const char *what, const char *path, int number)
{
	os_error(err, what, path, number);
	if (err != NULL) {
		err->code = BLDR_E_IO;
	}
	return BLDR_E_IO;
}

static ssize_t read_some(int fd, void *data, size_t size)
{
	ssize_t n;
	do {
		n = read(fd, data, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

static int open_read(const char *path, int *ret_fd, struct bldr_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return os_error(err, "open", path, errno);
	}
	*ret_fd = fd;
	return 0;
}

/* Reads to the end, but no more than max + 1 bytes. */
static int read_all(int fd, const char *path, size_t max, char **ret, size_t *ret_size,
		    struct bldr_error *err)
{
	struct stat st;
	size_t room = CHUNK;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		room = (size_t)st.st_size + 2;
	}
	size_t limit = max + 2; /* one byte to see that there is more, one for the NUL */
	room = room > limit ? limit : room;
	char *data = xmalloc(room);
	size_t size = 0;
	int rc = 0;

	for (;;) {
		if (size + 1 == room) {
			if (room == limit) {
				rc = bldr_error_set(err, BLDR_E_LIMIT,
						    "\"%s\" is larger than %zu bytes", path, max);
				break;
			}
			room = room < limit / 2 ? room * 2 : limit;
			data = xrealloc(data, room);
		}
		ssize_t n = read_some(fd, data + size, room - 1 - size);
		if (n < 0) {
			rc = os_error(err, "read", path, errno);
			break;
		}
		if (n == 0) {
			break;
		}
		size += (size_t)n;
	}
	if (rc < 0) {
		free(data);
		return rc;
	}
	data[size] = '\0';
	*ret = data;
	if (ret_size != NULL) {
		*ret_size = size;
	}
	return 0;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size, struct bldr_error *err)
{
	int fd = -1;
	ASSERT(max < SIZE_MAX / 2);
	int rc = open_read(path, &fd, err);
	if (rc < 0) {
		return rc;
	}
	rc = read_all(fd, path, max, ret, ret_size, err);
	close(fd);
	return rc;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno != EINTR) {
			return -1;
		}
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* The folder part of a path: "." when it has none. The caller frees it. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL) {
		return xstrdup(".");
	}
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0) {
		return -1;
	}
	int rc = fsync(fd);
	int number = errno;
	close(fd);
	errno = number;
	return rc;
}

int file_begin(struct file_writer *w, const char *path, struct bldr_error *err)
{
	char *tmp = xasprintf("%s.tmp", path);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		int rc = io_error(err, "write", path, errno);
		unlink(tmp);
		free(tmp);
		return rc;
	}
	*w = (struct file_writer){ .fd = fd, .path = xstrdup(path), .tmp = tmp };
	return 0;
}

int file_add(struct file_writer *w, const void *data, size_t size, struct bldr_error *err)
{
	return write_all(w->fd, data, size) == 0 ? 0 : io_error(err, "write", w->path, errno);
}

static void release(struct file_writer *w)
{
	free(w->path);
	free(w->tmp);
	*w = (struct file_writer){ .fd = -1 };
}

void file_drop(struct file_writer *w)
{
	if (w->tmp == NULL) {
		return;
	}
	close(w->fd);
	unlink(w->tmp);
	release(w);
}

int file_end(struct file_writer *w, struct bldr_error *err)
{
	int rc = fsync(w->fd);
	int number = errno;
	if (close(w->fd) != 0 && rc == 0) {
		rc = -1;
		number = errno;
	}
	if (rc == 0 && rename(w->tmp, w->path) != 0) {
		rc = -1;
		number = errno;
	}
	if (rc != 0) {
		rc = io_error(err, "write", w->path, number);
		unlink(w->tmp);
	} else if (sync_folder(w->path) != 0) {
		rc = io_error(err, "sync the folder of", w->path, errno);
	}
	release(w);
	return rc;
}

int file_write(const char *path, const void *data, size_t size, struct bldr_error *err)
{
	struct file_writer w;
	int rc = file_begin(&w, path, err);
	if (rc < 0) {
		return rc;
	}
	rc = file_add(&w, data, size, err);
	if (rc < 0) {
		file_drop(&w);
		return rc;
	}
	return file_end(&w, err);
}

int file_hash(const char *path, char ret_hex[HASH_HEX_MAX], uint64_t *ret_bytes,
	      struct bldr_error *err)
{
	int fd = -1;
	int rc = open_read(path, &fd, err);
	if (rc < 0) {
		return rc;
	}
	struct hash_state h;
	uint64_t bytes = 0;
	char *chunk = xmalloc(CHUNK);
	ssize_t n;
	hash_init(&h);
	while ((n = read_some(fd, chunk, CHUNK)) > 0) {
		hash_add(&h, chunk, (size_t)n);
		bytes += (uint64_t)n;
	}
	if (n < 0) {
		rc = os_error(err, "read", path, errno);
	} else {
		hash_end(&h, ret_hex);
		if (ret_bytes != NULL) {
			*ret_bytes = bytes;
		}
	}
	free(chunk);
	close(fd);
	return rc;
}

static int make_folder(const char *path)
{
	struct stat st;
	if (mkdir(path, 0777) == 0) {
		return 0;
	}
	int number = errno;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			return 0;
		}
		number = ENOTDIR;
	}
	errno = number;
	return -1;
}

int file_mkdirs(const char *path, struct bldr_error *err)
{
	char *part = xstrdup(path);
	int rc = 0;
	for (char *p = part; rc == 0 && *p != '\0'; p++) {
		if (*p == '/' && p != part) {
			*p = '\0';
			rc = make_folder(part);
			*p = '/';
		}
	}
	if (rc == 0) {
		rc = make_folder(part);
	}
	int number = errno;
	free(part);
	return rc == 0 ? 0 : io_error(err, "create folder", path, number);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
