/*
 * A file that is the body of a request, or its middle between two texts, read while it is sent. When a hash is given, the last
 * piece of the file is withheld until the whole is known to be that content: a receiver that gets less than Content-Length says
 * applies nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <bldr/error.h>
#include "base/hash.h"

/* What is sent; all texts are borrowed. */
struct upload_body {
	const char *path;
	const char *hash;           /* what the file has to be; NULL: whatever it is */
	int64_t bytes;              /* the same; -1: any */
	const char *before, *after; /* texts around the file; NULL: none */
};

struct upload {
	int fd;
	struct upload_body body;
	int64_t file_size, size, at; /* size: of the whole body */
	struct hash_state hash;
	struct bldr_error wrong; /* code 0, or why it is not sent to its end */
};

/* Errors: NOT_FOUND, IO, CHANGED (another size; an empty file that should not be). upload_close follows in each case. */
int upload_open(struct upload *u, const struct upload_body *body, struct bldr_error *err);
/* The next piece, at most room bytes. 0: the end; -1: u->wrong says why not. */
ptrdiff_t upload_read(struct upload *u, char *to, size_t room);
/* From the beginning again. */
void upload_rewind(struct upload *u);
void upload_close(struct upload *u);
