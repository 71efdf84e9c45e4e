/*
 * The report of the hand-written artefacts in tests/golden/artefacts: nothing that they hold is missing, nothing from
 * data is markup, nothing is endless. test_report.py looks at the same page as a browser would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"
#include "agents/rendering.h"

#define ELLIPSIS "\xE2\x80\xA6"

struct bench {
	struct arena arena;
	struct rendering rendering;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	const char *root = getenv("BLDR_ROOT");
	struct bldr_error err;

	*state = b;
	const char *folder =
		arena_printf(&b->arena, "%s/tests/golden/artefacts", root != NULL ? root : ".");
	int rc = rendering_read(folder, &b->arena, &b->rendering, &err);
	if (rc < 0) {
		print_error("%s\n", err.text);
	}
	return rc;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	arena_release(&b->arena);
	free(b);
	return 0;
}

/* The page, kept by the bench. */
static const char *page(struct bench *b)
{
	struct bldr_error err;
	char *html = rendering_html(&b->rendering, &b->arena, &err);
	if (html == NULL) {
		fail_msg("%s", err.text);
	}
	const char *kept = arena_strdup(&b->arena, html);
	free(html);
	return kept;
}

static const char *escaped(struct bench *b, const char *text)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	report_escape(&out, text, strlen(text));
	const char *kept = arena_strdup(&b->arena, out.data);
	buf_release(&out);
	return kept;
}

#define assert_in(html, text)                                        \
	do {                                                         \
		if (strstr((html), (text)) == NULL) {                \
			fail_msg("\"%s\" is not in the page", text); \
		}                                                    \
	} while (0)
#define assert_not_in(html, text)                                \
	do {                                                     \
		if (strstr((html), (text)) != NULL) {            \
			fail_msg("\"%s\" is in the page", text); \
		}                                                \
	} while (0)

/* ---- words ---- */

static void test_numbers_are_grouped(void **state)
{
	struct arena *a = &((struct bench *)*state)->arena;
	assert_string_equal(report_number(a, 0), "0");
	assert_string_equal(report_number(a, 999), "999");
	assert_string_equal(report_number(a, 1000), "1,000");
	assert_string_equal(report_number(a, -123456), "-123,456");
	assert_string_equal(report_number(a, INT64_MAX), "9,223,372,036,854,775,807");
	assert_string_equal(report_number(a, INT64_MIN), "-9,223,372,036,854,775,808");
	assert_string_equal(report_count(a, 1, "row"), "1 row");
	assert_string_equal(report_count(a, 0, "row"), "0 rows");
	assert_string_equal(report_count(a, 1234, "row"), "1,234 rows");
}

static void test_text_is_cut_to_a_width(void **state)
{
	struct arena *a = &((struct bench *)*state)->arena;
	assert_string_equal(report_fit(a, "", 4), "");
	assert_string_equal(report_fit(a, "four", 4), "four");
	assert_string_equal(report_fit(a, "fives", 4), "fiv" ELLIPSIS);
	/* two letters of two bytes and one cell each, then one of two cells */
	assert_string_equal(report_fit(a, "\xC3\xA4\xC3\xB6z", 3), "\xC3\xA4\xC3\xB6z");
	assert_string_equal(report_fit(a, "\xE6\x97\xA5\xE6\x9C\xAC", 4),
			    "\xE6\x97\xA5\xE6\x9C\xAC");
	assert_string_equal(report_fit(a, "\xE6\x97\xA5\xE6\x9C\xAC", 3), "\xE6\x97\xA5" ELLIPSIS);
	assert_int_equal(report_cells("a\xE6\x97\xA5"), 3);
}

static void test_what_is_printed_is_escaped(void **state)
{
	struct bench *b = *state;
	assert_string_equal(escaped(b, "<script>alert('1' & \"2\")</script>"),
			    "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
	assert_string_equal(escaped(b, "Z\xC3\xBCrich \xF0\x9F\x98\x80"),
			    "Z\xC3\xBCrich \xF0\x9F\x98\x80");
	/* line feed, escape and delete become their pictures U+240A, U+241B and U+2421 */
	assert_string_equal(escaped(b, "a\nb\x1B\x7F"),
			    "a\xE2\x90\x8A"
			    "b\xE2\x90\x9B\xE2\x90\xA1");
}

static void test_long_text_is_cut_at_a_character(void **state)
{
	struct bench *b = *state;
	char text[2 * 1001 + 1] = { 0 };
	for (size_t i = 0; i < 1001; i++) {
		text[2 * i] = '\xC3';
		text[2 * i + 1] = '\xA4';
	}
	const char *cut = escaped(b, text);
	assert_int_equal(strlen(cut), 2 * 1000 + strlen(ELLIPSIS));
	assert_string_equal(cut + 2 * 1000, ELLIPSIS);
	text[2 * 1000] = '\0';
	assert_string_equal(escaped(b, text), text);
}

static void test_direction_cannot_be_turned(void **state)
{
	struct bench *b = *state;
	assert_string_equal(escaped(b, "a\xE2\x80\xAEtxt.exe"), "a[U+202E]txt.exe");
	assert_string_equal(escaped(b, "\xE2\x81\xA6x\xE2\x81\xA9"), "[U+2066]x[U+2069]");
	/* its neighbours U+2029 and U+202F stay, and so does right-to-left text */
	assert_string_equal(escaped(b, "\xE2\x80\xA9\xE2\x80\xAF"), "\xE2\x80\xA9\xE2\x80\xAF");
	assert_string_equal(escaped(b, "\xD7\xA9\xD7\x9C"), "\xD7\xA9\xD7\x9C");
}

/* ---- the page ---- */

static void test_every_check_is_told(void **state)
{
	struct bench *b = *state;
	const struct findings *f = &b->rendering.findings;
	const char *html = page(b);
	assert_int_equal(f->checks.n, 4);
	for (size_t i = 0; i < f->checks.n; i++) {
		const struct finding *c = &f->checks.at[i];
		assert_in(html, escaped(b, c->subject));
		assert_in(html, escaped(b, c->expected));
		assert_in(html, escaped(b, c->provenance));
		assert_in(html, escaped(b, c->proves));
	}
	assert_in(html, "orders.csv line 3: 01/02/2018 became 2018-01-02");
	assert_in(html, "the mapping reads MM/dd/yyyy");
	assert_in(html, "<h3>3 errors</h3>");
	assert_in(html, "<h3>1 check passed</h3>");
	assert_true(strstr(html, "<h3>3 errors</h3>") < strstr(html, "<h3>1 check passed</h3>"));
	assert_in(html, "is beyond both");
}

static void test_every_target_column_is_told(void **state)
{
	struct bench *b = *state;
	const struct sttm *sttm = &b->rendering.sttm;
	const char *html = page(b);
	size_t columns = 0;
	for (size_t i = 0; i < sttm->tables.n; i++) {
		for (size_t k = 0; k < sttm->tables.at[i].columns.n; k++) {
			const struct sttm_column *c = &sttm->tables.at[i].columns.at[k];
			assert_in(html,
				  arena_printf(&b->arena, "<th scope=\"row\"><code>%s</code></th>",
					       escaped(b, c->target)));
			assert_in(html, escaped(b, c->prose));
			columns++;
		}
	}
	assert_int_equal(columns, 16);
}

static void test_decisions_and_rounds_are_told(void **state)
{
	struct bench *b = *state;
	static const char text[] =
		"[{\"next\":\"analyst.map\",\"reason\":\"the contract is frozen\"},"
		"{\"next\":\"analyst.map\",\"reason\":\"<b>again</b>\"},"
		"{\"next\":\"__end__\",\"reason\":\"done\"}]";
	struct bldr_value *decisions;
	assert_int_equal(bldr_value_parse(text, strlen(text), &decisions, NULL), 0);
	b->rendering.decisions = artefact_keep(&b->arena, decisions);
	const char *html = page(b);
	assert_in(html, "mapping round 1");
	assert_in(html, "mapping round 2");
	assert_in(html, "&lt;b&gt;again&lt;/b&gt;");
	assert_not_in(html, "__end__");
}

static void test_a_row_count_that_differs_is_marked(void **state)
{
	struct bench *b = *state;
	static const char mark[] = "\xE2\x89\xA0 "; /* not equal */
	assert_not_in(page(b), mark);
	b->rendering.contract.tables.at[2].rows = 1234567;
	const char *html = page(b);
	assert_in(html, "1,234,567");
	assert_in(html, "\xE2\x89\xA0 3<");
}

static void test_one_failed_check_of_each_severity(void **state)
{
	struct bench *b = *state;
	struct findings *f = &b->rendering.findings;
	struct finding failed = f->checks.at[1];
	f->checks.n = 0;
	failed.severity = SEVERITY_INFO;
	failed.subject = "subject_of_info";
	*LIST_ADD(&b->arena, &f->checks) = failed;
	failed.severity = SEVERITY_ERROR;
	failed.subject = "subject_of_error";
	*LIST_ADD(&b->arena, &f->checks) = failed;
	failed.severity = SEVERITY_WARNING;
	failed.subject = "subject_of_warning";
	*LIST_ADD(&b->arena, &f->checks) = failed;

	const char *html = page(b);
	const char *error = strstr(html, "subject_of_error");
	const char *warning = strstr(html, "subject_of_warning");
	const char *info = strstr(html, "subject_of_info");
	assert_non_null(error);
	assert_non_null(warning);
	assert_non_null(info);
	assert_true(error < warning && warning < info);
	assert_in(html, "1 error found");
	assert_in(html, "1 error, 1 warning, 1 note");
	assert_in(html, "<h3>1 warning</h3>");
	assert_in(html, "<h3>1 note</h3>");
	assert_not_in(html, "passed</h3>"); /* what is only told has not passed, nor failed */
}

static void test_ten_thousand_characters(void **state)
{
	struct bench *b = *state;
	char text[10001];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	b->rendering.findings.checks.at[1].found = text;
	b->rendering.profile.tables.at[0].columns.at[0].max = text;
	b->rendering.profile.tables.at[0].columns.at[0].name = text;
	b->rendering.sttm.tables.at[0].columns.at[0].target = text;
	b->rendering.design.tables.at[0].columns.at[0].name = text;
	b->rendering.design.tables.at[0].name = text;
	const char *html = page(b);
	text[1001] = '\0';
	assert_not_in(html, text);
	text[1000] = '\0';
	assert_in(html, arena_printf(&b->arena, "%s" ELLIPSIS, text));
}

static void test_many_rejected_records_are_counted_not_all_listed(void **state)
{
	struct bench *b = *state;
	struct table_profile *t = &b->rendering.profile.tables.at[1];
	struct profile_rejected one = t->rejected.at[0];
	t->rejected.n = 0;
	t->rejected_rows = 5000;
	for (int i = 0; i < 20; i++) {
		one.line = 100000 + i;
		*LIST_ADD(&b->arena, &t->rejected) = one;
	}
	const char *html = page(b);
	assert_in(html, "5,000 rejected records");
	assert_in(html, "100,000");
	assert_in(html, "100,019");
	assert_in(html, "4,980 more");
}

/* ---- plots: places are pixels of 180 by 40, the strip above 5 high, the chart below 31 ---- */

static void add_quantile(struct arena *a, struct column_profile *c, const char *at,
			 const char *value)
{
	*LIST_ADD(a, &c->quantiles) = (struct quantile){ .at = at, .value = value };
}

static void add_top(struct arena *a, struct column_profile *c, const char *token, int64_t count)
{
	*LIST_ADD(a, &c->top) = (struct token_count){ .token = token, .count = count };
}

/* "look x y width height" of every rectangle, each followed by a semicolon. */
static const char *drawn(struct arena *a, const struct column_profile *c, int64_t rows)
{
	struct bldr_value *plot = report_plot(c, rows, "p", a);
	const struct bldr_value *rects = bldr_get(plot, "rects");
	const char *text = "";

	for (size_t i = 0; i < bldr_count(rects); i++) {
		const struct bldr_value *r = bldr_at(rects, i);
		text = arena_printf(a, "%s%s %lld %lld %lld %lld;", text, bldr_get_text(r, "look"),
				    (long long)bldr_get_int(r, "x", -1),
				    (long long)bldr_get_int(r, "y", -1),
				    (long long)bldr_get_int(r, "width", -1),
				    (long long)bldr_get_int(r, "height", -1));
	}
	bldr_unref(plot);
	return text;
}

static void test_a_plot_of_few_values_has_a_bar_for_each(void **state)
{
	struct arena *a = &((struct bench *)*state)->arena;
	struct column_profile c = {
		.name = "n", .type = "int64", .nulls = 10, .nonconforming = 10, .distinct = 2
	};
	add_top(a, &c, "10", 60); /* numbers stand in their order, not in that of their counts */
	add_top(a, &c, "9", 20);
	assert_string_equal(drawn(a, &c, 100),
			    "fit 0 0 144 5;unfit 144 0 18 5;none 162 0 18 5;"
			    "value 0 30 22 10;value 24 9 22 31;");
	c.type =
		"text"; /* words stand as they come, and the others, 40, are cut to the highest bar */
	c.nonconforming = 0;
	c.top.at[0].count = 30;
	assert_string_equal(drawn(a, &c, 100),
			    "fit 0 0 162 5;none 162 0 18 5;"
			    "value 0 9 22 31;value 24 20 22 20;others 48 9 22 31;");
}

static void test_a_plot_of_many_values_is_a_box_between_the_quartiles(void **state)
{
	struct arena *a = &((struct bench *)*state)->arena;
	struct column_profile c = { .name = "n",
				    .type = "decimal(5,2)",
				    .distinct = 1000,
				    .min = "-100.00",
				    .max = "100.00" };
	add_quantile(a, &c, "0.25", "-50.00");
	add_quantile(a, &c, "0.50", "0.00");
	add_quantile(a, &c, "0.75", "100.00");
	assert_string_equal(drawn(a, &c, 1000),
			    "fit 0 0 180 5;whisker 0 24 180 1;whisker 0 20 1 8;whisker 179 20 1 8;"
			    "half 45 16 135 16;median 90 16 2 16;");
	c.type =
		"date"; /* 31 + 29 + 31 = 91 of 364 days are a quarter, 182 half, 273 three quarters */
	c.min = "2024-01-01";
	c.max = "2024-12-30";
	c.quantiles.at[0].value = "2024-04-01";
	c.quantiles.at[1].value = "2024-07-01";
	c.quantiles.at[2].value = "2024-09-30";
	assert_string_equal(drawn(a, &c, 1000),
			    "fit 0 0 180 5;whisker 0 24 180 1;whisker 0 20 1 8;whisker 179 20 1 8;"
			    "half 45 16 90 16;median 90 16 2 16;");
	c.type = "timestamp_ntz"; /* noon of four days: 0, 1/4, 1/2, 1 of 48 hours */
	c.min = "2024-01-01T12:00:00.000000";
	c.max = "2024-01-03T12:00:00.000000";
	c.quantiles.at[0].value = "2024-01-02T00:00:00.000000";
	c.quantiles.at[1].value = "2024-01-02T12:00:00.000000";
	c.quantiles.at[2].value = "2024-01-03T12:00:00.000000";
	assert_string_equal(drawn(a, &c, 1000),
			    "fit 0 0 180 5;whisker 0 24 180 1;whisker 0 20 1 8;whisker 179 20 1 8;"
			    "half 45 16 135 16;median 90 16 2 16;");
}

static void test_a_plot_of_the_largest_numbers(void **state)
{
	struct arena *a = &((struct bench *)*state)->arena;
	struct column_profile c = { .name = "n",
				    .type = "decimal(38,0)",
				    .distinct = 1000,
				    .min = "-99999999999999999999999999999999999999",
				    .max = "99999999999999999999999999999999999999" };
	add_quantile(a, &c, "0.25", "-50000000000000000000000000000000000000");
	add_quantile(a, &c, "0.5", "1");
	add_quantile(a, &c, "0.75", "99999999999999999999999999999999999999");
	const char *text = drawn(a, &c, 1000);
	assert_true(strstr(text, "half 45 ") != NULL || strstr(text, "half 44 ") != NULL);
	assert_true(strstr(text, "median 90 ") != NULL || strstr(text, "median 89 ") != NULL);
	/* what cannot be placed is not drawn, and nothing at all is a plot of nothing */
	c.quantiles.at[1].value = "not a number";
	assert_string_equal(drawn(a, &c, 1000), "fit 0 0 180 5;");
	c = (struct column_profile){ .name = "n", .type = "text" };
	assert_string_equal(drawn(a, &c, 0), "");
	c.nulls = INT64_MAX;
	assert_string_equal(drawn(a, &c, INT64_MAX), "none 0 0 180 5;");
}

static void test_how_numbers_are_written_is_told(void **state)
{
	struct bench *b = *state;
	const char *html = page(b);
	assert_in(html,
		  "decimal mark ,, groups by ., currency \xE2\x82\xAC, percent points, "
		  "parentheses for minus, minus behind (12 values have both marks)");
	assert_in(html, "2 values with blanks around");
	assert_in(html, "3 values with leading zeros");
	assert_in(html, "1 do not conform");
	assert_in(html, "2 duplicate records");
	assert_in(html, "gzip of utf-8, one JSON object per line, 3 lines above the records");
	assert_in(html, "three lines above the header");
	assert_in(html, "of several records with one key");
	/* of the five records of the golden file that were read: rejected and duplicate ones stand out */
	assert_in(
		html,
		"<td data-label=\"duplicates\" class=\"number\"><strong class=\"warn\">1</strong>");
}

static void test_nothing_at_all(void **state)
{
	struct bench *b = *state;
	struct rendering nothing = { 0 };
	nothing.findings.verdict = "validated";
	nothing.evaluation.verdict = "validated";
	nothing.evaluation.score = "1.00";
	nothing.deployment.target = "embedded";
	nothing.deployment.warehouse = "warehouse.db";
	b->rendering = nothing;
	assert_in(page(b), "No check was made");
}

static void test_a_page_that_is_too_large(void **state)
{
	struct bench *b = *state;
	const struct rendering *r = &b->rendering;
	const struct report_input in = {
		.sources = &r->sources,
		.profile = &r->profile,
		.design = &r->design,
		.contract = &r->contract,
		.sttm = &r->sttm,
		.pipeline = &r->pipeline,
		.deployment = &r->deployment,
		.findings = &r->findings,
		.evaluation = &r->evaluation,
		.decisions = r->decisions,
	};
	struct bldr_error err = { 0 };
	struct buf out;
	buf_init(&out, 4096);
	assert_int_equal(report_render(&in, &b->arena, &out, &err), BLDR_E_LIMIT);
	assert_int_equal(out.size, 0);
	buf_release(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers_are_grouped),
		TEST(test_text_is_cut_to_a_width),
		TEST(test_what_is_printed_is_escaped),
		TEST(test_long_text_is_cut_at_a_character),
		TEST(test_direction_cannot_be_turned),
		TEST(test_every_check_is_told),
		TEST(test_every_target_column_is_told),
		TEST(test_decisions_and_rounds_are_told),
		TEST(test_a_row_count_that_differs_is_marked),
		TEST(test_one_failed_check_of_each_severity),
		TEST(test_ten_thousand_characters),
		TEST(test_many_rejected_records_are_counted_not_all_listed),
		TEST(test_a_plot_of_few_values_has_a_bar_for_each),
		TEST(test_a_plot_of_many_values_is_a_box_between_the_quartiles),
		TEST(test_a_plot_of_the_largest_numbers),
		TEST(test_how_numbers_are_written_is_told),
		TEST(test_nothing_at_all),
		TEST(test_a_page_that_is_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
