/*
 * The main graph in virtual time: the whole run over jaffle_shop with the real work functions, and the
 * supervisor's decisions with scripted ones. The traces in tests/golden/agents were read line by line
 * against the graph and the declared durations when they were taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agents/agents.h"
#include "base/file.h"
#include "scratch.h"

enum { GOLDEN_MAX = 1 << 20 };

struct world {
	struct scratch scratch;
	struct agents *agents;
	struct bldr_engine *engine;
	struct agents_context context;
	char *trace;
	size_t trace_size;
	FILE *out;
};

static void world_make(struct world *w)
{
	struct bldr_engine_options options = { .simulate = true };
	struct bldr_error err;

	scratch_make(&w->scratch);
	w->context.output = w->scratch.path;
	w->out = open_memstream(&w->trace, &w->trace_size);
	options.trace = w->out;
	options.journal = scratch_file(&w->scratch, "bldr.db");
	assert_int_equal(agents_new(&w->agents, &err), 0);
	assert_int_equal(bldr_engine_open(&options, &w->engine, &err), 0);
	assert_int_equal(agents_register(w->agents, w->engine, &w->context, &err), 0);
}

static void world_run(struct world *w, const char *source_dir, int64_t rounds_max)
{
	const struct agents_job job = {
		.run = "run", .source_dir = source_dir, .rounds_max = rounds_max, .knowledge = true
	};
	struct bldr_value *input = agents_input(&job);
	struct bldr_error err = { 0 };

	assert_int_equal(file_mkdirs(scratch_file(&w->scratch, "run/artefacts/profiles"), &err), 0);
	assert_int_equal(bldr_thread_start(w->engine, "main", "run", input, &err), 0);
	if (bldr_engine_run(w->engine, &err) < 0) {
		fail_msg("%s", err.text);
	}
	bldr_unref(input);
	fflush(w->out);
}

static void world_release(struct world *w)
{
	bldr_engine_close(w->engine);
	agents_free(w->agents);
	fclose(w->out);
	free(w->trace);
	scratch_remove(&w->scratch);
}

static char *golden(const char *name)
{
	char path[4096];
	char *text;
	size_t size;
	struct bldr_error err;

	snprintf(path, sizeof(path), "%s/tests/golden/agents/%s", getenv("BLDR_ROOT"), name);
	if (file_read(path, GOLDEN_MAX, &text, &size, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return text;
}

/* What differs is left beside the build, to be read and taken. */
static void same_trace(const char *name, const char *found, const char *expected)
{
	char path[4096];
	struct bldr_error err;

	snprintf(path, sizeof(path), "%s/%s", getenv("BLDR_BUILD"), name);
	if (strcmp(found, expected) != 0 && file_write(path, found, strlen(found), &err) == 0) {
		fail_msg("%s is another now: see %s", name, path);
	}
	assert_string_equal(found, expected);
}

static void test_whole_run_in_virtual_time(void **state)
{
	struct world w;
	char source_dir[4096];
	char *expected = golden("jaffle_shop.trace");

	(void)state;
	snprintf(source_dir, sizeof(source_dir), "%s/data/jaffle_shop", getenv("BLDR_ROOT"));
	world_make(&w);
	world_run(&w, source_dir, 3);
	same_trace("jaffle_shop.trace", w.trace, expected);
	world_release(&w);
	free(expected);
}

static void test_drawing_is_the_graph_that_runs(void **state)
{
	struct agents *agents;
	struct bldr_error err;
	char *expected = golden("main.mmd");
	char *drawn;

	(void)state;
	assert_int_equal(agents_new(&agents, &err), 0);
	drawn = bldr_graph_mermaid(agents_graph(agents));
	assert_string_equal(drawn, expected);
	free(drawn);
	free(expected);
	agents_free(agents);
}

/* ---- scripted agents: every work function answers at once, the tester as the script says ---- */

static const char *const *script; /* findings per round, the last one repeats */
static int checked;
static bool unchanged;

static int scripted_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const char *text = "{\"ref\": {}}";

	if (strcmp(w->name, "analyst.discover") == 0) {
		text = "{\"ref\": {}, \"tables\": [\"t\"]}";
	} else if (strcmp(w->name, "tester.check") == 0) {
		text = script[checked];
		checked += script[checked + 1] != NULL;
	} else if (unchanged && strcmp(w->name, "analyst.map") == 0 &&
		   bldr_get_int(w->args, "rounds", 0) > 1) {
		text = "{\"ref\": {}, \"unchanged\": true}";
	}
	return bldr_value_parse(text, strlen(text), ret, err);
}

/* The agents in the order they were entered, as "analyst.design tester.contract ...". */
static void decisions_of(const char *const *findings, int64_t rounds_max, char *ret, size_t size)
{
	struct world w;
	struct bldr_value *state;
	struct bldr_error err;
	const struct bldr_value *decisions;
	const struct bldr_work_type *types;
	size_t n;

	script = findings;
	checked = 0;
	world_make(&w);
	types = agents_work(&n);
	for (size_t i = 0; i < n; i++) {
		struct bldr_work_type type = types[i];

		type.fn = scripted_work;
		bldr_engine_add_work(w.engine, &type);
	}
	world_run(&w, "/nowhere", rounds_max);
	assert_int_equal(bldr_thread_state(w.engine, "run", &state, &err), 0);
	decisions = bldr_get(state, "decisions");
	ret[0] = '\0';
	for (size_t i = 0; i < bldr_count(decisions); i++) {
		size_t used = strlen(ret);

		snprintf(ret + used, size - used, "%s%s", i > 0 ? " " : "",
			 bldr_get_text(bldr_at(decisions, i), "next"));
	}
	bldr_unref(state);
	world_release(&w);
}

#define VALIDATED "{\"ref\": {}, \"verdict\": \"validated\", \"repairs\": []}"
#define REPAIRABLE \
	"{\"ref\": {}, \"verdict\": \"findings\", \"repairs\": [{\"repair\": \"date_order\"}]}"
#define BLAMES(...) "{\"ref\": {}, \"verdict\": \"findings\", \"repairs\": [" __VA_ARGS__ "]}"
#define KEY(column) "{\"repair\": \"key\", \"table\": \"t\", \"columns\": [\"" column "\"]}"
#define COLUMN(column) \
	"{\"repair\": \"source_column\", \"table\": \"fact\", \"column\": \"" column "\"}"
#define RELOAD "{\"repair\": \"reload\"}"
#define HOPELESS "{\"ref\": {}, \"verdict\": \"findings\", \"repairs\": []}"
#define BEGINNING "analyst.design tester.contract analyst.map developer.build tester.check"
#define ROUND " analyst.map developer.build tester.check"
#define AGAIN " developer.build tester.check"
#define REDESIGN " analyst.design tester.contract" ROUND
#define ENDING " evaluator __end__"

static void test_supervisor_decides(void **state)
{
	static const struct {
		const char *name;
		const char *findings[4];
		const char *expected;
		int64_t rounds_max; /* 0: 3 */
		bool unchanged;     /* the second mapping is the first */
	} cases[] = {
		{ "right at first", { VALIDATED }, BEGINNING ENDING },
		{ "one round at most", { REPAIRABLE }, BEGINNING ENDING, 1 },
		{ "five rounds at most",
		  { REPAIRABLE },
		  BEGINNING ROUND ROUND ROUND ROUND ENDING,
		  5 },
		{ "one repair", { REPAIRABLE, VALIDATED }, BEGINNING ROUND ENDING },
		{ "two repairs",
		  { REPAIRABLE, REPAIRABLE, VALIDATED },
		  BEGINNING ROUND ROUND ENDING },
		{ "never right: three rounds at most",
		  { REPAIRABLE },
		  BEGINNING ROUND ROUND ENDING },
		{ "nobody can repair it", { HOPELESS }, BEGINNING ENDING },
		{ "a key that is none", { BLAMES(KEY("a")), VALIDATED }, BEGINNING REDESIGN ENDING },
		{ "one key after the other",
		  { BLAMES(KEY("a")), BLAMES(KEY("b")), VALIDATED },
		  BEGINNING REDESIGN REDESIGN ENDING },
		{ "the same key again", { BLAMES(KEY("a")) }, BEGINNING REDESIGN ENDING },
		{ "a load", { BLAMES(RELOAD), VALIDATED }, BEGINNING AGAIN ENDING },
		{ "a load that is wrong again", { BLAMES(RELOAD) }, BEGINNING AGAIN ENDING },
		{ "no round is left for the load", { BLAMES(RELOAD) }, BEGINNING ENDING, 1 },
		{ "a column", { BLAMES(COLUMN("a")), VALIDATED }, BEGINNING ROUND ENDING },
		{ "the same column again", { BLAMES(COLUMN("a")) }, BEGINNING ROUND ENDING },
		{ "a column, then another with it",
		  { BLAMES(COLUMN("a")), BLAMES(COLUMN("a") ", " COLUMN("b")), VALIDATED },
		  BEGINNING ROUND ROUND ENDING },
		{ "a mapping before the load",
		  { BLAMES(COLUMN("a") ", " RELOAD), BLAMES(COLUMN("a") ", " RELOAD), VALIDATED },
		  BEGINNING ROUND AGAIN ENDING },
		{ "a design before all",
		  { BLAMES(RELOAD ", " COLUMN("a") ", " KEY("a")), VALIDATED },
		  BEGINNING REDESIGN ENDING },
		{ "a mapper that has nothing else to choose",
		  { REPAIRABLE },
		  BEGINNING " analyst.map" ENDING,
		  3,
		  true },
		{ "a repair that leaves what nobody can repair",
		  { REPAIRABLE, HOPELESS },
		  BEGINNING ROUND ENDING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char found[1024];

		unchanged = cases[i].unchanged;
		decisions_of(cases[i].findings, cases[i].rounds_max > 0 ? cases[i].rounds_max : 3,
			     found, sizeof(found));
		if (strcmp(found, cases[i].expected) != 0) {
			fail_msg("%s:\n%s, expected\n%s", cases[i].name, found, cases[i].expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_run_in_virtual_time),
		cmocka_unit_test(test_drawing_is_the_graph_that_runs),
		cmocka_unit_test(test_supervisor_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
