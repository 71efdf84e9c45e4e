/*
 * A joined source file in memory: per record the fields that somebody reads, found by the columns that the
 * join compares. Values are compared as written, without the blanks at their ends; an empty one matches nothing.
 */
#pragma once

#include "warehouse/target.h"

/* What one joined file may take up: its kept fields, keys, and about 100 bytes per record. */
#define JOIN_INDEX_BYTES_MAX ((size_t)1 << 30)

struct join_index;

struct joined { /* a record of the joined file */
	int64_t line;
	struct record_field *fields; /* as target_join.kept */
};

/* The value without blanks at its ends: space, tab, U+00A0, U+2007, U+202F. */
struct record_field join_trim(struct record_field value);

/* Errors: INVALID (two records hold one key: the join would fan out; names both lines), LIMIT, those of
 * reading. */
int join_index_build(const struct target_join *join, struct store *store, const char *source_folder,
		     struct join_index **ret, struct bldr_error *err);
void join_index_free(struct join_index *index); /* NULL is fine */
/* values: as target_join.to; a NULL text matches nothing. NULL: no record. */
const struct joined *join_index_find(struct join_index *index, const struct record_field *values);
