/*
 * A graph's structure as data: equal to tests/golden/graph/structure.json, which was written by hand and hashed by
 * Python's hashlib; fit for its schema; good for rebuilding; compared with another one for people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/asset.h"
#include "base/file.h"
#include "base/json_schema.h"
#include "graph/graph.h"
#include "rebuilt.h"

/* hashlib.blake2b(canonical text, digest_size=32) */
#define OUTER_HASH "721703995bd3f0dc634c314a433db5d9999e78e019a310fbe2d1e279a3781556"
#define INNER_HASH "47b2705be2eb5e25969cf07fbd2ed21539176b45951a0913541da26814376ee9"
#define MIDDLE_HASH "691daab8699cca2a0d3b1ea61ded17f80132995d81b015aba04053219034ec3e"

static void route(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	(void)r;
}

static struct bldr_value *largest(const struct bldr_value *value, const struct bldr_value *write,
				  struct bldr_error *err)
{
	(void)err;
	return bldr_ref(bldr_as_int(value, 0) > bldr_as_int(write, 0) ? value : write);
}

struct nest {
	struct bldr_graph *inner, *middle, *outer;
};

static void nest_free(struct nest *n)
{
	bldr_graph_free(n->outer);
	bldr_graph_free(n->middle);
	bldr_graph_free(n->inner);
}

static struct bldr_graph *inner_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("inner", 1);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_node(g, &(struct bldr_node){ .name = "say", .writes = NAMES("talk") });
	bldr_graph_edge(g, BLDR_START, "say");
	bldr_graph_edge(g, "say", BLDR_END);
	return compiled(g);
}

static struct bldr_graph *middle_graph(const struct bldr_graph *inner)
{
	struct bldr_graph *g = bldr_graph_new("middle", 3);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_add_channel(g, &(struct bldr_channel){ .name = "scratch", .untracked = true });
	bldr_graph_subgraph(g, "run", inner, NULL, NAMES("talk"));
	bldr_graph_edge(g, BLDR_START, "run");
	return compiled(g);
}

static void outer_channels(struct bldr_graph *g)
{
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_channel(g, "once", BLDR_EPHEMERAL);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){ .name = "most",
						       .reducer = BLDR_CUSTOM,
						       .reduce = largest,
						       .reduce_name = "largest" });
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "last", BLDR_LAST);
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){ .name = "gate",
						       .reducer = BLDR_BARRIER,
						       .names = NAMES("two", "one", "two") });
	bldr_graph_channel(g, "all", BLDR_MERGE);
	bldr_graph_input(g, NAMES("once", "last"));
	bldr_graph_output(g, NAMES("talk"));
}

static struct bldr_graph *outer_graph(const struct nest *n, bool compile)
{
	struct bldr_graph *g = bldr_graph_new("outer", 2);
	outer_channels(g);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "z",
				.writes = NAMES("once", "n", "most"),
				.deferred = true,
			});
	bldr_graph_node(g, &(struct bldr_node){ .name = "rescue" });
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = "d",
					.graph = n->middle,
					.in = NAMES("talk"),
					.out = NAMES("talk"),
					.gotos = NAMES("b"),
					.persistent = true,
					.deferred = true,
				});
	bldr_graph_subgraph(g, "c", n->inner, NULL, NAMES("talk"));
	bldr_graph_node(g, &(struct bldr_node){ .name = "b", .reads = NAMES(NULL) });
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "a",
				.reads = NAMES("n", "last"),
				.writes = NAMES("log", "gate", "all"),
				.sends = NAMES("d", "c"),
				.gotos = NAMES("b", BLDR_END),
				.on_error = "rescue",
			});
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_route(g, BLDR_START, route, NAMES("b"));
	bldr_graph_edge(g, "a", "b");
	bldr_graph_route(g, "a", route, NAMES("d", "c"));
	bldr_graph_route(g, "a", route, NAMES("b", BLDR_END));
	bldr_graph_join(g, NAMES("d", "c", "b"), BLDR_END);
	bldr_graph_join(g, NAMES("b", "a"), "z");
	return compile ? compiled(g) : g;
}

static struct nest nest_new(void)
{
	struct nest n = { .inner = inner_graph() };
	n.middle = middle_graph(n.inner);
	n.outer = outer_graph(&n, true);
	return n;
}

static struct bldr_value *golden(void)
{
	char path[4096];
	char *text;
	size_t size;
	struct bldr_value *v;
	snprintf(path, sizeof(path), "%s/tests/golden/graph/structure.json", getenv("BLDR_ROOT"));
	assert_int_equal(file_read(path, 1 << 20, &text, &size, NULL), 0);
	assert_int_equal(bldr_value_parse(text, size, &v, NULL), 0);
	free(text);
	return v;
}

static void expect_text(const struct bldr_value *v, const struct bldr_value *expected)
{
	char *left = bldr_value_text(v);
	char *right = bldr_value_text(expected);
	assert_string_equal(left, right);
	free(left);
	free(right);
}

static void the_structure_is_data_and_the_hash_is_of_it(void **state)
{
	(void)state;
	struct nest n = nest_new();
	struct bldr_value *structure = bldr_graph_structure(n.outer);
	struct bldr_value *expected = golden();
	expect_text(structure, expected);
	assert_string_equal(bldr_graph_hash(n.outer), OUTER_HASH);
	assert_string_equal(bldr_graph_hash(n.middle), MIDDLE_HASH);
	assert_string_equal(bldr_graph_hash(n.inner), INNER_HASH);
	bldr_unref(structure);
	bldr_unref(expected);
	nest_free(&n);
}

static void what_is_no_structure_is_not_in_the_hash(void **state)
{
	(void)state;
	struct nest n = nest_new();
	struct bldr_graph *g = outer_graph(&n, false);
	bldr_graph_edge(g, "z", BLDR_END);
	bldr_graph_recursion_limit(g, 5);
	assert_string_equal(bldr_graph_hash(compiled(g)), OUTER_HASH);
	bldr_graph_free(g);
	nest_free(&n);
}

static void the_structure_fits_its_schema(void **state)
{
	(void)state;
	const struct asset *asset = asset_find("schemas/graph_structure.schema.json");
	assert_non_null(asset);
	struct bldr_value *v;
	struct json_schema *schema;
	struct bldr_error err = { 0 };
	assert_int_equal(bldr_value_parse((const char *)asset->data, asset->size, &v, NULL), 0);
	assert_int_equal(json_schema_new(v, &schema, &err), 0);
	struct nest n = nest_new();
	const struct bldr_graph *graphs[] = { n.inner, n.middle, n.outer };
	for (size_t i = 0; i < 3; i++) {
		struct bldr_value *structure = bldr_graph_structure(graphs[i]);
		int rc = json_schema_check(schema, structure, &err);
		if (rc < 0) {
			fail_msg("%s", err.text);
		}
		bldr_unref(structure);
	}
	struct bldr_value *other =
		json("{\"name\":\"g\",\"version\":1,\"channels\":[],\"start\":{},"
		     "\"nodes\":[{\"name\":\"a\",\"persistent\":true}]}");
	assert_int_equal(json_schema_check(schema, other, NULL), BLDR_E_INVALID);
	bldr_unref(other);
	nest_free(&n);
	json_schema_free(schema);
	bldr_unref(v);
}

static void a_graph_is_rebuilt_from_its_structure(void **state)
{
	(void)state;
	struct bldr_value *structure = golden();
	struct bldr_graph *g;
	struct bldr_error err;
	if (graph_from_structure(structure, &g, &err) < 0) {
		fail_msg("%s", err.text);
	}
	struct bldr_value *again = bldr_graph_structure(g);
	expect_text(again, structure);
	assert_string_equal(bldr_graph_hash(g), OUTER_HASH);
	bldr_unref(again);
	bldr_unref(structure);
	bldr_graph_free(g);
}

/* Its records rebuild the state, what waits in hidden channels included. */
static void a_rebuilt_graph_reads_the_records_of_the_first(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("first", 1);
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){ .name = "most",
						       .reducer = BLDR_CUSTOM,
						       .reduce = largest,
						       .reduce_name = "largest" });
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	script_node(g, "a", "{\"writes\":[[\"most\",1],[\"talk\",{\"id\":\"1\"}]]}",
		    NAMES("most", "talk"), NULL);
	script_node(g, "b", "{\"writes\":[[\"most\",3],[\"talk\",{\"remove\":\"1\"}]]}",
		    NAMES("most", "talk"), NULL);
	script_node(g, "c", "{\"work\":1,\"writes\":[[\"most\",2],[\"talk\",{\"id\":\"2\"}]]}",
		    NAMES("most", "talk"), NULL);
	script_node(g, "z", "{\"work\":1}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	bldr_graph_join(g, NAMES("a", "c"), "z");
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 4, NULL);
	struct bldr_value *structure = bldr_graph_structure(g);
	struct bldr_graph *stored;
	assert_int_equal(graph_from_structure(structure, &stored, NULL), 0);
	for (size_t n = 1; n <= 2; n++) {
		struct run *r = story_restore(stored, t.updates, n);
		char *text = story_state(r);
		assert_string_equal(text,
				    n == 1 ? "{\"most\":3,\"talk\":[]}"
					   : "{\"most\":3,\"talk\":[{\"id\":\"2\"}]}");
		free(text);
		run_free(r);
	}
	bldr_unref(structure);
	teller_free(&t);
	bldr_graph_free(stored);
	bldr_graph_free(g);
}

static void what_is_no_structure_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "7",
		  "the structure of a graph: graph \"\": a name is 1 to 64 bytes of a-z 0-9 _ . and -" },
		{ "{\"name\":\"g\",\"channels\":[{\"name\":\"x\",\"reducer\":\"SUM\"}]}",
		  "the structure of a graph: unknown reducer \"SUM\"" },
		{ "{\"name\":\"g\",\"nodes\":[{\"name\":\"a\",\"writes\":[\"x\"]}]}",
		  "the structure of a graph: graph \"g\": node \"a\" writes \"x\", which is no channel of the "
		  "graph" },
		{ "{\"name\":\"g\",\"nodes\":[{\"name\":\"a\",\"subgraph\":\"00\"}]}",
		  "the structure of a graph: subgraph \"00\" is missing" },
		{ "{\"name\":\"g\",\"nodes\":[{\"name\":\"a\",\"subgraph\":\"00\"}],"
		  "\"subgraphs\":{\"00\":{\"name\":\"h\",\"nodes\":[{\"name\":\"a\",\"subgraph\":\"00\"}]}}}",
		  "the structure of a graph: subgraph \"00\" is missing" },
		{ "{\"name\":\"g\",\"nodes\":[7],\"joins\":[{}],\"start\":{\"edges\":[1],\"routes\":[7]}}",
		  "the structure of a graph: node \"\": a name is 1 to 64 bytes of a-z 0-9 _ . and -" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_value *v = json(cases[i].text);
		struct bldr_graph *g;
		struct bldr_error err;
		assert_int_equal(graph_from_structure(v, &g, &err), BLDR_E_CORRUPT);
		assert_string_equal(err.text, cases[i].error);
		bldr_unref(v);
	}
}

static void expect_difference(const char *was, const char *is, const char *text)
{
	struct bldr_value *before = json(was);
	struct bldr_value *after = json(is);
	char *told = graph_difference(before, after);
	assert_string_equal(told, text);
	free(told);
	bldr_unref(before);
	bldr_unref(after);
}

#define ONE                                                                                       \
	"{\"name\":\"g\",\"version\":1,\"channels\":[{\"name\":\"total\",\"reducer\":\"LAST\"}]," \
	"\"nodes\":[{\"name\":\"a\",\"edges\":[\"review\"]},{\"name\":\"review\"}],"              \
	"\"start\":{\"edges\":[\"a\"]}}"

static void a_difference_is_told_for_people(void **state)
{
	(void)state;
	expect_difference(ONE, ONE, "");
	expect_difference(
		ONE,
		"{\"name\":\"g\",\"version\":2,\"channels\":[{\"name\":\"total\",\"reducer\":\"ADD\"},"
		"{\"name\":\"log\",\"reducer\":\"APPEND\"}],"
		"\"nodes\":[{\"name\":\"a\",\"edges\":[\"b\"],\"deferred\":true},{\"name\":\"b\"}],"
		"\"start\":{\"edges\":[\"a\"]},\"joins\":[{\"from\":[\"a\",\"b\"],\"to\":\"__end__\"}]}",
		"version 1 is 2 now; channel \"total\" was LAST and is ADD; channel \"log\" is new; "
		"node \"a\" has other \"deferred\"; edge \"a\" -> \"review\" is gone; edge \"a\" -> \"b\" is "
		"new; node \"review\" is gone; node \"b\" is new; join [\"a\",\"b\"] -> \"__end__\" is new");
	expect_difference(
		"{\"name\":\"g\",\"version\":1,\"nodes\":[{\"name\":\"s\",\"subgraph\":\"00\"},"
		"{\"name\":\"t\",\"subgraph\":\"00\"}],\"subgraphs\":{\"00\":" ONE "}}",
		"{\"name\":\"g\",\"version\":1,\"nodes\":[{\"name\":\"s\",\"subgraph\":\"11\"},"
		"{\"name\":\"t\"}],\"subgraphs\":{\"11\":{\"name\":\"g\",\"version\":1,"
		"\"channels\":[{\"name\":\"total\",\"reducer\":\"LAST\",\"untracked\":true}],"
		"\"nodes\":[{\"name\":\"a\",\"edges\":[\"review\"]},{\"name\":\"review\"}],"
		"\"start\":{\"routes\":[[\"a\"]]}}}}",
		"in node \"s\": channel \"total\" has another \"untracked\"; in node \"s\": edge "
		"\"__start__\" -> \"a\" is gone; in node \"s\": the routers of \"__start__\" have other targets; "
		"node \"t\" is no subgraph any more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_structure_is_data_and_the_hash_is_of_it),
		cmocka_unit_test(what_is_no_structure_is_not_in_the_hash),
		cmocka_unit_test(the_structure_fits_its_schema),
		cmocka_unit_test(a_graph_is_rebuilt_from_its_structure),
		cmocka_unit_test(a_rebuilt_graph_reads_the_records_of_the_first),
		cmocka_unit_test(what_is_no_structure_is_refused),
		cmocka_unit_test(a_difference_is_told_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
