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

/* An input that waits for its invocation. */
struct queued {
	int64_t number;
	struct bldr_value *input;
	STAILQ_ENTRY(queued) next;
};

/* An effect that has ended while its performer may still speak: its key, for events. */
struct late {
	int64_t effect;
	char *key;
};
enum { LATE_MAX = 256 }; /* the latest of them */
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
	int64_t root_id; /* 0, or that of a fork */
	STAILQ_HEAD(queue, queued) queue;
	size_t n_queued;
	int64_t base_every;     /* supersteps; 0: as records' sizes ask for */
	struct idtable effects; /* intended, without a result */
	struct late *late;      /* a ring, made when first needed */
	size_t n_late;          /* ever */

	/* What the host asked for. */
	int64_t yield_after;                                /* supersteps of the root; 0: never */
	const char *const *also_before, *const *also_after; /* or NULL */
	bool forgotten;                                     /* run_forget */
	bool drain;                                         /* the root's next superstep is held */
	bool record_updates;
	run_answer_fn answer; /* or NULL */
	void *answer_user;

	struct idtable tasks; /* while restoring: the tasks of the frames restored so far */

	/* During a call. */
	int64_t budget; /* supersteps of the root until it yields */
	struct update *update;
	int64_t now_ms;
	bool quiet;     /* failures that an earlier run of this thread has published already */
	bool cancelled; /* the root frame fails because of that */
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
/* How a superstep begins. */
struct beginning {
	enum step_source source;
	bool hold; /* whatever the static interrupts say */
	bool base; /* its record holds every channel */
	bool blank; /* nothing runs, and yet the frame has not ended: something else follows at once */
	int64_t from_frame, from_step;
};
/* Records and starts what was prepared. */
void step_commit(struct run *r, struct frame *f, const struct beginning *how);
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
void step_send(struct run *r, struct send *send);
/* A subgraph's frame that spoke to its parent: it has ended, its tasks' patches are in no record. */
void step_dismiss(struct run *r, struct frame *f);
/* The same, when the parent could not do what was said: the patches are recorded, so that it can try again. */
void step_record_ended(struct run *r, struct frame *f);

/* wait.c: joins and deferred nodes. */

/* Nothing is to change. */
void wait_none(struct run *r);
void wait_release(struct run *r);
/* Deferred nodes that wait do so no more. */
void wait_forget(struct run *r, struct frame *f);
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
/* Of a task that was rebuilt while effects of its round are open: an event when its node would not plan the same again. What is
 * recorded counts all the same. */
void task_check_plan(struct run *r, const struct task *t);
void task_child_ended(struct run *r, struct task *t);
/* It has failed: its handler takes over, or it waits for its frame to find out. */
void task_fail(struct run *r, struct task *t, int code, const char *error);
/* The same without a handler. */
void task_fail_for_good(struct run *r, struct task *t, int code, const char *error);
bool task_has_handler(const struct task *t);
/* Begins the handler's work in the place of a task that failed. */
void task_handle(struct run *r, struct task *t, int code, const char *error);
/* Text of strangers for events and records: valid UTF-8 of at most BLDR_ERROR_TEXT_MAX. The caller frees it. */
char *error_text(const char *s);
/* Asks the routers of the patch's node. */
void task_route(struct run *r, struct frame *f, struct bldr_patch *p, const struct bldr_view *v);
/* How a try of an effect ended. Borrowed. */
struct outcome {
	enum bldr_status status;
	int code; /* what is not negative stands for that of the status */
	const struct bldr_value *value;
	const char *error;
	int64_t retry_after_ms; /* the least pause before another try */
};
void effect_end(struct run *r, struct effect *e, const struct outcome *o);
/* Copies the intent, and adds the effect to its task. */
struct effect *effect_new(struct task *t, const struct intent_record *intent);

/* retry.c: whether a failure, whose code is negative and which has an error, is tried again; then that is recorded, and the
 * effect stays pending. */
bool effect_retry(struct run *r, struct effect *e, const struct outcome *o);

/* giveup.c: what is under way and shall not go on. */

/* The effect ends without its performer: CANCELLED, of class once UNKNOWN. Its task is not asked. */
void effect_give_up(struct run *r, struct effect *e);
/* All pending effects of f's tasks and of frames below; and no patch of theirs is recorded any more. */
void frame_give_up(struct run *r, struct frame *f);
/* Tasks that ended in this call and go with their frame are recorded by what replaces them. */
void frame_forget_unrecorded(struct run *r, struct frame *f);
/* e has ended, and its performer may not have heard. */
void late_add(struct run *r, const struct effect *e);
/* The key of an effect that ended, or NULL when that is too long ago. */
const char *late_key(const struct run *r, int64_t effect);

/* hold.c: supersteps that wait for somebody to go on. */

/* Whether the superstep of f that is about to begin is to be held. */
bool hold_wanted(const struct run *r, const struct frame *f, enum step_source source);
/* None of f's tasks begins. */
void hold_tasks(struct run *r, struct frame *f);
/* Starts what is held in f and below. */
void hold_release(struct run *r, struct frame *f);
/* The time that a subgraph's task may take begins now: nobody worked on what is below it. */
void task_begin_anew(struct run *r, struct task *t);
/* The run has come to rest: PAUSED, if something is held. */
void hold_rest(struct run *r);

/* invoke.c: begins the invocation of the next queued input, if it is its turn. False when there is none. */
bool invoke_next(struct run *r);
void queue_release(struct run *r);
