/*
 * The answer of a token endpoint is received into memory for secrets. The token is taken out of it there, before the rest is
 * read as JSON; what libcurl keeps in its own buffers is out of reach.
 */
#include "host/token_fetch.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/utf8.h"
#include "host/http_url.h"

enum {
	BUDGET_MS = 60000,
	DISCOVERY_MS = 5000, /* of one try */
	TOKEN_MS = 30000,
	CONNECT_MS = 10000,
	ANSWER_MAX = 64 << 10,
	FIRST_PAUSE_MS = 1000,
	LIFE_MS = 600000, /* of a token whose answer does not say */
	LIFE_MAX_S = 30 * 86400,
	SHOWN_MAX = 300
};

#define SET(t, option, value) TRANSFER_SET(&(t)->transfer, option, value)

static bool is_token_step(const struct token_fetch *t)
{
	return t->step == t->credential->n_discovery;
}

struct token_fetch *token_fetch_new(struct credential *c, int64_t now_ms)
{
	struct token_fetch *t = xcalloc(1, sizeof(*t));
	const char *url = c->n_discovery > 0 ? c->discovery[0].url : c->token_url;

	t->credential = c;
	t->url = xstrdup(url);
	t->due_ms = now_ms;
	t->until_ms = now_ms + BUDGET_MS;
	t->body = secret_alloc(ANSWER_MAX + 1);
	return t;
}

/* What belongs to one try. */
static void clear(struct token_fetch *t)
{
	transfer_end(&t->transfer);
	transfer_free_headers(t->headers);
	t->headers = NULL;
	secret_free(t->form);
	t->form = NULL;
	secret_wipe(t->body, t->size);
	t->size = 0;
	t->why[0] = '\0';
	t->retry_after_ms = 0;
}

void token_fetch_free(struct token_fetch *t)
{
	if (t == NULL) {
		return;
	}
	ASSERT(!t->sending);
	clear(t);
	secret_free(t->body);
	free(t->url);
	free(t);
}

/* libcurl says the types. NOLINTBEGIN(readability-non-const-parameter) */

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	struct token_fetch *t = user;

	(void)one;
	if (size > ANSWER_MAX - t->size) {
		return 0;
	}
	memcpy(t->body + t->size, data, size);
	t->size += size;
	t->body[t->size] = '\0';
	return size;
}

static size_t on_header(char *line, size_t one, size_t size, void *user)
{
	static const char name[] = "retry-after:";
	struct token_fetch *t = user;
	char text[64];

	(void)one;
	if (size < sizeof(text) && size > sizeof(name) &&
	    strncasecmp(line, name, strlen(name)) == 0) {
		const char *value = text;
		char *end = NULL;
		long seconds;

		memcpy(text, line + strlen(name), size - strlen(name));
		text[size - strlen(name)] = '\0';
		value += strspn(value, " \t");
		seconds = strtol(value, &end, 10);
		if (end == value) { /* a date, RFC 9110, 10.2.3 */
			time_t until = curl_getdate(value, NULL);

			seconds = until > 0 ? (long)(until - time(NULL)) : 0;
		}
		t->retry_after_ms = seconds > 0 && seconds < LIFE_MAX_S ? seconds * 1000L : 0;
	}
	return size;
}

/* NOLINTEND(readability-non-const-parameter) */

/* As a form has it (application/x-www-form-urlencoded), at `to`; returns what is behind it. */
static char *put_escaped(char *to, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL) {
			*to++ = *text;
		} else {
			*to++ = '%';
			*to++ = hex[(unsigned char)*text >> 4];
			*to++ = hex[(unsigned char)*text & 15];
		}
	}
	*to = '\0';
	return to;
}

static char *put_field(char *to, const char *name, const char *text)
{
	if (text == NULL) {
		return to;
	}
	to = stpcpy(to, name);
	return put_escaped(to, text);
}

static size_t escaped_max(const char *text)
{
	return text != NULL ? 3 * strlen(text) + 20 : 0;
}

static void make_form(struct token_fetch *t)
{
	const struct credential *c = t->credential;
	const char *secret = secret_text(c->client_secret);
	char *to;

	t->form = secret_alloc(64 + escaped_max(c->client_id) + escaped_max(secret) +
			       escaped_max(c->scope) + escaped_max(c->resource));
	to = stpcpy(t->form, "grant_type=client_credentials");
	to = put_field(to, "&scope=", c->scope);
	to = put_field(to, "&resource=", c->resource);
	if (!c->basic) {
		to = put_field(to, "&client_id=", c->client_id);
		(void)put_field(to, "&client_secret=", secret);
	}
}

static void add_header(struct token_fetch *t, const char *line)
{
	t->headers = curl_slist_append(t->headers, line);
	ASSERT(t->headers != NULL);
}

/* HTTP Basic of id and secret, each escaped as in a form (RFC 6749, 2.3.1). */
static void add_basic(struct token_fetch *t)
{
	static const char begin[] = "Authorization: Basic ";
	const struct credential *c = t->credential;
	const char *secret = secret_text(c->client_secret);
	size_t room = escaped_max(c->client_id) + escaped_max(secret) + 2;
	char *pair = secret_alloc(room);
	size_t size = sodium_base64_ENCODED_LEN(room, sodium_base64_VARIANT_ORIGINAL);
	char *line = secret_alloc(sizeof(begin) + size);
	char *to = put_escaped(pair, c->client_id);

	*to++ = ':';
	(void)put_escaped(to, secret);
	sodium_bin2base64(stpcpy(line, begin), size, (const unsigned char *)pair, strlen(pair),
			  sodium_base64_VARIANT_ORIGINAL);
	add_header(t, line);
	secret_free(line);
	secret_free(pair);
}

static void set_request(struct token_fetch *t)
{
	SET(t, URL, t->url);
	add_header(t, "Accept: application/json");
	add_header(t, "Expect:");
	if (is_token_step(t)) {
		make_form(t);
		if (t->credential->basic) {
			add_basic(t);
		}
		SET(t, POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->form));
		SET(t, POSTFIELDS, t->form); /* borrowed */
	}
	SET(t, HTTPHEADER, t->headers);
}

void token_fetch_send(struct token_fetch *t, int64_t now_ms)
{
	int64_t most_ms = is_token_step(t) ? TOKEN_MS : DISCOVERY_MS;
	int64_t left_ms = t->until_ms - now_ms > 1 ? t->until_ms - now_ms : 1;

	ASSERT(!t->sending);
	clear(t);
	transfer_begin(&t->transfer, NULL, t->credential->ca);
	t->tries++;
	set_request(t);
	SET(t, TIMEOUT_MS, (long)(most_ms < left_ms ? most_ms : left_ms));
	SET(t, CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(t, ERRORBUFFER, t->why);
	SET(t, WRITEFUNCTION, on_body);
	SET(t, WRITEDATA, t);
	SET(t, HEADERFUNCTION, on_header);
	SET(t, HEADERDATA, t);
}

/*
 * Takes the text of the member "access_token" out of the answer: what is left has an empty one. NULL: there is none, or it
 * has an escape or a control character, which no token has (RFC 6750, 2.1).
 */
static struct secret *take_token(struct token_fetch *t)
{
	static const char name[] = "\"access_token\"";
	char *at = t->body;

	while ((at = strstr(at, name)) != NULL) {
		char *end;
		char *from;

		at += strlen(name);
		from = at + strspn(at, " \t\r\n");
		if (*from != ':') {
			continue;
		}
		from++;
		from += strspn(from, " \t\r\n");
		if (*from != '"') {
			continue;
		}
		from++;
		end = from;
		while ((unsigned char)*end > 0x20 && *end != '"' && *end != '\\' && *end != 0x7F) {
			end++;
		}
		if (*end == '"' && end > from) {
			struct secret *token = secret_new(from, (size_t)(end - from));
			size_t size = (size_t)(end - from);
			size_t rest = strlen(end) + 1;

			memmove(from, end, rest);
			secret_wipe(from + rest, size);
			return token;
		}
	}
	return NULL;
}

/* How long it is good for, in ms: a number of seconds, or a text of one. */
static int64_t life_of(const struct bldr_value *v)
{
	const struct bldr_value *in = bldr_get(v, "expires_in");
	const char *text = bldr_as_text(in);
	int64_t seconds = bldr_as_int(in, -1);

	if (text != NULL && text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' &&
	    strlen(text) < 10) {
		seconds = strtoll(text, NULL, 10);
	}
	if (seconds < 0) {
		return LIFE_MS;
	}
	return (seconds < LIFE_MAX_S ? seconds : LIFE_MAX_S) * 1000;
}

/* The beginning of a text, in one line. */
static void put_shown(struct buf *b, const char *text)
{
	const char *trace =
		strstr(text, ". Trace ID"); /* Entra's, and what follows it, is for nobody */
	size_t size = trace != NULL ? (size_t)(trace - text) : strlen(text);

	size = utf8_cut(text, size, SHOWN_MAX);
	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if ((unsigned char)c < 0x20 || c == 0x7F) {
			c = ' ';
		}
		buf_putc(b, c);
	}
}

/* What an answer of failure says: OAuth's error and description, Okta's, or itself. */
static void put_answer(struct buf *b, const struct token_fetch *t, const struct bldr_value *v)
{
	static const char *const names[][2] = { { "error", "error_description" },
						{ "errorCode", "errorSummary" } };

	for (size_t i = 0; i < 2; i++) {
		const char *error = bldr_get_text(v, names[i][0]);
		const char *more = bldr_get_text(v, names[i][1]);

		if (error != NULL) {
			buf_puts(b, ": ");
			put_shown(b, error);
			if (more != NULL) {
				buf_puts(b, ", ");
				put_shown(b, more);
			}
			return;
		}
	}
	if (v == NULL && t->size > 0) {
		buf_puts(b, ": ");
		put_shown(b, t->body);
	}
}

/* Text with every place of secret in it overwritten: a server may repeat what it was sent. */
static void mask(char *text, const char *secret)
{
	size_t size = strlen(secret);
	char *at = text;

	while (size > 0 && (at = strstr(at, secret)) != NULL) {
		memset(at, '*', size);
	}
}

static enum token_turn missed(const struct token_fetch *t, int code, const char *what,
			      const struct bldr_value *v, struct bldr_error *err)
{
	struct buf b;

	buf_init(&b, BLDR_ERROR_TEXT_MAX);
	buf_printf(&b, "no token for the credential \"%s\": %s %s", t->credential->name,
		   is_token_step(t) ? "the token endpoint" : "discovery", what);
	put_answer(&b, t, v);
	mask(b.data, secret_text(t->credential->client_secret));
	(void)bldr_error_set(err, code, "%s", b.data);
	buf_release(&b);
	LOG(LOG_WARNING, "token.missed", LOG_TEXT("credential", t->credential->name),
	    LOG_TEXT("error", err->text));
	return TOKEN_MISSED;
}

static bool is_passing(CURLcode code, long status)
{
	static const CURLcode lasting[] = { CURLE_PEER_FAILED_VERIFICATION,
					    CURLE_SSL_CACERT_BADFILE, CURLE_UNSUPPORTED_PROTOCOL,
					    CURLE_URL_MALFORMAT, CURLE_WRITE_ERROR };

	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
		if (code == lasting[i]) {
			return false;
		}
	}
	return code != CURLE_OK || status == 429 || status == 502 || status == 503 || status == 504;
}

/* Another try, when there is time for it. */
static bool try_again(struct token_fetch *t, int64_t now_ms)
{
	unsigned doublings = t->tries < 6 ? t->tries - 1 : 5;
	int64_t pause_ms = (int64_t)FIRST_PAUSE_MS << doublings;

	if (t->retry_after_ms > pause_ms) {
		pause_ms = t->retry_after_ms;
	}
	if (now_ms + pause_ms >= t->until_ms) {
		return false;
	}
	t->due_ms = now_ms + pause_ms;
	return true;
}

/* The next step begins with what this one has found. Takes url. */
static void go_on(struct token_fetch *t, char *url, int64_t now_ms)
{
	const struct bldr_discovery *next;

	t->step++;
	next = is_token_step(t) ? NULL : &t->credential->discovery[t->step];
	if (next != NULL && next->url != NULL) {
		free(url);
		url = xstrdup(next->url);
	}
	free(t->url);
	t->url = url;
	t->tries = 0;
	t->due_ms = now_ms;
}

/* text with {name} replaced by the text of v's member of that name. The caller frees it. */
static char *fill(const char *text, const struct bldr_value *v, const char *append)
{
	struct buf b;
	char *url;

	buf_init(&b, ANSWER_MAX);
	while (*text != '\0') {
		size_t n = *text == '{' ? strcspn(text, "}") : 0;
		char *name = n > 0 && text[n] == '}' ? xstrndup(text + 1, n - 1) : NULL;
		const char *found = name != NULL ? bldr_get_text(v, name) : NULL;

		if (found != NULL) {
			buf_puts(&b, found);
			text += n + 1;
		} else {
			buf_putc(&b, *text++);
		}
		free(name);
	}
	buf_puts(&b, append != NULL ? append : "");
	url = buf_take(&b);
	buf_release(&b);
	return url != NULL ? url : xstrdup("");
}

/* A URL that was found is held to what a given one is. */
static bool is_usable(const char *url)
{
	struct arena a = { 0 };
	struct http_url u;
	bool usable = http_url_read(url, &a, &u) && http_url_is_private(&u);

	arena_release(&a);
	return usable;
}

/* Discovery is best effort where there is something else to go by. */
static enum token_turn discovered(struct token_fetch *t, const struct bldr_value *v, CURLcode code,
				  long status, int64_t now_ms, struct bldr_error *err)
{
	const struct bldr_discovery *d = &t->credential->discovery[t->step];
	const char *found = code == CURLE_OK && status == 200 ? bldr_get_text(v, d->member) : NULL;
	char *url = found != NULL && found[0] != '\0' ? fill(found, v, d->append) : NULL;
	char what[200];

	if (url != NULL && is_usable(url)) {
		go_on(t, url, now_ms);
		return TOKEN_SEND;
	}
	if (url == NULL && d->otherwise != NULL) {
		go_on(t, xstrdup(d->otherwise), now_ms);
		return TOKEN_SEND;
	}
	if (url != NULL) {
		free(url);
		return missed(t, BLDR_E_FAILED,
			      "found a URL that is neither https nor of this machine", v, err);
	}
	if (is_passing(code, status) && try_again(t, now_ms)) {
		return TOKEN_SEND;
	}
	(void)snprintf(what, sizeof(what), "answered %ld without \"%s\"", status, d->member);
	return missed(t, is_passing(code, status) ? BLDR_E_UNAVAILABLE : BLDR_E_FAILED, what, v,
		      err);
}

static enum token_turn answered(struct token_fetch *t, struct secret *token,
				const struct bldr_value *v, CURLcode code, long status,
				int64_t now_ms, struct bldr_error *err)
{
	char what[CURL_ERROR_SIZE + 40];

	if (code == CURLE_OK && status == 200 && token != NULL) {
		credential_had(t->credential, secret_ref(token), life_of(v), now_ms);
		LOG(LOG_INFO, "token.had", LOG_TEXT("credential", t->credential->name),
		    LOG_INT("life_s", t->credential->life_ms / 1000));
		return TOKEN_HAD;
	}
	if (is_passing(code, status) && try_again(t, now_ms)) {
		return TOKEN_SEND;
	}
	if (code != CURLE_OK) {
		(void)snprintf(what, sizeof(what), "did not answer (%s)",
			       t->why[0] != '\0' ? t->why : curl_easy_strerror(code));
	} else {
		(void)snprintf(what, sizeof(what), "answered %ld%s", status,
			       status == 200 ? " without a token" : "");
	}
	return missed(t, is_passing(code, status) ? BLDR_E_UNAVAILABLE : BLDR_E_FAILED, what, v,
		      err);
}

enum token_turn token_fetch_ended(struct token_fetch *t, CURLcode code, int64_t now_ms,
				  struct bldr_error *err)
{
	struct secret *token = take_token(t);
	struct bldr_value *v = NULL;
	enum token_turn turn;
	long status = 0;

	(void)curl_easy_getinfo(t->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (bldr_value_parse(t->body, strlen(t->body), &v, NULL) < 0) {
		v = NULL;
	}
	turn = is_token_step(t) ? answered(t, token, v, code, status, now_ms, err)
				: discovered(t, v, code, status, now_ms, err);
	if (turn == TOKEN_MISSED) {
		credential_missed(t->credential, now_ms);
	}
	secret_unref(token);
	bldr_unref(v);
	return turn;
}
