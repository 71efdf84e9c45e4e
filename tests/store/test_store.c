/* The store against real files, real locks and real processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "scratch.h"
#include "store/store.h"

struct fixture {
	struct scratch dir;
	char db[160];
};

static const char *const script = "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE) STRICT;";

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(&f->dir);
	(void)snprintf(f->db, sizeof(f->db), "%s/x.db", f->dir.path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scratch_remove(&f->dir);
	free(f);
	return 0;
}

static struct store *open_store(const char *path, enum store_mode mode)
{
	struct store *s = NULL;
	struct bldr_error err = { 0 };

	if (store_open(path, mode, &s, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return s;
}

static void exec(struct store *s, const char *sql)
{
	struct bldr_error err = { 0 };

	if (store_exec(s, sql, &err) < 0) {
		fail_msg("%s", err.text);
	}
}

static int migrate(struct store *s, const char *module, int version, const char *create,
		   struct bldr_error *err)
{
	const struct store_tables t = { .module = module, .version = version, .create = create };

	return store_migrate(s, &t, err);
}

/* The one number or text that sql answers. */
static const char *ask(struct store *s, const char *sql)
{
	static char text[256];
	sqlite3_stmt *stmt = NULL;
	struct bldr_error err = { 0 };

	if (store_prepare(s, sql, &stmt, &err) < 0 || store_step(s, stmt, &err) != 1) {
		fail_msg("%s: %s", sql, err.text);
	}
	(void)snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_reset(stmt);
	return text;
}

static void modes_set_what_they_promise(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);

	assert_string_equal(ask(s, "PRAGMA journal_mode"), "wal");
	assert_string_equal(ask(s, "PRAGMA synchronous"), "1");
	assert_string_equal(ask(s, "PRAGMA foreign_keys"), "1");
	assert_string_equal(ask(s, "PRAGMA trusted_schema"), "0");
	assert_string_equal(ask(s, "PRAGMA busy_timeout"), "5000");
	assert_string_equal(store_path(s), f->db);
	store_close(s);
	s = open_store(f->db, STORE_FULL);
	assert_string_equal(ask(s, "PRAGMA synchronous"), "2");
	store_close(s);
	s = open_store(f->db, STORE_PLAIN);
	assert_string_equal(ask(s, "PRAGMA journal_mode"), "delete");
	store_close(s);
	assert_false(access(scratch_file(&f->dir, "x.db-wal"), F_OK) == 0);
}

static void extensions_cannot_be_loaded(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	char *text = NULL;

	assert_int_not_equal(sqlite3_load_extension(store_db(s), "libm.so.6", NULL, &text),
			     SQLITE_OK);
	assert_string_equal(text, "not authorized");
	sqlite3_free(text);
	assert_int_equal(store_exec(s, "SELECT load_extension('libm.so.6')", NULL), BLDR_E_IO);
	store_close(s);
}

static void reading_needs_a_file_that_is_a_database(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct bldr_error err = { 0 };
	FILE *file;

	assert_int_equal(store_open(f->db, STORE_READ, &s, &err), BLDR_E_NOT_FOUND);
	assert_non_null(strstr(err.text, f->db));
	assert_null(s);
	file = fopen(f->db, "w");
	for (int i = 0; i < 200; i++) {
		(void)fputs("order_id,amount\n", file);
	}
	(void)fclose(file);
	assert_int_equal(store_open(f->db, STORE_READ, &s, &err), BLDR_E_CORRUPT);
	assert_int_equal(store_open(f->db, STORE_NORMAL, &s, &err), BLDR_E_CORRUPT);
	assert_non_null(strstr(err.text, "file is not a database"));
	assert_int_equal(store_open("/nowhere/at/all.db", STORE_NORMAL, &s, &err), BLDR_E_IO);
	assert_string_equal(err.text,
			    "cannot open \"/nowhere/at/all.db\": No such file or directory");
	assert_null(s);
}

static void migration_runs_once_per_module(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	struct bldr_error err = { 0 };

	assert_int_equal(migrate(s, "one", 3, script, &err), 0);
	assert_int_equal(migrate(s, "one", 3, script, &err), 0);
	assert_int_equal(migrate(s, "two", 1, "CREATE TABLE u(a) ", &err), 0);
	assert_string_equal(ask(s, "SELECT group_concat(module||version) FROM schema_version"),
			    "one3,two1");
	store_close(s);
	s = open_store(f->db, STORE_READ);
	assert_int_equal(migrate(s, "one", 3, script, &err), 0);
	assert_int_equal(migrate(s, "three", 1, script, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text, "holds no three tables"));
	store_close(s);
}

static void a_failed_migration_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	struct bldr_error err = { 0 };

	assert_true(migrate(s, "one", 1, "CREATE TABLE t(a); CREATE TABLE t(a);", &err) < 0);
	assert_string_equal(ask(s, "SELECT count(*) FROM sqlite_schema"), "0");
	assert_int_equal(migrate(s, "one", 1, script, &err), 0);
	store_close(s);
}

static void other_versions_are_refused(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	struct bldr_error err = { 0 };
	char expected[512];

	assert_int_equal(migrate(s, "one", 3, script, &err), 0);
	assert_int_equal(migrate(s, "one", 2, script, &err), BLDR_E_INVALID);
	(void)snprintf(expected, sizeof(expected),
		       "\"%s\" was written by a newer version of this program (its one tables are "
		       "version 3, known here is 2); use that version",
		       f->db);
	assert_string_equal(err.text, expected);
	assert_int_equal(migrate(s, "one", 4, script, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text, "an older version"));
	store_close(s);
}

static void older_tables_are_brought_up_step_by_step(void **state)
{
	static const char *const upgrades[] = { "ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'two'",
						"UPDATE t SET c=c||' three'" };
	const struct store_tables now = {
		.module = "one", .version = 3, .create = "not run", .upgrades = upgrades
	};
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	struct bldr_error err = { 0 };

	assert_int_equal(migrate(s, "one", 1, script, &err), 0);
	exec(s, "INSERT INTO t VALUES (7, 'x')");
	store_close(s);
	s = open_store(f->db, STORE_READ);
	assert_int_equal(store_migrate(s, &now, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text,
			       "tables are version 1, known here is 3); what writes to it "
			       "brings it up to date"));
	store_close(s);
	s = open_store(f->db, STORE_NORMAL);
	assert_int_equal(store_migrate(s, &now, &err), 0);
	assert_int_equal(store_migrate(s, &now, &err), 0); /* once */
	assert_string_equal(ask(s, "SELECT a||b||c FROM t"), "7xtwo three");
	assert_string_equal(ask(s, "SELECT group_concat(module||version) FROM schema_version"),
			    "one3");
	store_close(s);
}

static void a_failed_upgrade_leaves_the_old_tables(void **state)
{
	static const char *const upgrades[] = { "ALTER TABLE t ADD COLUMN c",
						"UPDATE absent SET c=1" };
	const struct store_tables now = {
		.module = "one", .version = 3, .create = script, .upgrades = upgrades
	};
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	struct bldr_error err = { 0 };

	assert_int_equal(migrate(s, "one", 1, script, &err), 0);
	assert_int_equal(store_migrate(s, &now, &err), BLDR_E_IO);
	assert_string_equal(ask(s, "SELECT version FROM schema_version"), "1");
	assert_string_equal(ask(s, "SELECT count(*) FROM pragma_table_info('t')"), "2");
	store_close(s);
}

/* Both in WAL mode, the target older and with a reader. */
static void a_copy_replaces_the_whole_file(void **state)
{
	struct fixture *f = *state;
	struct store *from = open_store(scratch_file(&f->dir, "from.db"), STORE_SCRATCH);
	struct store *to = open_store(f->db, STORE_FULL);
	struct store *reader;
	struct bldr_error err = { 0 };

	assert_string_equal(ask(from, "PRAGMA synchronous"), "0");
	exec(from, script);
	exec(from, "INSERT INTO t VALUES (1, 'new')");
	exec(to, "CREATE TABLE old(x); INSERT INTO old VALUES (1)");
	reader = open_store(f->db, STORE_READ);
	assert_string_equal(ask(reader, "SELECT count(*) FROM old"), "1");
	assert_int_equal(store_copy(from, to, &err), 0);
	assert_string_equal(ask(reader, "SELECT b FROM t"), "new");
	assert_string_equal(
		ask(to, "SELECT group_concat(name) FROM sqlite_schema WHERE type='table'"), "t");
	exec(to, "INSERT INTO t VALUES (2, 'more')"); /* a file like any other */
	assert_string_equal(ask(to, "PRAGMA journal_mode"), "wal");
	store_close(reader);
	store_close(from);
	store_close(to);
}

static void errors_have_our_codes(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	sqlite3_stmt *stmt = NULL;
	struct bldr_error err = { 0 };

	exec(s, script);
	exec(s, "INSERT INTO t VALUES (1, 'x')");
	assert_int_equal(store_exec(s, "INSERT INTO t VALUES (2, 'x')", &err), BLDR_E_EXISTS);
	assert_int_equal(store_exec(s, "INSERT INTO t VALUES (1, 'y')", &err), BLDR_E_EXISTS);
	assert_int_equal(store_exec(s, "INSERT INTO t VALUES (x'00', 'y')", &err), BLDR_E_INVALID);
	assert_int_equal(store_prepare(s, "SELECT absent", &stmt, &err), BLDR_E_IO);
	assert_non_null(strstr(err.text, "no such column: absent"));
	assert_int_equal(store_prepare(s, "INSERT INTO t VALUES (?1, ?2)", &stmt, &err), 0);
	(void)sqlite3_bind_int(stmt, 1, 1);
	assert_int_equal(store_step(s, stmt, &err), BLDR_E_EXISTS);
	assert_int_equal(store_prepare(s, "INSERT INTO t VALUES (?1, ?2)", &stmt, &err), 0);
	assert_int_equal(store_step(s, stmt, &err), 0); /* bindings are gone: both NULL */
	assert_string_equal(ask(s, "SELECT count(*) FROM t WHERE a=2 AND b IS NULL"), "1");
	store_close(s);
}

/* Runs body in a child that says "ready" through a pipe and then waits to be killed. */
static pid_t child_ready(void (*body)(const struct fixture *f, int ready), const struct fixture *f)
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(fds[0]);
		body(f, fds[1]);
		_exit(0);
	}
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	(void)close(fds[0]);
	return pid;
}

static void kill_child(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void hold_lock(const struct fixture *f, int ready)
{
	int fd = -1;

	if (store_lock(f->db, &fd, NULL) == 0 && write(ready, "x", 1) == 1) {
		(void)pause();
	}
}

static void one_process_holds_the_lock_until_it_dies(void **state)
{
	struct fixture *f = *state;
	pid_t pid = child_ready(hold_lock, f);
	struct bldr_error err = { 0 };
	char expected[512];
	int fd = -1;
	int other = -1;

	assert_int_equal(store_lock(f->db, &fd, &err), BLDR_E_LOCKED);
	(void)snprintf(expected, sizeof(expected),
		       "\"%s\" is in use by process %ld; wait for it or stop it", f->db, (long)pid);
	assert_string_equal(err.text, expected);
	assert_int_equal(fd, -1);
	kill_child(pid);
	assert_int_equal(store_lock(f->db, &fd, &err), 0);
	assert_int_equal(store_lock(f->db, &other, &err), BLDR_E_LOCKED); /* in one process too */
	store_unlock(fd);
	assert_int_equal(store_lock(f->db, &other, &err), 0);
	store_unlock(other);
}

/* Commits for ever, two rows at a time. */
static void write_for_ever(const struct fixture *f, int ready)
{
	struct store *s = open_store(f->db, STORE_NORMAL);

	for (int i = 0;; i++) {
		exec(s,
		     "BEGIN IMMEDIATE; INSERT INTO t(b) VALUES (NULL); INSERT INTO t(b) VALUES (NULL);"
		     " COMMIT");
		if (i == 10 && write(ready, "x", 1) != 1) {
			break;
		}
	}
}

static void one_reads_while_another_writes(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	long last = 0;
	bool grew = false;
	pid_t pid;

	exec(s, script);
	store_close(s);
	pid = child_ready(write_for_ever, f);
	s = open_store(f->db, STORE_READ);
	for (int i = 0; i < 10000 && (i < 100 || !grew); i++) {
		long n = strtol(ask(s, "SELECT count(*) FROM t"), NULL, 10);

		assert_true(n >= last && n % 2 == 0); /* whole transactions, and only forward */
		grew = grew || (last > 0 && n > last);
		last = n;
		(void)usleep(100);
	}
	assert_true(grew);
	kill_child(pid);
	assert_true(strtol(ask(s, "SELECT count(*) FROM t"), NULL, 10) >= last);
	store_close(s);
}

static off_t size_of(struct fixture *f, const char *name)
{
	struct stat st = { 0 };

	return stat(scratch_file(&f->dir, name), &st) == 0 ? st.st_size : -1;
}

static void write_some(const struct fixture *f, int ready)
{
	struct store *s = open_store(f->db, STORE_NORMAL);

	for (int i = 0; i < 50; i++) {
		exec(s, "INSERT INTO t(b) VALUES (NULL)");
	}
	if (write(ready, "x", 1) == 1) {
		(void)pause();
	}
}

static void what_a_killed_process_left_is_read_and_left_alone(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f->db, STORE_NORMAL);
	off_t main_size, wal_size;

	exec(s, script);
	store_close(s);
	kill_child(child_ready(write_some, f));
	main_size = size_of(f, "x.db");
	wal_size = size_of(f, "x.db-wal");
	assert_true(wal_size > 0);
	s = open_store(f->db, STORE_READ);
	assert_string_equal(ask(s, "SELECT count(*) FROM t"), "50");
	assert_true(store_exec(s, "INSERT INTO t(b) VALUES (NULL)", NULL) < 0);
	store_close(s);
	assert_int_equal(size_of(f, "x.db"), main_size);
	assert_int_equal(size_of(f, "x.db-wal"), wal_size);
	s = open_store(f->db, STORE_NORMAL);
	assert_string_equal(ask(s, "SELECT count(*) FROM t"), "50");
	store_close(s);
	assert_int_equal(size_of(f, "x.db-wal"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(modes_set_what_they_promise, setup, teardown),
		cmocka_unit_test_setup_teardown(extensions_cannot_be_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(reading_needs_a_file_that_is_a_database, setup,
						teardown),
		cmocka_unit_test_setup_teardown(migration_runs_once_per_module, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_migration_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(other_versions_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(older_tables_are_brought_up_step_by_step, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_failed_upgrade_leaves_the_old_tables, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_copy_replaces_the_whole_file, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_have_our_codes, setup, teardown),
		cmocka_unit_test_setup_teardown(one_process_holds_the_lock_until_it_dies, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_reads_while_another_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_killed_process_left_is_read_and_left_alone,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
