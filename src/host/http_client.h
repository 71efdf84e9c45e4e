/*
 * libcurl on a libuv loop: performs flights of kind "http". Everything on the loop's thread; ended is never called from inside
 * of a call of these. Connections are kept for further requests, but for class once.
 */
#pragma once

#include <uv.h>

#include "base/map.h"
#include "host/effect.h"

struct http_client;

/* credentials: name -> struct credential, borrowed; who asks for their tokens is this client. ended comes once for each
 * flight that was started, which then holds its result; it may free it. */
struct http_client *http_client_new(uv_loop_t *loop, const struct map *credentials,
				    void (*ended)(struct flight *f, void *user), void *user);
/* After its last flight has ended. Its handles close on the loop, which has to be run once more. NULL is fine. */
void http_client_free(struct http_client *c);

void http_start(struct http_client *c, struct flight *f);
/* Whether nobody can say that f's request has not been sent. f has not ended. */
bool http_is_begun(const struct flight *f);
/* Breaks the exchange off; ended follows. */
void http_cancel(struct flight *f);
