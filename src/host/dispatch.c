/*
 * Who may begin when. A gate is a first-in first-out queue with a count; the dispatcher's own limit lies over all gates.
 * Nothing here performs.
 */
#include "host/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void dispatch_init(struct dispatcher *x, size_t busy_max)
{
	*x = (struct dispatcher){ .by_kind = map_new(), .busy_max = busy_max };
	STAILQ_INIT(&x->gates);
	TAILQ_INIT(&x->open.queue);
	x->open.kind = "";
	STAILQ_INSERT_TAIL(&x->gates, &x->open, next);
	TAILQ_INIT(&x->timed);
	TAILQ_INIT(&x->held);
	TAILQ_INIT(&x->astray);
}

static void drop_all(struct flights *list)
{
	struct flight *f;

	while ((f = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, f, in_queue);
		flight_free(f);
	}
}

void dispatch_release(struct dispatcher *x)
{
	struct gate *g;

	drop_all(&x->timed);
	drop_all(&x->held);
	while ((g = STAILQ_FIRST(&x->gates)) != NULL) {
		STAILQ_REMOVE_HEAD(&x->gates, next);
		drop_all(&g->queue);
		if (g != &x->open) {
			free(g);
		}
	}
	map_free(x->by_kind);
}

struct gate *dispatch_gate(struct dispatcher *x, const struct bldr_policy *p)
{
	void **at;
	struct gate *g;

	if (p == NULL || (p->concurrency == 0 && p->rate_count == 0)) {
		return &x->open;
	}
	at = map_at(x->by_kind, p->kind, strlen(p->kind));
	if (*at == NULL) {
		size_t size = strlen(p->kind) + 1;

		g = xcalloc(1, sizeof(*g) + size);
		g->kind = memcpy(g + 1, p->kind, size);
		TAILQ_INIT(&g->queue);
		STAILQ_INSERT_TAIL(&x->gates, g, next);
		*at = g;
	}
	g = *at;
	g->concurrency = p->concurrency;
	return g;
}

int64_t gate_slot(struct gate *g, const struct bldr_policy *p, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;
	int64_t step_us;
	int64_t early_us;
	int64_t begin_us;

	if (p->rate_count == 0) {
		return now_ms;
	}
	step_us = ((int64_t)p->rate_ms * 1000 + p->rate_count - 1) / p->rate_count;
	early_us = p->rate_burst > 1 ? (int64_t)(p->rate_burst - 1) * step_us : 0;
	begin_us = g->at_us - early_us > now_us ? g->at_us - early_us : now_us;
	g->at_us = (g->at_us > now_us ? g->at_us : now_us) + step_us;
	g->touched = true;
	return (begin_us + 999) / 1000;
}

static bool same_effect(const struct flight *a, const struct flight *b)
{
	return a->effect == b->effect && strcmp(a->thread, b->thread) == 0;
}

static bool is_under_way(const struct dispatcher *x, const struct flight *f)
{
	const struct flight *other;

	TAILQ_FOREACH(other, &x->astray, of_owner)
	{
		if (same_effect(other, f)) {
			return true;
		}
	}
	return false;
}

static void put(struct dispatcher *x, struct flights *queue, struct flight *f)
{
	TAILQ_INSERT_TAIL(queue, f, in_queue);
	f->waiting = queue;
	x->waiting++;
}

static void put_timed(struct dispatcher *x, struct flight *f)
{
	struct flight *before = TAILQ_LAST(&x->timed, flights);

	while (before != NULL && before->begin_ms > f->begin_ms) {
		before = TAILQ_PREV(before, flights, in_queue);
	}
	if (before == NULL) {
		TAILQ_INSERT_HEAD(&x->timed, f, in_queue);
	} else {
		TAILQ_INSERT_AFTER(&x->timed, before, f, in_queue);
	}
	f->waiting = &x->timed;
	x->waiting++;
}

void dispatch_add(struct dispatcher *x, struct flight *f, int64_t now_ms)
{
	if (f->begin_ms > now_ms) {
		put_timed(x, f);
	} else if (is_under_way(x, f)) {
		put(x, &x->held, f);
	} else {
		put(x, &f->gate->queue, f);
	}
}

void dispatch_remove(struct dispatcher *x, struct flight *f)
{
	ASSERT(f->waiting != NULL && x->waiting > 0);
	TAILQ_REMOVE(f->waiting, f, in_queue);
	f->waiting = NULL;
	x->waiting--;
}

struct flight *dispatch_next(struct dispatcher *x, int64_t now_ms)
{
	struct flight *f;
	struct gate *g;

	while ((f = TAILQ_FIRST(&x->timed)) != NULL && f->begin_ms <= now_ms) {
		dispatch_remove(x, f);
		dispatch_add(x, f, now_ms);
	}
	if (x->waiting == 0 || (x->busy_max > 0 && x->busy >= x->busy_max)) {
		return NULL;
	}
	STAILQ_FOREACH(g, &x->gates, next)
	{
		f = TAILQ_FIRST(&g->queue);
		if (f != NULL && (g->concurrency == 0 || g->busy < g->concurrency)) {
			dispatch_remove(x, f);
			g->busy++;
			x->busy++;
			return f;
		}
	}
	return NULL;
}

int64_t dispatch_due(const struct dispatcher *x)
{
	const struct flight *f = TAILQ_FIRST(&x->timed);

	return f != NULL ? f->begin_ms : 0;
}

void dispatch_astray(struct dispatcher *x, struct flight *f)
{
	f->astray = true;
	TAILQ_INSERT_TAIL(&x->astray, f, of_owner);
}

void dispatch_returned(struct dispatcher *x, struct flight *f)
{
	struct flight *other;
	struct flight *next;

	ASSERT(f->waiting == NULL && f->gate->busy > 0 && x->busy > 0);
	f->gate->busy--;
	x->busy--;
	if (f->astray) {
		f->astray = false;
		TAILQ_REMOVE(&x->astray, f, of_owner);
	}
	for (other = TAILQ_FIRST(&x->held); other != NULL; other = next) {
		next = TAILQ_NEXT(other, in_queue);
		if (!is_under_way(x, other)) {
			dispatch_remove(x, other);
			put(x, &other->gate->queue, other);
		}
	}
}
