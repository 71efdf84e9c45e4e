/* What was learned from earlier runs, made into advice for the mapper. */
#pragma once

#include "agents/desk.h"
#include "warehouse/warehouse.h"

typedef LIST(struct mapping_advice) advices;

/*
 * Adds an advice for every correction among the request's recalled items whose precondition holds for a column of
 * this profile, which the mapper would choose wrong without it, and of which the Tester has not complained in this
 * run. Returns a list [{id, table, column}] of those, the caller's.
 */
struct bldr_value *corrections_apply(struct desk *d, const struct profile *profile, advices *advice);
