/* Command lines: what they set, what is refused and with which words, and the help text. */
#include "base_test.h"

#include <stdio.h>

#include "base/options.h"

static bool json_output;
static bool quiet;
static const char *source_dir;
static const char *output;

static const struct option_spec options[] = {
	{ "source-dir", 's', OPTION_TEXT, &source_dir, "DIR", "folder with the raw files" },
	{ "output", 'o', OPTION_TEXT, &output, "DIR",
	  "folder for the warehouse and everything else that the run writes, made when missing" },
	{ "json", 0, OPTION_FLAG, &json_output, NULL, "print the result as JSON" },
	{ "quiet", 'q', OPTION_FLAG, &quiet, NULL, "print errors only" },
	{ 0 },
};

static const struct command_spec command = {
	.usage = "bldr run --source-dir DIR [--json] NAME [NAME]",
	.summary = "Builds a warehouse from the files of a folder.",
	.description = "Free text\n  as it stands.",
	.examples = "  bldr run --source-dir data",
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
};

static char **operands;
static size_t n;
static bool help;
static struct bldr_error err;

/* Parses words separated by blanks. */
static int parse(const char *line)
{
	static char copy[512];
	static char *argv[32];
	int argc = 0;
	char *rest = NULL;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest)) {
		argv[argc++] = w;
	}
	json_output = quiet = help = false;
	source_dir = output = NULL;
	operands = NULL;
	n = 77;
	memset(&err, 0, sizeof(err));
	return options_parse(&command, argc, argv, &operands, &n, &help, &err);
}

static void accepted(void **state)
{
	(void)state;
	assert_int_equal(parse("a --source-dir in --json b"), 0);
	assert_string_equal(source_dir, "in");
	assert_true(json_output);
	assert_false(quiet);
	assert_null(output);
	assert_int_equal(n, 2);
	assert_string_equal(operands[0], "a");
	assert_string_equal(operands[1], "b");

	assert_int_equal(parse("--source-dir=in=x -o out -q a"), 0);
	assert_string_equal(source_dir, "in=x");
	assert_string_equal(output, "out");
	assert_true(quiet);
	assert_int_equal(n, 1);

	assert_int_equal(parse("--output= a"), 0);
	assert_string_equal(output, "");
	assert_int_equal(parse("-o 1 -o 2 a"), 0);
	assert_string_equal(output, "2");
	assert_int_equal(parse("-o -5 -"), 0); /* a number, and "-" is an operand */
	assert_string_equal(output, "-5");
	assert_string_equal(operands[0], "-");
	assert_int_equal(parse("-o x -- --json -q"), 0);
	assert_false(json_output);
	assert_string_equal(operands[0], "--json");
	assert_string_equal(operands[1], "-q");
	assert_int_equal(parse("--output=--json a"), 0);
	assert_string_equal(output, "--json");
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *message;
	} cases[] = {
		{ "--sorce-dir x a",
		  "unknown option \"--sorce-dir\", did you mean \"--source-dir\"?" },
		{ "--sorce-dir=x a",
		  "unknown option \"--sorce-dir\", did you mean \"--source-dir\"?" },
		{ "--jsno a", "unknown option \"--jsno\", did you mean \"--json\"?" },
		{ "--helpp a", "unknown option \"--helpp\", did you mean \"--help\"?" },
		{ "--zzzzzzzz a", "unknown option \"--zzzzzzzz\", see --help for those there are" },
		{ "-x a", "unknown option \"-x\", see --help for those there are" },
		{ "-qo a", "unknown option \"-qo\", see --help for those there are" },
		{ "--=x a", "unknown option \"--\", see --help for those there are" },
		{ "-json a", "unknown option \"-json\", see --help for those there are" },
		{ "--json=yes a", "option \"--json\" takes no value, found \"yes\"" },
		{ "a --output", "option \"--output\" needs a value: DIR" },
		{ "a -o", "option \"--output\" needs a value: DIR" },
		{ "a -o --json", "option \"--output\" needs a value: DIR, found \"--json\"" },
		{ "a -o -q", "option \"--output\" needs a value: DIR, found \"-q\"" },
		{ "a -o --", "option \"--output\" needs a value: DIR, found \"--\"" },
		{ "a -o --help", "option \"--output\" needs a value: DIR, found \"--help\"" },
		{ "--json", "an operand is missing" },
		{ "a b c", "unexpected operand \"c\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line), BLDR_E_INVALID);
		assert_string_equal(err.text, cases[i].message);
		assert_null(operands);
		assert_int_equal(n, 77);
	}
	char line[300];
	memset(line, 'x', sizeof(line));
	memcpy(line, "--", 2);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(parse(line), BLDR_E_INVALID);
}

static void help_asked(void **state)
{
	(void)state;
	assert_int_equal(parse("--help --unknown"), 0);
	assert_true(help);
	assert_int_equal(parse("-h"), 0);
	assert_true(help);
	assert_int_equal(parse("-- --help"), 0);
	assert_false(help);
}

static void help_text(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	options_help(&command, out);
	fclose(out);
	assert_string_equal(
		text,
		"usage: bldr run --source-dir DIR [--json] NAME [NAME]\n"
		"\n"
		"Builds a warehouse from the files of a folder.\n"
		"\n"
		"Free text\n"
		"  as it stands.\n"
		"\n"
		"options:\n"
		"  -s, --source-dir DIR    folder with the raw files\n"
		"  -o, --output DIR        folder for the warehouse and everything else that the\n"
		"                          run writes, made when missing\n"
		"      --json              print the result as JSON\n"
		"  -q, --quiet             print errors only\n"
		"      --help              show this text\n"
		"\n"
		"examples:\n"
		"  bldr run --source-dir data\n");
	free(text);
}

static void long_option_help(void **state)
{
	(void)state;
	static const struct option_spec one[] = {
		{ "a-rather-long-option", 'a', OPTION_TEXT, &output, "SOMETHING", "what it does" },
		{ 0 },
	};
	static const struct command_spec spec = { .usage = "x",
						  .summary = "Does x.",
						  .options = one };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	options_help(&spec, out);
	fclose(out);
	assert_string_equal(text,
			    "usage: x\n\nDoes x.\n\noptions:\n"
			    "  -a, --a-rather-long-option SOMETHING\n"
			    "                          what it does\n"
			    "      --help              show this text\n");
	free(text);
}

static void nearest(void **state)
{
	(void)state;
	static const char *const names[] = { "run", "serve", "report", "version", NULL };
	static const char *const none[] = { NULL };
	assert_string_equal(options_nearest("ruin", names), "run");
	assert_string_equal(options_nearest("srve", names), "serve");
	assert_string_equal(options_nearest("reprot", names), "report");
	static const char *const long_name[] = { "abcdefgh", NULL };
	assert_string_equal(options_nearest("abcde", long_name), "abcdefgh"); /* 3 edits */
	assert_null(options_nearest("abcd", long_name));                      /* 4 edits */
	assert_null(options_nearest("xyz", names)); /* 3 edits, all of it */
	assert_null(options_nearest("", names));
	assert_null(options_nearest("run", none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),         cmocka_unit_test(refused),
		cmocka_unit_test(help_asked),       cmocka_unit_test(help_text),
		cmocka_unit_test(long_option_help), cmocka_unit_test(nearest),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
