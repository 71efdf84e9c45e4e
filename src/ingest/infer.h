/*
 * What one value is, and what a column of values is.
 *
 * A value is judged once, without the blanks around it (value_judge); the judgement says everything that it may
 * be: 1 is an int64, a decimal and a double, 01/02/2024 a date in four formats, 1,250 two amounts. Judgements are
 * added up in a tally, which holds counts only - no value, nothing that depends on the order of rows -, so
 * tallies of parts of a column can be merged. The column is decided from the tally alone (column_infer), in two steps
 * over a table: first all tallies, then table_date_hint over them, then each column. With the decision a
 * value is read (value_read_as), as often as needed: for minimum and maximum, for exceptions.
 *
 * A column has the narrowest type that its non-null values have, in the order bool, date, int64, decimal, double,
 * timestamp, timestamp_ntz, text:
 *	bool      true and false in any case; t and f, yes and no, y and n, when both of the pair occur
 *	date      one format of dates.h; yyyyMMdd only when the column's name speaks of a date
 *	int64     [-]digits without leading zeros: 007 is a code, hence text
 *	decimal   [-]digits[.digits] without leading zeros, p <= 38 over all values
 *	          Both also as formatted amounts (amount.h) when a value needs that, with one pair of marks for all
 *	double    such numbers, some with an exponent
 *	timestamp ISO 8601 with Z or an offset everywhere, fractions of up to 9 digits
 *	timestamp_ntz  ISO 8601 without, or one format of dates.h with a time
 * All values must fit, but of numbers, dates and timestamps a few may not (then: nonconforming): when at least
 * INFER_CONFORMING_MIN rows fit, and of the non-null rows at most one or INFER_NONCONFORMING_PERCENT do not, and
 * the column is neither a key nor named like a code (name_is_code), and for numbers no value has leading zeros.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/columntype.h"
#include "base/decimal.h"
#include "ingest/amount.h"
#include "ingest/dates.h"

enum { INFER_CONFORMING_MIN = 20, INFER_NONCONFORMING_PERCENT = 2 };

/* ---- one value ---- */

/*
 * Null tokens, as the whole trimmed value; a closed list. "Other" are the values of the column that are no token;
 * without any, all of these are null.
 *	"" \N NULL Null null N/A n/a #N/A None NONE   always null
 *	NA           null, but data where all other values are two capitals, as country codes are
 *	none         null, but data where all other values are words in lower case, as categories are
 *	- --         null, but data where all other values are one ASCII punctuation character
 *	NaN nan NAN  data, but null where all other values are numbers
 */
enum null_class {
	NULL_NEVER,
	NULL_ALWAYS,
	NULL_UNLESS_CODES,
	NULL_UNLESS_WORDS,
	NULL_UNLESS_SIGNS,
	NULL_IF_NUMBERS,
	NULL_CLASSES
};

enum {
	VALUE_BOOL = 1 << 0,
	VALUE_INT64 = 1 << 1,
	VALUE_DECIMAL = 1 << 2,
	VALUE_DOUBLE = 1 << 3,
	VALUE_TIMESTAMP = 1 << 4,      /* ISO 8601 */
	VALUE_TIMESTAMP_NTZ = 1 << 5,  /* ISO 8601 */
	VALUE_AMOUNT = 1 << 6,         /* an amount that is no plain number */
	VALUE_CODE = 1 << 7,           /* two capitals */
	VALUE_WORD = 1 << 8,           /* lower-case letters */
	VALUE_SIGN = 1 << 9,           /* one ASCII punctuation character */
	VALUE_LEADING_ZEROS = 1 << 10, /* digits that begin with 0 and are not 0 */
	VALUE_KINDS = 11
};

struct value_facts {
	enum null_class null; /* NULL_NEVER, else nothing below is set */
	unsigned kinds;       /* VALUE_* */
	uint8_t bools; /* VALUE_BOOL: the one bit of the word among true false t f yes no y n */
	uint8_t whole,
		scale; /* VALUE_DECIMAL: digits before and after the point; 0.5 has none before */
	uint64_t formats;           /* bit i: date_formats[i] fits */
	struct amount_facts amount; /* VALUE_AMOUNT */
};

/* Cuts blanks (space, tab, U+00A0, U+2007, U+202F) off both ends: returns the new start. */
const char *value_trim(const char *s, size_t *size);
/* trimmed may be empty. */
void value_judge(const char *trimmed, size_t size, struct value_facts *ret);

/* ---- a column ---- */

struct amount_tally {
	int64_t rows;         /* VALUE_AMOUNT that can be read so */
	int64_t grouped;      /* of these: with groups */
	int64_t both;         /* of these: with both marks */
	int64_t single;       /* of these: with a decimal mark that cannot be a group's */
	uint8_t whole, scale; /* the most of any */
};

/* Counts of rows; zero is empty. */
struct column_tally {
	int64_t rows;                  /* NULL_NEVER: the "other" values */
	int64_t tokens[NULL_CLASSES];  /* the rest, by class */
	int64_t kinds[VALUE_KINDS];    /* by bit of VALUE_* */
	int64_t formats[DATE_FORMATS]; /* by date format */
	uint8_t bools;                 /* all words that occur */
	uint8_t whole, scale;          /* the most of any VALUE_DECIMAL */
	uint8_t whole_only;            /* the most digits of any without a point */
	int64_t points,
		points_groups; /* VALUE_DECIMAL with a point; those that could be a group's: 1.234 */
	struct amount_tally amounts[AMOUNT_READINGS];
	int64_t loose; /* VALUE_AMOUNT as +5 or .5: amounts only among others */
	int64_t percents, parentheses, trailing_minus;
	int64_t currencies[AMOUNT_CURRENCIES];
};

void column_tally_add(struct column_tally *t, const struct value_facts *v, int64_t rows);
void column_tally_merge(struct column_tally *t, const struct column_tally *more);

/* In which order 01/02/2024 is read where its own column cannot tell: the order of the table's other columns,
 * else what its currencies and marks speak for, else day first. */
enum date_hint { DATE_HINT_DAY_FIRST, DATE_HINT_MONTH_FIRST };
enum date_hint table_date_hint(const struct column_tally *const *tallies, size_t n);

struct column_context {
	const char *name;    /* as written */
	bool speaks_of_date; /* name_of_date: yyyyMMdd counts */
	bool is_key;         /* never null and unique, in so far as known */
	enum date_hint hint;
};

enum { COLUMN_NO_FORMAT = DATE_FORMATS, COLUMN_EVIDENCE_MAX = 128 };

struct column_inferred {
	struct column_type type;
	bool data[NULL_CLASSES]; /* tokens of this class are data, not null */
	int64_t nulls;           /* rows */
	int64_t nonconforming;   /* rows that are not null and not of type: they become null */
	/* date: its format. timestamp_ntz: its format, or COLUMN_NO_FORMAT: ISO 8601. Else the one with most rows. */
	size_t format;
	bool formatted; /* int64, decimal: amounts as number says; else plain, or no number at all */
	struct amount_format number;
	char evidence[COLUMN_EVIDENCE_MAX]; /* formatted: why this reading */
	/* A person said so (given.h): numbers are what a cast takes, 007 too, and must have room in the type. */
	bool given;
};

void column_infer(const struct column_tally *t, const struct column_context *c,
		  struct column_inferred *ret);
/* Amounts by reading, the plain numbers among them. */
void column_amounts(const struct column_tally *t, struct amount_tally ret[AMOUNT_READINGS]);
/* Says in d that the column's numbers are amounts, written in this reading. */
void column_format_amounts(const struct column_tally *t, size_t reading, struct column_inferred *d);
/* The date formats that fit any row, best first (decision's, then by rows, then by preference); their number. Of a
 * given decision the decision's alone. */
size_t column_formats(const struct column_tally *t, const struct column_inferred *d,
		      size_t ret[DATE_FORMATS]);

struct typed_value {
	int64_t i;          /* int64; bool 0/1; date: days; timestamp[_ntz]: microseconds */
	struct decimal dec; /* decimal, at the value's own scale */
	double d;           /* double */
};

bool column_is_null(const struct column_inferred *d, const char *trimmed, size_t size);
/* A trimmed value that is not null; false: it is none of the type. Text is always true, setting nothing. */
bool value_read_as(const struct column_inferred *d, const char *trimmed, size_t size,
		   struct typed_value *ret);

/* A name of codes, whose values are never numbers for their looks: id, code, phone, zip, sku, name ... */
bool name_is_code(const char *name);
