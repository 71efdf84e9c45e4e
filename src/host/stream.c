/*
 * Streams: LangGraph's modes as projections of durable events. One projector serves both those who listen and those who read
 * the log afterwards; what is not in an event itself (the state) is read from the journal at the checkpoint that the event names.
 */
#include "host/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct projector {
	struct bldr_engine *e;
	unsigned modes;
	const struct bldr_event *event;
	int (*each)(const struct bldr_stream_part *part, void *user);
	void *user;
	int stopped; /* what each returned */
	struct bldr_error *err;
};

static bool wants(const struct projector *p, unsigned modes)
{
	return (p->modes & modes) != 0;
}

/* Takes data. */
static void give(struct projector *p, enum bldr_stream mode, const char *path,
		 struct bldr_value *data)
{
	if (p->stopped == 0 && wants(p, mode)) {
		const struct bldr_stream_part part = {
			.thread = p->event->thread,
			.seq = p->event->seq,
			.mode = mode,
			.path = path,
			.data = data,
		};

		p->stopped = p->each(&part, p->user);
	}
	bldr_unref(data);
}

/* The same part as debug shows it: with its kind, the superstep and the time. */
static void give_debug(struct projector *p, const char *kind, const char *path,
		       struct bldr_value *payload)
{
	struct bldr_value *data = bldr_object();
	const struct bldr_value *step = bldr_get(p->event->data, "step");

	bldr_object_set(data, "at_ms", bldr_int(p->event->at_ms));
	bldr_object_set(data, "payload", payload);
	if (step != NULL) {
		bldr_object_set(data, "step", bldr_ref(step));
	}
	bldr_object_set(data, "type", bldr_text(kind));
	give(p, BLDR_STREAM_DEBUG, path, data);
}

/* The graph that a task runs in: "/2:sub/0:node" -> "/2:sub"; "" for the root. The caller frees it. */
static char *graph_path(const char *task)
{
	const char *last = strrchr(task, '/');

	return last != NULL ? xasprintf("%.*s", (int)(last - task), task) : xstrdup("");
}

static int64_t number(const struct projector *p, const char *key, int64_t fallback)
{
	return bldr_as_int(bldr_get(p->event->data, key), fallback);
}

/* ---- checkpoints and values ---- */

static int describe(const struct bldr_checkpoint *c, void *user)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "held", bldr_bool(c->held));
	bldr_object_set(v, "lineage", bldr_int(c->lineage));
	bldr_object_set(v, "next", bldr_ref(c->next));
	bldr_object_set(v, "source", bldr_text(c->source));
	bldr_object_set(v, "step", bldr_int(c->step));
	*(struct bldr_value **)user = v;
	return 0;
}

/* A superstep of the root graph has begun, or the run has ended: the state that it sees. */
static int checkpoint(struct projector *p)
{
	int64_t lineage = number(p, "lineage", 0);
	int64_t step = number(p, "step", 0);
	struct bldr_value *described = NULL;
	struct bldr_value *values = NULL;
	int rc;

	if (!wants(p, BLDR_STREAM_VALUES | BLDR_STREAM_CHECKPOINTS | BLDR_STREAM_DEBUG)) {
		return 0;
	}
	rc = engine_output_at(p->e, p->event->thread, lineage, step, &values, p->err);
	if (rc == BLDR_E_NOT_FOUND) {
		return 0; /* pruned */
	}
	if (rc < 0) {
		return rc;
	}
	give(p, BLDR_STREAM_VALUES, "", bldr_ref(values));
	if (wants(p, BLDR_STREAM_CHECKPOINTS | BLDR_STREAM_DEBUG)) {
		rc = engine_checkpoint(p->e, p->event->thread, lineage, step, describe, &described,
				       p->err);
	}
	if (rc == 0 && described != NULL) {
		bldr_object_set(described, "values", bldr_ref(values));
		give(p, BLDR_STREAM_CHECKPOINTS, "", bldr_ref(described));
		give_debug(p, "checkpoint", "", described);
	}
	bldr_unref(values);
	return rc;
}

/* ---- tasks and updates ---- */

static void task(struct projector *p)
{
	const char *path = bldr_get_text(p->event->data, "task");
	char *graph = graph_path(path != NULL ? path : "");
	const struct bldr_value *writes = bldr_get(p->event->data, "values");
	struct bldr_value *data = bldr_object();

	for (void *it = bldr_first(p->event->data); it != NULL; it = bldr_next(p->event->data, it)) {
		bldr_object_set(data, bldr_key(it), bldr_ref(bldr_item(it)));
	}
	bldr_object_set(data, "event", bldr_text(p->event->type + strlen("task.")));
	give(p, BLDR_STREAM_TASKS, graph, bldr_ref(data));
	give_debug(p, "task", graph, data);
	if (strcmp(p->event->type, "task.ended") == 0 && writes != NULL) {
		struct bldr_value *update = bldr_object();

		bldr_object_set(update, bldr_get_text(p->event->data, "node"), bldr_ref(writes));
		give(p, BLDR_STREAM_UPDATES, graph, update);
	}
	free(graph);
}

/* ---- interrupts ---- */

struct asked {
	const char *key;
	struct bldr_value *ret;
};

static int look_at(const struct bldr_interrupt *i, void *user)
{
	struct asked *a = user;

	if (strcmp(i->key, a->key) != 0) {
		return 0;
	}
	bldr_object_set(a->ret, "question", bldr_ref(i->question));
	return 1;
}

static int interrupt(struct projector *p)
{
	struct asked a = { .key = bldr_get_text(p->event->data, "key") };
	struct bldr_value *list;
	struct bldr_value *data;
	int rc;

	if (!wants(p, BLDR_STREAM_UPDATES | BLDR_STREAM_VALUES)) {
		return 0;
	}
	a.ret = bldr_object();
	bldr_object_set(a.ret, "key", bldr_text(a.key));
	rc = bldr_thread_interrupts(p->e, p->event->thread, look_at, &a, p->err);
	list = bldr_list();
	bldr_list_add(list, a.ret);
	data = bldr_object();
	bldr_object_set(data, "__interrupt__", list);
	give(p, BLDR_STREAM_UPDATES, "", bldr_ref(data));
	give(p, BLDR_STREAM_VALUES, "", data);
	return rc;
}

static bool is(const struct projector *p, const char *type)
{
	return strcmp(p->event->type, type) == 0;
}

static bool of_root(const struct projector *p)
{
	const char *frame = bldr_get_text(p->event->data, "frame");

	return frame == NULL || strcmp(frame, "/") == 0;
}

static int project(struct projector *p)
{
	const char *kind = bldr_get_text(p->event->data, "kind");

	if (strncmp(p->event->type, "task.", strlen("task.")) == 0) {
		task(p);
	} else if (is(p, "superstep") ? of_root(p) : is(p, "run.ended")) {
		return checkpoint(p);
	} else if (is(p, "effect.intended") && kind != NULL && strcmp(kind, "interrupt") == 0) {
		return interrupt(p);
	} else if (is(p, "message")) {
		give(p, BLDR_STREAM_MESSAGES, "", bldr_ref(p->event->data));
	} else if (is(p, "custom")) {
		give(p, BLDR_STREAM_CUSTOM, "", bldr_ref(p->event->data));
	}
	return 0;
}

int stream_event(struct bldr_engine *e, unsigned modes, const struct bldr_event *event,
		 int (*each)(const struct bldr_stream_part *part, void *user), void *user,
		 struct bldr_error *err)
{
	struct projector p = {
		.e = e, .modes = modes, .event = event, .each = each, .user = user, .err = err
	};
	int rc = project(&p);

	return rc < 0 ? rc : p.stopped != 0;
}

struct replaying {
	struct bldr_engine *e;
	unsigned modes;
	int (*each)(const struct bldr_stream_part *part, void *user);
	void *user;
	struct bldr_error *err;
	int rc;
};

static int replay(const struct bldr_event *event, void *user)
{
	struct replaying *r = user;

	r->rc = stream_event(r->e, r->modes, event, r->each, r->user, r->err);
	return r->rc != 0;
}

int bldr_thread_stream(struct bldr_engine *e, const char *id, unsigned modes, int64_t after,
		       int (*each)(const struct bldr_stream_part *part, void *user), void *user,
		       struct bldr_error *err)
{
	struct replaying r = { .e = e, .modes = modes, .each = each, .user = user, .err = err };
	int rc = bldr_thread_events(e, id, after, replay, &r, err);

	return rc < 0 ? rc : (r.rc < 0 ? r.rc : 0);
}
