/*
 * Records and events. Event data is written by hand, keys in order, because there are several for
 * every superstep; it is the same text that bldr_value_text would make.
 */
#include "graph/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/digits.h"

struct step_record *record_step(struct run *r, const struct frame *f, const struct beginning *how)
{
	struct step_record *s = LIST_ADD(&r->update->arena, &r->update->steps);
	*s = (struct step_record){
		.frame = f->id,
		.step = f->step,
		.at_ms = f->at_ms,
		.source = how->source,
		.first = f->first,
		.from_frame = how->from_frame,
		.from_step = how->from_step,
	};
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

void run_snapshot(struct run *r, struct update *u)
{
	const struct beginning how = { .source = STEP_LOOP, .from_frame = -1, .from_step = -1 };
	ASSERT(r->update == NULL && r->root != NULL);
	r->update = u;
	record_base(r, r->root, record_step(r, r->root, &how));
	r->update = NULL;
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

static void add_handler(struct run *r, const struct task *t, const char *input)
{
	*LIST_ADD(&r->update->arena, &r->update->handlers) =
		(struct handler_record){ .task = t->id, .at_ms = r->now_ms, .input = input };
}

void record_handler(struct run *r, const struct task *t, const char *input)
{
	add_handler(r, t, arena_strdup(&r->update->arena, input));
}

void record_failure(struct run *r, const struct task *t)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "attempt", bldr_int(t->attempt));
	bldr_object_set(v, "code", bldr_int(t->code));
	bldr_object_set(v, "error", bldr_text(t->error));
	char *text = bldr_value_text(v);
	add_handler(r, t, arena_strdup(&r->update->arena, text));
	free(text);
	bldr_unref(v);
}

void record_retry(struct run *r, const struct effect *e)
{
	*LIST_ADD(&r->update->arena, &r->update->retries) = (struct retry_record){
		.effect = e->intent.id,
		.tries = e->intent.tries,
		.due_ms = e->intent.due_ms,
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

/* Inline: most texts are literals, whose size the compiler knows. */
static inline void put(struct run *r, const char *text)
{
	buf_add(&r->text, text, strlen(text));
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

/* Names and paths: nothing in them is escaped in JSON. */
static void put_name(struct run *r, const char *name)
{
	put(r, "\"");
	put(r, name);
	put(r, "\"");
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

static void put_number(struct run *r, int64_t number)
{
	char digits[DIGITS_MAX];
	digits_of(number, digits);
	put(r, digits);
}

/* ,"lineage":7 when it is not the first. */
static void put_lineage(struct run *r, const char *before, const char *after)
{
	if (r->root->id != 0) {
		put(r, before);
		put(r, "\"lineage\":");
		put_number(r, r->root->id);
		put(r, after);
	}
}

static void put_step(struct run *r, int64_t step)
{
	put(r, "\"step\":");
	put_number(r, step);
	put(r, "}");
}

void event_run_started(struct run *r)
{
	event_begin(r);
	put(r, "{\"graph\":");
	put_name(r, r->graph->name);
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
	put(r, "{");
	put_lineage(r, "", ",");
	put_step(r, r->root->step);
	event_end(r, "run.ended");
}

void event_run_failed(struct run *r)
{
	event_begin(r);
	put(r, "{\"error\":");
	put_text(r, r->error);
	put(r, ",");
	put_lineage(r, "", ",");
	put_step(r, r->root->step);
	event_end(r, "run.failed");
}

void event_run_input(struct run *r, bool queued, int64_t step)
{
	event_begin(r);
	put(r, "{");
	put_lineage(r, "", ",");
	put(r, queued ? "\"source\":\"queue\"," : "\"source\":\"input\",");
	put_step(r, step);
	event_end(r, "run.input");
}

void event_run_updated(struct run *r, const char *source, const char *node)
{
	event_begin(r);
	put(r, "{");
	put_lineage(r, "", ",");
	if (node != NULL) {
		put(r, "\"node\":");
		put_text(r, node);
		put(r, ",");
	}
	put(r, "\"source\":");
	put_name(r, source);
	put(r, ",");
	put_step(r, r->root->step + 1);
	event_end(r, "run.updated");
}

void event_run_forked(struct run *r, int64_t from_frame, int64_t from_step)
{
	event_begin(r);
	put(r, "{\"from_lineage\":");
	put_number(r, from_frame);
	put(r, ",\"from_step\":");
	put_number(r, from_step);
	put(r, ",");
	put_lineage(r, "", ",");
	put_step(r, r->root->step + 1);
	event_end(r, "run.forked");
}

void event_input_queued(struct run *r, int64_t number)
{
	event_begin(r);
	put(r, "{\"number\":");
	put_number(r, number);
	put(r, "}");
	event_end(r, "input.queued");
}

static void put_held(struct run *r, const struct frame *f, bool *first)
{
	for (size_t i = 0; i < f->tasks.n; i++) {
		const struct task *t = &f->tasks.at[i];
		if (t->held) {
			put(r, *first ? "" : ",");
			put_name(r, t->path);
			*first = false;
		} else if (t->child != NULL) {
			put_held(r, t->child, first);
		}
	}
}

void event_run_paused(struct run *r)
{
	bool first = true;
	event_begin(r);
	put(r, "{");
	put_lineage(r, "", ",");
	put(r, "\"next\":[");
	put_held(r, r->root, &first);
	put(r, "],");
	put_step(r, r->root->step);
	event_end(r, "run.paused");
}

void event_superstep(struct run *r, const struct frame *f)
{
	event_begin(r);
	put(r, "{\"frame\":");
	put_name(r, f->opener != NULL ? f->path : "/");
	if (f->opener == NULL) {
		put_lineage(r, ",", "");
	}
	put(r, ",\"step\":");
	put_number(r, f->step);
	put(r, ",\"tasks\":[");
	for (size_t i = 0; i < f->tasks.n; i++) {
		put(r, i > 0 ? "," : "");
		put_name(r, f->tasks.at[i].path);
	}
	put(r, "]}");
	event_end(r, "superstep");
}

void event_task_started(struct run *r, const struct task *t)
{
	event_begin(r);
	put(r, "{\"node\":");
	put_name(r, t->node->name);
	put(r, ",\"task\":");
	put_name(r, t->path);
	put(r, "}");
	event_end(r, "task.started");
}

void event_task_diverged(struct run *r, const struct task *t, size_t effect)
{
	event_begin(r);
	put(r, "{\"effect\":");
	put_number(r, (int64_t)effect);
	put(r, ",\"node\":");
	put_name(r, t->node->name);
	put(r, ",\"task\":");
	put_name(r, t->path);
	put(r, "}");
	event_end(r, "task.diverged");
}

void event_task_again(struct run *r, const struct task *t)
{
	event_begin(r);
	put(r, "{\"node\":");
	put_name(r, t->node->name);
	put(r, ",\"round\":");
	put_number(r, t->round);
	put(r, ",\"task\":");
	put_name(r, t->path);
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
		put_name(r, c->name);
		first = false;
	}
}

/* What the task gave to a channel: a value, or the list of them when there are several. */
static struct bldr_value *given(const struct task *t, size_t first)
{
	size_t channel = t->patch.writes.at[first].channel;
	struct bldr_value *all = bldr_list();
	for (size_t i = first; i < t->patch.writes.n; i++) {
		if (t->patch.writes.at[i].channel == channel) {
			bldr_list_add(all, bldr_ref(t->patch.writes.at[i].kept.value));
		}
	}
	struct bldr_value *only = bldr_count(all) == 1 ? bldr_ref(bldr_at(all, 0)) : NULL;
	if (only != NULL) {
		bldr_unref(all);
	}
	return only != NULL ? only : all;
}

/* Object: channel -> what was given to it, of the channels that put_channels names. */
static void put_values(struct run *r, const struct task *t)
{
	struct bldr_value *values = bldr_object();
	for (size_t i = 0; i < t->patch.writes.n && !t->patch.up; i++) {
		const struct channel *c = &t->frame->graph->channels[t->patch.writes.at[i].channel];
		if (!c->hidden && !c->untracked && bldr_get(values, c->name) == NULL) {
			bldr_object_set(values, c->name, given(t, i));
		}
	}
	char *text = bldr_value_text(values);
	put(r, ",\"values\":");
	put(r, text);
	free(text);
	bldr_unref(values);
}

void event_task_ended(struct run *r, const struct task *t)
{
	event_begin(r);
	put(r, "{\"node\":");
	put_name(r, t->node->name);
	put(r, ",\"task\":");
	put_name(r, t->path);
	if (r->record_updates) {
		put_values(r, t);
	}
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
	put_name(r, t->node->name);
	put(r, ",\"task\":");
	put_name(r, t->path);
	put(r, "}");
	event_end(r, "task.failed");
}

void event_task_handled(struct run *r, const struct task *t, int code, const char *error)
{
	event_begin(r);
	put(r, "{\"code\":");
	put_name(r, bldr_error_name(code));
	put(r, ",\"error\":");
	put_text(r, error);
	put(r, ",\"handler\":");
	put_name(r, t->frame->graph->nodes[t->node->on_error].name);
	put(r, ",\"node\":");
	put_name(r, t->node->name);
	put(r, ",\"task\":");
	put_name(r, t->path);
	put(r, "}");
	event_end(r, "task.handled");
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

static const char *const statuses[] = { "done", "failed", "timed_out", "cancelled", "unknown" };

void event_effect_ended(struct run *r, const struct effect *e, bool known)
{
	event_begin(r);
	put(r, known ? "{\"cached\":true," : "{");
	if (e->error != NULL) {
		put(r, "\"error\":");
		put_text(r, e->error);
		put(r, ",");
	}
	put(r, "\"key\":");
	put_text(r, e->intent.key);
	put(r, ",\"status\":");
	put_name(r, statuses[e->status]);
	put(r, "}");
	event_end(r, "effect.ended");
}

void event_effect_retry(struct run *r, const struct effect *e, int code, const char *error)
{
	event_begin(r);
	put(r, "{\"code\":");
	put_name(r, bldr_error_name(code));
	put(r, ",\"due_ms\":");
	put_number(r, e->intent.due_ms);
	put(r, ",\"error\":");
	put_text(r, error);
	put(r, ",\"key\":");
	put_text(r, e->intent.key);
	put(r, ",\"tries\":");
	put_number(r, e->intent.tries);
	put(r, "}");
	event_end(r, "effect.retry");
}

void event_effect_late(struct run *r, int64_t effect, enum bldr_status status, const char *error)
{
	const char *key = late_key(r, effect);
	event_begin(r);
	put(r, "{\"effect\":");
	put_number(r, effect);
	if (error != NULL) {
		put(r, ",\"error\":");
		put_text(r, error);
	}
	if (key != NULL) {
		put(r, ",\"key\":");
		put_text(r, key);
	}
	put(r, ",\"status\":");
	put_name(r, statuses[status]);
	put(r, "}");
	event_end(r, "effect.late");
}

void event_emitted(struct run *r, const char *type, int64_t effect, const char *key,
		   uint32_t attempt, const struct bldr_value *data)
{
	char *text = bldr_value_text(data);
	event_begin(r);
	put(r, "{\"attempt\":");
	put_number(r, attempt);
	put(r, ",\"data\":");
	put(r, text);
	put(r, ",\"effect\":");
	put_number(r, effect);
	if (key != NULL) {
		put(r, ",\"key\":");
		put_text(r, key);
	}
	put(r, "}");
	event_end(r, type);
	free(text);
}
