/*
 * Virtual time. What is dispatched is performed at once, but lands when its declared duration is
 * over, in the order of (time, effect id, dispatch); all that lands at one instant is delivered
 * in one turn. An effect that would take longer than its timeout is not performed: it lands as
 * TIMED_OUT when the timeout is over.
 */
#include "host/sim_host.h"

#include <stdlib.h>

#include "base/check.h"

struct sim_host {
	struct host host;
	int64_t now_ms;
	struct flight *first, *last; /* by time of landing */
};

static bool lands_before(const struct flight *a, const struct flight *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->effect < b->effect;
}

/* Most land behind all others, so the place is looked for from the end. */
static void insert(struct sim_host *s, struct flight *f)
{
	struct flight *before = s->last;

	while (before != NULL && lands_before(f, before)) {
		before = before->prev;
	}
	f->prev = before;
	f->next = before != NULL ? before->next : s->first;
	if (f->next != NULL) {
		f->next->prev = f;
	} else {
		s->last = f;
	}
	if (before != NULL) {
		before->next = f;
	} else {
		s->first = f;
	}
}

static struct flight *take_first(struct sim_host *s)
{
	struct flight *f = s->first;

	s->first = f->next;
	if (s->first != NULL) {
		s->first->prev = NULL;
	} else {
		s->last = NULL;
	}
	return f;
}

static void perform(struct host *h, struct flight *f)
{
	struct sim_host *s = (struct sim_host *)h;

	if (f->timeout_ms > 0 && f->virtual_ms > f->timeout_ms) {
		f->due_ms = s->now_ms + f->timeout_ms;
		f->status = BLDR_TIMED_OUT;
		f->error = flight_expiry(f);
	} else {
		f->due_ms = s->now_ms + f->virtual_ms;
		f->kind->perform(f);
	}
	insert(s, f);
}

/* Moves the clock to the next landing and lands all that is due then. */
static void advance(struct sim_host *s, struct driver *d)
{
	s->now_ms = s->first->due_ms;
	while (s->first != NULL && s->first->due_ms == s->now_ms) {
		struct flight *f = take_first(s);

		driver_land(d, f, f->status, f->code, f->text, f->error);
		f->text = NULL;
		f->error = NULL;
		flight_free(f);
	}
}

static int run(struct host *h, struct driver *d, struct bldr_error *err)
{
	struct sim_host *s = (struct sim_host *)h;
	int rc = 0;

	for (;;) {
		struct batch *b = driver_batch(d, s->now_ms);

		if (b != NULL) {
			rc = batch_commit(b, d->journal, err);
			if (rc < 0) {
				driver_discard(b);
				break;
			}
			driver_committed(d, b);
		} else if (s->first != NULL && !d->stop) {
			advance(s, d);
		} else {
			break;
		}
	}
	while (s->first != NULL) {
		flight_free(take_first(s));
	}
	return rc;
}

static int64_t now_ms(struct host *h)
{
	return ((struct sim_host *)h)->now_ms;
}

static void nothing(struct host *h)
{
	(void)h; /* the loop looks by itself */
}

static void sim_free(struct host *h)
{
	ASSERT(((struct sim_host *)h)->first == NULL);
	free(h);
}

struct host *sim_host_new(void)
{
	struct sim_host *s = xcalloc(1, sizeof(*s));

	s->host = (struct host){
		.perform = perform,
		.wake = nothing,
		.run = run,
		.now_ms = now_ms,
		.interrupt = nothing,
		.free = sim_free,
	};
	return &s->host;
}
