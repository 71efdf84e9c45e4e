/*
 * The table of all functions. A function exists when all its back ends and its golden vectors
 * (tests/golden/functions/<name>.json) exist; a test holds the table to that.
 */
#include "expr/function.h"

#include <string.h>

#include "base/options.h"

enum { FUNCTIONS_MAX = 64 };

const struct function *const functions[] = {
	&function_col,
	&function_lit,
	&function_trim,
	&function_null_if,
	&function_cast,
	&function_parse_amount,
	&function_multiply,
	&function_subtract,
	&function_parse_date,
	&function_parse_timestamp,
	&function_written_date,
	&function_date_key,
	&function_date_part,
	&function_surrogate_key,
	&function_lookup,
	&function_coalesce,
	&function_source_file,
	&function_source_line,
	&function_source_record,
	&function_calendar_day,
	NULL,
};

_Static_assert(sizeof(functions) / sizeof(functions[0]) <= FUNCTIONS_MAX, "raise FUNCTIONS_MAX");

const struct function *function_find(const char *name)
{
	for (size_t i = 0; functions[i] != NULL; i++) {
		if (strcmp(functions[i]->name, name) == 0) {
			return functions[i];
		}
	}
	return NULL;
}

const char *function_nearest(const char *name)
{
	const char *names[FUNCTIONS_MAX];
	size_t n = 0;
	for (size_t i = 0; functions[i] != NULL; i++) {
		if (!functions[i]->bare) {
			names[n++] = functions[i]->name;
		}
	}
	names[n] = NULL;
	return options_nearest(name, names);
}
