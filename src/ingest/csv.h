/*
 * What the module itself needs of the CSV reader beyond ingest.h: the header as it stands in the file, and
 * the hash of the whole content.
 */
#pragma once

#include "ingest/ingest.h"

/*
 * As csv_reader_open with verify false, for a file whose columns and hash are not known yet: file->columns,
 * bytes and hash are not looked at.
 */
int csv_reader_discover(const char *folder, const struct source_file *file, struct csv_reader **ret,
			struct bldr_error *err);
/* The first record, whatever its width. 1: *ret is it, valid until the next call; 0: there is none. */
int csv_reader_header(struct csv_reader *r, struct csv_record *ret, struct bldr_error *err);
/* True when the text is preceded by a UTF-8 byte order mark; known after csv_reader_header. */
bool csv_reader_bom(const struct csv_reader *r);
/* Reads what is left of a reader of csv_reader_discover: BLAKE2b-256 and size of the whole content. */
int csv_reader_drain(struct csv_reader *r, char ret_hex[HASH_HEX_MAX], int64_t *ret_bytes,
		     struct bldr_error *err);

/* `cannot open "x.csv": permission denied`; NOT_FOUND when it does not exist, else IO. Returns the code. */
int csv_os_error(const char *what, const char *path, int number, struct bldr_error *err);
