/*
 * A streaming reader of RFC 4180 records over one read buffer, which holds the current record whole. Every
 * byte of the file goes through the hash exactly once, when it is read; the hash is compared at the end.
 * A record that does not fit is handed out as well, with its reason; then reading goes on behind it.
 *
 * Only one fault moves where a record ends: a quote that is still open at the end of the file, or after
 * CSV_RECORD_MAX bytes, is taken for a stray one. The record is then its first line alone, and its other
 * lines are read anew. That stays linear: what follows an open quote holds no unpaired quote, or the quote
 * would have been closed there, so no line of it can be left open again.
 */
#include "ingest/csv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/utf8.h"

enum {
	CHUNK = 256 << 10,
	RAW_SHOWN_MAX = 4096,
	REASON_MAX = 128,
	LOOK_MAX = CSV_RECORD_MAX + 2 /* a record and its line end */
};

static const char bom[] = "\xEF\xBB\xBF";
enum { BOM_SIZE = 3 };

enum fault { FAULT_NONE, FAULT_LONG, FAULT_OPEN, FAULT_STRAY, FAULT_AFTER };

struct span {
	size_t from; /* in text when own, else from the record's first byte */
	size_t size;
	bool own;
};

struct csv_reader {
	char *name; /* for messages */
	int fd;
	char delimiter, quote;
	bool header_ahead; /* the header has not been read yet */
	bool with_bom;
	size_t columns; /* 0: any number */

	char *data;
	size_t size, room;
	size_t at;      /* the current record's first byte */
	size_t done;    /* bytes of it that the next call leaves behind, line end included */
	int64_t offset; /* of data[0] in the file */
	int64_t line;   /* of the record at `at` */
	int64_t lines;  /* physical lines that the next call leaves behind */
	bool ended;     /* nothing more can be read */

	bool hashing, verify;
	struct hash_state hash;
	int64_t bytes; /* read so far */
	int64_t expected_bytes;
	char expected_hash[HASH_HEX_MAX];

	struct span *spans;
	size_t n, spans_room;
	char *text; /* quoted fields without their doubled quotes */
	size_t text_size, text_room;
	struct csv_field *fields;
	size_t fields_room;
	char reason[REASON_MAX];
	char record_hash[HASH_HEX_MAX];

	int rc; /* sticky; its message is in error */
	struct bldr_error error;
};

/* ---- bytes ---- */

static int changed(struct csv_reader *r)
{
	r->rc = bldr_error_set(&r->error, BLDR_E_CHANGED,
			       "\"%s\" has changed since it was first read", r->name);
	return r->rc;
}

static void make_room(struct csv_reader *r)
{
	if (r->at > 0 && r->room - r->size < CHUNK) {
		memmove(r->data, r->data + r->at, r->size - r->at);
		r->offset += (int64_t)r->at;
		r->size -= r->at;
		r->at = 0;
	}
	if (r->room - r->size < CHUNK) {
		r->room = r->room * 2 > r->size + CHUNK ? r->room * 2 : r->size + CHUNK;
		r->data = xrealloc(r->data, r->room);
	}
}

/* Reads once. At the end compares the content with what was expected. */
static void fill(struct csv_reader *r)
{
	make_room(r);
	ssize_t n;
	do {
		n = read(r->fd, r->data + r->size, CHUNK);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		r->rc = csv_os_error("read", r->name, errno, &r->error);
		return;
	}
	if (r->hashing) {
		hash_add(&r->hash, r->data + r->size, (size_t)n);
	}
	r->size += (size_t)n;
	r->bytes += n;
	r->ended = n == 0;
	if (!r->verify || (n > 0 && r->bytes <= r->expected_bytes)) {
		return;
	}
	char hex[HASH_HEX_MAX] = "";
	if (r->ended) {
		hash_end(&r->hash, hex);
		r->hashing = false;
	}
	if (strcmp(hex, r->expected_hash) != 0) {
		changed(r);
	}
}

/* Whether the record has an i-th byte; none is looked for from LOOK_MAX on. */
static bool have_more(struct csv_reader *r, size_t i)
{
	while (i < LOOK_MAX && r->at + i >= r->size && !r->ended && r->rc == 0) {
		fill(r);
	}
	return i < LOOK_MAX && r->at + i < r->size && r->rc == 0;
}

static inline bool have(struct csv_reader *r, size_t i)
{
	if (__builtin_expect(i < LOOK_MAX && r->at + i < r->size, 1)) {
		return true;
	}
	return have_more(r, i);
}

static inline char byte(const struct csv_reader *r, size_t i)
{
	return r->data[r->at + i];
}

static bool line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Bytes of the line end at i. */
static size_t line_end_size(struct csv_reader *r, size_t i)
{
	return byte(r, i) == '\r' && have(r, i + 1) && byte(r, i + 1) == '\n' ? 2 : 1;
}

/* ---- one record ---- */

struct scan {
	size_t i;         /* from the record's first byte */
	int64_t lines;    /* line ends inside quotes */
	enum fault fault; /* the first one */
	size_t fields;    /* found; no more than CSV_COLUMNS_MAX are kept */
};

static void add_span(struct csv_reader *r, struct scan *s, struct span span)
{
	s->fields++;
	if (r->n == CSV_COLUMNS_MAX) {
		return;
	}
	if (r->n == r->spans_room) {
		r->spans_room = r->spans_room != 0 ? r->spans_room * 2 : 16;
		r->spans = xrealloc(r->spans, r->spans_room * sizeof(*r->spans));
	}
	r->spans[r->n++] = span;
}

/* A copy of bytes from..to of the record in which doubled quotes are single. */
static struct span unescape(struct csv_reader *r, size_t from, size_t to)
{
	if (r->text_room - r->text_size < to - from) {
		r->text_room = r->text_size + (to - from) + r->text_room;
		r->text = xrealloc(r->text, r->text_room);
	}
	struct span span = { .from = r->text_size, .own = true };
	for (size_t i = from; i < to; i++) {
		char c = byte(r, i);
		r->text[r->text_size++] = c;
		if (c == r->quote && i + 1 < to) {
			i++;
		}
	}
	span.size = r->text_size - span.from;
	return span;
}

/* To the next delimiter or line end. */
static size_t skip_plain(struct csv_reader *r, struct scan *s)
{
	size_t from = s->i;
	while (have(r, s->i)) {
		char c = byte(r, s->i);
		if (c == r->delimiter || line_end(c)) {
			break;
		}
		if (c == r->quote && s->fault == FAULT_NONE) {
			s->fault = FAULT_STRAY;
		}
		s->i++;
	}
	return s->i - from;
}

static void scan_quoted(struct csv_reader *r, struct scan *s)
{
	size_t from = ++s->i;
	bool doubled = false;
	for (;;) {
		if (!have(r, s->i)) {
			s->fault = FAULT_OPEN;
			return;
		}
		char c = byte(r, s->i);
		if (c == r->quote) {
			if (!have(r, s->i + 1) || byte(r, s->i + 1) != r->quote) {
				break;
			}
			doubled = true;
			s->i += 2;
		} else if (line_end(c)) {
			s->lines++;
			s->i += line_end_size(r, s->i);
		} else {
			s->i++;
		}
	}
	size_t to = s->i++;
	add_span(r, s,
		 doubled ? unescape(r, from, to) : (struct span){ .from = from, .size = to - from });
	if (have(r, s->i) && byte(r, s->i) != r->delimiter && !line_end(byte(r, s->i))) {
		s->fault = s->fault == FAULT_NONE ? FAULT_AFTER : s->fault;
		skip_plain(r, s);
	}
}

static void scan_record(struct csv_reader *r, struct scan *s)
{
	for (;;) {
		if (have(r, s->i) && byte(r, s->i) == r->quote) {
			scan_quoted(r, s);
		} else {
			size_t from = s->i;
			size_t size = skip_plain(r, s);
			add_span(r, s, (struct span){ .from = from, .size = size });
		}
		if (s->fault == FAULT_OPEN || !have(r, s->i) || line_end(byte(r, s->i))) {
			break;
		}
		s->i++; /* the delimiter */
	}
	if (s->i > CSV_RECORD_MAX && s->fault != FAULT_OPEN) {
		s->fault = FAULT_LONG;
	}
}

/*
 * The record is its first line alone: what follows is read anew. Nothing of it is kept as fields. True when
 * even that line is longer than CSV_RECORD_MAX.
 */
static bool cut_to_line(struct csv_reader *r, struct scan *s)
{
	s->lines = 0;
	s->fields = 0;
	r->n = 0;
	for (s->i = 0; have(r, s->i) && !line_end(byte(r, s->i));) {
		s->i++;
	}
	return s->i > CSV_RECORD_MAX;
}

/* Leaves a line longer than CSV_RECORD_MAX behind, hashing it; its first bytes stay in text. */
static void skip_long_line(struct csv_reader *r)
{
	struct hash_state h;

	r->text_room = r->text_room > RAW_SHOWN_MAX ? r->text_room : RAW_SHOWN_MAX;
	r->text = xrealloc(r->text, r->text_room);
	memcpy(r->text, r->data + r->at, RAW_SHOWN_MAX);
	hash_init(&h);
	for (size_t n = CHUNK; n == CHUNK;) {
		for (n = 0; n < CHUNK && have(r, n) && !line_end(byte(r, n));) {
			n++;
		}
		hash_add(&h, r->data + r->at, n);
		r->at += n;
	}
	hash_end(&h, r->record_hash);
}

static void set_fields(struct csv_reader *r)
{
	if (r->n > r->fields_room) {
		r->fields_room = r->spans_room;
		r->fields = xrealloc(r->fields, r->fields_room * sizeof(*r->fields));
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct span *span = &r->spans[i];
		r->fields[i].text = (span->own ? r->text : r->data + r->at) + span->from;
		r->fields[i].size = span->size;
	}
}

static bool reject(struct csv_reader *r, const char *reason)
{
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	return true;
}

/* Fills r->reason when the record is not good. */
static bool find_fault(struct csv_reader *r, const struct scan *s, const char *raw, size_t raw_size)
{
	switch (s->fault) {
	case FAULT_LONG:
		snprintf(r->reason, sizeof(r->reason), "longer than %d bytes", CSV_RECORD_MAX);
		return true;
	case FAULT_OPEN:
		return reject(r, "a quote that is never closed");
	case FAULT_STRAY:
		return reject(r, "a quote inside an unquoted field");
	case FAULT_AFTER:
		return reject(r, "text behind a closing quote");
	case FAULT_NONE:
		break;
	}
	if (memchr(raw, '\0', raw_size) != NULL) {
		return reject(r, "a NUL byte");
	}
	if (!utf8_valid(raw, raw_size)) {
		return reject(r, "not valid UTF-8");
	}
	if (r->columns != 0 && s->fields != r->columns) {
		snprintf(r->reason, sizeof(r->reason), "%zu field%s where the header has %zu",
			 s->fields, s->fields == 1 ? "" : "s", r->columns);
		return true;
	}
	return false;
}

/* Leaves the last record and blank lines behind. False at the end. */
static bool next_start(struct csv_reader *r)
{
	r->at += r->done;
	r->line += r->lines;
	r->done = 0;
	r->lines = 0;
	if (r->offset == 0 && r->at == 0 && have(r, BOM_SIZE - 1) &&
	    memcmp(r->data, bom, BOM_SIZE) == 0) {
		r->with_bom = true;
		r->at = BOM_SIZE;
	}
	while (have(r, 0) && line_end(byte(r, 0))) {
		r->at += line_end_size(r, 0);
		r->line++;
	}
	return have(r, 0);
}

static int read_record(struct csv_reader *r, struct csv_record *ret, struct bldr_error *err)
{
	struct scan s = { 0 };
	bool skipped = false;
	int64_t offset = 0;

	if (r->rc == 0 && next_start(r)) {
		offset = r->offset + (int64_t)r->at;
		r->n = 0;
		r->text_size = 0;
		scan_record(r, &s);
		if (s.fault == FAULT_OPEN || s.fault == FAULT_LONG) {
			skipped = cut_to_line(r, &s);
		}
		if (skipped) {
			skip_long_line(r);
			s = (struct scan){ .fault = FAULT_LONG };
		}
		bool ends = have(r, s.i); /* may move the data: before pointers are taken */
		r->done = ends ? s.i + line_end_size(r, s.i) : s.i;
		r->lines = s.lines + (ends ? 1 : 0);
	} else if (r->rc == 0) {
		return 0;
	}
	if (r->rc != 0) {
		return bldr_error_set(err, r->rc, "%s", r->error.text);
	}

	set_fields(r);
	*ret = (struct csv_record){
		.line = r->line,
		.offset = offset,
		.raw = skipped ? r->text : r->data + r->at,
		.raw_size = skipped ? RAW_SHOWN_MAX : s.i,
		.fields = r->fields,
		.n = r->n,
	};
	if (find_fault(r, &s, ret->raw, ret->raw_size)) {
		ret->rejected = r->reason;
		if (!skipped) {
			hash_bytes(ret->raw, ret->raw_size, r->record_hash);
		}
		ret->hash = r->record_hash;
	}
	return 1;
}

/* ---- the reader ---- */

int csv_os_error(const char *what, const char *path, int number, struct bldr_error *err)
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

/* NULL: *ret_rc says why. */
static struct csv_reader *open_reader(const char *folder, const struct source_file *file,
				      int *ret_rc, struct bldr_error *err)
{
	ASSERT(strlen(file->delimiter) == 1 && strlen(file->quote) == 1);
	char *path = xasprintf("%s/%s", folder, file->path);
	int fd = open_regular(path);
	if (fd < 0) {
		*ret_rc = csv_os_error("open", path, errno, err);
		free(path);
		return NULL;
	}
	free(path);
	struct csv_reader *r = xcalloc(1, sizeof(*r));
	r->name = xstrdup(file->path);
	r->fd = fd;
	r->delimiter = file->delimiter[0];
	r->quote = file->quote[0];
	r->header_ahead = file->header;
	r->line = 1;
	return r;
}

int csv_reader_discover(const char *folder, const struct source_file *file, struct csv_reader **ret,
			struct bldr_error *err)
{
	int rc = 0;
	struct csv_reader *r = open_reader(folder, file, &rc, err);
	if (r == NULL) {
		return rc;
	}
	r->hashing = true;
	hash_init(&r->hash);
	*ret = r;
	return 0;
}

int csv_reader_open(const char *folder, const struct source_file *file, bool verify,
		    struct csv_reader **ret, struct bldr_error *err)
{
	int rc = 0;
	struct csv_reader *r = open_reader(folder, file, &rc, err);
	if (r == NULL) {
		return rc;
	}
	r->columns = file->columns.n;
	if (verify) {
		ASSERT(strlen(file->hash) == HASH_HEX_MAX - 1);
		r->hashing = true;
		r->verify = true;
		hash_init(&r->hash);
		r->expected_bytes = file->bytes;
		memcpy(r->expected_hash, file->hash, HASH_HEX_MAX);
	}
	*ret = r;
	return 0;
}

void csv_reader_close(struct csv_reader *r)
{
	if (r == NULL) {
		return;
	}
	close(r->fd);
	free(r->name);
	free(r->data);
	free(r->spans);
	free(r->text);
	free(r->fields);
	free(r);
}

int csv_reader_next(struct csv_reader *r, struct csv_record *ret, struct bldr_error *err)
{
	if (r->header_ahead) {
		struct csv_record header;
		int rc = csv_reader_header(r, &header, err);
		if (rc <= 0) {
			return rc;
		}
		if (header.rejected != NULL) {
			changed(r);
		}
	}
	return read_record(r, ret, err);
}

int csv_reader_header(struct csv_reader *r, struct csv_record *ret, struct bldr_error *err)
{
	r->header_ahead = false;
	return read_record(r, ret, err);
}

bool csv_reader_bom(const struct csv_reader *r)
{
	return r->with_bom;
}

int csv_reader_drain(struct csv_reader *r, char ret_hex[HASH_HEX_MAX], int64_t *ret_bytes,
		     struct bldr_error *err)
{
	ASSERT(r->hashing && !r->verify);
	while (!r->ended && r->rc == 0) {
		r->at = r->size;
		fill(r);
	}
	if (r->rc != 0) {
		return bldr_error_set(err, r->rc, "%s", r->error.text);
	}
	hash_end(&r->hash, ret_hex);
	r->hashing = false;
	*ret_bytes = r->bytes;
	return 0;
}
