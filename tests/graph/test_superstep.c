/*
 * The semantics of a run, each as a small story: what the graph is, what happened, in full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

static void a_sequence_without_effects_runs_through_at_once(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("two", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "a");
	say_node(g, "b");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", BLDR_END);
	compiled(g);

	struct teller t = teller_begin(g, "{\"log\":[\"in\"]}");
	teller_expect(&t,
		      "step 0.0 @0 base log=[\"in\"] | 1:a\n"
		      "step 0.1 @0 log+[\"a\"] | 2:b\n"
		      "step 0.2 @0 log+[\"b\"] |\n"
		      "event 1 run.started {\"graph\":\"two\"}\n"
		      "event 2 superstep {\"frame\":\"/\",\"step\":0,\"tasks\":[\"/0:a\"]}\n"
		      "event 3 task.started {\"node\":\"a\",\"task\":\"/0:a\"}\n"
		      "event 4 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		      "event 5 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:b\"]}\n"
		      "event 6 task.started {\"node\":\"b\",\"task\":\"/1:b\"}\n"
		      "event 7 task.ended {\"node\":\"b\",\"task\":\"/1:b\",\"writes\":[\"log\"]}\n"
		      "event 8 run.ended {\"step\":2}\n"
		      "done\n");
	char *text = story_state(t.run);
	assert_string_equal(text, "{\"log\":[\"in\",\"a\",\"b\"]}");
	free(text);
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_sequence_waits_for_its_effects(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("two", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	ask_node(g, "a");
	ask_node(g, "b");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	teller_expect(
		&t,
		"step 0.0 @0 base | 1:a\n"
		"intent 2 task 1 try 0 keyed work t/0:a#0.0 {\"args\":{},\"work\":\"a\"}\n"
		"event 1 run.started {\"graph\":\"two\"}\n"
		"event 2 superstep {\"frame\":\"/\",\"step\":0,\"tasks\":[\"/0:a\"]}\n"
		"event 3 task.started {\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"event 4 effect.intended {\"key\":\"t/0:a#0.0\",\"kind\":\"work\",\"name\":\"a\"}\n"
		"running\n");
	teller_done(&t, 2, "5");
	teller_expect(
		&t,
		"step 0.1 @1 log+[5] | 3:b\n"
		"intent 4 task 3 try 0 keyed work t/1:b#0.0 {\"args\":{},\"work\":\"b\"}\n"
		"result 2 done 5\n"
		"event 5 effect.ended {\"key\":\"t/0:a#0.0\",\"status\":\"done\"}\n"
		"event 6 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		"event 7 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:b\"]}\n"
		"event 8 task.started {\"node\":\"b\",\"task\":\"/1:b\"}\n"
		"event 9 effect.intended {\"key\":\"t/1:b#0.0\",\"kind\":\"work\",\"name\":\"b\"}\n"
		"running\n");
	teller_done(&t, 4, "[6,7]");
	teller_expect(&t,
		      "step 0.2 @2 log+[6,7] |\n"
		      "result 4 done [6,7]\n"
		      "event 10 effect.ended {\"key\":\"t/1:b#0.0\",\"status\":\"done\"}\n"
		      "event 11 task.ended {\"node\":\"b\",\"task\":\"/1:b\",\"writes\":[\"log\"]}\n"
		      "event 12 run.ended {\"step\":2}\n"
		      "done\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void expect_state(const struct teller *t, const char *text)
{
	char *told = story_state(t->run);
	assert_string_equal(told, text);
	free(told);
}

static void edges_of_several_nodes_are_followed_in_order_of_name(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("crossed", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "a");
	say_node(g, "b");
	say_node(g, "c");
	say_node(g, "d");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "d");
	bldr_graph_edge(g, "b", "c");
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base | 1:a 2:b\n"
			   "step 0.1 @0 log+[\"a\",\"b\"] | 3:c 4:d\n"
			   "step 0.2 @0 log+[\"c\",\"d\"] |\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void empty_lists_append_nothing(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("empty", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "none", BLDR_APPEND);
	script_node(g, "a",
		    "{\"writes\":[[\"log\",[]],[\"log\",[1]],[\"log\",[]],[\"log\",2],"
		    "[\"log\",[[]]],[\"none\",[]],[\"none\",[]]]}",
		    NAMES("log", "none"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base | 1:a\n"
			   "step 0.1 @0 log+[1,2,[]] none+[] |\n");
	expect_state(&t, "{\"log\":[1,2,[]],\"none\":[]}");
	teller_free(&t);
	bldr_graph_free(g);
}

static void two_edges_into_a_node_fire_it_once(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("diamond", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "d");
	say_node(g, "c"); /* declared in another order than that of the names */
	say_node(g, "b");
	say_node(g, "a");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "d");
	bldr_graph_edge(g, "c", "d");
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	teller_expect_only(&t, "step done",
			   "step 0.0 @0 base | 1:a\n"
			   "step 0.1 @0 log+[\"a\"] | 2:b 3:c\n"
			   "step 0.2 @0 log+[\"b\",\"c\"] | 4:d\n"
			   "step 0.3 @0 log+[\"d\"] |\n"
			   "done\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void names_are_ordered_by_their_bytes(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("order", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	const char *const names[] = { "a_b", "a.b", "ab", "a-b", "a", "10", "9" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		say_node(g, names[i]);
		bldr_graph_edge(g, BLDR_START, names[i]);
	}
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	expect_state(&t, "{\"log\":[\"10\",\"9\",\"a\",\"a-b\",\"a.b\",\"a_b\",\"ab\"]}");
	teller_free(&t);
	bldr_graph_free(g);
}

/* plan sends x, "y" and nothing to "part", which asks; its edges lead to "z" and "end" as well. */
static struct bldr_graph *fan_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("fan", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "plan", "{\"sends\":[[\"part\",{\"p\":1}],[\"part\",\"y\"],[\"part\"]]}",
		    NULL, NAMES("part"));
	script_node(g, "part",
		    "{\"work\":1,\"echo\":\"log\",\"input\":\"log\",\"writes\":[[\"n\",2]]}",
		    NAMES("log", "n"), NULL);
	ask_node(g, "z");
	say_node(g, "end");
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, "plan", "z");
	bldr_graph_edge(g, "part", "end");
	bldr_graph_edge(g, "z", "end");
	return compiled(g);
}

static void sends_run_after_edges_in_the_order_they_were_sent(void **state)
{
	(void)state;
	struct bldr_graph *g = fan_graph();
	struct teller t = teller_begin(g, NULL);
	teller_expect(
		&t,
		"step 0.0 @0 base | 1:plan\n"
		"step 0.1 @0 | 2:z 3:part:0({\"p\":1}) 4:part:1(\"y\") 5:part:2()\n"
		"intent 6 task 2 try 0 keyed work t/1:z#0.0 {\"args\":{},\"work\":\"z\"}\n"
		"intent 7 task 3 try 0 keyed work t/1:part:0#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 8 task 4 try 0 keyed work t/1:part:1#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 9 task 5 try 0 keyed work t/1:part:2#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 1 run.started {\"graph\":\"fan\"}\n"
		"event 2 superstep {\"frame\":\"/\",\"step\":0,\"tasks\":[\"/0:plan\"]}\n"
		"event 3 task.started {\"node\":\"plan\",\"task\":\"/0:plan\"}\n"
		"event 4 task.ended {\"node\":\"plan\",\"task\":\"/0:plan\",\"writes\":[]}\n"
		"event 5 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:z\",\"/1:part:0\","
		"\"/1:part:1\",\"/1:part:2\"]}\n"
		"event 6 task.started {\"node\":\"z\",\"task\":\"/1:z\"}\n"
		"event 7 effect.intended {\"key\":\"t/1:z#0.0\",\"kind\":\"work\",\"name\":\"z\"}\n"
		"event 8 task.started {\"node\":\"part\",\"task\":\"/1:part:0\"}\n"
		"event 9 effect.intended {\"key\":\"t/1:part:0#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"event 10 task.started {\"node\":\"part\",\"task\":\"/1:part:1\"}\n"
		"event 11 effect.intended {\"key\":\"t/1:part:1#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"event 12 task.started {\"node\":\"part\",\"task\":\"/1:part:2\"}\n"
		"event 13 effect.intended {\"key\":\"t/1:part:2#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	teller_done(&t, 8, "8");
	teller_expect(
		&t,
		"patch 4 {\"sends\":[],\"to\":[],\"writes\":[[\"n\",2],[\"log\",8],[\"log\",\"y\"]]}\n"
		"result 8 done 8\n"
		"event 14 effect.ended {\"key\":\"t/1:part:1#0.0\",\"status\":\"done\"}\n"
		"event 15 task.ended {\"node\":\"part\",\"task\":\"/1:part:1\","
		"\"writes\":[\"n\",\"log\"]}\n"
		"running\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void swap(int64_t *a, int64_t *b)
{
	int64_t c = *a;
	*a = *b;
	*b = c;
}

/* Heap's algorithm: calls each for every order of ids[0..n). */
static void permute(int64_t *ids, size_t n, void (*each)(const int64_t *ids, void *user), void *user)
{
	if (n <= 1) {
		each(ids, user);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		permute(ids, n - 1, each, user);
		swap(&ids[n % 2 == 0 ? i : 0], &ids[n - 1]);
	}
}

struct orders {
	const struct bldr_graph *graph;
	int n;
};

static void in_this_order(const int64_t *ids, void *user)
{
	struct orders *orders = user;
	orders->n++;
	struct teller t = teller_begin(orders->graph, NULL);
	for (size_t i = 0; i < 4; i++) {
		char value[32];
		snprintf(value, sizeof(value), "[\"v%d\"]", (int)ids[i]);
		teller_skip(&t);
		teller_done(&t, ids[i], value);
	}
	teller_expect_only(
		&t, "step intent done",
		"step 0.2 @4 log+[\"v6\",\"v7\",{\"p\":1},\"v8\",\"y\",\"v9\",null] n+6 | 10:end\n"
		"step 0.3 @4 log+[\"end\"] |\n"
		"done\n");
	teller_free(&t);
}

static void writes_fold_alike_in_whatever_order_results_arrive(void **state)
{
	(void)state;
	struct bldr_graph *g = fan_graph();
	struct orders orders = { .graph = g };
	int64_t ids[] = { 6, 7, 8, 9 };
	permute(ids, 4, in_this_order, &orders);
	assert_int_equal(orders.n, 24);
	bldr_graph_free(g);
}

static void a_router_sees_the_old_state_and_its_own_nodes_writes(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("routes", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "seen", BLDR_APPEND);
	bldr_graph_channel(g, "all", BLDR_MERGE);
	script_node(g, "a",
		    "{\"writes\":[[\"n\",1],[\"log\",\"a\"],[\"all\",{\"a\":1}]],\"show\":\"see\"}",
		    NAMES("n", "log", "all"), NULL);
	script_node(g, "b",
		    "{\"writes\":[[\"n\",10],[\"log\",\"b\"],[\"all\",{\"b\":1,\"x\":2}]],"
		    "\"to\":[\"c\",\"c\"],\"show\":\"see\"}",
		    NAMES("n", "log", "all"), NULL);
	script_node(g, "see", "{\"input\":\"seen\"}", NAMES("seen"), NULL);
	say_node(g, "c");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c"); /* fires in addition to the router */
	bldr_graph_route(g, "a", script_route, NAMES("see", BLDR_END));
	bldr_graph_route(g, "b", script_route, NAMES("c", "see"));
	compiled(g);

	struct teller t = teller_begin(g, "{\"n\":100,\"log\":\"in\",\"all\":{\"x\":1}}");
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base all={\"x\":1} log=[\"in\"] n=100 | 1:a 2:b\n"
			   "step 0.1 @0 n+11 log+[\"a\",\"b\"] all+{\"a\":1,\"b\":1,\"x\":2} | 3:c"
			   " 4:see:0({\"all\":{\"a\":1,\"x\":1},\"log\":[\"in\",\"a\"],\"n\":101})"
			   " 5:see:1({\"all\":{\"b\":1,\"x\":2},\"log\":[\"in\",\"b\"],\"n\":110})\n"
			   "step 0.2 @0 log+[\"c\"]"
			   " seen+[{\"all\":{\"a\":1,\"x\":1},\"log\":[\"in\",\"a\"],\"n\":101},"
			   "{\"all\":{\"b\":1,\"x\":2},\"log\":[\"in\",\"b\"],\"n\":110}] |\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void to_b_and_send(const struct bldr_view *v, struct bldr_route *r)
{
	assert_null(v->config);
	assert_null(v->input);
	bldr_route_to(r, "b");
	bldr_route_send(r, "see", bldr_ref(v->state));
	bldr_route_to(r, BLDR_END);
}

static void to_the_end(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	bldr_route_to(r, BLDR_END);
}

static void a_router_of_the_start_sees_the_input(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("start", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "a");
	say_node(g, "b");
	script_node(g, "see", "{\"input\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_route(g, BLDR_START, to_b_and_send, NAMES("b", "see", BLDR_END));
	compiled(g);

	struct teller t = teller_begin(g, "{\"log\":1}");
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base log=[1] | 1:a 2:b 3:see:0({\"log\":[1]})\n"
			   "step 0.1 @0 log+[\"a\",\"b\",{\"log\":[1]}] |\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_run_whose_start_leads_nowhere_has_ended(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("nowhere", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "a");
	bldr_graph_route(g, BLDR_START, to_the_end, NAMES("a", BLDR_END));
	compiled(g);

	struct teller t = teller_begin(g, "{\"log\":[]}");
	teller_expect(&t,
		      "step 0.0 @0 base log=[] |\n"
		      "event 1 run.started {\"graph\":\"nowhere\"}\n"
		      "event 2 run.ended {\"step\":0}\n"
		      "done\n");
	expect_state(&t, "{\"log\":[]}");
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_node_sees_what_it_reads_as_its_superstep_began(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("views", 1);
	bldr_graph_channel(g, "x", BLDR_ADD);
	bldr_graph_channel(g, "y", BLDR_ADD);
	bldr_graph_channel(g, "seen", BLDR_APPEND);
	script_node(g, "all", "{\"state\":\"seen\",\"writes\":[[\"x\",1]]}", NAMES("seen", "x"),
		    NULL);
	bldr_graph_node(g, &(struct bldr_node){ .name = "none", .reads = NAMES(NULL) });
	script_node(g, "again", "{\"state\":\"seen\"}", NAMES("seen"), NULL);
	bldr_graph_edge(g, BLDR_START, "all");
	bldr_graph_edge(g, BLDR_START, "none");
	bldr_graph_edge(g, "none", "again");
	bldr_graph_edge(g, "all", "again");
	compiled(g);

	struct teller t = teller_begin(g, "{\"y\":5}");
	expect_state(
		&t, "{\"seen\":[{\"y\":5},{\"seen\":[{\"y\":5}],\"x\":1,\"y\":5}],\"x\":1,\"y\":5}");
	teller_free(&t);
	bldr_graph_free(g);
}

static void show_view(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		      struct bldr_patch *p)
{
	(void)results;
	(void)n;
	bldr_patch_set(p, "log",
		       bldr_textf("%d %d %s", (int)v->now_ms, v->config != NULL,
				  bldr_type_of(v->state) == BLDR_OBJECT ? "object" : ""));
	bldr_patch_set(p, "log", bldr_ref(v->state));
	bldr_patch_set(p, "seeds", bldr_textf("%016llx", (unsigned long long)v->seed));
}

static void a_view_holds_declared_channels_time_and_seed(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("views", 1);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_channel(g, "y", BLDR_LAST);
	bldr_graph_channel(g, "unset", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "seeds", BLDR_APPEND);
	script_node(g, "wait", "{\"work\":1}", NULL, NULL);
	const struct bldr_node show = {
		.reads = (const char *const[]){ "y", "unset", NULL },
		.writes = (const char *const[]){ "log", "seeds", NULL },
		.absorb = show_view,
	};
	struct bldr_node one = show;
	struct bldr_node two = show;
	one.name = "one";
	one.config = g;
	two.name = "two";
	bldr_graph_node(g, &one);
	bldr_graph_node(g, &two);
	bldr_graph_edge(g, BLDR_START, "wait");
	bldr_graph_edge(g, "wait", "one");
	bldr_graph_edge(g, "wait", "two");
	compiled(g);

	struct teller t = teller_begin(g, "{\"x\":1,\"y\":[2]}");
	teller_done(&t, 2, NULL);
	struct bldr_value *end = run_state(t.run);
	char *text = bldr_value_text(bldr_get(end, "log"));
	assert_string_equal(text, "[\"1 1 object\",{\"y\":[2]},\"1 0 object\",{\"y\":[2]}]");
	free(text);
	assert_string_not_equal(bldr_as_text(bldr_at(bldr_get(end, "seeds"), 0)),
				bldr_as_text(bldr_at(bldr_get(end, "seeds"), 1)));
	bldr_unref(end);
	teller_free(&t);
	bldr_graph_free(g);
}

static void another_seed_is_seen_by_nodes(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("seeds", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "seeds", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "a",
				.writes = NAMES("log", "seeds"),
				.absorb = show_view,
			});
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	char *states[3];
	for (uint64_t i = 0; i < 3; i++) {
		struct run *r = run_new(g, "t", i / 2);
		struct update u = { 0 };
		assert_int_equal(run_begin(r, NULL, 0, &u, NULL), 0);
		states[i] = story_state(r);
		update_release(&u);
		run_free(r);
	}
	assert_string_equal(states[0], states[1]);
	assert_string_not_equal(states[1], states[2]);
	for (size_t i = 0; i < 3; i++) {
		free(states[i]);
	}
	bldr_graph_free(g);
}

static void a_run_of_the_same_name_and_seed_is_the_same(void **state)
{
	(void)state;
	struct bldr_graph *g = fan_graph();
	struct teller one = teller_begin(g, NULL);
	struct teller two = teller_begin(g, NULL);
	assert_string_equal(one.text.data, two.text.data);
	teller_free(&one);
	teller_free(&two);
	bldr_graph_free(g);
}

static void results_come_in_the_order_of_the_plan(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("plan", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"work\":16,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);

	struct teller t = teller_begin(g, NULL);
	for (int64_t id = 17; id >= 2; id--) {
		char value[32];
		snprintf(value, sizeof(value), "%d", (int)id);
		assert_int_equal(run_status(t.run), RUN_RUNNING);
		teller_done(&t, id, value);
	}
	expect_state(&t, "{\"log\":[2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}");
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_wrong_input_begins_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *input;
		const char *error;
	} cases[] = {
		{ "[]", "the input of graph \"in\" is no object of channels" },
		{ "{\"x\":1}", "the input names \"x\", which is no channel of graph \"in\"" },
		{ "{\"n\":1,\"all\":[]}", "channel \"all\" merges objects and was given a list" },
		{ "{\"n\":\"1\"}", "channel \"n\" adds integers and was given a text" },
	};
	struct bldr_graph *g = bldr_graph_new("in", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "all", BLDR_MERGE);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	say_node(g, "a");
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);

	struct run *r = run_new(g, "t", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct update u = { 0 };
		struct bldr_error err;
		struct bldr_value *input = json(cases[i].input);
		assert_int_equal(run_begin(r, input, 0, &u, &err), BLDR_E_INVALID);
		assert_string_equal(err.text, cases[i].error);
		assert_int_equal(u.steps.n + u.events.n, 0);
		bldr_unref(input);
		update_release(&u);
	}
	struct update u = { 0 };
	assert_int_equal(run_begin(r, NULL, 0, &u, NULL), 0); /* none of it stuck */
	assert_int_equal(u.events.at[0].seq, 1);
	assert_int_equal(u.steps.at[0].tasks.at[0].id, 1);
	update_release(&u);
	run_free(r);
	bldr_graph_free(g);
}

static void several_calls_may_share_an_update(void **state)
{
	(void)state;
	struct bldr_graph *g = fan_graph();
	struct run *r = run_new(g, "t", STORY_SEED);
	struct update u = { 0 };
	struct bldr_error err;
	assert_int_equal(run_begin(r, NULL, 0, &u, &err), 0);
	for (int64_t id = 6; id <= 9; id++) {
		run_deliver(r, id, BLDR_DONE, 0, NULL, NULL, 5, &u);
	}
	assert_int_equal(u.status, RUN_DONE);
	assert_int_equal(u.steps.n, 4);
	assert_int_equal(u.patches.n, 3);
	assert_int_equal(u.results.n, 4);
	for (size_t i = 0; i < u.events.n; i++) {
		assert_int_equal(u.events.at[i].seq, (int64_t)i + 1);
	}
	assert_int_equal(u.last_event, (int64_t)u.events.n);
	assert_int_equal(u.next_id, 11);
	update_release(&u);
	run_free(r);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sequence_without_effects_runs_through_at_once),
		cmocka_unit_test(a_sequence_waits_for_its_effects),
		cmocka_unit_test(two_edges_into_a_node_fire_it_once),
		cmocka_unit_test(names_are_ordered_by_their_bytes),
		cmocka_unit_test(sends_run_after_edges_in_the_order_they_were_sent),
		cmocka_unit_test(writes_fold_alike_in_whatever_order_results_arrive),
		cmocka_unit_test(a_router_sees_the_old_state_and_its_own_nodes_writes),
		cmocka_unit_test(a_router_of_the_start_sees_the_input),
		cmocka_unit_test(a_run_whose_start_leads_nowhere_has_ended),
		cmocka_unit_test(a_node_sees_what_it_reads_as_its_superstep_began),
		cmocka_unit_test(a_view_holds_declared_channels_time_and_seed),
		cmocka_unit_test(another_seed_is_seen_by_nodes),
		cmocka_unit_test(edges_of_several_nodes_are_followed_in_order_of_name),
		cmocka_unit_test(empty_lists_append_nothing),
		cmocka_unit_test(a_run_of_the_same_name_and_seed_is_the_same),
		cmocka_unit_test(results_come_in_the_order_of_the_plan),
		cmocka_unit_test(a_wrong_input_begins_nothing),
		cmocka_unit_test(several_calls_may_share_an_update),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
