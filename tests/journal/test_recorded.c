/* What effects of a lineage ended with, asked for by their place, and by their node when the place is another one. */
#include "journal/journal_test.h"

static void add_done(struct update *u, int64_t id, const char *key, const char *request,
		     const char *value)
{
	*LIST_ADD(&u->arena, &u->intents) = (struct intent_record){
		.id = id, .task = 1, .kind = "work", .key = key, .request = request
	};
	if (value != NULL) {
		*LIST_ADD(&u->arena, &u->results) = (struct result_record){
			.effect = id,
			.value = value[0] != '!' ? value : NULL,
			.status = value[0] != '!' ? BLDR_DONE : BLDR_FAILED,
			.code = value[0] != '!' ? 0 : BLDR_E_IO,
			.error = value[0] != '!' ? NULL : value,
		};
	}
}

struct place {
	int64_t lineage;
	const char *path;
	int64_t round, ordinal;
	const char *request;
	const char *expected; /* NULL: there is none */
};

static void check(struct journal *j, int64_t thread, const struct place *p)
{
	struct arena a = { 0 };
	struct result_record r = { 0 };
	struct bldr_error err = { 0 };
	int rc = journal_recorded(j, thread, p->lineage, p->path, p->round, p->ordinal, "work",
				  p->request, &a, &r, &err);

	if (rc != (p->expected != NULL)) {
		fail_msg("%s of lineage %d: %d", p->path, (int)p->lineage, rc);
	}
	if (rc == 1) {
		assert_int_equal(r.status, BLDR_DONE);
		assert_string_equal(r.value, p->expected);
	}
	arena_release(&a);
}

static void the_place_comes_first_then_the_node(void **state)
{
	static const struct place places[] = {
		{ 0, "/1:ask", 0, 0, "{}", "1" },
		{ 0, "/1:ask", 1, 0, "{}", "2" },        /* its second round */
		{ 0, "/1:ask", 0, 0, "{\"b\":1}", "3" }, /* same node, elsewhere: superstep 2 */
		{ 0, "/9:ask:4", 3, 1, "{}", "1" },      /* the oldest one of the node */
		{ 0, "/1:asked", 0, 0, "{}", NULL },     /* another node */
		{ 0, "/1:ask", 0, 0, "{\"none\":1}", NULL },
		{ 0, "/2:sub:1/1:ask", 0, 0, "{}", "5" },
		{ 0, "/7:sub/0:ask:3", 0, 0, "{}", "4" }, /* the subgraph's node, not the root's */
		{ 0, "/7:sub", 0, 0, "{}", NULL },
		{ 0, "/3:bad", 0, 0, "{}", NULL },  /* failed */
		{ 0, "/3:open", 0, 0, "{}", NULL }, /* no result */
		{ 0, "/3:retried", 0, 0, "{}", "8" },
		{ 7, "/1:ask", 0, 0, "{}", "9" }, /* of the fork */
		{ 7, "/1:ask", 1, 0, "{}", "9" },
		{ 70, "/1:ask", 0, 0, "{}", NULL },
	};
	struct fixture *f = *state;
	struct journal_thread t = new_thread("t");
	struct journal_thread other = new_thread("t2");
	struct update u = { .next_id = 30 };
	struct update v = { .next_id = 30 };

	add_done(&u, 2, "t/1:ask#0.0", "{}", "1");
	add_done(&u, 3, "t/1:ask#1.0", "{}", "2");
	add_done(&u, 4, "t/2:ask#0.0", "{\"b\":1}", "3");
	add_done(&u, 5, "t/2:sub:0/0:ask#0.0", "{}", "4");
	add_done(&u, 6, "t/2:sub:1/1:ask#0.0", "{}", "5");
	add_done(&u, 7, "t/3:bad#0.0", "{}", "!failed");
	add_done(&u, 8, "t/3:open#0.0", "{}", NULL);
	add_done(&u, 9, "t/3:retried#0.0", "{}", "!failed");
	add_done(&u, 10, "t/3:retried#0.0", "{}", "8");
	add_done(&u, 11, "t~7/1:ask#0.0", "{}", "9");
	commit(f, &t, &u);
	add_done(&v, 2, "t2/1:ask#0.0", "{}", "\"other\"");
	commit(f, &other, &v);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		check(f->j, t.rowid, &places[i]);
	}
	for (size_t i = sizeof(places) / sizeof(places[0]); i > 0;
	     i--) { /* whatever was asked before */
		check(f->j, t.rowid, &places[i - 1]);
	}
	check(f->j, other.rowid, &(struct place){ 0, "/1:ask", 0, 0, "{}", "\"other\"" });
	check(f->j, 99, &(struct place){ 0, "/1:ask", 0, 0, "{}", NULL });
}

static void large_requests_are_compared_by_hash(void **state)
{
	struct fixture *f = *state;
	struct journal_thread t = new_thread("t");
	struct update u = { .next_id = 30 };
	char large[5001];

	memset(large, '1', sizeof(large));
	large[5000] = '\0';
	add_done(&u, 2, "t/1:ask#0.0", large, large);
	commit(f, &t, &u);
	check(f->j, t.rowid, &(struct place){ 0, "/1:ask", 0, 0, large, large });
	large[0] = '2';
	check(f->j, t.rowid, &(struct place){ 0, "/1:ask", 0, 0, large, NULL });
	assert_string_equal(ask(f, "SELECT count(*) FROM blob"), "1"); /* asking stores nothing */
}

static void checkpoints_that_are_none_are_not_found(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *g = bldr_graph_new("g", 1);
	struct journal_thread t = new_thread("t");
	struct update u = { .next_id = 30 };
	struct bldr_error err = { 0 };
	struct run *r;
	static const int64_t absent[][2] = { { 0, -1 }, { 0, 2 }, { 1, 0 }, { 9, 0 } };

	bldr_graph_channel(g, "a", BLDR_LAST);
	bldr_graph_node(g, &(struct bldr_node){ .name = "n" });
	bldr_graph_edge(g, BLDR_START, "n");
	ok(bldr_graph_compile(g, &err));
	add_step(&u, 0, 0, true);
	add_task(&u, 1, "n", -1, NULL);
	add_step(&u, 1, 0, true); /* a subgraph's */
	add_step(&u, 0, 1, false);
	commit(f, &t, &u);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		r = run_new(g, "t", 0);
		assert_int_equal(journal_load_at(f->j, &t, absent[i][0], absent[i][1], r, &err),
				 BLDR_E_NOT_FOUND);
		run_free(r);
	}
	(void)ask(f, "UPDATE step SET base=0");
	r = run_new(g, "t", 0);
	assert_int_equal(journal_load_at(f->j, &t, 0, 1, r, &err), BLDR_E_CORRUPT);
	run_free(r);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_place_comes_first_then_the_node, setup,
						teardown),
		cmocka_unit_test_setup_teardown(large_requests_are_compared_by_hash, setup,
						teardown),
		cmocka_unit_test_setup_teardown(checkpoints_that_are_none_are_not_found, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("recorded", tests, NULL, NULL);
}
