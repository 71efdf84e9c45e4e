/* How a column's profile becomes the rule that reads it. Expected rules are written by hand; each is compiled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expr/expr.h"
#include "warehouse/warehouse.h"

#define TRIMMED \
	"{\"args\":[{\"col\":\"x\"}],\"chars\":\" \\t\xC2\xA0\xE2\x80\x87\xE2\x80\xAF\",\"fn\":\"trim\"}"
#define X "{\"args\":[" TRIMMED "],\"fn\":\"null_if\",\"tokens\":[\"\"]}"
#define FORMATS(...)                                                \
	{                                                           \
		.at = (struct date_format[]){ __VA_ARGS__ }, .n = 1 \
	}

static bool any_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	(void)alias;
	(void)column;
	*ret_slot = 0;
	return true;
}

/* The rule of an attribute of this type over column t.x. */
static void assert_rule(struct column_profile column, const char *type, const char *expected)
{
	static const struct expr_scope scope = { .column = any_column };
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct profile profile = { 0 };
	struct design design = { 0 };
	struct sources sources = { 0 };
	struct sttm sttm;
	const struct expr *e;

	column.name = "x";
	*LIST_ADD(&a, &profile.tables) = (struct table_profile){ .table = "t" };
	*LIST_ADD(&a, &profile.tables.at[0].columns) = column;
	struct design_column target = { .name = "y", .role = ROLE_ATTRIBUTE, .type = type };
	*LIST_ADD(&a, &target.origins) =
		(struct origin){ .kind = ORIGIN_COLUMN, .table = "t", .column = "x" };
	struct design_table *table = LIST_ADD(&a, &design.tables);
	*table = (struct design_table){ .name = "fact_t", .kind = TABLE_FACT, .source = "t" };
	*LIST_ADD(&a, &table->columns) = target;

	assert_int_equal(map_design(&sources, &profile, &design, NULL, 0, &a, &sttm, &err), 0);
	const struct bldr_value *rule = sttm.tables.at[0].columns.at[0].rule;
	char *text = bldr_value_text(rule);
	assert_string_equal(text, expected);
	free(text);
	assert_int_equal(expr_compile(rule, &scope, &a, &e, &err), 0);
	arena_release(&a);
}

static void plain(void **state)
{
	(void)state;
	assert_rule((struct column_profile){ .type = "int64" }, "text", X);
	assert_rule((struct column_profile){ .type = "int64" }, "int64",
		    "{\"args\":[" X "],\"fn\":\"cast\",\"type\":\"int64\"}");
}

static void amounts(void **state)
{
	static const char *currencies[] = { "$", "EUR" };
	struct number_format all = { .decimal_mark = ",",
				     .group_mark = ".",
				     .currencies = { .at = currencies, .n = 2 },
				     .percent = true,
				     .parentheses = true,
				     .trailing_minus = true };
	struct number_format bare = { .decimal_mark = ",", .group_mark = "" };

	(void)state;
	assert_rule((struct column_profile){ .type = "decimal(10,2)", .number = &all },
		    "decimal(10,2)",
		    "{\"args\":[" X "],\"currencies\":[\"$\",\"EUR\"],\"decimal\":\",\","
		    "\"fn\":\"parse_amount\",\"group\":\".\",\"parentheses\":true,\"percent\":true,"
		    "\"trailing_minus\":true,\"type\":\"decimal(10,2)\"}");
	assert_rule((struct column_profile){ .type = "int64", .number = &bare }, "int64",
		    "{\"args\":[" X
		    "],\"decimal\":\",\",\"fn\":\"parse_amount\",\"type\":\"int64\"}");
	assert_rule((struct column_profile){ .type = "int64", .number = &bare }, "text", X);
}

static void times(void **state)
{
	struct column_profile iso = { .type = "timestamp_ntz" };
	struct column_profile instants = { .type = "timestamp" };
	struct column_profile written = { .type = "timestamp_ntz",
					  .date_formats = FORMATS({ "d.M.yyyy H:mm[:ss]", 9 }) };
	struct column_profile days = { .type = "date", .date_formats = FORMATS({ "dd/MM/yy", 9 }) };

	(void)state;
	assert_rule(iso, "timestamp_ntz",
		    "{\"args\":[" X "],\"fn\":\"cast\",\"type\":\"timestamp_ntz\"}");
	assert_rule(iso, "date", "{\"args\":[" X "],\"fn\":\"written_date\"}");
	assert_rule(instants, "timestamp",
		    "{\"args\":[" X "],\"fn\":\"cast\",\"type\":\"timestamp\"}");
	assert_rule(instants, "date", "{\"args\":[" X "],\"fn\":\"written_date\"}");
	assert_rule(written, "timestamp_ntz",
		    "{\"args\":[" X "],\"fn\":\"parse_timestamp\",\"formats\":[\"d.M.yyyy "
		    "H:mm[:ss]\"],\"type\":\"timestamp_ntz\"}");
	assert_rule(written, "date",
		    "{\"args\":[" X "],\"fn\":\"written_date\",\"formats\":[\"d.M.yyyy "
		    "H:mm[:ss]\"]}");
	assert_rule(days, "date",
		    "{\"args\":[" X "],\"fn\":\"parse_date\",\"formats\":[\"dd/MM/yy\"],"
		    "\"pivot\":70}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(amounts),
		cmocka_unit_test(times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
