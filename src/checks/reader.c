/*
 * Decodes in place: a copy of the file is cut into NUL-terminated fields while the file itself stays for raw
 * text. The happy path is hash, byte order mark, header, records. What can go wrong is the file: other bytes
 * than declared (CHANGED), another header or dialect (INVALID); single bad records are set aside, not errors.
 */
#include "checks/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "base/utf8.h"

struct scanner {
	struct arena *arena;
	const char *bytes; /* the file, `size` bytes and a NUL */
	char *text;        /* the copy that becomes fields */
	size_t size, at;
	int64_t line;
	size_t begin;              /* of the record being read */
	bool unclosed;             /* a quote of it has no end within reach */
	char delimiter, quote;     /* quote '\0': none */
	LIST(const char *) fields; /* of the record just read */
	const char *fault;
};

static bool at_line_end(const struct scanner *s)
{
	return s->at == s->size || s->bytes[s->at] == '\n' || s->bytes[s->at] == '\r';
}

/* Steps over one byte, or over CRLF, and counts physical lines. */
static void step(struct scanner *s)
{
	char c = s->bytes[s->at++];
	if (c == '\r' && s->at < s->size && s->bytes[s->at] == '\n') {
		s->at++;
		s->line++;
	} else if (c == '\r' || c == '\n') {
		s->line++;
	}
}

static void fail_record(struct scanner *s, const char *reason)
{
	if (s->fault == NULL) {
		s->fault = reason;
	}
}

static bool at_quote(const struct scanner *s)
{
	return s->quote != '\0' && s->at < s->size && s->bytes[s->at] == s->quote;
}

/* Reads what is between quotes; returns where the next byte of the field would be written. */
static size_t read_quoted(struct scanner *s)
{
	size_t out = s->at++;
	while (s->at < s->size && s->at - s->begin <= READER_RECORD_MAX) {
		if (at_quote(s)) {
			s->at++;
			if (!at_quote(s)) {
				return out;
			}
			s->text[out++] = s->quote;
			s->at++;
			continue;
		}
		size_t from = s->at;
		step(s);
		memmove(s->text + out, s->bytes + from, s->at - from);
		out += s->at - from;
	}
	s->unclosed = true;
	return out;
}

/* An unclosed quote spoils its first line only: goes back to read on behind that. */
static void give_up_quote(struct scanner *s, int64_t line)
{
	memcpy(s->text + s->begin, s->bytes + s->begin, s->at - s->begin);
	s->at = s->begin;
	s->line = line;
	s->fields.n = 0;
	while (!at_line_end(s)) {
		s->at++;
	}
	s->fault = "a quote is never closed";
}

/* Reads one field up to its delimiter or line end; true: a delimiter, so another field follows. */
static bool read_field(struct scanner *s)
{
	size_t begin = s->at;
	size_t out = at_quote(s) ? read_quoted(s) : begin;
	while (!s->unclosed && !at_line_end(s) && s->bytes[s->at] != s->delimiter) {
		if (out != s->at) {
			fail_record(s, "text follows a closing quote");
		} else if (at_quote(s)) {
			fail_record(s, "a quote stands inside an unquoted field");
		}
		out = ++s->at;
	}
	bool more = !s->unclosed && !at_line_end(s);
	*LIST_ADD(s->arena, &s->fields) = s->text + begin;
	if (more) {
		s->at++;
	}
	if (!s->unclosed) {
		s->text[out] = '\0';
	}
	return more;
}

/* False: no record is left. The fields of a rejected record mean nothing. */
static bool next_record(struct scanner *s, struct raw_record *ret)
{
	while (s->at < s->size && at_line_end(s)) {
		step(s);
	}
	if (s->at == s->size) {
		return false;
	}
	s->fields.n = 0;
	s->fault = NULL;
	s->begin = s->at;
	s->unclosed = false;
	*ret = (struct raw_record){ .line = s->line, .offset = s->at };
	while (read_field(s)) {
	}
	if (s->unclosed) {
		give_up_quote(s, ret->line);
	}
	ret->size = s->at - ret->offset;
	const char *bytes = s->bytes + ret->offset;
	if (ret->size > READER_RECORD_MAX) {
		s->fault = "longer than 16 MB";
	} else if (memchr(bytes, '\0', ret->size) != NULL) {
		fail_record(s, "a NUL byte");
	} else if (!utf8_valid(bytes, ret->size)) {
		fail_record(s, "not UTF-8");
	}
	if (s->at < s->size) {
		step(s);
	}
	return true;
}

static int check_header(struct scanner *s, const struct source_file *f, struct bldr_error *err)
{
	struct raw_record header;
	if (!next_record(s, &header)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": no header, but sources declares one", f->path);
	}
	if (s->fault != NULL || s->fields.n != f->columns.n) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": the header on line %lld is not the %zu declared columns", f->path,
			(long long)header.line, f->columns.n);
	}
	for (size_t i = 0; i < f->columns.n; i++) {
		if (strcmp(s->fields.at[i], f->columns.at[i]) != 0) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"\"%s\": column %zu is named \"%.64s\", sources declares \"%.64s\"",
				f->path, i + 1, s->fields.at[i], f->columns.at[i]);
		}
	}
	return 0;
}

static void read_records(struct scanner *s, struct raw_table *t)
{
	struct raw_record record;
	const char *ragged = NULL; /* said of the last such record; a file's are mostly alike */
	size_t ragged_fields = 0;
	while (next_record(s, &record)) {
		if (s->fault == NULL && s->fields.n != t->columns) {
			if (s->fields.n != ragged_fields) {
				ragged_fields = s->fields.n;
				ragged = arena_printf(s->arena, "%zu fields instead of %zu",
						      ragged_fields, t->columns);
			}
			s->fault = ragged;
		}
		if (s->fault != NULL) {
			*LIST_ADD(s->arena, &t->rejects) =
				(struct raw_reject){ .record = record, .reason = s->fault };
			continue;
		}
		*LIST_ADD(s->arena, &t->records) = record;
		for (size_t i = 0; i < t->columns; i++) {
			*LIST_ADD(s->arena, &t->fields) = s->fields.at[i];
		}
	}
}

static int check_declared(const struct source_file *f, struct bldr_error *err)
{
	const char *quote = f->quote != NULL ? f->quote : "";
	if (strcmp(f->encoding, "utf-8") != 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": encoding \"%s\" cannot be read, only \"utf-8\" can",
				      f->path, f->encoding);
	}
	bool delimiter_ok = strlen(f->delimiter) == 1 && strchr("\r\n", f->delimiter[0]) == NULL;
	bool quote_ok = strlen(quote) <= 1 && quote[0] != f->delimiter[0];
	if (!delimiter_ok || !quote_ok || f->columns.n == 0) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": delimiter \"%s\", quote \"%s\" and %zu columns are no CSV dialect",
			f->path, f->delimiter, quote, f->columns.n);
	}
	return 0;
}

static int check_bytes(const struct source_file *f, const char *bytes, size_t size,
		       struct bldr_error *err)
{
	char hash[HASH_HEX_MAX];
	hash_bytes(bytes, size, hash);
	if (strcmp(hash, f->hash) != 0 || size != (size_t)f->bytes) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "\"%s\" changed since it was profiled: start a new run",
				      f->path);
	}
	bool bom = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
	if (bom != f->bom) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": %s byte order mark, sources declares the opposite",
				      f->path, bom ? "there is a" : "there is no");
	}
	return 0;
}

static char quote_of(const struct source_file *f)
{
	if (f->quote == NULL) {
		return '\0';
	}
	return f->quote[0];
}

static int read_table(const struct source_file *f, const char *bytes, size_t size, struct arena *a,
		      struct raw_table *ret, struct bldr_error *err)
{
	int rc = check_bytes(f, bytes, size, err);
	if (rc < 0) {
		return rc;
	}
	char *original = arena_alloc(a, size + 1);
	char *text = arena_alloc(a, size + 1);
	memcpy(original, bytes, size);
	memcpy(text, bytes, size);

	struct scanner s = {
		.arena = a,
		.bytes = original,
		.text = text,
		.size = size,
		.at = f->bom ? 3 : 0,
		.line = 1,
		.delimiter = f->delimiter[0],
		.quote = quote_of(f),
	};
	struct raw_table t = { .bytes = original, .columns = f->columns.n };
	if (f->header) {
		rc = check_header(&s, f, err);
		if (rc < 0) {
			return rc;
		}
	}
	read_records(&s, &t);
	*ret = t;
	return 0;
}

int raw_table_read(const char *source_folder, const struct source_file *f, struct arena *a,
		   struct raw_table *ret, struct bldr_error *err)
{
	int rc = check_declared(f, err);
	if (rc < 0) {
		return rc;
	}
	char *bytes;
	size_t size;
	char *path = xasprintf("%s/%s", source_folder, f->path);
	rc = file_read(path, RAW_FILE_MAX, &bytes, &size, err);
	free(path);
	if (rc < 0) {
		return rc;
	}
	rc = read_table(f, bytes, size, a, ret, err);
	free(bytes);
	return rc;
}

int64_t raw_record_at(const struct raw_table *t, int64_t line)
{
	size_t low = 0, high = t->records.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->records.at[middle].line < line) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < t->records.n && t->records.at[low].line == line ? (int64_t)low : -1;
}
