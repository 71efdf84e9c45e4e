/*
 * Effects as data: what a node may see, ask of the world, and say back.
 *
 * A node is two pure functions. prepare(view) fills a plan of 0..16 effects; a host performs
 * them; absorb(view, results) fills a patch: channel updates, sends and gotos, or another round.
 * Neither does I/O, reads a clock, an environment or a secret. Two calls with equal views behave
 * equally.
 *
 *	round 0: prepare -> effects -> absorb --again(kept)--> round 1: prepare -> ... -> absorb -> end
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <bldr/value.h>

enum { BLDR_PLAN_MAX = 16 };
/* A result above this is refused: write a file, return its reference {path, hash, bytes}. */
enum { BLDR_RESULT_MAX = 64 << 10 };
/* What a task may keep from one round to the next, as canonical JSON; and its rounds. */
enum { BLDR_KEPT_MAX = 64 << 10, BLDR_ROUNDS_MAX = 1000 };

/* What a crash may do to an effect whose result was not recorded. */
enum bldr_class {
	BLDR_PURE,  /* may repeat freely */
	BLDR_KEYED, /* repeated with the same key and the identical request */
	BLDR_ONCE,  /* never sent twice: it becomes UNKNOWN */
	BLDR_LOCAL /* a write in the journal's own file, done in the commit of its intent: exactly once */
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
	int64_t now_ms; /* recorded when the superstep, or the round, began; never the clock */
	uint64_t seed;  /* recorded random bits, others in each round, equal on every replay */
	int64_t round;  /* 0, and one more each time absorb said again */
	const struct bldr_value *kept; /* what the round before kept, or NULL */
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

/*
 * The kinds that the hosts perform besides "work":
 *
 * "sleep" {"ms": n} or {"until_ms": Unix time}: ends then with null. The time is counted from the intent, which is
 * recorded: a restart does not wait anew.
 *
 * "interrupt" {"question": text, ...}: waits for a person, for whom bldr_thread_answer gives the result. Class
 * pure, no timeout. Nothing is kept in memory for it, and no loop runs for it.
 *
 * "process" {"argv": [program, argument...], "stdin": text, "env": {name: text}, "cwd": folder}; all but argv may be
 * left out. No shell; of the environment only PATH, HOME and LANG, then env, and for a keyed effect its key as
 * BLDR_KEY. The process leads its own group, which is killed when the timeout is over or the engine stops. Ends with
 * {"exit": status} or {"signal": number}, and "stdout" and "stderr" as text: of stdout the first BLDR_STDOUT_MAX
 * bytes, of stderr the last BLDR_STDERR_MAX, with "stdout_cut" or "stderr_cut" true when there was more. Simulation
 * starts none: the work registered as "process" plays it, with the request as its args.
 *
 * "node" {"argv": [program, argument...], "cwd": folder, "env": [name...], "children": n, "memory_mb": n, "call": {"node": name,
 * "view": {...}}}; argv and call at least. A call of a long-lived child, which plays a node: one line to it, {"node", "key",
 * "attempt", "view"}, and its answer, a line with "patch", "plan" or "again", is the result (schemas/node_line.schema.json;
 * lines "emit" before it are events, a line "error" is the failure). As many children as the calls say (1) play the same argv,
 * cwd, env (names of variables they are given besides PATH, HOME and LANG) and memory_mb (of address space). A child that
 * crashes fails its call with UNAVAILABLE, one that writes anything else with INVALID; it is killed then, and by a timeout,
 * and the next call begins another one. When the loop ends their input does, a second later they are killed. Simulation starts
 * none: the work registered as "node" plays it, with the request as its args.
 *
 * "http" {"url": absolute http or https URL, "method": GET unless said, "headers": {name: text, secret or credential}, "body":
 * text or "json": value or "upload": file, "save": path, "pick": {"members": [path...], "text_max": bytes}, "ok": [status...],
 * "transient": [status or text...], "max_bytes": n, "idle_ms": n, "proxy": "http://host:port", "ca": file}; all but url may be
 * left out. A secret is {"secret": NAME, "prefix": text}: the value of that environment variable, read when the request is
 * sent; {"credential": NAME, "prefix": text} is what bldr_engine_add_credential knows by that name. Neither is recorded
 * anywhere; https only, or a host of this machine. Class keyed and once send the effect's key as Idempotency-Key. "upload" is a
 * path, or {"path", "hash", "bytes"} as "saved" gives it: the file is streamed, and its last byte is sent only when it is what
 * hash and bytes say (CHANGED otherwise: nothing was performed); with "before" and "after" the body is the file between these
 * texts.
 * No redirect is followed, certificates are verified, no proxy but the request's is used, and nothing is unpacked.
 * Ends with {"status": n, "headers": {name in lower case: text}, "body": text}, "malformed" true when the body was not UTF-8
 * text.
 * With "save" a body of success (2xx) is a file, durable and whole before the result is there: "saved": {path, hash, bytes}
 * then stands in the place of "body". With "pick" a JSON body of success, of at most 16 MB, is its members of these paths only
 * ("tasks", "tasks/X/run_id" with an asterisk as X for every item of a list), texts cut to text_max. More than a result can
 * hold, or than max_bytes (saved: 1 GB), is a failure with LIMIT.
 * UNAVAILABLE: not connected, no answer or half of one, no token to be had just now, and, pure and keyed, an answer 429 or 5xx
 * - with "transient" instead one of these statuses, or one of 400 and more with one of these texts in it -, whose Retry-After
 * (of at most 6 hours) is the least pause before another try. Other answers are DONE; with "ok" those of other statuses are
 * failures.
 * TIMEOUT: the timeout, or nothing moved for idle_ms (120,000). Class once: UNAVAILABLE says that nothing was sent, UNKNOWN
 * that nobody knows; each answer is DONE.
 * Simulation sends nothing: the work registered as "http" answers, with the request as its args.
 */
enum { BLDR_STDOUT_MAX = 32 << 10, BLDR_STDERR_MAX = 8 << 10 };
/* Shorthands; these take args, an object. */
BLDR_API void bldr_plan_sleep(struct bldr_plan *p, int64_t ms);
BLDR_API void bldr_plan_interrupt(struct bldr_plan *p, struct bldr_value *args);
BLDR_API void bldr_plan_process(struct bldr_plan *p, enum bldr_class cls, struct bldr_value *args,
				uint32_t timeout_ms);

/* Writes value to a channel; its reducer folds it in when the superstep ends. Takes value. */
BLDR_API void bldr_patch_set(struct bldr_patch *p, const char *channel, struct bldr_value *value);
/* The channel becomes value, whatever its reducer: what it can hold (a list, an object, an integer, a list of messages, of
 * a BLDR_BARRIER the list of the names that are there). What is folded before it in the same superstep is gone, what is
 * folded after it is folded onto it. Twice in one superstep is an error. Takes value. */
BLDR_API void bldr_patch_replace(struct bldr_patch *p, const char *channel,
				 struct bldr_value *value);
/*
 * In a subgraph: what the patch says - writes and gotos - is said to the parent graph, as the subgraph's node would say it: to
 * channels of its `out` and nodes of its `gotos`. The subgraph ends with this superstep, none of which is folded into
 * its own channels. Call it first. Without a parent, or from two tasks of one superstep: an error.
 */
BLDR_API void bldr_patch_parent(struct bldr_patch *p);
/* Runs node in the next superstep with arg as its input. Takes arg. */
BLDR_API void bldr_patch_send(struct bldr_patch *p, const char *node, struct bldr_value *arg);
/* Runs node in the next superstep, as an edge would; static edges are followed too. BLDR_END, when
 * declared, goes nowhere. */
BLDR_API void bldr_patch_goto(struct bldr_patch *p, const char *node);
/*
 * Another round of the same node: prepare sees kept (at most BLDR_KEPT_MAX bytes; NULL: nothing) and plans anew. A round
 * that goes again says nothing else: writes, sends and gotos belong into the last one. Takes kept.
 */
BLDR_API void bldr_patch_again(struct bldr_patch *p, struct bldr_value *kept);
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
 * A named C function for effects of class local: the effect's kind is its name. It runs on the writer's
 * connection inside the transaction that commits the effect's intent, so what it wrote, its result and
 * the thread's record are durable together or not at all. It must be short: all threads wait for it. An
 * error undoes what it wrote and is the effect's FAILED result; but IO and CORRUPT fail the commit.
 */
struct store;
struct bldr_local {
	const char *name, *thread, *key;
	const struct bldr_value *args; /* borrowed */
	void *context;                 /* as registered */
	int64_t now_ms;                /* the commit's time */
	struct store *store; /* the open connection (src/store); no BEGIN, COMMIT or close */
};
typedef int (*bldr_local_fn)(const struct bldr_local *l, struct bldr_value **ret,
			     struct bldr_error *err);

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
	unsigned attempt;              /* 1, and one more each time a policy tries it again */
	void *emitter;                 /* of the host; see bldr_work_emit */
};
typedef int (*bldr_work_fn)(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err);
/*
 * Says something while the work is under way: a numbered, durable event of the thread, of type mode: "custom", or
 * "message" for the pieces of a model's answer. It stays when the work fails or is cancelled. At most BLDR_RESULT_MAX
 * bytes. value is borrowed. Errors: LIMIT, INVALID (another mode).
 */
BLDR_API int bldr_work_emit(const struct bldr_work *w, const char *mode,
			    const struct bldr_value *value, struct bldr_error *err);
