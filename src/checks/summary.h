/*
 * What a column amounts to, in the contract's own terms. The same functions sum up what the raw files give and
 * what the warehouse holds, so that the two can be compared field by field.
 */
#pragma once

#include "artefact/artefact.h"
#include "checks/values.h"

/* cells: n canonical texts, NULL for null. Everything returned lives in a. */
void summary_attribute(const char *const *cells, size_t n, struct arena *a,
		       struct contract_attribute *ret);
/* type: int64, decimal or double. A sum of doubles is compensated. Errors: LIMIT (38 digits). */
int summary_measure(const char *const *cells, size_t n, struct column_type type, struct arena *a,
		    struct contract_measure *ret, struct bldr_error *err);
/* Fills count, nulls, min, max and by_month; dates begin with yyyy-mm-dd. */
void summary_dates(const char *const *dates, size_t n, struct arena *a, struct contract_date *ret);
/* Distinct tuples over columns (each n cells), null being a value of its own. */
int64_t summary_distinct(const char *const *const *columns, size_t n_columns, size_t n);
