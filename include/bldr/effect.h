/*
 * Effects as data: what a node may see, ask of the world, and say back.
 *
 * A node is two pure functions. prepare(view) fills a plan of 0..16 effects; a host performs
 * them; absorb(view, results) fills a patch: channel updates and sends. Neither does I/O, reads a
 * clock, an environment or a secret. Two calls with equal views behave equally.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <bldr/value.h>

enum { BLDR_PLAN_MAX = 16 };
/* A result above this is refused: write a file, return its reference {path, hash, bytes}. */
enum { BLDR_RESULT_MAX = 64 << 10 };

/* What a crash may do to an effect whose result was not recorded. */
enum bldr_class {
	BLDR_PURE,  /* may repeat freely */
	BLDR_KEYED, /* repeated with the same key and the identical request */
	BLDR_ONCE,  /* never sent twice: it becomes UNKNOWN */
	BLDR_LOCAL  /* runs inside the commit (not performed by any host yet: refused) */
};

enum bldr_status {
	BLDR_DONE,
	BLDR_FAILED,
	BLDR_TIMED_OUT,
	BLDR_CANCELLED,
	BLDR_UNKNOWN /* a BLDR_ONCE effect that may or may not have been sent before a crash */
};

/* Everything a node can read. All of it is borrowed for the call. */
struct bldr_view {
	const struct bldr_value *state; /* object: the channels the node reads; unset ones are absent */
	const struct bldr_value *input; /* the argument of the send that started the task, or NULL */
	const void *config;             /* the node's own constant data */
	int64_t now_ms;                 /* recorded when the superstep began; never the clock */
	uint64_t seed;                  /* recorded random bits, equal on every replay */
};

struct bldr_result {
	enum bldr_status status;
	int code;                       /* BLDR_OK when BLDR_DONE; otherwise a BLDR_E_* code */
	const struct bldr_value *value; /* BLDR_DONE: what came back */
	const char *error;              /* otherwise: one line for people */
};

struct bldr_plan;
struct bldr_patch;
struct bldr_route;

/*
 * Adds an effect of a kind that the engine has registered, such as "work". Takes args (an object).
 * timeout_ms 0 means no limit. The first error sticks and fails the task: a node need not check.
 */
BLDR_API void bldr_plan_add(struct bldr_plan *p, const char *kind, enum bldr_class cls,
			    struct bldr_value *args, uint32_t timeout_ms);
/* Shorthand: kind "work", args {"work": name, "args": args}. Takes args. */
BLDR_API void bldr_plan_work(struct bldr_plan *p, const char *name, enum bldr_class cls,
			     struct bldr_value *args);

/* Writes value to a channel; its reducer folds it in when the superstep ends. Takes value. */
BLDR_API void bldr_patch_set(struct bldr_patch *p, const char *channel, struct bldr_value *value);
/* Runs node in the next superstep with arg as its input. Takes arg. */
BLDR_API void bldr_patch_send(struct bldr_patch *p, const char *node, struct bldr_value *arg);
/* Fails the task, and the run once its siblings have ended, with BLDR_E_FAILED. */
BLDR_API void bldr_patch_fail(struct bldr_patch *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same with a code that says what kind of failure it is, such as the code of a result. */
BLDR_API void bldr_patch_fail_code(struct bldr_patch *p, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A router names the nodes of the next superstep. Naming none ends this branch. */
BLDR_API void bldr_route_to(struct bldr_route *r, const char *node);
BLDR_API void bldr_route_send(struct bldr_route *r, const char *node, struct bldr_value *arg);

/*
 * A named C function that a host runs on its thread pool (sim_host: inline). It gets its own copy
 * of args and returns its own value; it shares nothing with the loop but what context points to.
 * It returns 0 or a negative BLDR_E_* code, which becomes the code of the result.
 */
struct bldr_work {
	const char *name;
	const char *key;               /* the effect's idempotency key, stable over crashes */
	const struct bldr_value *args; /* borrowed */
	void *context;                 /* as registered */
	const atomic_bool *cancel;     /* set: give up soon with BLDR_E_CANCELLED */
};
typedef int (*bldr_work_fn)(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err);
