/* What a person says by an option, read. Errors: INVALID, naming the option and what would be right. */
#pragma once

#include <bldr/engine.h>

/* JSON, or @FILE with JSON in it. The caller owns *ret. */
int said_value(const char *option, const char *text, struct bldr_value **ret,
	       struct bldr_error *err);
/* The same as a list of one; of @FILE.jsonl one item per line that is not blank. */
int said_values(const char *option, const char *text, struct bldr_value **ret,
		struct bldr_error *err);
int said_int(const char *option, const char *text, int64_t min, int64_t max, int64_t *ret,
	     struct bldr_error *err);
/* choices: NULL-terminated; *ret is the place. */
int said_choice(const char *option, const char *text, const char *const *choices, int64_t *ret,
		struct bldr_error *err);
/* "values,updates": BLDR_STREAM_* or'ed. */
int said_modes(const char *option, const char *text, unsigned *ret, struct bldr_error *err);
/* "1.4": lineage and superstep of a checkpoint; "4" is of lineage 0. */
int said_checkpoint(const char *option, const char *text, int64_t *ret_lineage, int64_t *ret_step,
		    struct bldr_error *err);
