/* Grammar first, then the number: nothing here depends on a locale or accepts what libc would. */
#include "ingest/infer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

enum { NUMBER_TEXT_MAX = 400 };

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

const char *value_trim(const char *s, size_t *size)
{
	while (*size > 0 && blank(s[0])) {
		s++;
		(*size)--;
	}
	while (*size > 0 && blank(s[*size - 1])) {
		(*size)--;
	}
	return s;
}

static const struct null_token {
	const char *text;
	enum null_class class;
} null_tokens[] = {
	{ "", NULL_ALWAYS },         { "\\N", NULL_ALWAYS },        { "NULL", NULL_ALWAYS },
	{ "Null", NULL_ALWAYS },     { "null", NULL_ALWAYS },       { "N/A", NULL_ALWAYS },
	{ "n/a", NULL_ALWAYS },      { "None", NULL_ALWAYS },       { "NONE", NULL_ALWAYS },
	{ "NA", NULL_UNLESS_CODES }, { "none", NULL_UNLESS_WORDS },
};

enum null_class value_null_class(const char *trimmed, size_t size)
{
	if (size > 4) {
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

static bool all_between(const char *s, size_t size, char low, char high)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] < low || s[i] > high) {
			return false;
		}
	}
	return size > 0;
}

bool value_is_code(const char *trimmed, size_t size)
{
	return size == 2 && all_between(trimmed, size, 'A', 'Z');
}

bool value_is_word(const char *trimmed, size_t size)
{
	return all_between(trimmed, size, 'a', 'z');
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

static void infer_number(const char *s, size_t size, struct value_facts *v)
{
	struct number n;
	if (size >= NUMBER_TEXT_MAX || !scan_number(s, size, &n) || n.leading_zero) {
		return;
	}
	char text[NUMBER_TEXT_MAX];
	memcpy(text, s, size);
	text[size] = '\0';
	v->d = strtod(text, NULL); /* the locale is C: the program never sets another */
	if (!isfinite(v->d)) {
		return;
	}
	v->kinds |= VALUE_DOUBLE;
	if (n.exponent || !decimal_parse(s, size, &v->dec)) {
		return;
	}
	v->kinds |= VALUE_DECIMAL;
	v->whole = (uint8_t)(n.whole == 1 && s[s[0] == '-' ? 1 : 0] == '0' ? 0 : n.whole);
	v->scale = (uint8_t)n.scale;
	if (n.scale == 0 && v->dec.units >= INT64_MIN && v->dec.units <= INT64_MAX) {
		v->kinds |= VALUE_INT64;
		v->i = (int64_t)v->dec.units;
	}
}

/* ---- one value ---- */

static void infer_time(const char *s, size_t size, struct value_facts *v)
{
	int32_t days;
	bool zone;
	if (size < 8 ||
	    size > 35) { /* d/M/yyyy .. a timestamp with 9 fraction digits and an offset */
		return;
	}
	for (size_t f = 0; f < DATE_FORMATS; f++) {
		if (date_match(f, s, size, &days)) {
			v->formats = (uint16_t)(v->formats | 1U << f);
		}
	}
	if (timestamp_match(s, size, &v->i, &zone)) {
		v->kinds |= zone ? VALUE_TIMESTAMP : VALUE_TIMESTAMP_NTZ;
	}
}

static void infer_bool(const char *s, size_t size, struct value_facts *v)
{
	static const char *const words[] = { "true", "false", "t", "f", "yes", "no", "y", "n" };
	for (size_t i = 0; size <= 5 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == size && strncasecmp(words[i], s, size) == 0) {
			v->kinds = VALUE_BOOL;
			v->bools = (uint8_t)(1U << i);
			v->i = i % 2 == 0 ? 1 : 0;
		}
	}
}

void value_infer(const char *trimmed, size_t size, struct value_facts *ret)
{
	struct value_facts v = { 0 };
	ASSERT(size > 0);
	char c = trimmed[0];
	if ((c >= '0' && c <= '9') || c == '-') {
		infer_time(trimmed, size, &v);
		infer_number(trimmed, size, &v);
	} else {
		infer_bool(trimmed, size, &v);
	}
	*ret = v;
}

/* ---- a column ---- */

void column_tally_add(struct column_tally *t, const struct value_facts *v, int64_t rows)
{
	t->rows += rows;
	for (size_t k = 0; k < VALUE_KINDS; k++) {
		t->kinds[k] += (v->kinds & 1U << k) != 0 ? rows : 0;
	}
	for (size_t f = 0; f < DATE_FORMATS; f++) {
		t->formats[f] += (v->formats & 1U << f) != 0 ? rows : 0;
	}
	t->bools |= v->bools;
	if ((v->kinds & VALUE_DECIMAL) != 0) {
		t->whole = v->whole > t->whole ? v->whole : t->whole;
		t->scale = v->scale > t->scale ? v->scale : t->scale;
	}
}

size_t column_tally_format(const struct column_tally *t)
{
	size_t best = 0;
	for (size_t f = 1; f < DATE_FORMATS; f++) {
		best = t->formats[f] > t->formats[best] ? f : best;
	}
	return best;
}

static bool all(const struct column_tally *t, unsigned kind)
{
	return t->kinds[__builtin_ctz(kind)] == t->rows;
}

/* t alone may be a code as well as a truth; t and f are not. */
static bool all_bools(const struct column_tally *t)
{
	bool pair = t->bools == 0x0C || t->bools == 0x30 || t->bools == 0xC0;
	return all(t, VALUE_BOOL) && ((t->bools & ~0x03U) == 0 || pair);
}

struct column_type column_tally_type(const struct column_tally *t, bool compact_dates,
				     size_t *ret_format)
{
	size_t format = column_tally_format(t);
	struct column_type type = { .kind = COLUMN_TEXT };
	*ret_format = format;
	if (t->rows == 0) {
		return type;
	}
	int precision = t->whole + t->scale > 0 ? t->whole + t->scale : 1;
	if (all_bools(t)) {
		type.kind = COLUMN_BOOL;
	} else if (t->formats[format] == t->rows && (format != DATE_COMPACT || compact_dates)) {
		type.kind = COLUMN_DATE;
	} else if (all(t, VALUE_INT64)) {
		type.kind = COLUMN_INT64;
	} else if (all(t, VALUE_DECIMAL) && precision <= DECIMAL_DIGITS_MAX) {
		type = (struct column_type){ COLUMN_DECIMAL, (uint8_t)precision, t->scale };
	} else if (all(t, VALUE_DOUBLE) && !all(t, VALUE_DECIMAL)) {
		type.kind = COLUMN_DOUBLE;
	} else if (all(t, VALUE_TIMESTAMP)) {
		type.kind = COLUMN_TIMESTAMP;
	} else if (all(t, VALUE_TIMESTAMP_NTZ)) {
		type.kind = COLUMN_TIMESTAMP_NTZ;
	}
	return type;
}

bool value_has_type(const struct value_facts *v, struct column_type t, size_t format)
{
	switch (t.kind) {
	case COLUMN_TEXT:
		return true;
	case COLUMN_BOOL:
		return (v->kinds & VALUE_BOOL) != 0;
	case COLUMN_INT64:
		return (v->kinds & VALUE_INT64) != 0;
	case COLUMN_DECIMAL:
		return (v->kinds & VALUE_DECIMAL) != 0;
	case COLUMN_DOUBLE:
		return (v->kinds & VALUE_DOUBLE) != 0;
	case COLUMN_DATE:
		return (v->formats & 1U << format) != 0;
	case COLUMN_TIMESTAMP:
		return (v->kinds & VALUE_TIMESTAMP) != 0;
	case COLUMN_TIMESTAMP_NTZ:
		return (v->kinds & VALUE_TIMESTAMP_NTZ) != 0;
	}
	ASSERT(false);
}
