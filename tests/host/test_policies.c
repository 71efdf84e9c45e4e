/*
 * Policies, emitted words, streams and durability at exit, on sim_host. Times are virtual: slow takes 100 ms (counter.h), so
 * what begins when follows from the policy alone.
 */
#include "host/host_test.h"

#include "base/map.h"
#include "host/counter.h"

struct world {
	struct scratch dir;
	char db[160];
	struct counter counter;
	struct bldr_policy policy;
	struct bldr_retry retry;
	struct bldr_graph *graph;
	struct bldr_engine *e;
	struct bldr_error err;
	char *trace;
	size_t trace_size;
	FILE *out;
};

#define must(rc)                                              \
	do {                                                  \
		if ((rc) < 0) {                               \
			fail_msg("%s: %s", #rc, w->err.text); \
		}                                             \
	} while (0)

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	scratch_make(&w->dir);
	(void)snprintf(w->db, sizeof(w->db), "%s/j.db", w->dir.path);
	w->policy.kind = "work:slow";
	w->retry = (struct bldr_retry){ .attempts = 3, .first_ms = 1000, .no_jitter = true };
	*state = w;
	return 0;
}

static void close_world(struct world *w)
{
	bldr_engine_close(w->e);
	w->e = NULL;
	if (w->out != NULL) {
		(void)fclose(w->out);
		free(w->trace);
		w->out = NULL;
	}
}

static int end_world(void **state)
{
	struct world *w = *state;

	close_world(w);
	bldr_graph_free(w->graph);
	scratch_remove(&w->dir);
	free(w);
	return 0;
}

static void open_world(struct world *w, struct bldr_engine_options o)
{
	w->out = open_memstream(&w->trace, &w->trace_size);
	o.journal = w->db;
	o.simulate = true;
	o.trace = w->out;
	must(bldr_engine_open(&o, &w->e, &w->err));
	if (w->graph == NULL) {
		w->counter.policy = &w->policy;
		w->graph = counter_graph(&w->counter, 1);
	}
	bldr_engine_add_graph(w->e, w->graph);
	counter_works(&w->counter, w->e);
}

static void start(struct world *w, const char *id, int64_t n)
{
	struct bldr_value *input = by(n);

	must(bldr_thread_start(w->e, "counter", id, input, &w->err));
	bldr_unref(input);
}

static void start_many(struct world *w, const char *const *ids)
{
	for (; *ids != NULL; ids++) {
		start(w, *ids, 1);
	}
}

static void run(struct world *w)
{
	must(bldr_engine_run(w->e, &w->err));
}

/* The times and keys of the trace's dispatches, "0 a/0:add 100 b/0:add ". */
static void expect_dispatches(struct world *w, const char *expected)
{
	char text[2048];
	size_t size = 0;
	char *rest;
	char *copy;

	(void)fflush(w->out);
	rest = copy = strdup(w->trace);
	text[0] = '\0';
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		char key[96];
		long at;

		if (sscanf(line, "[%ld] dispatch %95[^#]", &at, key) == 2) {
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%ld %s ", at,
						 key);
		}
	}
	free(copy);
	assert_string_equal(text, expected);
}

/* ---- retries ---- */

static void a_failure_is_tried_again_after_growing_pauses(void **state)
{
	struct world *w = *state;

	w->policy.retry = &w->retry;
	w->counter.failing = 2;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	assert_state(w->e, "t", "{\"by\":5,\"log\":[5],\"total\":5}");
	/* each takes 100; the pauses are 1000 and 2000 */
	expect_dispatches(w, "0 t/0:add 1100 t/0:add 3200 t/0:add 3300 t/1:note ");
	assert_string_equal(w->counter.keys[0], w->counter.keys[2]);
}

static void after_the_last_try_the_node_hears_of_it(void **state)
{
	struct world *w = *state;

	w->policy.retry = &w->retry;
	w->counter.failing = 3;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	assert_int_equal(info(w->e, "t").code, BLDR_E_UNAVAILABLE);
	assert_non_null(strstr(info(w->e, "t").error, "busy, try 3"));
	must(bldr_thread_resume(w->e, "t", &w->err)); /* a new attempt counts anew */
	run(w);
	assert_int_equal(info(w->e, "t").status, BLDR_THREAD_DONE);
}

static void other_failures_and_class_once_are_not_tried_again(void **state)
{
	struct world *w = *state;
	static const int only_timeouts[] = { BLDR_E_TIMEOUT, 0 };

	w->policy.retry = &w->retry;
	w->retry.on = only_timeouts;
	w->counter.failing = 1;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	assert_int_equal(info(w->e, "t").status, BLDR_THREAD_FAILED);
	assert_int_equal(w->counter.performed, 1);
	w->retry.on = NULL;
	w->counter.cls = BLDR_ONCE;
	w->counter.failing = 1;
	start(w, "u", 5);
	run(w);
	assert_int_equal(info(w->e, "u").status, BLDR_THREAD_FAILED);
	assert_int_equal(w->counter.performed, 2);
}

static void a_pause_survives_a_crash(void **state)
{
	struct world *w = *state;

	w->policy.retry = &w->retry;
	for (unsigned nth = 1; nth <= 4; nth++) {
		const struct bldr_fault crash = { BLDR_AT_COMMIT, nth, BLDR_FAULT_CRASH_AFTER };
		char id[8];

		(void)snprintf(id, sizeof(id), "t%u", nth);
		w->counter.failing = 2;
		w->counter.performed = 0;
		open_world(w, (struct bldr_engine_options){ .faults = &crash, .n_faults = 1 });
		start(w, id, 5);
		assert_int_equal(bldr_engine_run(w->e, &w->err), BLDR_E_CANCELLED);
		close_world(w);
		open_world(w, (struct bldr_engine_options){ .start_ms = 500 });
		must(bldr_thread_resume(w->e, id, &w->err));
		run(w);
		assert_state(w->e, id, "{\"by\":5,\"log\":[5],\"total\":5}");
		if (nth == 2) { /* the first failure was recorded at 100, its pause ends at 1100 */
			char expected[128];

			(void)snprintf(expected, sizeof(expected),
				       "1100 %s/0:add 3200 %s/0:add 3300 %s/1:note ", id, id, id);
			expect_dispatches(w, expected);
		}
		close_world(w);
	}
}

/* ---- rate, concurrency ---- */

static void a_rate_spreads_what_begins(void **state)
{
	static const char *const ids[] = { "a", "b", "c", "d", NULL };
	struct world *w = *state;

	w->policy.rate_count = 2;
	w->policy.rate_ms = 1000;
	open_world(w, (struct bldr_engine_options){ 0 });
	start_many(w, ids);
	run(w);
	expect_dispatches(w,
			  "0 a/0:add 500 b/0:add 1000 c/0:add 1500 d/0:add "
			  "2000 a/1:note 2500 b/1:note 3000 c/1:note 3500 d/1:note ");
}

static void a_burst_begins_at_once(void **state)
{
	static const char *const ids[] = { "a", "b", "c", "d", NULL };
	struct world *w = *state;

	w->policy.rate_count = 1;
	w->policy.rate_ms = 1000;
	w->policy.rate_burst = 3;
	open_world(w, (struct bldr_engine_options){ 0 });
	start_many(w, ids);
	run(w);
	expect_dispatches(w,
			  "0 a/0:add 0 b/0:add 0 c/0:add 1000 d/0:add "
			  "2000 a/1:note 3000 b/1:note 4000 c/1:note 5000 d/1:note ");
}

static void a_rate_is_not_forgotten_by_a_restart(void **state)
{
	static const struct bldr_fault crash = { BLDR_AT_EFFECT, 1, BLDR_FAULT_CRASH_BEFORE };
	struct world *w = *state;

	w->policy.rate_count = 1;
	w->policy.rate_ms = 1000;
	open_world(w, (struct bldr_engine_options){ .faults = &crash, .n_faults = 1 });
	start(w, "t", 1);
	assert_int_equal(bldr_engine_run(w->e, &w->err), BLDR_E_CANCELLED);
	close_world(w);
	open_world(w, (struct bldr_engine_options){ .start_ms = 200 });
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect_dispatches(w, "1000 t/0:add 2000 t/1:note "); /* the slot at 0 was taken */
}

static void so_many_are_under_way_at_once(void **state)
{
	static const char *const ids[] = { "a", "b", "c", NULL };
	struct world *w = *state;

	w->policy.concurrency = 1;
	open_world(w, (struct bldr_engine_options){ 0 });
	start_many(w, ids);
	run(w);
	expect_dispatches(w,
			  "0 a/0:add 100 b/0:add 200 c/0:add "
			  "300 a/1:note 400 b/1:note 500 c/1:note ");
}

static void an_engine_has_a_limit_of_its_own(void **state)
{
	static const char *const ids[] = { "a", "b", "c", NULL };
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ .effects_max = 2 });
	start_many(w, ids);
	run(w);
	expect_dispatches(
		w, "0 a/0:add 0 b/0:add 100 c/0:add 100 a/1:note 200 b/1:note 200 c/1:note ");
}

/* ---- cache ---- */

static void equal_requests_are_answered_from_the_cache(void **state)
{
	struct world *w = *state;

	w->policy.cache_ms = 1000;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	assert_int_equal(w->counter.performed, 2); /* {"n":5} and {"n":0} */
	start(w, "u", 5);
	run(w);
	assert_state(w->e, "u", "{\"by\":5,\"log\":[5],\"total\":5}");
	assert_int_equal(w->counter.performed, 2);
	start(w, "v", 6);
	run(w);
	assert_int_equal(w->counter.performed, 3);
	close_world(w);
	open_world(w, (struct bldr_engine_options){ .start_ms = 900 }); /* kept over restarts */
	start(w, "x", 5);
	run(w);
	assert_int_equal(w->counter.performed, 3);
	close_world(w);
	open_world(w, (struct bldr_engine_options){ .start_ms = 5000 }); /* too old */
	start(w, "y", 5);
	run(w);
	assert_int_equal(w->counter.performed, 5);
}

static void keyed_effects_are_not_cached(void **state)
{
	struct world *w = *state;

	w->policy.cache_ms = 1000;
	w->counter.cls = BLDR_KEYED;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	start(w, "u", 5);
	run(w);
	assert_int_equal(w->counter.performed, 4);
}

/* ---- streams ---- */

struct parts {
	char text[8192];
	size_t size;
	int64_t last;
};

static int add_part(const struct bldr_stream_part *part, void *user)
{
	struct parts *p = user;
	char *data = bldr_value_text(part->data);

	p->size += (size_t)snprintf(p->text + p->size, sizeof(p->text) - p->size, "%d%s %s\n",
				    (int)part->mode, part->path, data);
	p->last = part->seq;
	free(data);
	return 0;
}

static void add_live(const struct bldr_stream_part *part, void *user)
{
	(void)add_part(part, user);
}

#define VALUES                       \
	"1 {\"by\":5}\n"             \
	"1 {\"by\":5,\"total\":5}\n" \
	"1 {\"by\":5,\"log\":[5],\"total\":5}\n"

static void values_are_streamed_live_and_again(void **state)
{
	struct world *w = *state;
	struct parts live = { 0 };
	struct parts again = { 0 };

	open_world(w, (struct bldr_engine_options){ 0 });
	bldr_engine_stream(w->e, BLDR_STREAM_VALUES, add_live, &live);
	start(w, "t", 5);
	run(w);
	assert_string_equal(live.text, VALUES);
	must(bldr_thread_stream(w->e, "t", BLDR_STREAM_VALUES, 0, add_part, &again, &w->err));
	assert_string_equal(again.text, VALUES);
	again.size = 0;
	must(bldr_thread_stream(w->e, "t", BLDR_STREAM_VALUES, 3, add_part, &again, &w->err));
	assert_string_equal(again.text, VALUES + sizeof("1 {\"by\":5}"));
}

static void updates_are_streamed_when_they_are_recorded(void **state)
{
	struct world *w = *state;
	struct parts p = { 0 };

	open_world(w, (struct bldr_engine_options){ .record_updates = true });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_stream(w->e, "t", BLDR_STREAM_UPDATES, 0, add_part, &p, &w->err));
	assert_string_equal(p.text, "2 {\"add\":{\"total\":5}}\n2 {\"note\":{\"log\":5}}\n");
}

static void checkpoints_and_tasks_are_streamed(void **state)
{
	struct world *w = *state;
	struct parts p = { 0 };

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_stream(w->e, "t", BLDR_STREAM_CHECKPOINTS | BLDR_STREAM_TASKS, 0, add_part,
				&p, &w->err));
	assert_string_equal(
		p.text,
		"4 {\"held\":false,\"lineage\":0,\"next\":[\"add\"],\"source\":\"input\",\"step\":0,"
		"\"values\":{\"by\":5}}\n"
		"8 {\"event\":\"started\",\"node\":\"add\",\"task\":\"/0:add\"}\n"
		"8 {\"event\":\"ended\",\"node\":\"add\",\"task\":\"/0:add\",\"writes\":[\"total\"]}\n"
		"4 {\"held\":false,\"lineage\":0,\"next\":[\"note\"],\"source\":\"loop\",\"step\":1,"
		"\"values\":{\"by\":5,\"total\":5}}\n"
		"8 {\"event\":\"started\",\"node\":\"note\",\"task\":\"/1:note\"}\n"
		"8 {\"event\":\"ended\",\"node\":\"note\",\"task\":\"/1:note\",\"writes\":[\"log\"]}\n"
		"4 {\"held\":false,\"lineage\":0,\"next\":[],\"source\":\"loop\",\"step\":2,"
		"\"values\":{\"by\":5,\"log\":[5],\"total\":5}}\n");
}

static void what_a_failed_try_said_stays(void **state)
{
	struct world *w = *state;
	struct parts p = { 0 };

	w->policy.retry = &w->retry;
	w->counter.failing = 1;
	w->counter.chatty = true;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 8);
	run(w);
	must(bldr_thread_stream(w->e, "t", BLDR_STREAM_CUSTOM, 0, add_part, &p, &w->err));
	assert_string_equal(
		p.text,
		"64 {\"attempt\":1,\"data\":{\"half\":4},\"effect\":2,\"key\":\"t/0:add#0.0\"}\n"
		"64 {\"attempt\":2,\"data\":{\"half\":4},\"effect\":2,\"key\":\"t/0:add#0.0\"}\n"
		"64 {\"attempt\":1,\"data\":{\"half\":0},\"effect\":4,\"key\":\"t/1:note#0.0\"}\n");
}

/* ---- durability at exit ---- */

static void exit_writes_when_the_loop_returns(void **state)
{
	static const struct bldr_fault crash = { BLDR_AT_EFFECT, 2, BLDR_FAULT_CRASH_AFTER };
	struct world *w = *state;
	struct bldr_thread thread;

	open_world(w, (struct bldr_engine_options){ .durability = BLDR_EXIT });
	start(w, "t", 5);
	run(w);
	close_world(w);
	open_world(w,
		   (struct bldr_engine_options){
			   .durability = BLDR_EXIT, .faults = &crash, .n_faults = 1 });
	assert_state(w->e, "t", "{\"by\":5,\"log\":[5],\"total\":5}");
	start(w, "u", 5);
	assert_int_equal(bldr_engine_run(w->e, &w->err), BLDR_E_CANCELLED);
	close_world(w);
	open_world(w, (struct bldr_engine_options){ 0 });
	assert_state(w->e, "t", "{\"by\":5,\"log\":[5],\"total\":5}");
	assert_int_equal(bldr_thread_info(w->e, "u", &thread, &w->err), BLDR_E_NOT_FOUND);
}

static void exit_refuses_what_it_cannot_promise(void **state)
{
	struct world *w = *state;

	w->counter.cls = BLDR_KEYED;
	open_world(w, (struct bldr_engine_options){ .durability = BLDR_EXIT });
	start(w, "t", 5);
	run(w);
	assert_int_equal(info(w->e, "t").code, BLDR_E_INVALID);
	assert_non_null(strstr(info(w->e, "t").error, "durability exit"));
	assert_int_equal(w->counter.performed, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)
	const struct CMUnitTest tests[] = {
		TEST(a_failure_is_tried_again_after_growing_pauses),
		TEST(after_the_last_try_the_node_hears_of_it),
		TEST(other_failures_and_class_once_are_not_tried_again),
		TEST(a_pause_survives_a_crash),
		TEST(a_rate_spreads_what_begins),
		TEST(a_burst_begins_at_once),
		TEST(a_rate_is_not_forgotten_by_a_restart),
		TEST(so_many_are_under_way_at_once),
		TEST(an_engine_has_a_limit_of_its_own),
		TEST(equal_requests_are_answered_from_the_cache),
		TEST(keyed_effects_are_not_cached),
		TEST(values_are_streamed_live_and_again),
		TEST(updates_are_streamed_when_they_are_recorded),
		TEST(checkpoints_and_tasks_are_streamed),
		TEST(what_a_failed_try_said_stays),
		TEST(exit_writes_when_the_loop_returns),
		TEST(exit_refuses_what_it_cannot_promise),
	};

	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
