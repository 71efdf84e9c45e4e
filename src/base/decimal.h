/*
 * Exact decimals: units * 10^-scale with at most 38 digits, checked. Money is never a double.
 * Text form: optional '-', digits, and exactly `scale` digits after a point when scale > 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -Wpedantic wants the extension named; elsewhere write int128 and uint128 too. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum { DECIMAL_DIGITS_MAX = 38, DECIMAL_TEXT_MAX = 48 };

struct decimal {
	int128 units;
	uint8_t scale; /* 0..38 */
};

/*
 * Parses [+-]digits[.digits] of the whole text, keeping its scale; leading zeros do not count.
 * False: not that, or more than 38 digits, before or after the point together or after it alone.
 */
bool decimal_parse(const char *s, size_t size, struct decimal *ret);
void decimal_text(struct decimal d, char ret[DECIMAL_TEXT_MAX]);
/*
 * Scales need not be equal: a sum has the larger one, a product both together. False: the result has
 * more than 38 digits or a scale above 38; *ret is untouched.
 */
bool decimal_add(struct decimal a, struct decimal b, struct decimal *ret);
bool decimal_sub(struct decimal a, struct decimal b, struct decimal *ret);
bool decimal_mul(struct decimal a, struct decimal b, struct decimal *ret);
/* To another scale, HALF_UP (away from zero on a tie) as Spark rounds. False as above. */
bool decimal_rescale(struct decimal d, uint8_t scale, struct decimal *ret);
int decimal_compare(struct decimal a, struct decimal b);
/* Significant digits of units; 1 for zero. */
int decimal_digits(struct decimal d);
