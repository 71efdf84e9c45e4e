/*
 * Small matchers that read from left to right and never look outside the text they were given. A format is
 * tried only when the text's length, its first run of digits and what follows that allow it.
 */
#include "ingest/dates.h"

#include <string.h>
#include <strings.h>

#include "base/calendar.h"
#include "base/check.h"

#define DAY_MICROS INT64_C(86400000000)

const char *const date_formats[DATE_FORMATS] = {
	"yyyy-MM-dd",
	"yyyy-dd-MM",
	"dd/MM/yyyy",
	"MM/dd/yyyy",
	"d/M/yyyy",
	"M/d/yyyy",
	"dd.MM.yyyy",
	"dd-MM-yyyy",
	"MM-dd-yyyy",
	"yyyy/MM/dd",
	"yyyyMMdd",
	"d.M.yyyy",
	"dd-MMM-yyyy",
	"d-MMM-yyyy",
	"dd MMM yyyy",
	"d MMM yyyy",
	"MMM d, yyyy",
	"d MMMM yyyy",
	"MMMM d, yyyy",
	"dd/MM/yy",
	"MM/dd/yy",
	"d/M/yy",
	"M/d/yy",
	"dd.MM.yy",
	"dd-MMM-yy",
	"yyyy-MM-dd HH:mm[:ss]",
	"yyyy-MM-dd'T'HH:mm[:ss]",
	"dd/MM/yyyy HH:mm[:ss]",
	"MM/dd/yyyy HH:mm[:ss]",
	"d/M/yyyy H:mm[:ss]",
	"M/d/yyyy H:mm[:ss]",
	"dd.MM.yyyy HH:mm[:ss]",
	"d.M.yyyy H:mm[:ss]",
	"dd-MM-yyyy HH:mm[:ss]",
	"MM-dd-yyyy HH:mm[:ss]",
	"yyyy/MM/dd HH:mm[:ss]",
	"d/M/yyyy h:mm[:ss] a",
	"M/d/yyyy h:mm[:ss] a",
};

static const char *const months[] = { "January",   "February", "March",    "April",
				      "May",       "June",     "July",     "August",
				      "September", "October",  "November", "December" };

struct cursor {
	const char *s;
	size_t left;
};

static bool digit_at(const struct cursor *c)
{
	return c->left > 0 && c->s[0] >= '0' && c->s[0] <= '9';
}

/* Reads min to max digits. */
static bool take_number(struct cursor *c, int min, int max, int32_t *ret)
{
	int32_t n = 0;
	int digits = 0;
	for (; digits < max && digit_at(c); digits++) {
		n = n * 10 + (c->s[0] - '0');
		c->s++;
		c->left--;
	}
	if (digits < min) {
		return false;
	}
	*ret = n;
	return true;
}

static bool take_char(struct cursor *c, char wanted)
{
	if (c->left == 0 || c->s[0] != wanted) {
		return false;
	}
	c->s++;
	c->left--;
	return true;
}

/* A name of a month: its first three letters, or all. */
static bool take_month(struct cursor *c, bool whole, int32_t *ret)
{
	for (int32_t m = 0; m < 12; m++) {
		size_t size = whole ? strlen(months[m]) : 3;
		if (c->left >= size && strncasecmp(c->s, months[m], size) == 0) {
			c->s += size;
			c->left -= size;
			*ret = m + 1;
			return true;
		}
	}
	return false;
}

struct fields {
	struct ymd date;
	int32_t hour, minute, second;
	bool half_day, afternoon;
};

static bool take_year(struct cursor *c, size_t letters, int32_t *ret)
{
	if (!take_number(c, (int)letters, (int)letters, ret)) {
		return false;
	}
	if (letters == 2) {
		*ret += *ret < DATE_PIVOT ? 2000 : 1900;
	}
	return true;
}

static bool take_half(struct cursor *c, struct fields *f)
{
	if (c->left < 2 || (c->s[1] != 'M' && c->s[1] != 'm')) {
		return false;
	}
	char half = (char)(c->s[0] | 0x20);
	f->half_day = true;
	f->afternoon = half == 'p';
	c->s += 2;
	c->left -= 2;
	return half == 'a' || half == 'p';
}

/* One run of a format's letters, or a mark. */
static bool take_token(struct cursor *c, char letter, size_t run, struct fields *f)
{
	switch (letter) {
	case 'y':
		return take_year(c, run, &f->date.year);
	case 'M':
		return run > 2 ? take_month(c, run == 4, &f->date.month)
			       : take_number(c, (int)run, 2, &f->date.month);
	case 'd':
		return take_number(c, (int)run, 2, &f->date.day);
	case 'H':
	case 'h':
		return take_number(c, (int)run, 2, &f->hour);
	case 'm':
		return take_number(c, 2, 2, &f->minute);
	case 's':
		return take_number(c, 2, 2, &f->second);
	case 'a':
		return take_half(c, f);
	default:
		return take_char(c, letter);
	}
}

static bool take_format(struct cursor *c, const char *format, struct fields *f)
{
	while (*format != '\0') {
		size_t run = 1;
		if (*format == '[') {
			/* What may be missing begins with a mark that can be nothing else. */
			bool there = c->left > 0 && c->s[0] == format[1];
			format = there ? format + 1 : strchr(format, ']') + 1;
			continue;
		}
		if (*format == ']' || *format == '\'') {
			format++;
			continue;
		}
		while (format[run] == format[0]) {
			run++;
		}
		if (!take_token(c, *format, run, f)) {
			return false;
		}
		format += run;
	}
	return true;
}

/* The hour of 12 with AM or PM is that of 0 or 12. */
static bool clock_micros(const struct fields *f, int64_t *ret)
{
	int32_t hour = f->hour;
	if (f->half_day) {
		if (hour < 1 || hour > 12) {
			return false;
		}
		hour = hour % 12 + (f->afternoon ? 12 : 0);
	}
	*ret = ((hour * 60 + f->minute) * 60 + f->second) * INT64_C(1000000);
	return hour < 24 && f->minute < 60 && f->second < 60;
}

bool date_match(size_t format, const char *s, size_t size, int64_t *ret)
{
	ASSERT(format < DATE_FORMATS);
	struct cursor c = { s, size };
	struct fields f = { 0 };
	int64_t micros;
	if (!take_format(&c, date_formats[format], &f) || c.left > 0 ||
	    !calendar_valid(f.date.year, f.date.month, f.date.day) || !clock_micros(&f, &micros)) {
		return false;
	}
	int32_t days = calendar_days(f.date);
	*ret = format < DATE_TIMES ? days : days * DAY_MICROS + micros;
	return true;
}

enum part_order date_format_order(size_t format)
{
	const char *f = date_formats[format];
	if (strstr(f, "MMM") != NULL) {
		return DATE_NAMED_MONTH;
	}
	return f[0] == 'y' ? DATE_YEAR_FIRST : f[0] == 'd' ? DATE_DAY_FIRST : DATE_MONTH_FIRST;
}

/* Digits that a text of the format begins with; 0: a name. */
static size_t first_digits_min(const char *f)
{
	if (f[0] == 'y') {
		return 4;
	}
	bool name = f[0] == 'M' && f[1] == 'M' && f[2] == 'M';
	return name ? 0 : f[1] == f[0] ? 2 : 1;
}

uint64_t date_matches(const char *s, size_t size)
{
	uint64_t found = 0;
	size_t digits = 0;
	int64_t value;
	if (size < 6 || size > 24) { /* d/M/yy .. dd/MM/yyyy hh:mm:ss AM; September 30, 2024 */
		return 0;
	}
	while (digits < size && s[digits] >= '0' && s[digits] <= '9') {
		digits++;
	}
	if (digits == size || digits > 4) {
		bool compact = digits == 8 && size == 8 &&
			date_match(DATE_COMPACT, s, size, &value);
		return compact ? UINT64_C(1) << DATE_COMPACT : 0;
	}
	for (size_t f = 0; f < DATE_FORMATS; f++) {
		const char *format = date_formats[f];
		size_t min = first_digits_min(format);
		bool starts = min == digits || (min == 1 && digits == 2);
		if (starts && f != DATE_COMPACT && (min == 0 || format[min] == s[digits]) &&
		    date_match(f, s, size, &value)) {
			found |= UINT64_C(1) << f;
		}
	}
	return found;
}

/* HH:mm:ss[.f...] in microseconds of the day. The seconds are needed: rules that cast refuse a time without. */
static bool take_time(struct cursor *c, int64_t *ret_micros)
{
	int32_t hour, minute, second;
	int64_t fraction = 0;
	if (!take_number(c, 2, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, 2, &minute) ||
	    !take_char(c, ':') || !take_number(c, 2, 2, &second)) {
		return false;
	}
	if (take_char(c, '.')) {
		int digits = 0;
		for (int64_t unit = 100000; digits < 9 && digit_at(c); digits++) {
			fraction += unit * (c->s[0] - '0');
			unit /= 10;
			c->s++;
			c->left--;
		}
		if (digits == 0) {
			return false;
		}
	}
	if (hour > 23 || minute > 59 || second > 59) {
		return false;
	}
	*ret_micros = ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + fraction;
	return true;
}

static bool take_zone(struct cursor *c, int64_t *ret_minutes)
{
	if (take_char(c, 'Z')) {
		*ret_minutes = 0;
		return true;
	}
	int sign = take_char(c, '+') ? 1 : -1;
	int32_t hours, minutes = 0;
	if ((sign < 0 && !take_char(c, '-')) || !take_number(c, 2, 2, &hours)) {
		return false;
	}
	if (c->left > 0) {
		take_char(c, ':');
		if (!take_number(c, 2, 2, &minutes)) {
			return false;
		}
	}
	if (minutes > 59 || hours * 60 + minutes > 18 * 60) {
		return false;
	}
	*ret_minutes = (int64_t)sign * (hours * 60 + minutes);
	return true;
}

bool timestamp_match(const char *s, size_t size, int64_t *ret_micros, bool *ret_zone)
{
	struct cursor c = { s, size };
	struct fields f = { 0 };
	int64_t micros;
	int64_t offset = 0;
	if (!take_format(&c, "yyyy-MM-dd", &f) ||
	    !calendar_valid(f.date.year, f.date.month, f.date.day) ||
	    (!take_char(&c, 'T') && !take_char(&c, ' ')) || !take_time(&c, &micros)) {
		return false;
	}
	bool zone = c.left > 0;
	if (zone && (!take_zone(&c, &offset) || c.left > 0)) {
		return false;
	}
	*ret_micros = calendar_days(f.date) * DAY_MICROS + micros - offset * 60 * INT64_C(1000000);
	*ret_zone = zone;
	return true;
}
