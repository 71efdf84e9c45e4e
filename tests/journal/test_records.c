/* What version 2 records besides: where supersteps come from, queues, handlers, retries, what threads share, jobs. */
#include "journal/journal_test.h"

static void commit_at(struct fixture *f, const struct journal_batch *b, int64_t now_ms)
{
	struct bldr_error err = { 0 };

	ok(journal_commit(f->j, b, now_ms, &err));
}

static void a_thread_says_where_it_stands(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct journal_thread found;
	struct update u = { .root = 0, .step = 3, .status = RUN_PAUSED };

	t.graph_version = 5;
	commit(f, &t, &u);
	assert_int_equal(t.step, 3);
	ok(journal_thread(f->j, "t", &found, &err));
	assert_int_equal(found.status, RUN_PAUSED);
	assert_int_equal(found.graph_version, 5);
	assert_int_equal(found.step, 3);
	u = (struct update){ .root = 17, .step = 4 };
	t.graph_version = 6; /* it was migrated */
	(void)snprintf(t.graph_hash, sizeof(t.graph_hash), "another");
	commit(f, &t, &u);
	ok(journal_thread(f->j, "t", &found, &err));
	assert_int_equal(found.root, 17);
	assert_int_equal(found.step, 4);
	assert_int_equal(found.graph_version, 6);
	assert_string_equal(found.graph_hash, "another");
}

static int see_step(const struct journal_step *s, void *user)
{
	char *text = user;
	size_t used = strlen(text);

	assert_ptr_not_equal(s->record, NULL);
	(void)snprintf(text + used, 1024 - used, "%d.%d %d%s%s first %d from %d.%d: %zu %zu %s\n",
		       (int)s->frame, (int)s->step, (int)s->source, s->base ? " base" : "",
		       s->held ? " held" : "", (int)s->first, (int)s->from_frame, (int)s->from_step,
		       s->record->writes.n, s->record->tasks.n,
		       s->record->writes.n > 0 ? s->record->writes.at[0].text : "");
	return 0;
}

static struct step_record *last_step(struct update *u)
{
	return &u->steps.at[u->steps.n - 1];
}

static void history_goes_from_the_newest_lineage_back(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct update u = { .next_id = 9 };
	char seen[1024] = "";

	add_step(&u, 0, 0, true);
	add_write(&u, "a", WRITE_FULL, "1");
	add_task(&u, 1, "sub", -1, NULL);
	add_step(&u, 1, 0, true); /* the subgraph of task 1 */
	add_step(&u, 1, 1, false);
	add_step(&u, 0, 1, false);
	add_write(&u, "a", WRITE_CLEAR, "null");
	last_step(&u)->held = true;
	commit(f, &t, &u);
	u.root = 7;
	add_step(&u, 7, 1, true);
	last_step(&u)->source = STEP_FORK;
	last_step(&u)->from_frame = 0;
	last_step(&u)->from_step = 1;
	commit(f, &t, &u);
	u.root = 7;
	add_step(&u, 7, 2, false);
	last_step(&u)->source = STEP_UPDATE;
	last_step(&u)->first = 2;
	add_write(&u, "a", WRITE_DELTA, "[2]");
	add_task(&u, 8, "n", -1, NULL);
	commit(f, &t, &u);
	assert_string_equal(ask(f, "SELECT record FROM step WHERE frame=0 AND step=1"),
			    "{\"writes\":[[\"a\",\"-\"]],\"tasks\":[]}");
	ok(journal_history(f->j, &t, see_step, seen, &err));
	assert_string_equal(seen,
			    "7.2 2 first 2 from -1.-1: 1 1 [2]\n"
			    "7.1 3 base first 0 from 0.1: 0 0 \n"
			    "0.1 1 held first 0 from -1.-1: 1 0 null\n"
			    "0.0 0 base first 0 from -1.-1: 1 1 1\n");
}

static void queued_inputs_wait_until_they_are_taken(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct journal_thread found;
	struct update u = { 0 };

	for (int64_t i = 1; i <= 4; i++) {
		*LIST_ADD(&u.arena, &u.queued) =
			(struct queued_record){ .number = i, .at_ms = 10 * i, .input = "{}" };
	}
	commit(f, &t, &u);
	ok(journal_thread(f->j, "t", &found, &err));
	assert_int_equal(found.queued, 4);
	*LIST_ADD(&u.arena, &u.queued) =
		(struct queued_record){ .number = 5, .at_ms = 50, .input = "{\"a\":5}" };
	u.taken = 3;
	commit(f, &t, &u);
	assert_string_equal(ask(f, "SELECT group_concat(number||' '||at_ms||input) FROM queued"),
			    "4 40{},5 50{\"a\":5}");
	u.taken = 5;
	commit(f, &t, &u);
	ok(journal_thread(f->j, "t", &found, &err));
	assert_int_equal(found.queued, 0);
}

static void what_hangs_on_tasks_goes_with_their_superstep(void **state)
{
	static const char *const count =
		"SELECT (SELECT group_concat(task) FROM handler)||' '||(SELECT count(*) FROM patch)"
		"||' '||(SELECT group_concat(task||'.'||round) FROM round)";
	struct fixture *f = *state;
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };

	add_step(&u, 0, 0, true);
	add_task(&u, 1, "a", -1, NULL);
	add_task(&u, 2, "b", -1, NULL);
	for (int64_t task = 1; task <= 2; task++) {
		*LIST_ADD(&u.arena, &u.handlers) =
			(struct handler_record){ .task = task, .at_ms = 5, .input = "{}" };
		*LIST_ADD(&u.arena, &u.rounds) =
			(struct round_record){ .task = task, .round = 2, .at_ms = 6 };
		*LIST_ADD(&u.arena, &u.patches) =
			(struct patch_record){ .task = task, .text = "{}" };
	}
	commit(f, &t, &u);
	*LIST_ADD(&u.arena, &u.rounds) = (struct round_record){ .task = 2, .at_ms = 7 };
	commit(f, &t, &u);
	assert_string_equal(ask(f, count), "1,2 2 1.2,2.0");
	add_step(&u, 1, 0, true); /* a subgraph's superstep is no end of its parent's */
	add_task(&u, 3, "c", -1, NULL);
	*LIST_ADD(&u.arena, &u.handlers) =
		(struct handler_record){ .task = 3, .at_ms = 5, .input = "{}" };
	commit(f, &t, &u);
	assert_string_equal(ask(f, "SELECT group_concat(task) FROM handler"), "1,2,3");
	add_step(&u, 1, 1, false);
	commit(f, &t, &u);
	assert_string_equal(ask(f, "SELECT group_concat(task) FROM handler"), "1,2");
	add_step(&u, 0, 1, false);
	add_task(&u, 4, "d", -1, NULL);
	*LIST_ADD(&u.arena, &u.patches) = (struct patch_record){ .task = 4, .text = "{}" };
	commit(f, &t, &u);
	assert_string_equal(ask(f,
				"SELECT (SELECT count(*) FROM handler)||(SELECT count(*) FROM "
				"round)||(SELECT group_concat(task) FROM patch)"),
			    "004");
}

static int see_pending(const struct intent_record *i, void *user)
{
	struct intent_record *found = user;

	found->tries = i->tries;
	found->due_ms = i->due_ms;
	return 0;
}

static void a_retry_is_due_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };
	struct intent_record found = { 0 };
	struct journal_part part = { .thread = &t, .update = &u };

	add_step(&u, 0, 0, true);
	add_task(&u, 1, "n", -1, NULL);
	*LIST_ADD(&u.arena, &u.intents) = (struct intent_record){
		.id = 2, .task = 1, .kind = "work", .key = "k", .request = "{}"
	};
	*LIST_ADD(&u.arena, &u.retries) =
		(struct retry_record){ .effect = 2, .tries = 1, .due_ms = 1500 };
	commit(f, &t, &u);
	*LIST_ADD(&u.arena, &u.retries) =
		(struct retry_record){ .effect = 2, .tries = 2, .due_ms = 2500 };
	commit(f, &t, &u);
	journal_close(f->j);
	f->j = open_journal(f);
	ok(journal_pending(f->j, t.rowid, "work", see_pending, &found, &err));
	assert_int_equal(found.tries, 2);
	assert_int_equal(found.due_ms, 2500);
	*LIST_ADD(&u.arena, &u.results) = (struct result_record){ .effect = 2, .value = "1" };
	commit(f, &t, &u);
	*LIST_ADD(&u.arena, &u.retries) = (struct retry_record){ .effect = 2, .tries = 3 };
	assert_int_equal(commit_parts(f->j, &part, 1, 0, &err), BLDR_E_IO); /* it has ended */
	update_release(&u);
}

static void results_are_cached_until_they_expire(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };
	char large[5001];
	char hash[2][HASH_HEX_MAX];
	struct journal_cached cached[2];
	struct journal_part part = { .thread = &t, .update = &u, .cached = cached, .n_cached = 2 };
	const struct journal_batch b = { .parts = &part, .n_parts = 1 };
	struct arena a = { 0 };
	const char *value = NULL;

	memset(large, '7', sizeof(large));
	large[5000] = '\0';
	journal_cache_hash("work", "{\"work\":\"w\"}", hash[0]);
	journal_cache_hash("work", "{\"work\":\"v\"}", hash[1]);
	/* python3 -c "import hashlib;print(hashlib.blake2b(b'work\n{\"work\":\"w\"}',digest_size=32).hexdigest())" */
	assert_string_equal(hash[0],
			    "bc6a72e8158520017dd55b1e5796010ad21d099cbe1eed4b4f1f79143dd054a4");
	cached[0] = (struct journal_cached){ .hash = hash[0], .expires_ms = 100, .value = "[1]" };
	cached[1] = (struct journal_cached){ .hash = hash[1], .expires_ms = 200, .value = large };
	commit_at(f, &b, 1);
	assert_int_equal(journal_cache_find(f->j, hash[0], 99, &a, &value, &err), 1);
	assert_string_equal(value, "[1]");
	assert_int_equal(journal_cache_find(f->j, hash[0], 100, &a, &value, &err), 0);
	assert_int_equal(journal_cache_find(f->j, hash[1], 150, &a, &value, &err), 1);
	assert_string_equal(value, large);
	cached[0].expires_ms = 300;
	commit_at(f, &b, 2);
	assert_int_equal(journal_cache_find(f->j, hash[0], 250, &a, &value, &err), 1);
	assert_int_equal(journal_cache_find(f->j, "none", 0, &a, &value, &err), 0);
	arena_release(&a);
}

static void structures_stand_once_and_rates_last(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	const struct journal_rate rates[] = { { "work:a", 7 }, { "work:b", 8 }, { "work:a", 9 } };
	const struct journal_batch b = { .rates = rates, .n_rates = 3 };
	struct arena a = { 0 };
	const char *found = NULL;
	int64_t at = -1;

	commit_at(f, &b, 1);
	ok(journal_rate_at(f->j, "work:a", &at, &err));
	assert_int_equal(at, 9);
	ok(journal_rate_at(f->j, "work:c", &at, &err));
	assert_int_equal(at, 0);
	ok(journal_graph_put(f->j, "h1", "g", 2, "{\"nodes\":[]}", &err));
	ok(journal_graph_put(f->j, "h1", "g", 2, "{\"nodes\":[]}", &err));
	ok(journal_graph_get(f->j, "h1", &a, &found, &err));
	assert_string_equal(found, "{\"nodes\":[]}");
	assert_int_equal(journal_graph_get(f->j, "h2", &a, &found, &err), BLDR_E_NOT_FOUND);
	assert_string_equal(ask(f, "SELECT group_concat(hash||name||version) FROM graph"), "h1g2");
	arena_release(&a);
}

/* A job writes a graph row and ends as it is told. */
static int put_graph(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	int code = *(int *)user;
	char hash[32];

	(void)snprintf(hash, sizeof(hash), "%d at %d", code, (int)now_ms);
	assert_int_equal(journal_graph_put(j, hash, "g", 1, "{}", err), 0);
	return code < 0 ? bldr_error_set(err, code, "told to fail") : 0;
}

static void jobs_are_undone_alone(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct update u = { 0 };
	struct journal_part part = { .thread = &t, .update = &u };
	int codes[] = { 0, BLDR_E_EXISTS, 1 };
	struct journal_job jobs[3];
	const struct journal_batch b = { .parts = &part, .n_parts = 1, .jobs = jobs, .n_jobs = 3 };

	for (size_t i = 0; i < 3; i++) {
		jobs[i] = (struct journal_job){ .run = put_graph, .user = &codes[i] };
	}
	commit_at(f, &b, 7);
	assert_int_equal(jobs[0].result, 0);
	assert_int_equal(jobs[1].result, BLDR_E_EXISTS);
	assert_string_equal(jobs[1].error.text, "told to fail");
	assert_string_equal(ask(f, "SELECT group_concat(hash) FROM graph"), "0 at 7,1 at 7");
	codes[1] = BLDR_E_IO; /* takes the batch with it */
	assert_int_equal(journal_commit(f->j, &b, 8, &err), BLDR_E_IO);
	assert_non_null(strstr(err.text, "told to fail"));
	assert_int_equal(t.head, 1);
	assert_string_equal(ask(f, "SELECT head||' '||(SELECT count(*) FROM graph) FROM thread"),
			    "1 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_thread_says_where_it_stands, setup, teardown),
		cmocka_unit_test_setup_teardown(history_goes_from_the_newest_lineage_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(queued_inputs_wait_until_they_are_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_hangs_on_tasks_goes_with_their_superstep,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_retry_is_due_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(results_are_cached_until_they_expire, setup,
						teardown),
		cmocka_unit_test_setup_teardown(structures_stand_once_and_rates_last, setup,
						teardown),
		cmocka_unit_test_setup_teardown(jobs_are_undone_alone, setup, teardown),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
