/* Static interrupts and drains: supersteps that wait, once each, until the thread is resumed. */
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

/* a -> b -> c; all say so. */
static struct bldr_graph *chain_graph(const char *const *before, const char *const *after)
{
	struct bldr_graph *g = bldr_graph_new("chain", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "a");
	say_node(g, "b");
	say_node(g, "c");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	bldr_graph_interrupt(g, before, after);
	return compiled(g);
}

/* LangGraph: interrupt_before=["b"]: stops before b; invoke(None) goes on. */
static void a_run_pauses_before_a_node_and_goes_on(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(NAMES("b"), NULL);
	struct lives l;
	lives_begin(&l, g, NULL);
	teller_expect(lives_now(&l),
		      "step 0.0 @0 base | 1:a\n"
		      "step 0.1 @0 held first 1 log+[\"a\"] | 2:b\n"
		      "event 1 run.started {\"graph\":\"chain\"}\n"
		      "event 2 superstep {\"frame\":\"/\",\"step\":0,\"tasks\":[\"/0:a\"]}\n"
		      "event 3 task.started {\"node\":\"a\",\"task\":\"/0:a\"}\n"
		      "event 4 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		      "event 5 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:b\"]}\n"
		      "event 6 run.paused {\"next\":[\"/1:b\"],\"step\":1}\n"
		      "paused\n");
	lives_tell(&l, (struct act){ ACT_RESUME },
		   "step 0.2 @0 first 1 log+[\"b\"] | 3:c\n"
		   "step 0.3 @0 first 1 log+[\"c\"] |\n"
		   "round 2.0 @0 -\n"
		   "event 7 run.resumed {}\n"
		   "event 8 task.started {\"node\":\"b\",\"task\":\"/1:b\"}\n"
		   "event 9 task.ended {\"node\":\"b\",\"task\":\"/1:b\",\"writes\":[\"log\"]}\n"
		   "event 10 superstep {\"frame\":\"/\",\"step\":2,\"tasks\":[\"/2:c\"]}\n"
		   "event 11 task.started {\"node\":\"c\",\"task\":\"/2:c\"}\n"
		   "event 12 task.ended {\"node\":\"c\",\"task\":\"/2:c\",\"writes\":[\"log\"]}\n"
		   "event 13 run.ended {\"step\":3}\n"
		   "done\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* After the last node nothing follows: there is nothing to pause for. */
static void a_run_pauses_after_a_node_that_leads_on(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(NULL, NAMES("a", "c"));
	struct lives l;
	lives_begin(&l, g, NULL);
	teller_expect_only(lives_now(&l), "step paused done",
			   "step 0.0 @0 base | 1:a\n"
			   "step 0.1 @0 held first 1 log+[\"a\"] | 2:b\n"
			   "paused\n");
	lives_tell_only(&l, (struct act){ ACT_RESUME }, "step paused done",
			"step 0.2 @0 first 1 log+[\"b\"] | 3:c\n"
			"step 0.3 @0 first 1 log+[\"c\"] |\n"
			"done\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* "*", from the first superstep on; before and after one superstep are one pause. */
static void all_nodes_can_be_named(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(NAMES("*"), NAMES("*"));
	struct lives l;
	lives_begin(&l, g, NULL);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(run_status(lives_now(&l)->run), RUN_PAUSED);
		lives_act(&l, (struct act){ ACT_RESUME });
	}
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	expect_state(&l, "{\"log\":[\"a\",\"b\",\"c\"]}");
	lives_tell_only(&l, (struct act){ ACT_INPUT }, "step paused",
			"step 0.4 @1 input held first 4 | 4:a\npaused\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* Given for one taking up, not remembered: LangGraph's per-call lists. */
static void a_host_may_name_more(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(NULL, NULL);
	struct teller t = teller_new(g);
	t.before = NAMES("c");
	t.after = NAMES("a");
	teller_begin_as(&t, NULL);
	teller_expect_only(&t, "step paused",
			   "step 0.0 @0 base | 1:a\n"
			   "step 0.1 @0 held first 1 log+[\"a\"] | 2:b\n"
			   "paused\n");
	struct teller second = teller_resume(&t, t.n);
	teller_expect_only(&second, "step paused",
			   "step 0.2 @0 held first 2 log+[\"b\"] | 3:c\npaused\n");
	t.before = NULL;
	t.after = NULL;
	struct teller third = teller_resume(&t, t.n);
	teller_expect_only(&third, "step paused done",
			   "step 0.2 @0 first 1 log+[\"b\"] | 3:c\n"
			   "step 0.3 @0 first 1 log+[\"c\"] |\ndone\n");
	teller_free(&third);
	teller_free(&second);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Sends are tasks like others, and what released tasks ask for sees the time of the release. */
static void now(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();
	bldr_object_set(args, "now", bldr_int(v->now_ms));
	bldr_plan_work(p, "w", BLDR_PURE, args);
}

static void held_sends_begin_with_the_release(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("sends", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"work\":1,\"sends\":[[\"b\",1],[\"b\",2]]}", NULL, NAMES("b"));
	bldr_graph_node(g, &(struct bldr_node){ .name = "b", .prepare = now });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_interrupt(g, NAMES("b"), NULL);
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell_only(
		&l, (struct act){ ACT_DONE, .effect = 2, .text = "0" }, "step event paused",
		"step 0.1 @1 held first 1 | 3:b:0(1) 4:b:1(2)\n"
		"event 5 effect.ended {\"key\":\"t/0:a#0.0\",\"status\":\"done\"}\n"
		"event 6 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[]}\n"
		"event 7 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:b:0\",\"/1:b:1\"]}\n"
		"event 8 run.paused {\"next\":[\"/1:b:0\",\"/1:b:1\"],\"step\":1}\n"
		"paused\n");
	lives_act(&l, (struct act){ ACT_WAIT, .number = 5000 });
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "round intent running",
		"round 3.0 @5000 -\n"
		"round 4.0 @5000 -\n"
		"intent 5 task 3 try 0 pure work t/1:b:0#0.0 {\"args\":{\"now\":5000},\"work\":\"w\"}\n"
		"intent 6 task 4 try 0 pure work t/1:b:1#0.0 {\"args\":{\"now\":5000},\"work\":\"w\"}\n"
		"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "0" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 5, .text = "0" });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	lives_end(&l);
	bldr_graph_free(g);
}

static struct bldr_graph *held_below(const char *const *before)
{
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	say_node(sub, "s");
	script_node(sub, "t", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	bldr_graph_edge(sub, "s", "t");
	bldr_graph_interrupt(sub, before, NULL);
	return compiled(sub);
}

/* below (held inside) beside a, which asks a person. */
static struct bldr_graph *beside(const struct bldr_graph *sub)
{
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "below", sub, NULL, NAMES("log"));
	script_node(g, "a", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_edge(g, BLDR_START, "a");
	return compiled(g);
}

/* The run is PAUSED when nothing else is to be waited for. */
static void a_subgraph_pauses_when_its_siblings_have_ended(void **state)
{
	(void)state;
	struct bldr_graph *sub = held_below(NAMES("t"));
	struct bldr_graph *g = beside(sub);
	struct lives l;
	lives_begin(&l, g, NULL);
	teller_expect_only(lives_now(&l), "step running",
			   "step 0.0 @0 base | 1:a 2:below\n"
			   "step 2.0 @0 base | 4:s\n"
			   "step 2.1 @0 held first 1 log+[\"s\"] | 5:t\n"
			   "running\n");
	lives_tell(&l, (struct act){ ACT_DONE, .effect = 3, .text = "\"a\"" },
		   "patch 1 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",\"a\"]]}\n"
		   "result 3 done \"a\"\n"
		   "event 10 effect.ended {\"key\":\"t/0:a#0.0\",\"status\":\"done\"}\n"
		   "event 11 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		   "event 12 run.paused {\"next\":[\"/0:below/1:t\"],\"step\":0}\n"
		   "paused\n");
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "round intent event running",
		"round 5.0 @1 -\n"
		"intent 6 task 5 try 0 keyed work t/0:below/1:t#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 13 run.resumed {}\n"
		"event 14 task.started {\"node\":\"t\",\"task\":\"/0:below/1:t\"}\n"
		"event 15 effect.intended {\"key\":\"t/0:below/1:t#0.0\",\"kind\":\"work\",\"name\":"
		"\"w0\"}\n"
		"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 6, .text = "\"t\"" });
	expect_state(&l, "{\"log\":[\"a\",\"s\",\"t\"]}");
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

/* A sibling that failed keeps its failure while the subgraph is held. */
static void a_failure_waits_for_what_is_held_beside_it(void **state)
{
	(void)state;
	struct bldr_graph *sub = held_below(NAMES("t"));
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "below", sub, NULL, NAMES("log"));
	script_node(g, "a", "{\"work\":1,\"sick\":true}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell_only(&l,
			(struct act){ ACT_FAILED, .effect = 3, .number = BLDR_E_IO, .text = "no" },
			"paused running", "paused\n");
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "intent event running",
		"intent 6 task 5 try 0 keyed work t/0:below/1:t#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 13 run.resumed {}\n"
		"event 14 task.started {\"node\":\"t\",\"task\":\"/0:below/1:t\"}\n"
		"event 15 effect.intended {\"key\":\"t/0:below/1:t#0.0\",\"kind\":\"work\",\"name\":"
		"\"w0\"}\n"
		"running\n");
	lives_tell_only(&l, (struct act){ ACT_DONE, .effect = 6, .text = "\"t\"" }, "failed",
			"failed node \"a\": no\n");
	lives_tell_only(&l, (struct act){ ACT_RESUME }, "intent running",
			"intent 7 task 1 try 1 keyed work t/0:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
			"running\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 7, .text = "0" });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	lives_end(&l);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

/* LangGraph: request_drain: stops at the next superstep with a checkpoint; resumable. */
static void a_drain_holds_the_next_superstep_once(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("loop", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "a");
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_DRAIN });
	lives_tell_only(&l, (struct act){ ACT_DONE, .effect = 2, .text = "1" },
			"step intent paused", "step 0.1 @1 held first 1 log+[1] | 3:a\npaused\n");
	lives_tell_only(
		&l, (struct act){ ACT_RESUME }, "step intent running",
		"intent 4 task 3 try 0 keyed work t/1:a#0.0 {\"args\":{},\"work\":\"w0\"}\nrunning\n");
	lives_tell_only(&l, (struct act){ ACT_DONE, .effect = 4, .text = "2" }, "step running",
			"step 0.2 @2 first 1 log+[2] | 5:a\nrunning\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* What is held can be cancelled, given another input, and queued for. */
static void a_paused_run_can_be_given_up(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(NAMES("b"), NULL);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell_only(&l, (struct act){ ACT_ENQUEUE, .text = "{\"log\":1}" },
			"queued event paused",
			"queued 3 @1 {\"log\":1}\nevent 7 input.queued {\"number\":3}\npaused\n");
	lives_tell_only(
		&l, (struct act){ ACT_CANCEL }, "step event paused",
		"step 0.2 @2 input first 2 log+[1] | 4:a\n"
		"step 0.3 @2 held first 3 log+[\"a\"] | 5:b\n"
		"event 8 task.failed {\"error\":\"the thread was cancelled\",\"node\":\"b\",\"task\":"
		"\"/1:b\"}\n"
		"event 9 run.failed {\"error\":\"the thread was cancelled\",\"step\":1}\n"
		"event 10 run.input {\"source\":\"queue\",\"step\":2}\n"
		"event 11 superstep {\"frame\":\"/\",\"step\":2,\"tasks\":[\"/2:a\"]}\n"
		"event 12 task.started {\"node\":\"a\",\"task\":\"/2:a\"}\n"
		"event 13 task.ended {\"node\":\"a\",\"task\":\"/2:a\",\"writes\":[\"log\"]}\n"
		"event 14 superstep {\"frame\":\"/\",\"step\":3,\"tasks\":[\"/3:b\"]}\n"
		"event 15 run.paused {\"next\":[\"/3:b\"],\"step\":3}\n"
		"paused\n");
	lives_act(&l, (struct act){ ACT_CANCEL });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_FAILED);
	lives_tell_only(&l, (struct act){ ACT_RESUME }, "step round done",
			"step 0.4 @3 first 3 log+[\"b\"] | 6:c\n"
			"step 0.5 @3 first 3 log+[\"c\"] |\n"
			"round 5.0 @3 -\n"
			"done\n");
	expect_state(&l, "{\"log\":[\"a\",1,\"a\",\"b\",\"c\"]}");
	lives_end(&l);
	bldr_graph_free(g);
}

/* Answers go by key: however often a node asks, in rounds, in parallel and in a loop. */
static void ask_person(const struct bldr_view *v, struct bldr_plan *p)
{
	for (int i = 0; i < 2; i++) {
		struct bldr_value *args = bldr_object();
		bldr_object_set(args, "question",
				bldr_textf("%s %d.%d", (const char *)v->config, (int)v->round, i));
		bldr_plan_interrupt(p, args);
	}
}

static void note_answers(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	struct bldr_value *all = v->kept != NULL ? bldr_own(bldr_ref(v->kept)) : bldr_list();
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(all, bldr_ref(results[i].value));
	}
	if (v->round == 0) {
		bldr_patch_again(p, all);
		return;
	}
	bldr_patch_set(p, "log", all);
}

static void loop_thrice(const struct bldr_view *v, struct bldr_route *r)
{
	if (bldr_count(bldr_get(v->state, "log")) < 24) {
		bldr_route_to(r, "a");
		bldr_route_to(r, "b");
	}
}

static void answers_find_their_questions(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("ask", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	const char *const nodes[] = { "a", "b" };
	for (size_t i = 0; i < 2; i++) {
		bldr_graph_node(g,
				&(struct bldr_node){
					.name = nodes[i],
					.writes = NAMES("log"),
					.prepare = ask_person,
					.absorb = note_answers,
					.config = nodes[i],
				});
		bldr_graph_edge(g, BLDR_START, nodes[i]);
	}
	bldr_graph_route(g, "a", loop_thrice, NAMES("a", "b", BLDR_END));
	compiled(g);
	struct lives l;
	lives_begin(&l, g, NULL);
	while (run_status(lives_now(&l)->run) == RUN_RUNNING) { /* the latest question first */
		const struct intent_record *pending[8];
		size_t n = story_pending(lives_now(&l)->run, pending, 8);
		static char answers[40][80];
		snprintf(answers[l.n_acts], sizeof(answers[0]), "{\"%s\":%s}", pending[n - 1]->key,
			 pending[n - 1]->request);
		lives_act(&l,
			  (struct act){ ACT_DONE, .effect = pending[n - 1]->id,
					.text = answers[l.n_acts] });
	}
	struct bldr_value *end = run_state(lives_now(&l)->run);
	const struct bldr_value *log = bldr_get(end, "log");
	assert_int_equal(bldr_count(log), 32); /* a and b, four times two rounds of two questions */
	for (size_t i = 0; i < 32; i++) {
		char key[80];
		char question[20];
		const char *node = nodes[i / 4 % 2];
		snprintf(key, sizeof(key), "t/%zu:%s#%zu.%zu", i / 8, node, i / 2 % 2, i % 2);
		snprintf(question, sizeof(question), "%s %zu.%zu", node, i / 2 % 2, i % 2);
		assert_string_equal(bldr_get_text(bldr_get(bldr_at(log, i), key), "question"),
				    question);
	}
	bldr_unref(end);
	lives_end(&l);
	bldr_graph_free(g);
}

static void expect_refused(const char *const *before, const char *const *after, const char *error)
{
	struct bldr_graph *g = bldr_graph_new("g", 1);
	struct bldr_error err;
	say_node(g, "a");
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_interrupt(g, before, after);
	assert_int_equal(bldr_graph_compile(g, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, error);
	bldr_graph_free(g);
}

static void unknown_nodes_are_refused(void **state)
{
	(void)state;
	expect_refused(NAMES("a", "b"), NULL,
		       "graph \"g\": an interrupt is before \"b\", which is no node of the graph");
	expect_refused(NULL, NAMES("c"),
		       "graph \"g\": an interrupt is after \"c\", which is no node of the graph");
}

/* Interrupts are no part of what a thread is: another process may run it without them. */
static void the_hash_does_not_know_of_them(void **state)
{
	(void)state;
	struct bldr_graph *with = chain_graph(NAMES("*"), NULL);
	struct bldr_graph *without = chain_graph(NULL, NULL);
	assert_string_equal(bldr_graph_hash(with), bldr_graph_hash(without));
	bldr_graph_free(with);
	bldr_graph_free(without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_pauses_before_a_node_and_goes_on),
		cmocka_unit_test(a_run_pauses_after_a_node_that_leads_on),
		cmocka_unit_test(all_nodes_can_be_named),
		cmocka_unit_test(a_host_may_name_more),
		cmocka_unit_test(held_sends_begin_with_the_release),
		cmocka_unit_test(a_subgraph_pauses_when_its_siblings_have_ended),
		cmocka_unit_test(a_failure_waits_for_what_is_held_beside_it),
		cmocka_unit_test(a_drain_holds_the_next_superstep_once),
		cmocka_unit_test(a_paused_run_can_be_given_up),
		cmocka_unit_test(answers_find_their_questions),
		cmocka_unit_test(unknown_nodes_are_refused),
		cmocka_unit_test(the_hash_does_not_know_of_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
