/*
 * A source file during a load: reading it whole, counting its records, and keeping those that were not
 * loaded in bldr_quarantine. A source may be read several times; its records are counted once.
 */
#pragma once

#include <stdbool.h>

#include "artefact/artefact.h"
#include "ingest/ingest.h"
#include "store/store.h"

enum { QUARANTINE_RAW_MAX = 4096 };

struct raw_source {
	const struct source_file *file;
	bool used;   /* some table reads it */
	bool passed; /* it was read whole: read and unreadable are final */
	int64_t read;
	int64_t unreadable;  /* refused by the reader */
	int64_t quarantined; /* in bldr_quarantine: unreadable, or refused by a table */
};

struct source_pass { /* reading a source once */
	struct store *store;
	struct raw_source *source;
	struct csv_reader *reader;
};

/* The field of that column name; false when there is none. */
bool raw_source_field(const struct raw_source *s, const char *column, size_t *ret);

int source_pass_open(struct store *store, const char *folder, struct raw_source *source,
		     struct source_pass *ret, struct bldr_error *err);
/* 1: *ret is the next good record; 0: the end. Errors: those of csv_reader_next. */
int source_pass_next(struct source_pass *p, struct csv_record *ret, struct bldr_error *err);
void source_pass_close(struct source_pass *p);

/* The tables bldr_layer and bldr_quarantine. */
extern const char raw_source_schema[];
/* Drops what an earlier load recorded of the source. */
int raw_source_forget(struct store *store, const struct raw_source *s, struct bldr_error *err);
/* A record has one row, with the first reason that it was refused for. */
int raw_source_quarantine(struct store *store, struct raw_source *s,
			  const struct csv_record *record, const char *reason,
			  struct bldr_error *err);
/* Writes the source's row of bldr_layer. */
int raw_source_record(struct store *store, const struct raw_source *s, struct bldr_error *err);
