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
		 const struct map *works, FILE *trace)
{
	*d = (struct driver){
		.host = host, .journal = journal, .works = works, .trace = trace, .ids = map_new()
	};
	d->ready_tail = &d->ready;
}

static void update_free(struct update *u)
{
	if (u != NULL) {
		update_release(u);
		free(u);
	}
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
	free(t);
}

/* Lets a thread go that has no flights and waits for no commit. */
static void remove_thread(struct driver *d, struct driver_thread *t)
{
	*map_at(d->ids, t->row.id, strlen(t->row.id)) = NULL;
	if (t->next != NULL) {
		t->next->prev = t->prev;
	}
	if (t->prev != NULL) {
		t->prev->next = t->next;
	} else {
		d->threads = t->next;
	}
	d->n_threads--;
	thread_free(t);
	if (map_count(d->ids) > 2 * d->n_threads + STALE_IDS_MAX) {
		rebuild_ids(d);
	}
}

void driver_clear(struct driver *d)
{
	struct driver_thread *next;

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

void driver_land(struct driver *d, struct flight *f, enum bldr_status status, int code, char *text,
		 char *error)
{
	ASSERT(f->owner != NULL && d->flights > 0);
	add_landing(d,
		    (struct landing){
			    .owner = f->owner,
			    .effect = f->effect,
			    .status = status,
			    .code = code,
			    .text = text,
			    .error = error,
		    });
	f->owner = NULL;
	d->flights--;
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
	if (t->update == NULL) {
		t->update = xcalloc(1, sizeof(*t->update));
		set_ready(d, t);
	}
	run_deliver(t->run, l->effect, status, code, value, error, now_ms, t->update);
	bldr_unref(value);
}

static size_t count_ready(const struct driver *d)
{
	size_t n = 0;

	for (const struct driver_thread *t = d->ready; t != NULL; t = t->next_ready) {
		n++;
	}
	return n;
}

/*
 * An intent that its own update answers (refused, or UNKNOWN after a crash) is not to be
 * performed.
 */
static bool answered(const struct update *u, int64_t effect)
{
	for (size_t i = u->results.n; i > 0; i--) {
		if (u->results.at[i - 1].effect == effect) {
			return true;
		}
	}
	return false;
}

typedef LIST(struct journal_local) locals;

struct local_search {
	struct arena *arena;
	locals found;
};

/* Copies, since the run may go on while the commit is under way. */
static void add_local(const struct intent_record *i, void *user)
{
	struct local_search *s = user;

	if (i->cls == BLDR_LOCAL) {
		*LIST_ADD(s->arena, &s->found) = (struct journal_local){
			.effect = i->id,
			.kind = arena_strdup(s->arena, i->kind),
			.key = arena_strdup(s->arena, i->key),
			.request = arena_strdup(s->arena, i->request),
		};
	}
}

/* The local effects that the commit of a thread's update performs; when it is taken up, all that are pending. */
static void collect_locals(struct batch *b, const struct driver_thread *t, struct journal_part *p)
{
	struct local_search s = { .arena = &b->arena };

	if (t->resumed) {
		run_pending(t->run, add_local, &s);
	} else {
		for (size_t i = 0; i < p->update->intents.n; i++) {
			if (!answered(p->update, p->update->intents.at[i].id)) {
				add_local(&p->update->intents.at[i], &s);
			}
		}
	}
	p->locals = s.found.at;
	p->n_locals = s.found.n;
}

struct batch *driver_batch(struct driver *d, int64_t now_ms)
{
	struct batch *b;
	size_t n;

	for (size_t i = 0; i < d->n_landings; i++) {
		deliver(d, &d->landings[i], now_ms);
		free(d->landings[i].text);
		free(d->landings[i].error);
	}
	d->n_landings = 0;
	n = count_ready(d);
	if (n == 0) {
		return NULL;
	}
	b = xcalloc(1, sizeof(*b));
	b->now_ms = now_ms;
	b->parts = xcalloc(n, sizeof(*b->parts));
	b->rows = xcalloc(n, sizeof(*b->rows));
	b->updates = xcalloc(n, sizeof(struct update *));
	b->threads = xcalloc(n, sizeof(struct driver_thread *));
	for (struct driver_thread *t = d->ready; t != NULL; t = t->next_ready) {
		b->rows[b->n] = t->row;
		b->threads[b->n] = t;
		b->updates[b->n] = t->update;
		b->parts[b->n] =
			(struct journal_part){ .thread = &b->rows[b->n], .update = t->update };
		collect_locals(b, t, &b->parts[b->n]);
		t->update = NULL;
		b->n++;
	}
	d->ready = NULL;
	d->ready_tail = &d->ready;
	return b;
}

int batch_commit(struct batch *b, struct journal *j, struct bldr_error *err)
{
	const struct journal_batch batch = { .parts = b->parts, .n_parts = b->n };

	return journal_commit(j, &batch, b->now_ms, err);
}

void driver_discard(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		update_free(b->updates[i]);
		for (size_t k = 0; k < b->parts[i].n_locals; k++) {
			free(b->parts[i].locals[k].text);
			free(b->parts[i].locals[k].error);
		}
	}
	arena_release(&b->arena);
	free(b->updates);
	free(b->parts);
	free(b->rows);
	free(b->threads);
	free(b);
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

/* Begins one effect, the intent of which is durable. Local ones have been performed by that commit. */
static void dispatch(struct driver *d, struct driver_thread *t, const struct intent_record *i)
{
	struct flight *f;
	struct bldr_error err = { 0 };
	int rc;

	if (d->stop || i->cls == BLDR_LOCAL) {
		return;
	}
	f = flight_new(t->row.id, i);
	rc = prepare(d, f, i, &err);
	if (rc == 0 && f->kind->way == WAY_PERSON) {
		if (d->trace != NULL) {
			trace_ask(d->trace, d->host->now_ms(d->host), f);
		}
		flight_free(f);
		return;
	}
	f->owner = t;
	t->flights++;
	d->flights++;
	if (rc < 0) {
		driver_land(d, f, BLDR_FAILED, rc, NULL, xstrdup(err.text));
		flight_free(f);
		return;
	}
	if (d->trace != NULL) {
		trace_dispatch(d->trace, d->host->now_ms(d->host), f);
	}
	if (d->observe_effects != NULL) {
		d->observe_effects(f->thread, f->key, f->kind->name, f->label,
				   d->observe_effects_user);
	}
	d->host->perform(d->host, f);
}

struct dispatch_all {
	struct driver *d;
	struct driver_thread *t;
};

static void dispatch_pending(const struct intent_record *i, void *user)
{
	struct dispatch_all *all = user;

	dispatch(all->d, all->t, i);
}

static void dispatch_update(struct driver *d, struct driver_thread *t, const struct update *u)
{
	int64_t newest_result = 0;

	if (t->resumed) {
		struct dispatch_all all = { .d = d, .t = t };

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

		if (r->id > newest_result || !answered(u, r->id)) {
			dispatch(d, t, r);
		}
	}
}

/* Drops what a thread wanted to commit next. */
static void unset_ready(struct driver *d, struct driver_thread *t)
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

/* Somebody else has advanced the thread, or taken its name: what we know of it is void. */
static void lose_thread(struct driver *d, struct driver_thread *t, int code)
{
	if (d->lost.code == 0) {
		(void)bldr_error_set(&d->lost, code, "thread \"%s\" was %s by another process",
				     t->row.id, code == BLDR_E_EXISTS ? "started" : "advanced");
	}
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

void driver_committed(struct driver *d, struct batch *b)
{
	if (d->trace != NULL) {
		trace_commit(d->trace, b);
	}
	for (size_t i = 0; i < b->n; i++) {
		struct driver_thread *t = b->threads[i];

		if (b->parts[i].result < 0) {
			lose_thread(d, t, b->parts[i].result);
			b->threads[i] = NULL;
			continue;
		}
		t->row = b->rows[i];
		publish(d, t, b->updates[i]);
	}
	for (size_t i = 0; i < b->n; i++) {
		struct driver_thread *t = b->threads[i];

		if (t == NULL) {
			continue;
		}
		land_locals(d, t, &b->parts[i]);
		dispatch_update(d, t, b->updates[i]);
		if (t->row.status != RUN_RUNNING || (t->flights == 0 && t->update == NULL)) {
			retire_thread(d, t); /* ended, or it waits for a person: rows only */
		}
	}
	driver_discard(b);
}

bool driver_idle(const struct driver *d)
{
	return d->flights == 0 && d->n_landings == 0 && d->ready == NULL;
}
