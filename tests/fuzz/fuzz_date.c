/*
 * Dates, a format on the first line and a text behind it. A text that fits a format is what the format says of
 * its day (M and d: with or without a zero); the three readers of dates, the expressions', ingest's and the
 * Tester's, agree on every format that ingest tells apart, and on the timestamps that ingest takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/calendar.h"
#include "checks/dates.h"
#include "expr/function.h"
#include "fuzz/fuzz.h"
#include "ingest/dates.h"

enum { TEXT_MAX = 64 };

static const char *const months[] = { "January",   "February", "March",    "April",
				      "May",       "June",     "July",     "August",
				      "September", "October",  "November", "December" };

/* The day as the format writes it, from the format's letters alone. */
static size_t write_day(const char *format, int32_t day, char ret[TEXT_MAX])
{
	struct ymd d = calendar_ymd(day);
	size_t n = 0;
	for (size_t i = 0; format[i] != '\0';) {
		size_t width = strspn(format + i, (char[]){ format[i], '\0' });
		int32_t value = format[i] == 'y' ? d.year : format[i] == 'M' ? d.month : d.day;
		if (strchr("yMd", format[i]) == NULL) {
			ret[n++] = format[i++];
			continue;
		}
		value = format[i] == 'y' && width == 2 ? value % 100 : value;
		int written = format[i] == 'M' && width > 2
			? snprintf(ret + n, TEXT_MAX - n, "%.*s", width == 3 ? 3 : 9,
				   months[value - 1])
			: snprintf(ret + n, TEXT_MAX - n, "%0*d", (int)width, (int)value);
		ASSERT(written > 0);
		n += (size_t)written;
		i += width;
	}
	ret[n] = '\0';
	return n;
}

static void check_format(const char *format, const char *s, size_t size)
{
	char text[TEXT_MAX];
	int32_t day = -1;
	int32_t again = -1;
	bool fits = expr_date_parse(format, DATE_PIVOT, s, size, &day);
	if (date_format_fault(format) != NULL) {
		return; /* never handed to a reader: only that it does not crash counts */
	}
	struct buf pattern;
	buf_init(&pattern, 1024);
	date_format_pattern(format, DATE_PIVOT, size % 2 == 0, &pattern);
	ASSERT(!buf_failed(&pattern) && pattern.size > 0);
	buf_release(&pattern);
	if (!fits) {
		ASSERT(day == -1);
		return;
	}
	ASSERT(day >= DAY_FIRST && day <= DAY_LAST);
	size_t n = write_day(format, day, text);
	ASSERT(expr_date_parse(format, DATE_PIVOT, text, n, &again) && again == day);
	/* Only the zero in front of a one-digit M or d may differ. */
	ASSERT(size >= n && size <= n + 2);
	ASSERT(size > n || strncasecmp(s, text, n) == 0);
}

/* What fits a format of times is on the calendar, by at most the 18 hours of an offset. */
static void check_time_format(const char *format, const char *s, size_t size)
{
	int64_t micros = 0;
	bool zoned = strstr(format, "XXX") != NULL;
	bool fits = expr_time_parse(format, s, size, &micros);
	if (fits && time_format_fault(format, zoned) == NULL) {
		char chars[VALUE_CHARS_MAX];
		ASSERT(timestamp_chars(micros, zoned, chars) > 0);
		ASSERT(micros % 1000000 == 0);
	}
}

/* ingest's formats: the expressions read the same texts as the same days. */
static void check_ingest(const char *s, size_t size)
{
	uint64_t fast = date_matches(s, size);
	for (size_t f = 0; f < DATE_FORMATS; f++) {
		const char *format = date_formats[f];
		int64_t theirs = 0;
		int64_t ours = 0;
		int32_t day = 0;
		bool fits = date_match(f, s, size, &theirs);
		ASSERT(fits == ((fast >> f & 1) != 0));
		if (f < DATE_TIMES) {
			ASSERT(date_format_fault(format) == NULL);
			ASSERT(fits == expr_date_parse(format, DATE_PIVOT, s, size, &day));
			ours = day;
		} else {
			ASSERT(time_format_fault(format, false) == NULL);
			ASSERT(fits == expr_time_parse(format, s, size, &ours));
		}
		ASSERT(theirs == ours);
	}
}

/* What the others take, the Tester reads as the same day when it has settled on the same order. */
static void check_tester(const char *s)
{
	static const struct {
		const char *format;
		enum date_order order;
	} pairs[] = {
		{ "yyyy-MM-dd", ORDER_YMD }, { "dd/MM/yyyy", ORDER_DMY },
		{ "MM/dd/yyyy", ORDER_MDY }, { "d/M/yyyy", ORDER_DMY },
		{ "M/d/yyyy", ORDER_MDY },   { "dd.MM.yyyy", ORDER_DMY },
		{ "yyyyMMdd", ORDER_YMD },   { "yyyy/MM/dd", ORDER_YMD },
		{ "dd-MM-yyyy", ORDER_DMY },
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct stamp stamp;
		int32_t day;
		if (expr_date_parse(pairs[i].format, 0, s, strlen(s), &day)) {
			ASSERT(stamp_parse(s, pairs[i].order, &stamp));
			ASSERT(stamp.days == day && stamp.micros == 0 && !stamp.has_offset);
		}
	}
}

/*
 * Why ingest may take for a timestamp what the expressions refuse: docs/expressions.md refuses offsets on the
 * calendar's first and last day, ingest/dates.h does not.
 */
static bool refused_on_purpose(const char *s)
{
	return strncmp(s, "0001-01-01", 10) == 0 || strncmp(s, "9999-12-31", 10) == 0;
}

static void check_timestamp(const char *s)
{
	char chars[VALUE_CHARS_MAX];
	char theirs[STAMP_TEXT_MAX];
	struct stamp stamp;
	int64_t ours = 0;
	int64_t micros = 0;
	bool zone = false;
	if (!timestamp_match(s, strlen(s), &micros, &zone)) {
		return;
	}
	if (timestamp_read(s, strlen(s), zone, &ours) != NULL) {
		ASSERT(refused_on_purpose(s));
		return;
	}
	ASSERT(micros == ours);
	size_t n = timestamp_chars(ours, zone, chars);
	ASSERT(n > 0 && n < sizeof(chars));
	chars[n] = '\0';
	ASSERT(stamp_parse(s, ORDER_YMD, &stamp) && stamp.has_offset == zone);
	ASSERT(stamp_text(stamp, zone, theirs) && strcmp(theirs, chars) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t text_size;
	const char *s = second_part((const char *)data, &size, &text_size);
	char *format = xstrndup((const char *)data, size);
	char *text = xstrndup(s, text_size); /* ends at a NUL within s */
	check_format(format, s, text_size);
	check_time_format(format, s, text_size);
	check_ingest(s, text_size);
	check_tester(text);
	check_timestamp(text);
	free(format);
	free(text);
	return 0;
}
