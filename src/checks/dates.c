/*
 * A value is split into its groups once; an order then says which group is which. The decision counts, per
 * order, how many values are real dates under it: most wins, and ties are broken by the rules written in the
 * reason. A column in which nothing splits has no dates, and every value of it is null when typed as one.
 */
#include "checks/dates.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/calendar.h"
#include "base/check.h"
#include "checks/blanks.h"

static const int64_t MICROS_PER_MINUTE = 60LL * 1000000;
static const int64_t MICROS_PER_DAY = 24LL * 60 * 60 * 1000000;

struct group {
	int value;
	int digits; /* 0: a month name */
};

struct split {
	struct group groups[3];
	char separator;    /* '\0': yyyymmdd in one piece */
	struct stamp time; /* days unset */
};

static const char *const month_names[] = { "january",   "february", "march",    "april",
					   "may",       "june",     "july",     "august",
					   "september", "october",  "november", "december" };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Up to max digits; *ret_n says how many there were. */
static const char *read_number(const char *p, int max, int *ret, int *ret_n)
{
	int value = 0, n = 0;
	for (; n < max && is_digit(*p); p++, n++) {
		value = value * 10 + (*p - '0');
	}
	*ret = value;
	*ret_n = n;
	return p;
}

static int month_named(const char *p, size_t size)
{
	for (int i = 0; i < 12; i++) {
		bool whole = size == strlen(month_names[i]);
		if ((whole || size == 3) && strncasecmp(p, month_names[i], size) == 0) {
			return i + 1;
		}
	}
	return 0;
}

static const char *read_group(const char *p, struct group *ret)
{
	if (!is_letter(*p)) {
		p = read_number(p, 4, &ret->value, &ret->digits);
		return ret->digits == 0 || is_digit(*p) ? NULL : p;
	}
	const char *from = p;
	while (is_letter(*p)) {
		p++;
	}
	ret->value = month_named(from, (size_t)(p - from));
	ret->digits = 0;
	return ret->value == 0 ? NULL : p;
}

static const char *read_fraction(const char *p, int64_t *micros, bool *cut)
{
	int64_t unit = 100000;
	for (; is_digit(*p); p++) {
		*micros += unit * (*p - '0');
		*cut |= unit == 0 && *p != '0';
		unit /= 10;
	}
	return p;
}

/* h:mm[:ss[.fraction]], or with points; NULL: no time of day. */
static const char *read_clock(const char *p, int64_t *ret, bool *cut)
{
	int hour, minute, second = 0, n;
	p = read_number(p, 2, &hour, &n);
	char separator = *p;
	if (n == 0 || (separator != ':' && separator != '.')) {
		return NULL;
	}
	p = read_number(p + 1, 2, &minute, &n);
	if (n != 2) {
		return NULL;
	}
	int64_t micros = 0;
	if (*p == separator) {
		p = read_number(p + 1, 2, &second, &n);
		if (n != 2) {
			return NULL;
		}
		if ((*p == '.' || *p == ',') && is_digit(p[1])) {
			p = read_fraction(p + 1, &micros, cut);
		}
	}
	if (hour > 23 || minute > 59 || second > 59) {
		return NULL;
	}
	*ret = (int64_t)(hour * 60 + minute) * MICROS_PER_MINUTE + second * 1000000LL + micros;
	return p;
}

static const char *read_half_day(const char *p, int64_t *micros)
{
	const char *word = *p == ' ' ? p + 1 : p;
	bool am = strncasecmp(word, "am", 2) == 0, pm = strncasecmp(word, "pm", 2) == 0;
	if (!am && !pm) {
		return p;
	}
	int64_t half = MICROS_PER_DAY / 2;
	if (*micros >= half + 60 * MICROS_PER_MINUTE || *micros < 60 * MICROS_PER_MINUTE) {
		return NULL;
	}
	*micros = *micros % half + (pm ? half : 0);
	return word + 2;
}

static const char *read_offset(const char *p, struct stamp *s)
{
	if (*p == 'Z' || *p == 'z') {
		s->has_offset = true;
		return p + 1;
	}
	if (*p != '+' && *p != '-') {
		return p;
	}
	int hours, minutes = 0, n, sign = *p == '-' ? -1 : 1;
	p = read_number(p + 1, 2, &hours, &n);
	if (n != 2) {
		return NULL;
	}
	const char *rest = *p == ':' ? p + 1 : p;
	if (is_digit(*rest)) {
		p = read_number(rest, 2, &minutes, &n);
		if (n != 2) {
			return NULL;
		}
	}
	if (hours > 18 || minutes > 59) {
		return NULL;
	}
	s->has_offset = true;
	s->offset_minutes = sign * (hours * 60 + minutes);
	return p;
}

/* What may follow a date; false: something else does. */
static bool read_rest(const char *p, struct stamp *ret)
{
	if ((*p == ' ' || *p == 'T' || *p == 't') && is_digit(p[1])) {
		p = read_clock(p + 1, &ret->micros, &ret->cut);
		p = p == NULL ? NULL : read_half_day(p, &ret->micros);
		if (p == NULL) {
			return false;
		}
		bool offset_apart = *p == ' ' && (p[1] == '+' || p[1] == '-' || p[1] == 'Z');
		p = read_offset(offset_apart ? p + 1 : p, ret);
		if (p == NULL) {
			return false;
		}
	}
	return blanks_trim(p, strlen(p)).size == 0;
}

static bool split_compact(const char *p, struct split *ret)
{
	static const int widths[] = { 4, 2, 2 };
	for (int i = 0; i < 3; i++) {
		int n;
		p = read_number(p, widths[i], &ret->groups[i].value, &n);
		ret->groups[i].digits = n;
		if (n != widths[i]) {
			return false;
		}
	}
	ret->separator = '\0';
	return !is_digit(*p) && read_rest(p, &ret->time);
}

static bool split_date(const char *text, struct split *ret)
{
	*ret = (struct split){ 0 };
	for (size_t n; (n = blank_at(text, strlen(text))) > 0;) {
		text += n;
	}
	const char *p = read_group(text, &ret->groups[0]);
	if (p == NULL) {
		return split_compact(text, ret);
	}
	ret->separator = *p;
	for (int i = 1; i < 3; i++) {
		if (*p != ret->separator || *p == '\0' || strchr("-/. ", *p) == NULL) {
			return false;
		}
		p = read_group(p + 1, &ret->groups[i]);
		if (p == NULL) {
			return false;
		}
	}
	return read_rest(p, &ret->time);
}

/* Where year, month and day stand in each order. */
static const int year_at[ORDER_COUNT] = { 0, 2, 2, 0 };
static const int month_at[ORDER_COUNT] = { 1, 1, 0, 2 };
static const int day_at[ORDER_COUNT] = { 2, 0, 1, 1 };

static bool date_of(const struct split *s, enum date_order order, int32_t *ret_days)
{
	struct group year = s->groups[year_at[order]];
	struct group month = s->groups[month_at[order]];
	struct group day = s->groups[day_at[order]];
	bool named = day.digits == 0 || year.digits == 0;
	if (named || month.digits > 2 || day.digits > 2 || (year.digits != 4 && year.digits != 2)) {
		return false;
	}
	if (year.digits == 2) {
		year.value += year.value < 69 ? 2000 : 1900;
	}
	if (!calendar_valid(year.value, month.value, day.value)) {
		return false;
	}
	struct ymd date = { .year = year.value, .month = month.value, .day = day.value };
	*ret_days = calendar_days(date);
	return true;
}

bool stamp_parse(const char *text, enum date_order order, struct stamp *ret)
{
	struct split s;
	int32_t days;
	if (!split_date(text, &s) || !date_of(&s, order, &days)) {
		return false;
	}
	*ret = s.time;
	ret->days = days;
	return true;
}

void date_text(int32_t days, char ret[DATE_TEXT_MAX])
{
	struct ymd d = calendar_ymd(days);
	snprintf(ret, DATE_TEXT_MAX, "%04u-%02u-%02u", (unsigned)d.year % 10000,
		 (unsigned)d.month % 100, (unsigned)d.day % 100);
}

bool stamp_text(struct stamp s, bool utc, char ret[STAMP_TEXT_MAX])
{
	int64_t days = s.days, micros = s.micros;
	if (utc && s.has_offset) {
		micros -= s.offset_minutes * MICROS_PER_MINUTE;
		while (micros < 0) {
			micros += MICROS_PER_DAY;
			days--;
		}
		while (micros >= MICROS_PER_DAY) {
			micros -= MICROS_PER_DAY;
			days++;
		}
	}
	struct ymd first = { .year = 1, .month = 1, .day = 1 };
	struct ymd last = { .year = 9999, .month = 12, .day = 31 };
	if (days < calendar_days(first) || days > calendar_days(last)) {
		return false;
	}
	char date[DATE_TEXT_MAX];
	date_text((int32_t)days, date);
	int seconds = (int)(micros / 1000000);
	snprintf(ret, STAMP_TEXT_MAX, "%sT%02d:%02d:%02d.%06d%s", date, seconds / 3600,
		 seconds / 60 % 60, seconds % 60, (int)(micros % 1000000), utc ? "Z" : "");
	return true;
}

bool stamp_date(struct stamp s, bool utc, char ret[DATE_TEXT_MAX])
{
	char text[STAMP_TEXT_MAX];
	if (!stamp_text(s, utc, text)) {
		return false;
	}
	text[10] = '\0';
	memcpy(ret, text, 11);
	return true;
}

/* What the decision looks at. */
struct evidence {
	size_t n, valid[ORDER_COUNT];
	bool seen[2][100];   /* two-digit values of the first and second group */
	struct split sample; /* of the first value that reads as a date at all */
	bool short_group;    /* some day or month is one digit */
	bool year_digits_two;
};

static void look_at(struct evidence *e, const char *text)
{
	struct split s;
	int32_t days;
	bool any = false;
	if (!split_date(text, &s)) {
		return;
	}
	for (int order = 0; order < ORDER_COUNT; order++) {
		bool valid = date_of(&s, (enum date_order)order, &days);
		e->valid[order] += valid;
		any |= valid;
	}
	if (!any) {
		return;
	}
	if (e->sample.groups[0].value == 0 && e->sample.groups[1].value == 0) {
		e->sample = s;
	}
	for (int i = 0; i < 2; i++) {
		if (s.groups[i].value < 100) {
			e->seen[i][s.groups[i].value] = true;
		}
	}
	for (int i = 0; i < 3; i++) {
		e->short_group |= s.groups[i].digits == 1;
	}
}

static int distinct_in(const struct evidence *e, int group)
{
	int n = 0;
	for (int i = 0; i < 100; i++) {
		n += e->seen[group][i];
	}
	return n;
}

static const char *format_of(const struct evidence *e, enum date_order order, struct arena *a)
{
	const char *parts[3];
	bool two = e->sample.groups[year_at[order]].digits == 2;
	bool named = e->sample.groups[month_at[order]].digits == 0;
	parts[year_at[order]] = two ? "yy" : "yyyy";
	parts[month_at[order]] = named ? "MMM" : e->short_group ? "M" : "MM";
	parts[day_at[order]] = e->short_group ? "d" : "dd";
	char separator[] = { e->sample.separator, '\0' };
	return arena_printf(a, "%s%s%s%s%s", parts[0], separator, parts[1], separator, parts[2]);
}

/* Day or month first, when both fit equally: the day takes more different values than the month. */
static enum date_order break_tie(const struct evidence *e, const char **ret_why)
{
	int first = distinct_in(e, 0), second = distinct_in(e, 1);
	if (first != second) {
		*ret_why = first > second ? "the first number varies more, so it is the day"
					  : "the second number varies more, so it is the day";
		return first > second ? ORDER_DMY : ORDER_MDY;
	}
	bool slash = e->sample.separator == '/';
	*ret_why = slash ? "nothing tells day from month; slashes are read month first"
			 : "nothing tells day from month; read day first";
	return slash ? ORDER_MDY : ORDER_DMY;
}

static enum date_order choose(const struct evidence *e, const char **ret_why)
{
	static const enum date_order preferred[] = { ORDER_YMD, ORDER_DMY, ORDER_MDY, ORDER_YDM };
	bool two_digit_first = e->sample.groups[0].digits <= 2;
	enum date_order best = two_digit_first ? ORDER_DMY : ORDER_YMD;
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		if (e->valid[preferred[i]] > e->valid[best]) {
			best = preferred[i];
		}
	}
	bool day_or_month = best == ORDER_DMY || best == ORDER_MDY;
	bool named = e->sample.groups[0].digits == 0 || e->sample.groups[1].digits == 0;
	*ret_why = "more values are real dates in this order than in any other";
	if (day_or_month && !named && e->valid[ORDER_DMY] == e->valid[ORDER_MDY]) {
		return break_tie(e, ret_why);
	}
	if (best == ORDER_YMD && e->valid[ORDER_YMD] == e->valid[ORDER_YDM]) {
		*ret_why = "the year comes first, so the month follows it";
	}
	return best;
}

/* The other order that a reader might have taken. */
static enum date_order rival_of(enum date_order order)
{
	static const enum date_order rivals[ORDER_COUNT] = { ORDER_YDM, ORDER_MDY, ORDER_DMY,
							     ORDER_YMD };
	return rivals[order];
}

void date_decide(const char *const *values, size_t n, struct arena *a, struct date_decision *ret)
{
	struct evidence e = { .n = n };
	for (size_t i = 0; i < n; i++) {
		look_at(&e, values[i]);
	}
	const char *why;
	enum date_order order = choose(&e, &why);
	if (e.valid[order] == 0) {
		*ret = (struct date_decision){ .reason = "no value reads as a date" };
		return;
	}
	enum date_order rival = rival_of(order);
	const char *format = format_of(&e, order, a);
	*ret = (struct date_decision){
		.dates = true,
		.order = order,
		.format = format,
		.reason = arena_printf(a, "%zu of %zu values are dates as %s, %zu as %s: %s",
				       e.valid[order], n, format, e.valid[rival],
				       format_of(&e, rival, a), why),
	};
}
