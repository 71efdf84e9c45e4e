/* What a client drives: a handle of libcurl's, whose CURLOPT_PRIVATE is the transfer. */
#pragma once

#include "base/check.h"
#include "host/curl_late.h"

struct http_client;

struct transfer {
	CURL *easy;
	struct http_client *client;
	/* libcurl is done with it; it is still in the client. */
	void (*ended)(struct transfer *t, CURLcode code);
};

/* Sets CURLOPT_<option>, which cannot fail. t: a struct transfer *. */
#define TRANSFER_SET(t, option, value) \
	ASSERT(curl_easy_setopt((t)->easy, CURLOPT_##option, (value)) == CURLE_OK)

/*
 * A new handle with what all transfers have in common: HTTP/1.1, peers verified (against ca's certificates; NULL: the system's), no
 * redirect followed, nothing taken from the environment. proxy: or NULL.
 */
void transfer_begin(struct transfer *t, const char *proxy, const char *ca);
/* Releases the handle, in no client any more. Nothing happens when there is none. */
void transfer_end(struct transfer *t);
/* Frees headers that may hold secrets; NULL is fine. */
void transfer_free_headers(struct curl_slist *list);
