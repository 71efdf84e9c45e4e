/*
 * Effects of kind "http", and what their answers mean.
 *
 * An answer is a result whatever its status, but for 429 and 5xx: of pure and keyed effects these are failures with the code
 * UNAVAILABLE, which policies try again, no sooner than Retry-After says; "transient" names other statuses instead, and texts
 * of bodies. Of an effect of class once, which nobody tries again, each answer is a result: UNAVAILABLE says there that the
 * request was not sent. "ok" names the statuses that are results instead.
 */
#include "host/http.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/utf8.h"
#include "host/curl_late.h"
#include "host/http_pick.h"
#include "host/http_request.h"

/* Delay-seconds or a date (RFC 9110, 10.2.3), which is counted from the answer's own Date; 0: says nothing. */
static int64_t retry_after_ms(const struct bldr_value *headers)
{
	const char *text = bldr_get_text(headers, "retry-after");
	const char *date = bldr_get_text(headers, "date");
	int64_t seconds = 0;

	if (text == NULL || text[0] == '\0') {
		return 0;
	}
	if (text[strspn(text, "0123456789")] == '\0') {
		seconds = strlen(text) > 9 ? HTTP_PAUSE_MAX_MS : strtoll(text, NULL, 10);
	} else if (date != NULL) {
		time_t until = curl_getdate(text, NULL);
		time_t from = curl_getdate(date, NULL);

		seconds = until >= 0 && from >= 0 ? (int64_t)until - (int64_t)from : 0;
	}
	if (seconds <= 0) {
		return 0;
	}
	return seconds < HTTP_PAUSE_MAX_MS / 1000 ? seconds * 1000 : HTTP_PAUSE_MAX_MS;
}

/* The beginning of a body for an error: one line. The caller frees it. */
static char *shown(const char *body)
{
	size_t size = body != NULL ? strlen(body) : 0;
	char *text = xstrndup(body != NULL ? body : "", utf8_cut(body, size, HTTP_SHOWN_MAX));

	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F) {
			*c = ' ';
		}
	}
	return text;
}

static void fail(struct flight *f, int64_t status, const struct bldr_value *value)
{
	bool later = http_is_transient(f, status, bldr_get_text(value, "body"));
	char *body = shown(bldr_get_text(value, "body"));
	char *why = xasprintf("http \"%s\" answered %" PRId64 "%s%s", f->label, status,
			      body[0] != '\0' ? ": " : "", body);

	flight_failed(f, BLDR_FAILED, later ? BLDR_E_UNAVAILABLE : BLDR_E_FAILED, why);
	if (later) {
		f->retry_after_ms = retry_after_ms(bldr_get(value, "headers"));
	}
	free(why);
	free(body);
}

void http_refuse(struct flight *f, int64_t status, int code, const char *why)
{
	char *text = xasprintf("http \"%s\" answered %" PRId64 " %s", f->label, status, why);

	flight_failed(f, BLDR_FAILED, code, text);
	free(text);
}

/* The answer with a body of no more than was asked for, where it is one of success and JSON. */
static struct bldr_value *picked(const struct http_request *q, int64_t status,
				 const struct bldr_value *value)
{
	const char *body = bldr_get_text(value, "body");
	struct bldr_value *v = NULL;
	struct bldr_value *all;
	struct bldr_value *part;
	char *text;

	if (q->pick == NULL || status < 200 || status > 299 || body == NULL ||
	    bldr_value_parse(body, strlen(body), &v, NULL) < 0) {
		return bldr_ref(value);
	}
	part = http_pick(v, q->pick, q->text_max);
	text = bldr_value_text(part);
	all = bldr_object();
	for (void *it = bldr_first(value); it != NULL; it = bldr_next(value, it)) {
		bldr_object_set(all, bldr_key(it),
				strcmp(bldr_key(it), "body") == 0 ? bldr_text(text)
								  : bldr_ref(bldr_item(it)));
	}
	free(text);
	bldr_unref(part);
	bldr_unref(v);
	return all;
}

void http_answer(struct flight *f, const struct bldr_value *value)
{
	int64_t status = bldr_get_int(value, "status", 0);
	struct bldr_value *all;
	char *text;

	if (http_fails(f, status, bldr_get_text(value, "body"))) {
		fail(f, status, value);
		return;
	}
	all = picked(f->target, status, value);
	text = bldr_value_text(all);
	bldr_unref(all);
	if (strlen(text) > BLDR_RESULT_MAX) {
		http_refuse(f, status, BLDR_E_LIMIT,
			    "with more than a result can hold, 65536 bytes: have it saved with "
			    "\"save\": path");
		free(text);
		return;
	}
	f->status = BLDR_DONE;
	f->text = text;
}

static int prepare(struct flight *f, const struct map *works, struct bldr_error *err)
{
	struct http_request *q = NULL;
	int rc = http_request_read(f, &q, err);

	if (rc < 0) {
		return rc;
	}
	f->target = q;
	q->player = map_find(works, "http", strlen("http"));
	if (q->player != NULL) {
		f->virtual_ms = q->player->virtual_ms;
	}
	return 0;
}

/* Simulation sends nothing: the work of that name answers in the place of all servers, and its answers are judged as theirs. */
static void play(struct flight *f)
{
	const struct http_request *q = f->target;
	struct bldr_value *value = NULL;
	char *text;

	if (q->player == NULL) {
		flight_failed(f, BLDR_FAILED, BLDR_E_NOT_FOUND,
			      "no work \"http\" is registered, which plays servers in simulation");
		return;
	}
	flight_work(f, q->player, f->args);
	if (f->status != BLDR_DONE) {
		return;
	}
	text = f->text;
	f->text = NULL;
	ASSERT(bldr_value_parse(text, strlen(text), &value, NULL) == 0);
	free(text);
	if (bldr_get_int(value, "status", 0) == 0) {
		flight_failed(f, BLDR_FAILED, BLDR_E_INVALID,
			      "work \"http\" has to answer {\"status\", \"headers\", \"body\"}");
	} else {
		http_answer(f, value);
	}
	bldr_unref(value);
}

const struct effect_kind effect_http = {
	.name = "http",
	.way = WAY_HTTP,
	.prepare = prepare,
	.perform = play,
};
