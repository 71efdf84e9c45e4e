/* A file of version 1, written by the program as it was then (upgrade_graph.h says with which graph), is taken over. */
#include <inttypes.h>

#include "journal/journal_test.h"
#include "journal/upgrade_graph.h"

/* Makes the file from its dump. */
static void restore_dump(const struct fixture *f)
{
	FILE *file = fopen(VERSION_1, "r");
	char *text = calloc(1, 64 << 10);
	sqlite3 *db = NULL;

	assert_non_null(file);
	assert_true(fread(text, 1, (64 << 10) - 1, file) > 5000);
	(void)fclose(file);
	(void)unlink(f->db);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=wal", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	free(text);
}

static int setup_old(void **state)
{
	int rc = setup(state);
	struct fixture *f = *state;

	journal_close(f->j);
	f->j = NULL;
	restore_dump(f);
	return rc;
}

/* Columns and keys of all tables, and the indexes; not the order of the columns. */
static const char *const schema =
	"SELECT group_concat(x, char(10)) FROM (SELECT m.name||'.'||c.name||' '||c.type||' '||c.\"notnull\""
	"||' '||c.pk AS x FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type='table'"
	" UNION ALL SELECT m.name||' '||i.name FROM sqlite_schema m, pragma_index_list(m.name) i"
	" WHERE m.type='table' ORDER BY 1)";

/* A hash of the answer, which is longer than ask tells. */
static void schema_of(const struct fixture *f, char ret[HASH_HEX_MAX])
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, schema, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_true(sqlite3_column_bytes(stmt, 0) > 1000);
	hash_bytes(sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0), ret);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
}

static void the_tables_are_those_of_a_new_file(void **state)
{
	struct fixture *f = *state;
	char upgraded[HASH_HEX_MAX];
	char created[HASH_HEX_MAX];

	f->j = open_journal(f);
	schema_of(f, upgraded);
	assert_string_equal(ask(f, "SELECT version FROM schema_version WHERE module='journal'"),
			    "2");
	assert_string_equal(ask(f, "PRAGMA integrity_check"), "ok");
	journal_close(f->j);
	(void)unlink(f->db);
	f->j = open_journal(f);
	schema_of(f, created);
	assert_string_equal(upgraded, created);
}

static int see_step(const struct journal_step *s, void *user)
{
	char *text = user;
	size_t used = strlen(text);

	(void)snprintf(text + used, 256 - used, "%d.%d source %d first %d held %d tasks %zu\n",
		       (int)s->frame, (int)s->step, (int)s->source, (int)s->first, s->held,
		       s->record->tasks.n);
	return 0;
}

static int count_event(const struct event_record *e, void *user)
{
	int64_t *n = user;

	assert_int_equal(e->seq, *n + 1);
	*n = e->seq;
	return 0;
}

static void check_thread(struct journal *j)
{
	struct journal_thread t;
	struct bldr_error err = { 0 };
	char history[256] = "";
	int64_t events = 0;

	ok(journal_thread(j, "parked", &t, &err));
	assert_int_equal(t.status, RUN_RUNNING);
	assert_int_equal(t.root, 0);
	assert_int_equal(t.step, 1);
	assert_int_equal(t.graph_version, 0);
	assert_int_equal(t.queued, 0);
	assert_int_equal(t.created_ms, 1761000000000);
	ok(journal_history(j, &t, see_step, history, &err));
	assert_string_equal(
		history,
		"0.1 source 1 first 0 held 0 tasks 3\n0.0 source 0 first 0 held 0 tasks 1\n");
	ok(journal_events(j, t.rowid, 0, count_event, &events, &err));
	assert_int_equal(events, t.last_event);
}

struct questions {
	int64_t interrupt, work;
};

static void see_pending(const struct intent_record *i, void *user)
{
	struct questions *q = user;

	if (strcmp(i->kind, "interrupt") == 0) {
		assert_string_equal(i->key, "parked/1:ask#0.0");
		q->interrupt = i->id;
	} else {
		assert_string_equal(i->key, "parked/1:again#1.0");
		assert_string_equal(i->request, "{\"args\":{\"round\":1},\"work\":\"answer\"}");
		q->work = i->id;
	}
}

static void answer(struct run *r, int64_t effect, const char *text, struct update *u)
{
	struct bldr_value *value = bldr_text(text);

	run_deliver(r, effect, BLDR_DONE, 0, value, NULL, 1762000000000, u);
	bldr_unref(value);
}

static void a_parked_thread_goes_on(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *g = upgrade_graph();
	struct journal_thread t;
	struct bldr_error err = { 0 };
	struct questions q = { 0 };
	struct update u = { 0 };
	struct run *r;
	struct bldr_value *end;
	char *text;

	f->j = open_journal(f);
	check_thread(f->j);
	ok(journal_thread(f->j, "parked", &t, &err));
	r = run_new(g, t.id, t.seed);
	ok(journal_load(f->j, &t, r, &err));
	ok(run_restored(r, t.next_id, t.last_event, t.status, 1762000000000, &u, &err));
	commit(f, &t, &u);
	run_pending(r, see_pending, &q);
	answer(r, q.interrupt, "yes", &u);
	answer(r, q.work, "two", &u);
	commit(f, &t, &u);
	assert_int_equal(t.status, RUN_DONE);
	assert_int_equal(t.step, 2);
	end = run_state(r);
	bldr_object_set(end, "large", bldr_int((int64_t)strlen(bldr_get_text(end, "large"))));
	text = bldr_value_text(end);
	assert_string_equal(text,
			    "{\"answers\":{\"first\":\"one\",\"second\":\"two\"},"
			    "\"large\":5000,\"log\":[\"yes\",\"done\"]}");
	free(text);
	assert_string_equal(
		ask(f, "SELECT (SELECT count(*) FROM patch)+(SELECT count(*) FROM round)"), "0");
	bldr_unref(end);
	run_free(r);
	bldr_graph_free(g);
}

static void an_old_file_can_be_read_without_being_written(void **state)
{
	struct fixture *f = *state;
	const struct journal_options reading = { .path = f->db, .read_only = true };
	struct bldr_error err = { 0 };
	struct journal *j = NULL;

	ok(journal_open(&reading, &j, &err));
	check_thread(j);
	journal_close(j);
	assert_string_equal(ask(f, "SELECT version FROM schema_version"), "1");
	assert_string_equal(ask(f, "SELECT count(*) FROM pragma_table_info('step')"), "6");
}

static int prune_job(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	(void)now_ms;
	return journal_prune(j, "parked", 1, user, err);
}

static int delete_job(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err)
{
	(void)now_ms;
	(void)user;
	return journal_delete(j, "parked", err);
}

static void an_old_thread_can_be_pruned_and_deleted(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	int64_t dropped = -1;
	struct journal_job jobs[] = { { .run = prune_job, .user = &dropped } };
	const struct journal_batch b = { .jobs = jobs, .n_jobs = 1 };

	f->j = open_journal(f);
	ok(journal_commit(f->j, &b, 1, &err));
	assert_int_equal(jobs[0].result, 0);
	assert_int_equal(dropped, 0); /* its events are kept: nobody knows which are whose */
	check_thread(f->j);
	jobs[0].run = delete_job;
	ok(journal_commit(f->j, &b, 1, &err));
	assert_string_equal(ask(f,
				"SELECT (SELECT count(*) FROM thread)+(SELECT count(*) FROM step)+"
				"(SELECT count(*) FROM effect)+(SELECT count(*) FROM event)"),
			    "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_tables_are_those_of_a_new_file, setup_old,
						teardown),
		cmocka_unit_test_setup_teardown(a_parked_thread_goes_on, setup_old, teardown),
		cmocka_unit_test_setup_teardown(an_old_file_can_be_read_without_being_written,
						setup_old, teardown),
		cmocka_unit_test_setup_teardown(an_old_thread_can_be_pruned_and_deleted, setup_old,
						teardown),
	};

	return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}
