/*
 * The Tester's own exact numbers: units * 10^-scale in 128 bits, every overflow noticed. A written number may
 * carry blanks around it, a sign, one currency sign ($ € £) and commas between groups of three digits.
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

/* False: the text is not a number as above, or has more than 38 digits. */
bool amount_parse(const char *text, struct amount *ret);
/* To another scale; ties go away from zero. False: more than 38 digits. */
bool amount_rescale(struct amount v, int scale, struct amount *ret);
/* Without the zeros that end the fraction. */
struct amount amount_shortest(struct amount v);
/* The same scale in both. False: more than 38 digits. */
bool amount_add(struct amount a, struct amount b, struct amount *ret);
void amount_text(struct amount v, char ret[AMOUNT_TEXT_MAX]);
