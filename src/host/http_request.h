/*
 * What an effect of kind "http" asks for, read and checked once, before its flight begins. <bldr/effect.h> says what each
 * key means.
 */
#pragma once

#include "host/effect.h"
#include "host/upload.h"

enum {
	HTTP_SAVED_MAX = 1 << 30,    /* of a saved body, unless max_bytes says otherwise */
	HTTP_PICKED_MAX = 16 << 20,  /* of a body that is picked from, likewise */
	HTTP_IDLE_MS = 120000,       /* unless idle_ms says otherwise */
	HTTP_SHOWN_MAX = 200,        /* of the body of a failure, in its error */
	HTTP_PAUSE_MAX_MS = 21600000 /* a longer Retry-After counts as six hours */
};

struct http_header {
	const char *name, *text;
	const char *secret; /* NULL, or the name of the environment variable that follows text */
	const char *credential; /* NULL, or the name of the engine's credential that follows text */
};

/* In the flight's arena and args. */
struct http_request {
	const char *method, *url;
	LIST(struct http_header) headers;
	const char *body; /* NULL: none */
	bool is_json;
	struct upload_body upload;     /* .path NULL: none */
	const struct bldr_value *pick; /* NULL, or the members that are the result */
	int64_t text_max;              /* 0: texts are not cut */
	uint64_t max_bytes;
	int64_t idle_ms;
	const char *save, *proxy, *ca;       /* NULL: none */
	const struct bldr_value *ok;         /* list of statuses, or NULL */
	const struct bldr_value *transient;  /* list of statuses and texts, or NULL: 429 and 5xx */
	const struct bldr_work_type *player; /* in simulation; or NULL */
};

/* ASCII letters in lower case, in place. */
void http_lower(char *text);
/* Whether a secret can be sent in a header: it has no control character. */
bool http_is_secret_text(const char *text);
/* The request of a flight; its label becomes the host of the URL, in lower case. Errors: INVALID. */
int http_request_read(struct flight *f, struct http_request **ret, struct bldr_error *err);
/* Whether the request names a header, in whatever case. */
bool http_request_names(const struct http_request *q, const char *name);
/* Whether an answer says "later": the effect's failure, UNAVAILABLE. body: its text, or NULL. Of class once no answer does. */
bool http_is_transient(const struct flight *f, int64_t status, const char *body);
/* Whether an answer is the effect's failure. body: as above. */
bool http_fails(const struct flight *f, int64_t status, const char *body);
