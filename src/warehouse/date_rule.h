/*
 * How a generated calendar learns the dates of the columns it covers: by the rules that the STTM itself
 * reads these columns with, so that a calendar and the facts that point to it never disagree.
 */
#pragma once

#include <stdbool.h>

#include "warehouse/target.h"

enum { CALENDAR_YEARS_MAX = 400 };

struct date_span {
	bool any;            /* there is a valid date */
	int32_t first, last; /* days: January 1 and December 31 */
};

/*
 * For each calendar column of t the first part of a rule of the STTM, in its order, that reads the column
 * as a date by parse_date, written_date or a cast to date. Errors: INVALID (no rule does: names the column).
 */
int date_rules_compile(const struct targets *targets, const struct sttm *sttm, struct arena *a,
		       struct target *t, struct bldr_error *err);

/* The whole years over all dates of these columns. Do they lie CALENDAR_YEARS_MAX years apart or more, it is those
 * within the CALENDAR_YEARS_MAX years that hold most days in use, the earliest of equal ones. Errors: those of
 * reading. */
int date_rules_span(const struct target *t, struct store *store, const char *source_folder,
		    struct date_span *ret, struct bldr_error *err);
