/*
 * What a person declares of how a column is written (bldr.json, artefact/overrides.h), as the Tester takes it: only
 * where the column's own values leave the question open. What they contradict stays the Tester's decision, and the
 * checks then tell that the warehouse says otherwise.
 */
#pragma once

#include "artefact/overrides.h"
#include "checks/values.h"

/* said may be NULL. d: as column_decide left it for the values. */
void declared_take(const struct column_override *said, const char *const *values, size_t n,
		   struct arena *a, struct column_decision *d);
