/*
 * Effects of kind "http" on the real host, against a real server: what is sent, what comes back, what is refused, and how
 * it goes wrong.
 */
#include "host/http_party.h"

#include <sys/stat.h>
#include <time.h>

#define AT "http://127.0.0.1:PORT"

/* What the server saw of the last request. */
static void expect_request(struct party *p, const char *method, const char *path, const char *body)
{
	struct bldr_value *v = server_request(&p->server, server_requests(&p->server) - 1);

	assert_string_equal(bldr_get_text(v, "method"), method);
	assert_string_equal(bldr_get_text(v, "path"), path);
	assert_string_equal(bldr_get_text(v, "body"), body);
	bldr_unref(v);
}

static void expect_header(struct party *p, const char *name, const char *text)
{
	assert_string_equal(server_header(&p->server, server_requests(&p->server) - 1, name), text);
}

static void a_request_says_what_was_asked(void **state)
{
	struct party *p = *state;
	static const char well[] =
		"{\"body\":\"well\",\"headers\":{\"content-length\":\"4\",\"x-kind\":"
		"\"plain\"},\"status\":200}";

	party_expect(p, (struct call){ "{\"url\":\"" AT "/ok?a=b%20c#part\"}" }, well);
	expect_request(p, "GET", "/ok?a=b%20c", "");
	expect_header(p, "user-agent", "bldr/" BLDR_VERSION);
	expect_header(p, "idempotency-key", "(none)");
	expect_header(p, "accept-encoding", "(none)");
	party_expect(p,
		     (struct call){ "{\"url\":\"" AT "/ok\",\"method\":\"POST\",\"body\":\"a=b\\n\","
				    "\"headers\":{\"X-One\":\"1\",\"x-empty\":\"\"}}" },
		     well);
	expect_request(p, "POST", "/ok", "a=b\n");
	expect_header(p, "content-type", "(none)");
	expect_header(p, "x-one", "1");
	expect_header(p, "x-empty", "");
	party_expect(p,
		     (struct call){ "{\"url\":\"" AT
				    "/ok\",\"method\":\"PUT\",\"json\":{\"b\":[1,null],"
				    "\"a\":\"\xC3\xA4\"}}",
				    BLDR_KEYED },
		     well);
	expect_request(p, "PUT", "/ok", "{\"a\":\"\xC3\xA4\",\"b\":[1,null]}");
	expect_header(p, "content-type", "application/json");
	expect_header(p, "idempotency-key", "t1/0:call#0.0");
	party_expect(p,
		     (struct call){ "{\"url\":\"" AT "/ok\",\"method\":\"DELETE\",\"headers\":{"
				    "\"idempotency-key\":\"mine\",\"User-Agent\":\"me\"}}",
				    BLDR_KEYED },
		     well);
	expect_request(p, "DELETE", "/ok", "");
	expect_header(p, "idempotency-key", "mine");
	expect_header(p, "user-agent", "me");
	party_expect(p, (struct call){ "{\"url\":\"" AT "/ok\",\"method\":\"POST\"}" }, well);
	expect_header(p, "content-length", "0");
	party_expect(p, (struct call){ "{\"url\":\"" AT "/ok\",\"method\":\"HEAD\"}" },
		     "{\"body\":\"\",\"headers\":{\"content-length\":\"4\",\"x-kind\":\"plain\"},"
		     "\"status\":200}");
	expect_request(p, "HEAD", "/ok", "");
}

static void answers_are_taken_as_they_are(void **state)
{
	static const struct {
		const char *args, *answer;
	} cases[] = {
		{ "{\"url\":\"" AT "/nowhere\"}",
		  "{\"body\":\"nothing here\",\"headers\":{\"content-length\":\"12\"},\"status\":404}" },
		{ "{\"url\":\"" AT "/redirect\"}",
		  "{\"body\":\"\",\"headers\":{\"content-length\":\"0\",\"location\":\"/ok\"},"
		  "\"status\":302}" },
		{ "{\"url\":\"" AT "/headers\"}",
		  "{\"body\":\"\",\"headers\":{\"content-length\":\"0\",\"set-cookie\":\"a=1, x\\nb=2\","
		  "\"x-empty\":\"\",\"x-latin\":\"caf\xEF\xBF\xBD\",\"x-list\":\"a, b\"},"
		  "\"status\":200}" },
		{ "{\"url\":\"" AT "/bytes\"}", /* neither UTF-8 nor without U+0000 */
		  "{\"body\":\"a\xEF\xBF\xBD"
		  "b\xEF\xBF\xBD"
		  "c\",\"headers\":{\"content-length\":\"5\"},\"malformed\":true,\"status\":200}" },
		{ "{\"url\":\"" AT "/interim\"}", /* neither hints nor trailers are headers */
		  "{\"body\":\"well\",\"headers\":{\"transfer-encoding\":\"chunked\"},\"status\":200}" },
		{ "{\"url\":\"" AT "/status?code=204\"}",
		  "{\"body\":\"\",\"headers\":{\"content-length\":\"0\"},\"status\":204}" },
		{ "{\"url\":\"" AT "/late?ms=300\"}",
		  "{\"body\":\"late\",\"headers\":{\"content-length\":\"4\"},\"status\":200}" },
		{ "{\"url\":\"" AT "/drip?bytes=5&ms=50\"}",
		  "{\"body\":\".....\",\"headers\":{\"content-length\":\"5\"},\"status\":200}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect(*state, (struct call){ cases[i].args }, cases[i].answer);
	}
}

/* Which statuses are failures, of which kind, and what a person reads. */
static void some_statuses_are_failures(void **state)
{
	static const struct {
		const char *args;
		enum bldr_class cls;
		const char *answer;
	} cases[] = {
		{ "{\"url\":\"" AT "/status?code=429&body=slow%0Adown\"}", BLDR_PURE,
		  "failed UNAVAILABLE: http \"127.0.0.1\" answered 429: slow down" },
		{ "{\"url\":\"" AT "/status?code=500\"}", BLDR_KEYED,
		  "failed UNAVAILABLE: http \"127.0.0.1\" answered 500" },
		{ "{\"url\":\"" AT "/status?code=501\",\"ok\":[200,501]}", BLDR_PURE,
		  "\"status\":501}" },
		{ "{\"url\":\"" AT "/status?code=404\",\"ok\":[200,501]}", BLDR_PURE,
		  "failed FAILED: http \"127.0.0.1\" answered 404" },
		{ "{\"url\":\"" AT "/status?code=503\",\"ok\":[200]}", BLDR_PURE,
		  "failed UNAVAILABLE: http \"127.0.0.1\" answered 503" },
		/* Of class once each answer is a result; and UNAVAILABLE would say that it was not sent. */
		{ "{\"url\":\"" AT "/status?code=503\"}", BLDR_ONCE, "\"status\":503}" },
		{ "{\"url\":\"" AT "/status?code=503\",\"ok\":[200]}", BLDR_ONCE,
		  "failed FAILED: http \"127.0.0.1\" answered 503" },
		/* No more than the beginning of a failure is read, whatever its size. */
		{ "{\"url\":\"" AT "/huge?code=502&bytes=100000000\"}", BLDR_PURE,
		  "failed UNAVAILABLE: http \"127.0.0.1\" answered 502: xxxxxxxxxxxxxxxx" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect_part(*state, (struct call){ cases[i].args, cases[i].cls },
				  cases[i].answer);
	}
}

/* "transient" says what means "later" in the place of 429 and 5xx. */
static void what_means_later_can_be_said(void **state)
{
	static const struct {
		const char *args;
		enum bldr_class cls;
		const char *answer;
	} cases[] = {
		{ "{\"url\":\"" AT "/status?code=500&body=broken\",\"transient\":[429,503]}",
		  BLDR_PURE, "\"status\":500}" },
		{ "{\"url\":\"" AT "/status?code=503\",\"transient\":[429,503]}", BLDR_PURE,
		  "failed UNAVAILABLE: http \"127.0.0.1\" answered 503" },
		{ "{\"url\":\"" AT
		  "/status?code=400&body=x%20not%20ready%20y\",\"transient\":[\"not ready\"]}",
		  BLDR_KEYED, "failed UNAVAILABLE: http \"127.0.0.1\" answered 400: x not ready y" },
		{ "{\"url\":\"" AT "/status?code=400&body=already\",\"transient\":[\"not ready\"]}",
		  BLDR_KEYED, "\"status\":400}" },
		{ "{\"url\":\"" AT
		  "/status?code=200&body=not%20ready\",\"transient\":[\"not ready\"]}",
		  BLDR_PURE, "\"status\":200}" },
		{ "{\"url\":\"" AT "/status?code=429\",\"transient\":[]}", BLDR_PURE,
		  "\"status\":429}" },
		{ "{\"url\":\"" AT "/status?code=503\",\"transient\":[503]}", BLDR_ONCE,
		  "\"status\":503}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect_part(*state, (struct call){ cases[i].args, cases[i].cls },
				  cases[i].answer);
	}
}

/* Of a large answer what is asked for; of a failure all of it. */
static void a_part_of_an_answer_is_picked(void **state)
{
	static const struct {
		const char *args, *answer;
	} cases[] = {
		{ "{\"url\":\"" AT
		  "/many?n=3000\",\"pick\":{\"members\":[\"id\",\"tasks/*/run\",\"none\",\"odd/*\"]}}",
		  "\"body\":\"{\\\"id\\\":7211000000000000123,\\\"odd\\\":{},\\\"tasks\\\":[{\\\"run\\\":0},{"
		  "\\\"run\\\":1}," },
		{ "{\"url\":\"" AT "/many?n=3\",\"pick\":{\"members\":[\"tasks\"],\"text_max\":4}}",
		  "\"body\":\"{\\\"tasks\\\":[{\\\"run\\\":0,\\\"text\\\":\\\"\xC3\xA4\xC3\xA4\\\"},{" },
		{ "{\"url\":\"" AT "/many?n=3\",\"pick\":{\"members\":[]}}", "\"body\":\"{}\"" },
		{ "{\"url\":\"" AT "/ok\",\"pick\":{\"members\":[\"a\"]}}", "\"body\":\"well\"" },
		{ "{\"url\":\"" AT "/nowhere\",\"pick\":{\"members\":[\"a\"]}}",
		  "\"body\":\"nothing here\"" },
		{ "{\"url\":\"" AT "/many?n=3000\",\"pick\":{\"members\":[\"tasks\"]}}",
		  "failed LIMIT: http \"127.0.0.1\" answered 200 with more than a result can hold" },
		{ "{\"url\":\"" AT
		  "/many?n=3000\",\"max_bytes\":1000,\"pick\":{\"members\":[\"id\"]}}",
		  "failed LIMIT: http \"127.0.0.1\" answered 200 with more than 1000 bytes" },
		{ "{\"url\":\"" AT "/ok\",\"save\":\"DIR/x\",\"pick\":{\"members\":[\"id\"]}}",
		  "failed INVALID: an effect of kind \"http\" has \"pick\": {\"members\": [path...]" },
		{ "{\"url\":\"" AT "/ok\",\"pick\":{\"members\":[1]}}", "failed INVALID: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect_part(*state, (struct call){ cases[i].args }, cases[i].answer);
	}
}

/* A file of the fixture's folder. */
static void put_file(struct party *p, const char *name, char c, size_t size)
{
	FILE *file = fopen(scratch_file(&p->f->dir, name), "w");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++) {
		(void)fputc(c, file);
	}
	assert_int_equal(fclose(file), 0);
}

static size_t received(struct party *p)
{
	struct bldr_value *v = server_request(&p->server, server_requests(&p->server) - 1);
	size_t size = strlen(bldr_get_text(v, "body"));

	bldr_unref(v);
	return size;
}

/* b2sum -l 256 of 200,000 times "a", and of nothing. */
#define HASH_OF_A "5d9714feafe283193f3554a956c08f5d8fbade49844b12bf3ba49ac2aa9107e3"
#define HASH_OF_NOTHING "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"

static void a_file_is_sent_as_a_body(void **state)
{
	struct party *p = *state;

	put_file(p, "a", 'a', 200000);
	put_file(p, "none", 'a', 0);
	party_expect_part(p,
			  (struct call){ "{\"url\":\"" AT
					 "/ok\",\"method\":\"PUT\",\"upload\":\"DIR/a\"}" },
			  "\"status\":200");
	expect_header(p, "content-length", "200000");
	expect_header(p, "content-type", "application/octet-stream");
	assert_int_equal(received(p), 200000);
	party_expect_part(p,
			  (struct call){ "{\"url\":\"" AT
					 "/ok\",\"method\":\"PUT\",\"upload\":{\"path\":\"DIR/a\","
					 "\"bytes\":200000,\"hash\":\"" HASH_OF_A "\"}}",
					 BLDR_ONCE },
			  "\"status\":200");
	assert_int_equal(received(p), 200000);
	party_expect_part(p,
			  (struct call){
				  "{\"url\":\"" AT
				  "/ok\",\"method\":\"POST\",\"upload\":{\"path\":\"DIR/none\","
				  "\"hash\":\"" HASH_OF_NOTHING "\"}}" },
			  "\"status\":200");
	expect_request(p, "POST", "/ok", "");
	expect_header(p, "content-length", "0");
	assert_int_equal(server_requests(&p->server), 3);
}

/* The texts around the file are no part of its hash. */
static void a_file_is_sent_between_two_texts(void **state)
{
	struct party *p = *state;

	put_file(p, "a", 'a', 3);
	put_file(p, "large", 'a', 200000);
	put_file(p, "none", 'a', 0);
	party_expect_part(p,
			  (struct call){
				  "{\"url\":\"" AT "/ok\",\"method\":\"POST\",\"upload\":{\"path\":"
				  "\"DIR/a\",\"bytes\":3,\"before\":\"{1,\",\"after\":\"}\"}}" },
			  "\"status\":200");
	expect_request(p, "POST", "/ok", "{1,aaa}");
	expect_header(p, "content-length", "7");
	party_expect_part(p,
			  (struct call){ "{\"url\":\"" AT
					 "/ok\",\"method\":\"POST\",\"upload\":{\"path\":"
					 "\"DIR/large\",\"hash\":\"" HASH_OF_A
					 "\",\"before\":\"{1,\",\"after\":\"}\"}}" },
			  "\"status\":200");
	assert_int_equal(received(p), 200004);
	party_expect_part(
		p,
		(struct call){ "{\"url\":\"" AT "/ok\",\"method\":\"POST\",\"upload\":{\"path\":"
			       "\"DIR/none\",\"hash\":\"" HASH_OF_NOTHING "\",\"after\":\"}\"}}" },
		"\"status\":200");
	expect_request(p, "POST", "/ok", "}");
}

/* A file that is not what the request says is not sent, or not to its end: nobody has got it. */
static void another_file_is_not_sent(void **state)
{
	static const struct {
		const char *args, *answer;
		enum bldr_class cls;
	} cases[] = {
		{ "{\"url\":\"" AT
		  "/ok\",\"method\":\"PUT\",\"upload\":{\"path\":\"DIR/b\",\"hash\":\"" HASH_OF_A
		  "\"}}",
		  "failed CHANGED: the file \"", BLDR_ONCE },
		{ "{\"url\":\"" AT
		  "/ok\",\"method\":\"PUT\",\"upload\":{\"path\":\"DIR/b\",\"bytes\":7}}",
		  "is not sent: its size is another than the request says", BLDR_KEYED },
		{ "{\"url\":\"" AT
		  "/ok\",\"method\":\"PUT\",\"upload\":{\"path\":\"DIR/none\",\"hash\":\"00\"}}",
		  "is not sent: its content is another than the request says", BLDR_PURE },
		{ "{\"url\":\"" AT "/ok\",\"method\":\"PUT\",\"upload\":\"DIR/nowhere\"}",
		  "failed NOT_FOUND: cannot read \"", BLDR_PURE },
		{ "{\"url\":\"" AT "/ok\",\"method\":\"PUT\",\"upload\":\"DIR\"}", "is no file",
		  BLDR_PURE },
	};
	struct party *p = *state;

	put_file(p, "b", 'b', 200000);
	put_file(p, "none", 'a', 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect_part(p, (struct call){ cases[i].args, cases[i].cls }, cases[i].answer);
	}
	assert_int_equal(server_requests(&p->server), 0);
}

static void what_a_world_does_wrong_is_told(void **state)
{
	static const struct {
		struct call call;
		const char *answer;
	} cases[] = {
		{ { "{\"url\":\"http://127.0.0.1:1/\"}" },
		  "failed UNAVAILABLE: http \"127.0.0.1\" failed: failed to connect to 127.0.0.1 port 1" },
		{ { "{\"url\":\"http://nowhere.invalid/\"}" },
		  "failed UNAVAILABLE: http \"nowhere.invalid\" failed: could not resolve host" },
		{ { "{\"url\":\"" AT "/drop/before\"}" },
		  "failed UNAVAILABLE: http \"127.0.0.1\" failed: empty reply from server" },
		{ { "{\"url\":\"" AT "/drop/after\"}", BLDR_KEYED },
		  "failed UNAVAILABLE: http \"127.0.0.1\" failed: empty reply from server" },
		{ { "{\"url\":\"" AT "/drop/middle\"}" },
		  "failed UNAVAILABLE: http \"127.0.0.1\" failed: transfer closed with 91 bytes" },
		{ { "{\"url\":\"" AT "/bad/nothttp\"}" },
		  "failed FAILED: http \"127.0.0.1\" failed: " },
		{ { "{\"url\":\"" AT "/bad/colon\"}" },
		  "failed FAILED: http \"127.0.0.1\" failed: " },
		{ { "{\"url\":\"" AT "/bad/length\"}" },
		  "failed FAILED: http \"127.0.0.1\" failed: " },
		{ { "{\"url\":\"" AT "/bad/many\"}" },
		  "failed LIMIT: http \"127.0.0.1\" answered 200 with more than 32768 bytes of headers" },
		{ { "{\"url\":\"" AT "/late?ms=5000\"}", BLDR_PURE, 200 },
		  "timed out TIMEOUT: http \"127.0.0.1\" took longer than 200 ms" },
		{ { "{\"url\":\"" AT "/drip?bytes=1000&ms=50\"}", BLDR_PURE, 300 },
		  "timed out TIMEOUT: http \"127.0.0.1\" took longer than 300 ms" },
		{ { "{\"url\":\"" AT "/silent\",\"idle_ms\":1000}" },
		  "timed out TIMEOUT: http \"127.0.0.1\" failed: nothing moved for 1000 ms" },
		{ { "{\"url\":\"https://127.0.0.1:PORT/ok\"}" }, /* a server without TLS */
		  "failed UNAVAILABLE: http \"127.0.0.1\" failed: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect_part(*state, cases[i].call, cases[i].answer);
	}
}

static void what_nobody_should_send_is_refused(void **state)
{
	static const char url_needed[] =
		"an effect of kind \"http\" needs \"url\": an absolute http or "
		"https URL without user and password";
	static const char header_needed[] =
		"an effect of kind \"http\" has \"headers\": {name: text without line breaks, or "
		"{\"secret\" or \"credential\": NAME, \"prefix\": text}}";
	static const struct {
		const char *args, *error;
	} cases[] = {
		{ "{}", url_needed },
		{ "{\"url\":\"/relative\"}", url_needed },
		{ "{\"url\":\"ftp://127.0.0.1/\"}", url_needed },
		{ "{\"url\":\"file:///etc/passwd\"}", url_needed },
		{ "{\"url\":\"http://me:pass@127.0.0.1/\"}", url_needed },
		{ "{\"url\":\"http://me@127.0.0.1/\"}", url_needed },
		{ "{\"url\":\"http://127.0.0.1/a b\"}", url_needed },
		{ "{\"url\":\"http://127.0.0.1/\\r\\nX: y\"}", url_needed },
		{ "{\"url\":\"" AT "\",\"headers\":{\"a b\":\"c\"}}", header_needed },
		{ "{\"url\":\"" AT "\",\"headers\":{\"a\":\"b\\r\\nc: d\"}}", header_needed },
		{ "{\"url\":\"" AT "\",\"headers\":{\"a\":{\"secret\":\"X\",\"suffix\":\"y\"}}}",
		  header_needed },
		{ "{\"url\":\"" AT "\",\"headers\":{\"a\":1}}", header_needed },
		{ "{\"url\":\"" AT "\",\"headers\":{\"Content-length\":\"1\"}}",
		  "an effect of kind \"http\" cannot set the header \"Content-length\", which is the "
		  "client's" },
		{ "{\"url\":\"http://example.com/\",\"headers\":{\"a\":{\"secret\":\"X\"}}}",
		  "the secret \"X\" would be read by others: a URL with secrets is https, or of this "
		  "machine" },
		{ "{\"url\":\"http://example.com/\",\"headers\":{\"a\":{\"credential\":\"C\"}}}",
		  "the credential \"C\" would be read by others: a URL with secrets is https, or of "
		  "this machine" },
		{ "{\"url\":\"" AT "\",\"headers\":{\"a\":{\"secret\":\"X\",\"credential\":\"C\"}}}",
		  header_needed },
		{ "{\"url\":\"" AT
		  "\",\"proxy\":\"http://127.0.0.1:PORT\",\"headers\":{\"a\":{\"secret\":"
		  "\"X\"}}}",
		  "the secret \"X\" would be read by others: a URL with secrets is https, or of this "
		  "machine" },
		{ "{\"url\":\"" AT "\",\"URL\":\"x\"}",
		  "an effect of kind \"http\" takes method, url, headers, body, json, upload, pick, "
		  "max_bytes, idle_ms, save, ok, transient, proxy and ca, not \"URL\"" },
		{ "{\"url\":\"" AT "\",\"method\":\"TRACE\"}",
		  "an effect of kind \"http\" has \"method\" GET (which is meant without one), HEAD, "
		  "POST, PUT, PATCH, DELETE or OPTIONS" },
		{ "{\"url\":\"" AT "\",\"body\":\"x\",\"json\":1}",
		  "an effect of kind \"http\" has \"body\", a text, or \"json\", a value, or "
		  "\"upload\", a file, or none of them; a HEAD has none" },
		{ "{\"url\":\"" AT "\",\"json\":1,\"upload\":\"x\"}",
		  "an effect of kind \"http\" has \"body\", a text, or \"json\", a value, or "
		  "\"upload\", a file, or none of them; a HEAD has none" },
		{ "{\"url\":\"" AT "\",\"upload\":{\"hash\":\"x\"}}",
		  "an effect of kind \"http\" has \"upload\": path, or {\"path\": path, \"hash\": "
		  "text, \"bytes\": n, \"before\": text, \"after\": text}" },
		{ "{\"url\":\"" AT "\",\"upload\":{\"path\":\"x\",\"after\":1}}",
		  "an effect of kind \"http\" has \"upload\": path, or {\"path\": path, \"hash\": "
		  "text, \"bytes\": n, \"before\": text, \"after\": text}" },
		{ "{\"url\":\"" AT "\",\"transient\":[200]}",
		  "an effect of kind \"http\" has \"transient\" as a list of statuses, 400 to 599, "
		  "and of texts" },
		{ "{\"url\":\"" AT "\",\"ok\":[]}",
		  "an effect of kind \"http\" has \"ok\" as a list of statuses, 200 to 599" },
		{ "{\"url\":\"" AT "\",\"max_bytes\":0}",
		  "an effect of kind \"http\" has \"max_bytes\" and \"idle_ms\" as integers, 1 and "
		  "more, the latter a day at most" },
		{ "{\"url\":\"" AT "\",\"proxy\":\"socks5://x\"}",
		  "an effect of kind \"http\" has \"proxy\" as http://host:port" },
	};
	struct party *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[400];

		(void)snprintf(expected, sizeof(expected), "failed INVALID: %s", cases[i].error);
		party_expect(p, (struct call){ cases[i].args }, expected);
	}
	assert_int_equal(server_requests(&p->server), 0);
}

/* BLAKE2b-256 by coreutils. */
static void assert_hash(const char *path, const char *hash)
{
	char command[400];
	char text[128] = "";
	FILE *out;

	(void)snprintf(command, sizeof(command), "b2sum -l 256 '%s'", path);
	out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(text, sizeof(text), out));
	(void)pclose(out);
	assert_int_equal(strlen(hash), 64);
	assert_int_equal(strncmp(text, hash, 64), 0);
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void a_large_body_goes_to_a_file(void **state)
{
	struct party *p = *state;
	struct caller c = {
		.at = { { "{\"url\":\"" AT "/huge?bytes=3000000\",\"save\":\"DIR/big\"}" },
			{ "{\"url\":\"" AT "/status?code=200\",\"save\":\"DIR/none\"}" } }
	};
	struct bldr_value *answers = party_run(p, &c);
	const struct bldr_value *saved = bldr_get(bldr_at(answers, 0), "saved");

	assert_string_equal(bldr_get_text(saved, "path"), scratch_file(&p->f->dir, "big"));
	assert_int_equal(bldr_get_int(saved, "bytes", -1), 3000000);
	assert_int_equal(size_of(scratch_file(&p->f->dir, "big")), 3000000);
	assert_hash(scratch_file(&p->f->dir, "big"), bldr_get_text(saved, "hash"));
	assert_null(bldr_get(bldr_at(answers, 0), "body"));
	saved = bldr_get(bldr_at(answers, 1), "saved");
	assert_int_equal(bldr_get_int(saved, "bytes", -1), 0);
	assert_int_equal(size_of(scratch_file(&p->f->dir, "none")), 0);
	assert_hash(scratch_file(&p->f->dir, "none"), bldr_get_text(saved, "hash"));
	bldr_unref(answers);
}

/* What is not a body of success leaves the file that was there, and no other. */
static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
	static const struct {
		struct call call;
		const char *answer;
	} cases[] = {
		{ { "{\"url\":\"" AT "/huge?bytes=2000\",\"save\":\"DIR/f\",\"max_bytes\":1999}" },
		  "failed LIMIT: http \"127.0.0.1\" answered 200 with more than 1999 bytes, its max_bytes" },
		{ { "{\"url\":\"" AT "/nowhere\",\"save\":\"DIR/f\"}" },
		  "\"body\":\"nothing here\"" },
		{ { "{\"url\":\"" AT "/status?code=500\",\"save\":\"DIR/f\"}" },
		  "failed UNAVAILABLE: " },
		{ { "{\"url\":\"" AT "/drop/middle\",\"save\":\"DIR/f\"}" },
		  "failed UNAVAILABLE: " },
		{ { "{\"url\":\"" AT "/drip?bytes=1000&ms=50\",\"save\":\"DIR/f\"}", BLDR_PURE,
		    200 },
		  "timed out TIMEOUT: " },
	};
	struct party *p = *state;
	FILE *file = fopen(scratch_file(&p->f->dir, "f"), "w");

	(void)fputs("before", file);
	(void)fclose(file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		party_expect_part(p, cases[i].call, cases[i].answer);
		assert_int_equal(size_of(scratch_file(&p->f->dir, "f")), 6);
		assert_int_equal(size_of(scratch_file(&p->f->dir, "f.tmp")), -1);
	}
	party_expect_part(p,
			  (struct call){
				  "{\"url\":\"" AT
				  "/huge?bytes=2000\",\"save\":\"DIR/f\",\"max_bytes\":2000}" },
			  "\"bytes\":2000");
	assert_int_equal(size_of(scratch_file(&p->f->dir, "f")), 2000);
	/* What cannot be written is known before anything is sent. */
	party_expect_part(p, (struct call){ "{\"url\":\"" AT "/last\",\"save\":\"DIR/no/f\"}" },
			  "failed IO: cannot write \"");
	assert_int_equal(server_requests(&p->server), 6);
}

static void a_result_holds_so_much_and_no_more(void **state)
{
	static const char too_much[] =
		"failed LIMIT: http \"127.0.0.1\" answered 200 with more than a "
		"result can hold, 65536 bytes: have it saved with \"save\": path";
	struct party *p = *state;
	struct caller c = { .at = { { "{\"url\":\"" AT "/huge?bytes=65475\"}" } } };
	struct bldr_value *answers = party_run(p, &c);
	char *text = bldr_value_text(bldr_at(answers, 0));

	assert_int_equal(strlen(text), BLDR_RESULT_MAX);
	free(text);
	bldr_unref(answers);
	party_expect(p, (struct call){ "{\"url\":\"" AT "/huge?bytes=65476\"}" }, too_much);
	party_expect(p, (struct call){ "{\"url\":\"" AT "/huge?bytes=1000000000\"}" }, too_much);
	party_expect(p,
		     (struct call){ "{\"url\":\"" AT "/huge?bytes=70000\",\"max_bytes\":100000}" },
		     too_much);
	party_expect_part(p, (struct call){ "{\"url\":\"" AT "/ok\",\"max_bytes\":4}" }, "well");
	party_expect(
		p, (struct call){ "{\"url\":\"" AT "/ok\",\"max_bytes\":3}" },
		"failed LIMIT: http \"127.0.0.1\" answered 200 with more than 3 bytes, its max_bytes");
}

/* The environment of a machine sends nobody elsewhere; the request does. */
static void a_proxy_is_asked_for(void **state)
{
	static const char *const names[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY" };
	struct party *p = *state;

	for (size_t i = 0; i < 4; i++) {
		(void)setenv(names[i], "http://127.0.0.1:1", 1);
	}
	party_expect_part(p, (struct call){ "{\"url\":\"" AT "/ok\"}" }, "well");
	party_expect_part(
		p, (struct call){ "{\"url\":\"http://nowhere.invalid/x\",\"proxy\":\"" AT "\"}" },
		"by proxy: http://nowhere.invalid/x");
	for (size_t i = 0; i < 4; i++) {
		(void)unsetenv(names[i]);
	}
}

static void many_are_under_way_at_once(void **state)
{
	struct party *p = *state;
	struct caller c = { 0 };
	struct bldr_value *answers;
	int64_t began;

	for (size_t i = 0; i < CALLS_MAX; i++) {
		c.at[i] = (struct call){ "{\"url\":\"" AT "/late?ms=500\"}" };
	}
	began = time(NULL);
	answers = party_run(p, &c);
	assert_in_range(time(NULL) - began, 0, 5); /* one after the other: 8 */
	for (size_t i = 0; i < CALLS_MAX; i++) {
		assert_string_equal(bldr_get_text(bldr_at(answers, i), "body"), "late");
	}
	bldr_unref(answers);
	c.policy = (struct bldr_policy){ .kind = "http:127.0.0.1", .concurrency = 1 };
	for (size_t i = 0; i < CALLS_MAX; i++) {
		c.at[i].args = i < 3 ? "{\"url\":\"" AT "/ok\"}" : NULL;
	}
	bldr_unref(party_run(p, &c));
	for (size_t i = 0; i < 3; i++) { /* one after the other, on one connection */
		struct bldr_value *v = server_request(&p->server, CALLS_MAX + i);

		assert_int_equal(bldr_get_int(v, "on_connection", 0), i + 1);
		bldr_unref(v);
	}
}

/* A certificate that nobody vouches for is refused, and accepted from who is told to trust it. */
static void certificates_are_checked(void **state)
{
	struct party *p = *state;
	struct server tls;
	char command[600];
	char certificate[200];
	char key[200];
	int plain = p->server.port;

	(void)snprintf(certificate, sizeof(certificate), "%s/cert.pem", p->f->dir.path);
	(void)snprintf(key, sizeof(key), "%s/key.pem", p->f->dir.path);
	(void)snprintf(
		command, sizeof(command),
		"openssl req -x509 -newkey rsa:2048 -nodes -keyout '%s' -out '%s' -days 2 -subj "
		"/CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null",
		key, certificate);
	assert_int_equal(system(command), 0);
	server_start(&tls, p->f->dir.path, certificate, key);
	p->server.port = tls.port;
	party_expect_part(p, (struct call){ "{\"url\":\"https://localhost:PORT/ok\"}", BLDR_ONCE },
			  "failed FAILED: http \"localhost\" failed: SSL certificate problem");
	party_expect_part(
		p,
		(struct call){ "{\"url\":\"https://127.0.0.1:PORT/ok\",\"ca\":\"DIR/cert.pem\"}" },
		"failed FAILED: http \"127.0.0.1\" failed: SSL: ");
	assert_int_equal(server_requests(&tls), 0);
	party_expect_part(
		p,
		(struct call){ "{\"url\":\"https://localhost:PORT/ok\",\"ca\":\"DIR/cert.pem\"}" },
		"well");
	assert_int_equal(server_requests(&tls), 1);
	p->server.port = plain;
	server_stop(&tls);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, party_setup, party_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_says_what_was_asked),
		CASE(answers_are_taken_as_they_are),
		CASE(some_statuses_are_failures),
		CASE(what_means_later_can_be_said),
		CASE(a_part_of_an_answer_is_picked),
		CASE(a_file_is_sent_as_a_body),
		CASE(a_file_is_sent_between_two_texts),
		CASE(another_file_is_not_sent),
		CASE(what_a_world_does_wrong_is_told),
		CASE(what_nobody_should_send_is_refused),
		CASE(a_large_body_goes_to_a_file),
		CASE(a_file_is_replaced_whole_or_not_at_all),
		CASE(a_result_holds_so_much_and_no_more),
		CASE(a_proxy_is_asked_for),
		CASE(many_are_under_way_at_once),
		CASE(certificates_are_checked),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
