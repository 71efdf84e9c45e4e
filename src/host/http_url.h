/*
 * URLs that requests may be sent to.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

struct http_url {
	const char *scheme, *host; /* in lower case; the arena's */
	bool local;                /* of this machine */
};

/* An absolute http or https URL without user and password. False: it is none. curl_load has been called. */
bool http_url_read(const char *url, struct arena *a, struct http_url *ret);
/* Whether nobody else can read what is sent to it without a proxy: https, or this machine. */
bool http_url_is_private(const struct http_url *u);
