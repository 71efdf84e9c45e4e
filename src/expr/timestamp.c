/*
 * Timestamps as text: ISO 8601 with "T" or one blank and a fraction that may be missing; digits beyond
 * the sixth are cut. With a zone, an instant in UTC; without, a plain wall-clock time. Years run from
 * 0001 to 9999 before and after the offset is applied: so that a text alone decides, the first
 * day of year 1 takes no offset east of UTC and the last of 9999 none west of it.
 */
#include <stdio.h>

#include "base/calendar.h"
#include "expr/function.h"

enum { DATE_CHARS = 10, OFFSET_MINUTES_MAX = 18 * 60 };

static const char not_an_instant[] = "not an ISO 8601 timestamp with Z or an offset";
static const char not_a_timestamp[] = "not an ISO 8601 timestamp without a zone";
static const char no_such_time[] = "no such time of day or offset";
static const char outside[] = "outside years 0001 to 9999";

/* What is left to read. */
struct cursor {
	const char *s;
	const char *end;
};

static bool take(struct cursor *c, char wanted)
{
	if (c->s == c->end || *c->s != wanted) {
		return false;
	}
	c->s++;
	return true;
}

static bool take_two(struct cursor *c, int *ret)
{
	if (c->end - c->s < 2 || c->s[0] < '0' || c->s[0] > '9' || c->s[1] < '0' || c->s[1] > '9') {
		return false;
	}
	*ret = (c->s[0] - '0') * 10 + (c->s[1] - '0');
	c->s += 2;
	return true;
}

/* Digits after the point, as microseconds. */
static bool take_fraction(struct cursor *c, int64_t *ret)
{
	int64_t unit = 100000;
	const char *first = c->s;
	*ret = 0;
	for (; c->s < c->end && *c->s >= '0' && *c->s <= '9'; c->s++) {
		*ret += (*c->s - '0') * unit;
		unit /= 10;
	}
	return c->s > first;
}

/* HH:mm:ss[.f...] as microseconds of the day; -1 as *ret when it is not on the clock. */
static bool take_time(struct cursor *c, int64_t *ret)
{
	int hour;
	int minute;
	int second;
	int64_t micros = 0;
	if (!take_two(c, &hour) || !take(c, ':') || !take_two(c, &minute) || !take(c, ':') ||
	    !take_two(c, &second) || (take(c, '.') && !take_fraction(c, &micros))) {
		return false;
	}
	bool valid = hour < 24 && minute < 60 && second < 60;
	*ret = valid ? ((hour * 60 + minute) * INT64_C(60) + second) * 1000000 + micros : -1;
	return true;
}

/* Z, +hh, +hhmm or +hh:mm as minutes and sign; above OFFSET_MINUTES_MAX when there is none such. */
static bool take_zone(struct cursor *c, int *ret_minutes, char *ret_sign)
{
	int hours;
	int minutes = 0;
	if (take(c, 'Z')) {
		*ret_minutes = 0;
		*ret_sign = 'Z';
		return true;
	}
	bool east = take(c, '+');
	if ((!east && !take(c, '-')) || !take_two(c, &hours)) {
		return false;
	}
	*ret_sign = east ? '+' : '-';
	bool colon = take(c, ':');
	if ((colon || c->s < c->end) && !take_two(c, &minutes)) {
		return false;
	}
	*ret_minutes = minutes > 59 ? OFFSET_MINUTES_MAX + 1 : hours * 60 + minutes;
	return true;
}

const char *timestamp_read(const char *s, size_t size, bool zoned, int64_t *ret_micros)
{
	struct cursor c = { s, s + size };
	int32_t day = 0;
	int64_t micros;
	int offset = 0;
	char sign = '\0';
	bool date = size > DATE_CHARS && expr_date_parse("yyyy-MM-dd", 0, s, DATE_CHARS, &day);
	c.s += size > DATE_CHARS ? DATE_CHARS : size;
	if (!date || (!take(&c, 'T') && !take(&c, ' ')) || !take_time(&c, &micros) ||
	    (zoned && !take_zone(&c, &offset, &sign)) || c.s != c.end) {
		return zoned ? not_an_instant : not_a_timestamp;
	}
	if (micros < 0 || offset > OFFSET_MINUTES_MAX) {
		return no_such_time;
	}
	if ((day == DAY_FIRST && sign == '+') || (day == DAY_LAST && sign == '-')) {
		return outside;
	}
	int64_t east = (int64_t)offset * 60 * 1000000;
	*ret_micros = day * DAY_MICROS + micros + (sign == '-' ? east : -east);
	return NULL;
}

bool written_date_read(const char *s, size_t size, int32_t *ret_day)
{
	int32_t day;
	int64_t micros = 0;
	int offset = 0;
	char sign;
	if (size < DATE_CHARS || !expr_date_parse("yyyy-MM-dd", 0, s, DATE_CHARS, &day)) {
		return false;
	}
	struct cursor c = { s + DATE_CHARS, s + size };
	if (c.s < c.end && ((!take(&c, 'T') && !take(&c, ' ')) || !take_time(&c, &micros))) {
		return false;
	}
	if (size > DATE_CHARS && c.s < c.end && !take_zone(&c, &offset, &sign)) {
		return false;
	}
	if (c.s != c.end || micros < 0 || offset > OFFSET_MINUTES_MAX) {
		return false;
	}
	*ret_day = day;
	return true;
}

size_t timestamp_chars(int64_t micros, bool zoned, char ret[VALUE_CHARS_MAX])
{
	int64_t day = micros / DAY_MICROS;
	int64_t rest = micros % DAY_MICROS;
	if (rest < 0) {
		rest += DAY_MICROS;
		day--;
	}
	ret[0] = '\0';
	if (day < DAY_FIRST || day > DAY_LAST) {
		return 0;
	}
	struct ymd d = calendar_ymd((int32_t)day);
	int second = (int)(rest / 1000000);
	int n = snprintf(ret, VALUE_CHARS_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%06d%s", d.year,
			 d.month, d.day, second / 3600, second / 60 % 60, second % 60,
			 (int)(rest % 1000000), zoned ? "Z" : "");
	return (size_t)n;
}
