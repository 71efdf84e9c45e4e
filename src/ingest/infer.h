/*
 * What one value is, and what a column of values is.
 *
 * A value is judged without the blanks and tabs around it. It may be several things at once: 1
 * is an int64, a decimal and a double. A column has the narrowest type that all its non-null values have,
 * in the order bool, date, int64, decimal, double, timestamp, timestamp_ntz, text:
 *	bool      true and false in any case; t and f, yes and no, y and n, when both of the pair occur
 *	date      one format of dates.h fits all; yyyyMMdd only when the column's name speaks of a date
 *	int64     [-]digits without leading zeros: 007 and +1 are codes, hence text
 *	decimal   [-]digits[.digits] without leading zeros, p <= 38 over all values
 *	double    such numbers, some with an exponent
 *	timestamp ISO 8601 with Z or an offset everywhere; timestamp_ntz: nowhere, and yyyy-MM-dd counts
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/columntype.h"
#include "base/decimal.h"
#include "ingest/dates.h"

enum {
	VALUE_BOOL = 1 << 0,
	VALUE_INT64 = 1 << 1,
	VALUE_DECIMAL = 1 << 2,
	VALUE_DOUBLE = 1 << 3,
	VALUE_TIMESTAMP = 1 << 4,
	VALUE_TIMESTAMP_NTZ = 1 << 5,
	VALUE_KINDS = 6
};

/*
 * Null tokens, as the whole trimmed value; a closed list:
 *	"" \N NULL Null null N/A n/a None NONE   always null
 *	NA     null, but data where all other values are two capitals, as country codes are
 *	none   null, but data where all other values are words in lower case, as categories are
 * "Other" are the values that are no token. Without any, both are null.
 */
enum null_class { NULL_NEVER, NULL_ALWAYS, NULL_UNLESS_CODES, NULL_UNLESS_WORDS };

struct value_facts {
	unsigned kinds;   /* VALUE_* */
	uint8_t bools;    /* VALUE_BOOL: the one bit of the word among true false t f yes no y n */
	uint16_t formats; /* bit i: date_formats[i] fits */
	uint8_t whole, scale; /* digits before and after the point, VALUE_DECIMAL */
	int64_t i;            /* VALUE_INT64; VALUE_BOOL 0/1; VALUE_TIMESTAMP[_NTZ] microseconds */
	struct decimal dec;   /* VALUE_DECIMAL */
	double d;             /* VALUE_DOUBLE */
};

/* Cuts blanks and tabs off both ends: returns the new start. */
const char *value_trim(const char *s, size_t *size);
enum null_class value_null_class(const char *trimmed, size_t size);
/* Two capital letters; only lower-case letters. ASCII, not empty. */
bool value_is_code(const char *trimmed, size_t size);
bool value_is_word(const char *trimmed, size_t size);
/* trimmed: not empty. */
void value_infer(const char *trimmed, size_t size, struct value_facts *ret);

/* The tally of a column's values; zero is empty. */
struct column_tally {
	int64_t rows;
	int64_t kinds[VALUE_KINDS];    /* rows by bit of VALUE_* */
	int64_t formats[DATE_FORMATS]; /* rows by date format */
	uint8_t bools;                 /* all words that occur */
	uint8_t whole, scale;          /* the most of any VALUE_DECIMAL */
};

void column_tally_add(struct column_tally *t, const struct value_facts *v, int64_t rows);
/* compact_dates: the column's name speaks of a date. *ret_format: COLUMN_DATE's. */
struct column_type column_tally_type(const struct column_tally *t, bool compact_dates,
				     size_t *ret_format);
/* The date format with most rows, the earlier one on a tie. */
size_t column_tally_format(const struct column_tally *t);

/* Whether a value is of a type that column_tally_type gave. format: COLUMN_DATE's. */
bool value_has_type(const struct value_facts *v, struct column_type t, size_t format);
