/*
 * Records and events. Event data is written by hand, keys in order, because there are several for
 * every superstep; it is the same text that bldr_value_text would make.
 */
#include "graph/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/digits.h"

struct step_record *record_step(struct run *r, const struct frame *f)
{
	struct step_record *s = LIST_ADD(&r->update->arena, &r->update->steps);
	*s = (struct step_record){ .frame = f->id, .step = f->step, .at_ms = f->at_ms };
	return s;
}

void record_base(struct run *r, struct frame *f, struct step_record *s)
{
	struct arena *a = &r->update->arena;
	s->base = true;
	for (size_t i = 0; i < f->graph->n_channels; i++) {
		struct cell *cell = &f->cells[i];
		if (cell->value == NULL || f->graph->channels[i].untracked) {
			continue;
		}
		char *text = bldr_value_text(cell->value);
		cell->bytes = strlen(text);
		bool given = s->step > 0 && !cell->written; /* restoring has to know */
		*LIST_ADD(a, &s->writes) = (struct step_write){
			.channel = f->graph->channels[i].name,
			.form = given ? WRITE_DELTA : WRITE_FULL,
			.text = arena_copy(a, text, cell->bytes + 1),
		};
		free(text);
	}
}

size_t record_bytes(const struct step_record *s)
{
	enum { ROW = 16 };
	size_t bytes = ROW;
	for (size_t i = 0; i < s->writes.n; i++) {
		bytes += ROW + strlen(s->writes.at[i].channel) + strlen(s->writes.at[i].text);
	}
	for (size_t i = 0; i < s->tasks.n; i++) {
		const struct step_task *t = &s->tasks.at[i];
		bytes += ROW + strlen(t->node) + (t->input != NULL ? strlen(t->input) : 0);
	}
	return bytes;
}

void record_patch(struct run *r, const struct task *t)
{
	struct arena *a = &r->update->arena;
	*LIST_ADD(a, &r->update->patches) =
		(struct patch_record){ .task = t->id, .text = patch_text(&t->patch, a) };
}

void record_round(struct run *r, const struct task *t, const char *kept)
{
	struct arena *a = &r->update->arena;
	*LIST_ADD(a, &r->update->rounds) = (struct round_record){
		.task = t->id,
		.round = t->round,
		.at_ms = t->at_ms,
		.kept = arena_strdup(a, kept),
	};
}

void record_intent(struct run *r, const struct effect *e)
{
	struct arena *a = &r->update->arena;
	struct intent_record copy = e->intent;
	copy.kind = arena_strdup(a, copy.kind);
	copy.key = arena_strdup(a, copy.key);
	copy.request = arena_strdup(a, copy.request);
	*LIST_ADD(a, &r->update->intents) = copy;
}

void record_result(struct run *r, const struct effect *e, const char *text)
{
	struct arena *a = &r->update->arena;
	*LIST_ADD(a, &r->update->results) = (struct result_record){
		.effect = e->intent.id,
		.status = e->status,
		.code = e->code,
		.value = arena_strdup(a, text),
		.error = arena_strdup(a, e->error),
	};
}

static void put(struct run *r, const char *text)
{
	buf_puts(&r->text, text);
}

/* *size: how long it is, when it is plain. */
static bool is_plain(const char *s, size_t *size)
{
	const char *at = s;
	for (; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') {
			return false;
		}
	}
	*size = (size_t)(at - s);
	return true;
}

/* s as a JSON text. */
static void put_text(struct run *r, const char *s)
{
	size_t size;
	if (is_plain(s, &size)) {
		buf_putc(&r->text, '"');
		buf_add(&r->text, s, size);
		buf_putc(&r->text, '"');
		return;
	}
	struct bldr_value *v = bldr_text(s);
	char *text = bldr_value_text(v);
	buf_puts(&r->text, text);
	free(text);
	bldr_unref(v);
}

static void event_begin(struct run *r)
{
	buf_clear(&r->text);
}

static void event_end(struct run *r, const char *type)
{
	ASSERT(!buf_failed(&r->text));
	struct arena *a = &r->update->arena;
	*LIST_ADD(a, &r->update->events) = (struct event_record){
		.seq = ++r->last_event,
		.at_ms = r->now_ms,
		.type = type,
		.data = arena_copy(a, r->text.data, r->text.size + 1),
	};
}

void event_run_started(struct run *r)
{
	event_begin(r);
	put(r, "{\"graph\":");
	put_text(r, r->graph->name);
	put(r, "}");
	event_end(r, "run.started");
}

void event_run_resumed(struct run *r)
{
	event_begin(r);
	put(r, "{}");
	event_end(r, "run.resumed");
}

void event_run_ended(struct run *r)
{
	event_begin(r);
	put(r, "{}");
	event_end(r, "run.ended");
}

void event_run_failed(struct run *r)
{
	event_begin(r);
	put(r, "{\"error\":");
	put_text(r, r->error);
	put(r, "}");
	event_end(r, "run.failed");
}

void event_superstep(struct run *r, const struct frame *f)
{
	event_begin(r);
	put(r, "{\"frame\":");
	put_text(r, f->opener != NULL ? f->path : "/");
	char step[DIGITS_MAX];
	digits_of(f->step, step);
	put(r, ",\"step\":");
	put(r, step);
	put(r, ",\"tasks\":[");
	for (size_t i = 0; i < f->tasks.n; i++) {
		put(r, i > 0 ? "," : "");
		put_text(r, f->tasks.at[i].path);
	}
	put(r, "]}");
	event_end(r, "superstep");
}

void event_task_started(struct run *r, const struct task *t)
{
	event_begin(r);
	put(r, "{\"node\":");
	put_text(r, t->node->name);
	put(r, ",\"task\":");
	put_text(r, t->path);
	put(r, "}");
	event_end(r, "task.started");
}

void event_task_again(struct run *r, const struct task *t)
{
	char round[DIGITS_MAX];
	digits_of(t->round, round);
	event_begin(r);
	put(r, "{\"node\":");
	put_text(r, t->node->name);
	put(r, ",\"round\":");
	put(r, round);
	put(r, ",\"task\":");
	put_text(r, t->path);
	put(r, "}");
	event_end(r, "task.again");
}

/* Each channel once, in the order of the first write. What is said to the parent is not this frame's. */
static void put_channels(struct run *r, const struct task *t)
{
	uint64_t turn = ++r->turn;
	bool first = true;
	for (size_t i = 0; i < t->patch.writes.n && !t->patch.up; i++) {
		size_t channel = t->patch.writes.at[i].channel;
		const struct channel *c = &t->frame->graph->channels[channel];
		if (c->hidden || c->untracked || t->frame->channel_turn[channel] == turn) {
			continue;
		}
		t->frame->channel_turn[channel] = turn;
		put(r, first ? "" : ",");
		put_text(r, c->name);
		first = false;
	}
}

void event_task_ended(struct run *r, const struct task *t)
{
	event_begin(r);
	put(r, "{\"node\":");
	put_text(r, t->node->name);
	put(r, ",\"task\":");
	put_text(r, t->path);
	put(r, ",\"writes\":[");
	put_channels(r, t);
	put(r, "]}");
	event_end(r, "task.ended");
}

void event_task_failed(struct run *r, const struct task *t)
{
	event_begin(r);
	put(r, "{\"error\":");
	put_text(r, t->error);
	put(r, ",\"node\":");
	put_text(r, t->node->name);
	put(r, ",\"task\":");
	put_text(r, t->path);
	put(r, "}");
	event_end(r, "task.failed");
}

void event_effect_intended(struct run *r, const struct effect *e, const char *name)
{
	event_begin(r);
	put(r, "{\"key\":");
	put_text(r, e->intent.key);
	put(r, ",\"kind\":");
	put_text(r, e->intent.kind);
	put(r, ",\"name\":");
	put_text(r, name);
	put(r, "}");
	event_end(r, "effect.intended");
}

void event_effect_ended(struct run *r, const struct effect *e)
{
	static const char *const names[] = { "done", "failed", "timed_out", "cancelled", "unknown" };
	event_begin(r);
	put(r, "{");
	if (e->error != NULL) {
		put(r, "\"error\":");
		put_text(r, e->error);
		put(r, ",");
	}
	put(r, "\"key\":");
	put_text(r, e->intent.key);
	put(r, ",\"status\":");
	put_text(r, names[e->status]);
	put(r, "}");
	event_end(r, "effect.ended");
}
