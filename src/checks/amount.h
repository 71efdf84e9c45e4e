/*
 * The Tester's own exact numbers: units * 10^-scale in 128 bits, every overflow noticed.
 *
 * A written number may carry blanks around it, a sign in front or a minus behind, parentheses (they make it negative), a
 * currency in front or behind, a percent sign (percent points: 19 % is 19), and one mark (the comma or point that is not
 * the decimal mark, a blank, an apostrophe) between groups of three digits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/decimal.h"

enum { AMOUNT_DIGITS_MAX = 38, AMOUNT_TEXT_MAX = 48 };

struct amount {
	int128 units;
	int scale; /* 0..38 */
};

/* decimal: the mark before the fraction, '.' or ','. False: not a number as above, or more than 38 digits. */
bool amount_parse_marked(const char *text, char decimal, struct amount *ret);
/* With a decimal point. */
bool amount_parse(const char *text, struct amount *ret);

/* What a text's marks say of a column's decimal mark. */
enum mark_evidence {
	MARKS_NO_NUMBER,       /* with neither mark */
	MARKS_NONE,            /* no point and no comma */
	MARKS_POINT,           /* the point can only be the decimal mark, or the comma only group */
	MARKS_COMMA,           /* the other way round */
	MARKS_POINT_AMBIGUOUS, /* one point in front of exactly three digits */
	MARKS_COMMA_AMBIGUOUS
};

enum mark_evidence amount_marks(const char *text);
/* [+-]digits[.digits] and nothing else but blanks around it. */
bool amount_is_plain(const char *text);
/* To another scale; ties go away from zero. False: more than 38 digits. */
bool amount_rescale(struct amount v, int scale, struct amount *ret);
/* Without the zeros that end the fraction. */
struct amount amount_shortest(struct amount v);
/* The same scale in both. False: more than 38 digits. */
bool amount_add(struct amount a, struct amount b, struct amount *ret);
/* Of any scales; the result has both scales together. False: more than 38 digits, or a scale above 38. */
bool amount_multiply(struct amount a, struct amount b, struct amount *ret);
/* One less the value. False: more than 38 digits. */
bool amount_rest_of_one(struct amount v, struct amount *ret);
void amount_text(struct amount v, char ret[AMOUNT_TEXT_MAX]);
