/*
 * Exact decimals on 128-bit integers. Arithmetic works on magnitudes as unsigned numbers, so that an
 * intermediate of up to 3 * 10^38 still fits; every result is held against 38 digits before it is
 * stored. Nothing rounds but decimal_rescale.
 */
#include "base/decimal.h"

#include "base/check.h"

static uint128 power(unsigned exponent)
{
	uint128 p = 1;
	ASSERT(exponent <= DECIMAL_DIGITS_MAX);
	while (exponent-- > 0) {
		p *= 10;
	}
	return p;
}

static uint128 magnitude(int128 units)
{
	return units < 0 ? -(uint128)units : (uint128)units;
}

static bool store(bool negative, uint128 mag, unsigned scale, struct decimal *ret)
{
	if (mag >= power(DECIMAL_DIGITS_MAX) || scale > DECIMAL_DIGITS_MAX) {
		return false;
	}
	ret->units = negative ? -(int128)mag : (int128)mag;
	ret->scale = (uint8_t)scale;
	return true;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

bool decimal_parse(const char *s, size_t size, struct decimal *ret)
{
	size_t i = 0;
	bool negative = size > 0 && s[0] == '-';
	if (negative || (size > 0 && s[0] == '+')) {
		i++;
	}

	uint128 mag = 0;
	uint128 limit = power(DECIMAL_DIGITS_MAX - 1);
	size_t point = size;
	for (size_t first = i; i < size; i++) {
		if (s[i] == '.' && point == size && i > first && i + 1 < size) {
			point = i;
			continue;
		}
		if (!digit(s[i]) || mag >= limit) {
			return false;
		}
		mag = mag * 10 + (unsigned)(s[i] - '0');
	}
	if (size == 0 || !digit(s[size - 1])) {
		return false;
	}
	size_t scale = point < size ? size - point - 1 : 0;
	return scale <= DECIMAL_DIGITS_MAX && store(negative, mag, (unsigned)scale, ret);
}

void decimal_text(struct decimal d, char ret[DECIMAL_TEXT_MAX])
{
	char reversed[DECIMAL_TEXT_MAX];
	size_t n = 0;
	uint128 mag = magnitude(d.units);
	ASSERT(d.scale <= DECIMAL_DIGITS_MAX);
	do {
		if (n == d.scale && d.scale > 0) {
			reversed[n++] = '.';
		}
		reversed[n++] = (char)('0' + (int)(mag % 10));
		mag /= 10;
	} while (mag != 0 || n <= d.scale + (d.scale > 0 ? 1U : 0U));
	if (d.units < 0) {
		reversed[n++] = '-';
	}
	for (size_t i = 0; i < n; i++) {
		ret[i] = reversed[n - 1 - i];
	}
	ret[n] = '\0';
}

/* The magnitude at a larger scale; false when it is 2 * 10^38 or more, too much for any sum. */
static bool align(struct decimal d, unsigned scale, uint128 *ret)
{
	uint128 mag = magnitude(d.units);
	return !__builtin_mul_overflow(mag, power(scale - d.scale), ret) &&
		*ret < 2 * power(DECIMAL_DIGITS_MAX);
}

static bool add(struct decimal a, struct decimal b, bool flip, struct decimal *ret)
{
	unsigned scale = a.scale > b.scale ? a.scale : b.scale;
	bool a_negative = a.units < 0;
	bool b_negative = (b.units < 0) != flip;
	uint128 x;
	uint128 y;
	if (!align(a, scale, &x) || !align(b, scale, &y)) {
		return false;
	}
	if (a_negative == b_negative) {
		return store(a_negative, x + y, scale, ret);
	}
	return x >= y ? store(a_negative, x - y, scale, ret) : store(b_negative, y - x, scale, ret);
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *ret)
{
	return add(a, b, false, ret);
}

bool decimal_sub(struct decimal a, struct decimal b, struct decimal *ret)
{
	return add(a, b, true, ret);
}

bool decimal_mul(struct decimal a, struct decimal b, struct decimal *ret)
{
	uint128 mag;
	if (__builtin_mul_overflow(magnitude(a.units), magnitude(b.units), &mag)) {
		return false;
	}
	return store((a.units < 0) != (b.units < 0), mag, (unsigned)a.scale + b.scale, ret);
}

bool decimal_rescale(struct decimal d, uint8_t scale, struct decimal *ret)
{
	uint128 mag = magnitude(d.units);
	if (scale > DECIMAL_DIGITS_MAX) {
		return false;
	}
	if (scale >= d.scale) {
		return !__builtin_mul_overflow(mag, power((unsigned)scale - d.scale), &mag) &&
			store(d.units < 0, mag, scale, ret);
	}
	uint128 p = power((unsigned)d.scale - scale);
	uint128 rest = mag % p;
	mag /= p;
	if (rest >= p - rest) {
		mag++;
	}
	return store(d.units < 0, mag, scale, ret);
}

static int order(uint128 a, uint128 b)
{
	return a < b ? -1 : a > b ? 1 : 0;
}

int decimal_compare(struct decimal a, struct decimal b)
{
	if ((a.units < 0) != (b.units < 0)) {
		return a.units < 0 ? -1 : 1;
	}
	uint128 x = magnitude(a.units);
	uint128 y = magnitude(b.units);
	uint128 one_a = power(a.scale);
	uint128 one_b = power(b.scale);
	unsigned scale = a.scale > b.scale ? a.scale : b.scale;
	int c = order(x / one_a, y / one_b);
	if (c == 0) {
		c = order(x % one_a * power(scale - a.scale), y % one_b * power(scale - b.scale));
	}
	return a.units < 0 ? -c : c;
}

int decimal_digits(struct decimal d)
{
	int n = 1;
	for (uint128 mag = magnitude(d.units) / 10; mag != 0; mag /= 10) {
		n++;
	}
	return n;
}
