/* The numbers are those of Databricks' own clients (rate, budget, longest pause). */
#include "databricks/policy.h"

enum { RATE = 15, RATE_MS = 1000 };

static const struct bldr_retry patience = {
	.attempts = 1000, /* the budget ends it */
	.first_ms = 1000,
	.factor_percent = 150,
	.max_ms = 10000,
	.budget_ms = 5 * 60 * 1000,
};

const struct bldr_policy databricks_policy = {
	.kind = "http",
	.retry = &patience,
	.rate_count = RATE,
	.rate_ms = RATE_MS,
	.rate_burst = RATE,
};
