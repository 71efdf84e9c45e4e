/* Committing by hand-made updates, and what reads without a run: rows, events, versions, locks. */
#include "journal/journal_test.h"

static void assert_same(const struct journal_thread *a, const struct journal_thread *b)
{
	assert_int_equal(a->rowid, b->rowid);
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->graph, b->graph);
	assert_string_equal(a->graph_hash, b->graph_hash);
	assert_int_equal(a->seed, b->seed);
	assert_int_equal(a->created_ms, b->created_ms);
	assert_int_equal(a->updated_ms, b->updated_ms);
	assert_int_equal(a->head, b->head);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->next_id, b->next_id);
	assert_int_equal(a->last_event, b->last_event);
	assert_string_equal(a->error, b->error);
}

static void a_batch_makes_threads(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread a = new_thread("a");
	struct journal_thread b = new_thread("b");
	struct journal_thread found;
	struct update u = { .next_id = 3, .last_event = 0 };
	struct update failed = {
		.status = RUN_FAILED, .code = BLDR_E_IO, .error = "node \"n\" failed", .next_id = 9
	};
	struct journal_part parts[] = { { .thread = &a, .update = &u },
					{ .thread = &b, .update = &failed } };

	add_event(&u, "run.started", "{}");
	ok(commit_parts(f->j, parts, 2, 1234, &err));
	assert_int_equal(a.rowid, 1);
	assert_int_equal(a.head, 1);
	assert_int_equal(b.rowid, 2);
	ok(journal_thread(f->j, "a", &found, &err));
	assert_same(&found, &a);
	assert_int_equal(found.seed, UINT64_C(0xfedcba9876543210));
	assert_int_equal(found.created_ms, 1234);
	assert_int_equal(found.next_id, 3);
	assert_int_equal(found.last_event, 1);
	ok(journal_thread(f->j, "b", &found, &err));
	assert_int_equal(found.status, RUN_FAILED);
	assert_string_equal(found.error, "node \"n\" failed");
	assert_int_equal(found.code, BLDR_E_IO);
	assert_int_equal(journal_thread(f->j, "c", &found, &err), BLDR_E_NOT_FOUND);
	update_release(&u);
	b.head = 1;
	parts[1].update = &u;
	ok(commit_parts(f->j, parts + 1, 1, 2000, &err)); /* running again: the error goes */
	ok(journal_thread(f->j, "b", &found, &err));
	assert_string_equal(found.error, "");
	assert_int_equal(found.code, 0);
	assert_int_equal(found.created_ms, 1234);
	assert_int_equal(found.updated_ms, 2000);
	assert_int_equal(found.head, 2);
}

/*
 * Parts of one batch: a new thread, one whose head has moved, one whose name is taken, a good
 * one.
 */
static void a_lost_part_is_undone_alone(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread stale = new_thread("stale");
	struct journal_thread good = new_thread("good");
	struct journal_thread taken = new_thread("good");
	struct journal_thread fresh = new_thread("fresh");
	struct journal_thread before;
	struct update u[4] = { 0 };
	struct journal_part parts[4] = { { .thread = &fresh },
					 { .thread = &stale },
					 { .thread = &taken },
					 { .thread = &good } };

	commit(f, &stale, &u[0]);
	commit(f, &good, &u[0]);
	stale.head = 0; /* as if somebody else had advanced it */
	before = stale;
	for (size_t i = 0; i < 4; i++) {
		add_step(&u[i], 0, 0, true);
		add_event(&u[i], "run.started", "{}");
		parts[i].update = &u[i];
	}
	ok(commit_parts(f->j, parts, 4, 6000, &err));
	assert_int_equal(parts[0].result, 0);
	assert_int_equal(parts[1].result, BLDR_E_CHANGED);
	assert_int_equal(parts[2].result, BLDR_E_EXISTS);
	assert_int_equal(parts[3].result, 0);
	assert_same(&stale, &before);
	assert_int_equal(taken.rowid, 0);
	assert_int_equal(good.head, 2);
	assert_string_equal(ask(f, "SELECT group_concat(id||' '||head) FROM thread"),
			    "stale 1,good 2,fresh 1");
	assert_string_equal(ask(f, "SELECT group_concat(id) FROM step, thread WHERE thread=number"),
			    "good,fresh");
	assert_string_equal(ask(f, "SELECT count(*) FROM event"), "2");
	for (size_t i = 0; i < 4; i++) {
		update_release(&u[i]);
	}
}

static void a_failed_batch_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread a = new_thread("a");
	struct journal_thread b = new_thread("b");
	struct update u = { 0 };
	struct update wrong = { 0 };
	struct journal_part parts[] = { { .thread = &a, .update = &u },
					{ .thread = &b, .update = &wrong } };

	add_step(&u, 0, 0, true);
	*LIST_ADD(&wrong.arena, &wrong.results) =
		(struct result_record){ .effect = 4, .value = "1" };
	assert_int_equal(commit_parts(f->j, parts, 2, 5000, &err), BLDR_E_IO);
	assert_non_null(strstr(err.text, "effect 4 of thread 2 is not open"));
	assert_int_equal(a.rowid + a.head + b.rowid + b.head, 0);
	assert_string_equal(ask(f, "SELECT count(*) FROM thread, step"), "0");
	ok(commit_parts(f->j, parts, 1, 5000, &err));
	assert_int_equal(a.head, 1);
	update_release(&u);
	update_release(&wrong);
}

static char *text_of(size_t size)
{
	char *text = malloc(size + 1);

	memset(text, 'x', size);
	text[0] = '"';
	text[size - 1] = '"';
	text[size] = '\0';
	return text;
}

static void values_from_4096_bytes_stand_once(void **state)
{
	struct fixture *f = *state;
	struct journal_thread t = new_thread("t");
	struct update u = { .next_id = 9 };
	char *small = text_of(4095);
	char *large = text_of(4096);

	add_step(&u, 0, 0, true);
	add_write(&u, "a", WRITE_FULL, small);
	add_task(&u, 1, "n", 0, small);
	*LIST_ADD(&u.arena, &u.intents) = (struct intent_record){
		.id = 2, .task = 1, .kind = "work", .key = "k", .request = small
	};
	*LIST_ADD(&u.arena, &u.results) = (struct result_record){ .effect = 2, .value = small };
	commit(f, &t, &u);
	assert_string_equal(ask(f, "SELECT count(*) FROM blob"), "0");
	add_step(&u, 0, 1, false);
	add_write(&u, "a", WRITE_DELTA, large);
	add_task(&u, 3, "n", 0, large);
	*LIST_ADD(&u.arena, &u.intents) = (struct intent_record){
		.id = 4, .task = 3, .kind = "work", .key = "k", .request = large
	};
	*LIST_ADD(&u.arena, &u.results) = (struct result_record){ .effect = 4, .value = large };
	commit(f, &t, &u);
	assert_string_equal(ask(f, "SELECT count(*)||' '||max(length(value)) FROM blob"), "1 4096");
	assert_string_equal(ask(f,
				"SELECT group_concat(typeof(request)||' '||typeof(value)) "
				"FROM effect"),
			    "text text,blob blob");
	/* BLAKE2b-256 of the text by Python's hashlib */
	assert_string_equal(ask(f, "SELECT hash FROM blob"),
			    "880f0046883a8ef9c73482d004c4bc313e2ef7f81ea81f72c4876228dff2ffd8");
	assert_string_equal(
		ask(f, "SELECT record FROM step WHERE step=1"),
		"{\"writes\":[[\"a\",\"+\",null,"
		"\"880f0046883a8ef9c73482d004c4bc313e2ef7f81ea81f72c4876228dff2ffd8\"]],"
		"\"tasks\":[[3,\"n\",0,null,"
		"\"880f0046883a8ef9c73482d004c4bc313e2ef7f81ea81f72c4876228dff2ffd8\"]]}");
	free(small);
	free(large);
}

struct seen {
	int64_t first, last, stop_at;
	size_t n;
};

static int see(const struct event_record *e, void *user)
{
	struct seen *s = user;

	s->first = s->n == 0 ? e->seq : s->first;
	assert_true(s->n == 0 || e->seq == s->last + 1);
	assert_int_equal(e->at_ms, 1000 + e->seq);
	assert_string_equal(e->type, "tick");
	assert_string_equal(e->data, "{\"s\":\"]}\\\"[,\",\"t\":[[],{}]}");
	s->last = e->seq;
	s->n++;
	return e->seq == s->stop_at;
}

static void events_are_read_from_any_number(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct journal_thread other = new_thread("other");
	struct update u = { 0 };
	struct update v = { 0 };

	for (int batch = 1; batch <= 4; batch++) { /* 1 + 2 + 3 + 4 events */
		for (int i = 0; i < batch; i++) {
			add_event(&u, "tick", "{\"s\":\"]}\\\"[,\",\"t\":[[],{}]}");
			add_event(&v, "tock", "{}");
		}
		commit(f, &t, &u);
		commit(f, &t, &u); /* an update without events */
		commit(f, &other, &v);
	}
	assert_string_equal(ask(f, "SELECT group_concat(seq) FROM event WHERE thread=1"), "1,2,4,7");
	for (int64_t after = -1; after <= 11; after++) {
		struct seen all = { .stop_at = -1 };
		struct seen some = { .stop_at = 8 };
		int64_t from = after < 0 ? 1 : after + 1;

		ok(journal_events(f->j, t.rowid, after, see, &all, &err));
		ok(journal_events(f->j, t.rowid, after, see, &some, &err));
		assert_int_equal(all.n, from > 10 ? 0 : 10 - from + 1);
		assert_int_equal(all.first, from > 10 ? 0 : from);
		assert_int_equal(some.last, from > 10 ? 0 : from > 8 ? 10 : 8);
	}
	ok(journal_events(f->j, 99, 0, see, &(struct seen){ 0 }, &err));
}

static int ask_inside(const struct journal_thread *t, void *user)
{
	struct fixture *f = user;
	struct journal_thread again;
	struct bldr_error err = { 0 };

	ok(journal_thread(f->j, t->id, &again, &err));
	assert_same(&again, t);
	f->db[159]++; /* counts, in a byte that nothing else uses */
	return f->db[159] == 3;
}

static void threads_are_listed_and_asked_about(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct update u = { 0 };

	for (int i = 0; i < 5; i++) {
		char id[16];
		struct journal_thread t;

		(void)snprintf(id, sizeof(id), "t%d", i);
		t = new_thread(id);
		commit(f, &t, &u);
	}
	ok(journal_threads(f->j, ask_inside, f, &err));
	assert_int_equal(f->db[159], 3);
}

static void a_newer_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal *j = NULL;

	journal_close(f->j);
	f->j = NULL;
	(void)ask(f, "UPDATE schema_version SET version=3");
	for (int read_only = 0; read_only < 2; read_only++) {
		const struct journal_options o = { .path = f->db, .read_only = read_only != 0 };

		assert_int_equal(journal_open(&o, &j, &err), BLDR_E_INVALID);
		assert_non_null(strstr(err.text, "a newer version of this program"));
	}
	(void)ask(f, "UPDATE schema_version SET version=2");
	f->j = open_journal(f); /* the lock was not kept */
}

static void what_is_no_journal_is_refused(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal *j = NULL;
	char path[160];
	const struct journal_options o = { .path = path };
	const struct journal_options reading = { .path = path, .read_only = true };
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/text.db", f->dir.path);
	assert_int_equal(journal_open(&reading, &j, &err), BLDR_E_NOT_FOUND);
	file = fopen(path, "w");
	for (int i = 0; i < 100; i++) {
		(void)fputs("id,name,price\n", file);
	}
	(void)fclose(file);
	assert_int_equal(journal_open(&o, &j, &err), BLDR_E_CORRUPT);
	assert_int_equal(journal_open(&reading, &j, &err), BLDR_E_CORRUPT);
	assert_int_equal(unlink(path), 0);
	file = fopen(path, "w"); /* empty: a database without tables */
	(void)fclose(file);
	assert_int_equal(journal_open(&reading, &j, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text, "holds no journal tables"));
	(void)snprintf(path, sizeof(path), "%s/no/such.db", f->dir.path);
	assert_int_equal(journal_open(&o, &j, &err), BLDR_E_IO);
	assert_null(j);
}

static void a_reader_needs_no_lock_and_does_not_write(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct journal_thread t = new_thread("t");
	struct journal_thread found;
	struct update u = { 0 };
	struct journal_part part = { .thread = &found, .update = &u };
	const struct journal_options o = { .path = f->db };
	const struct journal_options reading = { .path = f->db, .read_only = true };
	struct journal *j = NULL;

	assert_int_equal(journal_open(&o, &j, &err), BLDR_E_LOCKED);
	ok(journal_open(&reading, &j, &err));
	commit(f, &t, &u);
	ok(journal_thread(j, "t", &found, &err));
	assert_int_equal(commit_parts(j, &part, 1, 0, &err), BLDR_E_IO);
	journal_close(j);
	assert_string_equal(ask(f, "SELECT head FROM thread"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_batch_makes_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_part_is_undone_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_batch_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(values_from_4096_bytes_stand_once, setup, teardown),
		cmocka_unit_test_setup_teardown(events_are_read_from_any_number, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_are_listed_and_asked_about, setup, teardown),
		cmocka_unit_test_setup_teardown(a_newer_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_journal_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_needs_no_lock_and_does_not_write, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
