/*
 * The CSV reader over any file, as ingest opens it: read = good + rejected, the records tile the file, good
 * ones are valid and written again give their raw bytes, rejected ones are rejected for a reason that their
 * bytes show. The file is read twice, the second time a few bytes per read(), and must read the same.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/tiling.h"
#include "ingest/reader.h"

enum { SHORT_READ_MAX = 61, RECORDS_TEXT_MAX = 64 << 20 };

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);

static size_t read_max; /* 0: any */
static size_t cut_reads;

ssize_t __wrap_read(int fd, void *to, size_t size)
{
	bool cut = read_max != 0 && size > read_max;
	cut_reads += cut ? 1 : 0;
	return __real_read(fd, to, cut ? read_max : size);
}

static bool begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static void check_good(const struct record *r)
{
	size_t at = 0;
	ASSERT(r->hash == NULL);
	ASSERT(memchr(r->raw, '\0', r->raw_size) == NULL && utf8_valid(r->raw, r->raw_size));
	for (size_t i = 0; i < r->n; i++) {
		at = tiling_field(r->raw, r->raw_size, at, r->fields[i].text, r->fields[i].size,
				  ',', '"');
		ASSERT((at == r->raw_size) == (i + 1 == r->n));
		at++;
	}
}

/* columns 0: any number. */
static void check_rejected(const struct record *r, size_t columns)
{
	char hash[HASH_HEX_MAX];
	hash_bytes(r->raw, r->raw_size, hash);
	ASSERT(strcmp(hash, r->hash) == 0);
	if (strstr(r->rejected, "quote") != NULL) {
		ASSERT(memchr(r->raw, '"', r->raw_size) != NULL);
	} else if (begins(r->rejected, "a NUL")) {
		ASSERT(memchr(r->raw, '\0', r->raw_size) != NULL);
	} else if (begins(r->rejected, "not valid UTF-8")) {
		ASSERT(!utf8_valid(r->raw, r->raw_size));
	} else if (r->kind == RECORD_BLANK) {
		ASSERT(tiling_blank(r->raw, r->raw_size, ',', '"'));
		ASSERT(columns == 0 ? r->n > 1 : r->n <= columns);
	} else {
		ASSERT(strstr(r->rejected, " where the ") != NULL);
		ASSERT(columns != 0 && r->n != columns);
	}
}

/* All that a caller can see of a record. */
static void note(struct buf *out, const struct record *r)
{
	buf_printf(out, "%lld %lld %zu %s:", (long long)r->line, (long long)r->offset, r->raw_size,
		   r->rejected != NULL ? r->rejected : "good");
	for (size_t i = 0; i < r->n; i++) {
		buf_printf(out, " %zu ", r->fields[i].size);
		buf_add(out, r->fields[i].text, r->fields[i].size);
	}
}

static void see(struct tiling *t, const struct record *r, size_t columns, struct buf *out)
{
	tiling_record(t, r->line, (size_t)r->offset, r->raw_size);
	ASSERT(memcmp(r->raw, t->bytes + r->offset, r->raw_size) == 0);
	if (r->rejected != NULL) {
		check_rejected(r, columns);
	} else {
		ASSERT(columns == 0 ? r->n > 0 : r->n == columns);
		check_good(r);
	}
	note(out, r);
}

/* Reads the header as ingest does; false: the file is refused or has none. */
static bool discover(struct source_file *f, const char *bytes, size_t size, struct buf *out)
{
	struct bldr_error err = { 0 };
	struct record header;
	struct record_reader *r;
	struct tiling t;
	char hash[HASH_HEX_MAX];
	char expected[HASH_HEX_MAX];
	ASSERT(record_reader_discover(folder_path(), f, &r, &err) == 0);
	int rc = record_reader_header(r, &header, &err);
	ASSERT(rc == 0 || rc == 1);
	tiling_start(&t, bytes, size);
	if (rc == 1) {
		see(&t, &header, 0, out);
		f->columns.n = header.n;
	} else {
		tiling_end(&t);
	}
	bool usable = rc == 1 && header.rejected == NULL && header.n < CSV_COLUMNS_MAX;
	ASSERT(record_reader_drain(r, hash, &f->bytes, &err) == 0);
	hash_bytes(bytes, size, expected);
	ASSERT(strcmp(hash, expected) == 0 && f->bytes == (int64_t)size);
	ASSERT(record_reader_bom(r) == (t.first != 0));
	record_reader_close(r);
	return usable;
}

/* All records, the header as one of them: they tile the whole file. */
static void read_records(const struct source_file *f, const char *bytes, size_t size,
			 struct buf *out)
{
	struct bldr_error err = { 0 };
	struct record record;
	struct record_reader *r;
	struct tiling t;
	int rc;
	ASSERT(record_reader_open(folder_path(), f, true, &r, &err) == 0);
	tiling_start(&t, bytes, size);
	while ((rc = record_reader_next(r, &record, &err)) > 0) {
		see(&t, &record, f->columns.n, out);
	}
	ASSERT(rc == 0);
	tiling_end(&t);
	record_reader_close(r);
}

static void read_file(const char *bytes, size_t size, struct buf *out)
{
	char hash[HASH_HEX_MAX];
	struct source_file f = {
		.path = "data.csv", .encoding = "utf-8", .delimiter = ",", .quote = "\""
	};
	hash_bytes(bytes, size, hash);
	f.hash = hash;
	if (discover(&f, bytes, size, out)) {
		read_records(&f, bytes, size, out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole;
	struct buf pieces;
	buf_init(&whole, RECORDS_TEXT_MAX);
	buf_init(&pieces, RECORDS_TEXT_MAX);
	folder_put("data.csv", data, size);
	read_file((const char *)data, size, &whole);
	read_max = 1 + hash_xx64(data, size) % SHORT_READ_MAX;
	cut_reads = 0;
	read_file((const char *)data, size, &pieces);
	read_max = 0;
	ASSERT(cut_reads > 0); /* else the second reading proves nothing */
	ASSERT(whole.size == pieces.size && memcmp(whole.data, pieces.data, whole.size) == 0);
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
