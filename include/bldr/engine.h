/*
 * The engine: runs compiled graphs as durable threads over one SQLite journal.
 *
 * Open a journal, register the graphs and the work functions by name, start or resume threads, then
 * run the loop. An effect is dispatched only after its intent is on disk; a result, once
 * recorded, is never lost and its effect never performed again; a killed process loses
 * nothing else than what was in flight. One process writes a journal at a time.
 */
#pragma once

#include <stdio.h>

#include <bldr/graph.h>

enum bldr_durability {
	BLDR_NORMAL, /* survives a killed process */
	BLDR_FULL,   /* survives lost power too: fsync per commit */
	/* Written when bldr_engine_run returns: what a killed process had begun since is gone. For graphs without effects
	 * of class keyed or once, which are refused. */
	BLDR_EXIT
};

enum bldr_thread_status {
	BLDR_THREAD_RUNNING, /* something is left to do: resume it if no process runs it */
	BLDR_THREAD_DONE,
	BLDR_THREAD_FAILED,
	BLDR_THREAD_PAUSED /* a static interrupt, an updated or forked state, a drain: resume it to go on */
};

/* One durable event. Numbers are 1, 2, 3... per thread without gap. Borrowed for the call. */
struct bldr_event {
	const char *thread;
	int64_t seq;
	int64_t at_ms; /* Unix time (virtual time under simulation) */
	/* run.started superstep task.started task.again task.ended task.failed task.handled task.diverged effect.intended
	 * effect.retry effect.ended effect.late input.queued run.input run.updated run.forked run.resumed
	 * run.paused run.ended run.failed custom message */
	const char *type;
	const struct bldr_value *data; /* object */
};

struct bldr_thread {
	char id[64];
	char graph[65];
	char graph_hash[65];
	unsigned graph_version;
	enum bldr_thread_status status;
	int64_t lineage, step; /* where it stands: see struct bldr_checkpoint */
	int64_t queued;        /* inputs that wait for their turn */
	int64_t created_ms, updated_ms;
	int64_t events;                  /* the last event's number */
	int code;                        /* BLDR_THREAD_FAILED: the BLDR_E_* code of what failed */
	char error[BLDR_ERROR_TEXT_MAX]; /* why it failed; "" otherwise */
};

struct bldr_work_type {
	const char *name;
	bldr_work_fn fn;
	void *context;
	uint32_t virtual_ms; /* how long it takes in simulation */
};

struct bldr_local_type {
	const char *name; /* the kind of its effects: "kb.learn" */
	bldr_local_fn fn;
	/* Brings what it needs into the file, outside of any transaction; NULL: nothing. Called when it is
	 * registered with an engine that may write. */
	int (*open)(struct store *store, struct bldr_error *err);
	void *context;
};

/*
 * A plan of faults, for simulation: what is to go wrong with the nth effect that is dispatched, the nth commit, or the
 * nth result that lands, counted from 1 over the engine's life. Effects of class local go with their commit
 * and are not counted.
 */
enum bldr_fault_at { BLDR_AT_EFFECT, BLDR_AT_COMMIT, BLDR_AT_LANDING };
enum bldr_fault_kind {
	BLDR_FAULT_FAIL, /* effect: not performed, fails with IO. commit: refused with IO. No landing's */
	BLDR_FAULT_TIMEOUT, /* effect only: not performed, ends as TIMED_OUT when its time is over */
	BLDR_FAULT_CRASH_BEFORE, /* as if killed before it is performed, committed, or has landed */
	BLDR_FAULT_CRASH_AFTER   /* as if killed after it, before anybody hears of it */
};
struct bldr_fault {
	enum bldr_fault_at at;
	unsigned nth;
	enum bldr_fault_kind what;
};

struct bldr_engine_options {
	const char *journal; /* path of the SQLite file; its folder must exist */
	enum bldr_durability durability;
	bool read_only;   /* threads, events and states can be read; another process may write */
	unsigned workers; /* pool threads; 0: one per core, at least 2 */
	bool simulate;    /* sim_host: virtual time, work inline, deterministic */
	int64_t start_ms; /* simulate: when virtual time begins */
	/* simulate: how long a commit takes; what lands meanwhile waits for the next one. 0: no time */
	uint32_t commit_ms;
	FILE *trace; /* simulate: one line per thing that happens, in virtual time; or NULL */
	const struct bldr_fault *faults; /* simulate: borrowed for the engine's life */
	size_t n_faults;
	/* What is to be kept for streams besides the events themselves; otherwise such parts cannot be had. */
	bool record_updates; /* task.ended carries what the task wrote ("values"): stream mode updates */
	unsigned effects_max; /* under way at once; 0: any number. The others wait in the order of their intents */
	/* Prunes as it goes: of each lineage's superstep records about this many at least, at most twice as many, stay; 0: all. */
	int64_t keep_steps;
	/* Nodes of root graphs before or after which threads pause while this engine runs them, beside those of
	 * bldr_graph_interrupt: names, ended by NULL, {"*"}: all; or NULL. Borrowed for the engine's life. */
	const char *const *interrupt_before, *const *interrupt_after;
};

struct bldr_engine;

/* Errors: LOCKED (who holds it), IO, CORRUPT, INVALID (written by a newer version). */
BLDR_API int bldr_engine_open(const struct bldr_engine_options *options, struct bldr_engine **ret,
			      struct bldr_error *err);
BLDR_API void bldr_engine_close(struct bldr_engine *e);

/* Registration, before threads start. A graph is borrowed, a work type is copied (its name and context
 * are borrowed) and replaces one of the same name. */
BLDR_API void bldr_engine_add_graph(struct bldr_engine *e, const struct bldr_graph *g);
BLDR_API void bldr_engine_add_work(struct bldr_engine *e, const struct bldr_work_type *type);
/* Likewise for effects of class local. Errors: those of its open. */
BLDR_API int bldr_engine_add_local(struct bldr_engine *e, const struct bldr_local_type *type,
				   struct bldr_error *err);

/* Called after the commit that made the event durable, in order, on the loop's thread. An observer
 * may start and resume threads, read, and stop; it may not run or close the engine. */
BLDR_API void bldr_engine_observe(struct bldr_engine *e,
				  void (*observe)(const struct bldr_event *event, void *user),
				  void *user);
/* Called on the loop's thread (simulation: inline) each time an effect is about to be performed; not for
 * those of class local, which are performed by the commit. */
BLDR_API void bldr_engine_observe_effects(struct bldr_engine *e,
					  void (*observe)(const char *thread, const char *key,
							  const char *kind, const char *name,
							  void *user),
					  void *user);

/*
 * A new thread; id is the caller's (1..63 bytes of printable ASCII without blanks, unique). input:
 * object, channel -> value, folded into the channels before the first superstep. The thread is on
 * disk when its first event is observed. Errors: EXISTS, NOT_FOUND (graph), INVALID.
 */
BLDR_API int bldr_thread_start(struct bldr_engine *e, const char *graph, const char *id,
			       const struct bldr_value *input, struct bldr_error *err);
/* Takes a RUNNING, PAUSED or FAILED thread up where its journal ends; a failed one retries what failed, a paused one
 * goes on. Errors: NOT_FOUND, EXISTS (it is DONE), CHANGED (the graph is another one and does not migrate; the
 * differences are named). */
BLDR_API int bldr_thread_resume(struct bldr_engine *e, const char *id, struct bldr_error *err);

/* What a second input does to a thread that has not ended the first. */
enum bldr_multitask {
	BLDR_REJECT,  /* EXISTS */
	BLDR_ENQUEUE, /* waits, durably, and is taken when the thread is DONE or has FAILED */
	BLDR_INTERRUPT, /* what is under way is given up with its superstep; the state stays as that began */
	BLDR_ROLLBACK /* the state goes back to where the first input found it: a fork */
};
/*
 * A new invocation of a thread that exists: input is folded into its channels and the start's edges are followed. A thread
 * that is PAUSED or waits for a person counts as one that has not ended. Errors: NOT_FOUND, EXISTS (BLDR_REJECT), INVALID,
 * CHANGED.
 */
BLDR_API int bldr_thread_input(struct bldr_engine *e, const char *id,
			       const struct bldr_value *input, enum bldr_multitask policy,
			       struct bldr_error *err);
/* Gives up what a thread is doing: its open tasks fail with CANCELLED, and so the thread. A result that comes later is an
 * event (effect.late) and nothing else; an effect of class once is UNKNOWN. Errors: NOT_FOUND, EXISTS (it has ended). */
BLDR_API int bldr_thread_cancel(struct bldr_engine *e, const char *id, struct bldr_error *err);
/* Pauses a thread that this engine runs when its current superstep has ended; id NULL: all of them. Errors: NOT_FOUND. */
BLDR_API int bldr_thread_drain(struct bldr_engine *e, const char *id, struct bldr_error *err);

/* A question to a person that has no answer yet: a pending effect of kind "interrupt". Borrowed. */
struct bldr_interrupt {
	const char *thread;
	const char *key; /* the effect's key: what to answer to, the same over restarts */
	int64_t asked_ms;
	const struct bldr_value *question; /* the effect's arguments: {"question": text, ...} */
};

/* Calls each for the interrupts that a thread waits for, oldest first; a non-zero return stops.
 * Errors: NOT_FOUND (the thread). */
BLDR_API int bldr_thread_interrupts(struct bldr_engine *e, const char *id,
				    int (*each)(const struct bldr_interrupt *interrupt, void *user),
				    void *user, struct bldr_error *err);
/*
 * Gives an interrupt its result: value, at most BLDR_RESULT_MAX bytes. key NULL: the only one that the thread waits
 * for. A thread that no loop runs is resumed for it. The answer is on disk when the interrupt's effect.ended is
 * observed; until then a crash takes it back and the question stands. Called between two runs or by an observer.
 * Errors: NOT_FOUND (the thread, or no such interrupt is pending), INVALID (key is NULL and several are pending),
 * EXISTS (answered a moment ago), LIMIT, and those of bldr_thread_resume.
 */
BLDR_API int bldr_thread_answer(struct bldr_engine *e, const char *id, const char *key,
				const struct bldr_value *value, struct bldr_error *err);

/*
 * Runs the loop until no thread has anything to do but wait for answers, or bldr_engine_stop. Afterwards
 * threads that are not done have to be resumed or answered. Errors: IO (a commit failed: nothing of it
 * left), EXISTS and CHANGED (somebody else wrote a thread of ours; the others have been run), CANCELLED
 * (a planned fault: as if the process had been killed).
 */
BLDR_API int bldr_engine_run(struct bldr_engine *e, struct bldr_error *err);
/* Asks bldr_engine_run to return soon: nothing new is dispatched, work in flight is asked to
 * cancel and its results dropped. Safe in a signal handler. */
BLDR_API void bldr_engine_stop(struct bldr_engine *e);

/* Reading. The caller owns *ret. Errors: NOT_FOUND. */
BLDR_API int bldr_thread_info(struct bldr_engine *e, const char *id, struct bldr_thread *ret,
			      struct bldr_error *err);
/* Object: channel -> value of the root graph at the journal's end. */
BLDR_API int bldr_thread_state(struct bldr_engine *e, const char *id, struct bldr_value **ret,
			       struct bldr_error *err);

/*
 * A checkpoint: a superstep of the root graph that began. (lineage, step) names it within its thread. A thread begins in
 * lineage 0; each fork within the thread begins another one, at the checkpoint it was made from.
 */
struct bldr_checkpoint {
	int64_t lineage, step;
	int64_t at_ms;
	const char *source;              /* "input", "loop", "update", "fork", "migrate" */
	int64_t from_lineage, from_step; /* "fork": what it was made from; otherwise -1 */
	bool held;                       /* it waits for bldr_thread_resume */
	bool current;                    /* the thread stands here */
	const struct bldr_value
		*next; /* list of the nodes of its tasks, in fold order; empty: ended. Borrowed */
	const struct bldr_value *writes; /* object: channel -> what was folded in. Borrowed */
};
/* Calls each for the checkpoints of a thread that were not pruned, newest first along the current lineage and then
 * those of older ones; a non-zero return stops. Errors: NOT_FOUND. */
BLDR_API int bldr_thread_history(struct bldr_engine *e, const char *id,
				 int (*each)(const struct bldr_checkpoint *c, void *user),
				 void *user, struct bldr_error *err);
/* The state that the tasks of a checkpoint saw, persistent subgraphs under their nodes' names with "/" in front.
 * Errors: NOT_FOUND. */
BLDR_API int bldr_thread_state_at(struct bldr_engine *e, const char *id, int64_t lineage,
				  int64_t step, struct bldr_value **ret, struct bldr_error *err);

/*
 * Changes to threads that no loop of this engine runs just now (EXISTS otherwise). They are on disk on return,
 * or, when called by an observer, once the loop has gone on.
 */

/* Goes back to a checkpoint: a new lineage that begins with its state and its tasks, held until bldr_thread_resume; they
 * run again, with keys of their own, and ask again. new_id: in a thread of that id; NULL: in the same. reuse: the first resume
 * answers effects from what the lineage gone back from has recorded for the same node, kind and request, instead
 * of performing them. Errors: NOT_FOUND, EXISTS (new_id is taken). */
BLDR_API int bldr_thread_fork(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
			      const char *new_id, bool reuse, struct bldr_error *err);
/*
 * Writes values into the channels as node as_node would have, replaces what was to run next by what follows that node, and
 * holds. as_node NULL: the one that ran last, INVALID when there were several; BLDR_START: as an input; BLDR_END: nothing runs
 * next, the thread is DONE. values: object or NULL.
 */
BLDR_API int bldr_thread_update(struct bldr_engine *e, const char *id, const char *as_node,
				const struct bldr_value *values, struct bldr_error *err);
/* All rows of a thread that is not RUNNING, or only waits for a person, under another id. */
BLDR_API int bldr_thread_copy(struct bldr_engine *e, const char *id, const char *new_id,
			      struct bldr_error *err);
/* Every row of it. */
BLDR_API int bldr_thread_delete(struct bldr_engine *e, const char *id, struct bldr_error *err);
/* Keeps the last `keep` (1 and more) checkpoints of the current lineage, those that still wait for a person, and what they need;
 * drops older records, other lineages, effects and events. ret_dropped: rows; may be NULL. */
BLDR_API int bldr_thread_prune(struct bldr_engine *e, const char *id, int64_t keep,
			       int64_t *ret_dropped, struct bldr_error *err);
/* Drops large values that no row names any more and cached results that are too old, and gives free pages back. */
BLDR_API int bldr_engine_sweep(struct bldr_engine *e, struct bldr_error *err);

/* Streams: views of the durable events, LangGraph's modes. */
enum bldr_stream {
	BLDR_STREAM_VALUES = 1,  /* the state after each superstep of the root graph */
	BLDR_STREAM_UPDATES = 2, /* {node: {channel: value}} per task that ended (record_updates) */
	BLDR_STREAM_CHECKPOINTS =
		4,             /* {"lineage", "step", "source", "next", "values"} per superstep */
	BLDR_STREAM_TASKS = 8, /* a task's start, end, failure */
	BLDR_STREAM_DEBUG =
		16, /* checkpoints and tasks, each as {"type", "step", "at_ms", "payload"} */
	BLDR_STREAM_MESSAGES = 32, /* what bldr_work_emit said with mode "message" */
	BLDR_STREAM_CUSTOM = 64    /* ... "custom" */
};
struct bldr_stream_part {
	const char *thread;
	int64_t seq; /* of the event it comes from: go on behind it with `after` */
	enum bldr_stream mode;
	const char *path; /* of the graph: "" for the root, else the task that opened the subgraph */
	const struct bldr_value *data;
};
/* Calls each for the parts of a thread's events with seq > after, interrupts as {"__interrupt__": [...]} in updates and values; a
 * non-zero return stops. modes: BLDR_STREAM_* or'ed. */
BLDR_API int bldr_thread_stream(struct bldr_engine *e, const char *id, unsigned modes,
				int64_t after,
				int (*each)(const struct bldr_stream_part *part, void *user),
				void *user, struct bldr_error *err);
/* The same parts as they become durable, of all threads that the loop runs; modes 0: no more. Called as observers are. */
BLDR_API void bldr_engine_stream(struct bldr_engine *e, unsigned modes,
				 void (*each)(const struct bldr_stream_part *part, void *user),
				 void *user);
/* Calls each for every thread, oldest first; a non-zero return stops. */
BLDR_API int bldr_threads(struct bldr_engine *e,
			  int (*each)(const struct bldr_thread *thread, void *user), void *user,
			  struct bldr_error *err);
/* Calls each for the events of a thread with seq > after; a non-zero return stops. */
BLDR_API int bldr_thread_events(struct bldr_engine *e, const char *id, int64_t after,
				int (*each)(const struct bldr_event *event, void *user), void *user,
				struct bldr_error *err);
