/*
 * Where a value stands in a larger one, as a chain of frames on the stack; its text is a JSON Pointer
 * (RFC 6901), the root shown as "/". For messages such as `"/tables/0/rows": expected integer, found
 * text "x"`.
 */
#pragma once

#include <stdarg.h>

#include <bldr/value.h>

struct pointer {
	const struct pointer *up; /* NULL: the root, whose key and index mean nothing */
	const char *key;          /* NULL: an item of a list */
	size_t index;
};

enum { VALUE_DESCRIPTION_MAX = 96 };

/* Sets an error INVALID: `"<pointer>": <message>`. Returns its code. */
int pointer_error(const struct pointer *at, struct bldr_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What a value is, for people: `text "x"` (cut), `integer 3`, `list of 2 items`, `null`. */
void value_describe(const struct bldr_value *v, char ret[VALUE_DESCRIPTION_MAX]);
