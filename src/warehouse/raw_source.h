/*
 * A source file during a load: reading it whole, counting its records, and keeping those that were not
 * loaded in bldr_quarantine and the cells that became null in bldr_refused_cell. A source may be read several times;
 * its records are counted once.
 */
#pragma once

#include <stdbool.h>

#include "artefact/artefact.h"
#include "expr/expr.h"
#include "ingest/ingest.h"
#include "store/store.h"

enum { QUARANTINE_RAW_MAX = 4096 };

/* Why a record is in quarantine. */
enum quarantine_kind {
	QUARANTINE_UNREADABLE, /* the reader refused it */
	QUARANTINE_TOTAL,      /* the reader took it for a total: sources.not_rows */
	QUARANTINE_BLANK,      /* no field of it holds anything */
	QUARANTINE_REFUSED,    /* a table could not take it */
	QUARANTINE_DUPLICATE   /* another record of the same key counts */
};

struct cell_rule { /* how the STTM types a cell; slots are fields */
	size_t field;
	const struct bldr_value *tree;
	const struct expr *rule;
};

struct key_part {
	const struct expr *rule;
};

struct survivor_rule { /* which record of a key counts; slots are fields */
	LIST(struct key_part) key;
	const struct expr *version; /* NULL: the last one in the file */
};

struct set_aside {
	int64_t offset;
	int64_t survivor; /* line of the record that counts instead */
};

struct raw_source {
	const struct source_file *file;
	bool used;   /* some table reads it */
	bool passed; /* it was read whole: read, unreadable and refused cells are final */
	LIST(struct cell_rule) cells;
	LIST(struct survivor_rule) survivors;
	LIST(struct set_aside) aside; /* by offset; passes leave these records out */
	bool decided;                 /* aside is known: survivors.h */
	bool told;                    /* aside is in quarantine */
	int64_t *told_at;             /* per field: behind the record whose cell was told last */
	int64_t read;
	int64_t unreadable; /* refused by the reader, a total, or blank */
	int64_t rejected;   /* in bldr_quarantine: unreadable, or refused by a table */
	int64_t duplicates; /* in bldr_quarantine: set aside */
};

struct source_pass { /* reading a source once */
	struct store *store;
	struct raw_source *source;
	struct record_reader *reader;
	size_t next_aside;
	struct arena scratch; /* a batch of records */
	size_t rows;
};

/* The field of that column name; false when there is none. */
bool raw_source_field(const struct raw_source *s, const char *column, size_t *ret);

int source_pass_open(struct store *store, const char *folder, struct raw_source *source,
		     struct source_pass *ret, struct bldr_error *err);
/* 1: *ret is the next good record that was not set aside; 0: the end. Errors: those of record_reader_next. */
int source_pass_next(struct source_pass *p, struct record *ret, struct bldr_error *err);
void source_pass_close(struct source_pass *p);

/* A record as rules see it whose slots are fields. It refers to both. */
struct expr_row raw_source_row(const struct raw_source *s, struct record *record);

/* The tables bldr_layer, bldr_quarantine and bldr_refused_cell. */
extern const char raw_source_schema[];
/* Drops what an earlier load recorded of the source. */
int raw_source_forget(struct store *store, const struct raw_source *s, struct bldr_error *err);
/* A record has one row, with the first reason that it was refused for. */
int raw_source_quarantine(struct store *store, struct raw_source *s, const struct record *record,
			  enum quarantine_kind kind, const char *reason, struct bldr_error *err);
/* The reason of a duplicate, which names the line of the record that counts. */
enum { DUPLICATE_REASON_MAX = 80 };
void raw_source_duplicate_reason(int64_t survivor, char ret[DUPLICATE_REASON_MAX]);
/* Writes the source's row of bldr_layer. */
int raw_source_record(struct store *store, const struct raw_source *s, struct bldr_error *err);
