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

/* {"null_if": {"trim": alias.name}}; more: tokens beyond the empty text. */
#define CLEANED(of, name, more)                                                                    \
	"{\"args\":[{\"args\":[{\"col\":\"" name "\"" of "}],\"chars\":\" \\t\xC2\xA0\xE2\x80\x87" \
	"\xE2\x80\xAF\",\"fn\":\"trim\"}],\"fn\":\"null_if\",\"tokens\":[\"\"" more "]}"
#define OF(alias) ",\"of\":\"" alias "\""

static struct column_profile text_column(const char *name)
{
	return (struct column_profile){ .name = name, .type = "text" };
}

/* A key over two hops, the first of two columns, one of which has a null token. */
static void keys_over_hops(void **state)
{
	static const char part[] = CLEANED(OF("v"), "p", "");
	static const char *a_b[] = { "a", "b" }, *k_l[] = { "k", "l" }, *c[] = { "c" },
			  *m[] = { "m" };
	struct token_count none = { .token = "n/a" };
	struct hop hops[] = {
		{ .table = "t",
		  .columns = { .at = a_b, .n = 2 },
		  .to_table = "u",
		  .to_columns = { .at = k_l, .n = 2 } },
		{ .table = "u",
		  .columns = { .at = c, .n = 1 },
		  .to_table = "v",
		  .to_columns = { .at = m, .n = 1 } },
	};
	struct column_profile of_t[] = { text_column("a"), text_column("b") };
	struct column_profile of_u[] = { text_column("c") };
	struct column_profile of_v[] = { text_column("p") };
	struct table_profile tables[] = {
		{ .table = "t", .columns = { .at = of_t, .n = 2 } },
		{ .table = "u", .columns = { .at = of_u, .n = 1 } },
		{ .table = "v", .columns = { .at = of_v, .n = 1 } },
	};
	struct origin own = { .kind = ORIGIN_COLUMN, .table = "v", .column = "p" };
	struct origin over = {
		.kind = ORIGIN_PATH, .table = "v", .column = "p", .hops = { .at = hops, .n = 2 }
	};
	struct design_column member = {
		.name = "p",
		.role = ROLE_BUSINESS_KEY,
		.type = "text",
		.origins = { .at = &own, .n = 1 },
	};
	struct design_column key = {
		.name = "p_key",
		.role = ROLE_DIMENSION_KEY,
		.type = "int64",
		.dimension = "dim_p",
		.origins = { .at = &over, .n = 1 },
	};
	struct design_table targets[] = {
		{ .name = "dim_p",
		  .kind = TABLE_DIMENSION,
		  .source = "v",
		  .columns = { .at = &member, .n = 1 } },
		{ .name = "fact_t",
		  .kind = TABLE_FACT,
		  .source = "t",
		  .columns = { .at = &key, .n = 1 } },
	};
	struct profile profile = { .tables = { .at = tables, .n = 3 } };
	struct design design = { .tables = { .at = targets, .n = 2 } };
	struct sources sources = { 0 };
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct sttm sttm;

	(void)state;
	*LIST_ADD(&a, &of_t[1].null_tokens) = none;
	assert_int_equal(map_design(&sources, &profile, &design, NULL, 0, &a, &sttm, &err), 0);
	const struct bldr_value *rule = sttm.tables.at[1].columns.at[0].rule;
	char *args = bldr_value_text(bldr_get(rule, "args"));
	char *text = bldr_value_text(bldr_get(rule, "over"));
	assert_string_equal(args, arena_printf(&a, "[%s]", part));
	assert_string_equal(
		text,
		"[{\"from\":[" CLEANED("", "a", "") "," CLEANED("", "b", ",\"n/a\"") "],\"to\":" CLEANED(
			OF("u"), "k",
			"") "},"
			    "{\"from\":[" CLEANED(OF("u"), "c",
						  "") "],\"to\":" CLEANED(OF("v"), "m", "") "}]");
	assert_int_equal(sttm.tables.at[1].joins.n, 2);
	free(args);
	free(text);
	arena_release(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(amounts),
		cmocka_unit_test(times),
		cmocka_unit_test(keys_over_hops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
