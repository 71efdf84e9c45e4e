/* Two small matchers that read digits from left to right and never look outside the text they were given. */
#include "ingest/dates.h"

#include <string.h>

#include "base/calendar.h"
#include "base/check.h"

const char *const date_formats[DATE_FORMATS] = {
	"yyyy-MM-dd", "yyyy-dd-MM", "dd/MM/yyyy", "MM/dd/yyyy", "d/M/yyyy", "M/d/yyyy",
	"dd.MM.yyyy", "dd-MM-yyyy", "MM-dd-yyyy", "yyyy/MM/dd", "yyyyMMdd",
};

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

static bool take_date(struct cursor *c, const char *format, int32_t *ret_days)
{
	struct ymd d = { 0 };
	while (*format != '\0') {
		int run = 1;
		while (format[run] == format[0]) {
			run++;
		}
		bool ok;
		if (format[0] == 'y') {
			ok = take_number(c, run, run, &d.year);
		} else if (format[0] == 'M' || format[0] == 'd') {
			ok = take_number(c, run, 2, format[0] == 'M' ? &d.month : &d.day);
		} else {
			run = 1;
			ok = take_char(c, format[0]);
		}
		if (!ok) {
			return false;
		}
		format += run;
	}
	if (!calendar_valid(d.year, d.month, d.day)) {
		return false;
	}
	*ret_days = calendar_days(d);
	return true;
}

bool date_match(size_t format, const char *s, size_t size, int32_t *ret_days)
{
	ASSERT(format < DATE_FORMATS);
	struct cursor c = { s, size };
	int32_t days;
	if (!take_date(&c, date_formats[format], &days) || c.left > 0) {
		return false;
	}
	*ret_days = days;
	return true;
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
	int32_t days;
	int64_t micros;
	int64_t offset = 0;
	if (!take_date(&c, date_formats[0], &days) ||
	    (!take_char(&c, 'T') && !take_char(&c, ' ')) || !take_time(&c, &micros)) {
		return false;
	}
	bool zone = c.left > 0;
	if (zone && (!take_zone(&c, &offset) || c.left > 0)) {
		return false;
	}
	*ret_micros = days * INT64_C(86400000000) + micros - offset * 60 * INT64_C(1000000);
	*ret_zone = zone;
	return true;
}
