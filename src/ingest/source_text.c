/*
 * Three stages, each of which asks the one before it for bytes: the file, which hashes what it reads; the
 * unpacker; the decoder. A stage that the file does not need is not there: plain UTF-8 goes from the file
 * into the caller's buffer.
 */
#include "ingest/source_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/check.h"
#include "ingest/encoding.h"

enum { PIECE = 128 << 10 };

struct piece {
	char *data; /* PIECE bytes */
	size_t at, size;
};

struct source_text {
	char *name; /* for messages */
	int fd;     /* -1: memory */
	const char *memory;
	size_t memory_size;

	struct hash_state hash;
	char hash_hex[HASH_HEX_MAX]; /* once the file's end is reached */
	int64_t bytes;
	bool file_ended;
	int64_t expected_bytes; /* -1: any */
	char expected_hash[HASH_HEX_MAX];

	bool packed;
	z_stream z;
	struct piece packed_in;
	bool member_open; /* inside a member of the gzip file */
	bool unpacked_ended;
	int64_t unpacked;

	struct decoder *decoder; /* NULL: the text is UTF-8 */
	struct piece encoded;

	int rc; /* sticky; its message is in error */
	struct bldr_error error;
};

int source_os_error(const char *what, const char *path, int number, struct bldr_error *err)
{
	int rc = number == ENOENT || number == ENOTDIR ? BLDR_E_NOT_FOUND : BLDR_E_IO;
	if (number == ELOOP || number == EISDIR) {
		return bldr_error_set(err, rc, "cannot %s \"%s\": it is %s", what, path,
				      number == ELOOP ? "a symbolic link" : "not a regular file");
	}
	char text[128];
	const char *reason = strerror_r(number, text, sizeof(text));
	return bldr_error_set(err, rc, "cannot %s \"%s\": %c%s", what, path,
			      tolower((unsigned char)reason[0]), reason + 1);
}

/* ---- the file ---- */

static void check_hash(struct source_text *t)
{
	bool over = t->bytes > t->expected_bytes;
	if (t->expected_bytes < 0 || (!t->file_ended && !over)) {
		return;
	}
	if (over || strcmp(t->hash_hex, t->expected_hash) != 0) {
		t->rc = bldr_error_set(&t->error, BLDR_E_CHANGED,
				       "\"%s\" has changed since it was first read", t->name);
	}
}

/* 0: the end, or an error. */
static size_t read_file(struct source_text *t, char *to, size_t room)
{
	if (t->fd < 0) {
		size_t n = t->memory_size < room ? t->memory_size : room;
		memcpy(to, t->memory, n);
		t->memory += n;
		t->memory_size -= n;
		return n;
	}
	if (t->file_ended || t->rc != 0) {
		return 0;
	}
	ssize_t n;
	do {
		n = read(t->fd, to, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		t->rc = source_os_error("read", t->name, errno, &t->error);
		return 0;
	}
	hash_add(&t->hash, to, (size_t)n);
	t->bytes += n;
	if (n == 0) {
		t->file_ended = true;
		hash_end(&t->hash, t->hash_hex);
	}
	check_hash(t);
	return t->rc == 0 ? (size_t)n : 0;
}

/* ---- unpacking ---- */

/* A file that has changed is told so, whatever the change did to its form: it is read to its end first. */
static size_t unpack_failed(struct source_text *t, int code, const char *why)
{
	while (read_file(t, t->packed_in.data, PIECE) > 0) {
	}
	if (t->rc == 0) {
		t->rc = bldr_error_set(&t->error, code, "\"%s\" cannot be unpacked: %s", t->name,
				       why);
	}
	return 0;
}

static bool have_packed(struct source_text *t)
{
	struct piece *in = &t->packed_in;
	if (in->at == in->size) {
		in->at = 0;
		in->size = read_file(t, in->data, PIECE);
	}
	return in->at < in->size;
}

/* Behind a member: true when another one begins. */
static bool next_member(struct source_text *t)
{
	bool first = t->unpacked == 0 && t->z.total_in == 0;
	if (!have_packed(t)) {
		return false;
	}
	if (!first && t->packed_in.data[t->packed_in.at] == '\0') {
		while (have_packed(t) && t->packed_in.data[t->packed_in.at] == '\0') {
			t->packed_in.at++;
		}
		if (have_packed(t)) {
			unpack_failed(t, BLDR_E_INVALID, "something stands behind the gzip data");
		}
		return false;
	}
	ASSERT(inflateReset(&t->z) == Z_OK);
	t->member_open = true;
	return true;
}

static size_t inflate_some(struct source_text *t, char *to, size_t room)
{
	struct piece *in = &t->packed_in;
	t->z.next_in = (Bytef *)in->data + in->at;
	t->z.avail_in = (uInt)(in->size - in->at);
	t->z.next_out = (Bytef *)to;
	t->z.avail_out = (uInt)room;
	int rc = inflate(&t->z, Z_NO_FLUSH);
	in->at = in->size - t->z.avail_in;
	if (rc == Z_STREAM_END) {
		t->member_open = false;
	} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
		return unpack_failed(t, BLDR_E_INVALID, "its gzip data is damaged");
	}
	return room - t->z.avail_out;
}

/* The limit depends on the whole file's size, which is asked of the system. */
static bool unpacks_to_too_much(const struct source_text *t)
{
	struct stat st;
	return t->unpacked > TEXT_UNPACKED_FREE && fstat(t->fd, &st) == 0 &&
		t->unpacked / TEXT_UNPACKED_RATIO > st.st_size;
}

static size_t read_unpacked(struct source_text *t, char *to, size_t room)
{
	if (!t->packed) {
		return read_file(t, to, room);
	}
	room = room < PIECE ? room : PIECE;
	while (!t->unpacked_ended && t->rc == 0) {
		if (!t->member_open && !next_member(t)) {
			t->unpacked_ended = true;
			break;
		}
		if (!have_packed(t)) {
			return t->rc != 0
				? 0
				: unpack_failed(t, BLDR_E_INVALID, "its gzip data ends too early");
		}
		size_t n = inflate_some(t, to, room);
		t->unpacked += (int64_t)n;
		if (unpacks_to_too_much(t)) {
			char why[128];
			snprintf(why, sizeof(why),
				 "it would take more than %lld bytes and %d times its own size",
				 (long long)TEXT_UNPACKED_FREE, TEXT_UNPACKED_RATIO);
			return unpack_failed(t, BLDR_E_LIMIT, why);
		}
		if (n > 0) {
			return n;
		}
	}
	return 0;
}

/* ---- decoding ---- */

static size_t read_decoded(struct source_text *t, char *to, size_t room)
{
	struct piece *in = &t->encoded;
	for (;;) {
		memmove(in->data, in->data + in->at, in->size - in->at);
		in->size -= in->at;
		in->at = 0;
		bool full = in->size == PIECE;
		size_t n = full ? 0 : read_unpacked(t, in->data + in->size, PIECE - in->size);
		if (t->rc != 0) {
			return 0;
		}
		in->size += n;
		bool last = !full && n == 0;
		size_t made = decoder_run(t->decoder, in->data, in->size, last, to, room, &in->at);
		if (made > 0 || last) {
			return made;
		}
	}
}

/* ---- the text ---- */

/* The descriptor, or -1 with errno: links are not followed, pipes are not waited for. */
static int open_regular(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		return fd;
	}
	close(fd);
	errno = EISDIR;
	return -1;
}

int source_text_open(const char *folder, const struct source_file *file, struct source_text **ret,
		     struct bldr_error *err)
{
	struct decoder *decoder = NULL;
	if (strcmp(file->encoding, "utf-8") != 0) {
		decoder = decoder_new(file->encoding);
		if (decoder == NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "the encoding \"%s\" of \"%s\" is not known",
					      file->encoding, file->path);
		}
	}
	char *path = xasprintf("%s/%s", folder, file->path);
	int fd = open_regular(path);
	if (fd < 0) {
		int rc = source_os_error("open", path, errno, err);
		free(path);
		decoder_free(decoder);
		return rc;
	}
	free(path);
	struct source_text *t = xcalloc(1, sizeof(*t));
	t->name = xstrdup(file->path);
	t->fd = fd;
	t->expected_bytes = -1;
	hash_init(&t->hash);
	t->decoder = decoder;
	if (decoder != NULL) {
		t->encoded.data = xmalloc(PIECE);
	}
	if (file->compression == COMPRESSION_GZIP) {
		t->packed = true;
		t->packed_in.data = xmalloc(PIECE);
		ASSERT(inflateInit2(&t->z, MAX_WBITS + 16) == Z_OK); /* 16: gzip alone */
	}
	*ret = t;
	return 0;
}

struct source_text *source_text_memory(const char *data, size_t size)
{
	struct source_text *t = xcalloc(1, sizeof(*t));
	t->fd = -1;
	t->memory = data;
	t->memory_size = size;
	t->expected_bytes = -1;
	return t;
}

void source_text_close(struct source_text *t)
{
	if (t == NULL) {
		return;
	}
	if (t->fd >= 0) {
		close(t->fd);
	}
	if (t->packed) {
		(void)inflateEnd(&t->z);
	}
	decoder_free(t->decoder);
	free(t->packed_in.data);
	free(t->encoded.data);
	free(t->name);
	free(t);
}

void source_text_expect(struct source_text *t, int64_t bytes, const char *hash)
{
	ASSERT(strlen(hash) == HASH_HEX_MAX - 1 && t->bytes == 0);
	t->expected_bytes = bytes;
	memcpy(t->expected_hash, hash, HASH_HEX_MAX);
}

int source_text_read(struct source_text *t, char *to, size_t room, size_t *ret,
		     struct bldr_error *err)
{
	ASSERT(room >= TEXT_ROOM_MIN);
	size_t n = 0;
	if (t->rc == 0) {
		n = t->decoder != NULL ? read_decoded(t, to, room) : read_unpacked(t, to, room);
	}
	if (t->rc != 0) {
		return bldr_error_set(err, t->rc, "%s", t->error.text);
	}
	*ret = n;
	return 0;
}

int source_text_hash(struct source_text *t, char ret_hex[HASH_HEX_MAX], int64_t *ret_bytes,
		     struct bldr_error *err)
{
	char *rest = xmalloc(PIECE);
	size_t n = 1;
	int rc = 0;
	ASSERT(t->fd >= 0);
	while (rc == 0 && n > 0) {
		n = 0;
		rc = source_text_read(t, rest, PIECE, &n, err);
	}
	free(rest);
	if (rc == 0) {
		memcpy(ret_hex, t->hash_hex, HASH_HEX_MAX);
		*ret_bytes = t->bytes;
	}
	return rc;
}
