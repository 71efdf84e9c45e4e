/*
 * An amount is peeled from both ends - parentheses, signs, a currency or a percent sign - and what is left
 * must be a number. The number is cut into runs of digits and the marks between them; which readings that allows
 * follows from the marks and from the lengths of the runs.
 */
#include "ingest/amount.h"

#include <string.h>

#include "base/check.h"

enum { RUNS_MAX = 14, DIGITS_MAX = 60, TEXT_MAX = 96 };

const char amount_readings[AMOUNT_READINGS][2] = {
	{ '.', 0 }, { '.', ',' }, { '.', ' ' }, { '.', '\'' },
	{ ',', 0 }, { ',', '.' }, { ',', ' ' }, { ',', '\'' },
};

const char *const amount_currencies[AMOUNT_CURRENCIES] = {
	"$",   "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "\xE2\x82\xB9", "USD", "EUR", "GBP",
	"CHF", "JPY",          "INR",      "CAD",      "AUD",          "NZD", "CNY", "HKD",
	"SGD", "KRW",          "SEK",      "NOK",      "DKK",          "PLN", "CZK", "HUF",
	"BRL", "MXN",          "ZAR",      "TRY",      "ILS",
};

/* What is left of the text. */
struct rest {
	const char *s;
	size_t size;
};

/* ---- peeling ---- */

size_t amount_blank(const char *s, size_t size)
{
	if (size == 0 || (s[0] > ' ' && s[0] < 0x7F)) {
		return 0;
	}
	if (s[0] == ' ' || s[0] == '\t') {
		return 1;
	}
	if (size >= 2 && memcmp(s, "\xC2\xA0", 2) == 0) {
		return 2;
	}
	bool wide = size >= 3 &&
		(memcmp(s, "\xE2\x80\x87", 3) == 0 || memcmp(s, "\xE2\x80\xAF", 3) == 0);
	return wide ? 3 : 0;
}

size_t amount_last_blank(const char *s, size_t size)
{
	for (size_t n = 1; n <= 3 && n <= size; n++) {
		if (amount_blank(s + size - n, n) == n) {
			return n;
		}
	}
	return 0;
}

static void skip_front_blank(struct rest *r)
{
	size_t n = amount_blank(r->s, r->size);
	r->s += n;
	r->size -= n;
}

static void skip_back_blank(struct rest *r)
{
	r->size -= amount_last_blank(r->s, r->size);
}

static bool front_char(struct rest *r, char c)
{
	if (r->size == 0 || r->s[0] != c) {
		return false;
	}
	r->s++;
	r->size--;
	return true;
}

static bool back_char(struct rest *r, char c)
{
	if (r->size == 0 || r->s[r->size - 1] != c) {
		return false;
	}
	r->size--;
	return true;
}

/* Whether a letter or sign of a currency can be there at all: most texts are told by this. */
static bool may_be_currency(char c)
{
	return c == '$' || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

static void front_currency(struct rest *r, struct amount_facts *a)
{
	if (r->size == 0 || a->currency >= 0 || !may_be_currency(r->s[0])) {
		return;
	}
	for (int i = 0; i < AMOUNT_CURRENCIES; i++) {
		size_t n = strlen(amount_currencies[i]);
		if (r->size >= n && memcmp(r->s, amount_currencies[i], n) == 0) {
			a->currency = i;
			r->s += n;
			r->size -= n;
			skip_front_blank(r);
			return;
		}
	}
}

static void back_currency(struct rest *r, struct amount_facts *a)
{
	if (r->size == 0 || a->currency >= 0 || !may_be_currency(r->s[r->size - 1])) {
		return;
	}
	for (int i = 0; i < AMOUNT_CURRENCIES; i++) {
		size_t n = strlen(amount_currencies[i]);
		if (r->size >= n && memcmp(r->s + r->size - n, amount_currencies[i], n) == 0) {
			a->currency = i;
			r->size -= n;
			skip_back_blank(r);
			return;
		}
	}
}

/* Takes what may stand around the number; false: two signs. */
static bool peel(struct rest *r, struct amount_facts *a)
{
	bool minus = front_char(r, '-');
	bool plus = !minus && front_char(r, '+');
	front_currency(r, a);
	if (a->currency >= 0 && !minus && !plus) {
		minus = front_char(r, '-');
		plus = !minus && front_char(r, '+');
	}
	a->trailing_minus = back_char(r, '-');
	back_currency(r, a);
	if (a->currency < 0 && back_char(r, '%')) {
		a->percent = true;
		skip_back_blank(r);
	}
	a->trailing_minus = a->trailing_minus || back_char(r, '-');
	if (!minus && !plus && a->trailing_minus == false && front_char(r, '(')) {
		a->parentheses = true;
		if (!back_char(r, ')')) {
			return false;
		}
		if (!a->percent) {
			front_currency(r, a);
			back_currency(r, a);
		}
		if (a->currency < 0 && !a->percent && back_char(r, '%')) {
			a->percent = true;
			skip_back_blank(r);
		}
	}
	a->negative = minus || a->trailing_minus || a->parentheses;
	a->loose = plus;
	return !(a->trailing_minus && (minus || plus));
}

/* ---- the number ---- */

struct runs {
	size_t n;
	size_t digits[RUNS_MAX];
	char marks[RUNS_MAX]; /* between run i and i + 1; ' ' for any blank */
	bool zero;            /* the first run begins with 0 */
	size_t all;           /* digits */
};

static bool cut_runs(const struct rest *r, struct runs *ret)
{
	struct runs c = { 0 };
	size_t i = 0;
	for (;;) {
		size_t from = i;
		while (i < r->size && r->s[i] >= '0' && r->s[i] <= '9') {
			i++;
		}
		c.digits[c.n++] = i - from;
		c.all += i - from;
		if (i == r->size) {
			break;
		}
		size_t blank = amount_blank(r->s + i, r->size - i);
		char mark = r->s[i];
		if (blank > 0) {
			mark = ' ';
		}
		if (strchr(".,' ", mark) == NULL || mark == '\0' || c.n == RUNS_MAX) {
			return false;
		}
		c.marks[c.n - 1] = mark;
		i += blank > 0 ? blank : 1;
	}
	c.zero = c.digits[0] > 0 && r->s[0] == '0';
	*ret = c;
	return c.all > 0 && c.all <= DIGITS_MAX && c.digits[c.n - 1] > 0;
}

/* Whether the first n runs are the whole part, as groups by mark when there is more than one. */
static bool whole_part(const struct runs *c, size_t n, char mark)
{
	bool grouped = n > 1;
	if (c->zero && (grouped || c->digits[0] > 1)) {
		return false;
	}
	if (grouped && (c->digits[0] == 0 || c->digits[0] > 3)) {
		return false;
	}
	for (size_t i = 1; i < n; i++) {
		if (c->digits[i] != 3 || c->marks[i - 1] != mark) {
			return false;
		}
	}
	return true;
}

static void add_reading(const struct runs *c, size_t r, struct amount_facts *a)
{
	char decimal = amount_readings[r][0];
	char group = amount_readings[r][1];
	bool point = c->n > 1 && c->marks[c->n - 2] == decimal;
	size_t whole_runs = point ? c->n - 1 : c->n;
	if ((whole_runs > 1 && group == 0) || !whole_part(c, whole_runs, group) ||
	    (!point && c->digits[0] == 0)) {
		return;
	}
	size_t scale = point ? c->digits[c->n - 1] : 0;
	size_t whole = c->all - scale;
	a->readings = (uint8_t)(a->readings | 1U << r);
	a->grouped = (uint8_t)(a->grouped | (whole_runs > 1 ? 1U << r : 0));
	a->whole[r] = (uint8_t)(c->zero && whole == 1 ? 0 : whole);
	a->scale[r] = (uint8_t)scale;
}

static bool has_both(const struct runs *c)
{
	for (size_t i = 1; i + 1 < c->n; i++) {
		if (c->marks[i] != c->marks[0]) {
			return true;
		}
	}
	return false;
}

static bool take_apart(const char *s, size_t size, struct amount_facts *a, struct rest *r,
		       struct runs *runs)
{
	struct amount_facts empty = { .currency = -1 };
	*a = empty;
	*r = (struct rest){ s, size };
	return peel(r, a) && r->size > 0 && cut_runs(r, runs);
}

bool amount_scan(const char *trimmed, size_t size, struct amount_facts *ret)
{
	struct amount_facts a;
	struct rest rest;
	struct runs runs;
	ASSERT(size > 0);
	char last = trimmed[size - 1];
	if (size > TEXT_MAX || (last >= 'a' && last <= 'z') ||
	    !take_apart(trimmed, size, &a, &rest, &runs)) {
		return false;
	}
	for (size_t r = 0; r < AMOUNT_READINGS; r++) {
		add_reading(&runs, r, &a);
	}
	bool bare = a.currency < 0 && !a.percent && !a.parentheses && !a.trailing_minus;
	a.both = has_both(&runs);
	a.single = runs.n == 2 && strchr(".,", runs.marks[0]) != NULL &&
		!whole_part(&runs, 2, runs.marks[0]);
	a.loose = bare && ((a.loose && runs.n == 1) || runs.digits[0] == 0);
	*ret = a;
	return a.readings != 0;
}

bool amount_read(const char *trimmed, size_t size, size_t reading, struct decimal *ret)
{
	struct amount_facts a;
	struct rest rest;
	struct runs runs;
	char text[DIGITS_MAX + 4];
	size_t n = 0;
	ASSERT(size > 0 && reading < AMOUNT_READINGS);
	if (size > TEXT_MAX || !take_apart(trimmed, size, &a, &rest, &runs)) {
		return false;
	}
	add_reading(&runs, reading, &a);
	if (a.readings == 0) {
		return false;
	}
	size_t left = runs.all - a.scale[reading];
	if (a.negative) {
		text[n++] = '-';
	}
	if (left == 0) {
		text[n++] = '0';
	}
	for (size_t i = 0; i < rest.size; i++) {
		if (rest.s[i] < '0' || rest.s[i] > '9') {
			continue;
		}
		if (left == 0 && n > 0 && memchr(text, '.', n) == NULL) {
			text[n++] = '.';
		}
		left -= left > 0 ? 1 : 0;
		text[n++] = rest.s[i];
	}
	return decimal_parse(text, n, ret);
}
