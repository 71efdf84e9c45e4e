/*
 * Command-line options from one table: parsing, --help and the usage line.
 * --name VALUE, --name=VALUE, -n VALUE, --flag; "--" ends options; the rest are operands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <bldr/error.h>

enum option_kind { OPTION_FLAG, OPTION_TEXT };

struct option_spec {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* 0: none */
	enum option_kind kind;
	void *ret;         /* bool * or const char ** */
	const char *value; /* "DIR"; OPTION_TEXT */
	const char *help;
};

struct command_spec {
	const char *usage;       /* "bldr run --source-dir DIR [--output DIR] [--json]" */
	const char *summary;     /* one sentence */
	const char *description; /* or NULL */
	const char *examples;    /* or NULL */
	const struct option_spec *options;
	size_t operands_min, operands_max;
};

/*
 * argv without the command words. Fills the options, also on failure those before the wrong one; of a
 * repeated one the last counts. ret_operands points into argv (reordered). --help (and -h, unless the
 * table has that letter) sets *ret_help and stops. An option's value may not be a known option: write
 * --name=VALUE for such a one. Errors: INVALID, naming the option and the nearest known one.
 */
int options_parse(const struct command_spec *spec, int argc, char **argv, char ***ret_operands,
		  size_t *ret_n, bool *ret_help, struct bldr_error *err);
void options_help(const struct command_spec *spec, FILE *out);
/* The nearest of names (NULL-terminated) to text by edit distance <= 3, or NULL. The first of equals;
 * a name of which more than half differs is none. */
const char *options_nearest(const char *text, const char *const *names);
