/* Loading: what was committed comes back as the same run, and only what is open is read. */
#include <inttypes.h>

#include "journal/journal_test.h"

/*
 * list ==> part (sends) -> end, where part is a subgraph of one node, "ask", with one effect; its
 * answer is appended to the parent's "got". The third part has two supersteps more than the others.
 */
static void list_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)v;
	(void)r;
	(void)n;
	for (int64_t i = 0; i < 3; i++) {
		struct bldr_value *arg = bldr_object();

		bldr_object_set(arg, "left", bldr_int(i == 2 ? 2 : 0));
		bldr_patch_send(p, "part", arg);
	}
}

static void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "answer", BLDR_KEYED, bldr_object());
}

static void ask_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	struct bldr_value *got = bldr_list();

	(void)n;
	bldr_list_add(got, bldr_ref(r[0].value));
	bldr_patch_set(p, "got", got);
	bldr_patch_set(p, "left", bldr_int(bldr_get_int(v->state, "left", 0) - 1));
}

static void ask_again(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, bldr_get_int(v->state, "left", 0) >= 0 ? "ask" : BLDR_END);
}

struct graphs {
	struct bldr_graph *inner, *outer;
};

static struct graphs make_graphs(void)
{
	static const char *const ask_writes[] = { "got", "left", NULL };
	static const char *const targets[] = { "ask", BLDR_END, NULL };
	static const char *const sends[] = { "part", NULL };
	static const char *const none[] = { NULL };
	static const char *const got[] = { "got", NULL };
	struct graphs g = { bldr_graph_new("inner", 1), bldr_graph_new("g", 1) };
	struct bldr_error err = { 0 };

	bldr_graph_channel(g.inner, "left", BLDR_LAST);
	bldr_graph_channel(g.inner, "got", BLDR_APPEND);
	bldr_graph_node(g.inner,
			&(struct bldr_node){ .name = "ask",
					     .writes = ask_writes,
					     .prepare = ask_prepare,
					     .absorb = ask_absorb });
	bldr_graph_edge(g.inner, BLDR_START, "ask");
	bldr_graph_route(g.inner, "ask", ask_again, targets);
	ok(bldr_graph_compile(g.inner, &err));
	bldr_graph_channel(g.outer, "got", BLDR_APPEND);
	bldr_graph_node(
		g.outer,
		&(struct bldr_node){ .name = "list", .sends = sends, .absorb = list_absorb });
	bldr_graph_subgraph(g.outer, "part", g.inner, none, got);
	bldr_graph_edge(g.outer, BLDR_START, "list");
	bldr_graph_edge(g.outer, "part", BLDR_END);
	ok(bldr_graph_compile(g.outer, &err));
	return g;
}

static void free_graphs(struct graphs *g)
{
	bldr_graph_free(g->outer);
	bldr_graph_free(g->inner);
}

/* Intents in a text: "id key request" lines. */
struct pending {
	char text[2048];
	int64_t ids[8];
	size_t n;
};

static void add_pending(const struct intent_record *i, void *user)
{
	struct pending *p = user;
	size_t used = strlen(p->text);

	(void)snprintf(p->text + used, sizeof(p->text) - used, "%" PRId64 " %s %s %d %u\n", i->id,
		       i->key, i->request, (int)i->cls, i->timeout_ms);
	p->ids[p->n++] = i->id;
}

/* Loads the thread into a new run, which the caller ends. */
static struct run *load(const struct fixture *f, const struct journal_thread *t,
			const struct bldr_graph *g)
{
	struct run *r = run_new(g, t->id, t->seed);
	struct bldr_error err = { 0 };

	ok(journal_load(f->j, t, r, &err));
	return r;
}

static void assert_run_state(const struct run *r, const char *expected)
{
	struct bldr_value *state = run_state(r);
	char *text = bldr_value_text(state);

	assert_string_equal(text, expected);
	free(text);
	bldr_unref(state);
}

static void answer(struct fixture *f, struct journal_thread *t, struct run *r, int64_t effect,
		   const char *text)
{
	struct update u = { 0 };
	struct bldr_value *value = bldr_text(text);

	run_deliver(r, effect, BLDR_DONE, 0, value, NULL, 100, &u);
	bldr_unref(value);
	commit(f, t, &u);
}

/* Writes garbage over rows that a load has no business with. */
static void spoil(const struct fixture *f, const char *where)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql), "UPDATE step SET record='spoilt' WHERE %s", where);
	(void)ask(f, sql);
}

/* At each commit the thread is loaded anew, and what has closed is spoilt before. */
static void a_run_is_rebuilt_from_what_is_open(void **state)
{
	struct fixture *f = *state;
	struct graphs g = make_graphs();
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };
	struct run *r = run_new(g.outer, "t", t.seed);
	struct bldr_error err = { 0 };
	struct pending p = { 0 };

	ok(run_begin(r, NULL, 50, &u, &err));
	commit(f, &t, &u);
	run_pending(r, add_pending, &p);
	assert_int_equal(p.n, 3);
	for (int turn = 0; turn < 5; turn++) {
		static const char *const answers[] = { "second", "third", "third", "first",
						       "third" };
		/* the part that answers, and how its line begins */
		static const char *const keys[] = { "t/1:part:1/0:ask#", "t/1:part:2/0:ask#",
						    "t/1:part:2/1:ask#", "t/1:part:0/0:ask#",
						    "t/1:part:2/2:ask#" };
		struct pending now = { 0 };
		struct pending loaded = { 0 };
		struct update resumed = { 0 };
		const char *at;
		struct run *other = load(f, &t, g.outer);

		ok(run_restored(other, t.next_id, t.last_event, t.status, 60, &resumed, &err));
		update_release(&resumed);
		run_pending(r, add_pending, &now);
		run_pending(other, add_pending, &loaded);
		assert_string_equal(loaded.text, now.text);
		run_free(r);
		r = other; /* goes on with what was loaded */
		at = strstr(now.text, keys[turn]);
		assert_non_null(at);
		while (at > now.text && at[-1] != '\n') {
			at--;
		}
		answer(f, &t, r, strtoll(at, NULL, 10), answers[turn]);
		if (turn == 0) {
			assert_string_equal(ask(f, "SELECT count(*) FROM patch"), "1");
			spoil(f, "frame=3"); /* the second part has its patch */
		}
	}
	run_free(r);
	assert_int_equal(t.status, RUN_DONE);
	assert_string_equal(ask(f, "SELECT count(*) FROM patch"), "0");
	assert_string_equal(ask(f, "SELECT count(*) FROM effect WHERE status IS NULL"), "0");
	spoil(f, "frame<>0");
	(void)ask(f, "UPDATE effect SET request=x'00'");
	r = load(f, &t, g.outer);
	assert_run_state(r, "{\"got\":[\"first\",\"second\",\"third\",\"third\",\"third\"]}");
	run_free(r);
	free_graphs(&g);
}

/* One node and channels of every kind, for records written by hand. */
static struct bldr_graph *plain_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("g", 1);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "a", BLDR_LAST);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "sum", BLDR_ADD);
	bldr_graph_node(g, &(struct bldr_node){ .name = "n" });
	bldr_graph_edge(g, BLDR_START, "n");
	bldr_graph_edge(g, "n", "n");
	ok(bldr_graph_compile(g, &err));
	return g;
}

static void records_by_hand_come_back(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *g = plain_graph();
	struct journal_thread t = new_thread("t");
	struct update u = { .next_id = 5 };
	struct pending p = { 0 };
	struct run *r;

	add_step(&u, 0, 0, true);
	add_write(&u, "a", WRITE_FULL, "{\"k\":\"] , } \\\" \\\\\",\"n\":[-1,2.5,null,true]}");
	add_write(&u, "log", WRITE_FULL, "[\"x\"]");
	add_task(&u, 1, "n", -1, NULL);
	commit(f, &t, &u);
	add_step(&u, 0, 1, false);
	add_write(&u, "log", WRITE_DELTA, "[[],\"y\"]");
	add_write(&u, "sum", WRITE_DELTA, "9007199254740993");
	add_task(&u, 2, "n", 0, "null");
	add_task(&u, 3, "n", 1, "[\"\\u0001\"]");
	*LIST_ADD(&u.arena, &u.intents) = (struct intent_record){ .id = 4,
								  .task = 3,
								  .kind = "work",
								  .cls = BLDR_KEYED,
								  .key = "t/1:n:1#0.0",
								  .request = "{\"work\":\"w\"}",
								  .timeout_ms = 4000000000 };
	commit(f, &t, &u);
	r = load(f, &t, g);
	assert_run_state(r,
			 "{\"a\":{\"k\":\"] , } \\\" \\\\\",\"n\":[-1,2.5,null,true]},"
			 "\"log\":[\"x\",[],\"y\"],\"sum\":9007199254740993}");
	run_pending(r, add_pending, &p);
	assert_string_equal(p.text, "4 t/1:n:1#0.0 {\"work\":\"w\"} 1 4000000000\n");
	run_free(r);
	bldr_graph_free(g);
}

static void loading_begins_at_the_last_base_record(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *g = plain_graph();
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };
	struct run *r;

	for (int64_t step = 0; step < 9; step++) {
		add_step(&u, 0, step, step % 3 == 0);
		add_write(&u, "a", WRITE_FULL, step == 6 ? "6" : step == 8 ? "8" : "0");
		add_task(&u, step + 1, "n", -1, NULL);
		commit(f, &t, &u);
	}
	spoil(f, "step<6");
	r = load(f, &t, g);
	assert_run_state(r, "{\"a\":8}");
	run_free(r);
	bldr_graph_free(g);
}

/* A value in a channel: size bytes of text, or depth lists in each other. */
static void large_and_deep_values_come_back(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *g = plain_graph();
	size_t sizes[] = { 4095, 4096, 100000 };
	char deep[2 * BLDR_VALUE_DEPTH_MAX + 1] = "";

	for (size_t i = 0; i < 4; i++) {
		char id[8];
		char *text = NULL;
		char *expected = NULL;
		struct journal_thread t;
		struct update u = { 0 };
		struct run *r;

		if (i < 3) {
			text = malloc(sizes[i] + 1);
			memset(text, 'x', sizes[i]);
			text[0] = text[sizes[i] - 1] = '"';
			text[sizes[i]] = '\0';
		} else {
			memset(deep, '[', BLDR_VALUE_DEPTH_MAX);
			memset(deep + BLDR_VALUE_DEPTH_MAX, ']', BLDR_VALUE_DEPTH_MAX);
			text = strdup(deep);
		}
		(void)snprintf(id, sizeof(id), "t%zu", i);
		t = new_thread(id);
		add_step(&u, 0, 0, true);
		add_write(&u, "a", WRITE_FULL, text);
		add_task(&u, 1, "n", 0, text);
		commit(f, &t, &u);
		r = load(f, &t, g);
		assert_true(asprintf(&expected, "{\"a\":%s}", text) > 0);
		assert_run_state(r, expected);
		run_free(r);
		free(expected);
		free(text);
	}
	assert_string_equal(ask(f, "SELECT count(*) FROM blob"), "2");
	bldr_graph_free(g);
}

static void damage_is_named(void **state)
{
	static const struct {
		const char *sql, *expected;
	} cases[] = {
		{ "UPDATE step SET record='{}'", "step 0 of frame 0" },
		{ "UPDATE step SET record=substr(record, 1, 30)", "step 0 of frame 0" },
		{ "UPDATE step SET record=record||' '", "step 0 of frame 0" },
		{ "UPDATE step SET record=replace(record, '\"=\"', '\"?\"')", "step 0 of frame 0" },
		{ "UPDATE step SET base=0", "frame 0 of thread 1 has no base record" },
		{ "DELETE FROM step", "thread 1 has no superstep" },
		{ "DELETE FROM blob", "no blob 880f0046883a" },
		{ "UPDATE blob SET value='\"y\"'", "blob 880f0046883a" },
		{ "UPDATE effect SET status=7", "effect 2 has the status 7" },
		{ "UPDATE effect SET class=-1", "effect 2 has the class -1" },
		{ "UPDATE effect SET request=x'00'",
		  "neither a value nor a hash in column \"request\"" },
		{ "UPDATE effect SET request=7.5",
		  "neither a value nor a hash in column \"request\"" },
	};
	struct fixture *f = *state;
	struct bldr_graph *g = plain_graph();
	char text[4097];

	memset(text, 'x', sizeof(text));
	text[0] = text[4095] = '"';
	text[4096] = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct journal_thread t = new_thread("t");
		struct update u = { 0 };
		struct bldr_error err = { 0 };
		struct run *r = run_new(g, "t", t.seed);

		add_step(&u, 0, 0, true);
		add_write(&u, "a", WRITE_FULL, text);
		add_task(&u, 1, "n", -1, NULL);
		*LIST_ADD(&u.arena, &u.intents) = (struct intent_record){
			.id = 2, .task = 1, .kind = "work", .key = "k", .request = "{}"
		};
		commit(f, &t, &u);
		(void)ask(f, cases[i].sql);
		assert_int_equal(journal_load(f->j, &t, r, &err), BLDR_E_CORRUPT);
		if (strstr(err.text, cases[i].expected) == NULL) {
			fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].expected);
		}
		run_free(r);
		journal_close(f->j);
		assert_int_equal(unlink(f->db), 0);
		f->j = open_journal(f);
	}
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_run_is_rebuilt_from_what_is_open, setup, teardown),
		cmocka_unit_test_setup_teardown(records_by_hand_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(loading_begins_at_the_last_base_record, setup,
						teardown),
		cmocka_unit_test_setup_teardown(large_and_deep_values_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_named, setup, teardown),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
