/* One table of names; only decimal carries arguments. Anything but the exact spelling is refused. */
#include "base/columntype.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/decimal.h"

static const char *const names[] = {
	[COLUMN_TEXT] = "text",           [COLUMN_BOOL] = "bool",
	[COLUMN_INT64] = "int64",         [COLUMN_DECIMAL] = "decimal",
	[COLUMN_DOUBLE] = "double",       [COLUMN_DATE] = "date",
	[COLUMN_TIMESTAMP] = "timestamp", [COLUMN_TIMESTAMP_NTZ] = "timestamp_ntz",
};

/* Reads a number of one or two digits without a leading zero; -1 when there is none. */
static int number(const char **s)
{
	const char *p = *s;
	if (*p < '0' || *p > '9') {
		return -1;
	}
	int n = *p++ - '0';
	if (n != 0 && *p >= '0' && *p <= '9') {
		n = n * 10 + (*p++ - '0');
	}
	*s = p;
	return n;
}

static bool parse_decimal(const char *s, struct column_type *ret)
{
	static const char prefix[] = "decimal(";
	if (strncmp(s, prefix, sizeof(prefix) - 1) != 0) {
		return false;
	}
	s += sizeof(prefix) - 1;
	int precision = number(&s);
	if (precision < 1 || precision > DECIMAL_DIGITS_MAX || *s++ != ',') {
		return false;
	}
	int scale = number(&s);
	if (scale < 0 || scale > precision || strcmp(s, ")") != 0) {
		return false;
	}
	*ret = (struct column_type){ COLUMN_DECIMAL, (uint8_t)precision, (uint8_t)scale };
	return true;
}

bool column_type_parse(const char *s, struct column_type *ret)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (i != COLUMN_DECIMAL && strcmp(s, names[i]) == 0) {
			*ret = (struct column_type){ .kind = (enum column_kind)i };
			return true;
		}
	}
	return parse_decimal(s, ret);
}

void column_type_text(struct column_type t, char ret[COLUMN_TYPE_TEXT_MAX])
{
	ASSERT((size_t)t.kind < sizeof(names) / sizeof(names[0]));
	if (t.kind == COLUMN_DECIMAL) {
		snprintf(ret, COLUMN_TYPE_TEXT_MAX, "decimal(%d,%d)", t.precision, t.scale);
	} else {
		snprintf(ret, COLUMN_TYPE_TEXT_MAX, "%s", names[t.kind]);
	}
}

bool column_type_equal(struct column_type a, struct column_type b)
{
	return a.kind == b.kind &&
		(a.kind != COLUMN_DECIMAL || (a.precision == b.precision && a.scale == b.scale));
}
