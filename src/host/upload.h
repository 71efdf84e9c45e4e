/*
 * A file that is the body of a request, read while it is sent. When a hash is given, the last piece is withheld until the whole is
 * known to be that content: a receiver that gets less than Content-Length says applies nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <bldr/error.h>
#include "base/hash.h"

struct upload {
	int fd;
	const char *path, *expected; /* hash, or NULL; both borrowed */
	int64_t size, at;
	struct hash_state hash;
	struct bldr_error wrong; /* code 0, or why it is not sent to its end */
};

/* bytes: the size it has to have, -1: any. Errors: NOT_FOUND, IO, CHANGED (another size; an empty file that should not
 * be). upload_close follows in each case. */
int upload_open(struct upload *u, const char *path, const char *hash, int64_t bytes,
		struct bldr_error *err);
/* The next piece, at most room bytes. 0: the end; -1: u->wrong says why not. */
ptrdiff_t upload_read(struct upload *u, char *to, size_t room);
/* From the beginning again. */
void upload_rewind(struct upload *u);
void upload_close(struct upload *u);
