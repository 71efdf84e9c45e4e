/*
 * The parts of the reader. record_reader.c hands out records and says what is wrong with them; the format's file
 * finds where a record ends and what its fields are: csv_scan.c, json_records.c.
 */
#pragma once

#include "base/map.h"
#include "ingest/text_window.h"

enum { READER_REASON_MAX = 128, READER_RAW_SHOWN_MAX = 4096 };
enum { QUOTE_NONE = 256 /* no char is it */ };

struct span {
	size_t from; /* in text when own, else from the record's first byte */
	size_t size;
	bool own;
};

struct member;
/* Where in an array: before it, behind an element or the bracket that opens it, behind all that can be read. */
enum json_place { JSON_BEFORE, JSON_NEXT, JSON_ENDED };

struct record_reader {
	struct text_window w;
	char *name; /* for messages */
	int format; /* enum source_format */
	char delimiter;
	int quote; /* QUOTE_NONE: none */
	bool backslash;
	int64_t preamble_lines; /* to be left behind before the first record */
	bool header_ahead;      /* the header has not been read yet */
	bool header;
	bool begun, with_bom;
	size_t columns; /* 0: any number */
	const texts *totals;

	size_t done;  /* bytes of the record that the next call leaves behind, line end included */
	int64_t line; /* of the record */
	int64_t last_line,
		in_line; /* where the last record began, and how many before it there, itself counted */
	int64_t lines; /* physical lines that the next call leaves behind */

	struct span *spans;
	size_t n, spans_room;
	size_t found; /* fields of the record; no more than CSV_COLUMNS_MAX are kept */
	char *text;   /* fields that do not stand in the file as they are */
	size_t text_size, text_room;
	struct record_field *fields;
	size_t fields_room;
	char reason[READER_REASON_MAX]; /* "": good */
	char record_hash[HASH_HEX_MAX];
	/* Only the first READER_RAW_SHOWN_MAX bytes of the record are kept, in text; record_hash is made. */
	bool cut;

	/* JSON */
	enum json_place place;
	struct map *keys;       /* struct json_key */
	struct arena key_arena; /* theirs, and that of key_names */
	bool collect;           /* keys become columns as they appear */
	texts key_names;
	int64_t records; /* so far */
	struct member *members;
	size_t members_room;
	unsigned char *stack; /* of open brackets: 1 an object */
	size_t stack_room;
};

/* Moves to the next record. False: there is none. */
bool csv_start(struct record_reader *r);
/*
 * Scans the record at the window's place: sets spans, found, done, lines and, when it is rejected, reason (and
 * then maybe cut and record_hash). Returns its bytes without the line end.
 */
size_t csv_scan(struct record_reader *r);

void json_open(struct record_reader *r, const struct source_file *file);
void json_close(struct record_reader *r);
bool json_start(struct record_reader *r);
size_t json_scan(struct record_reader *r);

/* Before a record: true when it is the first, with a byte order mark left behind. */
bool reader_begin(struct record_reader *r);
void reader_reject(struct record_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void reader_more_spans(struct record_reader *r);
static inline void reader_add_span(struct record_reader *r, struct span span)
{
	r->found++;
	if (r->n == r->spans_room) {
		reader_more_spans(r);
	}
	if (r->n < CSV_COLUMNS_MAX) {
		r->spans[r->n++] = span;
	}
}
/* Room for so many more bytes in text. */
void reader_text_room(struct record_reader *r, size_t more);
/* Leaves bytes of a record that is too long behind, from byte `from` on up to an end (a line end of CSV, an LF, the
 * text's end), but keeps what cut says. The window is then at that end. */
enum reader_end { END_LINE, END_LF, END_TEXT };
void reader_cut(struct record_reader *r, size_t from, enum reader_end end);

/* Whether the field begins with the word of a total (docs/artefacts.md, Totals). */
bool reader_is_total(const char *text, size_t size, const char *word);

/* ---- what discovery needs ---- */

/*
 * As record_reader_open with verify false, for a file whose columns and hash are not known yet: file->columns,
 * bytes and hash are not looked at. Of JSON formats the columns are collected as they appear.
 */
int record_reader_discover(const char *folder, const struct source_file *file,
			   struct record_reader **ret, struct bldr_error *err);
/* The same over decoded text at hand, which must outlive the reader, as file must. */
struct record_reader *record_reader_memory(const struct source_file *file, const char *text,
					   size_t size);
/* The first record, whatever its width. 1: *ret is it, valid until the next call; 0: there is none. */
int record_reader_header(struct record_reader *r, struct record *ret, struct bldr_error *err);
/* True when the text is preceded by a byte order mark; known after record_reader_header. */
bool record_reader_bom(const struct record_reader *r);
/* The keys of all good records so far; of a reader of record_reader_discover. Borrowed. */
const texts *record_reader_keys(const struct record_reader *r);
/* Reads what is left: BLAKE2b-256 and size of the whole file. */
int record_reader_drain(struct record_reader *r, char ret_hex[HASH_HEX_MAX], int64_t *ret_bytes,
			struct bldr_error *err);
