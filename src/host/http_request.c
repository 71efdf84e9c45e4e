/*
 * Requests are strict: an unknown key, a header that would break the message apart or say its length, a URL of another
 * scheme or with a password in it (it would be recorded) is refused before anything is sent. No message quotes
 * the URL.
 */
#include "host/http_request.h"

#include <string.h>
#include <strings.h>

#include "host/curl_late.h"
#include "host/http_url.h"

static int wrong(struct bldr_error *err, const char *what)
{
	return bldr_error_set(err, BLDR_E_INVALID, "an effect of kind \"http\" %s", what);
}

static bool is_among(const char *text, const char *const *list)
{
	while (*list != NULL && strcasecmp(*list, text) != 0) {
		list++;
	}
	return *list != NULL;
}

static int check_keys(const struct bldr_value *args, struct bldr_error *err)
{
	static const char *const keys[] = { "method", "url",       "headers",   "body",    "json",
					    "upload", "pick",      "max_bytes", "idle_ms", "save",
					    "ok",     "transient", "proxy",     "ca",      NULL };

	for (void *it = bldr_first(args); it != NULL; it = bldr_next(args, it)) {
		size_t i = 0;

		while (keys[i] != NULL && strcmp(keys[i], bldr_key(it)) != 0) {
			i++;
		}
		if (keys[i] == NULL) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"an effect of kind \"http\" takes method, url, headers, "
				"body, json, upload, pick, max_bytes, idle_ms, save, ok, "
				"transient, proxy and ca, not \"%s\"",
				bldr_key(it));
		}
	}
	return 0;
}

void http_lower(char *text)
{
	for (char *c = text; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z') {
			*c |= 0x20;
		}
	}
}

static int read_url(struct flight *f, struct http_request *q, bool *ret_private,
		    struct bldr_error *err)
{
	struct http_url u;

	q->url = bldr_get_text(f->args, "url");
	if (!http_url_read(q->url, &f->arena, &u)) {
		return wrong(err,
			     "needs \"url\": an absolute http or https URL without user and "
			     "password");
	}
	*ret_private = strcmp(u.scheme, "https") == 0 ||
		(u.local && bldr_get(f->args, "proxy") == NULL);
	f->label = u.host;
	return 0;
}

static int read_method(const struct bldr_value *args, struct http_request *q, struct bldr_error *err)
{
	static const char *const methods[] = { "GET",   "HEAD",   "POST",    "PUT",
					       "PATCH", "DELETE", "OPTIONS", NULL };
	const struct bldr_value *method = bldr_get(args, "method");
	size_t i = 0;

	q->method = method == NULL ? "GET" : bldr_as_text(method);
	while (q->method != NULL && methods[i] != NULL && strcmp(methods[i], q->method) != 0) {
		i++;
	}
	return q->method != NULL && methods[i] != NULL
		? 0
		: wrong(err,
			"has \"method\" GET (which is meant without one), HEAD, POST, PUT, PATCH, "
			"DELETE or OPTIONS");
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text)
{
	return text[0] != '\0' &&
		text[strspn(text,
			    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* RFC 9110, 5.5: no control characters but tabs. */
static bool is_field_text(const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F) {
			return false;
		}
	}
	return true;
}

bool http_is_secret_text(const char *text)
{
	return is_field_text(text) && strchr(text, '\t') == NULL;
}

/* {key: NAME, "prefix": text}: the name, or NULL. */
static const char *named(const struct bldr_value *v, const char *key)
{
	const struct bldr_value *prefix = bldr_get(v, "prefix");
	const char *name = bldr_get_text(v, key);

	return name != NULL && name[0] != '\0' && strchr(name, '=') == NULL &&
			(prefix == NULL || bldr_as_text(prefix) != NULL) &&
			bldr_count(v) == (prefix != NULL ? 2 : 1)
		? name
		: NULL;
}

static struct http_header header_of(const char *name, const struct bldr_value *v)
{
	struct http_header h = { .name = name, .text = bldr_as_text(v) };

	if (h.text == NULL) {
		const char *prefix = bldr_get_text(v, "prefix");

		h.secret = named(v, "secret");
		h.credential = named(v, "credential");
		if (h.secret != NULL || h.credential != NULL) {
			h.text = prefix != NULL ? prefix : "";
		}
	}
	return h;
}

static int read_header(struct flight *f, struct http_request *q, const char *name,
		       const struct bldr_value *v, bool private, struct bldr_error *err)
{
	/* The client's own: where a message goes to, where it ends, and who may read on. */
	static const char *const ours[] = { "host",
					    "content-length",
					    "transfer-encoding",
					    "connection",
					    "keep-alive",
					    "proxy-connection",
					    "expect",
					    "te",
					    "trailer",
					    "upgrade",
					    NULL };
	struct http_header h = header_of(name, v);

	if (!is_token(name) || h.text == NULL || !is_field_text(h.text)) {
		return wrong(err,
			     "has \"headers\": {name: text without line breaks, or {\"secret\" or "
			     "\"credential\": NAME, \"prefix\": text}}");
	}
	if (is_among(name, ours)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "an effect of kind \"http\" cannot set the header \"%s\", "
				      "which is the client's",
				      name);
	}
	if ((h.secret != NULL || h.credential != NULL) && !private) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the %s \"%s\" would be read by others: a URL with secrets "
				      "is https, or of this machine",
				      h.secret != NULL ? "secret" : "credential",
				      h.secret != NULL ? h.secret : h.credential);
	}
	*LIST_ADD(&f->arena, &q->headers) = h;
	return 0;
}

static int read_headers(struct flight *f, struct http_request *q, bool private,
			struct bldr_error *err)
{
	const struct bldr_value *headers = bldr_get(f->args, "headers");
	int rc = 0;

	if (headers != NULL && bldr_type_of(headers) != BLDR_OBJECT) {
		return wrong(err, "has \"headers\" as an object");
	}
	for (void *it = bldr_first(headers); it != NULL && rc == 0; it = bldr_next(headers, it)) {
		rc = read_header(f, q, bldr_key(it), bldr_item(it), private, err);
	}
	return rc;
}

static int read_upload(const struct bldr_value *upload, struct http_request *q,
		       struct bldr_error *err)
{
	const struct bldr_value *hash = bldr_get(upload, "hash");
	const struct bldr_value *bytes = bldr_get(upload, "bytes");

	const struct bldr_value *before = bldr_get(upload, "before");
	const struct bldr_value *after = bldr_get(upload, "after");
	struct upload_body *u = &q->upload;

	*u = (struct upload_body){ .path = bldr_as_text(upload), .bytes = -1 };
	if (bldr_type_of(upload) == BLDR_OBJECT) {
		u->path = bldr_get_text(upload, "path");
		u->hash = bldr_as_text(hash);
		u->bytes = bytes != NULL ? bldr_as_int(bytes, -2) : -1;
		u->before = bldr_as_text(before);
		u->after = bldr_as_text(after);
	}
	if (u->path == NULL || u->path[0] == '\0' || u->bytes < -1 ||
	    (hash != NULL && u->hash == NULL) || (before != NULL && u->before == NULL) ||
	    (after != NULL && u->after == NULL)) {
		return wrong(err,
			     "has \"upload\": path, or {\"path\": path, \"hash\": text, "
			     "\"bytes\": n, \"before\": text, \"after\": text}");
	}
	return 0;
}

static int read_body(struct flight *f, struct http_request *q, struct bldr_error *err)
{
	const struct bldr_value *body = bldr_get(f->args, "body");
	const struct bldr_value *json = bldr_get(f->args, "json");
	const struct bldr_value *upload = bldr_get(f->args, "upload");
	int bodies = (body != NULL) + (json != NULL) + (upload != NULL);

	if (bodies > 1 || (body != NULL && bldr_as_text(body) == NULL) ||
	    (bodies > 0 && strcmp(q->method, "HEAD") == 0)) {
		return wrong(err,
			     "has \"body\", a text, or \"json\", a value, or \"upload\", a file, or "
			     "none of them; a HEAD has none");
	}
	q->body = bldr_as_text(body);
	if (json != NULL) {
		char *text = bldr_value_text(json);

		q->body = arena_strdup(&f->arena, text);
		q->is_json = true;
		free(text);
	}
	return upload != NULL ? read_upload(upload, q, err) : 0;
}

/* What says "later": statuses, and texts of bodies. */
static int read_transient(const struct bldr_value *args, struct http_request *q,
			  struct bldr_error *err)
{
	q->transient = bldr_get(args, "transient");
	for (size_t i = 0; i < bldr_count(q->transient); i++) {
		const struct bldr_value *v = bldr_at(q->transient, i);
		const char *text = bldr_as_text(v);
		int64_t status = bldr_as_int(v, 0);

		if (text != NULL ? text[0] == '\0' : status < 400 || status > 599) {
			return wrong(err,
				     "has \"transient\" as a list of statuses, 400 to 599, and of "
				     "texts");
		}
	}
	return q->transient == NULL || bldr_type_of(q->transient) == BLDR_LIST
		? 0
		: wrong(err, "has \"transient\" as a list of statuses, 400 to 599, and of texts");
}

static int read_ok(const struct bldr_value *args, struct http_request *q, struct bldr_error *err)
{
	q->ok = bldr_get(args, "ok");
	for (size_t i = 0; i < bldr_count(q->ok); i++) {
		int64_t status = bldr_as_int(bldr_at(q->ok, i), 0);

		if (status < 200 || status > 599) {
			return wrong(err, "has \"ok\" as a list of statuses, 200 to 599");
		}
	}
	return q->ok == NULL || (bldr_type_of(q->ok) == BLDR_LIST && bldr_count(q->ok) > 0)
		? 0
		: wrong(err, "has \"ok\" as a list of statuses, 200 to 599");
}

/* What of a JSON answer is the result. */
static int read_pick(const struct bldr_value *args, struct http_request *q, struct bldr_error *err)
{
	const struct bldr_value *pick = bldr_get(args, "pick");
	const struct bldr_value *max = bldr_get(pick, "text_max");

	q->pick = bldr_get(pick, "members");
	q->text_max = bldr_as_int(max, 0);
	for (size_t i = 0; i < bldr_count(q->pick); i++) {
		if (bldr_as_text(bldr_at(q->pick, i)) == NULL) {
			q->pick = NULL;
		}
	}
	if (pick != NULL &&
	    (bldr_type_of(q->pick) != BLDR_LIST || (max != NULL && q->text_max < 1) ||
	     bldr_get(args, "save") != NULL)) {
		return wrong(err,
			     "has \"pick\": {\"members\": [path...], \"text_max\": bytes}, and no "
			     "\"save\" then");
	}
	return 0;
}

static bool is_text_or_absent(const struct bldr_value *v)
{
	return v == NULL || (bldr_as_text(v) != NULL && bldr_as_text(v)[0] != '\0');
}

static int read_limits(const struct bldr_value *args, struct http_request *q, struct bldr_error *err)
{
	int64_t usual = bldr_get(args, "save") != NULL ? HTTP_SAVED_MAX
		: q->pick != NULL                      ? HTTP_PICKED_MAX
						       : BLDR_RESULT_MAX;
	const struct bldr_value *max = bldr_get(args, "max_bytes");
	const struct bldr_value *idle = bldr_get(args, "idle_ms");
	int64_t max_bytes = max == NULL ? usual : bldr_as_int(max, 0);

	q->idle_ms = idle == NULL ? HTTP_IDLE_MS : bldr_as_int(idle, 0);
	if (max_bytes < 1 || q->idle_ms < 1 || q->idle_ms > 86400000) {
		return wrong(err,
			     "has \"max_bytes\" and \"idle_ms\" as integers, 1 and more, the "
			     "latter a day at most");
	}
	q->max_bytes = (uint64_t)max_bytes;
	if (!is_text_or_absent(bldr_get(args, "save")) ||
	    !is_text_or_absent(bldr_get(args, "proxy")) ||
	    !is_text_or_absent(bldr_get(args, "ca"))) {
		return wrong(err, "has \"save\", \"proxy\" and \"ca\" as texts");
	}
	q->save = bldr_get_text(args, "save");
	q->proxy = bldr_get_text(args, "proxy");
	q->ca = bldr_get_text(args, "ca");
	if (q->proxy != NULL &&
	    (strncmp(q->proxy, "http://", strlen("http://")) != 0 ||
	     strchr(q->proxy, '@') != NULL)) {
		return wrong(err, "has \"proxy\" as http://host:port");
	}
	return 0;
}

int http_request_read(struct flight *f, struct http_request **ret, struct bldr_error *err)
{
	struct http_request *q = ARENA_NEW(&f->arena, struct http_request);
	bool private = false;
	int rc = check_keys(f->args, err);

	rc = rc == 0 ? curl_load(err) : rc;
	rc = rc == 0 ? read_url(f, q, &private, err) : rc;
	rc = rc == 0 ? read_method(f->args, q, err) : rc;
	rc = rc == 0 ? read_headers(f, q, private, err) : rc;
	rc = rc == 0 ? read_body(f, q, err) : rc;
	rc = rc == 0 ? read_ok(f->args, q, err) : rc;
	rc = rc == 0 ? read_transient(f->args, q, err) : rc;
	rc = rc == 0 ? read_pick(f->args, q, err) : rc;
	rc = rc == 0 ? read_limits(f->args, q, err) : rc;
	if (rc == 0) {
		*ret = q;
	}
	return rc;
}

bool http_request_names(const struct http_request *q, const char *name)
{
	for (size_t i = 0; i < q->headers.n; i++) {
		if (strcasecmp(q->headers.at[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

bool http_is_transient(const struct flight *f, int64_t status, const char *body)
{
	const struct http_request *q = f->target;

	if (f->cls == BLDR_ONCE || status < 400) {
		return false;
	}
	for (size_t i = 0; i < bldr_count(q->transient); i++) {
		const struct bldr_value *v = bldr_at(q->transient, i);
		const char *text = bldr_as_text(v);

		if (text != NULL ? body != NULL && strstr(body, text) != NULL
				 : bldr_as_int(v, 0) == status) {
			return true;
		}
	}
	return q->transient == NULL && (status == 429 || status >= 500);
}

bool http_fails(const struct flight *f, int64_t status, const char *body)
{
	const struct http_request *q = f->target;

	for (size_t i = 0; i < bldr_count(q->ok); i++) {
		if (bldr_as_int(bldr_at(q->ok, i), 0) == status) {
			return false;
		}
	}
	return q->ok != NULL || http_is_transient(f, status, body);
}
