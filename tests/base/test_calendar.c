/*
 * The calendar against a walk that counts one day at a time from Monday 0001-01-01, and against dates
 * anybody can look up.
 */
#include "base_test.h"

#include "base/calendar.h"
#include "dies.h"

static int month_length(int year, int month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* The day of the year of this week's Thursday says which week it is; 0 and below: last year's. */
static int week_by_thursday(int day_of_year, int weekday, int length, int length_before)
{
	int thursday = day_of_year + 4 - weekday;
	if (thursday < 1) {
		thursday += length_before;
	} else if (thursday > length) {
		thursday -= length;
	}
	return (thursday - 1) / 7 + 1;
}

static void every_day(void **state)
{
	(void)state;
	struct ymd d = { 1, 1, 1 };
	int weekday = 1;
	int day_of_year = 1;
	int length = 365;
	int length_before = 366; /* year 0 is a leap year */
	for (int32_t days = -719162; d.year <= 9999; days++) {
		struct ymd got = calendar_ymd(days);
		bool right = got.year == d.year && got.month == d.month && got.day == d.day &&
			calendar_days(d) == days && calendar_iso_weekday(days) == weekday &&
			calendar_day_of_year(days) == day_of_year &&
			calendar_iso_week(days) ==
				week_by_thursday(day_of_year, weekday, length, length_before);
		if (!right) {
			fail_msg("day %d is %d-%d-%d", days, d.year, d.month, d.day);
		}
		weekday = weekday % 7 + 1;
		day_of_year++;
		if (++d.day > month_length(d.year, d.month)) {
			d.day = 1;
			d.month++;
		}
		if (d.month > 12) {
			d = (struct ymd){ d.year + 1, 1, 1 };
			length_before = length;
			length = month_length(d.year, 2) == 29 ? 366 : 365;
			day_of_year = 1;
		}
	}
}

static void known_days(void **state)
{
	(void)state;
	assert_int_equal(calendar_days((struct ymd){ 1970, 1, 1 }), 0);
	assert_int_equal(calendar_days((struct ymd){ 2000, 2, 29 }), 11016);
	assert_int_equal(calendar_days((struct ymd){ 9999, 12, 31 }), 2932896);
	assert_int_equal(calendar_iso_weekday(0), 4);     /* a Thursday */
	assert_int_equal(calendar_iso_weekday(20089), 3); /* 2025-01-01, a Wednesday */
	assert_int_equal(calendar_iso_week(calendar_days((struct ymd){ 2021, 1, 3 })), 53);
	assert_int_equal(calendar_iso_week(calendar_days((struct ymd){ 2024, 12, 30 })), 1);
	assert_int_equal(calendar_iso_week(calendar_days((struct ymd){ 2020, 12, 31 })), 53);
}

static void valid_dates(void **state)
{
	(void)state;
	static const struct {
		int32_t year, month, day;
		bool valid;
	} cases[] = {
		{ 2024, 2, 29, true },  { 2023, 2, 29, false },  { 1900, 2, 29, false },
		{ 2000, 2, 29, true },  { 1, 1, 1, true },       { 0, 12, 31, false },
		{ 9999, 12, 31, true }, { 10000, 1, 1, false },  { 2024, 0, 1, false },
		{ 2024, 13, 1, false }, { 2024, 4, 31, false },  { 2024, 4, 0, false },
		{ -1, 1, 1, false },    { 2024, 12, -5, false }, { INT32_MAX, 1, 1, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(calendar_valid(cases[i].year, cases[i].month, cases[i].day),
				 cases[i].valid);
	}
	assert_dies(calendar_days((struct ymd){ 2023, 2, 29 }));
	assert_dies(calendar_ymd(-719163));
	assert_dies(calendar_ymd(2932897));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day),
		cmocka_unit_test(known_days),
		cmocka_unit_test(valid_dates),
	};
	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
