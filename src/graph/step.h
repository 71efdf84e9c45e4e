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

/* A node that ended and a join waits for: its place among the join's sources. */
struct join_end {
	size_t join, source;
};

/* What a hidden channel is to become: value NULL: unset; added: what is new in it, or NULL. */
struct hidden_change {
	size_t channel;
	struct bldr_value *value, *added;
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
	struct {
		struct join_end *ends;
		struct hidden_change *changes;
		size_t n_ends, room_ends, n_changes, room_changes;
		struct numbers deferred; /* nodes that were triggered now */
	} wait;
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
/* The random bits of a frame's beginning. */
uint64_t step_start_seed(const struct run *r, const struct frame *f);
/* What comes next is gathered: nothing yet, what a patch and its node's edges and joins lead to, all of it
 * in fold order with what joins and quiet add. Errors: LIMIT. */
void step_follow_none(struct run *r);
void step_follow(struct run *r, struct frame *f, struct bldr_patch *p);
int step_settle_next(struct run *r, struct frame *f, struct bldr_error *err);
/* Something leads to the node: it runs next, or waits when it is deferred. */
void step_fire(struct run *r, struct frame *f, size_t node);
void step_run_next(struct run *r, size_t node);
/* A subgraph's frame that spoke to its parent: it has ended, its tasks' patches are in no record. */
void step_dismiss(struct run *r, struct frame *f);
/* The same, when the parent could not do what was said: the patches are recorded, so that it can try again. */
void step_record_ended(struct run *r, struct frame *f);

/* wait.c: joins and deferred nodes. */

/* Nothing is to change. */
void wait_none(struct run *r);
void wait_release(struct run *r);
/* A task of the node has ended. */
void wait_joins(struct run *r, const struct bldr_graph *g, const struct node *ended);
void wait_defer(struct run *r, size_t node);
/* When all has been followed: adds what joins and quiet lead to. */
void wait_settle(struct run *r, struct frame *f);
/* Changes the hidden channels, and notes it in s unless that is a base. */
void wait_fold(struct run *r, struct frame *f, struct step_record *s, bool base);

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
