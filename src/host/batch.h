/*
 * A batch: what one commit makes durable - the updates of all threads that are ready, the slots of rates that they take, and the
 * writer's jobs. Built on the loop's thread, committed on the writer's.
 */
#pragma once

#include "journal/journal.h"

struct driver;
struct driver_thread;

/* Something the writer does in the transaction of the next batch. */
struct driver_job {
	int (*run)(struct journal *j, void *user, int64_t now_ms, struct bldr_error *err);
	void (*done)(void *user,
		     const struct bldr_error *
			     err); /* on the loop's thread, err->code 0: done; frees user; or NULL */
	void *user;
	struct driver_job *next;
};

/* When an effect with a rate may begin: reserved by the commit of what it is reserved in. */
struct slot {
	int64_t effect, begin_ms;
};
typedef LIST(struct slot) slots;

struct batch {
	size_t n;
	struct journal_batch journal;
	struct journal_part *parts; /* n of them, as all below */
	slots *slots;
	struct driver_job *jobs;     /* in the order of journal.jobs */
	struct journal_thread *rows; /* the parts' threads: copies, since a writer thread fills them */
	struct update **updates;
	struct driver_thread **threads;
	struct arena arena; /* what the parts' locals hold */
	int64_t now_ms;
};

/* What the ready threads and the jobs of d want to commit; NULL: nothing. They are ready no more. */
struct batch *batch_new(struct driver *d, int64_t now_ms);
/* Makes it durable; callable on another thread. */
int batch_commit(struct batch *b, struct journal *j, struct bldr_error *err);
/* Says to each job how it ended. After it, batch_free. */
void batch_tell_jobs(struct batch *b);
void batch_free(struct batch *b);
/* A batch whose commit failed, or is not to be. Takes b. */
void batch_discard(struct batch *b);
/* An intent that its own update answers (refused, or UNKNOWN after a crash) is not to be performed. */
bool batch_answers(const struct update *u, int64_t effect);

/* Jobs whose batch is not to be: each is told, and freed. */
void jobs_drop(struct driver_job *jobs);
/* NULL is fine. */
void update_free(struct update *u);
