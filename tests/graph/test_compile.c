/* What compiling refuses, what the hash covers, how a graph is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

static void route(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	(void)r;
}

static void node(struct bldr_graph *g, const char *name, const char *const *writes)
{
	bldr_graph_node(g, &(struct bldr_node){ .name = name, .writes = writes });
}

/* Channels last, log, n; a -> b, with room for one thing that is wrong. */
static struct bldr_graph *plain_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("plain", 1);
	bldr_graph_channel(g, "last", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	node(g, "a", NAMES("last", "log"));
	node(g, "b", NAMES("last", "n"));
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	return g;
}

static void expect_refused(struct bldr_graph *g, const char *error)
{
	struct bldr_error err = { 0 };
	assert_int_equal(bldr_graph_compile(g, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, error);
	assert_int_equal(bldr_graph_compile(g, NULL), BLDR_E_INVALID);
	bldr_graph_free(g);
}

static void names_are_checked(void **state)
{
	(void)state;
	char name[66];
	memset(name, 'n', 65);
	name[65] = '\0';
	struct bldr_graph *g = plain_graph();
	node(g, name + 1, NULL); /* 64 bytes are fine */
	bldr_graph_edge(g, "a", name + 1);
	bldr_graph_free(compiled(g));

	g = plain_graph();
	node(g, name, NULL);
	node(g, "", NULL); /* the first error stays */
	char error[200];
	snprintf(error, sizeof(error), "node \"%s\": a name is 1 to 64 bytes of a-z 0-9 _ . and -",
		 name);
	expect_refused(g, error);

	expect_refused(bldr_graph_new("Plain", 1),
		       "graph \"Plain\": a name is 1 to 64 bytes of a-z 0-9 _ . and -");
	g = plain_graph();
	bldr_graph_channel(g, "a b", BLDR_LAST);
	expect_refused(g, "channel \"a b\": a name is 1 to 64 bytes of a-z 0-9 _ . and -");
	g = plain_graph();
	node(g, NULL, NULL);
	expect_refused(g, "node \"\": a name is 1 to 64 bytes of a-z 0-9 _ . and -");
	g = plain_graph();
	node(g, BLDR_END, NULL);
	expect_refused(g, "node \"__end__\": the name is reserved, choose another");
}

static void names_are_unique(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	node(g, "a", NULL);
	expect_refused(g, "graph \"plain\": node \"a\" is declared twice");
	g = plain_graph();
	bldr_graph_channel(g, "log", BLDR_ADD);
	expect_refused(g, "graph \"plain\": channel \"log\" is declared twice");
}

static void names_must_be_known(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	bldr_graph_node(g, &(struct bldr_node){ .name = "c", .reads = NAMES("log", "x") });
	expect_refused(g,
		       "graph \"plain\": node \"c\" reads \"x\", which is no channel of the graph");
	g = plain_graph();
	node(g, "c", NAMES("y"));
	expect_refused(
		g, "graph \"plain\": node \"c\" writes \"y\", which is no channel of the graph");
	g = plain_graph();
	bldr_graph_node(g, &(struct bldr_node){ .name = "c", .sends = NAMES("a", "z") });
	expect_refused(g,
		       "graph \"plain\": node \"c\" sends to \"z\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_edge(g, "x", "a");
	expect_refused(g, "graph \"plain\": an edge begins at \"x\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_edge(g, BLDR_END, "a");
	expect_refused(
		g, "graph \"plain\": an edge begins at \"__end__\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_edge(g, "a", "x");
	expect_refused(
		g,
		"graph \"plain\": the edge from \"a\" ends at \"x\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_edge(g, "a", BLDR_START);
	expect_refused(
		g,
		"graph \"plain\": the edge from \"a\" ends at \"__start__\", which is no node of "
		"the graph");
	g = plain_graph();
	bldr_graph_route(g, "a", route, NAMES("b", "x"));
	expect_refused(
		g,
		"graph \"plain\": a router of \"a\" may name \"x\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_route(g, "a", route, NAMES(BLDR_END));
	expect_refused(
		g, "graph \"plain\": a router of \"a\" has no target, name the nodes it may choose");
}

static void every_node_must_be_reachable(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	node(g, "c", NULL);
	node(g, "d", NULL);
	bldr_graph_edge(g, "c", "d");
	bldr_graph_edge(g, "d", "c");
	expect_refused(
		g,
		"graph \"plain\": node \"c\" cannot be reached from the start, add an edge to it");

	g = plain_graph(); /* by route and by send is reached too */
	node(g, "c", NULL);
	bldr_graph_node(g, &(struct bldr_node){ .name = "d", .sends = NAMES("e") });
	node(g, "e", NULL);
	bldr_graph_route(g, "b", route, NAMES("c"));
	bldr_graph_edge(g, "c", "d");
	bldr_graph_free(compiled(g));

	g = bldr_graph_new("empty", 1);
	expect_refused(g, "graph \"empty\": no node is first, add an edge from BLDR_START");
}

static void nodes_side_by_side_may_not_write_a_last_channel(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	node(g, "c", NAMES("last"));
	bldr_graph_edge(g, "a", "c");
	expect_refused(
		g,
		"graph \"plain\": channel \"last\" is LAST, but nodes \"b\" and \"c\" run in one "
		"superstep after \"a\" and both write it: give it a reducer");
	g = plain_graph();
	bldr_graph_edge(g, BLDR_START, "b");
	expect_refused(
		g,
		"graph \"plain\": channel \"last\" is LAST, but nodes \"a\" and \"b\" run in one "
		"superstep after \"__start__\" and both write it: give it a reducer");
	g = plain_graph();
	bldr_graph_node(g, &(struct bldr_node){ .name = "c", .sends = NAMES("b") });
	bldr_graph_edge(g, "b", "c");
	expect_refused(
		g,
		"graph \"plain\": channel \"last\" is LAST, but node \"b\", which \"c\" may send "
		"to many times, writes it: give it a reducer");
	g = plain_graph();
	node(g, "c", NAMES("log", "n")); /* those have reducers */
	bldr_graph_edge(g, "a", "c");
	bldr_graph_free(compiled(g));
}

static void subgraphs_are_checked(void **state)
{
	(void)state;
	struct bldr_graph *sub = plain_graph();
	struct bldr_graph *g = plain_graph();
	bldr_graph_subgraph(g, "sub", sub, NULL, NULL);
	expect_refused(
		g,
		"graph \"plain\": the subgraph of node \"sub\" is not compiled, compile it first");
	compiled(sub);

	g = plain_graph();
	bldr_graph_subgraph(g, "sub", sub, NAMES("x"), NULL);
	expect_refused(
		g,
		"graph \"plain\": node \"sub\" passes \"x\" into its subgraph, which is no channel "
		"of the graph");
	g = plain_graph();
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_subgraph(g, "sub", sub, NULL, NAMES("x"));
	expect_refused(g,
		       "graph \"plain\": node \"sub\" passes \"x\" out of its subgraph, which is no "
		       "channel of the subgraph");
	g = plain_graph();
	bldr_graph_subgraph(g, "sub", sub, NAMES("last", "log"), NAMES("last", "log"));
	expect_refused(g,
		       "graph \"plain\": node \"sub\" passes channel \"log\" into and out of its "
		       "subgraph: only a LAST channel of the subgraph can be both, and MESSAGES "
		       "of both");
	g = plain_graph();
	bldr_graph_subgraph(g, "sub", sub, NAMES("n", "log", "n"), NULL);
	expect_refused(
		g, "graph \"plain\": node \"sub\" passes channel \"n\" into its subgraph twice");
	g = plain_graph();
	bldr_graph_subgraph(g, "sub", sub, NULL, NAMES("last"));
	bldr_graph_edge(g, "a", "sub");
	expect_refused(
		g,
		"graph \"plain\": channel \"last\" is LAST, but nodes \"b\" and \"sub\" run in one "
		"superstep after \"a\" and both write it: give it a reducer");

	g = bldr_graph_new("other", 1);
	bldr_graph_channel(g, "log", BLDR_MERGE);
	bldr_graph_subgraph(g, "sub", sub, NULL, NAMES("log"));
	expect_refused(
		g,
		"graph \"other\": node \"sub\" passes channel \"log\" out of its subgraph, from "
		"APPEND to MERGE: give both the same reducer");
	bldr_graph_free(sub);
}

static void subgraphs_nest_sixteen_deep(void **state)
{
	(void)state;
	struct bldr_graph *graphs[17];
	for (int i = 0; i < 17; i++) {
		graphs[i] = bldr_graph_new("g", 1);
		bldr_graph_channel(graphs[i], "log", BLDR_APPEND);
		if (i == 0) {
			say_node(graphs[i], "in");
		} else {
			bldr_graph_subgraph(graphs[i], "in", graphs[i - 1], NULL, NAMES("log"));
		}
		bldr_graph_edge(graphs[i], BLDR_START, "in");
		if (i < 16) {
			compiled(graphs[i]);
		}
	}
	struct bldr_error err;
	assert_int_equal(bldr_graph_compile(graphs[16], &err), BLDR_E_LIMIT);
	assert_string_equal(err.text,
			    "graph \"g\": node \"in\": subgraphs are nested more than 16 deep");
	struct teller t = teller_begin(graphs[15], NULL);
	char *end = story_state(t.run);
	assert_string_equal(end, "{\"log\":[\"in\"]}");
	free(end);
	teller_free(&t);
	free(bldr_graph_mermaid(graphs[15]));
	for (int i = 16; i >= 0; i--) {
		bldr_graph_free(graphs[i]);
	}
}

static struct bldr_value *first(const struct bldr_value *value, const struct bldr_value *write,
				struct bldr_error *err)
{
	(void)err;
	return bldr_ref(value != NULL ? value : write);
}

static void channels_have_what_their_reducer_needs(void **state)
{
	(void)state;
	const struct {
		struct bldr_channel channel;
		const char *error;
	} cases[] = {
		{ { .name = "x", .reducer = BLDR_BARRIER },
		  "graph \"plain\": channel \"x\" is BARRIER and has no names to wait for" },
		{ { .name = "x", .names = NAMES("a") },
		  "graph \"plain\": channel \"x\" is LAST and has names, which only a BARRIER waits for" },
		{ { .name = "x", .reducer = BLDR_CUSTOM, .reduce_name = "first" },
		  "graph \"plain\": channel \"x\" is CUSTOM and has no function" },
		{ { .name = "x", .reducer = BLDR_CUSTOM, .reduce = first },
		  "graph \"plain\": channel \"x\" is CUSTOM and has no name for its function" },
		{ { .name = "x", .reducer = BLDR_ADD, .reduce = first },
		  "graph \"plain\": channel \"x\" is ADD and has a function, which is for CUSTOM" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *g = plain_graph();
		bldr_graph_add_channel(g, &cases[i].channel);
		expect_refused(g, cases[i].error);
	}
	struct bldr_graph *g = plain_graph();
	bldr_graph_channel(g, "x", BLDR_BARRIER);
	expect_refused(g, cases[0].error);
	g = plain_graph(); /* the graph's own channels cannot be named */
	node(g, "c", NULL);
	bldr_graph_join(g, NAMES("a", "b"), "c");
	bldr_graph_node(g, &(struct bldr_node){ .name = "d", .reads = NAMES("join:a+b:c") });
	expect_refused(g,
		       "graph \"plain\": node \"d\" reads \"join:a+b:c\", which is no channel of "
		       "the graph");
}

static void inputs_and_outputs_must_be_known(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	bldr_graph_input(g, NAMES("log", "x"));
	expect_refused(g,
		       "graph \"plain\": the input names \"x\", which is no channel of the graph");
	g = plain_graph();
	bldr_graph_output(g, NAMES("x"));
	expect_refused(g,
		       "graph \"plain\": the output names \"x\", which is no channel of the graph");
}

static void joins_are_checked(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	bldr_graph_join(g, NAMES("a", "x"), "b");
	expect_refused(
		g,
		"graph \"plain\": a join of \"b\" waits for \"x\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_join(g, NAMES("a", "b"), "x");
	expect_refused(g, "graph \"plain\": a join ends at \"x\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_join(g, NAMES("a", BLDR_START), "b");
	expect_refused(
		g,
		"graph \"plain\": a join of \"b\" waits for \"__start__\", which is no node of the graph");
	g = plain_graph();
	bldr_graph_join(g, NAMES("a", "a"), "b");
	expect_refused(g,
		       "graph \"plain\": a join of \"b\" waits for fewer than two nodes, use "
		       "bldr_graph_edge");
	g = plain_graph();
	node(g, "c", NULL);
	bldr_graph_join(g, NAMES("a", "b"), "c");
	bldr_graph_join(g, NAMES("b", "a"), "c");
	expect_refused(g, "graph \"plain\": \"join:a+b:c\" is declared twice");
	g = plain_graph(); /* the end may be joined too; c is reached by a join */
	node(g, "c", NULL);
	bldr_graph_join(g, NAMES("a", "b"), "c");
	bldr_graph_join(g, NAMES("a", "b"), BLDR_END);
	bldr_graph_free(compiled(g));
}

static void handled(struct bldr_graph *g, const char *name, const char *by)
{
	bldr_graph_node(g, &(struct bldr_node){ .name = name, .on_error = by });
}

static void handlers_are_checked(void **state)
{
	(void)state;
	struct bldr_graph *g = plain_graph();
	handled(g, "c", "x");
	bldr_graph_edge(g, "b", "c");
	expect_refused(
		g, "graph \"plain\": node \"c\" is handled by \"x\", which is no node of the graph");
	g = plain_graph();
	handled(g, "c", "d");
	handled(g, "d", "c");
	bldr_graph_edge(g, "b", "c");
	expect_refused(g,
		       "graph \"plain\": node \"c\" is handled by \"d\", which leads back to it: a "
		       "handler's own failure is not handled");
	g = plain_graph();
	handled(g, "c", "c");
	bldr_graph_edge(g, "b", "c");
	expect_refused(g,
		       "graph \"plain\": node \"c\" is handled by \"c\", which leads back to it: a "
		       "handler's own failure is not handled");
	struct bldr_graph *sub = compiled(plain_graph());
	g = plain_graph();
	handled(g, "c", "sub");
	bldr_graph_subgraph(g, "sub", sub, NULL, NULL);
	bldr_graph_edge(g, "b", "c");
	expect_refused(g,
		       "graph \"plain\": node \"c\" is handled by \"sub\", which is a subgraph: a "
		       "handler is a node of functions");
	bldr_graph_free(sub);
	g = plain_graph(); /* a handler is reached by what it handles */
	handled(g, "c", "d");
	handled(g, "d", "e");
	handled(g, "e", NULL);
	bldr_graph_edge(g, "b", "c");
	bldr_graph_free(compiled(g));
}

/* b and c, of which c goes by d, meet in e. */
static struct bldr_graph *uneven_graph(bool deferred)
{
	struct bldr_graph *g = bldr_graph_new("uneven", 1);
	bldr_graph_node(g, &(struct bldr_node){ .name = "a" });
	bldr_graph_node(g, &(struct bldr_node){ .name = "b" });
	bldr_graph_node(g, &(struct bldr_node){ .name = "c" });
	bldr_graph_node(g, &(struct bldr_node){ .name = "d" });
	bldr_graph_node(g, &(struct bldr_node){ .name = "e", .deferred = deferred });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "c", "d");
	return g;
}

static void branches_of_unequal_length_may_not_meet_by_edges(void **state)
{
	(void)state;
	struct bldr_graph *g = uneven_graph(false);
	bldr_graph_edge(g, "b", "e");
	bldr_graph_edge(g, "d", "e");
	expect_refused(
		g,
		"graph \"uneven\": node \"e\" would run twice after \"a\", after \"b\" and again "
		"after \"d\": join them (bldr_graph_join), or make it deferred");
	g = uneven_graph(true);
	bldr_graph_edge(g, "b", "e");
	bldr_graph_edge(g, "d", "e");
	bldr_graph_free(compiled(g));
	g = uneven_graph(false);
	bldr_graph_join(g, NAMES("b", "d"), "e");
	bldr_graph_free(compiled(g));
	g = uneven_graph(false); /* of equal length */
	bldr_graph_node(g, &(struct bldr_node){ .name = "f" });
	bldr_graph_edge(g, "b", "f");
	bldr_graph_edge(g, "f", "e");
	bldr_graph_edge(g, "d", "e");
	bldr_graph_free(compiled(g));
	g = uneven_graph(false); /* what a router leads to is not known before */
	bldr_graph_edge(g, "b", "e");
	bldr_graph_route(g, "d", route, NAMES("e"));
	bldr_graph_free(compiled(g));
	g = uneven_graph(false); /* a circle runs on and on anyway */
	bldr_graph_edge(g, "b", "e");
	bldr_graph_edge(g, "e", "a");
	bldr_graph_free(compiled(g));
}

static void subgraphs_that_keep_their_channels_pass_out_what_can_be_told(void **state)
{
	(void)state;
	struct bldr_graph *sub = compiled(plain_graph());
	for (int last = 0; last < 2; last++) {
		struct bldr_graph *g = bldr_graph_new("parent", 1);
		bldr_graph_channel(g, "n", last ? BLDR_LAST : BLDR_ADD);
		bldr_graph_add_subgraph(g,
					&(struct bldr_subgraph){
						.name = "sub",
						.graph = sub,
						.out = NAMES("n"),
						.persistent = true,
					});
		bldr_graph_edge(g, BLDR_START, "sub");
		if (last) {
			bldr_graph_free(compiled(g));
			continue;
		}
		expect_refused(
			g,
			"graph \"parent\": node \"sub\" keeps and passes out channel \"n\" of its subgraph, "
			"which is ADD: make it LAST in the graph or in the subgraph");
	}
	struct bldr_graph *g = plain_graph();
	bldr_graph_add_subgraph(
		g, &(struct bldr_subgraph){ .name = "sub", .graph = sub, .gotos = NAMES("x") });
	expect_refused(
		g, "graph \"plain\": node \"sub\" goes to \"x\", which is no node of the graph");
	bldr_graph_free(sub);
}

static void expect_hash(struct bldr_graph *g, bool same)
{
	struct bldr_graph *plain = compiled(plain_graph());
	assert_int_equal(strlen(bldr_graph_hash(plain)), 64);
	if (same) {
		assert_string_equal(bldr_graph_hash(compiled(g)), bldr_graph_hash(plain));
	} else {
		assert_string_not_equal(bldr_graph_hash(compiled(g)), bldr_graph_hash(plain));
	}
	bldr_graph_free(plain);
	bldr_graph_free(g);
}

static struct bldr_graph *with_subgraph(const struct bldr_graph *sub)
{
	struct bldr_graph *g = plain_graph();
	bldr_graph_subgraph(g, "sub", sub, NULL, NAMES("log"));
	bldr_graph_edge(g, "b", "sub");
	return compiled(g);
}

static void the_hash_covers_the_structure(void **state)
{
	(void)state;
	char hashes[2][65];
	expect_hash(plain_graph(), true);

	struct bldr_graph *g = bldr_graph_new("plain", 1); /* in another order */
	bldr_graph_edge(g, "a", "b");
	node(g, "b", NAMES("n", "last"));
	node(g, "a", NAMES("log", "last"));
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "last", BLDR_LAST);
	bldr_graph_edge(g, BLDR_START, "a");
	expect_hash(g, true);

	g = plain_graph();
	bldr_graph_edge(g, "b", "a");
	expect_hash(g, false);
	g = plain_graph();
	bldr_graph_channel(g, "more", BLDR_LAST);
	expect_hash(g, false);
	g = plain_graph();
	bldr_graph_route(g, "b", route, NAMES("a"));
	expect_hash(g, false);

	for (int sends = 0; sends < 2; sends++) {
		g = plain_graph();
		bldr_graph_node(
			g, &(struct bldr_node){ .name = "c", .sends = sends ? NAMES("c") : NULL });
		bldr_graph_edge(g, "b", "c");
		memcpy(hashes[sends], bldr_graph_hash(compiled(g)), 65);
		bldr_graph_free(g);
	}
	assert_string_not_equal(hashes[0], hashes[1]);

	struct bldr_graph *sub = compiled(plain_graph());
	struct bldr_graph *other = plain_graph();
	bldr_graph_edge(other, "b", "a");
	compiled(other);
	struct bldr_graph *one = with_subgraph(sub);
	struct bldr_graph *two = with_subgraph(other); /* differs inside the subgraph only */
	assert_string_not_equal(bldr_graph_hash(one), bldr_graph_hash(two));
	bldr_graph_free(one);
	bldr_graph_free(two);
	bldr_graph_free(sub);
	bldr_graph_free(other);
}

static void the_hash_covers_name_and_version(void **state)
{
	(void)state;
	char hashes[3][65];
	for (unsigned i = 0; i < 3; i++) {
		struct bldr_graph *g = bldr_graph_new(i < 2 ? "one" : "two", i == 1 ? 2 : 1);
		node(g, "a", NULL);
		bldr_graph_edge(g, BLDR_START, "a");
		memcpy(hashes[i], bldr_graph_hash(compiled(g)), 65);
		bldr_graph_free(g);
	}
	assert_string_not_equal(hashes[0], hashes[1]);
	assert_string_not_equal(hashes[0], hashes[2]);
}

static void a_graph_is_drawn_as_it_was_declared(void **state)
{
	(void)state;
	struct bldr_graph *sub = plain_graph();
	bldr_graph_edge(sub, "b", BLDR_END);
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("drawn", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_node(g, &(struct bldr_node){ .name = "z.plan-1", .sends = NAMES("sub", "end") });
	bldr_graph_subgraph(g, "sub", sub, NULL, NAMES("log"));
	node(g, "end", NULL);
	bldr_graph_edge(g, BLDR_START, "z.plan-1");
	bldr_graph_route(g, "end", route, NAMES("z.plan-1", BLDR_END));
	bldr_graph_edge(g, "sub", "end");
	compiled(g);
	char *text = bldr_graph_mermaid(g);
	assert_string_equal(text,
			    "flowchart TD\n"
			    "\tstart([\"start\"])\n"
			    "\tn0[\"z.plan-1\"]\n"
			    "\tsubgraph n1[\"sub\"]\n"
			    "\t\tn1_start([\"start\"])\n"
			    "\t\tn1_0[\"a\"]\n"
			    "\t\tn1_1[\"b\"]\n"
			    "\t\tn1_stop([\"end\"])\n"
			    "\t\tn1_start --> n1_0\n"
			    "\t\tn1_0 --> n1_1\n"
			    "\t\tn1_1 --> n1_stop\n"
			    "\tend\n"
			    "\tn2[\"end\"]\n"
			    "\tstop([\"end\"])\n"
			    "\tstart --> n0\n"
			    "\tn1 --> n2\n"
			    "\tn2 -.-> n0\n"
			    "\tn2 -.-> stop\n"
			    "\tn0 -. send .-> n1\n"
			    "\tn0 -. send .-> n2\n");
	free(text);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

static void joins_deferred_nodes_and_handlers_are_drawn(void **state)
{
	(void)state;
	struct bldr_graph *sub = plain_graph();
	bldr_graph_join(sub, NAMES("a", "b"), BLDR_END);
	compiled(sub);
	struct bldr_graph *g = bldr_graph_new("drawn", 1);
	handled(g, "a", "c");
	bldr_graph_node(g, &(struct bldr_node){ .name = "b", .deferred = true });
	handled(g, "c", NULL);
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = "sub",
					.graph = sub,
					.gotos = NAMES("b"),
					.persistent = true,
				});
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "sub");
	bldr_graph_join(g, NAMES("sub", "a"), "b");
	compiled(g);
	char *text = bldr_graph_mermaid(g);
	assert_string_equal(text,
			    "flowchart TD\n"
			    "\tstart([\"start\"])\n"
			    "\tn0[\"a\"]\n"
			    "\tn1[\"b, deferred\"]\n"
			    "\tn2[\"c\"]\n"
			    "\tsubgraph n3[\"sub, persistent\"]\n"
			    "\t\tn3_start([\"start\"])\n"
			    "\t\tn3_0[\"a\"]\n"
			    "\t\tn3_1[\"b\"]\n"
			    "\t\tn3_stop([\"end\"])\n"
			    "\t\tn3_start --> n3_0\n"
			    "\t\tn3_0 --> n3_1\n"
			    "\t\tn3_join0{{\"all\"}}\n"
			    "\t\tn3_0 --> n3_join0\n"
			    "\t\tn3_1 --> n3_join0\n"
			    "\t\tn3_join0 --> n3_stop\n"
			    "\tend\n"
			    "\tstart --> n0\n"
			    "\tn0 --> n3\n"
			    "\tn0 -. error .-> n2\n"
			    "\tn3 -.-> n1\n"
			    "\tjoin0{{\"all\"}}\n"
			    "\tn0 --> join0\n"
			    "\tn3 --> join0\n"
			    "\tjoin0 --> n1\n");
	free(text);
	bldr_graph_free(g);
	bldr_graph_free(sub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(names_must_be_known),
		cmocka_unit_test(every_node_must_be_reachable),
		cmocka_unit_test(nodes_side_by_side_may_not_write_a_last_channel),
		cmocka_unit_test(subgraphs_are_checked),
		cmocka_unit_test(subgraphs_nest_sixteen_deep),
		cmocka_unit_test(the_hash_covers_the_structure),
		cmocka_unit_test(the_hash_covers_name_and_version),
		cmocka_unit_test(channels_have_what_their_reducer_needs),
		cmocka_unit_test(inputs_and_outputs_must_be_known),
		cmocka_unit_test(joins_are_checked),
		cmocka_unit_test(handlers_are_checked),
		cmocka_unit_test(branches_of_unequal_length_may_not_meet_by_edges),
		cmocka_unit_test(subgraphs_that_keep_their_channels_pass_out_what_can_be_told),
		cmocka_unit_test(a_graph_is_drawn_as_it_was_declared),
		cmocka_unit_test(joins_deferred_nodes_and_handlers_are_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
