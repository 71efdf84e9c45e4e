/* JSON with comments, and the layers of configuration: what overrides what, and the words of every mistake. */
#include "base_test.h"

#include <stdio.h>

#include "base/config.h"
#include "base/jsonc.h"

static const char *const colours[] = { "red", "green", NULL };

static const struct config_key keys[] = {
	{ .name = "folder", .kind = CONFIG_TEXT, .env = "APP_FOLDER", .option = "folder" },
	{ .name = "size",
	  .kind = CONFIG_INT,
	  .min = -5,
	  .max = 10,
	  .env = "APP_SIZE",
	  .option = "size" },
	{ .name = "paint.colour",
	  .kind = CONFIG_CHOICE,
	  .choices = colours,
	  .env = "COLOUR",
	  .option = "colour" },
	{ .name = "paint.note",
	  .kind = CONFIG_TEXT,
	  .empty_is_fine = true,
	  .env = "APP_NOTE",
	  .option = "note" },
	{ .name = NULL },
};

static void comments_and_last_commas(void **state)
{
	(void)state;
	static const struct {
		const char *text, *strict; /* strict NULL: not JSON */
	} cases[] = {
		{ "// a\n{} // b", "{}" },
		{ "/* a\n * b */[1,/* c */2]", "[1,2]" },
		{ "[1,2,]", "[1,2]" },
		{ "{'a':[1 , // x\n ] , }", "{'a':[1]}" },
		{ "{'a':'// b','c':'/* d */','e':',]'}", "{'a':'// b','c':'/* d */','e':',]'}" },
		{ "['a\\\\',]", "['a\\\\']" },
		{ "['\\\\\\'//',1]", "['\\\\\\'//',1]" },
		{ "[,]", NULL },
		{ "[1,,]", NULL },
		{ "{,}", NULL },
		{ "[1,2", NULL },
		{ "['a,]", NULL },
		{ "[1] /", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		struct bldr_value *v = NULL;
		size_t size = strlen(cases[i].text);
		for (size_t k = 0; k <= size; k++) {
			text[k] = cases[i].text[k] == '\'' ? '"' : cases[i].text[k];
		}
		int rc = jsonc_parse(text, size, &v, NULL);
		assert_int_equal(rc, cases[i].strict != NULL ? 0 : BLDR_E_INVALID);
		if (cases[i].strict != NULL) {
			assert_json(v, cases[i].strict);
		}
		bldr_unref(v);
	}
}

static void places_are_those_of_the_original(void **state)
{
	static const char text[] =
		"// one\n{\"a\": 1, /* two\nthree */ \"b\": {\n\"a\": [{\"c\": 1}],\n"
		"\"d\": \"e\"},\n\"c\": 2}";
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };
	(void)state;
	assert_int_equal(jsonc_parse("// x\n{\"a\" /* y */ 1}", 20, &v, &err), BLDR_E_INVALID);
	assert_memory_equal(err.text, "line 2, column 14: ", 19);
	assert_int_equal(jsonc_parse("\n\n /* x", 7, &v, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, "line 3: a comment that does not end");
	assert_int_equal(jsonc_line(text, strlen(text), "a"), 2);
	assert_int_equal(jsonc_line(text, strlen(text), "b"), 3);
	assert_int_equal(jsonc_line(text, strlen(text), "b.a"), 4);
	assert_int_equal(jsonc_line(text, strlen(text), "b.d"), 5);
	assert_int_equal(jsonc_line(text, strlen(text), "c"), 6);
	assert_int_equal(jsonc_line(text, strlen(text), "e"), 0);
	assert_int_equal(jsonc_line(text, strlen(text), "b.e"), 0);
}

static int add_json(struct config *c, const char *name, const char *text, struct bldr_error *err)
{
	return config_json(c, name, true, text, strlen(text), err);
}

static int add_dotenv(struct config *c, const char *text, struct bldr_error *err)
{
	return config_dotenv(c, ".env", "APP_", text, strlen(text), err);
}

static void later_layers_win(void **state)
{
	static const char *const environment[] = { "APP_SIZE=7", "APP_NOTE=", "HOME=/root", "odd",
						   NULL };
	static const char defaults[] = "{\"folder\":\"a\",\"size\":1,"
				       "\"paint\":{\"colour\":\"red\",\"note\":\"\"}}";
	struct config *c = config_new(keys);
	struct bldr_error err = { 0 };
	(void)state;
	assert_null(config_origin(c, "size"));
	assert_int_equal(config_json(c, "default", false, defaults, strlen(defaults), &err), 0);
	assert_string_equal(config_origin(c, "paint.colour"), "default");
	assert_int_equal(add_json(c, "f.json",
				  "{\n\"folder\":\"b\",\n\"paint\":\n{\"colour\":\"green\"}}", &err),
			 0);
	assert_int_equal(add_dotenv(c, "APP_SIZE=6\n\nAPP_NOTE=n\nCOLOUR=red", &err), 0);
	assert_int_equal(config_environment(c, "APP_", environment, &err), 0);
	assert_int_equal(config_set(c, "colour", "green", &err), 0);

	assert_string_equal(config_text(c, "folder"), "b");
	assert_string_equal(config_origin(c, "folder"), "f.json:2");
	assert_int_equal(config_int(c, "size"), 7);
	assert_string_equal(config_origin(c, "size"), "APP_SIZE");
	assert_string_equal(config_text(c, "paint.note"), "n"); /* an empty variable says nothing */
	assert_string_equal(config_origin(c, "paint.note"), ".env:3");
	assert_int_equal(config_choice(c, "paint.colour"), 1);
	assert_string_equal(config_origin(c, "paint.colour"), "--colour");
	struct bldr_value *v = config_value(c, "size");
	assert_json(v, "7");
	bldr_unref(v);
	config_free(c);
	config_free(NULL);
}

/* What the shell makes of such a line, but that nothing is expanded. */
static void values_of_dotenv(void **state)
{
	static const struct {
		const char *line, *value;
	} cases[] = {
		{ "APP_FOLDER=a", "a" },
		{ "  export\tAPP_FOLDER = a b  # c", "a b" },
		{ "APP_FOLDER=a#b", "a#b" },
		{ "APP_FOLDER=\"a # b\" # c", "a # b" },
		{ "APP_FOLDER='a\\n\"$b'", "a\\n\"$b" },
		{ "APP_FOLDER=\"a\\n\\t\\\"\\\\\\$b\\c\"", "a\n\t\"\\$b\\c" },
		{ "APP_FOLDER=it's", "it's" },
		{ "APP_FOLDER=a\r", "a" },
		{ "# APP_FOLDER=a", "" },
		{ "APP_FOLDER=", "" },
		{ "APP_FOLDER=  # nothing", "" },
		{ "OTHER_FOLDER=a", "" },
		{ "exported=1", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = config_new(keys);
		struct bldr_error err = { 0 };
		if (add_dotenv(c, cases[i].line, &err) < 0) {
			fail_msg("%s: %s", cases[i].line, err.text);
		}
		if (cases[i].value[0] == '\0') {
			assert_null(config_origin(c, "folder"));
		} else {
			assert_string_equal(config_text(c, "folder"), cases[i].value);
		}
		config_free(c);
	}
}

static void mistakes_in_files(void **state)
{
	static const struct {
		const char *json, *dotenv, *message;
	} cases[] = {
		{ "{\n\n\"foldr\":1}", NULL,
		  "f:3: unknown key \"foldr\", did you mean \"folder\"?" },
		{ "{\"paint\":{\n\"color\":1}}", NULL,
		  "f:2: unknown key \"paint.color\", did you mean \"paint.colour\"?" },
		{ "{\"x\":1}", NULL, "f:1: unknown key \"x\"; bldr config lists those there are" },
		{ "{\"paint\":1}", NULL, "f:1: \"paint\": expected object, found integer 1" },
		{ "{\"paint.note\":\"\"}", NULL,
		  "f:1: key \"paint.note\" holds a dot; write an object in an object" },
		{ "{\"size\":\"1\"}", NULL,
		  "f:1: \"size\": expected an integer from -5 to 10, found text \"1\"" },
		{ "{\"size\":1.0}", NULL,
		  "f:1: \"size\": expected an integer from -5 to 10, found number 1.0" },
		{ "{\"size\":11}", NULL,
		  "f:1: \"size\": expected an integer from -5 to 10, found integer 11" },
		{ "{\"size\":null}", NULL,
		  "f:1: \"size\": expected an integer from -5 to 10, found null" },
		{ "{\"folder\":\"\"}", NULL,
		  "f:1: \"folder\": expected non-empty text of at most 4096 bytes, found text \"\"" },
		{ "{\"paint\":{\"colour\":\"blue\"}}", NULL,
		  "f:1: \"paint.colour\": expected one of \"red\", \"green\", found text \"blue\"" },
		{ "[]", NULL, "f: expected a JSON object" },
		{ NULL, "A=1\nAPP_SIZ=1",
		  ".env:2: unknown variable \"APP_SIZ\", did you mean "
		  "\"APP_SIZE\"?" },
		{ NULL, "APP_Q=1",
		  ".env:1: unknown variable \"APP_Q\"; bldr config lists those there are" },
		{ NULL, "APP_SIZE=-6",
		  ".env:1: \"size\": expected an integer from -5 to 10, found integer -6" },
		{ NULL, "APP_SIZE=1x",
		  ".env:1: \"size\": expected an integer from -5 to 10, found text \"1x\"" },
		{ NULL, "APP_SIZE=99999999999999999999",
		  ".env:1: \"size\": expected an integer from -5 to 10, found text "
		  "\"99999999999999999999\"" },
		{ NULL, "\nAPP_FOLDER='a", ".env:2: the quote has no end on its line" },
		{ NULL, "APP_FOLDER='a'b", ".env:1: text behind the quoted value" },
		{ NULL, "APP_FOLDER", ".env:1: expected NAME=VALUE" },
		{ NULL, "=x", ".env:1: expected NAME=VALUE" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = config_new(keys);
		struct bldr_error err = { 0 };
		int rc = cases[i].json != NULL ? add_json(c, "f", cases[i].json, &err)
					       : add_dotenv(c, cases[i].dotenv, &err);
		assert_string_equal(err.text, cases[i].message);
		assert_int_equal(rc, BLDR_E_INVALID);
		config_free(c);
	}
}

static void mistakes_elsewhere(void **state)
{
	static const char *const typo[] = { "APP_FODLER=x", NULL };
	static const char *const foreign[] = { "APP_BUILD_NUMBER=1", "APP_=1", "COLUOR=red", NULL };
	static const char *const wrong[] = { "COLOUR=blue", NULL };
	struct config *c = config_new(keys);
	struct bldr_error err = { 0 };
	(void)state;
	assert_int_equal(config_environment(c, "APP_", typo, &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "environment: unknown variable \"APP_FODLER\", did you mean "
			    "\"APP_FOLDER\"?");
	assert_int_equal(config_environment(c, "APP_", foreign, &err), 0);
	assert_int_equal(config_environment(c, "APP_", wrong, &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "COLOUR: \"paint.colour\": expected one of \"red\", \"green\", "
			    "found text \"blue\"");
	assert_int_equal(config_set(c, "size", "", &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "--size: \"size\": expected an integer from -5 to 10, found text \"\"");
	assert_int_equal(config_dotenv(c, ".env", "APP_", "A=\0", 3, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, ".env: not text: it holds a NUL byte");
	assert_null(config_origin(c, "size"));
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_and_last_commas),
		cmocka_unit_test(places_are_those_of_the_original),
		cmocka_unit_test(later_layers_win),
		cmocka_unit_test(values_of_dotenv),
		cmocka_unit_test(mistakes_in_files),
		cmocka_unit_test(mistakes_elsewhere),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
