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
			      "the file \"%s\" is not sent: %s than the request says", u->body.path,
			      what);
}

static int check_hash(struct upload *u, struct bldr_error *err)
{
	char hex[HASH_HEX_MAX];

	hash_end(&u->hash, hex);
	return strcmp(hex, u->body.hash) == 0 ? 0 : changed(u, err, "its content is another");
}

static int refused(const struct upload *u, struct bldr_error *err)
{
	return bldr_error_set(err, errno == ENOENT ? BLDR_E_NOT_FOUND : BLDR_E_IO,
			      "cannot read \"%s\": %s", u->body.path, strerror(errno));
}

static int64_t length_of(const char *text)
{
	return text != NULL ? (int64_t)strlen(text) : 0;
}

int upload_open(struct upload *u, const struct upload_body *body, struct bldr_error *err)
{
	struct stat st;

	*u = (struct upload){ .body = *body };
	u->fd = open(body->path, O_RDONLY | O_CLOEXEC);
	if (u->fd < 0 || fstat(u->fd, &st) < 0) {
		return refused(u, err);
	}
	if (!S_ISREG(st.st_mode)) {
		return bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is no file", body->path);
	}
	u->file_size = st.st_size;
	if (body->bytes >= 0 && body->bytes != u->file_size) {
		return changed(u, err, "its size is another");
	}
	u->size = length_of(body->before) + u->file_size + length_of(body->after);
	hash_init(&u->hash);
	return u->file_size == 0 && body->hash != NULL ? check_hash(u, err) : 0;
}

/* A piece of a text, from its byte `at` on. */
static ptrdiff_t read_text(struct upload *u, const char *text, int64_t at, char *to, size_t room)
{
	size_t left = strlen(text) - (size_t)at;
	size_t n = left < room ? left : room;

	memcpy(to, text + at, n);
	u->at += (int64_t)n;
	return (ptrdiff_t)n;
}

/* The same of the file. */
static ptrdiff_t read_file(struct upload *u, int64_t at, char *to, size_t room)
{
	int64_t left = u->file_size - at;
	ssize_t n;

	do {
		n = pread(u->fd, to, (uint64_t)left < room ? (size_t)left : room, at);
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
	if (u->body.hash != NULL) {
		hash_add(&u->hash, to, (size_t)n);
		if (n == left && check_hash(u, &u->wrong) < 0) {
			return -1;
		}
	}
	return n;
}

ptrdiff_t upload_read(struct upload *u, char *to, size_t room)
{
	int64_t file = length_of(u->body.before);
	int64_t after = file + u->file_size;

	if (u->at == u->size) {
		return 0;
	}
	if (u->at < file) {
		return read_text(u, u->body.before, u->at, to, room);
	}
	return u->at < after ? read_file(u, u->at - file, to, room)
			     : read_text(u, u->body.after, u->at - after, to, room);
}

void upload_rewind(struct upload *u)
{
	u->at = 0;
	hash_init(&u->hash);
}

void upload_close(struct upload *u)
{
	if (u->body.path != NULL && u->fd >= 0) {
		(void)close(u->fd);
	}
	u->body.path = NULL;
}
