/*
 * Long arithmetic on __int128 with a bound of 38 digits. Nothing here rounds but amount_rescale, and nothing
 * overflows silently: a result that does not fit is refused, and the caller says which value it was.
 */
#include "checks/amount.h"

#include <string.h>

#include "base/check.h"
#include "checks/blanks.h"

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

/* ---- what stands around the digits ---- */

static const char *const currencies[] = {
	"$",   "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "\xE2\x82\xB9", "USD", "EUR",
	"GBP", "CHF",          "JPY",      "INR",      "AUD",          "CAD", "NZD",
	"CNY", "HKD",          "SGD",      "KRW",      "SEK",          "NOK", "DKK",
	"PLN", "CZK",          "HUF",      "TRY",      "BRL",          "MXN", "ZAR",
};

/* A text that is taken apart from both ends. */
struct written {
	struct trimmed rest;
	bool negative, parentheses, currency, percent;
};

static void trim_rest(struct written *w)
{
	w->rest = blanks_trim(w->rest.at, w->rest.size);
}

static bool cut_front(struct written *w, const char *word)
{
	if (w->rest.size == 0 || w->rest.at[0] != word[0]) {
		return false;
	}
	size_t n = strlen(word);
	bool is = w->rest.size >= n && memcmp(w->rest.at, word, n) == 0;
	w->rest.at += is ? n : 0;
	w->rest.size -= is ? n : 0;
	return is;
}

static bool cut_back(struct written *w, const char *word)
{
	size_t n = strlen(word);
	bool is = w->rest.size >= n && memcmp(w->rest.at + w->rest.size - n, word, n) == 0;
	w->rest.size -= is ? n : 0;
	return is;
}

/* At most one currency, in front or behind, and the blank beside it. */
static void cut_currency(struct written *w)
{
	struct trimmed t = w->rest;
	bool front = t.size > 0 && !is_digit(t.at[0]);
	bool back = t.size > 0 && !is_digit(t.at[t.size - 1]);
	if (!front && !back) {
		return;
	}
	for (size_t i = 0; !w->currency && i < sizeof(currencies) / sizeof(currencies[0]); i++) {
		w->currency = (front && cut_front(w, currencies[i])) ||
			(back && cut_back(w, currencies[i]));
	}
	if (w->currency) {
		trim_rest(w);
	}
}

/* At most one sign; false: there are two. */
static bool cut_sign(struct written *w)
{
	bool minus = cut_front(w, "-");
	bool plus = !minus && cut_front(w, "+");
	bool behind = !minus && !plus && cut_back(w, "-");
	bool any = minus || plus || behind;
	if (any && w->negative) {
		return false;
	}
	w->negative |= minus || behind;
	if (behind) {
		trim_rest(w);
	}
	return true;
}

/* The digits and marks of a number; false: what is around them is none. */
static bool cut_around(const char *text, struct written *ret)
{
	struct written w = { .rest = blanks_trim(text, strlen(text)) };
	if (cut_front(&w, "(")) {
		if (!cut_back(&w, ")")) {
			return false;
		}
		w.parentheses = true;
		w.negative = true;
		trim_rest(&w);
	}
	if (!cut_sign(&w)) {
		return false;
	}
	w.percent = cut_back(&w, "%");
	if (w.percent) {
		trim_rest(&w);
	}
	bool before = w.negative;
	cut_currency(&w);
	if (w.currency && !before && !cut_sign(&w)) { /* $-5 */
		return false;
	}
	*ret = w;
	return w.rest.size > 0;
}

/* ---- the digits ---- */

/* Bytes of a mark between groups, 0: none. */
static size_t group_mark(struct trimmed t, char decimal)
{
	if (t.size > 0 && (t.at[0] == '\'' || (t.at[0] == (decimal == '.' ? ',' : '.')))) {
		return 1;
	}
	return t.size > 0 && t.at[0] != '\t' ? blank_at(t.at, t.size) : 0;
}

static bool digit_at(struct trimmed t, size_t i)
{
	return i < t.size && is_digit(t.at[i]);
}

static void advance(struct trimmed *t, size_t n)
{
	t->at += n;
	t->size -= n;
}

/* Digits before the fraction, plain or in groups of one mark: 1,234,567. False: neither. */
static bool parse_whole(struct trimmed *t, char decimal, struct amount *v)
{
	int run = 0;
	size_t mark = 0;
	const char *mark_at = NULL;
	bool zero = digit_at(*t, 0) && t->at[0] == '0';
	for (;;) {
		if (digit_at(*t, 0)) {
			run++;
			if (!add_digit(v, t->at[0])) {
				return false;
			}
			advance(t, 1);
			continue;
		}
		size_t n = group_mark(*t, decimal);
		if (n == 0 || !digit_at(*t, n)) {
			return mark == 0 || run == 3;
		}
		bool same = mark == 0 || (n == mark && memcmp(t->at, mark_at, n) == 0);
		if (!same || zero || (mark == 0 ? run < 1 || run > 3 : run != 3)) {
			return false;
		}
		mark = n;
		mark_at = t->at;
		run = 0;
		advance(t, n);
	}
}

static bool parse_digits(const struct written *w, char decimal, struct amount *ret)
{
	struct amount v = { 0 };
	struct trimmed t = w->rest;
	bool any = digit_at(t, 0);
	if (!parse_whole(&t, decimal, &v)) {
		return false;
	}
	if (t.size > 0 && t.at[0] == decimal) {
		for (advance(&t, 1); digit_at(t, 0); advance(&t, 1)) {
			if (v.scale == AMOUNT_DIGITS_MAX || !add_digit(&v, t.at[0])) {
				return false;
			}
			v.scale++;
			any = true;
		}
	}
	if (!any || t.size > 0) {
		return false;
	}
	v.units = w->negative ? -v.units : v.units;
	*ret = v;
	return true;
}

bool amount_parse_marked(const char *text, char decimal, struct amount *ret)
{
	struct written w;
	return cut_around(text, &w) && parse_digits(&w, decimal, ret);
}

bool amount_parse(const char *text, struct amount *ret)
{
	return amount_parse_marked(text, '.', ret);
}

/* A number with one kind of mark, once, in front of three digits, and no zero alone before it. */
static bool is_ambiguous(struct trimmed t, char mark)
{
	const char *at = memchr(t.at, mark, t.size);
	size_t before = (size_t)(at - t.at), behind = t.size - before - 1;
	return behind == 3 && before >= 1 && before <= 3 && t.at[0] != '0';
}

enum mark_evidence amount_marks(const char *text)
{
	struct written w;
	struct amount v;
	if (strpbrk(text, "0123456789") == NULL || !cut_around(text, &w)) {
		return MARKS_NO_NUMBER;
	}
	bool as_point = parse_digits(&w, '.', &v);
	bool as_comma = parse_digits(&w, ',', &v);
	if (!as_point && !as_comma) {
		return MARKS_NO_NUMBER;
	}
	bool point = memchr(w.rest.at, '.', w.rest.size) != NULL;
	bool comma = memchr(w.rest.at, ',', w.rest.size) != NULL;
	if (!point && !comma) {
		return MARKS_NONE;
	}
	if (as_point != as_comma) {
		return as_point ? MARKS_POINT : MARKS_COMMA;
	}
	char mark = point ? '.' : ',';
	if (is_ambiguous(w.rest, mark)) {
		return point ? MARKS_POINT_AMBIGUOUS : MARKS_COMMA_AMBIGUOUS;
	}
	return point ? MARKS_POINT : MARKS_COMMA;
}

bool amount_is_plain(const char *text)
{
	struct trimmed t = blanks_trim(text, strlen(text));
	struct amount v;
	for (size_t i = 0; i < t.size; i++) {
		bool sign = i == 0 && (t.at[i] == '-' || t.at[i] == '+');
		if (!is_digit(t.at[i]) && t.at[i] != '.' && !sign) {
			return false;
		}
	}
	return amount_parse(text, &v);
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

bool amount_multiply(struct amount a, struct amount b, struct amount *ret)
{
	int128 units;
	if (a.scale + b.scale > AMOUNT_DIGITS_MAX ||
	    __builtin_mul_overflow(a.units, b.units, &units) || !fits(units)) {
		return false;
	}
	*ret = (struct amount){ .units = units, .scale = a.scale + b.scale };
	return true;
}

bool amount_rest_of_one(struct amount v, struct amount *ret)
{
	struct amount one = { .units = 1 };
	v.units = -v.units;
	return amount_rescale(one, v.scale, &one) && amount_add(one, v, ret);
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
