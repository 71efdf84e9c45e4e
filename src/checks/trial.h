/*
 * The trial: the expected star beside the found one, row for row, and what a check says about them.
 *
 * Rows are paired by lineage where file, line and key agree, then by key, then by lineage alone; so a wrong
 * line number does not make values look wrong, nor a wrong key a row look missing. What stays alone on
 * the expected side is missing, on the found side surplus. A date column whose found dates are what
 * another order of the written ones gives has a date fault: everything that follows from it is
 * blamed on the mapping's date order, and on nothing else.
 */
#pragma once

#include "checks/checks.h"
#include "checks/expected.h"
#include "checks/foreign.h"
#include "checks/found.h"

enum { TRIAL_SAMPLES_MAX = 5 };

/* The columns _source_file, _source_line and _source_record of a table, or -1. */
struct lineage {
	int64_t file, line, record;
};

struct date_fault {
	bool found;
	const char *why; /* in words */
};

struct trial_column {
	size_t changed; /* paired rows whose value is not the expected one */
	struct date_fault fault;
	int judgement;            /* enum mapping_judgement, 0: not judged yet */
	const char *repair, *why; /* of a mapping that is wrong */
};

struct trial_table {
	const struct expected_table *expected;
	const struct contract_table *contract;
	const struct sttm_table *sttm; /* NULL: the STTM lacks it */
	struct found_table found;
	int64_t *expected_of; /* per found row: expected row, or -1 */
	int64_t *found_of;    /* per expected row: found row, or -1 */
	size_t missing, surplus;
	struct trial_column *columns; /* as in the design */
};

struct trial {
	const struct checks_input *in;
	struct arena *arena;
	struct relations relations;
	struct expected expected;
	foreign_keys foreign; /* once check_foreign has run */
	struct store *store;
	struct map *refused;        /* "path:line" -> reason, as bldr_quarantine has it */
	struct trial_table *tables; /* as in the design; n of them are open */
	size_t n;
	LIST(struct finding) findings;
};

/* ret must be released whatever is returned. Errors: those of reading, INVALID: contract and design do not
 * belong together. */
int trial_open(const struct checks_input *in, struct arena *a, struct trial *ret,
	       struct bldr_error *err);
void trial_release(struct trial *t);

struct trial_table *trial_find(const struct trial *t, const char *table);
/* What the deployment says of a table; NULL: nothing, or there is no deployment. */
const struct deployment_table *trial_deployed(const struct trial *t, const char *table);
struct lineage trial_lineage(const struct expected_table *t);
/* The record, on the line that the found row names, is the one of its line that the row names; true where it names none. */
bool trial_lineage_fits(const struct trial_table *t, struct lineage l, size_t found, size_t record);
/* Whether a paired found row's value in a column differs from the expected one. */
bool trial_differs(const struct trial *t, const struct trial_table *table, size_t column,
		   size_t found_row);
/* Per found row, the date that a date column amounts to: yyyy-mm-dd or NULL. In a. */
const char **trial_dates(const struct trial *t, const struct trial_table *table, size_t column,
			 struct arena *a);

/* ---- saying it ---- */

struct verdict {
	bool passed;
	int severity; /* enum severity, of a failure */
	const char *expected, *found;
	texts samples;
	const char *blame, *why;         /* of a failure */
	const struct bldr_value *advice; /* what to repair, or NULL */
};

/* Adds a finding; what a check proves and where its expectation comes from is told in check_texts.c. */
void trial_report(struct trial *t, const char *check, const char *subject, const struct verdict *v);
/* "table.column" */
const char *trial_subject(const struct trial *t, const struct trial_table *table, size_t column);
/*
 * Blames for a column's failure: its date order, its decimal mark, its rule in the STTM, or the load when that rule is as
 * the design states; or else its rows; with samples.
 */
void trial_blame_column(const struct trial *t, const struct trial_table *table, size_t column,
			struct verdict *v);
/* Blames the mapping of a column when its rule is not what the design states, with what to repair. */
bool trial_blame_mapping(const struct trial *t, const struct trial_table *table, size_t column,
			 struct verdict *v);
/* The same for the target columns that read a column of a file, and for their date order. */
bool trial_blame_readers(const struct trial *t, const struct relation *source, size_t column,
			 struct verdict *v);
/* Blames the mapping when all rows of a source that are missing were refused by the load; else nothing. */
void trial_blame_refusals(const struct trial *t, const struct relation *source, struct verdict *v);
/*
 * Blames for missing or surplus rows: a date order that moves the grain or the calendar, a mapping that made the
 * load refuse them, a key that is mapped otherwise than the design states, or the load.
 */
void trial_blame_rows(const struct trial *t, const struct trial_table *table, struct verdict *v);
/* Adds a sample unless there are enough. */
void trial_sample(const struct trial *t, struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "lines 5, 17"; of many the first and how many more. */
const char *trial_lines(const struct trial *t, const uint32_t *lines, size_t n);
/* "raw_orders.csv:17" of an expected row, or the key of a generated one. */
const char *trial_place(const struct trial *t, const struct trial_table *table, size_t expected_row);
/* "order_id=16" of a found row. */
const char *trial_row(const struct trial *t, const struct trial_table *table, size_t found_row);
/* True: the table or the column is not in the warehouse; the verdict says so. */
bool trial_absent(const struct trial *t, const struct trial_table *table, int64_t column,
		  struct verdict *v);

/*
 * Whether K6 names, for every row of a column that is null or unknown because a key leads nowhere, the foreign key of the
 * files that does; *ret_words: "; 13 since order_items.order_id leads nowhere (K6)", or "".
 */
bool trial_follows(const struct trial *t, const struct trial_table *table, size_t column,
		   const char **ret_words);

/* ---- the groups of checks, each one file ---- */

int check_files(struct trial *t, struct bldr_error *err);    /* S1, S2 */
int check_vacuity(struct trial *t, struct bldr_error *err);  /* Q1, V1 */
int check_sources(struct trial *t, struct bldr_error *err);  /* R1 */
int check_layers(struct trial *t, struct bldr_error *err);   /* R2 */
int check_rows(struct trial *t, struct bldr_error *err);     /* R3, R4 */
int check_splits(struct trial *t, struct bldr_error *err);   /* R4 in parts */
int check_joins(struct trial *t, struct bldr_error *err);    /* R5 */
int check_keys(struct trial *t, struct bldr_error *err);     /* K1, K2, K3, K4 */
int check_foreign(struct trial *t, struct bldr_error *err);  /* K6 */
int check_members(struct trial *t, struct bldr_error *err);  /* K5, O1 */
int check_calendar(struct trial *t, struct bldr_error *err); /* D1 */
int check_nulls(struct trial *t, struct bldr_error *err);    /* N1 */
int check_types(struct trial *t, struct bldr_error *err);    /* T1 */
int check_values(struct trial *t, struct bldr_error *err);   /* X2 */
int check_redesign(struct trial *t, struct bldr_error *err); /* C1 */
int check_reload(struct trial *t, struct bldr_error *err);   /* I1 */
int check_lineage(struct trial *t, struct bldr_error *err);  /* L1 */
