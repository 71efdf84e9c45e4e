/*
 * Words, counts and cuts of the report. What comes from data passes report_escape on its way into the page,
 * whatever the code before it did, so no value can end a tag or fill a screen.
 */
#include "agents/evaluator/report_text.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/template.h"
#include "base/utf8.h"

enum { PRINTED_MAX = 1000, STAND_IN_MAX = 16 };

#define ELLIPSIS "\xE2\x80\xA6"

const char *report_number(struct arena *a, int64_t n)
{
	const char *digits = arena_printf(a, "%lld", (long long)n);
	size_t sign = digits[0] == '-' ? 1 : 0;
	size_t size = strlen(digits);
	char *out = arena_alloc(a, size + size / 3 + 1);
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (i > sign && (size - i) % 3 == 0) {
			out[used++] = ',';
		}
		out[used++] = digits[i];
	}
	return out;
}

const char *report_count(struct arena *a, int64_t n, const char *word)
{
	return arena_printf(a, "%s %s%s", report_number(a, n), word, n == 1 ? "" : "s");
}

/* Two for characters from U+1100 on, whose UTF-8 begins with E1 84 or more. */
static size_t cells_of(const char *character)
{
	const unsigned char *c = (const unsigned char *)character;
	return c[0] > 0xE1 || (c[0] == 0xE1 && c[1] >= 0x84) ? 2 : 1;
}

size_t report_cells(const char *text)
{
	size_t size = strlen(text);
	size_t cells = 0;

	for (size_t i = 0; i < size;) {
		bool valid;
		cells += cells_of(text + i);
		i += utf8_next(text + i, size - i, &valid);
	}
	return cells;
}

const char *report_fit(struct arena *a, const char *text, size_t cells)
{
	size_t size = strlen(text);
	size_t used = 0;
	size_t cut = 0; /* where the text is cut when it turns out too long */

	for (size_t i = 0; i < size;) {
		bool valid;
		size_t next = utf8_next(text + i, size - i, &valid);
		used += cells_of(text + i);
		if (used > cells) {
			return arena_printf(a, "%.*s" ELLIPSIS, (int)cut, text);
		}
		i += next;
		cut = used < cells ? i : cut;
	}
	return text;
}

static const char *word(const char *const *words, size_t n, int i)
{
	ASSERT(i >= 0 && (size_t)i < n);
	return words[i];
}
#define WORD(words, i) word(words, sizeof(words) / sizeof((words)[0]), i)

const char *report_kind(int kind)
{
	static const char *const words[] = {
		[TABLE_DIMENSION] = "dimension",
		[TABLE_DATE] = "date dimension",
		[TABLE_FACT] = "fact",
		[TABLE_BRIDGE] = "bridge",
	};
	return WORD(words, kind);
}

const char *report_role(int role)
{
	static const char *const words[] = {
		[ROLE_SURROGATE_KEY] = "surrogate key",
		[ROLE_BUSINESS_KEY] = "business key",
		[ROLE_ATTRIBUTE] = "attribute",
		[ROLE_DIMENSION_KEY] = "dimension key",
		[ROLE_DEGENERATE] = "degenerate",
		[ROLE_MEASURE] = "measure",
		[ROLE_LINEAGE] = "lineage",
	};
	return WORD(words, role);
}

const char *report_additivity(int additivity)
{
	static const char *const words[] = {
		[ADDITIVE_NONE] = "",
		[ADDITIVE_FULL] = "additive",
		[ADDITIVE_SEMI] = "semi-additive",
	};
	return WORD(words, additivity);
}

const char *report_severity(int severity)
{
	static const char *const words[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_INFO] = "info",
	};
	return WORD(words, severity);
}

/* The bytes of the first `max` characters, or all of them. */
static size_t prefix(const char *text, size_t size, size_t max)
{
	size_t at = 0;
	for (size_t i = 0; i < max && at < size; i++) {
		bool valid;
		at += utf8_next(text + at, size - at, &valid);
	}
	return at;
}

/*
 * What stands in for the character at `at` when it would be unseen or would turn the text around it: pictures of
 * control characters, the code of bidirectional controls (U+202A to U+202E, U+2066 to U+2069). Returns its bytes;
 * 0: it may stay.
 */
static size_t stand_in(const char *at, size_t left, char ret[STAND_IN_MAX])
{
	const unsigned char *c = (const unsigned char *)at;
	if (c[0] < 0x20 || c[0] == 0x7F) {
		snprintf(ret, STAND_IN_MAX, "\xE2\x90%c", c[0] == 0x7F ? 0xA1 : 0x80 + c[0]);
		return 1;
	}
	if (left >= 3 && c[0] == 0xE2) {
		unsigned code = 0x2000U + ((c[1] & 0x3FU) << 6) + (c[2] & 0x3FU);
		if ((code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069)) {
			snprintf(ret, STAND_IN_MAX, "[U+%04X]", code);
			return 3;
		}
	}
	return 0;
}

void report_escape(struct buf *out, const char *text, size_t size)
{
	size_t end = prefix(text, size, PRINTED_MAX);
	size_t from = 0;

	for (size_t i = 0; i < end;) {
		char shown[STAND_IN_MAX];
		size_t hidden = stand_in(text + i, end - i, shown);
		if (hidden > 0) {
			template_escape_html(out, text + from, i - from);
			buf_puts(out, shown);
			from = i + hidden;
		}
		i += hidden > 0 ? hidden : 1;
	}
	template_escape_html(out, text + from, end - from);
	if (end < size) {
		buf_puts(out, ELLIPSIS);
	}
}
