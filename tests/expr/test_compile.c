/* What the compiler refuses, and that it says where; the limits it holds; date formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/json_schema.h"
#include "expr/function.h"
#include "expr/vector.h"

static struct bldr_value *parse(const char *text)
{
	struct bldr_error err = { 0 };
	struct bldr_value *v;
	if (bldr_value_parse(text, strlen(text), &v, &err) < 0) {
		fail_msg("%s: %s", text, err.text);
	}
	return v;
}

static bool find_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	*ret_slot = 0;
	return strcmp(column, "x") == 0 && (*alias == '\0' || strcmp(alias, "users") == 0);
}

static bool find_dimension(void *user, const char *name, int *ret_slot)
{
	(void)user;
	*ret_slot = 0;
	return strcmp(name, "dim_customer") == 0;
}

static const struct expr_scope scope = { .column = find_column, .dimension = find_dimension };

static void check_refused(const struct expr_scope *in, const char *rule, const char *message)
{
	struct bldr_value *tree = parse(rule);
	struct arena arena = { 0 };
	struct bldr_error err = { 0 };
	const struct expr *e = NULL;
	assert_int_equal(expr_compile(tree, in, &arena, &e, &err), BLDR_E_INVALID);
	assert_null(e);
	assert_string_equal(err.text, message);
	assert_int_equal(expr_compile(tree, in, &arena, &e, NULL), BLDR_E_INVALID);
	arena_release(&arena);
	bldr_unref(tree);
}

static void refuses_what_is_no_expression(void **state)
{
	(void)state;
	check_refused(&scope, "[]", "\"/\": expected an object, found list of 0 items");
	check_refused(&scope, "null", "\"/\": expected an object, found null");
	check_refused(&scope, "{}",
		      "\"/\": lacks \"fn\", the name of a function (or \"col\" or \"lit\")");
	check_refused(&scope, "{\"fn\": 3}",
		      "\"/fn\": expected the name of a function (or \"col\" or \"lit\"), found "
		      "integer 3");
	check_refused(&scope, "{\"fn\": \"trimm\", \"args\": []}",
		      "\"/fn\": \"trimm\" is not a function; did you mean \"trim\"?");
	check_refused(&scope, "{\"fn\": \"col\", \"args\": []}",
		      "\"/fn\": \"col\" is not a function");
	check_refused(&scope, "{\"fn\": \"regexp_extract\", \"args\": []}",
		      "\"/fn\": \"regexp_extract\" is not a function");
}

static void refuses_unknown_members(void **state)
{
	(void)state;
	check_refused(&scope, "{\"col\": \"x\", \"type\": \"text\"}",
		      "\"/type\": unknown to \"col\"");
	check_refused(&scope, "{\"fn\": \"date_key\", \"args\": [], \"part\": \"year\"}",
		      "\"/part\": unknown to \"date_key\"");
	check_refused(&scope,
		      "{\"fn\": \"coalesce\", \"args\": [{\"col\": \"x\"},"
		      " {\"lit\": \"a\", \"type\": \"text\", \"fn\": \"trim\"}]}",
		      "\"/args/1/fn\": unknown to \"lit\"");
}

static void refuses_wrong_arguments(void **state)
{
	(void)state;
	check_refused(&scope, "{\"fn\": \"trim\", \"chars\": \" \"}",
		      "\"/\": lacks \"args\", a list of expressions");
	check_refused(&scope, "{\"fn\": \"trim\", \"args\": {\"col\": \"x\"}, \"chars\": \" \"}",
		      "\"/args\": expected a list of expressions, found object");
	check_refused(&scope, "{\"fn\": \"trim\", \"args\": [], \"chars\": \" \"}",
		      "\"/args\": \"trim\" takes 1 argument, found 0");
	check_refused(&scope, "{\"fn\": \"coalesce\", \"args\": []}",
		      "\"/args\": \"coalesce\" takes 1 to 64 arguments, found 0");
	check_refused(&scope, "{\"fn\": \"source_line\", \"args\": [{\"col\": \"x\"}]}",
		      "\"/args\": \"source_line\" takes 0 arguments, found 1");
	check_refused(&scope, "{\"fn\": \"trim\", \"args\": [\"x\"], \"chars\": \" \"}",
		      "\"/args/0\": expected an object, found text \"x\"");
}

static void refuses_wrong_members(void **state)
{
	(void)state;
	check_refused(&scope, "{\"fn\": \"trim\", \"args\": [{\"col\": \"x\"}]}",
		      "\"/\": lacks \"chars\", a text that is not empty");
	check_refused(&scope, "{\"fn\": \"trim\", \"args\": [{\"col\": \"x\"}], \"chars\": \"\"}",
		      "\"/chars\": expected a text that is not empty, found text \"\"");
	check_refused(&scope, "{\"fn\": \"null_if\", \"args\": [{\"col\": \"x\"}], \"tokens\": []}",
		      "\"/tokens\": expected a list of texts that is not empty, found list of 0 "
		      "items");
	check_refused(&scope,
		      "{\"fn\": \"null_if\", \"args\": [{\"col\": \"x\"}], \"tokens\": [\"\", 0]}",
		      "\"/tokens/1\": expected a text, found integer 0");
	check_refused(&scope,
		      "{\"fn\": \"cast\", \"args\": [{\"col\": \"x\"}], \"type\": \"int32\"}",
		      "\"/type\": expected a type: text bool int64 decimal(p,s) double date "
		      "timestamp timestamp_ntz, found text \"int32\"");
	check_refused(&scope,
		      "{\"fn\": \"date_part\", \"args\": [{\"lit\": null, \"type\": \"date\"}], "
		      "\"part\": \"week\"}",
		      "\"/part\": expected year, quarter, month, day, iso_weekday, iso_week or "
		      "day_of_year, found text \"week\"");
	check_refused(&scope,
		      "{\"fn\": \"parse_date\", \"args\": [{\"col\": \"x\"}], "
		      "\"formats\": [\"yyyy-MM-dd\", \"yyyy-mm-dd\"]}",
		      "\"/formats/1\": date format text \"yyyy-mm-dd\" may hold yyyy or yy, M to "
		      "MMMM, dd or d, blanks and - / . ,");
}

#define AMOUNT "{\"fn\": \"parse_amount\", \"args\": [{\"col\": \"x\"}], "
#define DATE "{\"fn\": \"parse_date\", \"args\": [{\"col\": \"x\"}], "
#define TIME "{\"fn\": \"parse_timestamp\", \"args\": [{\"col\": \"x\"}], "

static void refuses_wrong_forms(void **state)
{
	static const struct {
		const char *rule, *error;
	} cases[] = {
		{ AMOUNT "\"type\": \"int64\"}", "\"/\": lacks \"decimal\", \".\" or \",\"" },
		{ AMOUNT "\"decimal\": \";\", \"type\": \"int64\"}",
		  "\"/decimal\": expected \".\" or \",\", found text \";\"" },
		{ AMOUNT "\"decimal\": \".\"}",
		  "\"/\": lacks \"type\", a type: text bool int64 decimal(p,s) double date timestamp "
		  "timestamp_ntz" },
		{ AMOUNT "\"decimal\": \".\", \"type\": \"double\"}",
		  "\"/type\": expected int64 or decimal(p,s), found text \"double\"" },
		{ AMOUNT "\"decimal\": \".\", \"group\": \".\", \"type\": \"int64\"}",
		  "\"/group\": expected \",\" or \".\", \"'\" or a blank, and not the decimal "
		  "mark, found text \".\"" },
		{ AMOUNT "\"decimal\": \".\", \"group\": \"\", \"type\": \"int64\"}",
		  "\"/group\": expected \",\" or \".\", \"'\" or a blank, and not the decimal "
		  "mark, found text \"\"" },
		{ AMOUNT "\"decimal\": \".\", \"currencies\": [\"Rs\"], \"type\": \"int64\"}",
		  "\"/currencies\": expected at most 32 of $ € £ ¥ ₹ and codes of three capitals, "
		  "found list of 1 item" },
		{ AMOUNT "\"decimal\": \".\", \"percent\": 1, \"type\": \"int64\"}",
		  "\"/percent\": expected true or false, found integer 1" },
		{ AMOUNT "\"decimal\": \".\", \"sign\": true, \"type\": \"int64\"}",
		  "\"/sign\": unknown to \"parse_amount\"" },
		{ DATE "\"formats\": [\"dd/MM/yy\"]}",
		  "\"/\": lacks \"pivot\", for years of two digits" },
		{ DATE "\"formats\": [\"dd/MM/yyyy\"], \"pivot\": 70}",
		  "\"/pivot\": no format has years of two digits" },
		{ DATE "\"formats\": [\"dd/MM/yy\"], \"pivot\": 0}",
		  "\"/pivot\": expected 1 to 100, found integer 0" },
		{ DATE "\"formats\": [\"dd/MM/yy\"], \"pivot\": 101}",
		  "\"/pivot\": expected 1 to 100, found integer 101" },
		{ TIME "\"formats\": [\"dd/MM/yyyy HH:mm\"], \"type\": \"date\"}",
		  "\"/type\": expected timestamp or timestamp_ntz" },
		{ TIME "\"formats\": [\"dd/MM/yyyy HH:mm\"], \"type\": \"timestamp\"}",
		  "\"/formats/0\": time format text \"dd/MM/yyyy HH:mm\" must end in XXX" },
		{ TIME "\"formats\": [\"dd/MM/yyyy HH:mmXXX\"], \"type\": \"timestamp_ntz\"}",
		  "\"/formats/0\": time format text \"dd/MM/yyyy HH:mmXXX\" must not have a zone" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_refused(&scope, cases[i].rule, cases[i].error);
	}
}

static void time_formats(void **state)
{
	static const char *const good[] = { "yyyy-MM-dd'T'HH:mm", "d.M.yyyy H:mm[:ss]",
					    "MMM d, yyyy h:mm a", "HH:mm dd/MM/yyyy" };
	static const char *const bad[] = {
		"dd/MM/yyyy",
		"dd/MM/yy HH:mm",
		"dd/MM/yyyy HH",
		"dd/MM/yyyy hh:mm",
		"dd/MM/yyyy HH:mm a",
		"dd/MM/yyyy HH:m",
		"dd/MM/yyyy HH:mm[:ss",
		"dd/MM/yyyy HH:mm]",
		"dd/MM/yyyy HH:mm[ss]",
		"dd/MM/yyyy HH:mm[:ss]:X",
		"dd/MM/yyyy HH:mm[[:ss]]",
		"dd/MM/yyyy H:mm:ss:ss",
		"dd/MM/yyyyHHmm H",
		"dd/MM/yyyy 'T'HH:mm:ss.SSS",
		"dd/MM/yyyy'x'HH:mm",
		"dd/MM/yyyy HH:mm[",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(time_format_fault(good[i], false));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (time_format_fault(bad[i], false) == NULL) {
			fail_msg("\"%s\" is taken", bad[i]);
		}
	}
	assert_null(time_format_fault("yyyy-MM-dd HH:mmXXX", true));
	assert_non_null(time_format_fault("yyyy-MM-dd XXXHH:mm", true));
}

#define NUMBER(type) "{\"lit\": \"1\", \"type\": \"" type "\"}"
#define OF_TWO(fn, a, b, type) \
	"{\"fn\": \"" fn "\", \"args\": [" a ", " b "], \"type\": \"" type "\"}"

static void refuses_arithmetic_that_is_not_exact(void **state)
{
	struct bldr_value *tree = parse(
		OF_TWO("multiply", NUMBER("decimal(19,0)"), NUMBER("int64"), "decimal(38,0)"));
	struct arena arena = { 0 };
	const struct expr *e;
	(void)state;
	check_refused(&scope,
		      OF_TWO("multiply", NUMBER("int64"), "{\"col\": \"x\"}", "decimal(9,2)"),
		      "\"/args/1\": \"multiply\" takes int64 or decimal(p,s), found text");
	check_refused(&scope, OF_TWO("subtract", NUMBER("double"), NUMBER("int64"), "decimal(9,2)"),
		      "\"/args/0\": \"subtract\" takes int64 or decimal(p,s), found double");
	check_refused(&scope, OF_TWO("multiply", NUMBER("int64"), NUMBER("int64"), "int64"),
		      "\"/type\": \"multiply\" gives decimal(p,s)");
	check_refused(&scope,
		      OF_TWO("multiply", NUMBER("decimal(20,2)"), NUMBER("decimal(18,0)"),
			     "decimal(38,2)"),
		      "\"/args\": \"multiply\" of these may have 39 digits, 38 are exact");
	check_refused(&scope,
		      OF_TWO("subtract", NUMBER("decimal(30,0)"), NUMBER("decimal(20,19)"),
			     "decimal(38,2)"),
		      "\"/args\": \"subtract\" of these may have 50 digits, 38 are exact");
	check_refused(&scope,
		      "{\"fn\": \"multiply\", \"args\": [" NUMBER("int64") "], \"type\": \"int64\"}",
		      "\"/args\": \"multiply\" takes 2 arguments, found 1");
	assert_int_equal(expr_compile(tree, &scope, &arena, &e, NULL), 0);
	assert_int_equal(expr_type(e).precision, 38);
	arena_release(&arena);
	bldr_unref(tree);
}

static void refuses_wrong_types(void **state)
{
	(void)state;
	check_refused(&scope, "{\"fn\": \"date_key\", \"args\": [{\"col\": \"x\"}]}",
		      "\"/args/0\": \"date_key\" takes date, found text");
	check_refused(&scope,
		      "{\"fn\": \"trim\", \"args\": [{\"fn\": \"source_line\", \"args\": []}], "
		      "\"chars\": \" \"}",
		      "\"/args/0\": \"trim\" takes text, found int64");
	check_refused(&scope,
		      "{\"fn\": \"cast\", \"args\": [{\"fn\": \"source_line\", \"args\": []}], "
		      "\"type\": \"bool\"}",
		      "\"/args/0\": \"cast\" goes from text or to text, found int64");
	check_refused(&scope,
		      "{\"fn\": \"cast\", \"args\": [{\"lit\": \"1\", \"type\": \"double\"}], "
		      "\"type\": \"text\"}",
		      "\"/args/0\": a double has no exact text; cast to decimal(p,s) instead");
	check_refused(&scope,
		      "{\"fn\": \"surrogate_key\", \"table\": \"t\", \"args\": "
		      "[{\"col\": \"x\"}, {\"lit\": \"1\", \"type\": \"double\"}]}",
		      "\"/args/1\": a double has no exact text, so it cannot be part of a key; "
		      "cast to decimal(p,s) instead");
	check_refused(&scope,
		      "{\"fn\": \"coalesce\", \"args\": [{\"lit\": \"1\", \"type\": "
		      "\"decimal(10,2)\"}, {\"lit\": \"1\", \"type\": \"decimal(10,3)\"}]}",
		      "\"/args/1\": the first argument is decimal(10,2), so this must be, found "
		      "decimal(10,3)");
	check_refused(&scope,
		      "{\"fn\": \"lookup\", \"dimension\": \"dim_customer\", \"args\": "
		      "[{\"col\": \"x\"}], \"key\": {\"col\": \"x\"}}",
		      "\"/key\": a key is int64, found text");
}

#define LOOKUP_OVER(over)                                                                      \
	"{\"fn\": \"lookup\", \"dimension\": \"dim_customer\", \"args\": [{\"col\": \"x\"}], " \
	"\"key\": {\"fn\": \"source_line\", \"args\": []}, \"over\": " over "}"

static void refuses_hops_that_are_none(void **state)
{
	(void)state;
	check_refused(&scope, LOOKUP_OVER("[]"),
		      "\"/over\": expected a list of 1 to 64 hops, found list of 0 items");
	check_refused(&scope, LOOKUP_OVER("3"),
		      "\"/over\": expected a list of 1 to 64 hops, found integer 3");
	check_refused(&scope, LOOKUP_OVER("[{\"to\": {\"col\": \"x\"}}]"),
		      "\"/over/0\": lacks \"from\", a list of 1 to 64 expressions");
	check_refused(&scope, LOOKUP_OVER("[{\"from\": [], \"to\": {\"col\": \"x\"}}]"),
		      "\"/over/0/from\": expected a list of 1 to 64 expressions, found list of 0 "
		      "items");
	check_refused(&scope, LOOKUP_OVER("[{\"from\": [{\"col\": \"x\"}]}]"),
		      "\"/over/0\": lacks \"to\", an expression");
	check_refused(&scope,
		      LOOKUP_OVER("[{\"from\": [{\"col\": \"x\"}], \"to\": {\"col\": \"x\"}, "
				  "\"of\": \"a\"}]"),
		      "\"/over/0\": a hop has \"from\" and \"to\" alone");
	check_refused(&scope,
		      LOOKUP_OVER("[{\"from\": [{\"col\": \"x\"}, {\"col\": \"y\"}], \"to\": "
				  "{\"col\": \"x\"}}]"),
		      "\"/over/0/from/1/col\": no column \"y\" here");
	check_refused(&scope,
		      LOOKUP_OVER("[{\"from\": [{\"col\": \"x\"}], \"to\": {\"fn\": \"upper\"}}]"),
		      "\"/over/0/to/fn\": \"upper\" is not a function");
}

static void refuses_what_is_not_in_scope(void **state)
{
	const struct expr_scope empty = { 0 };
	(void)state;
	check_refused(&scope, "{\"col\": \"y\"}", "\"/col\": no column \"y\" here");
	check_refused(&scope, "{\"col\": \"x\", \"of\": \"orders\"}",
		      "\"/col\": no column \"x\" of \"orders\" here");
	check_refused(&empty, "{\"col\": \"x\"}", "\"/col\": no column \"x\" here");
	check_refused(&scope,
		      "{\"fn\": \"lookup\", \"dimension\": \"dim_x\", \"args\": [{\"col\": \"x\"}],"
		      " \"key\": {\"fn\": \"source_line\", \"args\": []}}",
		      "\"/dimension\": no dimension \"dim_x\" here");
	check_refused(&empty,
		      "{\"fn\": \"lookup\", \"dimension\": \"dim_customer\", "
		      "\"args\": [{\"lit\": \"1\", \"type\": \"text\"}],"
		      " \"key\": {\"fn\": \"source_line\", \"args\": []}}",
		      "\"/dimension\": no dimension \"dim_customer\" here");
	check_refused(&scope,
		      "{\"fn\": \"lookup\", \"dimension\": \"dim_customer\", \"args\": "
		      "[{\"col\": \"x\"}]}",
		      "\"/\": lacks \"key\", an expression of type int64");
}

static void refuses_literals_that_are_not_exact(void **state)
{
	(void)state;
	check_refused(&scope, "{\"lit\": \"x\", \"type\": \"int64\"}",
		      "\"/lit\": text \"x\" as int64: not an integer");
	check_refused(&scope, "{\"lit\": 3, \"type\": \"int64\"}",
		      "\"/lit\": expected a text or null, found integer 3");
	check_refused(&scope, "{\"lit\": \"1.005\", \"type\": \"decimal(10,2)\"}",
		      "\"/lit\": text \"1.005\" does not fit decimal(10,2) exactly");
	check_refused(&scope, "{\"lit\": \"2018-02-30\", \"type\": \"date\"}",
		      "\"/lit\": text \"2018-02-30\" as date: not a date as yyyy-MM-dd");
	check_refused(&scope, "{\"lit\": \"x\"}",
		      "\"/\": lacks \"type\", a type: text bool int64 decimal(p,s) double date "
		      "timestamp timestamp_ntz");
}

/* depth expressions, one in the other. */
static int compile_nested(unsigned depth, struct bldr_error *err)
{
	struct bldr_value *tree = parse("{\"col\": \"x\"}");
	struct arena arena = { 0 };
	const struct expr *e;
	for (unsigned i = 1; i < depth; i++) {
		struct bldr_value *outer = parse("{\"fn\": \"trim\", \"chars\": \" \"}");
		struct bldr_value *args = bldr_list();
		bldr_list_add(args, tree);
		bldr_object_set(outer, "args", args);
		tree = outer;
	}
	int rc = expr_compile(tree, &scope, &arena, &e, err);
	arena_release(&arena);
	bldr_unref(tree);
	return rc;
}

static void bounds_depth_and_arguments(void **state)
{
	struct bldr_error err = { 0 };
	struct arena arena = { 0 };
	const struct expr *e;
	(void)state;
	assert_int_equal(compile_nested(64, &err), 0);
	assert_int_equal(compile_nested(65, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text, "nested deeper than 64 expressions"));

	struct bldr_value *tree = parse("{\"fn\": \"coalesce\"}");
	struct bldr_value *args = bldr_list();
	for (int i = 0; i < 65; i++) {
		bldr_list_add(args, parse("{\"col\": \"x\"}"));
	}
	bldr_object_set(tree, "args", args);
	assert_int_equal(expr_compile(tree, &scope, &arena, &e, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, "\"/args\": \"coalesce\" takes 1 to 64 arguments, found 65");
	arena_release(&arena);
	bldr_unref(tree);
}

static void outlives_its_json(void **state)
{
	struct bldr_value *tree = parse("{\"fn\": \"null_if\", \"tokens\": [\"none\", \"\"], "
					"\"args\": [{\"lit\": \"none\", \"type\": \"text\"}]}");
	struct arena arena = { 0 };
	const struct expr_row row = { 0 };
	const struct expr *e;
	struct expr_value v;
	(void)state;
	assert_int_equal(expr_compile(tree, &scope, &arena, &e, NULL), 0);
	bldr_unref(tree);
	expr_eval(e, &row, &arena, &v);
	assert_true(v.null);
	assert_null(v.reason);
	arena_release(&arena);
}

static void date_formats(void **state)
{
	static const char *const good[] = { "yyyy-MM-dd", "d/M/yyyy",     "yyyyMMdd",
					    "MM.dd.yyyy", " dd MM yyyy.", "dd-yyyyMM",
					    "yy-MM-dd",   "yyyy-MMM-dd",  "yyyy,MM,dd" };
	static const char *const bad[] = {
		"",
		"yyyy-MM",
		"yyyy-MM-dd-dd",
		"yyy-MM-dd",
		"yyyyy-MM-dd",
		"yyyy-MM-ddd",
		"yyyy-MMMMM-dd",
		"yyyy-MM-dd[-]",
		"yyyy-MM-dd'T'",
		"yyyyMd",
		"Mdyyyy",
		"yyyyMdd",
		"dMM-yyyy",
		"yyyy-mm-dd",
		"YYYY-MM-dd",
		"yyyy-MM-dd HH",
		"yyyy'-'MMdd",
		"yyyy_MM_dd",
		"uuuu-MM-dd",
		"yyyy-MM-dd\n",
	};
	int32_t day;
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(date_format_fault(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(date_format_fault(bad[i]));
	}
	assert_non_null(date_format_fault("yyyy-MM-dd                               "));
	assert_false(expr_date_parse("yyyy-mm-dd", 0, "2018-01-05", 10, &day));
	assert_true(expr_date_parse("yyyy-MM-dd", 0, "1970-01-02 and more", 10, &day));
	assert_int_equal(day, 1);
	assert_false(expr_date_parse("yyyy-MM-dd", 0, "1970-01-02", 9, &day));
}

static void golden_rules_fit_the_schema(void **state)
{
	const struct asset *asset = asset_find("schemas/expression.schema.json");
	struct bldr_value *v;
	struct json_schema *schema;
	struct bldr_error err = { 0 };
	(void)state;
	assert_non_null(asset);
	assert_int_equal(bldr_value_parse((const char *)asset->data, asset->size, &v, &err), 0);
	assert_int_equal(json_schema_new(v, &schema, &err), 0);
	for (size_t i = 0; functions[i] != NULL; i++) {
		struct bldr_value *file = vector_file(functions[i]->name);
		const struct bldr_value *vectors = bldr_get(file, "vectors");
		for (size_t n = 0; n < bldr_count(vectors); n++) {
			const struct bldr_value *rule = bldr_get(bldr_at(vectors, n), "rule");
			if (json_schema_check(schema, rule, &err) < 0) {
				fail_msg("%s: %s", bldr_get_text(bldr_at(vectors, n), "name"),
					 err.text);
			}
		}
		bldr_unref(file);
	}
	json_schema_free(schema);
	bldr_unref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_expression),
		cmocka_unit_test(refuses_unknown_members),
		cmocka_unit_test(refuses_wrong_arguments),
		cmocka_unit_test(refuses_wrong_members),
		cmocka_unit_test(refuses_arithmetic_that_is_not_exact),
		cmocka_unit_test(refuses_wrong_types),
		cmocka_unit_test(refuses_hops_that_are_none),
		cmocka_unit_test(refuses_what_is_not_in_scope),
		cmocka_unit_test(refuses_literals_that_are_not_exact),
		cmocka_unit_test(bounds_depth_and_arguments),
		cmocka_unit_test(outlives_its_json),
		cmocka_unit_test(date_formats),
		cmocka_unit_test(time_formats),
		cmocka_unit_test(refuses_wrong_forms),
		cmocka_unit_test(golden_rules_fit_the_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
