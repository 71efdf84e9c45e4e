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
	assert_int_equal(f->checks.n, 2);
	for (size_t i = 0; i < f->checks.n; i++) {
		const struct finding *c = &f->checks.at[i];
		assert_in(html, escaped(b, c->subject));
		assert_in(html, escaped(b, c->expected));
		assert_in(html, escaped(b, c->provenance));
		assert_in(html, escaped(b, c->proves));
	}
	assert_in(html, "orders.csv line 3: 01/02/2018 became 2018-01-02");
	assert_in(html, "the mapping reads MM/dd/yyyy");
	assert_in(html, "<h3>1 error</h3>");
	assert_in(html, "<h3>1 check passed</h3>");
	assert_true(strstr(html, "<h3>1 error</h3>") < strstr(html, "<h3>1 check passed</h3>"));
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
		TEST(test_nothing_at_all),
		TEST(test_a_page_that_is_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
