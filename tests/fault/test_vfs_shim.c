/* The shim itself: that it fails when it is told to, keeps what was synced, and catches whoever trusts what was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scratch.h"
#include "store/store.h"
#include "vfs_shim.h"

enum { COMMITS = 20, SEEDS = 60 };

struct fixture {
	struct scratch dir;
	char db[160];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(&f->dir);
	(void)snprintf(f->db, sizeof(f->db), "%s/x.db", f->dir.path);
	shim_install();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	shim_remove();
	scratch_remove(&f->dir);
	free(f);
	return 0;
}

static struct store *open_store(const struct fixture *f, enum store_mode mode)
{
	struct store *s = NULL;
	struct bldr_error err = { 0 };

	if (store_open(f->db, mode, &s, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return s;
}

static void exec(struct store *s, const char *sql)
{
	struct bldr_error err = { 0 };

	if (store_exec(s, sql, &err) < 0) {
		fail_msg("%s: %s", sql, err.text);
	}
}

/* The one number or text that sql answers; the error's text when there is none. */
static const char *ask(struct store *s, const char *sql)
{
	static char text[BLDR_ERROR_TEXT_MAX];
	sqlite3_stmt *stmt = NULL;
	struct bldr_error err = { 0 };
	const char *found = err.text;

	if (store_prepare(s, sql, &stmt, &err) == 0 && store_step(s, stmt, &err) == 1) {
		found = (const char *)sqlite3_column_text(stmt, 0);
	}
	(void)snprintf(text, sizeof(text), "%s", found);
	(void)sqlite3_reset(stmt);
	return text;
}

static void forget(struct fixture *f)
{
	static const char *const names[] = { "x.db", "x.db-wal", "x.db-shm", "x.db-journal" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlink(scratch_file(&f->dir, names[i]));
	}
	shim_remove();
	shim_install();
}

/* Commits in that mode, loses power, and answers how many of them are left; all before a commit that is left are. */
static int left_after_power_loss(struct fixture *f, enum store_mode mode, uint64_t seed)
{
	struct store *s = open_store(f, mode);
	int left;

	exec(s, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	for (int i = 1; i <= COMMITS; i++) {
		exec(s, "INSERT INTO t(b) VALUES (hex(randomblob(900)))");
	}
	shim_power_off();
	assert_true(store_exec(s, "INSERT INTO t(b) VALUES (0)", NULL) < 0);
	store_close(s);
	shim_power_on(seed);
	s = open_store(f, mode);
	assert_string_equal(ask(s, "PRAGMA integrity_check"), "ok");
	left = atoi(ask(s, "SELECT count(*) FROM sqlite_schema")) == 0
		? 0
		: atoi(ask(s, "SELECT count(*) FROM t"));
	if (left > 0) {
		assert_int_equal(atoi(ask(s, "SELECT max(a) FROM t")), left);
	}
	exec(s, "CREATE TABLE IF NOT EXISTS more(x); INSERT INTO more VALUES (1)");
	store_close(s);
	forget(f);
	return left;
}

static void power_loss_takes_commits_under_normal_and_none_under_full(void **state)
{
	struct fixture *f = *state;
	int lost = 0;
	int partly = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		int left = left_after_power_loss(f, STORE_NORMAL, seed);

		lost += left < COMMITS;
		partly += left > 0 && left < COMMITS;
		assert_int_equal(left_after_power_loss(f, STORE_FULL, seed), COMMITS);
		/* without a sync of the folder a deleted rollback journal may be back, and the last commit is undone:
		 * SQLite's documentation of PRAGMA synchronous */
		assert_in_range(left_after_power_loss(f, STORE_PLAIN, seed), COMMITS - 1, COMMITS);
	}
	assert_true(lost > SEEDS / 4 && lost < SEEDS);
	assert_true(partly > 0);
}

/* Whoever syncs nothing ends with a file that is none, or less than he has committed. */
static void what_trusts_unsynced_writes_is_caught(void **state)
{
	struct fixture *f = *state;
	int damaged = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct store *s = open_store(f, STORE_PLAIN);

		exec(s, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
		exec(s, "PRAGMA synchronous=OFF");
		for (int i = 0; i < COMMITS; i++) {
			exec(s, "INSERT INTO t(b) VALUES (hex(randomblob(2000)))");
		}
		shim_power_off();
		store_close(s);
		shim_power_on(seed);
		s = NULL;
		if (store_open(f->db, STORE_PLAIN, &s, NULL) < 0 ||
		    strcmp(ask(s, "PRAGMA integrity_check"), "ok") != 0) {
			damaged++;
		}
		store_close(s);
		forget(f);
	}
	assert_true(damaged > 0);
}

static void one_seed_is_one_outcome(void **state)
{
	struct fixture *f = *state;
	char first[2][300];

	for (int turn = 0; turn < 2; turn++) {
		struct store *s = open_store(f, STORE_NORMAL);

		exec(s, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
		for (int i = 0; i < COMMITS; i++) {
			exec(s, "INSERT INTO t(b) VALUES ('same')");
		}
		shim_power_off();
		store_close(s);
		shim_power_on(7);
		s = open_store(f, STORE_NORMAL);
		(void)snprintf(first[turn], sizeof(first[turn]), "%s",
			       ask(s, "SELECT count(*) FROM sqlite_schema, t"));
		store_close(s);
		forget(f);
	}
	assert_string_equal(first[0], first[1]);
}

/* A file of 4 sectors that is synced, then written over whole, is torn at sectors and nowhere else. */
static void writes_are_torn_at_sectors(void **state)
{
	struct fixture *f = *state;
	bool torn = false;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
		sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
		unsigned char data[2048];
		int olds = 0;
		FILE *raw;

		assert_int_equal(vfs->xOpen(vfs, f->db, file,
					    SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE |
						    SQLITE_OPEN_CREATE,
					    NULL),
				 SQLITE_OK);
		memset(data, 'o', sizeof(data));
		assert_int_equal(file->pMethods->xWrite(file, data, sizeof(data), 0), SQLITE_OK);
		assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
		memset(data, 'n', sizeof(data));
		assert_int_equal(file->pMethods->xWrite(file, data, sizeof(data), 0), SQLITE_OK);
		shim_power_off();
		assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
		shim_power_on(seed);
		free(file);
		raw = fopen(f->db, "r");
		assert_int_equal(fread(data, 1, sizeof(data), raw), sizeof(data));
		(void)fclose(raw);
		for (size_t i = 0; i < sizeof(data); i++) {
			assert_int_equal(data[i], data[i / 512 * 512]);
			olds += i % 512 == 0 && data[i] == 'o';
		}
		torn = torn || (olds > 0 && olds < 4);
		forget(f);
	}
	assert_true(torn);
}

/* A closed log is deleted without a sync of the folder: it may be back, which must do no harm. */
static void a_deleted_log_may_be_back(void **state)
{
	struct fixture *f = *state;
	int back = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct store *s = open_store(f, STORE_FULL);

		exec(s, "CREATE TABLE t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
		store_close(s);
		assert_int_not_equal(access(scratch_file(&f->dir, "x.db-wal"), F_OK), 0);
		shim_power_off();
		shim_power_on(seed);
		back += access(scratch_file(&f->dir, "x.db-wal"), F_OK) == 0;
		s = open_store(f, STORE_FULL);
		assert_string_equal(ask(s, "SELECT count(*) FROM t"), "1");
		store_close(s);
		forget(f);
	}
	assert_true(back > 0 && back < SEEDS);
}

static void the_nth_call_fails(void **state)
{
	static const struct {
		enum shim_op op;
		int code;
		const char *says;
	} cases[] = {
		{ SHIM_WRITE, SQLITE_FULL, "No space left on device" },
		{ SHIM_WRITE, SQLITE_IOERR_WRITE, "disk I/O error" },
		{ SHIM_SYNC, SQLITE_IOERR_FSYNC, "disk I/O error" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int half = 0; half < 2; half++) {
			struct shim_fault fault = { .ops = cases[i].op,
						    .suffix = "-wal",
						    .nth = 2,
						    .times = 1,
						    .code = cases[i].code,
						    .half = half != 0 };
			struct store *s = open_store(f, STORE_FULL);
			struct bldr_error err = { 0 };
			int good = 0;

			exec(s, "CREATE TABLE t(a INTEGER PRIMARY KEY)");
			shim_fail(&fault);
			for (int k = 0; k < 4; k++) {
				int rc = store_exec(s, "INSERT INTO t VALUES (NULL)", &err);

				assert_true(rc == 0 || strstr(err.text, cases[i].says) != NULL);
				good += rc == 0;
			}
			assert_true(shim_failed());
			assert_int_equal(good, 3);
			assert_int_equal(atoi(ask(s, "SELECT count(*) FROM t")), 3);
			assert_true(shim_calls((unsigned)cases[i].op) >= 4);
			store_close(s);
			forget(f);
		}
	}
}

static void a_busy_file_says_so(void **state)
{
	const struct shim_fault fault = { .ops = SHIM_LOCK, .nth = 1, .code = SQLITE_BUSY };
	struct fixture *f = *state;
	struct store *s =
		open_store(f, STORE_PLAIN); /* a log's locks are waited for up to 10 seconds */
	struct bldr_error err = { 0 };

	exec(s, "CREATE TABLE t(a)");
	(void)sqlite3_busy_timeout(store_db(s), 1);
	shim_fail(&fault);
	assert_int_equal(store_exec(s, "INSERT INTO t VALUES (1)", &err), BLDR_E_LOCKED);
	shim_fail(NULL);
	assert_int_equal(store_exec(s, "INSERT INTO t VALUES (1)", &err), 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			power_loss_takes_commits_under_normal_and_none_under_full, setup, teardown),
		cmocka_unit_test_setup_teardown(what_trusts_unsynced_writes_is_caught, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_seed_is_one_outcome, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_are_torn_at_sectors, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deleted_log_may_be_back, setup, teardown),
		cmocka_unit_test_setup_teardown(the_nth_call_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(a_busy_file_says_so, setup, teardown),
	};

	return cmocka_run_group_tests_name("vfs_shim", tests, NULL, NULL);
}
