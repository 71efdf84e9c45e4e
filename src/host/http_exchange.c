/*
 * An exchange:
 *
 *	new --added to a client--> connecting --begun--> sent, answered --ended--> (saved) --answer--> the flight's result
 *	                               \                    \
 *	                                '-> not sent          '-> not known whether it was performed, or what became of it
 *
 * libcurl sends a request again, by itself, when a reused connection turns out to be dead. One of class once has a connection
 * of its own therefore, is never sent with "Expect: 100-continue" (whose refusal makes libcurl repeat it), and all speak
 * HTTP/1.1. The line between "not sent" and "not known" is drawn early: where the connection stands, before the first byte.
 */
#include "host/http_exchange.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/utf8.h"
#include "host/http.h"

enum { CONNECT_MS = 30000, HEADERS_MAX = 32 << 10, SECRET_MIN = 6 };

static void moved(struct exchange *x)
{
	x->moved_ms = (int64_t)(uv_hrtime() / 1000000);
}

/* libcurl says the types. NOLINTBEGIN(readability-non-const-parameter) */

/* The connection stands. */
static int on_begin(void *user, char *from, char *to, int from_port, int to_port)
{
	struct exchange *x = user;

	(void)from;
	(void)to;
	(void)from_port;
	(void)to_port;
	x->begun = true;
	moved(x);
	return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t one, size_t size, void *user)
{
	struct exchange *x = user;

	(void)line;
	(void)one;
	moved(x);
	x->header_bytes += size;
	if (x->header_bytes > HEADERS_MAX) {
		(void)bldr_error_set(&x->stop, BLDR_E_LIMIT, "with more than %d bytes of headers",
				     HEADERS_MAX);
		return 0;
	}
	return size;
}

static size_t on_read(char *to, size_t one, size_t size, void *user)
{
	struct exchange *x = user;
	ptrdiff_t n = upload_read(&x->upload, to, one * size);

	moved(x);
	return n >= 0 ? (size_t)n : CURL_READFUNC_ABORT;
}

/* libcurl sends it again, on another connection. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
	struct exchange *x = user;

	if (offset != 0 || origin != SEEK_SET) {
		return CURL_SEEKFUNC_FAIL;
	}
	upload_rewind(&x->upload);
	return CURL_SEEKFUNC_OK;
}

/* NOLINTEND(readability-non-const-parameter) */

/* What an answer says before its body is known now. Its body is saved when it is one of success. */
static void begin_body(struct exchange *x)
{
	long status = 0;

	x->answered = true;
	(void)curl_easy_getinfo(x->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	x->status = status;
	x->saves = x->request->save != NULL && status >= 200 && status < 300 &&
		!http_fails(x->flight, status, NULL);
	if (x->saves) {
		hash_init(&x->hash);
	} else {
		file_drop(&x->file);
	}
}

static int too_large(struct exchange *x)
{
	if (x->request->max_bytes < BLDR_RESULT_MAX || x->saves || x->request->pick != NULL) {
		return bldr_error_set(&x->stop, BLDR_E_LIMIT,
				      "with more than %" PRIu64 " bytes, its max_bytes",
				      x->request->max_bytes);
	}
	return bldr_error_set(&x->stop, BLDR_E_LIMIT,
			      "with more than a result can hold, %d bytes: have it saved with "
			      "\"save\": path",
			      BLDR_RESULT_MAX);
}

static int take(struct exchange *x, const char *data, size_t size)
{
	x->bytes += size;
	if (http_fails(x->flight, x->status, NULL)) {
		buf_add(&x->body, data, size < BLDR_RESULT_MAX ? size : BLDR_RESULT_MAX);
		x->enough = x->bytes > HTTP_SHOWN_MAX;
		return x->enough ? -1 : 0;
	}
	if (x->bytes > x->request->max_bytes) {
		return too_large(x);
	}
	if (x->saves) {
		hash_add(&x->hash, data, size);
		return file_add(&x->file, data, size, &x->stop) == 0
			? 0
			: bldr_error_prefix(&x->stop, "but its body is not saved");
	}
	buf_add(&x->body, data, size);
	return buf_failed(&x->body) ? too_large(x) : 0;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	struct exchange *x = user;

	(void)one;
	moved(x);
	if (!x->answered) {
		begin_body(x);
	}
	return take(x, data, size) == 0 ? size : 0;
}

static void add_line(struct exchange *x, const char *line)
{
	struct curl_slist *list = curl_slist_append(x->headers, line);

	ASSERT(list != NULL);
	x->headers = list;
}

static void add_header(struct exchange *x, const char *name, const char *prefix, const char *text)
{
	bool empty = prefix[0] == '\0' && text[0] == '\0';
	char *line = empty ? xasprintf("%s;", name) : xasprintf("%s: %s%s", name, prefix, text);

	add_line(x, line);
	secret_wipe(line, strlen(line));
	free(line);
}

/* A secret is added here and goes into a header, nowhere else. Takes text. */
static void add_secret(struct exchange *x, const struct http_header *h, struct secret *text,
		       struct credential *credential)
{
	*LIST_ADD(&x->flight->arena, &x->secrets) = (struct http_secret){
		.name = h->secret != NULL ? h->secret : h->credential,
		.text = text,
		.credential = credential,
	};
	add_header(x, h->name, h->text, secret_text(text));
}

static int add_from_environment(struct exchange *x, const struct http_header *h,
				struct bldr_error *err)
{
	const char *text = getenv(h->secret);

	if (text == NULL || text[0] == '\0') {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "the secret \"%s\" is not in the environment", h->secret);
	}
	if (!http_is_secret_text(text)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the secret \"%s\" has a line break or another control "
				      "character, which no header can hold",
				      h->secret);
	}
	add_secret(x, h, secret_new(text, strlen(text)), NULL);
	return 0;
}

static int add_credential(struct exchange *x, const struct http_header *h,
			  const struct map *credentials, struct bldr_error *err)
{
	struct credential *c = map_find(credentials, h->credential, strlen(h->credential));

	if (c == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no credential \"%s\" is known; add it with "
				      "bldr_engine_add_credential",
				      h->credential);
	}
	add_secret(x, h, secret_ref(credential_text(c)), c);
	return 0;
}

static int add_headers(struct exchange *x, const struct map *credentials, struct bldr_error *err)
{
	const struct http_request *q = x->request;
	const struct flight *f = x->flight;
	int rc = 0;

	for (size_t i = 0; i < q->headers.n && rc == 0; i++) {
		const struct http_header *h = &q->headers.at[i];

		if (h->secret != NULL) {
			rc = add_from_environment(x, h, err);
		} else if (h->credential != NULL) {
			rc = add_credential(x, h, credentials, err);
		} else {
			add_header(x, h->name, h->text, "");
		}
	}
	if ((f->cls == BLDR_KEYED || f->cls == BLDR_ONCE) &&
	    !http_request_names(q, "Idempotency-Key")) {
		add_header(x, "Idempotency-Key", "", f->key);
	}
	if (!http_request_names(q, "Content-Type")) {
		if (q->is_json) {
			add_header(x, "Content-Type", "", "application/json");
		} else if (q->upload.path != NULL) {
			add_header(x, "Content-Type", "", "application/octet-stream");
		} else {
			add_line(x, "Content-Type:"); /* libcurl's own would say that it is a form */
		}
	}
	return rc;
}

#define SET(x, option, value) TRANSFER_SET(&(x)->transfer, option, value)

static void set_request(struct exchange *x)
{
	const struct http_request *q = x->request;
	bool has_body = q->body != NULL ||
		(strcmp(q->method, "GET") != 0 && strcmp(q->method, "HEAD") != 0 &&
		 strcmp(q->method, "OPTIONS") != 0 && strcmp(q->method, "DELETE") != 0);

	SET(x, URL, q->url);
	if (q->upload.path != NULL) {
		SET(x, UPLOAD, 1L);
		SET(x, INFILESIZE_LARGE, (curl_off_t)x->upload.size);
		SET(x, READFUNCTION, on_read);
		SET(x, READDATA, x);
		SET(x, SEEKFUNCTION, on_seek);
		SET(x, SEEKDATA, x);
	} else if (has_body) {
		const char *body = q->body != NULL ? q->body : "";

		SET(x, POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		SET(x, POSTFIELDS, body); /* borrowed */
	}
	if (strcmp(q->method, "HEAD") == 0) {
		SET(x, NOBODY, 1L);
	} else {
		SET(x, CUSTOMREQUEST, q->method);
	}
}

static void set_limits(struct exchange *x)
{
	SET(x, CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	if (x->flight->cls == BLDR_ONCE) {
		SET(x, FRESH_CONNECT, 1L);
		SET(x, FORBID_REUSE, 1L);
	}
}

static void set_callbacks(struct exchange *x)
{
	SET(x, HTTPHEADER, x->headers);
	SET(x, ERRORBUFFER, x->why);
	SET(x, PREREQFUNCTION, on_begin);
	SET(x, PREREQDATA, x);
	SET(x, HEADERFUNCTION, on_header);
	SET(x, HEADERDATA, x);
	SET(x, WRITEFUNCTION, on_body);
	SET(x, WRITEDATA, x);
}

struct exchange *exchange_new(struct flight *f)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->flight = f;
	x->request = f->target;
	buf_init(&x->body, x->request->pick != NULL ? x->request->max_bytes : BLDR_RESULT_MAX);
	return x;
}

int exchange_begin(struct exchange *x, const struct map *credentials, struct bldr_error *err)
{
	const struct http_request *q = x->request;
	int rc;

	transfer_begin(&x->transfer, q->proxy, q->ca);
	add_line(x, "Expect:"); /* none: see above */
	rc = add_headers(x, credentials, err);
	if (rc == 0 && q->upload.path != NULL) {
		rc = upload_open(&x->upload, &q->upload, err);
	}
	if (rc == 0 && q->save != NULL) {
		rc = file_begin(&x->file, q->save, err);
	}
	set_request(x);
	set_limits(x);
	set_callbacks(x);
	moved(x);
	return rc;
}

/* Their texts may be secrets. */
static void drop_headers(struct exchange *x)
{
	transfer_free_headers(x->headers);
	x->headers = NULL;
	for (size_t i = 0; i < x->secrets.n; i++) {
		secret_unref(x->secrets.at[i].text);
	}
	x->secrets.n = 0;
}

void exchange_reset(struct exchange *x)
{
	ASSERT(!x->under_way);
	transfer_end(&x->transfer);
	drop_headers(x);
	upload_close(&x->upload);
	file_drop(&x->file);
	buf_clear(&x->body);
	x->why[0] = '\0';
	x->uploaded = 0;
	x->begun = x->answered = x->saves = x->enough = false;
	x->code = CURLE_OK;
	x->status = 0;
	x->header_bytes = 0;
	x->bytes = 0;
	x->stop.code = 0;
}

int64_t exchange_idle_at(struct exchange *x)
{
	curl_off_t uploaded = 0;

	(void)curl_easy_getinfo(x->transfer.easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
	if (!x->begun || uploaded != x->uploaded) { /* connecting has a limit of its own */
		x->uploaded = uploaded;
		moved(x);
	}
	return x->moved_ms + x->request->idle_ms;
}

void exchange_free(struct exchange *x)
{
	if (x == NULL) {
		return;
	}
	exchange_reset(x);
	buf_release(&x->body);
	free(x);
}

bool exchange_refused(struct exchange *x)
{
	bool again = false;

	if (x->code != CURLE_OK || x->status != 401 || x->replayed) {
		return false;
	}
	for (size_t i = 0; i < x->secrets.n; i++) {
		struct credential *c = x->secrets.at[i].credential;

		if (c != NULL && c->secret == NULL) {
			credential_refused(c, x->secrets.at[i].text);
			again = true;
		}
	}
	x->replayed = again;
	return again;
}

/* Appends a stranger's text with the secrets that it repeats taken out. */
static void add_without_secrets(const struct exchange *x, struct buf *b, const char *text,
				size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const struct http_secret *next = NULL;
		const char *at = end;

		for (size_t i = 0; i < x->secrets.n; i++) {
			const struct http_secret *s = &x->secrets.at[i];
			const char *secret = secret_text(s->text);
			const char *found =
				memmem(text, (size_t)(end - text), secret, strlen(secret));

			if (found != NULL && found < at && strlen(secret) >= SECRET_MIN) {
				next = s;
				at = found;
			}
		}
		buf_add(b, text, (size_t)(at - text));
		if (next != NULL) {
			buf_printf(b, "[secret %s]", next->name);
			at += strlen(secret_text(next->text));
		}
		text = at;
	}
}

static struct bldr_value *text_of(const struct exchange *x, const char *text, size_t size)
{
	struct bldr_value *v;
	struct buf b;

	if (x->secrets.n == 0) {
		return bldr_text_n(text, size);
	}
	buf_init(&b, SIZE_MAX / 4);
	add_without_secrets(x, &b, text, size);
	v = bldr_text_n(b.data, b.size);
	buf_release(&b);
	return v;
}

/* Without what is around it; libcurl 7.88 leaves the line break of an empty one. */
static size_t value_size(const char *value)
{
	size_t size = strlen(value);

	while (size > 0 && strchr(" \t\r\n", value[size - 1]) != NULL) {
		size--;
	}
	return size;
}

/* Name -> value, names in lower case; of several of one name the values are joined as RFC 9110, 5.3 says, but for cookies, which
 * cannot be. */
static struct bldr_value *headers_of(struct exchange *x)
{
	struct bldr_value *all = bldr_object();
	struct curl_header *h = NULL;

	while ((h = curl_easy_nextheader(x->transfer.easy, CURLH_HEADER, -1, h)) != NULL) {
		struct bldr_value *value = text_of(x, h->value, value_size(h->value));
		char *name = xstrdup(h->name);
		const char *before;

		http_lower(name);
		before = bldr_get_text(all, name);
		if (before != NULL) {
			struct bldr_value *both = bldr_textf(
				"%s%s%s", before, strcmp(name, "set-cookie") == 0 ? "\n" : ", ",
				bldr_as_text(value));

			bldr_unref(value);
			value = both;
		}
		bldr_object_set(all, name, value);
		free(name);
	}
	return all;
}

static void answer(struct exchange *x)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "status", bldr_int(x->status));
	bldr_object_set(v, "headers", headers_of(x));
	if (x->saves) {
		struct bldr_value *saved = bldr_object();
		char hex[HASH_HEX_MAX];

		hash_end(&x->hash, hex);
		bldr_object_set(saved, "path", bldr_text(x->request->save));
		bldr_object_set(saved, "hash", bldr_text(hex));
		bldr_object_set(saved, "bytes", bldr_int((int64_t)x->bytes));
		bldr_object_set(v, "saved", saved);
	} else {
		bldr_object_set(v, "body", text_of(x, x->body.data, x->body.size));
		if (!utf8_valid(x->body.data, x->body.size) ||
		    memchr(x->body.data, '\0', x->body.size) != NULL) {
			bldr_object_set(v, "malformed", bldr_bool(true));
		}
	}
	http_answer(x->flight, v);
	bldr_unref(v);
}

/* Failures that another try would meet again. */
static bool is_lasting(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
		code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
		code == CURLE_URL_MALFORMAT || code == CURLE_BAD_CONTENT_ENCODING;
}

static void fail(struct exchange *x)
{
	struct flight *f = x->flight;
	const char *why = x->why[0] != '\0' ? x->why : curl_easy_strerror(x->code);
	bool silent = x->begun && x->code == CURLE_OPERATION_TIMEDOUT;
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	buf_printf(&b, "http \"%s\" failed: ", f->label);
	if (silent) {
		buf_printf(&b, "nothing moved for %" PRId64 " ms", x->request->idle_ms);
	} else {
		if (isupper((unsigned char)why[0]) &&
		    !isupper((unsigned char)why[1])) { /* "SSL" stays */
			buf_printf(&b, "%c", tolower((unsigned char)why[0]));
			why++;
		}
		add_without_secrets(x, &b, why, strlen(why));
	}
	if (x->begun && f->cls == BLDR_ONCE) {
		buf_puts(&b, "; it may or may not have been performed");
		flight_failed(f, BLDR_UNKNOWN, BLDR_E_FAILED, b.data);
	} else if (silent) {
		flight_failed(f, BLDR_TIMED_OUT, BLDR_E_TIMEOUT, b.data);
	} else {
		flight_failed(f, BLDR_FAILED,
			      is_lasting(x->code) ? BLDR_E_FAILED : BLDR_E_UNAVAILABLE, b.data);
	}
	buf_release(&b);
}

bool exchange_ended(struct exchange *x, CURLcode code)
{
	long status = 0;

	x->code = x->enough ? CURLE_OK : code;
	if (x->code == CURLE_OK && !x->answered) {
		begin_body(x);
	}
	(void)curl_easy_getinfo(x->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	x->status = status;
	return x->code == CURLE_OK && x->saves;
}

void exchange_save(struct exchange *x)
{
	if (file_end(&x->file, &x->stop) < 0) {
		(void)bldr_error_prefix(&x->stop, "but its body is not saved");
	}
}

void exchange_answer(struct exchange *x)
{
	if (x->upload.wrong.code < 0) { /* what has been sent is no request yet */
		flight_failed(x->flight, BLDR_FAILED, x->upload.wrong.code, x->upload.wrong.text);
	} else if (x->stop.code < 0) {
		http_refuse(x->flight, x->status, x->stop.code, x->stop.text);
	} else if (x->code != CURLE_OK) {
		fail(x);
	} else {
		answer(x);
	}
}
