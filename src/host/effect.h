/*
 * An effect under way (a flight), and the kinds of effect that the hosts can perform.
 *
 *	dispatched --> performed --> landed ---> delivered to the run
 *	         \             \---> expired --> delivered as TIMED_OUT; what comes later is dropped
 *	          \----------------> dropped     the engine stops: not recorded, performed again on resume
 *
 * A kind is one row of the table in effect.c. The loop's thread calls its prepare; who performs it is
 * said by its way. A perform runs on a pool thread (sim_host: inline), shares nothing but what the
 * flight holds, and looks at cancel.
 */
#pragma once

#include <stdatomic.h>
#include <sys/queue.h>

#include <bldr/engine.h>
#include "base/map.h"
#include "graph/run.h"

struct driver_thread;
struct flight;
struct gate;

TAILQ_HEAD(flights, flight);

enum effect_way {
	WAY_WORKER,  /* a pool thread calls perform */
	WAY_CLOCK,   /* the host lets it land at wake_ms */
	WAY_PROCESS, /* the host starts a process; simulation calls perform, which plays one */
	WAY_CHILD, /* the host calls a long-lived child; simulation calls perform, which plays one */
	WAY_HTTP, /* the host's client sends a request; simulation calls perform, which plays the server */
	WAY_PERSON /* nobody: it waits in the journal for bldr_thread_answer */
};

struct effect_kind {
	const char *name;
	enum effect_way way;
	/* Reads the request into target and args. Errors are the effect's FAILED result. */
	int (*prepare)(struct flight *f, const struct map *works, struct bldr_error *err);
	/* Does it, and ends with flight_done or flight_failed. NULL: see way. */
	void (*perform)(struct flight *f);
};

/* What an effect says while it is under way. */
struct said {
	const char *mode;
	char *text;
};

struct flight {
	/* Set when it is dispatched, then only read. */
	struct driver_thread *owner; /* NULL once it has landed or expired; the loop's thread only */
	int64_t effect;
	const char *thread, *key;
	const char *label; /* what exactly, such as the work's name */
	enum bldr_class cls;
	uint32_t timeout_ms; /* 0: no limit */
	uint32_t virtual_ms; /* how long it takes in simulation */
	int64_t intended_ms; /* the recorded time of the intent, by the host's wall clock */
	int64_t wake_ms;     /* WAY_CLOCK: when it lands, by the same clock */
	const struct effect_kind *kind;
	const void *target;      /* the kind's own: work type */
	struct bldr_value *args; /* handed over whole to who performs */
	struct arena arena;      /* holds the texts above */
	uint32_t attempt;        /* 1, 2... */
	/* Where bldr_work_emit goes; called by who performs, takes text; mode is static. */
	void (*say)(void *to, const struct flight *f, const char *mode, char *text);
	void *say_to;
	LIST(struct said) said; /* sim_host: until it lands */

	/* The driver's (dispatch.c): where it waits, or what it takes part of while it is performed. */
	struct gate *gate;
	int64_t begin_ms;        /* not before; wall clock */
	struct flights *waiting; /* the queue it stands in; NULL: handed to the host */
	TAILQ_ENTRY(flight) in_queue;
	bool astray; /* nobody waits for it, and it has not returned */
	TAILQ_ENTRY(flight)
	of_owner; /* among its thread's until it lands; then among those astray */

	/* Between the loop and who performs. */
	atomic_bool cancel;
	atomic_int_fast64_t started_ms; /* 0: not yet; the host's clock */

	/* Written by who performs, read when it has landed. */
	enum bldr_status status;
	int code;   /* otherwise: negative, or 0 for the one that status implies */
	char *text; /* BLDR_DONE: JSON */
	char *error;
	int64_t retry_after_ms; /* a failure: the least pause before another try */

	/* The host's. */
	int64_t due_ms;
	struct process *process;   /* uv_host, WAY_PROCESS: while it runs */
	struct child *child;       /* uv_host, WAY_CHILD: while it is called */
	struct exchange *exchange; /* uv_host, WAY_HTTP: while it is under way */
	struct flight *next, *prev;
	struct flight *queue;
};

/* The kind of that name, or NULL. */
const struct effect_kind *effect_kind_find(const char *name);

/* Copies what it needs of i. kind, target and args are still to be set. */
struct flight *flight_new(const char *thread, const struct intent_record *i);
void flight_free(struct flight *f);

/* Ends of perform. flight_done refuses what is above BLDR_RESULT_MAX. value is borrowed. */
void flight_done(struct flight *f, const struct bldr_value *value);
void flight_failed(struct flight *f, enum bldr_status status, int code, const char *error);
/* Why a flight is TIMED_OUT; the caller frees it. Reads nothing that its worker may write. */
char *flight_expiry(const struct flight *f);

/* Calls a work function with args as the perform of a flight. */
void flight_work(struct flight *f, const struct bldr_work_type *type, const struct bldr_value *args);

/* The kinds; <bldr/effect.h> says what each takes and gives. */
extern const struct effect_kind effect_sleep, effect_interrupt, effect_process, effect_node,
	effect_http;
/* Kind "work": request {"work": name, "args": {...}}; works maps a name to its bldr_work_type. */
extern const struct effect_kind effect_work;
