/* What the Tester's reader made of a file, in the file's order. */
#pragma once

#include "checks/reader.h"

/* A place among the records and rejects of a table; {0}: before them. */
struct tester_place {
	size_t records, rejects; /* behind what was handed out last */
};

/* The next record, NULL: none is left. *ret_reject: what it was rejected for, NULL: it is good. */
static inline const struct raw_record *tester_next(const struct raw_table *t,
						   struct tester_place *at,
						   const struct raw_reject **ret_reject)
{
	bool record = at->records < t->records.n;
	bool reject = at->rejects < t->rejects.n;
	*ret_reject = NULL;
	if (record &&
	    (!reject ||
	     t->records.at[at->records].offset < t->rejects.at[at->rejects].record.offset)) {
		return &t->records.at[at->records++];
	}
	if (!reject) {
		return NULL;
	}
	*ret_reject = &t->rejects.at[at->rejects++];
	return &(*ret_reject)->record;
}
