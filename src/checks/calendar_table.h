/* The date dimension that nobody's file holds: every day of the whole years that the source dates span, at
 * most 400 years: those with most days in use. */
#pragma once

#include "checks/expected.h"

/*
 * Fills t (a TABLE_DATE without source, its keys found) from the source columns of every dimension key of the
 * design that names it. Judged are its key, its date and int64 columns called year, quarter, month, day,
 * day_of_month, day_of_year, iso_week and iso_weekday; others are left unjudged. Errors: INVALID.
 */
int calendar_table_fill(struct expected *e, struct expected_table *t, struct bldr_error *err);

/*
 * What a column of a generated date dimension must hold on a day; NULL: it is not judged. days: since 1970-01-01.
 * Texts live in a.
 */
const char *calendar_table_cell(const struct expected_table *t, size_t column, int32_t days,
				struct arena *a);
