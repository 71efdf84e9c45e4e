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

enum run_status { RUN_RUNNING, RUN_DONE, RUN_FAILED };

/* form: FULL is the channel's whole new value, DELTA what the reducer was given. */
enum write_form { WRITE_FULL, WRITE_DELTA };

struct step_write {
	const char *channel;
	enum write_form form;
	const char *text; /* canonical JSON */
};

struct step_task {
	int64_t id;
	const char *node;
	int64_t send;      /* index among the superstep's sends, -1: started by an edge */
	const char *input; /* canonical JSON of the send's argument, or NULL */
};

/*
 * The record of a superstep's beginning: the writes folded in from the step before (step 0: the
 * input), and the tasks that now run. No tasks: the frame has ended.
 */
struct step_record {
	int64_t frame, step;
	int64_t at_ms; /* the recorded time its tasks see */
	bool base;     /* writes hold every set channel in full: loading may begin here */
	LIST(struct step_write) writes;
	LIST(struct step_task) tasks;
};

/* A task that ended while others of its superstep still ran, at most one per task. */
struct patch_record {
	int64_t task;
	const char *text; /* canonical JSON; the graph module's own form */
};

/* A task's next round has begun. Only the last one of a task matters. */
struct round_record {
	int64_t task, round; /* round >= 1 */
	int64_t at_ms;       /* the recorded time it sees */
	const char *kept;    /* canonical JSON, or NULL */
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
	LIST(struct intent_record) intents;
	LIST(struct result_record) results;
	LIST(struct event_record) events;
	enum run_status status; /* after the last call */
	int code;               /* RUN_FAILED: the code of what failed */
	const char *error;      /* RUN_FAILED: why */
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

/*
 * The result of an effect that this run intended. value is borrowed (BLDR_DONE), error likewise. code: of
 * what is not BLDR_DONE; 0 stands for the one its status implies.
 * Supersteps without effects are run through until some effect is pending or the run has ended.
 */
void run_deliver(struct run *r, int64_t effect, enum bldr_status status, int code,
		 const struct bldr_value *value, const char *error, int64_t now_ms,
		 struct update *u);

enum run_status run_status(const struct run *r);
/* Object: root channel -> value. The caller owns it. */
struct bldr_value *run_state(const struct run *r);

/*
 * Rebuilding. Feed per frame its records from the last base one on, in order of (frame, step),
 * parents before children (frames have ascending ids); then patches, rounds, intents, results in order
 * of id. Records of what is over (frames and tasks of past supersteps, older attempts) are passed over
 * and may be left out, but for an ended frame whose opening task has no patch yet.
 * Errors: CORRUPT, and CHANGED when a recorded node is gone from the graph.
 */
int run_restore_step(struct run *r, const struct step_record *s, struct bldr_error *err);
int run_restore_patch(struct run *r, const struct patch_record *p, struct bldr_error *err);
int run_restore_round(struct run *r, const struct round_record *k, struct bldr_error *err);
int run_restore_intent(struct run *r, const struct intent_record *i, struct bldr_error *err);
int run_restore_result(struct run *r, const struct result_record *s, struct bldr_error *err);

/*
 * Ends rebuilding: emits "run.resumed", turns pending BLDR_ONCE effects into UNKNOWN results, starts
 * the failed tasks of a failed thread again as a new attempt, and goes on as far as it can. What is
 * still pending from before is then listed by run_pending and must be dispatched again with its
 * recorded request and key.
 */
int run_restored(struct run *r, int64_t next_id, int64_t last_event, enum run_status status,
		 int64_t now_ms, struct update *u, struct bldr_error *err);

/* Calls each for every effect that is intended and has no result, in order of id. Borrowed. */
void run_pending(const struct run *r, void (*each)(const struct intent_record *i, void *user),
		 void *user);
