/*
 * Formats of dates and times: Spark's letters, each field once, with blanks and - / . , : between, before or
 * after, 'T' for a T, and [ ] around what may be missing, which begins with a mark that nothing else can be.
 * A number of unknown length may not touch another. A text fits when it has exactly that form and names a
 * day of the years 0001 to 9999 and a time on the clock.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/calendar.h"
#include "expr/function.h"

enum { FORMAT_MAX = 40, FIELDS = 9, OFFSET_MINUTES_MAX = 18 * 60 };

static const char letters[] = "yMdHhmsaX";
enum { YEAR, MONTH, DAY, HOUR, HOUR12, MINUTE, SECOND, HALF, ZONE };

static const char *const months[] = { "January",   "February", "March",    "April",
				      "May",       "June",     "July",     "August",
				      "September", "October",  "November", "December" };

struct token {
	char mark; /* a literal; or [ ] */
	int field; /* of letters; -1: none */
	unsigned letters;
	unsigned min, max; /* digits; 0: no number */
};

/* ---- tokens ---- */

static bool known_run(int field, unsigned n)
{
	switch (field) {
	case YEAR:
		return n == 2 || n == 4;
	case MONTH:
		return n <= 4;
	case MINUTE:
	case SECOND:
		return n == 2;
	case HALF:
		return n == 1;
	case ZONE:
		return n == 3;
	default:
		return n <= 2;
	}
}

/* The next token of a format; its length, 0 when it is none that we know. */
static size_t next(const char *format, struct token *ret)
{
	char c = format[0];
	struct token t = { .mark = c, .field = -1 };
	const char *at = strchr(letters, c);
	size_t n = 1;
	if (strncmp(format, "'T'", 3) == 0) {
		t.mark = 'T';
		n = 3;
	} else if (at != NULL) {
		while (format[n] == c) {
			n++;
		}
		t.field = (int)(at - letters);
		t.letters = (unsigned)n;
		bool number = t.field != HALF && t.field != ZONE && (t.field != MONTH || n <= 2);
		t.min = number ? t.letters : 0;
		t.max = number ? (n == 1 ? 2 : t.letters) : 0;
		n = known_run(t.field, t.letters) ? n : 0;
	} else if (strchr(" -/.,:[]", c) == NULL) {
		return 0;
	}
	*ret = t;
	return n;
}

/* ---- what is a format ---- */

/* Optional parts are not nested and not empty, and begin with a mark. */
static const char *brackets_fault(const char *format)
{
	bool open = false;
	char mark = '\0';
	for (const char *at = format; *at != '\0'; at++) {
		if ((*at == '[') == open && strchr("[]", *at) != NULL) {
			return "has brackets that do not match";
		}
		if (*at == '[' && strchr("-/.,:", at[1]) == NULL) {
			return "needs one of - / . , : behind \"[\"";
		}
		if (*at == '[') {
			open = true;
			mark = at[1];
		} else if (*at == ']') {
			open = false;
			if (at[1] == mark) {
				return "needs another mark behind \"]\"";
			}
		}
	}
	return open ? "has brackets that do not match" : NULL;
}

static const char *fields_fault(const char *format, const char *known, unsigned seen[FIELDS])
{
	struct token token = { .field = -1 };
	if (strlen(format) > FORMAT_MAX) {
		return "is too long";
	}
	for (const char *at = format; *at != '\0';) {
		struct token last = token;
		size_t n = next(at, &token);
		if (n == 0) {
			return known;
		}
		if (token.field >= 0 && ++seen[token.field] > 1) {
			return "must have each part once";
		}
		if (token.max > 0 && last.max > 0 &&
		    (token.min < token.max || last.min < last.max)) {
			return "needs something between a number of one or two digits and the next";
		}
		at += n;
	}
	return brackets_fault(format);
}

const char *date_format_fault(const char *format)
{
	static const char known[] = "may hold yyyy or yy, M to MMMM, dd or d, blanks and - / . ,";
	unsigned seen[FIELDS] = { 0 };
	if (strpbrk(format, "HhmsaX:['") != NULL) {
		return known;
	}
	const char *fault = fields_fault(format, known, seen);
	if (fault != NULL) {
		return fault;
	}
	return seen[YEAR] + seen[MONTH] + seen[DAY] == 3
		? NULL
		: "must have year, month and day once each";
}

const char *time_format_fault(const char *format, bool zoned)
{
	unsigned seen[FIELDS] = { 0 };
	const char *fault =
		fields_fault(format,
			     "may hold yyyy, M to MMMM, dd or d, HH or H, h with a, mm, "
			     "ss, XXX, 'T', blanks and - / . , : [ ]",
			     seen);
	const char *zone = strstr(format, "XXX");
	if (fault != NULL) {
		return fault;
	}
	if (seen[YEAR] + seen[MONTH] + seen[DAY] != 3 || strstr(format, "yyyy") == NULL) {
		return "must have yyyy, month and day once each";
	}
	if (seen[HOUR] + seen[HOUR12] != 1 || seen[MINUTE] != 1 || seen[HALF] != seen[HOUR12]) {
		return "must have HH or H, or h and a, and mm";
	}
	if (zoned != (zone != NULL) || (zone != NULL && zone[3] != '\0')) {
		return zoned ? "must end in XXX" : "must not have a zone";
	}
	return NULL;
}

bool format_has_pivot(const char *format)
{
	return strstr(format, "yy") != NULL && strstr(format, "yyyy") == NULL;
}

/* ---- reading ---- */

/* What is left to read, and what was. */
struct reading {
	const char *s;
	size_t left;
	int pivot;
	int32_t values[FIELDS];
	bool half_day;
};

/* Digits of one field, as many as it may have. */
static bool read_digits(struct reading *r, struct token token, int32_t *ret)
{
	size_t n = 0;
	int32_t value = 0;
	while (n < r->left && n < token.max && r->s[n] >= '0' && r->s[n] <= '9') {
		value = value * 10 + (r->s[n++] - '0');
	}
	r->s += n;
	r->left -= n;
	*ret = value;
	return n >= token.min;
}

static bool read_month(struct reading *r, bool whole, int32_t *ret)
{
	for (int m = 0; m < 12; m++) {
		size_t n = whole ? strlen(months[m]) : 3;
		if (r->left >= n && strncasecmp(r->s, months[m], n) == 0) {
			r->s += n;
			r->left -= n;
			*ret = m + 1;
			return true;
		}
	}
	return false;
}

static bool read_half(struct reading *r, int32_t *ret)
{
	bool am = r->left >= 2 && strncasecmp(r->s, "am", 2) == 0;
	bool pm = r->left >= 2 && strncasecmp(r->s, "pm", 2) == 0;
	if (am || pm) {
		r->s += 2;
		r->left -= 2;
	}
	r->half_day = true;
	*ret = pm;
	return am || pm;
}

/* Z or +hh:mm, the last of a text; minutes east of UTC. */
static bool read_zone(struct reading *r, int32_t *ret)
{
	const char *s = r->s;
	int32_t minutes = 0;
	if (r->left == 1 && s[0] == 'Z') {
		r->left = 0;
		*ret = 0;
		return true;
	}
	if (r->left != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':') {
		return false;
	}
	for (size_t i = 1; i < 6; i++) {
		if (i != 3 && (s[i] < '0' || s[i] > '9')) {
			return false;
		}
	}
	minutes = ((s[1] - '0') * 10 + (s[2] - '0')) * 60 + (s[4] - '0') * 10 + (s[5] - '0');
	r->left = 0;
	*ret = s[0] == '-' ? -minutes : minutes;
	return minutes <= OFFSET_MINUTES_MAX && s[4] < '6';
}

static bool read_token(struct reading *r, struct token token)
{
	int32_t value;
	bool ok;
	if (token.field < 0) {
		if (r->left == 0 || *r->s != token.mark) {
			return false;
		}
		r->s++;
		r->left--;
		return true;
	}
	if (token.max > 0) {
		ok = read_digits(r, token, &value);
	} else if (token.field == MONTH) {
		ok = read_month(r, token.letters == 4, &value);
	} else {
		ok = token.field == HALF ? read_half(r, &value) : read_zone(r, &value);
	}
	if (ok && token.field == YEAR && token.letters == 2) {
		value += value < r->pivot ? 2000 : 1900;
	}
	r->values[token.field] = ok ? value : 0;
	return ok;
}

static bool read_format(const char *format, struct reading *r)
{
	while (*format != '\0') {
		struct token token;
		size_t n = next(format, &token);
		if (n == 0) {
			return false;
		}
		if (token.mark == '[' && (r->left == 0 || *r->s != format[1])) {
			format = strchr(format, ']');
			if (format == NULL) {
				return false;
			}
			n = 1;
		} else if (token.field >= 0 || strchr("[]", token.mark) == NULL) {
			if (!read_token(r, token)) {
				return false;
			}
		}
		format += n;
	}
	return r->left == 0 && calendar_valid(r->values[YEAR], r->values[MONTH], r->values[DAY]);
}

static int32_t day_of(const struct reading *r)
{
	return calendar_days((struct ymd){ r->values[YEAR], r->values[MONTH], r->values[DAY] });
}

bool expr_date_parse(const char *format, int pivot, const char *s, size_t size, int32_t *ret_days)
{
	struct reading r = { .s = s, .left = size, .pivot = pivot };
	if (!read_format(format, &r)) {
		return false;
	}
	*ret_days = day_of(&r);
	return true;
}

bool expr_time_parse(const char *format, const char *s, size_t size, int64_t *ret_micros)
{
	struct reading r = { .s = s, .left = size };
	if (!read_format(format, &r)) {
		return false;
	}
	bool zoned = strstr(format, "XXX") != NULL;
	int32_t hour = r.values[HOUR];
	if (r.half_day) {
		hour = r.values[HOUR12] % 12 + (r.values[HALF] != 0 ? 12 : 0);
	}
	if (hour > 23 || r.values[MINUTE] > 59 || r.values[SECOND] > 59 ||
	    (r.half_day && (r.values[HOUR12] < 1 || r.values[HOUR12] > 12)) ||
	    (zoned && (r.values[YEAR] == 1 || r.values[YEAR] == 9999))) {
		return false;
	}
	int64_t minutes = hour * 60 + r.values[MINUTE] - r.values[ZONE];
	*ret_micros = day_of(&r) * DAY_MICROS + (minutes * 60 + r.values[SECOND]) * 1000000;
	return true;
}

/* ---- as a regular expression ---- */

/* Two digits from the pivot on, or below it. */
static void write_two_digits(struct buf *out, int pivot, bool above)
{
	int tens = pivot / 10;
	int ones = pivot % 10;
	buf_puts(out, "(?:");
	if (above) {
		buf_printf(out, "%d[%d-9]", tens, ones);
		if (tens < 9) {
			buf_printf(out, "|[%d-9]\\d", tens + 1);
		}
	} else {
		if (tens > 0) {
			buf_printf(out, "[0-%d]\\d%s", tens - 1, ones > 0 ? "|" : "");
		}
		if (ones > 0) {
			buf_printf(out, "%d[0-%d]", tens, ones - 1);
		}
	}
	buf_putc(out, ')');
}

static void write_names(struct buf *out, bool whole)
{
	for (int m = 0; m < 12; m++) {
		buf_printf(out, "%s%.*s", m == 0 ? "(?i:" : "|", whole ? 9 : 3, months[m]);
	}
	buf_putc(out, ')');
}

static void write_field(struct buf *out, struct token token, bool zoned, int pivot, bool above)
{
	if (token.field == YEAR && token.letters == 2) {
		write_two_digits(out, pivot, above);
	} else if (token.field == YEAR) {
		/* Spark's yyyy takes a year 0, which the calendar does not have. */
		buf_puts(out, zoned ? "(?!0000|0001|9999)\\d{4}" : "(?!0000)\\d{4}");
	} else if (token.field == MONTH && token.max == 0) {
		write_names(out, token.letters == 4);
	} else if (token.field == HALF) {
		buf_puts(out, "(?i:[AP]M)");
	} else if (token.field == ZONE) {
		buf_puts(out, "(?:Z|[+-](?:0\\d|1[0-7]):[0-5]\\d|[+-]18:00)");
	} else if (token.min < token.max) {
		buf_printf(out, "\\d{%u,%u}", token.min, token.max);
	} else {
		buf_printf(out, "\\d{%u}", token.min);
	}
}

void date_format_pattern(const char *format, int pivot, bool above, struct buf *out)
{
	bool zoned = strstr(format, "XXX") != NULL;
	/* \d and (?i) are ASCII only in Spark. */
	buf_puts(out, "\\A");
	while (*format != '\0') {
		struct token token;
		format += next(format, &token);
		if (token.field >= 0) {
			write_field(out, token, zoned, pivot, above);
		} else if (token.mark == '[' || token.mark == ']') {
			buf_puts(out, token.mark == '[' ? "(?:" : ")?");
		} else {
			buf_puts(out, token.mark == '.' ? "\\" : "");
			buf_putc(out, token.mark);
		}
	}
	buf_puts(out, "\\z");
}
