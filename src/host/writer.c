/* The writer: a thread with room for one batch. A batch goes todo -> done, both under the lock. */
#include "host/writer.h"

#include <stdlib.h>

#include <uv.h>

#include "base/check.h"

struct writer {
	uv_thread_t thread;
	uv_mutex_t lock;
	uv_cond_t changed;
	struct journal *journal;
	struct batch *todo, *done;
	int code;
	struct bldr_error err;
	bool closing;
	void (*news)(void *user);
	void *user;
};

static void write_batches(void *arg)
{
	struct writer *w = arg;

	uv_mutex_lock(&w->lock);
	for (;;) {
		struct batch *b;
		struct bldr_error err = { 0 };
		int code;

		while (w->todo == NULL && !w->closing) {
			uv_cond_wait(&w->changed, &w->lock);
		}
		b = w->todo;
		if (b == NULL) {
			break;
		}
		uv_mutex_unlock(&w->lock);
		code = batch_commit(b, w->journal, &err);
		uv_mutex_lock(&w->lock);
		w->todo = NULL;
		w->done = b;
		w->code = code;
		w->err = err;
		w->news(w->user);
	}
	uv_mutex_unlock(&w->lock);
}

struct writer *writer_new(struct journal *j, void (*news)(void *user), void *user)
{
	struct writer *w = xcalloc(1, sizeof(*w));

	w->journal = j;
	w->news = news;
	w->user = user;
	ASSERT(uv_mutex_init(&w->lock) == 0 && uv_cond_init(&w->changed) == 0);
	ASSERT(uv_thread_create(&w->thread, write_batches, w) == 0);
	return w;
}

void writer_begin(struct writer *w, struct batch *b)
{
	uv_mutex_lock(&w->lock);
	ASSERT(w->todo == NULL && w->done == NULL);
	w->todo = b;
	uv_cond_signal(&w->changed);
	uv_mutex_unlock(&w->lock);
}

struct batch *writer_done(struct writer *w, int *ret_code, struct bldr_error *err)
{
	struct batch *b;

	uv_mutex_lock(&w->lock);
	b = w->done;
	w->done = NULL;
	if (b != NULL) {
		*ret_code = w->code;
		if (w->code < 0 && err != NULL) {
			*err = w->err;
		}
	}
	uv_mutex_unlock(&w->lock);
	return b;
}

void writer_free(struct writer *w)
{
	uv_mutex_lock(&w->lock);
	w->closing = true;
	uv_cond_signal(&w->changed);
	uv_mutex_unlock(&w->lock);
	ASSERT(uv_thread_join(&w->thread) == 0);
	uv_cond_destroy(&w->changed);
	uv_mutex_destroy(&w->lock);
	free(w);
}
