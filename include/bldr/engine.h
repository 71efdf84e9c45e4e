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
	BLDR_FULL    /* survives lost power too: fsync per commit */
};

enum bldr_thread_status {
	BLDR_THREAD_RUNNING, /* something is left to do: resume it if no process runs it */
	BLDR_THREAD_DONE,
	BLDR_THREAD_FAILED
};

/* One durable event. Numbers are 1, 2, 3... per thread without gap. Borrowed for the call. */
struct bldr_event {
	const char *thread;
	int64_t seq;
	int64_t at_ms; /* Unix time (virtual time under simulation) */
	/* run.started superstep task.started task.again task.ended task.failed effect.intended
	 * effect.ended run.resumed run.ended run.failed */
	const char *type;
	const struct bldr_value *data; /* object */
};

struct bldr_thread {
	char id[64];
	char graph[65];
	char graph_hash[65];
	enum bldr_thread_status status;
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
 * A plan of faults, for simulation: what is to go wrong with the nth effect that is dispatched, or the nth commit,
 * counted from 1 over the engine's life. Effects of class local go with their commit and are not counted.
 */
enum bldr_fault_at { BLDR_AT_EFFECT, BLDR_AT_COMMIT };
enum bldr_fault_kind {
	BLDR_FAULT_FAIL,    /* effect: not performed, fails with IO. commit: refused with IO */
	BLDR_FAULT_TIMEOUT, /* effect only: not performed, ends as TIMED_OUT when its time is over */
	BLDR_FAULT_CRASH_BEFORE, /* as if killed before it is performed, or committed */
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
	FILE *trace;      /* simulate: one line per thing that happens, in virtual time; or NULL */
	const struct bldr_fault *faults; /* simulate: borrowed for the engine's life */
	size_t n_faults;
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
/* Takes a RUNNING or FAILED thread up where its journal ends; a failed one retries what failed.
 * Errors: NOT_FOUND, EXISTS (it is DONE), CHANGED (the graph's hash differs). */
BLDR_API int bldr_thread_resume(struct bldr_engine *e, const char *id, struct bldr_error *err);

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
/* Calls each for every thread, oldest first; a non-zero return stops. */
BLDR_API int bldr_threads(struct bldr_engine *e,
			  int (*each)(const struct bldr_thread *thread, void *user), void *user,
			  struct bldr_error *err);
/* Calls each for the events of a thread with seq > after; a non-zero return stops. */
BLDR_API int bldr_thread_events(struct bldr_engine *e, const char *id, int64_t after,
				int (*each)(const struct bldr_event *event, void *user), void *user,
				struct bldr_error *err);
