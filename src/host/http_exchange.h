/*
 * One request and its answer, as a transfer of libcurl: made from a flight, driven by a client, turned into the flight's
 * result. No loop, no waiting but for what is written to a file.
 */
#pragma once

#include <sys/queue.h>

#include <uv.h>

#include "base/buf.h"
#include "base/file.h"
#include "host/curl_late.h"
#include "host/http_request.h"

struct http_client;

/* A header's secret, as it was when the request was made; for who echoes it. */
struct http_secret {
	const char *name, *text;
};

struct exchange {
	struct flight *flight;
	const struct http_request *request;
	CURL *easy;
	struct curl_slist *headers;
	LIST(struct http_secret) secrets; /* in the flight's arena */
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
	struct http_client *client;
	bool under_way; /* libcurl has it */
	uv_work_t work; /* while the file is made durable */
	STAILQ_ENTRY(exchange) in_list;
	TAILQ_ENTRY(exchange) in_client; /* while it is under way */
};

/* *ret is the caller's even when it fails; nothing is to be sent then. Errors: NOT_FOUND (a secret that is not in the environment), INVALID (one that no header
 * can hold), IO (the file for its body). */
int exchange_new(struct flight *f, struct exchange **ret, struct bldr_error *err);
/* Also of one that is under way in no client any more. */
void exchange_free(struct exchange *x);
/* The transfer has ended. True: there is a file to be made durable by exchange_save first, then exchange_answer. */
bool exchange_ended(struct exchange *x, CURLcode code);
/* When it is to be given up because nothing moves, unless it does meanwhile; by uv_hrtime, in ms. */
int64_t exchange_idle_at(struct exchange *x);
/* Any thread, as long as nobody else touches x. */
void exchange_save(struct exchange *x);
/* Fills the flight's result. */
void exchange_answer(struct exchange *x);
