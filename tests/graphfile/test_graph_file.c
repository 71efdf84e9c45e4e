/* What a graph file says is the graph that the same calls would build; what is wrong in one is told with its place. */
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

/* Writes its config, an object of channels. */
static void write_config(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	const struct bldr_value *config = v->config;
	(void)results;
	(void)n;
	for (void *it = bldr_first(config); it != NULL; it = bldr_next(config, it)) {
		bldr_patch_set(p, bldr_key(it), bldr_copy(bldr_item(it)));
	}
}

/* Writes its input to channel "seen". */
static void write_input(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			struct bldr_patch *p)
{
	(void)results;
	(void)n;
	bldr_patch_set(p, "seen", bldr_ref(v->input));
}

static const struct bldr_node registered[] = {
	{ .name = "set", .absorb = write_config },
	{ .name = "take", .absorb = write_input },
};

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fputs(text, f) >= 0 && fclose(f) == 0, 1);
}

static int read_text(struct scratch *s, const char *text, struct bldr_graph **ret,
		     struct bldr_error *err)
{
	put(scratch_file(s, "g.json"), text);
	return bldr_graph_read(s->file, registered, 2, ret, err);
}

static struct bldr_graph *graph_of(struct scratch *s, const char *text)
{
	struct bldr_graph *g = NULL;
	struct bldr_error err;
	if (read_text(s, text, &g, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return g;
}

static void add_child(struct bldr_graph *g)
{
	bldr_graph_channel(g, "total", BLDR_ADD);
	bldr_graph_node(g, &(struct bldr_node){ .name = "inner", .writes = NAMES("total") });
	bldr_graph_edge(g, BLDR_START, "inner");
}

static void route(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	(void)r;
}

static void a_file_is_the_graph_of_the_same_calls(void **state)
{
	(void)state;
	struct scratch s;
	scratch_make(&s);
	put(scratch_file(&s, "child.json"),
	    "{\"graph\": \"child\", \"version\": 3, \"channels\": {\"total\": \"add\"},\n"
	    " \"nodes\": {\"inner\": {\"use\": \"set\", \"writes\": [\"total\"]}},\n"
	    " \"edges\": [[\"__start__\", \"inner\"]]}");
	struct bldr_graph *read = graph_of(
		&s,
		"// comments are fine\n"
		"{\"graph\": \"review\", \"version\": 2,\n"
		" \"channels\": {\"messages\": \"messages\", \"total\": {\"reducer\": \"add\"},\n"
		"   \"ready\": {\"reducer\": \"barrier\", \"names\": [\"a\", \"b\"]}, \"log\": \"append\",\n"
		"   \"scratch\": {\"reducer\": \"last\", \"untracked\": true}, \"e\": \"ephemeral\", \"m\": "
		"\"merge\"},\n"
		" \"input\": [\"messages\"], \"output\": [\"total\", \"log\"],\n"
		" \"nodes\": {\n"
		"   \"fetch\": {\"use\": \"set\", \"reads\": [\"messages\"], \"writes\": [\"log\"],\n"
		"             \"on_error\": \"cleanup\", \"task_timeout_ms\": 70},\n"
		"   \"plan\": {\"process\": [\"python3\", \"nodes.py\"], \"writes\": [\"messages\"],\n"
		"            \"sends\": [\"fetch\"], \"gotos\": [\"last\", \"__end__\"], \"class\": \"keyed\"},\n"
		"   \"cleanup\": {\"use\": \"set\", \"writes\": [\"log\"]},\n"
		"   \"sub\": {\"graph\": \"child.json\", \"out\": [\"total\"]},\n"
		"   \"last\": {\"use\": \"set\", \"deferred\": true}},\n"
		" \"edges\": [[\"__start__\", \"plan\"], [[\"fetch\", \"sub\"], \"last\"], [\"plan\", \"sub\"]],\n"
		" \"routes\": [{\"from\": \"plan\", \"cases\": [{\"channel\": \"total\", \"equals\": 1, \"to\": "
		"\"fetch\"}],\n"
		"            \"else\": \"__end__\"}],\n"
		" \"interrupt\": {\"before\": [\"fetch\"]}, \"recursion_limit\": 50, \"step_timeout_ms\": 9,\n"
		" \"policies\": [{\"kind\": \"node\", \"concurrency\": 2}]}");

	struct bldr_graph *child = bldr_graph_new("child", 3);
	add_child(child);
	child = compiled(child);
	struct bldr_graph *g = bldr_graph_new("review", 2);
	bldr_graph_channel(g, "messages", BLDR_MESSAGES);
	bldr_graph_channel(g, "total", BLDR_ADD);
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){ .name = "ready",
						       .reducer = BLDR_BARRIER,
						       .names = NAMES("a", "b") });
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_add_channel(g, &(struct bldr_channel){ .name = "scratch", .untracked = true });
	bldr_graph_channel(g, "e", BLDR_EPHEMERAL);
	bldr_graph_channel(g, "m", BLDR_MERGE);
	bldr_graph_input(g, NAMES("messages"));
	bldr_graph_output(g, NAMES("total", "log"));
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "fetch",
					     .reads = NAMES("messages"),
					     .writes = NAMES("log"),
					     .on_error = "cleanup",
					     .timeout_ms = 70 });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "plan",
					     .writes = NAMES("messages"),
					     .sends = NAMES("fetch"),
					     .gotos = NAMES("last", BLDR_END) });
	bldr_graph_node(g, &(struct bldr_node){ .name = "cleanup", .writes = NAMES("log") });
	bldr_graph_node(g, &(struct bldr_node){ .name = "last", .deferred = true });
	bldr_graph_subgraph(g, "sub", child, NULL, NAMES("total"));
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, "plan", "sub");
	bldr_graph_join(g, NAMES("fetch", "sub"), "last");
	bldr_graph_route(g, "plan", route, NAMES("fetch", BLDR_END));
	g = compiled(g);

	struct bldr_value *is = bldr_graph_structure(read), *should = bldr_graph_structure(g);
	char *is_text = bldr_value_pretty(is), *should_text = bldr_value_pretty(should);
	assert_string_equal(is_text, should_text);
	assert_string_equal(bldr_graph_hash(read), bldr_graph_hash(g));
	free(is_text);
	free(should_text);
	bldr_unref(is);
	bldr_unref(should);
	bldr_graph_free(g);
	bldr_graph_free(child);
	bldr_graph_free(read);
	scratch_remove(&s);
}

/* The state at the end of a run without effects. */
static void expect_state(const char *text, const char *input, const char *expected)
{
	struct scratch s;
	scratch_make(&s);
	struct bldr_graph *g = graph_of(&s, text);
	struct teller t = teller_begin(g, input);
	assert_int_equal(run_status(t.run), RUN_DONE);
	char *is = story_state(t.run);
	assert_string_equal(is, expected);
	free(is);
	teller_free(&t);
	bldr_graph_free(g);
	scratch_remove(&s);
}

static void routes_follow_the_first_case_that_holds(void **state)
{
	(void)state;
	static const char text[] =
		"{\"graph\": \"g\", \"channels\": {\"n\": \"add\", \"mode\": \"last\", \"log\": \"append\"},"
		" \"nodes\": {\"more\": {\"use\": \"set\", \"config\": {\"n\": 1, \"log\": \"more\"},"
		"                      \"writes\": [\"n\", \"log\"]},"
		"            \"done\": {\"use\": \"set\", \"config\": {\"log\": \"done\"}, \"writes\": [\"log\"]},"
		"            \"quick\": {\"use\": \"set\", \"config\": {\"log\": \"quick\"}, \"writes\": [\"log\"]}},"
		" \"routes\": [{\"from\": \"__start__\", \"cases\": ["
		"    {\"channel\": \"mode\", \"equals\": \"both\", \"to\": [\"quick\", \"more\"]},"
		"    {\"channel\": \"mode\", \"exists\": true, \"to\": \"quick\"}], \"else\": \"more\"},"
		"  {\"from\": \"more\", \"cases\": [{\"channel\": \"n\", \"at_least\": 3, \"to\": \"done\"}],"
		"   \"else\": \"more\"},"
		"  {\"from\": \"quick\", \"cases\": [{\"channel\": \"mode\", \"equals\": null, \"to\": \"more\"}]}]}";

	expect_state(text, "{}", "{\"log\":[\"more\",\"more\",\"more\",\"done\"],\"n\":3}");
	expect_state(text, "{\"mode\": \"x\"}", "{\"log\":[\"quick\"],\"mode\":\"x\"}");
	expect_state(text, "{\"mode\": \"both\", \"n\": 2}",
		     "{\"log\":[\"more\",\"quick\",\"done\"],\"mode\":\"both\",\"n\":3}");
	expect_state(text, "{\"mode\": null, \"n\": 7}",
		     "{\"log\":[\"quick\",\"more\",\"done\"],\"mode\":null,\"n\":8}");
}

static void each_item_is_sent(void **state)
{
	(void)state;
	static const char text[] =
		"{\"graph\": \"g\", \"channels\": {\"items\": \"last\", \"seen\": \"append\"},"
		" \"nodes\": {\"work\": {\"use\": \"take\", \"writes\": [\"seen\"]},"
		"            \"none\": {\"use\": \"set\", \"config\": {\"seen\": \"none\"}, \"writes\": [\"seen\"]}},"
		" \"routes\": [{\"from\": \"__start__\", \"cases\": [{\"channel\": \"items\", \"each\": \"work\"}],"
		"             \"else\": \"none\"}]}";

	expect_state(text, "{\"items\": [3, {\"a\": 1}, \"x\"]}",
		     "{\"items\":[3,{\"a\":1},\"x\"],\"seen\":[3,{\"a\":1},\"x\"]}");
	expect_state(text, "{\"items\": []}", "{\"items\":[],\"seen\":[\"none\"]}");
	expect_state(text, "{\"items\": 5}", "{\"items\":5,\"seen\":[\"none\"]}");
	expect_state(text, "{}", "{\"seen\":[\"none\"]}");
}

/* error: behind the file's path. */
static void expect_wrong(struct scratch *s, int code, const char *text, const char *error)
{
	struct bldr_graph *g = NULL;
	struct bldr_error err = { 0 };
	char expected[BLDR_ERROR_TEXT_MAX];
	assert_int_equal(read_text(s, text, &g, &err), code);
	assert_null(g);
	(void)snprintf(expected, sizeof(expected), "%s/g.json%s", s->path, error);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.code, code);
	assert_int_equal(read_text(s, text, &g, NULL), code);
}

#define NODES "\"nodes\": {\"a\": {\"use\": \"set\"}}"
#define EDGES "\"edges\": [[\"__start__\", \"a\"]]"

static void what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	struct scratch s;
	scratch_make(&s);
	expect_wrong(&s, BLDR_E_INVALID, "{\"graph\": \"g\",\n \"nodes\": {]}",
		     ": line 2, column 12: string or '}' expected near ']'");
	expect_wrong(&s, BLDR_E_INVALID, "[]", ":1: \"/\": expected object, found list of 0 items");
	expect_wrong(&s, BLDR_E_INVALID, "{\"graph\": \"g\"}", ":1: \"/nodes\": missing");
	expect_wrong(
		&s, BLDR_E_INVALID, "{\"graph\": \"G\", " NODES "}",
		":1: \"/graph\": expected text that matches \"^[a-z0-9_.-]{1,64}$\", found text "
		"\"G\"");
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\",\n" NODES ",\n \"edge\": [[\"__start__\", \"a\"]]}",
		     ":3: \"/edge\": unknown key, did you mean \"edges\"?");
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\",\n\"channels\": {\n\"n\": \"sum\"},\n" NODES "}",
		     ":3: \"/channels/n\": expected one of \"last\", \"append\", \"merge\", "
		     "\"add\", \"messages\", \"ephemeral\", \"barrier\", found text \"sum\"");
	expect_wrong(
		&s, BLDR_E_INVALID, "{\"graph\": \"g\",\n \"nodes\": {\n\"a\": {}},\n" EDGES "}",
		":3: \"/nodes/a\": a node has one of use, process and graph: say what plays it");
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\",\n \"nodes\": {\"a\": {\"use\": \"set\",\n\"class\": "
		     "\"once\"}},\n" EDGES "}",
		     ":3: \"/nodes/a/class\": a node with \"use\" has no \"class\"");
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\",\n \"nodes\": {\n\"a\": {\"use\": \"sets\"}},\n" EDGES "}",
		     ":3: \"/nodes/a/use\": no node \"sets\" is registered; did you mean \"set\"?");
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\", " NODES
		     ",\n \"edges\": [[\"__start__\", \"a\"],\n [\"a\", 3]]}",
		     ":2: \"/edges/1/1\": expected text, found integer 3");
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\", " NODES ",\n \"edges\": [[\"__start__\", \"b\"]]}",
		     ": graph \"g\": the edge from \"__start__\" ends at \"b\", which is no node of "
		     "the graph");
	expect_wrong(
		&s, BLDR_E_INVALID,
		"{\"graph\": \"g\", " NODES ", " EDGES ",\n"
		"\"routes\": [{\"from\": \"a\", \"cases\": [{\"channel\": \"n\", \"equals\": 1, "
		"\"to\": \"a\"}]}]}",
		":2: \"/routes/0/cases/0\": \"n\" is no channel of the graph; declare it in "
		"\"channels\"");
	expect_wrong(
		&s, BLDR_E_INVALID,
		"{\"graph\": \"g\", \"channels\": {\"n\": \"add\"}, " NODES ", " EDGES ",\n"
		"\"routes\": [{\"from\": \"a\", \"cases\": [{\"channel\": \"n\", \"equals\": 1, "
		"\"exists\": true, \"to\": \"a\"}]}]}",
		":2: \"/routes/0/cases/0\": a case has one of equals, exists, at_least and each, "
		"not 2 of them");
	expect_wrong(
		&s, BLDR_E_INVALID,
		"{\"graph\": \"g\", \"channels\": {\"n\": \"add\"}, " NODES ", " EDGES ",\n"
		"\"routes\": [{\"from\": \"a\", \"cases\": [{\"channel\": \"n\", \"equals\": 1}]}]}",
		":2: \"/routes/0/cases/0\": a case says where it goes: \"to\", or for each item "
		"\"each\"");
	expect_wrong(
		&s, BLDR_E_INVALID,
		"{\"graph\": \"g\", " NODES ", " EDGES ",\n"
		"\"policies\": [{\"kind\": \"node\", \"rate_count\": 3}]}",
		": graph \"g\": the policy for \"node\" has half a rate: rate_count and rate_ms go "
		"together");
	scratch_remove(&s);
}

static void what_is_wrong_in_an_inline_graph_is_told_with_its_place(void **state)
{
	(void)state;
	struct scratch s;
	scratch_make(&s);
	expect_wrong(&s, BLDR_E_INVALID,
		     "{\"graph\": \"g\", \"nodes\": {\"a\": {\"graph\":\n"
		     "  {\"graph\": \"in\", \"nodes\": {\n"
		     "    \"b\": {\"use\": \"nothing\"}}}}},\n" EDGES "}",
		     ":3: \"/nodes/a/graph/nodes/b/use\": no node \"nothing\" is registered");
	expect_wrong(
		&s, BLDR_E_INVALID,
		"{\"graph\": \"g\", \"nodes\": {\"a\": {\"graph\":\n"
		"  {\"graph\": \"in\", \"nodes\": {\"b\": {\"use\": \"set\"}},\n"
		"    \"routes\": [{\"from\": \"b\", \"cases\": [{\"channel\": \"n\", \"equals\": 1, "
		"\"to\": \"b\"}]}]}}},\n" EDGES "}",
		":3: \"/nodes/a/graph/routes/0/cases/0\": \"n\" is no channel of the graph; "
		"declare it in \"channels\"");
	scratch_remove(&s);
}

static void files_are_bounded(void **state)
{
	(void)state;
	struct scratch s;
	struct bldr_graph *g = NULL;
	struct bldr_error err;
	scratch_make(&s);
	assert_int_equal(bldr_graph_read(scratch_file(&s, "none.json"), NULL, 0, &g, &err),
			 BLDR_E_NOT_FOUND);

	char *large = malloc((1 << 20) + 2);
	assert_non_null(large);
	memset(large, ' ', (1 << 20) + 1);
	large[(1 << 20) + 1] = '\0';
	assert_int_equal(read_text(&s, large, &g, &err), BLDR_E_LIMIT);
	static const char small[] = "{\"graph\": \"g\", " NODES ", " EDGES "}";
	memcpy(large, small, strlen(small));
	large[1 << 20] = '\0'; /* blanks behind: exactly as much as may be */
	bldr_graph_free(graph_of(&s, large));
	free(large);

	assert_int_equal(read_text(&s,
				   "{\"graph\": \"g\", \"nodes\": {\"a\": {\"graph\": \"g.json\"}},"
				   " " EDGES "}",
				   &g, &err),
			 BLDR_E_LIMIT);
	assert_non_null(strstr(err.text, "nested more than 16 deep; does it hold itself?"));
	assert_int_equal(
		read_text(&s,
			  "{\"graph\": \"g\", \"nodes\": {\"a\": {\"graph\": \"other.json\"}},"
			  " " EDGES "}",
			  &g, &err),
		BLDR_E_INVALID);
	assert_non_null(strstr(err.text, ":1: \"/nodes/a/graph\": there is no file \"/"));
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_the_graph_of_the_same_calls),
		cmocka_unit_test(routes_follow_the_first_case_that_holds),
		cmocka_unit_test(each_item_is_sent),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(what_is_wrong_in_an_inline_graph_is_told_with_its_place),
		cmocka_unit_test(files_are_bounded),
	};
	return cmocka_run_group_tests_name("graphfile/graph_file", tests, NULL, NULL);
}
