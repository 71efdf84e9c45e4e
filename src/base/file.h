/* Files: read whole with a limit, written so that a crash leaves the old one or the new one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bldr/error.h>
#include "base/hash.h"

/* Reads a whole file of at most max bytes. *ret is NUL-terminated; free() it.
 * Errors: NOT_FOUND, IO, LIMIT; the message names the path. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size, struct bldr_error *err);

/* Writes path.tmp, fsyncs it, renames it over path, fsyncs the folder. One writer per path at a time:
 * the temporary name is always the same, so that a crash leaves no more than one. Errors: IO. */
int file_write(const char *path, const void *data, size_t size, struct bldr_error *err);

/* The same piece by piece: file_begin, file_add as often as needed, then file_end or file_drop. Zero is one that was
 * dropped. Errors: IO; after one of file_add drop it. */
struct file_writer {
	int fd;
	char *path, *tmp;
};
int file_begin(struct file_writer *w, const char *path, struct bldr_error *err);
int file_add(struct file_writer *w, const void *data, size_t size, struct bldr_error *err);
int file_end(struct file_writer *w, struct bldr_error *err);
void file_drop(struct file_writer *w);

/* BLAKE2b-256 and size of a file's content. Errors: NOT_FOUND, IO. */
int file_hash(const char *path, char ret_hex[HASH_HEX_MAX], uint64_t *ret_bytes,
	      struct bldr_error *err);

/* Creates a folder and its parents; an existing one is fine. Errors: IO. */
int file_mkdirs(const char *path, struct bldr_error *err);
bool file_exists(const char *path);
