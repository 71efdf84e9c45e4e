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

/* What failed, and what came after it: [0] and [1], or wrong and right. */
struct lessons_attempt {
	const struct sources *sources[2];
	const struct profile *profiles[2];
	const struct sttm *wrong, *right;
	const struct findings *before, *after;
	const char *profile_hashes[2], *sttm_hashes[2], *before_hash, *after_hash;
	const struct bldr_value *tried; /* the repairs that the one was sent back for */
	bool validated;                 /* the run was, in the end */
};

/* Adds the example of a validated run. */
void lessons_golden(struct desk *d, const struct lessons_input *in, struct bldr_value *lessons);
/*
 * Adds a correction per advice that was followed with success: every error with that advice passes now, on the same
 * files, and the mappings, or the profiles that the designs were made from, differ in nothing but what was advised.
 */
void lessons_corrections(struct desk *d, const struct lessons_input *in,
			 const struct lessons_attempt *attempt, struct bldr_value *lessons);
