/* What a cell of a file looks like at first sight, before its column's type is known (ingest/infer.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum cell_kind {
	CELL_EMPTY,  /* blanks alone, or a word for nothing: NULL, N/A, \N */
	CELL_NUMBER, /* digits with signs, marks, a currency or a percent sign */
	CELL_DATE,   /* digits in groups as dates and times have them */
	CELL_CODE,   /* letters and digits without a blank: A-17 */
	CELL_TEXT,
	CELL_KINDS,
};

enum cell_kind cell_kind(const char *s, size_t size);
/* Four digits from 1900 to 2100. */
bool cell_is_year(const char *s, size_t size);
