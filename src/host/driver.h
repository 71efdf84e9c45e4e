/*
 * The driver: what every host's loop does, without knowing how the host waits or performs.
 *
 *	        driver_land*            one commit at a time            driver_committed
 *	landed -------------> batch --------------------------> durable -----------------> published,
 *	         driver_batch           journal_commit                                     dispatched
 *
 * A turn delivers what has landed to its runs, which append to one update per run; the updates
 * become a batch; only when that is durable are its events published, its intents dispatched and
 * ended runs let go. Runs may step ahead meanwhile; what they say waits for the next batch.
 */
#pragma once

#include <stdio.h>

#include "host/batch.h"
#include "host/dispatch.h"

struct driver;

/* What differs between hosts. The first member of each host's struct. */
struct host {
	/* Begins an effect; takes f. Never lands it before it returns. Sooner or later driver_returned is called for it, whether
	 * it landed, expired or was given up, and the host frees it then. */
	void (*perform)(struct host *h, struct flight *f);
	/* Nobody waits for f any more: who performs it is asked to give up. */
	void (*give_up)(struct host *h, struct flight *f);
	/* Something is to be done that no flight will bring about. The loop's thread only. */
	void (*wake)(struct host *h);
	/* Runs the driver until nothing is left to do or stop. Errors: IO (a commit). */
	int (*run)(struct host *h, struct driver *d, struct bldr_error *err);
	int64_t (*now_ms)(struct host *h);
	void (*interrupt)(struct host *h); /* driver->stop was set; safe in a signal handler */
	void (*free)(struct host *h);
};

/* A thread that this process runs. */
struct driver_thread {
	struct journal_thread row; /* as of the last commit */
	struct run *run;
	struct update *update; /* what waits for the next commit, or NULL */
	bool resumed;          /* its next commit dispatches all that is pending, old intents too */
	bool lost;             /* ended, or advanced by others: what still lands is dropped */
	size_t flights;        /* dispatched, or answered, and not delivered */
	struct flights out;    /* its flights that have not landed */
	int64_t deadline_ms;   /* run_deadline, as of its last batch; 0: none */
	LIST(struct journal_cached) cached; /* of update, in its arena */
	bool more;                          /* its run has yielded: it goes on by itself */
	bool committing;                    /* a commit of its part is under way */
	struct bldr_value
		*rollback; /* bldr_thread_input with BLDR_ROLLBACK, once that has ended; or NULL */
	struct driver_thread *next, *prev;
	struct driver_thread *next_ready;
};

struct landing {
	struct driver_thread *owner;
	int64_t effect;
	enum bldr_status status;
	int code;
	char *text, *error;
	int64_t retry_after_ms; /* see struct flight */
};

struct driver {
	struct host *host;
	struct journal *journal; /* the writer; used by batch_commit only */
	const struct map *works;
	const struct map *credentials; /* name -> struct credential */
	FILE *trace;
	void (*observe)(const struct bldr_event *event, void *user);
	void *observe_user;
	void (*observe_effects)(const char *thread, const char *key, const char *kind,
				const char *name, void *user);
	void *observe_effects_user;
	/* A thread's runs get what the engine adds to them, before they begin or are restored; NULL fine. */
	int (*rate_at)(void *user, const char *kind, int64_t *ret_us); /* reads table rate */
	/* A thread that was to be rolled back has come to rest: takes input. */
	void (*rolled_back)(void *user, const char *thread, struct bldr_value *input);
	void *engine;
	bool refuse_once_and_keyed; /* BLDR_EXIT */

	struct dispatcher dispatch;
	struct driver_job *jobs, **jobs_tail;
	int64_t deadline_ms; /* the earliest of the threads'; 0: none */
	atomic_bool stop;    /* nothing is dispatched any more; set by a signal handler */
	size_t flights;      /* dispatched and not landed */
	struct driver_thread *threads;
	struct driver_thread *ready, **ready_tail; /* threads with an update, in order */
	struct map *ids; /* id -> driver_thread, or NULL when it is gone */
	size_t n_threads;
	size_t n_more;            /* threads that have yielded */
	struct landing *landings; /* delivered in order by the next batch */
	size_t n_landings, room_landings;
	struct bldr_error lost; /* the first thread that was lost to somebody else */
};

void driver_init(struct driver *d, struct host *host, struct journal *journal,
		 const struct map *works, FILE *trace, size_t effects_max);
/* Drops every thread, landing and uncommitted update. The driver is empty and usable afterwards. */
void driver_clear(struct driver *d);
void driver_release(struct driver *d);

struct driver_thread *driver_find(const struct driver *d, const char *id);
/* A thread with its first update. Takes run and update. */
void driver_add(struct driver *d, const struct journal_thread *row, struct run *run,
		struct update *update, bool resumed);

/* The thread's update, which is committed with the next batch: for calls of run_*. */
struct update *driver_update(struct driver *d, struct driver_thread *t);
/* A job for the next batch; copied. */
void driver_job(struct driver *d, const struct driver_job *job);

/* The result of a flight: takes text and error. f no longer belongs to a thread afterwards. */
void driver_land(struct driver *d, struct flight *f, enum bldr_status status, int code, char *text,
		 char *error);
/* Its performer has returned, landed or not; the host frees it next. */
void driver_returned(struct driver *d, struct flight *f);
/* What the performer of an effect says: takes text. For a thread that is gone: dropped. */
void driver_emit(struct driver *d, const char *thread, int64_t effect, uint32_t attempt,
		 const char *mode, char *text);
/* Once no commit of t is under way: forgets t and what it is doing, and calls rolled_back. Takes input. */
void driver_roll_back(struct driver *d, struct driver_thread *t, struct bldr_value *input);
/* Commits t's update alone, at once; t has nothing to dispatch. Not while the host runs. Errors: IO, and those of lost
 * threads. */
int driver_settle(struct driver *d, struct driver_thread *t, int64_t now_ms, struct bldr_error *err);
/* Begins what may begin by now. */
void driver_begin(struct driver *d);
/* When the host has to come back though nothing lands, by its now_ms; 0: never. */
int64_t driver_due(const struct driver *d);
/* A person's answer to a pending effect of t, as JSON; takes text. Errors: EXISTS (it has one already). */
int driver_answer(struct driver *d, struct driver_thread *t, int64_t effect, char *text);
/* Delivers what has landed, and what is over. NULL: nothing is to be committed. */
struct batch *driver_batch(struct driver *d, int64_t now_ms);
/* Publishes, dispatches, lets ended runs go. Takes b. */
void driver_committed(struct driver *d, struct batch *b);
/* Nothing in flight or waiting to be, landed, or waiting for a commit. */
bool driver_idle(const struct driver *d);
