/*
 * Credentials: when tokens are asked for (by a clock of the test's), how they are got from a server, and that neither they
 * nor the secrets they are got with are ever written anywhere.
 */
#include "host/http_party.h"

#include <time.h>

#include "base/log.h"
#include "host/credential.h"

#define AT "http://127.0.0.1:PORT"
#define CALL_GUARDED                                                                               \
	"{\"url\":\"" AT                                                                           \
	"/guarded\",\"headers\":{\"Authorization\":{\"credential\":\"app\",\"prefix\":\"Bearer \"" \
	"}}}"
#define SECRET             \
	"canary-s\xC3\xA9" \
	"cret+&"

/* A client that asks where the query says what goes wrong. */
static struct caller client(const char *token_url)
{
	return (struct caller){ .at = { { CALL_GUARDED } },
				.credential = { .name = "app",
						.token_url = token_url,
						.client_id = "id 1",
						.client_secret = SECRET,
						.scope = "all-apis",
						.basic = true } };
}

static size_t asked(struct party *p, const char *path)
{
	size_t n = 0;

	for (size_t i = 0; i < server_requests(&p->server); i++) {
		struct bldr_value *v = server_request(&p->server, i);

		n += strncmp(bldr_get_text(v, "path"), path, strlen(path)) == 0;
		bldr_unref(v);
	}
	return n;
}

/* The first request of a path that was seen. */
static struct bldr_value *first(struct party *p, const char *path)
{
	for (size_t i = 0; i < server_requests(&p->server); i++) {
		struct bldr_value *v = server_request(&p->server, i);

		if (strncmp(bldr_get_text(v, "path"), path, strlen(path)) == 0) {
			return v;
		}
		bldr_unref(v);
	}
	fail_msg("nobody asked for %s", path);
	return NULL;
}

static void expect_answer(struct bldr_value *answers, size_t i, const char *part)
{
	char *text = bldr_value_text(bldr_at(answers, i));

	if (strstr(text, part) == NULL) {
		fail_msg("%s has no %s", text, part);
	}
	free(text);
}

static void expect_calls(struct party *p, struct caller *c, const char *part)
{
	struct bldr_value *answers = party_run(p, c);

	for (size_t i = 0; i < bldr_count(answers); i++) {
		expect_answer(answers, i, part);
	}
	bldr_unref(answers);
}

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static void a_token_is_renewed_before_it_ends(void **state)
{
	static const struct {
		int64_t life_ms;
		uint32_t early_ms;
		int64_t at_ms;
		enum token_state state;
	} cases[] = {
		/* of an hour the last 20 minutes */
		{ HOUR, 0, 40 * MINUTE, TOKEN_HELD },
		{ HOUR, 0, 40 * MINUTE + 1, TOKEN_STALE },
		{ HOUR, 0, HOUR - 1, TOKEN_STALE },
		{ HOUR, 0, HOUR, TOKEN_NONE },
		/* of ten minutes the second half */
		{ 10 * MINUTE, 0, 5 * MINUTE, TOKEN_HELD },
		{ 10 * MINUTE, 0, 5 * MINUTE + 1, TOKEN_STALE },
		/* counted as expired 40 s early */
		{ HOUR, 40 * SECOND, HOUR - 40 * SECOND - 1, TOKEN_STALE },
		{ HOUR, 40 * SECOND, HOUR - 40 * SECOND, TOKEN_NONE },
		{ 30 * SECOND, 40 * SECOND, 0, TOKEN_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct bldr_credential client = {
			.name = "a",
			.token_url = "https://x.example/t",
			.client_id = "i",
			.client_secret = "s",
			.early_ms = cases[i].early_ms,
		};
		struct credential *c = NULL;
		struct bldr_error err = { 0 };

		ok(credential_new(&client, &c, &err));
		assert_int_equal(credential_state(c, 7), TOKEN_NONE);
		credential_had(c, secret_new("t", 1), cases[i].life_ms, 7);
		assert_int_equal(credential_state(c, 7 + cases[i].at_ms), cases[i].state);
		credential_free(c);
	}
}

static void a_failure_in_the_background_is_waited_out(void **state)
{
	const struct bldr_credential client = { .name = "a",
						.token_url = "https://x.example/t",
						.client_id = "i",
						.client_secret = "s" };
	struct credential *c = NULL;
	struct bldr_error err = { 0 };
	struct secret *old;

	(void)state;
	ok(credential_new(&client, &c, &err));
	credential_had(c, secret_new("one", 3), HOUR, 0);
	credential_missed(c, 50 * MINUTE);
	assert_int_equal(credential_state(c, 51 * MINUTE - 1), TOKEN_HELD);
	assert_string_equal(secret_text(credential_text(c)), "one");
	assert_int_equal(credential_state(c, 51 * MINUTE), TOKEN_STALE);
	old = secret_ref(credential_text(c));
	credential_had(c, secret_new("two", 3), HOUR, 52 * MINUTE);
	assert_int_equal(credential_state(c, 80 * MINUTE), TOKEN_HELD);
	/* Who is refused with the old one does not take the new one away. */
	credential_refused(c, old);
	assert_string_equal(secret_text(credential_text(c)), "two");
	credential_refused(c, credential_text(c));
	assert_int_equal(credential_state(c, 80 * MINUTE), TOKEN_NONE);
	assert_string_equal(secret_text(old), "one");
	secret_unref(old);
	credential_free(c);
}

static void a_credential_that_cannot_be_right_is_refused(void **state)
{
	static const struct bldr_discovery open_step = { .url = "http://x.example/", .member = "m" };
	static const struct {
		struct bldr_credential credential;
		const char *error;
	} cases[] = {
		{ { .secret = "x" }, "the credential \"\" has no name" },
		{ { .name = "a", .secret = "" },
		  "the credential \"a\" is empty, or has a line break or another control character" },
		{ { .name = "a", .secret = "x\ny" },
		  "the credential \"a\" is empty, or has a line break or another control character" },
		{ { .name = "a", .client_id = "i", .token_url = "https://x.example/" },
		  "the credential \"a\" is neither a secret nor a client with its id and secret" },
		{ { .name = "a", .client_id = "i", .client_secret = "s" },
		  "the credential \"a\" has either a token URL or steps to find it" },
		{ { .name = "a",
		    .client_id = "i",
		    .client_secret = "s",
		    .token_url = "http://x.example/" },
		  "the credential \"a\" would be read by others: its URLs are https, or of this machine" },
		{ { .name = "a", .client_id = "i", .client_secret = "s", .token_url = "x.example" },
		  "the credential \"a\" has a URL that is no absolute http or https URL" },
		{ { .name = "a",
		    .client_id = "i",
		    .client_secret = "s",
		    .discovery = &open_step,
		    .n_discovery = 1 },
		  "the credential \"a\" would be read by others: its URLs are https, or of this machine" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credential *c = NULL;
		struct bldr_error err = { 0 };

		assert_int_equal(credential_new(&cases[i].credential, &c, &err), BLDR_E_INVALID);
		assert_string_equal(err.text, cases[i].error);
		assert_null(strstr(err.text, "x\ny"));
	}
}

static void a_secret_is_sent_as_it_is(void **state)
{
	struct party *p = *state;
	struct caller c = {
		.at = { { "{\"url\":\"" AT
			  "/echo\",\"headers\":{\"Authorization\":{\"credential\":\"app\",\"prefix\":"
			  "\"Bearer \"}}}" } },
		.credential = { .name = "app", .secret = "canary-plain" },
	};

	/* A server that repeats it is not quoted with it. */
	expect_calls(p, &c, "\"body\":\"[Bearer [secret app]]\"");
	assert_string_equal(server_header(&p->server, 0, "authorization"), "Bearer canary-plain");
	c.credential.name = "other";
	expect_calls(p, &c,
		     "failed NOT_FOUND: no credential \\\"app\\\" is known; add it with "
		     "bldr_engine_add_credential");
	assert_int_equal(server_requests(&p->server), 1);
}

/* However many wait for it, a token is asked for once. */
static void many_calls_share_one_token(void **state)
{
	struct party *p = *state;
	struct caller c = client(AT "/token?life=3600");
	struct bldr_value *v;

	for (size_t i = 1; i < CALLS_MAX; i++) {
		c.at[i] = c.at[0];
	}
	expect_calls(p, &c, "\"body\":\"token 1\"");
	assert_int_equal(asked(p, "/token"), 1);
	assert_int_equal(asked(p, "/guarded"), CALLS_MAX);
	v = first(p, "/token");
	assert_string_equal(bldr_get_text(v, "body"),
			    "grant_type=client_credentials&scope=all-apis");
	assert_string_equal(bldr_get_text(v, "method"), "POST");
	assert_string_equal(bldr_get_text(bldr_get(v, "headers"), "content-type"),
			    "application/x-www-form-urlencoded");
	/* python3 -c "import base64, urllib.parse as u; print(base64.b64encode((u.quote('id 1', '') + ':' +
	 * u.quote('canary-s\u00e9cret+&', '')).encode()).decode())" */
	assert_string_equal(bldr_get_text(bldr_get(v, "headers"), "authorization"),
			    "Basic aWQlMjAxOmNhbmFyeS1zJUMzJUE5Y3JldCUyQiUyNg==");
	bldr_unref(v);
}

static void who_asks_is_said_in_the_form_too(void **state)
{
	struct party *p = *state;
	struct caller c = client(AT "/token?life=3600&text=1");
	struct bldr_value *v;

	c.credential.basic = false;
	c.credential.scope = NULL;
	c.credential.resource = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
	expect_calls(p, &c, "\"body\":\"token 1\"");
	v = first(p, "/token");
	assert_string_equal(bldr_get_text(v, "body"),
			    "grant_type=client_credentials&resource=2ff814a6-3304-4ab8-85cb-"
			    "cd0e6f879c1d&client_id=id%201&client_secret=canary-s%C3%A9cret%2B%26");
	assert_null(bldr_get(bldr_get(v, "headers"), "authorization"));
	bldr_unref(v);
}

/* Calls a second apart, with a token of four seconds whose successor takes 300 ms to come: nobody waits for it. */
static void an_old_token_is_used_while_a_new_one_comes(void **state)
{
	struct party *p = *state;
	struct caller c = client(AT "/token?life=4&later_ms=300");
	static const char *const expected[] = { "token 1", "token 1", "token 1", "token 2" };
	struct bldr_value *answers;

	for (size_t i = 1; i < 4; i++) {
		c.at[i] = c.at[0];
	}
	c.policy = (struct bldr_policy){ .kind = "http", .rate_count = 1, .rate_ms = 1100 };
	answers = party_run(p, &c);
	for (size_t i = 0; i < 4; i++) {
		expect_answer(answers, i, expected[i]);
	}
	bldr_unref(answers);
	assert_int_equal(asked(p, "/token"), 2);
}

static void a_refused_token_is_replaced_once(void **state)
{
	static const enum bldr_class classes[] = { BLDR_PURE, BLDR_KEYED, BLDR_ONCE };
	struct party *p = *state;
	struct caller c = client(AT "/token?life=3600");

	c.at[0].args = "{\"url\":\"" AT
		       "/guarded?revoke=1\",\"method\":\"POST\",\"body\":\"x\",\"headers\":{"
		       "\"Authorization\":{\"credential\":\"app\",\"prefix\":\"Bearer \"}}}";
	expect_calls(p, &c, "\"body\":\"token 2\"");
	assert_int_equal(asked(p, "/token"), 2);
	assert_int_equal(asked(p, "/guarded"), 2);
	/* One that is refused again is an answer, of whatever class. */
	for (size_t i = 0; i < 3; i++) {
		size_t before = asked(p, "/guarded");

		c.at[0].cls = classes[i];
		c.at[0].args =
			"{\"url\":\"" AT
			"/guarded?revoke=100\",\"headers\":{\"Authorization\":{\"credential\":"
			"\"app\",\"prefix\":\"Bearer \"}}}";
		expect_calls(p, &c, "\"status\":401");
		assert_int_equal(asked(p, "/guarded"), before + 2);
	}
	/* There is nothing else to try for a secret as it is. */
	c.credential = (struct bldr_credential){ .name = "app", .secret = "canary-plain" };
	c.at[0].args = CALL_GUARDED;
	expect_calls(p, &c, "\"status\":401");
	assert_int_equal(asked(p, "/guarded?"), 8);
	assert_int_equal(asked(p, "/guarded"), 9);
}

static void what_passes_is_waited_out_and_what_does_not_is_told(void **state)
{
	struct party *p = *state;
	time_t began = time(NULL);
	struct caller c = client(AT "/token?life=3600&times=2&code=503&Retry_After=2");

	expect_calls(p, &c, "\"body\":\"token 1\"");
	assert_int_equal(asked(p, "/token"), 3);
	assert_in_range(time(NULL) - began, 3, 10); /* Retry-After twice */
	c = client(
		AT
		"/token?times=1&code=400&body=%7B%22error%22:%22invalid_client%22,%22error_"
		"description%22:%22AADSTS7000215:%20wrong%20canary-s%C3%A9cret%2B%26%20given.%20Trace%20ID:"
		"%20abc%22%7D");
	c.at[0].cls = BLDR_ONCE;
	expect_calls(
		p, &c,
		"failed FAILED: no token for the credential \\\"app\\\": the token endpoint answered "
		"400: invalid_client, AADSTS7000215: wrong **************** given\"");
	assert_int_equal(asked(p, "/token"), 4);
	c = client("http://127.0.0.1:1/token");
	c.at[0].timeout_ms = 1500;
	expect_calls(p, &c, "timed out TIMEOUT: http \\\"127.0.0.1\\\" took longer than 1500 ms");
	c = client(AT "/echo");
	expect_calls(p, &c, "the token endpoint answered 200 without a token");
	c = client(AT "/redirect");
	expect_calls(p, &c, "the token endpoint answered 302");
	assert_int_equal(asked(p, "/ok"), 0);
}

static void where_tokens_are_had_is_found_out(void **state)
{
	struct party *p = *state;
	struct caller c = client(NULL);

	c.credential.n_discovery = 2;
	c.discovery[0] = (struct bldr_discovery){
		.url = AT "/config?oidc=http://127.0.0.1:PORT/{part}&part=config",
		.member = "oidc",
		.append = "?token_endpoint=http://127.0.0.1:PORT/token%3Flife=60",
		.otherwise = AT "/nowhere",
	};
	c.discovery[1] = (struct bldr_discovery){ .member = "token_endpoint" };
	/* append is not filled by the fixture: its port is this one */
	char append[200];
	(void)snprintf(append, sizeof(append),
		       "?token_endpoint=http://127.0.0.1:%d/token%%3Flife=60", p->server.port);
	c.discovery[0].append = append;
	expect_calls(p, &c, "\"body\":\"token 1\"");
	assert_int_equal(asked(p, "/token?life=60"), 1);
	/* What is not found is where it usually is. */
	c.discovery[0] = (struct bldr_discovery){ .url = AT "/nowhere",
						  .member = "oidc",
						  .otherwise = AT "/nowhere" };
	c.discovery[1].otherwise = AT "/token?life=61";
	expect_calls(p, &c, "\"body\":\"token 2\"");
	assert_int_equal(asked(p, "/token?life=61"), 1);
	/* Neither found nor said. */
	c.discovery[1].otherwise = NULL;
	expect_calls(p, &c, "discovery answered 404 without \\\"token_endpoint\\\"");
	/* Nobody sends a secret elsewhere in the clear because a document says so. */
	c.credential.n_discovery = 1;
	c.discovery[0] = (struct bldr_discovery){ .url = AT "/config?to=http://x.example/t",
						  .member = "to" };
	expect_calls(p, &c, "discovery found a URL that is neither https nor of this machine");
}

/* Whether a file below the fixture's folder, but for the server's log, has the text in it. */
static bool is_written(struct party *p, const char *text)
{
	char command[600];

	(void)snprintf(command, sizeof(command),
		       "grep -r -a -l --exclude='requests*' -e '%s' '%s' >/dev/null", text,
		       p->f->dir.path);
	return system(command) == 0;
}

static void say(const struct bldr_event *event, void *user)
{
	FILE *out = user;
	char *text = bldr_value_text(event->data);

	(void)fprintf(out, "%s %s\n", event->type, text);
	free(text);
}

/* Neither the secret nor a token is in the journal, an event, a log line or an error, whatever the server repeats. */
static void nothing_secret_is_written(void **state)
{
	struct party *p = *state;
	struct caller c = client(AT "/token?life=3600");
	const struct log_options log = { .level = LOG_DEBUG, .file = NULL };
	char path[200];
	struct log_options to_file = log;
	struct bldr_graph *g;
	struct bldr_engine *e;
	struct bldr_error err = { 0 };
	FILE *events;

	(void)snprintf(path, sizeof(path), "%s/log", p->f->dir.path);
	to_file.file = path;
	ok(log_open(&to_file, &err));
	c.at[1] = (struct call){
		"{\"url\":\"" AT "/echo\",\"headers\":{\"Authorization\":{\"credential\":\"app\"}}}"
	};
	c.at[2] =
		(struct call){ "{\"url\":\"" AT
			       "/echo\",\"ok\":[404],\"headers\":{\"Authorization\":{\"credential\":"
			       "\"app\"}}}" };
	c.at[3] = (struct call){ "{\"url\":\"" AT
				 "/guarded?revoke=1\",\"headers\":{\"Authorization\":{"
				 "\"credential\":\"app\",\"prefix\":\"Bearer \"}}}" };
	g = caller_graph(&c, p->server.port, p->f->dir.path);
	e = open_engine(p->f, (struct bldr_engine_options){ .workers = 2 });
	events = fopen(scratch_file(&p->f->dir, "events"), "w");
	bldr_engine_observe(e, say, events);
	bldr_engine_add_graph(e, g);
	party_credential(p, e, &c);
	ok(bldr_thread_start(e, "call", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	(void)fclose(events);
	log_close();
	/* while the journal is open, its write-ahead log is there too */
	assert_true(is_written(p, "http.ended"));
	assert_true(is_written(p, "\\[secret app\\]"));
	assert_true(asked(p, "/token") >= 2);
	assert_false(is_written(p, "canary"));
	assert_false(is_written(p, "Y2FuYXJ5"));
	bldr_engine_close(e);
	assert_false(is_written(p, "canary"));
	bldr_graph_free(g);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, party_setup, party_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_renewed_before_it_ends),
		cmocka_unit_test(a_failure_in_the_background_is_waited_out),
		cmocka_unit_test(a_credential_that_cannot_be_right_is_refused),
		CASE(a_secret_is_sent_as_it_is),
		CASE(many_calls_share_one_token),
		CASE(who_asks_is_said_in_the_form_too),
		CASE(an_old_token_is_used_while_a_new_one_comes),
		CASE(a_refused_token_is_replaced_once),
		CASE(what_passes_is_waited_out_and_what_does_not_is_told),
		CASE(where_tokens_are_had_is_found_out),
		CASE(nothing_secret_is_written),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
