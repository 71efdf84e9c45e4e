/* Child processes and sleeps on the real host: real processes, real clocks. */
#include "host/doer.h"
#include "host/host_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Runs the effects of d to their end; the caller drops the answers. */
static struct bldr_value *run_to_end(struct fixture *f, const struct doer *d)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(d);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });
	struct bldr_value *state = NULL;

	bldr_engine_add_graph(e, g);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_state(e, "t1", &state, &err));
	bldr_engine_close(e);
	bldr_graph_free(g);
	assert_int_equal(unlink(f->db), 0);
	return state;
}

static void expect_answers(struct fixture *f, const struct doer *d, const char *expected)
{
	struct bldr_value *state = run_to_end(f, d);
	char *text = bldr_value_text(bldr_get(state, "answers"));

	assert_string_equal(text, expected);
	free(text);
	bldr_unref(state);
}

static void a_process_is_given_text_and_gives_text(void **state)
{
	static const struct {
		struct doing doing;
		const char *answer;
	} cases[] = {
		{ { "process", "{\"argv\":[\"cat\"],\"stdin\":\"north\\nsouth\\n\"}" },
		  "{\"exit\":0,\"stderr\":\"\",\"stdout\":\"north\\nsouth\\n\"}" },
		{ { "process", "{\"argv\":[\"cat\"]}" },
		  "{\"exit\":0,\"stderr\":\"\",\"stdout\":\"\"}" },
		{ { "process", "{\"argv\":[\"sh\",\"-c\",\"echo out; echo err >&2; exit 3\"]}" },
		  "{\"exit\":3,\"stderr\":\"err\\n\",\"stdout\":\"out\\n\"}" },
		{ { "process", "{\"argv\":[\"sh\",\"-c\",\"kill -TERM $$\"]}" },
		  "{\"signal\":15,\"stderr\":\"\",\"stdout\":\"\"}" },
		{ { "process", "{\"argv\":[\"echo\",\"$HOME; *\",\"\"]}" }, /* no shell */
		  "{\"exit\":0,\"stderr\":\"\",\"stdout\":\"$HOME; * \\n\"}" },
		{ { "process", "{\"argv\":[\"pwd\"],\"cwd\":\"/\"}" },
		  "{\"exit\":0,\"stderr\":\"\",\"stdout\":\"/\\n\"}" },
		{ { "process", "{\"argv\":[\"printf\",\"a\\\\377b\\\\000c\"]}" }, /* not UTF-8 */
		  "{\"exit\":0,\"stderr\":\"\",\"stdout\":\"a\xEF\xBF\xBD"
		  "b\xEF\xBF\xBD"
		  "c\"}" },
		{ { "process", "{\"argv\":[\"/no/such/program\"]}" },
		  "\"failed: cannot start \\\"/no/such/program\\\": no such file or directory\"" },
		{ { "process", "{\"argv\":[\"/\"]}" },
		  "\"failed: cannot start \\\"/\\\": permission denied\"" },
		{ { "process", "{\"argv\":[\"pwd\"],\"cwd\":\"/no/such/folder\"}" },
		  "\"failed: cannot start \\\"pwd\\\": no such file or directory\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct doer d = { { cases[i].doing } };
		char expected[256];

		(void)snprintf(expected, sizeof(expected), "[%s]", cases[i].answer);
		expect_answers(*state, &d, expected);
	}
}

static void the_environment_is_small(void **state)
{
	static const struct doer d = {
		{ { "process", "{\"argv\":[\"/usr/bin/env\"]}", BLDR_PURE },
		  { "process",
		    "{\"argv\":[\"/usr/bin/env\"],\"env\":{\"LANG\":\"sv_SE\",\"TOKEN\":\"t\"}}",
		    BLDR_KEYED } }
	};

	(void)setenv("PATH", "/usr/bin:/bin", 1);
	(void)setenv("HOME", "/home/h", 1);
	(void)setenv("LANG", "C", 1);
	(void)setenv("SECRET", "s", 1);
	expect_answers(*state, &d,
		       "[{\"exit\":0,\"stderr\":\"\",\"stdout\":"
		       "\"PATH=/usr/bin:/bin\\nHOME=/home/h\\nLANG=C\\n\"},"
		       "{\"exit\":0,\"stderr\":\"\",\"stdout\":"
		       "\"PATH=/usr/bin:/bin\\nHOME=/home/h\\nBLDR_KEY=t1/0:do#0.1\\n"
		       "LANG=sv_SE\\nTOKEN=t\\n\"}]");
}

/* Of stdout the beginning, of stderr the end; neither stops the process. */
static void outputs_are_cut(void **state)
{
	static const struct doer d = {
		{ { "process", "{\"argv\":[\"sh\",\"-c\",\"seq 100000; seq 200000 >&2\"]}" },
		  { "process", "{\"argv\":[\"printf\",\"%32767s\xC3\xA4\",\"\"]}" },
		  { "process", "{\"argv\":[\"printf\",\"%32768s\",\"\"]}" } }
	};
	struct bldr_value *end = run_to_end(*state, &d);
	const struct bldr_value *answers = bldr_get(end, "answers");
	const struct bldr_value *a = bldr_at(answers, 0);
	const char *out = bldr_get_text(a, "stdout");
	const char *err = bldr_get_text(a, "stderr");

	assert_int_equal(bldr_get_int(a, "exit", -1), 0);
	assert_int_equal(strlen(out), BLDR_STDOUT_MAX);
	assert_int_equal(strncmp(out, "1\n2\n3\n", 6), 0);
	assert_int_equal(strlen(err), BLDR_STDERR_MAX);
	assert_string_equal(err + BLDR_STDERR_MAX - 14, "199999\n200000\n");
	assert_true(bldr_as_bool(bldr_get(a, "stdout_cut"), false));
	assert_true(bldr_as_bool(bldr_get(a, "stderr_cut"), false));
	a = bldr_at(answers, 1); /* the last character would be cut in two */
	assert_int_equal(strlen(bldr_get_text(a, "stdout")), BLDR_STDOUT_MAX - 1);
	assert_true(bldr_as_bool(bldr_get(a, "stdout_cut"), false));
	a = bldr_at(answers, 2); /* just as much as is kept */
	assert_int_equal(strlen(bldr_get_text(a, "stdout")), BLDR_STDOUT_MAX);
	assert_null(bldr_get(a, "stdout_cut"));
	bldr_unref(end);
}

/* Whether a process runs; a zombie that nobody looks at does not. */
static bool runs(long pid)
{
	char path[64];
	char line[512] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (file == NULL) {
		return false;
	}
	if (fgets(line, sizeof(line), file) == NULL) {
		line[0] = '\0';
	}
	(void)fclose(file);
	return line[0] != '\0' && strstr(line, ") Z ") == NULL;
}

/* The grandchild that wrote its pid down ends, soon. */
static void assert_gone(struct fixture *f)
{
	long pid = 0;
	FILE *file = fopen(scratch_file(&f->dir, "pid"), "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &pid), 1);
	(void)fclose(file);
	for (int i = 0; i < 500 && runs(pid); i++) {
		(void)usleep(10000);
	}
	assert_false(runs(pid));
	assert_int_equal(unlink(scratch_file(&f->dir, "pid")), 0);
}

static void a_timeout_kills_the_whole_group(void **state)
{
	struct fixture *f = *state;
	char args[512];
	int64_t began = clock_ms();

	(void)snprintf(args, sizeof(args),
		       "{\"argv\":[\"sh\",\"-c\",\"sleep 100 & echo $! > %s/pid; wait\"]}",
		       f->dir.path);
	{
		const struct doer d = { { { "process", args, BLDR_PURE, 300 } } };

		expect_answers(f, &d, "[\"timed out: process \\\"sh\\\" took longer than 300 ms\"]");
	}
	assert_in_range(clock_ms() - began, 300, 20000);
	assert_gone(f);
}

/* A grandchild that keeps stdout open is waited for a moment, not for ever. */
static void an_output_that_stays_open_is_left(void **state)
{
	struct fixture *f = *state;
	char args[512];
	int64_t began = clock_ms();

	(void)snprintf(args, sizeof(args),
		       "{\"argv\":[\"sh\",\"-c\",\"sleep 100 & echo $! > %s/pid; echo here\"]}",
		       f->dir.path);
	{
		const struct doer d = { { { "process", args } } };

		expect_answers(f, &d, "[{\"exit\":0,\"stderr\":\"\",\"stdout\":\"here\\n\"}]");
	}
	assert_in_range(clock_ms() - began, 900, 20000);
	assert_gone(f);
}

static struct bldr_engine *stopped_by_signal;

static void on_alarm(int number)
{
	(void)number;
	bldr_engine_stop(stopped_by_signal);
}

/* A stop kills processes and wakes nobody; a resume begins them again. */
static void a_stop_kills_and_a_resume_begins_again(void **state)
{
	struct fixture *f = *state;
	struct itimerval soon = { .it_value.tv_usec = 400000 };
	struct bldr_error err = { 0 };
	char args[512];
	struct bldr_graph *g;
	struct bldr_engine *e;
	int64_t began = clock_ms();

	(void)snprintf(
		args, sizeof(args),
		"{\"argv\":[\"sh\",\"-c\",\"test -e %s/second && echo again && exit; sleep 100 & "
		"echo $! > %s/pid; wait\"]}",
		f->dir.path, f->dir.path);
	const struct doer d = { { { "process", args }, { "sleep", "{\"ms\":900}" } } };
	g = doer_graph(&d);
	e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });
	bldr_engine_add_graph(e, g);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	stopped_by_signal = e;
	(void)signal(SIGALRM, on_alarm);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	ok(bldr_engine_run(e, &err));
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
	assert_int_equal(info(e, "t1").events, 5); /* no result is recorded */
	assert_gone(f);
	(void)fclose(fopen(scratch_file(&f->dir, "second"), "w"));
	ok(bldr_thread_resume(e, "t1", &err)); /* in the same engine */
	ok(bldr_engine_run(e, &err));
	assert_state(e, "t1",
		     "{\"answers\":[{\"exit\":0,\"stderr\":\"\",\"stdout\":\"again\\n\"},null]}");
	assert_in_range(clock_ms() - began, 895, 30000); /* not less than it was to sleep */
	bldr_engine_close(e);
	bldr_graph_free(g);
}

/* The wall clock says when a sleep is over, also for one that was begun long ago. */
static void sleeps_end_in_their_order(void **state)
{
	static const struct doer d = { { { "sleep", "{\"ms\":120}" },
					 { "sleep", "{\"ms\":0}" },
					 { "sleep", "{\"until_ms\":1000}" },
					 { "sleep", "{\"ms\":60000}", BLDR_PURE, 50 } } };
	int64_t began = clock_ms();
	struct bldr_value *end = run_to_end(*state, &d);
	const struct bldr_value *answers = bldr_get(end, "answers");

	assert_in_range(clock_ms() - began, 115, 20000);
	for (size_t i = 0; i < 3; i++) {
		assert_true(bldr_is_null(bldr_at(answers, i)));
	}
	assert_non_null(strstr(bldr_as_text(bldr_at(answers, 3)), "took longer than 50 ms"));
	bldr_unref(end);
}

static void many_processes_run_side_by_side(void **state)
{
	struct doer d = { 0 };
	char expected[2048] = "[";
	char args[BLDR_PLAN_MAX][96];

	for (size_t i = 0; i < BLDR_PLAN_MAX; i++) {
		(void)snprintf(args[i], sizeof(args[i]),
			       "{\"argv\":[\"cat\"],\"stdin\":\"number %zu\"}", i);
		d.at[i] = (struct doing){ .kind = "process", .args = args[i] };
		(void)snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
			       "%s{\"exit\":0,\"stderr\":\"\",\"stdout\":\"number %zu\"}",
			       i > 0 ? "," : "", i);
	}
	(void)snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "]");
	expect_answers(*state, &d, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_process_is_given_text_and_gives_text, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_environment_is_small, setup, teardown),
		cmocka_unit_test_setup_teardown(outputs_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timeout_kills_the_whole_group, setup, teardown),
		cmocka_unit_test_setup_teardown(an_output_that_stays_open_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stop_kills_and_a_resume_begins_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sleeps_end_in_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(many_processes_run_side_by_side, setup, teardown),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
