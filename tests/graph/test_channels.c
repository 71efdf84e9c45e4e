/* The reducers, as a graph sees them and as they are recorded; inputs and outputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilt.h"

/* Nodes "a", "b", "c"... one after the other, each with its script; all may write the channels. */
static void chain(struct bldr_graph *g, const char *const *scripts, const char *const *channels)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	for (size_t i = 0; scripts[i] != NULL; i++) {
		script_node(g, names[i], scripts[i], channels, NULL);
		bldr_graph_edge(g, i > 0 ? names[i - 1] : BLDR_START, names[i]);
	}
	compiled(g);
}

static void expect_steps(const struct bldr_graph *g, const char *input, const char *text)
{
	struct teller t = teller_begin(g, input);
	teller_expect_only(&t, "step failed", text);
	teller_free(&t);
}

static struct bldr_graph *talk_graph(const char *const *scripts)
{
	struct bldr_graph *g = bldr_graph_new("talk", 1);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	chain(g, scripts, NAMES("talk"));
	return g;
}

static void a_message_with_a_known_id_replaces_the_other_in_its_place(void **state)
{
	(void)state;
	struct bldr_graph *g = talk_graph(NAMES(
		"{\"writes\":[[\"talk\",{\"id\":\"2\",\"t\":\"new\"}],[\"talk\",[{\"id\":\"3\"}]]]}",
		"{\"writes\":[[\"talk\",{\"remove\":\"1\"}]]}"));
	expect_steps(g, "{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\",\"t\":\"old\"}]}",
		     "step 0.0 @0 base talk=[{\"id\":\"1\"},{\"id\":\"2\",\"t\":\"old\"}] | 1:a\n"
		     "step 0.1 @0 talk+[{\"id\":\"2\",\"t\":\"new\"},{\"id\":\"3\"}] | 2:b\n"
		     "step 0.2 @0 talk+[{\"remove\":\"1\"}] |\n");
	expect_end(g, "{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\",\"t\":\"old\"}]}",
		   "{\"talk\":[{\"id\":\"2\",\"t\":\"new\"},{\"id\":\"3\"}]}");
	bldr_graph_free(g);
}

static void removing_all_keeps_what_comes_after(void **state)
{
	(void)state;
	struct bldr_graph *g = talk_graph(NAMES(
		"{\"work\":1,\"writes\":[[\"talk\",[{\"id\":\"4\"},{\"remove\":\"*\"},{\"id\":\"1\"}]]]}",
		"{\"work\":1,\"writes\":[[\"talk\",[{\"remove\":\"1\"},{\"id\":\"5\"},{\"id\":\"1\"}]]]}"));
	expect_end(g, "{\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"}]}",
		   "{\"talk\":[{\"id\":\"5\"},{\"id\":\"1\"}]}");
	bldr_graph_free(g);
}

static void removing_an_unknown_message_is_an_error(void **state)
{
	(void)state;
	struct bldr_graph *g = talk_graph(NAMES(
		"{\"writes\":[[\"talk\",{\"id\":\"1\"}],[\"talk\",[{\"remove\":\"1\"},{\"remove\":\"1\"}]]]}"));
	expect_steps(g, NULL,
		     "step 0.0 @0 base | 1:a\n"
		     "failed channel \"talk\" has no message \"1\" that node \"a\" could remove\n");
	bldr_graph_free(g);
}

static const char *id_at(const struct bldr_value *state, size_t i)
{
	return bldr_get_text(bldr_at(bldr_get(state, "talk"), i), "id");
}

/* Ids are unlike each other: over tasks of one superstep, over rounds of a task, over supersteps; and alike on every replay. */
static void messages_without_an_id_get_one_that_a_replay_gives_again(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("talk", 1);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	script_node(g, "plan", "{\"sends\":[[\"say\"],[\"say\"]]}", NULL, NAMES("say"));
	script_node(
		g, "say",
		"{\"work\":1,\"again\":[1],\"writes\":[[\"talk\",{\"t\":1}],[\"talk\",[{\"t\":1},{\"t\":1}]]]}",
		NAMES("talk"), NULL);
	script_node(g, "end", "{\"work\":1,\"writes\":[[\"talk\",{\"t\":1}]]}", NAMES("talk"), NULL);
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, "say", "end");
	compiled(g);
	char *text = rebuilt_everywhere(g, "{\"talk\":[{\"t\":0},{\"t\":0}]}");
	struct bldr_value *end = json(text);
	assert_int_equal(bldr_count(bldr_get(end, "talk")), 2 + 6 + 1);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(strlen(id_at(end, i)), 16);
		assert_int_equal(strspn(id_at(end, i), "0123456789abcdef"), 16);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(id_at(end, i), id_at(end, k));
		}
	}
	bldr_unref(end);
	free(text);
	bldr_graph_free(g);
}

static void what_is_no_message_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *script, *error;
	} cases[] = {
		{ "{\"writes\":[[\"talk\",7]]}",
		  "failed node \"a\": channel \"talk\" takes messages, objects with an \"id\", and was given "
		  "something else\n" },
		{ "{\"writes\":[[\"talk\",[{},\"x\"]]]}",
		  "failed node \"a\": channel \"talk\" takes messages, objects with an \"id\", and was given "
		  "something else\n" },
		{ "{\"writes\":[[\"talk\",{\"id\":7}]]}",
		  "failed node \"a\": channel \"talk\" was given a message whose id is no name: a text that is "
		  "neither empty nor \"*\"\n" },
		{ "{\"writes\":[[\"talk\",{\"id\":\"*\"}]]}",
		  "failed node \"a\": channel \"talk\" was given a message whose id is no name: a text that is "
		  "neither empty nor \"*\"\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bldr_graph *g = talk_graph(NAMES(cases[i].script));
		struct teller t = teller_begin(g, NULL);
		teller_expect_only(&t, "failed", cases[i].error);
		teller_free(&t);
		bldr_graph_free(g);
	}
}

/* Ten thousand messages, replaced and removed in one superstep: in time that grows with their number only. */
static void many_messages_fold_at_once(void **state)
{
	(void)state;
	enum { MANY = 10000 };
	struct buf b;
	buf_init(&b, 8 << 20);
	buf_puts(&b, "{\"writes\":[[\"talk\",[");
	for (int i = 0; i < MANY; i++) {
		buf_printf(&b, i % 2 == 0 ? "%s{\"id\":\"%d\",\"t\":1}" : "%s{\"remove\":\"%d\"}",
			   i > 0 ? "," : "", i);
	}
	buf_puts(&b, "]]]}");
	struct bldr_value *input = bldr_object();
	struct bldr_value *list = bldr_list();
	for (int i = 0; i < MANY; i++) {
		struct bldr_value *m = bldr_object();
		bldr_object_set(m, "id", bldr_textf("%d", i));
		bldr_list_add(list, m);
	}
	bldr_object_set(input, "talk", list);
	char *text = bldr_value_text(input);
	struct bldr_graph *g = talk_graph(NAMES(b.data));
	struct teller t = teller_begin(g, text);
	struct bldr_value *end = run_state(t.run);
	assert_int_equal(bldr_count(bldr_get(end, "talk")), MANY / 2);
	for (size_t i = 0; i < MANY / 2; i++) {
		char id[16];
		snprintf(id, sizeof(id), "%zu", 2 * i);
		assert_string_equal(id_at(end, i), id);
		assert_int_equal(bldr_get_int(bldr_at(bldr_get(end, "talk"), i), "t", 0), 1);
	}
	bldr_unref(end);
	bldr_unref(input);
	free(text);
	buf_release(&b);
	teller_free(&t);
	bldr_graph_free(g);
}

/* "x" of the given kind beside a log of what each node sees. */
static struct bldr_graph *seen_graph(const struct bldr_channel *x, const char *const *scripts)
{
	struct bldr_graph *g = bldr_graph_new("seen", 1);
	bldr_graph_add_channel(g, x);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	chain(g, scripts, NAMES("x", "log"));
	return g;
}

static void an_ephemeral_value_is_seen_by_one_superstep(void **state)
{
	(void)state;
	struct bldr_graph *g = seen_graph(
		&(struct bldr_channel){ .name = "x", .reducer = BLDR_EPHEMERAL },
		NAMES("{\"work\":1,\"writes\":[[\"x\",1]]}", "{\"work\":1,\"writes\":[[\"x\",2]]}",
		      "{\"work\":1,\"input\":\"log\"}", "{\"work\":1,\"writes\":[[\"x\",3]]}"));
	struct teller t = teller_begin(g, "{\"x\":0}");
	for (int64_t effect = 2; run_status(t.run) == RUN_RUNNING; effect += 2) {
		teller_done(&t, effect, NULL);
	}
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base x=0 | 1:a\n"
			   "step 0.1 @1 x=1 | 3:b\n"
			   "step 0.2 @2 x=2 | 5:c\n"
			   "step 0.3 @3 x- log+[null] | 7:d\n"
			   "step 0.4 @4 x=3 |\n");
	teller_free(&t);
	expect_end(g, "{\"x\":0}", "{\"log\":[null],\"x\":3}");
	bldr_graph_free(g);
}

/* x, written twice over, is seen as it should be: by tasks of one superstep, by none of the next. */
static void nodes_see_an_ephemeral_value_while_it_is_there(void **state)
{
	(void)state;
	struct bldr_graph *g =
		seen_graph(&(struct bldr_channel){ .name = "x", .reducer = BLDR_EPHEMERAL },
			   NAMES("{\"writes\":[[\"x\",1]]}", "{\"state\":\"log\",\"work\":1}",
				 "{\"state\":\"log\",\"work\":1}"));
	expect_end(g, NULL, "{\"log\":[{\"x\":1},{\"log\":[{\"x\":1}]}]}");
	bldr_graph_free(g);
}

static void an_ephemeral_channel_takes_one_write(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("two", 1);
	bldr_graph_channel(g, "x", BLDR_EPHEMERAL);
	script_node_goes(g, "plan", "{\"gotos\":[\"p\",\"q\"]}", NULL, NAMES("p", "q"));
	script_node(g, "p", "{\"writes\":[[\"x\",1]]}", NAMES("x"), NULL);
	script_node(g, "q", "{\"writes\":[[\"x\",1]]}", NAMES("x"), NULL);
	bldr_graph_edge(g, BLDR_START, "plan");
	compiled(g);
	expect_steps(
		g, NULL,
		"step 0.0 @0 base | 1:plan\n"
		"step 0.1 @0 | 2:p 3:q\n"
		"failed channel \"x\" is EPHEMERAL and was written twice in one superstep, by node "
		"\"p\" and by node \"q\": give it a reducer\n");
	bldr_graph_free(g);
}

/* The names come in over supersteps, one of them twice; what comes while it shows true counts for the next time. */
static void a_barrier_shows_true_to_one_superstep_when_all_names_are_there(void **state)
{
	(void)state;
	struct bldr_graph *g = seen_graph(
		&(struct bldr_channel){
			.name = "x", .reducer = BLDR_BARRIER, .names = NAMES("two", "one") },
		NAMES("{\"work\":1,\"state\":\"log\",\"writes\":[[\"x\",\"two\"]]}",
		      "{\"work\":1,\"state\":\"log\",\"writes\":[[\"x\",\"two\"],[\"x\",\"one\"]]}",
		      "{\"work\":1,\"state\":\"log\",\"writes\":[[\"x\",\"one\"]]}",
		      "{\"work\":1,\"writes\":[[\"x\",\"two\"]]}", "{\"work\":1}"));
	struct teller t = teller_begin(g, NULL);
	for (int64_t effect = 2; run_status(t.run) == RUN_RUNNING; effect += 2) {
		teller_done(&t, effect, NULL);
	}
	teller_expect_only(
		&t, "step",
		"step 0.0 @0 base | 1:a\n"
		"step 0.1 @1 x+[\"two\"] log+[{}] | 3:b\n"
		"step 0.2 @2 x+[\"one\",\"two\"] log+[{\"log\":[{}]}] | 5:c\n"
		"step 0.3 @3 x=[\"one\"] log+[{\"log\":[{},{\"log\":[{}]}],\"x\":true}] | 7:d\n"
		"step 0.4 @4 x+[\"two\"] | 9:e\n"
		"step 0.5 @5 x- |\n");
	teller_free(&t);
	expect_end(g, NULL,
		   "{\"log\":[{},{\"log\":[{}]},{\"log\":[{},{\"log\":[{}]}],\"x\":true}]}");
	bldr_graph_free(g);

	g = seen_graph(&(struct bldr_channel){ .name = "x",
					       .reducer = BLDR_BARRIER,
					       .names = NAMES("one") },
		       NAMES("{\"writes\":[[\"x\",\"three\"]]}"));
	expect_steps(
		g, NULL,
		"step 0.0 @0 base | 1:a\n"
		"failed node \"a\": channel \"x\" does not wait for \"three\", which is none of its "
		"names\n");
	bldr_graph_free(g);
}

/* The texts joined by blanks; "" is refused. */
static struct bldr_value *join_texts(const struct bldr_value *value, const struct bldr_value *write,
				     struct bldr_error *err)
{
	const char *text = bldr_as_text(write);
	if (text == NULL || *text == '\0') {
		bldr_error_set(err, BLDR_E_INVALID, "not a word");
		return NULL;
	}
	return value != NULL ? bldr_textf("%s %s", bldr_as_text(value), text) : bldr_ref(write);
}

static const struct bldr_channel joined = {
	.name = "x",
	.reducer = BLDR_CUSTOM,
	.reduce = join_texts,
	.reduce_name = "join_texts",
};

/* Each write in fold order; the record holds what came of them, so that another function changes nothing of the past. */
static void a_custom_channel_is_what_its_function_makes(void **state)
{
	(void)state;
	struct bldr_graph *g =
		seen_graph(&joined,
			   NAMES("{\"work\":1,\"writes\":[[\"x\",\"b\"],[\"x\",\"a\"]]}",
				 "{\"work\":1,\"writes\":[[\"x\",\"c\"]]}"));
	struct teller t = teller_begin(g, "{\"x\":\"in\"}");
	teller_done(&t, 2, NULL);
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base x=\"in\" | 1:a\n"
			   "step 0.1 @1 x=\"in b a\" | 3:b\n");
	teller_free(&t);
	expect_end(g, NULL, "{\"x\":\"b a c\"}");
	bldr_graph_free(g);

	g = seen_graph(&joined, NAMES("{\"writes\":[[\"x\",\"b\"],[\"x\",\"\"]]}"));
	expect_steps(g, NULL,
		     "step 0.0 @0 base | 1:a\n"
		     "failed channel \"x\" cannot take what node \"a\" writes: not a word\n");
	bldr_graph_free(g);
}

static void an_untracked_channel_is_in_no_record(void **state)
{
	(void)state;
	struct bldr_graph *g = seen_graph(
		&(struct bldr_channel){ .name = "x", .reducer = BLDR_APPEND, .untracked = true },
		NAMES("{\"writes\":[[\"x\",1]]}", "{\"writes\":[[\"x\",2]],\"state\":\"log\"}",
		      "{\"work\":1}", "{\"state\":\"log\"}"));
	struct teller t = teller_begin(g, "{\"x\":0}");
	teller_expect_only(&t, "step",
			   "step 0.0 @0 base | 1:a\n"
			   "step 0.1 @0 | 2:b\n"
			   "step 0.2 @0 log+[{\"x\":[0,1]}] | 3:c\n");
	struct teller again = teller_resume(&t, 1);
	teller_done(&again, 4, NULL);
	char *end = story_state(again.run);
	assert_string_equal(end, "{\"log\":[{\"x\":[0,1]},{\"log\":[{\"x\":[0,1]}]}]}");
	free(end);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);

	g = bldr_graph_new("patches", 1); /* nor in a patch, nor in the event of its task */
	bldr_graph_add_channel(g, &(struct bldr_channel){ .name = "x", .untracked = true });
	bldr_graph_channel(g, "y", BLDR_LAST);
	script_node(g, "a", "{\"writes\":[[\"x\",1],[\"y\",2]]}", NAMES("x", "y"), NULL);
	script_node(g, "b", "{\"work\":1}", NULL, NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	compiled(g);
	t = teller_begin(g, NULL);
	teller_expect_only(&t, "patch", "patch 1 {\"sends\":[],\"to\":[],\"writes\":[[\"y\",2]]}\n");
	teller_free(&t);
	bldr_graph_free(g);
}

/* What was folded before is gone, what comes after is folded onto it; the record holds the whole. */
static void a_value_that_replaces_is_the_whole_of_its_channel(void **state)
{
	(void)state;
	static const struct {
		struct bldr_channel x;
		const char *before, *value, *after, *end;
	} cases[] = {
		{ { .name = "x", .reducer = BLDR_APPEND }, "[1]", "[5]", "6", "[5,6]" },
		{ { .name = "x", .reducer = BLDR_ADD }, "1", "5", "6", "11" },
		{ { .name = "x", .reducer = BLDR_MERGE },
		  "{\"a\":1}",
		  "{\"b\":2}",
		  "{\"c\":3}",
		  "{\"b\":2,\"c\":3}" },
		{ { .name = "x", .reducer = BLDR_MESSAGES },
		  "{\"id\":\"1\"}",
		  "[{\"id\":\"2\"},{\"id\":\"2\",\"t\":1}]",
		  "{\"id\":\"3\"}",
		  "[{\"id\":\"2\",\"t\":1},{\"id\":\"3\"}]" },
		{ { .name = "x", .reducer = BLDR_CUSTOM, .reduce = join_texts, .reduce_name = "j" },
		  "\"a\"",
		  "\"b\"",
		  "\"c\"",
		  "\"b c\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char scripts[3][200];
		char text[200];
		struct bldr_graph *g = bldr_graph_new("replaced", 1);
		bldr_graph_add_channel(g, &cases[i].x);
		snprintf(scripts[0], 200, "{\"work\":1,\"writes\":[[\"x\",%s]]}", cases[i].before);
		snprintf(scripts[1], 200, "{\"work\":1,\"replace\":[[\"x\",%s]]}", cases[i].value);
		snprintf(scripts[2], 200, "{\"work\":1,\"writes\":[[\"x\",%s]]}", cases[i].after);
		script_node(g, "a", scripts[0], NAMES("x"), NULL);
		script_node(g, "b", scripts[1], NAMES("x"), NULL);
		script_node(g, "c", scripts[2], NAMES("x"), NULL);
		bldr_graph_edge(g, BLDR_START, "a");
		bldr_graph_edge(g, BLDR_START, "b");
		bldr_graph_edge(g, BLDR_START, "c");
		compiled(g);
		struct teller t = teller_begin(g, NULL);
		teller_done(&t, 6, NULL);
		teller_done(&t, 5, NULL);
		teller_done(&t, 4, NULL);
		snprintf(text, sizeof(text), "step 0.0 @0 base | 1:a 2:b 3:c\nstep 0.1 @3 x=%s |\n",
			 cases[i].end);
		teller_expect_only(&t, "step", text);
		teller_free(&t);
		snprintf(text, sizeof(text), "{\"x\":%s}", cases[i].end);
		expect_end(g, NULL, text);
		bldr_graph_free(g);
	}
}

static void a_channel_is_replaced_once_and_by_what_it_can_hold(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("twice", 1);
	bldr_graph_channel(g, "x", BLDR_ADD);
	script_node(g, "a", "{\"replace\":[[\"x\",1]]}", NAMES("x"), NULL);
	script_node(g, "b", "{\"replace\":[[\"x\",1]]}", NAMES("x"), NULL);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	compiled(g);
	expect_steps(g, NULL,
		     "step 0.0 @0 base | 1:a 2:b\n"
		     "failed channel \"x\" is replaced twice in one superstep, by node \"a\" and by "
		     "node \"b\"\n");
	bldr_graph_free(g);
	static const struct {
		enum bldr_reducer reducer;
		const char *script, *error;
	} cases[] = {
		{ BLDR_ADD, "{\"replace\":[[\"x\",\"1\"]]}",
		  "failed node \"a\": channel \"x\" holds an integer and was given a text\n" },
		{ BLDR_APPEND, "{\"replace\":[[\"x\",1]]}",
		  "failed node \"a\": channel \"x\" holds a list and was given an integer\n" },
		{ BLDR_MERGE, "{\"replace\":[[\"x\",null]]}",
		  "failed node \"a\": channel \"x\" holds an object and was given null\n" },
		{ BLDR_MESSAGES, "{\"replace\":[[\"x\",[{\"remove\":\"1\"}]]]}",
		  "failed node \"a\": it replaces channel \"x\" by messages that take others away\n" },
		{ BLDR_LAST, "{\"replace\":[[\"x\",1]],\"writes\":[[\"x\",2]]}",
		  "failed node \"a\": it writes channel \"x\" twice, which is LAST\n" },
		{ BLDR_LAST, "{\"replace\":[[\"y\",1]]}",
		  "failed node \"a\": it writes channel \"y\", which is not among its declared writes\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		g = bldr_graph_new("refused", 1);
		bldr_graph_channel(g, "x", cases[i].reducer);
		chain(g, NAMES(cases[i].script), NAMES("x"));
		struct teller t = teller_begin(g, NULL);
		teller_expect_only(&t, "failed", cases[i].error);
		teller_free(&t);
		bldr_graph_free(g);
	}
}

/* The router of "a" sees what was there and what "a" wrote; what "b" wrote beside it, it does not see. */
static void a_router_sees_the_old_state_and_its_nodes_own_writes(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("routed", 1);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_channel(g, "once", BLDR_EPHEMERAL);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){ .name = "gate",
						       .reducer = BLDR_BARRIER,
						       .names = NAMES("p", "q") });
	bldr_graph_add_channel(g, &joined);
	script_node(
		g, "a",
		"{\"work\":1,\"writes\":[[\"talk\",{\"id\":\"2\"}],[\"n\",1],[\"x\",\"a\"],[\"gate\",\"q\"]],"
		"\"show\":\"see\"}",
		NAMES("talk", "n", "x", "gate"), NULL);
	script_node(g, "b", "{\"writes\":[[\"talk\",{\"id\":\"3\"}],[\"n\",10],[\"x\",\"b\"]]}",
		    NAMES("talk", "n", "x"), NULL);
	bldr_graph_node(g, &(struct bldr_node){ .name = "see" });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_route(g, "a", script_route, NAMES("see"));
	compiled(g);
	struct teller t = teller_begin(
		g, "{\"talk\":{\"id\":\"1\"},\"once\":7,\"n\":100,\"x\":\"in\",\"gate\":\"p\"}");
	teller_skip(&t);
	teller_done(&t, 3, NULL);
	teller_expect_only(
		&t, "step",
		"step 0.1 @1 once- talk+[{\"id\":\"2\"},{\"id\":\"3\"}] n+11 x=\"in a b\" "
		"gate+[\"q\"] | 4:see:0({\"gate\":true,\"n\":101,\"once\":7,"
		"\"talk\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"x\":\"in a\"})\n"
		"step 0.2 @1 gate- |\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static struct bldr_graph *ends_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("ends", 1);
	bldr_graph_channel(g, "in", BLDR_LAST);
	bldr_graph_channel(g, "out", BLDR_LAST);
	bldr_graph_channel(g, "own", BLDR_LAST);
	bldr_graph_input(g, NAMES("in"));
	bldr_graph_output(g, NAMES("out", "in"));
	chain(g, NAMES("{\"writes\":[[\"out\",1],[\"own\",2]]}"), NAMES("out", "own"));
	return g;
}

static void an_input_sets_input_channels_and_the_output_shows_its_own(void **state)
{
	(void)state;
	struct bldr_graph *g = ends_graph();
	struct teller t = teller_begin(g, "{\"in\":0}");
	struct bldr_value *output = run_output(t.run);
	char *text = bldr_value_text(output);
	assert_string_equal(text, "{\"in\":0,\"out\":1}");
	free(text);
	bldr_unref(output);
	text = story_state(t.run);
	assert_string_equal(text, "{\"in\":0,\"out\":1,\"own\":2}");
	free(text);
	teller_free(&t);

	struct bldr_error err;
	struct update u = { 0 };
	struct run *r = run_new(g, "t", STORY_SEED);
	struct bldr_value *input = json("{\"own\":1}");
	assert_int_equal(run_begin(r, input, 0, &u, &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "the input names \"own\", which is no input channel of graph \"ends\"");
	bldr_unref(input);
	update_release(&u);
	run_free(r);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_with_a_known_id_replaces_the_other_in_its_place),
		cmocka_unit_test(removing_all_keeps_what_comes_after),
		cmocka_unit_test(removing_an_unknown_message_is_an_error),
		cmocka_unit_test(messages_without_an_id_get_one_that_a_replay_gives_again),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(many_messages_fold_at_once),
		cmocka_unit_test(an_ephemeral_value_is_seen_by_one_superstep),
		cmocka_unit_test(nodes_see_an_ephemeral_value_while_it_is_there),
		cmocka_unit_test(an_ephemeral_channel_takes_one_write),
		cmocka_unit_test(a_barrier_shows_true_to_one_superstep_when_all_names_are_there),
		cmocka_unit_test(a_custom_channel_is_what_its_function_makes),
		cmocka_unit_test(an_untracked_channel_is_in_no_record),
		cmocka_unit_test(a_value_that_replaces_is_the_whole_of_its_channel),
		cmocka_unit_test(a_channel_is_replaced_once_and_by_what_it_can_hold),
		cmocka_unit_test(a_router_sees_the_old_state_and_its_nodes_own_writes),
		cmocka_unit_test(an_input_sets_input_channels_and_the_output_shows_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
