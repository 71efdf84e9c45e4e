/* The journal on a disk that fails: a commit, a copy at exit and an upgrade are there whole or not at all. */
#include "journal/journal_test.h"
#include "vfs_shim.h"

enum { SEEDS = 40, VALUE = 6000 };

static int setup_shim(void **state)
{
	shim_install();
	return setup(state);
}

static int teardown_shim(void **state)
{
	int rc = teardown(state);

	shim_remove();
	return rc;
}

/* A hash of every row of every table of a file, over a connection of its own; "" when there is no file. */
static void dump(const char *path, char ret[HASH_HEX_MAX])
{
	struct hash_state h;
	sqlite3 *db = NULL;
	sqlite3_stmt *names = NULL;

	hash_init(&h);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT name FROM sqlite_schema WHERE type='table'"
					    " ORDER BY name",
					    -1, &names, NULL),
			 SQLITE_OK);
	while (sqlite3_step(names) == SQLITE_ROW) {
		sqlite3_stmt *rows = NULL;
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1, 2",
					    sqlite3_column_text(names, 0));

		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
		hash_add(&h, sql, strlen(sql));
		while (sqlite3_step(rows) == SQLITE_ROW) {
			for (int i = 0; i < sqlite3_column_count(rows); i++) {
				hash_add(&h, "|", 1);
				hash_add(&h, sqlite3_column_text(rows, i),
					 (size_t)sqlite3_column_bytes(rows, i));
			}
		}
		(void)sqlite3_finalize(rows);
		sqlite3_free(sql);
	}
	(void)sqlite3_finalize(names);
	(void)sqlite3_close(db);
	hash_end(&h, ret);
}

static int put_structure(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	(void)user;
	(void)now_ms;
	return journal_graph_put(j, "h", "g", 1, "{}", err);
}

/* One commit of everything there is: two threads, one of them new, that prunes, a cached result, a rate, a job. */
static int commit_much(struct journal *j, struct journal_thread *t, struct journal_thread *fresh,
		       struct bldr_error *err)
{
	char large[VALUE + 1];
	struct update u[2] = { { .next_id = 90, .step = 9 }, { .next_id = 9 } };
	const struct journal_cached cached = { "hash", 100, large };
	const struct journal_rate rate = { "work:w", 5 };
	struct journal_part parts[] = {
		{ .thread = t, .update = &u[0], .cached = &cached, .n_cached = 1 },
		{ .thread = fresh, .update = &u[1] },
	};
	struct journal_job job = { .run = put_structure };
	const struct journal_batch b = {
		.parts = parts, .n_parts = 2, .rates = &rate, .n_rates = 1, .jobs = &job, .n_jobs = 1
	};
	int rc;

	memset(large, '8', VALUE);
	large[VALUE] = '\0';
	u[0].last_event = t->last_event;
	add_step(&u[0], 0, t->head, true);
	add_write(&u[0], "a", WRITE_FULL, large);
	add_task(&u[0], 10 + t->head, "n", -1, NULL);
	add_event(&u[0], "superstep", "{}");
	add_step(&u[1], 0, 0, true);
	add_event(&u[1], "run.started", "{}");
	rc = journal_commit(j, &b, 7000, err);
	update_release(&u[0]);
	update_release(&u[1]);
	return rc;
}

static struct journal *open_with(const char *path, enum bldr_durability durability,
				 struct bldr_error *err)
{
	const struct journal_options o = { .path = path, .durability = durability, .keep_steps = 2 };
	struct journal *j = NULL;

	return journal_open(&o, &j, err) < 0 ? NULL : j;
}

/* Begins anew: a file with a thread of three base records. */
static struct journal_thread begin(struct fixture *f, enum bldr_durability durability)
{
	static const char *const names[] = { "j.db",      "j.db-wal",      "j.db-shm",
					     "j.db.exit", "j.db.exit-wal", "j.db.exit-shm" };
	struct journal_thread t = new_thread("t");
	struct bldr_error err = { 0 };

	journal_close(f->j);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)unlink(scratch_file(&f->dir, names[i]));
	}
	shim_remove();
	shim_install();
	f->j = open_with(f->db, BLDR_FULL, &err);
	assert_non_null(f->j);
	for (int64_t step = 0; step < 3; step++) {
		struct update u = { .next_id = 9, .step = step, .last_event = t.last_event };

		add_step(&u, 0, step, true);
		add_task(&u, step + 1, "n", -1, NULL);
		add_event(&u, "superstep", "{}");
		commit(f, &t, &u);
	}
	journal_close(f->j);
	f->j = open_with(f->db, durability, &err);
	assert_non_null(f->j);
	return t;
}

static const struct {
	unsigned ops;
	int code;
	bool half;
} faults[] = {
	{ SHIM_WRITE, SQLITE_FULL, false },
	{ SHIM_WRITE, SQLITE_IOERR_WRITE, true },
	{ SHIM_SYNC, SQLITE_IOERR_FSYNC, false },
	{ SHIM_CHANGES, SQLITE_IOERR, false },
};

static void a_commit_that_fails_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	size_t failures = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		bool reached = true;

		for (uint64_t nth = 1; reached; nth++) {
			const struct shim_fault fault = { .ops = faults[i].ops,
							  .nth = nth,
							  .times = 1,
							  .code = faults[i].code,
							  .half = faults[i].half };
			struct journal_thread t = begin(f, BLDR_FULL);
			struct journal_thread fresh = new_thread("fresh");
			struct bldr_error err = { 0 };
			char before[HASH_HEX_MAX];
			char after[HASH_HEX_MAX];
			int rc;

			dump(f->db, before);
			shim_fail(&fault);
			rc = commit_much(f->j, &t, &fresh, &err);
			reached = shim_failed();
			shim_fail(NULL);
			dump(f->db, after);
			assert_true(reached ? rc == BLDR_E_IO : rc == 0);
			if (reached) {
				failures++;
				assert_string_equal(after, before);
				assert_int_equal(t.head, 3);
				assert_int_equal(fresh.rowid, 0);
				ok(commit_much(f->j, &t, &fresh, &err)); /* the disk is well again */
			}
			assert_int_equal(t.head, 4);
			assert_string_equal(
				ask(f,
				    "SELECT (SELECT group_concat(id||head) FROM thread)||(SELECT "
				    "group_concat(step) FROM step WHERE thread=1)||(SELECT count(*) "
				    "FROM cache, rate, graph)||(SELECT count(*) FROM blob)"),
				"t4,fresh12,311");
		}
	}
	assert_true(failures >= 20);
}

/* What a loss of power leaves of a commit that was reported, or was under way. */
static void power_loss_keeps_what_was_committed(void **state)
{
	struct fixture *f = *state;
	int whole = 0;
	int none = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct shim_fault fault = { .ops = SHIM_CHANGES,
						  .nth = 1 + seed * 2 % 60,
						  .code = SHIM_POWER };
		struct journal_thread t = begin(f, BLDR_FULL);
		struct journal_thread fresh = new_thread("fresh");
		struct bldr_error err = { 0 };
		char before[HASH_HEX_MAX];
		char after[HASH_HEX_MAX];
		const char *heads;
		int rc;

		dump(f->db, before);
		shim_fail(&fault);
		rc = commit_much(f->j, &t, &fresh, &err);
		shim_power_off();
		journal_close(f->j);
		shim_power_on(seed);
		f->j = open_with(f->db, BLDR_FULL, &err);
		assert_non_null(f->j);
		dump(f->db, after);
		heads = ask(f, "SELECT group_concat(id||head) FROM thread");
		if (strcmp(after, before) == 0) {
			assert_true(rc < 0); /* what was not there was not promised */
			none++;
		} else {
			assert_string_equal(heads, "t4,fresh1");
			assert_string_equal(ask(f, "PRAGMA integrity_check"), "ok");
			whole++;
		}
	}
	assert_true(whole > 0 && none > 0);
}

static void exit_durability_writes_back_whole(void **state)
{
	struct fixture *f = *state;
	struct journal_thread t = begin(f, BLDR_EXIT);
	struct journal_thread fresh = new_thread("fresh");
	struct journal_thread found;
	struct bldr_error err = { 0 };
	char before[HASH_HEX_MAX];
	char after[HASH_HEX_MAX];
	char scratch[HASH_HEX_MAX];

	assert_string_equal(journal_path(f->j), scratch_file(&f->dir, "j.db.exit"));
	dump(f->db, before);
	shim_fail(NULL);
	ok(commit_much(f->j, &t, &fresh, &err));
	assert_int_equal(shim_calls(SHIM_SYNC), 0); /* no disk is waited for */
	ok(journal_thread(f->j, "fresh", &found, &err));
	dump(f->db, after);
	assert_string_equal(after, before);
	dump(journal_path(f->j), scratch);
	assert_string_not_equal(scratch, before);
	ok(journal_write_back(f->j, &err));
	dump(f->db, after);
	assert_string_equal(after, scratch);
	shim_fail(NULL);
	ok(journal_write_back(f->j, &err)); /* nothing has changed */
	assert_int_equal(shim_calls(SHIM_WRITE), 0);
	assert_true(shim_calls(SHIM_WRITE) == 0);
	t.head = 4;
	ok(commit_much(f->j, &t, &(struct journal_thread){ .id = "late" }, &err));
	journal_close(f->j); /* as if killed before it was written back */
	f->j = NULL;
	assert_int_not_equal(access(scratch_file(&f->dir, "j.db.exit"), F_OK), 0);
	dump(f->db, after);
	assert_string_equal(after, scratch);
}

static void a_left_scratch_copy_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct journal_thread t = begin(f, BLDR_NORMAL);
	struct bldr_error err = { 0 };
	char before[HASH_HEX_MAX];
	char after[HASH_HEX_MAX];
	FILE *left;

	journal_close(f->j);
	dump(f->db, before);
	for (int i = 0; i < 2; i++) {
		left = fopen(scratch_file(&f->dir, i == 0 ? "j.db.exit" : "j.db.exit-wal"), "w");
		(void)fputs("left by a killed process", left);
		(void)fclose(left);
	}
	f->j = open_with(f->db, BLDR_EXIT, &err);
	assert_non_null(f->j);
	dump(journal_path(f->j), after);
	assert_string_equal(after, before);
	assert_int_equal(t.head, 3);
}

/* At each write of a writing back the disk fails, or the power: the file is the old one or the new one. */
static void a_writing_back_that_fails_leaves_the_file(void **state)
{
	struct fixture *f = *state;
	bool reached = true;
	int news = 0;

	for (uint64_t nth = 1; reached; nth++) {
		const struct shim_fault fault = { .ops = SHIM_CHANGES,
						  .nth = nth,
						  .times = 1,
						  .code = nth % 2 == 0 ? SHIM_POWER : SQLITE_FULL };
		struct journal_thread t = begin(f, BLDR_EXIT);
		struct journal_thread fresh = new_thread("fresh");
		struct bldr_error err = { 0 };
		char before[HASH_HEX_MAX];
		char after[HASH_HEX_MAX];
		char scratch[HASH_HEX_MAX];
		int rc;

		dump(f->db, before);
		ok(commit_much(f->j, &t, &fresh, &err));
		dump(journal_path(f->j), scratch);
		shim_fail(&fault);
		rc = journal_write_back(f->j, &err);
		reached = shim_failed();
		assert_true(reached ? rc == BLDR_E_IO : rc == 0);
		if (nth % 2 == 0) {
			shim_power_off();
			journal_close(f->j);
			shim_power_on(nth);
			f->j = open_with(f->db, BLDR_NORMAL, &err);
			assert_non_null(f->j);
		}
		shim_fail(NULL);
		dump(f->db, after);
		news += strcmp(after, scratch) == 0;
		if (rc == 0) {
			assert_string_equal(after, scratch);
		} else if (strcmp(after, scratch) != 0) {
			assert_string_equal(after, before);
		}
		if (rc < 0 && nth % 2 == 1) {
			ok(journal_write_back(f->j, &err)); /* the disk is well again */
			dump(f->db, after);
			assert_string_equal(after, scratch);
		}
	}
	assert_true(news > 0);
}

/* Makes a file of version 1 from its dump. */
static void restore_dump(struct fixture *f)
{
	char *text = calloc(1, 64 << 10);
	FILE *file = fopen(VERSION_1, "r");
	sqlite3 *db = NULL;

	(void)begin(f, BLDR_FULL);
	journal_close(f->j);
	f->j = NULL;
	(void)unlink(f->db);
	shim_remove();
	shim_install();
	assert_non_null(file);
	assert_true(fread(text, 1, (64 << 10) - 1, file) > 5000);
	(void)fclose(file);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=wal", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	free(text);
}

/* At each write of it the disk fails, or the power: the tables are of version 1 with all their rows, or of version 2. */
static void an_upgrade_that_fails_leaves_the_old_file(void **state)
{
	struct fixture *f = *state;
	bool reached = true;
	int olds = 0;

	for (uint64_t nth = 1; reached; nth++) {
		const struct shim_fault fault = { .ops = SHIM_CHANGES,
						  .nth = nth,
						  .times = 1,
						  .code = nth % 2 == 0 ? SHIM_POWER : SQLITE_FULL };
		struct bldr_error err = { 0 };
		char before[HASH_HEX_MAX];
		char after[HASH_HEX_MAX];
		bool opened;

		restore_dump(f);
		dump(f->db, before);
		shim_fail(&fault);
		f->j = open_with(f->db, BLDR_FULL, &err);
		reached = shim_failed();
		opened = f->j != NULL;
		journal_close(f->j);
		if (nth % 2 == 0) {
			shim_power_off();
			shim_power_on(nth);
		}
		shim_fail(NULL);
		dump(f->db, after);
		if (strcmp(ask(f, "SELECT version FROM schema_version"), "1") == 0) {
			assert_false(opened);
			assert_string_equal(after, before);
			olds++;
		}
		f->j = open_with(f->db, BLDR_FULL, &err);
		assert_non_null(f->j);
		assert_string_equal(ask(f, "SELECT id||step||(SELECT count(*) FROM effect WHERE "
					   "due_ms=0) FROM thread"),
				    "parked13");
	}
	assert_true(olds > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_commit_that_fails_leaves_nothing, setup_shim,
						teardown_shim),
		cmocka_unit_test_setup_teardown(power_loss_keeps_what_was_committed, setup_shim,
						teardown_shim),
		cmocka_unit_test_setup_teardown(exit_durability_writes_back_whole, setup_shim,
						teardown_shim),
		cmocka_unit_test_setup_teardown(a_left_scratch_copy_is_dropped, setup_shim,
						teardown_shim),
		cmocka_unit_test_setup_teardown(a_writing_back_that_fails_leaves_the_file,
						setup_shim, teardown_shim),
		cmocka_unit_test_setup_teardown(an_upgrade_that_fails_leaves_the_old_file,
						setup_shim, teardown_shim),
	};

	return cmocka_run_group_tests_name("journal_faults", tests, NULL, NULL);
}
