/* ASSERT: a bug stops the program at once, in release too. Memory that runs out does as well. */
#pragma once

#include <stddef.h>

#define ASSERT(condition)                                                       \
	do {                                                                    \
		if (__builtin_expect(!(condition), 0)) {                        \
			check_failed(#condition, __FILE__, __LINE__, __func__); \
		}                                                               \
	} while (0)

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *func);

/* malloc family that never returns NULL: out of memory aborts with a message. free() frees. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t size);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
