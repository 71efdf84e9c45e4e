/*
 * Two queues under one lock: flights to perform and flights that landed. Workers move them from
 * the first to the second and say so; nobody else is called from a worker.
 */
#include "host/pool.h"

#include <stdlib.h>

#include <uv.h>

#include "base/check.h"

struct queue {
	struct flight *first, **tail;
};

struct pool {
	uv_mutex_t lock;
	uv_cond_t work;
	struct queue todo, landed;
	struct spoken *first_spoken, **last_spoken;
	bool closing;
	int64_t (*clock_ms)(void);
	void (*news)(void *user);
	void *user;
	unsigned n;
	uv_thread_t threads[];
};

static void push(struct queue *q, struct flight *f)
{
	f->queue = NULL;
	*q->tail = f;
	q->tail = &f->queue;
}

static struct flight *pop(struct queue *q)
{
	struct flight *f = q->first;

	if (f != NULL) {
		q->first = f->queue;
		if (q->first == NULL) {
			q->tail = &q->first;
		}
	}
	return f;
}

/* Waits for a flight. NULL: the pool closes. */
static struct flight *take(struct pool *p)
{
	struct flight *f = NULL;

	uv_mutex_lock(&p->lock);
	while (!p->closing && p->todo.first == NULL) {
		uv_cond_wait(&p->work, &p->lock);
	}
	if (!p->closing) {
		f = pop(&p->todo);
	}
	uv_mutex_unlock(&p->lock);
	return f;
}

/* On a worker's thread. */
static void say(void *to, const struct flight *f, const char *mode, char *text)
{
	struct pool *p = to;
	struct spoken *s = xcalloc(1, sizeof(*s));

	*s = (struct spoken){
		.thread = xstrdup(f->thread),
		.effect = f->effect,
		.attempt = f->attempt,
		.mode = mode,
	};
	s->text = text;
	uv_mutex_lock(&p->lock);
	*p->last_spoken = s;
	p->last_spoken = &s->next;
	uv_mutex_unlock(&p->lock);
	p->news(p->user);
}

static void worker(void *arg)
{
	struct pool *p = arg;
	struct flight *f;

	while ((f = take(p)) != NULL) {
		if (f->timeout_ms > 0) {
			f->started_ms = p->clock_ms();
			p->news(p->user);
		}
		f->kind->perform(f);
		uv_mutex_lock(&p->lock);
		push(&p->landed, f);
		uv_mutex_unlock(&p->lock);
		p->news(p->user);
	}
}

struct pool *pool_new(unsigned workers, int64_t (*clock_ms)(void), void (*news)(void *user),
		      void *user)
{
	struct pool *p = xcalloc(1, sizeof(*p) + workers * sizeof(p->threads[0]));

	p->todo.tail = &p->todo.first;
	p->landed.tail = &p->landed.first;
	p->last_spoken = &p->first_spoken;
	p->clock_ms = clock_ms;
	p->news = news;
	p->user = user;
	ASSERT(uv_mutex_init(&p->lock) == 0 && uv_cond_init(&p->work) == 0);
	while (p->n < workers && uv_thread_create(&p->threads[p->n], worker, p) == 0) {
		p->n++;
	}
	ASSERT(p->n > 0);
	return p;
}

void pool_add(struct pool *p, struct flight *f)
{
	f->say = say;
	f->say_to = p;
	uv_mutex_lock(&p->lock);
	push(&p->todo, f);
	uv_cond_signal(&p->work);
	uv_mutex_unlock(&p->lock);
}

struct flight *pool_landed(struct pool *p)
{
	struct flight *first;

	uv_mutex_lock(&p->lock);
	first = p->landed.first;
	p->landed.first = NULL;
	p->landed.tail = &p->landed.first;
	uv_mutex_unlock(&p->lock);
	return first;
}

struct spoken *pool_spoken(struct pool *p)
{
	struct spoken *first;

	uv_mutex_lock(&p->lock);
	first = p->first_spoken;
	p->first_spoken = NULL;
	p->last_spoken = &p->first_spoken;
	uv_mutex_unlock(&p->lock);
	return first;
}

void spoken_free(struct spoken *s)
{
	free(s->thread);
	free(s->text);
	free(s);
}

void pool_free(struct pool *p)
{
	struct spoken *s;
	struct spoken *next;

	uv_mutex_lock(&p->lock);
	p->closing = true;
	uv_cond_broadcast(&p->work);
	uv_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++) {
		ASSERT(uv_thread_join(&p->threads[i]) == 0);
	}
	for (s = p->first_spoken; s != NULL; s = next) {
		next = s->next;
		spoken_free(s);
	}
	uv_cond_destroy(&p->work);
	uv_mutex_destroy(&p->lock);
	free(p);
}
