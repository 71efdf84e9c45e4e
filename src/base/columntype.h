/*
 * The types of values in sources, expressions and warehouse columns, and their one spelling:
 * text bool int64 decimal(p,s) double date timestamp timestamp_ntz
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum column_kind {
	COLUMN_TEXT,
	COLUMN_BOOL,
	COLUMN_INT64,
	COLUMN_DECIMAL,
	COLUMN_DOUBLE,
	COLUMN_DATE,
	COLUMN_TIMESTAMP,
	COLUMN_TIMESTAMP_NTZ
};

struct column_type {
	enum column_kind kind;
	uint8_t precision, scale; /* COLUMN_DECIMAL: 1 <= precision <= 38, scale <= precision */
};

enum { COLUMN_TYPE_TEXT_MAX = 32 };

bool column_type_parse(const char *s, struct column_type *ret);
void column_type_text(struct column_type t, char ret[COLUMN_TYPE_TEXT_MAX]);
bool column_type_equal(struct column_type a, struct column_type b);
