/*
 * Stories: runs told as text. A teller keeps a run and writes down every update it returns, one line
 * per record, so that a test can compare the whole of what happened with what it expects.
 *
 *	step 0.1 @5 base log=["a"] | 2:b 3:c:0(7)  superstep 1 of frame 0, 5 ms; task 3 is send 0 of 7
 *	step 17.2 @5 log+["b"] x- |                a delta, x is unset; no tasks: frame 17 has ended
 *	step 0.3 @9 update held first 3 n+1 | 9:b  an updated state; waits for the thread to be resumed
 *	step 17.0 @9 base fork of 0.2 | ...
 *	patch 2 {...}
 *	round 3.1 @6 {...}                         task 3 goes again, 6 ms, with what it keeps
 *	handler 3 @6 {...}                         task 3 has failed, its handler is given that
 *	retry 4 tries 1 due 511                    effect 4 is due again at 511 ms
 *	queued 8 @6 {...}                          an input waits; "taken 8": until its turn
 *	intent 4 task 3 try 0 keyed work t/1:c:0#0.0 {...}
 *	result 4 done 7
 *	event 5 task.started {...}
 *	running                                    or: done, paused, failed <error>
 */
#pragma once

#include "base/buf.h"
#include "graph/run.h"

struct teller {
	const struct bldr_graph *graph;
	struct run *run;
	struct update **updates; /* one per call; the first ones belong to the teller resumed from */
	size_t n, borrowed;
	int64_t now_ms;
	bool record_updates; /* kept over teller_resume, as what follows is */
	const char *const *before, *const *after;
	run_answer_fn answer;
	void *answer_user;
	struct buf text; /* what happened since the last teller_expect or teller_skip */
};

enum { STORY_SEED = 7 };

/* The run is that of thread "t". input is JSON or NULL; aborts when the run refuses it. */
struct teller teller_begin(const struct bldr_graph *g, const char *input);
/* The same for a teller that has its graph and its settings. */
struct teller teller_new(const struct bldr_graph *g);
void teller_begin_as(struct teller *t, const char *input);
void teller_free(struct teller *t);
/* A millisecond later than the call before it; resuming takes no time. */
void teller_done(struct teller *t, int64_t effect, const char *value);
void teller_failed(struct teller *t, int64_t effect, enum bldr_status status, const char *error);
void teller_failed_code(struct teller *t, int64_t effect, enum bldr_status status, int code,
			const char *error);
void teller_failed_after(struct teller *t, int64_t effect, int code, const char *error,
			 int64_t retry_after_ms);
/* A millisecond later, too. These return the code of a refusal, and tell its text. */
int teller_apply(struct teller *t, const char *as_node, const char *values, enum step_source source,
		 bool hold);
int teller_enqueue(struct teller *t, const char *input);
void teller_cancel(struct teller *t);
void teller_emit(struct teller *t, int64_t effect, const char *mode, const char *data);
/* At the time that is said. */
void teller_expire(struct teller *t, int64_t now_ms);
/* A new teller whose run is rebuilt from the first n updates of t, and resumed. */
struct teller teller_resume(const struct teller *t, size_t n);
/* The same without going on: for teller_apply, teller_enqueue and teller_cancel. Nothing is told. */
struct teller teller_load(const struct teller *t, size_t n);
/* A fork at a superstep of a root frame; other: in another thread, "f", whose teller has no other updates. */
struct teller teller_fork(const struct teller *t, int64_t frame, int64_t step, bool other);
/* A run of g that has been given what t was parked with, as change has altered it. NULL: as it was. */
struct teller teller_migrate(const struct teller *t, const struct bldr_graph *g,
			     struct bldr_value *(*change)(const struct bldr_value *parked));
/* Feeds records as a journal would, without run_restored. */
struct run *story_restore(const struct bldr_graph *g, struct update *const *updates, size_t n);

/* The lines since the last call equal text. */
void teller_expect(struct teller *t, const char *text);
/* Of the lines since the last call, those that begin with one of the words ("step result"). */
void teller_expect_only(struct teller *t, const char *words, const char *text);
void teller_skip(struct teller *t);

/* later is added to the numbers of events. */
void update_tell(struct buf *b, const struct update *u, int64_t later);
/* Canonical text of run_state. The caller frees it. */
char *story_state(const struct run *r);
/* The pending effects, ascending. Returns how many. Borrowed until the next call. */
size_t story_pending(const struct run *r, const struct intent_record **ret, size_t max);

/* Compiles, or fails the test with the error. */
struct bldr_graph *compiled(struct bldr_graph *g);
struct bldr_value *json(const char *text);

/* Nodes that write "log". say: their name. ask: what work of their name returns for their input. */
void say_node(struct bldr_graph *g, const char *name);
void ask_node(struct bldr_graph *g, const char *name);

/*
 * A node that does what its script says, an object of:
 *	"work": n             plans n works named "w0", "w1"...; "class": "pure", "once", "local"
 *	"writes": [[c, v]...] writes v to channel c, in order
 *	"replace": [[c, v]..] makes v the whole of channel c, before it writes
 *	"parent": true        says all of this to the parent
 *	"echo": c             writes each result that is done to c
 *	"input": c            writes the task's input to c
 *	"state": c            writes the object of channels it sees to c
 *	"sends": [[n, v]...]  sends v to n
 *	"gotos": [n...]       goes to n
 *	"again": [v, v...]    goes again with v, once each; the rest is for the last round
 *	"rounds": c           in the last round writes [round, kept, now] to c
 *	"sick": true          fails when a result is not done
 *	"fail": text          fails
 * and, when script_route is its router:
 *	"to": [n...]          goes to n
 *	"to_sends": [[n, v]]  sends v to n
 *	"show": n             sends the state that the router sees to n
 */
void script_node(struct bldr_graph *g, const char *name, const char *script,
		 const char *const *writes, const char *const *sends);
/* The same, with nodes it may go to. */
void script_node_goes(struct bldr_graph *g, const char *name, const char *script,
		      const char *const *writes, const char *const *gotos);
/* What such a node does, for one that needs more said of it. */
struct bldr_node script_part(const char *script);
void script_route(const struct bldr_view *v, struct bldr_route *r);

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
