/*
 * The keys that the Tester has found to be none, in earlier rounds: another one is taken for the table, or none. What was
 * refused stays in the profile, with the reason.
 */
#pragma once

#include "agents/desk.h"

struct refused_keys {
	LIST(struct refused_key {
		const char *table;
		texts columns;
		struct key_candidate *candidate; /* of one column: taken out of the table's, or NULL */
	})
	at;
};

/* Reads the refused keys from the request's attempts, and takes those of one column out of the tables' candidates. */
void runner_up_hide(struct desk *d, struct table_profile *tables, size_t n,
		    struct refused_keys *ret);
/* Puts them back, not chosen; where a refused key of several columns was chosen, the next best that fits is instead, and
 * what refers to the refused one no longer does. */
void runner_up_take(struct desk *d, const struct refused_keys *refused, struct profile *profile);
