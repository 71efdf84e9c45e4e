/*
 * A target table as it lies in the SQLite file: its definition and view, rows put by primary key, and what
 * it amounts to in the end. The layout is docs/warehouse.md's.
 */
#pragma once

#include "base/hash.h"
#include "store/store.h"
#include "warehouse/key_set.h"
#include "warehouse/target.h"

struct gold_cell { /* a value as SQLite holds it */
	int kind;  /* SQLITE_NULL, SQLITE_INTEGER, SQLITE_FLOAT or SQLITE_TEXT */
	int64_t i;
	double d;
	const char *text; /* not NUL-terminated */
	size_t size;
};

struct gold { /* a table that is being loaded */
	struct store *store;
	const struct target *target;
	struct key_set *touched; /* row ids of this load */
	sqlite3_stmt *insert, *select, *update;
};

enum gold_outcome {
	GOLD_LOADED,    /* inserted, replaced, or there already and equal */
	GOLD_DUPLICATE, /* this load has put a row with that key before */
	GOLD_COLLISION  /* a dimension's row with that surrogate key has another business key */
};

/*
 * Marks the tables that SQLite cannot hold, for their number of columns, and those that refer to one of them; the
 * sources are then used by the other tables alone. Writes the reasons, whose memory is a's, to bldr_skipped_table.
 */
int gold_skip(struct store *store, struct targets *targets, struct arena *a, struct bldr_error *err);

/* Creates table and view. Errors: INVALID (the file has another table of that name). */
int gold_define(struct store *store, const struct targets *targets, const struct target *t,
		struct bldr_error *err);

/* ret must be closed whatever is returned. */
int gold_open(struct store *store, const struct target *t, struct gold *ret, struct bldr_error *err);
void gold_close(struct gold *g);
/* cells: one per column. */
int gold_put(struct gold *g, const struct gold_cell *cells, enum gold_outcome *ret,
	     struct bldr_error *err);

/* Adds the surrogate keys that the dimension has. */
int gold_keys(struct store *store, const struct target *t, struct key_set *keys,
	      struct bldr_error *err);

struct gold_sum {
	int64_t rows;              /* without reserved members */
	char digest[HASH_HEX_MAX]; /* docs/warehouse.md tells of what */
};

int gold_sum_up(struct store *store, const struct target *t, struct gold_sum *ret,
		struct bldr_error *err);
