/* libcurl reads them, as it does when it sends. */
#include "host/http_url.h"

#include <string.h>

#include "host/curl_late.h"
#include "host/http_request.h"

/* A part of a parsed URL in the arena, in lower case, or NULL. */
static const char *url_part(struct arena *a, CURLU *u, CURLUPart part)
{
	char *text = NULL;
	char *copy = NULL;

	if (curl_url_get(u, part, &text, 0) == CURLUE_OK) {
		copy = arena_strdup(a, text);
		http_lower(copy);
	}
	curl_free(text);
	return copy;
}

static bool is_local(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
		strcmp(host, "[::1]") == 0;
}

bool http_url_read(const char *url, struct arena *a, struct http_url *ret)
{
	CURLU *u = curl_url();
	struct http_url r = { 0 };

	if (u != NULL && url != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    url_part(a, u, CURLUPART_USER) == NULL && url_part(a, u, CURLUPART_PASSWORD) == NULL) {
		r.scheme = url_part(a, u, CURLUPART_SCHEME);
		r.host = url_part(a, u, CURLUPART_HOST);
	}
	curl_url_cleanup(u);
	if (r.scheme == NULL || r.host == NULL ||
	    (strcmp(r.scheme, "http") != 0 && strcmp(r.scheme, "https") != 0)) {
		return false;
	}
	r.local = is_local(r.host);
	*ret = r;
	return true;
}

bool http_url_is_private(const struct http_url *u)
{
	return strcmp(u->scheme, "https") == 0 || u->local;
}
