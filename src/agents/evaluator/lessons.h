/* What a run may teach: the lessons that kb.learn keeps (src/kb). */
#pragma once

#include "agents/desk.h"
#include "agents/schema.h"

struct lessons_input {
	const struct profile *profile;
	const struct design *design;
	const struct findings *findings; /* the last ones */
	const struct evaluation *evaluation;
	const struct schema *schema;
	const char *sttm_hash, *findings_hash;
};

/* One mapping that failed and the one that came after it. */
struct lessons_attempt {
	const struct sttm *wrong, *right;
	const struct findings *before, *after;
	const char *wrong_hash, *right_hash, *before_hash, *after_hash;
	const struct bldr_value *repairs; /* what the Tester advised */
	bool validated;                   /* the run was, in the end */
};

/* Adds the example of a validated run. */
void lessons_golden(struct desk *d, const struct lessons_input *in, struct bldr_value *lessons);
/*
 * Adds a correction per advice that was followed with success: every error with that advice passes now, on the same
 * sources and contract, and the mappings differ in nothing but choices for the advised columns.
 */
void lessons_corrections(struct desk *d, const struct lessons_input *in,
			 const struct lessons_attempt *attempt, struct bldr_value *lessons);
