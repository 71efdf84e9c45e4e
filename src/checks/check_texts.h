/* What each check is: the one place that says it, for findings, report and docs/checks.md. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

struct check_text {
	const char *check;      /* R1 */
	const char *title;      /* what must hold */
	const char *severity;   /* of a failure, in words */
	const char *provenance; /* where the expectation comes from */
	const char *proves;     /* by passing */
	const char *beyond;     /* what passing does not prove */
};

/* In the order of docs/checks.md. */
const struct check_text *check_texts(size_t *ret_n);
/* The check must be one of them. */
const struct check_text *check_text_of(const char *check);
/* What passing proves and does not, as a finding says it; the arena's. */
const char *check_proves(const struct check_text *text, struct arena *a);
