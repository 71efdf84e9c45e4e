/* What validated runs over tables of the same shapes have chosen, where this run's own evidence is a tie. */
#pragma once

#include "agents/desk.h"

/*
 * A table's key gives way to another candidate that is as good - the same score, as many columns, as few duplicates - when
 * a recalled example of exactly these tables has that one, nothing refers to the key, the Tester has not complained of the
 * key of the table in this run and nobody has said it. The profile tells why; {id, repair, table, column} is added to
 * applied. Errors: INVALID (of the overrides).
 */
int examples_prefer(struct desk *d, const struct sources *sources, struct profile *profile,
		    struct bldr_value *applied, struct bldr_error *err);
