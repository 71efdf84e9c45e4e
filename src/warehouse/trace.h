/*
 * From a row of the warehouse back to what it was made of: the record of the raw file, the records that its
 * rules join, and the raw text behind each column. Reads the artefacts, warehouse.db and the source
 * files; writes nothing. Joins are evaluated here as docs/artefacts.md says, over the files as they are now.
 */
#pragma once

#include <stdbool.h>

#include "artefact/artefact.h"

enum trace_kind {
	TRACE_RECORD,  /* made of a record of a file */
	TRACE_MEMBER,  /* a reserved member: made of no record */
	TRACE_CALENDAR /* a day of a generated calendar */
};

struct trace_duplicate { /* a record that was set aside: another one of the same key counts */
	int64_t line;
	const char *raw; /* as bldr_quarantine has it */
};

typedef LIST(struct trace_duplicate) trace_duplicates;

struct trace_source {      /* a source file that the row draws from */
	const char *alias; /* as rules call it: the table's own name, or a join's alias */
	const char *table, *path;
	const char *by; /* what a join looked for: `order_id = "102"`, or why it could not; NULL: no join */
	const char *fault; /* the file is not what the run read, or cannot be read: what; NULL: it is */
	int64_t line;    /* of the record; 0: the join found none, or its file could not be read */
	const char *raw; /* the record as it stands there, valid UTF-8, cut at 4 KB; NULL: none */
	texts fields;    /* as read, one per column of the file; empty without a record */
	trace_duplicates duplicates; /* that this record counts for, by line */
};

struct trace_input {   /* what a rule reads */
	size_t source; /* index of trace.sources */
	const char *column;
	const char *raw;     /* NULL: no record */
	const char *refused; /* why it became null; NULL: it did not */
};

struct trace_target { /* the dimension row that a dimension key points to */
	const char *table;
	const char *path; /* NULL: made of no record */
	int64_t line;
};

struct trace_column {
	const struct sttm_column *sttm;
	const char *value; /* as people write it; NULL: null */
	LIST(struct trace_input) inputs;
	const struct trace_target *target; /* ROLE_DIMENSION_KEY */
};

struct trace {
	const struct sttm_table *table;
	enum trace_kind kind;
	const char *label;                 /* TRACE_MEMBER: as the STTM has it */
	LIST(struct trace_source) sources; /* [0] is the table's own; TRACE_RECORD only */
	LIST(struct trace_column) columns; /* all, or the one asked for */
	bool faulty;                       /* some source has a fault */
};

struct trace_request {
	const struct sources *sources;
	const struct sttm *sttm;
	const char *source_folder;
	const char *warehouse; /* path of warehouse.db */
	const char *table;
	const char *key; /* one value, or as many as the key has columns, between commas, quoted as in CSV */
	const char *column; /* NULL: all */
};

/*
 * *ret lives in a and refers to the request's sources and STTM. Errors: NOT_FOUND (no such table, column
 * or row: names what there is), INVALID (the key has another number of parts), IO, CORRUPT.
 */
int trace_row(const struct trace_request *request, struct arena *a, struct trace *ret,
	      struct bldr_error *err);
/* The columns of the table's primary key, in order. */
void trace_key_columns(const struct sttm_table *table, struct arena *a, texts *ret);
