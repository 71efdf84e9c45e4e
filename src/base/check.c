/*
 * The two ways a program of ours stops at once: a broken assumption and memory that ran out. Both
 * say what and where on stderr, the first with the last events of the log, then abort, so that a core
 * or a debugger shows the place.
 */
#include "base/check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

void check_failed(const char *condition, const char *file, int line, const char *func)
{
	fprintf(stderr, "bldr: bug: '%s' does not hold in %s (%s:%d)\n", condition, func, file,
		line);
	fflush(stderr);
	log_dump(STDERR_FILENO);
	abort();
}

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "bldr: out of memory: cannot allocate %zu bytes\n", size);
	fflush(stderr);
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size != 0 ? size : 1);
	if (p == NULL) {
		out_of_memory(size);
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	bool empty = n == 0 || size == 0;
	void *p = empty ? calloc(1, 1) : calloc(n, size);
	if (p == NULL) {
		size_t total;
		out_of_memory(__builtin_mul_overflow(n, size, &total) ? SIZE_MAX : total);
	}
	return p;
}

void *xrealloc(void *p, size_t size)
{
	void *larger = realloc(p, size != 0 ? size : 1);
	if (larger == NULL) {
		out_of_memory(size);
	}
	return larger;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t size)
{
	size_t length = strnlen(s, size);
	char *copy = xmalloc(length + 1);
	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		out_of_memory(strlen(fmt));
	}
	return text;
}
