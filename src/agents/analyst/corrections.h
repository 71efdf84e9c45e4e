/* What was learned from earlier runs, made into advice for the mapper and refusals for whoever relates the tables. */
#pragma once

#include "agents/analyst/runner_up.h"
#include "agents/desk.h"
#include "kb/kb.h"
#include "warehouse/warehouse.h"

typedef LIST(struct mapping_advice) advices;

/*
 * A correction among the request's recalled items may be applied when its precondition holds for a table of this profile,
 * its wrong choice is the one that is made without it, and the Tester has not complained of that in this run.
 */

/* Dates and numbers: adds advice for the mapper, and {id, repair, table, column} of each to applied. */
void corrections_advise(struct desk *d, const struct profile *profile, advices *advice,
			struct bldr_value *applied);

/* A correction of a key or foreign key, as applied to one table. */
struct corrected {
	struct bldr_value *note; /* {id, repair, table, column}, the arena's; NULL: there is none */
	struct kb_fix fix;
	const char *table, *column; /* column: of a foreign key */
};

/*
 * The next correction of a choice that the profile made, and that is not among those in done: its refusal is added, and
 * holds when the tables are related again. Errors: INVALID (of the overrides).
 */
int corrections_refuse(struct desk *d, const struct sources *sources, const struct profile *profile,
		       const struct bldr_value *done, struct refused *refused,
		       struct corrected *ret, struct bldr_error *err);
/* Whether what passed then is what the profile chose now: only then is the correction one of this source. */
bool corrections_agree(struct desk *d, const struct profile *profile, const struct corrected *c);
