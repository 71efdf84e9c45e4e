/*
 * The Tester's own CSV reader: one whole file in memory, RFC 4180, strict, as sources declares it.
 *
 * Records end at LF, CRLF or a lone CR outside quotes; an empty line is no record. A record is rejected when
 * its field count is not the header's, a quote stands where none may, its bytes are not UTF-8 or hold NUL, or
 * it is longer than READER_RECORD_MAX. A quote that is not closed within that length spoils its first line
 * only: that line is a rejected record, and reading goes on behind it. Everything else is a good record.
 */
#pragma once

#include "artefact/artefact.h"

enum { READER_RECORD_MAX = 16 << 20 };

#define RAW_FILE_MAX ((size_t)1 << 30) /* bytes; a larger file is refused */

struct raw_record {
	int64_t line;        /* first physical line, from 1 */
	size_t offset, size; /* bytes in the file, without the line end */
};

struct raw_reject {
	struct raw_record record;
	const char *reason;
};

struct raw_table {
	const char *bytes; /* the file as it is */
	size_t columns;
	LIST(struct raw_record) records;
	LIST(const char *) fields; /* record i, column j at [i * columns + j]; never NULL */
	LIST(struct raw_reject) rejects;
};

/*
 * Reads source_folder/f->path into a. Errors: NOT_FOUND, IO, LIMIT, CHANGED (not the bytes that sources
 * names), INVALID (not as declared: encoding, byte order mark, dialect, header).
 */
int raw_table_read(const char *source_folder, const struct source_file *f, struct arena *a,
		   struct raw_table *ret, struct bldr_error *err);

static inline const char *raw_field(const struct raw_table *t, size_t record, size_t column)
{
	return t->fields.at[record * t->columns + column];
}

/* The record that begins at that line, or -1. */
int64_t raw_record_at(const struct raw_table *t, int64_t line);
