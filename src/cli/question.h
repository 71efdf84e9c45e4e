/*
 * What a person should look at before a run: decisions that were close, and things that were not found.
 * Pure; the same profile and design give the same questions.
 */
#pragma once

#include "artefact/artefact.h"

struct question {
	const char *kind;    /* no_key | key | foreign_key | date_order | no_fact */
	const char *subject; /* table, or table.column */
	const char *text;    /* what is asked, one sentence */
	texts choices;  /* the one taken first (absent when none was); the runner-up behind it */
	texts evidence; /* one per choice */
};

typedef LIST(struct question) questions;

/* In hundredths: a runner-up so near to what was taken is close, and so is a foreign key that was not taken
 * but would have been with so much more. */
enum { QUESTION_RUNNER_UP = 15, QUESTION_NEAR_MISS = 10 };

/* In the order of the profile's tables, columns and inclusions. Everything lives in a. */
void questions_find(const struct profile *profile, const struct design *design, struct arena *a,
		    questions *ret);
