/*
 * JSON Schema: the official suite (draft 2020-12, tests/golden/json_schema) for all keywords that are
 * supported, the words of the messages, and the schemas that must not load.
 */
#include "base_test.h"

#include <stdio.h>

#include "base/file.h"
#include "base/json_schema.h"
#include "dies.h"

/* Loads a schema written with ' for ". The value goes with the test's *ret_value. */
static struct json_schema *schema(const char *text, struct bldr_value **ret_value)
{
	struct json_schema *s = NULL;
	struct bldr_error err = { 0 };
	*ret_value = json(text);
	if (json_schema_new(*ret_value, &s, &err) < 0) {
		fail_msg("%s: %s", text, err.text);
	}
	return s;
}

static void assert_check(const char *schema_text, const char *text, const char *message)
{
	struct bldr_value *schema_value;
	struct json_schema *s = schema(schema_text, &schema_value);
	struct bldr_value *v = json(text);
	struct bldr_error err = { 0 };
	int rc = json_schema_check(s, v, &err);
	assert_string_equal(err.text, message != NULL ? message : "");
	assert_int_equal(rc, message != NULL ? BLDR_E_INVALID : 0);
	assert_int_equal(json_schema_check(s, v, NULL), rc);
	bldr_unref(v);
	json_schema_free(s);
	bldr_unref(schema_value);
}

static void messages(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *value, *message;
	} cases[] = {
		{ "{'type':'integer'}", "'x'", "\"/\": expected integer, found text \"x\"" },
		{ "{'type':['integer','null']}", "true",
		  "\"/\": expected integer or null, found true" },
		{ "{'type':'integer'}", "1.0", "\"/\": expected integer, found number 1.0" },
		{ "{'type':'number'}", "1.0", NULL },
		{ "{'type':'number'}", "1", NULL },
		{ "{'enum':['a',1]}", "'b'", "\"/\": expected one of \"a\", 1, found text \"b\"" },
		{ "{'const':{'a':1}}", "[]", "\"/\": expected {\"a\":1}, found list of 0 items" },
		{ "{'properties':{'a':{'items':{'type':'string'}}}}", "{'a':['x',null]}",
		  "\"/a/1\": expected text, found null" },
		{ "{'required':['a','b']}", "{'a':1}", "\"/b\": missing" },
		{ "{'required':['a']}", "{'a':null}", NULL },
		{ "{'properties':{'name':{}},'additionalProperties':false}", "{'nmae':1}",
		  "\"/nmae\": unknown key, did you mean \"name\"?" },
		{ "{'additionalProperties':false}", "{'x':1}", "\"/x\": unknown key" },
		{ "{'additionalProperties':{'type':'integer'}}", "{'x':1,'y':'z'}",
		  "\"/y\": expected integer, found text \"z\"" },
		{ "{'minItems':1}", "[]", "\"/\": expected at least 1 item, found list of 0 items" },
		{ "{'minItems':1}", "[1]", NULL },
		{ "{'maxItems':2}", "[1,2,3]",
		  "\"/\": expected at most 2 items, found list of 3 items" },
		{ "{'maxItems':2}", "[1,2]", NULL },
		{ "{'uniqueItems':true}", "[{'a':1,'b':2},1,{'b':2,'a':1}]",
		  "\"/2\": the same as item 0, expected them to differ" },
		{ "{'uniqueItems':false}", "[1,1]", NULL },
		{ "{'minimum':-5}", "-6", "\"/\": expected at least -5, found integer -6" },
		{ "{'minimum':-5}", "-5", NULL },
		{ "{'maximum':9223372036854775806}", "9223372036854775807",
		  "\"/\": expected at most 9223372036854775806, found integer 9223372036854775807" },
		{ "{'maximum':9223372036854775806}", "9223372036854775806", NULL },
		{ "{'maximum':2.5}", "3", "\"/\": expected at most 2.5, found integer 3" },
		{ "{'minLength':3}", "'\\u20ac\\u20ac'",
		  "\"/\": expected at least 3 characters, found text \"\xE2\x82\xAC\xE2\x82\xAC\"" },
		{ "{'maxLength':1}", "'\\ud83d\\ude00'", NULL },
		{ "{'maxLength':1}", "'ab'",
		  "\"/\": expected at most 1 character, found text \"ab\"" },
		{ "{'properties':{'a':false}}", "{'a':1}", "\"/a\": not allowed" },
		{ "{'$defs':{'n':{'minimum':1}},'items':{'$ref':'#/$defs/n'}}", "[1,0]",
		  "\"/1\": expected at least 1, found integer 0" },
		{ "{'properties':{'next':{'$ref':'#'}},'additionalProperties':false}",
		  "{'next':{'next':{'x':1}}}", "\"/next/next/x\": unknown key" },
		{ "{'enum':['0123456789012345678901234567890123456789',"
		  "'1123456789012345678901234567890123456789','2123456789012345678901234567890123456789',"
		  "'3123456789012345678901234567890123456789','4123456789012345678901234567890123456789',"
		  "'5123456789012345678901234567890123456789','6123456789012345678901234567890123456789']}",
		  "'x'",
		  "\"/\": expected one of \"0123456789012345678901234567890123456789\", "
		  "\"1123456789012345678901234567890123456789\", "
		  "\"2123456789012345678901234567890123456789\", "
		  "\"3123456789012345678901234567890123456789\", "
		  "\"4123456789012345678901234567890123456789\", ..., found text \"x\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_check(cases[i].schema, cases[i].value, cases[i].message);
	}
}

/* The alternative that came furthest speaks; one whose constant differs is not meant. */
static void alternatives(void **state)
{
	(void)state;
	static const char shapes[] =
		"{'anyOf':[{'type':'null'},"
		"{'properties':{'r':{'type':'integer'},'fn':{'const':'circle'}},'required':['fn','r']},"
		"{'properties':{'fn':{'const':'box'},'w':{'type':'integer'}},'required':['fn','w']}]}";
	assert_check(shapes, "{'fn':'box','w':'x'}",
		     "\"/w\": expected integer, found text \"x\" (the closest of 3 alternatives)");
	assert_check(shapes, "{'fn':'circle'}", "\"/r\": missing (the closest of 3 alternatives)");
	assert_check(shapes, "{'fn':'box'}", "\"/w\": missing (the closest of 3 alternatives)");
	assert_check(shapes, "{'fn':'circle','r':1}", NULL);
	assert_check(shapes, "null", NULL);
	assert_check("{'anyOf':[{'type':'integer'}]}", "'x'",
		     "\"/\": expected integer, found text \"x\"");
	assert_check("{'oneOf':[{'minimum':1},{'type':'string'},{'maximum':9}]}", "5",
		     "\"/\": fits alternatives 1 and 3, expected one");
	assert_check("{'oneOf':[{'type':'string'},{'type':'null'}]}", "1",
		     "\"/\": expected text, found integer 1 (the closest of 2 alternatives)");
	/* nested: only the outermost count is told */
	assert_check(
		"{'anyOf':[{'items':{'anyOf':[{'type':'null'},{'minimum':3}]}},false]}", "[null,1]",
		"\"/1\": expected at least 3, found integer 1 (the closest of 2 alternatives)");
}

static void not_loaded(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *message;
	} cases[] = {
		{ "1", "schema: \"/\": not a schema" },
		{ "{'items':[{}]}", "schema: \"/items\": not a schema" },
		{ "{'properties':{'a':{'pattern':'x'}}}",
		  "schema: \"/properties/a/pattern\": keyword not supported here" },
		{ "{'anyOf':[{},{'format':'date'}]}",
		  "schema: \"/anyOf/1/format\": keyword not supported here" },
		{ "{'items':{'$defs':{}}}", "schema: \"/items/$defs\": keyword not supported here" },
		{ "{'$defs':{'a':{'not':{}}}}",
		  "schema: \"/$defs/a/not\": keyword not supported here" },
		{ "{'$ref':'#/$defs/gone'}",
		  "schema: \"/$ref\": leads nowhere, expected \"#\" or \"#/$defs/<name>\"" },
		{ "{'$ref':'other.json','$defs':{'other.json':{}}}",
		  "schema: \"/$ref\": leads nowhere, expected \"#\" or \"#/$defs/<name>\"" },
		{ "{'$ref':'#'}", "schema: \"/\": refers to itself without end" },
		{ "{'$defs':{'a':{'allOf':[{'$ref':'#/$defs/b'}]},'b':{'anyOf':[{},{'$ref':'#/$defs/a'}]}}}",
		  "schema: \"/$defs/a/allOf/0\": refers to itself without end" },
		{ "{'type':'int'}", "schema: \"/type\": not a type or a list of types" },
		{ "{'type':[]}", "schema: \"/type\": not a type or a list of types" },
		{ "{'type':['null','x']}", "schema: \"/type\": not a type or a list of types" },
		{ "{'enum':'a'}", "schema: \"/enum\": not a list of values" },
		{ "{'required':'a'}", "schema: \"/required\": not a list of texts" },
		{ "{'required':[1]}", "schema: \"/required\": not a list of texts" },
		{ "{'properties':[]}", "schema: \"/properties\": not an object of schemas" },
		{ "{'minItems':-1}", "schema: \"/minItems\": not a count" },
		{ "{'maxLength':1.0}", "schema: \"/maxLength\": not a count" },
		{ "{'minimum':'1'}", "schema: \"/minimum\": not a number" },
		{ "{'uniqueItems':1}", "schema: \"/uniqueItems\": not true or false" },
		{ "{'title':1}", "schema: \"/title\": not text" },
		{ "{'anyOf':[]}", "schema: \"/anyOf\": not a list of schemas" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *v = json(cases[i].schema);
		struct json_schema *s = NULL;
		struct bldr_error err = { 0 };
		assert_int_equal(json_schema_new(v, &s, &err), BLDR_E_INVALID);
		assert_string_equal(err.text, cases[i].message);
		assert_int_equal(json_schema_new(v, &s, NULL), BLDR_E_INVALID);
		assert_null(s);
		bldr_unref(v);
	}
	json_schema_free(NULL);
}

/* Two alternatives that both go on at every level: 2^60 ways, which must end in an error, not in time. */
static void takes_for_ever(void **state)
{
	(void)state;
	struct bldr_value *schema_value;
	struct json_schema *s = schema("{'anyOf':[{'items':{'$ref':'#'},'minItems':1},"
				       "{'items':{'$ref':'#'},'maxItems':2,'minItems':1}],"
				       "'type':'array'}",
				       &schema_value);
	struct bldr_value *v = bldr_list();
	for (int i = 0; i < 60; i++) {
		struct bldr_value *outer = bldr_list();
		bldr_list_add(outer, v);
		v = outer;
	}
	struct bldr_error err;
	assert_int_equal(json_schema_check(s, v, &err), BLDR_E_LIMIT);
	assert_int_equal(json_schema_check(s, v, NULL), BLDR_E_LIMIT);
	bldr_unref(v);
	json_schema_free(s);
	bldr_unref(schema_value);
}

/* Trees are what expressions are: a fault far inside is told as well as one at the top, not lost in a limit. */
static void fault_deep_inside(void **state)
{
	enum { DEPTH = 60 };
	(void)state;
	struct bldr_value *schema_value;
	struct json_schema *s = schema("{'anyOf':[{'type':'integer'},"
				       "{'type':'array','items':{'$ref':'#'}}]}",
				       &schema_value);
	struct bldr_value *v = bldr_text("x");
	char expected[256] = "\"";
	for (int i = 0; i < DEPTH; i++) {
		struct bldr_value *outer = bldr_list();
		bldr_list_add(outer, v);
		v = outer;
		memcpy(expected + 1 + 2 * i, "/0", 3);
	}
	(void)snprintf(expected + 1 + 2 * DEPTH, 100,
		       "\": expected integer, found text \"x\" (the closest of 2 alternatives)");
	struct bldr_error err;
	assert_int_equal(json_schema_check(s, v, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, expected);
	assert_int_equal(json_schema_check(s, v, NULL), BLDR_E_INVALID);
	bldr_unref(v);
	json_schema_free(s);
	bldr_unref(schema_value);
}

/* Tests of the suite whose other outcome is ours, as json_schema.h says. */
static const struct deviation {
	const char *file, *group, *test;
} deviations[] = {
	{ "const", "const with 0 does not match other zero-like types", "float zero is valid" },
	{ "const", "const with 1 does not match true", "float one is valid" },
	{ "const", "const with -2.0 matches integer and float types", "integer -2 is valid" },
	{ "const", "float and integers are equal up to 64-bit representation limits",
	  "float is valid" },
	{ "enum", "enum with 0 does not match false", "float zero is valid" },
	{ "enum", "enum with [0] does not match [false]", "[0.0] is valid" },
	{ "enum", "enum with 1 does not match true", "float one is valid" },
	{ "enum", "enum with [1] does not match [true]", "[1.0] is valid" },
	{ "type", "integer type matches integers",
	  "a float with zero fractional part is an integer" },
	{ NULL, NULL, NULL },
};

static bool deviates(const char *file, const char *group, const char *test)
{
	for (const struct deviation *d = deviations; d->file != NULL; d++) {
		if (strcmp(d->file, file) == 0 && strcmp(d->group, group) == 0 &&
		    strcmp(d->test, test) == 0) {
			return true;
		}
	}
	return false;
}

/* Our values hold no U+0000; U+0001 serves the suite as well. */
static struct bldr_value *read_suite(const char *file)
{
	char path[512];
	char *text = NULL;
	size_t size = 0;
	struct bldr_error err = { 0 };
	struct bldr_value *v = NULL;
	snprintf(path, sizeof(path), "%s/tests/golden/json_schema/%s.json", getenv("BLDR_ROOT"),
		 file);
	if (file_read(path, 1 << 20, &text, &size, &err) < 0) {
		fail_msg("%s", err.text);
	}
	for (char *p = text; (p = strstr(p, "\\u0000")) != NULL;) {
		p[5] = '1';
	}
	if (bldr_value_parse(text, size, &v, &err) < 0) {
		fail_msg("%s: %s", file, err.text);
	}
	free(text);
	return v;
}

struct tally {
	size_t groups, unsupported, tests, deviations, wrong;
};

static void run_group(const char *file, const struct bldr_value *group, struct tally *t)
{
	const char *group_name = bldr_get_text(group, "description");
	const struct bldr_value *tests = bldr_get(group, "tests");
	struct json_schema *s = NULL;
	struct bldr_error err = { 0 };
	t->groups++;
	if (json_schema_new(bldr_get(group, "schema"), &s, &err) < 0) {
		t->unsupported++;
		return;
	}
	for (size_t i = 0; i < bldr_count(tests); i++) {
		const struct bldr_value *test = bldr_at(tests, i);
		const char *name = bldr_get_text(test, "description");
		bool expected = bldr_as_bool(bldr_get(test, "valid"), false);
		bool valid = json_schema_check(s, bldr_get(test, "data"), &err) == 0;
		bool ours = deviates(file, group_name, name);
		t->tests++;
		t->deviations += ours;
		if (valid != (expected != ours)) {
			t->wrong++;
			print_error("%s: %s: %s: %s\n", file, group_name, name,
				    valid ? "accepted" : err.text);
		}
	}
	json_schema_free(s);
}

static void official_suite(void **state)
{
	(void)state;
	static const char *const files[] = {
		"additionalProperties",
		"allOf",
		"anyOf",
		"boolean_schema",
		"const",
		"defs",
		"enum",
		"infinite-loop-detection",
		"items",
		"maxItems",
		"maxLength",
		"maximum",
		"minItems",
		"minLength",
		"minimum",
		"oneOf",
		"properties",
		"ref",
		"required",
		"type",
		"uniqueItems",
	};
	struct tally t = { 0 };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct bldr_value *groups = read_suite(files[i]);
		for (size_t k = 0; k < bldr_count(groups); k++) {
			run_group(files[i], bldr_at(groups, k), &t);
		}
		bldr_unref(groups);
	}
	/* counted once by hand: a keyword that stops loading must not pass unnoticed */
	assert_int_equal(t.groups, 162);
	assert_int_equal(t.unsupported, 48);
	assert_int_equal(t.tests, 428);
	assert_int_equal(t.deviations, 9);
	assert_int_equal(t.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),          cmocka_unit_test(alternatives),
		cmocka_unit_test(not_loaded),        cmocka_unit_test(takes_for_ever),
		cmocka_unit_test(fault_deep_inside), cmocka_unit_test(official_suite),
	};
	return cmocka_run_group_tests_name("json_schema", tests, NULL, NULL);
}
