/*
 * Worker threads that perform flights. Not libuv's pool: its four threads serve file I/O, which
 * long work would starve. The pool borrows flights; who added them frees them.
 */
#pragma once

#include "host/effect.h"

struct pool;

/*
 * news(user) is called on a worker each time a flight has landed, or said something, or one that has a timeout has
 * begun (started_ms is set then, by clock). Signals stay blocked in workers if the caller blocks
 * them.
 */
struct pool *pool_new(unsigned workers, int64_t (*clock_ms)(void), void (*news)(void *user),
		      void *user);
void pool_add(struct pool *p, struct flight *f);
/* The flights that landed since the last call, oldest first, linked by queue; NULL: none. */
struct flight *pool_landed(struct pool *p);

/* What work said while it is performed (bldr_work_emit), in order, since the last call; linked by next. The caller frees each with
 * spoken_free. NULL: nothing. Take it after pool_landed, and deliver it before: nothing of a flight that landed is missed then. */
struct spoken {
	char *thread;
	int64_t effect;
	uint32_t attempt;
	const char *mode;
	char *text;
	struct spoken *next;
};
struct spoken *pool_spoken(struct pool *p);
void spoken_free(struct spoken *s);
/* Waits until each worker has ended what it performs; what is still queued is not begun. */
void pool_free(struct pool *p);
