/* Children that play process nodes: real programs (player.py), good and bad. */
#include "host/doer.h"
#include "host/host_test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

/* A call of the player; view: JSON, more: of the request, such as ,"children":2 */
#define PLAYER(view, more)                                                                     \
	"{\"argv\":[\"python3\",\"" PLAYER_PY "\"],\"call\":{\"node\":\"plan\",\"view\":" view \
	"}" more "}"
#define CALL(view)                                       \
	{                                                \
		.kind = "node", .args = PLAYER(view, "") \
	}

struct told {
	char text[2048];
};

static void tell(const struct bldr_event *event, void *user)
{
	struct told *told = user;
	size_t n = strlen(told->text);

	if (strcmp(event->type, "custom") == 0 || strcmp(event->type, "message") == 0) {
		char *text = bldr_value_text(bldr_get(event->data, "data"));

		(void)snprintf(told->text + n, sizeof(told->text) - n, "%s %s\n", event->type, text);
		free(text);
	}
}

/* Runs the effects of d to their end; the caller drops the answers. told may be NULL. */
static struct bldr_value *run_to_end(struct fixture *f, const struct doer *d, struct told *told)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(d);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });
	struct bldr_value *state = NULL;
	struct bldr_value *answers;

	if (told != NULL) {
		bldr_engine_observe(e, tell, told);
	}
	bldr_engine_add_graph(e, g);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_state(e, "t1", &state, &err));
	answers = bldr_copy(bldr_get(state, "answers"));
	bldr_unref(state);
	bldr_engine_close(e);
	bldr_graph_free(g);
	assert_int_equal(unlink(f->db), 0);
	return answers;
}

static void expect_answers(struct fixture *f, const struct doer *d, const char *expected)
{
	struct bldr_value *answers = run_to_end(f, d, NULL);
	char *text = bldr_value_text(answers);

	assert_string_equal(text, expected);
	free(text);
	bldr_unref(answers);
}

static void one_child_answers_call_by_call(void **state)
{
	static const struct doer d = {
		{ CALL("{\"do\":\"answer\",\"set\":{\"n\":[1,\"\\u00e4\\n\"]}}"),
		  CALL("{\"do\":\"who\"}"), CALL("{\"do\":\"who\"}") }
	};

	expect_answers(
		*state, &d,
		"[{\"patch\":{\"set\":{\"n\":[1,\"\xC3\xA4\\n\"]}}},"
		"{\"patch\":{\"set\":{\"calls\":2,\"key\":\"t1/0:do#0.1\",\"node\":\"plan\"}}},"
		"{\"patch\":{\"set\":{\"calls\":3,\"key\":\"t1/0:do#0.2\",\"node\":\"plan\"}}}]");
}

static int64_t pid_of(const struct bldr_value *answers, size_t i)
{
	return bldr_get_int(bldr_get(bldr_get(bldr_at(answers, i), "patch"), "set"), "pid", -1);
}

static void there_are_as_many_as_the_calls_allow(void **state)
{
#define PID(more)                                                                      \
	{                                                                              \
		.kind = "node", .args = PLAYER("{\"do\":\"pid\",\"sleep\":0.3}", more) \
	}
	static const struct doer one = { { PID(""), PID(""), PID(",\"env\":[\"LANG\"]") } };
	static const struct doer two = { { PID(",\"children\":2"), PID(",\"children\":2"),
					   PID(",\"children\":2") } };
	struct bldr_value *a = run_to_end(*state, &one, NULL);

	assert_true(pid_of(a, 0) > 0);
	assert_true(pid_of(a, 0) == pid_of(a, 1));
	assert_true(pid_of(a, 0) != pid_of(a, 2)); /* another environment, another child */
	bldr_unref(a);
	a = run_to_end(*state, &two, NULL);
	assert_true(pid_of(a, 0) != pid_of(a, 1));
	assert_true(pid_of(a, 2) == pid_of(a, 0) || pid_of(a, 2) == pid_of(a, 1));
	bldr_unref(a);
}

/* What the kernel gave the program when it began, a shell that is to play a node. */
static void a_child_is_given_what_is_named(void **state)
{
	static const struct doer d = {
		{ { .kind = "node",
		    .args = "{\"argv\":[\"/bin/sh\",\"-c\",\"read call; printf "
			    "'{\\\"patch\\\":{\\\"fail\\\":\\\"%s\\\"}}\\n' \\\"$(pwd) $(tr "
			    "'\\\\0' ' ' </proc/$$/environ)\\\"\"],\"cwd\":\"/usr\",\"env\":[\"TOKEN\","
			    "\"NOT_SET\"],\"call\":{\"node\":\"sh\",\"view\":{}}}" } }
	};

	(void)setenv("PATH", "/usr/bin:/bin", 1);
	(void)setenv("HOME", "/home/h", 1);
	(void)setenv("LANG", "C.UTF-8", 1);
	(void)setenv("SECRET", "s", 1);
	(void)setenv("TOKEN", "t", 1);
	(void)unsetenv("NOT_SET");
	expect_answers(*state, &d,
		       "[{\"patch\":{\"fail\":\"/usr PATH=/usr/bin:/bin HOME=/home/h LANG=C.UTF-8 "
		       "TOKEN=t \"}}]");
}

static void what_a_child_emits_is_an_event(void **state)
{
	static const struct doer d = { { CALL("{\"do\":\"emit\"}") } };
	struct told told = { "" };
	struct bldr_value *a = run_to_end(*state, &d, &told);
	char *text = bldr_value_text(a);

	assert_string_equal(text, "[{\"again\":1}]");
	assert_string_equal(told.text, "custom {\"step\":1}\nmessage \"Hel\"\nmessage \"lo\"\n");
	free(text);
	bldr_unref(a);
}

/* One bad call between two good ones: it fails alone, and a new child plays what follows. */
static void expect_failure(struct fixture *f, const char *bad, const char *error)
{
	const struct doer d = { { CALL("{\"do\":\"who\"}"),
				  { .kind = "node", .args = bad },
				  CALL("{\"do\":\"who\"}") } };
	struct bldr_value *a = run_to_end(f, &d, NULL);
	const char *is = bldr_as_text(bldr_at(a, 1));
	const struct bldr_value *last = bldr_get(bldr_get(bldr_at(a, 2), "patch"), "set");

	assert_non_null(is);
	assert_string_equal(is, error);
	assert_int_equal(bldr_get_int(last, "calls", -1), 1);
	bldr_unref(a);
}

static void a_crash_is_told_with_the_last_words(void **state)
{
	struct bldr_value *a;
	const char *text;
	static const struct doer loud = { { CALL("{\"do\":\"shout\"}") } };

	expect_failure(
		*state, PLAYER("{\"do\":\"crash\"}", ""),
		"failed: the program of node \"plan\" ended with status 3 before it answered: "
		"Disaster: no more\nstderr:\ngetting ready\nDisaster: no more");
	expect_failure(
		*state, PLAYER("{\"do\":\"die\"}", ""),
		"failed: the program of node \"plan\" was ended by signal 9 before it answered");
	expect_failure(
		*state, PLAYER("{\"do\":\"leave\"}", ""),
		"failed: the program of node \"plan\" ended with status 0 before it answered");
	a = run_to_end(*state, &loud, NULL); /* as much of the end as an error's text holds */
	assert_in_range(strlen(bldr_as_text(bldr_at(a, 0))), 1000, 8 + BLDR_ERROR_TEXT_MAX);
	text = strstr(bldr_as_text(bldr_at(a, 0)), "stderr:\n");
	assert_null(strchr(text, 'x'));
	assert_int_equal(strlen(strrchr(text, '\n')), 100);
	bldr_unref(a);
}

/* Closed, but not ended: killed after a moment. */
static void a_child_that_closes_its_output_is_killed(void **state)
{
	expect_failure(
		*state, PLAYER("{\"do\":\"close\"}", ""),
		"failed: the program of node \"plan\" was ended by signal 9 before it answered");
}

static void garbage_fails_the_call(void **state)
{
	static const char said[] = "failed: the program of node \"plan\" wrote a line that is no "
				   "answer: ";
	char expected[400];

	(void)snprintf(expected, sizeof(expected), "%sline 1, column 5: invalid token near 'hello'",
		       said);
	expect_failure(*state, PLAYER("{\"do\":\"write\",\"text\":\"hello\"}", ""), expected);
	(void)snprintf(
		expected, sizeof(expected),
		"%sexpected an object with patch, plan, again, emit or error, found integer 3",
		said);
	expect_failure(*state, PLAYER("{\"do\":\"write\",\"text\":\"3\"}", ""), expected);
	expect_failure(*state,
		       PLAYER("{\"do\":\"write\",\"text\":\"xxxxxxxx\",\"times\":200000}", ""),
		       "failed: the program of node \"plan\" wrote a line of more than 1 MB");
}

static void an_answer_is_small(void **state)
{
	static const struct doer d = {
		{ CALL("{\"do\":\"write\",\"times\":65515,\"text\":\" \"}"),
		  CALL("{\"do\":\"write\",\"text\":\"{\\\"patch\\\":{\\\"fail\\\":\\\"x\\\"}}\"}") }
	};

	/* a line of blanks is none; what is written next is not to be met by another call */
	struct bldr_value *a = run_to_end(*state, &d, NULL);

	assert_non_null(strstr(bldr_as_text(bldr_at(a, 0)), "wrote a line that is no answer"));
	assert_non_null(bldr_get(bldr_at(a, 1), "patch"));
	bldr_unref(a);
}

static void an_error_has_its_code(void **state)
{
	static const struct doer d = {
		{ CALL("{\"do\":\"error\",\"error\":{\"code\":\"UNAVAILABLE\",\"text\":\"busy\"}}"),
		  CALL("{\"do\":\"error\",\"error\":{\"text\":\"plain\"}}"),
		  CALL("{\"do\":\"who\"}") }
	};
	struct bldr_value *a = run_to_end(*state, &d, NULL);
	char *text = bldr_value_text(a);

	assert_string_equal(text,
			    "[\"failed: busy\",\"failed: plain\",{\"patch\":{\"set\":{\"calls\":3,"
			    "\"key\":\"t1/0:do#0.2\",\"node\":\"plan\"}}}]");
	free(text);
	bldr_unref(a);
}

static void a_line_that_nobody_asked_for_ends_the_child(void **state)
{
	static const struct doer d = { { CALL("{\"do\":\"stray\"}"),
					 { .kind = "sleep", .args = "{\"ms\":1}" } } };

	expect_answers(*state, &d, "[{\"patch\":{}},null]");
}

static void memory_is_bounded(void **state)
{
	static const struct doer d = {
		{ { .kind = "node", .args = PLAYER("{\"do\":\"eat\"}", ",\"memory_mb\":256") } }
	};
	struct bldr_value *a = run_to_end(*state, &d, NULL);
	static const char expected[] = "failed: the program of node \"plan\" ended with status 1 "
				       "before it answered: MemoryError";

	assert_int_equal(strncmp(bldr_as_text(bldr_at(a, 0)), expected, sizeof(expected) - 1), 0);
	bldr_unref(a);
}

static void a_timeout_kills_the_child(void **state)
{
	static const char stays[] = PLAYER("{\"do\":\"stay\"}", "");
	static const struct doer d = { { { .kind = "node", .args = stays, .timeout_ms = 700 },
					 CALL("{\"do\":\"who\"}") } };

	/* the second call waits for the child: its own time begins when it is called */
	expect_answers(
		*state, &d,
		"[\"timed out: node \\\"plan\\\" took longer than 700 ms\","
		"{\"patch\":{\"set\":{\"calls\":1,\"key\":\"t1/0:do#0.1\",\"node\":\"plan\"}}}]");
}

static void what_cannot_be_started_is_told(void **state)
{
	static const struct doer d = {
		{ { .kind = "node",
		    .args = "{\"argv\":[\"/no/such\"],\"call\":{\"node\":\"a\",\"view\":{}}}" },
		  { .kind = "node",
		    .args = "{\"argv\":[\"/no/such\"],\"call\":{\"node\":\"a\",\"view\":{}}}" },
		  { .kind = "node", .args = "{\"argv\":[],\"call\":{\"node\":\"a\",\"view\":{}}}" },
		  { .kind = "node", .args = "{\"argv\":[\"true\"],\"call\":{\"node\":\"a\"}}" },
		  { .kind = "node",
		    .args = "{\"argv\":[\"true\"],\"call\":{\"node\":\"a\",\"view\":{}},\"x\":1}" } }
	};
	struct bldr_value *a = run_to_end(*state, &d, NULL);

	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(
			bldr_as_text(bldr_at(a, i)),
			"failed: cannot start \"/no/such\" for node \"a\": no such file or "
			"directory");
	}
	for (size_t i = 2; i < 5; i++) {
		assert_non_null(strstr(bldr_as_text(bldr_at(a, i)),
				       "failed: an effect of kind \"node\" needs {\"argv\""));
	}
	bldr_unref(a);
}

static struct bldr_engine *stopped_by_signal;

static void on_alarm(int number)
{
	(void)number;
	bldr_engine_stop(stopped_by_signal);
}

static int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The call is not recorded; the child that stays has a second, and is gone when the loop has returned. */
static void a_stop_ends_the_children(void **state)
{
	static const struct doer d = { { CALL("{\"do\":\"stay\"}"), CALL("{\"do\":\"who\"}") } };
	struct fixture *f = *state;
	struct itimerval soon = { .it_value.tv_usec = 400000 };
	struct bldr_error err = { 0 };
	struct bldr_graph *g = doer_graph(&d);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 2 });
	int64_t began = clock_ms();
	char line[256] = "";
	FILE *children;

	bldr_engine_add_graph(e, g);
	ok(bldr_thread_start(e, "do", "t1", NULL, &err));
	stopped_by_signal = e;
	(void)signal(SIGALRM, on_alarm);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	ok(bldr_engine_run(e, &err));
	assert_in_range(clock_ms() - began, 1300, 20000);
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
	(void)snprintf(line, sizeof(line), "/proc/self/task/%ld/children", (long)getpid());
	children = fopen(line, "r");
	assert_non_null(children);
	line[0] = '\0';
	assert_null(fgets(line, sizeof(line), children)); /* nobody, not even a zombie */
	(void)fclose(children);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

static int play(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	struct bldr_value *patch = bldr_object();

	(void)err;
	bldr_object_set(patch, "set", bldr_copy(bldr_get(bldr_get(w->args, "call"), "view")));
	*ret = bldr_object();
	bldr_object_set(*ret, "patch", patch);
	return 0;
}

static void simulation_has_a_work_play_it(void **state)
{
	static const struct doer d = { { CALL("{\"n\":1}") } };
	struct fixture *f = *state;
	struct bldr_error err = { 0 };

	for (int registered = 0; registered < 2; registered++) {
		struct bldr_graph *g = doer_graph(&d);
		struct bldr_engine *e =
			open_engine(f, (struct bldr_engine_options){ .simulate = true });

		bldr_engine_add_graph(e, g);
		if (registered) {
			bldr_engine_add_work(e, &(struct bldr_work_type){ "node", play, NULL, 5 });
		}
		ok(bldr_thread_start(e, "do", "t1", NULL, &err));
		ok(bldr_engine_run(e, &err));
		assert_state(
			e, "t1",
			registered ? "{\"answers\":[{\"patch\":{\"set\":{\"n\":1}}}]}"
				   : "{\"answers\":[\"failed: no work \\\"node\\\" is registered, "
				     "which plays process nodes in simulation\"]}");
		bldr_engine_close(e);
		bldr_graph_free(g);
		assert_int_equal(unlink(f->db), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_child_answers_call_by_call),
		TEST(there_are_as_many_as_the_calls_allow),
		TEST(what_a_child_emits_is_an_event),
		TEST(a_crash_is_told_with_the_last_words),
		TEST(a_child_that_closes_its_output_is_killed),
		TEST(garbage_fails_the_call),
		TEST(an_answer_is_small),
		TEST(an_error_has_its_code),
		TEST(a_line_that_nobody_asked_for_ends_the_child),
		TEST(memory_is_bounded),
		TEST(a_timeout_kills_the_child),
		TEST(what_cannot_be_started_is_told),
		TEST(a_stop_ends_the_children),
		TEST(simulation_has_a_work_play_it),
		TEST(a_child_is_given_what_is_named), /* the last one: it changes PATH */
	};

	return cmocka_run_group_tests_name("children", tests, NULL, NULL);
}
