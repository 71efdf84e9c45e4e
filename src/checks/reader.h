/*
 * The Tester's own reader: one whole file in memory, strict, as sources declares it. docs/artefacts.md "How a file is
 * read" has the rules of all formats.
 *
 * csv: records end at LF, CRLF or a lone CR outside quotes; an empty line is no record. In a table of several columns
 * a record without anything in any field, and without a field too many, is blank. A record is rejected when its
 * field count is not the columns', a quote stands where none may, its bytes are not UTF-8 or hold NUL, or it is
 * longer than READER_RECORD_MAX. A quote that is not closed within that length spoils the record up to the end of the
 * line in which it stands: that is a rejected record, and reading goes on behind it. jsonl, json: what is no object of
 * distinct keys is rejected. What is declared (compression, encoding, byte order mark, preamble, header, columns) is held
 * to the bytes.
 */
#pragma once

#include "artefact/artefact.h"

enum { READER_RECORD_MAX = 16 << 20, READER_DEPTH_MAX = 64 };

#define RAW_FILE_MAX ((size_t)1 << 30) /* bytes, packed or not; a larger file is refused */

/* Offsets and lines fit 32 bits, since no text is longer than RAW_FILE_MAX. */
struct raw_record {
	uint32_t line;         /* first physical line, from 1 */
	uint32_t in_line;      /* number among the records that begin there, from 1 */
	uint32_t offset, size; /* bytes in the text, without the line end */
};

/* REJECT_TOTAL: well-formed, but a total (source_file.not_rows). */
enum reject_kind { REJECT_UNREADABLE, REJECT_TOTAL, REJECT_BLANK, REJECT_KINDS };

struct raw_reject {
	struct raw_record record;
	enum reject_kind kind;
	const char *reason;
};

struct raw_table {
	const char *bytes; /* the text: unpacked, and UTF-8 but for what cannot be decoded */
	size_t size;
	const char *cut; /* its copy, cut into fields that end with NUL */
	size_t columns;
	LIST(struct raw_record) records;
	LIST(uint32_t) fields; /* record i, column j at [i * columns + j]: where in cut it begins */
	LIST(struct raw_reject) rejects; /* in the order of the file */
	LIST(const char *) written;      /* csv with a header: the names as written */
};

/*
 * Reads source_folder/f->path into a. Errors: NOT_FOUND, IO, LIMIT, CHANGED (not the bytes that sources
 * names), INVALID (not as declared: compression, encoding, byte order mark, dialect, header, keys; told with the
 * file, the line where there is one, and what was declared).
 */
int raw_table_read(const char *source_folder, const struct source_file *f, struct arena *a,
		   struct raw_table *ret, struct bldr_error *err);

static inline const char *raw_field(const struct raw_table *t, size_t record, size_t column)
{
	return t->cut + t->fields.at[record * t->columns + column];
}

/* The record that begins at that line, or -1. */
int64_t raw_record_at(const struct raw_table *t, int64_t line);
/* The rejected record that begins at that line, or -1. */
int64_t raw_reject_at(const struct raw_table *t, int64_t line);
