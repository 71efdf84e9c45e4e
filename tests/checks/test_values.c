/* The Tester's typing. Expected values are written by hand from calendars, RFC 3339 and DESIGN 6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checks/amount.h"
#include "checks/values.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct column_type type(const char *text)
{
	struct column_type t;
	assert_true(column_type_parse(text, &t));
	return t;
}

/* NULL: not a number. */
static void amounts_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int scale;
		const char *expected;
	} cases[] = {
		{ "1000", 0, "1000" },
		{ " -12.5\t", 2, "-12.50" },
		{ "+7", 0, "7" },
		{ "-0", 0, "0" },
		{ "-0.00", 2, "0.00" },
		{ ".5", 1, "0.5" },
		{ "5.", 1, "5.0" },
		{ "0.005", 2, "0.01" },
		{ "-0.005", 2, "-0.01" },
		{ "0.0049", 2, "0.00" },
		{ "2.675", 2, "2.68" },
		{ "$1,234,567.89", 2, "1234567.89" },
		{ "\xE2\x82\xAC"
		  "12.00",
		  2, "12.00" },
		{ "-$3.50", 2, "-3.50" },
		{ "99999999999999999999999999999999999999", 0,
		  "99999999999999999999999999999999999999" },
		{ "100000000000000000000000000000000000000", 0, NULL },
		{ "99999999999999999999999999999999999999", 1, NULL },
		{ "(5.00)", 2, "-5.00" },
		{ "($5.00)", 2, "-5.00" },
		{ "$-5", 0, "-5" },
		{ "5.00-", 2, "-5.00" },
		{ "- 5", 0, NULL },
		{ "--5", 0, NULL },
		{ "(-5)", 0, NULL },
		{ "(5", 0, NULL },
		{ "12 USD", 0, "12" },
		{ "CHF\xC2\xA0"
		  "1'234.50",
		  2, "1234.50" },
		{ "$5$", 0, NULL },
		{ "19 %", 0, "19" },
		{ "10%", 0, "10" },
		{ "\xC2\xA0"
		  "7\xE2\x80\xAF",
		  0, "7" },
		{ "1\xE2\x80\xAF"
		  "234\xE2\x80\xAF"
		  "567",
		  0, "1234567" },
		{ "1 234,567", 0, NULL },
		{ "0,123", 0, NULL },
		{ "1,234567", 0, NULL },
		{ "12,34", 0, NULL },
		{ "1234,567", 0, NULL },
		{ ",123", 0, NULL },
		{ "1,2345", 0, NULL },
		{ "", 0, NULL },
		{ "-", 0, NULL },
		{ ".", 0, NULL },
		{ "1e3", 0, NULL },
		{ "1 2", 0, NULL },
		{ "12\n", 0, NULL },
	};
	for (size_t i = 0; i < N(cases); i++) {
		struct amount v;
		char text[AMOUNT_TEXT_MAX];
		bool ok = amount_parse(cases[i].text, &v) && amount_rescale(v, cases[i].scale, &v);
		if (cases[i].expected == NULL) {
			assert_false(ok);
			continue;
		}
		assert_true(ok);
		amount_text(v, text);
		assert_string_equal(text, cases[i].expected);
	}
}

static void marks_are_decided_by_all_values(void **state)
{
	(void)state;
	static const struct {
		const char *values[4];
		const char *typed; /* decimal(12,3) of the first value */
	} cases[] = {
		/* a value with two marks decides, so does a mark twice */
		{ { "1.234", "1.234,50 \xE2\x82\xAC" }, "1234.000" },
		{ { "1.234", "3.103.932" }, "1234.000" },
		{ { "1,234", "1,234.50" }, "1234.000" },
		/* a mark not in front of three digits, or behind a zero, is decimal */
		{ { "1,250", "0,245" }, "1.250" },
		{ { "1,250", "24,5" }, "1.250" },
		{ { "1,250", "1250,125" }, "1.250" },
		{ { "1,250", "24.5" }, "1250.000" },
		/* nothing decides: groups, but plain numbers are plain */
		{ { "1,250", "2,000" }, "1250.000" },
		{ { "1.250 \xE2\x82\xAC", "2.000 \xE2\x82\xAC" }, "1250.000" },
		{ { "1.250", "2.000" }, "1.250" },
		{ { "1.250", "2.000", "n.v." }, "1.250" },
		/* the few do not turn the many */
		{ { "1,5", "2,5", "3.5" }, "1.500" },
	};
	struct arena a = { 0 };
	for (size_t i = 0; i < N(cases); i++) {
		size_t n = 0;
		while (n < 4 && cases[i].values[n] != NULL) {
			n++;
		}
		struct column_decision d;
		column_decide(cases[i].values, n, &a, &d);
		assert_string_equal(value_typed(&d, type("decimal(12,3)"), cases[i].values[0], &a),
				    cases[i].typed);
	}
	arena_release(&a);
}

static void a_sum_beyond_38_digits_is_refused(void **state)
{
	(void)state;
	struct amount most, one, sum;
	assert_true(amount_parse("99999999999999999999999999999999999999", &most));
	assert_true(amount_parse("1", &one));
	assert_false(amount_add(most, one, &sum));
	assert_true(amount_parse("-1", &one));
	assert_true(amount_add(most, one, &sum));
}

static void values_are_typed(void **state)
{
	(void)state;
	static const struct {
		const char *type, *text, *expected;
	} cases[] = {
		{ "int64", " 007 ", "7" },
		{ "int64", "-3", "-3" },
		{ "int64", "3.0", "3" },
		{ "int64", "3.5", NULL },
		{ "int64", "9223372036854775807", "9223372036854775807" },
		{ "int64", "9223372036854775808", NULL },
		{ "int64", "-9223372036854775808", "-9223372036854775808" },
		{ "int64", "12a", NULL },
		{ "decimal(5,2)", "12.5", "12.50" },
		{ "decimal(5,2)", "999.994", "999.99" },
		{ "decimal(5,2)", "999.995", NULL },
		{ "decimal(5,2)", "1000", NULL },
		{ "decimal(38,0)", "99999999999999999999999999999999999999",
		  "99999999999999999999999999999999999999" },
		{ "decimal(9,2)", "(\xE2\x82\xAC 5,50)", "-5.50" },
		{ "date", "31.12.2024 23:59", "2024-12-31" },
		{ "timestamp_ntz", "31.12.2024 23:59", "2024-12-31T23:59:00.000000" },
		{ "timestamp_ntz", "12/31/2024 23:59:01", "2024-12-31T23:59:01.000000" },
		{ "date",
		  "\xC2\xA0"
		  "2024-12-31\xE2\x80\xAF",
		  "2024-12-31" },
		{ "bool", "Yes", "true" },
		{ "bool", "F", "false" },
		{ "bool", "0", "false" },
		{ "bool", "2", NULL },
		{ "text", "  a b\t", "a b" },
		{ "text", "NULL", NULL },
		{ "text", "N/A", NULL },
		{ "text", "\\N", NULL },
		{ "text", "nullable", "nullable" },
		{ "double", "1e3", "1000" },
		{ "double", "0.1", "0.10000000000000001" },
		{ "double", "nan", NULL },
		{ "double", "0x10", NULL },
		{ "double", "1e999", NULL },
		{ "date", "2018-01-05", "2018-01-05" },
		{ "date", "2018-02-29", NULL },
		{ "date", "2016-02-29", "2016-02-29" },
		{ "date", "2020-05-30T23:57:37-02:00", "2020-05-30" },
		{ "timestamp", "2020-05-30T23:57:37-02:00", "2020-05-31T01:57:37.000000Z" },
		{ "timestamp", "2020-01-01T00:30:00+05:45", "2019-12-31T18:45:00.000000Z" },
		{ "timestamp", "2011-05-31 00:00:00", "2011-05-31T00:00:00.000000Z" },
		{ "timestamp_ntz", "2014-02-08 10:01:36.827", "2014-02-08T10:01:36.827000" },
		{ "timestamp_ntz", "2014-02-08 10:01:36.1234569", "2014-02-08T10:01:36.123456" },
		{ "timestamp_ntz", "2014-02-08 24:00:00", NULL },
		{ "timestamp_ntz", "2014-02-08 10:61:00", NULL },
	};
	struct arena a = { 0 };
	for (size_t i = 0; i < N(cases); i++) {
		struct column_decision d;
		column_decide(&cases[i].text, 1, &a, &d);
		const char *found = value_typed(&d, type(cases[i].type), cases[i].text, &a);
		if (cases[i].expected == NULL) {
			assert_null(found);
		} else {
			assert_non_null(found);
			assert_string_equal(found, cases[i].expected);
		}
	}
	arena_release(&a);
}

struct order_case {
	const char *values[4];
	const char *format, *typed; /* of the first value */
};

static void the_order_of_dates_is_decided_by_all_values(void **state)
{
	(void)state;
	static const struct order_case cases[] = {
		{ { "2018-01-05", "2018-03-02" }, "yyyy-MM-dd", "2018-01-05" },
		{ { "2018-05-01", "2018-13-02" }, "yyyy-dd-MM", "2018-01-05" },
		{ { "05/01/2018", "13/01/2018" }, "dd/MM/yyyy", "2018-01-05" },
		{ { "01/05/2018", "01/13/2018" }, "MM/dd/yyyy", "2018-01-05" },
		{ { "1/5/2018", "1/13/2018" }, "M/d/yyyy", "2018-01-05" },
		{ { "09/07/94", "09/14/94" }, "MM/dd/yy", "1994-09-07" },
		{ { "17-06-2013", "21-09-2015" }, "dd-MM-yyyy", "2013-06-17" },
		{ { "17-JUN-03", "01-dec-2003" }, "dd-MMM-yy", "2003-06-17" },
		{ { "04-FEB-2021 13.20.22.245676861" }, "dd-MMM-yyyy", "2021-02-04" },
		{ { "20180105", "20181231" }, "yyyyMMdd", "2018-01-05" },
		/* nothing but days up to 12: the number that varies more is the day */
		{ { "01/02/2018", "03/02/2018", "05/02/2018" }, "dd/MM/yyyy", "2018-02-01" },
		{ { "02/01/2018", "02/03/2018", "02/05/2018" }, "MM/dd/yyyy", "2018-02-01" },
		/* nothing tells: slashes are month first, all else is day first */
		{ { "01/02/2018", "02/01/2018" }, "MM/dd/yyyy", "2018-01-02" },
		{ { "01.02.2018", "02.01.2018" }, "dd.MM.yyyy", "2018-02-01" },
		/* one odd value does not turn the column */
		{ { "05/01/2018", "13/01/2018", "14/02/2018", "01/31/2018" },
		  "dd/MM/yyyy",
		  "2018-01-05" },
	};
	struct arena a = { 0 };
	for (size_t i = 0; i < N(cases); i++) {
		size_t n = 0;
		while (n < 4 && cases[i].values[n] != NULL) {
			n++;
		}
		struct column_decision d;
		column_decide(cases[i].values, n, &a, &d);
		assert_true(d.dates.dates);
		assert_string_equal(d.dates.format, cases[i].format);
		assert_string_equal(value_typed(&d, type("date"), cases[i].values[0], &a),
				    cases[i].typed);
	}
	static const char *const words[] = { "lunch", "12", "2018-99-99" };
	struct column_decision d;
	column_decide(words, N(words), &a, &d);
	assert_false(d.dates.dates);
	assert_null(value_typed(&d, type("date"), "2018-99-99", &a));
	arena_release(&a);
}

static void half_days_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "2018-01-05 12:15 AM", "2018-01-05T00:15:00.000000" },
		{ "2018-01-05 12:15 PM", "2018-01-05T12:15:00.000000" },
		{ "2018-01-05 1:15:09pm", "2018-01-05T13:15:09.000000" },
		{ "2018-01-05 13:15 PM", NULL },
		{ "2018-01-05 0:15 AM", NULL },
		{ "2018-01-05 1:15 XM", NULL },
		{ "2018-01-05 lunch", NULL },
		{ "2018-01/05", NULL },
	};
	for (size_t i = 0; i < N(cases); i++) {
		struct stamp s;
		char text[STAMP_TEXT_MAX];
		bool ok = stamp_parse(cases[i].text, ORDER_YMD, &s) && stamp_text(s, false, text);
		assert_int_equal(ok, cases[i].expected != NULL);
		if (ok) {
			assert_string_equal(text, cases[i].expected);
		}
	}
}

static void null_tokens_are_decided_per_column(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct column_decision d;

	static const char *const countries[] = { "DE", "NA", "US", "" };
	column_decide(countries, N(countries), &a, &d);
	assert_false(value_is_null(&d, "NA"));
	assert_true(value_is_null(&d, " "));

	static const char *const cities[] = { "Berlin", "NA", "Bonn" };
	column_decide(cities, N(cities), &a, &d);
	assert_true(value_is_null(&d, "NA"));

	static const char *const discounts[] = { "percent", "none", "fixed" };
	column_decide(discounts, N(discounts), &a, &d);
	assert_false(value_is_null(&d, "none"));
	assert_true(value_is_null(&d, "None"));

	static const char *const numbers[] = { "1", "none", "2.5" };
	column_decide(numbers, N(numbers), &a, &d);
	assert_true(value_is_null(&d, "none"));
	assert_true(d.number);

	static const char *const phones[] = { "0301", "-", "--", "#N/A" };
	column_decide(phones, N(phones), &a, &d);
	assert_true(value_is_null(&d, "\xC2\xA0-"));
	assert_true(value_is_null(&d, "--"));
	assert_true(value_is_null(&d, "#N/A"));

	static const char *const signs[] = { "+", "-", "*" };
	column_decide(signs, N(signs), &a, &d);
	assert_false(value_is_null(&d, "-"));

	static const char *const measures[] = { "1.5", "NaN", "2e3" };
	column_decide(measures, N(measures), &a, &d);
	assert_true(value_is_null(&d, "nan"));
	static const char *const breads[] = { "pita", "nan" };
	column_decide(breads, N(breads), &a, &d);
	assert_false(value_is_null(&d, "nan"));

	static const char *const codes[] = { "0736", "0877" };
	column_decide(codes, N(codes), &a, &d);
	assert_false(d.number);
	arena_release(&a);
}

static void joins_compare_numbers_as_numbers(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct column_decision d = { .nulls = NULL_EMPTY };
	assert_string_equal(value_joined(&d, true, "3.0", &a), "3");
	assert_string_equal(value_joined(&d, true, " +3", &a), "3");
	assert_string_equal(value_joined(&d, false, " 3.0 ", &a), "3.0");
	assert_null(value_joined(&d, true, " ", &a));
	arena_release(&a);
}

static void a_canon_is_escaped(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100);
	canon_add(&b, "dim_x");
	canon_add(&b, "a|b");
	canon_add(&b, "c\\");
	canon_add(&b, NULL);
	canon_add(&b, "");
	assert_string_equal(b.data, "dim_x|a\\|b|c\\\\|\\0|");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_are_exact),
		cmocka_unit_test(marks_are_decided_by_all_values),
		cmocka_unit_test(a_sum_beyond_38_digits_is_refused),
		cmocka_unit_test(values_are_typed),
		cmocka_unit_test(the_order_of_dates_is_decided_by_all_values),
		cmocka_unit_test(half_days_are_read),
		cmocka_unit_test(null_tokens_are_decided_per_column),
		cmocka_unit_test(joins_compare_numbers_as_numbers),
		cmocka_unit_test(a_canon_is_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
