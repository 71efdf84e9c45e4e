/*
 * The two back ends that write: PySpark text and prose, against lines written by hand. That Spark
 * agrees with the text is shown by tests/spark/test_expression_vectors.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expr/expr.h"

static const char *name_column(void *user, const char *alias, const char *column)
{
	(void)user;
	return strcmp(alias, "u") == 0 ? "u.`first name`" : column;
}

static const char *name_lookup(void *user, const char *dimension)
{
	(void)user;
	return strcmp(dimension, "dim_customer") == 0 ? "customer_key" : "?";
}

static const struct expr_pyspark names = { .column = name_column, .lookup = name_lookup };

static struct bldr_value *parse(const char *text)
{
	struct bldr_error err = { 0 };
	struct bldr_value *v;
	if (bldr_value_parse(text, strlen(text), &v, &err) < 0) {
		fail_msg("%s: %s", text, err.text);
	}
	return v;
}

/* A rule and what both back ends say of it. */
static void check(const char *rule, const char *pyspark, const char *prose)
{
	struct bldr_value *tree = parse(rule);
	struct bldr_error err = { 0 };
	struct buf out;
	buf_init(&out, 1 << 16);
	if (expr_pyspark(tree, &names, &out, &err) < 0) {
		fail_msg("%s", err.text);
	}
	assert_string_equal(out.data, pyspark);
	buf_clear(&out);
	assert_int_equal(expr_prose(tree, &out, &err), 0);
	assert_string_equal(out.data, prose);
	buf_release(&out);
	bldr_unref(tree);
}

#define X "{\"col\": \"x\"}"
#define TRIMMED "{\"fn\": \"trim\", \"args\": [" X "], \"chars\": \" \"}"
#define ID "{\"fn\": \"cast\", \"args\": [" X "], \"type\": \"int64\"}"
#define DAY "{\"fn\": \"calendar_day\", \"args\": []}"

static void rows(void **state)
{
	(void)state;
	check(X, "F.col(\"x\")", "x");
	check("{\"col\": \"a\\\"b\\\\\"}", "F.col(\"a\\\"b\\\\\")", "a\"b\\");
	check("{\"col\": \"first name\", \"of\": \"u\"}", "F.col(\"u.`first name`\")",
	      "u.first name");
	check("{\"fn\": \"source_file\", \"args\": []}", "F.col(\"_source_file\")",
	      "path of the source file");
	check("{\"fn\": \"source_line\", \"args\": []}", "F.col(\"_source_line\")",
	      "line in the source file");
	check(DAY, "F.col(\"calendar_day\")", "day of the calendar");
}

static void literals(void **state)
{
	(void)state;
	check("{\"lit\": \"it's \\\"so\\\"\", \"type\": \"text\"}", "F.lit(\"it's \\\"so\\\"\")",
	      "\"it's \\\"so\\\"\"");
	check("{\"lit\": \"a\\nb\\u0007\\u00a0\\u202e\\ud83d\\ude00\", \"type\": \"text\"}",
	      "F.lit(\"a\\nb\\x07\\xa0\\u202e😀\")", "\"a\\nb\\x07\\xa0\\u202e😀\"");
	check("{\"lit\": null, \"type\": \"int64\"}", "F.lit(None).cast(\"bigint\")", "null");
	check("{\"lit\": \"007\", \"type\": \"int64\"}", "F.lit(7).cast(\"bigint\")", "7");
	check("{\"lit\": \"Y\", \"type\": \"bool\"}", "F.lit(True)", "true");
	check("{\"lit\": \"1.5\", \"type\": \"decimal(5,2)\"}",
	      "F.lit(\"1.50\").cast(\"decimal(5,2)\")", "1.50");
	check("{\"lit\": \"2018-01-05\", \"type\": \"date\"}",
	      "F.lit(\"2018-01-05\").cast(\"date\")", "2018-01-05");
}

static void texts(void **state)
{
	(void)state;
	check(TRIMMED, "F.btrim(F.col(\"x\"), F.lit(\" \"))", "x, trimmed of blanks");
	check("{\"fn\": \"trim\", \"args\": [" X "], \"chars\": \"\\t\\u00a0*\"}",
	      "F.btrim(F.col(\"x\"), F.lit(\"\\t\\xa0*\"))",
	      "x, trimmed of tabs and no-break blanks and \"*\"");
	check("{\"fn\": \"trim\", \"args\": [" X "], \"chars\": \" \\t\\u00a0\\u2007\\u202f\"}",
	      "F.btrim(F.col(\"x\"), F.lit(\" \\t\\xa0\\u2007\\u202f\"))", "x, trimmed");
	check("{\"fn\": \"null_if\", \"args\": [" TRIMMED "], \"tokens\": [\"\"]}",
	      "F.nullif(F.btrim(F.col(\"x\"), F.lit(\" \")), F.lit(\"\"))",
	      "x, trimmed of blanks, null if empty");
	check("{\"fn\": \"null_if\", \"args\": [" X "], \"tokens\": [\"\", \"N/A\"]}",
	      "F.when(~F.col(\"x\").isin(\"\", \"N/A\"), F.col(\"x\"))",
	      "x, null if empty or \"N/A\"");
	check("{\"fn\": \"coalesce\", \"args\": [" X ", " TRIMMED "]}",
	      "F.coalesce(F.col(\"x\"), F.btrim(F.col(\"x\"), F.lit(\" \")))",
	      "first that is not null of x and (x, trimmed of blanks)");
	check("{\"fn\": \"trim\", \"args\": [{\"fn\": \"coalesce\", \"args\": [" X "]}], "
	      "\"chars\": \" \"}",
	      "F.btrim(F.coalesce(F.col(\"x\")), F.lit(\" \"))",
	      "(first that is not null of x), trimmed of blanks");
}

static void casts(void **state)
{
	(void)state;
	check(ID, "F.regexp_substr(F.col(\"x\"), F.lit(r\"\\A[+-]?\\d+\\z\")).try_cast(\"bigint\")",
	      "x as int64");
	check("{\"fn\": \"cast\", \"args\": [" TRIMMED "], \"type\": \"decimal(10,2)\"}",
	      "F.regexp_substr(F.btrim(F.col(\"x\"), F.lit(\" \")), "
	      "F.lit(r\"\\A[+-]?\\d+(\\.\\d+)?\\z\")).try_cast(\"decimal(10,2)\")",
	      "x, trimmed of blanks, as decimal(10,2)");
	check("{\"fn\": \"cast\", \"args\": [" ID "], \"type\": \"text\"}",
	      "F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A[+-]?\\d+\\z\")).try_cast(\"bigint\").cast(\"string\")",
	      "x as int64, as text");
}

#define BLANK "[ \\t\\xa0\\u2007\\u202f]"
#define UNIT "(?:\\$|EUR|%)"
#define FRONT "(?:(?:\\$|EUR)" BLANK "?)?"
#define NUMBER "(?:(?:0|[1-9]\\d*|[1-9]\\d{0,2}(?:\\.\\d{3})+)(?:,\\d{1,2})?|,\\d{1,2})"
#define BEHIND "(?:" BLANK "?" UNIT ")?"

static void amounts(void **state)
{
	(void)state;
	check("{\"fn\": \"parse_amount\", \"args\": [" X
	      "], \"decimal\": \".\", \"type\": \"int64\"}",
	      "F.regexp_replace(F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A[+-]?(?:0|[1-9]\\d*)\\z\")), r\"[^-(\\d.]\", \"\")"
	      ".try_cast(\"bigint\")",
	      "x read as an amount 1234.5, as int64");
	check("{\"fn\": \"parse_amount\", \"args\": [" TRIMMED "], \"decimal\": \",\", \"group\": "
	      "\".\", \"currencies\": [\"$\", \"EUR\"], \"percent\": true, \"parentheses\": true, "
	      "\"type\": \"decimal(10,2)\"}",
	      "F.translate(F.regexp_replace(F.regexp_replace(F.regexp_substr("
	      "F.btrim(F.col(\"x\"), F.lit(\" \")), F.lit(r\"\\A(?!.*[+-].*[+-])(?!.*" UNIT
	      ".*" UNIT ")(?:[+-]?" FRONT "[+-]?" NUMBER BEHIND "|" FRONT "\\(" FRONT NUMBER BEHIND
	      "\\)" BEHIND ")\\z\")), r\"[^-(\\d,]\", \"\"), "
	      "r\"\\A(?:[-(](.*)|(.+)-)\\z\", r\"-$1$2\"), \",\", \".\")"
	      ".try_cast(\"decimal(10,2)\")",
	      "x, trimmed of blanks, read as an amount 1.234,5 with $ or EUR, percent as points, "
	      "negative in parentheses, as decimal(10,2)");
}

static void times(void **state)
{
	(void)state;
	check("{\"fn\": \"parse_timestamp\", \"args\": [" X
	      "], \"formats\": [\"dd/MM/yyyy HH:mm[:ss]\"], \"type\": \"timestamp_ntz\"}",
	      "F.try_to_timestamp(F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A\\d{2}/\\d{2}/(?!0000)\\d{4} \\d{2}:\\d{2}(?::\\d{2})?\\z\")), "
	      "F.lit(\"dd/MM/yyyy HH:mm[:ss]\")).cast(\"timestamp_ntz\")",
	      "x read as a time dd/MM/yyyy HH:mm[:ss]");
	check("{\"fn\": \"date_key\", \"args\": [{\"fn\": \"written_date\", \"args\": [" X
	      "], \"formats\": [\"d.M.yyyy h:mm a\"]}]}",
	      "F.date_format(F.try_to_timestamp(F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A\\d{1,2}\\.\\d{1,2}\\.(?!0000)\\d{4} "
	      "\\d{1,2}:\\d{2} (?i:[AP]M)\\z\")), "
	      "F.lit(\"d.M.yyyy h:mm a\")).cast(\"date\"), \"yyyyMMdd\").cast(\"bigint\")",
	      "yyyymmdd of (date written in x as d.M.yyyy h:mm a)");
	check("{\"fn\": \"parse_date\", \"args\": [" X
	      "], \"formats\": [\"dd.MM.yy\"], \"pivot\": 45}",
	      "F.coalesce(F.try_to_timestamp(F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A\\d{2}\\.\\d{2}\\.(?:[0-3]\\d|4[0-4])\\z\")), "
	      "F.lit(\"dd.MM.yy\")).cast(\"date\"), "
	      "F.add_months(F.try_to_timestamp(F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A\\d{2}\\.\\d{2}\\.(?:4[5-9]|[5-9]\\d)\\z\")), "
	      "F.lit(\"dd.MM.yy\")).cast(\"date\"), -1200))",
	      "x read as a date dd.MM.yy (yy from 45 on is 19yy)");
}

static void dates(void **state)
{
	(void)state;
	check("{\"fn\": \"parse_date\", \"args\": [" X "], \"formats\": [\"d.M.yyyy\"]}",
	      "F.try_to_timestamp(F.regexp_substr(F.col(\"x\"), "
	      "F.lit(r\"\\A\\d{1,2}\\.\\d{1,2}\\.(?!0000)\\d{4}\\z\")), "
	      "F.lit(\"d.M.yyyy\")).cast(\"date\")",
	      "x read as a date d.M.yyyy");
	check("{\"fn\": \"date_key\", \"args\": [" DAY "]}",
	      "F.date_format(F.col(\"calendar_day\"), \"yyyyMMdd\").cast(\"bigint\")",
	      "yyyymmdd of day of the calendar");
	check("{\"fn\": \"date_part\", \"args\": [" DAY "], \"part\": \"iso_weekday\"}",
	      "(F.weekday(F.col(\"calendar_day\")) + 1).cast(\"bigint\")",
	      "ISO weekday (Monday is 1) of day of the calendar");
	check("{\"fn\": \"date_part\", \"args\": [" DAY "], \"part\": \"day_of_year\"}",
	      "F.dayofyear(F.col(\"calendar_day\")).cast(\"bigint\")",
	      "day of the year of day of the calendar");
}

static void keys(void **state)
{
	(void)state;
	check("{\"fn\": \"surrogate_key\", \"table\": \"dim|x\", \"args\": [" DAY ", " X "]}",
	      "F.xxhash64(F.concat_ws(\"|\", F.lit(\"dim\\\\|x\"), "
	      "F.coalesce(F.col(\"calendar_day\").cast(\"string\"), F.lit(\"\\\\0\")), "
	      "F.coalesce(F.regexp_replace(F.col(\"x\"), r\"([\\\\|])\", r\"\\\\$1\"), "
	      "F.lit(\"\\\\0\")))).bitwiseAND(F.lit(0x7FFFFFFFFFFFFFFF))",
	      "surrogate key of dim|x for day of the calendar and x");
	check("{\"fn\": \"lookup\", \"dimension\": \"dim_customer\", \"args\": [" X ", " DAY "], "
	      "\"key\": {\"fn\": \"date_key\", \"args\": [" DAY "]}}",
	      "F.when(F.col(\"x\").isNull() | F.col(\"calendar_day\").isNull(), "
	      "F.lit(-2)).otherwise(F.coalesce(F.col(\"customer_key\"), F.lit(-1)))",
	      "key of dim_customer for x and day of the calendar; -1 if not there, -2 if null");
	check("{\"fn\": \"lookup\", \"dimension\": \"dim_customer\", \"args\": [" X "], "
	      "\"key\": {\"fn\": \"date_key\", \"args\": [" DAY "]}, \"over\": ["
	      "{\"from\": [" X ", " DAY "], \"to\": " X "}, {\"from\": [" DAY "], \"to\": " X "}]}",
	      "F.when(F.col(\"x\").isNotNull() & F.col(\"calendar_day\").isNotNull() & "
	      "F.col(\"x\").isNull(), F.lit(-1))"
	      ".when(F.col(\"calendar_day\").isNotNull() & F.col(\"x\").isNull(), F.lit(-1))"
	      ".when(F.col(\"x\").isNull(), F.lit(-2))"
	      ".otherwise(F.coalesce(F.col(\"customer_key\"), F.lit(-1)))",
	      "key of dim_customer for x over x and day of the calendar, then day of the calendar; "
	      "-1 if not there, -2 if null");
}

static void prose_is_one_line(void **state)
{
	(void)state;
	check("{\"col\": \"a\\nb\"}", "F.col(\"a\\nb\")", "a\\x0ab");
}

static void errors(void **state)
{
	struct bldr_error err = { 0 };
	struct buf out;
	struct bldr_value *bad = parse("{\"fn\": \"date_key\", \"args\": [" X "]}");
	struct bldr_value *good = parse(ID);
	(void)state;
	buf_init(&out, 16);
	assert_int_equal(expr_pyspark(bad, &names, &out, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, "\"/args/0\": \"date_key\" takes date, found text");
	assert_int_equal(expr_prose(bad, &out, &err), BLDR_E_INVALID);
	assert_int_equal(out.size, 0);
	assert_int_equal(expr_pyspark(good, &names, &out, &err), BLDR_E_LIMIT);
	buf_release(&out);
	buf_init(&out, 3);
	assert_int_equal(expr_prose(good, &out, &err), BLDR_E_LIMIT);
	buf_release(&out);
	bldr_unref(bad);
	bldr_unref(good);
}

/* null_if with two tokens names its argument twice: 2^50 columns must end as an error, and soon. */
static void doubling_is_bounded(void **state)
{
	struct bldr_error err = { 0 };
	struct bldr_value *tree = parse(X);
	struct buf out;
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct bldr_value *outer =
			parse("{\"fn\": \"null_if\", \"tokens\": [\"\", \"-\"]}");
		struct bldr_value *args = bldr_list();
		bldr_list_add(args, tree);
		bldr_object_set(outer, "args", args);
		tree = outer;
	}
	buf_init(&out, 1 << 20);
	assert_int_equal(expr_pyspark(tree, &names, &out, &err), BLDR_E_LIMIT);
	buf_release(&out);
	bldr_unref(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(literals),
		cmocka_unit_test(texts),
		cmocka_unit_test(casts),
		cmocka_unit_test(amounts),
		cmocka_unit_test(times),
		cmocka_unit_test(dates),
		cmocka_unit_test(keys),
		cmocka_unit_test(prose_is_one_line),
		cmocka_unit_test(errors),
		cmocka_unit_test(doubling_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
