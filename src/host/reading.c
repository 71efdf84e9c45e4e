/*
 * What can be read of threads while others are run: rows, states, events, questions. All of it comes from the reader's
 * connection: what is committed, never what a run holds in memory.
 */
#include "host/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void thread_of(const struct journal_thread *t, struct bldr_thread *ret)
{
	static const enum bldr_thread_status status[] = {
		[RUN_RUNNING] = BLDR_THREAD_RUNNING,
		[RUN_DONE] = BLDR_THREAD_DONE,
		[RUN_FAILED] = BLDR_THREAD_FAILED,
		[RUN_PAUSED] = BLDR_THREAD_PAUSED,
	};

	*ret = (struct bldr_thread){
		.graph_version = t->graph_version,
		.status = status[t->status],
		.lineage = t->root,
		.step = t->step,
		.queued = t->queued,
		.created_ms = t->created_ms,
		.updated_ms = t->updated_ms,
		.events = t->last_event,
		.code = t->code,
	};
	memcpy(ret->id, t->id, sizeof(ret->id));
	memcpy(ret->graph, t->graph, sizeof(ret->graph));
	memcpy(ret->graph_hash, t->graph_hash, sizeof(ret->graph_hash));
	memcpy(ret->error, t->error, sizeof(ret->error));
}

int bldr_thread_info(struct bldr_engine *e, const char *id, struct bldr_thread *ret,
		     struct bldr_error *err)
{
	struct journal_thread t;
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		thread_of(&t, ret);
	}
	return rc;
}

struct each_interrupt {
	const char *thread;
	int (*each)(const struct bldr_interrupt *interrupt, void *user);
	void *user;
	struct bldr_error *err;
	int rc;
};

static int each_interrupt(const struct intent_record *i, void *user)
{
	struct each_interrupt *to = user;
	struct bldr_value *question = NULL;
	struct bldr_interrupt found = { .thread = to->thread, .key = i->key, .asked_ms = i->at_ms };
	int stop;

	if (bldr_value_parse(i->request, strlen(i->request), &question, NULL) < 0) {
		to->rc = bldr_error_set(to->err, BLDR_E_CORRUPT,
					"effect %" PRId64 " of thread \"%s\" is damaged", i->id,
					to->thread);
		return 1;
	}
	found.question = question;
	stop = to->each(&found, to->user);
	bldr_unref(question);
	return stop;
}

int bldr_thread_interrupts(struct bldr_engine *e, const char *id,
			   int (*each)(const struct bldr_interrupt *interrupt, void *user),
			   void *user, struct bldr_error *err)
{
	struct each_interrupt to = { .thread = id, .each = each, .user = user, .err = err };
	struct journal_thread t;
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		rc = journal_pending(e->reader, t.rowid, effect_interrupt.name, each_interrupt, &to,
				     err);
	}
	return rc < 0 ? rc : to.rc;
}

int bldr_thread_state(struct bldr_engine *e, const char *id, struct bldr_value **ret,
		      struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread t;
	struct run *run;
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		rc = engine_find_graph(e, t.graph, &g, err);
	}
	if (rc < 0) {
		return rc;
	}
	run = run_new(g, t.id, t.seed);
	rc = journal_load(e->reader, &t, run, err);
	if (rc == 0) {
		*ret = run_state(run);
	}
	run_free(run);
	return rc;
}

struct each_thread {
	int (*each)(const struct bldr_thread *thread, void *user);
	void *user;
};

static int each_thread(const struct journal_thread *t, void *user)
{
	const struct each_thread *to = user;
	struct bldr_thread thread;

	thread_of(t, &thread);
	return to->each(&thread, to->user);
}

int bldr_threads(struct bldr_engine *e, int (*each)(const struct bldr_thread *thread, void *user),
		 void *user, struct bldr_error *err)
{
	struct each_thread to = { .each = each, .user = user };

	return journal_threads(e->reader, each_thread, &to, err);
}

struct each_event {
	const char *thread;
	int (*each)(const struct bldr_event *event, void *user);
	void *user;
	struct bldr_error *err;
	int rc;
};

static int each_event(const struct event_record *r, void *user)
{
	struct each_event *to = user;
	struct bldr_value *data = NULL;
	struct bldr_event e = {
		.thread = to->thread, .seq = r->seq, .at_ms = r->at_ms, .type = r->type
	};
	int stop;

	if (bldr_value_parse(r->data, strlen(r->data), &data, NULL) < 0) {
		to->rc = bldr_error_set(to->err, BLDR_E_CORRUPT,
					"event %" PRId64 " of thread \"%s\" is damaged", r->seq,
					to->thread);
		return 1;
	}
	e.data = data;
	stop = to->each(&e, to->user);
	bldr_unref(data);
	return stop;
}

int bldr_thread_events(struct bldr_engine *e, const char *id, int64_t after,
		       int (*each)(const struct bldr_event *event, void *user), void *user,
		       struct bldr_error *err)
{
	struct journal_thread t;
	struct each_event to = { .thread = id, .each = each, .user = user, .err = err };
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		rc = journal_events(e->reader, t.rowid, after, each_event, &to, err);
	}
	return rc < 0 ? rc : to.rc;
}
