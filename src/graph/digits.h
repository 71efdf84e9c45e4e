/* The decimal digits of an integer, for paths and records: printf costs more than a superstep may. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DIGITS_MAX = 21 }; /* "-9223372036854775808" and a NUL */

/* Returns how many characters were written, without the NUL. */
size_t digits_of(int64_t number, char ret[DIGITS_MAX]);
