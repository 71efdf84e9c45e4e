/*
 * Decimals and column types. The expected numbers are worked out by hand; what has 38 digits stands
 * at the limit, what has 39 is one beyond.
 */
#include "base_test.h"

#include "base/columntype.h"
#include "base/decimal.h"

#define NINES38 "99999999999999999999999999999999999999"
#define ZEROS37 "0000000000000000000000000000000000000"

static struct decimal decimal(const char *text)
{
	struct decimal d;
	if (!decimal_parse(text, strlen(text), &d)) {
		fail_msg("\"%s\" is not a decimal", text);
	}
	return d;
}

static void assert_decimal(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_MAX];
	decimal_text(d, text);
	assert_string_equal(text, expected);
}

static void round_trip(void **state)
{
	(void)state;
	static const char *const same[] = {
		"0",         "1",          "-1",          "0.0",        "0.05",
		"-0.05",     "12.340",     "100",         "-99.99",     NINES38,
		"-" NINES38, "0." NINES38, "-0." NINES38, "9." ZEROS37, "0." ZEROS37 "1",
		"1" ZEROS37,
	};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_decimal(decimal(same[i]), same[i]);
	}
	assert_decimal(decimal("+7"), "7");
	assert_decimal(decimal("-0"), "0");
	assert_decimal(decimal("-0.00"), "0.00");
	assert_decimal(decimal("007.50"), "7.50");
	assert_decimal(decimal(ZEROS37 "0000000000" NINES38), NINES38);
	assert_int_equal(decimal("12.340").scale, 3);
	assert_true(decimal("12.340").units == 12340);
}

static void not_a_decimal(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"-",
		"+",
		".",
		"-.",
		".5",
		"5.",
		"-.5",
		"1.2.3",
		"1..2",
		"1,5",
		" 1",
		"1 ",
		"1e3",
		"--1",
		"+-1",
		"1-",
		"0x10",
		"NaN",
		"\xD9\xA3",
		NINES38 "9",
		"1" ZEROS37 "0",
		"9." NINES38,
		"0." ZEROS37 "01",
		"0." ZEROS37 "00",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct decimal d = { .units = 77, .scale = 7 };
		if (decimal_parse(bad[i], strlen(bad[i]), &d)) {
			fail_msg("\"%s\" was accepted", bad[i]);
		}
		assert_true(d.units == 77 && d.scale == 7);
	}
	struct decimal d;
	assert_false(decimal_parse("1\0", 2, &d));
	assert_true(decimal_parse("123", 2, &d)); /* the size counts, not the NUL */
	assert_true(d.units == 12);
}

typedef bool operation(struct decimal, struct decimal, struct decimal *);

static void assert_operation(operation *op, const char *a, const char *b, const char *expected)
{
	struct decimal d = { .units = 77, .scale = 7 };
	if (expected != NULL) {
		assert_true(op(decimal(a), decimal(b), &d));
		assert_decimal(d, expected);
	} else {
		assert_false(op(decimal(a), decimal(b), &d));
		assert_true(d.units == 77 && d.scale == 7);
	}
}

static void sums(void **state)
{
	(void)state;
	assert_operation(decimal_add, "1.10", "2.205", "3.305");
	assert_operation(decimal_add, "0.1", "0.2", "0.3");
	assert_operation(decimal_add, "-5", "5.00", "0.00");
	assert_operation(decimal_add, "3", "-10.5", "-7.5");
	assert_operation(decimal_sub, "3", "10.5", "-7.5");
	assert_operation(decimal_sub, "-3", "-10.5", "7.5");
	assert_operation(decimal_sub, "1", "1", "0");
	assert_operation(decimal_add, NINES38, "0", NINES38);
	assert_operation(decimal_add, NINES38, "1", NULL);
	assert_operation(decimal_sub, "-" NINES38, "1", NULL);
	assert_operation(decimal_sub, NINES38, "1", "99999999999999999999999999999999999998");
	assert_operation(decimal_add, NINES38, "-" NINES38, "0");
	assert_operation(decimal_add, NINES38, "0.0", NULL); /* 39 digits at scale 1 */
	/* an intermediate of 39 digits may still have a sum of 38 */
	assert_operation(decimal_add,
			 "1900000000000000000000000000000000000"
			 "0",
			 "-9999999999999999999999999999999999999.9",
			 "9000000000000000000000000000000000000.1");
	assert_operation(decimal_add,
			 "2000000000000000000000000000000000000"
			 "0",
			 "-9999999999999999999999999999999999999.9", NULL);
	assert_operation(decimal_add, NINES38, "0." NINES38, NULL);
	assert_operation(decimal_add, "0", "0." NINES38, "0." NINES38);
}

static void products(void **state)
{
	(void)state;
	assert_operation(decimal_mul, "1.5", "-0.25", "-0.375");
	assert_operation(decimal_mul, "-2", "-3", "6");
	assert_operation(decimal_mul, "0", "-3.5", "0.0");
	assert_operation(decimal_mul, "9999999999999999999", "9999999999999999999",
			 "99999999999999999980000000000000000001");
	assert_operation(decimal_mul, "10000000000000000000", "9999999999999999999",
			 "99999999999999999990000000000000000000");
	assert_operation(decimal_mul, "10000000000000000000", "10000000000000000000", NULL);
	assert_operation(decimal_mul, NINES38, NINES38, NULL);
	assert_operation(decimal_mul, NINES38, "1", NINES38);
	assert_operation(decimal_mul, "0.0000000000000000001", "0.0000000000000000001",
			 "0." ZEROS37 "1");
	assert_operation(decimal_mul, "0.0000000000000000001", "0.00000000000000000001", NULL);
}

static void assert_rescaled(const char *from, uint8_t scale, const char *expected)
{
	struct decimal d = { .units = 77, .scale = 7 };
	if (expected != NULL) {
		assert_true(decimal_rescale(decimal(from), scale, &d));
		assert_decimal(d, expected);
	} else {
		assert_false(decimal_rescale(decimal(from), scale, &d));
		assert_true(d.units == 77 && d.scale == 7);
	}
}

static void rescaling(void **state)
{
	(void)state;
	assert_rescaled("1.005", 2, "1.01");
	assert_rescaled("-1.005", 2, "-1.01"); /* away from zero */
	assert_rescaled("1.0049", 2, "1.00");
	assert_rescaled("-1.0049", 2, "-1.00");
	assert_rescaled("0.5", 0, "1");
	assert_rescaled("-0.5", 0, "-1");
	assert_rescaled("0.49", 0, "0");
	assert_rescaled("-0.49", 0, "0");
	assert_rescaled("2.5", 0, "3"); /* not to even */
	assert_rescaled("9.99", 1, "10.0");
	assert_rescaled("1.5", 4, "1.5000");
	assert_rescaled("1.5", 1, "1.5");
	assert_rescaled("1", 37, "1." ZEROS37);
	assert_rescaled("1", 38, NULL);
	assert_rescaled("0", 38, "0." ZEROS37 "0");
	assert_rescaled("0", 39, NULL);
	assert_rescaled("0." NINES38, 0, "1");
	assert_rescaled("0.49999999999999999999999999999999999999", 0, "0");
	assert_rescaled("0.50000000000000000000000000000000000000", 0, "1");
	assert_rescaled("0." NINES38, 37, "1." ZEROS37);
}

static void comparing(void **state)
{
	(void)state;
	static const char *const rising[] = {
		"-" NINES38, "-2",      "-1.5", "-0." ZEROS37 "1", "0.00", "0." ZEROS37 "1",
		"0.1",       "0.10001", "1",    "1.00000001",      "9.9",  "10",
		NINES38,
	};
	size_t n = sizeof(rising) / sizeof(rising[0]);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			int expected = i < k ? -1 : i > k ? 1 : 0;
			assert_int_equal(decimal_compare(decimal(rising[i]), decimal(rising[k])),
					 expected);
		}
	}
	assert_int_equal(decimal_compare(decimal("1.50"), decimal("1.5")), 0);
	assert_int_equal(decimal_compare(decimal("-0.0"), decimal("0")), 0);
	assert_int_equal(decimal_compare(decimal("-1.50"), decimal("-1.5")), 0);
}

static void digits(void **state)
{
	(void)state;
	assert_int_equal(decimal_digits(decimal("0")), 1);
	assert_int_equal(decimal_digits(decimal("0.00")), 1);
	assert_int_equal(decimal_digits(decimal("-9")), 1);
	assert_int_equal(decimal_digits(decimal("10")), 2);
	assert_int_equal(decimal_digits(decimal("0.010")), 2);
	assert_int_equal(decimal_digits(decimal(NINES38)), 38);
}

static void column_types(void **state)
{
	(void)state;
	static const char *const good[] = { "text",         "bool",           "int64",
					    "decimal(1,0)", "decimal(38,38)", "decimal(10,2)",
					    "double",       "date",           "timestamp",
					    "timestamp_ntz" };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct column_type t;
		char text[COLUMN_TYPE_TEXT_MAX];
		assert_true(column_type_parse(good[i], &t));
		column_type_text(t, text);
		assert_string_equal(text, good[i]);
		for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++) {
			struct column_type other;
			assert_true(column_type_parse(good[k], &other));
			assert_int_equal(column_type_equal(t, other), i == k);
		}
	}
	static const char *const bad[] = { "",
					   "Text",
					   "text ",
					   "int",
					   "decimal",
					   "decimal()",
					   "decimal(0,0)",
					   "decimal(39,0)",
					   "decimal(10,11)",
					   "decimal(10, 2)",
					   "decimal(10,2",
					   "decimal(10,2) ",
					   "decimal(010,2)",
					   "decimal(10,02)",
					   "decimal(10,-1)",
					   "decimal(10)",
					   "decimal(100,2)",
					   "decimal(,2)",
					   "timestamp_tz" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct column_type t = { .kind = COLUMN_DATE };
		assert_false(column_type_parse(bad[i], &t));
		assert_int_equal(t.kind, COLUMN_DATE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(not_a_decimal),
		cmocka_unit_test(sums),       cmocka_unit_test(products),
		cmocka_unit_test(rescaling),  cmocka_unit_test(comparing),
		cmocka_unit_test(digits),     cmocka_unit_test(column_types),
	};
	return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
