/*
 * What the pipeline keeps of each source table: the columns of its bronze table, and the columns of its silver
 * table with the parts of the STTM's rules that make them. A rule is cut there: what trims, nulls and types
 * the columns of one table is silver's, the rest is gold's. Internal to the emitters.
 */
#pragma once

#include "artefact/artefact.h"
#include "base/columntype.h"
#include "warehouse/target.h"

struct lake_value { /* a column of the silver table */
	const char *name;
	struct column_type type;
	const struct bldr_value *tree;   /* over the file's columns, without "of" */
	const struct bldr_value *field;  /* what is typed: a text; or the whole tree */
	const struct bldr_value *typing; /* over {"col": name}; NULL: the field is the value */
	bool mapped;                     /* a rule or a join reads it */
};

struct lake_unique { /* of records with one key the last version counts: names of values */
	texts key;
	texts version; /* one at most */
};

struct lake_source {
	const struct source_file *file;
	const char **columns; /* of the bronze table, one per column of the file */
	LIST(struct lake_value) values;
	LIST(struct lake_unique) uniques;
};

struct lake {
	struct lake_source *sources; /* as in the artefact */
	size_t n;
	const struct sttm *sttm;
	struct arena *arena;
};

/*
 * sttm must have been compiled by targets_compile(). sources and sttm must outlive the lake. Errors: INVALID (a
 * rule; two columns of a file with one name; a calendar column without a date rule).
 */
int lake_build(const struct sources *sources, const struct sttm *sttm, struct arena *a,
	       struct lake *ret, struct bldr_error *err);

const struct lake_source *lake_source(const struct lake *lake, const char *table);

/* Several records may begin in one line of the file. */
bool lake_shares_lines(const struct lake_source *s);

struct lake_read { /* a part of a rule that silver makes */
	const struct bldr_value *part;
	const char *alias; /* of the join, or the name of the table's own source */
	const struct lake_source *source;
	const struct lake_value *value;
};

typedef LIST(struct lake_read) lake_reads;

/* The parts of a rule of that table that silver makes, in order. */
void lake_find_reads(const struct lake *lake, const struct sttm_table *table,
		     const struct bldr_value *rule, lake_reads *ret);
/* The silver column that a join of the STTM compares: the text as written, without blanks at its ends. */
const struct lake_value *lake_join_value(const struct lake *lake, const struct lake_source *source,
					 const char *column);
/* The silver column with the dates that a calendar covers. */
const struct lake_value *lake_date_value(const struct lake *lake, const struct column_ref *ref);
