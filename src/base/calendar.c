/*
 * Day numbers and dates, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": the
 * year begins in March, so that the leap day is its last, and 400 years are one era of 146097 days.
 */
#include "base/calendar.h"

#include "base/check.h"

enum {
	ERA_DAYS = 146097,
	EPOCH = 719468,       /* days from 0000-03-01 to 1970-01-01 */
	DAYS_FIRST = -719162, /* 0001-01-01 */
	DAYS_LAST = 2932896   /* 9999-12-31 */
};

static bool leap(int32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool calendar_valid(int32_t year, int32_t month, int32_t day)
{
	static const int8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) {
		return false;
	}
	return day <= lengths[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

int32_t calendar_days(struct ymd d)
{
	ASSERT(calendar_valid(d.year, d.month, d.day));
	int32_t year = d.month <= 2 ? d.year - 1 : d.year;
	int32_t era = year / 400;
	int32_t year_of_era = year - era * 400;
	int32_t month = d.month > 2 ? d.month - 3 : d.month + 9;
	int32_t day_of_year = (153 * month + 2) / 5 + d.day - 1;
	int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * ERA_DAYS + day_of_era - EPOCH;
}

struct ymd calendar_ymd(int32_t days)
{
	ASSERT(days >= DAYS_FIRST && days <= DAYS_LAST);
	int32_t z = days + EPOCH;
	int32_t era = z / ERA_DAYS;
	int32_t day_of_era = z - era * ERA_DAYS;
	int32_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int32_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int32_t month = (5 * day_of_year + 2) / 153;
	struct ymd d = {
		.year = year_of_era + era * 400,
		.month = month < 10 ? month + 3 : month - 9,
		.day = day_of_year - (153 * month + 2) / 5 + 1,
	};
	if (d.month <= 2) {
		d.year++;
	}
	return d;
}

int calendar_iso_weekday(int32_t days)
{
	int day = (days + 3) % 7; /* day 0 was a Thursday */
	return (day < 0 ? day + 7 : day) + 1;
}

int calendar_day_of_year(int32_t days)
{
	struct ymd d = calendar_ymd(days);
	return days - calendar_days((struct ymd){ d.year, 1, 1 }) + 1;
}

/* ISO 8601: week 1 is the week with the year's first Thursday. */
int calendar_iso_week(int32_t days)
{
	int week = (calendar_day_of_year(days) - calendar_iso_weekday(days) + 10) / 7;
	if (week == 0) { /* the last week of the year before */
		int32_t year = calendar_ymd(days).year - 1;
		int length = leap(year) ? 366 : 365;
		int day = calendar_day_of_year(days) + length;
		return (day - calendar_iso_weekday(days) + 10) / 7;
	}
	if (week == 53) {
		int length = leap(calendar_ymd(days).year) ? 366 : 365;
		int thursday = calendar_day_of_year(days) + 4 - calendar_iso_weekday(days);
		return thursday > length ? 1 : 53;
	}
	return week;
}
