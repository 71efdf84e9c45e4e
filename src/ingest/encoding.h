/*
 * Character encodings: text of a named encoding as UTF-8, a piece at a time. What cannot be decoded becomes
 * bytes that are no UTF-8 (docs/artefacts.md, "How a file is read"): a surrogate without its pair its three
 * bytes, an odd last byte of UTF-16 FF, an undefined byte of another encoding itself, with FF behind it when it could begin
 * a character of UTF-8 (C2 to F4).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct decoder;

/* One character takes at most so many bytes, so decoder_run with as much room always gets on. */
enum { DECODER_ROOM_MIN = 64 };

/* NULL: nobody knows the encoding. utf-8 needs no decoder and has none. */
struct decoder *decoder_new(const char *encoding);
void decoder_free(struct decoder *d);
/*
 * Decodes from size bytes into room bytes; *ret_used of them are behind it then. last: nothing follows. Returns
 * the bytes written. Without last a few bytes at the end may stay unused until more of them come.
 */
size_t decoder_run(struct decoder *d, const char *from, size_t size, bool last, char *to,
		   size_t room, size_t *ret_used);
