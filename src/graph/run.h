/*
 * A run: one thread of a graph, in memory. Pure: events in, updates out; no I/O, no clock.
 *
 *	run_new -> run_begin            -> update
 *	           run_deliver (result) -> update      repeat until status is not RUN_RUNNING
 *
 * Each call appends to an update what has to be made durable, in one transaction, before anything
 * of it is dispatched or published. After a crash the same records, read back in order, rebuild the
 * run: run_new, run_restore_*, run_restored.
 *
 * A frame is a graph being run: 0 is the root, a subgraph's frame has the id of the task that
 * opened it. Ids of tasks and effects are numbers 1, 2, 3... of one counter per thread.
 * A task's path names it for people and keys: "/2:analyst.design/1:profile_table:0" is task 0
 * sent to profile_table in superstep 1 of the subgraph that superstep 2's analyst.design opened.
 * An effect's key is "<thread><task path>#<round>.<ordinal>": equal over crashes and attempts.
 */
#pragma once

#include <bldr/graph.h>
#include "base/arena.h"

struct run;

enum run_status { RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_PAUSED };

/* form: FULL is the channel's whole new value, DELTA what the reducer was given, CLEAR that it is unset again. */
enum write_form { WRITE_FULL, WRITE_DELTA, WRITE_CLEAR };

struct step_write {
	const char *channel;
	enum write_form form;
	const char *text; /* canonical JSON; WRITE_CLEAR: "null" */
};

struct step_task {
	int64_t id;
	const char *node;
	int64_t send;      /* index among the superstep's sends, -1: started by an edge */
	const char *input; /* canonical JSON of the send's argument, or NULL */
};

/* Where a superstep's writes come from. */
enum step_source { STEP_INPUT, STEP_LOOP, STEP_UPDATE, STEP_FORK, STEP_MIGRATE };

/*
 * The record of a superstep's beginning: the writes folded in from the step before (or an input, or an updated
 * state), and the tasks that now run. No tasks: the frame has ended.
 */
struct step_record {
	int64_t frame, step;
	int64_t at_ms; /* the recorded time its tasks see */
	enum step_source source;
	int64_t first; /* the superstep that the invocation began with: the recursion limit counts from it */
	bool base; /* writes hold every set channel in full: loading may begin here */
	bool held; /* its tasks begin when the thread is resumed */
	int64_t from_frame,
		from_step; /* STEP_FORK: the checkpoint it was made from, in the same thread; else -1 */
	LIST(struct step_write) writes;
	LIST(struct step_task) tasks;
};

/* A task that ended while others of its superstep still ran, at most one per task. */
struct patch_record {
	int64_t task;
	const char *text; /* canonical JSON; the graph module's own form */
};

/*
 * A task's next round has begun. Only the last one of a task matters. Round 0 is recorded of a task that was held and begins,
 * and of a handler that takes over from a task in a later round.
 */
struct round_record {
	int64_t task, round;
	int64_t at_ms;    /* the recorded time it sees */
	const char *kept; /* canonical JSON, or NULL */
};

/*
 * A task has failed for good and its node's handler runs in its place; or, when its node has none, it has failed of something
 * that its results do not tell, such as a timeout. Only the last one of a task matters.
 */
struct handler_record {
	int64_t task;
	int64_t at_ms;
	const char *input; /* canonical JSON: what the handler is given, or the graph module's own form */
};

/* A try of an effect has failed and another one is due; only the last one of an effect matters. */
struct retry_record {
	int64_t effect;
	uint32_t tries; /* that have ended, 1 and more */
	int64_t due_ms; /* Unix time; performed not before */
};

/* An input that waits until the invocations before it have ended. Numbers ascend. */
struct queued_record {
	int64_t number;
	int64_t at_ms;
	const char *input; /* canonical JSON */
};

struct intent_record {
	int64_t id, task;
	int64_t attempt; /* 0; +1 each time a failed thread is resumed */
	int64_t at_ms;   /* when it was intended: what a sleep is counted from */
	int64_t round, ordinal;
	const char *kind;
	enum bldr_class cls;
	const char *key;
	const char *request; /* canonical JSON */
	uint32_t timeout_ms;
	uint32_t tries; /* that have ended */
	int64_t due_ms; /* of the next one; 0: at once */
	/* What its policy says, for the host; not recorded, looked up anew when a thread is rebuilt. */
	const struct bldr_policy *policy; /* borrowed from the graph, or NULL */
};

struct result_record {
	int64_t effect;
	enum bldr_status status;
	int code;          /* 0 when BLDR_DONE, else negative */
	const char *value; /* canonical JSON; NULL unless BLDR_DONE */
	const char *error; /* NULL when BLDR_DONE */
};

struct event_record {
	int64_t seq;
	int64_t at_ms;
	const char *type;
	const char *data; /* canonical JSON */
};

/*
 * What one or several calls changed. Everything in it lives in its arena, but the names of channels
 * and nodes, which are the graph's, and event types, which are static.
 */
struct update {
	struct arena arena;
	LIST(struct step_record) steps;
	LIST(struct patch_record) patches;
	LIST(struct round_record) rounds;
	LIST(struct handler_record) handlers;
	LIST(struct retry_record) retries;
	LIST(struct queued_record) queued;
	int64_t taken; /* queued inputs up to this number have been taken; 0: none */
	LIST(struct intent_record) intents;
	LIST(struct result_record) results;
	LIST(struct event_record) events;
	enum run_status status; /* after the last call */
	int code;               /* RUN_FAILED: the code of what failed */
	const char *error;      /* RUN_FAILED: why */
	int64_t root;           /* the root frame after the last call: 0, or a fork's */
	int64_t step;           /* the superstep it is in */
	int64_t next_id;        /* the id counter after the last call */
	int64_t last_event;     /* the event counter after the last call */
};

void update_release(struct update *u);

/* Borrows g for the run's life. seed: random bits recorded with the thread. */
struct run *run_new(const struct bldr_graph *g, const char *thread, uint64_t seed);
void run_free(struct run *r);

/* Folds input (object: channel -> value, or NULL) into the channels and starts the first tasks.
 * Errors: INVALID (unknown channel, wrong type for its reducer, a router of BLDR_START that breaks its
 * word), LIMIT (a value nested too deep); nothing is recorded then, and the run may begin again. */
int run_begin(struct run *r, const struct bldr_value *input, int64_t now_ms, struct update *u,
	      struct bldr_error *err);

/* Before run_begin or run_restored: pauses beside those of the graph, for this taking up only ({"*"}: all nodes). Borrowed. */
void run_interrupt_also(struct run *r, const char *const *before, const char *const *after);
/* A base record at least every so many supersteps of a frame, besides those that its size asks for; 0: only those. */
void run_base_every(struct run *r, int64_t supersteps);
/*
 * After so many supersteps of the root frame that waited for nothing, a call returns with the rest undone (run_has_more), for hosts
 * that have others to serve and stops to hear; 0, unless said: never. run_go goes on from there, as does any other call.
 */
void run_yield_after(struct run *r, int64_t supersteps);
bool run_has_more(const struct run *r);
void run_go(struct run *r, int64_t now_ms, struct update *u);
/* Whether task.ended carries the task's writes. */
void run_record_updates(struct run *r, bool yes);

/*
 * A new invocation (source STEP_INPUT, as_node BLDR_START) or an updated state (STEP_UPDATE): what is under way is given
 * up - pending effects end as CANCELLED, those of class once as UNKNOWN - and a superstep begins whose writes are
 * values, as as_node would have written them, and whose tasks are what follows that node (BLDR_END: none). hold: it is
 * held, and the run PAUSED. The run may have any status. Errors: those of run_begin, NOT_FOUND (as_node).
 */
int run_apply(struct run *r, const char *as_node, const struct bldr_value *values,
	      enum step_source source, bool hold, int64_t now_ms, struct update *u,
	      struct bldr_error *err);
/* The input of an invocation that begins when the run is DONE or has FAILED. Errors: INVALID, LIMIT (GRAPH_QUEUE_MAX). */
int run_enqueue(struct run *r, const struct bldr_value *input, int64_t now_ms, struct update *u,
		struct bldr_error *err);
/* Open tasks, and the run, fail with CANCELLED. The run is RUNNING or PAUSED. */
void run_cancel(struct run *r, int64_t now_ms, struct update *u);
/* The next superstep of the root frame begins held. */
void run_drain(struct run *r);

/* The next time at which run_expire has something to do; 0: never. */
int64_t run_deadline(const struct run *r);
/* Fails with TIMEOUT the tasks whose superstep, or whose own time, is over at now_ms. */
void run_expire(struct run *r, int64_t now_ms, struct update *u);

/* Something that the performer of a pending effect says: an event of type mode. Of one that has ended, too. */
void run_emit(struct run *r, int64_t effect, uint32_t attempt, const char *mode,
	      const struct bldr_value *data, int64_t now_ms, struct update *u);

/*
 * The result of an effect that this run intended. value is borrowed (BLDR_DONE), error likewise. code: of
 * what is not BLDR_DONE; 0 stands for the one its status implies. A failure that its policy has tried again is a
 * retry_record, and the effect stays pending. The result of one that has ended already is an event, effect.late.
 * Supersteps without effects are run through until some effect is pending or the run has ended.
 */
void run_deliver(struct run *r, int64_t effect, enum bldr_status status, int code,
		 const struct bldr_value *value, const char *error, int64_t now_ms,
		 struct update *u);
/*
 * The same for what was FAILED by somebody who wants to be left alone for so long, 0 and more: when it is tried again, the
 * pause before it is that or, when longer, its policy's, each with the policy's jitter on top.
 */
void run_deliver_failure(struct run *r, int64_t effect, int code, const char *error,
			 int64_t retry_after_ms, int64_t now_ms, struct update *u);

enum run_status run_status(const struct run *r);
/* Object: root channel -> value. The caller owns it. */
struct bldr_value *run_state(const struct run *r);
/* The same with what persistent subgraphs keep, under their nodes' names with "/" in front; only the output channels. */
struct bldr_value *run_checkpoint_state(const struct run *r);
struct bldr_value *run_output(const struct run *r);
/* After loading: the state and the tasks of the root frame are gone, as before a thread's first input; for run_fork. */
void run_forget(struct run *r);

/*
 * Rebuilding. Feed per frame its records from the last base one on, in order of (frame, step),
 * parents before children (frames have ascending ids); then patches, rounds, handlers, intents, results
 * in order of id, and queued inputs. run_restore_root comes first when the root frame is not 0. Records of what is over (frames and tasks of past supersteps, older attempts) are passed over
 * and may be left out, but for an ended frame whose opening task has no patch yet.
 * Errors: CORRUPT, and CHANGED when a recorded node is gone from the graph.
 */
void run_restore_root(struct run *r, int64_t frame);
int run_restore_step(struct run *r, const struct step_record *s, struct bldr_error *err);
int run_restore_patch(struct run *r, const struct patch_record *p, struct bldr_error *err);
int run_restore_round(struct run *r, const struct round_record *k, struct bldr_error *err);
int run_restore_handler(struct run *r, const struct handler_record *h, struct bldr_error *err);
int run_restore_queued(struct run *r, const struct queued_record *q, struct bldr_error *err);
int run_restore_intent(struct run *r, const struct intent_record *i, struct bldr_error *err);
int run_restore_result(struct run *r, const struct result_record *s, struct bldr_error *err);

/*
 * Ends rebuilding: emits "run.resumed", turns pending BLDR_ONCE effects into UNKNOWN results, starts
 * the failed tasks of a failed thread again as a new attempt, starts what a paused one holds, and goes on as far as
 * it can. What is
 * still pending from before is then listed by run_pending and must be dispatched again with its
 * recorded request and key.
 */
int run_restored(struct run *r, int64_t next_id, int64_t last_event, enum run_status status,
		 int64_t now_ms, struct update *u, struct bldr_error *err);

/* The intent of a pending effect, or NULL. Borrowed until the next call that changes the run. */
const struct intent_record *run_intent(const struct run *r, int64_t effect);
/*
 * Ends rebuilding without going on: for run_apply, run_enqueue, run_cancel and run_parked on a thread that nobody runs. What is
 * held stays so. Errors: CORRUPT.
 */
int run_at_rest(struct run *r, int64_t next_id, int64_t last_event, enum run_status status,
		struct bldr_error *err);

/* Calls each for every effect that is intended and has no result, in order of id. Borrowed. */
void run_pending(const struct run *r, void (*each)(const struct intent_record *i, void *user),
		 void *user);

/* What is recorded of the root frame when its record holds every channel: appended to u->steps. The run was rebuilt up to there,
 * and no more (run_restore_step). */
void run_snapshot(struct run *r, struct update *u);

/* Forking. */

/*
 * Turns a run that was rebuilt up to some superstep of its root frame (run_restore_step for that frame only) into a fork
 * of it: a new root frame with an id and a path of its own ("~<id>" before the paths of its tasks), whose base record
 * holds the state and the tasks of that superstep, held. same_thread: in the thread it was loaded from, whose counters
 * are given; otherwise the run is that of a new thread, and from_* are -1.
 */
int run_fork(struct run *r, bool same_thread, int64_t next_id, int64_t last_event, int64_t now_ms,
	     struct update *u, struct bldr_error *err);

/*
 * Of a run at rest that another one of the same thread replaces, by a fork or a migration: comes before run_fork or
 * run_migrate, which are given the counters of u. Its pending effects end as CANCELLED, those of class once as
 * UNKNOWN, and the inputs that wait go over to heir.
 */
void run_give_up(struct run *r, struct run *heir, int64_t now_ms, struct update *u);

/* Results that answer an intent of class pure, keyed or once at once, in the same update: for replays of a fork, and
 * caches. Fills *ret (texts live in a) and returns true when there is one. kind and request as they will be recorded; path: the
 * task's, without thread and fork, "/2:node". */
typedef bool (*run_answer_fn)(void *user, const struct intent_record *i, const char *path,
			      struct arena *a, struct result_record *ret);
void run_set_answers(struct run *r, run_answer_fn answer, void *user);

/*
 * The state and tasks that a thread was parked with, for a migration: {"state", "next"}; and the other way round,
 * a held base record of source STEP_MIGRATE. step: that it was parked in; the record is of the next one. Tasks with an input
 * are sends. What tasks of the parked superstep had done already is done again. Errors: INVALID, LIMIT. g of the run that reads may be a graph made by graph_from_structure.
 */
struct bldr_value *run_parked(const struct run *r);
int run_migrate(struct run *r, const struct bldr_value *parked, int64_t root, int64_t step,
		int64_t next_id, int64_t last_event, int64_t now_ms, struct update *u,
		struct bldr_error *err);
