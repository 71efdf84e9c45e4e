/*
 * The loop turn that all hosts share: land, deliver, batch, commit, then publish and dispatch.
 * Nothing here waits or blocks. A thread that the journal says somebody else has advanced is let
 * go of; everything else goes on.
 */
#include "host/driver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/trace.h"

/* The index of ids is built anew when it holds this many more names than threads. */
enum { STALE_IDS_MAX = 1024 };

void driver_init(struct driver *d, struct host *host, struct journal *journal,
		 const struct map *works, FILE *trace, size_t effects_max)
{
	*d = (struct driver){
		.host = host, .journal = journal, .works = works, .trace = trace, .ids = map_new()
	};
	d->ready_tail = &d->ready;
	d->jobs_tail = &d->jobs;
	dispatch_init(&d->dispatch, effects_max);
}

struct driver_thread *driver_find(const struct driver *d, const char *id)
{
	return map_find(d->ids, id, strlen(id));
}

/* Forgets the names of threads that are gone. */
static void rebuild_ids(struct driver *d)
{
	map_free(d->ids);
	d->ids = map_new();
	for (struct driver_thread *t = d->threads; t != NULL; t = t->next) {
		*map_at(d->ids, t->row.id, strlen(t->row.id)) = t;
	}
}

static void set_ready(struct driver *d, struct driver_thread *t)
{
	t->next_ready = NULL;
	*d->ready_tail = t;
	d->ready_tail = &t->next_ready;
}

void driver_add(struct driver *d, const struct journal_thread *row, struct run *run,
		struct update *update, bool resumed)
{
	struct driver_thread *t = xcalloc(1, sizeof(*t));

	t->row = *row;
	t->run = run;
	t->update = update;
	t->resumed = resumed;
	TAILQ_INIT(&t->out);
	t->next = d->threads;
	if (t->next != NULL) {
		t->next->prev = t;
	}
	d->threads = t;
	d->n_threads++;
	*map_at(d->ids, t->row.id, strlen(t->row.id)) = t;
	set_ready(d, t);
	d->host->wake(d->host);
}

static void thread_free(struct driver_thread *t)
{
	run_free(t->run);
	update_free(t->update);
	bldr_unref(t->rollback);
	free(t);
}

/* Lets a thread go that has no flights and waits for no commit. */
static void remove_thread(struct driver *d, struct driver_thread *t)
{
	if (driver_find(d, t->row.id) == t) {
		*map_at(d->ids, t->row.id, strlen(t->row.id)) = NULL;
	}
	if (t->next != NULL) {
		t->next->prev = t->prev;
	}
	if (t->prev != NULL) {
		t->prev->next = t->next;
	} else {
		d->threads = t->next;
	}
	d->n_threads--;
	d->n_more -= t->more;
	thread_free(t);
	if (map_count(d->ids) > 2 * d->n_threads + STALE_IDS_MAX) {
		rebuild_ids(d);
	}
}

void driver_clear(struct driver *d)
{
	struct driver_thread *next;
	size_t busy_max = d->dispatch.busy_max;

	dispatch_release(&d->dispatch);
	dispatch_init(&d->dispatch, busy_max);
	jobs_drop(d->jobs);
	d->jobs = NULL;
	d->jobs_tail = &d->jobs;
	d->deadline_ms = 0;
	d->n_more = 0;
	for (size_t i = 0; i < d->n_landings; i++) {
		free(d->landings[i].text);
		free(d->landings[i].error);
	}
	for (struct driver_thread *t = d->threads; t != NULL; t = next) {
		next = t->next;
		thread_free(t);
	}
	d->n_landings = 0;
	d->flights = 0;
	d->ready = NULL;
	d->ready_tail = &d->ready;
	d->threads = NULL;
	d->n_threads = 0;
	rebuild_ids(d);
}

void driver_release(struct driver *d)
{
	driver_clear(d);
	dispatch_release(&d->dispatch);
	free(d->landings);
	map_free(d->ids);
}

static void add_landing(struct driver *d, struct landing landing)
{
	if (d->n_landings == d->room_landings) {
		d->room_landings = d->room_landings * 2 + 16;
		d->landings = xrealloc(d->landings, d->room_landings * sizeof(*d->landings));
	}
	d->landings[d->n_landings++] = landing;
}

int driver_answer(struct driver *d, struct driver_thread *t, int64_t effect, char *text)
{
	for (size_t i = 0; i < d->n_landings; i++) {
		if (d->landings[i].owner == t && d->landings[i].effect == effect) {
			free(text);
			return BLDR_E_EXISTS;
		}
	}
	add_landing(d, (struct landing){ .owner = t, .effect = effect, .text = text });
	t->flights++;
	d->host->wake(d->host);
	return 0;
}

struct update *driver_update(struct driver *d, struct driver_thread *t)
{
	if (t->update == NULL) {
		t->update = xcalloc(1, sizeof(*t->update));
		set_ready(d, t);
		d->host->wake(d->host);
	}
	return t->update;
}

void driver_job(struct driver *d, const struct driver_job *job)
{
	struct driver_job *copy = xmalloc(sizeof(*copy));

	*copy = *job;
	copy->next = NULL;
	*d->jobs_tail = copy;
	d->jobs_tail = &copy->next;
	d->host->wake(d->host);
}

/* Its thread waits for f no longer. */
static void disown(struct driver *d, struct flight *f)
{
	ASSERT(f->owner != NULL && d->flights > 0);
	TAILQ_REMOVE(&f->owner->out, f, of_owner);
	f->owner = NULL;
	d->flights--;
}

static void land(struct driver *d, struct flight *f, enum bldr_status status, int code, char *text,
		 char *error)
{
	add_landing(d,
		    (struct landing){
			    .owner = f->owner,
			    .effect = f->effect,
			    .status = status,
			    .code = code,
			    .text = text,
			    .error = error,
			    .retry_after_ms = f->retry_after_ms,
		    });
	disown(d, f);
}

void driver_land(struct driver *d, struct flight *f, enum bldr_status status, int code, char *text,
		 char *error)
{
	land(d, f, status, code, text, error);
	dispatch_astray(&d->dispatch, f);
}

void driver_returned(struct driver *d, struct flight *f)
{
	if (f->owner != NULL) { /* dropped */
		f->owner->flights--;
		disown(d, f);
	}
	dispatch_returned(&d->dispatch, f);
}

/* Nobody waits for f any more. */
static void give_up(struct driver *d, struct flight *f)
{
	f->owner->flights--;
	disown(d, f);
	if (f->waiting != NULL) {
		dispatch_remove(&d->dispatch, f);
		flight_free(f);
		return;
	}
	dispatch_astray(&d->dispatch, f);
	d->host->give_up(d->host, f);
}

/* Gives up what the run has given up: pending effects that it ended itself. */
static void give_up_ended(struct driver *d, struct driver_thread *t, const struct update *u)
{
	for (size_t i = 0; i < u->results.n; i++) {
		const struct result_record *r = &u->results.at[i];
		struct flight *f;

		if (r->status != BLDR_CANCELLED && r->status != BLDR_UNKNOWN) {
			continue;
		}
		TAILQ_FOREACH(f, &t->out, of_owner)
		{
			if (f->effect == r->effect) {
				give_up(d, f);
				break;
			}
		}
	}
}

void driver_emit(struct driver *d, const char *thread, int64_t effect, uint32_t attempt,
		 const char *mode, char *text)
{
	struct driver_thread *t = driver_find(d, thread);
	struct bldr_value *value = NULL;

	if (t != NULL && !t->lost && bldr_value_parse(text, strlen(text), &value, NULL) == 0) {
		run_emit(t->run, effect, attempt, mode, value, d->host->now_ms(d->host),
			 driver_update(d, t));
		bldr_unref(value);
	}
	free(text);
}

/* A result that further effects may be answered with. */
static void note_cached(struct driver_thread *t, const struct landing *l, int64_t now_ms)
{
	const struct intent_record *i = run_intent(t->run, l->effect);
	struct arena *a = &t->update->arena;
	char hash[HASH_HEX_MAX];

	if (l->status != BLDR_DONE || i == NULL || i->policy == NULL || i->policy->cache_ms <= 0 ||
	    i->cls != BLDR_PURE) {
		return;
	}
	journal_cache_hash(i->kind, i->request, hash);
	*LIST_ADD(a, &t->cached) = (struct journal_cached){
		.hash = arena_strdup(a, hash),
		.expires_ms = now_ms + i->policy->cache_ms,
		.value = arena_strdup(a, l->text),
	};
}

/* Gives a result to its run. */
static void deliver(struct driver *d, const struct landing *l, int64_t now_ms)
{
	struct driver_thread *t = l->owner;
	struct bldr_value *value = NULL;
	struct bldr_error err = { 0 };
	enum bldr_status status = l->status;
	const char *error = l->error;
	int code = l->code;

	t->flights--;
	if (t->lost) {
		if (t->flights == 0) {
			remove_thread(d, t);
		}
		return;
	}
	if (status == BLDR_DONE && bldr_value_parse(l->text, strlen(l->text), &value, &err) < 0) {
		status = BLDR_FAILED; /* such as nested too deep */
		code = err.code;
		error = err.text;
	}
	(void)driver_update(d, t);
	note_cached(t, l, now_ms);
	if (status == BLDR_FAILED && l->retry_after_ms > 0) {
		run_deliver_failure(t->run, l->effect, code, error, l->retry_after_ms, now_ms,
				    t->update);
	} else {
		run_deliver(t->run, l->effect, status, code, value, error, now_ms, t->update);
	}
	bldr_unref(value);
}

/* Tells the runs whose time is over. */
static void expire(struct driver *d, int64_t now_ms)
{
	if (d->deadline_ms == 0 || d->deadline_ms > now_ms) {
		return;
	}
	d->deadline_ms = 0;
	for (struct driver_thread *t = d->threads; t != NULL; t = t->next) {
		if (t->lost || t->deadline_ms == 0) {
			continue;
		}
		if (t->deadline_ms <= now_ms) {
			run_expire(t->run, now_ms, driver_update(d, t));
			t->deadline_ms = run_deadline(t->run);
		}
		if (t->deadline_ms > 0 && (d->deadline_ms == 0 || t->deadline_ms < d->deadline_ms)) {
			d->deadline_ms = t->deadline_ms;
		}
	}
}

static void deliver_all(struct driver *d, int64_t now_ms)
{
	for (size_t i = 0; i < d->n_landings; i++) {
		deliver(d, &d->landings[i], now_ms);
		free(d->landings[i].text);
		free(d->landings[i].error);
	}
	d->n_landings = 0;
}

/* Threads that have yielded go on. */
static void go_on_yielded(struct driver *d, int64_t now_ms)
{
	for (struct driver_thread *t = d->threads; t != NULL && d->n_more > 0; t = t->next) {
		if (t->more) {
			t->more = false;
			d->n_more--;
			if (!t->lost) {
				run_go(t->run, now_ms, driver_update(d, t));
			}
		}
	}
}

struct batch *driver_batch(struct driver *d, int64_t now_ms)
{
	expire(d, now_ms);
	deliver_all(d, now_ms);
	if (!d->stop) {
		go_on_yielded(d, now_ms);
	}
	return batch_new(d, now_ms);
}

static void publish(struct driver *d, const struct driver_thread *t, const struct update *u)
{
	if (d->observe == NULL && d->trace == NULL) {
		return;
	}
	for (size_t i = 0; i < u->events.n; i++) {
		const struct event_record *r = &u->events.at[i];
		struct bldr_value *data = NULL;
		struct bldr_event e = {
			.thread = t->row.id, .seq = r->seq, .at_ms = r->at_ms, .type = r->type
		};

		ASSERT(bldr_value_parse(r->data, strlen(r->data), &data, NULL) == 0);
		e.data = data;
		if (d->trace != NULL) {
			trace_event(d->trace, &e);
		}
		if (d->observe != NULL) {
			d->observe(&e, d->observe_user);
		}
		bldr_unref(data);
	}
}

static int prepare(struct driver *d, struct flight *f, const struct intent_record *i,
		   struct bldr_error *err)
{
	if (d->refuse_once_and_keyed && (i->cls == BLDR_KEYED || i->cls == BLDR_ONCE)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "effect \"%s\" has class %s, which durability exit cannot "
				      "keep its word for: open the engine with normal or full",
				      i->key, i->cls == BLDR_KEYED ? "keyed" : "once");
	}
	f->kind = effect_kind_find(i->kind);
	if (f->kind == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no host performs effects of kind \"%s\"", i->kind);
	}
	if (bldr_value_parse(i->request, strlen(i->request), &f->args, err) < 0) {
		return bldr_error_prefix(err, "the request of \"%s\"", i->key);
	}
	return f->kind->prepare(f, d->works, err);
}

/* The next try of an effect whose intent is durable. Local ones have been performed by that commit. */
static void dispatch(struct driver *d, struct driver_thread *t, const struct intent_record *i,
		     int64_t begin_ms)
{
	struct flight *f;
	struct bldr_error err = { 0 };
	int64_t now_ms = d->host->now_ms(d->host);
	int rc;

	if (d->stop || i->cls == BLDR_LOCAL) {
		return;
	}
	f = flight_new(t->row.id, i);
	rc = prepare(d, f, i, &err);
	if (rc == 0 && f->kind->way == WAY_PERSON) {
		if (d->trace != NULL) {
			trace_ask(d->trace, now_ms, f);
		}
		flight_free(f);
		return;
	}
	f->owner = t;
	TAILQ_INSERT_TAIL(&t->out, f, of_owner);
	t->flights++;
	d->flights++;
	if (rc < 0) {
		land(d, f, BLDR_FAILED, rc, NULL, xstrdup(err.text));
		flight_free(f);
		return;
	}
	f->gate = dispatch_gate(&d->dispatch, i->policy);
	f->begin_ms = i->due_ms > begin_ms ? i->due_ms : begin_ms;
	dispatch_add(&d->dispatch, f, now_ms);
}

void driver_begin(struct driver *d)
{
	struct flight *f;

	while (!d->stop && (f = dispatch_next(&d->dispatch, d->host->now_ms(d->host))) != NULL) {
		if (d->trace != NULL) {
			trace_dispatch(d->trace, d->host->now_ms(d->host), f);
		}
		if (d->observe_effects != NULL) {
			d->observe_effects(f->thread, f->key, f->kind->name, f->label,
					   d->observe_effects_user);
		}
		d->host->perform(d->host, f);
	}
}

int64_t driver_due(const struct driver *d)
{
	int64_t due = dispatch_due(&d->dispatch);

	return due == 0 || (d->deadline_ms > 0 && d->deadline_ms < due) ? d->deadline_ms : due;
}

/* What is dispatched of a thread's part; slots are in the same order. */
struct dispatch_all {
	struct driver *d;
	struct driver_thread *t;
	const slots *slots;
	size_t next;
};

static void dispatch_pending(const struct intent_record *i, void *user)
{
	struct dispatch_all *all = user;
	int64_t begin_ms = 0;

	if (all->next < all->slots->n && all->slots->at[all->next].effect == i->id) {
		begin_ms = all->slots->at[all->next++].begin_ms;
	}
	dispatch(all->d, all->t, i, begin_ms);
}

static void dispatch_update(struct driver *d, struct driver_thread *t, const struct update *u,
			    const slots *reserved)
{
	struct dispatch_all all = { .d = d, .t = t, .slots = reserved };
	int64_t newest_result = 0;

	if (t->resumed) {
		t->resumed = false;
		run_pending(t->run, dispatch_pending, &all);
		return;
	}
	for (size_t i = 0; i < u->results.n; i++) {
		if (u->results.at[i].effect > newest_result) {
			newest_result = u->results.at[i].effect;
		}
	}
	for (size_t i = 0; i < u->intents.n; i++) {
		const struct intent_record *r = &u->intents.at[i];

		if (r->id > newest_result || !batch_answers(u, r->id)) {
			dispatch_pending(r, &all);
		}
	}
	for (size_t i = 0; i < u->retries.n; i++) {
		const struct intent_record *r = run_intent(t->run, u->retries.at[i].effect);

		if (r != NULL) {
			dispatch_pending(r, &all);
		}
	}
}

/* Takes t out of those that are ready. */
static void take_ready(struct driver *d, struct driver_thread *t)
{
	struct driver_thread **at = &d->ready;

	while (*at != t) {
		ASSERT(*at != NULL);
		at = &(*at)->next_ready;
	}
	*at = t->next_ready;
	if (d->ready_tail == &t->next_ready) {
		d->ready_tail = at;
	}
	t->next_ready = NULL;
}

/* Drops what a thread wanted to commit next. */
static void unset_ready(struct driver *d, struct driver_thread *t)
{
	take_ready(d, t);
	update_free(t->update);
	t->update = NULL;
}

/* Lets a thread go, once its flights have landed. */
static void retire_thread(struct driver *d, struct driver_thread *t)
{
	if (t->update != NULL) {
		unset_ready(d, t);
	}
	t->lost = true;
	if (t->flights == 0) {
		remove_thread(d, t);
	}
}

/* Gives up all that is under way for t. */
static void give_up_all(struct driver *d, struct driver_thread *t)
{
	struct flight *f;

	while ((f = TAILQ_FIRST(&t->out)) != NULL) {
		give_up(d, f);
	}
}

/* Somebody else has advanced the thread, or taken its name: what we know of it is void, and nobody waits for its effects. */
static void lose_thread(struct driver *d, struct driver_thread *t, int code)
{
	if (d->lost.code == 0) {
		(void)bldr_error_set(&d->lost, code, "thread \"%s\" was %s by another process",
				     t->row.id, code == BLDR_E_EXISTS ? "started" : "advanced");
	}
	give_up_all(d, t);
	retire_thread(d, t);
}

/* What the commit performed lands at once: the next batch delivers it. */
static void land_locals(struct driver *d, struct driver_thread *t, struct journal_part *p)
{
	for (size_t i = 0; i < p->n_locals; i++) {
		struct journal_local *l = &p->locals[i];

		if (d->trace != NULL) {
			trace_local(d->trace, d->host->now_ms(d->host), l);
		}
		add_landing(d,
			    (struct landing){
				    .owner = t,
				    .effect = l->effect,
				    .status = l->code == 0 ? BLDR_DONE : BLDR_FAILED,
				    .code = l->code,
				    .text = l->text,
				    .error = l->error,
			    });
		l->text = NULL;
		l->error = NULL;
		t->flights++;
	}
}

/* Forgets what the run of t did not commit, and all that is under way for it. */
static void roll_back(struct driver *d, struct driver_thread *t)
{
	struct bldr_value *input = t->rollback;
	char id[sizeof(t->row.id)];

	memcpy(id, t->row.id, sizeof(id));
	t->rollback = NULL;
	give_up_all(d, t);
	retire_thread(d, t);
	d->rolled_back(d->engine, id, input);
}

void driver_roll_back(struct driver *d, struct driver_thread *t, struct bldr_value *input)
{
	bldr_unref(t->rollback);
	t->rollback = input;
	if (!t->committing) {
		roll_back(d, t);
	}
}

/* A thread whose part is durable: what follows from that. */
static void go_on(struct driver *d, struct batch *b, size_t i)
{
	struct driver_thread *t = b->threads[i];

	t->committing =
		false; /* not while observers are called: what rolls it back waits for that */
	if (t->rollback != NULL) {
		roll_back(d, t);
		return;
	}
	give_up_ended(d, t, b->updates[i]);
	land_locals(d, t, &b->parts[i]);
	dispatch_update(d, t, b->updates[i], &b->slots[i]);
	if (t->row.status != RUN_RUNNING ? t->update == NULL
					 : t->flights == 0 && t->update == NULL && !t->more) {
		retire_thread(d, t); /* ended, or it waits for a person: rows only */
	}
}

void driver_committed(struct driver *d, struct batch *b)
{
	if (d->trace != NULL) {
		trace_commit(d->trace, b);
	}
	for (size_t i = 0; i < b->n; i++) {
		struct driver_thread *t = b->threads[i];

		if (b->parts[i].result < 0) {
			t->committing = false;
			lose_thread(d, t, b->parts[i].result);
			b->threads[i] = NULL;
			continue;
		}
		t->row = b->rows[i];
		publish(d, t, b->updates[i]);
	}
	for (size_t i = 0; i < b->n; i++) {
		if (b->threads[i] != NULL) {
			go_on(d, b, i);
		}
	}
	batch_tell_jobs(b);
	driver_begin(d);
	batch_free(b);
}

int driver_settle(struct driver *d, struct driver_thread *t, int64_t now_ms, struct bldr_error *err)
{
	struct driver_thread *others;
	struct driver_thread **others_tail;
	struct batch *b;
	int rc;

	take_ready(d, t);
	others = d->ready;
	others_tail = others != NULL ? d->ready_tail : &d->ready;
	d->ready = NULL;
	d->ready_tail = &d->ready;
	set_ready(d, t);
	b = batch_new(d, now_ms);
	d->ready = others;
	d->ready_tail = others_tail;
	rc = batch_commit(b, d->journal, err);
	if (rc == 0) {
		driver_committed(d, b);
		rc = d->lost.code < 0 ? bldr_error_set(err, d->lost.code, "%s", d->lost.text) : 0;
		d->lost.code = 0;
		return rc;
	}
	batch_discard(b);
	t->committing = false;
	retire_thread(d, t);
	return rc;
}

bool driver_idle(const struct driver *d)
{
	return d->flights == 0 && d->n_landings == 0 && d->ready == NULL && d->jobs == NULL &&
		d->n_more == 0;
}
