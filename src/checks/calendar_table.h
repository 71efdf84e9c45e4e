/* The date dimension that nobody's file holds: every day of the whole years that the source dates span. */
#pragma once

#include "checks/expected.h"

/*
 * Fills t (a TABLE_DATE without source, its keys found) from the source columns of every dimension key of the
 * design that names it. Judged are its key, its date and int64 columns called year, quarter, month, day,
 * day_of_month, day_of_year, iso_week and iso_weekday; others are left unjudged. Errors: INVALID.
 */
int calendar_table_fill(struct expected *e, struct expected_table *t, struct bldr_error *err);
