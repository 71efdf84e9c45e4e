/*
 * What a warehouse tells of records and cells that are not in its tables: for those who ask where a row came from.
 * A warehouse of before there was such a table tells of none. Errors: those of SQLite.
 */
#pragma once

#include "base/arena.h"
#include "store/store.h"
#include "warehouse/key_set.h"
#include "warehouse/trace.h"

/* Adds the offsets of the file's records that were set aside as duplicates. */
int aside_offsets(struct store *store, const char *path, struct key_set *ret,
		  struct bldr_error *err);
/* The records that were set aside for the one on that line, by line. */
int aside_for(struct store *store, const char *path, int64_t line, struct arena *a,
	      trace_duplicates *ret, struct bldr_error *err);
/* Why a cell of that text in a record of that line became null; NULL: it did not. */
int aside_cell(struct store *store, const char *path, int64_t line, const char *column,
	       const char *text, struct arena *a, const char **ret_reason, struct bldr_error *err);
