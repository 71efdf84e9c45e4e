/*
 * A list of blocks, the newest first; memory is cut from the newest until it does not fit. Blocks
 * double up to a limit, what is larger gets a block of its own. Under AddressSanitizer each piece is
 * its own block, so that an overrun is seen.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ALIGNMENT = 16, BLOCK_FIRST = 1 << 10, BLOCK_LAST = 1 << 20 };
/* Most lists of a superstep have one item. */
enum { LIST_FIRST = 2 };

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ONE_PIECE_PER_BLOCK 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(ONE_PIECE_PER_BLOCK)
#define ONE_PIECE_PER_BLOCK 1
#endif
#ifndef ONE_PIECE_PER_BLOCK
#define ONE_PIECE_PER_BLOCK 0
#endif

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(ALIGNMENT) char data[];
};

struct arena_hook {
	struct arena_hook *next;
	void (*fn)(void *user);
	void *user;
};

static struct arena_block *block_new(size_t size)
{
	ASSERT(size <= SIZE_MAX - sizeof(struct arena_block));
	struct arena_block *block = xcalloc(1, sizeof(struct arena_block) + size);
	block->size = size;
	return block;
}

static size_t next_block_size(const struct arena *a)
{
	if (a->blocks == NULL) {
		return BLOCK_FIRST;
	}
	size_t size = a->blocks->size * 2;
	return size < BLOCK_FIRST ? BLOCK_FIRST : size > BLOCK_LAST ? BLOCK_LAST : size;
}

static void *take(struct arena *a, size_t size, size_t alignment)
{
	struct arena_block *block = a->blocks;
	size_t from = block != NULL ? (block->used + alignment - 1) & ~(alignment - 1) : 0;
	if (block != NULL && from <= block->size && size <= block->size - from) {
		block->used = from + size;
		return block->data + from;
	}

	size_t usual = next_block_size(a);
	if (ONE_PIECE_PER_BLOCK || size > usual / 2) {
		struct arena_block *own = block_new(size);
		own->used = size;
		if (block != NULL) { /* behind the newest, whose free room stays in use */
			own->next = block->next;
			block->next = own;
		} else {
			a->blocks = own;
		}
		return own->data;
	}
	struct arena_block *fresh = block_new(usual);
	fresh->next = block;
	a->blocks = fresh;
	return take(a, size, alignment);
}

void *arena_alloc(struct arena *a, size_t size)
{
	return take(a, size, ALIGNMENT);
}

static char *take_text(struct arena *a, size_t length)
{
	return take(a, length + 1, 1);
}

void *arena_array(struct arena *a, size_t n, size_t item_size)
{
	size_t size;
	ASSERT(!__builtin_mul_overflow(n, item_size, &size));
	return arena_alloc(a, size);
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
	void *copy = arena_alloc(a, size);
	if (size != 0) {
		memcpy(copy, data, size);
	}
	return copy;
}

static char *copy_text(struct arena *a, const char *s, size_t length)
{
	char *copy = take_text(a, length);
	memcpy(copy, s, length);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s != NULL ? copy_text(a, s, strlen(s)) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t size)
{
	return s != NULL ? copy_text(a, s, strnlen(s, size)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	va_list again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	ASSERT(n >= 0);
	char *text = take_text(a, (size_t)n);
	vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

void *arena_grow(struct arena *a, void *at, size_t n, size_t *room, size_t item_size)
{
	if (n < *room) {
		return at;
	}
	ASSERT(*room <= SIZE_MAX / 2);
	size_t larger = *room != 0 ? *room * 2 : LIST_FIRST;
	void *copy = arena_array(a, larger, item_size);
	if (n != 0) {
		memcpy(copy, at, n * item_size);
	}
	*room = larger;
	return copy;
}

void arena_on_release(struct arena *a, void (*fn)(void *user), void *user)
{
	struct arena_hook *hook = arena_alloc(a, sizeof(*hook));
	*hook = (struct arena_hook){ .next = a->hooks, .fn = fn, .user = user };
	a->hooks = hook;
}

void arena_release(struct arena *a)
{
	for (struct arena_hook *hook = a->hooks; hook != NULL; hook = hook->next) {
		hook->fn(hook->user);
	}
	a->hooks = NULL;
	struct arena_block *block = a->blocks;
	while (block != NULL) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	a->blocks = NULL;
}
