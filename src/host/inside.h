/*
 * The inside of the public engine, shared by its files: engine.c (opening, registering, running), threads.c (what sets a
 * thread going), checkpoints.c (going back, changing, copying, dropping), change.c (graphs that changed), reading.c and stream.c.
 */
#pragma once

#include "graph/graph.h"
#include "host/driver.h"

struct bldr_engine {
	char *path;
	bool simulate, running, record_updates;
	int64_t keep_steps;
	const char *const *interrupt_before, *const *interrupt_after;
	struct journal *writer; /* NULL: read-only. The host's alone while it runs */
	struct journal *reader; /* for the loop's thread, so that no question waits for a commit */
	struct host *host;
	struct driver driver;
	struct map *graphs, *works, *locals;
	struct map *known;   /* hashes of graphs whose structure is in the journal, or on its way */
	struct map *replays; /* thread id -> struct replay (threads.c) */
	void (*observe)(const struct bldr_event *event, void *user);
	void *observe_user;
	unsigned stream_modes;
	void (*stream)(const struct bldr_stream_part *part, void *user);
	void *stream_user;
};

/* INVALID when it is open for reading only. */
int engine_check_writable(const struct bldr_engine *e, struct bldr_error *err);
/* Errors: NOT_FOUND. */
int engine_find_graph(const struct bldr_engine *e, const char *name, const struct bldr_graph **ret,
		      struct bldr_error *err);
/* An id that may be given to a new thread. Errors: INVALID, EXISTS. */
int engine_check_new(const struct bldr_engine *e, const char *id, struct bldr_error *err);
uint64_t engine_seed(const struct bldr_engine *e);
int64_t engine_now_ms(const struct bldr_engine *e);
/* A run of g with all that this engine adds to runs. row: of the thread, for what it can be answered with. */
struct run *engine_run(struct bldr_engine *e, const struct bldr_graph *g,
		       const struct journal_thread *row);
/* Sees to it that g's structure is in the journal once the next batch is. */
void engine_note_graph(struct bldr_engine *e, const struct bldr_graph *g);
/* Fills the columns that say which graph a thread is of. */
void engine_set_graph(struct journal_thread *row, const struct bldr_graph *g);

/*
 * A thread in the journal that this engine does not run, and its graph. Errors: NOT_FOUND, EXISTS (it is being run), and
 * INVALID when the engine is open for reading only.
 */
int engine_find_parked(const struct bldr_engine *e, const char *id, struct journal_thread *ret,
		       const struct bldr_graph **ret_graph, struct bldr_error *err);
/* Queues a built run with its first update; frees both when rc, which is returned, says that building failed. */
int engine_add(struct bldr_engine *e, const struct journal_thread *row, struct run *run,
	       struct update *update, bool resumed, int rc);
/* The same for a thread that comes to rest with this update: between two runs of the loop it is committed before this returns. */
int engine_settle(struct bldr_engine *e, const struct journal_thread *row, struct run *run,
		  struct update *update, int rc, struct bldr_error *err);
/* Has job done on the writer: at once between two runs of the loop, otherwise with the next batch. Errors: the job's,
 * between two runs. */
int engine_job(struct bldr_engine *e, const struct driver_job *job, struct bldr_error *err);

/* Of a thread that nobody runs: its run as the journal has it, not restored yet; taken over by g when it was parked under another
 * version, for which row may change. */
int engine_load(struct bldr_engine *e, struct journal_thread *row, const struct bldr_graph *g,
		struct run **ret, struct bldr_error *err);
/* From now on effects of thread id are answered with what a lineage of a thread (its number) has recorded. */
void engine_replay(struct bldr_engine *e, const char *id, int64_t thread, int64_t lineage);
void threads_rolled_back(void *user, const char *id, struct bldr_value *input);

/* change.c: nothing when the thread was parked under g. Otherwise g's migration is committed, and row is as after that. Errors:
 * CHANGED (no migration: names the differences; or called while the loop runs), those of the migration. */
int change_take_over(struct bldr_engine *e, struct journal_thread *row, const struct bldr_graph *g,
		     struct bldr_error *err);

/* checkpoints.c: calls each for one checkpoint, as bldr_thread_history does; not at all when it was pruned. */
int engine_checkpoint(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
		      int (*each)(const struct bldr_checkpoint *c, void *user), void *user,
		      struct bldr_error *err);
/* checkpoints.c: the output channels as a checkpoint sees them. Errors: NOT_FOUND. */
int engine_output_at(struct bldr_engine *e, const char *id, int64_t lineage, int64_t step,
		     struct bldr_value **ret, struct bldr_error *err);
/* checkpoints.c: a fork of the thread at the checkpoint before its current invocation, at rest, u begun; *ret is the
 * caller's even when it fails, and may be NULL then. */
int checkpoint_before_invocation(struct bldr_engine *e, const struct journal_thread *row,
				 const struct bldr_graph *g, struct update *u, struct run **ret,
				 struct bldr_error *err);

/* stream.c: gives the parts of a durable event to a receiver, until that returns non-zero. */
int stream_event(struct bldr_engine *e, unsigned modes, const struct bldr_event *event,
		 int (*each)(const struct bldr_stream_part *part, void *user), void *user,
		 struct bldr_error *err);
