/*
 * The date formats this module tells apart, and ISO 8601 timestamps. Formats are Spark's letters: yyyy is four
 * digits, MM and dd two, M and d one or two; everything else stands for itself. The whole text must match.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DATE_FORMATS = 11, DATE_COMPACT = 10 };

/* In order of preference: on equal evidence the earlier one is taken. DATE_COMPACT is yyyyMMdd. */
extern const char *const date_formats[DATE_FORMATS];

/* True when s is a valid date in date_formats[format]; *ret_days as in calendar.h. */
bool date_match(size_t format, const char *s, size_t size, int32_t *ret_days);

/*
 * yyyy-MM-dd, a T or blank, HH:mm:ss[.f...] with at most 9 fraction digits (those beyond the sixth are
 * cut), then nothing or Z or an offset +HH[[:]mm] of at most 18 hours. *ret_micros counts from 1970-01-01
 * 00:00 UTC when *ret_zone, else from that local time.
 */
bool timestamp_match(const char *s, size_t size, int64_t *ret_micros, bool *ret_zone);
