/* A graph as a node of another: what goes in, what comes out, and who waits for whom. */
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

/* x (LAST), log (APPEND), n (ADD), all (MERGE); "first" asks, "second" writes all four. */
static struct bldr_graph *child_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("child", 1);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "all", BLDR_MERGE);
	bldr_graph_channel(g, "seen", BLDR_LAST);
	script_node(g, "first", "{\"work\":1,\"echo\":\"log\",\"state\":\"seen\"}",
		    NAMES("log", "seen"), NULL);
	script_node(g, "second",
		    "{\"writes\":[[\"x\",\"new\"],[\"n\",1],[\"n\",2],[\"all\",{\"k\":1}]]}",
		    NAMES("x", "n", "all"), NULL);
	bldr_graph_edge(g, BLDR_START, "first");
	bldr_graph_edge(g, "first", "second");
	return compiled(g);
}

static struct bldr_graph *parent_graph(const struct bldr_graph *child, const char *const *in,
				       const char *const *out)
{
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "all", BLDR_MERGE);
	bldr_graph_channel(g, "seen", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", child, in, out);
	say_node(g, "after");
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, "sub", "after");
	return compiled(g);
}

static void a_subgraph_steps_by_itself_inside_its_parents_superstep(void **state)
{
	(void)state;
	struct bldr_graph *child = child_graph();
	struct bldr_graph *g =
		parent_graph(child, NAMES("x"), NAMES("x", "log", "n", "all", "seen"));
	struct teller t = teller_begin(g, "{\"x\":\"old\",\"log\":[\"mine\"],\"n\":10}");
	teller_expect(
		&t,
		"step 0.0 @0 base log=[\"mine\"] n=10 x=\"old\" | 1:sub\n"
		"step 1.0 @0 base x=\"old\" | 2:first\n"
		"intent 3 task 2 try 0 keyed work t/0:sub/0:first#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 1 run.started {\"graph\":\"parent\"}\n"
		"event 2 superstep {\"frame\":\"/\",\"step\":0,\"tasks\":[\"/0:sub\"]}\n"
		"event 3 task.started {\"node\":\"sub\",\"task\":\"/0:sub\"}\n"
		"event 4 superstep {\"frame\":\"/0:sub\",\"step\":0,\"tasks\":[\"/0:sub/0:first\"]}\n"
		"event 5 task.started {\"node\":\"first\",\"task\":\"/0:sub/0:first\"}\n"
		"event 6 effect.intended {\"key\":\"t/0:sub/0:first#0.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	teller_done(&t, 3, "5");
	teller_expect(
		&t,
		"step 1.1 @1 log+[5] seen={\"x\":\"old\"} | 4:second\n"
		"step 1.2 @1 x=\"new\" n+3 all+{\"k\":1} |\n"
		"step 0.1 @1 all+{\"k\":1} log+[5] n+3 seen+[{\"x\":\"old\"}] x=\"new\" | 5:after\n"
		"step 0.2 @1 log+[\"after\"] |\n"
		"result 3 done 5\n"
		"event 7 effect.ended {\"key\":\"t/0:sub/0:first#0.0\",\"status\":\"done\"}\n"
		"event 8 task.ended {\"node\":\"first\",\"task\":\"/0:sub/0:first\",\"writes\":[\"log\",\"seen\"]}\n"
		"event 9 superstep {\"frame\":\"/0:sub\",\"step\":1,\"tasks\":[\"/0:sub/1:second\"]}\n"
		"event 10 task.started {\"node\":\"second\",\"task\":\"/0:sub/1:second\"}\n"
		"event 11 task.ended {\"node\":\"second\",\"task\":\"/0:sub/1:second\",\"writes\":[\"x\",\"n\",\"all\"]}\n"
		"event 12 task.ended {\"node\":\"sub\",\"task\":\"/0:sub\",\"writes\":[\"all\",\"log\",\"n\",\"seen\",\"x\"]}\n"
		"event 13 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:after\"]}\n"
		"event 14 task.started {\"node\":\"after\",\"task\":\"/1:after\"}\n"
		"event 15 task.ended {\"node\":\"after\",\"task\":\"/1:after\",\"writes\":[\"log\"]}\n"
		"event 16 run.ended {\"step\":2}\n"
		"done\n");
	expect_state(&t,
		     "{\"all\":{\"k\":1},\"log\":[\"mine\",5,\"after\"],\"n\":13,"
		     "\"seen\":[{\"x\":\"old\"}],\"x\":\"new\"}");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

static void only_what_is_named_goes_in_and_out(void **state)
{
	(void)state;
	struct bldr_graph *child = child_graph();
	struct bldr_graph *g = parent_graph(child, NAMES("log", "n", "all"), NAMES("seen"));
	struct teller t = teller_begin(g, "{\"x\":\"old\",\"log\":[\"mine\"],\"n\":10}");
	teller_done(&t, 3, "5");
	expect_state(&t,
		     "{\"log\":[\"mine\",\"after\"],\"n\":10,"
		     "\"seen\":[{\"log\":[\"mine\"],\"n\":10}],\"x\":\"old\"}");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* A LAST channel that the child only was given does not come out. */
static void a_channel_that_was_only_given_is_not_written_back(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "x", BLDR_LAST);
	bldr_graph_channel(child, "log", BLDR_APPEND);
	say_node(child, "a");
	bldr_graph_edge(child, BLDR_START, "a");
	compiled(child);
	struct bldr_graph *g = parent_graph(child, NAMES("x"), NAMES("x", "log"));
	struct teller t = teller_begin(g, "{\"x\":\"old\"}");
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base x=\"old\" | 1:sub\n"
			   "step 1.0 @0 base x=\"old\" | 2:a\n"
			   "step 1.1 @0 log+[\"a\"] |\n"
			   "step 0.1 @0 log+[\"a\"] | 3:after\n"
			   "step 0.2 @0 log+[\"after\"] |\n");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* A node's script that writes 33,000 bytes to log and, when x is not NULL, x. */
static char *large_script(const char *x)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	buf_printf(&b, "{\"writes\":[[\"log\",\"%033000d\"]", 7);
	if (x != NULL) {
		buf_printf(&b, ",[\"x\",\"%s\"]", x);
	}
	buf_puts(&b, "]}");
	char *script = buf_take(&b);
	buf_release(&b);
	return script;
}

/* The child's records pass 64 KiB, so that the record before its last task is a base. */
static void expect_after_base(const char *written, const char *after)
{
	char *first = large_script(written);
	char *more = large_script(NULL);
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "x", BLDR_LAST);
	bldr_graph_channel(child, "log", BLDR_APPEND);
	script_node(child, "a", first, NAMES("log", "x"), NULL);
	script_node(child, "b", more, NAMES("log"), NULL);
	script_node(child, "c", more, NAMES("log"), NULL);
	script_node(child, "d", "{\"work\":1}", NULL, NULL);
	bldr_graph_edge(child, BLDR_START, "a");
	bldr_graph_edge(child, "a", "b");
	bldr_graph_edge(child, "b", "c");
	bldr_graph_edge(child, "c", "d");
	compiled(child);
	struct bldr_graph *g = parent_graph(child, NAMES("x"), NAMES("x"));
	struct teller t = teller_begin(g, "{\"x\":\"old\"}");
	const struct update *u = t.updates[0];
	assert_int_equal(u->steps.n, 5);
	assert_true(u->steps.at[4].base);
	assert_false(u->steps.at[3].base);

	struct teller again = teller_resume(&t, 1);
	teller_skip(&t);
	teller_skip(&again);
	teller_done(&t, 6, NULL);
	teller_done(&again, 6, NULL);
	teller_expect_only(&t, "step", after);
	teller_expect_only(&again, "step", after);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
	free(first);
	free(more);
}

static void a_base_record_tells_what_was_written_from_what_was_given(void **state)
{
	(void)state;
	expect_after_base(NULL,
			  "step 1.4 @1 |\n"
			  "step 0.1 @1 | 7:after\n"
			  "step 0.2 @1 log+[\"after\"] |\n");
	expect_after_base("new",
			  "step 1.4 @1 |\n"
			  "step 0.1 @1 x=\"new\" | 7:after\n"
			  "step 0.2 @1 log+[\"after\"] |\n");
}

static void what_a_rebuilt_child_added_comes_out(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "n", BLDR_ADD);
	bldr_graph_channel(child, "log", BLDR_APPEND);
	script_node(child, "a", "{\"writes\":[[\"log\",1],[\"n\",2]]}", NAMES("log", "n"), NULL);
	script_node(child, "b", "{\"work\":1}", NULL, NULL);
	bldr_graph_edge(child, BLDR_START, "a");
	bldr_graph_edge(child, "a", "b");
	compiled(child);
	struct bldr_graph *g = parent_graph(child, NULL, NAMES("log", "n"));
	struct teller t = teller_begin(g, NULL);
	struct teller again = teller_resume(&t, 1);
	teller_skip(&again);
	teller_done(&again, 4, NULL);
	teller_expect_only(&again, "step",
			   "step 1.2 @1 |\n"
			   "step 0.1 @1 log+[1] n+2 | 5:after\n"
			   "step 0.2 @1 log+[\"after\"] |\n");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* "plan" sends two inputs to "sub", which adds them to what it is given. */
static void a_send_gives_a_subgraph_more_than_the_parents_channels(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "x", BLDR_APPEND);
	bldr_graph_channel(child, "own", BLDR_LAST); /* goes out, but is not written */
	bldr_graph_channel(child, "seen", BLDR_APPEND);
	script_node(child, "a", "{\"work\":1,\"state\":\"seen\"}", NAMES("seen"), NULL);
	bldr_graph_edge(child, BLDR_START, "a");
	compiled(child);
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_channel(g, "own", BLDR_APPEND);
	bldr_graph_channel(g, "seen", BLDR_APPEND);
	script_node(
		g, "plan",
		"{\"sends\":[[\"sub\",{\"own\":1,\"x\":\"more\"}],[\"sub\",{\"x\":[2,3]}],[\"sub\"]]}",
		NULL, NAMES("sub"));
	bldr_graph_subgraph(g, "sub", child, NAMES("x"), NAMES("seen", "own"));
	bldr_graph_edge(g, BLDR_START, "plan");
	compiled(g);

	struct teller t = teller_begin(g, "{\"x\":\"given\"}");
	teller_expect_only(
		&t, "step intent",
		"step 0.0 @0 base x=\"given\" | 1:plan\n"
		"step 0.1 @0 | 2:sub:0({\"own\":1,\"x\":\"more\"}) 3:sub:1({\"x\":[2,3]}) 4:sub:2()\n"
		"step 2.0 @0 base own=1 x=[\"given\",\"more\"] | 5:a\n"
		"step 3.0 @0 base x=[\"given\",2,3] | 7:a\n"
		"step 4.0 @0 base x=[\"given\"] | 9:a\n"
		"intent 6 task 5 try 0 keyed work t/1:sub:0/0:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 8 task 7 try 0 keyed work t/1:sub:1/0:a#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"intent 10 task 9 try 0 keyed work t/1:sub:2/0:a#0.0 {\"args\":{},\"work\":\"w0\"}\n");
	teller_done(&t, 10, NULL); /* ended subgraphs wait for their siblings */
	teller_expect_only(
		&t, "step patch",
		"step 4.1 @1 seen+[{\"x\":[\"given\"]}] |\n"
		"patch 4 {\"sends\":[],\"to\":[],\"writes\":[[\"seen\",[{\"x\":[\"given\"]}]]]}\n");
	teller_done(&t, 6, NULL);
	teller_done(&t, 8, NULL);
	expect_state(&t,
		     "{\"seen\":[{\"own\":1,\"x\":[\"given\",\"more\"]},{\"x\":[\"given\",2,3]},"
		     "{\"x\":[\"given\"]}],\"x\":\"given\"}");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

static void a_wrong_input_fails_the_subgraphs_task(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		const char *error;
	} cases[] = {
		{ "{\"sends\":[[\"sub\",7]]}",
		  "node \"sub\": the input of graph \"child\" is no object of channels" },
		{ "{\"sends\":[[\"sub\",{\"y\":7}]]}",
		  "node \"sub\": the input names \"y\", which is no channel of graph \"child\"" },
		{ "{\"sends\":[[\"sub\",{\"n\":null}]]}",
		  "node \"sub\": channel \"n\" adds integers and was given null" },
		{ "{\"sends\":[[\"sub\",{\"log\":[]}]]}",
		  "node \"sub\": the input sets channel \"log\", which is APPEND and goes out of the "
		  "subgraph" },
		{ "{\"sends\":[[\"sub\",{}]]}",
		  "node \"sub\": channel \"all\" merges objects and was given an integer" },
	};
	struct bldr_graph *child = child_graph();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *g = bldr_graph_new("parent", 1);
		bldr_graph_channel(g, "all", BLDR_LAST);
		bldr_graph_channel(g, "log", BLDR_APPEND);
		bldr_graph_channel(g, "n", BLDR_ADD);
		script_node(g, "plan", cases[i].script, NAMES("all"), NAMES("sub"));
		bldr_graph_subgraph(g, "sub", child, i == 4 ? NAMES("all") : NULL, NAMES("log"));
		bldr_graph_edge(g, BLDR_START, "plan");
		compiled(g);
		struct teller t = teller_begin(g, "{\"all\":1}");
		const struct update *u = t.updates[0];
		assert_int_equal(u->status, RUN_FAILED);
		assert_string_equal(u->error, cases[i].error);
		teller_free(&t);
		bldr_graph_free(g);
	}
	bldr_graph_free(child);
}

static void show_to_see(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_send(r, "see", bldr_ref(v->state));
}

static void a_subgraphs_router_sees_what_came_out(void **state)
{
	(void)state;
	struct bldr_graph *child = child_graph();
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", child, NULL, NAMES("n", "log"));
	script_node(g, "see", "{\"input\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_route(g, "sub", show_to_see, NAMES("see"));
	compiled(g);
	struct teller t = teller_begin(g, "{\"n\":1}");
	teller_skip(&t);
	teller_done(&t, 3, "5");
	teller_expect_only(&t, "step",
			   "step 1.1 @1 log+[5] seen={} | 4:second\n"
			   "step 1.2 @1 x=\"new\" n+3 all+{\"k\":1} |\n"
			   "step 0.1 @1 log+[5] n+3 | 5:see:0({\"log\":[5],\"n\":4})\n"
			   "step 0.2 @1 log+[{\"log\":[5],\"n\":4}] |\n");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subgraph_steps_by_itself_inside_its_parents_superstep),
		cmocka_unit_test(only_what_is_named_goes_in_and_out),
		cmocka_unit_test(a_channel_that_was_only_given_is_not_written_back),
		cmocka_unit_test(a_base_record_tells_what_was_written_from_what_was_given),
		cmocka_unit_test(what_a_rebuilt_child_added_comes_out),
		cmocka_unit_test(a_send_gives_a_subgraph_more_than_the_parents_channels),
		cmocka_unit_test(a_wrong_input_fails_the_subgraphs_task),
		cmocka_unit_test(a_subgraphs_router_sees_what_came_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
