/*
 * Credentials and their tokens: what is kept, and when a new token is to be asked for. No I/O, no clock: token_fetch.c asks,
 * http_client.c says what time it is.
 *
 *	none --fetch--> held --less than half of its life, and 20 minutes, left--> stale --fetch--> held
 *	  ^              \                                                           \--failed: a minute later again
 *	  '--its time is over, or it was refused (401)--------------------------------'
 */
#pragma once

#include <bldr/engine.h>
#include "base/arena.h"
#include "base/secret.h"

enum token_state {
	TOKEN_NONE,  /* nothing to send: wait for a fetch */
	TOKEN_HELD,  /* send it */
	TOKEN_STALE, /* send it, and fetch another one meanwhile */
};

struct credential {
	struct arena arena; /* of the texts */
	const char *name;
	struct secret *secret; /* as it is; NULL: a client */
	const char *token_url;
	struct bldr_discovery *discovery;
	size_t n_discovery;
	const char *client_id;
	struct secret *client_secret;
	const char *scope, *resource, *ca;
	bool basic;
	int64_t early_ms;

	/* The token. */
	struct secret *token;      /* NULL: none */
	int64_t life_ms;           /* of the token, from when it was had */
	int64_t ends_ms;           /* it counts as expired then */
	int64_t again_ms;          /* not asked for in the background before */
	struct token_fetch *fetch; /* what is under way, or NULL */
};

/* A copy. Errors: INVALID. */
int credential_new(const struct bldr_credential *from, struct credential **ret,
		   struct bldr_error *err);
/* No fetch is under way. NULL is fine. */
void credential_free(struct credential *c);

/* now_ms of any steady clock, the same for all calls. */
enum token_state credential_state(const struct credential *c, int64_t now_ms);
/* What is to be sent: the secret, or the token (not when the state is TOKEN_NONE). Borrowed. */
struct secret *credential_text(const struct credential *c);
/* A token was had; takes it. life_ms: how long it is good for, as the server said. */
void credential_had(struct credential *c, struct secret *token, int64_t life_ms, int64_t now_ms);
/* None was had. */
void credential_missed(struct credential *c, int64_t now_ms);
/* The token was refused: it is not sent again. One that has been replaced meanwhile is forgotten. */
void credential_refused(struct credential *c, const struct secret *token);
