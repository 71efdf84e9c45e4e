/*
 * A desk: what one work function works with - its run's folder, the source folder, an arena, and the
 * artefacts that its request refers to. Opened first, closed last, on the worker's own thread.
 *
 * Channel values of artefacts are objects {"ref": {path, hash, bytes}, ...}; "rows" beside it says how many source records
 * the work went through.
 */
#pragma once

#include <bldr/effect.h>
#include "artefact/artefact.h"

struct desk {
	struct arena arena;
	const struct bldr_work *work;
	const struct bldr_value *args; /* the work's */
	const char *source_dir;
	const char *folder; /* of the run */
	int64_t round;      /* mapping round, from 1; 0 before the first */
	int64_t designs;    /* how often the star has been designed, this time included */
};

/* A work function is this: fn between opening and closing a desk. Errors: fn's, and INVALID when the
 * request lacks the job. */
int desk_work(const struct bldr_work *w,
	      int (*fn)(struct desk *d, struct bldr_value **ret, struct bldr_error *err),
	      struct bldr_value **ret, struct bldr_error *err);

/* A path below the run's folder. Lives in the desk's arena. */
const char *desk_path(struct desk *d, const char *relative);

/* Reads the artefact that channel `name` refers to into *ret, its struct. */
int desk_read(struct desk *d, const char *name, void *ret, struct bldr_error *err);
/* The same, for an artefact kept under another channel or list item. */
int desk_read_value(struct desk *d, const char *name, const struct bldr_value *value, void *ret,
		    struct bldr_error *err);
/* Notes in head that the artefact being made derives from those in the channels `names`
 * (NULL-terminated): every artefact that was read for it. */
int desk_derive(struct desk *d, struct artefact_head *head, const char *const *names,
		struct bldr_error *err);
/* Writes the artefact (path NULL: the default one) and answers {"ref": ...} in *ret. */
int desk_write(struct desk *d, const char *name, const char *path, const void *data,
	       struct bldr_value **ret, struct bldr_error *err);

/* Source records that a load has read. */
int64_t desk_records(const struct deployment *deployment);
