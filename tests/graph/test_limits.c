/* The stated limits, at and beyond; and records that do not grow with what stays the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "story.h"

enum { TASKS_MAX = 10000, STEPS_MAX = 10000 };

/* Sends as many times to "part" as the input's "n" says. */
static void spread(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	(void)results;
	(void)n;
	for (int64_t i = 0; i < bldr_get_int(v->state, "n", 0); i++) {
		bldr_patch_send(p, "part", bldr_int(i));
	}
}

static void add_input(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		      struct bldr_patch *p)
{
	(void)results;
	(void)n;
	bldr_patch_set(p, "sum", bldr_ref(v->input));
	bldr_patch_set(p, "order", bldr_ref(v->input));
}

static struct teller run_wide(struct bldr_graph *g, const char *input, bool beside)
{
	bldr_graph_channel(g, "n", BLDR_LAST);
	bldr_graph_channel(g, "sum", BLDR_ADD);
	bldr_graph_channel(g, "order", BLDR_APPEND);
	bldr_graph_node(
		g, &(struct bldr_node){ .name = "plan", .sends = NAMES("part"), .absorb = spread });
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "part",
				.writes = NAMES("sum", "order"),
				.absorb = add_input,
			});
	bldr_graph_node(g, &(struct bldr_node){ .name = "beside" });
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, beside ? "plan" : "part", "beside");
	return teller_begin(compiled(g), input);
}

static void a_superstep_runs_ten_thousand_tasks(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("wide", 1);
	struct teller t = run_wide(g, "{\"n\":10000}", false);
	assert_int_equal(run_status(t.run), RUN_DONE);
	struct bldr_value *end = run_state(t.run);
	assert_int_equal(bldr_get_int(end, "sum", 0), 49995000);
	const struct bldr_value *order = bldr_get(end, "order");
	assert_int_equal(bldr_count(order), TASKS_MAX);
	for (size_t i = 0; i < TASKS_MAX; i++) {
		assert_int_equal(bldr_as_int(bldr_at(order, i), -1), i);
	}
	bldr_unref(end);
	teller_free(&t);
	bldr_graph_free(g);
}

static void but_no_more(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("wide", 1);
	struct teller t = run_wide(g, "{\"n\":10001}", false);
	teller_expect_only(&t, "failed", "failed node \"plan\": it sends more than 10000 tasks\n");
	teller_free(&t);
	bldr_graph_free(g);

	g = bldr_graph_new("wide", 1);
	t = run_wide(g, "{\"n\":10000}", true);
	teller_expect_only(
		&t, "failed step",
		"step 0.0 @0 base n=10000 | 1:plan\n"
		"failed superstep 1 of graph \"wide\" would run 10001 tasks, the limit is 10000\n");
	teller_free(&t);
	bldr_graph_free(g);
}

/* Goes round until n has reached the config's number. */
static void until(const struct bldr_view *v, struct bldr_route *r)
{
	const int64_t *rounds = v->config;
	bldr_route_to(r, bldr_get_int(v->state, "n", 0) < *rounds ? "round" : BLDR_END);
}

static void add_one(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		    struct bldr_patch *p)
{
	(void)v;
	(void)results;
	(void)n;
	bldr_patch_set(p, "n", bldr_int(1));
}

static struct bldr_graph *loop_graph(const int64_t *rounds)
{
	struct bldr_graph *g = bldr_graph_new("loop", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "big", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "round",
				.reads = NAMES("n"),
				.writes = NAMES("n"),
				.absorb = add_one,
				.config = rounds,
			});
	bldr_graph_edge(g, BLDR_START, "round");
	bldr_graph_route(g, "round", until, NAMES("round", BLDR_END));
	return compiled(g);
}

static void a_frame_runs_ten_thousand_supersteps(void **state)
{
	(void)state;
	int64_t rounds = STEPS_MAX;
	struct bldr_graph *g = loop_graph(&rounds);
	struct teller t = teller_begin(g, NULL);
	assert_int_equal(run_status(t.run), RUN_DONE);
	assert_int_equal(t.updates[0]->steps.n, STEPS_MAX + 1);
	char *end = story_state(t.run);
	assert_string_equal(end, "{\"n\":10000}");
	free(end);
	teller_free(&t);

	rounds++;
	t = teller_begin(g, NULL);
	const char *error = "recursion limit: graph \"loop\" has not ended after 10000 supersteps";
	assert_string_equal(t.updates[0]->error, error);
	assert_int_equal(t.updates[0]->steps.n, STEPS_MAX);
	assert_int_equal(t.updates[0]->patches.n, 1); /* the last task's, which nothing folded */
	struct teller again = teller_resume(&t, 1);
	assert_string_equal(again.updates[1]->error, error);
	end = story_state(again.run);
	assert_string_equal(end, "{\"n\":9999}");
	free(end);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

static size_t record_size(const struct step_record *s)
{
	size_t bytes = 0;
	for (size_t i = 0; i < s->writes.n; i++) {
		bytes += strlen(s->writes.at[i].text);
	}
	return bytes;
}

/* A large channel that stays the same is written with the bases only, and those are rare. */
static void what_stays_the_same_is_not_written_again(void **state)
{
	(void)state;
	int64_t rounds = STEPS_MAX;
	struct bldr_graph *g = loop_graph(&rounds);
	char *input = xmalloc(100100);
	memcpy(input, "{\"big\":\"", 8);
	memset(input + 8, 'b', 100000);
	memcpy(input + 8 + 100000, "\"}", 3);
	struct teller t = teller_begin(g, input);
	free(input);
	const struct update *u = t.updates[0];
	size_t bases = 0;
	for (size_t i = 0; i < u->steps.n; i++) {
		const struct step_record *s = &u->steps.at[i];
		bases += s->base;
		assert_true(s->base ? record_size(s) > 100000 : record_size(s) == 1);
	}
	/* A record counts some 60 bytes, so 100 KB are passed every 1,700 records or so. */
	assert_in_range(bases, 4, 8);
	assert_true(u->steps.at[0].base);

	struct teller again = teller_resume(&t, 1); /* from the last base on */
	struct bldr_value *end = run_state(again.run);
	assert_int_equal(bldr_get_int(end, "n", 0), rounds);
	bldr_unref(end);
	teller_free(&again);
	teller_free(&t);
	bldr_graph_free(g);
}

static void write_deep(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	(void)results;
	(void)n;
	const int *depth = v->config;
	struct bldr_value *value = bldr_list();
	for (int i = 1; i < *depth; i++) {
		struct bldr_value *outer = bldr_list();
		bldr_list_add(outer, value);
		value = outer;
	}
	struct bldr_value *item = bldr_object();
	bldr_object_set(item, "in", value);
	bldr_patch_set(p, "log", item);
}

/* What is written must be readable again: as an item, in a patch, in a base. */
static void to_a(const struct bldr_view *v, struct bldr_route *r)
{
	(void)v;
	bldr_route_to(r, "a");
}

static void a_value_may_be_so_deep_that_its_records_can_be_read(void **state)
{
	(void)state;
	int depth = 119; /* and the object around it */
	struct bldr_graph *g = bldr_graph_new("deep", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "a",
				.writes = NAMES("log"),
				.absorb = write_deep,
				.config = &depth,
			});
	ask_node(g, "b");
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_route(g, "b", to_a, NAMES("a"));
	compiled(g);
	struct teller t = teller_begin(g, NULL);
	teller_done(&t, 3, "1");
	assert_int_equal(run_status(t.run), RUN_DONE);
	for (size_t k = 1; k <= 2; k++) {
		struct run *r = story_restore(g, t.updates, k);
		run_free(r);
	}
	teller_free(&t);
	depth++;
	t = teller_begin(g, NULL);
	teller_done(&t, 3, "1");
	teller_expect_only(&t, "failed",
			   "failed node \"a\": a value for channel \"log\" is nested more than "
			   "120 deep\n");
	teller_free(&t);
	bldr_graph_free(g);
}

static void write_large(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			struct bldr_patch *p)
{
	(void)v;
	(void)results;
	(void)n;
	char *text = xmalloc((31 << 20) + 1);
	memset(text, 't', 31 << 20);
	text[31 << 20] = '\0';
	bldr_patch_set(p, "log", bldr_text(text));
	free(text);
}

/* 31 MiB a round: what is over 64 MiB could not be parsed again. */
static void a_channel_may_be_so_large_that_it_can_be_read(void **state)
{
	(void)state;
	struct bldr_graph *g = bldr_graph_new("large", 1);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	const char *const names[] = { "a", "b", "c" };
	for (size_t i = 0; i < 3; i++) {
		bldr_graph_node(g,
				&(struct bldr_node){
					.name = names[i],
					.reads = NAMES(NULL),
					.writes = NAMES("log"),
					.absorb = write_large,
				});
		bldr_graph_edge(g, i == 0 ? BLDR_START : names[i - 1], names[i]);
	}
	compiled(g);
	struct run *r = run_new(g, "t", 1);
	struct update u = { 0 };
	assert_int_equal(run_begin(r, NULL, 0, &u, NULL), 0);
	assert_int_equal(u.status, RUN_FAILED);
	assert_string_equal(u.error,
			    "channel \"log\" is larger than 67108864 bytes after a write of node "
			    "\"c\": keep files, hand on their references");
	assert_int_equal(u.steps.n, 3);
	update_release(&u);
	run_free(r);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_superstep_runs_ten_thousand_tasks),
		cmocka_unit_test(but_no_more),
		cmocka_unit_test(a_frame_runs_ten_thousand_supersteps),
		cmocka_unit_test(what_stays_the_same_is_not_written_again),
		cmocka_unit_test(a_value_may_be_so_deep_that_its_records_can_be_read),
		cmocka_unit_test(a_channel_may_be_so_large_that_it_can_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
