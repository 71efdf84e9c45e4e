/*
 * A batch: requests that a work function has prepared and nodes send, a few at a time. Bodies are files below the run's
 * folder, so that neither views nor the journal hold them.
 *
 *	work: batch_begin, batch_add..., batch_end     -> <name>/step.<k>.json, <name>/<n>.body
 *	node: round 0: work "remote.batch" {job, batch, step} -> items;  round 1: the items;  round 2: the next ...
 *
 * The items of a step go at once: of one group, BATCH_AT_ONCE at most. A step without items is the end.
 */
#pragma once

#include "agents/desk.h"
#include "agents/remote/remote.h"

enum { BATCH_AT_ONCE = 8 };

struct batch {
	struct desk *desk;
	const char *name;
	const char *folder; /* absolute: requests are sent from whatever working folder a run is resumed in */
	struct bldr_value *items;
};

/* A folder of that name is made below the run's. Errors: IO. */
int batch_begin(struct batch *b, struct desk *d, const char *name, struct bldr_error *err);
/* Takes q. what: for people, should it fail. save: name of a file below the batch's folder for the answer, or NULL.
 * Errors: IO. */
int batch_add(struct batch *b, struct databricks_request q, int64_t group, const char *what,
	      const char *save, struct bldr_error *err);
/* A text as a file below the batch's folder: {path, hash, bytes}, the caller's. Errors: IO. */
int batch_file(struct batch *b, const char *name, const char *text, struct bldr_value **ret,
	       struct bldr_error *err);
/* Releases b in any case. Errors: IO, LIMIT. */
int batch_end(struct batch *b, struct bldr_error *err);
/* After a failure. */
void batch_drop(struct batch *b);

/* The items of a batch, a list; the caller owns it. Errors: those of file_read, INVALID. */
int batch_read(struct desk *d, const char *batch, struct bldr_value **ret, struct bldr_error *err);

/*
 * Plans the work "remote.batch" (agents/nodes.h) for a step, counted from 0. It gives
 * {"items": [{"n", "what", "class", "args", "timeout_ms"}...]}, none when the batch is done.
 */
void batch_plan_items(const struct bldr_view *v, struct bldr_plan *p, const char *batch,
		      int64_t step);
/* Plans items. */
void batch_plan(struct bldr_plan *p, const struct bldr_value *items);

/* For nodes that send a whole batch and want nothing of the answers; .config is the batch's name. */
extern const char *const batch_reads[];
void batch_prepare(const struct bldr_view *v, struct bldr_plan *p);
void batch_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		  struct bldr_patch *p);
