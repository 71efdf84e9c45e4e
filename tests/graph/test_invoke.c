/* Further invocations of a thread: another input, an updated state, inputs that wait, cancelling; and the recursion limit of each. */
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

/* start -> a, b (both ask once) -> c, which says so. */
static struct bldr_graph *pair_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("pair", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "a", "{\"work\":1,\"echo\":\"log\",\"writes\":[[\"n\",1]]}",
		    NAMES("log", "n"), NULL);
	script_node(g, "b", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	say_node(g, "c");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	return compiled(g);
}

/* LangGraph: "new input on an existing thread": the state stays, input is folded into it, the start's edges are followed. */
static void another_input_finds_the_state_of_the_one_before(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct lives l;
	lives_begin(&l, g, "{\"log\":\"one\"}");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"a1\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "\"b1\"" });
	expect_state(&l, "{\"log\":[\"one\",\"a1\",\"b1\",\"c\"],\"n\":1}");
	lives_tell(
		&l, (struct act){ ACT_INPUT, .text = "{\"log\":[\"two\"],\"n\":5}" },
		"step 0.3 @3 input first 3 log+[\"two\"] n+5 | 6:a 7:b\n"
		"intent 8 task 6 try 0 keyed work t/3:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 9 task 7 try 0 keyed work t/3:b#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 15 run.input {\"source\":\"input\",\"step\":3}\n"
		"event 16 superstep {\"frame\":\"/\",\"step\":3,\"tasks\":[\"/3:a\",\"/3:b\"]}\n"
		"event 17 task.started {\"node\":\"a\",\"task\":\"/3:a\"}\n"
		"event 18 effect.intended {\"key\":\"t/3:a#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"event 19 task.started {\"node\":\"b\",\"task\":\"/3:b\"}\n"
		"event 20 effect.intended {\"key\":\"t/3:b#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 9, .text = "\"b2\"" });
	lives_tell_only(&l, (struct act){ ACT_DONE, .effect = 8, .text = "\"a2\"" }, "step done",
			"step 0.4 @5 first 3 n+1 log+[\"a2\",\"b2\"] | 10:c\n"
			"step 0.5 @5 first 3 log+[\"c\"] |\n"
			"done\n");
	expect_state(&l,
		     "{\"log\":[\"one\",\"a1\",\"b1\",\"c\",\"two\",\"a2\",\"b2\",\"c\"],\"n\":7}");
	lives_end(&l);
	bldr_graph_free(g);
}

/* LangGraph: unfinished tasks are discarded, with what they wrote. A late result changes nothing. */
static void another_input_gives_up_what_is_under_way(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"lost\"" });
	lives_tell_only(
		&l, (struct act){ ACT_INPUT, .text = "{\"log\":\"new\"}" },
		"step result patch intent event running",
		"step 0.1 @2 input first 1 log+[\"new\"] | 5:a 6:b\n"
		"intent 7 task 5 try 0 keyed work t/1:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 8 task 6 try 0 keyed work t/1:b#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 4 cancelled it was given up\n"
		"event 9 effect.ended {\"error\":\"it was given up\",\"key\":\"t/0:b#0.0\",\"status\":"
		"\"cancelled\"}\n"
		"event 10 run.input {\"source\":\"input\",\"step\":1}\n"
		"event 11 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:a\",\"/1:b\"]}\n"
		"event 12 task.started {\"node\":\"a\",\"task\":\"/1:a\"}\n"
		"event 13 effect.intended {\"key\":\"t/1:a#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"event 14 task.started {\"node\":\"b\",\"task\":\"/1:b\"}\n"
		"event 15 effect.intended {\"key\":\"t/1:b#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 7, .text = "\"a\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 8, .text = "\"b\"" });
	expect_state(&l, "{\"log\":[\"new\",\"a\",\"b\",\"c\"],\"n\":1}");
	lives_end(&l);

	struct teller t = teller_begin(g, NULL);
	teller_apply(&t, BLDR_START, NULL, STEP_INPUT, false);
	teller_skip(&t);
	teller_done(&t, 4, "\"late\"");
	teller_expect(
		&t,
		"event 15 effect.late {\"effect\":4,\"key\":\"t/0:b#0.0\",\"status\":\"done\"}\n"
		"running\n");
	teller_failed(&t, 3, BLDR_FAILED, "late, too");
	teller_expect(
		&t,
		"event 16 effect.late {\"effect\":3,\"error\":\"late, too\",\"key\":\"t/0:a#0.0\","
		"\"status\":\"failed\"}\nrunning\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_once_effect_that_is_given_up_is_unknown(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("once", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"work\":1,\"class\":\"once\",\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	static const enum act_kind kinds[] = { ACT_INPUT, ACT_CANCEL };
	for (size_t i = 0; i < 2; i++) {
		struct lives l;
		lives_begin(&l, g, NULL);
		lives_tell_only(&l, (struct act){ kinds[i] }, "result",
				"result 2 unknown it was given up while it was under way, it may or "
				"may not have been performed\n");
		while (l.n > 0) { /* no crash: that makes it UNKNOWN first */
			teller_free(&l.at[--l.n]);
		}
	}
	bldr_graph_free(g);
}

/* A subgraph under way goes with all its frames; its records do not come back after a crash. */
static void a_subgraph_that_is_given_up_is_gone(void **state)
{
	(void)state;
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	script_node(sub, "s", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	script_node(sub, "t", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	bldr_graph_edge(sub, BLDR_START, "t");
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "below", sub, NULL, NAMES("log"));
	bldr_graph_edge(g, BLDR_START, "below");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "\"lost\"" });
	lives_tell_only(
		&l, (struct act){ ACT_INPUT, .text = "{\"log\":0}" }, "step result intent",
		"step 0.1 @2 input first 1 log+[0] | 6:below\n"
		"step 6.0 @2 base | 7:s 8:t\n"
		"intent 9 task 7 try 0 keyed work t/1:below/0:s#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 10 task 8 try 0 keyed work t/1:below/0:t#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 5 cancelled it was given up\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 10, .text = "2" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 9, .text = "1" });
	expect_state(&l, "{\"log\":[0,1,2]}");
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void an_input_that_does_not_fit_changes_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *values, *node;
		enum step_source source;
		int code;
		const char *told;
	} cases[] = {
		{ "{\"gone\":1}", BLDR_START, STEP_INPUT, BLDR_E_INVALID,
		  "refused the input names \"gone\", which is no channel of graph \"pair\"\n" },
		{ "7", BLDR_START, STEP_INPUT, BLDR_E_INVALID,
		  "refused the input of graph \"pair\" is no object of channels\n" },
		{ "{\"n\":\"x\"}", BLDR_START, STEP_INPUT, BLDR_E_INVALID,
		  "refused channel \"n\" adds integers and was given a text\n" },
		{ "{\"n\":9223372036854775807}", BLDR_START, STEP_INPUT, BLDR_E_LIMIT,
		  "refused channel \"n\" overflows: node \"__start__\" adds 9223372036854775807 to 1\n" },
		{ "{}", "gone", STEP_UPDATE, BLDR_E_NOT_FOUND,
		  "refused graph \"pair\" has no node \"gone\"\n" },
		{ "{\"n\":1}", "b", STEP_UPDATE, BLDR_E_INVALID,
		  "refused node \"b\": it writes channel \"n\", which is not among its declared writes\n" },
		{ "[]", "b", STEP_UPDATE, BLDR_E_INVALID,
		  "refused the update of graph \"pair\" is no object of channels\n" },
		{ "{\"gone\":1}", BLDR_END, STEP_UPDATE, BLDR_E_INVALID,
		  "refused the update names \"gone\", which is no channel of graph \"pair\"\n" },
	};
	struct bldr_graph *g = pair_graph();
	struct teller t = teller_begin(g, "{\"n\":1}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		teller_skip(&t);
		assert_int_equal(teller_apply(&t, cases[i].node, cases[i].values, cases[i].source,
					      true),
				 cases[i].code);
		teller_expect(&t, cases[i].told);
	}
	teller_done(&t, 3, "1"); /* it goes on as it was */
	teller_done(&t, 4, "2");
	teller_expect_only(&t, "step done",
			   "step 0.1 @10 n+1 log+[1,2] | 5:c\nstep 0.2 @10 log+[\"c\"] |\ndone\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void seen(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_send(r, "d", bldr_ref(v->state));
}

/* a (asks) --router--> d with the state; d notes it. */
static struct bldr_graph *routed_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("routed", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "a", "{\"work\":1,\"writes\":[[\"n\",1]]}", NAMES("n"), NULL);
	script_node(g, "d", "{\"input\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_route(g, "a", seen, NAMES("d"));
	return compiled(g);
}

/* LangGraph: update_state(values, as_node) runs the writers of that node: its edges and routers. */
static void a_state_updated_as_a_node_goes_on_behind_it(void **state)
{
	(void)state;
	struct bldr_graph *g = routed_graph();
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell(
		&l, (struct act){ ACT_UPDATE, .node = "a", .text = "{\"n\":40}" },
		"step 0.1 @1 update held first 1 n+40 | 3:d:0({\"n\":40})\n"
		"result 2 cancelled it was given up\n"
		"event 5 effect.ended {\"error\":\"it was given up\",\"key\":\"t/0:a#0.0\",\"status\":"
		"\"cancelled\"}\n"
		"event 6 run.updated {\"node\":\"a\",\"source\":\"update\",\"step\":1}\n"
		"event 7 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:d:0\"]}\n"
		"event 8 run.paused {\"next\":[\"/1:d:0\"],\"step\":1}\n"
		"paused\n");
	lives_tell(&l, (struct act){ ACT_UPDATE, .node = BLDR_START, .text = "{\"n\":1}" },
		   "step 0.2 @2 update held first 2 n+1 | 4:a\n"
		   "event 9 run.updated {\"node\":\"__start__\",\"source\":\"update\",\"step\":2}\n"
		   "event 10 superstep {\"frame\":\"/\",\"step\":2,\"tasks\":[\"/2:a\"]}\n"
		   "event 11 run.paused {\"next\":[\"/2:a\"],\"step\":2}\n"
		   "paused\n");
	lives_tell(&l, (struct act){ ACT_UPDATE, .node = BLDR_END, .text = "{\"log\":9}" },
		   "step 0.3 @3 update first 3 log+[9] |\n"
		   "event 12 run.updated {\"node\":\"__end__\",\"source\":\"update\",\"step\":3}\n"
		   "event 13 run.ended {\"step\":3}\n"
		   "done\n");
	lives_tell_only(&l, (struct act){ ACT_UPDATE, .node = "a", .text = NULL }, "step paused",
			"step 0.4 @4 update held first 4 | 5:d:0({\"log\":[9],\"n\":41})\npaused\n");
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "step round event done",
		"step 0.5 @4 first 4 log+[{\"log\":[9],\"n\":41}] |\n"
		"round 5.0 @4 -\n"
		"event 17 run.resumed {}\n"
		"event 18 task.started {\"node\":\"d\",\"task\":\"/4:d:0\"}\n"
		"event 19 task.ended {\"node\":\"d\",\"task\":\"/4:d:0\",\"writes\":[\"log\"]}\n"
		"event 20 run.ended {\"step\":5}\n"
		"done\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* Twenty concurrent adds end as 20. */
static void inputs_that_wait_are_all_taken_in_order(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("count", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, "{\"n\":1}");
	lives_tell(&l, (struct act){ ACT_ENQUEUE, .text = "{\"n\":1,\"log\":0}" },
		   "queued 3 @1 {\"log\":0,\"n\":1}\n"
		   "event 5 input.queued {\"number\":3}\n"
		   "running\n");
	for (int i = 2; i < 20; i++) {
		lives_act(&l, (struct act){ ACT_ENQUEUE, .text = "{\"n\":1}" });
	}
	lives_tell(
		&l, (struct act){ ACT_DONE, .effect = 2, .text = "1" },
		"step 0.1 @20 log+[1] |\n"
		"step 0.2 @20 input first 2 log+[0] n+1 | 22:a\n"
		"taken 3\n"
		"intent 23 task 22 try 0 keyed work t/2:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 2 done 1\n"
		"event 24 effect.ended {\"key\":\"t/0:a#0.0\",\"status\":\"done\"}\n"
		"event 25 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		"event 26 run.ended {\"step\":1}\n"
		"event 27 run.input {\"source\":\"queue\",\"step\":2}\n"
		"event 28 superstep {\"frame\":\"/\",\"step\":2,\"tasks\":[\"/2:a\"]}\n"
		"event 29 task.started {\"node\":\"a\",\"task\":\"/2:a\"}\n"
		"event 30 effect.intended {\"key\":\"t/2:a#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	for (int i = 1; i < 20; i++) {
		const struct intent_record *pending[2];
		assert_int_equal(story_pending(lives_now(&l)->run, pending, 2), 1);
		lives_act(&l, (struct act){ ACT_DONE, .effect = pending[0]->id, .text = "1" });
	}
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	struct bldr_value *end = run_state(lives_now(&l)->run);
	assert_int_equal(bldr_get_int(end, "n", 0), 20);
	assert_int_equal(bldr_count(bldr_get(end, "log")), 21);
	bldr_unref(end);
	lives_end(&l);
	bldr_graph_free(g);
}

/* A run that has ended takes what is queued at once; one that fails lets the next have its turn. */
static void a_queued_input_follows_a_failure(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("count", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "a", "{\"work\":1,\"sick\":true}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, "{\"n\":9223372036854775807}");
	lives_act(&l, (struct act){ ACT_ENQUEUE, .text = "{\"n\":1}" }); /* will not fit */
	lives_act(&l, (struct act){ ACT_ENQUEUE, .text = "{\"n\":-7}" });
	lives_tell_only(
		&l, (struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_IO, .text = "no" },
		"step taken event running",
		"step 0.1 @3 input first 1 n+-7 | 5:a\n"
		"taken 4\n"
		"event 7 effect.ended {\"error\":\"no\",\"key\":\"t/0:a#0.0\",\"status\":\"failed\"}\n"
		"event 8 task.failed {\"error\":\"node \\\"a\\\": no\",\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"event 9 run.failed {\"error\":\"node \\\"a\\\": no\",\"step\":0}\n"
		"event 10 run.input {\"source\":\"queue\",\"step\":0}\n"
		"event 11 run.failed {\"error\":\"channel \\\"n\\\" overflows: node "
		"\\\"__start__\\\" adds 1 to 9223372036854775807\",\"step\":0}\n"
		"event 12 run.input {\"source\":\"queue\",\"step\":1}\n"
		"event 13 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:a\"]}\n"
		"event 14 task.started {\"node\":\"a\",\"task\":\"/1:a\"}\n"
		"event 15 effect.intended {\"key\":\"t/1:a#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "1" });
	lives_tell_only(&l, (struct act){ ACT_ENQUEUE, .text = "{}" }, "step queued taken running",
			"step 0.3 @5 input first 3 | 8:a\nqueued 7 @5 {}\ntaken 7\nrunning\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 9, .text = "1" });
	lives_act(&l, (struct act){ ACT_INPUT, .text = "{\"n\":7}" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 11, .text = "1" });
	lives_tell_only(&l, (struct act){ ACT_ENQUEUE, .text = "{\"n\":1}" }, "failed taken",
			"taken 12\nfailed channel \"n\" overflows: node \"__start__\" adds 1 to "
			"9223372036854775807\n");
	lives_tell(&l, (struct act){ ACT_RESUME },
		   "event 37 run.resumed {}\nevent 38 run.ended {\"step\":6}\ndone\n");
	lives_end(&l);
	bldr_graph_free(g);
}

static void so_many_inputs_wait_and_no_more(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct teller t = teller_begin(g, NULL);
	assert_int_equal(teller_enqueue(&t, "{\"gone\":1}"), BLDR_E_INVALID);
	assert_int_equal(teller_enqueue(&t, "{\"n\":\"x\"}"), BLDR_E_INVALID);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(teller_enqueue(&t, NULL), 0);
	}
	teller_skip(&t);
	assert_int_equal(teller_enqueue(&t, NULL), BLDR_E_LIMIT);
	teller_expect(&t, "refused thread \"t\" has 1000 inputs waiting, it takes no more\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_cancelled_run_fails_and_can_be_taken_up_again(void **state)
{
	(void)state;
	struct bldr_graph *g = pair_graph();
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DONE, .effect = 4, .text = "\"kept\"" });
	lives_tell(
		&l, (struct act){ ACT_CANCEL },
		"result 3 cancelled it was given up\n"
		"event 9 effect.ended {\"error\":\"it was given up\",\"key\":\"t/0:a#0.0\",\"status\":"
		"\"cancelled\"}\n"
		"event 10 task.failed {\"error\":\"the thread was cancelled\",\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"event 11 run.failed {\"error\":\"the thread was cancelled\",\"step\":0}\n"
		"failed the thread was cancelled\n");
	assert_int_equal(lives_now(&l)->updates[lives_now(&l)->n - 1]->code, BLDR_E_CANCELLED);
	lives_tell_only(&l, (struct act){ ACT_RESUME }, "intent running",
			"intent 5 task 1 try 1 keyed work t/0:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
			"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 5, .text = "\"again\"" });
	expect_state(&l, "{\"log\":[\"again\",\"kept\",\"c\"],\"n\":1}");
	lives_end(&l);
	bldr_graph_free(g);
}

static void always(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	bldr_route_to(r, "a");
}

/* LangGraph: the limit counts supersteps per invocation. */
static void the_recursion_limit_counts_from_the_invocation(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("loop", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "a", "{\"writes\":[[\"n\",1]]}", NAMES("n"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_route(g, "a", always, NAMES("a"));
	bldr_graph_recursion_limit(g, 5);
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell_only(&l, (struct act){ ACT_INPUT, .text = NULL }, "step failed",
			"step 0.5 @1 input first 5 | 6:a\n"
			"step 0.6 @1 first 5 n+1 | 7:a\n"
			"step 0.7 @1 first 5 n+1 | 8:a\n"
			"step 0.8 @1 first 5 n+1 | 9:a\n"
			"step 0.9 @1 first 5 n+1 | 10:a\n"
			"failed recursion limit: graph \"loop\" has not ended after 5 supersteps\n");
	expect_state(&l, "{\"n\":8}");
	lives_end(&l);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_input_finds_the_state_of_the_one_before),
		cmocka_unit_test(another_input_gives_up_what_is_under_way),
		cmocka_unit_test(a_once_effect_that_is_given_up_is_unknown),
		cmocka_unit_test(a_subgraph_that_is_given_up_is_gone),
		cmocka_unit_test(an_input_that_does_not_fit_changes_nothing),
		cmocka_unit_test(a_state_updated_as_a_node_goes_on_behind_it),
		cmocka_unit_test(inputs_that_wait_are_all_taken_in_order),
		cmocka_unit_test(a_queued_input_follows_a_failure),
		cmocka_unit_test(so_many_inputs_wait_and_no_more),
		cmocka_unit_test(a_cancelled_run_fails_and_can_be_taken_up_again),
		cmocka_unit_test(the_recursion_limit_counts_from_the_invocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
