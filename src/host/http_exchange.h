/*
 * One request and its answer, as a transfer of libcurl: made from a flight, driven by a client, turned into the flight's
 * result. No loop, no waiting but for what is written to a file.
 */
#pragma once

#include <sys/queue.h>

#include <uv.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/map.h"
#include "host/credential.h"
#include "host/http_request.h"
#include "host/transfer.h"
#include "host/upload.h"

/* A header's secret, as it was when the request was made; for who echoes it. */
struct http_secret {
	const char *name;
	struct secret *text;
	struct credential *credential; /* whose it is; NULL: the environment's */
};

struct exchange {
	struct transfer transfer;
	struct flight *flight;
	const struct http_request *request;
	struct credential *waits_for; /* whose token is to come first; NULL: nobody's */
	bool waited, replayed;

	/* Of one try. */
	struct curl_slist *headers;
	LIST(struct http_secret) secrets; /* in the flight's arena */
	struct upload upload;
	char why[CURL_ERROR_SIZE];
	curl_off_t uploaded;
	int64_t moved_ms; /* when something last did, by uv_hrtime */
	bool begun; /* the request may be on its way: nobody can say any more that it was not sent */

	/* The answer. */
	CURLcode code;
	bool answered; /* its headers are there */
	int64_t status;
	size_t header_bytes;
	struct buf body;
	uint64_t bytes;
	struct file_writer file; /* when it is saved */
	bool saves;
	struct hash_state hash;
	bool enough;            /* of a failure's body */
	struct bldr_error stop; /* code 0, or why no more of it is taken */

	/* The client's. */
	bool under_way; /* libcurl has it */
	uv_work_t work; /* while the file is made durable */
	STAILQ_ENTRY(exchange) in_list;
	TAILQ_ENTRY(exchange) in_client; /* while it is under way, or waits for a token */
};

struct exchange *exchange_new(struct flight *f);
/* Makes the request. credentials: name -> struct credential, which have what is to be sent. Errors: NOT_FOUND (a secret that is
 * not in the environment, a credential that nobody has registered, a file to send), INVALID (a secret that no header can hold),
 * IO (a file), CHANGED (the file to send). */
int exchange_begin(struct exchange *x, const struct map *credentials, struct bldr_error *err);
/* Drops what the last try has left, for another one. It is under way in no client any more. */
void exchange_reset(struct exchange *x);
/* Also of one that is under way in no client any more. */
void exchange_free(struct exchange *x);
/* Whether what was answered is worth a second try with other tokens, and no second one was made: these are forgotten then. */
bool exchange_refused(struct exchange *x);
/* The transfer has ended. True: there is a file to be made durable by exchange_save first, then exchange_answer. */
bool exchange_ended(struct exchange *x, CURLcode code);
/* When it is to be given up because nothing moves, unless it does meanwhile; by uv_hrtime, in ms. */
int64_t exchange_idle_at(struct exchange *x);
/* Any thread, as long as nobody else touches x. */
void exchange_save(struct exchange *x);
/* Fills the flight's result. */
void exchange_answer(struct exchange *x);
