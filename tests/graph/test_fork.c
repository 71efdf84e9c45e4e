/* Going back: forks within a thread and into another one, recorded answers, and threads whose graph has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/graph.h"
#include "lives.h"

static void expect_state(const struct teller *t, const char *text)
{
	char *told = story_state(t->run);
	assert_string_equal(told, text);
	free(told);
}

static void want_seed(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();
	bldr_object_set(args, "seed", bldr_textf("%llx", (unsigned long long)v->seed));
	bldr_object_set(args, "input", v->input != NULL ? bldr_ref(v->input) : bldr_null());
	bldr_plan_work(p, v->config, BLDR_KEYED, args);
}

static void note(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		 struct bldr_patch *p)
{
	(void)n;
	bldr_patch_set(p, "log", bldr_ref(results[0].value));
	if (strcmp(v->config, "b") == 0) {
		bldr_patch_send(p, "c", bldr_int(1));
		bldr_patch_send(p, "c", bldr_int(2));
	}
}

/* a -> b -> c, c, which b sends to; all ask, with their seed. */
static struct bldr_graph *chain_graph(unsigned version)
{
	struct bldr_graph *g = bldr_graph_new("chain", version);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "once", BLDR_EPHEMERAL);
	const char *const nodes[] = { "a", "b", "c" };
	for (size_t i = 0; i < 3; i++) {
		bldr_graph_node(g,
				&(struct bldr_node){
					.name = nodes[i],
					.writes = NAMES("log"),
					.sends = i == 1 ? NAMES("c") : NULL,
					.prepare = want_seed,
					.absorb = note,
					.config = nodes[i],
				});
	}
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	return compiled(g);
}

/* a: 1, asks 2; b: 3, asks 4; c: 5 and 6, ask 7 and 8. */
static struct teller in_superstep_2(const struct bldr_graph *g)
{
	struct teller t = teller_begin(g, "{\"log\":0,\"once\":\"seen\"}");
	teller_done(&t, 2, "\"a\"");
	teller_done(&t, 4, "\"b\"");
	teller_done(&t, 8, "\"c2\"");
	teller_skip(&t);
	return t;
}

/* LangGraph: invoke(None, checkpoint): a fork checkpoint; the tasks of that checkpoint run again. */
static void a_fork_begins_with_the_tasks_of_its_checkpoint(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct teller t = in_superstep_2(g);
	struct teller fork = teller_fork(&t, 0, 1, false);
	teller_expect(
		&fork,
		"step 9.1 @4 base fork held of 0.1 first 1 log=[0,\"a\"] | 10:b\n"
		"result 7 cancelled it was given up\n"
		"event 19 effect.ended {\"error\":\"it was given up\",\"key\":\"t/2:c:0#0.0\","
		"\"status\":\"cancelled\"}\n"
		"event 20 run.forked {\"from_lineage\":0,\"from_step\":1,\"lineage\":9,\"step\":1}\n"
		"event 21 superstep {\"frame\":\"/\",\"lineage\":9,\"step\":1,\"tasks\":[\"~9/1:b\"]}\n"
		"event 22 run.paused {\"lineage\":9,\"next\":[\"~9/1:b\"],\"step\":1}\n"
		"paused\n");
	struct lives l;
	lives_begin_as(&l, &fork);
	lives_act(&l, (struct act){ ACT_RESUME });
	const struct intent_record *was = &t.updates[1]->intents.at[0];
	const struct intent_record *is =
		&lives_now(&l)->updates[lives_now(&l)->n - 1]->intents.at[0];
	assert_string_equal(is->key, "t~9/1:b#0.0");
	assert_string_equal(is->request, was->request); /* the same random bits */
	lives_act(&l, (struct act){ ACT_DONE, .effect = is->id, .text = "\"B\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 14, .text = "\"C1\"" });
	lives_tell(
		&l, (struct act){ ACT_DONE, .effect = 15, .text = "\"C2\"" },
		"step 9.3 @7 first 1 log+[\"C1\",\"C2\"] |\n"
		"result 15 done \"C2\"\n"
		"event 35 effect.ended {\"key\":\"t~9/2:c:1#0.0\",\"status\":\"done\"}\n"
		"event 36 task.ended {\"node\":\"c\",\"task\":\"~9/2:c:1\",\"writes\":[\"log\"]}\n"
		"event 37 run.ended {\"lineage\":9,\"step\":3}\n"
		"done\n");
	expect_state(lives_now(&l), "{\"log\":[0,\"a\",\"B\",\"C1\",\"C2\"]}");
	lives_act(&l, (struct act){ ACT_INPUT, .text = "{\"log\":1}" });
	assert_int_equal(lives_now(&l)->updates[lives_now(&l)->n - 1]->root, 9);
	lives_end(&l);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Sent inputs, what one superstep shows, and a fork of a fork. */
static void a_fork_of_a_fork_sees_what_the_checkpoint_saw(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct teller t = in_superstep_2(g);
	struct teller first = teller_fork(&t, 0, 0, false);
	expect_state(&first, "{\"log\":[0],\"once\":\"seen\"}");
	struct teller second = teller_fork(&first, 0, 2, false);
	teller_expect_only(&second, "step result paused",
			   "step 11.2 @5 base fork held of 0.2 first 2 log=[0,\"a\",\"b\"] | "
			   "12:c:0(1) 13:c:1(2)\n"
			   "paused\n");
	struct teller third = teller_fork(&second, 9, 0, false);
	teller_expect_only(&third, "step paused",
			   "step 14.0 @6 base fork held of 9.0 log=[0] once=\"seen\" | 15:a\n"
			   "paused\n");
	struct teller life = teller_resume(&second, second.n);
	const struct intent_record *pending[2];
	assert_int_equal(story_pending(life.run, pending, 2), 2);
	assert_string_equal(pending[1]->key, "t~11/2:c:1#0.0");
	teller_free(&life);
	teller_free(&third);
	teller_free(&second);
	teller_free(&first);
	teller_free(&t);
	bldr_graph_free(g);
}

static void a_fork_may_be_another_thread(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct teller t = in_superstep_2(g);
	struct teller fork = teller_fork(&t, 0, 2, true);
	teller_expect(
		&fork,
		"step 0.2 @3 base fork held first 2 log=[0,\"a\",\"b\"] | 1:c:0(1) 2:c:1(2)\n"
		"event 1 run.started {\"graph\":\"chain\"}\n"
		"event 2 run.forked {\"from_lineage\":-1,\"from_step\":-1,\"step\":2}\n"
		"event 3 superstep {\"frame\":\"/\",\"step\":2,\"tasks\":[\"/2:c:0\",\"/2:c:1\"]}\n"
		"event 4 run.paused {\"next\":[\"/2:c:0\",\"/2:c:1\"],\"step\":2}\n"
		"paused\n");
	teller_free(&fork);
	teller_free(&t);
	bldr_graph_free(g);
}

/* The end is a checkpoint, too: nothing runs, and another input goes on from it. */
static void a_fork_of_the_end_is_done(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct teller t = in_superstep_2(g);
	teller_done(&t, 7, "\"c1\"");
	struct teller fork = teller_fork(&t, 0, 3, false);
	teller_expect_only(&fork, "step done",
			   "step 9.3 @5 base fork of 0.3 first 3 "
			   "log=[0,\"a\",\"b\",\"c1\",\"c2\"] |\ndone\n");
	struct lives l;
	lives_begin_as(&l, &fork);
	lives_tell_only(&l, (struct act){ ACT_INPUT, .text = "{\"log\":1}" }, "step",
			"step 9.4 @6 input first 4 log+[1] | 10:a\n");
	lives_end(&l);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Rollback to before the very first input: nothing is there but what the next one brings. */
static void a_thread_can_be_forgotten(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct teller t = in_superstep_2(g);
	struct bldr_error err;
	struct update u = { 0 };
	struct bldr_value *input = json("{\"log\":\"new\"}");
	struct teller was = teller_load(&t, t.n);
	struct run *r = story_restore(g, t.updates, 1);
	run_give_up(was.run, r, 9, &u);
	teller_free(&was);
	run_forget(r);
	assert_int_equal(run_fork(r, true, u.next_id, u.last_event, 9, &u, &err), 0);
	assert_int_equal(run_apply(r, BLDR_START, input, STEP_INPUT, false, 9, &u, &err), 0);
	struct buf told;
	buf_init(&told, 1 << 20);
	update_tell(&told, &u, 0);
	char expected[2000]; /* the seed is nobody's to guess */
	snprintf(
		expected, sizeof(expected), "%s%s%s",
		"step 9.0 @9 base fork of 0.0 |\n"
		"step 9.1 @9 input first 1 log+[\"new\"] | 10:a\n"
		"intent 11 task 10 try 0 keyed work t~9/1:a#0.0 ",
		u.intents.at[0].request,
		"\nresult 7 cancelled it was given up\n"
		"event 19 effect.ended {\"error\":\"it was given up\",\"key\":\"t/2:c:0#0.0\",\"status\":"
		"\"cancelled\"}\n"
		"event 20 run.forked {\"from_lineage\":0,\"from_step\":0,\"lineage\":9,\"step\":0}\n"
		"event 21 run.input {\"lineage\":9,\"source\":\"input\",\"step\":1}\n"
		"event 22 superstep {\"frame\":\"/\",\"lineage\":9,\"step\":1,\"tasks\":[\"~9/1:a\"]}\n"
		"event 23 task.started {\"node\":\"a\",\"task\":\"~9/1:a\"}\n"
		"event 24 effect.intended {\"key\":\"t~9/1:a#0.0\",\"kind\":\"work\",\"name\":\"a\"}\n"
		"running\n");
	assert_string_equal(told.data, expected);
	buf_release(&told);
	bldr_unref(input);
	run_free(r);
	update_release(&u);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Time travel on the parent brings the right child state back: a persistent subgraph counts its times. */
static void what_a_persistent_subgraph_keeps_is_in_the_checkpoint(void **state)
{
	(void)state;
	struct bldr_graph *sub = bldr_graph_new("sub", 1);
	bldr_graph_channel(sub, "times", BLDR_ADD);
	bldr_graph_channel(sub, "log", BLDR_APPEND);
	script_node(sub, "s", "{\"writes\":[[\"times\",1]],\"state\":\"log\"}",
		    NAMES("times", "log"), NULL);
	bldr_graph_edge(sub, BLDR_START, "s");
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_add_subgraph(
		g, &(struct bldr_subgraph){ .name = "below", .graph = sub, .persistent = true });
	script_node(g, "a", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "below");
	bldr_graph_edge(g, "below", "a");
	bldr_graph_edge(g, "a", "below");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	for (int i = 0; i < 4; i++) {
		const struct intent_record *pending[1];
		story_pending(t.run, pending, 1);
		teller_done(&t, pending[0]->id, "1");
	}
	struct teller fork = teller_fork(&t, 0, 3, false);
	struct bldr_value *below = run_checkpoint_state(fork.run);
	assert_int_equal(bldr_get_int(bldr_get(below, "/below"), "times", 0), 2);
	bldr_unref(below);
	struct lives l;
	lives_begin_as(&l, &fork);
	lives_act(&l, (struct act){ ACT_RESUME });
	const struct intent_record *pending[1];
	story_pending(lives_now(&l)->run, pending, 1);
	lives_act(&l, (struct act){ ACT_DONE, .effect = pending[0]->id, .text = "7" });
	below = run_checkpoint_state(lives_now(&l)->run);
	assert_int_equal(bldr_get_int(bldr_get(below, "/below"), "times", 0), 3);
	bldr_unref(below);
	lives_end(&l);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

/* Recorded results by place, kind and request: what a host would look up in its journal. */
struct known {
	const struct teller *t;
	size_t asked;
};

static bool recorded(void *user, const struct intent_record *i, const char *path, struct arena *a,
		     struct result_record *ret)
{
	struct known *known = user;
	char *place =
		arena_printf(a, "t%s#%lld.%lld", path, (long long)i->round, (long long)i->ordinal);
	int64_t effect = 0;
	known->asked++;
	for (size_t k = 0; k < known->t->n; k++) {
		const struct update *u = known->t->updates[k];
		for (size_t n = 0; n < u->intents.n; n++) {
			const struct intent_record *was = &u->intents.at[n];
			if (strcmp(was->key, place) == 0 && strcmp(was->request, i->request) == 0) {
				effect = was->id;
			}
		}
		for (size_t n = 0; n < u->results.n; n++) {
			if (effect != 0 && u->results.at[n].effect == effect &&
			    u->results.at[n].status == BLDR_DONE) {
				*ret = u->results.at[n];
				return true;
			}
		}
	}
	return false;
}

static void a_fork_may_be_answered_from_what_was_recorded(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct teller t = in_superstep_2(g);
	struct known known = { .t = &t };
	struct teller fork = teller_fork(&t, 0, 0, false);
	fork.answer = recorded;
	fork.answer_user = &known;
	struct teller life = teller_resume(&fork, fork.n);
	/* a, b and one c were recorded; the other c was given up. */
	teller_expect_only(&life, "step result running",
			   "step 9.1 @4 once- log+[\"a\"] | 12:b\n"
			   "step 9.2 @4 log+[\"b\"] | 14:c:0(1) 15:c:1(2)\n"
			   "result 11 done \"a\"\n"
			   "result 13 done \"b\"\n"
			   "result 17 done \"c2\"\n"
			   "running\n");
	assert_int_equal(known.asked, 4);
	const struct update *u = life.updates[life.n - 1];
	size_t cached = 0;
	for (size_t i = 0; i < u->events.n; i++) {
		if (strcmp(u->events.at[i].type, "effect.ended") == 0) {
			cached += strstr(u->events.at[i].data, "{\"cached\":true,\"key\":\"t~9/") !=
				NULL;
		}
	}
	assert_int_equal(cached, 3);
	teller_free(&life);
	teller_free(&fork);
	teller_free(&t);
	bldr_graph_free(g);
}

/* The next version calls b "bee", adds a channel, and does not know "once". */
static struct bldr_graph *next_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("chain", 2);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "total", BLDR_ADD);
	script_node(g, "bee", "{\"input\":\"log\",\"work\":1}", NAMES("log"), NULL);
	script_node(g, "c", "{\"work\":1,\"echo\":\"log\"}", NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "bee");
	bldr_graph_edge(g, "bee", "c");
	return compiled(g);
}

static struct bldr_value *to_bee(const struct bldr_value *parked)
{
	char *text = bldr_value_text(parked);
	assert_string_equal(text,
			    "{\"next\":[[\"c\",1],[\"c\",2]],\"state\":{\"log\":[0,\"a\",\"b\"]}}");
	free(text);
	return json("{\"state\":{\"log\":[7],\"total\":3,\"sub:gone\":{}},"
		    "\"next\":[[\"c\",null],[\"bee\",{\"x\":1}],[\"bee\",null]]}");
}

static void a_parked_thread_is_migrated(void **state)
{
	(void)state;
	struct bldr_graph *g = chain_graph(1);
	struct bldr_graph *next = next_graph();
	struct teller t = in_superstep_2(g);
	struct teller moved = teller_migrate(&t, next, to_bee);
	teller_expect(
		&moved,
		"step 0.3 @4 base migrate held first 3 log=[7] total=3 | 9:bee 10:c "
		"11:bee:0({\"x\":1})\n"
		"result 7 cancelled it was given up\n"
		"event 19 effect.ended {\"error\":\"it was given up\",\"key\":\"t/2:c:0#0.0\",\"status\":"
		"\"cancelled\"}\n"
		"event 20 run.updated {\"source\":\"migrate\",\"step\":3}\n"
		"event 21 superstep {\"frame\":\"/\",\"step\":3,\"tasks\":[\"/3:bee\",\"/3:c\",\"/3:bee:0\"]}\n"
		"event 22 run.paused {\"next\":[\"/3:bee\",\"/3:c\",\"/3:bee:0\"],\"step\":3}\n"
		"paused\n");
	struct lives l;
	lives_begin_as(&l, &moved);
	lives_act(&l, (struct act){ ACT_RESUME });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 13, .text = "\"c\"" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 12, .text = "0" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 14, .text = "0" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 16, .text = "\"end\"" });
	expect_state(lives_now(&l), "{\"log\":[7,null,\"c\",{\"x\":1},\"end\"],\"total\":3}");
	lives_end(&l);
	teller_free(&t);
	bldr_graph_free(next);
	bldr_graph_free(g);
}

static const char *migrated;

static struct bldr_value *to_that(const struct bldr_value *parked)
{
	(void)parked;
	return json(migrated);
}

static void a_migration_must_fit_the_graph(void **state)
{
	(void)state;
	static const struct {
		const char *to, *told;
	} cases[] = {
		{ "7", "refused the migrated state has no object \"state\"\n" },
		{ "{\"state\":{}}", "refused the migrated state has no list \"next\"\n" },
		{ "{\"state\":{\"gone\":1},\"next\":[]}",
		  "refused the migrated state names the unknown channel \"gone\"\n" },
		{ "{\"state\":{\"log\":1},\"next\":[]}",
		  "refused the migrated state has a value that does not fit channel \"log\"\n" },
		{ "{\"state\":{},\"next\":[[\"b\",null]]}",
		  "refused the migrated state is to go on with the unknown node \"b\"\n" },
		{ "{\"state\":{},\"next\":[7]}",
		  "refused the migrated state is to go on with the unknown node \"\"\n" },
	};
	struct bldr_graph *g = chain_graph(1);
	struct bldr_graph *next = next_graph();
	struct teller t = in_superstep_2(g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		migrated = cases[i].to;
		struct teller moved = teller_migrate(&t, next, to_that);
		teller_expect(&moved, cases[i].told);
		teller_free(&moved);
	}
	migrated = "{\"state\":{},\"next\":[]}";
	struct teller moved = teller_migrate(&t, next, to_that);
	assert_int_equal(run_status(moved.run), RUN_DONE);
	teller_free(&moved);
	teller_free(&t);
	bldr_graph_free(next);
	bldr_graph_free(g);
}

static struct bldr_value *nothing(const struct bldr_value *old, struct bldr_error *err)
{
	(void)old;
	(void)err;
	return NULL;
}

static void migrations_are_found_by_version(void **state)
{
	(void)state;
	struct bldr_error err;
	for (unsigned twice = 0; twice < 2; twice++) {
		struct bldr_graph *g = bldr_graph_new("g", 3);
		bldr_graph_channel(g, "log", BLDR_APPEND);
		say_node(g, "a");
		bldr_graph_edge(g, BLDR_START, "a");
		bldr_graph_migrate(g, 1, nothing);
		bldr_graph_migrate(g, twice ? 1 : 2, nothing);
		assert_int_equal(bldr_graph_compile(g, &err), twice ? BLDR_E_INVALID : 0);
		assert_true(twice || graph_migration(g, 2) == nothing);
		assert_true(twice || graph_migration(g, 3) == NULL);
		bldr_graph_free(g);
	}
	assert_string_equal(err.text, "graph \"g\": two migrations are from version 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_begins_with_the_tasks_of_its_checkpoint),
		cmocka_unit_test(a_fork_of_a_fork_sees_what_the_checkpoint_saw),
		cmocka_unit_test(a_fork_may_be_another_thread),
		cmocka_unit_test(a_fork_of_the_end_is_done),
		cmocka_unit_test(a_thread_can_be_forgotten),
		cmocka_unit_test(what_a_persistent_subgraph_keeps_is_in_the_checkpoint),
		cmocka_unit_test(a_fork_may_be_answered_from_what_was_recorded),
		cmocka_unit_test(a_parked_thread_is_migrated),
		cmocka_unit_test(a_migration_must_fit_the_graph),
		cmocka_unit_test(migrations_are_found_by_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
