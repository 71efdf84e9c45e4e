/*
 * What must hold of the records that a CSV reader cuts a file into, whatever the reader: they lie in file
 * order, nothing but line ends is between them, each begins on the physical line it names, and the fields of
 * a good one, written again, are its raw bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tiling {
	const char *bytes;
	size_t size;
	size_t at;    /* behind the last record */
	int64_t line; /* of bytes[at], from 1 */
	size_t first; /* behind a byte order mark */
};

/* Begins at the start of a file, behind a UTF-8 byte order mark. */
void tiling_start(struct tiling *t, const char *bytes, size_t size);
/* The next record: where it lies, without its line end. */
void tiling_record(struct tiling *t, int64_t line, size_t offset, size_t size);
/* No record follows. */
void tiling_end(struct tiling *t);

/*
 * A field of a good record begins at raw[at] and reads as text, plain or in quotes (quote '\0': there are
 * none). Returns where it ends: at a delimiter or at size.
 */
size_t tiling_field(const char *raw, size_t size, size_t at, const char *text, size_t text_size,
		    char delimiter, char quote);
/* Whether the record holds nothing but blanks, delimiters and quotes. */
bool tiling_blank(const char *raw, size_t size, char delimiter, char quote);
