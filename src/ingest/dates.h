/*
 * The formats of dates and of times without a zone that this module tells apart, and ISO 8601 timestamps. Formats
 * are Spark's letters: yyyy is four digits, MM and dd two, M and d one or two, MMM and MMMM English names of months in
 * any case (Jan; January), yy two digits with years below DATE_PIVOT in this century; HH and mm and ss two
 * digits, H and h one or two, h with a (AM or PM, any case); [ ] may be missing, 'T' is a T; everything else stands for
 * itself. The whole text must match.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DATE_FORMATS = 38, DATE_COMPACT = 10, DATE_TIMES = 25, DATE_PIVOT = 70 };

/* In order of preference: on equal evidence the earlier one is taken. DATE_COMPACT is yyyyMMdd; those from
 * DATE_TIMES on have a time. */
extern const char *const date_formats[DATE_FORMATS];

enum part_order { DATE_YEAR_FIRST, DATE_DAY_FIRST, DATE_MONTH_FIRST, DATE_NAMED_MONTH };
/* What a format says of 01 and 02. */
enum part_order date_format_order(size_t format);

/* True when s is valid in date_formats[format]; *ret: days as in calendar.h, or microseconds of a time. */
bool date_match(size_t format, const char *s, size_t size, int64_t *ret);
/* Bit i: date_match(i). */
uint64_t date_matches(const char *s, size_t size);

/*
 * yyyy-MM-dd, a T or blank, HH:mm:ss[.f...] with at most 9 fraction digits (those beyond the sixth are
 * cut), then nothing or Z or an offset +HH[[:]mm] of at most 18 hours. *ret_micros counts from 1970-01-01
 * 00:00 UTC when *ret_zone, else from that local time.
 */
bool timestamp_match(const char *s, size_t size, int64_t *ret_micros, bool *ret_zone);
