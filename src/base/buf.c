/*
 * A buffer that doubles up to its limit. An addition that does not fit adds nothing and sets failed;
 * nothing else can go wrong.
 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ROOM_FIRST = 64 };

void buf_init(struct buf *b, size_t max)
{
	ASSERT(max < SIZE_MAX / 2);
	*b = (struct buf){ .data = xcalloc(1, 1), .room = 1, .max = max };
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
	b->size = 0;
	b->failed = false;
	b->data[0] = '\0';
}

/* Makes room for size bytes and the NUL. */
static bool reserve(struct buf *b, size_t size)
{
	if (b->failed || size > b->max - b->size) {
		b->failed = true;
		return false;
	}
	size_t needed = b->size + size + 1;
	if (needed <= b->room) {
		return true;
	}
	size_t room = b->room < ROOM_FIRST ? ROOM_FIRST : b->room * 2;
	if (room < needed) {
		room = needed;
	}
	if (room > b->max + 1) {
		room = b->max + 1;
	}
	b->data = xrealloc(b->data, room);
	b->room = room;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t size)
{
	if (!reserve(b, size) || size == 0) {
		return;
	}
	memcpy(b->data + b->size, data, size);
	b->size += size;
	b->data[b->size] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	if (reserve(b, 1)) {
		b->data[b->size++] = c;
		b->data[b->size] = '\0';
	}
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	if (b->failed) {
		return;
	}
	va_list args;
	va_list again;
	va_start(args, fmt);
	va_copy(again, args);
	size_t left = b->room - b->size;
	int n = vsnprintf(b->data + b->size, left, fmt, args);
	va_end(args);
	ASSERT(n >= 0);
	if ((size_t)n < left) {
		b->size += (size_t)n;
	} else if (reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->size, (size_t)n + 1, fmt, again);
		b->size += (size_t)n;
	} else {
		b->data[b->size] = '\0';
	}
	va_end(again);
}

bool buf_failed(const struct buf *b)
{
	return b->failed;
}

char *buf_take(struct buf *b)
{
	char *text = b->data;
	if (b->failed) {
		free(text);
		text = NULL;
	}
	buf_init(b, b->max);
	return text;
}
