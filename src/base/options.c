/*
 * Command-line options by table. Parsing only fills the caller's variables and moves the operands to
 * the front of argv; a wrong option is an error that names the nearest right one.
 */
#include "base/options.h"

#include <string.h>

#include "base/check.h"

enum {
	NEAREST_DISTANCE_MAX = 3,
	NEAREST_TEXT_MAX = 64,
	OPTIONS_MAX = 64,
	HELP_COLUMN = 26,
	HELP_WIDTH = 80,
};

/*
 * How many letters must be changed, added, left out or swapped with their neighbour to make b of a: the
 * optimal string alignment distance, by the last three rows of its matrix.
 */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][NEAREST_TEXT_MAX + 1];
	for (size_t j = 0; j <= m; j++) {
		rows[0][j] = j;
	}
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t least = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
			size_t other = (above[j] < row[j - 1] ? above[j] : row[j - 1]) + 1;
			least = other < least ? other : least;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[(i - 2) % 3][j - 2] + 1 < least) {
				least = rows[(i - 2) % 3][j - 2] + 1;
			}
			row[j] = least;
		}
	}
	return rows[n % 3][m];
}

const char *options_nearest(const char *text, const char *const *names)
{
	const char *nearest = NULL;
	size_t best = NEAREST_DISTANCE_MAX + 1;
	size_t n = strlen(text);
	for (; n <= NEAREST_TEXT_MAX && *names != NULL; names++) {
		size_t m = strlen(*names);
		if (m > NEAREST_TEXT_MAX) {
			continue;
		}
		size_t d = distance(text, n, *names, m);
		size_t longer = n > m ? n : m;
		if (d < best && d * 2 <= longer) {
			best = d;
			nearest = *names;
		}
	}
	return nearest;
}

/* The option that argument names, "--name" or "--name=value" or "-n"; NULL when there is none. */
static const struct option_spec *find(const struct option_spec *options, const char *argument)
{
	bool is_long = argument[0] == '-' && argument[1] == '-';
	size_t size = is_long ? strcspn(argument + 2, "=") : 0;
	for (const struct option_spec *o = options; o != NULL && o->name != NULL; o++) {
		if (is_long ? strlen(o->name) == size && memcmp(o->name, argument + 2, size) == 0
			    : o->letter != 0 && argument[0] == '-' && argument[1] == o->letter &&
				    argument[2] == '\0') {
			return o;
		}
	}
	return NULL;
}

static bool is_help(const char *argument)
{
	return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static int unknown(const struct option_spec *options, const char *argument, struct bldr_error *err)
{
	const char *names[OPTIONS_MAX + 2];
	size_t n = 0;
	for (const struct option_spec *o = options; o != NULL && o->name != NULL; o++) {
		ASSERT(n < OPTIONS_MAX);
		names[n++] = o->name;
	}
	names[n++] = "help";
	names[n] = NULL;

	int size = (int)strcspn(argument, "=");
	char name[NEAREST_TEXT_MAX + 1];
	const char *nearest = NULL;
	if (argument[1] == '-' && size - 2 <= NEAREST_TEXT_MAX) {
		snprintf(name, sizeof(name), "%.*s", size - 2, argument + 2);
		nearest = options_nearest(name, names);
	}
	if (nearest != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "unknown option \"%.*s\", did you mean \"--%s\"?", size,
				      argument, nearest);
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "unknown option \"%.*s\", see --help for those there are", size,
			      argument);
}

/* Sets one option; next is the argument behind it or NULL. *ret_used tells whether that was taken. */
static int set(const struct command_spec *spec, const struct option_spec *o, const char *argument,
	       const char *next, bool *ret_used, struct bldr_error *err)
{
	const char *value = argument[1] == '-' ? strchr(argument, '=') : NULL;
	*ret_used = false;
	if (o->kind == OPTION_FLAG) {
		if (value != NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "option \"--%s\" takes no value, found \"%s\"",
					      o->name, value + 1);
		}
		*(bool *)o->ret = true;
		return 0;
	}
	if (value != NULL) {
		*(const char **)o->ret = value + 1;
		return 0;
	}
	if (next == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID, "option \"--%s\" needs a value: %s",
				      o->name, o->value);
	}
	if (strcmp(next, "--") == 0 || is_help(next) || find(spec->options, next) != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "option \"--%s\" needs a value: %s, found \"%s\"", o->name,
				      o->value, next);
	}
	*(const char **)o->ret = next;
	*ret_used = true;
	return 0;
}

static int check_operands(const struct command_spec *spec, char **operands, size_t n,
			  struct bldr_error *err)
{
	if (n < spec->operands_min) {
		return bldr_error_set(err, BLDR_E_INVALID, "an operand is missing");
	}
	if (n > spec->operands_max) {
		return bldr_error_set(err, BLDR_E_INVALID, "unexpected operand \"%s\"",
				      operands[spec->operands_max]);
	}
	return 0;
}

int options_parse(const struct command_spec *spec, int argc, char **argv, char ***ret_operands,
		  size_t *ret_n, bool *ret_help, struct bldr_error *err)
{
	size_t n = 0;
	bool ended = false;
	for (int i = 0; i < argc; i++) {
		char *argument = argv[i];
		if (ended || argument[0] != '-' || argument[1] == '\0') {
			argv[n++] = argument;
			continue;
		}
		if (strcmp(argument, "--") == 0) {
			ended = true;
			continue;
		}
		const struct option_spec *o = find(spec->options, argument);
		if (o == NULL && is_help(argument)) {
			*ret_help = true;
			return 0;
		}
		if (o == NULL) {
			return unknown(spec->options, argument, err);
		}
		bool used;
		int rc = set(spec, o, argument, i + 1 < argc ? argv[i + 1] : NULL, &used, err);
		if (rc < 0) {
			return rc;
		}
		i += used ? 1 : 0;
	}
	int rc = check_operands(spec, argv, n, err);
	if (rc < 0) {
		return rc;
	}
	*ret_operands = argv;
	*ret_n = n;
	*ret_help = false;
	return 0;
}

/* Writes words from column on, wrapped at HELP_WIDTH; the cursor stands at `at`. */
static void write_wrapped(FILE *out, const char *text, size_t at, size_t column)
{
	while (*text != '\0') {
		size_t size = strcspn(text, " ");
		if (at > column && at + 1 + size > HELP_WIDTH) {
			fputc('\n', out);
			at = 0;
		}
		if (at < column) {
			fprintf(out, "%*s", (int)(column - at), "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)size, text);
		at += size;
		text += size + strspn(text + size, " ");
	}
	fputc('\n', out);
}

static void write_option(FILE *out, const struct option_spec *o)
{
	int n = o->letter != 0 ? fprintf(out, "  -%c, --%s", o->letter, o->name)
			       : fprintf(out, "      --%s", o->name);
	if (o->kind == OPTION_TEXT) {
		n += fprintf(out, " %s", o->value);
	}
	if (n > HELP_COLUMN - 2) {
		fputc('\n', out);
		n = 0;
	}
	write_wrapped(out, o->help, n > 0 ? (size_t)n : 0, HELP_COLUMN);
}

void options_help(const struct command_spec *spec, FILE *out)
{
	static const struct option_spec help = { .name = "help", .help = "show this text" };
	fprintf(out, "usage: %s\n\n", spec->usage);
	write_wrapped(out, spec->summary, 0, 0);
	if (spec->description != NULL) {
		fprintf(out, "\n%s\n", spec->description);
	}
	fprintf(out, "\noptions:\n");
	for (const struct option_spec *o = spec->options; o != NULL && o->name != NULL; o++) {
		write_option(out, o);
	}
	write_option(out, &help);
	if (spec->examples != NULL) {
		fprintf(out, "\nexamples:\n%s\n", spec->examples);
	}
}
