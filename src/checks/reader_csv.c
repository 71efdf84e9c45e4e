/*
 * csv: decodes in place, so that a copy of the text is cut into NUL-terminated fields while the text itself stays.
 * The happy path is preamble, header, records. A header that is not the declared columns is an error; a record that
 * does not fit is set aside.
 */
#include "checks/reader_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "checks/blanks.h"

struct scanner {
	struct arena *arena;
	const struct source_file *file;
	const char *bytes; /* the text, `size` bytes and a NUL */
	char *text;        /* the copy that becomes fields */
	size_t size, at;
	int64_t line;
	size_t begin;    /* of the record being read */
	bool unclosed;   /* a quote of it has no end within reach */
	size_t quote_at; /* the last field's begin */
	int64_t quote_line;
	char delimiter, quote; /* quote '\0': none */
	bool backslash;
	LIST(uint32_t) fields; /* of the record just read: where they begin */
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

static size_t copy_step(struct scanner *s, size_t out)
{
	size_t from = s->at;
	step(s);
	memmove(s->text + out, s->bytes + from, s->at - from);
	return out + (s->at - from);
}

/* Reads what is between quotes; returns where the next byte of the field would be written. */
static size_t read_quoted(struct scanner *s)
{
	size_t out = s->at++;
	while (s->at < s->size && s->at - s->begin <= READER_RECORD_MAX) {
		if (at_quote(s)) {
			s->at++;
			if (s->backslash || !at_quote(s)) {
				return out;
			}
			s->text[out++] = s->quote;
			s->at++;
			continue;
		}
		if (s->backslash && s->bytes[s->at] == '\\' && ++s->at == s->size) {
			break;
		}
		out = copy_step(s, out);
	}
	s->unclosed = true;
	return out;
}

/* An unclosed quote spoils the record up to the end of its line: goes back to read on behind that. */
static void give_up_quote(struct scanner *s)
{
	memcpy(s->text + s->begin, s->bytes + s->begin, s->at - s->begin);
	s->at = s->quote_at;
	s->line = s->quote_line;
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
	s->quote_at = begin;
	s->quote_line = s->line;
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
	*LIST_ADD(s->arena, &s->fields) = (uint32_t)begin;
	if (more) {
		s->at++;
	}
	if (!s->unclosed) {
		s->text[out] = '\0';
	}
	return more;
}

static void look_at_bytes(struct scanner *s, const struct raw_record *r)
{
	if (r->size > READER_RECORD_MAX) {
		s->fault = "longer than 16 MB";
	} else if (s->fault == NULL) {
		s->fault = raw_bytes_fault(s->file, s->bytes + r->offset, r->size, s->arena);
	}
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
	*ret = (struct raw_record){
		.line = (uint32_t)s->line,
		.in_line = 1,
		.offset = (uint32_t)s->at,
	};
	while (read_field(s)) {
	}
	if (s->unclosed) {
		give_up_quote(s);
	}
	ret->size = (uint32_t)(s->at - ret->offset);
	look_at_bytes(s, ret);
	if (s->at < s->size) {
		step(s);
	}
	return true;
}

/* ---- preamble and header ---- */

static int skip_preamble(struct scanner *s, struct bldr_error *err)
{
	while (s->line <= s->file->preamble_lines) {
		if (s->at == s->size) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "\"%s\" ends on line %lld, within the %lld lines of "
					      "preamble that sources declares",
					      s->file->path, (long long)s->line,
					      (long long)s->file->preamble_lines);
		}
		step(s);
	}
	return 0;
}

static bool is_taken(texts names, const char *name)
{
	for (size_t i = 0; i < names.n; i++) {
		if (strcasecmp(names.at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* The name of the next column: its header without blanks, told apart from those before it. */
static const char *name_of(struct arena *a, texts names, const char *written)
{
	struct trimmed t = blanks_trim(written, strlen(written));
	const char *plain = t.size > 0 ? arena_strndup(a, t.at, t.size)
				       : arena_printf(a, "column_%zu", names.n + 1);
	const char *name = plain;
	for (size_t i = 2; is_taken(names, name); i++) {
		name = arena_printf(a, "%s_%zu", plain, i);
	}
	return name;
}

static int check_names(const struct source_file *f, texts names, int64_t line,
		       struct bldr_error *err)
{
	const texts *declared = f->own_names.n > 0 ? &f->own_names : &f->columns;
	for (size_t i = 0; i < f->columns.n; i++) {
		if (i >= declared->n || strcmp(names.at[i], declared->at[i]) != 0) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "\"%s\": column %zu is named \"%.64s\" on line %lld, "
					      "sources declares \"%.64s\"",
					      f->path, i + 1, names.at[i], (long long)line,
					      i < declared->n ? declared->at[i] : "");
		}
	}
	return 0;
}

static int check_header(struct scanner *s, struct raw_table *t, struct bldr_error *err)
{
	const struct source_file *f = s->file;
	struct raw_record header;
	if (!next_record(s, &header)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": no header, but sources declares one", f->path);
	}
	if (s->fault != NULL || s->fields.n != f->columns.n) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": the header on line %lld is not the %zu declared columns%s%s",
			f->path, (long long)header.line, f->columns.n, s->fault != NULL ? ": " : "",
			s->fault != NULL ? s->fault : "");
	}
	texts names = { 0 };
	for (size_t i = 0; i < s->fields.n; i++) {
		const char *written = s->text + s->fields.at[i];
		const char *name = name_of(s->arena, names, written);
		*LIST_ADD(s->arena, &t->written) = written;
		*LIST_ADD(s->arena, &names) = name;
	}
	return check_names(f, names, header.line, err);
}

static int check_numbered(struct scanner *s, struct bldr_error *err)
{
	texts names = { 0 };
	for (size_t i = 0; i < s->file->columns.n; i++) {
		const char *name = arena_printf(s->arena, "column_%zu", i + 1);
		*LIST_ADD(s->arena, &names) = name;
	}
	return check_names(s->file, names, s->line, err);
}

/* ---- records ---- */

struct ragged { /* a file's ragged records are mostly alike */
	size_t fields;
	const char *reason;
};

/* Room for as many records and fields as there can be, so that the lists never grow. */
static void make_room(const struct scanner *s, struct raw_table *t)
{
	size_t lines = 1;
	for (size_t i = s->at; i < s->size; i++) {
		lines += s->bytes[i] == '\n' || (s->bytes[i] == '\r' && s->bytes[i + 1] != '\n');
	}
	size_t most = (s->size - s->at + 1) / t->columns + 1; /* a field takes a byte at least */
	lines = lines < most ? lines : most;
	t->records.at = ARENA_ARRAY(s->arena, struct raw_record, lines);
	t->records.room = lines;
	t->fields.at = ARENA_ARRAY(s->arena, uint32_t, lines * t->columns);
	t->fields.room = lines * t->columns;
}

/* No field holds anything; a table of one column has no such record. */
static bool is_blank(const struct scanner *s, const struct raw_table *t)
{
	for (size_t i = 0; i < s->fields.n; i++) {
		const char *field = s->text + s->fields.at[i];
		if (blanks_trim(field, strlen(field)).size > 0) {
			return false;
		}
	}
	return t->columns > 1 && s->fields.n <= t->columns;
}

/* Why the record that was just read is no row; false: it is one. ragged: what was said of the last such record. */
static bool is_reject(struct scanner *s, const struct raw_table *t, struct ragged *ragged,
		      struct raw_reject *ret)
{
	ret->kind = REJECT_UNREADABLE;
	if (s->fault == NULL && is_blank(s, t)) {
		ret->kind = REJECT_BLANK;
		s->fault = raw_blank_reason;
	} else if (s->fault == NULL && s->fields.n != t->columns) {
		if (s->fields.n != ragged->fields) {
			ragged->fields = s->fields.n;
			ragged->reason = arena_printf(s->arena, "%zu fields instead of %zu",
						      ragged->fields, t->columns);
		}
		s->fault = ragged->reason;
	} else if (s->fault == NULL && raw_record_is_total(s->file, s->text + s->fields.at[0])) {
		ret->kind = REJECT_TOTAL;
		s->fault = raw_total_reason;
	}
	ret->reason = s->fault;
	return s->fault != NULL;
}

static void read_records(struct scanner *s, struct raw_table *t)
{
	struct ragged ragged = { 0 };
	struct raw_reject reject;
	make_room(s, t);
	while (next_record(s, &reject.record)) {
		if (is_reject(s, t, &ragged, &reject)) {
			*LIST_ADD(s->arena, &t->rejects) = reject;
			continue;
		}
		*LIST_ADD(s->arena, &t->records) = reject.record;
		for (size_t i = 0; i < t->columns; i++) {
			*LIST_ADD(s->arena, &t->fields) = s->fields.at[i];
		}
	}
}

int reader_csv(const struct source_file *f, size_t from, char *cut, struct arena *a,
	       struct raw_table *t, struct bldr_error *err)
{
	struct scanner s = {
		.arena = a,
		.file = f,
		.bytes = t->bytes,
		.size = t->size,
		.at = from,
		.line = 1,
		.delimiter = f->delimiter[0],
		.backslash = f->escape == ESCAPE_BACKSLASH,
	};
	s.text = cut;
	if (f->quote != NULL) {
		s.quote = f->quote[0];
	}
	int rc = skip_preamble(&s, err);
	if (rc == 0) {
		rc = f->header ? check_header(&s, t, err) : check_numbered(&s, err);
	}
	if (rc == 0) {
		read_records(&s, t);
	}
	return rc;
}
