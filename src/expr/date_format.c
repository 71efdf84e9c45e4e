/*
 * Date formats: yyyy, MM or M, dd or d, each once, with blanks and - / . between, before or after. MM
 * and dd take two digits, M and d one or two; a number of unknown length may not touch another. A
 * text fits when it has exactly that form and names a day of the years 0001 to 9999.
 */
#include <string.h>

#include "base/calendar.h"
#include "expr/function.h"

enum { FORMAT_MAX = 32 };

struct token {
	char letter; /* y, M, d, or the literal itself */
	bool field;
	unsigned min, max; /* digits of a field */
};

/* The next token of a format; its length, 0 when it is none that we know. */
static size_t next(const char *format, struct token *ret)
{
	size_t n = 1;
	char letter = format[0];
	if (strchr(" -/.", letter) != NULL) {
		*ret = (struct token){ .letter = letter };
		return 1;
	}
	while (format[n] == letter) {
		n++;
	}
	bool known = letter == 'y' ? n == 4 : (letter == 'M' || letter == 'd') && n <= 2;
	*ret = (struct token){ letter, true, (unsigned)n, n == 1 ? 2 : (unsigned)n };
	return known ? n : 0;
}

const char *date_format_fault(const char *format)
{
	unsigned seen[3] = { 0 };
	struct token token = { 0 };
	if (strlen(format) > FORMAT_MAX) {
		return "is too long";
	}
	for (const char *at = format; *at != '\0';) {
		struct token last = token;
		size_t n = next(at, &token);
		if (n == 0) {
			return "may hold yyyy, MM or M, dd or d, blanks and - / .";
		}
		if (token.field) {
			seen[token.letter == 'y' ? 0 : token.letter == 'M' ? 1 : 2]++;
		}
		if (token.field && last.field && (token.min < token.max || last.min < last.max)) {
			return "needs something between M or d and the next number";
		}
		at += n;
	}
	return seen[0] == 1 && seen[1] == 1 && seen[2] == 1
		? NULL
		: "must have year, month and day once each";
}

/* Digits of one field, as many as it may have. */
static size_t read_field(const char *s, size_t size, struct token token, int32_t *ret)
{
	size_t n = 0;
	int32_t value = 0;
	while (n < size && n < token.max && s[n] >= '0' && s[n] <= '9') {
		value = value * 10 + (s[n++] - '0');
	}
	*ret = value;
	return n >= token.min ? n : 0;
}

bool expr_date_parse(const char *format, const char *s, size_t size, int32_t *ret_days)
{
	struct ymd d = { 0 };
	size_t at = 0;
	while (*format != '\0') {
		struct token token;
		int32_t value;
		size_t n = next(format, &token);
		if (n == 0) {
			return false;
		}
		format += n;
		if (!token.field) {
			if (at == size || s[at++] != token.letter) {
				return false;
			}
			continue;
		}
		n = read_field(s + at, size - at, token, &value);
		if (n == 0) {
			return false;
		}
		at += n;
		*(token.letter == 'y' ? &d.year : token.letter == 'M' ? &d.month : &d.day) = value;
	}
	if (at != size || !calendar_valid(d.year, d.month, d.day)) {
		return false;
	}
	*ret_days = calendar_days(d);
	return true;
}

void date_format_pattern(const char *format, struct buf *out)
{
	/* \d is ASCII only in Spark. Its yyyy takes a year 0, which the calendar does not have. */
	buf_puts(out, "\\A");
	while (*format != '\0') {
		struct token token;
		format += next(format, &token);
		if (!token.field) {
			buf_puts(out, token.letter == '.' ? "\\" : "");
			buf_putc(out, token.letter);
		} else if (token.letter == 'y') {
			buf_puts(out, "(?!0000)\\d{4}");
		} else if (token.min < token.max) {
			buf_printf(out, "\\d{%u,%u}", token.min, token.max);
		} else {
			buf_printf(out, "\\d{%u}", token.min);
		}
	}
	buf_puts(out, "\\z");
}
