/*
 * Long arithmetic on __int128 with a bound of 38 digits. Nothing here rounds but amount_rescale, and nothing
 * overflows silently: a result that does not fit is refused, and the caller says which value it was.
 */
#include "checks/amount.h"

#include <string.h>

#include "base/check.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 10^38, the first number of more than 38 digits. */
static const int128 limit = (int128)10000000000000000000U * (int128)10000000000000000000U;

static bool fits(int128 units)
{
	return units < limit && units > -limit;
}

static bool times_ten(int128 *units)
{
	int128 product;
	if (__builtin_mul_overflow(*units, (int128)10, &product) || !fits(product)) {
		return false;
	}
	*units = product;
	return true;
}

static bool add_digit(struct amount *v, char c)
{
	if (!times_ten(&v->units)) {
		return false;
	}
	v->units += c - '0';
	return fits(v->units);
}

static const char *skip_currency(const char *p)
{
	static const char *const signs[] = { "$", "\xE2\x82\xAC", "\xC2\xA3" };
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (strncmp(p, signs[i], strlen(signs[i])) == 0) {
			return p + strlen(signs[i]);
		}
	}
	return p;
}

/* Digits before the point, plain or in groups: 1,234,567. NULL: neither. */
static const char *parse_whole(const char *p, struct amount *v)
{
	int run = 0;
	bool grouped = false;
	for (;; p++) {
		if (is_digit(*p)) {
			run++;
			if (!add_digit(v, *p)) {
				return NULL;
			}
		} else if (*p == ',' && (grouped ? run == 3 : run >= 1 && run <= 3) &&
			   is_digit(p[1])) {
			grouped = true;
			run = 0;
		} else {
			return grouped && run != 3 ? NULL : p;
		}
	}
}

bool amount_parse(const char *text, struct amount *ret)
{
	const char *p = text;
	while (is_blank(*p)) {
		p++;
	}
	bool negative = *p == '-';
	if (*p == '-' || *p == '+') {
		p++;
	}
	p = skip_currency(p);

	struct amount v = { 0 };
	const char *whole = p;
	p = parse_whole(p, &v);
	if (p == NULL) {
		return false;
	}
	bool any = p != whole;
	if (*p == '.') {
		for (p++; is_digit(*p); p++) {
			if (v.scale == AMOUNT_DIGITS_MAX || !add_digit(&v, *p)) {
				return false;
			}
			v.scale++;
			any = true;
		}
	}
	while (is_blank(*p)) {
		p++;
	}
	if (!any || *p != '\0') {
		return false;
	}
	v.units = negative ? -v.units : v.units;
	*ret = v;
	return true;
}

bool amount_rescale(struct amount v, int scale, struct amount *ret)
{
	ASSERT(scale >= 0 && scale <= AMOUNT_DIGITS_MAX);
	while (v.scale < scale) {
		if (!times_ten(&v.units)) {
			return false;
		}
		v.scale++;
	}
	if (v.scale > scale) {
		int128 divisor = 1;
		for (; v.scale > scale; v.scale--) {
			divisor *= 10;
		}
		int128 rest = v.units % divisor;
		v.units /= divisor;
		int128 size = rest < 0 ? -rest : rest;
		if (size >= divisor - size) {
			v.units += rest < 0 ? -1 : 1;
		}
	}
	if (!fits(v.units)) {
		return false;
	}
	*ret = v;
	return true;
}

struct amount amount_shortest(struct amount v)
{
	while (v.scale > 0 && v.units % 10 == 0) {
		v.units /= 10;
		v.scale--;
	}
	return v;
}

bool amount_add(struct amount a, struct amount b, struct amount *ret)
{
	ASSERT(a.scale == b.scale);
	int128 sum;
	if (__builtin_add_overflow(a.units, b.units, &sum) || !fits(sum)) {
		return false;
	}
	*ret = (struct amount){ .units = sum, .scale = a.scale };
	return true;
}

void amount_text(struct amount v, char ret[AMOUNT_TEXT_MAX])
{
	char backwards[AMOUNT_TEXT_MAX];
	size_t n = 0;
	int128 rest = v.units < 0 ? -v.units : v.units;
	for (int digit = 0; digit <= v.scale || rest != 0; digit++) {
		if (digit == v.scale && v.scale > 0) {
			backwards[n++] = '.';
		}
		backwards[n++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	}
	if (v.units < 0) {
		backwards[n++] = '-';
	}
	for (size_t i = 0; i < n; i++) {
		ret[i] = backwards[n - 1 - i];
	}
	ret[n] = '\0';
}
