/* The real host: real threads, real clocks, real signals. */
#include "host/asker.h"
#include "host/doer.h"
#include "host/host_test.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include <sqlite3.h>

static void the_shop_ends_as_in_simulation(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e =
		open_engine(f, (struct bldr_engine_options){ .durability = BLDR_FULL });
	int64_t now_ms = (int64_t)time(NULL) * 1000;

	ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", SHOP_STATE);
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_DONE);
	assert_int_equal(info(e, "t1").events, SHOP_EVENTS);
	assert_in_range(info(e, "t1").created_ms, now_ms - 1000, now_ms + 60000);
	ok(bldr_engine_run(e, &err)); /* nothing to do: returns at once */
	bldr_engine_close(e);
}

static void start_another(const struct bldr_event *event, void *user)
{
	struct bldr_error err = { 0 };
	int n = (int)strtol(event->thread + 1, NULL, 10);
	char id[16];

	if (event->seq == 20 && n < 30) {
		(void)snprintf(id, sizeof(id), "t%d", n + 10);
		ok(bldr_thread_start(user, "shop", id, NULL, &err));
	}
}

static void threads_run_side_by_side_and_start_others(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 4 });
	char id[16];

	f->shop.work_ms = 1;
	bldr_engine_observe(e, start_another, e);
	for (int i = 0; i < 10; i++) {
		(void)snprintf(id, sizeof(id), "t%d", i);
		ok(bldr_thread_start(e, "shop", id, NULL, &err));
	}
	ok(bldr_engine_run(e, &err));
	for (int i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "t%d", i);
		assert_state(e, id, SHOP_STATE);
	}
	bldr_engine_close(e);
}

/* Runs the asker's graph with one work and compares what it was answered. */
static void assert_answers(struct fixture *f, const struct asker *a,
			   const struct bldr_work_type *work, unsigned workers,
			   const char *expected)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = asker_graph(a);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = workers });
	char *text = malloc(strlen(expected) + 32);

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, work);
	ok(bldr_thread_start(e, "ask", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	(void)snprintf(text, strlen(expected) + 32, "{\"answers\":[%s]}", expected);
	assert_state(e, "t1", text);
	free(text);
	bldr_engine_close(e);
	bldr_graph_free(g);
	assert_int_equal(unlink(f->db), 0);
}

/* Comes back once as many as context says are inside together; that needs as many threads. */
struct meeting {
	atomic_uint inside;
	unsigned wanted;
};

static int meet(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	struct meeting *m = w->context;

	(void)ret;
	atomic_fetch_add(&m->inside, 1);
	for (int i = 0; i < 10000 && atomic_load(&m->inside) < m->wanted; i++) {
		(void)usleep(1000);
	}
	return atomic_load(&m->inside) >= m->wanted ? 0
						    : bldr_error_set(err, BLDR_E_FAILED, "alone");
}

static void eight_workers_work_at_the_same_time(void **state)
{
	struct asker a = { .n = 8, .kind = "work", .work = "meet", .args = "{}" };
	struct meeting m = { .wanted = 8 };
	struct bldr_work_type work = { .name = "meet", .fn = meet, .context = &m };

	assert_answers(
		*state, &a, &work, 8,
		"\"done: \",\"done: \",\"done: \",\"done: \",\"done: \",\"done: \",\"done: \","
		"\"done: \"");
}

/* Works until it is asked to give up, then for as long as args say. */
static int linger(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)ret;
	for (int i = 0; i < 10000 && !atomic_load(w->cancel); i++) {
		(void)usleep(1000);
	}
	(void)usleep((unsigned)bldr_get_int(w->args, "then_ms", 0) * 1000);
	atomic_fetch_add((atomic_uint *)w->context, 1);
	return bldr_error_set(err, BLDR_E_CANCELLED, "asked to");
}

static void a_timeout_ends_an_effect(void **state)
{
	struct asker a = { .n = 2,
			   .kind = "work",
			   .work = "linger",
			   .timeout_ms = 30,
			   .args = "{\"then_ms\":100}" };
	atomic_uint ended = 0;
	struct bldr_work_type work = { .name = "linger", .fn = linger, .context = &ended };

	assert_answers(*state, &a, &work, 2,
		       "\"timed out: work \\\"linger\\\" took longer than 30 ms\","
		       "\"timed out: work \\\"linger\\\" took longer than 30 ms\"");
	assert_int_equal(ended, 2); /* the engine has waited for the late ones */
}

/* The one worker comes back late, while the loop goes on with the second effect. */
static void a_late_result_is_dropped(void **state)
{
	struct asker a = { .n = 2,
			   .kind = "work",
			   .work = "linger",
			   .timeout_ms = 20,
			   .args = "{\"then_ms\":60}" };
	atomic_uint ended = 0;
	struct bldr_work_type work = { .name = "linger", .fn = linger, .context = &ended };

	assert_answers(*state, &a, &work, 1,
		       "\"timed out: work \\\"linger\\\" took longer than 20 ms\","
		       "\"timed out: work \\\"linger\\\" took longer than 20 ms\"");
}

/* The limit counts from the beginning of the work, not from its place in the queue. */
static int take_100_ms(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)ret;
	(void)err;
	(void)usleep(100000);
	return 0;
}

static void waiting_for_a_worker_is_not_timed(void **state)
{
	struct asker a = { .n = 4, .kind = "work", .work = "nap", .timeout_ms = 300, .args = "{}" };
	struct bldr_work_type work = { .name = "nap", .fn = take_100_ms };

	assert_answers(*state, &a, &work, 1, "\"done: \",\"done: \",\"done: \",\"done: \"");
}

static int fail_plainly(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)ret;
	return bldr_error_set(err, BLDR_E_IO, "the disk of \"north\" is full");
}

static int fail_silently(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)ret;
	(void)err;
	return BLDR_E_INVALID;
}

static int give_up(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)ret;
	return bldr_error_set(err, BLDR_E_CANCELLED, "enough");
}

/* A text whose JSON has as many bytes as args say. */
static int make_text(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	size_t size = (size_t)bldr_get_int(w->args, "bytes", 0) - 2;
	char *text = malloc(size);

	(void)err;
	memset(text, 'x', size);
	*ret = bldr_text_n(text, size);
	free(text);
	return 0;
}

static void failures_are_results(void **state)
{
	static const struct {
		bldr_work_fn fn;
		const char *kind, *work, *args, *expected;
	} cases[] = {
		{ fail_plainly, "work", "w", "{}", "\"failed: the disk of \\\"north\\\" is full\"" },
		{ fail_silently, "work", "w", "{}", "\"failed: work \\\"w\\\" failed: INVALID\"" },
		{ give_up, "work", "w", "{}", "\"cancelled: enough\"" },
		{ make_text, "work", "w", "{\"bytes\":65536}", "\"done: \"" },
		{ make_text, "work", "w", "{\"bytes\":65537}",
		  "\"failed: work \\\"w\\\" returned 65537 bytes, more than 65536: return an artefact "
		  "reference\"" },
		{ make_text, "work", "v", "{}",
		  "\"failed: no work \\\"v\\\" is registered; add it with bldr_engine_add_work\"" },
		{ make_text, "work", "w", "[]",
		  "\"failed: an effect of kind \\\"work\\\" needs {\\\"work\\\": name, \\\"args\\\": "
		  "{...}}\"" },
		{ make_text, "post", "w", "{}",
		  "\"failed: no host performs effects of kind \\\"post\\\"\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asker a = {
			.n = 1, .kind = cases[i].kind, .work = cases[i].work, .args = cases[i].args
		};
		struct bldr_work_type work = { .name = "w", .fn = cases[i].fn };

		assert_answers(*state, &a, &work, 2, cases[i].expected);
	}
}

static struct bldr_engine *stopped_by_signal;

static void on_alarm(int number)
{
	(void)number;
	bldr_engine_stop(stopped_by_signal);
}

static int done_at_once(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)err;
	*ret = bldr_text(w->key);
	return 0;
}

static void a_signal_stops_and_a_resume_goes_on(void **state)
{
	struct fixture *f = *state;
	struct asker a = { .n = 3, .kind = "work", .work = "linger", .args = "{\"then_ms\":20}" };
	struct itimerval soon = { .it_value.tv_usec = 50000 };
	atomic_uint ended = 0;
	struct bldr_work_type slow = { .name = "linger", .fn = linger, .context = &ended };
	struct bldr_work_type fast = { .name = "linger", .fn = done_at_once };
	struct bldr_error err = { 0 };
	struct bldr_graph *g = asker_graph(&a);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &slow);
	stopped_by_signal = e;
	(void)signal(SIGALRM, on_alarm);
	ok(bldr_thread_start(e, "ask", "t1", NULL, &err));
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	ok(bldr_engine_run(e, &err));
	assert_int_equal(ended, 2); /* waited for; the third was never begun */
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
	assert_int_equal(info(e, "t1").events, 6); /* no result is recorded */
	bldr_engine_add_work(e, &fast);
	ok(bldr_thread_resume(e, "t1", &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", "{\"answers\":[\"done: \",\"done: \",\"done: \"]}");
	bldr_engine_stop(
		e); /* ahead of time: the next run returns at once, with the start on disk */
	ok(bldr_thread_start(e, "ask", "t2", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t2").status, BLDR_THREAD_RUNNING);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

static void a_second_process_is_locked_out(void **state)
{
	struct fixture *f = *state;
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });
	int status = -1;
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		const struct bldr_engine_options o = { .journal = f->db };
		struct bldr_engine *mine = NULL;
		struct bldr_error err = { 0 };
		char expected[256];

		(void)snprintf(expected, sizeof(expected),
			       "\"%s\" is in use by process %ld; wait for it or stop it", f->db,
			       (long)parent);
		_exit(bldr_engine_open(&o, &mine, &err) == BLDR_E_LOCKED && mine == NULL &&
				      strcmp(err.text, expected) == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	bldr_engine_close(e);
	e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });
	bldr_engine_close(e);
}

static int advance_behind_its_back(const struct bldr_work *w, struct bldr_value **ret,
				   struct bldr_error *err)
{
	const struct fixture *f = w->context;
	sqlite3 *db = NULL;

	(void)err;
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE thread SET head=head+1", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	*ret = bldr_null();
	return 0;
}

/* The loop ends at once, though a sleep of it would take a day. */
static void what_a_lost_thread_had_begun_is_not_waited_for(void **state)
{
	static const struct doer d = { { { .kind = "work",
					   .args = "{\"work\":\"advance\",\"args\":{}}" },
					 { .kind = "sleep", .args = "{\"ms\":86400000}" } } };
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(&d);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 1 });
	const struct bldr_work_type work = { .name = "advance",
					     .fn = advance_behind_its_back,
					     .context = f };

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &work);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	assert_int_equal(bldr_engine_run(e, &err), BLDR_E_CHANGED);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_shop_ends_as_in_simulation, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_run_side_by_side_and_start_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(eight_workers_work_at_the_same_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_timeout_ends_an_effect, setup, teardown),
		cmocka_unit_test_setup_teardown(a_late_result_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting_for_a_worker_is_not_timed, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_are_results, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_stops_and_a_resume_goes_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_second_process_is_locked_out, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_lost_thread_had_begun_is_not_waited_for,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("uv", tests, NULL, NULL);
}
