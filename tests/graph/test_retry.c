/* Policies: how often and when a failed effect is tried again, defaults for timeouts, and which policy counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lives.h"

/* One node "a" that asks for two works of a class and fails when one is not done. */
static struct bldr_graph *asking(const char *script, const struct bldr_policy *p)
{
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	script_node(g, "a", script, NAMES("log"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	if (p != NULL) {
		bldr_graph_policy(g, p);
	}
	return compiled(g);
}

static const char sick[] = "{\"work\":1,\"sick\":true,\"echo\":\"log\"}";

/* LangGraph's defaults: 0.5 s, then 1 s; 3 tries in all. */
static void a_failure_is_tried_again_after_a_back_off(void **state)
{
	(void)state;
	static const struct bldr_retry retry = { .no_jitter = true };
	struct bldr_graph *g =
		asking(sick, &(struct bldr_policy){ .kind = "work", .retry = &retry });
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell(&l,
		   (struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_UNAVAILABLE,
				 .text = "503" },
		   "retry 2 tries 1 due 501\n"
		   "event 5 effect.retry {\"code\":\"UNAVAILABLE\",\"due_ms\":501,\"error\":\"503\","
		   "\"key\":\"t/0:a#0.0\",\"tries\":1}\n"
		   "running\n");
	lives_act(&l, (struct act){ ACT_WAIT, .number = 599 });
	lives_tell(&l, (struct act){ ACT_TIMEOUT, .effect = 2, .text = "slow" },
		   "retry 2 tries 2 due 1600\n"
		   "event 6 effect.retry {\"code\":\"TIMEOUT\",\"due_ms\":1600,\"error\":\"slow\","
		   "\"key\":\"t/0:a#0.0\",\"tries\":2}\n"
		   "running\n");
	const struct intent_record *pending[1];
	assert_int_equal(story_pending(lives_now(&l)->run, pending, 1), 1);
	assert_int_equal(pending[0]->tries, 2);
	assert_int_equal(pending[0]->due_ms, 1600);
	assert_int_equal(pending[0]->at_ms, 0);
	lives_tell_only(&l,
			(struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_UNAVAILABLE,
				      .text = "503" },
			"retry result failed", "result 2 failed 503\nfailed node \"a\": 503\n");
	/* Taken up again by a person it has all its tries again. */
	lives_act(&l, (struct act){ ACT_RESUME });
	lives_tell_only(&l,
			(struct act){ ACT_FAILED, .effect = 3, .number = BLDR_E_TIMEOUT,
				      .text = "slow" },
			"retry running", "retry 3 tries 1 due 1102\nrunning\n");
	lives_act(&l, (struct act){ ACT_DONE, .effect = 3, .text = "7" });
	assert_int_equal(run_status(lives_now(&l)->run), RUN_DONE);
	lives_end(&l);
	bldr_graph_free(g);
}

/* The pauses of a policy, tried until it gives up: each counted from the failure, which is 1 ms after the one before. */
static void expect_pauses(const struct bldr_retry *retry, const int64_t *pauses)
{
	struct bldr_graph *g =
		asking(sick, &(struct bldr_policy){ .kind = "work:w0", .retry = retry });
	struct teller t = teller_begin(g, NULL);
	for (; *pauses != 0; pauses++) {
		const struct intent_record *pending[1];
		teller_failed(&t, 2, BLDR_TIMED_OUT, "slow");
		assert_int_equal(story_pending(t.run, pending, 1), 1);
		assert_int_equal(pending[0]->due_ms - t.now_ms, *pauses);
	}
	teller_failed(&t, 2, BLDR_TIMED_OUT, "slow");
	assert_int_equal(run_status(t.run), RUN_FAILED);
	teller_free(&t);
	bldr_graph_free(g);
}

static void pauses_grow_up_to_the_longest(void **state)
{
	(void)state;
	expect_pauses(&(struct bldr_retry){ .attempts = 10, .no_jitter = true },
		      (int64_t[]){ 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 0 });
	expect_pauses(&(struct bldr_retry){ .attempts = 11, .first_ms = 1000, .no_jitter = true },
		      (int64_t[]){ 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 128000,
				   128000, 0 });
	expect_pauses(&(struct bldr_retry){ .attempts = 5,
					    .first_ms = 10,
					    .max_ms = 25,
					    .factor_percent = 150,
					    .no_jitter = true },
		      (int64_t[]){ 10, 15, 22, 25, 0 });
	expect_pauses(
		&(struct bldr_retry){
			.attempts = 4, .first_ms = 10, .factor_percent = 100, .no_jitter = true },
		(int64_t[]){ 10, 10, 10, 0 });
	expect_pauses(&(struct bldr_retry){ .attempts = 4,
					    .first_ms = UINT32_MAX,
					    .max_ms = UINT32_MAX,
					    .factor_percent = UINT32_MAX,
					    .no_jitter = true },
		      (int64_t[]){ UINT32_MAX, UINT32_MAX, UINT32_MAX, 0 });
	expect_pauses(&(struct bldr_retry){ .attempts = 1 }, (int64_t[]){ 0 });
	/* The third would be due 25 ms after the intent. */
	expect_pauses(&(struct bldr_retry){ .attempts = 9,
					    .first_ms = 10,
					    .factor_percent = 150,
					    .no_jitter = true,
					    .budget_ms = 24 },
		      (int64_t[]){ 10, 15, 0 });
	expect_pauses(&(struct bldr_retry){ .attempts = 5,
					    .first_ms = 10,
					    .factor_percent = 150,
					    .no_jitter = true,
					    .budget_ms = 25 },
		      (int64_t[]){ 10, 15, 22, 0 });
}

/* Up to a second on top of each, drawn from the seed: others for each effect and try, the same on every replay. */
static void jitter_is_drawn_from_the_seed(void **state)
{
	(void)state;
	static const struct bldr_retry retry = { .attempts = 1000, .first_ms = 100, .max_ms = 100 };
	struct bldr_graph *g =
		asking("{\"work\":2}", &(struct bldr_policy){ .kind = "work", .retry = &retry });
	struct teller t[2] = { teller_begin(g, NULL), teller_begin(g, NULL) };
	int64_t least = 2000;
	int64_t most = 0;
	size_t equal = 0;
	for (int i = 0; i < 300; i++) {
		const struct intent_record *one[2];
		const struct intent_record *two[2];
		for (int k = 0; k < 2; k++) {
			teller_failed(&t[k], 2, BLDR_TIMED_OUT, "slow");
			teller_failed(&t[k], 3, BLDR_TIMED_OUT, "slow");
		}
		story_pending(t[0].run, one, 2);
		story_pending(t[1].run, two, 2);
		assert_int_equal(one[0]->due_ms, two[0]->due_ms);
		int64_t pause = one[1]->due_ms - t[0].now_ms;
		least = pause < least ? pause : least;
		most = pause > most ? pause : most;
		equal += one[0]->due_ms + 1 == one[1]->due_ms;
	}
	assert_in_range(least, 100, 130);
	assert_in_range(most, 1070, 1100);
	assert_true(equal < 5);
	teller_free(&t[0]);
	teller_free(&t[1]);
	bldr_graph_free(g);
}

/* Retry-After (RFC 9110, 10.2.3): a pause of that length or longer, whatever the policy's longest. */
static void who_failed_may_ask_for_a_longer_pause(void **state)
{
	(void)state;
	static const struct bldr_retry retry = { .attempts = 9, .max_ms = 2000, .no_jitter = true };
	struct bldr_graph *g =
		asking(sick, &(struct bldr_policy){ .kind = "work", .retry = &retry });
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell(
		&l,
		(struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_UNAVAILABLE, .text = "429",
			      .after_ms = 7000 },
		"retry 2 tries 1 due 7001\n"
		"event 5 effect.retry {\"code\":\"UNAVAILABLE\",\"due_ms\":7001,\"error\":\"429\","
		"\"key\":\"t/0:a#0.0\",\"tries\":1}\n"
		"running\n");
	/* Shorter than the second pause, which is 1 s. */
	lives_tell_only(&l,
			(struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_UNAVAILABLE,
				      .text = "503", .after_ms = 999 },
			"retry running", "retry 2 tries 2 due 1002\nrunning\n");
	lives_tell_only(&l,
			(struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_UNAVAILABLE,
				      .text = "503", .after_ms = 2001 },
			"retry running", "retry 2 tries 3 due 2004\nrunning\n");
	/* A failure that is not tried again does not wait. */
	lives_tell_only(&l,
			(struct act){ ACT_FAILED, .effect = 2, .number = BLDR_E_INVALID,
				      .text = "400", .after_ms = 5000 },
			"retry result failed", "result 2 failed 400\nfailed node \"a\": 400\n");
	lives_end(&l);
	bldr_graph_free(g);
}

/* All who were told the same pause do not come back at the same instant. */
static void jitter_is_on_top_of_what_was_asked_for(void **state)
{
	(void)state;
	static const struct bldr_retry retry = { .attempts = 1000 };
	struct bldr_graph *g =
		asking(sick, &(struct bldr_policy){ .kind = "work", .retry = &retry });
	struct teller t = teller_begin(g, NULL);
	int64_t most = 0;
	for (int i = 0; i < 100; i++) {
		const struct intent_record *one[1];
		teller_failed_after(&t, 2, BLDR_E_UNAVAILABLE, "429", 1000000);
		assert_int_equal(story_pending(t.run, one, 1), 1);
		int64_t pause = one[0]->due_ms - t.now_ms;
		assert_in_range(pause, 1000000, 1001000);
		most = pause > most ? pause : most;
	}
	assert_true(most > 1000900);
	teller_free(&t);
	bldr_graph_free(g);
}

/* Which codes are worth it; never for class once, nor for what the commit itself does. */
static void some_failures_are_the_nodes_at_once(void **state)
{
	(void)state;
	static const int only_io[] = { BLDR_E_IO, 0 };
	static const struct {
		const char *script;
		const int *on;
		int code;
		bool again;
	} cases[] = {
		{ "{\"work\":1,\"class\":\"pure\"}", NULL, BLDR_E_UNAVAILABLE, true },
		{ "{\"work\":1,\"class\":\"pure\"}", NULL, BLDR_E_TIMEOUT, true },
		{ "{\"work\":1,\"class\":\"pure\"}", NULL, BLDR_E_FAILED, false },
		{ "{\"work\":1,\"class\":\"pure\"}", NULL, BLDR_E_INVALID, false },
		{ "{\"work\":1,\"class\":\"pure\"}", only_io, BLDR_E_IO, true },
		{ "{\"work\":1,\"class\":\"pure\"}", only_io, BLDR_E_UNAVAILABLE, false },
		{ "{\"work\":1,\"class\":\"once\"}", NULL, BLDR_E_UNAVAILABLE, false },
		{ "{\"work\":1,\"class\":\"local\"}", NULL, BLDR_E_UNAVAILABLE, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct bldr_retry retry = { .on = cases[i].on };
		struct bldr_graph *g = asking(
			cases[i].script, &(struct bldr_policy){ .kind = "work", .retry = &retry });
		struct teller t = teller_begin(g, NULL);
		teller_failed_code(&t, 2, BLDR_FAILED, cases[i].code, "no");
		const struct update *u = t.updates[1];
		assert_int_equal(u->retries.n, cases[i].again ? 1 : 0);
		assert_int_equal(u->results.n, cases[i].again ? 0 : 1);
		teller_free(&t);
		bldr_graph_free(g);
	}
}

/* A crash makes a pending once effect UNKNOWN; one that is due again stays so. */
static void a_restart_does_not_try_again_what_is_not_due(void **state)
{
	(void)state;
	static const struct bldr_retry retry = { .first_ms = 60000, .no_jitter = true };
	struct bldr_graph *g = asking("{\"work\":2,\"echo\":\"log\"}",
				      &(struct bldr_policy){ .kind = "work", .retry = &retry });
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_act(&l, (struct act){ ACT_TIMEOUT, .effect = 3, .text = "slow" });
	lives_act(&l, (struct act){ ACT_DONE, .effect = 2, .text = "1" });
	const struct teller *t = lives_now(&l);
	struct teller again = teller_resume(t, t->n);
	const struct intent_record *pending[2];
	assert_int_equal(story_pending(again.run, pending, 2), 1);
	assert_int_equal(pending[0]->due_ms, 60001);
	assert_int_equal(pending[0]->tries, 1);
	teller_free(&again);
	lives_end(&l);
	bldr_graph_free(g);
}

static void want(const struct bldr_view *v, struct bldr_plan *p)
{
	bldr_plan_add(p, bldr_get_text(v->state, "kind"), BLDR_PURE,
		      bldr_ref(bldr_get(v->state, "args")),
		      (uint32_t)bldr_get_int(v->state, "timeout", 0));
}

/* The timeout says which policy was found. */
static void the_most_exact_policy_counts(void **state)
{
	(void)state;
	static const struct bldr_policy own[] = {
		{ .kind = "work", .timeout_ms = 1 },
		{ .kind = "work:fetch", .timeout_ms = 2 },
		{ .kind = "http:api.example.com", .timeout_ms = 3 },
	};
	static const struct {
		const char *input;
		uint32_t timeout_ms;
	} cases[] = {
		{ "{\"kind\":\"work\",\"args\":{\"work\":\"read\"}}", 1 },
		{ "{\"kind\":\"work\",\"args\":{\"work\":\"fetch\"}}", 2 },
		{ "{\"kind\":\"work\",\"args\":{\"work\":\"send\"}}", 1 },
		{ "{\"kind\":\"work\",\"args\":{}}", 1 },
		{ "{\"kind\":\"work\",\"args\":{\"work\":\"fetch\"},\"timeout\":9}", 9 },
		{ "{\"kind\":\"http\",\"args\":{\"url\":\"https://api.example.com/x?y\"}}", 3 },
		{ "{\"kind\":\"http\",\"args\":{\"url\":\"https://u:p@api.example.com:8443/x\"}}",
		  3 },
		{ "{\"kind\":\"http\",\"args\":{\"url\":\"https://example.com/api.example.com\"}}",
		  5 },
		{ "{\"kind\":\"http\",\"args\":{\"url\":\"nonsense\"}}", 5 },
		{ "{\"kind\":\"http\",\"args\":{\"url\":\"HTTPS://API.Example.Com\"}}", 3 },
		{ "{\"kind\":\"http\",\"args\":{\"url\":\"http://[::1]:8080/a:b\"}}", 6 },
		{ "{\"kind\":\"sleep\",\"args\":{\"ms\":1}}", 0 },
	};
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "kind", BLDR_LAST);
	bldr_graph_channel(g, "args", BLDR_LAST);
	bldr_graph_channel(g, "timeout", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "a",
				.prepare = want,
				.policies = own,
				.n_policies = 3,
			});
	bldr_graph_edge(g, BLDR_START, "a");
	char send[] = "work:send"; /* copied */
	bldr_graph_policy(g, &(struct bldr_policy){ .kind = send, .timeout_ms = 4 });
	send[0] = 'x';
	bldr_graph_policy(g, &(struct bldr_policy){ .kind = "http", .timeout_ms = 5 });
	bldr_graph_policy(g, &(struct bldr_policy){ .kind = "http:[::1]", .timeout_ms = 6 });
	compiled(g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct teller t = teller_begin(g, cases[i].input);
		assert_int_equal(t.updates[0]->intents.at[0].timeout_ms, cases[i].timeout_ms);
		struct teller again = teller_resume(&t, t.n); /* found anew by the request's text */
		const struct intent_record *pending[1];
		story_pending(again.run, pending, 1);
		assert_ptr_equal(pending[0]->policy, t.updates[0]->intents.at[0].policy);
		teller_free(&again);
		teller_free(&t);
	}
	bldr_graph_free(g);
}

static void policies_that_nobody_could_keep_are_refused(void **state)
{
	(void)state;
	static const int strange[] = { -99, 0 };
	static const struct {
		struct bldr_policy policy;
		struct bldr_retry retry;
		const char *error;
	} cases[] = {
		{ { .kind = NULL },
		  { 0 },
		  "the policy for \"\" has no kind: name it as in \"work\" or \"work:fetch\"" },
		{ { .kind = "Work" },
		  { 0 },
		  "the policy for \"Work\" has no kind: name it as in \"work\" or \"work:fetch\"" },
		{ { .kind = "work:" },
		  { 0 },
		  "the policy for \"work:\" has no kind: name it as in \"work\" or \"work:fetch\"" },
		{ { .kind = "interrupt" },
		  { 0 },
		  "the policy for \"interrupt\" cannot be kept: nobody performs a question" },
		{ { .kind = "w", .cache_ms = -1 },
		  { 0 },
		  "the policy for \"w\" keeps results for less than no time" },
		{ { .kind = "w", .rate_ms = 5 },
		  { 0 },
		  "the policy for \"w\" has half a rate: rate_count and rate_ms go together" },
		{ { .kind = "w" },
		  { .factor_percent = 99 },
		  "the policy for \"w\" has pauses that become shorter: its factor_percent is less than 100" },
		{ { .kind = "w" },
		  { .first_ms = 2, .max_ms = 1 },
		  "the policy for \"w\" has a first pause that is longer than its longest" },
		{ { .kind = "w" },
		  { .on = strange },
		  "the policy for \"w\" tries again on a code that is none of include/bldr/error.h" },
		{ { .kind = "twice" }, { 0 }, "the policy for \"twice\" is declared twice" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int node = 0; node < 2; node++) {
			struct bldr_policy list[2] = { cases[i].policy, { .kind = "twice" } };
			list[0].retry = &cases[i].retry;
			struct bldr_graph *g = bldr_graph_new("g", 1);
			bldr_graph_node(g,
					&(struct bldr_node){ .name = "a",
							     .policies = list,
							     .n_policies = node != 0 ? 2 : 0 });
			bldr_graph_edge(g, BLDR_START, "a");
			for (int k = 0; node == 0 && k < 2; k++) {
				bldr_graph_policy(g, &list[k]);
			}
			struct bldr_error err;
			char expected[256];
			snprintf(expected, sizeof(expected), "graph \"g\": %s%s",
				 node != 0 ? "node \"a\": " : "", cases[i].error);
			assert_int_equal(bldr_graph_compile(g, &err), BLDR_E_INVALID);
			assert_string_equal(err.text, expected);
			bldr_graph_free(g);
		}
	}
}

/* What performers say is told in the order it came, and stays when they fail. */
static void what_performers_say_is_an_event(void **state)
{
	(void)state;
	struct bldr_graph *g = asking("{\"work\":1}", NULL);
	struct lives l;
	lives_begin(&l, g, NULL);
	lives_tell(
		&l,
		(struct act){ ACT_EMIT, .effect = 2, .node = "message",
			      .text = "{\"delta\":\"Hel\"}" },
		"event 5 message {\"attempt\":1,\"data\":{\"delta\":\"Hel\"},\"effect\":2,\"key\":\"t/0:a#0.0\"}\n"
		"running\n");
	lives_tell(&l, (struct act){ ACT_EMIT, .effect = 2, .node = "custom", .text = "7" },
		   "event 6 custom {\"attempt\":1,\"data\":7,\"effect\":2,\"key\":\"t/0:a#0.0\"}\n"
		   "running\n");
	lives_act(&l, (struct act){ ACT_CANCEL });
	lives_end(&l);

	struct teller t = teller_begin(g, NULL);
	teller_failed(&t, 2, BLDR_TIMED_OUT, "slow");
	teller_skip(&t);
	teller_emit(&t, 2, "custom", "8"); /* its performer has not heard yet */
	teller_expect(
		&t,
		"event 8 custom {\"attempt\":1,\"data\":8,\"effect\":2,\"key\":\"t/0:a#0.0\"}\n"
		"done\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void task_ended_tells_the_values_on_request(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "x", BLDR_LAST);
	script_node(
		g, "a",
		"{\"writes\":[[\"x\",null],[\"n\",2],[\"log\",[1]],[\"n\",3],[\"log\",{\"b\":2}]]}",
		NAMES("log", "n", "x"), NULL);
	script_node(g, "b", "{}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	compiled(g);
	struct teller t = teller_new(g);
	t.record_updates = true;
	teller_begin_as(&t, NULL);
	const struct update *u = t.updates[0];
	assert_string_equal(u->events.at[3].data,
			    "{\"node\":\"a\",\"task\":\"/0:a\",\"values\":{\"log\":[[1],{\"b\":2}],"
			    "\"n\":[2,3],\"x\":null},\"writes\":[\"x\",\"n\",\"log\"]}");
	assert_string_equal(u->events.at[6].data,
			    "{\"node\":\"b\",\"task\":\"/1:b\",\"values\":{},\"writes\":[]}");
	teller_free(&t);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_tried_again_after_a_back_off),
		cmocka_unit_test(pauses_grow_up_to_the_longest),
		cmocka_unit_test(jitter_is_drawn_from_the_seed),
		cmocka_unit_test(who_failed_may_ask_for_a_longer_pause),
		cmocka_unit_test(jitter_is_on_top_of_what_was_asked_for),
		cmocka_unit_test(some_failures_are_the_nodes_at_once),
		cmocka_unit_test(a_restart_does_not_try_again_what_is_not_due),
		cmocka_unit_test(the_most_exact_policy_counts),
		cmocka_unit_test(policies_that_nobody_could_keep_are_refused),
		cmocka_unit_test(what_performers_say_is_an_event),
		cmocka_unit_test(task_ended_tells_the_values_on_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
