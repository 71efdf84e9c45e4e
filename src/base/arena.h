/*
 * An arena: memory of one unit of work, freed as a whole. Blocks are zeroed and aligned to 16, but for
 * texts, which lie side by side.
 * `struct arena a = {0};` is a valid empty arena; arena_release makes it empty again.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena_hook;
struct arena {
	struct arena_block *blocks;
	struct arena_hook *hooks;
};

void *arena_alloc(struct arena *a, size_t size);
/* n items; a product beyond size_t is a bug. */
void *arena_array(struct arena *a, size_t n, size_t item_size);
void *arena_copy(struct arena *a, const void *data, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
/* At most size bytes of s, up to its NUL; NULL gives NULL. */
char *arena_strndup(struct arena *a, const char *s, size_t size);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_release(struct arena *a);

/* Has arena_release call fn(user) before any memory goes, the latest hook first. For what an arena
 * owns without holding its memory, such as a counted reference. */
void arena_on_release(struct arena *a, void (*fn)(void *user), void *user);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), (size_t)(n), sizeof(type)))

/*
 * A growing list whose memory is an arena's: `LIST(struct foo) foos;` then
 * `*LIST_ADD(&arena, &foos) = foo;` and `for (size_t i = 0; i < foos.n; i++) use(&foos.at[i])`.
 * Growth moves the items: keep indexes, not pointers, while a list grows. Zero is empty.
 */
#define LIST(type)           \
	struct {             \
		type *at;    \
		size_t n;    \
		size_t room; \
	}
#define LIST_ADD(a, list)                                                                         \
	((list)->at = arena_grow((a), (list)->at, (list)->n, &(list)->room, sizeof(*(list)->at)), \
	 &(list)->at[(list)->n++])

/* Room for one more item: returns at, or a larger zeroed copy of it. */
void *arena_grow(struct arena *a, void *at, size_t n, size_t *room, size_t item_size);
