/*
 * The JSON reader over any bytes, as lines and as an array: records come in the order of the text and do not
 * overlap, good ones are objects that libbldr's own parser takes too (another parser, written apart) with the same
 * values, and every key becomes a column once. Read again with the columns declared, a few bytes per read(), the
 * same records come out.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/json_columns.h"
#include "ingest/reader.h"

enum { SHORT_READ_MAX = 61, RECORDS_TEXT_MAX = 64 << 20 };

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);

static size_t read_max; /* 0: any */

ssize_t __wrap_read(int fd, void *to, size_t size)
{
	return __real_read(fd, to, read_max != 0 && size > read_max ? read_max : size);
}

static void check_value(const struct bldr_value *v, const struct record_field *f)
{
	switch (bldr_type_of(v)) {
	case BLDR_NULL: /* or the key is missing */
		ASSERT(f->size == 0);
		break;
	case BLDR_BOOL:
		ASSERT(f->size == (bldr_as_bool(v, false) ? 4 : 5));
		break;
	case BLDR_TEXT:
		ASSERT(strlen(bldr_as_text(v)) == f->size);
		ASSERT(memcmp(bldr_as_text(v), f->text, f->size) == 0);
		break;
	case BLDR_INT:
	case BLDR_REAL:
		ASSERT(f->size > 0 &&
		       (f->text[0] == '-' || (f->text[0] >= '0' && f->text[0] <= '9')));
		break;
	case BLDR_LIST:
		ASSERT(f->text[0] == '[' && f->text[f->size - 1] == ']');
		break;
	case BLDR_OBJECT:
		ASSERT(f->text[0] == '{' && f->text[f->size - 1] == '}');
		break;
	}
}

/* The parser refuses a few things that are good here: numbers beyond 64 bits, U+0000 or a key twice inside. */
static void check_good(const struct record *r, const struct source_file *f)
{
	struct bldr_value *v;
	ASSERT(utf8_valid(r->raw, r->raw_size) && r->n == f->columns.n && r->hash == NULL);
	if (bldr_value_parse(r->raw, r->raw_size, &v, NULL) != 0) {
		return;
	}
	ASSERT(bldr_type_of(v) == BLDR_OBJECT);
	for (size_t i = 0; i < f->columns.n; i++) {
		check_value(bldr_get(v, f->columns.at[i]), &r->fields[i]);
	}
	bldr_unref(v);
}

static void check_rejected(const struct record *r, const char *bytes, size_t size)
{
	ASSERT(r->hash != NULL && r->rejected[0] != '\0' && r->kind == RECORD_UNREADABLE);
	if (strstr(r->rejected, "the array breaks") != NULL) { /* all that is left */
		char hash[HASH_HEX_MAX];
		hash_bytes(bytes + r->offset, size - (size_t)r->offset, hash);
		ASSERT(strcmp(hash, r->hash) == 0);
	}
}

static void read_records(const struct source_file *f, const char *bytes, size_t size,
			 struct buf *out)
{
	struct bldr_error err = { 0 };
	struct record r;
	struct record_reader *reader;
	size_t at = 0;
	int64_t line = 1;
	int rc;
	ASSERT(record_reader_open(folder_path(), f, true, &reader, &err) == 0);
	while ((rc = record_reader_next(reader, &r, &err)) > 0) {
		ASSERT((size_t)r.offset >= at && (size_t)r.offset + r.raw_size <= size);
		for (; at < (size_t)r.offset; at++) {
			line += bytes[at] == '\n' ? 1 : 0;
		}
		ASSERT(line == r.line && memcmp(r.raw, bytes + at, r.raw_size) == 0);
		if (r.kind == RECORD_GOOD) {
			check_good(&r, f);
		} else {
			check_rejected(&r, bytes, size);
		}
		buf_printf(out, "%lld %zu %s:", (long long)r.offset, r.raw_size,
			   r.rejected != NULL ? r.rejected : "good");
		for (size_t i = 0; i < r.n; i++) {
			buf_printf(out, " %zu ", r.fields[i].size);
			buf_add(out, r.fields[i].text, r.fields[i].size);
		}
	}
	ASSERT(rc == 0);
	record_reader_close(reader);
}

static void read_as(int format, const char *bytes, size_t size)
{
	struct arena a = { 0 };
	struct buf whole;
	struct buf pieces;
	struct source_file f = { .path = "data.json",
				 .format = format,
				 .encoding = "utf-8",
				 .delimiter = "",
				 .quote = "" };
	buf_init(&whole, RECORDS_TEXT_MAX);
	buf_init(&pieces, RECORDS_TEXT_MAX);
	char expected[HASH_HEX_MAX];
	hash_bytes(bytes, size, expected);
	json_columns(&f, &a);
	ASSERT(strcmp(f.hash, expected) == 0);
	if (f.columns.n > 0) {
		read_records(&f, bytes, size, &whole);
		read_max = 1 + hash_xx64(bytes, size) % SHORT_READ_MAX;
		read_records(&f, bytes, size, &pieces);
		read_max = 0;
		ASSERT(whole.size == pieces.size);
		ASSERT(memcmp(whole.data, pieces.data, whole.size) == 0);
	}
	buf_release(&whole);
	buf_release(&pieces);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	folder_put("data.json", data, size);
	read_as(FORMAT_JSONL, (const char *)data, size);
	read_as(FORMAT_JSON, (const char *)data, size);
	return 0;
}
