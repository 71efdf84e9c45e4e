/*
 * Errors: one table of codes, and a message that travels with the call that failed.
 *
 * Functions return 0 or a negative code of this table; outputs named ret_x are untouched on
 * failure. A message is lower case, has no full stop, quotes its subject, and says what failed
 * first and what to do last. Three kinds of failure never mix: a bug (ASSERT aborts), an input
 * that is wrong (INVALID and its relatives: exit 2), a world that failed (IO: exit 3).
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include <bldr/api.h>

#define BLDR_ERROR_MAP(X)                               \
	X(INVALID, -1, "the input is wrong")            \
	X(NOT_FOUND, -2, "not found")                   \
	X(EXISTS, -3, "exists already")                 \
	X(LIMIT, -4, "a stated limit is exceeded")      \
	X(LOCKED, -5, "held by another process")        \
	X(CHANGED, -6, "changed since it was recorded") \
	X(CORRUPT, -7, "stored data is damaged")        \
	X(IO, -8, "the operating system refused")       \
	X(CANCELLED, -9, "cancelled")                   \
	X(TIMEOUT, -10, "took too long")                \
	X(FAILED, -11, "failed")                        \
	X(UNAVAILABLE, -12, "cannot be had just now")

enum bldr_code {
	BLDR_OK = 0,
#define X(name, number, text) BLDR_E_##name = number,
	BLDR_ERROR_MAP(X)
#undef X
};

enum { BLDR_ERROR_TEXT_MAX = 1024 };

struct bldr_error {
	int code;
	char text[BLDR_ERROR_TEXT_MAX]; /* UTF-8, malformed parts as U+FFFD, cut when too long */
};

/* The name of a code, such as "INVALID" ("OK" for 0); "UNKNOWN" outside the table. Borrowed. */
BLDR_API const char *bldr_error_name(int code);

/* Fills err (NULL is fine) and returns code, so that `return bldr_error_set(...)` reads well. */
BLDR_API int bldr_error_set(struct bldr_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that err already carries. Returns err's code; FAILED when err
 * is NULL. */
BLDR_API int bldr_error_prefix(struct bldr_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
