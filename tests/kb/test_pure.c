/* What needs no file: names, masks, fingerprints, queries and ranks. Expected values by hand. */
#include "base/base_test.h"
#include "kb/fingerprint.h"
#include "kb/query.h"
#include "kb/rank.h"

static void masks_hold_no_letter_or_digit_of_a_value(void **state)
{
	static const struct {
		const char *value, *mask;
	} cases[] = {
		{ "", "" },
		{ "2018-01-31", "9-9-9" },
		{ "31/1/18", "9/9/9" },
		{ "31 Jan. 2018", "9 a. 9" },
		{ "2018-01-31T08:15:00Z", "9-9-9a9:9:9a" },
		{ "Zo\xc3\xab", "ax" },
		{ "\xe2\x82\xac 5,00", "x 9,9" },
		{ "a_b#c", "axaxa" },
		{ "\xff\xfe?", "x" },
		{ "--", "--" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char mask[KB_MASK_MAX];

		kb_mask(cases[i].value, mask);
		assert_string_equal(mask, cases[i].mask);
	}
}

static void a_mask_has_a_limit(void **state)
{
	char value[200];
	char mask[KB_MASK_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(value) - 1; i++) {
		value[i] = i % 2 == 0 ? '1' : '-';
	}
	value[sizeof(value) - 1] = '\0';
	kb_mask(value, mask);
	assert_int_equal(strlen(mask), KB_MASK_MAX - 1);
	value[KB_MASK_MAX - 1] = '\0'; /* just fits */
	kb_mask(value, mask);
	assert_int_equal(strlen(mask), KB_MASK_MAX - 1);
}

static void names_are_normalised(void **state)
{
	struct arena a = { 0 };
	char longest[KB_NAME_MAX + 10];

	(void)state;
	assert_string_equal(kb_name(&a, "Order Date"), "order_date");
	assert_string_equal(kb_name(&a, "  __Order--Date!! "), "order_date");
	assert_string_equal(kb_name(&a,
				    "Gr\xc3\xb6\xc3\x9f"
				    "e"),
			    "gr\xc3\xb6\xc3\x9f"
			    "e");
	assert_string_equal(kb_name(&a, "???"), "");
	assert_string_equal(kb_table_name(&a, "orders_2024_01"), "orders_9_9");
	assert_string_equal(kb_table_name(&a, "2024"), "9");
	assert_string_equal(kb_type(&a, "decimal(10,2)"), "decimal");
	assert_string_equal(kb_type(&a, "date"), "date");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(strlen(kb_name(&a, longest)), KB_NAME_MAX);
	arena_release(&a);
}

/* "name:type name:type" */
static struct kb_table table(struct arena *a, const char *name, const char *text)
{
	struct kb_table t = { .name = name };
	char *columns = arena_strdup(a, text);

	for (char *c = strsep(&columns, " "); c != NULL; c = strsep(&columns, " ")) {
		const char *column = strsep(&c, ":");

		*LIST_ADD(a, &t.columns) = (struct kb_column){ column, c };
	}
	return t;
}

static const char *print_of(struct arena *a, const char *name, const char *text)
{
	const struct kb_table t = table(a, name, text);
	const char *print = kb_table_fingerprint(a, &t);

	assert_int_equal(strlen(print), KB_FINGERPRINT_MAX - 1);
	return print;
}

static void fingerprints_are_of_the_shape(void **state)
{
	static const char shape[] = "id:int64 day:date amount:decimal(10,2)";
	static const char *const same[] = {
		"id:int64 day:date amount:decimal(10,2)",
		"amount:decimal(10,2) id:int64 day:date", /* another order */
		"ID:int64 Day:date Amount:decimal(12,4)",
	};
	static const char *const other[] = {
		"id:int64 day:text amount:decimal(10,2)",
		"id:int64 day:date",
		"id:int64 day:date amount2:decimal(10,2)",
		"id:int64 day:date amount:decimal(10,2) note:text",
	};
	struct arena a = { 0 };
	const char *print = print_of(&a, "orders_2024_01", shape);

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_string_equal(print_of(&a, "orders_2023_12", same[i]), print);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		assert_string_not_equal(print_of(&a, "orders_2024_01", other[i]), print);
	}
	assert_string_not_equal(print_of(&a, "payments_2024_01", shape), print);
	arena_release(&a);
}

static void a_source_is_its_tables_in_any_order(void **state)
{
	static const char *const one[] = { "a", "b" };
	static const char *const two[] = { "b", "a" };
	static const char *const three[] = { "a", "b", "c" };
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(kb_source_fingerprint(&a, one, 2), kb_source_fingerprint(&a, two, 2));
	assert_string_not_equal(kb_source_fingerprint(&a, one, 2),
				kb_source_fingerprint(&a, three, 3));
	assert_int_equal(strlen(kb_source_fingerprint(&a, NULL, 0)), KB_FINGERPRINT_MAX - 1);
	arena_release(&a);
}

static void assert_query(const char *text, const char *expected)
{
	struct arena a = { 0 };
	struct buf out;

	buf_init(&out, KB_QUERY_MAX);
	kb_query(text, &a, &out);
	assert_string_equal(out.data, expected);
	buf_release(&out);
	arena_release(&a);
}

static void text_is_never_syntax(void **state)
{
	(void)state;
	assert_query("", "");
	assert_query("the date of an order", "\"date\" OR \"order\"");
	assert_query("Order ORDER order_id", "\"order\" OR \"id\"");
	assert_query("title:x\" OR words:* NEAR(a b) -not ^x", "\"title\" OR \"words\" OR \"near\"");
	assert_query("'; DROP TABLE kb_item; --", "\"drop\" OR \"table\" OR \"kb\" OR \"item\"");
	assert_query("a b c ? *", "");
	assert_query("caf\xc3\xa9 \xff\xfe latte", "\"caf\xc3\xa9\" OR \"latte\"");
}

static void a_query_has_limits(void **state)
{
	struct arena a = { 0 };
	struct buf text, out;
	size_t quotes = 0;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_init(&out, KB_QUERY_MAX);
	for (int i = 0; i < 1000; i++) {
		buf_printf(&text, "w%0100d ", i); /* alike in what a word keeps */
		buf_printf(&text, "%dw%0100d ", 1000 + i, 1);
	}
	kb_query(text.data, &a, &out);
	assert_false(buf_failed(&out));
	for (const char *c = out.data; *c != '\0'; c++) {
		quotes += *c == '"';
	}
	assert_int_equal(quotes, 2 * KB_QUERY_WORDS_MAX);
	assert_int_equal(strcspn(out.data + 1, "\""), KB_QUERY_WORD_MAX);
	buf_release(&out);
	buf_release(&text);
	arena_release(&a);
}

static struct kb_item item(int64_t helped, int64_t hurt, int64_t updated_ms)
{
	return (struct kb_item){ .helped = helped, .hurt = hurt, .updated_ms = updated_ms };
}

static const int64_t day_ms = 86400000;

static void rank_is_a_product(void **state)
{
	const struct kb_match words = { .text = -2 };
	const struct kb_match half = { .text = -1 };
	const struct kb_match table_match = { .table = true };
	const struct kb_match source = { .table = true, .source = true };
	const struct kb_item fresh = item(0, 0, 1000 * day_ms);
	const struct kb_item good = item(3, 0, 1000 * day_ms);
	const struct kb_item bad = item(0, 1, 1000 * day_ms);
	const struct kb_item old = item(0, 0, 820 * day_ms);
	int64_t now = 1000 * day_ms;

	(void)state;
	assert_int_equal(kb_quality(&fresh), 500); /* 1/2 */
	assert_int_equal(kb_quality(&good), 800);  /* 4/5 */
	assert_int_equal(kb_quality(&bad), 333);   /* 1/3 */
	assert_true(kb_quality(&bad) < KB_QUALITY_MIN);
	assert_int_equal(kb_score(&fresh, &words, -2, now), 500);
	assert_int_equal(kb_score(&fresh, &half, -2, now), 250);
	assert_int_equal(kb_score(&good, &words, -2, now), 800);
	assert_int_equal(kb_score(&old, &words, -2, now), 250); /* 180 days: half */
	assert_int_equal(kb_score(&fresh, &table_match, 0, now), 625);
	assert_int_equal(kb_score(&fresh, &source, 0, now), 750);
	assert_int_equal(kb_score(&fresh, &half, 0, now), 1);   /* never nothing */
	assert_int_equal(kb_score(&fresh, &words, -2, 0), 500); /* a clock that went back */
}

static void what_is_nearly_the_same(void **state)
{
	struct kb_item x = { .kind = KB_GOLDEN,
			     .title = "star",
			     .words = "b1 b2 b3 b4 b5 b6 b7 b8 b9" };
	struct kb_item y = x;

	(void)state;
	assert_true(kb_near(&x, &y));
	y.words = "b9 b8 b7 b6 b5 b4 b3 b2 b1"; /* 10 of 10 */
	assert_true(kb_near(&x, &y));
	y.words = "b1 b2 b3 b4 b5 b6 b7 b8"; /* 9 of 10 */
	assert_true(kb_near(&x, &y));
	y.words = "b1 b2 b3 b4 b5 b6 b7"; /* 8 of 10 */
	assert_false(kb_near(&x, &y));
	y = x;
	y.kind = KB_CORRECTION;
	assert_false(kb_near(&x, &y));
	x.kind = KB_CORRECTION;
	assert_true(kb_near(&x, &y));
	y.title = "another column";
	assert_false(kb_near(&x, &y));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_hold_no_letter_or_digit_of_a_value),
		cmocka_unit_test(a_mask_has_a_limit),
		cmocka_unit_test(names_are_normalised),
		cmocka_unit_test(fingerprints_are_of_the_shape),
		cmocka_unit_test(a_source_is_its_tables_in_any_order),
		cmocka_unit_test(text_is_never_syntax),
		cmocka_unit_test(a_query_has_limits),
		cmocka_unit_test(rank_is_a_product),
		cmocka_unit_test(what_is_nearly_the_same),
	};

	return cmocka_run_group_tests_name("kb_pure", tests, NULL, NULL);
}
