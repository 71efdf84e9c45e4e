/*
 * The inside of a run. One call at a time works on it: run_enter, then what the call is about, then
 * run_leave, which steps on as far as possible and completes the update.
 *
 *	task_start --no effects--> task_absorb --> task_end --last of its frame--> step_close
 *	     '------intents, later results------^ |                                    |
 *	     ^----------------again---------------'                                    |
 *	                         step_begin of the next superstep, or the frame's end <-'
 */
#pragma once

#include "base/buf.h"
#include "graph/frame.h"
#include "graph/idtable.h"

struct sent {
	struct send *send; /* of an ended task's patch */
};

struct run {
	const struct bldr_graph *graph;
	char *thread;
	uint64_t seed;
	enum run_status status;
	int code; /* RUN_FAILED, as error is */
	char *error;
	int64_t next_id;
	int64_t last_event;
	struct frame *root;
	int64_t base_every;     /* supersteps; 0: as records' sizes ask for */
	struct idtable effects; /* intended, without a result */
	struct idtable tasks;   /* while restoring: the tasks of the frames restored so far */

	/* During a call. */
	struct update *update;
	int64_t now_ms;
	bool quiet; /* failures that an earlier run of this thread has published already */
	STAILQ_HEAD(ready_frames, frame) ready;
	TAILQ_HEAD(unrecorded_tasks, task) unrecorded;

	/* Scratch: what runs next in the frame that is being stepped; text of one event. */
	uint64_t turn;
	struct numbers fired;
	struct {
		struct sent *at;
		size_t n, room;
	} sent;
	struct buf text;
};

void run_enter(struct run *r, int64_t now_ms, struct update *u);
void run_leave(struct run *r);
/* f is to be begun, or closed, by the next run_go_on or run_leave. */
void run_ready(struct run *r, struct frame *f);
void run_go_on(struct run *r);

/* step.c: supersteps. */

/* The first tasks of a frame whose channels hold its input. Errors: of its start's routers. */
int step_prepare_begin(struct run *r, struct frame *f, struct bldr_error *err);
/* Records and starts what was prepared. */
void step_commit(struct run *r, struct frame *f);

/* task.c: one task. */

/* again: an earlier run has published the start already. */
void task_start(struct run *r, struct task *t, bool again);
void task_absorb(struct run *r, struct task *t);
void task_child_ended(struct run *r, struct task *t);
void task_fail(struct run *r, struct task *t, int code, const char *error);
/* Asks the routers of the patch's node. */
void task_route(struct run *r, struct frame *f, struct bldr_patch *p, const struct bldr_view *v);
/* value and error are borrowed; a code that is not negative stands for that of the status. */
void effect_end(struct run *r, struct effect *e, enum bldr_status status, int code,
		const struct bldr_value *value, const char *error);
/* Copies the intent, and adds the effect to its task. */
struct effect *effect_new(struct task *t, const struct intent_record *intent);
