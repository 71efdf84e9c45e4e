/* Blanks around a value: space, tab, and the no-break spaces U+00A0, U+2007 and U+202F. */
#pragma once

#include <stddef.h>

/* Bytes of the blank that the text begins with, 0: none. */
size_t blank_at(const char *text, size_t size);
/* Bytes of the blank that the text ends with, 0: none. */
size_t blank_before(const char *text, size_t size);

struct trimmed {
	const char *at;
	size_t size;
};

/* Without the blanks at both ends. */
struct trimmed blanks_trim(const char *text, size_t size);
