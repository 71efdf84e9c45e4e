/* The simulated host: the trace is the test. */
#include "host/asker.h"
#include "host/host_test.h"

#include <signal.h>
#include <sys/resource.h>

#include <sqlite3.h>

/* Written by hand: what the shop does, when, and what each commit holds. */
static const char *const golden[] = {
	"[    0] commit steps=1 patches=0 intents=1 results=0",
	"[    0] t1 1 run.started graph=shop",
	"[    0] t1 2 superstep frame=/ step=0 tasks=[\"/0:list\"]",
	"[    0] t1 3 task.started node=list task=/0:list",
	"[    0] t1 4 effect.intended key=t1/0:list#0.0 kind=work name=list_sources",
	"[    0] dispatch t1/0:list#0.0 work list_sources",
	"[   10] commit steps=1 patches=0 intents=5 results=1",
	"[   10] t1 5 effect.ended key=t1/0:list#0.0 status=done",
	"[   10] t1 6 task.ended node=list task=/0:list writes=[\"sources\"]",
	"[   10] t1 7 superstep frame=/ step=1"
	" tasks=[\"/1:rates\",\"/1:load:0\",\"/1:load:1\",\"/1:load:2\"]",
	"[   10] t1 8 task.started node=rates task=/1:rates",
	"[   10] t1 9 effect.intended key=t1/1:rates#0.0 kind=work name=fetch_rates",
	"[   10] t1 10 effect.intended key=t1/1:rates#0.1 kind=work name=fetch_fee",
	"[   10] t1 11 task.started node=load task=/1:load:0",
	"[   10] t1 12 effect.intended key=t1/1:load:0#0.0 kind=work name=load_orders",
	"[   10] t1 13 task.started node=load task=/1:load:1",
	"[   10] t1 14 effect.intended key=t1/1:load:1#0.0 kind=work name=load_orders",
	"[   10] t1 15 task.started node=load task=/1:load:2",
	"[   10] t1 16 effect.intended key=t1/1:load:2#0.0 kind=work name=load_orders",
	"[   10] dispatch t1/1:rates#0.0 work fetch_rates",
	"[   10] dispatch t1/1:rates#0.1 work fetch_fee",
	"[   10] dispatch t1/1:load:0#0.0 work load_orders",
	"[   10] dispatch t1/1:load:1#0.0 work load_orders",
	"[   10] dispatch t1/1:load:2#0.0 work load_orders",
	"[   30] commit steps=0 patches=0 intents=0 results=1",
	"[   30] t1 17 effect.ended key=t1/1:rates#0.0 status=done",
	"[   35] commit steps=0 patches=1 intents=0 results=1",
	"[   35] t1 18 effect.ended key=t1/1:rates#0.1 status=done",
	"[   35] t1 19 task.ended node=rates task=/1:rates writes=[\"rates\",\"fee\"]",
	"[   40] commit steps=1 patches=2 intents=1 results=3",
	"[   40] t1 20 effect.ended key=t1/1:load:0#0.0 status=done",
	"[   40] t1 21 task.ended node=load task=/1:load:0 writes=[\"orders\",\"total\"]",
	"[   40] t1 22 effect.ended key=t1/1:load:1#0.0 status=done",
	"[   40] t1 23 task.ended node=load task=/1:load:1 writes=[\"orders\",\"total\"]",
	"[   40] t1 24 effect.ended key=t1/1:load:2#0.0 status=done",
	"[   40] t1 25 task.ended node=load task=/1:load:2 writes=[\"orders\",\"total\"]",
	"[   40] t1 26 superstep frame=/ step=2 tasks=[\"/2:report\"]",
	"[   40] t1 27 task.started node=report task=/2:report",
	"[   40] t1 28 effect.intended key=t1/2:report#0.0 kind=work name=write_report",
	"[   40] dispatch t1/2:report#0.0 work write_report",
	"[   45] commit steps=1 patches=0 intents=0 results=1",
	"[   45] t1 29 effect.ended key=t1/2:report#0.0 status=done",
	"[   45] t1 30 task.ended node=report task=/2:report writes=[\"report\"]",
	"[   45] t1 31 run.ended step=3",
};
enum { GOLDEN_LINES = sizeof(golden) / sizeof(golden[0]) };

struct trace {
	char *text;
	size_t size;
	FILE *out;
};

static void trace_open(struct trace *t)
{
	t->out = open_memstream(&t->text, &t->size);
}

static void trace_close(struct trace *t)
{
	(void)fclose(t->out);
}

static void assert_lines(const char *text, const char *const *expected, size_t n)
{
	char *copy = strdup(text);
	char *rest = copy;

	for (size_t i = 0; i < n; i++) {
		const char *line = strsep(&rest, "\n");

		assert_non_null(line);
		assert_string_equal(line, expected[i]);
	}
	assert_string_equal(rest, "");
	free(copy);
}

static void a_run_leaves_the_golden_trace(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };

	for (int pass = 0; pass < 2; pass++) { /* the same bytes each time */
		struct trace t;
		struct bldr_engine *e;

		trace_open(&t);
		e = open_engine(f, (struct bldr_engine_options){ .simulate = true, .trace = t.out });
		ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
		ok(bldr_engine_run(e, &err));
		trace_close(&t);
		assert_lines(t.text, golden, GOLDEN_LINES);
		assert_state(e, "t1", SHOP_STATE);
		assert_int_equal(info(e, "t1").status, BLDR_THREAD_DONE);
		assert_int_equal(info(e, "t1").events, SHOP_EVENTS);
		assert_int_equal(info(e, "t1").created_ms, 0);
		assert_int_equal(info(e, "t1").updated_ms, 45);
		assert_string_equal(info(e, "t1").graph_hash, bldr_graph_hash(f->graph));
		bldr_engine_close(e);
		free(t.text);
		assert_int_equal(unlink(f->db), 0);
	}
	assert_int_equal(f->shop.count, 2 * SHOP_EFFECTS);
}

/* Threads share the turns: one commit holds what all of them did at one instant. */
static void threads_share_commits(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct trace t;
	struct bldr_engine *e;

	trace_open(&t);
	e = open_engine(f, (struct bldr_engine_options){ .simulate = true, .trace = t.out });
	for (int i = 0; i < 10; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "t%d", i);
		ok(bldr_thread_start(e, "shop", id, NULL, &err));
	}
	ok(bldr_engine_run(e, &err));
	trace_close(&t);
	assert_non_null(strstr(t.text, "[    0] commit steps=10 patches=0 intents=10 results=0\n"));
	assert_non_null(
		strstr(t.text, "[   40] commit steps=10 patches=20 intents=10 results=30\n"));
	assert_state(e, "t9", SHOP_STATE);
	bldr_engine_close(e);
	free(t.text);
}

static int add_line(const struct bldr_event *event, void *user)
{
	(void)fprintf(user, "%d %s\n", (int)event->seq, event->type);
	return event->seq == 30;
}

static int add_thread(const struct bldr_thread *thread, void *user)
{
	(void)fprintf(user, "%s %d\n", thread->id, (int)thread->status);
	return 0;
}

static void a_journal_can_be_read_by_others(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	struct bldr_engine *reader =
		open_engine(f, (struct bldr_engine_options){ .read_only = true });
	struct trace t;
	struct bldr_thread thread;

	ok(bldr_thread_start(e, "shop", "b", NULL, &err));
	ok(bldr_thread_start(e, "shop", "a", NULL, &err));
	assert_int_equal(bldr_thread_info(reader, "a", &thread, &err), BLDR_E_NOT_FOUND);
	ok(bldr_engine_run(e, &err));
	trace_open(&t);
	ok(bldr_threads(reader, add_thread, t.out, &err));              /* oldest first */
	ok(bldr_thread_events(reader, "a", 27, add_line, t.out, &err)); /* stops at 30 */
	ok(bldr_thread_events(reader, "a", 30, add_line, t.out, &err));
	ok(bldr_thread_events(reader, "a", SHOP_EVENTS, add_line, t.out, &err));
	trace_close(&t);
	assert_string_equal(t.text,
			    "b 1\na 1\n28 effect.intended\n29 effect.ended\n30 task.ended\n"
			    "31 run.ended\n");
	free(t.text);
	assert_state(reader, "a", SHOP_STATE);
	assert_int_equal(bldr_thread_start(reader, "shop", "c", NULL, &err), BLDR_E_INVALID);
	assert_int_equal(bldr_thread_resume(reader, "a", &err), BLDR_E_INVALID);
	assert_int_equal(bldr_engine_run(reader, &err), BLDR_E_INVALID);
	bldr_engine_close(e);
	assert_state(reader, "a", SHOP_STATE);
	bldr_engine_close(reader);
}

static void wrong_names_are_refused(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	struct bldr_value *input = bldr_object();
	struct bldr_value *none = NULL;
	char id[65];

	memset(id, 'x', sizeof(id) - 1);
	id[64] = '\0';
	assert_int_equal(bldr_thread_start(e, "store", "t", NULL, &err), BLDR_E_NOT_FOUND);
	assert_int_equal(bldr_thread_start(e, "shop", id, NULL, &err), BLDR_E_INVALID);
	assert_int_equal(bldr_thread_start(e, "shop", "", NULL, &err), BLDR_E_INVALID);
	assert_int_equal(bldr_thread_start(e, "shop", "a b", NULL, &err), BLDR_E_INVALID);
	bldr_object_set(input, "price", bldr_int(1));
	assert_int_equal(bldr_thread_start(e, "shop", "t", input, &err), BLDR_E_INVALID);
	assert_int_equal(bldr_thread_resume(e, "t", &err), BLDR_E_NOT_FOUND);
	assert_int_equal(bldr_thread_state(e, "t", &none, &err), BLDR_E_NOT_FOUND);
	ok(bldr_thread_start(e, "shop", id + 1, NULL, &err));
	assert_int_equal(bldr_thread_start(e, "shop", id + 1, NULL, &err), BLDR_E_EXISTS);
	assert_int_equal(bldr_thread_resume(e, id + 1, &err), BLDR_E_EXISTS);
	ok(bldr_engine_run(e, &err));
	assert_int_equal(bldr_thread_start(e, "shop", id + 1, NULL, &err), BLDR_E_EXISTS);
	assert_int_equal(bldr_thread_resume(e, id + 1, &err), BLDR_E_EXISTS);
	assert_non_null(strstr(err.text, "is done: nothing to resume"));
	bldr_unref(input);
	bldr_engine_close(e);
}

static void stop_at_rates(const struct bldr_event *event, void *user)
{
	if (event->seq == 17) {
		bldr_engine_stop(user);
	}
}

static void a_changed_graph_is_not_resumed(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	struct bldr_graph *changed = shop_graph(2);

	bldr_engine_observe(e, stop_at_rates, e);
	ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
	bldr_engine_add_graph(e, changed);
	assert_int_equal(bldr_thread_resume(e, "t1", &err), BLDR_E_CHANGED);
	assert_string_equal(err.text,
			    "graph \"shop\" has changed since thread \"t1\" was parked under its "
			    "version 1: version 1 is 2 now; run that version, or give this one a "
			    "migration (bldr_graph_migrate)");
	bldr_engine_close(e);
	bldr_graph_free(changed);
}

static void a_stopped_run_goes_on_where_it_was(void **state)
{
	static const char *const expected[] = {
		"[    0] commit steps=0 patches=0 intents=0 results=0",
		"[    0] t1 18 run.resumed",
		"[    0] dispatch t1/1:rates#0.1 work fetch_fee",
		"[    0] dispatch t1/1:load:0#0.0 work load_orders",
		"[    0] dispatch t1/1:load:1#0.0 work load_orders",
		"[    0] dispatch t1/1:load:2#0.0 work load_orders",
		"[   25] commit steps=0 patches=1 intents=0 results=1",
		"[   25] t1 19 effect.ended key=t1/1:rates#0.1 status=done",
		"[   25] t1 20 task.ended node=rates task=/1:rates writes=[\"rates\",\"fee\"]",
		"[   30] commit steps=1 patches=2 intents=1 results=3",
	};
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	struct trace t;
	char *cut;

	bldr_engine_observe(e, stop_at_rates, e);
	ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t1").events, 17);
	bldr_engine_close(e);
	trace_open(&t);
	e = open_engine(f, (struct bldr_engine_options){ .simulate = true, .trace = t.out });
	ok(bldr_thread_resume(e, "t1", &err));
	assert_int_equal(bldr_thread_resume(e, "t1", &err), BLDR_E_EXISTS);
	ok(bldr_engine_run(e, &err));
	trace_close(&t);
	cut = strstr(t.text, "[   30] t1 21");
	assert_non_null(cut);
	*cut = '\0';
	assert_lines(t.text, expected, sizeof(expected) / sizeof(expected[0]));
	assert_state(e, "t1", SHOP_STATE);
	assert_int_equal(info(e, "t1").events, SHOP_EVENTS + 1);
	bldr_engine_close(e);
	free(t.text);
}

static void count_effect(const char *thread, const char *key, const char *kind, const char *name,
			 void *user)
{
	(void)thread;
	(void)key;
	(void)kind;
	(void)name;
	++*(unsigned *)user;
}

static void stop_at_first_load(const struct bldr_event *event, void *user)
{
	if (event->seq == 12) {
		bldr_engine_stop(user);
	}
}

/* What was committed together with the reason to stop stays an intent. */
static void nothing_is_dispatched_after_a_stop(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };

	for (int simulate = 0; simulate < 2; simulate++) {
		struct bldr_engine *e = open_engine(
			f, (struct bldr_engine_options){ .simulate = simulate != 0, .workers = 2 });
		unsigned effects = 0;

		f->shop.count = 0;
		bldr_engine_observe(e, stop_at_first_load, e);
		bldr_engine_observe_effects(e, count_effect, &effects);
		ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
		ok(bldr_engine_run(e, &err));
		assert_int_equal(effects, 1);
		assert_int_equal(f->shop.count, 1);
		assert_int_equal(info(e, "t1").events, 16); /* the commit was whole */
		ok(bldr_thread_resume(e, "t1", &err));
		ok(bldr_engine_run(e, &err));
		assert_state(e, "t1", SHOP_STATE);
		assert_int_equal(f->shop.count, SHOP_EFFECTS);
		bldr_engine_close(e);
		assert_int_equal(unlink(f->db), 0);
	}
}

static void count_event(const struct bldr_event *event, void *user)
{
	(void)event;
	++*(unsigned *)user;
}

/* The disk is full: the file may not grow any more. */
static void limit_files(rlim_t bytes, struct rlimit *before)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, before), 0);
	limit = *before;
	limit.rlim_cur = bytes;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_failed_commit_lets_nothing_out(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	struct bldr_thread thread;
	struct rlimit before;
	unsigned events = 0;
	unsigned effects = 0;

	bldr_engine_observe(e, count_event, &events);
	bldr_engine_observe_effects(e, count_effect, &effects);
	ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
	limit_files(4096, &before);
	assert_int_equal(bldr_engine_run(e, &err), BLDR_E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(events + effects + f->shop.count, 0);
	assert_int_equal(bldr_thread_info(e, "t1", &thread, &err), BLDR_E_NOT_FOUND);
	ok(bldr_thread_start(e, "shop", "t1", NULL, &err)); /* the engine is as good as new */
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", SHOP_STATE);
	assert_int_equal(events, SHOP_EVENTS);
	assert_int_equal(effects, SHOP_EFFECTS);
	bldr_engine_close(e);
}

/* Writes to the journal behind the engine's back. */
static void meddle(const char *db_path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void advance_t1(const struct bldr_event *event, void *user)
{
	const struct fixture *f = user;

	if (event->seq == 17 && strcmp(event->thread, "t1") == 0) {
		meddle(f->db, "UPDATE thread SET head=head+1 WHERE id='t1'");
	}
}

static void a_thread_that_others_wrote_is_let_go_alone(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };

	for (int simulate = 0; simulate < 2; simulate++) {
		struct bldr_engine *e = open_engine(
			f, (struct bldr_engine_options){ .simulate = simulate != 0, .workers = 2 });

		bldr_engine_observe(e, advance_t1, f);
		ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
		ok(bldr_thread_start(e, "shop", "t2", NULL, &err));
		assert_int_equal(bldr_engine_run(e, &err), BLDR_E_CHANGED);
		assert_string_equal(err.text, "thread \"t1\" was advanced by another process");
		assert_in_range(info(e, "t1").events, 17, SHOP_EVENTS - 1);
		assert_state(e, "t2", SHOP_STATE);
		ok(bldr_thread_resume(e, "t1", &err)); /* from what the journal says now */
		ok(bldr_thread_start(e, "shop", "t3", NULL, &err));
		meddle(f->db,
		       "INSERT INTO thread(number, id, graph, graph_hash, graph_version, root, step,"
		       " seed, created_ms, updated_ms, head, status, next_id, last_event, code)"
		       " SELECT 9, 't3', graph, graph_hash, graph_version, 0, 0, seed, 0, 0, 1, 1,"
		       " 1, 0, 0 FROM thread WHERE id='t2'");
		assert_int_equal(bldr_engine_run(e, &err), BLDR_E_EXISTS);
		assert_state(e, "t1", SHOP_STATE);
		bldr_engine_close(e);
		assert_int_equal(unlink(f->db), 0);
	}
}

/* The disk is full from the given event on. */
struct disk {
	int64_t full_at;
	struct rlimit before;
};

static void fill_disk(const struct bldr_event *event, void *user)
{
	struct disk *d = user;

	if (event->seq == d->full_at) {
		limit_files(4096, &d->before);
	}
}

static void a_disk_that_fills_up_stops_the_run(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct rlimit before;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (int64_t at = 1; at < 29; at++) { /* what is behind 28 is in the last commit */
		for (int simulate = 0; simulate < 2; simulate++) {
			struct disk d = { .full_at = at };
			struct bldr_engine *e =
				open_engine(f,
					    (struct bldr_engine_options){ .simulate = simulate != 0,
									  .workers = 2 });

			bldr_engine_observe(e, fill_disk, &d);
			ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
			assert_int_equal(bldr_engine_run(e, &err), BLDR_E_IO);
			assert_non_null(strstr(err.text, f->db));
			assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
			assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
			assert_true(info(e, "t1").events >= at);
			bldr_engine_observe(e, NULL, NULL);
			ok(bldr_thread_resume(e, "t1", &err)); /* in the same engine */
			ok(bldr_engine_run(e, &err));
			assert_state(e, "t1", SHOP_STATE);
			bldr_engine_close(e);
			assert_int_equal(unlink(f->db), 0);
		}
	}
}

static int fail_first(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	if (++*(int *)w->context == 1) {
		return bldr_error_set(err, BLDR_E_IO, "the folder \"in\" is not mounted");
	}
	return bldr_value_parse("[\"north\",\"south\",\"west\"]", 24, ret, err);
}

static void a_failed_thread_retries_what_failed(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	int calls = 0;
	struct bldr_work_type work = { .name = "list_sources", .fn = fail_first, .context = &calls };
	struct bldr_engine *e;

	e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	bldr_engine_add_work(e, &work);
	ok(bldr_thread_start(e, "shop", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_FAILED);
	assert_int_equal(info(e, "t1").code, BLDR_E_FAILED); /* absorb named no code */
	assert_string_equal(info(e, "t1").error,
			    "node \"list\": list: the folder \"in\" is not mounted");
	assert_state(e, "t1", "{}");
	ok(bldr_thread_resume(e, "t1", &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_DONE);
	assert_string_equal(info(e, "t1").error, "");
	assert_state(e, "t1", SHOP_STATE);
	assert_int_equal(calls, 2);
	bldr_engine_close(e);
}

static int refuse(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)ret;
	return bldr_error_set(err, (int)bldr_get_int(w->args, "code", 0), "refused");
}

/* What a work function returns is the code of its thread, over the journal and back. */
static void a_thread_keeps_the_code_of_what_failed(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *args, *work;
		int code;
	} cases[] = {
		{ "{\"code\":-8}", "refuse", BLDR_E_IO },
		{ "{\"code\":-1}", "refuse", BLDR_E_INVALID },
		{ "{\"code\":-6}", "refuse", BLDR_E_CHANGED },
		{ "{}", "nobody", BLDR_E_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct asker a = { .n = 1,
					 .kind = "work",
					 .work = cases[i].work,
					 .args = cases[i].args,
					 .judge = true };
		const struct bldr_work_type work = { .name = "refuse", .fn = refuse };
		struct bldr_error err = { 0 };
		struct bldr_graph *g = asker_graph(&a);
		struct bldr_engine *e =
			open_engine(f, (struct bldr_engine_options){ .simulate = true });
		char id[8];

		(void)snprintf(id, sizeof(id), "t%zu", i);
		bldr_engine_add_graph(e, g);
		bldr_engine_add_work(e, &work);
		ok(bldr_thread_start(e, "ask", id, NULL, &err));
		ok(bldr_engine_run(e, &err));
		bldr_engine_close(e);
		e = open_engine(f, (struct bldr_engine_options){ .read_only = true });
		assert_int_equal(info(e, id).status, BLDR_THREAD_FAILED);
		assert_int_equal(info(e, id).code, cases[i].code);
		bldr_engine_close(e);
		bldr_graph_free(g);
	}
}

static int never(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)ret;
	(void)w;
	(void)err;
	fail_msg("performed");
	return 0;
}

static void a_virtual_timeout_takes_its_virtual_time(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	const struct asker a = {
		.n = 1, .kind = "work", .work = "long", .timeout_ms = 70, .args = "{}"
	};
	const struct bldr_work_type work = { .name = "long", .fn = never, .virtual_ms = 71 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .simulate = true });
	struct bldr_graph *g = asker_graph(&a);

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &work);
	ok(bldr_thread_start(e, "ask", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1",
		     "{\"answers\":[\"timed out: work \\\"long\\\" took longer than 70 ms\"]}");
	assert_int_equal(info(e, "t1").updated_ms, 70);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_run_leaves_the_golden_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_share_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_journal_can_be_read_by_others, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_names_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_changed_graph_is_not_resumed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stopped_run_goes_on_where_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_dispatched_after_a_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_commit_lets_nothing_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_that_others_wrote_is_let_go_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_disk_that_fills_up_stops_the_run, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_thread_retries_what_failed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_thread_keeps_the_code_of_what_failed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_virtual_timeout_takes_its_virtual_time, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
