/*
 * The Tester's own reading of written dates, and its own decision on their order, taken per column from all
 * values: three groups of digits (or an English month name), an optional time of day and offset.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum date_order { ORDER_YMD, ORDER_DMY, ORDER_MDY, ORDER_YDM, ORDER_COUNT };

struct date_decision {
	bool dates; /* false: no value reads as a date */
	enum date_order order;
	const char *format; /* of the date alone: yyyy-MM-dd */
	const char *reason; /* in words, with the counts it rests on */
};

/* A written instant: the local date, the time of day, and the offset to UTC if one is written. */
struct stamp {
	int32_t days;   /* since 1970-01-01 */
	int64_t micros; /* of the day; beyond six digits they are cut */
	bool has_offset;
	int offset_minutes;
	bool cut; /* the fraction went beyond microseconds */
};

enum { DATE_TEXT_MAX = 16, STAMP_TEXT_MAX = 64 };

/* Two-digit years: 00-68 are 20yy, 69-99 are 19yy. False: no such date in that order. */
bool stamp_parse(const char *text, enum date_order order, struct stamp *ret);
/* yyyy-mm-dd of its local date; utc: of the date at UTC. False: outside years 1..9999. */
bool stamp_date(struct stamp s, bool utc, char ret[DATE_TEXT_MAX]);
void date_text(int32_t days, char ret[DATE_TEXT_MAX]);
/* yyyy-mm-ddThh:mm:ss.ffffff; utc: moved by its offset and ended by Z. False: outside years 1..9999. */
bool stamp_text(struct stamp s, bool utc, char ret[STAMP_TEXT_MAX]);

/* values: n texts without the column's nulls. The decision's texts live in a. */
void date_decide(const char *const *values, size_t n, struct arena *a, struct date_decision *ret);
