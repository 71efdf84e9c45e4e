/*
 * A run is lost and rebuilt from its records: at every point, again and again, after failures. What
 * comes out must be what would have come out otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

/* Sends each item of what "plan" returned to "part". */
static void spread(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	(void)v;
	assert_int_equal(n, 1);
	bldr_patch_set(p, "topic", bldr_ref(bldr_get(results[0].value, "topic")));
	const struct bldr_value *parts = bldr_get(results[0].value, "parts");
	for (size_t i = 0; i < bldr_count(parts); i++) {
		bldr_patch_send(p, "part", bldr_ref(bldr_at(parts, i)));
	}
}

static void want_plan(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();
	bldr_object_set(args, "seed", bldr_textf("%016llx", (unsigned long long)v->seed));
	bldr_object_set(args, "now", bldr_int(v->now_ms));
	bldr_plan_work(p, "plan", BLDR_PURE, args);
}

/* Goes round "dig" until three things were found. */
static void enough(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, bldr_count(bldr_get(v->state, "log")) < 3 ? "dig" : BLDR_END);
}

static void judge(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		  struct bldr_patch *p)
{
	(void)results;
	(void)n;
	bldr_patch_set(p, "topic", bldr_textf("%s, dug", bldr_get_text(v->state, "topic")));
	bldr_patch_set(p, "depth", bldr_int(1));
}

static struct bldr_graph *mine_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("mine", 1);
	bldr_graph_channel(g, "topic", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "depth", BLDR_ADD);
	ask_node(g, "dig");
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "judge",
				.writes = NAMES("topic", "depth"),
				.absorb = judge,
			});
	bldr_graph_edge(g, BLDR_START, "dig");
	bldr_graph_edge(g, "dig", "judge");
	bldr_graph_route(g, "judge", enough, NAMES("dig", BLDR_END));
	return compiled(g);
}

/* plan, then parts by send beside a subgraph, then an end that both lead to. */
static struct bldr_graph *works_graph(const struct bldr_graph *mine)
{
	struct bldr_graph *g = bldr_graph_new("works", 1);
	bldr_graph_channel(g, "topic", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "depth", BLDR_ADD);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "plan",
				.writes = NAMES("topic"),
				.sends = NAMES("part"),
				.prepare = want_plan,
				.absorb = spread,
			});
	ask_node(g, "part");
	ask_node(g, "end");
	bldr_graph_subgraph(g, "mine", mine, NAMES("topic"), NAMES("topic", "log", "depth"));
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, "plan", "mine");
	bldr_graph_edge(g, "part", "end");
	bldr_graph_edge(g, "mine", "end");
	return compiled(g);
}

/* Delivers the i-th of the pending effects. "plan" returns a plan, other work its own key. */
static void deliver_nth(struct teller *t, size_t i)
{
	const struct intent_record *pending[64];
	size_t n = story_pending(t->run, pending, 64);
	assert_true(n > 0);
	const struct intent_record *intent = pending[i % n];
	if (strcmp(intent->key, "t/0:plan#0.0") == 0) {
		teller_done(t, intent->id, "{\"topic\":\"ore\",\"parts\":[\"x\",\"y\",{\"z\":1}]}");
		return;
	}
	struct bldr_value *key = bldr_text(intent->key);
	char *text = bldr_value_text(key);
	teller_done(t, intent->id, text);
	free(text);
	bldr_unref(key);
}

static void expect_same_update(const struct update *u, int64_t later, const struct update *again)
{
	struct buf expected;
	struct buf told;
	buf_init(&expected, 64 << 20);
	buf_init(&told, 64 << 20);
	update_tell(&expected, u, later);
	update_tell(&told, again, 0);
	if (strcmp(expected.data, told.data) != 0) {
		fail_msg("told:\n%s\nexpected:\n%s", told.data, expected.data);
	}
	buf_release(&expected);
	buf_release(&told);
}

static void expect_same_end(const struct teller *t, const struct teller *again)
{
	assert_int_equal(run_status(again->run), run_status(t->run));
	char *left = story_state(t->run);
	char *right = story_state(again->run);
	assert_string_equal(left, right);
	free(left);
	free(right);
}

static void a_run_rebuilt_at_any_point_goes_on_as_if_nothing_had_been(void **state)
{
	(void)state;
	struct bldr_graph *mine = mine_graph();
	struct bldr_graph *g = works_graph(mine);
	struct teller whole = teller_begin(g, "{\"log\":[\"began\"]}");
	while (run_status(whole.run) == RUN_RUNNING) {
		deliver_nth(&whole, 0);
	}
	char *end = story_state(whole.run);
	assert_string_equal(end,
			    "{\"depth\":3,\"log\":[\"began\","
			    "\"t/1:mine/0:dig#0.0\",\"t/1:mine/2:dig#0.0\",\"t/1:mine/4:dig#0.0\","
			    "\"t/1:part:0#0.0\",\"t/1:part:1#0.0\",\"t/1:part:2#0.0\","
			    "\"t/2:end#0.0\"],"
			    "\"topic\":\"ore, dug, dug, dug\"}");
	free(end);
	for (size_t k = 1; k < whole.n; k++) {
		struct teller again = teller_resume(&whole, k);
		again.now_ms = (int64_t)k - 1;
		for (size_t i = k; i < whole.n; i++) {
			deliver_nth(&again, 0);
			expect_same_update(whole.updates[i], 1, again.updates[again.n - 1]);
		}
		expect_same_end(&whole, &again);
		teller_free(&again);
	}
	teller_free(&whole);
	bldr_graph_free(g);
	bldr_graph_free(mine);
}

/* Killed after every single commit, in several orders of arrival. */
static void a_run_killed_after_every_commit_ends_the_same(void **state)
{
	(void)state;
	struct bldr_graph *mine = mine_graph();
	struct bldr_graph *g = works_graph(mine);
	for (size_t order = 0; order < 5; order++) {
		struct teller whole = teller_begin(g, NULL);
		struct teller *lives[64] = { malloc(sizeof(struct teller)) };
		size_t n = 1;
		*lives[0] = teller_begin(g, NULL);
		while (run_status(whole.run) == RUN_RUNNING) {
			struct teller *life = malloc(sizeof(*life));
			*life = teller_resume(lives[n - 1], lives[n - 1]->n);
			lives[n++] = life;
			deliver_nth(&whole, order);
			deliver_nth(life, order);
			expect_same_update(whole.updates[whole.n - 1], (int64_t)n - 1,
					   life->updates[life->n - 1]);
		}
		expect_same_end(&whole, lives[n - 1]);
		while (n > 0) {
			teller_free(lives[--n]);
			free(lives[n]);
		}
		teller_free(&whole);
	}
	bldr_graph_free(g);
	bldr_graph_free(mine);
}

/* Every round appends what came back; base records fall where they would have fallen. */
static void base_records_do_not_depend_on_being_killed(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("loop", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	ask_node(g, "dig");
	bldr_graph_edge(g, BLDR_START, "dig");
	bldr_graph_edge(g, "dig", "dig");
	compiled(g);
	char value[9003];
	memset(value, '7', 9002);
	value[0] = '"';
	value[9001] = '"';
	value[9002] = '\0';
	struct teller whole = teller_begin(g, NULL);
	struct teller lives[41];
	size_t bases = 0;
	lives[0] = teller_begin(g, NULL);
	for (size_t n = 1; n <= 40; n++) {
		const struct intent_record *pending[1];
		lives[n] = teller_resume(&lives[n - 1], lives[n - 1].n);
		story_pending(whole.run, pending, 1);
		int64_t id = pending[0]->id;
		teller_done(&whole, id, value);
		teller_done(&lives[n], id, value);
		const struct update *u = whole.updates[whole.n - 1];
		expect_same_update(u, (int64_t)n, lives[n].updates[lives[n].n - 1]);
		bases += u->steps.at[0].base;
	}
	assert_in_range(bases, 2, 5);
	for (size_t n = 41; n > 0; n--) {
		teller_free(&lives[n - 1]);
	}
	teller_free(&whole);
	bldr_graph_free(g);
}

static void a_loaded_run_shows_its_state_without_being_resumed(void **state)
{
	(void)state;
	struct bldr_graph *mine = mine_graph();
	struct bldr_graph *g = works_graph(mine);
	struct teller t = teller_begin(g, "{\"log\":0}");
	for (;;) {
		struct run *r = story_restore(g, t.updates, t.n);
		char *left = story_state(t.run);
		char *right = story_state(r);
		assert_string_equal(left, right);
		free(left);
		free(right);
		run_free(r);
		if (run_status(t.run) != RUN_RUNNING) {
			break;
		}
		deliver_nth(&t, 0);
	}
	struct teller done = teller_resume(&t, t.n);
	teller_expect(&done, "done\n"); /* nothing to resume, nothing to tell */
	assert_int_equal(done.updates[t.n]->next_id, t.updates[t.n - 1]->next_id);
	assert_int_equal(done.updates[t.n]->last_event, t.updates[t.n - 1]->last_event);
	teller_free(&done);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(mine);
}

static struct bldr_graph *once_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("once", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a",
		    "{\"work\":2,\"class\":\"once\",\"echo\":\"log\",\"writes\":[[\"log\",\"a\"]]}",
		    NAMES("log"), NULL);
	script_node(g, "b", "{\"work\":1,\"class\":\"pure\",\"echo\":\"log\"}", NAMES("log"), NULL);
	script_node(g, "c", "{\"work\":1,\"class\":\"once\"}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	return compiled(g);
}

static void a_pending_once_effect_becomes_unknown(void **state)
{
	(void)state;
	struct bldr_graph *g = once_graph();
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 3, "1");
	struct teller again = teller_resume(&t, t.n);
	const char *why =
		"the process ended before a result was recorded, it may or may not have been "
		"performed";
	char expected[1024];
	snprintf(expected, sizeof(expected),
		 "patch 1 {\"sends\":[],\"to\":[],\"writes\":[[\"log\",\"a\"],[\"log\",1]]}\n"
		 "result 4 unknown %s\n"
		 "event 9 run.resumed {}\n"
		 "event 10 effect.ended {\"error\":\"%s\",\"key\":\"t/0:a#0.1\",\"status\":\"unknown\"}\n"
		 "event 11 task.ended {\"node\":\"a\",\"task\":\"/0:a\",\"writes\":[\"log\"]}\n"
		 "running\n",
		 why, why);
	teller_expect(&again, expected);
	const struct intent_record *pending[4];
	assert_int_equal(story_pending(again.run, pending, 4), 1);
	assert_string_equal(pending[0]->key, "t/0:b#0.0");
	assert_string_equal(pending[0]->request, "{\"args\":{},\"work\":\"w0\"}");
	assert_int_equal(pending[0]->cls, BLDR_PURE);

	/* One that is intended while the others become unknown is still to be sent. */
	struct teller both = teller_begin(g, NULL);
	teller_done(&both, 5, "2");
	teller_done(&both, 4, "1");
	struct teller third = teller_resume(&both, both.n);
	teller_expect_only(
		&third, "step intent running done",
		"step 0.1 @2 log+[\"a\",1,2] | 6:c\n"
		"intent 7 task 6 try 0 once work t/1:c#0.0 {\"args\":{},\"work\":\"w0\"}\n"
		"running\n");
	teller_free(&third);
	teller_free(&both);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Every frame, task and effect there ever was, in order of id: nothing of it disturbs. */
/* What a node that is not pure looks at. */
static const char *mood = "calm";

static void plan_by_mood(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();
	(void)v;
	bldr_plan_work(p, "same", BLDR_PURE, NULL);
	bldr_object_set(args, "mood", bldr_text(mood));
	bldr_plan_work(p, "ask", BLDR_KEYED, args);
}

/* The event tells it; what is pending is what was recorded. */
static void a_plan_that_diverges_is_told_and_not_taken(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("moody", 1);
	bldr_graph_node(g, &(struct bldr_node){ .name = "ask", .prepare = plan_by_mood });
	bldr_graph_edge(g, BLDR_START, "ask");
	g = compiled(g);
	struct teller whole = teller_begin(g, NULL);
	struct teller same = teller_resume(&whole, whole.n);
	teller_expect_only(&same, "event", "event 6 run.resumed {}\n");
	teller_free(&same);
	mood = "stormy";
	struct teller other = teller_resume(&whole, whole.n);
	mood = "calm";
	teller_expect_only(
		&other, "event",
		"event 6 run.resumed {}\n"
		"event 7 task.diverged {\"effect\":1,\"node\":\"ask\",\"task\":\"/0:ask\"}\n");
	const struct intent_record *pending[2];
	assert_int_equal(story_pending(other.run, pending, 2), 2);
	assert_string_equal(pending[1]->request, "{\"args\":{\"mood\":\"calm\"},\"work\":\"ask\"}");
	teller_free(&other);
	teller_free(&whole);
	bldr_graph_free(g);
}

static void records_of_what_is_over_are_passed_over(void **state)
{
	(void)state;
	struct bldr_graph *mine = mine_graph();
	struct bldr_graph *g = works_graph(mine);
	struct teller t = teller_begin(g, NULL);
	while (t.updates[t.n - 1]->steps.n == 0 || t.updates[t.n - 1]->steps.at[0].frame != 0 ||
	       t.n == 2) {
		deliver_nth(&t, 0);
	}
	assert_true(t.updates[t.n - 1]->status ==
		    RUN_RUNNING); /* superstep 2, all frames are over */
	struct teller again = teller_resume(&t, t.n);
	deliver_nth(&t, 0);
	deliver_nth(&again, 0);
	expect_same_update(t.updates[t.n - 1], 1, again.updates[again.n - 1]);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
	bldr_graph_free(mine);
}

static void expect_step_refused(const struct bldr_graph *g, struct step_record s, int code,
				const char *error)
{
	struct run *r = run_new(g, "t", 1);
	struct step_task task = { .id = 1, .node = "a", .send = -1 };
	struct step_record first = { .base = true };
	first.tasks.at = &task;
	first.tasks.n = 1;
	struct bldr_error err;
	assert_int_equal(run_restore_step(r, &first, &err), 0);
	assert_int_equal(run_restore_step(r, &s, &err), code);
	assert_string_equal(err.text, error);
	run_free(r);
}

static void expect_write_refused(const struct bldr_graph *g, struct step_write w, int code,
				 const char *error)
{
	struct step_record s = { .step = 1 };
	s.writes.at = &w;
	s.writes.n = 1;
	expect_step_refused(g, s, code, error);
}

static void expect_task_refused(const struct bldr_graph *g, struct step_task t, int code,
				const char *error)
{
	struct step_task tasks[] = { { .id = 5, .node = "b", .send = -1 }, t };
	struct step_record s = { .step = 1 };
	s.tasks.at = tasks;
	s.tasks.n = 2;
	expect_step_refused(g, s, code, error);
}

static void damaged_records_are_refused(void **state)
{
	(void)state;
	struct bldr_graph *g = once_graph();
	expect_step_refused(g, (struct step_record){ .step = 2 }, BLDR_E_CORRUPT,
			    "superstep 2: the record before it is missing");
	expect_step_refused(g, (struct step_record){ .frame = 1 }, BLDR_E_CHANGED,
			    "node \"a\" of graph \"once\" is no subgraph any more");
	expect_write_refused(g, (struct step_write){ "gone", WRITE_FULL, "1" }, BLDR_E_CHANGED,
			     "graph \"once\" has no channel \"gone\" any more");
	expect_write_refused(g, (struct step_write){ "log", WRITE_FULL, "[1" }, BLDR_E_CORRUPT,
			     "superstep 1: line 1, column 2: ']' expected near end of file");
	expect_write_refused(g, (struct step_write){ "log", WRITE_DELTA, "1" }, BLDR_E_CORRUPT,
			     "superstep 1: a value does not fit its channel");
	expect_task_refused(g, (struct step_task){ 6, "gone", -1, NULL }, BLDR_E_CHANGED,
			    "graph \"once\" has no node \"gone\" any more");
	expect_task_refused(g, (struct step_task){ 5, "a", -1, NULL }, BLDR_E_CORRUPT,
			    "task 5: it is recorded twice");
	expect_task_refused(g, (struct step_task){ 6, "a", 0, "{" }, BLDR_E_CORRUPT,
			    "task 6: line 1, column 1: string or '}' expected near end of file");

	struct run *r = run_new(g, "t", 1);
	struct bldr_error err;
	struct update u = { 0 };
	assert_int_equal(run_restore_step(r, &(struct step_record){ .step = 3 }, &err),
			 BLDR_E_CORRUPT);
	assert_string_equal(err.text, "superstep 3: the base record before it is missing");
	assert_int_equal(run_restored(r, 1, 0, RUN_RUNNING, 0, &u, &err), BLDR_E_CORRUPT);
	assert_string_equal(err.text, "the records of thread \"t\" do not fit its status");
	assert_int_equal(u.events.n, 0);
	run_free(r);
	bldr_graph_free(g);
}

static void damaged_patches_and_effects_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *patch;
		int code;
		const char *error;
	} cases[] = {
		{ "{", BLDR_E_CORRUPT,
		  "the patch of a task: line 1, column 1: string or '}' expected near end of file" },
		{ "{\"writes\":[[\"gone\",1]]}", BLDR_E_CHANGED,
		  "the graph has no channel \"gone\" any more" },
		{ "{\"sends\":[[\"gone\",1]]}", BLDR_E_CHANGED,
		  "the graph has no node \"gone\" any more" },
		{ "{\"to\":[7]}", BLDR_E_CHANGED, "the graph has no node \"\" any more" },
		{ "{\"writes\":[[\"n\",\"x\"]]}", BLDR_E_CORRUPT,
		  "the patch of a task: node \"a\": channel \"n\" adds integers and was given a text" },
	};
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	script_node(g, "a", "{\"work\":1}", NAMES("n"), NULL);
	script_node(g, "b", "{\"work\":1}", NAMES("n"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	struct bldr_error err;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct run *r = story_restore(g, t.updates, 1);
		assert_int_equal(run_restore_patch(r, &(struct patch_record){ 1, cases[i].patch },
						   &err),
				 cases[i].code);
		assert_string_equal(err.text, cases[i].error);
		run_free(r);
	}
	struct run *r = story_restore(g, t.updates, 1);
	const struct intent_record *intent = &t.updates[0]->intents.at[0];
	assert_int_equal(run_restore_intent(r, intent, &err), BLDR_E_CORRUPT); /* twice */
	assert_string_equal(err.text, "effect 3: it does not follow the one before it");
	struct result_record bad = { .effect = 3, .status = BLDR_DONE, .value = "nul" };
	assert_int_equal(run_restore_result(r, &bad, &err), BLDR_E_CORRUPT);
	struct patch_record patch = { 1, "{}" };
	assert_int_equal(run_restore_patch(r, &patch, &err), 0);
	assert_int_equal(run_restore_patch(r, &patch, &err), BLDR_E_CORRUPT);
	assert_string_equal(err.text, "task 1: it has ended twice");
	run_free(r);
	teller_free(&t);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_rebuilt_at_any_point_goes_on_as_if_nothing_had_been),
		cmocka_unit_test(a_run_killed_after_every_commit_ends_the_same),
		cmocka_unit_test(base_records_do_not_depend_on_being_killed),
		cmocka_unit_test(a_loaded_run_shows_its_state_without_being_resumed),
		cmocka_unit_test(a_pending_once_effect_becomes_unknown),
		cmocka_unit_test(a_plan_that_diverges_is_told_and_not_taken),
		cmocka_unit_test(records_of_what_is_over_are_passed_over),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(damaged_patches_and_effects_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
