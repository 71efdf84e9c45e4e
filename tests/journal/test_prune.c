/* Pruning, deleting, copying, sweeping: what goes is gone from every table, what stays reads as before. */
#include <inttypes.h>

#include "journal/journal_test.h"

enum { KEEP = 50, LONG = 20000, VALUE = 5000 };

/*
 * tick --> part --> tick ...: tick asks for one effect, counts, appends and sets a large value; part is a subgraph that
 * loops once and asks twice.
 */
static void ask_once(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	(void)v;
	bldr_object_set(args, "a", bldr_int(1));
	bldr_plan_work(p, "answer", BLDR_KEYED, args);
}

static void tick_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	char large[VALUE + 1];
	struct bldr_value *log = bldr_list();
	int64_t count = bldr_get_int(v->state, "n", 0);

	(void)r;
	(void)n;
	memset(large, 'x', VALUE);
	(void)snprintf(large + VALUE - 20, 20, "%019" PRId64, count % 7); /* of 7 kinds */
	bldr_patch_set(p, "n", bldr_int(1));
	bldr_patch_set(p, "large", bldr_text(large));
	if (count % 100 == 0 && count < 500) {
		bldr_list_add(log, bldr_int(count));
	}
	bldr_patch_set(p, "log", log);
}

static void leaf_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)v;
	(void)r;
	(void)n;
	bldr_patch_set(p, "turns", bldr_int(1));
}

static void leaf_again(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, bldr_get_int(v->state, "turns", 0) < 2 ? "leaf" : BLDR_END);
}

struct graphs {
	struct bldr_graph *inner, *outer;
};

static struct graphs make_graphs(void)
{
	static const char *const turns[] = { "turns", NULL };
	static const char *const writes[] = { "n", "large", "log", NULL };
	static const char *const targets[] = { "leaf", BLDR_END, NULL };
	static const char *const none[] = { NULL };
	struct graphs g = { bldr_graph_new("inner", 1), bldr_graph_new("g", 1) };
	struct bldr_error err = { 0 };

	bldr_graph_channel(g.inner, "turns", BLDR_ADD);
	bldr_graph_node(g.inner,
			&(struct bldr_node){ .name = "leaf",
					     .writes = turns,
					     .prepare = ask_once,
					     .absorb = leaf_absorb });
	bldr_graph_edge(g.inner, BLDR_START, "leaf");
	bldr_graph_route(g.inner, "leaf", leaf_again, targets);
	ok(bldr_graph_compile(g.inner, &err));
	bldr_graph_channel(g.outer, "n", BLDR_ADD);
	bldr_graph_channel(g.outer, "log", BLDR_APPEND);
	bldr_graph_channel(g.outer, "large", BLDR_LAST);
	bldr_graph_node(g.outer,
			&(struct bldr_node){ .name = "tick",
					     .writes = writes,
					     .prepare = ask_once,
					     .absorb = tick_absorb });
	bldr_graph_subgraph(g.outer, "part", g.inner, none, none);
	bldr_graph_edge(g.outer, BLDR_START, "tick");
	bldr_graph_edge(g.outer, "tick", "part");
	bldr_graph_edge(g.outer, "part", "tick");
	bldr_graph_recursion_limit(g.outer, 1000000);
	ok(bldr_graph_compile(g.outer, &err));
	return g;
}

static void free_graphs(struct graphs *g)
{
	bldr_graph_free(g->outer);
	bldr_graph_free(g->inner);
}

static void note_pending(const struct intent_record *i, void *user)
{
	*(int64_t *)user = i->id;
}

/* A run and what its state was at each superstep of the root. */
struct story {
	struct graphs graphs;
	struct journal_thread t;
	struct run *run;
	char *states[LONG + 2];
};

static void remember(struct story *s)
{
	if (s->t.step < LONG + 2 && s->states[s->t.step] == NULL) {
		struct bldr_value *state = run_state(s->run);

		s->states[s->t.step] = bldr_value_text(state);
		bldr_unref(state);
	}
}

static struct story *story_new(struct fixture *f, const char *id, int64_t base_every)
{
	struct story *s = calloc(1, sizeof(*s));
	struct update u = { 0 };
	struct bldr_error err = { 0 };

	s->graphs = make_graphs();
	s->t = new_thread(id);
	s->run = run_new(s->graphs.outer, id, s->t.seed);
	run_base_every(s->run, base_every);
	ok(run_begin(s->run, NULL, 50, &u, &err));
	commit(f, &s->t, &u);
	remember(s);
	return s;
}

static void story_free(struct story *s)
{
	for (size_t i = 0; i < sizeof(s->states) / sizeof(s->states[0]); i++) {
		free(s->states[i]);
	}
	run_free(s->run);
	free_graphs(&s->graphs);
	free(s);
}

static void go_on(struct fixture *f, struct story *s, int64_t until)
{
	struct bldr_value *value = bldr_text("answer");

	while (s->t.step < until) {
		struct update u = { 0 };
		int64_t id = 0;

		run_pending(s->run, note_pending, &id);
		run_deliver(s->run, id, BLDR_DONE, 0, value, NULL, 100, &u);
		commit(f, &s->t, &u);
		remember(s);
	}
	bldr_unref(value);
}

static char *state_at(struct fixture *f, const struct story *s, int64_t step, int *ret_code)
{
	struct run *r = run_new(s->graphs.outer, s->t.id, s->t.seed);
	struct bldr_error err = { 0 };
	char *text = NULL;

	*ret_code = journal_load_at(f->j, &s->t, 0, step, r, &err);
	if (*ret_code == 0) {
		struct bldr_value *state = run_state(r);

		text = bldr_value_text(state);
		bldr_unref(state);
	}
	run_free(r);
	return text;
}

/* Each superstep from the first one kept on reads as it was, none before it does. The first one kept. */
static int64_t check_states(struct fixture *f, const struct story *s)
{
	int64_t first = strtoll(ask(f, "SELECT min(step) FROM step WHERE frame=0"), NULL, 10);
	int64_t from = first > 5 ? first - 5 : 0;

	for (int64_t step = from; step <= s->t.step; step++) {
		int code = 0;
		char *text = state_at(f, s, step, &code);

		assert_int_equal(code, step < first ? BLDR_E_NOT_FOUND : 0);
		if (text != NULL) {
			assert_string_equal(text, s->states[step]);
		}
		free(text);
	}
	return first;
}

/* That the thread as a whole loads as the run is. */
static void check_end(struct fixture *f, const struct story *s)
{
	struct run *r = run_new(s->graphs.outer, s->t.id, s->t.seed);
	struct update u = { 0 };
	struct bldr_error err = { 0 };
	int64_t here = 0;
	int64_t there = 0;
	struct bldr_value *state;
	char *text;

	ok(journal_load(f->j, &s->t, r, &err));
	ok(run_restored(r, s->t.next_id, s->t.last_event, s->t.status, 60, &u, &err));
	update_release(&u);
	state = run_state(r);
	text = bldr_value_text(state);
	assert_string_equal(text, s->states[s->t.step]);
	run_pending(s->run, note_pending, &here);
	run_pending(r, note_pending, &there);
	assert_int_equal(here, there);
	free(text);
	bldr_unref(state);
	run_free(r);
}

/*
 * Nothing hangs in the air: each effect's task and each subgraph's opener is in a record that is left, each large value
 * is named by a row. Read from the tables, the words of the records searched as text.
 */
static void check_hanging(const struct fixture *f)
{
	assert_string_equal(
		ask(f,
		    "SELECT count(*) FROM effect e WHERE NOT EXISTS (SELECT 1 FROM step s,"
		    " json_each(s.record,'$.tasks') t WHERE s.thread=e.thread"
		    " AND t.value->>0=e.task)"),
		"0");
	assert_string_equal(ask(f,
				"SELECT count(*) FROM step c WHERE frame<>0 AND lineage=0 AND NOT"
				" EXISTS (SELECT 1 FROM step s, json_each(s.record,'$.tasks') t"
				" WHERE s.thread=c.thread AND t.value->>0=c.frame)"),
			    "0");
	assert_string_equal(
		ask(f,
		    "SELECT count(*) FROM blob WHERE NOT EXISTS (SELECT 1 FROM step"
		    " WHERE instr(record,'\"'||hash||'\"')>0) AND NOT EXISTS (SELECT 1 FROM"
		    " effect WHERE CAST(request AS TEXT)=hash OR CAST(value AS TEXT)=hash)"),
		"0");
}

static void reopen(struct fixture *f, int64_t keep_steps)
{
	const struct journal_options o = { .path = f->db, .keep_steps = keep_steps };
	struct bldr_error err = { 0 };

	journal_close(f->j);
	ok(journal_open(&o, &f->j, &err));
}

static long number(const struct fixture *f, const char *sql)
{
	return strtol(ask(f, sql), NULL, 10);
}

static void a_long_run_that_prunes_needs_no_more_disk(void **state)
{
	static const int64_t marks[] = { 2000, 5000, 10000, LONG };
	struct fixture *f = *state;
	struct story *s;
	long pages[4];

	reopen(f, KEEP);
	s = story_new(f, "t", KEEP);
	for (size_t i = 0; i < 4; i++) {
		int64_t first;

		go_on(f, s, marks[i]);
		pages[i] = number(f, "PRAGMA page_count");
		first = check_states(f, s);
		assert_in_range(s->t.step - first + 1, KEEP, 2 * KEEP);
		assert_in_range(number(f, "SELECT count(*) FROM effect"), 1, 2 * KEEP * 3 + 3);
		assert_in_range(number(f, "SELECT count(*) FROM blob"), 1, 8);
		check_hanging(f);
	}
	assert_in_range(pages[3], 1, pages[0] + 2);
	/* the events of the supersteps kept are there, in one row of numbers to the last */
	assert_int_equal(number(f, "SELECT min(seq) FROM event"),
			 number(f, "SELECT min(event) FROM step WHERE frame=0"));
	check_end(f, s);
	story_free(s);
}

static int prune_job(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	int64_t *keep = user; /* becomes what was dropped */

	(void)now_ms;
	return journal_prune(j, "t", *keep, keep, err);
}

static void do_job(struct fixture *f,
		   int (*run)(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err),
		   void *user, int expected)
{
	struct journal_job job = { .run = run, .user = user };
	const struct journal_batch b = { .jobs = &job, .n_jobs = 1 };
	struct bldr_error err = { 0 };

	ok(journal_commit(f->j, &b, 9000, &err));
	if (job.result != expected) {
		fail_msg("%d is not %d: %s", job.result, expected, job.error.text);
	}
}

static void what_prune_keeps_reads_as_before(void **state)
{
	struct fixture *f = *state;
	struct story *s = story_new(f, "t", 8);
	int64_t keep = 20;
	long before;
	int64_t first;

	go_on(f, s, 203);
	before = number(f,
			"SELECT (SELECT count(*) FROM step)+(SELECT count(*) FROM effect)+"
			"(SELECT count(*) FROM event)+(SELECT count(*) FROM blob)");
	assert_int_equal(check_states(f, s), 0);
	do_job(f, prune_job, &keep, 0);
	assert_int_equal(
		keep,
		before -
			number(f,
			       "SELECT (SELECT count(*) FROM step)+(SELECT count(*) FROM "
			       "effect)+(SELECT count(*) FROM event)+(SELECT count(*) FROM blob)"));
	first = check_states(f, s);
	assert_int_equal(first, 184); /* the last base up to 203 - 20 + 1 */
	check_hanging(f);
	check_end(f, s);
	assert_int_equal(number(f, "SELECT min(seq) FROM event"),
			 number(f, "SELECT event FROM step WHERE frame=0 AND step=184"));
	keep = 1000; /* more than there is */
	do_job(f, prune_job, &keep, 0);
	assert_int_equal(keep, 0);
	go_on(f, s, 260); /* and it goes on */
	keep = 1;
	do_job(f, prune_job, &keep, 0);
	assert_int_equal(check_states(f, s), 256);
	check_end(f, s);
	story_free(s);
}

static void add_effect(struct update *u, int64_t id, int64_t task, const char *kind)
{
	*LIST_ADD(&u->arena, &u->intents) = (struct intent_record){
		.id = id, .task = task, .kind = kind, .key = "t/0:n#0.0", .request = "{}"
	};
}

/* Lineages 0 (waits for a person since superstep 2), 10 (ended) and 20, which is the current one. */
static void lineages_that_wait_for_a_person_stay(void **state)
{
	struct fixture *f = *state;
	struct journal_thread t = new_thread("t");
	struct update u = { .next_id = 30 };
	int64_t keep = 1;

	add_step(&u, 0, 0, true);
	add_task(&u, 1, "n", -1, NULL);
	add_effect(&u, 2, 1, "work");
	*LIST_ADD(&u.arena, &u.results) = (struct result_record){ .effect = 2, .value = "1" };
	add_step(&u, 0, 1, true);
	add_task(&u, 3, "n", -1, NULL);
	add_step(&u, 0, 2, false);
	add_task(&u, 4, "sub", -1, NULL);
	add_step(&u, 4, 0, true);
	add_task(&u, 5, "ask", -1, NULL);
	add_effect(&u, 6, 5, "interrupt");
	add_event(&u, "one", "{}");
	commit(f, &t, &u);
	u.root = 10;
	add_step(&u, 10, 1, true);
	u.steps.at[0].source = STEP_FORK;
	add_task(&u, 11, "sub", -1, NULL);
	add_step(&u, 11, 0, true);
	add_task(&u, 12, "n", -1, NULL);
	add_effect(&u, 13, 12, "work");
	add_event(&u, "two", "{}");
	commit(f, &t, &u);
	u.root = 20;
	add_step(&u, 20, 1, true);
	u.steps.at[0].source = STEP_FORK;
	add_task(&u, 21, "n", -1, NULL);
	add_effect(&u, 22, 21, "work");
	add_event(&u, "three", "{}");
	commit(f, &t, &u);
	do_job(f, prune_job, &keep, 0);
	assert_string_equal(ask(f,
				"SELECT group_concat(frame||'.'||step) FROM"
				" (SELECT * FROM step ORDER BY frame, step)"),
			    "0.1,0.2,4.0,20.1");
	assert_string_equal(ask(f, "SELECT group_concat(id) FROM effect"), "6,22");
	assert_string_equal(ask(f, "SELECT group_concat(seq) FROM event"), "3");
	check_hanging(f);
}

/* A thread that has a row in every table, with values of its own and values that others have. */
static struct journal_thread full_thread(struct fixture *f, const char *id, const char *own)
{
	struct journal_thread t = new_thread(id);
	struct update u = { .next_id = 9 };
	char shared[VALUE + 1];

	memset(shared, '1', VALUE);
	shared[VALUE] = '\0';
	add_step(&u, 0, 0, true);
	add_write(&u, "a", WRITE_FULL, own);
	add_write(&u, "b", WRITE_FULL, shared);
	add_task(&u, 1, "n", 0, own);
	add_task(&u, 2, "n", -1, NULL);
	*LIST_ADD(&u.arena, &u.patches) = (struct patch_record){ .task = 2, .text = "{}" };
	*LIST_ADD(&u.arena, &u.rounds) =
		(struct round_record){ .task = 1, .round = 1, .kept = shared };
	*LIST_ADD(&u.arena, &u.handlers) = (struct handler_record){ .task = 1, .input = own };
	*LIST_ADD(&u.arena, &u.queued) = (struct queued_record){ .number = 1, .input = own };
	*LIST_ADD(&u.arena, &u.intents) = (struct intent_record){
		.id = 3,
		.task = 1,
		.kind = "interrupt",
		.key = arena_printf(&u.arena, "%s/0:n:0#0.0", id),
		.request = shared,
	};
	add_event(&u, "effect.intended",
		  arena_printf(&u.arena, "{\"key\":\"%s/0:n:0#0.0\",\"kind\":\"interrupt\"}", id));
	commit(f, &t, &u);
	return t;
}

/* Whether a thread has rows in all tables that hold any of threads (but for large values), or in none. They are read from
 * the schema; how many there are. */
static size_t check_rows(const struct fixture *f, int thread, bool has)
{
	static const char *const all =
		"SELECT group_concat(name) FROM (SELECT m.name AS name FROM sqlite_schema m,"
		" pragma_table_info(m.name) c WHERE m.type='table' AND c.name='thread' ORDER BY 1)";
	char names[512];
	size_t n = 0;

	(void)snprintf(names, sizeof(names), "%s", ask(f, all));
	for (char *rest = NULL, *at = strtok_r(names, ",", &rest); at != NULL;
	     at = strtok_r(NULL, ",", &rest), n++) {
		char sql[256];
		long rows;

		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM \"%s\" WHERE thread=%d", at,
			       thread);
		rows = number(f, sql);
		if (has ? rows == 0 && strcmp(at, "blob") != 0 : rows != 0) {
			fail_msg("thread %d has %ld rows in %s", thread, rows, at);
		}
	}
	return n;
}

static int delete_job(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	(void)now_ms;
	return journal_delete(j, user, err);
}

static int copy_job(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	const char *const *ids = user;

	return journal_copy(j, ids[0], ids[1], now_ms, err);
}

static void own_value(char ret[VALUE + 1], char digit)
{
	memset(ret, digit, VALUE);
	ret[VALUE] = '\0';
}

static void no_row_of_a_deleted_thread_is_left(void **state)
{
	struct fixture *f = *state;
	char a[] = "a";
	char b[] = "b";
	char own[VALUE + 1];
	char dump[512];

	own_value(own, '2');
	(void)full_thread(f, "a", own);
	own_value(own, '3');
	(void)full_thread(f, "b", own);
	assert_int_equal(check_rows(f, 2, true), 8);
	(void)snprintf(dump, sizeof(dump), "%s",
		       ask(f,
			   "SELECT group_concat(record) FROM step "
			   "WHERE thread=1"));
	assert_string_equal(ask(f, "SELECT count(*) FROM blob"), "3");
	do_job(f, delete_job, b, 0);
	(void)check_rows(f, 2, false);
	(void)check_rows(f, 1, true);
	assert_string_equal(ask(f, "SELECT group_concat(id) FROM thread"), "a");
	assert_string_equal(
		ask(f,
		    "SELECT group_concat(d) FROM (SELECT substr(value,1,1) AS d FROM blob ORDER BY 1)"),
		"1,2");
	assert_string_equal(ask(f, "SELECT group_concat(record) FROM step"), dump);
	do_job(f, delete_job, b, BLDR_E_NOT_FOUND);
	do_job(f, delete_job, a, 0);
	(void)check_rows(f, 1, false);
}

static int see_question(const struct intent_record *i, void *user)
{
	(void)snprintf(user, 64, "%s", i->key);
	return 0;
}

static void a_copy_has_all_rows_and_keys_of_its_own(void **state)
{
	static const char *const same =
		"SELECT (SELECT group_concat(frame||step||record||source||first||lineage||event) FROM "
		"step WHERE thread=1)=(SELECT group_concat(frame||step||record||source||first||lineage"
		"||event) FROM step WHERE thread=2) AND (SELECT count(*) FROM (SELECT id, task,"
		" request, value, status, kind FROM effect GROUP BY 1,2,3,4,5,6 HAVING count(*)=2))=1"
		" AND (SELECT seed FROM thread WHERE number=1)=(SELECT seed FROM thread WHERE number=2)";
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	char a[] = "a";
	const char *ids[] = { a, "new" };
	const char *gone[] = { "none", "other" };
	char own[VALUE + 1];
	char key[64] = "";

	own_value(own, '2');
	(void)full_thread(f, "a", own);
	do_job(f, copy_job, ids, 0);
	assert_string_equal(ask(f, same), "1");
	(void)check_rows(f, 2, true);
	ok(journal_pending(f->j, 2, "interrupt", see_question, key, &err));
	assert_string_equal(key, "new/0:n:0#0.0");
	assert_string_equal(
		ask(f, "SELECT events FROM event WHERE thread=2"),
		"[[1001,\"effect.intended\",{\"key\":\"new/0:n:0#0.0\",\"kind\":\"interrupt\"}]]");
	do_job(f, copy_job, ids, BLDR_E_EXISTS);
	do_job(f, copy_job, gone, BLDR_E_NOT_FOUND);
	assert_string_equal(ask(f, "SELECT count(*) FROM thread"), "2");
	do_job(f, delete_job, a, 0); /* the copy's values stay */
	assert_string_equal(ask(f, "SELECT count(*) FROM blob"), "2");
	check_hanging(f);
}

static int sweep_job(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	(void)now_ms;
	return journal_sweep(j, 500, user, err);
}

static void a_sweep_drops_what_nobody_names(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	const struct journal_rate rates[] = { { "over", 400000 }, { "not", 600000 } };
	char own[VALUE + 1];
	char cached[VALUE + 1];
	struct journal_cached results[] = { { "0", 400, own }, { "1", 600, cached } };
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };
	struct journal_part part = { .thread = &t, .update = &u, .cached = results, .n_cached = 2 };
	const struct journal_batch b = {
		.parts = &part, .n_parts = 1, .rates = rates, .n_rates = 2
	};
	int64_t dropped = 0;
	long pages;

	own_value(own, '4');
	own_value(cached, '5');
	ok(journal_commit(f->j, &b, 1, &err));
	ok(journal_graph_put(f->j, t.graph_hash, "g", 1, "{}", &err));
	ok(journal_graph_put(f->j, "unused", "g", 1, "{}", &err));
	own_value(own, '6');
	(void)full_thread(f, "full", own);
	(void)ask(f,
		  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300)"
		  " INSERT INTO blob SELECT printf('%064d',i), 0, hex(zeroblob(3000)) FROM n");
	pages = number(f, "PRAGMA page_count");
	do_job(f, sweep_job, &dropped, 0);
	/* 300 blobs and that of the result that has expired, the result, a rate, a structure */
	assert_int_equal(dropped, 304);
	assert_string_equal(
		ask(f,
		    "SELECT group_concat(d) FROM (SELECT substr(value,1,1) AS d FROM blob ORDER BY 1)"),
		"1,5,6");
	assert_string_equal(ask(f,
				"SELECT (SELECT group_concat(hash) FROM cache)||(SELECT "
				"group_concat(kind) FROM rate)||(SELECT count(*) FROM graph)"),
			    "1not1");
	ok(journal_vacuum(f->j, &err));
	assert_true(number(f, "PRAGMA page_count") < pages - 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_long_run_that_prunes_needs_no_more_disk, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_prune_keeps_reads_as_before, setup, teardown),
		cmocka_unit_test_setup_teardown(lineages_that_wait_for_a_person_stay, setup,
						teardown),
		cmocka_unit_test_setup_teardown(no_row_of_a_deleted_thread_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(a_copy_has_all_rows_and_keys_of_its_own, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_sweep_drops_what_nobody_names, setup, teardown),
	};

	return cmocka_run_group_tests_name("prune", tests, NULL, NULL);
}
