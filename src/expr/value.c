/*
 * Values: making them, nulls with a reason, and the one text form that artefacts, surrogate keys and
 * people see: integers plain, decimals at their scale, true and false, ISO dates, timestamps with 6
 * digits (and Z), doubles by the fewest digits that read back as the same number.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/check.h"
#include "expr/function.h"

void value_null(struct expr_value *ret, struct column_type type, const char *reason)
{
	*ret = (struct expr_value){ .type = type, .null = true, .reason = reason };
}

void value_null_of(struct expr_value *ret, struct column_type type, const struct expr_value *v)
{
	value_null(ret, type, v->reason);
}

void value_int(struct expr_value *ret, int64_t i)
{
	*ret = (struct expr_value){ .type = { .kind = COLUMN_INT64 }, .i = i };
}

void value_text(struct expr_value *ret, const char *text, size_t size)
{
	*ret = (struct expr_value){ .type = { .kind = COLUMN_TEXT }, .text = text, .size = size };
}

static int double_chars(double d, char ret[VALUE_CHARS_MAX])
{
	if (isnan(d)) {
		return snprintf(ret, VALUE_CHARS_MAX, "NaN");
	}
	if (isinf(d)) {
		return snprintf(ret, VALUE_CHARS_MAX, d < 0 ? "-Infinity" : "Infinity");
	}
	int n = 0;
	for (int digits = 1; digits <= 17; digits++) {
		n = snprintf(ret, VALUE_CHARS_MAX, "%.*g", digits, d);
		if (strtod(ret, NULL) == d) {
			break;
		}
	}
	return n;
}

static int date_chars(int64_t day, char ret[VALUE_CHARS_MAX])
{
	if (day < DAY_FIRST || day > DAY_LAST) {
		return 0;
	}
	struct ymd d = calendar_ymd((int32_t)day);
	return snprintf(ret, VALUE_CHARS_MAX, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static int decimal_chars(struct decimal d, char ret[VALUE_CHARS_MAX])
{
	char text[DECIMAL_TEXT_MAX];
	decimal_text(d, text);
	return snprintf(ret, VALUE_CHARS_MAX, "%s", text);
}

size_t value_chars(const struct expr_value *v, char ret[VALUE_CHARS_MAX])
{
	int n = 0;
	ret[0] = '\0';
	switch (v->type.kind) {
	case COLUMN_TEXT:
		ASSERT(false);
		break;
	case COLUMN_BOOL:
		n = snprintf(ret, VALUE_CHARS_MAX, "%s", v->i != 0 ? "true" : "false");
		break;
	case COLUMN_INT64:
		n = snprintf(ret, VALUE_CHARS_MAX, "%" PRId64, v->i);
		break;
	case COLUMN_DECIMAL:
		n = decimal_chars(v->dec, ret);
		break;
	case COLUMN_DOUBLE:
		n = double_chars(v->d, ret);
		break;
	case COLUMN_DATE:
		n = date_chars(v->i, ret);
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return timestamp_chars(v->i, v->type.kind == COLUMN_TIMESTAMP, ret);
	}
	ASSERT(n >= 0 && n < VALUE_CHARS_MAX);
	return (size_t)n;
}

bool expr_value_text(const struct expr_value *v, struct buf *out)
{
	if (v->null) {
		return false;
	}
	if (v->type.kind == COLUMN_TEXT) {
		buf_add(out, v->text, v->size);
		return true;
	}
	char text[VALUE_CHARS_MAX];
	size_t n = value_chars(v, text);
	buf_add(out, text, n);
	return n > 0;
}
