/* The proleptic Gregorian calendar, by day number (0 = 1970-01-01). Years 1..9999. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ymd {
	int32_t year, month, day;
};

bool calendar_valid(int32_t year, int32_t month, int32_t day);
int32_t calendar_days(struct ymd d); /* d must be valid */
struct ymd calendar_ymd(int32_t days);
int calendar_iso_weekday(int32_t days); /* 1 = Monday .. 7 = Sunday */
int calendar_iso_week(int32_t days);    /* 1..53 */
int calendar_day_of_year(int32_t days);
