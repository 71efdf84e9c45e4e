/*
 * Typing is a function of the column's decision, the declared type and the text, nothing else. A text that is
 * no value of the type is null, as it is in the warehouse; how often that happens shows in the contract's
 * counts of nulls.
 */
#include "checks/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/hash.h"
#include "checks/amount.h"
#include "checks/blanks.h"

struct token {
	enum null_token token;
	const char *text;
};

static const struct token tokens[] = {
	{ NULL_EMPTY, "" },    { NULL_WORD, "NULL" },   { NULL_WORD, "Null" },
	{ NULL_WORD, "null" }, { NULL_N_A, "N/A" },     { NULL_N_A, "n/a" },
	{ NULL_NA, "NA" },     { NULL_SLASH_N, "\\N" }, { NULL_NONE, "none" },
	{ NULL_NONE, "None" }, { NULL_NONE, "NONE" },   { NULL_SLASH_N, "#N/A" },
	{ NULL_DASH, "-" },    { NULL_DASH, "--" },     { NULL_NAN, "NaN" },
	{ NULL_NAN, "nan" },   { NULL_NAN, "NAN" },
};

static struct trimmed trim(const char *text)
{
	return blanks_trim(text, strlen(text));
}

bool value_is_padded(const char *text)
{
	return trim(text).size != strlen(text);
}

static bool trimmed_is(struct trimmed t, const char *text)
{
	return t.size == strlen(text) && memcmp(t.at, text, t.size) == 0;
}

/* 0: not a token. */
static unsigned token_of(const char *text)
{
	struct trimmed t = trim(text);
	for (size_t i = 0; t.size <= 4 && i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		if (trimmed_is(t, tokens[i].text)) {
			return tokens[i].token;
		}
	}
	return 0;
}

static bool all_in(struct trimmed t, char low, char high)
{
	for (size_t i = 0; i < t.size; i++) {
		if (t.at[i] < low || t.at[i] > high) {
			return false;
		}
	}
	return true;
}

static bool plain_number(const char *text)
{
	struct trimmed t = trim(text);
	const char *digits = t.size > 0 && (t.at[0] == '-' || t.at[0] == '+') ? t.at + 1 : t.at;
	bool leading_zero = digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
	return !leading_zero && amount_is_plain(text);
}

static bool is_exponential(const char *text)
{
	struct trimmed t = trim(text);
	char *end;
	bool digits = t.size > 0 && strspn(t.at, "+-.0123456789eE") >= t.size;
	return digits && (strtod(t.at, &end), end == t.at + t.size);
}

static bool any_number(const char *text)
{
	return amount_marks(text) != MARKS_NO_NUMBER || is_exponential(text);
}

static bool is_sign(struct trimmed t)
{
	return t.size == 1 && strchr("+-*/=.,;:!?#&%()<>_~^|", t.at[0]) != NULL;
}

/*
 * Numbers that are all plain have a decimal point; else what only one reading explains decides. known_plain: each value
 * is one.
 */
static struct number_decision decide_marks(const char *const *values, size_t n, bool known_plain,
					   struct arena *a)
{
	size_t counts[MARKS_COMMA_AMBIGUOUS + 1] = { 0 };
	bool plain = true;
	for (size_t i = 0; !known_plain && i < n; i++) {
		enum mark_evidence e = amount_marks(values[i]);
		counts[e]++;
		plain = plain &&
			(e == MARKS_NO_NUMBER || amount_is_plain(values[i]) ||
			 is_exponential(values[i]));
	}
	if (plain) {
		return (struct number_decision){ '.', "all its numbers are plain" };
	}
	size_t point = counts[MARKS_POINT], comma = counts[MARKS_COMMA];
	size_t points_open = counts[MARKS_POINT_AMBIGUOUS],
	       commas_open = counts[MARKS_COMMA_AMBIGUOUS];
	bool comma_wins = point == comma ? points_open > commas_open : comma > point;
	return (struct number_decision){
		.decimal = comma_wins ? ',' : '.',
		.reason = arena_printf(a,
				       "%zu values can only have a decimal point, %zu only a "
				       "decimal comma, %zu are open",
				       point, comma, points_open + commas_open),
	};
}

/* What kind of values stand beside the null tokens. */
struct others {
	bool codes, words, numbers, plain, signs;
};

static void look_at(struct others *o, const char *text)
{
	struct trimmed t = trim(text);
	o->codes = o->codes && t.size == 2 && all_in(t, 'A', 'Z');
	o->words = o->words && all_in(t, 'a', 'z');
	o->plain = o->plain && plain_number(text);
	o->numbers = o->numbers && (o->plain || any_number(text));
	o->signs = o->signs && is_sign(t);
}

void column_decide(const char *const *values, size_t n, struct arena *a, struct column_decision *ret)
{
	const char **others = calloc(n + 1, sizeof(*others));
	size_t n_others = 0;
	struct others o = { true, true, true, true, true };
	ASSERT(others != NULL);
	for (size_t i = 0; i < n; i++) {
		if (token_of(values[i]) == 0) {
			look_at(&o, values[i]);
			others[n_others++] = values[i];
		}
	}
	bool any = n_others > 0;
	struct column_decision d = {
		.nulls = NULL_EMPTY | NULL_WORD | NULL_N_A | NULL_SLASH_N,
		.number = o.plain && any,
	};
	d.nulls |= o.codes && any ? 0 : NULL_NA;
	d.nulls |= o.words && any ? 0 : NULL_NONE;
	d.nulls |= o.signs && any ? 0 : NULL_DASH;
	d.nulls |= o.numbers ? NULL_NAN : 0;
	d.marks = decide_marks(others, n_others, o.plain, a);
	date_decide(others, n_others, a, &d.dates);
	free(others);
	*ret = d;
}

bool value_is_null(const struct column_decision *d, const char *text)
{
	unsigned token = token_of(text);
	/* None and NONE are never lower-case words. */
	bool shouted = token == NULL_NONE && !trimmed_is(trim(text), "none");
	return shouted || (token & d->nulls) != 0;
}

const char *value_trimmed(const char *text, struct arena *a)
{
	struct trimmed t = trim(text);
	return t.at[t.size] == '\0' ? t.at : arena_strndup(a, t.at, t.size);
}

static const char *same_or_copy(const char *canonical, const char *text, struct arena *a)
{
	return strcmp(canonical, text) == 0 ? text : arena_strdup(a, canonical);
}

static const char *typed_number(struct column_type type, char decimal, const char *text,
				struct arena *a)
{
	static const int64_t least = INT64_MIN, most = INT64_MAX;
	struct amount v;
	char canonical[AMOUNT_TEXT_MAX];
	if (!amount_parse_marked(text, decimal, &v)) {
		return NULL;
	}
	if (type.kind == COLUMN_INT64) {
		v = amount_shortest(v);
		if (v.scale != 0 || v.units < least || v.units > most) {
			return NULL;
		}
	} else if (!amount_rescale(v, type.scale, &v)) {
		return NULL;
	}
	int128 bound = 1;
	for (int i = 0; type.kind == COLUMN_DECIMAL && i < type.precision; i++) {
		bound *= 10;
	}
	if (type.kind == COLUMN_DECIMAL && (v.units >= bound || v.units <= -bound)) {
		return NULL;
	}
	amount_text(v, canonical);
	return same_or_copy(canonical, text, a);
}

static const char *typed_double(const char *text, struct arena *a)
{
	struct trimmed t = trim(text);
	char canonical[40];
	char *end;
	double v = strtod(t.at, &end);
	bool digits = strspn(t.at, "+-.0123456789eE") >= t.size;
	if (t.size == 0 || !digits || end != t.at + t.size || !isfinite(v)) {
		return NULL;
	}
	snprintf(canonical, sizeof(canonical), "%.17g", v);
	return same_or_copy(canonical, text, a);
}

static const char *typed_bool(const char *text)
{
	static const char *const yes[] = { "true", "t", "yes", "y", "1" };
	static const char *const no[] = { "false", "f", "no", "n", "0" };
	struct trimmed t = trim(text);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (t.size == strlen(yes[i]) && strncasecmp(t.at, yes[i], t.size) == 0) {
			return "true";
		}
		if (t.size == strlen(no[i]) && strncasecmp(t.at, no[i], t.size) == 0) {
			return "false";
		}
	}
	return NULL;
}

static const char *typed_stamp(enum column_kind kind, enum date_order order, const char *text,
			       struct arena *a)
{
	struct stamp s;
	char canonical[STAMP_TEXT_MAX];
	if (!stamp_parse(text, order, &s)) {
		return NULL;
	}
	if (kind == COLUMN_DATE) {
		date_text(s.days, canonical);
	} else if (!stamp_text(s, kind == COLUMN_TIMESTAMP, canonical)) {
		return NULL;
	}
	return same_or_copy(canonical, text, a);
}

static const char *typed(struct column_type type, enum date_order order, char decimal,
			 const char *text, struct arena *a)
{
	switch (type.kind) {
	case COLUMN_TEXT:
		return value_trimmed(text, a);
	case COLUMN_BOOL:
		return typed_bool(text);
	case COLUMN_INT64:
	case COLUMN_DECIMAL:
		return typed_number(type, decimal, text, a);
	case COLUMN_DOUBLE:
		return typed_double(text, a);
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return typed_stamp(type.kind, order, text, a);
	}
	return NULL;
}

const char *value_typed(const struct column_decision *d, struct column_type type, const char *text,
			struct arena *a)
{
	return value_is_null(d, text) ? NULL
				      : typed(type, d->dates.order, d->marks.decimal, text, a);
}

const char *value_joined(const struct column_decision *d, bool number, const char *text,
			 struct arena *a)
{
	if (value_is_null(d, text)) {
		return NULL;
	}
	struct amount v;
	if (number && amount_parse(text, &v)) {
		char canonical[AMOUNT_TEXT_MAX];
		amount_text(amount_shortest(v), canonical);
		return same_or_copy(canonical, text, a);
	}
	return value_trimmed(text, a);
}

const char *value_constant(struct column_type type, const char *text, struct arena *a)
{
	return typed(type, ORDER_YMD, '.', text, a);
}

bool value_same(const char *a, const char *b)
{
	return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static int compare_amounts(const char *a, const char *b)
{
	struct amount left, right;
	ASSERT(amount_parse(a, &left) && amount_parse(b, &right) && left.scale == right.scale);
	return (left.units > right.units) - (left.units < right.units);
}

int value_compare(struct column_type type, const char *a, const char *b)
{
	if (type.kind == COLUMN_INT64 || type.kind == COLUMN_DECIMAL) {
		return compare_amounts(a, b);
	}
	if (type.kind == COLUMN_DOUBLE) {
		double left = strtod(a, NULL), right = strtod(b, NULL);
		return (left > right) - (left < right);
	}
	return strcmp(a, b);
}

void canon_add(struct buf *b, const char *part)
{
	if (b->size > 0) {
		buf_putc(b, '|');
	}
	if (part == NULL) {
		buf_puts(b, "\\0");
		return;
	}
	for (const char *p = part; *p != '\0'; p++) {
		if (*p == '\\' || *p == '|') {
			buf_putc(b, '\\');
		}
		buf_putc(b, *p);
	}
}

int64_t canon_key(const char *canon, size_t size)
{
	return hash_spark_xx64(canon, size) & INT64_MAX;
}
