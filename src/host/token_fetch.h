/*
 * Getting a token: the steps of discovery, then the token endpoint, as transfers of libcurl that a client drives. What
 * may pass - 429, 502, 503, 504, no connection, no answer in time - is tried again within a minute, with pauses of 1, 2, 4... s
 * or Retry-After, whichever is longer; nothing else is.
 */
#pragma once

#include "host/credential.h"
#include "host/curl_late.h"
#include "host/transfer.h"

struct token_fetch {
	struct transfer transfer;
	struct credential *credential;
	bool sending;     /* libcurl has it */
	int64_t due_ms;   /* when the next try is to be sent; when it is not sending */
	int64_t until_ms; /* no try begins or lasts longer */
	unsigned tries;   /* of this step */

	size_t step; /* of discovery; n_discovery: the token */
	char *url;   /* where the next request goes */
	struct curl_slist *headers;
	char *form; /* secret_alloc; or NULL */
	char *body; /* secret_alloc: the answer */
	size_t size;
	int64_t retry_after_ms;
	char why[CURL_ERROR_SIZE];
};

enum token_turn {
	TOKEN_SEND,  /* at due_ms: token_fetch_send */
	TOKEN_HAD,   /* the credential has it */
	TOKEN_MISSED /* err says why: UNAVAILABLE, or FAILED when asking again does not help */
};

/* For a client of OAuth. now_ms: of the same clock as in all calls. */
struct token_fetch *token_fetch_new(struct credential *c, int64_t now_ms);
/* Not while it is being sent. NULL is fine. */
void token_fetch_free(struct token_fetch *t);
/* Makes the request of the next try, for the client to add: t->transfer.easy. */
void token_fetch_send(struct token_fetch *t, int64_t now_ms);
/* The transfer has ended and was taken out. */
enum token_turn token_fetch_ended(struct token_fetch *t, CURLcode code, int64_t now_ms,
				  struct bldr_error *err);
