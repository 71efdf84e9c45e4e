/*
 * Values of several columns of one record taken together, as keys and references of several columns are compared: exact,
 * as written, without the blanks around each.
 */
#pragma once

#include "base/buf.h"
#include "ingest/ingest.h"

/* The longest tuple: the fields of a record, and their lengths. */
#define TUPLE_MAX ((size_t)CSV_RECORD_MAX * 2)

/* Whether a trimmed value is one of the column's null tokens. */
bool tuple_is_null(const struct column_profile *c, const char *trimmed, size_t size);
/* Sets *ret to the tuple of n columns (indexes). False: a value is missing. ret: of TUPLE_MAX. */
bool tuple_make(const struct table_profile *t, const size_t *columns, size_t n,
		const struct record *record, struct buf *ret);

/* The tuples of some columns of a file, with how many records have them. */
struct tuples {
	const struct table_profile *table;
	const size_t *columns;
	size_t n;
	struct map *rows;      /* tuple -> int64_t records */
	int64_t with, without; /* records: with a value in each of the columns, and others */
	size_t bytes;          /* that they take, about */
	struct arena members;
};

/* No tuples yet. table must outlive them; columns are copied. */
void tuples_open(struct tuples *t, const struct table_profile *table, const size_t *columns,
		 size_t n);
/* Adds a record, unless it is rejected. scratch: of TUPLE_MAX. */
void tuples_add(struct tuples *t, const struct record *record, struct buf *scratch);
/* What was never opened, or is zero, is fine. */
void tuples_free(struct tuples *t);

struct tuples_overlap {
	int64_t distinct;    /* of the child */
	int64_t contained;   /* of these, the ones that the parent has */
	int64_t orphan_rows; /* records of the child with one that the parent lacks */
};

struct tuples_overlap tuples_compare(const struct tuples *child, const struct tuples *parent);
