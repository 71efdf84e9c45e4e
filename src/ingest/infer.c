/*
 * Grammar first, then the number: nothing here depends on a locale or accepts what libc would. A column's tally is
 * counts by what values may be; deciding is comparing these counts with the number of values, strictly
 * first, then with a few that do not fit.
 */
#include "ingest/infer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "ingest/names.h"

enum { NUMBER_TEXT_MAX = 400, INT64_DIGITS_SURE = 18, NULL_TOKEN_MAX = 4 };

/* ---- blanks and null tokens ---- */

const char *value_trim(const char *s, size_t *size)
{
	for (size_t n; *size > 0 && (n = amount_blank(s, *size)) > 0;) {
		s += n;
		*size -= n;
	}
	for (size_t n; *size > 0 && (n = amount_last_blank(s, *size)) > 0;) {
		*size -= n;
	}
	return s;
}

static const struct null_token {
	const char *text;
	enum null_class class;
} null_tokens[] = {
	{ "", NULL_ALWAYS },        { "\\N", NULL_ALWAYS },      { "NULL", NULL_ALWAYS },
	{ "Null", NULL_ALWAYS },    { "null", NULL_ALWAYS },     { "N/A", NULL_ALWAYS },
	{ "n/a", NULL_ALWAYS },     { "#N/A", NULL_ALWAYS },     { "None", NULL_ALWAYS },
	{ "NONE", NULL_ALWAYS },    { "NA", NULL_UNLESS_CODES }, { "none", NULL_UNLESS_WORDS },
	{ "-", NULL_UNLESS_SIGNS }, { "--", NULL_UNLESS_SIGNS }, { "NaN", NULL_IF_NUMBERS },
	{ "nan", NULL_IF_NUMBERS }, { "NAN", NULL_IF_NUMBERS },
};

static enum null_class null_class(const char *trimmed, size_t size)
{
	if (size > NULL_TOKEN_MAX) {
		return NULL_NEVER;
	}
	for (size_t i = 0; i < sizeof(null_tokens) / sizeof(null_tokens[0]); i++) {
		if (strlen(null_tokens[i].text) == size &&
		    memcmp(null_tokens[i].text, trimmed, size) == 0) {
			return null_tokens[i].class;
		}
	}
	return NULL_NEVER;
}

/* ---- numbers ---- */

struct number {
	size_t whole, scale; /* digits before and after the point */
	bool leading_zero, exponent;
};

static size_t digits(const char *s, size_t size, size_t from)
{
	size_t i = from;
	while (i < size && s[i] >= '0' && s[i] <= '9') {
		i++;
	}
	return i - from;
}

/* [-]digits[.digits][e[+-]digits] */
static bool scan_number(const char *s, size_t size, struct number *ret)
{
	size_t i = s[0] == '-' ? 1 : 0;
	struct number n = { .whole = digits(s, size, i) };
	n.leading_zero = n.whole > 1 && s[i] == '0';
	i += n.whole;
	if (n.whole == 0) {
		return false;
	}
	if (i < size && s[i] == '.') {
		n.scale = digits(s, size, i + 1);
		i += 1 + n.scale;
		if (n.scale == 0) {
			return false;
		}
	}
	if (i < size && (s[i] == 'e' || s[i] == 'E')) {
		n.exponent = true;
		i++;
		i += i < size && (s[i] == '+' || s[i] == '-') ? 1 : 0;
		size_t power = digits(s, size, i);
		if (power == 0) {
			return false;
		}
		i += power;
	}
	*ret = n;
	return i == size;
}

static bool read_double(const char *s, size_t size, double *ret)
{
	char text[NUMBER_TEXT_MAX];
	struct number n;
	if (size >= sizeof(text) || !scan_number(s, size, &n) || n.leading_zero) {
		return false;
	}
	memcpy(text, s, size);
	text[size] = '\0';
	*ret = strtod(text, NULL); /* the locale is C: the program never sets another */
	return isfinite(*ret);
}

static bool read_int64(const char *s, size_t size, int64_t *ret)
{
	struct decimal d;
	if (!decimal_parse(s, size, &d) || d.scale > 0 || d.units < INT64_MIN ||
	    d.units > INT64_MAX) {
		return false;
	}
	*ret = (int64_t)d.units;
	return true;
}

/* True when s has the form of a plain number, be it a code or too large for one. */
static bool judge_number(const char *s, size_t size, struct value_facts *v)
{
	struct number n;
	double d;
	struct decimal exact;
	int64_t i;
	if (size >= NUMBER_TEXT_MAX || !scan_number(s, size, &n)) {
		return false;
	}
	if (n.leading_zero) {
		v->kinds |= s[0] != '-' && n.whole == size ? VALUE_LEADING_ZEROS : 0U;
		return true;
	}
	/* Below 300 digits and without an exponent every number is finite. */
	if ((n.exponent || n.whole > 300) && !read_double(s, size, &d)) {
		return true;
	}
	v->kinds |= VALUE_DOUBLE;
	bool zero = n.whole == 1 && s[s[0] == '-' ? 1 : 0] == '0';
	size_t precision = (zero ? 0 : n.whole) + n.scale;
	if (n.exponent || (precision > DECIMAL_DIGITS_MAX && !decimal_parse(s, size, &exact))) {
		return true;
	}
	v->kinds |= VALUE_DECIMAL;
	v->whole = (uint8_t)(zero ? 0 : n.whole);
	v->scale = (uint8_t)n.scale;
	if (n.scale == 0 && (n.whole <= INT64_DIGITS_SURE || read_int64(s, size, &i))) {
		v->kinds |= VALUE_INT64;
	}
	return true;
}

/* ---- one value ---- */

static void judge_time(const char *s, size_t size, struct value_facts *v)
{
	int64_t micros;
	bool zone;
	if (size > 35) { /* a timestamp with 9 fraction digits and an offset */
		return;
	}
	v->formats = date_matches(s, size);
	if (size >= 19 && timestamp_match(s, size, &micros, &zone)) {
		v->kinds |= zone ? VALUE_TIMESTAMP : VALUE_TIMESTAMP_NTZ;
	}
}

static const char *const bools[] = { "true", "false", "t", "f", "yes", "no", "y", "n" };

/* The index of the word, even: true; negative: it is none. */
static int bool_word(const char *s, size_t size)
{
	for (int i = 0; size <= 5 && i < 8; i++) {
		if (strlen(bools[i]) == size && strncasecmp(bools[i], s, size) == 0) {
			return i;
		}
	}
	return -1;
}

static bool all_between(const char *s, size_t size, char low, char high)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] < low || s[i] > high) {
			return false;
		}
	}
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A text that begins with a letter, a sign or a mark. */
static void judge_words(const char *s, size_t size, struct value_facts *v)
{
	int word = bool_word(s, size);
	if (word >= 0) {
		v->kinds |= VALUE_BOOL;
		v->bools = (uint8_t)(1U << word);
	}
	if (size == 2 && all_between(s, size, 'A', 'Z')) {
		v->kinds |= VALUE_CODE;
	}
	if (all_between(s, size, 'a', 'z')) {
		v->kinds |= VALUE_WORD;
	}
	bool ascii = s[0] > 0x20 && s[0] < 0x7F;
	if (size == 1 && ascii && !is_letter(s[0])) {
		v->kinds |= VALUE_SIGN;
	}
}

void value_judge(const char *trimmed, size_t size, struct value_facts *ret)
{
	struct value_facts v = { .null = null_class(trimmed, size) };
	if (v.null == NULL_NEVER) {
		char c = trimmed[0];
		bool number = c == '-' || (c >= '0' && c <= '9');
		if (number) {
			judge_time(trimmed, size, &v);
			number = judge_number(trimmed, size, &v);
		} else {
			judge_words(trimmed, size, &v);
			v.formats = is_letter(c) ? date_matches(trimmed, size) : 0;
		}
		if (!number && v.formats == 0 && amount_scan(trimmed, size, &v.amount)) {
			v.kinds |= VALUE_AMOUNT;
		}
	}
	*ret = v;
}

/* ---- a tally ---- */

static uint8_t larger(uint8_t a, uint8_t b)
{
	return a > b ? a : b;
}

static void add_amount(struct column_tally *t, const struct amount_facts *a, int64_t rows)
{
	for (size_t r = 0; r < AMOUNT_READINGS; r++) {
		struct amount_tally *at = &t->amounts[r];
		if ((a->readings & 1U << r) == 0) {
			continue;
		}
		at->rows += rows;
		at->grouped += (a->grouped & 1U << r) != 0 ? rows : 0;
		at->both += a->both ? rows : 0;
		at->single += a->single ? rows : 0;
		at->whole = larger(at->whole, a->whole[r]);
		at->scale = larger(at->scale, a->scale[r]);
	}
	t->loose += a->loose ? rows : 0;
	t->percents += a->percent ? rows : 0;
	t->parentheses += a->parentheses ? rows : 0;
	t->trailing_minus += a->trailing_minus ? rows : 0;
	if (a->currency >= 0) {
		t->currencies[a->currency] += rows;
	}
}

static void add_plain(struct column_tally *t, const struct value_facts *v, int64_t rows)
{
	t->whole = larger(t->whole, v->whole);
	t->scale = larger(t->scale, v->scale);
	if (v->scale == 0) {
		t->whole_only = larger(t->whole_only, v->whole);
	} else {
		t->points += rows;
		t->points_groups += v->scale == 3 && v->whole >= 1 && v->whole <= 3 ? rows : 0;
	}
}

void column_tally_add(struct column_tally *t, const struct value_facts *v, int64_t rows)
{
	if (v->null != NULL_NEVER) {
		t->tokens[v->null] += rows;
		return;
	}
	t->rows += rows;
	for (unsigned kinds = v->kinds; kinds != 0; kinds &= kinds - 1) {
		t->kinds[__builtin_ctz(kinds)] += rows;
	}
	for (uint64_t formats = v->formats; formats != 0; formats &= formats - 1) {
		t->formats[__builtin_ctzll(formats)] += rows;
	}
	t->bools |= v->bools;
	if ((v->kinds & VALUE_DECIMAL) != 0) {
		add_plain(t, v, rows);
	}
	if ((v->kinds & VALUE_AMOUNT) != 0) {
		add_amount(t, &v->amount, rows);
	}
}

static void add_counts(int64_t *counts, const int64_t *more, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i] += more[i];
	}
}

void column_tally_merge(struct column_tally *t, const struct column_tally *more)
{
	t->rows += more->rows;
	add_counts(t->tokens, more->tokens, NULL_CLASSES);
	add_counts(t->kinds, more->kinds, VALUE_KINDS);
	add_counts(t->formats, more->formats, DATE_FORMATS);
	add_counts(t->currencies, more->currencies, AMOUNT_CURRENCIES);
	t->bools |= more->bools;
	t->whole = larger(t->whole, more->whole);
	t->scale = larger(t->scale, more->scale);
	t->whole_only = larger(t->whole_only, more->whole_only);
	t->points += more->points;
	t->points_groups += more->points_groups;
	t->loose += more->loose;
	t->percents += more->percents;
	t->parentheses += more->parentheses;
	t->trailing_minus += more->trailing_minus;
	for (size_t r = 0; r < AMOUNT_READINGS; r++) {
		struct amount_tally *a = &t->amounts[r];
		const struct amount_tally *b = &more->amounts[r];
		a->rows += b->rows;
		a->grouped += b->grouped;
		a->both += b->both;
		a->single += b->single;
		a->whole = larger(a->whole, b->whole);
		a->scale = larger(a->scale, b->scale);
	}
}

static int64_t kind(const struct column_tally *t, unsigned bit)
{
	return t->kinds[__builtin_ctz(bit)];
}

/* ---- the order of days and months ---- */

/* Rows that fit some format of this order between - or / marks; of the one with most. */
static int64_t order_rows(const struct column_tally *t, enum part_order order)
{
	int64_t best = 0;
	for (size_t f = 0; f < DATE_FORMATS; f++) {
		if (date_format_order(f) == order && t->formats[f] > best) {
			best = t->formats[f];
		}
	}
	return best;
}

enum date_hint table_date_hint(const struct column_tally *const *tallies, size_t n)
{
	int64_t days = 0;
	int64_t months = 0;
	int64_t dollars = 0;
	int64_t commas = 0;
	for (size_t i = 0; i < n; i++) {
		const struct column_tally *t = tallies[i];
		int64_t day_first = order_rows(t, DATE_DAY_FIRST);
		int64_t month_first = order_rows(t, DATE_MONTH_FIRST);
		bool dates = (day_first > month_first ? day_first : month_first) * 2 > t->rows;
		/* A column tells when it has many more of one: a few may be mistakes. */
		days += dates && day_first > month_first + month_first / 50 ? 1 : 0;
		months += dates && month_first > day_first + day_first / 50 ? 1 : 0;
		dollars += t->currencies[AMOUNT_DOLLAR] + t->currencies[AMOUNT_USD] > 0 ? 1 : 0;
		commas += t->amounts[AMOUNT_COMMA].single + t->amounts[AMOUNT_COMMA + 1].both > 0;
	}
	if (days != months) {
		return months > days ? DATE_HINT_MONTH_FIRST : DATE_HINT_DAY_FIRST;
	}
	return dollars > 0 && commas == 0 ? DATE_HINT_MONTH_FIRST : DATE_HINT_DAY_FIRST;
}

/* The format with most rows among some; on a tie the hint, then the earlier one. */
static size_t best_format(const struct column_tally *t, enum date_hint hint, size_t from, size_t to)
{
	enum part_order wanted = hint == DATE_HINT_MONTH_FIRST ? DATE_MONTH_FIRST : DATE_DAY_FIRST;
	size_t best = from;
	for (size_t f = from + 1; f < to; f++) {
		enum part_order had = date_format_order(best);
		enum part_order order = date_format_order(f);
		bool turned = order == wanted && had != wanted && had != DATE_YEAR_FIRST &&
			had != DATE_NAMED_MONTH;
		if (t->formats[f] > t->formats[best] ||
		    (t->formats[f] == t->formats[best] && turned)) {
			best = f;
		}
	}
	return best;
}

/* ---- names ---- */

bool name_is_code(const char *name)
{
	static const char *const list[] = {
		"id",      "ids",      "uuid",   "guid",       "code",   "codes",  "key",
		"phone",   "phones",   "tel",    "telephone",  "fax",    "mobile", "zip",
		"zipcode", "postcode", "postal", "postalcode", "plz",    "sku",    "ean",
		"upc",     "isbn",     "iban",   "bic",        "ssn",    "vin",    "ip",
		"barcode", "serial",   "name",   "names",      "number", "nr",     "no",
	};
	struct arena a = { 0 };
	texts words = name_words(&a, name);
	bool found = false;
	for (size_t i = 0; i < words.n; i++) {
		for (size_t k = 0; k < sizeof(list) / sizeof(list[0]); k++) {
			found |= strcmp(words.at[i], list[k]) == 0;
		}
	}
	arena_release(&a);
	return found;
}

/* ---- deciding ---- */

/* A column while it is decided. */
struct deciding {
	const struct column_tally *t;
	const struct column_context *context;
	struct column_inferred *d;
	int64_t rows;                                 /* that are not null */
	bool code;                                    /* name_is_code */
	struct amount_tally amounts[AMOUNT_READINGS]; /* plain numbers among them */
};

static void decide_nulls(const struct column_tally *t, struct column_inferred *d)
{
	bool any = t->rows > 0;
	d->data[NULL_NEVER] = true;
	d->data[NULL_UNLESS_CODES] = any && kind(t, VALUE_CODE) == t->rows;
	d->data[NULL_UNLESS_WORDS] = any && kind(t, VALUE_WORD) == t->rows;
	d->data[NULL_UNLESS_SIGNS] = any && kind(t, VALUE_SIGN) == t->rows;
	d->data[NULL_IF_NUMBERS] = any && kind(t, VALUE_DOUBLE) + kind(t, VALUE_AMOUNT) < t->rows;
	for (size_t c = 0; c < NULL_CLASSES; c++) {
		d->nulls += d->data[c] ? 0 : t->tokens[c];
	}
}

/* t alone may be a code as well as a truth; t and f are not. */
static bool all_bools(const struct column_tally *t)
{
	bool pair = t->bools == 0x0C || t->bools == 0x30 || t->bools == 0xC0;
	return kind(t, VALUE_BOOL) == t->rows && ((t->bools & ~0x03U) == 0 || pair);
}

/* Whether a type that this many rows conform to may be the column's. */
static bool enough(const struct deciding *g, int64_t conforming, bool strict)
{
	int64_t rest = g->rows - conforming;
	if (rest == 0) {
		return true;
	}
	return !strict && !g->code && !g->context->is_key && conforming >= INFER_CONFORMING_MIN &&
		(rest == 1 || rest * 100 <= g->rows * INFER_NONCONFORMING_PERCENT);
}

static void set_type(struct deciding *g, struct column_type type, int64_t conforming)
{
	g->d->type = type;
	g->d->nonconforming = g->rows - conforming;
}

static bool set_exact(struct deciding *g, int64_t conforming, bool integers, unsigned whole,
		      unsigned scale)
{
	struct column_type type = { .kind = COLUMN_INT64 };
	unsigned precision = whole + scale > 0 ? whole + scale : 1;
	if (!integers) {
		type = (struct column_type){ COLUMN_DECIMAL, (uint8_t)precision, (uint8_t)scale };
	}
	if (!integers && precision > DECIMAL_DIGITS_MAX) {
		return false;
	}
	set_type(g, type, conforming);
	return true;
}

static bool decide_plain(struct deciding *g, bool strict)
{
	const struct column_tally *t = g->t;
	int64_t exact = kind(t, VALUE_DECIMAL);
	int64_t any = kind(t, VALUE_DOUBLE);
	/* Of codes such as 007 those without a zero in front are codes too. */
	if (!strict && kind(t, VALUE_LEADING_ZEROS) > 0) {
		return false;
	}
	if (exact == any && enough(g, exact, strict)) {
		return set_exact(g, exact, kind(t, VALUE_INT64) == exact, t->whole, t->scale);
	}
	if (exact < any && enough(g, any, strict)) {
		set_type(g, (struct column_type){ .kind = COLUMN_DOUBLE }, any);
		return true;
	}
	return false;
}

void column_amounts(const struct column_tally *t, struct amount_tally ret[AMOUNT_READINGS])
{
	int64_t integers = kind(t, VALUE_DECIMAL) - t->points;
	for (size_t r = 0; r < AMOUNT_READINGS; r++) {
		struct amount_tally *a = &ret[r];
		*a = t->amounts[r];
		a->rows += integers;
		a->whole = larger(a->whole, integers > 0 ? t->whole_only : 0);
		if (amount_readings[r][0] == '.') {
			a->rows += t->points;
			a->single += t->points - t->points_groups;
			a->whole = larger(a->whole, t->whole);
			a->scale = larger(a->scale, t->scale);
		} else if (amount_readings[r][1] == '.' && t->points_groups > 0) {
			a->rows += t->points_groups;
			a->grouped += t->points_groups;
			a->whole = larger(a->whole, 6);
		}
	}
}

/* Most rows; of equal ones that with groups. */
static size_t best_reading(const struct deciding *g)
{
	size_t best = 0;
	for (size_t r = 1; r < AMOUNT_READINGS; r++) {
		const struct amount_tally *a = &g->amounts[r];
		const struct amount_tally *b = &g->amounts[best];
		if (a->rows > b->rows || (a->rows == b->rows && a->grouped > b->grouped)) {
			best = r;
		}
	}
	return best;
}

static void set_evidence(struct deciding *g, size_t r)
{
	const struct amount_tally *a = &g->amounts[r];
	char *text = g->d->evidence;
	const char *values = "values have";
	int64_t n = a->both;
	const char *what = "both marks";
	if (n == 0) {
		n = a->single;
		what = "a mark that does not stand before three digits";
	}
	if (n == 0 && a->grouped > 0) {
		n = a->grouped;
		what = "a mark, always before three digits: taken for groups";
	}
	if (n == 0) {
		n = a->rows;
		what = "no mark";
	}
	if (n == 1) {
		values = "value has";
	}
	snprintf(text, COLUMN_EVIDENCE_MAX, "%lld %s %s", (long long)n, values, what);
}

void column_format_amounts(const struct column_tally *t, size_t reading, struct column_inferred *d)
{
	d->formatted = true;
	d->number = (struct amount_format){
		.reading = reading,
		.percent = t->percents > 0,
		.parentheses = t->parentheses > 0,
		.trailing_minus = t->trailing_minus > 0,
	};
	for (size_t i = 0; i < AMOUNT_CURRENCIES; i++) {
		d->number.currencies |= t->currencies[i] > 0 ? UINT32_C(1) << i : 0;
	}
}

/* As amounts. Not for codes: 06 12 34 and 1 234 567 are written alike. */
static bool decide_amounts(struct deciding *g, bool strict)
{
	const struct column_tally *t = g->t;
	if (kind(t, VALUE_AMOUNT) == 0 || g->code || kind(t, VALUE_LEADING_ZEROS) > 0 ||
	    t->loose * 2 >= t->rows) {
		return false;
	}
	column_amounts(t, g->amounts);
	size_t r = best_reading(g);
	const struct amount_tally *a = &g->amounts[r];
	if (t->amounts[r].rows == 0 || !enough(g, a->rows, strict) ||
	    !set_exact(g, a->rows, a->scale == 0 && a->whole <= INT64_DIGITS_SURE, a->whole,
		       a->scale)) {
		return false;
	}
	column_format_amounts(t, a->grouped > 0 ? r : r - r % 4, g->d);
	set_evidence(g, r);
	return true;
}

static bool decide_date(struct deciding *g, bool strict)
{
	const struct column_tally *t = g->t;
	size_t f = best_format(t, g->context->hint, 0, DATE_TIMES);
	bool counts = f != DATE_COMPACT || g->context->speaks_of_date;
	if (t->formats[f] == 0 || !counts || !enough(g, t->formats[f], strict)) {
		return false;
	}
	set_type(g, (struct column_type){ .kind = COLUMN_DATE }, t->formats[f]);
	g->d->format = f;
	return true;
}

static bool decide_timestamp(struct deciding *g, bool strict)
{
	const struct column_tally *t = g->t;
	size_t f = best_format(t, g->context->hint, DATE_TIMES, DATE_FORMATS);
	int64_t zoned = kind(t, VALUE_TIMESTAMP);
	int64_t plain = kind(t, VALUE_TIMESTAMP_NTZ);
	if (zoned > 0 && enough(g, zoned, strict)) {
		set_type(g, (struct column_type){ .kind = COLUMN_TIMESTAMP }, zoned);
		return true;
	}
	if (plain >= t->formats[f] && plain > 0 && enough(g, plain, strict)) {
		set_type(g, (struct column_type){ .kind = COLUMN_TIMESTAMP_NTZ }, plain);
		g->d->format = COLUMN_NO_FORMAT;
		return true;
	}
	if (t->formats[f] > 0 && enough(g, t->formats[f], strict)) {
		set_type(g, (struct column_type){ .kind = COLUMN_TIMESTAMP_NTZ }, t->formats[f]);
		g->d->format = f;
		return true;
	}
	return false;
}

static void decide_type(struct deciding *g)
{
	set_type(g, (struct column_type){ .kind = COLUMN_TEXT }, g->rows);
	if (g->t->rows == 0 || g->rows > g->t->rows) {
		return; /* nothing, or tokens that are data: words */
	}
	if (all_bools(g->t)) {
		set_type(g, (struct column_type){ .kind = COLUMN_BOOL }, g->rows);
		return;
	}
	for (int strict = 1; strict >= 0; strict--) {
		if (decide_date(g, strict) || decide_amounts(g, strict) ||
		    decide_plain(g, strict) || decide_timestamp(g, strict)) {
			return;
		}
	}
}

void column_infer(const struct column_tally *t, const struct column_context *c,
		  struct column_inferred *ret)
{
	struct column_inferred d = { .format = best_format(t, c->hint, 0, DATE_FORMATS) };
	struct deciding g = { .t = t, .context = c, .d = &d, .code = name_is_code(c->name) };
	decide_nulls(t, &d);
	g.rows = t->rows;
	for (size_t k = 0; k < NULL_CLASSES; k++) {
		g.rows += d.data[k] ? t->tokens[k] : 0;
	}
	decide_type(&g);
	*ret = d;
}

size_t column_formats(const struct column_tally *t, const struct column_inferred *d,
		      size_t ret[DATE_FORMATS])
{
	struct column_tally left = *t;
	size_t n = 0;
	bool iso = d->type.kind == COLUMN_TIMESTAMP_NTZ && d->format == COLUMN_NO_FORMAT;
	if (d->format < DATE_FORMATS && left.formats[d->format] > 0) {
		ret[n++] = d->format;
		left.formats[d->format] = 0;
	}
	for (;;) {
		size_t best = 0;
		for (size_t f = 1; f < DATE_FORMATS; f++) {
			best = left.formats[f] > left.formats[best] ? f : best;
		}
		if (iso || d->given || left.formats[best] == 0) {
			return n;
		}
		ret[n++] = best;
		left.formats[best] = 0;
	}
}

/* ---- reading by the decision ---- */

bool column_is_null(const struct column_inferred *d, const char *trimmed, size_t size)
{
	return !d->data[null_class(trimmed, size)];
}

static bool read_plain(const char *s, size_t size, struct decimal *ret)
{
	struct number n;
	return scan_number(s, size, &n) && !n.leading_zero && !n.exponent &&
		decimal_parse(s, size, ret);
}

static bool read_number(const struct column_inferred *d, const char *s, size_t size,
			struct typed_value *ret)
{
	bool integer = d->type.kind == COLUMN_INT64;
	bool ok = d->formatted ? amount_read(s, size, d->number.reading, &ret->dec)
		: d->given     ? decimal_parse(s, size, &ret->dec)
			       : read_plain(s, size, &ret->dec);
	/* as it is cast: rounded to the scale, and then it must have room */
	if (ok && d->given && !integer) {
		ok = decimal_rescale(ret->dec, d->type.scale, &ret->dec) &&
			decimal_digits(ret->dec) <= d->type.precision;
	}
	if (!ok ||
	    (integer &&
	     (ret->dec.scale > 0 || ret->dec.units < INT64_MIN || ret->dec.units > INT64_MAX))) {
		return false;
	}
	ret->i = integer ? (int64_t)ret->dec.units : 0;
	return true;
}

static bool read_timestamp(const struct column_inferred *d, const char *s, size_t size, int64_t *ret)
{
	bool zone;
	bool wanted = d->type.kind == COLUMN_TIMESTAMP;
	if (!wanted && d->format != COLUMN_NO_FORMAT) {
		return date_match(d->format, s, size, ret);
	}
	return size <= 35 && timestamp_match(s, size, ret, &zone) && zone == wanted;
}

bool value_read_as(const struct column_inferred *d, const char *trimmed, size_t size,
		   struct typed_value *ret)
{
	struct typed_value v = { 0 };
	bool ok = true;
	if (size == 0) {
		return d->type.kind == COLUMN_TEXT;
	}
	switch (d->type.kind) {
	case COLUMN_TEXT:
		break;
	case COLUMN_BOOL: {
		bool digit = d->given && size == 1 && (trimmed[0] == '0' || trimmed[0] == '1');
		int word = digit ? '1' - trimmed[0] : bool_word(trimmed, size);
		ok = word >= 0;
		v.i = word % 2 == 0;
		break;
	}
	case COLUMN_INT64:
	case COLUMN_DECIMAL:
		ok = read_number(d, trimmed, size, &v);
		break;
	case COLUMN_DOUBLE:
		ok = read_double(trimmed, size, &v.d);
		break;
	case COLUMN_DATE:
		ok = date_match(d->format, trimmed, size, &v.i);
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		ok = read_timestamp(d, trimmed, size, &v.i);
		break;
	}
	if (ok) {
		*ret = v;
	}
	return ok;
}
