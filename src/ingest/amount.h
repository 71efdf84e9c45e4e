/*
 * Amounts as people write them: 1.234,50 EUR, $1,234.50, ($5.00), 19 %, 5.00-.
 *
 *	amount   = [sign] [currency [blank]] [sign] number [[blank] (currency | "%")] ["-"]
 *	         | the same without signs in parentheses, a currency in front or behind inside or outside them
 * with one sign, one currency and one of currency and % at most. A number is digits without leading zeros, or
 * digits in groups of three, then perhaps a decimal mark and digits; .5 counts. Blank is one of amount_blank's. A
 * percentage is percent points: 19 % is 19. Which mark is which is a matter of the column: a number has
 * up to AMOUNT_READINGS.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decimal.h"

/* Bit or index r: decimal mark amount_readings[r][0], groups by amount_readings[r][1] (0: none). " " is any blank. */
enum { AMOUNT_READINGS = 8, AMOUNT_COMMA = 4 /* the first with a decimal comma */ };
extern const char amount_readings[AMOUNT_READINGS][2];

/* Signs, then ISO 4217 codes; case counts. */
enum { AMOUNT_CURRENCIES = 29, AMOUNT_DOLLAR = 0, AMOUNT_USD = 5 };
extern const char *const amount_currencies[AMOUNT_CURRENCIES];

struct amount_facts {
	uint8_t readings; /* as which the number can be read */
	uint8_t grouped;  /* readings in which there are groups */
	uint8_t whole[AMOUNT_READINGS],
		scale[AMOUNT_READINGS]; /* digits before and after the mark */
	bool single;                    /* one mark, which cannot be a group's: 1,5 or 0,245 */
	bool both;                      /* two different marks */
	bool loose;                     /* +5 or .5: plain but for that */
	bool negative, percent, parentheses, trailing_minus;
	int currency; /* of amount_currencies; -1: none */
};

/* How a column writes its amounts; parts that are false or none may not occur. */
struct amount_format {
	size_t reading;
	bool percent, parentheses, trailing_minus;
	uint32_t currencies; /* bits */
};

/* Bytes of the blank (space, tab, U+00A0, U+2007, U+202F) at the start or the end; 0: none there. */
size_t amount_blank(const char *s, size_t size);
size_t amount_last_blank(const char *s, size_t size);

/* trimmed: not empty. False: no amount. A plain number is one too. */
bool amount_scan(const char *trimmed, size_t size, struct amount_facts *ret);
/* The value of what amount_scan takes, at its own scale. False: not of this reading, or beyond 38 digits. */
bool amount_read(const char *trimmed, size_t size, size_t reading, struct decimal *ret);
