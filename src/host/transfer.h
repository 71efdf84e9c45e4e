/* What a client drives: a handle of libcurl's, whose CURLOPT_PRIVATE is the transfer. */
#pragma once

#include "host/curl_late.h"

struct http_client;

struct transfer {
	CURL *easy;
	struct http_client *client;
	/* libcurl is done with it; it is still in the client. */
	void (*ended)(struct transfer *t, CURLcode code);
};
