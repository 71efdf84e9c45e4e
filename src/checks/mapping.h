/*
 * The STTM beside the design: whether the rule of a target column is what the design's origins ask for, by its form alone.
 * Nothing is evaluated. So that a value which is not the expected one can be blamed on the mapping, with what to repair in
 * it, or, where the mapping is as it should be, on the load.
 */
#pragma once

#include "checks/trial.h"

enum mapping_judgement {
	MAPPING_UNSAID =
		1, /* generated otherwise than from a file, or no STTM that says anything of it */
	MAPPING_RIGHT,
	MAPPING_WRONG
};

struct mapping_fault {
	const char *repair; /* schemas/findings.schema.json */
	const char *why;    /* what the STTM says, and what the design */
};

/* Judges the rule of one target column; *ret only when it is wrong. */
enum mapping_judgement mapping_judge(const struct trial *t, const struct trial_table *table,
				     size_t column, struct mapping_fault *ret);

/*
 * Whether the rule of a column that one source date column feeds is as the design states, and its format has the form of
 * the written dates: then what stands there instead of them is not the mapping's doing.
 */
bool mapping_reads_dates(const struct trial *t, const struct trial_table *table, size_t column);

/*
 * Whether all that differs in a column of numbers is what the written ones give with the other decimal mark; *ret_why in
 * words.
 */
bool mapping_marks_explain(const struct trial *t, const struct trial_table *table, size_t column,
			   const char **ret_why);

/* {"repair", "table", "column"}; in the trial's arena. */
const struct bldr_value *advice_of(const struct trial *t, const char *repair, const char *table,
				   const char *column);
