/*
 * Worker threads that perform flights. Not libuv's pool: its four threads serve file I/O, which
 * long work would starve. The pool borrows flights; who added them frees them.
 */
#pragma once

#include "host/effect.h"

struct pool;

/*
 * news(user) is called on a worker each time a flight has landed, or one that has a timeout has
 * begun (started_ms is set then, by clock). Signals stay blocked in workers if the caller blocks
 * them.
 */
struct pool *pool_new(unsigned workers, int64_t (*clock_ms)(void), void (*news)(void *user),
		      void *user);
void pool_add(struct pool *p, struct flight *f);
/* The flights that landed since the last call, oldest first, linked by queue; NULL: none. */
struct flight *pool_landed(struct pool *p);
/* Waits until each worker has ended what it performs; what is still queued is not begun. */
void pool_free(struct pool *p);
