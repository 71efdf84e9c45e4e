/* bldr.json as people write it, rightly and wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "artefact/overrides.h"
#include "base/check.h"
#include "base/file.h"
#include "scratch.h"

struct bench {
	struct scratch folder;
	struct arena a;
	struct overrides o;
	const struct bldr_value *value;
	struct bldr_error err;
};

static int set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	scratch_make(&b->folder);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	scratch_remove(&b->folder);
	arena_release(&b->a);
	free(b);
	return 0;
}

static int read_text(struct bench *b, const char *text)
{
	assert_int_equal(
		file_write(scratch_file(&b->folder, "bldr.json"), text, strlen(text), &b->err), 0);
	return overrides_read(b->folder.path, &b->a, &b->o, &b->value, &b->err);
}

static void refused(struct bench *b, const char *text, const char *message)
{
	assert_int_equal(read_text(b, text), BLDR_E_INVALID);
	assert_string_equal(b->err.text, message);
}

static const char whole[] =
	"{\n"
	"  // the stock list of the old system\n"
	"  \"files\": {\n"
	"    \"stock.txt\": {\"delimiter\": \"|\", \"quote\": \"\", \"preamble_lines\": 3,\n"
	"                  \"header\": true, \"not_rows\": [\"TOTAL\"]},\n"
	"    \"old.csv\": {\"skip\": true},\n"
	"  },\n"
	"  \"tables\": {\n"
	"    \"orders\": {\n"
	"      \"role\": \"fact\", \"key\": [\"id\"], \"not_keys\": [[\"day\", \"user\"]],\n"
	"      \"foreign_keys\": [{\"columns\": [\"user\"], \"to\": \"users\", \"to_columns\": "
	"[\"id\"]}],\n"
	"      \"not_foreign_keys\": [[\"quantity\"]],\n"
	"      \"columns\": {\"day\": {\"date_format\": \"dd/MM/yyyy\", \"type\": \"date\"},\n"
	"                  \"stock\": {\"measure\": \"semi\", \"decimal_mark\": \",\", "
	"\"group_mark\": \".\"}}\n"
	"    }\n"
	"  }\n"
	"}\n";

static void test_every_field_arrives(void **state)
{
	struct bench *b = *state;
	const struct file_override *f;
	const struct table_override *t;

	assert_int_equal(read_text(b, whole), 0);
	f = overrides_file(&b->o, "stock.txt");
	assert_non_null(f);
	assert_string_equal(f->delimiter, "|");
	assert_string_equal(f->quote, "");
	assert_null(f->encoding);
	assert_false(f->skip);
	assert_true(bldr_as_bool(f->header, false));
	assert_int_equal(bldr_as_int(f->preamble_lines, -1), 3);
	assert_string_equal(bldr_as_text(bldr_at(f->not_rows, 0)), "TOTAL");
	assert_true(overrides_file(&b->o, "old.csv")->skip);
	assert_null(overrides_file(&b->o, "orders.csv"));

	t = overrides_table(&b->o, "orders");
	assert_string_equal(t->role, "fact");
	assert_string_equal(t->key.at[0], "id");
	assert_string_equal(t->not_keys.at[0].columns.at[1], "user");
	assert_string_equal(t->foreign_keys.at[0].to, "users");
	assert_string_equal(t->foreign_keys.at[0].to_columns.at[0], "id");
	assert_string_equal(t->not_foreign_keys.at[0].columns.at[0], "quantity");
	assert_string_equal(overrides_column(t, "day")->date_format, "dd/MM/yyyy");
	assert_string_equal(overrides_column(t, "day")->type, "date");
	assert_int_equal(overrides_column(t, "stock")->measure, MEASURE_SEMI);
	assert_string_equal(overrides_column(t, "stock")->decimal_mark, ",");
	assert_null(overrides_column(t, "id"));
	assert_null(overrides_column(overrides_table(&b->o, "users"), "id"));
}

static void test_what_was_kept_says_the_same(void **state)
{
	struct bench *b = *state;
	struct overrides again;

	assert_int_equal(read_text(b, whole), 0);
	assert_int_equal(overrides_decode(b->value, &b->a, &again, &b->err), 0);
	assert_string_equal(again.tables.at[0].key.at[0], "id");
	assert_int_equal(again.files.n, 2);
}

static void test_without_the_file_nothing_is_said(void **state)
{
	struct bench *b = *state;

	assert_int_equal(overrides_read(b->folder.path, &b->a, &b->o, &b->value, &b->err), 0);
	assert_null(b->value);
	assert_int_equal(b->o.files.n + b->o.tables.n, 0);
}

static void test_errors_name_line_and_field(void **state)
{
	struct bench *b = *state;

	refused(b, "{\n\"tables\": {\n\"orders\": {\n\"role\": \"facts\"}}}",
		"\"bldr.json\", line 4: \"/tables/orders/role\": expected one of \"fact\", "
		"\"dimension\", \"bridge\", \"unused\", found text \"facts\"");
	refused(b, "{\n\"tables\": {\"orders\": {\n\"keys\": [\"id\"]}}}",
		"\"bldr.json\", line 3: \"/tables/orders/keys\": unknown key, did you mean \"key\"?");
	refused(b, "{\"tables\": {\"orders\": {\"key\":\n[\"id\", 7]}}}",
		"\"bldr.json\", line 1: \"/tables/orders/key/1\": expected text, found integer 7");
	refused(b, "{\"files\": {\"a.csv\": {\"delimiter\": \"||\"}}}",
		"\"bldr.json\", line 1: \"/files/a.csv/delimiter\": expected at most 1 character, "
		"found text \"||\"");
	assert_int_equal(read_text(b, "{\"tables\": {"), BLDR_E_INVALID);
	assert_non_null(strstr(b->err.text, "\"bldr.json\""));
	assert_int_equal(read_text(b, "[]"), BLDR_E_INVALID);
}

static void test_size_has_a_limit(void **state)
{
	struct bench *b = *state;
	size_t size = OVERRIDES_BYTES_MAX + 1;
	char *text = xcalloc(1, size + 1);

	memset(text, ' ', size);
	text[0] = '{';
	text[size - 2] = '}';
	assert_int_equal(read_text(b, text), BLDR_E_LIMIT);
	text[size - 1] = '\0';
	assert_int_equal(read_text(b, text), 0);
	free(text);
}

/* ---- names ---- */

static struct sources two_tables(struct arena *a)
{
	struct sources s = { 0 };
	struct source_file *f = LIST_ADD(a, &s.files);

	f->path = "orders.csv";
	f->table = "orders";
	*LIST_ADD(a, &f->columns) = "order_id";
	*LIST_ADD(a, &f->columns) = "user_id";
	f = LIST_ADD(a, &s.files);
	f->path = "users.csv";
	f->table = "users";
	*LIST_ADD(a, &f->columns) = "user_id";
	*LIST_ADD(a, &s.skipped) = (struct source_skipped){ "notes.md", "not a table" };
	return s;
}

static void unknown(struct bench *b, const char *text, const char *message)
{
	struct sources s = two_tables(&b->a);

	assert_int_equal(read_text(b, text), 0);
	assert_int_equal(overrides_check(&b->o, &s, &b->err), BLDR_E_INVALID);
	assert_string_equal(b->err.text, message);
}

static void test_names_must_be_there(void **state)
{
	struct bench *b = *state;
	struct sources s = two_tables(&b->a);

	unknown(b, "{\"tables\": {\n\"order\": {}}}",
		"\"bldr.json\", line 2: \"/tables/order\": there is no table \"order\", did you "
		"mean \"orders\"?");
	unknown(b,
		"{\"tables\": {\"users\": {\"key\": [\"user_id\"]},\n\"orders\": {\n\"key\": [\"id\"]}}}",
		"\"bldr.json\", line 3: \"/tables/orders/key\": table \"orders\" has no column \"id\"");
	unknown(b, "{\"tables\": {\"orders\": {\"columns\": {\n\n\"userid\": {}}}}}",
		"\"bldr.json\", line 3: \"/tables/orders/columns/userid\": table \"orders\" has no column \"userid\", did you mean \"user_id\"?");
	unknown(b, "{\"files\": {\n// a comment\n\"oders.csv\": {}}}",
		"\"bldr.json\", line 3: \"/files/oders.csv\": there is no file \"oders.csv\", did "
		"you mean \"orders.csv\"?");
	unknown(b, "{\"tables\": {\"orders\": {\n\"not_keys\": [[\"order_id\"], [\"x\"]]}}}",
		"\"bldr.json\", line 2: \"/tables/orders/not_keys/1\": table \"orders\" has no column \"x\"");
	unknown(b,
		"{\"tables\": {\"orders\": {\n\"foreign_keys\": [{\"columns\": [\"user_id\"], "
		"\"to\": \"user\", \"to_columns\": [\"user_id\"]}]}}}",
		"\"bldr.json\", line 2: \"/tables/orders/foreign_keys/0\": there is no table "
		"\"user\", did you mean \"users\"?");
	unknown(b,
		"{\"tables\": {\"orders\": {\"foreign_keys\": [{\"columns\": [\"user_id\", "
		"\"order_id\"], \"to\": \"users\", \"to_columns\": [\"user_id\"]}]}}}",
		"\"bldr.json\", line 1: \"/tables/orders/foreign_keys/0\": 2 columns refer to 1");
	assert_int_equal(read_text(b,
				   "{\"files\": {\"notes.md\": {\"skip\": true}}, \"tables\": "
				   "{\"orders\": {\"key\": [\"order_id\"]}}}"),
			 0);
	assert_int_equal(overrides_check(&b->o, &s, &b->err), 0);
}

static void test_columns_in_any_order_are_the_same(void **state)
{
	struct bench *b = *state;
	texts ab = { 0 }, ba = { 0 }, aa = { 0 };

	*LIST_ADD(&b->a, &ab) = "a";
	*LIST_ADD(&b->a, &ab) = "b";
	*LIST_ADD(&b->a, &ba) = "b";
	*LIST_ADD(&b->a, &ba) = "a";
	*LIST_ADD(&b->a, &aa) = "a";
	*LIST_ADD(&b->a, &aa) = "a";
	assert_true(overrides_same_columns(&ab, &ba));
	assert_false(overrides_same_columns(&ab, &aa));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_field_arrives),
		TEST(test_what_was_kept_says_the_same),
		TEST(test_without_the_file_nothing_is_said),
		TEST(test_errors_name_line_and_field),
		TEST(test_size_has_a_limit),
		TEST(test_names_must_be_there),
		TEST(test_columns_in_any_order_are_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
