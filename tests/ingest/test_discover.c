/* Which files of a folder become sources, and how every folder that cannot be read is refused. */
#include "folder.h"

#include <pwd.h>
#include <sys/wait.h>

static void assert_skipped(const struct folder *f, size_t i, const char *path, const char *reason)
{
	assert_true(i < f->sources.skipped.n);
	assert_string_equal(f->sources.skipped.at[i].path, path);
	assert_string_equal(f->sources.skipped.at[i].reason, reason);
}

static void test_takes_csv_files(void **state)
{
	struct folder *f = *state;
	put(f, "b.csv", "id,name\n1,x\n");
	put(f, "a.CSV",
	    "\xEF\xBB\xBF"
	    "k\r\n1\r\n");
	put(f, "notes.txt", "hello");
	put(f, "empty.csv", "");
	put(f, "blank.csv", "\xEF\xBB\xBF\n\r\n");
	assert_int_equal(mkdir(scratch_file(&f->scratch, "folder.csv"), 0700), 0);
	assert_int_equal(mkfifo(scratch_file(&f->scratch, "pipe.csv"), 0600), 0);
	assert_int_equal(symlink("b.csv", scratch_file(&f->scratch, "c.csv")), 0);

	assert_int_equal(discover(f), 0);
	assert_int_equal(f->sources.files.n, 2);
	const struct source_file *a = &f->sources.files.at[0];
	const struct source_file *b = &f->sources.files.at[1];
	assert_string_equal(a->path, "a.CSV");
	assert_string_equal(a->table, "a");
	assert_true(a->bom);
	assert_int_equal(a->bytes, 9);
	assert_int_equal(a->columns.n, 1);
	assert_string_equal(a->columns.at[0], "k");
	assert_string_equal(b->path, "b.csv");
	assert_false(b->bom);
	assert_string_equal(b->columns.at[1], "name");
	assert_string_equal(b->encoding, "utf-8");
	assert_string_equal(b->delimiter, ",");
	assert_string_equal(b->quote, "\"");
	assert_true(b->header);
	/* printf 'id,name\n1,x\n' | b2sum -l 256 */
	assert_string_equal(b->hash,
			    "c67a4c8a7b5fd3ced7d0bc57bf5c8e39116c4e454baead90659cb66516aa2b1e");

	assert_int_equal(f->sources.skipped.n, 6);
	assert_skipped(f, 0, "blank.csv", "empty: it has no header");
	assert_skipped(f, 1, "c.csv", "a symbolic link to another file of the folder");
	assert_skipped(f, 2, "empty.csv", "empty: it has no header");
	assert_skipped(f, 3, "folder.csv/",
		       "a folder: only files that lie directly in the source folder are read");
	assert_skipped(f, 4, "notes.txt", "text, but not a table");
	assert_skipped(f, 5, "pipe.csv", "not a regular file");
	assert_int_equal(rmdir(scratch_file(&f->scratch, "folder.csv")), 0);
}

static void test_one_file_whatever_else_is_there(void **state)
{
	struct folder *f = *state;
	put(f, "Good Orders.csv", "id,name\n1,x\n");
	put_bytes(f, "bad.csv", "id,n\0m\n1,2\n", 11);
	put(f, "notes.txt", "hello");

	assert_int_equal(discover(f), 0); /* the folder as a whole */
	assert_int_equal(f->sources.files.n, 1);
	assert_skipped(f, 0, "bad.csv", "its header in line 1 cannot be read: a NUL byte");
	assert_int_equal(ingest_discover_file(f->scratch.path, "Good Orders.csv", &f->arena,
					      &f->sources, &f->err),
			 0);
	assert_int_equal(f->sources.files.n, 1);
	assert_string_equal(f->sources.files.at[0].table, "good_orders");
	assert_int_equal(f->sources.files.at[0].bytes, 12);
	assert_int_equal(f->sources.skipped.n, 0);
	assert_int_equal(ingest_discover_file(f->scratch.path, "notes.txt", &f->arena, &f->sources,
					      &f->err),
			 BLDR_E_INVALID);
	assert_string_equal(f->err.text, "\"notes.txt\" is no source: text, but not a table");
}

static void test_hidden_files_are_skipped(void **state)
{
	struct folder *f = *state;
	put(f, ".orders.csv", "id\n");
	only_source(f, "orders.csv", "id\n");
	assert_skipped(f, 0, ".orders.csv", "a hidden file");
	assert_int_equal(unlink(scratch_file(&f->scratch, ".orders.csv")), 0);
}

static void test_table_names(void **state)
{
	static const char *const names[][2] = {
		{ "2024 sales.csv", "t_2024_sales" },
		{ "HTTPServerLog.csv", "http_server_log" },
		{ "InvoiceLine.csv", "invoice_line" },
		{ "invoice-line.csv", "invoice_line_2" },
		{ "invoice_line.csv", "invoice_line_3" },
		{ "orderID.csv", "order_id" },
		{ "\xC3\xA9t\xC3\xA9.csv", "t" },
		{ "\xE6\xBC\xA2.csv", "t_2" },
	};
	struct folder *f = *state;
	size_t n = sizeof(names) / sizeof(names[0]);
	for (size_t i = 0; i < n; i++) {
		put(f, names[i][0], "id\n");
	}
	assert_int_equal(discover(f), 0);
	assert_int_equal(f->sources.files.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(f->sources.files.at[i].path, names[i][0]);
		assert_string_equal(f->sources.files.at[i].table, names[i][1]);
	}
}

static void test_missing_folder(void **state)
{
	struct folder *f = *state;
	int rc = ingest_discover("/nowhere/at/all", &f->arena, &f->sources, &f->err);
	assert_int_equal(rc, BLDR_E_NOT_FOUND);
	assert_message(f, BLDR_E_NOT_FOUND, "\"/nowhere/at/all\": no such file or directory");
}

static void test_file_instead_of_folder(void **state)
{
	struct folder *f = *state;
	put(f, "a.csv", "id\n");
	const char *path = scratch_file(&f->scratch, "a.csv");
	assert_int_equal(ingest_discover(path, &f->arena, &f->sources, &f->err), BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, "is not a folder");
}

static void test_empty_folder(void **state)
{
	struct folder *f = *state;
	assert_int_equal(discover(f), BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, f->scratch.path);
	assert_message(f, BLDR_E_INVALID, "is empty");
}

static void test_nothing_usable_says_what_is_there(void **state)
{
	struct folder *f = *state;
	put(f, "readme.txt", "hello");
	put(f, "void.csv", "");
	assert_int_equal(discover(f), BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, "\"readme.txt\" (text, but not a table)");
	assert_message(f, BLDR_E_INVALID, "\"void.csv\" (empty: it has no header)");
}

static void test_header_alone_is_a_table(void **state)
{
	struct folder *f = *state;
	const struct source_file *s = only_source(f, "a.csv", "id,name\n");
	assert_int_equal(s->columns.n, 2);
}

/* Whatever a header is like, its columns have names of their own. */
static void test_names_of_columns(void **state)
{
	static const struct {
		const char *text, *columns, *note;
	} cases[] = {
		{ "id,name,id\n1,x,3\n", "id|name|id_2",
		  "column 3 is named \"id\" as another is: it is id_2" },
		{ "id,Name,NAME,name_2,name\n1,a,b,c,d\n", "id|Name|NAME_2|name_2_2|name_3",
		  "column 3 is named \"NAME\" as another is: it is NAME_2" },
		{ "\n\nid,,x\n1,2,3\n", "id|column_2|x",
		  "column 2 has no name in the header: it is column_2" },
		{ "id, \t\n1,2\n", "id|column_2",
		  "column 2 has no name in the header: it is column_2" },
		{ " id ,\xC2\xA0n\n1,2\n", "id|n", NULL },
		{ "1,2,3\n4,5,6\n", "column_1|column_2|column_3",
		  "no header: columns are named by their place" },
	};
	struct folder *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct source_file *s = only_source(f, "a.csv", cases[i].text);
		char columns[256] = "";
		for (size_t j = 0; j < s->columns.n; j++) {
			strcat(strcat(columns, j > 0 ? "|" : ""), s->columns.at[j]);
		}
		assert_string_equal(columns, cases[i].columns);
		assert_int_equal(s->notes.n > 0, cases[i].note != NULL);
		if (cases[i].note != NULL) {
			assert_string_equal(s->notes.at[0], cases[i].note);
		}
	}
}

/* Files that are no tables, and why. Beside a good one they are left out; alone they are an error. */
static void test_what_is_no_table(void **state)
{
	static const struct {
		const char *name, *text, *reason;
	} cases[] = {
		{ "a.txt", "Dear all,\nthis is a letter, not a table, is it?\nYours\n",
		  "text, but not a table" },
		{ "a.json", "{\"a\": [1, 2],\n \"b\": {}}\n",
		  "one JSON object, not a list of records" },
		{ "a.json", "[1, 2]", "a JSON array of other things than objects" },
		{ "a.json", "[ ]", "an empty JSON array" },
		{ "a.json", "id,x\n1,2\n", "not JSON" },
		{ "a.jsonl", "{}\n{}\n", "no JSON object with a key in it" },
		{ "bldr.json", "{}", "decisions of a person" },
		{ "a.csv", "PK\3\4....", "binary: a ZIP archive or an office document" },
		{ "a.csv", "\x89PNG....", "binary: a picture" },
		{ "a.csv.gz", "\x1F\x8B\x08....",
		  "\"a.csv.gz\" cannot be unpacked: its gzip data is damaged" },
		{ "a.csv.gz", "\x1F\x8B",
		  "\"a.csv.gz\" cannot be unpacked: its gzip data ends too early" },
		{ "a.md", "id,x\n1,2\n", "not a kind of file that is read" },
	};
	struct folder *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(f, cases[i].name, cases[i].text);
		assert_int_equal(discover(f), BLDR_E_INVALID);
		assert_message(f, BLDR_E_INVALID, cases[i].reason);
		put(f, "good.csv", "id,x\n1,2\n");
		assert_int_equal(discover(f), 0);
		assert_int_equal(f->sources.files.n, 1);
		assert_skipped(f, 0, cases[i].name, cases[i].reason);
		assert_int_equal(unlink(scratch_file(&f->scratch, "good.csv")), 0);
		assert_int_equal(unlink(scratch_file(&f->scratch, cases[i].name)), 0);
	}
}

static char *wide_header(int n)
{
	char *text = malloc((size_t)n * 8);
	size_t size = 0;
	for (int i = 0; i < n; i++) {
		size += (size_t)sprintf(text + size, "%sc%d", i > 0 ? "," : "", i);
	}
	text[size++] = '\n';
	text[size] = '\0';
	return text;
}

static void test_too_many_columns(void **state)
{
	struct folder *f = *state;
	char *text = wide_header(CSV_COLUMNS_MAX);
	assert_int_equal(only_source(f, "a.csv", text)->columns.n, CSV_COLUMNS_MAX);
	free(text);
	text = wide_header(CSV_COLUMNS_MAX + 1);
	put(f, "a.csv", text);
	free(text);
	assert_int_equal(discover(f), BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, "more than 10000 columns");
}

static void test_one_name_for_all_columns(void **state)
{
	struct folder *f = *state;
	char text[2 * CSV_COLUMNS_MAX + 1];
	memset(text, 'a', sizeof(text));
	for (size_t i = 1; i < 2 * CSV_COLUMNS_MAX; i += 2) {
		text[i] = ',';
	}
	text[2 * CSV_COLUMNS_MAX - 1] = '\n';
	text[2 * CSV_COLUMNS_MAX] = '\0';
	const texts *columns = &only_source(f, "a.csv", text)->columns;
	assert_int_equal(columns->n, CSV_COLUMNS_MAX);
	assert_string_equal(columns->at[0], "a");
	assert_string_equal(columns->at[1], "a_2");
	assert_string_equal(columns->at[CSV_COLUMNS_MAX - 1], "a_10000");
}

static void test_dangling_link(void **state)
{
	struct folder *f = *state;
	put(f, "a.csv", "id\n");
	assert_int_equal(symlink("gone.csv", scratch_file(&f->scratch, "b.csv")), 0);
	assert_int_equal(discover(f), 0);
	assert_skipped(f, 0, "b.csv", "a symbolic link that leads nowhere");
}

static void test_link_out_of_the_folder(void **state)
{
	struct folder *f = *state;
	char outside[128];
	(void)snprintf(outside, sizeof(outside), "%s-outside.csv", f->scratch.path);
	FILE *file = fopen(outside, "w");
	assert_non_null(file);
	(void)fputs("id\n1\n", file);
	(void)fclose(file);
	assert_int_equal(symlink(outside, scratch_file(&f->scratch, "a.csv")), 0);

	int rc = discover(f);
	(void)unlink(outside);
	assert_int_equal(rc, BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID,
		       "\"a.csv\" (a symbolic link that leads out of the source folder: copy");
}

/* A folder next to the source folder whose name begins like it is outside. */
static void test_link_to_a_neighbour(void **state)
{
	struct folder *f = *state;
	char target[128];
	(void)snprintf(target, sizeof(target), "%s2", f->scratch.path);
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, scratch_file(&f->scratch, "a.csv")), 0);
	int rc = discover(f);
	(void)rmdir(target);
	assert_int_equal(rc, BLDR_E_INVALID);
}

/* Root may read everything, so the child becomes nobody first. */
static void test_unreadable_file(void **state)
{
	struct folder *f = *state;
	const struct passwd *nobody = getpwnam("nobody");
	put(f, "a.csv", "id\n");
	assert_int_equal(chmod(scratch_file(&f->scratch, "a.csv"), 0), 0);
	assert_int_equal(chmod(f->scratch.path, 0755), 0);
	if (geteuid() == 0 && nobody == NULL) {
		skip();
	}
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && setuid(nobody->pw_uid) != 0) {
			_exit(3);
		}
		int rc = discover(f);
		bool told = strstr(f->err.text, "a.csv\": permission denied") != NULL;
		_exit(rc != BLDR_E_IO ? 1 : told ? 0 : 2);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* As a spreadsheet saves a report: every line has as many delimiters as the widest. */
static void test_titles_filled_up_with_delimiters(void **state)
{
	struct folder *f = *state;
	const struct source_file *file = only_source(
		f, "report.csv",
		"Sales report 2024;;;\nas of 5 January;;;\n;;;\n"
		"number;customer;day;amount\nR1;K1;03.01.2024;1,50\nR2;K2;04.01.2024;2,50\n"
		"R3;K1;05.01.2024;3,00\nR4;K2;06.01.2024;4,00\nR5;K3;07.01.2024;1,00\n"
		"Summe;;;12,00\n");
	assert_int_equal(file->preamble_lines, 3);
	assert_true(file->header);
	assert_string_equal(file->columns.at[0], "number");
	assert_string_equal(file->columns.at[3], "amount");
	assert_int_equal(file->not_rows.n, 1);
	assert_string_equal(file->not_rows.at[0], "Summe");
}

/* A first line with one name is a header, unless names stand in the next line and no names behind it. */
static void test_sparse_first_lines_stay(void **state)
{
	struct folder *f = *state;
	static const char *const texts_alone = "name;;\nx;y;z\nu;v;w\np;q;r\n";
	static const char *const two_columns = "name;\na;b\nc;3\nd;4\n";
	static const char *const numbers = "1;;\n2;3;4\n5;6;7\n";
	assert_int_equal(only_source(f, "a.csv", texts_alone)->preamble_lines, 0);
	assert_int_equal(only_source(f, "a.csv", two_columns)->preamble_lines, 0);
	assert_int_equal(only_source(f, "a.csv", numbers)->preamble_lines, 0);
}

/* "sum" and "total" begin words that mean the same. */
static void test_words_for_totals(void **state)
{
	static const char *const words[] = { "Summe", "Totale", "TOTALS", "Sum", "Grand Total" };
	struct folder *f = *state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *text = arena_printf(
			&f->arena,
			"id,day,city,fee\n1,2024-01-01,Bonn,5\n2,2024-01-02,Bonn,6\n"
			"3,2024-01-03,Bonn,7\n4,2024-01-04,Bonn,8\n5,2024-01-05,Bonn,9\n"
			"%s,,,35\n",
			words[i]);
		const struct source_file *file = only_source(f, "a.csv", text);
		assert_int_equal(file->not_rows.n, 1);
		assert_string_equal(file->not_rows.at[0], words[i]);
	}
}

static void test_verify(void **state)
{
	struct folder *f = *state;
	only_source(f, "a.csv", "id\n1\n");
	assert_int_equal(ingest_verify(f->scratch.path, &f->sources, &f->err), 0);

	put(f, "a.csv", "id\n2\n");
	assert_int_equal(ingest_verify(f->scratch.path, &f->sources, &f->err), BLDR_E_CHANGED);
	assert_message(f, BLDR_E_CHANGED, "\"a.csv\" has changed since it was first read");

	assert_int_equal(unlink(scratch_file(&f->scratch, "a.csv")), 0);
	assert_int_equal(ingest_verify(f->scratch.path, &f->sources, &f->err), BLDR_E_NOT_FOUND);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_takes_csv_files),
		FOLDER_TEST(test_one_file_whatever_else_is_there),
		FOLDER_TEST(test_hidden_files_are_skipped),
		FOLDER_TEST(test_table_names),
		FOLDER_TEST(test_missing_folder),
		FOLDER_TEST(test_file_instead_of_folder),
		FOLDER_TEST(test_empty_folder),
		FOLDER_TEST(test_nothing_usable_says_what_is_there),
		FOLDER_TEST(test_header_alone_is_a_table),
		FOLDER_TEST(test_names_of_columns),
		FOLDER_TEST(test_what_is_no_table),
		FOLDER_TEST(test_too_many_columns),
		FOLDER_TEST(test_one_name_for_all_columns),
		FOLDER_TEST(test_dangling_link),
		FOLDER_TEST(test_link_out_of_the_folder),
		FOLDER_TEST(test_link_to_a_neighbour),
		FOLDER_TEST(test_unreadable_file),
		FOLDER_TEST(test_titles_filled_up_with_delimiters),
		FOLDER_TEST(test_sparse_first_lines_stay),
		FOLDER_TEST(test_words_for_totals),
		FOLDER_TEST(test_verify),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
