/* Subgraphs that keep their channels, that speak to their parent, that share messages with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilt.h"

/* "n" counts, "log" (LAST) shows what the child saw when it began; "once" passes, "scratch" is untracked. */
static struct bldr_graph *counter_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("counter", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "saw", BLDR_LAST);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_channel(g, "once", BLDR_EPHEMERAL);
	bldr_graph_add_channel(g, &(struct bldr_channel){ .name = "scratch", .untracked = true });
	script_node(g, "first", "{\"work\":1,\"state\":\"saw\",\"writes\":[[\"n\",1]]}",
		    NAMES("saw", "n"), NULL);
	script_node(g, "second", "{\"writes\":[[\"once\",1],[\"scratch\",2]]}",
		    NAMES("once", "scratch"), NULL);
	bldr_graph_edge(g, BLDR_START, "first");
	bldr_graph_edge(g, "first", "second");
	return compiled(g);
}

static void thrice(const struct bldr_view *v, struct bldr_route *r)
{
	if (bldr_count(bldr_get(v->state, "saw")) < 3) {
		bldr_route_to(r, "sub");
	}
}

static struct bldr_graph *counting_graph(const struct bldr_graph *child)
{
	struct bldr_graph *g = bldr_graph_new("counting", 1);
	bldr_graph_channel(g, "saw", BLDR_APPEND);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = "sub",
					.graph = child,
					.in = NAMES("x"),
					.out = NAMES("saw"),
					.persistent = true,
				});
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_route(g, "sub", thrice, NAMES("sub"));
	return compiled(g);
}

static void a_persistent_subgraph_goes_on_where_it_ended(void **state)
{
	(void)state;
	struct bldr_graph *child = counter_graph();
	struct bldr_graph *g = counting_graph(child);
	struct teller t = teller_begin(g, "{\"x\":7}");
	teller_done(&t, 3, NULL);
	teller_done(&t, 7, NULL);
	teller_done(&t, 11, NULL);
	teller_expect_only(
		&t, "step",
		"step 0.0 @0 base x=7 | 1:sub\n"
		"step 1.0 @0 base x=7 | 2:first\n"
		"step 1.1 @1 n+1 saw={\"x\":7} | 4:second\n"
		"step 1.2 @1 once=1 |\n"
		"step 0.1 @1 saw+[{\"x\":7}] sub:sub={\"n\":1,\"saw\":{\"x\":7},\"x\":7} | 5:sub\n"
		"step 5.0 @1 base n=1 saw={\"x\":7} x=7 | 6:first\n"
		"step 5.1 @2 n+1 saw={\"n\":1,\"saw\":{\"x\":7},\"x\":7} | 8:second\n"
		"step 5.2 @2 once=1 |\n"
		"step 0.2 @2 saw+[{\"n\":1,\"saw\":{\"x\":7},\"x\":7}] "
		"sub:sub={\"n\":2,\"saw\":{\"n\":1,\"saw\":{\"x\":7},\"x\":7},\"x\":7} | 9:sub\n"
		"step 9.0 @2 base n=2 saw={\"n\":1,\"saw\":{\"x\":7},\"x\":7} x=7 | 10:first\n"
		"step 9.1 @3 n+1 saw={\"n\":2,\"saw\":{\"n\":1,\"saw\":{\"x\":7},\"x\":7},\"x\":7} | 12:second\n"
		"step 9.2 @3 once=1 |\n"
		"step 0.3 @3 saw+[{\"n\":2,\"saw\":{\"n\":1,\"saw\":{\"x\":7},\"x\":7},\"x\":7}] "
		"sub:sub={\"n\":3,\"saw\":{\"n\":2,\"saw\":{\"n\":1,\"saw\":{\"x\":7},\"x\":7},\"x\":7},\"x\":7} |\n");
	struct bldr_value *all = run_checkpoint_state(t.run);
	assert_int_equal(bldr_get_int(bldr_get(all, "/sub"), "n", 0), 3);
	assert_null(bldr_get(all, "sub:sub"));
	assert_int_equal(bldr_count(all), 3);
	bldr_unref(all);
	teller_free(&t);
	free(rebuilt_everywhere(g, "{\"x\":7}"));
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* The state of the root frame at superstep k, from its records alone: what a thread goes back to. */
static struct run *at_superstep(const struct teller *t, int64_t step)
{
	struct run *r = run_new(t->graph, "t", STORY_SEED);
	for (size_t i = 0; i < t->n; i++) {
		for (size_t s = 0; s < t->updates[i]->steps.n; s++) {
			const struct step_record *record = &t->updates[i]->steps.at[s];
			if (record->frame == 0 && record->step <= step) {
				assert_int_equal(run_restore_step(r, record, NULL), 0);
			}
		}
	}
	return r;
}

static void going_back_in_the_parent_brings_back_what_the_subgraph_kept(void **state)
{
	(void)state;
	struct bldr_graph *child = counter_graph();
	struct bldr_graph *g = counting_graph(child);
	struct teller t = teller_begin(g, "{\"x\":7}");
	teller_done(&t, 3, NULL);
	teller_done(&t, 7, NULL);
	teller_done(&t, 11, NULL);
	for (int64_t step = 0; step <= 3; step++) {
		struct run *r = at_superstep(&t, step);
		struct bldr_value *then = run_checkpoint_state(r);
		assert_int_equal(bldr_get_int(bldr_get(then, "/sub"), "n", 0), step);
		assert_int_equal(bldr_get(then, "/sub") != NULL, step > 0);
		bldr_unref(then);
		run_free(r);
	}
	/* Taken up again at superstep 1, the child counts on from there. */
	struct run *r = at_superstep(&t, 1);
	struct update u = { 0 };
	assert_int_equal(run_restored(r, 50, 0, RUN_RUNNING, 9, &u, NULL), 0);
	assert_string_equal(u.steps.at[0].writes.at[0].channel, "n");
	assert_string_equal(u.steps.at[0].writes.at[0].text, "1");
	update_release(&u);
	run_free(r);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* Its joins and deferred nodes, and persistent subgraphs of its own, are kept with it. */
static void what_waits_inside_is_kept(void **state)
{
	(void)state;
	struct bldr_graph *inner = counter_graph();
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "log", BLDR_LAST);
	bldr_graph_channel(child, "x", BLDR_LAST);
	bldr_graph_add_subgraph(
		child,
		&(struct bldr_subgraph){ .name = "inner", .graph = inner, .persistent = true });
	script_node(child, "never", "{}", NULL, NULL);
	script_node_goes(child, "start", "{}", NULL, NAMES("never"));
	say_node(child, "z");
	bldr_graph_edge(child, BLDR_START, "start");
	bldr_graph_edge(child, "start", "inner");
	bldr_graph_join(child, NAMES("inner", "never"), "z");
	compiled(child);
	struct bldr_graph *g = bldr_graph_new("outer", 1);
	bldr_graph_channel(g, "saw", BLDR_APPEND);
	bldr_graph_add_subgraph(
		g, &(struct bldr_subgraph){ .name = "sub", .graph = child, .persistent = true });
	script_node(g, "again", "{\"work\":1}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, "sub", "again");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	const struct intent_record *pending[4];
	assert_int_equal(story_pending(t.run, pending, 4), 1);
	teller_done(&t, pending[0]->id, NULL);
	struct bldr_value *all = run_checkpoint_state(t.run);
	char *text = bldr_value_text(all);
	assert_string_equal(text, "{\"/sub\":{\"/inner\":{\"n\":1,\"saw\":{}}}}");
	free(text);
	bldr_unref(all);
	const struct update *u = t.updates[1];
	const struct step_record *last = &u->steps.at[u->steps.n - 1];
	assert_string_equal(last->writes.at[0].channel, "sub:sub");
	assert_string_equal(
		last->writes.at[0].text,
		"{\"join:inner+never:z\":[\"inner\"],\"sub:inner\":{\"n\":1,\"saw\":{}}}");
	teller_free(&t);
	free(rebuilt_everywhere(g, NULL));
	bldr_graph_free(g);
	bldr_graph_free(child);
	bldr_graph_free(inner);
}

static void a_persistent_subgraph_cannot_run_twice_at_once(void **state)
{
	(void)state;
	struct bldr_graph *child = counter_graph();
	struct bldr_graph *g = bldr_graph_new("twice", 1);
	script_node(g, "plan", "{\"sends\":[[\"sub\"],[\"sub\"]]}", NULL, NAMES("sub"));
	bldr_graph_add_subgraph(
		g, &(struct bldr_subgraph){ .name = "sub", .graph = child, .persistent = true });
	bldr_graph_edge(g, BLDR_START, "plan");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	const struct intent_record *pending[4];
	assert_int_equal(story_pending(t.run, pending, 4), 1); /* its sibling goes on to its end */
	teller_done(&t, pending[0]->id, NULL);
	teller_expect_only(
		&t, "failed",
		"failed node \"sub\": it keeps its channels and would run twice in one superstep\n");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* The child's second node speaks to the parent, in the child's superstep 1; "beside" runs with it. */
static struct bldr_graph *speaking_child(const char *script)
{
	struct bldr_graph *g = bldr_graph_new("child", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "x", BLDR_LAST);
	script_node(g, "first", "{\"writes\":[[\"log\",\"first\"]]}", NAMES("log"), NULL);
	script_node(g, "speak", script, NULL, NULL);
	script_node(g, "beside", "{\"work\":1,\"writes\":[[\"log\",\"beside\"]]}", NAMES("log"),
		    NULL);
	say_node(g, "never");
	bldr_graph_edge(g, BLDR_START, "first");
	bldr_graph_edge(g, "first", "speak");
	bldr_graph_edge(g, "first", "beside");
	bldr_graph_edge(g, "speak", "never");
	return compiled(g);
}

static struct bldr_graph *listening_graph(const struct bldr_graph *child)
{
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = "sub",
					.graph = child,
					.out = NAMES("log"),
					.gotos = NAMES("aside"),
				});
	say_node(g, "after");
	ask_node(g, "aside");
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, "sub", "after");
	return compiled(g);
}

#define SPEAK "{\"work\":1,\"parent\":true,\"writes\":[[\"log\",\"up\"]],\"gotos\":[\"aside\"]}"

static void what_is_said_to_the_parent_ends_the_subgraph(void **state)
{
	(void)state;
	struct bldr_graph *child = speaking_child(SPEAK);
	struct bldr_graph *g = listening_graph(child);
	struct teller t = teller_begin(g, NULL);
	teller_skip(&t);
	teller_done(&t, 6, NULL); /* "speak": the other task of its superstep is waited for */
	teller_expect(
		&t,
		"patch 4 {\"sends\":[],\"to\":[\"aside\"],\"up\":true,\"writes\":[[\"log\",\"up\"]]}\n"
		"result 6 done null\n"
		"event 12 effect.ended {\"key\":\"t/0:sub/1:speak#0.0\",\"status\":\"done\"}\n"
		"event 13 task.ended {\"node\":\"speak\",\"task\":\"/0:sub/1:speak\",\"writes\":[]}\n"
		"running\n");
	teller_done(&t, 5, NULL);
	teller_expect_only(
		&t, "step patch running event",
		"step 1.2 @2 |\n"
		"step 0.1 @2 log+[\"up\"] | 7:after 8:aside\n"
		"patch 7 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",\"after\"]]}\n"
		"event 14 effect.ended {\"key\":\"t/0:sub/1:beside#0.0\",\"status\":\"done\"}\n"
		"event 15 task.ended {\"node\":\"beside\",\"task\":\"/0:sub/1:beside\","
		"\"writes\":[\"log\"]}\n"
		"event 16 task.ended {\"node\":\"sub\",\"task\":\"/0:sub\",\"writes\":[\"log\"]}\n"
		"event 17 superstep {\"frame\":\"/\",\"step\":1,\"tasks\":[\"/1:after\",\"/1:aside\"]}\n"
		"event 18 task.started {\"node\":\"after\",\"task\":\"/1:after\"}\n"
		"event 19 task.ended {\"node\":\"after\",\"task\":\"/1:after\",\"writes\":[\"log\"]}\n"
		"event 20 task.started {\"node\":\"aside\",\"task\":\"/1:aside\"}\n"
		"event 21 effect.intended {\"key\":\"t/1:aside#0.0\",\"kind\":\"work\",\"name\":\"aside\"}\n"
		"running\n");
	teller_free(&t);
	expect_end(g, NULL, "{\"log\":[\"up\",\"after\",\"t/1:aside#0.0\"]}");
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* Beside it a sibling of the subgraph still runs: the patch that it said is on record until that has ended. */
static void what_was_said_waits_for_the_parents_superstep(void **state)
{
	(void)state;
	struct bldr_graph *child = speaking_child(SPEAK);
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = "sub",
					.graph = child,
					.out = NAMES("log"),
					.gotos = NAMES("aside"),
				});
	say_node(g, "aside");
	ask_node(g, "zz"); /* answered last */
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, BLDR_START, "zz");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	const struct intent_record *pending[8];
	assert_int_equal(story_pending(t.run, pending, 8), 3);
	teller_done(&t, pending[1]->id, NULL);
	assert_int_equal(story_pending(t.run, pending, 8), 2);
	teller_skip(&t);
	teller_done(&t, pending[1]->id, NULL);
	teller_expect_only(
		&t, "step patch",
		"step 1.2 @2 |\n"
		"patch 1 {\"sends\":[],\"to\":[\"aside\"],\"writes\":[[\"log\",\"up\"]]}\n");
	teller_free(&t);
	expect_end(g, NULL, "{\"log\":[\"up\",\"t/0:zz#0.0\",\"aside\"]}");
	bldr_graph_free(g);
	bldr_graph_free(child);
}

static void only_what_the_subgraph_may_say_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *script, *error;
	} cases[] = {
		{ "{\"parent\":true,\"writes\":[[\"x\",1]]}",
		  "failed node \"sub\": node \"speak\": it writes the parent's channel \"x\", which is not "
		  "among those that the subgraph passes out\n" },
		{ "{\"parent\":true,\"gotos\":[\"after\"]}",
		  "failed node \"sub\": node \"speak\": it goes to \"after\", which is not among its declared "
		  "gotos\n" },
		{ "{\"parent\":true,\"sends\":[[\"aside\"]]}",
		  "failed node \"sub\": node \"speak\": it sends to \"aside\", which is not among its declared "
		  "sends\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *child = speaking_child(cases[i].script);
		struct bldr_graph *g = listening_graph(child);
		struct teller t = teller_begin(g, NULL);
		const struct intent_record *pending[4];
		assert_int_equal(story_pending(t.run, pending, 4), 1);
		teller_done(&t, pending[0]->id, NULL);
		teller_expect_only(&t, "failed", cases[i].error);
		teller_free(&t);
		bldr_graph_free(g);
		bldr_graph_free(child);
	}
	struct bldr_graph *g = bldr_graph_new("alone", 1);
	script_node(g, "a", "{\"parent\":true}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	struct teller t = teller_begin(compiled(g), NULL);
	teller_expect_only(
		&t, "failed",
		"failed node \"a\": it speaks to the parent of a graph that runs in no other\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void speak_late(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	(void)results;
	(void)n;
	bldr_patch_set(p, "log", bldr_int(1));
	bldr_patch_parent(p);
	if (v->config != NULL) {
		bldr_patch_again(p, NULL);
	}
}

static void two_cannot_speak_at_once_and_none_after_it_wrote(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "log", BLDR_APPEND);
	script_node(child, "p", "{\"parent\":true}", NULL, NULL);
	script_node(child, "q", "{\"work\":1,\"parent\":true}", NULL, NULL);
	bldr_graph_edge(child, BLDR_START, "p");
	bldr_graph_edge(child, BLDR_START, "q");
	compiled(child);
	struct bldr_graph *g = listening_graph(child);
	struct teller t = teller_begin(g, NULL);
	const struct intent_record *pending[4];
	assert_int_equal(story_pending(t.run, pending, 4), 1);
	teller_done(&t, pending[0]->id, NULL);
	teller_expect_only(
		&t, "failed",
		"failed node \"sub\": nodes \"p\" and \"q\" both speak to the parent in one "
		"superstep\n");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);

	child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "log", BLDR_APPEND);
	bldr_graph_node(
		child,
		&(struct bldr_node){ .name = "a", .writes = NAMES("log"), .absorb = speak_late });
	bldr_graph_edge(child, BLDR_START, "a");
	compiled(child);
	g = listening_graph(child);
	t = teller_begin(g, NULL);
	teller_expect_only(
		&t, "failed",
		"failed node \"sub\": node \"a\": it speaks to the parent after it wrote, sent "
		"or went elsewhere: call bldr_patch_parent first\n");
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

static bool told_wrong;

static void route_wrong(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	bldr_route_to(r, told_wrong ? "nowhere" : "after");
}

/* The parent's router breaks its word: the subgraph's task fails, and what was said is taken up when it is resumed. */
static void what_was_said_outlives_a_parent_that_fails(void **state)
{
	(void)state;
	struct bldr_graph *child =
		speaking_child("{\"work\":1,\"parent\":true,\"writes\":[[\"log\",\"up\"]]}");
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "sub", child, NULL, NAMES("log"));
	say_node(g, "after");
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_route(g, "sub", route_wrong, NAMES("after"));
	compiled(g);
	told_wrong = true;
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 6, NULL);
	teller_skip(&t);
	teller_done(&t, 5, NULL);
	teller_expect_only(
		&t, "step failed patch",
		"patch 3 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",\"beside\"]]}\n"
		"failed node \"sub\": its router names \"nowhere\", which is not among the "
		"declared targets\n");
	told_wrong = false;
	struct teller again = teller_resume(&t, t.n);
	teller_expect_only(&again, "step done",
			   "step 1.2 @2 |\n"
			   "step 0.1 @2 log+[\"up\"] | 7:after\n"
			   "step 0.2 @2 log+[\"after\"] |\n"
			   "done\n");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* Messages may go in and out: of what comes out, the ids say what is new, what is another, what is gone. */
static void messages_that_go_in_and_out_come_out_as_what_changed(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "talk", BLDR_MESSAGES);
	script_node(
		child, "a",
		"{\"work\":1,\"writes\":[[\"talk\",[{\"id\":\"3\",\"t\":\"new\"},{\"remove\":\"1\"},"
		"{\"id\":\"4\"}]]]}",
		NAMES("talk"), NULL);
	bldr_graph_edge(child, BLDR_START, "a");
	compiled(child);
	for (int persistent = 0; persistent < 2; persistent++) {
		struct bldr_graph *g = bldr_graph_new("parent", 1);
		bldr_graph_channel(g, "talk", BLDR_MESSAGES);
		bldr_graph_add_subgraph(g,
					&(struct bldr_subgraph){
						.name = "sub",
						.graph = child,
						.in = NAMES("talk"),
						.out = NAMES("talk"),
						.persistent = persistent == 1,
					});
		bldr_graph_edge(g, BLDR_START, "sub");
		compiled(g);
		struct teller t = teller_begin(
			g,
			"{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\",\"t\":\"old\"}]}");
		teller_skip(&t);
		teller_done(&t, 3, NULL);
		const struct update *u = t.updates[1];
		const struct step_record *last = &u->steps.at[u->steps.n - 1];
		assert_string_equal(last->writes.at[0].channel, "talk");
		assert_int_equal(last->writes.at[0].form, WRITE_DELTA);
		assert_string_equal(
			last->writes.at[0].text,
			"[{\"missing\":\"ok\",\"remove\":\"1\"},{\"id\":\"3\",\"t\":\"new\"},{\"id\":\"4\"}]");
		teller_free(&t);
		expect_end(
			g,
			"{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\",\"t\":\"old\"}]}",
			"{\"talk\":[{\"id\":\"2\"},{\"id\":\"3\",\"t\":\"new\"},{\"id\":\"4\"}]}");
		bldr_graph_free(g);
	}
	bldr_graph_free(child);
}

/* A node beside the subgraph removes the message that the subgraph removes: both meant the same. */
static void what_two_remove_at_once_is_gone(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "talk", BLDR_MESSAGES);
	script_node(child, "a", "{\"work\":1,\"writes\":[[\"talk\",{\"remove\":\"1\"}]]}",
		    NAMES("talk"), NULL);
	bldr_graph_edge(child, BLDR_START, "a");
	compiled(child);
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_subgraph(g, "sub", child, NAMES("talk"), NAMES("talk"));
	script_node(g, "all", "{\"writes\":[[\"talk\",[{\"remove\":\"*\"},{\"id\":\"3\"}]]]}",
		    NAMES("talk"), NULL);
	bldr_graph_edge(g, BLDR_START, "sub");
	bldr_graph_edge(g, BLDR_START, "all");
	compiled(g);
	expect_end(g, "{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"}]}", "{\"talk\":[{\"id\":\"3\"}]}");
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* Messages that only come out take nothing away of the parent's. */
static void messages_that_only_come_out_are_added(void **state)
{
	(void)state;
	struct bldr_graph *child = bldr_graph_new("child", 1);
	bldr_graph_channel(child, "talk", BLDR_MESSAGES);
	script_node(child, "a",
		    "{\"work\":1,\"writes\":[[\"talk\",[{\"id\":\"2\"},{\"id\":\"3\"}]]]}",
		    NAMES("talk"), NULL);
	bldr_graph_edge(child, BLDR_START, "a");
	compiled(child);
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_subgraph(g, "sub", child, NULL, NAMES("talk"));
	bldr_graph_edge(g, BLDR_START, "sub");
	compiled(g);
	expect_end(g, "{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"}]}",
		   "{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"}]}");
	bldr_graph_free(g);
	bldr_graph_free(child);
}

/* Without gotos and joins of its own, a subgraph can be deferred, and a join's source. */
static void a_subgraph_is_a_node_like_others(void **state)
{
	(void)state;
	struct bldr_graph *child = counter_graph();
	struct bldr_graph *g = bldr_graph_new("parent", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_add_subgraph(
		g, &(struct bldr_subgraph){ .name = "late", .graph = child, .deferred = true });
	bldr_graph_subgraph(g, "soon", child, NULL, NULL);
	ask_node(g, "a");
	say_node(g, "z");
	bldr_graph_edge(g, BLDR_START, "late");
	bldr_graph_edge(g, BLDR_START, "soon");
	bldr_graph_edge(g, "soon", "a");
	bldr_graph_join(g, NAMES("soon", "late"), "z");
	compiled(g);
	expect_end(g, NULL, "{\"log\":[\"t/1:a#0.0\",\"z\"]}");
	bldr_graph_free(g);
	bldr_graph_free(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_persistent_subgraph_goes_on_where_it_ended),
		cmocka_unit_test(going_back_in_the_parent_brings_back_what_the_subgraph_kept),
		cmocka_unit_test(what_waits_inside_is_kept),
		cmocka_unit_test(a_persistent_subgraph_cannot_run_twice_at_once),
		cmocka_unit_test(what_is_said_to_the_parent_ends_the_subgraph),
		cmocka_unit_test(what_was_said_waits_for_the_parents_superstep),
		cmocka_unit_test(only_what_the_subgraph_may_say_is_said),
		cmocka_unit_test(two_cannot_speak_at_once_and_none_after_it_wrote),
		cmocka_unit_test(what_was_said_outlives_a_parent_that_fails),
		cmocka_unit_test(messages_that_go_in_and_out_come_out_as_what_changed),
		cmocka_unit_test(what_two_remove_at_once_is_gone),
		cmocka_unit_test(messages_that_only_come_out_are_added),
		cmocka_unit_test(a_subgraph_is_a_node_like_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
