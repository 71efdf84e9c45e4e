/* Rounds of one task, gotos, and the limits of both: told line by line, and rebuilt at every point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

static struct bldr_graph *one_node(const char *script)
{
	struct bldr_graph *g = bldr_graph_new("r", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", script, NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	return compiled(g);
}

static const char thrice[] =
	"{\"work\":1,\"again\":[{\"n\":1},null],\"rounds\":\"log\",\"echo\":\"log\"}";

static void a_task_goes_again_with_what_it_keeps(void **state)
{
	(void)state;
	struct bldr_graph *g = one_node(thrice);
	struct teller t = teller_begin(g, NULL);
	teller_skip(&t);
	teller_done(&t, 2, "\"x\"");
	teller_expect(
		&t,
		"round 1.1 @1 {\"n\":1}\n"
		"intent 3 task 1 try 0 keyed work t/0:a#1.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 2 done \"x\"\n"
		"event 5 effect.ended {\"key\":\"t/0:a#0.0\",\"status\":\"done\"}\n"
		"event 6 task.again {\"node\":\"a\",\"round\":1,\"task\":\"/0:a\"}\n"
		"event 7 effect.intended {\"key\":\"t/0:a#1.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	teller_done(&t, 3, "\"y\"");
	teller_expect(
		&t,
		"round 1.2 @2 -\n"
		"intent 4 task 1 try 0 keyed work t/0:a#2.0 {\"args\":{},\"work\":\"w0\"}\n"
		"result 3 done \"y\"\n"
		"event 8 effect.ended {\"key\":\"t/0:a#1.0\",\"status\":\"done\"}\n"
		"event 9 task.again {\"node\":\"a\",\"round\":2,\"task\":\"/0:a\"}\n"
		"event 10 effect.intended {\"key\":\"t/0:a#2.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	teller_done(&t, 4, "\"z\"");
	teller_expect(&t,
		      "step 0.1 @3 log+[2,\"nothing\",2,\"z\"] |\n"
		      "result 4 done \"z\"\n"
		      "event 11 effect.ended {\"key\":\"t/0:a#2.0\",\"status\":\"done\"}\n"
		      "event 12 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		      "event 13 run.ended {\"step\":1}\n"
		      "done\n");
	assert_int_equal(t.updates[0]->intents.at[0].at_ms, 0);
	assert_int_equal(t.updates[1]->intents.at[0].at_ms, 1);
	assert_int_equal(t.updates[1]->intents.at[0].round, 1);
	teller_free(&t);
	bldr_graph_free(g);
}

/* What an earlier round was paid for is not asked for again. */
static void a_retry_repeats_the_round_that_failed(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("r", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", "{\"work\":1,\"again\":[7],\"rounds\":\"log\",\"sick\":true}",
		    NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 2, "1");
	teller_failed(&t, 3, BLDR_FAILED, "no luck");
	assert_int_equal(run_status(t.run), RUN_FAILED);
	struct teller again = teller_resume(&t, t.n);
	teller_expect(
		&again,
		"intent 4 task 1 try 1 keyed work t/0:a#1.0 {\"args\":{},\"work\":\"w0\"}\n"
		"event 11 run.resumed {}\n"
		"event 12 task.started {\"node\":\"a\",\"task\":\"/0:a\"}\n"
		"event 13 effect.intended {\"key\":\"t/0:a#1.0\",\"kind\":\"work\",\"name\":\"w0\"}\n"
		"running\n");
	struct teller killed = teller_resume(&again, again.n); /* and again before the result */
	teller_skip(&killed);
	teller_done(&killed, 4, "2");
	teller_expect_only(&killed, "step done", "step 0.1 @3 log+[1,7,1] |\ndone\n");
	teller_free(&killed);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Two tasks with rounds of one and two effects, one of them in a subgraph, beside one without. */
static struct bldr_graph *busy_graph(struct bldr_graph **ret_sub)
{
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	script_node(
		sub, "s",
		"{\"work\":2,\"again\":[[1],{\"z\":1,\"b\":[2]}],\"rounds\":\"log\",\"echo\":\"log\"}",
		NAMES("log"), NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	*ret_sub = compiled(sub);
	struct bldr_graph *g = bldr_graph_new("busy", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_subgraph(g, "below", sub, NULL, NAMES("log"));
	script_node_goes(g, "a",
			 "{\"work\":1,\"again\":[{\"n\":1},null,\"x\"],\"rounds\":\"log\","
			 "\"echo\":\"log\",\"gotos\":[\"c\"]}",
			 NAMES("log"), NAMES("c"));
	ask_node(g, "b");
	ask_node(g, "c");
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

static void deliver(struct teller *t, size_t pick)
{
	const struct intent_record *pending[16];
	size_t n = story_pending(t->run, pending, 16);
	const struct intent_record *i = pending[pick % n];
	char value[128];
	snprintf(value, sizeof(value), "\"%s\"", i->key);
	teller_done(t, i->id, value);
}

static void expect_same_update(const struct update *u, int64_t later, const struct update *again)
{
	struct buf told[2];
	buf_init(&told[0], 1 << 20);
	buf_init(&told[1], 1 << 20);
	update_tell(&told[0], u, later);
	update_tell(&told[1], again, 0);
	assert_string_equal(told[1].data, told[0].data);
	buf_release(&told[0]);
	buf_release(&told[1]);
}

static void rounds_rebuilt_at_any_point_go_on_as_if_nothing_had_been(void **state)
{
	(void)state;
	struct bldr_graph *sub;
	struct bldr_graph *g = busy_graph(&sub);
	for (size_t order = 0; order < 4; order++) {
		struct teller whole = teller_begin(g, NULL);
		while (run_status(whole.run) == RUN_RUNNING) {
			deliver(&whole, order);
		}
		assert_int_equal(whole.n, 1 + 4 + 1 + 6 + 1); /* a, b, s, c: every effect a call */
		for (size_t k = 1; k < whole.n; k++) {
			struct teller again = teller_resume(&whole, k);
			again.now_ms = (int64_t)k - 1;
			for (size_t i = k; i < whole.n; i++) {
				deliver(&again, order);
				expect_same_update(whole.updates[i], 1, again.updates[again.n - 1]);
			}
			teller_free(&again);
		}
		if (order ==
		    0) { /* a: 4@1 9@5 12@8 15@11; b: 5@2; s: 7@3 8@4, 10@6 11@7, 13@9 14@10 */
			char *end = story_state(whole.run);
			assert_string_equal(
				end,
				"{\"log\":[3,\"x\",8,\"t/0:a#3.0\",\"t/0:b#0.0\","
				"2,{\"b\":[2],\"z\":1},7,"
				"\"t/0:below/0:s#2.0\",\"t/0:below/0:s#2.1\",\"t/1:c#0.0\"]}");
			free(end);
		}
		teller_free(&whole);
	}
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void again_and_write(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			    struct bldr_patch *p)
{
	(void)v;
	(void)results;
	(void)n;
	bldr_patch_set(p, "log", bldr_int(1));
	bldr_patch_again(p, NULL);
}

static void keep(const struct bldr_view *v, struct bldr_patch *p, size_t size)
{
	char *text = malloc(size);
	memset(text, 'k', size);
	if (v->round == 0) {
		bldr_patch_again(p, bldr_text_n(text, size));
	}
	free(text);
}

static void keep_most(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		      struct bldr_patch *p)
{
	(void)results;
	(void)n;
	keep(v, p, BLDR_KEPT_MAX - 2); /* and two quotes */
}

static void keep_too_much(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			  struct bldr_patch *p)
{
	(void)results;
	(void)n;
	keep(v, p, BLDR_KEPT_MAX - 1);
}

static void never_end(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		      struct bldr_patch *p)
{
	(void)results;
	(void)n;
	assert_int_equal(bldr_as_int(v->kept, 0), v->round);
	bldr_patch_again(p, bldr_int(v->round + 1));
}

static void the_limits_of_rounds_are_told(void **state)
{
	(void)state;
	static const struct {
		void (*absorb)(const struct bldr_view *v, const struct bldr_result *results,
			       size_t n, struct bldr_patch *p);
		size_t rounds;
		const char *error;
		int code;
	} cases[] = {
		{ keep_most, 1, NULL, 0 },
		{ keep_too_much, 0,
		  "node \"a\": it keeps 65537 bytes for another round, more than 65536: keep a file, "
		  "hand on its reference",
		  BLDR_E_LIMIT },
		{ again_and_write, 0,
		  "node \"a\": it goes again and also writes, sends or goes elsewhere: keep that for "
		  "the last round",
		  BLDR_E_INVALID },
		{ never_end, 999, "node \"a\": it has not ended after 1000 rounds", BLDR_E_LIMIT },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *g = bldr_graph_new("r", 1);
		bldr_graph_channel(g, "log", BLDR_APPEND);
		bldr_graph_node(g,
				&(struct bldr_node){ .name = "a",
						     .writes = NAMES("log"),
						     .absorb = cases[i].absorb });
		bldr_graph_edge(g, BLDR_START, "a");
		compiled(g);
		struct teller t = teller_begin(g, NULL); /* no effects: all rounds in one call */
		const struct update *u = t.updates[0];
		assert_int_equal(u->rounds.n, cases[i].rounds);
		assert_int_equal(u->status, cases[i].error != NULL ? RUN_FAILED : RUN_DONE);
		assert_int_equal(u->code, cases[i].code);
		if (cases[i].error != NULL) {
			assert_string_equal(u->error, cases[i].error);
		}
		teller_free(&t);
		bldr_graph_free(g);
	}
}

static void goto_goes_beside_the_edges(void **state)
{
	(void)state;
	static const struct {
		const char *script, *told;
	} cases[] = {
		{ "{\"gotos\":[\"d\",\"b\"]}", "step 0.1 @0 | 2:b 3:c 4:d\n" },
		{ "{\"gotos\":[\"c\",\"c\"]}", "step 0.1 @0 | 2:c\n" },
		{ "{\"gotos\":[\"__end__\"]}", "step 0.1 @0 | 2:c\n" },
		{ "{}", "step 0.1 @0 | 2:c\n" },
		{ "{\"gotos\":[\"a\"]}",
		  "failed node \"a\": it goes to \"a\", which is not among its declared gotos\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *g = bldr_graph_new("g", 1);
		bldr_graph_channel(g, "log", BLDR_APPEND);
		script_node_goes(g, "a", cases[i].script, NULL, NAMES("b", "c", "d", BLDR_END));
		ask_node(g, "b");
		ask_node(g, "c");
		ask_node(g, "d");
		bldr_graph_edge(g, BLDR_START, "a");
		bldr_graph_edge(g, "a", "c");
		compiled(g);
		struct teller t = teller_begin(g, NULL);
		const char *first = strstr(t.text.data, "step 0.1");
		first = first != NULL ? first : strstr(t.text.data, "failed node");
		assert_non_null(first);
		assert_int_equal(strncmp(first, cases[i].told, strlen(cases[i].told)), 0);
		teller_free(&t);
		bldr_graph_free(g);
	}
}

static void what_is_only_gone_to_is_reached_and_drawn(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	script_node_goes(g, "a", "{}", NULL, NAMES("b", BLDR_END));
	script_node(g, "b", "{}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	compiled(g);
	char *drawn = bldr_graph_mermaid(g);
	assert_non_null(strstr(drawn, "n0 -.-> n1\n"));
	free(drawn);
	bldr_graph_free(g);

	g = bldr_graph_new("g", 1);
	script_node_goes(g, "a", "{}", NULL, NAMES("z"));
	bldr_graph_edge(g, BLDR_START, "a");
	struct bldr_error err;
	assert_int_equal(bldr_graph_compile(g, &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "graph \"g\": node \"a\" goes to \"z\", which is no node of the graph");
	bldr_graph_free(g);
}

static struct bldr_graph *loop_graph(int64_t limit)
{
	struct bldr_graph *g = bldr_graph_new("loop", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	ask_node(g, "dig");
	bldr_graph_edge(g, BLDR_START, "dig");
	bldr_graph_edge(g, "dig", "dig");
	if (limit != 0) {
		bldr_graph_recursion_limit(g, limit);
	}
	return compiled(g);
}

static void a_thread_that_met_the_recursion_limit_goes_on_with_more(void **state)
{
	(void)state;
	struct bldr_graph *g = loop_graph(2);
	struct bldr_graph *more = loop_graph(3);
	assert_string_equal(bldr_graph_hash(g), bldr_graph_hash(more));
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 2, "1");
	teller_skip(&t);
	teller_done(&t, 4, "2");
	teller_expect_only(
		&t, "failed running",
		"failed recursion limit: graph \"loop\" has not ended after 2 supersteps\n");
	assert_int_equal(t.updates[t.n - 1]->code, BLDR_E_LIMIT);
	t.graph = more;
	struct teller again = teller_resume(&t, t.n);
	teller_expect_only(&again, "step running", "step 0.2 @2 log+[2] | 5:dig\nrunning\n");
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(more);

	for (int64_t limit = 0; limit <= 1000001; limit += 1000001) {
		struct bldr_error err;
		g = bldr_graph_new("g", 1);
		bldr_graph_recursion_limit(g, limit);
		assert_int_equal(bldr_graph_compile(g, &err), BLDR_E_INVALID);
		assert_non_null(strstr(err.text, "is not between 1 and 1000000"));
		bldr_graph_free(g);
	}
}

static void damaged_rounds_are_refused(void **state)
{
	(void)state;
	struct bldr_graph *g = one_node(thrice);
	struct teller t = teller_begin(g, NULL);
	struct bldr_error err;
	struct run *r = story_restore(g, t.updates, 1); /* round 0 is intended already */
	struct round_record k = { .task = 1, .round = 1 };
	assert_int_equal(run_restore_round(r, &k, &err), BLDR_E_CORRUPT);
	assert_string_equal(err.text, "task 1: its rounds do not follow each other");
	run_free(r);

	struct update none = { .steps = t.updates[0]->steps };
	struct update *list = &none;
	r = story_restore(g, &list, 1);
	k.kept = "{";
	assert_int_equal(run_restore_round(r, &k, &err), BLDR_E_CORRUPT);
	k.kept = "{}";
	assert_int_equal(run_restore_round(r, &k, &err), 0);
	assert_int_equal(run_restore_round(r, &k, &err), BLDR_E_CORRUPT); /* twice */
	k.task = 9; /* of a superstep that is over */
	assert_int_equal(run_restore_round(r, &k, &err), 0);
	run_free(r);
	teller_free(&t);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_goes_again_with_what_it_keeps),
		cmocka_unit_test(a_retry_repeats_the_round_that_failed),
		cmocka_unit_test(rounds_rebuilt_at_any_point_go_on_as_if_nothing_had_been),
		cmocka_unit_test(the_limits_of_rounds_are_told),
		cmocka_unit_test(goto_goes_beside_the_edges),
		cmocka_unit_test(what_is_only_gone_to_is_reached_and_drawn),
		cmocka_unit_test(a_thread_that_met_the_recursion_limit_goes_on_with_more),
		cmocka_unit_test(damaged_rounds_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
