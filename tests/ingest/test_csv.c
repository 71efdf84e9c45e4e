/*
 * The reader's interface: changed files, broken files, a system that fails or dawdles. The linker puts the
 * read below in front of the system's (--wrap).
 */
#include "folder.h"

#include <errno.h>

static int read_fails_at; /* the n-th read from now, 1 the next one; 0: none */
static bool read_dawdles; /* one byte at a time, interrupted before each */

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);

ssize_t __wrap_read(int fd, void *data, size_t size)
{
	static bool interrupted;
	if (read_fails_at > 0 && --read_fails_at == 0) {
		errno = EIO;
		return -1;
	}
	if (!read_dawdles) {
		return __real_read(fd, data, size);
	}
	interrupted = !interrupted;
	if (interrupted) {
		errno = EINTR;
		return -1;
	}
	return __real_read(fd, data, size > 1 ? 1 : size);
}

/* Reads to the end: 0, or the error's code. */
static int drain(struct folder *f, const struct source_file *file, bool verify, size_t *ret_records)
{
	struct record_reader *r;
	struct record record;
	int rc = record_reader_open(f->scratch.path, file, verify, &r, &f->err);
	*ret_records = 0;
	if (rc != 0) {
		return rc;
	}
	while ((rc = record_reader_next(r, &record, &f->err)) > 0) {
		*ret_records += 1;
	}
	/* the end and an error stay */
	assert_int_equal(record_reader_next(r, &record, &f->err), rc);
	record_reader_close(r);
	return rc;
}

static void test_unchanged(void **state)
{
	struct folder *f = *state;
	size_t n;
	const struct source_file *s = only_source(f, "orders.csv", "id\n1\n2\n");
	assert_int_equal(drain(f, s, true, &n), 0);
	assert_int_equal(n, 2);
}

static void test_changed(void **state)
{
	static const char *const contents[] = { "id\n1\n3\n", "id\n1\n",      "id\n1\n2\n3\n",
						"",           "id,x\n1\n2\n", "i\"d\n1\n2" };
	struct folder *f = *state;
	size_t n;
	const struct source_file *s = only_source(f, "orders.csv", "id\n1\n2\n");
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		put(f, "orders.csv", contents[i]);
		assert_int_equal(drain(f, s, true, &n), BLDR_E_CHANGED);
		assert_message(f, BLDR_E_CHANGED,
			       "\"orders.csv\" has changed since it was first read");
	}
}

/* The file grows while it is read: more than one buffer is in front of the end. */
static void test_changed_while_read(void **state)
{
	enum { ROWS = 200000 };
	struct folder *f = *state;
	struct record_reader *r;
	struct record record;
	char *text = malloc(ROWS * 4 + 4);
	memcpy(text, "id\n", 3);
	for (size_t i = 0; i < ROWS; i++) {
		memcpy(text + 3 + i * 4, "123\n", 4);
	}
	put_bytes(f, "a.csv", text, ROWS * 4 + 3);
	assert_int_equal(discover(f), 0);

	int rc = record_reader_open(f->scratch.path, &f->sources.files.at[0], true, &r, &f->err);
	assert_int_equal(rc, 0);
	assert_int_equal(record_reader_next(r, &record, &f->err), 1);
	int fd = open(scratch_file(&f->scratch, "a.csv"), O_WRONLY);
	assert_int_equal(pwrite(fd, "9", 1, ROWS * 4), 1);
	(void)close(fd);
	size_t n = 1;
	while ((rc = record_reader_next(r, &record, &f->err)) > 0) {
		n++;
	}
	assert_int_equal(rc, BLDR_E_CHANGED);
	assert_int_equal(n, ROWS);
	record_reader_close(r);
	free(text);
}

/* Whichever read fails, the error says so and nothing is taken for the end of the file. */
static void test_every_read_fails(void **state)
{
	enum { SIZE = 600000 }; /* several buffers */
	struct folder *f = *state;
	size_t n;
	char *text = malloc(SIZE);
	memset(text, '7', SIZE);
	for (size_t i = 2; i < SIZE; i += 50) {
		text[i] = '\n';
	}
	put_bytes(f, "a.csv", text, SIZE);
	free(text);
	assert_int_equal(discover(f), 0);
	const struct source_file s = f->sources.files.at[0];
	struct table_profile table;
	int failed = 0;
	for (;; failed++) {
		read_fails_at = failed + 1;
		int rc = drain(f, &s, true, &n);
		bool reached = read_fails_at == 0;
		read_fails_at = 0;
		if (!reached) {
			assert_int_equal(rc, 0);
			break;
		}
		assert_int_equal(rc, BLDR_E_IO);
		assert_message(f, BLDR_E_IO, "cannot read \"a.csv\": input/output error");

		read_fails_at = failed + 1;
		assert_int_equal(discover(f), BLDR_E_IO);
		read_fails_at = failed + 1;
		rc = ingest_profile_table(f->scratch.path, &s, NULL, &f->arena, &table, &f->err);
		assert_int_equal(rc, BLDR_E_IO);
	}
	assert_true(failed >= 4); /* three buffers and the end */
}

static void test_short_and_interrupted_reads(void **state)
{
	struct folder *f = *state;
	struct record_reader *r;
	struct record record;
	read_dawdles = true;
	const struct source_file *s = only_source(f, "a.csv",
						  "\xEF\xBB\xBF"
						  "a,b\r\n\"1\"\"\r\n2\",x\r\n\r\n3,4");
	assert_int_equal(record_reader_open(f->scratch.path, s, true, &r, &f->err), 0);
	assert_int_equal(record_reader_next(r, &record, &f->err), 1);
	assert_null(record.rejected);
	assert_int_equal(record.line, 2);
	assert_int_equal(record.offset, 8);
	assert_int_equal(record.fields[0].size, 5);
	assert_memory_equal(record.fields[0].text, "1\"\r\n2", 5);
	assert_int_equal(record_reader_next(r, &record, &f->err), 1);
	assert_int_equal(record.line, 5);
	assert_int_equal(record.offset, 22);
	assert_int_equal(record_reader_next(r, &record, &f->err), 0);
	record_reader_close(r);
	read_dawdles = false;
}

static void test_without_verification(void **state)
{
	struct folder *f = *state;
	size_t n;
	const struct source_file *s = only_source(f, "a.csv", "id\n1\n2\n");
	put(f, "a.csv", "id\n1\n2\n3\n");
	assert_int_equal(drain(f, s, false, &n), 0);
	assert_int_equal(n, 3);
}

static void test_gone(void **state)
{
	struct folder *f = *state;
	size_t n;
	const struct source_file *s = only_source(f, "a.csv", "id\n1\n");
	assert_int_equal(unlink(scratch_file(&f->scratch, "a.csv")), 0);
	assert_int_equal(drain(f, s, true, &n), BLDR_E_NOT_FOUND);
	assert_message(f, BLDR_E_NOT_FOUND, "a.csv\": no such file or directory");
}

/* A link, a folder or a pipe that took the file's place since it was listed is not followed. */
static void test_replaced(void **state)
{
	struct folder *f = *state;
	size_t n;
	const struct source_file *s = only_source(f, "a.csv", "id\n1\n");
	assert_int_equal(unlink(scratch_file(&f->scratch, "a.csv")), 0);
	assert_int_equal(symlink("/etc/passwd", scratch_file(&f->scratch, "a.csv")), 0);
	assert_int_equal(drain(f, s, true, &n), BLDR_E_IO);
	assert_message(f, BLDR_E_IO, "it is a symbolic link");

	assert_int_equal(unlink(scratch_file(&f->scratch, "a.csv")), 0);
	assert_int_equal(mkfifo(scratch_file(&f->scratch, "a.csv"), 0600), 0);
	assert_int_equal(drain(f, s, true, &n), BLDR_E_IO);

	assert_int_equal(unlink(scratch_file(&f->scratch, "a.csv")), 0);
	assert_int_equal(mkdir(scratch_file(&f->scratch, "a.csv"), 0700), 0);
	assert_int_equal(drain(f, s, true, &n), BLDR_E_IO);
	assert_int_equal(rmdir(scratch_file(&f->scratch, "a.csv")), 0);
}

static void test_rejected_record_keeps_its_bytes(void **state)
{
	struct folder *f = *state;
	struct record_reader *r;
	struct record record;
	const struct source_file *s = only_source(f, "a.csv", "a,b\n1,2,\"3\"\"\"\r\n");
	assert_int_equal(record_reader_open(f->scratch.path, s, true, &r, &f->err), 0);
	assert_int_equal(record_reader_next(r, &record, &f->err), 1);
	assert_string_equal(record.rejected, "3 fields where the header has 2");
	assert_int_equal(record.raw_size, 9);
	assert_memory_equal(record.raw, "1,2,\"3\"\"\"", 9);
	assert_int_equal(record.n, 3);
	assert_int_equal(record.fields[2].size, 2);
	assert_memory_equal(record.fields[2].text, "3\"", 2);
	assert_int_equal(record_reader_next(r, &record, &f->err), 0);
	record_reader_close(r);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_unchanged),
		FOLDER_TEST(test_changed),
		FOLDER_TEST(test_changed_while_read),
		FOLDER_TEST(test_every_read_fails),
		FOLDER_TEST(test_short_and_interrupted_reads),
		FOLDER_TEST(test_without_verification),
		FOLDER_TEST(test_gone),
		FOLDER_TEST(test_replaced),
		FOLDER_TEST(test_rejected_record_keeps_its_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
