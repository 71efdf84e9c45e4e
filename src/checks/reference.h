/* Where the keys of one reference lead in the warehouse, and who is to blame when that is wrong. */
#pragma once

#include "checks/trial.h"

struct reference {
	size_t nulls, unknown, none, dangling;
	bool member_is_elsewhere; /* a dangling key is right, but its member has another number */
};

/* column: a dimension key of the design. Keys that lead nowhere become samples of v. */
struct reference reference_follow(const struct trial *t, const struct trial_table *table,
				  size_t column, struct verdict *v);
void reference_blame(const struct trial *t, const struct trial_table *table, size_t column,
		     struct reference r, struct verdict *v);
