/* What a call leaves behind in its update: records for the journal, events for observers. */
#pragma once

#include "graph/step.h"

/* A superstep's beginning. Names are borrowed from the graph, all else lives in the arena. */
struct step_record *record_step(struct run *r, const struct frame *f, const struct beginning *how);
/* Every set channel in full. */
void record_base(struct run *r, struct frame *f, struct step_record *s);
/* What the journal has to read for it, roughly. */
size_t record_bytes(const struct step_record *s);
void record_patch(struct run *r, const struct task *t);
void record_round(struct run *r, const struct task *t, const char *kept);
/* t has failed for good: what its handler is given. */
void record_handler(struct run *r, const struct task *t, const char *input);
/* The same of a task without a handler whose failure no rebuilding could find again. */
void record_failure(struct run *r, const struct task *t);
void record_retry(struct run *r, const struct effect *e);
void record_intent(struct run *r, const struct effect *e);
/* text: of the value, or NULL. */
void record_result(struct run *r, const struct effect *e, const char *text);

void event_run_started(struct run *r);
void event_run_resumed(struct run *r);
void event_run_ended(struct run *r);
void event_run_failed(struct run *r);
/* A new invocation, at superstep step; queued: of an input that waited. */
void event_run_input(struct run *r, bool queued, int64_t step);
/* source: "update" or "migrate"; node: whose writes they were, or NULL. */
void event_run_updated(struct run *r, const char *source, const char *node);
void event_run_forked(struct run *r, int64_t from_frame, int64_t from_step);
void event_run_paused(struct run *r);
void event_input_queued(struct run *r, int64_t number);
void event_superstep(struct run *r, const struct frame *f);
void event_task_started(struct run *r, const struct task *t);
/* effect: the first that differs, by its place in the plan. */
void event_task_diverged(struct run *r, const struct task *t, size_t effect);
void event_task_again(struct run *r, const struct task *t);
void event_task_ended(struct run *r, const struct task *t);
void event_task_failed(struct run *r, const struct task *t);
void event_task_handled(struct run *r, const struct task *t, int code, const char *error);
void event_effect_intended(struct run *r, const struct effect *e, const char *name);
/* known: nobody performed it, its result was there. */
void event_effect_ended(struct run *r, const struct effect *e, bool known);
void event_effect_retry(struct run *r, const struct effect *e, int code, const char *error);
/* A result that came when the effect had ended. error: or NULL. */
void event_effect_late(struct run *r, int64_t effect, enum bldr_status status, const char *error);
/* What a performer says. type: of the event, static. */
void event_emitted(struct run *r, const char *type, int64_t effect, const char *key,
		   uint32_t attempt, const struct bldr_value *data);
