/* The log: what a line looks like in both forms, which events are written, and what a dying program shows. */
#include "base_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "scratch.h"

enum { LOG_BYTES_MAX = 1 << 22 };

struct fixture {
	struct scratch scratch;
	char file[128];
	char *text;
};

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	scratch_make(&f->scratch);
	(void)snprintf(f->file, sizeof(f->file), "%s/log", f->scratch.path);
	*state = f;
	return 0;
}

static int release(void **state)
{
	struct fixture *f = *state;
	log_close();
	free(f->text);
	scratch_remove(&f->scratch);
	free(f);
	return 0;
}

static void start(const struct fixture *f, enum log_level level, enum log_format format)
{
	struct bldr_error err = { 0 };
	assert_int_equal(log_open(&(struct log_options){ level, format, f->file }, &err), 0);
}

/* All that was logged, times left out: what stands between `before` and `after` becomes "T". */
static const char *logged(struct fixture *f, const char *before, char after)
{
	size_t size = 0;
	struct bldr_error err = { 0 };
	free(f->text);
	f->text = NULL;
	assert_int_equal(file_read(f->file, LOG_BYTES_MAX, &f->text, &size, &err), 0);
	for (char *p = f->text; (p = strstr(p, before)) != NULL;) {
		p += strlen(before);
		char *end = strchr(p, after);
		assert_non_null(end);
		assert_int_equal(end - p, strlen("2026-11-21T08:30:00.123Z"));
		*p = 'T';
		memmove(p + 1, end, strlen(end) + 1);
	}
	return f->text;
}

static void key_value(void **state)
{
	struct fixture *f = *state;
	start(f, LOG_INFO, LOG_KEY_VALUE);
	LOG(LOG_INFO, "run.started", LOG_TEXT("run", "r1"), LOG_INT("ms", -12));
	LOG(LOG_DEBUG, "not.written", LOG_INT("n", 1));
	LOG(LOG_ERROR, "odd", LOG_TEXT("path", "a b"), LOG_TEXT("said", "\"x\"\n"),
	    LOG_TEXT("sum", "1=1"), LOG_TEXT("none", NULL), LOG_TEXT("bad", "\xFF"));
	assert_string_equal(logged(f, "time=", ' '),
			    "time=T level=info event=run.started run=r1 ms=-12\n"
			    "time=T level=error event=odd path=\"a b\" said=\"\\\"x\\\"\\n\" "
			    "sum=\"1=1\" none=\"\" bad=\"\xEF\xBF\xBD\"\n");
}

static void json_lines(void **state)
{
	struct fixture *f = *state;
	start(f, LOG_WARNING, LOG_JSON);
	LOG(LOG_INFO, "not.written", LOG_INT("n", 1));
	LOG(LOG_WARNING, "work.failed", LOG_TEXT("error", "say \"no\""), LOG_INT("ms", 7));
	assert_string_equal(logged(f, "\"time\":\"", '"'),
			    "{\"time\":\"T\",\"level\":\"warning\",\"event\":\"work.failed\","
			    "\"error\":\"say \\\"no\\\"\",\"ms\":7}\n");
}

static void long_text_is_cut(void **state)
{
	struct fixture *f = *state;
	char text[600];
	char expected[800];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 499, "\xC3\xA9", 2); /* the limit falls between its bytes */
	(void)snprintf(expected, sizeof(expected), "time=T level=info event=x t=\"%.499s...\"\n",
		       text);
	start(f, LOG_INFO, LOG_KEY_VALUE);
	LOG(LOG_INFO, "x", LOG_TEXT("t", text));
	assert_string_equal(logged(f, "time=", ' '), expected);
}

static void off_until_opened_and_when_off(void **state)
{
	struct fixture *f = *state;
	start(f, LOG_OFF, LOG_KEY_VALUE);
	LOG(LOG_ERROR, "not.written", LOG_INT("n", 1));
	log_close();
	LOG(LOG_ERROR, "not.written", LOG_INT("n", 1));
	start(f, LOG_DEBUG, LOG_KEY_VALUE);
	LOG(LOG_DEBUG, "written", LOG_INT("n", 1));
	assert_string_equal(logged(f, "time=", ' '), "time=T level=debug event=written n=1\n");
}

static void no_such_folder(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	const struct log_options nowhere = { LOG_INFO, LOG_KEY_VALUE, "/nowhere/log" };
	start(f, LOG_INFO, LOG_KEY_VALUE);
	assert_int_equal(log_open(&nowhere, &err), BLDR_E_IO);
	assert_string_equal(err.text,
			    "cannot write the log \"/nowhere/log\": No such file or directory");
	LOG(LOG_INFO, "still", LOG_INT("n", 1)); /* the old sink stays */
	assert_string_equal(logged(f, "time=", ' '), "time=T level=info event=still n=1\n");
}

static void *log_many(void *name)
{
	for (int i = 0; i < 500; i++) {
		LOG(LOG_INFO, "x", LOG_TEXT("thread", name), LOG_INT("i", i));
	}
	return NULL;
}

static void threads_never_mix(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];
	static const char *const names[] = { "a", "b", "c", "d" };
	start(f, LOG_INFO, LOG_KEY_VALUE);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, log_many,
						(void *)(uintptr_t)names[i]),
				 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	size_t lines = 0;
	int next[4] = { 0 };
	for (const char *p = logged(f, "time=", ' '); *p != '\0'; p = strchr(p, '\n') + 1) {
		char name;
		int i;
		assert_int_equal(sscanf(p, "time=T level=info event=x thread=%c i=%d\n", &name, &i),
				 2);
		assert_int_equal(i, next[name - 'a']++);
		lines++;
	}
	assert_int_equal(lines, 2000);
}

/* What a child says on stderr when an assumption breaks after n events below the level. */
static void die(struct fixture *f, int n)
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int fd = open(f->file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		for (int i = 1; i <= n; i++) {
			LOG(LOG_DEBUG, "step", LOG_INT("i", i));
		}
		ASSERT(n < 0);
	}
	int status;
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void assert_shows_the_last_events(void **state)
{
	struct fixture *f = *state;
	die(f, 100);
	const char *text = logged(f, "time=", ' ');
	assert_non_null(strstr(text, "bldr: bug: 'n < 0' does not hold in die"));
	const char *events = strstr(text, "bldr: the last events, the oldest first:\n");
	assert_non_null(events);
	assert_null(strstr(events, "i=36\n"));
	int expected = 37; /* the last 64 of 100 */
	for (const char *p = strchr(events, '\n') + 1; *p != '\0'; p = strchr(p, '\n') + 1) {
		int i;
		assert_int_equal(sscanf(p, "time=T level=debug event=step i=%d\n", &i), 1);
		assert_int_equal(i, expected++);
	}
	assert_int_equal(expected, 101);
	die(f, 0);
	assert_null(strstr(logged(f, "time=", ' '), "last events"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(key_value, make, release),
		cmocka_unit_test_setup_teardown(json_lines, make, release),
		cmocka_unit_test_setup_teardown(long_text_is_cut, make, release),
		cmocka_unit_test_setup_teardown(off_until_opened_and_when_off, make, release),
		cmocka_unit_test_setup_teardown(no_such_folder, make, release),
		cmocka_unit_test_setup_teardown(threads_never_mix, make, release),
		cmocka_unit_test_setup_teardown(assert_shows_the_last_events, make, release),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
