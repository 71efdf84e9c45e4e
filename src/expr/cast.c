/*
 * cast: text to a type, and any type but double to its canonical text. Text is taken whole: no
 * blanks, no currency, no exponent but in a double, ASCII digits only. What does not fit is null with
 * a reason. The PySpark side takes out what matches the same grammar and lets try_cast do the rest,
 * because Spark's own casts trim, cut and take digits of other scripts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "expr/function.h"

static const char date_format[] = "yyyy-MM-dd";

/* What try_cast may see, by type. Spark has a year 0, the calendar has not; see timestamp.c for the
 * first and the last day. */
#define YEAR_TO_DAY "\\d{4}-\\d\\d-\\d\\d"
#define TIME "[T ]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?"
static const char *const patterns[] = {
	[COLUMN_BOOL] = "(?i)\\A(true|false|t|f|yes|no|y|n|1|0)\\z",
	[COLUMN_INT64] = "\\A[+-]?\\d+\\z",
	[COLUMN_DECIMAL] = "\\A[+-]?\\d+(\\.\\d+)?\\z",
	[COLUMN_DOUBLE] = "\\A[+-]?\\d+(\\.\\d+)?([eE][+-]?\\d+)?\\z",
	[COLUMN_DATE] = "\\A(?!0000)" YEAR_TO_DAY "\\z",
	[COLUMN_TIMESTAMP] = "\\A(?!0000|0001-01-01.*[+]|9999-12-31.*-)" YEAR_TO_DAY TIME
			     "(Z|[+-]\\d\\d(:?\\d\\d)?)\\z",
	[COLUMN_TIMESTAMP_NTZ] = "\\A(?!0000)" YEAR_TO_DAY TIME "\\z",
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t count_digits(const char *s, size_t size)
{
	size_t n = 0;
	while (n < size && is_digit(s[n])) {
		n++;
	}
	return n;
}

/* [+-]digits[.digits], in parts that point into the text. */
struct number {
	bool negative;
	const char *whole;
	size_t n_whole;
	const char *fraction;
	size_t n_fraction;
	size_t size; /* bytes that were read */
};

static bool number_read(const char *s, size_t size, struct number *ret)
{
	size_t sign = size > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
	struct number n = { .negative = sign == 1 && s[0] == '-', .whole = s + sign };
	n.n_whole = count_digits(n.whole, size - sign);
	n.size = sign + n.n_whole;
	if (n.n_whole == 0) {
		return false;
	}
	if (n.size < size && s[n.size] == '.') {
		n.fraction = s + n.size + 1;
		n.n_fraction = count_digits(n.fraction, size - n.size - 1);
		if (n.n_fraction == 0) {
			return false;
		}
		n.size += 1 + n.n_fraction;
	}
	while (n.n_whole > 1 && *n.whole == '0') {
		n.whole++;
		n.n_whole--;
	}
	*ret = n;
	return true;
}

static const char *read_int64(const char *s, size_t size, int64_t *ret)
{
	struct number n;
	if (!number_read(s, size, &n) || n.n_fraction > 0 || n.size != size) {
		return "not an integer";
	}
	int64_t i = 0;
	for (size_t at = 0; at < n.n_whole; at++) {
		int digit = n.whole[at] - '0';
		if (__builtin_mul_overflow(i, INT64_C(10), &i) ||
		    __builtin_add_overflow(i, n.negative ? -digit : digit, &i)) {
			return "beyond int64";
		}
	}
	*ret = i;
	return NULL;
}

/* HALF_UP at the type's scale, decided by the first digit that is dropped. */
static const char *read_decimal(const char *s, size_t size, struct column_type type,
				struct decimal *ret)
{
	static const char too_long[] = "more digits before the point than the type holds";
	struct number n;
	if (!number_read(s, size, &n) || n.size != size) {
		return "not a decimal";
	}
	if (n.n_whole == 1 && *n.whole == '0') {
		n.n_whole = 0;
	}
	if (n.n_whole > (size_t)(type.precision - type.scale)) {
		return too_long;
	}
	int128 units = 0;
	for (size_t i = 0; i < n.n_whole; i++) {
		units = units * 10 + (n.whole[i] - '0');
	}
	for (size_t i = 0; i < type.scale; i++) {
		units = units * 10 + (i < n.n_fraction ? n.fraction[i] - '0' : 0);
	}
	if (n.n_fraction > type.scale && n.fraction[type.scale] >= '5') {
		units++;
	}
	struct decimal d = { .units = n.negative ? -units : units, .scale = type.scale };
	int128 limit = 1;
	for (int i = 0; i < type.precision; i++) {
		limit *= 10;
	}
	if (units >= limit) {
		return too_long;
	}
	*ret = d;
	return NULL;
}

static const char *read_bool(const char *s, size_t size, int64_t *ret)
{
	static const char *const words[] = { "false", "true", "f", "t", "no",
					     "yes",   "n",    "y", "0", "1" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == size && strncasecmp(words[i], s, size) == 0) {
			*ret = (int64_t)(i % 2);
			return NULL;
		}
	}
	return "not one of true false t f yes no y n 1 0";
}

static const char *read_double(const char *s, size_t size, struct arena *scratch, double *ret)
{
	struct number n;
	bool valid = number_read(s, size, &n);
	if (valid && n.size < size && (s[n.size] == 'e' || s[n.size] == 'E')) {
		size_t at = n.size + 1;
		at += at < size && (s[at] == '-' || s[at] == '+') ? 1 : 0;
		size_t digits = count_digits(s + at, size - at);
		valid = digits > 0;
		n.size = at + digits;
	}
	if (!valid || n.size != size) {
		return "not a number";
	}
	double d = strtod(arena_strndup(scratch, s, size), NULL);
	if (isinf(d)) {
		return "beyond double";
	}
	*ret = d;
	return NULL;
}

static const char *read_date(const char *s, size_t size, int64_t *ret)
{
	int32_t day;
	if (!expr_date_parse(date_format, 0, s, size, &day)) {
		return "not a date as yyyy-MM-dd";
	}
	*ret = day;
	return NULL;
}

void value_read(struct expr_value *ret, struct column_type type, const char *text, size_t size,
		struct arena *scratch)
{
	struct expr_value v = { .type = type };
	const char *reason = NULL;
	switch (type.kind) {
	case COLUMN_TEXT:
		v.text = text;
		v.size = size;
		break;
	case COLUMN_BOOL:
		reason = read_bool(text, size, &v.i);
		break;
	case COLUMN_INT64:
		reason = read_int64(text, size, &v.i);
		break;
	case COLUMN_DECIMAL:
		reason = read_decimal(text, size, type, &v.dec);
		break;
	case COLUMN_DOUBLE:
		reason = read_double(text, size, scratch, &v.d);
		break;
	case COLUMN_DATE:
		reason = read_date(text, size, &v.i);
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		reason = timestamp_read(text, size, type.kind == COLUMN_TIMESTAMP, &v.i);
		break;
	}
	if (reason != NULL) {
		value_null(ret, type, reason);
		return;
	}
	*ret = v;
}

/* ---- cast ---- */

static int cast_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		      struct expr *e)
{
	const struct pointer args = { .up = at, .key = "args" };
	const struct pointer arg = { .up = &args, .index = 0 };
	int rc = compile_type(c, at, tree, &e->type);
	if (rc < 0) {
		return rc;
	}
	struct column_type from = e->args[0]->type;
	if (from.kind != COLUMN_TEXT && e->type.kind != COLUMN_TEXT) {
		char found[COLUMN_TYPE_TEXT_MAX];
		column_type_text(from, found);
		return pointer_error(&arg, c->err, "\"cast\" goes from text or to text, found %s",
				     found);
	}
	if (from.kind == COLUMN_DOUBLE) {
		return pointer_error(&arg, c->err,
				     "a double has no exact text; cast to decimal(p,s) instead");
	}
	return 0;
}

static void cast_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
		      struct expr_value *ret)
{
	struct expr_value v;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
	} else if (v.type.kind == COLUMN_TEXT) {
		value_read(ret, e->type, v.text, v.size, scratch);
	} else {
		char chars[VALUE_CHARS_MAX];
		size_t n = value_chars(&v, chars);
		value_text(ret, arena_strndup(scratch, chars, n), n);
	}
}

/* An overflow is Infinity to Spark and null here. */
static void write_double(const struct expr *e, struct pyspark *w)
{
	buf_puts(w->out, "F.nullif(F.nullif(F.regexp_substr(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", F.lit(");
	pyspark_pattern(w->out, patterns[COLUMN_DOUBLE]);
	buf_puts(w->out,
		 ")).try_cast(\"double\"), F.lit(float(\"inf\"))), "
		 "F.lit(float(\"-inf\")))");
}

static void cast_pyspark(const struct expr *e, struct pyspark *w)
{
	if (e->type.kind == COLUMN_TEXT) {
		pyspark_write_text(e->args[0], w);
		return;
	}
	if (e->type.kind == COLUMN_DOUBLE) {
		write_double(e, w);
		return;
	}
	ASSERT((size_t)e->type.kind < sizeof(patterns) / sizeof(patterns[0]));
	buf_puts(w->out, "F.regexp_substr(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", F.lit(");
	pyspark_pattern(w->out, patterns[e->type.kind]);
	buf_puts(w->out, ")).try_cast(");
	pyspark_type(w->out, e->type);
	buf_putc(w->out, ')');
}

static void cast_prose(const struct expr *e, struct buf *out)
{
	char type[COLUMN_TYPE_TEXT_MAX];
	column_type_text(e->type, type);
	prose_start(e->args[0], out);
	buf_puts(out, e->args[0]->fn->shape == PROSE_CHAIN ? ", as " : " as ");
	buf_puts(out, type);
}

const struct function function_cast = {
	.name = "cast",
	.args_min = 1,
	.args_max = 1,
	.members = { "type" },
	.shape = PROSE_CHAIN,
	.check = cast_check,
	.eval = cast_eval,
	.pyspark = cast_pyspark,
	.prose = cast_prose,
};
