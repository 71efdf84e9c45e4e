/*
 * What a column amounts to, in the contract's own terms. The same functions sum up what the raw files give and
 * what the warehouse holds, so that the two can be compared field by field.
 */
#pragma once

#include "artefact/artefact.h"
#include "checks/amount.h"
#include "checks/values.h"

/* A running sum: exact for integers and decimals, compensated (Neumaier) for doubles. */
struct total {
	int64_t values;
	bool overflow; /* more than 38 digits: the sum means nothing */
	struct amount exact;
	double sum, lost;
};

/* cell: a canonical text of the type, or NULL. */
void total_add(struct total *t, struct column_type type, const char *cell);
/* NULL: no value. Errors: LIMIT, told with the name of what is summed. */
int total_text(const struct total *t, struct column_type type, const char *what, struct arena *a,
	       const char **ret, struct bldr_error *err);
/* Equal sums; those of doubles may differ by what the order of addition makes. */
bool total_texts_equal(struct column_type type, const char *a, const char *b);

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
