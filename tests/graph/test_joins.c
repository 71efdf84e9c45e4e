/* What waits: joins for all of their sources, deferred nodes for quiet. And what fires a node, how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilt.h"

/* Every node logs its name after some work, so that there is an update between any two supersteps. */
static void log_node(struct bldr_graph *g, const char *name)
{
	ask_node(g, name);
}

static void log_deferred(struct bldr_graph *g, const char *name)
{
	bldr_graph_node(g, &(struct bldr_node){ .name = name, .deferred = true });
}

static struct bldr_graph *log_graph(const char *const *names)
{
	struct bldr_graph *g = bldr_graph_new("log", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	for (size_t i = 0; names[i] != NULL; i++) {
		log_node(g, names[i]);
	}
	return g;
}

/* Delivers all pending effects, again and again, and expects these steps. */
static void expect_steps(const struct bldr_graph *g, const char *text)
{
	struct teller t = teller_begin(g, NULL);
	while (run_status(t.run) == RUN_RUNNING) {
		const struct intent_record *pending[64];
		size_t n = story_pending(t.run, pending, 64);
		int64_t ids[64];
		for (size_t i = 0; i < n; i++) {
			ids[i] = pending[i]->id;
		}
		for (size_t i = 0; i < n; i++) {
			teller_done(&t, ids[n - 1 - i], "0"); /* the last one first */
		}
	}
	teller_expect_only(&t, "step failed", text);
	teller_free(&t);
}

static void many_edges_into_a_node_in_one_superstep_fire_it_once(void **state)
{
	(void)state;
	struct bldr_graph *g = log_graph(NAMES("a", "b", "c", "d"));
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, BLDR_START, "c");
	bldr_graph_edge(g, "a", "d");
	bldr_graph_edge(g, "b", "d");
	bldr_graph_edge(g, "c", "d");
	bldr_graph_join(g, NAMES("c", "a"), "d"); /* and a join of the same superstep with them */
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:a 2:b 3:c\n"
		     "step 0.1 @3 log+[0,0,0] | 7:d\n"
		     "step 0.2 @4 log+[0] |\n");
	expect_end(g, NULL, "{\"log\":[\"t/0:a#0.0\",\"t/0:b#0.0\",\"t/0:c#0.0\",\"t/1:d#0.0\"]}");
	bldr_graph_free(g);
}

/* a ends in superstep 0; b, behind it, in superstep 1: z waits for both. */
static struct bldr_graph *uneven_graph(void)
{
	struct bldr_graph *g = log_graph(NAMES("a", "b", "c", "z"));
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	bldr_graph_join(g, NAMES("c", "a", "b"), "z");
	return compiled(g);
}

static void a_join_waits_for_its_sources_over_supersteps(void **state)
{
	(void)state;
	struct bldr_graph *g = uneven_graph();
	expect_steps(g,
		     "step 0.0 @0 base | 1:a\n"
		     "step 0.1 @1 log+[0] join:a+b+c:z+[\"a\"] | 3:b\n"
		     "step 0.2 @2 log+[0] join:a+b+c:z+[\"b\"] | 5:c\n"
		     "step 0.3 @3 log+[0] join:a+b+c:z- | 7:z\n"
		     "step 0.4 @4 log+[0] |\n");
	expect_end(g, NULL, "{\"log\":[\"t/0:a#0.0\",\"t/1:b#0.0\",\"t/2:c#0.0\",\"t/3:z#0.0\"]}");
	bldr_graph_free(g);
}

/* "a" tells itself and "b" to go on until three things are logged. */
static void three(const struct bldr_view *v, struct bldr_route *r)
{
	if (bldr_count(bldr_get(v->state, "log")) < 5) {
		bldr_route_to(r, "a");
		bldr_route_to(r, "b");
	}
}

static void a_join_waits_anew_for_all_of_them(void **state)
{
	(void)state;
	struct bldr_graph *g = log_graph(NAMES("a", "b", "z"));
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_route(g, "a", three, NAMES("a", "b"));
	bldr_graph_join(g, NAMES("a", "b"), "z");
	compiled(g);
	expect_steps(
		g,
		"step 0.0 @0 base | 1:a\n"
		"step 0.1 @1 log+[0] join:a+b:z+[\"a\"] | 3:a 4:b\n"
		"step 0.2 @3 log+[0,0] join:a+b:z- | 7:a 8:b 9:z\n"
		"step 0.3 @6 log+[0,0,0] | 13:a 14:b 15:z\n" /* both ended in one superstep: never recorded */
		"step 0.4 @9 log+[0,0,0] | 19:z\n"
		"step 0.5 @10 log+[0] |\n");
	free(rebuilt_everywhere(g, NULL));
	bldr_graph_free(g);
}

/* A source that ends twice before the others does not count twice. */
static void a_source_counts_once(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("once", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"sends\":[[\"p\"],[\"p\"]]}", NULL, NAMES("p"));
	script_node(g, "p", "{\"work\":1,\"writes\":[[\"log\",\"p\"]]}", NAMES("log"), NULL);
	ask_node(g, "q");
	say_node(g, "z");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "p", "q");
	bldr_graph_join(g, NAMES("p", "q"), "z");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:a\n"
		     "step 0.1 @0 | 2:p:0() 3:p:1()\n"
		     "step 0.2 @2 log+[\"p\",\"p\"] join:p+q:z+[\"p\"] | 6:q\n"
		     "step 0.3 @3 log+[0] join:p+q:z- | 8:z\n"
		     "step 0.4 @3 log+[\"z\"] |\n");
	free(rebuilt_everywhere(g, NULL));
	bldr_graph_free(g);
}

/* A base record holds what a join has gathered. */
static void a_base_record_holds_what_waits(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	buf_printf(&b, "{\"work\":1,\"writes\":[[\"log\",\"%070000d\"]]}", 7);
	struct bldr_graph *g = bldr_graph_new("large", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", b.data, NAMES("log"), NULL);
	script_node(g, "b", b.data, NAMES("log"), NULL);
	script_node(g, "c", b.data, NAMES("log"), NULL);
	script_node(g, "y", "{}", NULL, NULL);
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	bldr_graph_edge(g, "a", "z");
	bldr_graph_join(g, NAMES("a", "c"), "y");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 2, NULL);
	teller_done(&t, 4, NULL);
	const struct step_record *base = &t.updates[2]->steps.at[0];
	assert_true(base->base);
	assert_string_equal(base->writes.at[0].channel, "defer:z");
	assert_string_equal(base->writes.at[1].channel, "join:a+c:y");
	assert_string_equal(base->writes.at[1].text, "[\"a\"]");
	struct teller again = teller_resume(&t, 3);
	teller_skip(&again);
	teller_done(&again, 6, NULL);
	const struct update *u = again.updates[again.n - 1];
	assert_int_equal(u->steps.n, 3);
	assert_string_equal(u->steps.at[0].tasks.at[0].node, "y");
	assert_string_equal(u->steps.at[1].tasks.at[0].node, "z");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	buf_release(&b);
}

static void what_waits_is_in_no_view_and_no_state(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("hidden", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"show\":\"see\"}", NULL, NULL);
	script_node(g, "b", "{\"state\":\"log\"}", NAMES("log"), NULL);
	script_node(g, "see", "{\"input\":\"log\",\"work\":1}", NAMES("log"), NULL);
	log_deferred(g, "z");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "a", "z");
	bldr_graph_route(g, "a", script_route, NAMES("see"));
	bldr_graph_join(g, NAMES("a", "see"), "z");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base | 1:a\n"
			   "step 0.1 @0 join:a+see:z+[\"a\"] defer:z=true | 2:b 3:see:0({})\n");
	char *text = story_state(t.run);
	assert_string_equal(text, "{}");
	free(text);
	teller_done(&t, 4, NULL);
	teller_expect_only(
		&t, "step", /* complete, but the node it leads to was not quiet before: it is now */
		"step 0.2 @1 log+[{},{}] join:a+see:z- defer:z- | 5:z\n"
		"step 0.3 @1 |\n");
	teller_free(&t);

	struct bldr_error err;
	struct update u = { 0 };
	struct run *r = run_new(g, "t", STORY_SEED);
	struct bldr_value *input = json("{\"defer:z\":true}");
	assert_int_equal(run_begin(r, input, 0, &u, &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "the input names \"defer:z\", which is no channel of graph \"hidden\"");
	bldr_unref(input);
	update_release(&u);
	run_free(r);
	bldr_graph_free(g);
}

/* START leads to a, then b, then c; and to z, which is deferred: it runs when they have ended. */
static void a_deferred_node_runs_when_everything_else_is_quiet(void **state)
{
	(void)state;
	struct bldr_graph *g = log_graph(NAMES("a", "b", "c"));
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	log_node(g, "after");
	bldr_graph_edge(g, BLDR_START, "z");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "a", "z");
	bldr_graph_edge(g, "b", "c");
	bldr_graph_edge(g, "c", "z");
	bldr_graph_edge(g, "z", "after");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base defer:z=true | 1:a\n"
		     "step 0.1 @1 log+[0] | 3:b\n"
		     "step 0.2 @2 log+[0] | 5:c\n"
		     "step 0.3 @3 log+[0] defer:z- | 7:z\n" /* triggered three times, runs once */
		     "step 0.4 @3 | 8:after\n"
		     "step 0.5 @4 log+[0] |\n");
	free(rebuilt_everywhere(g, NULL));
	bldr_graph_free(g);
}

/* z leads back to a, once: it is deferred again, and runs again when it is quiet again. */
static void again_once(const struct bldr_view *v, struct bldr_route *r)
{
	if (bldr_count(bldr_get(v->state, "log")) < 4) {
		bldr_route_to(r, "a");
	}
}

static void a_deferred_node_waits_each_time(void **state)
{
	(void)state;
	struct bldr_graph *g = log_graph(NAMES("a", "b"));
	bldr_graph_node(g, &(struct bldr_node){ .name = "y", .deferred = true });
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "a", "z");
	bldr_graph_edge(g, "a", "y");
	bldr_graph_route(g, "z", again_once, NAMES("a"));
	compiled(g);
	expect_steps(
		g,
		"step 0.0 @0 base | 1:a\n"
		"step 0.1 @1 log+[0] defer:y=true defer:z=true | 3:b\n"
		"step 0.2 @2 log+[0] defer:y- defer:z- | 5:y 6:z\n" /* all that wait, together */
		"step 0.3 @2 | 7:a\n"
		"step 0.4 @3 log+[0] defer:y=true defer:z=true | 9:b\n"
		"step 0.5 @4 log+[0] defer:y- defer:z- | 11:y 12:z\n"
		"step 0.6 @4 |\n");
	free(rebuilt_everywhere(g, NULL));
	bldr_graph_free(g);
}

/* A deferred node that a deferred node leads to comes after it; with nothing else to run, it need not wait. */
static void deferred_nodes_follow_each_other(void **state)
{
	(void)state;
	struct bldr_graph *g = log_graph(NAMES("a"));
	bldr_graph_node(g, &(struct bldr_node){ .name = "y", .deferred = true });
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "y");
	bldr_graph_edge(g, "y", "z");
	bldr_graph_edge(g, "y", "a");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:y\n"
		     "step 0.1 @0 defer:z=true | 2:a\n"
		     "step 0.2 @1 log+[0] defer:z- | 4:z\n"
		     "step 0.3 @1 |\n");
	bldr_graph_free(g);
}

/* The join that leads to a deferred node stays complete until that runs: an end meanwhile is none of the next time. */
static void a_join_begins_anew_when_its_deferred_node_runs(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("both", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	ask_node(g, "a");
	ask_node(g, "b");
	ask_node(g, "c");
	script_node_goes(g, "d", "{\"work\":1,\"gotos\":[\"a\"]}", NULL, NAMES("a"));
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, BLDR_START, "c");
	bldr_graph_edge(g, "c", "d");
	bldr_graph_join(g, NAMES("b", "c"), "z");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:b 2:c\n"
		     "step 0.1 @2 log+[0,0] join:b+c:z+[\"b\",\"c\"] defer:z=true | 5:d\n"
		     "step 0.2 @3 | 7:a\n"
		     "step 0.3 @4 log+[0] defer:z- join:b+c:z- | 9:z\n"
		     "step 0.4 @4 |\n");
	free(rebuilt_everywhere(g, NULL));
	bldr_graph_free(g);
}

/* Sends to a deferred node do not wait: they are asked for with their input. */
static void a_send_does_not_wait(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("send", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"sends\":[[\"z\",1],[\"b\",2]]}", NULL, NAMES("z", "b"));
	script_node(g, "b", "{\"work\":1,\"input\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:a\n"
		     "step 0.1 @0 | 2:z:0(1) 3:b:1(2)\n"
		     "step 0.2 @1 log+[2] |\n");
	bldr_graph_free(g);
}

static void static_edges_fire_in_addition_to_gotos(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("goto", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node_goes(g, "a", "{\"gotos\":[\"c\",\"z\"]}", NULL, NAMES("c", "z"));
	ask_node(g, "b");
	ask_node(g, "c");
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:a\n"
		     "step 0.1 @0 defer:z=true | 2:b 3:c\n"
		     "step 0.2 @2 log+[0,0] defer:z- | 6:z\n"
		     "step 0.3 @2 |\n");
	bldr_graph_free(g);
}

/* A send is the whole input of its task, whatever it is; the state is not merged into it. */
static void a_send_is_the_whole_input_of_its_task(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("send", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "x", BLDR_LAST);
	script_node(g, "a", "{\"sends\":[[\"b\",{\"y\":[1,{\"z\":null}]}],[\"b\",null],[\"b\"]]}",
		    NULL, NAMES("b"));
	script_node(g, "b", "{\"work\":1,\"input\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	expect_end(g, "{\"x\":1}", "{\"log\":[{\"y\":[1,{\"z\":null}]},null,null],\"x\":1}");
	bldr_graph_free(g);
}

/* Nodes by name, then sends by their number: whoever ended first. */
static void writes_are_folded_in_the_order_of_the_tasks_paths(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("order", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node_goes(g, "plan", "{\"gotos\":[\"m\",\"b\"]}", NULL, NAMES("m", "b"));
	script_node(g, "also", "{\"sends\":[[\"k\",1],[\"a\",2],[\"k\",3]]}", NULL, NAMES("a", "k"));
	script_node(g, "a", "{\"work\":1,\"input\":\"log\"}", NAMES("log"), NULL);
	script_node(g, "k", "{\"work\":1,\"input\":\"log\"}", NAMES("log"), NULL);
	script_node(g, "m", "{\"work\":1,\"writes\":[[\"log\",\"m\"]]}", NAMES("log"), NULL);
	script_node(g, "b", "{\"work\":1,\"writes\":[[\"log\",\"b\"]]}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, BLDR_START, "also");
	compiled(g);
	expect_steps(g,
		     "step 0.0 @0 base | 1:also 2:plan\n"
		     "step 0.1 @0 | 3:b 4:m 5:k:0(1) 6:a:1(2) 7:k:2(3)\n"
		     "step 0.2 @5 log+[\"b\",\"m\",1,2,3] |\n");
	expect_end(g, NULL, "{\"log\":[\"b\",\"m\",1,2,3]}");
	bldr_graph_free(g);
}

/* A superstep that cannot be folded changes nothing of what waits. */
static void what_fails_changes_nothing_of_what_waits(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("fails", 1);
	bldr_graph_channel(g, "x", BLDR_LAST);
	script_node_goes(g, "a", "{\"gotos\":[\"p\",\"q\"]}", NULL, NAMES("p", "q"));
	script_node(g, "p", "{\"writes\":[[\"x\",1]]}", NAMES("x"), NULL);
	script_node(g, "q", "{\"writes\":[[\"x\",2]]}", NAMES("x"), NULL);
	bldr_graph_node(g, &(struct bldr_node){ .name = "y" });
	bldr_graph_node(g, &(struct bldr_node){ .name = "z", .deferred = true });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "p", "z");
	bldr_graph_join(g, NAMES("a", "p"), "y");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_expect_only(
		&t, "step failed",
		"step 0.0 @0 base | 1:a\n"
		"step 0.1 @0 join:a+p:y+[\"a\"] | 2:p 3:q\n"
		"failed channel \"x\" is LAST and was written twice in one superstep, by node "
		"\"p\" and by node \"q\": give it a reducer\n");
	struct teller again = teller_resume(&t, 1); /* and does so again, and the same */
	teller_expect_only(
		&again, "step failed",
		"failed channel \"x\" is LAST and was written twice in one superstep, by node "
		"\"p\" and by node \"q\": give it a reducer\n");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_edges_into_a_node_in_one_superstep_fire_it_once),
		cmocka_unit_test(a_join_waits_for_its_sources_over_supersteps),
		cmocka_unit_test(a_join_waits_anew_for_all_of_them),
		cmocka_unit_test(a_source_counts_once),
		cmocka_unit_test(a_base_record_holds_what_waits),
		cmocka_unit_test(what_waits_is_in_no_view_and_no_state),
		cmocka_unit_test(a_deferred_node_runs_when_everything_else_is_quiet),
		cmocka_unit_test(a_deferred_node_waits_each_time),
		cmocka_unit_test(deferred_nodes_follow_each_other),
		cmocka_unit_test(a_join_begins_anew_when_its_deferred_node_runs),
		cmocka_unit_test(a_send_does_not_wait),
		cmocka_unit_test(static_edges_fire_in_addition_to_gotos),
		cmocka_unit_test(a_send_is_the_whole_input_of_its_task),
		cmocka_unit_test(writes_are_folded_in_the_order_of_the_tasks_paths),
		cmocka_unit_test(what_fails_changes_nothing_of_what_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
