/* The table of a single-byte encoding is asked of iconv, byte by byte. */
#include "warehouse/emitters/charset.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { CHARACTER_MAX = 8, TABLE_MAX = 1024 };

/* 1: the byte is that character, in UTF-8; 0: it is none; -1: it is a part of one, or several. */
static int convert(iconv_t cd, unsigned char byte, char ret[CHARACTER_MAX + 1])
{
	char in = (char)byte;
	char *from = &in;
	char *to = ret;
	size_t left = 1;
	size_t room = CHARACTER_MAX;
	bool valid;

	(void)iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &from, &left, &to, &room) == (size_t)-1) {
		return errno == EILSEQ ? 0 : -1;
	}
	*to = '\0';
	return to > ret && utf8_next(ret, (size_t)(to - ret), &valid) == (size_t)(to - ret) ? 1
											    : -1;
}

/* False: it is no superset of ASCII in single bytes. */
static bool read_table(iconv_t cd, struct buf *from, struct buf *to)
{
	for (unsigned byte = 0; byte < 0x100; byte++) {
		char character[CHARACTER_MAX + 1];
		char latin[3] = { (char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F)), '\0' };
		int found = convert(cd, (unsigned char)byte, character);

		if (found < 0 || (byte < 0x80 && (found == 0 || character[0] != (char)byte))) {
			return false;
		}
		if (byte < 0x80 || (found == 1 && strcmp(character, latin) == 0)) {
			continue;
		}
		buf_puts(from, latin);
		buf_puts(to, found == 1 ? character : UTF8_REPLACEMENT);
	}
	return true;
}

static bool is_known(const char *upper)
{
	static const char *const known[] = { "UTF-8",    "US-ASCII", "ISO-8859-1", "UTF-16",
					     "UTF-16LE", "UTF-16BE", "UTF-32" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(upper, known[i]) == 0) {
			return true;
		}
	}
	return false;
}

struct charset charset_of(const struct source_file *file, struct arena *a)
{
	char *upper = arena_strdup(a, file->encoding);
	struct charset c = { .spark = upper, .from = "", .to = "" };
	struct buf from;
	struct buf to;
	iconv_t cd;

	for (char *s = upper; *s != '\0'; s++) {
		*s = (char)toupper((unsigned char)*s);
	}
	if (is_known(upper)) { /* "UTF-16" takes the byte order mark away */
		c.spark = file->bom && strncmp(upper, "UTF-16", 6) == 0 ? "UTF-16" : upper;
		return c;
	}
	buf_init(&from, TABLE_MAX);
	buf_init(&to, TABLE_MAX);
	cd = iconv_open("UTF-8", upper);
	c.unknown = cd == (iconv_t)-1 || !read_table(cd, &from, &to);
	if (!c.unknown) {
		c.spark = "ISO-8859-1";
		c.from = arena_strndup(a, from.data, from.size);
		c.to = arena_strndup(a, to.data, to.size);
	}
	if (cd != (iconv_t)-1) {
		(void)iconv_close(cd);
	}
	buf_release(&from);
	buf_release(&to);
	return c;
}
