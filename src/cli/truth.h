/*
 * A run's keys, foreign keys and roles against a truth file.
 *
 * The file: {tables: {name: {file, pk, also_unique?}}, fks: [{from: [t, [c]], to: [t, [c]], score}],
 * acceptable_fks?, facts, dims, bridges?}; other keys are not looked at. Tables are matched by file name.
 *	foreign key   right when table and columns are exact on both sides. "required" and
 *	              "required_approx" count for recall; "optional" ones and acceptable_fks are neither missed
 *	              nor wrong; every other chosen one is wrong.
 *	primary key   right when the set of columns is exact, pk's or one of also_unique's; a table whose pk is
 *	              empty has none to find, and any other chosen one is wrong.
 *	role          right when facts, dims or bridges list the table as what it was taken for; tables that
 *	              none lists do not count, nor is a table that was left unused a wrong answer: it is missed.
 */
#pragma once

#include "artefact/artefact.h"

struct verdict {              /* a miss or a false positive */
	const char *what;     /* "orders(customer_id) -> customers(id)" */
	const char *evidence; /* what the profile or design says of it */
};

struct tally {
	int64_t right;
	LIST(struct verdict) missed, wrong; /* by what */
};

struct score {
	struct tally keys, references, roles;
	texts unknown; /* files of the run that the truth does not name: not scored */
};

/* Errors: NOT_FOUND, IO, LIMIT, INVALID (the file and the place in it). */
int truth_read(const char *path, struct bldr_value **ret, struct bldr_error *err);
/* truth: as truth_read gives it. Everything lives in a. */
void truth_score(const struct bldr_value *truth, const struct profile *profile,
		 const struct design *design, struct arena *a, struct score *ret);

/* right / (right + wrong), right / (right + missed), 2 right / (2 right + wrong + missed): decimal text
 * with four digits, rounded half up; NULL when there was nothing to divide by. */
const char *tally_precision(const struct tally *t, struct arena *a);
const char *tally_recall(const struct tally *t, struct arena *a);
const char *tally_f1(const struct tally *t, struct arena *a);
