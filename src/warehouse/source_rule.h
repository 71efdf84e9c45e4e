/*
 * What the STTM's rules say of a source file by itself, whatever tables it feeds: which cells they type, and which of
 * several records with one key counts.
 */
#pragma once

#include "warehouse/target.h"

/* The functions that give a text a type, NULL at the end: null with a reason when it does not fit. */
extern const char *const rule_typing[];

/*
 * Fills cells and survivors of the targets' sources. Errors: INVALID (a key of a table with dedup that needs more
 * than the table's own source; a wrong version rule), naming the table.
 */
int source_rules_compile(struct targets *targets, struct arena *a, struct bldr_error *err);
/* One rule over the source's own columns; slots are fields (raw_source_row). Errors: INVALID: also when it reads more. */
int source_rule_compile(const struct bldr_value *tree, struct raw_source *s, struct arena *a,
			const struct expr **ret, struct bldr_error *err);
