/*
 * What a run waits for, in virtual time: another round, a person, a clock. The traces of tests/golden/host were
 * written by hand. And the faults of a plan, one after the other: whatever goes wrong once, the run ends the same.
 */
#include "base/file.h"
#include "host/doer.h"
#include "host/host_test.h"

#include <sqlite3.h>

struct trace {
	char *text;
	size_t size;
	FILE *out;
};

static void expect_golden(struct trace *t, const char *name)
{
	char path[512];
	char *expected = NULL;
	size_t size = 0;
	struct bldr_error err = { 0 };

	(void)fclose(t->out);
	(void)snprintf(path, sizeof(path), "%s/tests/golden/host/%s.trace", getenv("BLDR_ROOT"),
		       name);
	ok(file_read(path, 1 << 20, &expected, &size, &err));
	assert_string_equal(t->text, expected);
	free(expected);
	free(t->text);
}

static struct bldr_engine *simulate(struct fixture *f, struct trace *t, int64_t start_ms,
				    const struct bldr_fault *fault)
{
	if (t != NULL && t->out == NULL) {
		t->out = open_memstream(&t->text, &t->size);
	}
	return open_engine(f,
			   (struct bldr_engine_options){ .simulate = true,
							 .start_ms = start_ms,
							 .trace = t != NULL ? t->out : NULL,
							 .faults = fault,
							 .n_faults = fault != NULL });
}

static struct bldr_value *json(const char *text)
{
	struct bldr_value *v = NULL;

	assert_int_equal(bldr_value_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

static int answer(struct bldr_engine *e, const char *id, const char *key, const char *text,
		  struct bldr_error *err)
{
	struct bldr_value *v = json(text);
	int rc = bldr_thread_answer(e, id, key, v, err);

	bldr_unref(v);
	return rc;
}

static struct bldr_graph *compiled(struct bldr_graph *g)
{
	struct bldr_error err = { 0 };

	ok(bldr_graph_compile(g, &err));
	return g;
}

static const char *const log_only[] = { "log", NULL };

/* ---- complain and retry ---- */

static void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	bldr_plan_work(p, "write", BLDR_PURE, v->kept != NULL ? bldr_ref(v->kept) : NULL);
}

/* A number is wanted; anything else is complained about. */
static void ask_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (bldr_type_of(r[0].value) != BLDR_INT) {
		struct bldr_value *kept = bldr_object();

		bldr_object_set(kept, "complaint",
				bldr_textf("\"%s\" is no number", bldr_as_text(r[0].value)));
		bldr_patch_again(p, kept);
		return;
	}
	bldr_patch_set(p, "log", bldr_ref(r[0].value));
}

static int write_number(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const char *complaint = bldr_get_text(w->args, "complaint");

	(void)err;
	atomic_fetch_add((atomic_uint *)w->context, 1);
	*ret = complaint == NULL                                    ? bldr_text("twelve")
		: strcmp(complaint, "\"twelve\" is no number") == 0 ? bldr_int(12)
								    : bldr_null();
	return 0;
}

static void add_ask_node(struct bldr_graph *g)
{
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "ask",
					     .writes = log_only,
					     .prepare = ask_prepare,
					     .absorb = ask_absorb });
}

static void a_node_complains_and_asks_again(void **state)
{
	struct fixture *f = *state;
	struct trace t = { 0 };
	struct bldr_engine *e = simulate(f, &t, 0, NULL);
	struct bldr_graph *g = bldr_graph_new("complain", 1);
	atomic_uint count = 0;
	const struct bldr_work_type work = {
		.name = "write", .fn = write_number, .context = &count, .virtual_ms = 10
	};
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "log", BLDR_APPEND);
	add_ask_node(g);
	bldr_graph_edge(g, BLDR_START, "ask");
	bldr_engine_add_graph(e, compiled(g));
	bldr_engine_add_work(e, &work);
	ok(bldr_thread_start(e, "complain", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", "{\"log\":[12]}");
	bldr_engine_close(e);
	expect_golden(&t, "complain");
	bldr_graph_free(g);
}

/* ---- goto ---- */

static void sort_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "judge", BLDR_PURE, NULL);
}

static void sort_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)v;
	(void)n;
	bldr_patch_goto(p, bldr_as_text(r[0].value));
}

static int judge(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)err;
	*ret = bldr_text("page");
	return 0;
}

static void say(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(p, "log", bldr_text(v->config));
}

static void a_goto_goes_beside_the_edge(void **state)
{
	static const char *const gotos[] = { "page", "shred", NULL };
	static const char *const others[] = { "file", "page", "shred" };
	struct fixture *f = *state;
	struct trace t = { 0 };
	struct bldr_engine *e = simulate(f, &t, 0, NULL);
	struct bldr_graph *g = bldr_graph_new("triage", 1);
	const struct bldr_work_type work = { .name = "judge", .fn = judge, .virtual_ms = 5 };
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "sort",
					     .gotos = gotos,
					     .prepare = sort_prepare,
					     .absorb = sort_absorb });
	for (size_t i = 0; i < 3; i++) {
		bldr_graph_node(g,
				&(struct bldr_node){ .name = others[i],
						     .writes = log_only,
						     .absorb = say,
						     .config = others[i] });
	}
	bldr_graph_edge(g, BLDR_START, "sort");
	bldr_graph_edge(g, "sort", "file");
	bldr_engine_add_graph(e, compiled(g));
	bldr_engine_add_work(e, &work);
	ok(bldr_thread_start(e, "triage", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", "{\"log\":[\"file\",\"page\"]}");
	bldr_engine_close(e);
	expect_golden(&t, "goto");
	bldr_graph_free(g);
}

static void keep_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)r;
	(void)n;
	if (v->round == 0) {
		char *text = malloc(60000);

		memset(text, 'k', 60000);
		bldr_patch_again(p, bldr_text_n(text, 60000));
		free(text);
		return;
	}
	bldr_patch_set(p, "log", bldr_int((int64_t)strlen(bldr_as_text(v->kept)) + v->now_ms));
}

static int64_t count(const char *db_path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t n;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

/* The row of a round outlives the process, not the superstep. */
static void what_a_task_keeps_survives_a_restart(void **state)
{
	static const struct bldr_fault fault = { BLDR_AT_EFFECT, 2, BLDR_FAULT_CRASH_AFTER };
	struct fixture *f = *state;
	struct bldr_graph *g = bldr_graph_new("keep", 1);
	const struct bldr_work_type work = { .name = "judge", .fn = judge, .virtual_ms = 5 };
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "keep",
					     .writes = log_only,
					     .prepare = sort_prepare,
					     .absorb = keep_absorb });
	bldr_graph_edge(g, BLDR_START, "keep");
	(void)compiled(g);
	for (int life = 0; life < 2; life++) {
		struct bldr_engine *e = simulate(f, NULL, 0, life == 0 ? &fault : NULL);

		bldr_engine_add_graph(e, g);
		bldr_engine_add_work(e, &work);
		ok(life == 0 ? bldr_thread_start(e, "keep", "t1", NULL, &err)
			     : bldr_thread_resume(e, "t1", &err));
		assert_int_equal(bldr_engine_run(e, &err), life == 0 ? BLDR_E_CANCELLED : 0);
		assert_int_equal(count(f->db, "SELECT count(*) FROM round"), life == 0);
		if (life == 1) {
			assert_state(e, "t1", "{\"log\":[60005]}"); /* round 1 began at 5 ms */
		}
		bldr_engine_close(e);
	}
	bldr_graph_free(g);
}

/* ---- interrupts ---- */

static int count_rows(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)w;
	(void)err;
	*ret = bldr_int(6);
	return 0;
}

static const struct bldr_work_type count_work = { .name = "count",
						  .fn = count_rows,
						  .virtual_ms = 10 };

static int tell_interrupt(const struct bldr_interrupt *i, void *user)
{
	char *question = bldr_value_text(i->question);

	(void)fprintf(user, "%s %s @%d %s\n", i->thread, i->key, (int)i->asked_ms, question);
	free(question);
	return 0;
}

static void assert_interrupts(struct bldr_engine *e, const char *id, const char *expected)
{
	struct trace t = { 0 };
	struct bldr_error err = { 0 };

	t.out = open_memstream(&t.text, &t.size);
	ok(bldr_thread_interrupts(e, id, tell_interrupt, t.out, &err));
	(void)fclose(t.out);
	assert_string_equal(t.text, expected);
	free(t.text);
}

static void a_question_is_answered_after_a_restart(void **state)
{
	static const struct doer d = {
		{ { .kind = "interrupt", .args = "{\"question\":\"Load it?\",\"rows\":6}" },
		  { .kind = "work", .args = "{\"work\":\"count\",\"args\":{}}" } }
	};
	struct fixture *f = *state;
	struct trace t = { 0 };
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(&d);
	struct bldr_engine *e = simulate(f, &t, 0, NULL);

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &count_work);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err)); /* returns: it waits as rows only */
	bldr_engine_close(e);
	e = open_engine(f, (struct bldr_engine_options){ .read_only = true });
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
	assert_interrupts(e, "t1", "t1 t1/0:do#0.0 @0 {\"question\":\"Load it?\",\"rows\":6}\n");
	assert_int_equal(answer(e, "t1", NULL, "1", &err), BLDR_E_INVALID);
	assert_int_equal(bldr_thread_interrupts(e, "t2", tell_interrupt, NULL, &err),
			 BLDR_E_NOT_FOUND);
	bldr_engine_close(e);

	(void)fprintf(t.out, "--- restarted at 500 ms, and answered\n");
	e = simulate(f, &t, 500, NULL);
	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &count_work);
	ok(answer(e, "t1", NULL, "{\"yes\":true}", &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", "{\"answers\":[{\"yes\":true},6]}");
	assert_interrupts(e, "t1", "");
	assert_int_equal(answer(e, "t1", NULL, "1", &err), BLDR_E_NOT_FOUND);
	assert_string_equal(err.text, "thread \"t1\" waits for no answer");
	bldr_engine_close(e);
	expect_golden(&t, "interrupt");
	bldr_graph_free(g);
}

static const struct doer two_questions = {
	{ { .kind = "interrupt", .args = "{\"question\":\"A?\"}", .cls = BLDR_KEYED },
	  { .kind = "interrupt", .args = "{\"question\":\"B?\"}" } }
};

static void answers_are_told_apart_by_key(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(&two_questions);
	struct bldr_engine *e = simulate(f, NULL, 0, NULL);
	struct bldr_value *too_much;
	char *large = malloc(BLDR_RESULT_MAX);

	bldr_engine_add_graph(e, g);
	assert_int_equal(answer(e, "t1", NULL, "1", &err), BLDR_E_NOT_FOUND);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	ok(answer(e, "t1", "t1/0:do#0.0", "\"early\"", &err)); /* before anything is on disk */
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_start(e, "do", "t2", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_interrupts(e, "t1", "t1 t1/0:do#0.1 @0 {\"question\":\"B?\"}\n");
	assert_int_equal(answer(e, "t2", NULL, "1", &err), BLDR_E_INVALID);
	assert_string_equal(err.text, "thread \"t2\" waits for 2 answers; name the key of one");
	assert_int_equal(answer(e, "t2", "t2/0:do#0.9", "1", &err), BLDR_E_NOT_FOUND);
	assert_string_equal(err.text, "thread \"t2\" waits for no answer to \"t2/0:do#0.9\"");
	memset(large, 'x', BLDR_RESULT_MAX);
	too_much = bldr_text_n(large, BLDR_RESULT_MAX - 1); /* and two quotes */
	assert_int_equal(bldr_thread_answer(e, "t2", "t2/0:do#0.1", too_much, &err), BLDR_E_LIMIT);
	bldr_unref(too_much);
	assert_int_equal(info(e, "t2").events, 5); /* not resumed in vain */
	ok(answer(e, "t2", "t2/0:do#0.1", "\"b\"", &err));
	assert_int_equal(answer(e, "t2", "t2/0:do#0.1", "\"c\"", &err), BLDR_E_EXISTS);
	ok(answer(e, "t2", "t2/0:do#0.0", "\"a\"", &err));
	ok(answer(e, "t1", NULL, "null", &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", "{\"answers\":[\"early\",null]}");
	assert_state(e, "t2", "{\"answers\":[\"a\",\"b\"]}");
	bldr_engine_close(e);
	bldr_graph_free(g);
	free(large);
}

/* Answers each question as soon as it is on disk. */
static void answer_at_once(const struct bldr_event *event, void *user)
{
	struct bldr_error err = { 0 };

	if (strcmp(event->type, "effect.intended") == 0) {
		ok(answer(user, event->thread, bldr_get_text(event->data, "key"), "1", &err));
	}
}

static void an_observer_may_answer(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(&two_questions);

	for (int simulate = 0; simulate < 2; simulate++) {
		struct bldr_engine *e = open_engine(
			f, (struct bldr_engine_options){ .simulate = simulate != 0, .workers = 2 });

		bldr_engine_add_graph(e, g);
		bldr_engine_observe(e, answer_at_once, e);
		ok(bldr_thread_start(e, "do", "t1", NULL, &err));
		ok(bldr_engine_run(e, &err));
		assert_state(e, "t1", "{\"answers\":[1,1]}");
		bldr_engine_close(e);
		assert_int_equal(unlink(f->db), 0);
	}
	bldr_graph_free(g);
}

/* ---- sleeps ---- */

static void a_sleep_is_not_begun_anew_by_a_restart(void **state)
{
	static const struct doer d = { { { .kind = "sleep", .args = "{\"ms\":1000}" },
					 { .kind = "sleep", .args = "{\"until_ms\":700}" } } };
	static const struct bldr_fault fault = { BLDR_AT_EFFECT, 1, BLDR_FAULT_CRASH_BEFORE };
	struct fixture *f = *state;
	struct trace t = { 0 };
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(&d);
	struct bldr_engine *e = simulate(f, &t, 0, &fault);

	bldr_engine_add_graph(e, g);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	assert_int_equal(bldr_engine_run(e, &err), BLDR_E_CANCELLED);
	bldr_engine_close(e);
	(void)fprintf(t.out, "--- restarted at 400 ms\n");
	e = simulate(f, &t, 400, NULL);
	bldr_engine_add_graph(e, g);
	ok(bldr_thread_resume(e, "t1", &err));
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1", "{\"answers\":[null,null]}");
	bldr_engine_close(e);
	expect_golden(&t, "sleep");

	assert_int_equal(unlink(f->db), 0); /* one that is over lands at once */
	e = simulate(f, NULL, 0, &fault);
	bldr_engine_add_graph(e, g);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	assert_int_equal(bldr_engine_run(e, &err), BLDR_E_CANCELLED);
	bldr_engine_close(e);
	e = simulate(f, NULL, 5000, NULL);
	bldr_engine_add_graph(e, g);
	ok(bldr_thread_resume(e, "t1", &err));
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_DONE);
	assert_int_equal(info(e, "t1").updated_ms, 5000);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

static void wrong_requests_are_failed_results(void **state)
{
	static const struct {
		struct doing doing;
		const char *error;
	} cases[] = {
		{ { "sleep", "{}" }, "needs {\\\"ms\\\": n} or" },
		{ { "sleep", "{\"ms\":1,\"until_ms\":2}" }, "needs {\\\"ms\\\": n} or" },
		{ { "sleep", "{\"ms\":-1}" }, "needs {\\\"ms\\\": n} or" },
		{ { "sleep", "{\"ms\":\"1\"}" }, "needs {\\\"ms\\\": n} or" },
		{ { "sleep", "{\"ms\":9000000000000000000}" }, "needs {\\\"ms\\\": n} or" },
		{ { "sleep", "{\"ms\":1}", BLDR_ONCE }, "would not survive a restart" },
		{ { "sleep", "{\"ms\":100}", BLDR_PURE, 99 },
		  "timed out: sleep \\\"100\\\" took longer than 99 ms" },
		{ { "interrupt", "{}" }, "needs {\\\"question\\\": text, ...}" },
		{ { "interrupt", "{\"question\":\"?\"}", BLDR_ONCE }, "let it be pure" },
		{ { "interrupt", "{\"question\":\"?\"}", BLDR_PURE, 5 }, "without a timeout" },
		{ { "process", "{}" }, "argv at least" },
		{ { "process", "{\"argv\":[]}" }, "argv at least" },
		{ { "process", "{\"argv\":[\"true\",1]}" }, "argv at least" },
		{ { "process", "{\"argv\":[\"true\"],\"env\":{\"A=B\":\"\"}}" }, "argv at least" },
		{ { "process", "{\"argv\":[\"true\"],\"stdin\":1}" }, "argv at least" },
		{ { "process", "{\"argv\":[\"true\"],\"shell\":true}" }, "not \\\"shell\\\"" },
		{ { "process", "{\"argv\":[\"true\"]}" }, "no work \\\"process\\\" is registered" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct doer d = { { cases[i].doing } };
		struct bldr_graph *g = doer_graph(&d);
		struct bldr_engine *e = simulate(f, NULL, 0, NULL);
		struct bldr_value *end = NULL;
		struct bldr_error err = { 0 };
		char *text;

		bldr_engine_add_graph(e, g);
		ok(bldr_thread_start(e, "do", "t1", NULL, &err));
		ok(bldr_engine_run(e, &err));
		ok(bldr_thread_state(e, "t1", &end, &err));
		text = bldr_value_text(end);
		if (strstr(text, cases[i].error) == NULL) {
			fail_msg("%zu: %s", i, text);
		}
		free(text);
		bldr_unref(end);
		bldr_engine_close(e);
		bldr_graph_free(g);
		assert_int_equal(unlink(f->db), 0);
	}
}

/* ---- everything at once, and one fault at a time ---- */

static int play(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)err;
	*ret = bldr_object();
	bldr_object_set(*ret, "exit", bldr_int(0));
	bldr_object_set(*ret, "stdout", bldr_ref(bldr_get(w->args, "stdin")));
	return 0;
}

/* Two sleeps, two questions, a process and work, then a node with two rounds. */
struct medley {
	struct doer doer;
	struct bldr_graph *sub, *graph;
	atomic_uint written;
};

#define MEDLEY_STATE                                                                    \
	"{\"answers\":[null,\"yes\",{\"exit\":0,\"stdout\":\"hello\"},null,\"yes\",6]," \
	"\"log\":[12]}"
enum { MEDLEY_EFFECTS = 6 }; /* that are performed by somebody: not the questions */

static void medley_make(struct medley *m)
{
	static const char *const answers[] = { "answers", NULL };

	*m = (struct medley){
		.doer = { { { "sleep", "{\"ms\":40}" },
			    { "interrupt", "{\"question\":\"A?\"}" },
			    { "process", "{\"argv\":[\"cat\"],\"stdin\":\"hello\"}", BLDR_KEYED },
			    { "sleep", "{\"until_ms\":15}" },
			    { "interrupt", "{\"question\":\"B?\"}" },
			    { "work", "{\"work\":\"count\",\"args\":{}}" } } }
	};
	m->sub = doer_graph(&m->doer);
	m->graph = bldr_graph_new("medley", 1);
	bldr_graph_channel(m->graph, "answers", BLDR_LAST);
	bldr_graph_channel(m->graph, "log", BLDR_APPEND);
	bldr_graph_subgraph(m->graph, "first", m->sub, NULL, answers);
	add_ask_node(m->graph);
	bldr_graph_edge(m->graph, BLDR_START, "first");
	bldr_graph_edge(m->graph, "first", "ask");
	(void)compiled(m->graph);
}

static void medley_release(struct medley *m)
{
	bldr_graph_free(m->graph);
	bldr_graph_free(m->sub);
}

static void medley_register(struct medley *m, struct bldr_engine *e)
{
	const struct bldr_work_type works[] = {
		{ .name = "write", .fn = write_number, .context = &m->written, .virtual_ms = 10 },
		{ .name = "process", .fn = play, .virtual_ms = 20 },
		count_work,
	};

	bldr_engine_add_graph(e, m->graph);
	for (size_t i = 0; i < 3; i++) {
		bldr_engine_add_work(e, &works[i]);
	}
}

struct asked {
	struct bldr_engine *engine;
	char keys[4][64];
	size_t n;
};

static int note_key(const struct bldr_interrupt *i, void *user)
{
	struct asked *a = user;

	assert_true(a->n < 4);
	(void)snprintf(a->keys[a->n++], sizeof(a->keys[0]), "%s", i->key);
	return 0;
}

/* One life of the process: starts or resumes, runs, answers what is asked, runs on. */
static int live(struct bldr_engine *e, struct bldr_error *err)
{
	struct bldr_thread t;
	int rc = bldr_thread_info(e, "t1", &t, err);

	rc = rc == BLDR_E_NOT_FOUND            ? bldr_thread_start(e, "medley", "t1", NULL, err)
		: t.status == BLDR_THREAD_DONE ? 0
					       : bldr_thread_resume(e, "t1", err);
	rc = rc == 0 ? bldr_engine_run(e, err) : rc;
	while (rc == 0) {
		struct asked asked = { .engine = e };

		assert_int_equal(bldr_thread_interrupts(e, "t1", note_key, &asked, err), 0);
		if (asked.n == 0) {
			return 0;
		}
		for (size_t i = 0; i < asked.n && rc == 0; i++) {
			rc = answer(e, "t1", asked.keys[i], "\"yes\"", err);
		}
		rc = rc == 0 ? bldr_engine_run(e, err) : rc;
	}
	return rc;
}

struct audit {
	unsigned ended, twice;
	char keys[16][64];
	int64_t last;
};

/* Numbers without a gap; no effect ends twice. */
static int audit_event(const struct bldr_event *event, void *user)
{
	struct audit *a = user;
	const char *key = bldr_get_text(event->data, "key");

	assert_int_equal(event->seq, ++a->last);
	if (strcmp(event->type, "effect.ended") == 0) {
		for (unsigned i = 0; i < a->ended; i++) {
			a->twice += strcmp(a->keys[i], key) == 0;
		}
		assert_true(a->ended < 16);
		(void)snprintf(a->keys[a->ended++], sizeof(a->keys[0]), "%s", key);
	}
	return 0;
}

/* A life that a fault ends, then one in peace. Whether the fault came to pass. */
static bool survive(struct fixture *f, struct medley *m, const struct bldr_fault *fault)
{
	struct bldr_error err = { 0 };
	struct bldr_engine *e = simulate(f, NULL, 0, fault);
	struct audit audit = { 0 };
	struct bldr_thread last = { 0 };
	int rc;

	medley_register(m, e);
	rc = live(e, &err);
	if (rc < 0) {
		assert_int_equal(rc, fault->what == BLDR_FAULT_FAIL ? BLDR_E_IO : BLDR_E_CANCELLED);
		assert_non_null(strstr(err.text, "planned fault"));
	}
	(void)bldr_thread_info(e, "t1", &last, &err); /* the time goes on from its last commit */
	bldr_engine_close(e);
	e = simulate(f, NULL, last.updated_ms, NULL);
	medley_register(m, e);
	ok(live(e, &err));
	assert_state(e, "t1", MEDLEY_STATE);
	assert_int_equal(info(e, "t1").updated_ms, 60); /* 40 ms of sleep were slept once */
	ok(bldr_thread_events(e, "t1", 0, audit_event, &audit, &err));
	assert_int_equal(audit.twice, 0);
	assert_int_equal(audit.ended, MEDLEY_EFFECTS + 2);
	bldr_engine_close(e);
	assert_int_equal(unlink(f->db), 0);
	return rc < 0;
}

static void whatever_crashes_once_ends_the_same(void **state)
{
	static const enum bldr_fault_kind kinds[] = { BLDR_FAULT_FAIL, BLDR_FAULT_CRASH_BEFORE,
						      BLDR_FAULT_CRASH_AFTER };
	struct fixture *f = *state;
	struct medley m;

	medley_make(&m);
	for (size_t k = 0; k < 3; k++) {
		struct bldr_fault fault = { .at = BLDR_AT_COMMIT, .nth = 1, .what = kinds[k] };
		unsigned effects = 0;

		while (survive(f, &m, &fault)) {
			fault.nth++;
		}
		/* 0, 10, 15, 20, 40, the answers, 50 and 60 ms, and what comes after them */
		assert_int_equal(fault.nth, 8 + 1);
		fault.at = BLDR_AT_EFFECT;
		for (fault.nth = 1; k > 0 && survive(f, &m, &fault); fault.nth++) {
			effects++;
		}
		assert_int_equal(effects, k > 0 ? MEDLEY_EFFECTS : 0);
	}
	medley_release(&m);
}

/* An effect that fails or times out once is its node's to judge: "do" writes it down. */
static void a_planned_failure_is_a_result(void **state)
{
	static const struct doer d = { { { "work", "{\"work\":\"count\",\"args\":{}}" },
					 { "work", "{\"work\":\"count\",\"args\":{}}" } } };
	static const struct {
		struct bldr_fault fault;
		const char *state;
		int64_t end_ms;
	} cases[] = {
		{ { BLDR_AT_EFFECT, 1, BLDR_FAULT_FAIL },
		  "{\"answers\":[\"failed: planned fault: effect 1 fails\",6]}",
		  10 },
		{ { BLDR_AT_EFFECT, 2, BLDR_FAULT_TIMEOUT },
		  "{\"answers\":[6,\"timed out: work \\\"count\\\" took longer than 0 ms\"]}",
		  10 },
	};
	struct fixture *f = *state;
	struct bldr_graph *g = doer_graph(&d);
	struct bldr_error err = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct bldr_engine *e = simulate(f, NULL, 0, &cases[i].fault);

		bldr_engine_add_graph(e, g);
		bldr_engine_add_work(e, &count_work);
		ok(bldr_thread_start(e, "do", "t1", NULL, &err));
		ok(bldr_engine_run(e, &err));
		assert_state(e, "t1", cases[i].state);
		assert_int_equal(info(e, "t1").updated_ms, cases[i].end_ms);
		bldr_engine_close(e);
		assert_int_equal(unlink(f->db), 0);
	}
	bldr_graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_node_complains_and_asks_again, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_task_keeps_survives_a_restart, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_goto_goes_beside_the_edge, setup, teardown),
		cmocka_unit_test_setup_teardown(a_question_is_answered_after_a_restart, setup,
						teardown),
		cmocka_unit_test_setup_teardown(answers_are_told_apart_by_key, setup, teardown),
		cmocka_unit_test_setup_teardown(an_observer_may_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sleep_is_not_begun_anew_by_a_restart, setup,
						teardown),
		cmocka_unit_test_setup_teardown(wrong_requests_are_failed_results, setup, teardown),
		cmocka_unit_test_setup_teardown(whatever_crashes_once_ends_the_same, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_planned_failure_is_a_result, setup, teardown),
	};

	return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
