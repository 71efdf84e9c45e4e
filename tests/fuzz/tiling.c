/* Written from the rules in the readers' headers, without a reader's state machine: fields are compared, not parsed. */
#include "fuzz/tiling.h"

#include <string.h>

#include "base/check.h"

static bool line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Moves on to `to`, counting physical lines: CRLF ends one, so does each CR and LF else. */
static void advance(struct tiling *t, size_t to)
{
	for (; t->at < to; t->at++) {
		bool pair = t->bytes[t->at] == '\r' && t->at + 1 < t->size &&
			t->bytes[t->at + 1] == '\n';
		t->line += line_end(t->bytes[t->at]) && !pair ? 1 : 0;
	}
}

void tiling_start(struct tiling *t, const char *bytes, size_t size)
{
	size_t first = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	*t = (struct tiling){ .bytes = bytes, .size = size, .at = first, .line = 1, .first = first };
}

void tiling_record(struct tiling *t, int64_t line, size_t offset, size_t size)
{
	ASSERT(offset >= t->at && size > 0 && size <= t->size && offset <= t->size - size);
	ASSERT(t->at == t->first || offset > t->at);
	for (size_t i = t->at; i < offset; i++) {
		ASSERT(line_end(t->bytes[i]));
	}
	ASSERT(!line_end(t->bytes[offset]));
	advance(t, offset);
	ASSERT(t->line == line);
	advance(t, offset + size);
	ASSERT(t->at == t->size || line_end(t->bytes[t->at]));
}

void tiling_end(struct tiling *t)
{
	for (; t->at < t->size; t->at++) {
		ASSERT(line_end(t->bytes[t->at]));
	}
}

static size_t quoted_field(const char *raw, size_t size, size_t at, const char *text,
			   size_t text_size, char quote)
{
	at++;
	for (size_t i = 0; i < text_size; i++) {
		ASSERT(at < size && raw[at] == text[i]);
		at++;
		if (text[i] == quote) {
			ASSERT(at < size && raw[at] == quote);
			at++;
		}
	}
	ASSERT(at < size && raw[at] == quote);
	return at + 1;
}

size_t tiling_field(const char *raw, size_t size, size_t at, const char *text, size_t text_size,
		    char delimiter, char quote)
{
	ASSERT(at <= size);
	if (quote != '\0' && at < size && raw[at] == quote) {
		at = quoted_field(raw, size, at, text, text_size, quote);
	} else {
		ASSERT(text_size <= size - at && memcmp(raw + at, text, text_size) == 0);
		for (size_t i = 0; i < text_size; i++) {
			ASSERT(text[i] != delimiter && !line_end(text[i]));
			ASSERT(quote == '\0' || text[i] != quote);
		}
		at += text_size;
	}
	ASSERT(at == size || raw[at] == delimiter);
	return at;
}

bool tiling_blank(const char *raw, size_t size, char delimiter, char quote)
{
	static const char blanks[] = " \t\xC2\xA0\xE2\x80\x87\xAF"; /* bytes of theirs */
	for (size_t i = 0; i < size; i++) {
		if (raw[i] != delimiter && raw[i] != quote &&
		    memchr(blanks, raw[i], sizeof(blanks) - 1) == NULL) {
			return false;
		}
	}
	return true;
}
