/* What the parts of the reader hand to each other: a file's text, and the readers of the formats. */
#pragma once

#include "checks/reader.h"

/* A file's content; bytes is malloc'd and NUL-terminated. */
struct reader_text {
	char *bytes;
	size_t size;
};

/*
 * Unpacks in place all members of a gzip file; a file that is not declared as packed must not look like one.
 * Errors: INVALID, LIMIT.
 */
int reader_unpack(const struct source_file *f, struct reader_text *text, struct bldr_error *err);
/*
 * Decodes in place to UTF-8, and holds the declared encoding and byte order mark to the text. What cannot be decoded
 * becomes bytes that are no UTF-8. Errors: INVALID, LIMIT.
 */
int reader_decode(const struct source_file *f, struct reader_text *text, struct bldr_error *err);
/* The physical line, from 1, on which a byte of the text lies. */
int64_t reader_line_of(const char *bytes, size_t size, size_t offset);

/*
 * Reads the records of t->bytes, cutting a copy of them, `cut`, into fields. t->bytes, size and columns are set.
 * from: where the first line begins, behind a byte order mark.
 */
int reader_csv(const struct source_file *f, size_t from, char *cut, struct arena *a,
	       struct raw_table *t, struct bldr_error *err);
int reader_json(const struct source_file *f, size_t from, char *cut, struct arena *a,
		struct raw_table *t, struct bldr_error *err);

/* Why the bytes of a record are no text, or NULL. */
const char *raw_bytes_fault(const struct source_file *f, const char *bytes, size_t size,
			    struct arena *a);
/* What is said of a record that is no row and yet no fault. */
extern const char raw_total_reason[], raw_blank_reason[];
/* Whether a first field marks a total (source_file.not_rows). */
bool raw_record_is_total(const struct source_file *f, const char *field);
