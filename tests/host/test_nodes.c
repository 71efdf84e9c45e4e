/*
 * A graph from a file whose nodes are played by a child - in simulation by the work "node" - crashed at every effect and every
 * commit: resumed, it ends as if nothing had happened, and at most the call that was under way is made again.
 */
#include <bldr/graph_file.h>

#include "host/host_test.h"

static const char text[] =
	"{\"graph\": \"nodes\", \"channels\": {\"items\": \"last\", \"total\": \"add\", \"log\": "
	"\"append\"},"
	" \"nodes\": {"
	"   \"list\": {\"process\": [\"p\"], \"writes\": [\"items\", \"log\"]},"
	"   \"work\": {\"process\": [\"p\"], \"class\": \"keyed\", \"writes\": [\"total\"], \"reads\": []},"
	"   \"sum\": {\"process\": [\"p\"], \"reads\": [\"total\"], \"writes\": [\"log\"]}},"
	" \"edges\": [[\"__start__\", \"list\"], [\"work\", \"sum\"]],"
	" \"routes\": [{\"from\": \"list\", \"cases\": [{\"channel\": \"items\", \"each\": \"work\"}]}]}";

/* By hand: 2 + 3 + 5, each said once. */
#define END "{\"items\":[2,3,5],\"log\":[\"page 1\",\"total 10\"],\"total\":10}"

static struct bldr_value *json(const char *source)
{
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };

	ok(bldr_value_parse(source, strlen(source), &v, &err));
	return v;
}

/* list waits, asks for a second page, then answers; work adds its input; sum says the total. */
static int play(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *call = bldr_get(w->args, "call");
	const struct bldr_value *view = bldr_get(call, "view");
	const char *node = bldr_get_text(call, "node");
	int64_t round = bldr_get_int(view, "round", -1);
	unsigned *calls = w->context;
	char answer[200];

	(void)err;
	++*calls;
	if (strcmp(node, "list") == 0 && round == 0) {
		(void)snprintf(answer, sizeof(answer),
			       "{\"plan\":[{\"kind\":\"sleep\",\"args\":{\"ms\":5}}],\"keep\":1}");
	} else if (strcmp(node, "list") == 0 && round == 1) {
		(void)snprintf(answer, sizeof(answer), "{\"again\":{\"page\":%d,\"results\":%zu}}",
			       (int)bldr_as_int(bldr_get(view, "kept"), -1),
			       bldr_count(bldr_get(view, "results")));
	} else if (strcmp(node, "list") == 0) {
		const struct bldr_value *kept = bldr_get(view, "kept");

		assert_int_equal(bldr_get_int(kept, "results", -1), 1);
		(void)snprintf(answer, sizeof(answer),
			       "{\"patch\":{\"set\":{\"items\":[2,3,5],\"log\":\"page %d\"}}}",
			       (int)bldr_get_int(kept, "page", -1));
	} else if (strcmp(node, "work") == 0) {
		(void)snprintf(answer, sizeof(answer), "{\"patch\":{\"set\":{\"total\":%d}}}",
			       (int)bldr_get_int(view, "input", -1));
	} else {
		(void)snprintf(answer, sizeof(answer),
			       "{\"patch\":{\"set\":{\"log\":\"total %d\"}}}",
			       (int)bldr_get_int(bldr_get(view, "state"), "total", -1));
	}
	*ret = json(answer);
	return 0;
}

static struct bldr_graph *read_graph(struct fixture *f)
{
	struct bldr_graph *g = NULL;
	struct bldr_error err = { 0 };
	FILE *file = fopen(scratch_file(&f->dir, "nodes.json"), "w");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0 && fclose(file) == 0, 1);
	ok(bldr_graph_read(f->dir.file, NULL, 0, &g, &err));
	return g;
}

/* Starts the thread, or resumes it when the journal has it; returns what the loop returned. */
static int go(struct fixture *f, const struct bldr_graph *g, const struct bldr_fault *fault,
	      unsigned *calls)
{
	struct bldr_engine *e =
		open_engine(f,
			    (struct bldr_engine_options){
				    .simulate = true, .faults = fault, .n_faults = fault != NULL });
	struct bldr_error err = { 0 };
	struct bldr_thread t;
	int rc;

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &(struct bldr_work_type){ "node", play, calls, 3 });
	if (bldr_thread_info(e, "t", &t, &err) == BLDR_E_NOT_FOUND) {
		ok(bldr_thread_start(e, "nodes", "t", NULL, &err));
	} else if (t.status != BLDR_THREAD_DONE) {
		ok(bldr_thread_resume(e, "t", &err));
	}
	rc = bldr_engine_run(e, &err);
	if (rc == 0) {
		assert_state(e, "t", END);
	}
	bldr_engine_close(e);
	return rc;
}

static void a_crash_anywhere_changes_nothing(void **state)
{
	static const enum bldr_fault_kind kinds[] = { BLDR_FAULT_CRASH_BEFORE,
						      BLDR_FAULT_CRASH_AFTER };
	struct fixture *f = *state;
	struct bldr_graph *g = read_graph(f);
	unsigned plain = 0;
	unsigned crashes = 0;

	assert_int_equal(go(f, g, NULL, &plain), 0);
	assert_int_equal(plain, 3 + 3 + 1); /* calls of list, work, sum */
	assert_int_equal(unlink(f->db), 0);
	for (unsigned i = 0; i < 4; i++) {
		struct bldr_fault fault = { .at = i % 2 ? BLDR_AT_EFFECT : BLDR_AT_COMMIT,
					    .what = kinds[i / 2] };

		for (fault.nth = 1;; fault.nth++) {
			unsigned calls = 0;

			if (go(f, g, &fault, &calls) == 0) {
				assert_int_equal(unlink(f->db), 0);
				break; /* there are not so many */
			}
			crashes++;
			assert_int_equal(go(f, g, NULL, &calls), 0);
			/* what was under way: of the fan-out's three calls at most all */
			assert_in_range(calls, plain, plain + 3);
			assert_int_equal(unlink(f->db), 0);
		}
	}
	assert_in_range(crashes, 4 * 7, 1000);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_crash_anywhere_changes_nothing, setup, teardown),
	};

	return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
