/* The numbers are those of Databricks' own clients (rate, budget, longest pause). */
#include "databricks/policy.h"

#include <string.h>

enum { RATE = 15, RATE_MS = 1000 };

static const struct bldr_retry patience = {
	.attempts = 1000, /* the budget ends it */
	.first_ms = 1000,
	.factor_percent = 150,
	.max_ms = 10000,
	.budget_ms = 5 * 60 * 1000,
};

struct bldr_policy databricks_policy(const struct databricks *w, struct arena *a)
{
	const char *host = strstr(w->host, "://") + 3;
	size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	char *kind = arena_printf(a, "http:%.*s", (int)size, host);

	return (struct bldr_policy){
		.kind = kind,
		.retry = &patience,
		.rate_count = RATE,
		.rate_ms = RATE_MS,
		.rate_burst = RATE,
	};
}
