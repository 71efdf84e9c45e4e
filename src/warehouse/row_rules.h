/*
 * Which of several records a row was made of: a line of JSON may hold many. It is the one for which the rules that read
 * nothing but the record give the row's values.
 */
#pragma once

#include "warehouse/raw_source.h"

struct row_rule {
	const struct expr *rule;
	const char *value; /* canonical text; NULL: null */
};

struct row_rules {
	struct raw_source source;
	LIST(struct row_rule) rules;
};

/* values: the row's, as its view shows them, one per column of the table. They and file are borrowed; the rest lives in a. */
void row_rules_compile(const struct sttm_table *table, const struct source_file *file,
		       const char *const *values, struct arena *a, struct row_rules *ret);
/* record: a good one, of row_rules' file. True as well when there is no rule. */
bool row_rules_hold(const struct row_rules *r, struct record *record);
