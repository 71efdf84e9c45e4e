/*
 * Requests between two failures: what is sent again and what never is, when, after a kill too, and where secrets do not go.
 */
#include "host/http_party.h"

#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"

#define AT "http://127.0.0.1:PORT"

static int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* How often the server saw a request of that path; all with the same method, key and body. */
static size_t sent(struct party *p, const char *path)
{
	size_t n = server_requests(&p->server);
	size_t count = 0;
	char *first = NULL;

	for (size_t i = 0; i < n; i++) {
		struct bldr_value *v = server_request(&p->server, i);
		const char *key = bldr_get_text(bldr_get(v, "headers"), "idempotency-key");
		char what[512];

		(void)snprintf(what, sizeof(what), "%s %s %s", bldr_get_text(v, "method"),
			       key != NULL ? key : "", bldr_get_text(v, "body"));
		if (strcmp(bldr_get_text(v, "path"), path) == 0) {
			count++;
			if (first != NULL) {
				assert_string_equal(what, first);
			}
			first = first != NULL ? first : strdup(what);
		}
		bldr_unref(v);
	}
	free(first);
	return count;
}

/*
 * A kept connection that the server has given up takes a request and dies: libcurl then sends it again without a word. That is
 * right for pure and keyed effects and never happens to one of class once.
 */
static void a_dead_connection_sends_nothing_twice(void **state)
{
	static const struct {
		enum bldr_class cls;
		const char *path, *args;
		size_t times;
	} cases[] = {
		{ BLDR_PURE, "/trap?p", "{\"url\":\"" AT "/trap?p\"}", 2 },
		{ BLDR_KEYED, "/trap?k",
		  "{\"url\":\"" AT "/trap?k\",\"method\":\"POST\",\"body\":\"pay\"}", 2 },
		{ BLDR_ONCE, "/trap?o",
		  "{\"url\":\"" AT "/trap?o\",\"method\":\"POST\",\"body\":\"pay\"}", 1 },
	};
	struct party *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct caller c = { .at = { { "{\"url\":\"" AT "/ok\"}" },
					    { cases[i].args, cases[i].cls } },
				    .policy = { .kind = "http", .concurrency = 1 } };
		struct bldr_value *answers = party_run(p, &c);

		assert_string_equal(bldr_get_text(bldr_at(answers, 0), "body"), "well");
		assert_string_equal(bldr_get_text(bldr_at(answers, 1), "body"), "fresh");
		bldr_unref(answers);
		assert_int_equal(sent(p, cases[i].path), cases[i].times);
	}
}

/* A socket that is bound and never accepts: connections stand, nobody speaks. */
static int deaf(int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* UNKNOWN from when the request may have left, and only then. */
static void once_is_unknown_when_nobody_knows(void **state)
{
	static const struct {
		struct call call;
		const char *path, *answer;
		size_t times;
	} cases[] = {
		{ { "{\"url\":\"" AT "/drop/after\",\"method\":\"POST\",\"body\":\"pay\"}",
		    BLDR_ONCE },
		  "/drop/after",
		  "unknown FAILED: http \"127.0.0.1\" failed: empty reply from server; it may or may not "
		  "have been performed",
		  1 },
		{ { "{\"url\":\"" AT "/drop/before\"}", BLDR_ONCE },
		  "/drop/before",
		  "unknown FAILED: ",
		  1 },
		{ { "{\"url\":\"" AT "/drop/middle\"}", BLDR_ONCE },
		  "/drop/middle",
		  "unknown FAILED: ",
		  1 },
		{ { "{\"url\":\"" AT "/late?ms=5000\"}", BLDR_ONCE, 300 },
		  "/late?ms=5000",
		  "unknown TIMEOUT: http \"127.0.0.1\" took longer than 300 ms",
		  1 },
		{ { "{\"url\":\"" AT "/silent\",\"idle_ms\":1000}", BLDR_ONCE },
		  "/silent",
		  "unknown FAILED: http \"127.0.0.1\" failed: nothing moved for 1000 ms; it may",
		  1 },
		{ { "{\"url\":\"" AT "/bad/nothttp\"}", BLDR_ONCE },
		  "/bad/nothttp",
		  "unknown FAILED: ",
		  1 },
		{ { "{\"url\":\"http://127.0.0.1:1/\"}", BLDR_ONCE },
		  "/",
		  "failed UNAVAILABLE: http \"127.0.0.1\" failed: failed to connect",
		  0 },
		{ { "{\"url\":\"http://nowhere.invalid/\"}", BLDR_ONCE },
		  "/",
		  "failed UNAVAILABLE: ",
		  0 },
		{ { "{\"url\":\"" AT "/ok\"}", BLDR_ONCE }, "/ok", "\"body\":\"well\"", 1 },
	};
	static const struct bldr_retry retry = { .first_ms = 10, .no_jitter = true };
	struct party *p = *state;
	int plain = p->server.port;
	int fd;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct caller c = { .at = { cases[i].call },
				    .policy = { .kind = "http", .retry = &retry } };
		struct bldr_value *answers = party_run(p, &c);
		char *text = bldr_value_text(bldr_at(answers, 0));
		const char *plain_text = bldr_as_text(bldr_at(answers, 0));

		assert_non_null(strstr(plain_text != NULL ? plain_text : text, cases[i].answer));
		free(text);
		bldr_unref(answers);
		assert_int_equal(sent(p, cases[i].path), cases[i].times);
	}
	fd = deaf(&p->server.port); /* no handshake, so nothing has been sent */
	party_expect(p, (struct call){ "{\"url\":\"https://127.0.0.1:PORT/\"}", BLDR_ONCE, 300 },
		     "timed out TIMEOUT: http \"127.0.0.1\" took longer than 300 ms");
	party_expect(p, (struct call){ "{\"url\":\"http://127.0.0.1:PORT/\"}", BLDR_ONCE, 300 },
		     "unknown TIMEOUT: http \"127.0.0.1\" took longer than 300 ms");
	(void)close(fd);
	p->server.port = plain;
}

static void what_is_unavailable_is_tried_again_with_the_same_key(void **state)
{
	static const struct bldr_retry retry = { .attempts = 3, .first_ms = 10, .no_jitter = true };
	struct party *p = *state;
	struct caller c = {
		.at = { { "{\"url\":\"" AT
			  "/flaky?times=2\",\"method\":\"POST\",\"json\":{\"pay\":7}}",
			  BLDR_KEYED },
			{ "{\"url\":\"" AT "/flaky?times=3&code=504\"}" },
			{ "{\"url\":\"" AT "/drop/after\"}" },
			{ "{\"url\":\"" AT "/nowhere\"}" },
			{ "{\"url\":\"" AT "/bad/nothttp\"}" } },
		.policy = { .kind = "http:127.0.0.1", .retry = &retry },
	};
	struct bldr_value *answers = party_run(p, &c);

	assert_string_equal(bldr_get_text(bldr_at(answers, 0), "body"), "at last");
	assert_int_equal(sent(p, "/flaky?times=2"), 3);
	assert_string_equal(bldr_as_text(bldr_at(answers, 1)),
			    "failed UNAVAILABLE: http \"127.0.0.1\" answered 504: not yet");
	assert_int_equal(sent(p, "/flaky?times=3&code=504"), 3);
	assert_true(sent(p, "/drop/after") >= 3); /* libcurl may have added one */
	assert_int_equal(bldr_get_int(bldr_at(answers, 3), "status", 0), 404);
	assert_int_equal(sent(p, "/nowhere"), 1);
	assert_int_equal(sent(p, "/bad/nothttp"), 1);
	bldr_unref(answers);
}

/* The pause that the first answer asks for is kept. */
static void retry_after_is_waited_for(void **state)
{
	static const struct bldr_retry retry = { .first_ms = 10, .no_jitter = true };
	struct party *p = *state;
	struct caller c = {
		.at = { { "{\"url\":\"" AT "/flaky?times=1&code=429&Retry_After=1\"}" } },
		.policy = { .kind = "http", .retry = &retry },
	};
	int64_t began = clock_ms();
	struct bldr_value *answers = party_run(p, &c);

	assert_string_equal(bldr_get_text(bldr_at(answers, 0), "body"), "at last");
	assert_in_range(clock_ms() - began, 1000, 20000);
	bldr_unref(answers);
}

/* How long the server is left alone, by what its answer says; virtual time shows it to the millisecond. */
static int play(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const char *answer = bldr_get_text(w->args, "body");

	return bldr_value_parse(w->attempt == 1 ? answer : "{\"status\":200,\"body\":\"played\"}",
				strlen(w->attempt == 1 ? answer
						       : "{\"status\":200,\"body\":\"played\"}"),
				ret, err);
}

struct heard {
	int64_t due_ms;
	unsigned retries;
};

static void hear(const struct bldr_event *event, void *user)
{
	struct heard *h = user;

	if (strcmp(event->type, "effect.retry") == 0) {
		h->due_ms = bldr_get_int(event->data, "due_ms", -1);
		h->retries++;
	}
}

/* Runs one call in simulation: the text of its answer, the caller's. */
static char *simulate(struct party *p, const char *answer, bool played, struct heard *h)
{
	static const struct bldr_retry retry = { .first_ms = 10, .no_jitter = true };
	struct bldr_error err = { 0 };
	struct caller c = { .policy = { .kind = "http", .retry = &retry } };
	struct bldr_value *args = bldr_object();
	struct bldr_value *state = NULL;
	struct bldr_engine *e;
	struct bldr_graph *g;
	char *text;
	char *result;

	bldr_object_set(args, "url", bldr_text("http://api.example.com/"));
	bldr_object_set(args, "method", bldr_text("POST"));
	bldr_object_set(args, "body", bldr_text(answer));
	text = bldr_value_text(args);
	bldr_unref(args);
	c.at[0].args = text;
	g = caller_graph(&c, 0, "");
	(void)unlink(p->f->db);
	e = open_engine(p->f, (struct bldr_engine_options){ .simulate = true });
	bldr_engine_add_graph(e, g);
	bldr_engine_observe(e, hear, h);
	if (played) {
		bldr_engine_add_work(
			e,
			&(struct bldr_work_type){ .name = "http", .fn = play, .virtual_ms = 100 });
	}
	ok(bldr_thread_start(e, "call", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_state(e, "t1", &state, &err));
	result = bldr_value_text(bldr_at(bldr_get(state, "answers"), 0));
	bldr_unref(state);
	bldr_engine_close(e);
	bldr_graph_free(g);
	free(text);
	return result;
}

static void a_server_can_be_played(void **state)
{
	static const char played[] = "{\"body\":\"played\",\"status\":200}";
	static const struct {
		const char *answer, *result;
		int64_t due_ms;
	} cases[] = {
		{ "{\"status\":503}", played, 110 },
		{ "{\"status\":429,\"headers\":{\"retry-after\":\"7\"}}", played, 7100 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"0\"}}", played, 110 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"-5\"}}", played, 110 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"soon\"}}", played, 110 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"99999999999999999999\"}}", played,
		  100 + 6 * 3600 * 1000 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"21601\"}}", played,
		  100 + 6 * 3600 * 1000 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"Fri, 31 Dec 1999 23:59:59 GMT\","
		  "\"date\":\"Fri, 31 Dec 1999 23:59:29 GMT\"}}",
		  played, 30100 },
		{ "{\"status\":503,\"headers\":{\"retry-after\":\"Fri, 31 Dec 1999 23:59:59 GMT\"}}",
		  played, 110 },
		{ "{\"status\":404,\"body\":\"no\"}", "{\"body\":\"no\",\"status\":404}", 0 },
		{ "{\"stat\":404}",
		  "\"failed INVALID: work \\\"http\\\" has to answer {\\\"status\\\", \\\"headers\\\", "
		  "\\\"body\\\"}\"",
		  0 },
	};
	struct heard none = { 0 };
	char *text;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct heard h = { 0 };

		text = simulate(*state, cases[i].answer, true, &h);
		assert_string_equal(text, cases[i].result);
		free(text);
		assert_int_equal(h.due_ms, cases[i].due_ms);
		assert_int_equal(h.retries, cases[i].due_ms > 0 ? 1 : 0);
	}
	text = simulate(*state, "{}", false, &none);
	assert_string_equal(text,
			    "\"failed NOT_FOUND: no work \\\"http\\\" is registered, which plays "
			    "servers in simulation\"");
	free(text);
}

/* Runs or resumes t1; when the effect is under way and the server has it, the child dies. */
static void run_thread(struct party *p, struct caller *c, bool again)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = caller_graph(c, p->server.port, p->f->dir.path);
	struct bldr_engine *e = open_engine(p->f, (struct bldr_engine_options){ .workers = 1 });

	bldr_engine_add_graph(e, g);
	if (again) {
		ok(bldr_thread_resume(e, "t1", &err));
	} else {
		ok(bldr_thread_start(e, "call", "t1", NULL, &err));
	}
	ok(bldr_engine_run(e, &err));
	bldr_engine_close(e);
	bldr_graph_free(g);
}

static void killed_in_the_middle(struct party *p, struct caller *c, size_t requests)
{
	pid_t pid = fork();

	if (pid == 0) {
		run_thread(p, c, false);
		_exit(0);
	}
	for (int i = 0; i < 2000 && server_requests(&p->server) < requests; i++) {
		(void)usleep(5000);
	}
	assert_int_equal(server_requests(&p->server), requests);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_kill_in_the_middle(void **state)
{
	struct party *p = *state;
	struct caller keyed = {
		.at = { { "{\"url\":\"" AT "/late_first?k\",\"method\":\"POST\",\"json\":"
			  "{\"pay\":7,\"to\":\"\xC3\xA4\"},\"save\":\"DIR/receipt\"}",
			  BLDR_KEYED } }
	};
	struct caller once = { .at = { { "{\"url\":\"" AT
					 "/late_first?o\",\"method\":\"POST\",\"body\":"
					 "\"pay\"}",
					 BLDR_ONCE } } };
	struct bldr_error err = { 0 };
	struct bldr_value *v = NULL;
	struct bldr_engine *e;
	struct bldr_graph *g;
	char *text;

	killed_in_the_middle(p, &keyed, 1);
	run_thread(p, &keyed, true);
	assert_int_equal(sent(p, "/late_first?k"), 2); /* the same key and body: see there */
	assert_string_equal(server_header(&p->server, 1, "idempotency-key"), "t1/0:call#0.0");
	assert_int_equal(access(scratch_file(&p->f->dir, "receipt"), F_OK), 0);
	assert_int_not_equal(access(scratch_file(&p->f->dir, "receipt.tmp"), F_OK), 0);
	(void)unlink(p->f->db);
	killed_in_the_middle(p, &once, 3);
	run_thread(p, &once, true);
	assert_int_equal(sent(p, "/late_first?o"), 1);
	g = caller_graph(&once, p->server.port, p->f->dir.path);
	e = open_engine(p->f, (struct bldr_engine_options){ .read_only = true });
	bldr_engine_add_graph(e, g);
	ok(bldr_thread_state(e, "t1", &v, &err));
	text = bldr_value_text(v);
	assert_non_null(
		strstr(text, "\"unknown FAILED: the process ended before a result was recorded"));
	free(text);
	bldr_unref(v);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

/* Stopped while one is under way, the engine breaks it off at once; resumed in the same engine it is sent again. */
static void stop_at_first(const char *thread, const char *key, const char *kind, const char *name,
			  void *user)
{
	(void)thread;
	(void)key;
	(void)kind;
	assert_string_equal(name, "127.0.0.1");
	(void)user;
	(void)alarm(1);
}

static struct bldr_engine *stopped;

static void on_alarm(int number)
{
	(void)number;
	bldr_engine_stop(stopped);
}

static void a_stop_breaks_off_and_a_resume_sends_again(void **state)
{
	struct party *p = *state;
	struct bldr_error err = { 0 };
	struct caller c = { .at = { { "{\"url\":\"" AT "/late_first\"}" } } };
	struct bldr_graph *g = caller_graph(&c, p->server.port, p->f->dir.path);
	struct bldr_engine *e = open_engine(p->f, (struct bldr_engine_options){ .workers = 1 });
	struct bldr_value *v = NULL;
	int64_t began = clock_ms();

	bldr_engine_add_graph(e, g);
	bldr_engine_observe_effects(e, stop_at_first, NULL);
	stopped = e;
	(void)signal(SIGALRM, on_alarm);
	ok(bldr_thread_start(e, "call", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	assert_in_range(clock_ms() - began, 900, 15000);
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_RUNNING);
	bldr_engine_observe_effects(e, NULL, NULL);
	ok(bldr_thread_resume(e, "t1", &err));
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_state(e, "t1", &v, &err));
	assert_string_equal(bldr_get_text(bldr_at(bldr_get(v, "answers"), 0), "body"),
			    "received once more");
	bldr_unref(v);
	bldr_engine_close(e);
	bldr_graph_free(g);
}

/* How many files of the folder have text in them, but for what the server was sent. */
static size_t files_with(struct party *p, const char *text)
{
	DIR *dir = opendir(p->f->dir.path);
	struct dirent *entry;
	size_t found = 0;

	while ((entry = readdir(dir)) != NULL) {
		struct bldr_error err = { 0 };
		char *data = NULL;
		size_t size = 0;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "requests") == 0) {
			continue;
		}
		ok(file_read(scratch_file(&p->f->dir, entry->d_name), 64 << 20, &data, &size, &err));
		found += memmem(data, size, text, strlen(text)) != NULL;
		free(data);
	}
	(void)closedir(dir);
	return found;
}

static void a_secret_is_sent_and_nowhere_else(void **state)
{
	static const char secret[] = "canary-5f2d77";
	struct party *p = *state;
	struct bldr_error err = { 0 };
	struct caller c = {
		.at = { { "{\"url\":\"" AT "/echo\",\"method\":\"POST\",\"body\":\"x\",\"headers\":{"
			  "\"Authorization\":{\"secret\":\"CANARY\",\"prefix\":\"Bearer \"}}}",
			  BLDR_KEYED },
			{ "{\"url\":\"" AT "/echo\",\"ok\":[201],\"headers\":{"
			  "\"Authorization\":{\"secret\":\"CANARY\"}}}" },
			{ "{\"url\":\"" AT
			  "/drop/after\",\"headers\":{\"Authorization\":{\"secret\":"
			  "\"CANARY\"}}}" },
			{ "{\"url\":\"" AT "/ok\",\"headers\":{\"X\":{\"secret\":\"NO_CANARY\"}}}" },
			{ "{\"url\":\"" AT
			  "/ok\",\"headers\":{\"X\":{\"secret\":\"BROKEN_CANARY\"}}}" } },
	};
	char log[200];
	struct bldr_value *answers;
	struct bldr_value *first;

	(void)setenv("CANARY", secret, 1);
	(void)setenv("BROKEN_CANARY", "canary-5f2d77\r\nX-More: 1", 1);
	(void)snprintf(log, sizeof(log), "%s/log", p->f->dir.path);
	ok(log_open(&(struct log_options){ .level = LOG_DEBUG, .file = log }, &err));
	answers = party_run(p, &c);
	log_close();
	first = bldr_copy(bldr_at(answers, 0));
	/* Who echoes it is not taken at their word. */
	assert_string_equal(bldr_get_text(first, "body"), "[Bearer [secret CANARY]]x");
	assert_string_equal(bldr_get_text(bldr_get(first, "headers"), "x-echo"),
			    "Bearer [secret CANARY]");
	bldr_unref(first);
	assert_string_equal(bldr_as_text(bldr_at(answers, 1)),
			    "failed FAILED: http \"127.0.0.1\" answered 200: [[secret CANARY]]");
	assert_string_equal(bldr_as_text(bldr_at(answers, 3)),
			    "failed NOT_FOUND: the secret \"NO_CANARY\" is not in the environment");
	assert_string_equal(
		bldr_as_text(bldr_at(answers, 4)),
		"failed INVALID: the secret \"BROKEN_CANARY\" has a line break or another "
		"control character, which no header can hold");
	bldr_unref(answers);
	assert_true(sent(p, "/ok") == 0 && sent(p, "/drop/after") >= 1);
	for (size_t i = 0; i < server_requests(&p->server); i++) {
		assert_non_null(strstr(server_header(&p->server, i, "authorization"), secret));
	}
	assert_int_equal(files_with(p, secret), 0);
	assert_int_equal(files_with(p, "[secret CANARY]"),
			 2); /* the journal and the log: they can be read so */
	(void)unsetenv("CANARY");
	(void)unsetenv("BROKEN_CANARY");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, party_setup, party_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_dead_connection_sends_nothing_twice),
		CASE(once_is_unknown_when_nobody_knows),
		CASE(what_is_unavailable_is_tried_again_with_the_same_key),
		CASE(retry_after_is_waited_for),
		CASE(a_server_can_be_played),
		CASE(a_kill_in_the_middle),
		CASE(a_stop_breaks_off_and_a_resume_sends_again),
		CASE(a_secret_is_sent_and_nowhere_else),
	};

	return cmocka_run_group_tests_name("http faults", tests, NULL, NULL);
}
