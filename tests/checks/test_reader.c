/* The Tester's CSV reader on texts whose records are written down by hand from RFC 4180. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/file.h"
#include "checks/reader.h"
#include "scratch.h"

struct story {
	struct scratch scratch;
	struct arena arena;
	struct bldr_error err;
	struct source_file file;
	struct raw_table table;
};

static int setup(void **state)
{
	struct story *s = calloc(1, sizeof(*s));
	scratch_make(&s->scratch);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct story *s = *state;
	arena_release(&s->arena);
	scratch_remove(&s->scratch);
	free(s);
	return 0;
}

/* A file with columns a,b,c, declared as it is. */
static void write_file(struct story *s, const char *bytes, size_t size)
{
	char hash[HASH_HEX_MAX];
	hash_bytes(bytes, size, hash);
	assert_int_equal(file_write(scratch_file(&s->scratch, "t.csv"), bytes, size, &s->err), 0);
	s->file = (struct source_file){
		.path = "t.csv",
		.table = "t",
		.bytes = (int64_t)size,
		.hash = arena_strdup(&s->arena, hash),
		.encoding = "utf-8",
		.delimiter = ",",
		.quote = "\"",
		.header = true,
	};
	static const char *const names[] = { "a", "b", "c" };
	for (size_t i = 0; i < 3; i++) {
		*LIST_ADD(&s->arena, &s->file.columns) = names[i];
	}
}

static void number_columns(struct story *s)
{
	static const char *const names[] = { "column_1", "column_2", "column_3" };
	for (size_t i = 0; i < 3; i++) {
		s->file.columns.at[i] = names[i];
	}
}

static int read_file(struct story *s)
{
	return raw_table_read(s->scratch.path, &s->file, &s->arena, &s->table, &s->err);
}

#define READ(s, text)                                      \
	do {                                               \
		write_file((s), (text), sizeof(text) - 1); \
		assert_int_equal(read_file(s), 0);         \
	} while (0)

/* "line:a|b|c;" of all good records, then "!line:reason;" of the others. */
static const char *told(struct story *s)
{
	const char *text = "";
	const struct raw_table *t = &s->table;
	for (size_t i = 0; i < t->records.n; i++) {
		text = arena_printf(&s->arena, "%s%lld:%s|%s|%s;", text,
				    (long long)t->records.at[i].line, raw_field(t, i, 0),
				    raw_field(t, i, 1), raw_field(t, i, 2));
	}
	for (size_t i = 0; i < t->rejects.n; i++) {
		text = arena_printf(&s->arena, "%s!%lld:%s;", text,
				    (long long)t->rejects.at[i].record.line,
				    t->rejects.at[i].reason);
	}
	return text;
}

static void records_as_rfc_4180_has_them(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "a,b,c\n1,2,3\n", "2:1|2|3;" },
		{ "a,b,c\n1,2,3", "2:1|2|3;" },
		{ "a,b,c\r\n1,2,3\r\n4,5,6\r\n", "2:1|2|3;3:4|5|6;" },
		{ "a,b,c\r1,2,3\r4,5,6", "2:1|2|3;3:4|5|6;" },
		{ "a,b,c\n\"1\",\"2,x\",\"\"\"3\"\"\"\n", "2:1|2,x|\"3\";" },
		{ "a,b,c\n\"1\n\r\n\r1\",2,3\n4,5,6\n", "2:1\n\r\n\r1|2|3;6:4|5|6;" },
		{ "a,b,c\n,,1\n\"\",\"\",\"x\"\n", "2:||1;3:||x;" },
		{ "a,b,c\n,,\n\"\",\"\",\"\"\n", "!2:blank, not a row;!3:blank, not a row;" },
		{ "\n\na,b,c\n\n\n1,2,3\n\n", "6:1|2|3;" },
		{ "a,b,c\n 1, 2 ,3 \n", "2: 1| 2 |3 ;" },
		{ "\"a\",b,\"c\"\n1,2,3\n", "2:1|2|3;" },
		{ "a,b,c\n", "" },
		{ "a,b,c", "" },
	};
	struct story *s = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(s, cases[i].text, strlen(cases[i].text));
		assert_int_equal(read_file(s), 0);
		assert_string_equal(told(s), cases[i].told);
	}
}

static void bad_records_are_set_aside(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "a,b,c\n1,2\n4,5,6\n1,2,3,4\n",
		  "3:4|5|6;!2:2 fields instead of 3;!4:4 fields instead of 3;" },
		{ "a,b,c\n1,2\"x,3\n4,5,6\n",
		  "3:4|5|6;!2:a quote stands inside an unquoted field;" },
		{ "a,b,c\n\"1\"x,2,3\n4,5,6\n", "3:4|5|6;!2:text follows a closing quote;" },
		{ "a,b,c\n1, \"2\",3\n4,5,6\n",
		  "3:4|5|6;!2:a quote stands inside an unquoted field;" },
		{ "a,b,c\n4,5,6\n1,\"2,3\n7,8,9\n", "2:4|5|6;4:7|8|9;!3:a quote is never closed;" },
		{ "a,b,c\n\xFF,2,3\n4,\xC3\xA9,6\n", "3:4|\xC3\xA9|6;!2:not UTF-8;" },
		{ "a,b,c\n\xED\xA0\x80,2,3\n\xC0\xAF,2,3\n", "!2:not UTF-8;!3:not UTF-8;" },
	};
	struct story *s = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(s, cases[i].text, strlen(cases[i].text));
		assert_int_equal(read_file(s), 0);
		assert_string_equal(told(s), cases[i].told);
	}
	READ(s, "a,b,c\n1,\0,3\n4,5,6\n");
	assert_string_equal(told(s), "3:4|5|6;!2:a NUL byte;");
}

static void a_record_keeps_its_raw_text(void **state)
{
	struct story *s = *state;
	READ(s, "a,b,c\n\"1\",\"x\"\"\ny\",3\r\n4,5,6");
	const struct raw_record *r = s->table.records.at;
	assert_int_equal(r[0].offset, 6);
	assert_memory_equal(s->table.bytes + r[0].offset, "\"1\",\"x\"\"\ny\",3", r[0].size);
	assert_int_equal(r[0].size, 13);
	assert_int_equal(r[1].line, 4);
	assert_int_equal(r[1].size, 5);
	assert_int_equal(raw_record_at(&s->table, 2), 0);
	assert_int_equal(raw_record_at(&s->table, 3), -1);
	assert_int_equal(raw_record_at(&s->table, 4), 1);
	assert_int_equal(raw_record_at(&s->table, 5), -1);
}

static void the_declaration_is_verified(void **state)
{
	struct story *s = *state;
	static const char with_bom[] = "\xEF\xBB\xBF"
				       "a,b,c\n1,2,3\n";
	write_file(s, with_bom, sizeof(with_bom) - 1);
	assert_int_equal(read_file(s), BLDR_E_INVALID);
	s->file.bom = true;
	assert_int_equal(read_file(s), 0);
	assert_string_equal(told(s), "2:1|2|3;");

	READ(s, "a,b,c\n1,2,3\n");
	s->file.bom = true;
	assert_int_equal(read_file(s), BLDR_E_INVALID);
	s->file.bom = false;
	s->file.columns.at[1] = "x";
	assert_int_equal(read_file(s), BLDR_E_INVALID);
	assert_non_null(strstr(s->err.text, "\"b\""));
	assert_non_null(strstr(s->err.text, "\"x\""));
	s->file.columns.at[1] = "b";
	s->file.columns.n = 2;
	assert_int_equal(read_file(s), BLDR_E_INVALID);
	s->file.columns.n = 3;
	s->file.encoding = "utf-16";
	assert_int_equal(read_file(s), BLDR_E_INVALID);
	s->file.encoding = "utf-8";
	s->file.delimiter = "::";
	assert_int_equal(read_file(s), BLDR_E_INVALID);
	s->file.delimiter = "\"";
	assert_int_equal(read_file(s), BLDR_E_INVALID);

	write_file(s, "", 0);
	assert_int_equal(read_file(s), BLDR_E_INVALID);
}

static void another_dialect_is_read_as_declared(void **state)
{
	struct story *s = *state;
	static const char german[] = "1;'2;''x';3\n4;\"5\";6\n";
	write_file(s, german, sizeof(german) - 1);
	s->file.delimiter = ";";
	s->file.quote = "'";
	s->file.header = false;
	assert_int_equal(read_file(s), BLDR_E_INVALID); /* without a header they have numbers */
	number_columns(s);
	assert_int_equal(read_file(s), 0);
	assert_string_equal(told(s), "1:1|2;'x|3;2:4|\"5\"|6;");

	static const char tabbed[] = "1\t\"2\t\"\"3\n";
	write_file(s, tabbed, sizeof(tabbed) - 1);
	s->file.delimiter = "\t";
	s->file.quote = "";
	s->file.header = false;
	number_columns(s);
	assert_int_equal(read_file(s), 0);
	assert_string_equal(told(s), "1:1|\"2|\"\"3;");
}

static void a_changed_file_is_refused(void **state)
{
	struct story *s = *state;
	READ(s, "a,b,c\n1,2,3\n");
	struct source_file before = s->file;
	write_file(s, "a,b,c\n1,2,4\n", 12);
	s->file = before;
	assert_int_equal(read_file(s), BLDR_E_CHANGED);
	assert_non_null(strstr(s->err.text, "t.csv"));
	s->file.path = "gone.csv";
	assert_int_equal(read_file(s), BLDR_E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_as_rfc_4180_has_them, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_records_are_set_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_keeps_its_raw_text, setup, teardown),
		cmocka_unit_test_setup_teardown(the_declaration_is_verified, setup, teardown),
		cmocka_unit_test_setup_teardown(another_dialect_is_read_as_declared, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_changed_file_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
