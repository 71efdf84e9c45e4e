/* Error handlers, and the time that tasks and supersteps may take: what is failed so stays failed over a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lives.h"

static void expect_state(struct lives *l, const char *text)
{
	char *told = story_state(lives_now(l)->run);
	assert_string_equal(told, text);
	free(told);
}

static void handled_node(struct bldr_graph *g, const char *name, const char *script,
			 uint32_t timeout_ms, const char *handler)
{
	struct bldr_node node = script_part(script);
	node.name = name;
	node.writes = NAMES("log");
	node.timeout_ms = timeout_ms;
	node.on_error = handler;
	bldr_graph_node(g, &node);
}

static const char asks[] = "{\"work\":1,\"sick\":true,\"echo\":\"log\"}";

/* a (asks, handled by "mend") beside b (asks); a -> c, mend -> d. */
static struct bldr_graph *mended_graph(const char *a, const char *mend)
{
	struct bldr_graph *g = bldr_graph_new("mended", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	handled_node(g, "a", a, 0, "mend");
	handled_node(g, "b", asks, 0, NULL);
	handled_node(g, "mend", mend, 0, NULL);
	say_node(g, "c");
	say_node(g, "d");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "mend", "d");
	return compiled(g);
}

/* LangGraph 1.2: the handler runs in the same superstep with the error and the failed input, survives a crash. */
static void a_handler_takes_the_place_of_what_failed(void **state)
{
	(void)state;
	struct bldr_graph *g =
		mended_graph(asks, "{\"input\":\"log\",\"work\":1,\"echo\":\"log\"}");
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell(
		&l,
		(struct act){ ACT_FAILED, .effect = 3, .number = BLDR_E_IO, .text = "no \"disk\"" },
		"handler 1 @1 {\"code\":\"IO\",\"error\":\"node \\\"a\\\": no \\\"disk\\\"\","
		"\"input\":null,\"node\":\"a\"}\n"
		"intent 5 task 1 try 0 keyed work t/0:a!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 3 failed no \"disk\"\n"
		"event 7 effect.ended {\"error\":\"no \\\"disk\\\"\",\"key\":\"t/0:a#0.0\",\"status\":"
		"\"failed\"}\n"
		"event 8 task.handled {\"code\":\"IO\",\"error\":\"node \\\"a\\\": no \\\"disk\\\"\","
		"\"handler\":\"mend\",\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"event 9 task.started {\"node\":\"mend\",\"task\":\"/0:a!mend\"}\n"
		"event 10 effect.intended {\"key\":\"t/0:a!mend#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	lives_tell_only(
		&l, (struct act){ ACT_DONE, .effect = 5, .text = "\"mended\"" }, "patch event",
		"patch 1 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",\"mended\"],[\"log\","
		"{\"code\":\"IO\",\"error\":\"node \\\"a\\\": no \\\"disk\\\"\",\"input\":null,"
		"\"node\":\"a\"}]]}\n"
		"event 11 effect.ended {\"key\":\"t/0:a!mend#0.0\",\"status\":\"done\"}\n"
		"event 12 task.ended {\"node\":\"mend\",\"task\":\"/0:a!mend\",\"writes\":[\"log\"]}\n");
	/* a's place in the fold order is before b's; what follows is what follows the handler. */
	lives_tell_only(
		&l, (struct act){ ACT_DONE, .effect = 4, .text = "\"b\"" }, "step done",
		"step 0.1 @3 log+[\"mended\",{\"code\":\"IO\",\"error\":\"node \\\"a\\\": no "
		"\\\"disk\\\"\",\"input\":null,\"node\":\"a\"},\"b\"] | 6:d\n"
		"step 0.2 @3 log+[\"d\"] |\n"
		"done\n");
	lives_end(&l);
	bldr_graph_free(g);
}

static void without_a_failure_a_handler_does_nothing(void **state)
{
	(void)state;
	struct bldr_graph *g = mended_graph(asks, "{}");
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"a\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "\"b\"" });
	expect_state(&l, "{\"log\":[\"a\",\"b\",\"c\"]}");
	lives_end(&l);
	bldr_graph_free(g);
}

/* Rounds: the one that failed is not the handler's; and the handler has rounds of its own. */
static void a_handler_begins_with_its_own_first_round(void **state)
{
	(void)state;
	struct bldr_graph *g =
		mended_graph("{\"work\":1,\"again\":[1,2],\"sick\":true}",
			     "{\"work\":1,\"again\":[\"m\"],\"rounds\":\"log\",\"echo\":\"log\"}");
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "0" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 5, .text = "0" });
	lives_tell_only(
		&l, (struct act){ ACT_FAILED, .effect = 6, .number = BLDR_E_IO, .text = "no" },
		"round handler intent",
		"round 1.0 @3 -\n"
		"handler 1 @3 {\"code\":\"IO\",\"error\":\"node \\\"a\\\": no\",\"input\":null,\"node\":\"a\"}\n"
		"intent 7 task 1 try 0 keyed work t/0:a!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n");
	lives_tell_only(
		&l, (struct act){ ACT_DONE, .effect = 7, .text = "7" }, "round intent",
		"round 1.1 @4 \"m\"\n"
		"intent 8 task 1 try 0 keyed work t/0:a!mend#1.0 {\"args\":{},\"work\":\"w0\"}\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 8, .text = "8" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "\"b\"" });
	expect_state(&l, "{\"log\":[1,\"m\",4,8,\"b\",\"d\"]}");
	lives_end(&l);
	bldr_graph_free(g);
}

/* Sent tasks are handled each by itself, with their input. */
static void sent_tasks_are_handled_one_by_one(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("sent", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"sends\":[[\"b\",1],[\"b\",{\"x\":2}],[\"b\",3]]}", NULL, NAMES("b"));
	handled_node(g, "b", asks, 0, "mend");
	handled_node(g, "mend", "{\"input\":\"log\"}", 0, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 5, .text = "\"one\"" });
	lives_act(&l,
		  (struct act){ ACT_FAILED, .effect = 7, .number = BLDR_E_FAILED, .text = "three" });
	lives_act(&l,
		  (struct act){ ACT_FAILED, .effect = 6, .number = BLDR_E_FAILED, .text = "two" });
	expect_state(
		&l,
		"{\"log\":[\"one\","
		"{\"code\":\"FAILED\",\"error\":\"node \\\"b\\\": two\",\"input\":{\"x\":2},\"node\":\"b\"},"
		"{\"code\":\"FAILED\",\"error\":\"node \\\"b\\\": three\",\"input\":3,\"node\":\"b\"}]}");
	lives_end(&l);
	bldr_graph_free(g);
}

/* LangGraph: handlers never handle handlers. Taken up again, the handler is what is tried again. */
static void a_handlers_failure_is_the_runs(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	handled_node(g, "a", asks, 0, "mend");
	handled_node(g, "mend", asks, 0, "late");
	handled_node(g, "late", "{}", 0, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l,
		  (struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_FAILED, .text = "one" });
	lives_tell_only(
		&l, (struct act){ ACT_FAILED, .effect = 3, .number = BLDR_E_IO, .text = "two" },
		"failed event",
		"event 9 effect.ended {\"error\":\"two\",\"key\":\"t/0:a!mend#0.0\",\"status\":\"failed\"}\n"
		"event 10 task.failed {\"error\":\"node \\\"mend\\\": two\",\"node\":\"mend\",\"task\":"
		"\"/0:a!mend\"}\n"
		"event 11 run.failed {\"error\":\"node \\\"mend\\\": two\",\"step\":0}\n"
		"failed node \"mend\": two\n");
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "intent",
		"intent 4 task 1 try 1 keyed work t/0:a!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "3" });
	expect_state(&l, "{\"log\":[3]}");
	lives_end(&l);
	bldr_graph_free(g);
}

/* A node whose plan, patch or router is wrong fails as one whose effect failed. */
static void a_handler_handles_whatever_failed(void **state)
{
	(void)state;
	static const char *const scripts[] = { "{\"fail\":\"why\"}", "{\"writes\":[[\"gone\",1]]}",
					       "{\"work\":17}" };
	static const char *const errors[] = {
		"{\"log\":[{\"code\":\"FAILED\",\"error\":\"node \\\"a\\\": why\",\"input\":null,\"node\":\"a\"}]}",
		"{\"log\":[{\"code\":\"INVALID\",\"error\":\"node \\\"a\\\": it writes channel \\\"gone\\\", which is "
		"not among its declared writes\",\"input\":null,\"node\":\"a\"}]}",
		"{\"log\":[{\"code\":\"LIMIT\",\"error\":\"node \\\"a\\\": it plans more than 16 "
		"effects\",\"input\":null,\"node\":\"a\"}]}",
	};
	for (size_t i = 0; i < 3; i++) {
		struct bldr_graph *g = bldr_graph_new("g", 1);
		bldr_graph_channel(g, "log", BLDR_APPEND);
		handled_node(g, "a", scripts[i], 0, "mend");
		handled_node(g, "mend", "{\"input\":\"log\"}", 0, NULL);
		bldr_graph_edge(g, BLDR_START, "a");
		compiled(g);
		struct lives l;
		lives_begin(&l, g, NULL);
		expect_state(&l, errors[i]);
		lives_end(&l);
		bldr_graph_free(g);
	}
}

static void retries_come_before_the_handler(void **state)
{
	(void)state;
	static const struct bldr_retry retry = { .attempts = 2, .no_jitter = true };
	static const struct bldr_policy policy = { .kind = "work", .retry = &retry };
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	handled_node(g, "a", asks, 0, "mend");
	handled_node(g, "mend", asks, 0, NULL);
	bldr_graph_policy(g, &policy);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell_only(&l, (struct act){ ACT_TIMEOUT, .effect = 2, .text = "slow" },
			"retry handler", "retry 2 tries 1 due 501\n");
	lives_tell_only(
		&l, (struct act){ ACT_TIMEOUT, .effect = 2, .text = "slow" },
		"retry handler intent",
		"handler 1 @2 {\"code\":\"TIMEOUT\",\"error\":\"node \\\"a\\\": slow\",\"input\":null,"
		"\"node\":\"a\"}\n"
		"intent 3 task 1 try 0 keyed work t/0:a!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n");
	lives_tell_only(&l, (struct act){ ACT_TIMEOUT, .effect = 3, .text = "slow" },
			"retry handler", "retry 3 tries 1 due 503\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "1" });
	lives_end(&l);
	bldr_graph_free(g);
}

/* a has 100 ms, b any time, all of them 300. */
static struct bldr_graph *timed_graph(const char *handler)
{
	struct bldr_graph *g = bldr_graph_new("timed", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	handled_node(g, "a", "{\"work\":2,\"again\":[1],\"echo\":\"log\"}", 100, handler);
	handled_node(g, "b", "{\"work\":1,\"echo\":\"log\"}", 0, NULL);
	handled_node(g, "mend", "{\"work\":1,\"input\":\"log\"}", 0, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "b", "mend");
	bldr_graph_step_timeout(g, 300);
	return compiled(g);
}

static void a_task_whose_time_is_over_fails(void **state)
{
	(void)state;
	struct bldr_graph *g = timed_graph(NULL);
	struct lives l;
	lives_begin(&l, g, NULL);
	assert_int_equal(run_deadline(lives_now(&l)->run), 100);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "1" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "1" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "2" });
	assert_int_equal(run_deadline(lives_now(&l)->run), 100); /* all rounds */
	lives_tell(&l, (struct act){ ACT_EXPIRE, .number = 99 }, "running\n");
	lives_tell(
		&l, (struct act){ ACT_EXPIRE, .number = 100 },
		"handler 1 @100 {\"attempt\":0,\"code\":-10,\"error\":\"node \\\"a\\\": its time of 100 ms "
		"is over\"}\n"
		"result 7 cancelled it was given up\n"
		"event 14 effect.ended {\"error\":\"it was given up\",\"key\":\"t/0:a#1.1\",\"status\":"
		"\"cancelled\"}\n"
		"event 15 task.failed {\"error\":\"node \\\"a\\\": its time of 100 ms is over\",\"node\":"
		"\"a\",\"task\":\"/0:a\"}\n"
		"running\n");
	assert_int_equal(run_deadline(lives_now(&l)->run), 300);
	lives_tell_only(&l, (struct act){ ACT_DONE, .effect = 5, .text = "\"b\"" }, "patch failed",
			"patch 2 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",\"b\"]]}\n"
			"failed node \"a\": its time of 100 ms is over\n");
	assert_int_equal(lives_now(&l)->updates[lives_now(&l)->n - 1]->code, BLDR_E_TIMEOUT);
	/* Again from the round that failed, with all its time. */
	lives_act(&l, (struct act){ ACT_WAIT, .number = 5000 });
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "intent",
		"intent 8 task 1 try 1 keyed work t/0:a#1.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 9 task 1 try 1 keyed work t/0:a#1.1 {\"args\":{},\"work\":\"w1\"}\n");
	assert_int_equal(run_deadline(lives_now(&l)->run), 5100);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 8, .text = "8" });
	lives_act(&l, (struct act){ ACT_EXPIRE, .number = 5100 });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_FAILED);
	lives_act(&l, (struct act){ ACT_RESUME });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 10, .text = "\"x\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 11, .text = "\"y\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 13, .text = "0" });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	lives_end(&l);
	bldr_graph_free(g);
}

/* The handler has a superstep's time for itself. */
static void a_handler_hears_of_a_timeout(void **state)
{
	(void)state;
	struct bldr_graph *g = timed_graph("mend");
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell_only(
		&l, (struct act){ ACT_EXPIRE, .number = 120 }, "handler result intent",
		"handler 1 @120 {\"code\":\"TIMEOUT\",\"error\":\"node \\\"a\\\": its time of 100 ms is over\","
		"\"input\":null,\"node\":\"a\"}\n"
		"intent 6 task 1 try 0 keyed work t/0:a!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 3 cancelled it was given up\n"
		"result 4 cancelled it was given up\n");
	assert_int_equal(run_deadline(lives_now(&l)->run), 300); /* b's */
	lives_act(&l, (struct act){ ACT_DONE, .effect = 5, .text = "\"b\"" });
	assert_int_equal(run_deadline(lives_now(&l)->run), 420);
	lives_tell_only(&l, (struct act){ ACT_EXPIRE, .number = 420 }, "failed",
			"failed node \"mend\": the superstep's time of 300 ms is over\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* Everything below goes with a subgraph whose time is over, and no handler below hears of it. */
static void a_subgraph_whose_time_is_over_fails_whole(void **state)
{
	(void)state;
	struct bldr_graph *deep = bldr_graph_new("deep", 1);
	bldr_graph_channel(deep, "log", BLDR_APPEND);
	handled_node(deep, "s", asks, 0, "mend");
	handled_node(deep, "t", asks, 0, NULL);
	handled_node(deep, "mend", asks, 0, NULL);
	bldr_graph_edge(deep, BLDR_START, "s");
	bldr_graph_edge(deep, BLDR_START, "t");
	compiled(deep);
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	bldr_graph_subgraph(sub, "deep", deep, NULL, NAMES("log"));
	bldr_graph_edge(sub, BLDR_START, "deep");
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", sub, NULL, NAMES("log"));
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_step_timeout(g, 50);
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "\"t\"" });
	lives_tell_only(
		&l, (struct act){ ACT_EXPIRE, .number = 50 }, "handler result failed",
		"handler 3 @50 {\"attempt\":0,\"code\":-10,\"error\":\"node \\\"sub\\\": the superstep's time "
		"of 50 ms is over\"}\n"
		"handler 2 @50 {\"attempt\":0,\"code\":-10,\"error\":\"node \\\"sub\\\": the superstep's time "
		"of 50 ms is over\"}\n"
		"handler 1 @50 {\"attempt\":0,\"code\":-10,\"error\":\"node \\\"sub\\\": the superstep's time "
		"of 50 ms is over\"}\n"
		"result 5 cancelled it was given up\n"
		"failed node \"sub\": the superstep's time of 50 ms is over\n");
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "intent step",
		"intent 7 task 3 try 1 keyed work t/0:sub/0:deep/0:s#0.0 {\"args\":{},\"work\":\"w0\"}\n");
	assert_int_equal(run_deadline(lives_now(&l)->run), 100);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 7, .text = "\"s\"" });
	expect_state(&l, "{\"log\":[\"s\",\"t\"]}");
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
	bldr_graph_free(deep);
}

/* The same beside a sibling that goes on: the failure is known after a crash, too. */
static void a_sibling_outlives_a_subgraph_whose_time_is_over(void **state)
{
	(void)state;
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	handled_node(sub, "s", "{\"work\":1}", 30, NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "below", sub, NULL, NAMES("log"));
	handled_node(g, "a", asks, 0, NULL);
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	assert_int_equal(run_deadline(lives_now(&l)->run), 30);
	lives_act(&l, (struct act){ ACT_EXPIRE, .number = 30 });
	assert_int_equal(run_deadline(lives_now(&l)->run), 0);
	lives_tell_only(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"a\"" }, "failed",
			"failed node \"below\": node \"s\": its time of 30 ms is over\n");
	lives_act(&l, (struct act){ ACT_RESUME });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "0" });
	expect_state(&l, "{\"log\":[\"a\"]}");
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

/* below (a subgraph, handled by "mend") beside a; below asks twice at once, then once more. */
static struct bldr_graph *handled_below(struct bldr_graph **ret_sub, uint32_t step_timeout_ms)
{
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	handled_node(sub, "s", asks, 0, NULL);
	handled_node(sub, "t", asks, 0, NULL);
	handled_node(sub, "u", asks, 0, NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	bldr_graph_edge(sub, BLDR_START, "t");
	bldr_graph_edge(sub, "s", "u");
	*ret_sub = compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_add_subgraph(
		g,
		&(struct bldr_subgraph){
			.name = "below", .graph = sub, .out = NAMES("log"), .on_error = "mend" });
	handled_node(g, "a", asks, 0, NULL);
	handled_node(g, "mend", "{\"work\":1,\"input\":\"log\"}", 0, NULL);
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_step_timeout(g, step_timeout_ms);
	return compiled(g);
}

/* What its tasks wrote before is dropped with its frame. */
static void a_handler_takes_the_place_of_a_subgraph(void **state)
{
	(void)state;
	struct bldr_graph *sub;
	struct bldr_graph *g = handled_below(&sub, 0);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "\"s\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 7, .text = "\"t\"" });
	lives_tell_only(
		&l, (struct act){ ACT_FAILED, .effect = 9, .number = BLDR_E_IO, .text = "no" },
		"handler intent patch event",
		"handler 2 @3 {\"code\":\"IO\",\"error\":\"node \\\"below\\\": node \\\"u\\\": no\","
		"\"input\":null,\"node\":\"below\"}\n"
		"intent 10 task 2 try 0 keyed work t/0:below!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 18 effect.ended {\"error\":\"no\",\"key\":\"t/0:below/1:u#0.0\",\"status\":"
		"\"failed\"}\n"
		"event 19 task.failed {\"error\":\"node \\\"u\\\": no\",\"node\":\"u\",\"task\":"
		"\"/0:below/1:u\"}\n"
		"event 20 task.handled {\"code\":\"IO\",\"error\":\"node \\\"below\\\": node "
		"\\\"u\\\": no\",\"handler\":\"mend\",\"node\":\"below\",\"task\":\"/0:below\"}\n"
		"event 21 task.started {\"node\":\"mend\",\"task\":\"/0:below!mend\"}\n"
		"event 22 effect.intended {\"key\":\"t/0:below!mend#0.0\",\"kind\":\"work\",\"name\":"
		"\"w0\"}\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 10, .text = "0" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"a\"" });
	expect_state(&l,
		     "{\"log\":[\"a\",{\"code\":\"IO\",\"error\":\"node \\\"below\\\": node "
		     "\\\"u\\\": no\",\"input\":null,\"node\":\"below\"}]}");
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void a_handler_hears_of_a_subgraphs_timeout(void **state)
{
	(void)state;
	struct bldr_graph *sub;
	struct bldr_graph *g = handled_below(&sub, 40);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"a\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 7, .text = "\"t\"" });
	lives_tell_only(
		&l, (struct act){ ACT_EXPIRE, .number = 40 }, "handler result intent patch",
		"handler 2 @40 {\"code\":\"TIMEOUT\",\"error\":\"node \\\"below\\\": the superstep's time "
		"of 40 ms is over\",\"input\":null,\"node\":\"below\"}\n"
		"intent 8 task 2 try 0 keyed work t/0:below!mend#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 6 cancelled it was given up\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 8, .text = "0" });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

/* What is held takes no time. */
static void time_is_counted_from_the_release(void **state)
{
	(void)state;
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	handled_node(sub, "s", "{\"work\":1}", 30, NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	bldr_graph_interrupt(sub, NAMES("s"), NULL);
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "below", sub, NULL, NAMES("log"));
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_step_timeout(g, 20);
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	assert_int_equal(run_deadline(lives_now(&l)->run), 0);
	lives_act(&l, (struct act){ ACT_WAIT, .number = 1000 });
	lives_act(&l, (struct act){ ACT_RESUME });
	assert_int_equal(run_deadline(lives_now(&l)->run), 1020);
	lives_act(&l, (struct act){ ACT_EXPIRE, .number = 1019 });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "0" });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void a_once_effect_of_a_task_whose_time_is_over_is_unknown(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	handled_node(g, "a", "{\"work\":1,\"class\":\"once\"}", 30, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_skip(&t);
	teller_expire(&t, 31);
	teller_expect_only(
		&t, "result failed",
		"result 2 unknown it was given up while it was under way, it may or may not "
		"have been performed\n"
		"failed node \"a\": its time of 30 ms is over\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void damaged_records_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *input, *error;
	} cases[] = {
		{ "{", "task 1: line 1, column 1: string or '}' expected near end of file" },
		{ "{\"attempt\":0}", "task 1: its failure has no code" },
		{ "{\"attempt\":0,\"code\":7,\"error\":\"x\"}", "task 1: its failure has no code" },
	};
	struct bldr_graph *g = mended_graph(asks, "{}");
	struct teller t = teller_begin(g, NULL);
	struct bldr_error err;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct run *r = story_restore(g, t.updates, 1);
		struct handler_record h = { .task = 1, .input = cases[i].input };
		assert_int_equal(run_restore_handler(r, &h, &err), BLDR_E_CORRUPT);
		assert_string_equal(err.text, cases[i].error);
		run_free(r);
	}
	struct run *r = run_new(g, "t", 1);
	struct handler_record h = { .task = 1, .input = "{\"node\":\"a\"}" };
	assert_int_equal(run_restore_handler(r, &h, &err), 0); /* of what is over */
	assert_int_equal(run_restore_step(r, &t.updates[0]->steps.at[0], &err), 0);
	assert_int_equal(run_restore_handler(r, &h, &err), 0);
	assert_int_equal(run_restore_handler(r, &h, &err), BLDR_E_CORRUPT);
	assert_string_equal(err.text, "task 1: it is handled twice");
	struct queued_record q = { .number = 9, .input = "[" };
	assert_int_equal(run_restore_queued(r, &q, &err), BLDR_E_CORRUPT);
	assert_string_equal(err.text, "queued input 9 is no JSON");
	run_free(r);
	teller_free(&t);
	bldr_graph_free(g);
}

static void expect_refused(const char *handler, const char *error)
{
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	say_node(sub, "s");
	bldr_graph_edge(sub, BLDR_START, "s");
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	struct bldr_error err;
	bldr_graph_channel(g, "log", BLDR_APPEND);
	handled_node(g, "a", "{}", 0, handler);
	bldr_graph_subgraph(g, "sub", sub, NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "sub");
	assert_int_equal(bldr_graph_compile(g, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, error);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void a_handler_is_another_node_of_functions(void **state)
{
	(void)state;
	expect_refused(
		"gone",
		"graph \"g\": node \"a\" is handled by \"gone\", which is no node of the graph");
	expect_refused(
		"a",
		"graph \"g\": node \"a\" is handled by \"a\", which leads back to it: a handler's "
		"own failure is not handled");
	expect_refused(
		"sub",
		"graph \"g\": node \"a\" is handled by \"sub\", which is a subgraph: a handler "
		"is a node of functions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_takes_the_place_of_what_failed),
		cmocka_unit_test(without_a_failure_a_handler_does_nothing),
		cmocka_unit_test(a_handler_begins_with_its_own_first_round),
		cmocka_unit_test(sent_tasks_are_handled_one_by_one),
		cmocka_unit_test(a_handlers_failure_is_the_runs),
		cmocka_unit_test(a_handler_handles_whatever_failed),
		cmocka_unit_test(retries_come_before_the_handler),
		cmocka_unit_test(a_task_whose_time_is_over_fails),
		cmocka_unit_test(a_handler_hears_of_a_timeout),
		cmocka_unit_test(a_subgraph_whose_time_is_over_fails_whole),
		cmocka_unit_test(a_sibling_outlives_a_subgraph_whose_time_is_over),
		cmocka_unit_test(a_handler_takes_the_place_of_a_subgraph),
		cmocka_unit_test(a_handler_hears_of_a_subgraphs_timeout),
		cmocka_unit_test(time_is_counted_from_the_release),
		cmocka_unit_test(a_once_effect_of_a_task_whose_time_is_over_is_unknown),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(a_handler_is_another_node_of_functions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
