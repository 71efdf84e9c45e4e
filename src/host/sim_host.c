/*
 * Virtual time. What is dispatched is performed at once, but lands when its declared duration is
 * over, in the order of (time, effect id, dispatch); all that lands at one instant is delivered
 * in one turn. An effect that would take longer than its timeout is not performed: it lands as
 * TIMED_OUT when the timeout is over, and returns when its duration is. A planned crash stops everything at once: what was in memory
 * is gone, the journal is what it was at that instant.
 */
#include "host/sim_host.h"

#include <stdlib.h>

#include "base/check.h"

struct sim_host {
	struct host host;
	int64_t now_ms;
	struct driver *driver;       /* while it runs */
	struct flight *first, *last; /* by time of landing */
	const struct bldr_fault *faults;
	size_t n_faults;
	unsigned effects, commits, landings; /* so far */
	int64_t commit_ms;                   /* how long one takes */
	bool crashed;
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

/* What is planned to go wrong there, or NULL. */
static const struct bldr_fault *fault_of(const struct sim_host *s, enum bldr_fault_at at,
					 unsigned nth)
{
	for (size_t i = 0; i < s->n_faults; i++) {
		if (s->faults[i].at == at && s->faults[i].nth == nth) {
			return &s->faults[i];
		}
	}
	return NULL;
}

static void crash(struct sim_host *s)
{
	s->crashed = true;
	s->driver->stop = true; /* nothing more is dispatched, or announced to be */
}

static void expire(struct sim_host *s, struct flight *f, int64_t after_ms, int64_t takes_ms)
{
	f->due_ms = s->now_ms + after_ms;
	f->wake_ms = s->now_ms + takes_ms;
	flight_failed(f, BLDR_TIMED_OUT, BLDR_E_TIMEOUT, NULL);
	f->error = flight_expiry(f);
}

/* What it says lands with its result: work runs inline, at once. */
static void say(void *to, const struct flight *f, const char *mode, char *text)
{
	struct flight *own = (struct flight *)(uintptr_t)f;

	(void)to;
	struct said *said = LIST_ADD(&own->arena, &own->said);

	said->mode = mode;
	said->text = text;
}

static void perform_well(struct sim_host *s, struct flight *f)
{
	int64_t takes_ms = f->virtual_ms;

	f->say = say;

	if (f->kind->way == WAY_CLOCK) {
		takes_ms = f->wake_ms > s->now_ms ? f->wake_ms - s->now_ms : 0;
	}
	if (f->timeout_ms > 0 && takes_ms > f->timeout_ms) {
		expire(s, f, f->timeout_ms, takes_ms);
		return;
	}
	f->due_ms = s->now_ms + takes_ms;
	if (f->kind->way == WAY_CLOCK) {
		flight_done(f, NULL);
	} else {
		f->kind->perform(f);
	}
}

static void perform_badly(struct sim_host *s, struct flight *f, enum bldr_fault_kind what)
{
	char why[64];

	switch (what) {
	case BLDR_FAULT_FAIL:
		(void)snprintf(why, sizeof(why), "planned fault: effect %u fails", s->effects);
		f->due_ms = s->now_ms + f->virtual_ms;
		flight_failed(f, BLDR_FAILED, BLDR_E_IO, why);
		break;
	case BLDR_FAULT_TIMEOUT:
		expire(s, f, f->timeout_ms > 0 ? f->timeout_ms : f->virtual_ms, 0);
		break;
	case BLDR_FAULT_CRASH_AFTER:
		perform_well(s, f);
		crash(s);
		break;
	case BLDR_FAULT_CRASH_BEFORE:
		crash(s);
		break;
	}
}

static void perform(struct host *h, struct flight *f)
{
	struct sim_host *s = (struct sim_host *)h;
	const struct bldr_fault *fault = fault_of(s, BLDR_AT_EFFECT, ++s->effects);

	if (fault != NULL) {
		perform_badly(s, f, fault->what);
	} else {
		perform_well(s, f);
	}
	insert(s, f);
}

/* Its performer has returned. */
static void returned(struct sim_host *s, struct flight *f)
{
	driver_returned(s->driver, f);
	flight_free(f);
}

static void say_all(struct sim_host *s, struct flight *f)
{
	for (size_t i = 0; i < f->said.n; i++) {
		driver_emit(s->driver, f->thread, f->effect, f->attempt, f->said.at[i].mode,
			    f->said.at[i].text);
	}
	f->said.n = 0;
}

/* What it says, and its result, unless it was given up; a timed out one returns later. */
static void land(struct sim_host *s, struct flight *f)
{
	say_all(s, f);
	if (f->owner != NULL) {
		driver_land(s->driver, f, f->status, f->code, f->text, f->error);
		f->text = NULL;
		f->error = NULL;
		if (f->status == BLDR_TIMED_OUT && f->wake_ms > s->now_ms) {
			f->due_ms = f->wake_ms;
			insert(s, f);
			return;
		}
	}
	returned(s, f);
}

/* Lands what is due by now, in its order. */
static void land_due(struct sim_host *s)
{
	while (!s->crashed && s->first != NULL && s->first->due_ms <= s->now_ms) {
		const struct bldr_fault *fault = NULL;

		if (s->first->owner != NULL) {
			fault = fault_of(s, BLDR_AT_LANDING, ++s->landings);
		}
		if (fault == NULL || fault->what == BLDR_FAULT_CRASH_AFTER) {
			land(s, take_first(s));
		}
		if (fault != NULL) {
			crash(s);
		}
	}
}

/* Moves the clock to the next landing, or to what the driver waits for, and lands all that is due then. */
static void advance(struct sim_host *s, struct driver *d)
{
	int64_t due = driver_due(d);

	if (s->first != NULL && (due == 0 || s->first->due_ms <= due)) {
		due = s->first->due_ms;
	}
	ASSERT(due > 0 || s->first != NULL);
	s->now_ms = due > s->now_ms ? due : s->now_ms;
	land_due(s);
	driver_begin(d);
}

/* What happens while a commit is under way: results land, one instant after the other, and wait for the next one. */
static void pass_commit(struct sim_host *s, struct driver *d)
{
	int64_t until_ms = s->now_ms + s->commit_ms;

	while (!s->crashed && s->first != NULL && s->first->due_ms <= until_ms) {
		s->now_ms = s->first->due_ms > s->now_ms ? s->first->due_ms : s->now_ms;
		land_due(s);
		driver_begin(d);
	}
	s->now_ms = until_ms;
}

/* Commits, publishes and dispatches, or what is planned instead. Takes b. */
static int turn(struct sim_host *s, struct driver *d, struct batch *b, struct bldr_error *err)
{
	const struct bldr_fault *fault = fault_of(s, BLDR_AT_COMMIT, ++s->commits);
	int rc = 0;

	if (fault != NULL && fault->what == BLDR_FAULT_FAIL) {
		rc = bldr_error_set(err, BLDR_E_IO, "planned fault: commit %u fails", s->commits);
	} else if (fault != NULL && fault->what == BLDR_FAULT_CRASH_BEFORE) {
		crash(s);
	} else {
		rc = batch_commit(b, d->journal, err);
	}
	if (rc == 0 && fault != NULL) {
		crash(s);
	}
	if (rc == 0 && s->commit_ms > 0) {
		pass_commit(s, d);
	}
	if (rc < 0 || s->crashed) {
		batch_discard(b);
	} else {
		driver_committed(d, b);
	}
	return rc;
}

static void give_up(struct host *h, struct flight *f)
{
	(void)h;
	f->cancel = true; /* it returns when its time comes */
}

static int run(struct host *h, struct driver *d, struct bldr_error *err)
{
	struct sim_host *s = (struct sim_host *)h;
	int rc = 0;

	s->driver = d;
	s->crashed = false;
	while (rc == 0 && !s->crashed) {
		struct batch *b = driver_batch(d, s->now_ms);

		if (b != NULL) {
			rc = turn(s, d, b, err);
		} else if (!d->stop && !driver_idle(d)) {
			advance(s, d);
		} else {
			break;
		}
	}
	while (s->first != NULL) {
		returned(s, take_first(s));
	}
	if (rc == 0 && s->crashed) {
		rc = bldr_error_set(err, BLDR_E_CANCELLED,
				    "planned fault: crashed at effect %u, commit %u, landing %u",
				    s->effects, s->commits, s->landings);
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

struct host *sim_host_new(int64_t start_ms, uint32_t commit_ms, const struct bldr_fault *faults,
			  size_t n_faults)
{
	struct sim_host *s = xcalloc(1, sizeof(*s));

	s->now_ms = start_ms;
	s->commit_ms = commit_ms;
	s->faults = faults;
	s->n_faults = n_faults;
	s->host = (struct host){
		.perform = perform,
		.give_up = give_up,
		.wake = nothing,
		.run = run,
		.now_ms = now_ms,
		.interrupt = nothing,
		.free = sim_free,
	};
	return &s->host;
}
