/* The blanks are few and their UTF-8 is fixed, so they are compared as bytes. */
#include "checks/blanks.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *text;
	size_t size;
} blanks[] = {
	{ " ", 1 }, { "\t", 1 }, { "\xC2\xA0", 2 }, { "\xE2\x80\x87", 3 }, { "\xE2\x80\xAF", 3 },
};

enum { BLANKS = sizeof(blanks) / sizeof(blanks[0]) };

/* Most texts begin and end with such a byte, which is no part of a blank. */
static bool is_plain(char c)
{
	return c > ' ' && c < 0x7F;
}

size_t blank_at(const char *text, size_t size)
{
	if (size == 0 || is_plain(text[0])) {
		return 0;
	}
	for (size_t i = 0; i < BLANKS; i++) {
		if (blanks[i].size <= size && memcmp(text, blanks[i].text, blanks[i].size) == 0) {
			return blanks[i].size;
		}
	}
	return 0;
}

size_t blank_before(const char *text, size_t size)
{
	if (size == 0 || is_plain(text[size - 1])) {
		return 0;
	}
	for (size_t i = 0; i < BLANKS; i++) {
		size_t n = blanks[i].size;
		if (n <= size && memcmp(text + size - n, blanks[i].text, n) == 0) {
			return n;
		}
	}
	return 0;
}

struct trimmed blanks_trim(const char *text, size_t size)
{
	struct trimmed t = { .at = text, .size = size };
	for (size_t n; (n = blank_at(t.at, t.size)) > 0;) {
		t.at += n;
		t.size -= n;
	}
	for (size_t n; (n = blank_before(t.at, t.size)) > 0;) {
		t.size -= n;
	}
	return t;
}
