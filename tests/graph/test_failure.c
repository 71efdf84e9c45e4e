/* What goes wrong: it is named, nothing is folded, and what siblings did is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

static void expect_state(const struct teller *t, const char *text)
{
	char *told = story_state(t->run);
	assert_string_equal(told, text);
	free(told);
}

static void ask_twice(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "one", BLDR_PURE, NULL);
	bldr_plan_work(p, "two", BLDR_PURE, NULL);
}

/* "a" and "b" side by side, then "c"; all ask. */
static struct bldr_graph *pair_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("pair", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	ask_node(g, "a");
	ask_node(g, "b");
	ask_node(g, "c");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

/* The code of what failed travels from the result to the run; each status implies one. */
static void a_failure_keeps_its_code(void **state)
{
	(void)state;
	static const struct {
		enum bldr_status status;
		int given, code;
	} cases[] = {
		{ BLDR_FAILED, BLDR_E_IO, BLDR_E_IO },
		{ BLDR_FAILED, BLDR_E_INVALID, BLDR_E_INVALID },
		{ BLDR_FAILED, 0, BLDR_E_FAILED },
		{ BLDR_TIMED_OUT, 0, BLDR_E_TIMEOUT },
		{ BLDR_CANCELLED, BLDR_E_CANCELLED, BLDR_E_CANCELLED },
		{ BLDR_UNKNOWN, 0, BLDR_E_FAILED },
	};
	struct bldr_graph *sub =
		bldr_graph_new("sub", 1); /* a node without absorb, below another */
	bldr_graph_node(sub, &(struct bldr_node){ .name = "s", .prepare = ask_twice });
	bldr_graph_edge(sub, BLDR_START, "s");
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_subgraph(g, "below", sub, NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "below");
	compiled(g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct teller t = teller_begin(g, NULL);
		teller_done(&t, 3, "1");
		assert_int_equal(t.updates[1]->results.at[0].code, BLDR_OK);
		struct teller again = teller_resume(&t, t.n);
		teller_failed_code(&again, 4, cases[i].status, cases[i].given, "why");
		const struct update *u = again.updates[again.n - 1];
		assert_int_equal(u->results.at[0].code, cases[i].code);
		assert_int_equal(u->status, RUN_FAILED);
		assert_int_equal(u->code, cases[i].code);
		struct teller retried = teller_resume(&again, again.n);
		assert_int_equal(retried.updates[retried.n - 1]->code, 0);
		teller_free(&retried);
		teller_free(&again);
		teller_free(&t);
	}
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void the_siblings_of_a_failed_task_end(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct teller t = teller_begin(g, "{\"log\":\"in\"}");
	teller_skip(&t);
	teller_failed(&t, 3, BLDR_FAILED, "no luck");
	teller_expect(
		&t,
		"result 3 failed no luck\n"
		"event 7 effect.ended {\"error\":\"no luck\",\"key\":\"t/0:a#0.0\",\"status\":\"failed\"}\n"
		"event 8 task.failed {\"error\":\"node \\\"a\\\": work did not do: no luck\","
		"\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"running\n");
	teller_done(&t, 4, "2");
	teller_expect(
		&t,
		"patch 2 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",2]]}\n"
		"result 4 done 2\n"
		"event 9 effect.ended {\"key\":\"t/0:b#0.0\",\"status\":\"done\"}\n"
		"event 10 task.ended {\"node\":\"b\",\"task\":\"/0:b\",\"writes\":[\"log\"]}\n"
		"event 11 run.failed {\"error\":\"node \\\"a\\\": work did not do: no luck\",\"step\":0}\n"
		"failed node \"a\": work did not do: no luck\n");
	assert_int_equal(run_status(t.run), RUN_FAILED);
	expect_state(&t, "{\"log\":[\"in\"]}");
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_failed_run_retries_what_failed(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 4, "\"b\"");
	teller_failed(&t, 3, BLDR_TIMED_OUT, NULL);

	struct teller second = teller_resume(&t, t.n);
	teller_expect(
		&second,
		"intent 5 task 1 try 1 keyed work t/0:a#0.0 {\"args\":{},\"work\":\"a\"}\n"
		"event 12 run.resumed {}\n"
		"event 13 task.started {\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"event 14 effect.intended {\"key\":\"t/0:a#0.0\",\"kind\":\"work\",\"name\":\"a\"}\n"
		"running\n");
	teller_failed(&second, 5, BLDR_CANCELLED, "again");

	struct teller third = teller_resume(&second, second.n);
	teller_expect_only(
		&third, "intent",
		"intent 6 task 1 try 2 keyed work t/0:a#0.0 {\"args\":{},\"work\":\"a\"}\n");
	struct teller fourth = teller_resume(&third, third.n); /* killed before the result */
	teller_expect(&fourth,
		      "event 21 run.resumed {}\n"
		      "running\n");
	teller_done(&fourth, 6, "\"a\"");
	teller_expect_only(
		&fourth, "step intent",
		"step 0.1 @4 log+[\"a\",\"b\"] | 7:c\n"
		"intent 8 task 7 try 0 keyed work t/1:c#0.0 {\"args\":{},\"work\":\"c\"}\n");
	teller_free(&fourth);
	teller_free(&third);
	teller_free(&second);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Which of two errors is the run's does not depend on who came first. */
static void the_first_failed_task_in_fold_order_is_the_runs_error(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	for (int i = 0; i < 2; i++) {
		struct teller t = teller_begin(g, NULL);
		teller_failed(&t, i == 0 ? 3 : 4, BLDR_FAILED, i == 0 ? "of a" : "of b");
		teller_failed(&t, i == 0 ? 4 : 3, BLDR_FAILED, i == 0 ? "of b" : "of a");
		assert_string_equal(t.updates[2]->error, "node \"a\": work did not do: of a");
		teller_free(&t);
	}
	bldr_graph_free(g);
}

static void want_two(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "one", BLDR_PURE, NULL);
	bldr_plan_work(p, "two", BLDR_PURE, NULL);
}

static void without_absorb_a_failed_effect_fails_its_task(void **state)
{
	(void)state;
	static const struct {
		enum bldr_status status;
		const char *error;
	} cases[] = {
		{ BLDR_FAILED, "node \"a\": effect 1 (\"work\") failed: why" },
		{ BLDR_TIMED_OUT, "node \"a\": effect 1 (\"work\") timed out: why" },
		{ BLDR_CANCELLED, "node \"a\": effect 1 (\"work\") was cancelled: why" },
		{ BLDR_UNKNOWN,
		  "node \"a\": effect 1 (\"work\") may or may not have been performed: why" },
	};
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_node(g, &(struct bldr_node){ .name = "a", .prepare = want_two });
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct teller t = teller_begin(g, NULL);
		teller_done(&t, 2, "1");
		teller_failed(&t, 3, cases[i].status, "why");
		assert_string_equal(t.updates[2]->error, cases[i].error);
		teller_free(&t);
	}
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 2, NULL);
	teller_done(&t, 3, NULL);
	assert_int_equal(run_status(t.run), RUN_DONE);
	teller_free(&t);
	bldr_graph_free(g);
}

/* One node "a" with this script, whose run fails at once. */
static void expect_failure(const char *script, const char *error)
{
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "last", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "all", BLDR_MERGE);
	bldr_graph_channel(g, "other", BLDR_APPEND);
	script_node(g, "a", script, NAMES("last", "log", "n", "all"), NAMES("b"));
	say_node(g, "b");
	say_node(g, "c");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_route(g, "a", script_route, NAMES("c"));
	compiled(g);
	struct teller t = teller_begin(g, "{\"n\":1,\"log\":[]}");
	struct buf failed;
	buf_init(&failed, 1 << 16);
	buf_printf(&failed, "failed %s\n", error);
	teller_expect_only(&t, "failed running done", failed.data);
	buf_release(&failed);
	expect_state(&t, "{\"log\":[],\"n\":1}");

	struct teller again = teller_resume(&t, 1); /* and it fails again */
	assert_int_equal(run_status(again.run), RUN_FAILED);
	assert_string_equal(again.updates[1]->error, error);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_task_that_breaks_its_word_fails(void **state)
{
	(void)state;
	expect_failure("{\"fail\":\"not today\"}", "node \"a\": not today");
	expect_failure(
		"{\"writes\":[[\"log\",1],[\"other\",1]]}",
		"node \"a\": it writes channel \"other\", which is not among its declared writes");
	expect_failure(
		"{\"writes\":[[\"nowhere\",1]]}",
		"node \"a\": it writes channel \"nowhere\", which is not among its declared writes");
	expect_failure("{\"writes\":[[\"last\",1],[\"last\",2]]}",
		       "node \"a\": it writes channel \"last\" twice, which is LAST");
	expect_failure("{\"writes\":[[\"n\",1.5]]}",
		       "node \"a\": channel \"n\" adds integers and was given a real number");
	expect_failure("{\"writes\":[[\"all\",\"x\"]]}",
		       "node \"a\": channel \"all\" merges objects and was given a text");
	expect_failure("{\"sends\":[[\"b\",1],[\"c\",1]]}",
		       "node \"a\": it sends to \"c\", which is not among its declared sends");
	expect_failure("{\"sends\":[[\"__end__\",1]]}",
		       "node \"a\": it sends to \"__end__\", which is not among its declared sends");
	expect_failure(
		"{\"to\":[\"c\",\"b\"]}",
		"node \"a\": its router names \"b\", which is not among the declared targets");
	expect_failure(
		"{\"to\":[\"__end__\"]}",
		"node \"a\": its router names \"__end__\", which is not among the declared targets");
	expect_failure(
		"{\"to_sends\":[[\"x\",1]]}",
		"node \"a\": its router names \"x\", which is not among the declared targets");
	expect_failure(
		"{\"fail\":\"first\",\"writes\":[[\"log\",1],[\"nowhere\",1]]}",
		"node \"a\": it writes channel \"nowhere\", which is not among its declared writes");
	expect_failure("{\"work\":17}", "node \"a\": it plans more than 16 effects");
}

static void a_sum_that_overflows_folds_nothing(void **state)
{
	(void)state;
	expect_failure(
		"{\"writes\":[[\"n\",9223372036854775807]],\"show\":\"c\"}",
		"node \"a\": channel \"n\" overflows: node \"a\" adds 9223372036854775807 to 1");

	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	const char *script = "{\"writes\":[[\"log\",1],[\"n\",4611686018427387904]]}";
	script_node(g, "x", script, NAMES("log", "n"), NULL);
	script_node(g, "y", script, NAMES("log", "n"), NULL);
	bldr_graph_edge(g, BLDR_START, "x");
	bldr_graph_edge(g, BLDR_START, "y");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_expect_only(&t, "step failed",
			   "step 0.0 @0 base | 1:x 2:y\n"
			   "failed channel \"n\" overflows: node \"y\" adds 4611686018427387904 to "
			   "4611686018427387904\n");
	expect_state(&t, "{}");
	teller_free(&t);
	bldr_graph_free(g);
}

static void wrong_kind(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_add(p, "Work!", BLDR_PURE, NULL, 0);
	bldr_plan_work(p, NULL, BLDR_PURE, NULL);
}

static void no_name(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, NULL, BLDR_PURE, bldr_object());
}

static void no_object(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_add(p, "http", BLDR_PURE, bldr_list(), 0);
}

static void too_deep(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	struct bldr_value *args = bldr_object();
	for (int i = 0; i < BLDR_VALUE_DEPTH_MAX; i++) {
		struct bldr_value *outer = bldr_object();
		bldr_object_set(outer, "in", args);
		args = outer;
	}
	bldr_plan_add(p, "http", BLDR_PURE, args, 0);
}

static void a_plan_that_nobody_could_perform_fails_its_task(void **state)
{
	(void)state;
	static const struct {
		void (*prepare)(const struct bldr_view *v, struct bldr_plan *p);
		const char *error;
	} cases[] = {
		{ wrong_kind, "node \"a\": effect kind \"Work!\" is no name" },
		{ no_name, "node \"a\": it plans work without a name" },
		{ no_object, "node \"a\": the arguments of effect \"http\" are no object" },
		{ too_deep,
		  "node \"a\": the arguments of effect \"http\" are nested more than 128 deep" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *g = bldr_graph_new("g", 1);
		bldr_graph_node(g, &(struct bldr_node){ .name = "a", .prepare = cases[i].prepare });
		bldr_graph_edge(g, BLDR_START, "a");
		compiled(g);
		struct teller t = teller_begin(g, NULL);
		assert_int_equal(t.updates[0]->intents.n, 0);
		assert_string_equal(t.updates[0]->error, cases[i].error);
		teller_free(&t);
		bldr_graph_free(g);
	}
}

/* Reached by two routers, so compiling cannot see it. */
static void two_tasks_may_not_write_a_last_channel(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "last", BLDR_LAST);
	script_node(g, "go", "{\"to\":[\"x\",\"y\"]}", NULL, NULL);
	script_node(g, "x", "{\"work\":1,\"writes\":[[\"last\",1]]}", NAMES("last"), NULL);
	script_node(g, "y", "{\"writes\":[[\"last\",2]]}", NAMES("last"), NULL);
	bldr_graph_edge(g, BLDR_START, "go");
	bldr_graph_route(g, "go", script_route, NAMES("x", "y"));
	compiled(g);
	struct teller t = teller_begin(g, "{\"last\":0}");
	teller_skip(&t);
	teller_done(&t, 4, NULL);
	teller_expect_only(
		&t, "step patch failed",
		"patch 2 {\"sends\":[],\"to\":[],\"writes\":[[\"last\",1]]}\n"
		"failed channel \"last\" is LAST and was written twice in one superstep, by node \"x\" "
		"and by node \"y\": give it a reducer\n");
	expect_state(&t, "{\"last\":0}");

	struct teller again = teller_resume(&t, t.n);
	teller_expect_only(
		&again, "event patch step",
		"event 13 run.resumed {}\n"
		"event 14 run.failed {\"error\":\"channel \\\"last\\\" is LAST and was written twice in "
		"one superstep, by node \\\"x\\\" and by node \\\"y\\\": give it a reducer\",\"step\":1}\n");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

/* What is added does not fit 64 bits, the sum does: the record holds the sum. */
static void a_sum_may_fit_where_its_parts_do_not(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "a", "{\"work\":1,\"writes\":[[\"n\",9223372036854775807],[\"n\",5]]}",
		    NAMES("n"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct teller t = teller_begin(g, "{\"n\":-9223372036854775808}");
	teller_skip(&t);
	teller_done(&t, 2, NULL);
	teller_expect_only(&t, "step", "step 0.1 @1 n=4 |\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static struct bldr_graph *failing_child(void)
{
	struct bldr_graph *g = bldr_graph_new("child", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	ask_node(g, "p");
	ask_node(g, "q");
	bldr_graph_edge(g, BLDR_START, "p");
	bldr_graph_edge(g, "p", "q");
	return compiled(g);
}

static void a_failure_inside_a_subgraph_is_retried_inside_it(void **state)
{
	(void)state;
	struct bldr_graph *child = failing_child();
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", child, NULL, NAMES("log"));
	ask_node(g, "z");
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, BLDR_START, "z");
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 5, "1"); /* p */
	teller_skip(&t);
	teller_failed(&t, 7, BLDR_FAILED, "bad"); /* q */
	teller_expect(
		&t,
		"result 7 failed bad\n"
		"event 14 effect.ended {\"error\":\"bad\",\"key\":\"t/0:sub/1:q#0.0\",\"status\":\"failed\"}\n"
		"event 15 task.failed {\"error\":\"node \\\"q\\\": work did not do: bad\",\"node\":\"q\","
		"\"task\":\"/0:sub/1:q\"}\n"
		"event 16 task.failed {\"error\":\"node \\\"sub\\\": node \\\"q\\\": work did not do: bad\","
		"\"node\":\"sub\",\"task\":\"/0:sub\"}\n"
		"running\n");

	/* Killed while z still runs: nothing is told twice, z goes on, then the run fails. */
	struct teller killed = teller_resume(&t, t.n);
	teller_expect(&killed,
		      "event 17 run.resumed {}\n"
		      "running\n");
	teller_done(&killed, 3, "2"); /* z */
	teller_expect(
		&killed,
		"patch 2 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",2]]}\n"
		"result 3 done 2\n"
		"event 18 effect.ended {\"key\":\"t/0:z#0.0\",\"status\":\"done\"}\n"
		"event 19 task.ended {\"node\":\"z\",\"task\":\"/0:z\",\"writes\":[\"log\"]}\n"
		"event 20 run.failed {\"error\":\"node \\\"sub\\\": node \\\"q\\\": work did not do: bad\",\"step\":0}\n"
		"failed node \"sub\": node \"q\": work did not do: bad\n");

	struct teller retried = teller_resume(&killed, killed.n);
	teller_expect_only(
		&retried, "intent step",
		"intent 8 task 6 try 1 keyed work t/0:sub/1:q#0.0 {\"args\":{},\"work\":\"q\"}\n");
	teller_done(&retried, 8, "3");
	expect_state(&retried, "{\"log\":[1,3,2]}");
	assert_int_equal(run_status(retried.run), RUN_DONE);
	teller_free(&retried);
	teller_free(&killed);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

static bool broken;

static void fail_while_broken(const struct bldr_view *v, const struct bldr_result *results,
			      size_t n, struct bldr_patch *p)
{
	(void)v;
	(void)results;
	(void)n;
	if (broken) {
		bldr_patch_fail(p, "a bug");
	}
}

/* The node's code is corrected while the run is down, though its siblings have not ended yet. */
static void a_corrected_node_goes_on_where_it_failed(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_node(child, &(struct bldr_node){ .name = "p", .absorb = fail_while_broken });
	script_node(child, "q", "{\"fail\":\"another\"}", NULL, NULL);
	bldr_graph_edge(child, BLDR_START, "p");
	bldr_graph_edge(child, "p", "q");
	compiled(child);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", child, NULL, NULL);
	ask_node(g, "z");
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, BLDR_START, "z");
	compiled(g);
	broken = true;
	struct teller t = teller_begin(g, NULL);
	teller_expect_only(&t, "running failed", "running\n");
	broken = false;
	struct teller again = teller_resume(&t, 1);
	teller_expect(
		&again,
		"step 1.1 @0 | 5:q\n"
		"event 10 run.resumed {}\n"
		"event 11 task.ended {\"node\":\"p\",\"task\":\"/0:sub/0:p\",\"writes\":[]}\n"
		"event 12 superstep {\"frame\":\"/0:sub\",\"step\":1,\"tasks\":[\"/0:sub/1:q\"]}\n"
		"event 13 task.started {\"node\":\"q\",\"task\":\"/0:sub/1:q\"}\n"
		"event 14 task.failed {\"error\":\"node \\\"q\\\": another\",\"node\":\"q\","
		"\"task\":\"/0:sub/1:q\"}\n"
		"event 15 task.failed {\"error\":\"node \\\"sub\\\": node \\\"q\\\": another\","
		"\"node\":\"sub\",\"task\":\"/0:sub\"}\n"
		"running\n");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* The subgraph ends, its router is wrong: the ended frame is read again and fails again. */
static void wrong_route(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	bldr_route_to(r, "sub");
}

static void a_subgraph_that_cannot_end_its_task_is_not_run_again(void **state)
{
	(void)state;
	struct bldr_graph *child = failing_child();
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", child, NULL, NAMES("log"));
	ask_node(g, "z");
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, BLDR_START, "z");
	bldr_graph_route(g, "sub", wrong_route, NAMES("z"));
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 5, "1");
	teller_done(&t, 7, "2");
	teller_done(&t, 3, "3");
	const char *error =
		"node \"sub\": its router names \"sub\", which is not among the declared "
		"targets";
	assert_string_equal(t.updates[3]->error, error);
	struct teller again = teller_resume(&t, t.n);
	teller_expect_only(&again, "step intent patch", "");
	assert_string_equal(again.updates[4]->error, error);
	struct teller running = teller_resume(&t, 3);
	teller_expect(&running, "event 17 run.resumed {}\nrunning\n");
	teller_free(&running);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

static void errors_of_strangers_are_cut_and_made_valid(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct teller t = teller_begin(g, NULL);
	char *error = malloc(5001);
	memset(error, 'x', 5000);
	error[0] = '\xff';
	error[5000] = '\0';
	teller_failed(&t, 3, BLDR_FAILED, error);
	const char *kept = t.updates[1]->results.at[0].error;
	assert_memory_equal(kept, "\xEF\xBF\xBDxxx", 6);
	assert_true(strlen(kept) <= BLDR_ERROR_TEXT_MAX + 2);
	free(error);
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_result_that_could_not_be_read_again_has_failed(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct teller t = teller_begin(g, NULL);
	char deep[2 * 121 + 1] = "";
	memset(deep, '[', 121);
	memset(deep + 121, ']', 121);
	teller_skip(&t);
	teller_done(&t, 3, deep);
	teller_expect_only(&t, "result",
			   "result 3 failed the result cannot be kept: nested more than 120 deep\n");
	deep[120] = ']';
	deep[240] = '\0';
	teller_done(&t, 4, deep);
	assert_int_equal(t.updates[2]->results.at[0].status, BLDR_DONE);
	teller_free(&t);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_keeps_its_code),
		cmocka_unit_test(the_siblings_of_a_failed_task_end),
		cmocka_unit_test(a_failed_run_retries_what_failed),
		cmocka_unit_test(the_first_failed_task_in_fold_order_is_the_runs_error),
		cmocka_unit_test(without_absorb_a_failed_effect_fails_its_task),
		cmocka_unit_test(a_task_that_breaks_its_word_fails),
		cmocka_unit_test(a_sum_that_overflows_folds_nothing),
		cmocka_unit_test(a_plan_that_nobody_could_perform_fails_its_task),
		cmocka_unit_test(two_tasks_may_not_write_a_last_channel),
		cmocka_unit_test(a_sum_may_fit_where_its_parts_do_not),
		cmocka_unit_test(a_failure_inside_a_subgraph_is_retried_inside_it),
		cmocka_unit_test(a_subgraph_that_cannot_end_its_task_is_not_run_again),
		cmocka_unit_test(a_result_that_could_not_be_read_again_has_failed),
		cmocka_unit_test(a_corrected_node_goes_on_where_it_failed),
		cmocka_unit_test(errors_of_strangers_are_cut_and_made_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
