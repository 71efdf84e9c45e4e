/*
 * Frames, tasks and effects: a run in memory.
 *
 *	frame --tasks--> task --effects--> effect
 *	                  '------child---> frame (a subgraph)
 *
 * A frame holds the channels as its superstep began and the tasks of that superstep. A task waits
 * until it has ended or failed; all of its frame's tasks go when the next superstep begins.
 */
#pragma once

#include <sys/queue.h>

#include "graph/patch.h"
#include "graph/run.h"

enum task_state { TASK_WAITING, TASK_ENDED, TASK_FAILED };

struct effect {
	struct intent_record intent; /* its texts stand behind the struct */
	struct task *task;
	bool ended;
	enum bldr_status status;
	int code; /* 0 when BLDR_DONE */
	struct bldr_value *value;
	char *error;
};

struct task {
	int64_t id;
	const struct node *node;
	struct frame *frame;
	int64_t send; /* -1: started by an edge */
	struct bldr_value *input;
	char *path;
	uint64_t seed;
	enum task_state state;
	int64_t attempt;
	int64_t round, at_ms;    /* at_ms: when the round began; 0: with the superstep */
	struct bldr_value *kept; /* by the round before, or NULL */
	struct effect *effects[BLDR_PLAN_MAX]; /* of this attempt and round */
	size_t n_effects, n_pending;
	bool held;    /* not started: its superstep is held */
	bool handled; /* it has failed, and its handler runs in its place: `node` is the handler */
	int64_t begun_ms; /* when it, its attempt or its handler started: what timeouts count from */
	struct frame *child;     /* a subgraph that runs, or could not end the task */
	struct bldr_patch patch; /* TASK_ENDED */
	int code;                /* TASK_FAILED, as error is */
	char *error;
	bool unrecorded; /* ended in this call: the patch is in no record yet */
	TAILQ_ENTRY(task) next_unrecorded;
};

struct tasks {
	struct task *at;
	size_t n, room;
};

struct frame {
	int64_t id;
	const struct bldr_graph *graph;
	struct task *opener; /* NULL: the root */
	char *path;          /* "" for the root, "~<id>" when that is a fork's */
	int64_t step;        /* -1: not begun */
	int64_t first;       /* the superstep that the invocation began with */
	int64_t at_ms;
	bool ended;
	struct cell *cells; /* by channel */
	struct tasks tasks, spare;
	size_t open;             /* tasks that wait */
	struct bldr_patch start; /* what the routers of BLDR_START say, while step 0 begins */

	struct bldr_value **views; /* by node, made when first wanted */
	struct numbers viewed;
	struct bldr_value *everything;

	uint64_t *channel_turn, *node_turn; /* marks of the run's current turn */
	struct numbers touched;             /* channels with queued writes */
	size_t base_bytes, since_bytes;     /* of records: the last base, and since then */
	int64_t base_step;                  /* of the last base record */
	STAILQ_ENTRY(frame) next_ready;
};

/* The path of a root frame. The caller frees it. */
char *frame_root_path(int64_t id);
struct frame *frame_new(const struct bldr_graph *g, int64_t id, struct task *opener);
void frame_free(struct frame *f); /* and the frames its tasks opened; NULL is fine */

/* Room for n tasks, zeroed, beside those of the current superstep, which stay until frame_swap. */
struct task *frame_spare(struct frame *f, size_t n);
void frame_swap(struct frame *f);

/* input is taken. */
void task_init(struct task *t, struct frame *f, int64_t id, const struct node *node, int64_t send,
	       struct bldr_value *input, uint64_t run_seed, int64_t step);
/* Its effects are forgotten; they must not be known to the run any more. */
void task_forget_effects(struct task *t);
/* The random bits of what stands at path: a hash of both. A fork's are those of what it was made from. */
uint64_t path_seed(uint64_t run_seed, const char *path);
/* The path without the fork's part. Borrowed. */
const char *path_plain(const char *path);
/* t's patch, as it is before anything is said. */
void task_init_patch(struct task *t);
/* The handler of t's node takes t over, from the start: path, seed, round, effects. Takes input. */
void task_hand_over(struct task *t, struct bldr_value *input, int64_t at_ms, uint64_t run_seed);

/* Object: the channels the node reads. Borrowed until the frame's channels change. */
const struct bldr_value *frame_view(struct frame *f, const struct node *node);
/* All channels that are shown. The caller owns it. */
struct bldr_value *frame_state(const struct frame *f);
/* The same, and what persistent subgraphs keep under their nodes' names with "/" in front. */
struct bldr_value *frame_checkpoint_state(const struct frame *f);
/* Of them those of the output. */
struct bldr_value *frame_output(const struct frame *f);
/* The same with the writes of p folded in. Errors: see cell_check. */
int frame_state_after(struct frame *f, struct bldr_patch *p, uint64_t turn, struct bldr_value **ret,
		      struct bldr_error *err);
void frame_forget_views(struct frame *f);

/* Queues a write and notes its channel in touched, once per turn. */
void frame_queue(struct frame *f, struct write *w, uint64_t turn);
void frame_unqueue(struct frame *f);
int frame_check(struct frame *f, struct bldr_error *err);

/* Folds value into a channel at once, as a frame's input. Errors: INVALID. */
int frame_put(struct frame *f, size_t channel, const struct bldr_value *value, struct mint *mint,
	      struct bldr_error *err);
/* Folds every key of an object in. seed: for the ids of its messages. Errors: INVALID (no object, a channel
 * that is unknown or no input, wrong type). */
int frame_input(struct frame *f, const struct bldr_value *input, uint64_t seed,
		struct bldr_error *err);

/* What the frame of a persistent subgraph leaves to the next one: an object of its channels, hidden ones
 * too, but for what is untracked or was for one superstep. The caller owns it. */
struct bldr_value *frame_kept(const struct frame *f);
/* Sets a new frame's channels to what was kept; what its graph does not have any more is passed over. */
void frame_keep(struct frame *f, const struct bldr_value *kept);
