/*
 * The reader: a window over the file's text and the scanner of its format. A record that does not fit is handed
 * out as well, with its reason; then reading goes on behind it.
 */
#include "ingest/reader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "ingest/infer.h"

/* ---- for the scanners ---- */

bool reader_begin(struct record_reader *r)
{
	static const char bom[] = "\xEF\xBB\xBF";
	enum { BOM_SIZE = sizeof(bom) - 1 };
	bool first = !r->begun;
	r->begun = true;
	if (first && window_have(&r->w, BOM_SIZE - 1) && memcmp(r->w.data, bom, BOM_SIZE) == 0) {
		r->with_bom = true;
		r->w.at = BOM_SIZE;
	}
	return first;
}

void reader_reject(struct record_reader *r, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	(void)vsnprintf(r->reason, sizeof(r->reason), format, list);
	va_end(list);
}

void reader_more_spans(struct record_reader *r)
{
	r->spans_room = r->spans_room != 0 ? r->spans_room * 2 : 16;
	r->spans = xrealloc(r->spans, r->spans_room * sizeof(*r->spans));
}

void reader_text_room(struct record_reader *r, size_t more)
{
	if (r->text_room - r->text_size < more) {
		r->text_room = r->text_size + more + r->text_room;
		r->text = xrealloc(r->text, r->text_room);
	}
}

static bool at_end(const struct text_window *w, size_t i, enum reader_end end)
{
	char c = window_byte(w, i);
	return (end == END_LINE && (c == '\n' || c == '\r')) || (end == END_LF && c == '\n');
}

static void leave(struct text_window *w, struct hash_state *h, size_t n)
{
	ASSERT(n == 0 || window_have(w, n - 1));
	hash_add(h, w->data + w->at, n);
	w->at += n;
}

void reader_cut(struct record_reader *r, size_t from, enum reader_end end)
{
	struct text_window *w = &r->w;
	struct hash_state h;
	size_t kept = 0;
	r->n = 0;
	r->text_size = 0;
	reader_text_room(r, READER_RAW_SHOWN_MAX);
	while (kept < READER_RAW_SHOWN_MAX && window_have(w, kept) &&
	       (kept < from || !at_end(w, kept, end))) {
		r->text[kept] = window_byte(w, kept);
		kept++;
	}
	r->text_size = kept;
	r->cut = true;
	hash_init(&h);
	leave(w, &h, from);
	for (size_t n = WINDOW_CHUNK; n == WINDOW_CHUNK;) {
		for (n = 0; n < WINDOW_CHUNK && window_have(w, n) && !at_end(w, n, end);) {
			n++;
		}
		leave(w, &h, n);
	}
	hash_end(&h, r->record_hash);
}

/* ---- one record ---- */

static void set_fields(struct record_reader *r)
{
	if (r->n > r->fields_room) {
		r->fields_room = r->spans_room;
		r->fields = xrealloc(r->fields, r->fields_room * sizeof(*r->fields));
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct span *span = &r->spans[i];
		r->fields[i].text = (span->own ? r->text : r->w.data + r->w.at) + span->from;
		r->fields[i].size = span->size;
	}
}

static bool holds_nothing(const struct record_field *f)
{
	size_t size = f->size;
	(void)value_trim(f->text, &size);
	return size == 0;
}

/* Of a header that is not known yet, one field may be the table's only one. */
static bool is_blank(const struct record_reader *r)
{
	size_t columns = r->columns != 0 ? r->columns : r->found;
	if (r->format != FORMAT_CSV || r->reason[0] != '\0' || columns < 2 || r->found > columns ||
	    r->n != r->found) {
		return false;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (!holds_nothing(&r->fields[i])) {
			return false;
		}
	}
	return true;
}

static void check_bytes(struct record_reader *r, const char *raw, size_t size)
{
	if (r->reason[0] != '\0') {
		return;
	}
	if (memchr(raw, '\0', size) != NULL) {
		reader_reject(r, "a NUL byte");
	} else if (!utf8_valid(raw, size)) {
		reader_reject(r, "not valid UTF-8");
	} else if (r->columns != 0 && r->found != r->columns) {
		reader_reject(r, "%zu field%s where the %s has %zu", r->found,
			      r->found == 1 ? "" : "s", r->header ? "header" : "table", r->columns);
	}
}

static bool letter_or_digit(const char *s, size_t size)
{
	unsigned char c = (unsigned char)s[0];
	unsigned char lower = c | 0x20;
	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') ||
		(c >= 0x80 && amount_blank(s, size) == 0);
}

bool reader_is_total(const char *text, size_t size, const char *word)
{
	size_t n = strlen(word);
	text = value_trim(text, &size);
	return size >= n && n > 0 && memcmp(text, word, n) == 0 &&
		(size == n || !letter_or_digit(text + n, size - n));
}

static bool is_total(const struct record_reader *r)
{
	for (size_t i = 0; i < r->totals->n && r->n > 0; i++) {
		if (reader_is_total(r->fields[0].text, r->fields[0].size, r->totals->at[i])) {
			return true;
		}
	}
	return false;
}

static void judge(struct record_reader *r, struct record *ret)
{
	bool blank = !r->cut && is_blank(r);
	if (!r->cut && !blank) {
		check_bytes(r, ret->raw, ret->raw_size);
	}
	if (blank) {
		ret->kind = RECORD_BLANK;
		reader_reject(r, "blank, not a row");
	} else if (r->reason[0] != '\0') {
		ret->kind = RECORD_UNREADABLE;
	} else if (r->totals->n > 0 && is_total(r)) {
		ret->kind = RECORD_TOTAL;
		reader_reject(r, "a total, not a row");
	} else {
		ret->kind = RECORD_GOOD;
		return;
	}
	ret->rejected = r->reason;
	if (!r->cut) {
		hash_bytes(ret->raw, ret->raw_size, r->record_hash);
	}
	ret->hash = r->record_hash;
}

static int failed(const struct record_reader *r, struct bldr_error *err)
{
	return bldr_error_set(err, r->w.rc, "%s", r->w.error.text);
}

static int read_record(struct record_reader *r, struct record *ret, struct bldr_error *err)
{
	bool csv = r->format == FORMAT_CSV;
	r->w.at += r->done;
	r->line += r->lines;
	r->done = 0;
	r->lines = 0;
	r->n = 0;
	r->found = 0;
	r->text_size = 0;
	r->cut = false;
	r->reason[0] = '\0';
	if (r->w.rc != 0 || !(csv ? csv_start(r) : json_start(r))) {
		return r->w.rc != 0 ? failed(r, err) : 0;
	}
	int64_t offset = window_offset(&r->w);
	r->in_line = r->line == r->last_line ? r->in_line + 1 : 1;
	r->last_line = r->line;
	size_t size = csv ? csv_scan(r) : json_scan(r);
	if (r->w.rc != 0) {
		return failed(r, err);
	}
	set_fields(r);
	*ret = (struct record){
		.line = r->line,
		.in_line = r->in_line,
		.offset = offset,
		.raw = r->cut ? r->text : r->w.data + r->w.at,
		.raw_size = r->cut ? r->text_size : size,
		.fields = r->fields,
		.n = r->n,
	};
	judge(r, ret);
	return 1;
}

/* ---- the reader ---- */

static struct record_reader *reader_new(const struct source_file *file, struct source_text *text)
{
	ASSERT(file->format != FORMAT_CSV || strlen(file->delimiter) == 1);
	ASSERT(strlen(file->quote) <= 1);
	struct record_reader *r = xcalloc(1, sizeof(*r));
	r->w.text = text;
	r->name = xstrdup(file->path);
	r->format = file->format;
	r->delimiter = file->delimiter[0];
	r->quote = file->quote[0] != '\0' ? file->quote[0] : QUOTE_NONE;
	r->backslash = file->escape == ESCAPE_BACKSLASH;
	r->preamble_lines = file->preamble_lines;
	r->header = file->header && file->format == FORMAT_CSV;
	r->header_ahead = r->header;
	r->totals = &file->not_rows;
	r->line = 1;
	return r;
}

int record_reader_discover(const char *folder, const struct source_file *file,
			   struct record_reader **ret, struct bldr_error *err)
{
	struct source_text *text;
	int rc = source_text_open(folder, file, &text, err);
	if (rc != 0) {
		return rc;
	}
	*ret = reader_new(file, text);
	if (file->format != FORMAT_CSV) {
		(*ret)->collect = true;
		json_open(*ret, file);
	}
	return 0;
}

struct record_reader *record_reader_memory(const struct source_file *file, const char *text,
					   size_t size)
{
	struct record_reader *r = reader_new(file, source_text_memory(text, size));
	if (file->format != FORMAT_CSV) {
		r->collect = true;
		json_open(r, file);
	}
	return r;
}

int record_reader_open(const char *folder, const struct source_file *file, bool verify,
		       struct record_reader **ret, struct bldr_error *err)
{
	struct source_text *text;
	int rc = source_text_open(folder, file, &text, err);
	if (rc != 0) {
		return rc;
	}
	if (verify) {
		source_text_expect(text, file->bytes, file->hash);
	}
	*ret = reader_new(file, text);
	(*ret)->columns = file->columns.n;
	if (file->format != FORMAT_CSV) {
		json_open(*ret, file);
	}
	return 0;
}

void record_reader_close(struct record_reader *r)
{
	if (r == NULL) {
		return;
	}
	source_text_close(r->w.text);
	json_close(r);
	free(r->w.data);
	free(r->name);
	free(r->spans);
	free(r->text);
	free(r->fields);
	free(r);
}

int record_reader_next(struct record_reader *r, struct record *ret, struct bldr_error *err)
{
	if (r->header_ahead) {
		struct record header;
		int rc = record_reader_header(r, &header, err);
		if (rc <= 0) {
			return rc;
		}
		if (header.kind == RECORD_UNREADABLE) {
			r->w.rc = bldr_error_set(&r->w.error, BLDR_E_CHANGED,
						 "\"%s\" has changed since it was first read",
						 r->name);
		}
	}
	return read_record(r, ret, err);
}

int record_reader_each(const char *folder, const struct source_file *file, record_taker take,
		       void *arg, struct bldr_error *err)
{
	struct record_reader *r;
	struct record record;
	int rc = record_reader_open(folder, file, true, &r, err);
	if (rc != 0) {
		return rc;
	}
	while ((rc = record_reader_next(r, &record, err)) > 0) {
		rc = take(arg, &record, err);
		if (rc != 0) {
			break;
		}
	}
	record_reader_close(r);
	return rc;
}

int record_reader_header(struct record_reader *r, struct record *ret, struct bldr_error *err)
{
	r->header_ahead = false;
	return read_record(r, ret, err);
}

bool record_reader_bom(const struct record_reader *r)
{
	return r->with_bom;
}

const texts *record_reader_keys(const struct record_reader *r)
{
	ASSERT(r->collect);
	return &r->key_names;
}

int record_reader_drain(struct record_reader *r, char ret_hex[HASH_HEX_MAX], int64_t *ret_bytes,
			struct bldr_error *err)
{
	return r->w.rc != 0 ? failed(r, err) : source_text_hash(r->w.text, ret_hex, ret_bytes, err);
}
