/* Reading blocks the loop for as long as the disk takes, as writing a saved body does. */
#include "host/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int changed(const struct upload *u, struct bldr_error *err, const char *what)
{
	return bldr_error_set(err, BLDR_E_CHANGED,
			      "the file \"%s\" is not sent: %s than the request says", u->path,
			      what);
}

static int check_hash(struct upload *u, struct bldr_error *err)
{
	char hex[HASH_HEX_MAX];

	hash_end(&u->hash, hex);
	return strcmp(hex, u->expected) == 0 ? 0 : changed(u, err, "its content is another");
}

static int refused(const struct upload *u, struct bldr_error *err)
{
	return bldr_error_set(err, errno == ENOENT ? BLDR_E_NOT_FOUND : BLDR_E_IO,
			      "cannot read \"%s\": %s", u->path, strerror(errno));
}

int upload_open(struct upload *u, const char *path, const char *hash, int64_t bytes,
		struct bldr_error *err)
{
	struct stat st;

	*u = (struct upload){ .path = path, .expected = hash };
	u->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0 || fstat(u->fd, &st) < 0) {
		return refused(u, err);
	}
	if (!S_ISREG(st.st_mode)) {
		return bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is no file", path);
	}
	u->size = st.st_size;
	if (bytes >= 0 && bytes != u->size) {
		return changed(u, err, "its size is another");
	}
	hash_init(&u->hash);
	return u->size == 0 && hash != NULL ? check_hash(u, err) : 0;
}

ptrdiff_t upload_read(struct upload *u, char *to, size_t room)
{
	int64_t left = u->size - u->at;
	ssize_t n;

	if (left == 0) {
		return 0;
	}
	do {
		n = pread(u->fd, to, (uint64_t)left < room ? (size_t)left : room, u->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		(void)refused(u, &u->wrong);
		return -1;
	}
	if (n == 0) {
		(void)changed(u, &u->wrong, "it has become shorter");
		return -1;
	}
	u->at += n;
	if (u->expected != NULL) {
		hash_add(&u->hash, to, (size_t)n);
		if (u->at == u->size && check_hash(u, &u->wrong) < 0) {
			return -1;
		}
	}
	return n;
}

void upload_rewind(struct upload *u)
{
	u->at = 0;
	hash_init(&u->hash);
}

void upload_close(struct upload *u)
{
	if (u->path != NULL && u->fd >= 0) {
		(void)close(u->fd);
	}
	u->path = NULL;
}
