/* The node that a child plays, told as a story: what it asks, what the answers do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bldr/graph_file.h>

#include "graph/story.h"
#include "scratch.h"

static const char graph_text[] =
	"{\"graph\": \"g\", \"channels\": {\"n\": \"add\", \"log\": \"append\", \"last\": \"last\"},"
	" \"nodes\": {\"plan\": {\"process\": [\"python3\", \"nodes.py\"], \"cwd\": \"/srv\","
	"                      \"class\": \"keyed\", \"timeout_ms\": 500, \"reads\": [\"n\"],"
	"                      \"writes\": [\"n\", \"log\", \"last\"], \"sends\": [\"work\"],"
	"                      \"gotos\": [\"work\"], \"env\": [\"PYTHONPATH\"], \"children\": 2,"
	"                      \"memory_mb\": 64},"
	"            \"work\": {\"process\": [\"w\"], \"cwd\": \"/srv\", \"reads\": []}},"
	" \"edges\": [[\"__start__\", \"plan\"]]}";

static struct bldr_graph *graph;

static int make(void **state)
{
	struct scratch s;
	struct bldr_error err;
	(void)state;
	scratch_make(&s);
	FILE *f = fopen(scratch_file(&s, "g.json"), "w");
	int rc = f == NULL || fputs(graph_text, f) < 0 || fclose(f) != 0 ? -1 : 0;
	rc = rc == 0 ? bldr_graph_read(s.file, NULL, 0, &graph, &err) : rc;
	scratch_remove(&s);
	return rc;
}

static int drop(void **state)
{
	(void)state;
	bldr_graph_free(graph);
	return 0;
}

/* The pending request of an effect, which the test frees. */
static struct bldr_value *request(const struct teller *t, const char **ret_kind)
{
	const struct intent_record *pending[1];
	assert_int_equal(story_pending(t->run, pending, 1), 1);
	if (ret_kind != NULL) {
		*ret_kind = pending[0]->kind;
	}
	return json(pending[0]->request);
}

static void expect_request(const struct teller *t, const char *expected)
{
	struct bldr_value *is = request(t, NULL), *should = json(expected);
	char *text = bldr_value_text(is);
	if (!bldr_equal(is, should)) {
		fail_msg("%s is not %s", text, expected);
	}
	free(text);
	bldr_unref(is);
	bldr_unref(should);
}

static void expect_view(const struct teller *t, const char *key, const char *expected)
{
	struct bldr_value *is = request(t, NULL), *should = json(expected);
	const struct bldr_value *view = bldr_get(bldr_get(is, "call"), "view");
	char *text = bldr_value_text(is);
	if (!bldr_equal(bldr_get(view, key), should)) {
		fail_msg("%s of %s is not %s", key, text, expected);
	}
	free(text);
	bldr_unref(is);
	bldr_unref(should);
}

static struct teller begin(void)
{
	struct teller t = teller_begin(graph, "{\"n\": 4}");
	teller_skip(&t);
	return t;
}

static int64_t pending_id(const struct teller *t)
{
	const struct intent_record *pending[1];
	assert_int_equal(story_pending(t->run, pending, 1), 1);
	return pending[0]->id;
}

static void answer(struct teller *t, const char *text)
{
	teller_done(t, pending_id(t), text);
}

static void expect_failed(const char *text, int code, const char *error)
{
	struct teller t = begin();
	answer(&t, text);
	assert_int_equal(run_status(t.run), RUN_FAILED);
	assert_string_equal(t.updates[t.n - 1]->error, error);
	assert_int_equal(t.updates[t.n - 1]->code, code);
	teller_free(&t);
}

static void a_call_carries_the_view(void **state)
{
	(void)state;
	struct teller t = begin();
	struct bldr_value *r = request(&t, NULL);
	const struct bldr_value *view = bldr_get(bldr_get(r, "call"), "view");
	char expected[600];
	/* the seed is recorded bits, as a text of digits: JSON numbers have but 53 for most readers */
	const char *seed = bldr_get_text(view, "seed");
	assert_int_equal(strspn(seed, "0123456789"), strlen(seed));
	(void)snprintf(
		expected, sizeof(expected),
		"{\"argv\":[\"python3\",\"nodes.py\"],\"cwd\":\"/srv\",\"env\":[\"PYTHONPATH\"],"
		"\"children\":2,\"memory_mb\":64,\"call\":{\"node\":\"plan\",\"view\":{"
		"\"state\":{\"n\":4},\"input\":null,\"now_ms\":0,\"seed\":\"%s\",\"round\":0,"
		"\"kept\":null,\"results\":null}}}",
		seed);
	expect_request(&t, expected);
	const struct intent_record *pending[1];
	assert_int_equal(story_pending(t.run, pending, 1), 1);
	assert_string_equal(pending[0]->kind, "node");
	assert_int_equal(pending[0]->cls, BLDR_KEYED);
	assert_int_equal(pending[0]->timeout_ms, 500);
	bldr_unref(r);
	teller_free(&t);
}

static void a_patch_writes_sends_and_goes(void **state)
{
	(void)state;
	struct teller t = begin();
	answer(&t,
	       "{\"patch\":{\"set\":{\"n\":2,\"log\":\"x\"},\"replace\":{\"last\":[1]},"
	       "\"send\":[[\"work\",{\"a\":1}]],\"goto\":[\"work\"]}}");
	teller_expect_only(&t, "step",
			   "step 0.1 @1 log+[\"x\"] n+2 last=[1] | 3:work 4:work:0({\"a\":1})\n");
	teller_free(&t);
}

static void a_plan_is_performed_and_told(void **state)
{
	(void)state;
	struct teller t = begin();
	answer(&t,
	       "{\"plan\":[{\"kind\":\"work\",\"args\":{\"work\":\"w\",\"args\":{}},\"class\":\"once\","
	       "\"timeout_ms\":9}],\"keep\":{\"step\":1}}");
	const struct intent_record *pending[1];
	assert_int_equal(story_pending(t.run, pending, 1), 1);
	assert_string_equal(pending[0]->kind, "work");
	assert_int_equal(pending[0]->cls, BLDR_ONCE);
	assert_int_equal(pending[0]->timeout_ms, 9);
	expect_request(&t, "{\"work\":\"w\",\"args\":{}}");
	teller_failed_code(&t, pending[0]->id, BLDR_FAILED, BLDR_E_UNAVAILABLE, "it is away");
	expect_view(&t, "kept", "{\"step\":1}");
	expect_view(&t, "round", "1");
	expect_view(&t, "results",
		    "[{\"status\":\"failed\",\"code\":\"UNAVAILABLE\",\"error\":\"it is away\"}]");
	answer(&t, "{\"plan\":[{\"kind\":\"sleep\",\"args\":{\"ms\":1}}]}");
	expect_request(&t, "{\"ms\":1}");
	answer(&t, "null");
	expect_view(&t, "kept", "null");
	expect_view(&t, "round", "2");
	expect_view(&t, "results", "[{\"status\":\"done\",\"value\":null}]");
	answer(&t, "{\"patch\":{}}");
	assert_int_equal(run_status(t.run), RUN_DONE);
	teller_free(&t);
}

static void again_is_another_call(void **state)
{
	(void)state;
	struct teller t = begin();
	answer(&t, "{\"again\":{\"page\":2}}");
	expect_view(&t, "kept", "{\"page\":2}");
	expect_view(&t, "round", "1");
	expect_view(&t, "results", "null");
	answer(&t, "{\"again\":null}");
	expect_view(&t, "kept", "null");
	expect_view(&t, "round", "2");
	answer(&t, "{\"patch\":{\"set\":{\"n\":1}}}");
	assert_int_equal(run_status(t.run), RUN_DONE);
	teller_free(&t);
}

static void what_it_is_waiting_for_survives_a_restart(void **state)
{
	(void)state;
	struct teller t = begin();
	answer(&t, "{\"plan\":[{\"kind\":\"sleep\",\"args\":{\"ms\":1}}],\"keep\":5}");
	answer(&t, "null");
	for (size_t n = 1; n <= t.n; n++) {
		struct teller again = teller_resume(&t, n);
		while (run_status(again.run) == RUN_RUNNING) {
			const char *kind;
			struct bldr_value *r = request(&again, &kind);
			const struct bldr_value *view = bldr_get(bldr_get(r, "call"), "view");
			bool first = bldr_get_int(view, "round", 0) == 0;
			answer(&again,
			       strcmp(kind, "sleep") == 0 ? "null"
				       : first ? "{\"plan\":[{\"kind\":\"sleep\",\"args\":"
						 "{\"ms\":1}}],\"keep\":5}"
					       : "{\"patch\":{\"set\":{\"n\":1}}}");
			bldr_unref(r);
		}
		char *is = story_state(again.run);
		assert_string_equal(is, "{\"n\":5}");
		free(is);
		teller_free(&again);
	}
	teller_free(&t);
}

static void a_failed_call_fails_the_task_with_its_code(void **state)
{
	(void)state;
	struct teller t = begin();
	teller_failed_code(&t, pending_id(&t), BLDR_FAILED, BLDR_E_UNAVAILABLE, "it crashed");
	assert_int_equal(run_status(t.run), RUN_FAILED);
	assert_int_equal(t.updates[t.n - 1]->code, BLDR_E_UNAVAILABLE);
	teller_free(&t);
	expect_failed("{\"patch\":{\"fail\":\"no such order\"}}", BLDR_E_FAILED,
		      "node \"plan\": no such order");
}

static void a_wrong_answer_is_refused_with_its_place(void **state)
{
	(void)state;
#define WRONG "node \"plan\": its program's answer is wrong: "
#define SORT "node \"plan\": its program's answer has one of patch, plan and again, not "
	expect_failed("{\"patch\":{\"send\":[[3,1]]}}", BLDR_E_INVALID,
		      WRONG "\"/patch/send/0/0\": expected text, found integer 3");
	expect_failed("{\"plan\":[]}", BLDR_E_INVALID,
		      WRONG "\"/plan\": expected at least 1 item, found list of 0 items");
	expect_failed("{\"patch\":{},\"keep\":1}", BLDR_E_INVALID,
		      WRONG "\"/plan\": missing, \"keep\" requires it");
	expect_failed("[1]", BLDR_E_INVALID, SORT "0 of them");
	expect_failed("{}", BLDR_E_INVALID, SORT "0 of them");
	expect_failed("{\"emit\":[\"custom\",1]}", BLDR_E_INVALID, SORT "0 of them");
	expect_failed("{\"patch\":{},\"again\":1}", BLDR_E_INVALID, SORT "2 of them");
	expect_failed("{\"patch\":{\"set\":{\"x\":1}}}", BLDR_E_INVALID,
		      "node \"plan\": it writes channel \"x\", which is not among its declared "
		      "writes");
	expect_failed("{\"patch\":{\"set\":{\"n\":\"x\"}}}", BLDR_E_INVALID,
		      "node \"plan\": channel \"n\" adds integers and was given a text");
	expect_failed("{\"patch\":{\"goto\":[\"plan\"]}}", BLDR_E_INVALID,
		      "node \"plan\": it goes to \"plan\", which is not among its declared gotos");
	expect_failed("{\"patch\":{\"parent\":true}}", BLDR_E_INVALID,
		      "node \"plan\": it speaks to the parent of a graph that runs in no other");
	expect_failed("{\"plan\":[{\"kind\":\"Work\"}]}", BLDR_E_INVALID,
		      "node \"plan\": effect kind \"Work\" is no name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_carries_the_view),
		cmocka_unit_test(a_patch_writes_sends_and_goes),
		cmocka_unit_test(a_plan_is_performed_and_told),
		cmocka_unit_test(again_is_another_call),
		cmocka_unit_test(what_it_is_waiting_for_survives_a_restart),
		cmocka_unit_test(a_failed_call_fails_the_task_with_its_code),
		cmocka_unit_test(a_wrong_answer_is_refused_with_its_place),
	};
	return cmocka_run_group_tests_name("graphfile/process_node", tests, make, drop);
}
