/*
 * A growing byte buffer that names its limit. The first overflow sticks: later calls do nothing,
 * and one look at buf_failed() at the end is enough. data is always NUL-terminated.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* never NULL after buf_init */
	size_t size;
	size_t room;
	size_t max;
	bool failed;
};

/* At most max bytes, the NUL not counted. */
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
/* Empties the buffer; a failure is forgotten. */
void buf_clear(struct buf *b);
/* What does not fit whole is not added at all. */
void buf_add(struct buf *b, const void *data, size_t size);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_failed(const struct buf *b);
/* The text, owned by the caller (free()), or NULL when the buffer had failed. The buffer is empty and
 * usable afterwards; release it all the same. */
char *buf_take(struct buf *b);
