/* What a call leaves behind in its update: records for the journal, events for observers. */
#pragma once

#include "graph/step.h"

/* A superstep's beginning. Names are borrowed from the graph, all else lives in the arena. */
struct step_record *record_step(struct run *r, const struct frame *f);
/* Every set channel in full. */
void record_base(struct run *r, struct frame *f, struct step_record *s);
/* What the journal has to read for it, roughly. */
size_t record_bytes(const struct step_record *s);
void record_patch(struct run *r, const struct task *t);
void record_round(struct run *r, const struct task *t, const char *kept);
void record_intent(struct run *r, const struct effect *e);
/* text: of the value, or NULL. */
void record_result(struct run *r, const struct effect *e, const char *text);

void event_run_started(struct run *r);
void event_run_resumed(struct run *r);
void event_run_ended(struct run *r);
void event_run_failed(struct run *r);
void event_superstep(struct run *r, const struct frame *f);
void event_task_started(struct run *r, const struct task *t);
void event_task_again(struct run *r, const struct task *t);
void event_task_ended(struct run *r, const struct task *t);
void event_task_failed(struct run *r, const struct task *t);
void event_effect_intended(struct run *r, const struct effect *e, const char *name);
void event_effect_ended(struct run *r, const struct effect *e);
