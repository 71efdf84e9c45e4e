/*
 * UTF-8 as the Unicode standard defines it: no surrogates, no overlong forms, nothing above
 * U+10FFFF. What is malformed is measured in maximal subparts (Unicode 15, section 3.9).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

/* Bytes of the first character of s (size > 0), or of the malformed part that stands there. */
size_t utf8_next(const char *s, size_t size, bool *ret_valid);
bool utf8_valid(const char *s, size_t size);
/* Characters; a malformed part counts as one. */
size_t utf8_count(const char *s, size_t size);
/* The largest length <= max at which s can be cut without splitting a character. */
size_t utf8_cut(const char *s, size_t size, size_t max);
/* Writes the bytes of a code point up to U+10FFFF, of a surrogate the three it would have; returns how many, 4 at most. */
size_t utf8_put(char *to, uint32_t c);
