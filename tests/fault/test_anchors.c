/*
 * Known faults of engines like this one, each a test: lost updates, effects begun again while the first still runs, rows that
 * stay behind, "database is locked" under load.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include <bldr/engine.h>

#include "scratch.h"

enum { ADDS = 20, READERS = 8, THREADS = 60 };

struct fixture {
	struct scratch dir;
	char db[160];
	struct bldr_graph *graph;
	atomic_int running, overlapped, begun; /* of work "stubborn" */
};

#define ok(rc)                                             \
	do {                                               \
		if ((rc) < 0) {                            \
			fail_msg("%s: %s", #rc, err.text); \
		}                                          \
	} while (0)

/* Adds what the state's "by" says; asks for work in between. */
static void add_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "pause", BLDR_KEYED, bldr_object());
}

static void add_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(
		p, "total",
		bldr_int(bldr_get_int(v->state, "total", 0) + bldr_get_int(v->state, "by", 0)));
}

static int pause_a_little(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)err;
	(void)usleep(200);
	*ret = bldr_null();
	return 0;
}

/* "total" is a last value: two invocations at once would lose an update. */
static struct bldr_graph *add_graph(void)
{
	static const char *const writes[] = { "total", NULL };
	struct bldr_graph *g = bldr_graph_new("add", 1);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "total", BLDR_LAST);
	bldr_graph_channel(g, "by", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "add",
					     .writes = writes,
					     .prepare = add_prepare,
					     .absorb = add_absorb });
	bldr_graph_edge(g, BLDR_START, "add");
	ok(bldr_graph_compile(g, &err));
	return g;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(&f->dir);
	(void)snprintf(f->db, sizeof(f->db), "%s/j.db", f->dir.path);
	f->graph = add_graph();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bldr_graph_free(f->graph);
	scratch_remove(&f->dir);
	free(f);
	return 0;
}

static struct bldr_engine *open_engine(struct fixture *f, bool simulate)
{
	const struct bldr_engine_options o = { .journal = f->db,
					       .simulate = simulate,
					       .workers = 4 };
	const struct bldr_work_type work = { .name = "pause",
					     .fn = pause_a_little,
					     .virtual_ms = 3 };
	struct bldr_engine *e = NULL;
	struct bldr_error err = { 0 };

	ok(bldr_engine_open(&o, &e, &err));
	bldr_engine_add_graph(e, f->graph);
	bldr_engine_add_work(e, &work);
	return e;
}

static int64_t total(struct bldr_engine *e, const char *id)
{
	struct bldr_value *state = NULL;
	struct bldr_error err = { 0 };
	int64_t n;

	ok(bldr_thread_state(e, id, &state, &err));
	n = bldr_get_int(state, "total", -1);
	bldr_unref(state);
	return n;
}

static struct bldr_value *one(void)
{
	struct bldr_value *by = bldr_object();

	bldr_object_set(by, "by", bldr_int(1));
	return by;
}

/* Those who add do so while others are under way: as observers, and before the loop. */
struct adders {
	struct bldr_engine *e;
	enum bldr_multitask policy;
	int sent, refused;
};

static void send_one(struct adders *a)
{
	struct bldr_value *by = one();
	struct bldr_error err = { 0 };
	int rc = bldr_thread_input(a->e, "t", by, a->policy, &err);

	bldr_unref(by);
	a->sent++;
	if (rc == BLDR_E_EXISTS) {
		a->refused++;
	} else {
		ok(rc);
	}
}

static void add_on_event(const struct bldr_event *event, void *user)
{
	struct adders *a = user;

	for (int i = 0; i < 2 && a->sent < ADDS && strcmp(event->type, "effect.intended") == 0;
	     i++) {
		send_one(a);
	}
}

static void twenty_concurrent_adds(struct fixture *f, bool simulate, enum bldr_multitask policy)
{
	struct bldr_engine *e = open_engine(f, simulate);
	struct adders a = { .e = e, .policy = policy, .sent = 1 };
	struct bldr_value *by = one();
	struct bldr_error err = { 0 };

	bldr_engine_observe(e, add_on_event, &a);
	ok(bldr_thread_start(e, "add", "t", by, &err));
	for (int i = 0; i < 5; i++) {
		send_one(&a);
	}
	while (a.sent < ADDS) {
		ok(bldr_engine_run(e, &err));
		if (a.sent < ADDS) {
			send_one(&a);
		}
	}
	ok(bldr_engine_run(e, &err));
	assert_int_equal(a.sent, ADDS);
	assert_int_equal(total(e, "t"), ADDS - a.refused);
	assert_true(policy == BLDR_ENQUEUE ? a.refused == 0 : a.refused > 0);
	bldr_unref(by);
	bldr_engine_close(e);
	(void)unlink(f->db);
}

static void twenty_concurrent_adds_end_as_twenty(void **state)
{
	twenty_concurrent_adds(*state, true, BLDR_ENQUEUE);
	twenty_concurrent_adds(*state, false, BLDR_ENQUEUE);
}

static void or_each_that_is_not_made_is_refused(void **state)
{
	twenty_concurrent_adds(*state, true, BLDR_REJECT);
	twenty_concurrent_adds(*state, false, BLDR_REJECT);
}

/* ---- a long effect ---- */

static int stubborn(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	struct fixture *f = w->context;

	(void)err;
	if (atomic_fetch_add(&f->running, 1) > 0) {
		atomic_fetch_add(&f->overlapped, 1);
	}
	atomic_fetch_add(&f->begun, 1);
	(void)usleep(w->attempt == 1 ? 150000 : 1000); /* whatever cancel says */
	atomic_fetch_sub(&f->running, 1);
	*ret = bldr_int((int64_t)w->attempt);
	return 0;
}

static void stubborn_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "stubborn", BLDR_KEYED, bldr_object());
}

static void stubborn_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			    struct bldr_patch *p)
{
	(void)v;
	(void)n;
	bldr_patch_set(p, "total", bldr_ref(r[0].value));
}

static void a_long_effect_is_not_begun_again_while_it_runs(void **state)
{
	static const struct bldr_retry retry = { .attempts = 3, .first_ms = 5, .no_jitter = true };
	static const struct bldr_policy policy = { .kind = "work:stubborn",
						   .retry = &retry,
						   .timeout_ms = 20 };
	static const char *const writes[] = { "total", NULL };
	struct fixture *f = *state;
	struct bldr_graph *g = bldr_graph_new("long", 1);
	struct bldr_engine *e = open_engine(f, false);
	const struct bldr_work_type work = { .name = "stubborn", .fn = stubborn, .context = f };
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "total", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "long",
					     .writes = writes,
					     .prepare = stubborn_prepare,
					     .absorb = stubborn_absorb });
	bldr_graph_edge(g, BLDR_START, "long");
	bldr_graph_policy(g, &policy);
	ok(bldr_graph_compile(g, &err));
	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &work);
	ok(bldr_thread_start(e, "long", "t", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(total(e, "t"), 2); /* the second try's */
	assert_int_equal(f->begun, 2);
	assert_int_equal(f->overlapped, 0);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

/* ---- rows ---- */

static int64_t ask(const char *db_path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t n;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

/* In every table that has a column for threads, found in the schema and not in a list. */
static int64_t rows_of_threads(const char *db_path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t n = 0;
	int tables = 0;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c"
				   " WHERE m.type='table' AND c.name='thread'",
				   -1, &stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		char sql[160];

		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE thread>0",
			       sqlite3_column_text(stmt, 0));
		n += ask(db_path, sql);
		tables++;
	}
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	assert_true(tables >= 6);
	return n + ask(db_path, "SELECT count(*) FROM thread");
}

static void deleting_a_thread_deletes_every_row_of_it(void **state)
{
	struct fixture *f = *state;
	struct bldr_engine *e = open_engine(f, true);
	struct bldr_value *by = one();
	struct bldr_value *written = bldr_object();
	struct bldr_error err = { 0 };
	char *large = malloc(9001);

	memset(large, 'x', 9000);
	large[9000] = '\0';
	bldr_object_set(by, "total", bldr_int(1));
	ok(bldr_thread_start(e, "add", "t", by, &err));
	ok(bldr_engine_run(e, &err));
	for (int i = 0; i < 3; i++) {
		struct bldr_value *more = bldr_object();

		bldr_object_set(more, "by", bldr_int(1));
		ok(bldr_thread_input(e, "t", more, BLDR_ENQUEUE, &err));
		bldr_unref(more);
	}
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_fork(e, "t", 0, 1, NULL, false, &err));
	bldr_object_set(written, "total", bldr_text(large)); /* a value of its own row */
	ok(bldr_thread_update(e, "t", "add", written, &err));
	bldr_unref(written);
	assert_true(rows_of_threads(f->db) > 10);
	assert_true(ask(f->db, "SELECT count(*) FROM blob") > 0);
	ok(bldr_thread_delete(e, "t", &err));
	assert_int_equal(rows_of_threads(f->db), 0);
	ok(bldr_engine_sweep(e, &err));
	assert_int_equal(ask(f->db, "SELECT count(*) FROM blob"), 0);
	bldr_unref(by);
	bldr_engine_close(e);
	free(large);
}

/* ---- readers ---- */

struct reader {
	struct fixture *f;
	atomic_bool *done;
	int reads, errors;
	char first[BLDR_ERROR_TEXT_MAX];
};

static int look(const struct bldr_event *event, void *user)
{
	(void)event;
	++*(int *)user;
	return 0;
}

static int look_at_thread(const struct bldr_thread *t, void *user)
{
	(void)t;
	++*(int *)user;
	return 0;
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	const struct bldr_engine_options o = { .journal = r->f->db, .read_only = true };
	struct bldr_engine *e = NULL;
	struct bldr_error err = { 0 };
	int n = 0;

	if (bldr_engine_open(&o, &e, &err) < 0) {
		r->errors++;
		(void)snprintf(r->first, sizeof(r->first), "%s", err.text);
		return NULL;
	}
	bldr_engine_add_graph(e, r->f->graph);
	while (!*r->done) {
		struct bldr_value *state = NULL;
		int rc = bldr_threads(e, look_at_thread, &n, &err);

		rc = rc < 0 ? rc : bldr_thread_events(e, "t0", 0, look, &n, &err);
		rc = rc < 0 ? rc : bldr_thread_state(e, "t0", &state, &err);
		bldr_unref(state);
		if (rc < 0 && r->errors++ == 0) {
			(void)snprintf(r->first, sizeof(r->first), "%s", err.text);
		}
		r->reads++;
	}
	bldr_engine_close(e);
	return NULL;
}

static void eight_threads_read_while_one_writes(void **state)
{
	struct fixture *f = *state;
	struct bldr_engine *e = open_engine(f, false);
	struct reader readers[READERS];
	pthread_t threads[READERS];
	atomic_bool done = false;
	struct bldr_value *by = one();
	struct bldr_error err = { 0 };

	ok(bldr_thread_start(e, "add", "t0", by, &err));
	ok(bldr_engine_run(e, &err));
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .f = f, .done = &done };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
	}
	for (int round = 0; round < 5; round++) {
		for (int i = 1; i < THREADS; i++) {
			char id[16];

			(void)snprintf(id, sizeof(id), "t%d", round * THREADS + i);
			ok(bldr_thread_start(e, "add", id, by, &err));
		}
		ok(bldr_thread_input(e, "t0", by, BLDR_ENQUEUE, &err));
		ok(bldr_engine_run(e, &err));
	}
	(void)usleep(50000);
	done = true;
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		if (readers[i].errors > 0) {
			fail_msg("%s", readers[i].first);
		}
		assert_true(readers[i].reads > 0);
	}
	assert_int_equal(total(e, "t0"), 6);
	bldr_unref(by);
	bldr_engine_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(twenty_concurrent_adds_end_as_twenty, setup,
						teardown),
		cmocka_unit_test_setup_teardown(or_each_that_is_not_made_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_long_effect_is_not_begun_again_while_it_runs,
						setup, teardown),
		cmocka_unit_test_setup_teardown(deleting_a_thread_deletes_every_row_of_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(eight_threads_read_while_one_writes, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("anchors", tests, NULL, NULL);
}
