/*
 * The star as the Tester expects it: every target table of the design, evaluated from the raw files by the
 * origins of its columns. Nothing here has seen the STTM or the warehouse.
 *
 * A dimension has one row per business key: the first record that holds it; records without a business key
 * make no member. A fact has one row per good record, but for those that repeat an earlier one byte for byte. In
 * both, a record that lacks a value which the design requires makes no row. Where the design sets duplicates aside
 * (dedup), of each key one record counts (winners.h), and hops lead to that one alone. A generated date dimension has every day of the years
 * that its source dates span. A hop that finds nothing gives null. A reference leads to "unknown" (-1) where a hop's
 * foreign key is written and finds nothing, as where its member is not there; else a null in any part of the dimension's
 * business key means "no key" (-2).
 */
#pragma once

#include "checks/relation.h"

enum { MEMBER_UNKNOWN = -1, MEMBER_NONE = -2 };

/* Why a cell is null, or a reference leads to no member; of several parts the last in this order. */
enum absence {
	ABSENCE_NONE,       /* it is not */
	ABSENCE_WRITTEN,    /* the file has nothing there */
	ABSENCE_NO_KEY,     /* a foreign key on the way is null */
	ABSENCE_UNREADABLE, /* the file has a text there that is no value of the type */
	ABSENCE_MISSED      /* a foreign key on the way is written, and leads nowhere */
};

/* A source date column, its decision, and what it feeds. */
struct date_source {
	const char *table, *column;
	const struct date_decision *decision;
};

/* A column of a file that an origin reads. */
struct cell_read {
	struct relation *holder;
	size_t column;
	const struct column_decision *decision;
	const int64_t *records; /* per source record: the holder's record, < 0: no hop led there */
};

struct expected_column {
	const struct design_column *design;
	struct column_type type;
	const char **cells; /* per row; NULL array: not judged (a calendar's own names and the like) */
	const char **texts; /* per row: as written, NULL: null or not there; NULL array: no one text */
	unsigned char *absences;      /* per row: enum absence; NULL array: not from a file */
	LIST(struct cell_read) reads; /* the columns of files that its origins read */
	/* a dimension key */
	const struct expected_table *dimension;
	int64_t *members; /* per row: row of the dimension, MEMBER_UNKNOWN or MEMBER_NONE */
	/* a column that one source date column feeds */
	bool is_date;
	struct date_source source;
	const char **dates; /* per row: yyyy-mm-dd as the column shows it, NULL: none */
};

struct expected_table {
	const struct design_table *design;
	struct relation *source; /* NULL: a generated date dimension */
	size_t n;
	size_t n_left;         /* good records that are left out; in all arrays behind the rows */
	const char **left_why; /* per record that is left out */
	bool *left_duplicate;  /* per record that is left out: another one of the same key counts */
	const int64_t
		*kept_by; /* dedup: per source record the one that counts, -1: itself; else NULL */
	size_t *records;  /* the source record of each row; NULL: generated */
	struct expected_column *columns; /* as in the design */
	size_t n_keys;
	size_t *keys;                      /* columns that the surrogate key is made of */
	const char ***record_keys;         /* per key column, per source record; NULL: generated */
	struct map *members;               /* a dimension's: canon of the keys -> row + 1 */
	LIST(struct date_source) calendar; /* generated: whose dates it spans */
};

struct expected {
	struct arena *arena;
	struct relations *relations;
	const struct design *design;
	struct expected_table *tables; /* as in the design; n of them are built */
	size_t n;
};

/* ret must be released whatever is returned. Errors: INVALID: an origin that cannot be evaluated. */
int expected_evaluate(const struct design *design, struct relations *relations, struct arena *a,
		      struct expected *ret, struct bldr_error *err);
void expected_release(struct expected *e);

/* NULL: no such table. */
const struct expected_table *expected_find(const struct expected *e, const char *table);
/* The column's index, or -1. */
int64_t expected_column_find(const struct expected_table *t, const char *column);
bool expected_is_dimension(const struct expected_table *t);
/* The canon of the key's values in a row: what names the row. In the arena. */
const char *expected_key(const struct expected_table *t, size_t row, struct arena *a);
/* Per good record of a source why some table leaves it out, NULL: none does. In the arena. */
const char **expected_left_out(const struct expected *e, const struct relation *source,
			       struct arena *a);
/* Per good record of a source whether it is left out as a duplicate. In the arena. */
bool *expected_duplicates(const struct expected *e, const struct relation *source, struct arena *a);
