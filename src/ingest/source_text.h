/*
 * The text of a source file as UTF-8: its bytes are read and hashed, unpacked when the file is packed, and
 * decoded when they are no UTF-8. docs/artefacts.md ("How a file is read") has the rules.
 *
 * A gzip file is read through all its members; zeros behind the last one are padding. It may unpack to
 * TEXT_UNPACKED_FREE bytes, or to TEXT_UNPACKED_RATIO times its own size when that is more.
 */
#pragma once

#include "ingest/ingest.h"

#define TEXT_UNPACKED_FREE ((int64_t)256 << 20)
enum { TEXT_UNPACKED_RATIO = 200, TEXT_ROOM_MIN = 4096 };

struct source_text;

/* Opens folder/file->path by file's compression and encoding. Errors: NOT_FOUND, IO; INVALID: an encoding that
 * nobody knows. */
int source_text_open(const char *folder, const struct source_file *file, struct source_text **ret,
		     struct bldr_error *err);
/* Text at hand, which must outlive it. */
struct source_text *source_text_memory(const char *data, size_t size);
void source_text_close(struct source_text *t);
/* From here on the file must have this size and hash, which is found out at the end at the latest. */
void source_text_expect(struct source_text *t, int64_t bytes, const char *hash);
/*
 * The next piece of the text: up to room (at least TEXT_ROOM_MIN) bytes; *ret 0: the end. Errors, which stay: IO;
 * CHANGED; INVALID, `"x.csv.gz" cannot be unpacked: ...`; LIMIT, it unpacks to more than it may.
 */
int source_text_read(struct source_text *t, char *to, size_t room, size_t *ret,
		     struct bldr_error *err);
/* Reads what is left; then BLAKE2b-256 and size of the file as it lies there. */
int source_text_hash(struct source_text *t, char ret_hex[HASH_HEX_MAX], int64_t *ret_bytes,
		     struct bldr_error *err);

/* `cannot open "x.csv": permission denied`; NOT_FOUND when it does not exist, else IO. Returns the code. */
int source_os_error(const char *what, const char *path, int number, struct bldr_error *err);
