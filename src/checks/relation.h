/*
 * Relations: the raw files as tables in memory, with the Tester's decision per column and hash joins.
 */
#pragma once

#include "base/map.h"
#include "checks/declared.h"
#include "checks/reader.h"
#include "checks/values.h"

struct relation_column {
	const char *name;
	bool decided;
	struct column_decision decision;
	/* per record: its text is no value of the type that some target column has; NULL: none is */
	bool *refused;
};

struct relation {
	const struct source_file *file;
	struct raw_table raw;
	struct relation_column *columns;
	bool *set_aside; /* per record: another one of the same key counts (dedup); NULL: none is */
};

/* The records of a table by the values of some of its columns. */
struct relation_index {
	const struct relation *table;
	size_t n;
	const size_t *columns;
	const bool *numbers; /* compared as numbers */
	struct map *rows;    /* key -> record + 1 */
};

/* Where hops lead from each record of a table. */
struct relation_walk {
	const struct relation *from;
	const struct hop *hops;
	size_t n;
	struct relation *to;
	const int64_t *records; /* per record of from */
};

struct relations {
	struct arena *arena;          /* everything but the indexes' maps */
	LIST(struct relation) tables; /* as in sources */
	LIST(struct relation_index) indexes;
	LIST(struct relation_walk) walks; /* every one that was asked for */
	struct overrides declared;        /* by a person: sources->overrides */
};

/* Reads every file of sources. ret must be released whatever is returned. Errors: as raw_table_read. */
int relations_read(const char *source_folder, const struct sources *sources, struct arena *a,
		   struct relations *ret, struct bldr_error *err);
void relations_release(struct relations *r);

/* NULL: no such table. */
struct relation *relation_find(struct relations *r, const char *table);
/* The column's index, or -1. */
int64_t relation_column_find(const struct relation *t, const char *column);
/* The column with its decision taken. */
const struct relation_column *relation_column(struct relations *r, struct relation *t,
					      size_t column);
static inline const char *relation_text(const struct relation *t, size_t record, size_t column)
{
	return raw_field(&t->raw, record, column);
}

/* Where hops lead that lead to no record: a written key was not found, or a key is null. */
enum { RELATION_MISSED = -1, RELATION_NO_KEY = -2 };

/*
 * Follows hops from each record of from: ret_records (one per record of from, in the arena) holds the record
 * of the last hop's table, or one of the two above; *ret_to is that table. Who asks again is given the same
 * numbers, which nobody may change; hops must live as long as r. A null in any part of a key matches nothing; a record that is set aside is never led to. Errors: INVALID (unknown names, hops that do not
 * connect, a target that is not unique: told with its two lines).
 */
int relation_follow(struct relations *r, struct relation *from, const struct hop *hops, size_t n,
		    struct relation **ret_to, const int64_t **ret_records, struct bldr_error *err);
/* Per record of from the key that a hop compares, NULL: a part is null. Errors: INVALID, as above. */
int relation_keys(struct relations *r, struct relation *from, const struct hop *hop,
		  const char ***ret_keys, struct bldr_error *err);
