/*
 * Effects of class local write into a ledger table of the journal's own file. Whatever goes wrong: an entry is there
 * when its effect has a result, once, and not otherwise.
 */
#include "host/asker.h"
#include "host/host_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store.h"

enum { ENTRIES = 3 };

static int ledger_open(struct store *store, struct bldr_error *err)
{
	static const struct store_tables tables = {
		.module = "ledger",
		.version = 1,
		.create = "CREATE TABLE ledger(key TEXT NOT NULL) STRICT",
	};

	return store_migrate(store, &tables, err);
}

/* Enters its key, then fails as the arguments say. */
static int ledger_add(const struct bldr_local *l, struct bldr_value **ret, struct bldr_error *err)
{
	const char *fail = bldr_get_text(bldr_get(l->args, "args"), "fail");
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(l->store, "INSERT INTO ledger VALUES (?1)", &stmt, err);

	if (rc == 0) {
		(void)sqlite3_bind_text(stmt, 1, l->key, -1, SQLITE_STATIC);
		rc = store_step(l->store, stmt, err);
	}
	if (rc == 0 && l->context != NULL) { /* the entry is written and not committed */
		(void)kill(getpid(), SIGKILL);
		(void)pause();
	}
	if (rc == 0 && fail != NULL && strcmp(fail, "limit") == 0) {
		char *large = calloc(1, BLDR_RESULT_MAX + 1);

		memset(large, 'x', BLDR_RESULT_MAX);
		*ret = bldr_text(large);
		free(large);
	} else if (rc == 0 && fail != NULL) {
		rc = bldr_error_set(err, strcmp(fail, "disk") == 0 ? BLDR_E_IO : BLDR_E_INVALID,
				    "told to fail");
	} else if (rc == 0) {
		*ret = bldr_text(l->key);
	}
	return rc;
}

static const struct bldr_local_type ledger = {
	.name = "ledger.add",
	.fn = ledger_add,
	.open = ledger_open,
};

static struct asker asker(const char *args)
{
	return (struct asker){
		.n = ENTRIES, .kind = "ledger.add", .work = "-", .cls = BLDR_LOCAL, .args = args
	};
}

static struct bldr_engine *open_ledger(struct fixture *f, struct bldr_engine_options o,
				       struct bldr_graph *g)
{
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, o);

	bldr_engine_add_graph(e, g);
	ok(bldr_engine_add_local(e, &ledger, &err));
	return e;
}

/* A number out of the file, by a connection of its own. */
static int64_t number(struct fixture *f, const char *sql)
{
	struct store *s = NULL;
	sqlite3_stmt *stmt = NULL;
	struct bldr_error err = { 0 };
	int64_t n;

	ok(store_open(f->db, STORE_READ, &s, &err));
	ok(store_prepare(s, sql, &stmt, &err));
	assert_int_equal(store_step(s, stmt, &err), 1);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	store_close(s);
	return n;
}

static int run_once(struct fixture *f, const struct asker *a, struct bldr_engine_options o,
		    const char *state)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = asker_graph(a);
	struct bldr_engine *e = open_ledger(f, o, g);
	int rc;

	ok(bldr_thread_start(e, "ask", "t1", NULL, &err));
	rc = bldr_engine_run(e, &err);
	if (state != NULL) {
		assert_int_equal(rc, 0);
		assert_state(e, "t1", state);
	}
	bldr_engine_close(e);
	bldr_graph_free(g);
	return rc;
}

#define DONE "{\"answers\":[\"done: \",\"done: \",\"done: \"]}"

static void performed_by_both_hosts(void **state)
{
	struct fixture *f = *state;
	struct asker a = asker("{}");

	for (int simulate = 0; simulate < 2; simulate++) {
		run_once(f, &a, (struct bldr_engine_options){ .simulate = simulate != 0 }, DONE);
		assert_int_equal(number(f, "SELECT count(*) FROM ledger"), ENTRIES);
		assert_int_equal(number(f, "SELECT count(DISTINCT key) FROM ledger"), ENTRIES);
		assert_int_equal(number(f,
					"SELECT count(*) FROM effect JOIN ledger USING(key)"
					" WHERE status=0 AND value='\"' || key || '\"'"),
				 ENTRIES);
		(void)unlink(f->db);
		(void)unlink(scratch_file(&f->dir, "j.db-wal"));
		(void)unlink(scratch_file(&f->dir, "j.db-shm"));
	}
}

static void a_failure_is_undone_alone(void **state)
{
	struct fixture *f = *state;
	struct asker bad = asker("{\"fail\":\"yes\"}");

	run_once(f, &bad, (struct bldr_engine_options){ .simulate = true },
		 "{\"answers\":[\"failed: told to fail\",\"failed: told to fail\","
		 "\"failed: told to fail\"]}");
	assert_int_equal(number(f, "SELECT count(*) FROM ledger"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM effect WHERE status=1 AND code<0"),
			 ENTRIES);
}

static void too_large_a_result_is_undone(void **state)
{
	struct fixture *f = *state;
	struct asker large = asker("{\"fail\":\"limit\"}");

	large.n = 1;
	run_once(f, &large, (struct bldr_engine_options){ .simulate = true },
		 "{\"answers\":[\"failed: local effect \\\"ledger.add\\\" returned 65538 bytes, "
		 "more than 65536\"]}");
	assert_int_equal(number(f, "SELECT count(*) FROM ledger"), 0);
}

static void a_disk_that_fails_takes_the_commit_with_it(void **state)
{
	struct fixture *f = *state;
	struct asker a = asker("{\"fail\":\"disk\"}");

	assert_int_equal(run_once(f, &a, (struct bldr_engine_options){ .simulate = true }, NULL),
			 BLDR_E_IO);
	assert_int_equal(number(f, "SELECT (SELECT count(*) FROM thread) + count(*) FROM ledger"),
			 0);
}

static void what_cannot_be_performed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct asker unknown = asker("{}");
	struct asker timed = asker("{}");
	struct bldr_graph *g;
	struct bldr_engine *e;
	struct bldr_error err = { 0 };

	unknown.kind = "ledger.none";
	unknown.n = 1;
	run_once(f, &unknown, (struct bldr_engine_options){ .simulate = true },
		 "{\"answers\":[\"failed: no local effect \\\"ledger.none\\\" is registered; add it with "
		 "bldr_engine_add_local\"]}");
	timed.timeout_ms = 5;
	g = asker_graph(&timed);
	e = open_ledger(f, (struct bldr_engine_options){ .simulate = true }, g);
	ok(bldr_thread_start(e, "ask", "t2", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t2").status, BLDR_THREAD_FAILED);
	assert_string_equal(info(e, "t2").error,
			    "node \"ask\": effect \"ledger.add\" has class local and a timeout; it "
			    "runs inside the commit");
	bldr_engine_close(e);
	bldr_graph_free(g);
}

/* Ends what a life before has begun, and says that every entry is there once. */
static void resume(struct fixture *f, struct bldr_graph *g, bool simulate)
{
	struct bldr_error err = { 0 };
	struct bldr_engine *e =
		open_ledger(f, (struct bldr_engine_options){ .simulate = simulate }, g);
	struct bldr_thread t = { 0 };

	/* the record and what the effects wrote stand together */
	assert_int_equal(number(f, "SELECT count(*) FROM ledger"),
			 number(f, "SELECT count(*) FROM effect WHERE code IS NOT NULL"));
	if (bldr_thread_info(e, "t1", &t, &err) < 0) {
		ok(bldr_thread_start(e, "ask", "t1", NULL, &err));
	} else if (t.status != BLDR_THREAD_DONE) {
		ok(bldr_thread_resume(e, "t1", &err));
	}
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", DONE);
	bldr_engine_close(e);
	assert_int_equal(number(f, "SELECT count(*) FROM ledger"), ENTRIES);
	assert_int_equal(number(f, "SELECT count(DISTINCT key) FROM ledger"), ENTRIES);
}

static void remove_files(struct fixture *f)
{
	static const char *const names[] = { "j.db", "j.db-wal", "j.db-shm" };

	for (size_t i = 0; i < 3; i++) {
		(void)unlink(scratch_file(&f->dir, names[i]));
	}
}

static void crashed_around_every_commit(void **state)
{
	static const enum bldr_fault_kind kinds[] = { BLDR_FAULT_FAIL, BLDR_FAULT_CRASH_BEFORE,
						      BLDR_FAULT_CRASH_AFTER };
	struct fixture *f = *state;
	struct asker a = asker("{}");
	struct bldr_graph *g = asker_graph(&a);

	for (size_t k = 0; k < 3; k++) {
		for (unsigned nth = 1; nth <= 2; nth++) { /* the intent's commit, the result's */
			const struct bldr_fault fault = { BLDR_AT_COMMIT, nth, kinds[k] };
			struct bldr_engine_options o = { .simulate = true,
							 .faults = &fault,
							 .n_faults = 1 };

			assert_true(run_once(f, &a, o, NULL) < 0);
			resume(f, g, true);
			remove_files(f);
		}
	}
	bldr_graph_free(g);
}

static void die_at(const struct bldr_event *event, void *user)
{
	if (event->seq == *(int64_t *)user) {
		(void)kill(getpid(), SIGKILL);
		(void)pause();
	}
}

static void killed_at_every_event(void **state)
{
	struct fixture *f = *state;
	struct asker a = asker("{}");
	struct bldr_graph *g = asker_graph(&a);
	int64_t event = 1;
	bool killed = true;

	for (; killed; event++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			struct bldr_engine *e =
				open_ledger(f, (struct bldr_engine_options){ .workers = 1 }, g);

			bldr_engine_observe(e, die_at, &event);
			if (bldr_thread_start(e, "ask", "t1", NULL, NULL) == 0) {
				(void)bldr_engine_run(e, NULL);
			}
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		killed = WIFSIGNALED(status);
		resume(f, g, false);
		remove_files(f);
	}
	assert_true(event > 8); /* run.started ... three intents, three ends ... run.ended */
	bldr_graph_free(g);
}

static void killed_inside_the_commit(void **state)
{
	struct fixture *f = *state;
	struct asker a = asker("{}");
	struct bldr_graph *g = asker_graph(&a);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct bldr_local_type deadly = ledger;
		struct bldr_engine *e =
			open_ledger(f, (struct bldr_engine_options){ .workers = 1 }, g);

		deadly.context = f;
		if (bldr_engine_add_local(e, &deadly, NULL) == 0 &&
		    bldr_thread_start(e, "ask", "t1", NULL, NULL) == 0) {
			(void)bldr_engine_run(e, NULL);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(number(f, "SELECT (SELECT count(*) FROM thread) + count(*) FROM ledger"),
			 0);
	resume(f, g, false);
	bldr_graph_free(g);
}

static void a_reader_needs_no_tables(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e;

	bldr_engine_close(open_engine(f, (struct bldr_engine_options){ .simulate = true }));
	e = open_engine(f, (struct bldr_engine_options){ .read_only = true });
	ok(bldr_engine_add_local(e, &ledger, &err));
	bldr_engine_close(e);
	assert_int_equal(number(f, "SELECT count(*) FROM sqlite_schema WHERE name='ledger'"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(performed_by_both_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_is_undone_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(too_large_a_result_is_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disk_that_fails_takes_the_commit_with_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_performed_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(crashed_around_every_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_at_every_event, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_inside_the_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_needs_no_tables, setup, teardown),
	};

	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
