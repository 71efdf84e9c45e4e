/*
 * Building a batch. Everything that the writer's thread will read is copied or handed over here, since runs may go on while the
 * commit is under way.
 */
#include "host/batch.h"

#include <stdlib.h>

#include "base/check.h"
#include "host/driver.h"

void update_free(struct update *u)
{
	if (u != NULL) {
		update_release(u);
		free(u);
	}
}

void jobs_drop(struct driver_job *jobs)
{
	struct driver_job *next;

	for (struct driver_job *j = jobs; j != NULL; j = next) {
		struct bldr_error err;

		next = j->next;
		(void)bldr_error_set(&err, BLDR_E_CANCELLED, "the engine has stopped before");
		if (j->done != NULL) {
			j->done(j->user, &err);
		}
		free(j);
	}
}

static size_t count_ready(const struct driver *d)
{
	size_t n = 0;

	for (const struct driver_thread *t = d->ready; t != NULL; t = t->next_ready) {
		n++;
	}
	return n;
}

bool batch_answers(const struct update *u, int64_t effect)
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
			if (!batch_answers(p->update, p->update->intents.at[i].id)) {
				add_local(&p->update->intents.at[i], &s);
			}
		}
	}
	p->locals = s.found.at;
	p->n_locals = s.found.n;
}

/* Reserves a slot of its kind's rate for the next try of i. */
static void reserve(struct driver *d, struct batch *b, slots *ret, const struct intent_record *i)
{
	struct gate *g;
	int64_t from_ms = i->due_ms > b->now_ms ? i->due_ms : b->now_ms;

	if (i->policy == NULL || i->policy->rate_count == 0 || i->cls == BLDR_LOCAL) {
		return;
	}
	g = dispatch_gate(&d->dispatch, i->policy);
	if (!g->known) {
		g->known = true;
		(void)d->rate_at(d->engine, g->kind, &g->at_us); /* 0 when it cannot be read */
	}
	*LIST_ADD(&b->arena, ret) =
		(struct slot){ .effect = i->id, .begin_ms = gate_slot(g, i->policy, from_ms) };
}

struct reservation {
	struct driver *d;
	struct batch *b;
	slots *slots;
};

static void reserve_pending(const struct intent_record *i, void *user)
{
	const struct reservation *r = user;

	reserve(r->d, r->b, r->slots, i);
}

/* Slots for what the commit of a thread's update lets begin, in the order of dispatch_update. */
static void reserve_all(struct driver *d, struct batch *b, const struct driver_thread *t, slots *ret)
{
	struct reservation r = { .d = d, .b = b, .slots = ret };
	const struct update *u = t->update;

	if (t->resumed) {
		run_pending(t->run, reserve_pending, &r);
		return;
	}
	for (size_t i = 0; i < u->intents.n; i++) {
		if (u->intents.at[i].policy != NULL && !batch_answers(u, u->intents.at[i].id)) {
			reserve(d, b, ret, &u->intents.at[i]);
		}
	}
	for (size_t i = 0; i < u->retries.n; i++) {
		const struct intent_record *intent = run_intent(t->run, u->retries.at[i].effect);

		if (intent != NULL) {
			reserve(d, b, ret, intent);
		}
	}
}

static void collect_rates(struct driver *d, struct batch *b)
{
	LIST(struct journal_rate) rates = { 0 };
	struct gate *g;

	STAILQ_FOREACH(g, &d->dispatch.gates, next)
	{
		if (g->touched) {
			g->touched = false;
			*LIST_ADD(&b->arena, &rates) =
				(struct journal_rate){ .kind = g->kind, .at_us = g->at_us };
		}
	}
	b->journal.rates = rates.at;
	b->journal.n_rates = rates.n;
}

static void collect_jobs(struct driver *d, struct batch *b)
{
	LIST(struct journal_job) jobs = { 0 };

	b->jobs = d->jobs;
	d->jobs = NULL;
	d->jobs_tail = &d->jobs;
	for (const struct driver_job *job = b->jobs; job != NULL; job = job->next) {
		*LIST_ADD(&b->arena, &jobs) =
			(struct journal_job){ .run = job->run, .user = job->user };
	}
	b->journal.jobs = jobs.at;
	b->journal.n_jobs = jobs.n;
}

static void add_part(struct driver *d, struct batch *b, struct driver_thread *t)
{
	struct journal_part *p = &b->parts[b->n];

	b->rows[b->n] = t->row;
	b->threads[b->n] = t;
	b->updates[b->n] = t->update;
	*p = (struct journal_part){
		.thread = &b->rows[b->n],
		.update = t->update,
		.cached = t->cached.at,
		.n_cached = t->cached.n,
	};
	collect_locals(b, t, p);
	reserve_all(d, b, t, &b->slots[b->n]);
	t->cached.at = NULL;
	t->cached.n = 0;
	t->cached.room = 0;
	t->update = NULL;
	t->committing = true;
	d->n_more += !t->more && run_has_more(t->run);
	t->more = run_has_more(t->run);
	t->deadline_ms = run_deadline(t->run);
	if (t->deadline_ms > 0 && (d->deadline_ms == 0 || t->deadline_ms < d->deadline_ms)) {
		d->deadline_ms = t->deadline_ms;
	}
	b->n++;
}

struct batch *batch_new(struct driver *d, int64_t now_ms)
{
	size_t n = count_ready(d);
	struct batch *b;

	if (n == 0 && d->jobs == NULL) {
		return NULL;
	}
	b = xcalloc(1, sizeof(*b));
	b->now_ms = now_ms;
	b->parts = xcalloc(n, sizeof(*b->parts));
	b->rows = xcalloc(n, sizeof(*b->rows));
	b->slots = xcalloc(n, sizeof(*b->slots));
	b->updates = xcalloc(n, sizeof(struct update *));
	b->threads = xcalloc(n, sizeof(struct driver_thread *));
	for (struct driver_thread *t = d->ready; t != NULL; t = t->next_ready) {
		add_part(d, b, t);
	}
	d->ready = NULL;
	d->ready_tail = &d->ready;
	collect_rates(d, b);
	collect_jobs(d, b);
	b->journal.parts = b->parts;
	b->journal.n_parts = b->n;
	return b;
}

int batch_commit(struct batch *b, struct journal *j, struct bldr_error *err)
{
	return journal_commit(j, &b->journal, b->now_ms, err);
}

void batch_free(struct batch *b)
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
	free(b->slots);
	free(b->threads);
	free(b);
}

void batch_discard(struct batch *b)
{
	jobs_drop(b->jobs);
	batch_free(b);
}

void batch_tell_jobs(struct batch *b)
{
	struct driver_job *next;
	size_t i = 0;

	for (struct driver_job *job = b->jobs; job != NULL; job = next, i++) {
		next = job->next;
		if (job->done != NULL) {
			struct bldr_error none = { 0 };

			job->done(job->user,
				  b->journal.jobs[i].result < 0 ? &b->journal.jobs[i].error : &none);
		}
		free(job);
	}
}
