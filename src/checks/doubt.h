/*
 * Whether a foreign key of the design is one, by the files alone. That most of its records lead nowhere is a defect of the
 * data as long as most of its keys are known; when they are not, or when codes of another file are what it holds, the
 * design was wrong to take it for one.
 */
#pragma once

#include "checks/trial.h"

/* Why k is no foreign key; NULL: it may be one, a person says that it is, or it has several columns. In the arena. */
const char *doubt_of(const struct trial *t, const struct foreign_key *k);
/* {"repair": "reference", table, column, to, to_column} of a key of one column. */
const struct bldr_value *doubt_advice(const struct trial *t, const struct foreign_key *k);
/* Reports, for each foreign key of the design before that this one takes for none, that it was left out. */
void doubt_tell_dropped(struct trial *t);
