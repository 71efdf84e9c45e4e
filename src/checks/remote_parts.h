/*
 * The parts of remote.h: what is known of each table of the star in a workspace, and of the same table here, and what is
 * made of it.
 */
#pragma once

#include "checks/layers.h"
#include "checks/remote.h"
#include "checks/remote_hash.h"
#include "store/store.h"

struct remote_column {
	const struct design_column *design;
	struct column_type type; /* as contracted */
	const char *stored;      /* its name in a warehouse.db */
	const char *declared;    /* the type that the workspace declares; NULL: it is not there */
	bool same;               /* declared is the contracted one */
	bool here;               /* the warehouse here has it */
};

struct remote_table {
	const struct design_table *design;
	const struct contract_table *contract;
	bool described;  /* the workspace said what columns it has, or that there is none */
	bool missing;    /* there is none */
	const char *why; /* of missing: what the workspace said */
	struct remote_column *columns; /* as in the design */
	int64_t surrogate;             /* column, or -1 */
	size_t n_keys;
	size_t *keys; /* columns that name a row: the surrogate key, or the grain */
	bool here;    /* the warehouse here has it */
	int64_t rows_here;
};

struct bucket_comparison;

struct remote_star {
	const struct remote_input *in;
	const remote_results *results;
	struct arena *arena;
	struct store *here;          /* the warehouse here */
	struct remote_table *tables; /* as in the design; n of them */
	size_t n;
	LIST(const struct source_file *) sources; /* that the load here read */
	/* Per table, once it was needed (each is a pass over its rows here); .differs NULL: not yet. */
	struct bucket_comparison *compared;
};

/* ret must be released whatever is returned. */
int remote_input_open(const struct remote_input *in, const remote_results *results, struct arena *a,
		      struct remote_star *ret, struct bldr_error *err);
void remote_release(struct remote_star *r);

const struct remote_table *remote_table_find(const struct remote_star *r, const char *table);
/* The column's index, or -1. */
int64_t remote_column_find(const struct remote_table *t, const char *column);
/* NULL: not asked yet. */
const struct remote_result *remote_result_find(const struct remote_star *r, const char *id);
/* "rows dim_customer" */
const char *remote_id(const struct remote_star *r, const char *what, const char *name);
/* The cell of a named column, NULL: null, or there is no such row or column. */
const char *remote_cell(const struct remote_result *result, size_t row, const char *column);
/* The column's place in each row, or -1. */
int64_t remote_place(const struct remote_result *result, const char *column);
/* Whether both sides have the column and compare it. */
bool remote_is_compared(const struct remote_column *c);
/* A cell of a row here, as canonical text: in scratch, or borrowed until the next step. */
const char *remote_cell_here(sqlite3_stmt *stmt, int i, const struct remote_column *c,
			     struct arena *scratch);
/* SELECT over the compared columns of a table of a database, in the design's order. sqlite3_free() it. */
char *remote_select_here(const struct remote_table *t);

/* ---- SQL for the workspace; everything in the arena ---- */

/* `catalog`.`schema`.`table`; layer: "bronze_", "silver_", "quarantine_", or "" for gold. */
const char *sql_table(const struct remote_star *r, const char *layer, const char *table);
const char *sql_name(struct arena *a, const char *name);
const char *sql_describe(const struct remote_star *r, const char *layer, const char *table);
/* Every compared column as canonical text; buckets > 0: only rows whose bucket is in :buckets. */
const char *sql_rows(const struct remote_star *r, const struct remote_table *t, int64_t buckets);
/* Per bucket its number, rows, sum and xor of hashes, as texts. */
const char *sql_buckets(const struct remote_star *r, const struct remote_table *t, int64_t buckets);
/* Bronze keeps every image of the file: sql_layers takes :source_hash, that of the file here. */
bool remote_has_images(const struct remote_star *r, const char *source);
/* One row: records in bronze's latest image of the file here, and in silver. */
const char *sql_layers(const struct remote_star *r, const char *source);
/* Every record that silver, or gold for a table of the source, refused: file, line, record, layer (silver or gold),
 * kind, reason. */
const char *sql_quarantine(const struct remote_star *r, const struct source_file *source);

/* ---- rows or buckets ---- */

/* How many buckets a table is compared by; 0: its rows cross as a whole; -1: they are too many or too large, and nothing
 * names a row. */
int64_t remote_buckets(const struct remote_star *r, const struct remote_table *t);

/* How rows here are hashed: the compared columns, and which of them name a row. */
struct remote_hashing {
	size_t n;
	const struct remote_column **columns;
	struct column_type *types; /* declared otherwise than contracted: text */
	size_t n_keys;
	size_t *keys; /* among the columns */
};

/* The arena's. */
void remote_hashing_of(const struct remote_star *r, const struct remote_table *t,
		       struct remote_hashing *ret);
/* The bucket of a row that remote_select_here gives. */
int64_t remote_bucket_here(const struct remote_hashing *h, sqlite3_stmt *stmt, int64_t buckets);

struct bucket_comparison {
	int64_t buckets;
	bool *differs; /* per bucket */
	bool *asked;   /* of those: its rows cross; the rest is beyond the budget */
	size_t n_differ, n_asked;
	const char *list; /* of the asked, "3,17" */
};

/* Needs the answer to sql_buckets. *ret is the arena's. Errors: those of the warehouse here. */
int remote_compare_buckets(const struct remote_star *r, const struct remote_table *t,
			   const struct bucket_comparison **ret, struct bldr_error *err);

/* ---- what the workspace counts ---- */

/* The statements of a table's counts and sums, joins and splits that are not answered yet. */
void remote_plan_totals(const struct remote_star *r, const struct remote_table *t,
			remote_statements *ret);
/* Fails what passed over the image and the workspace counts otherwise. */
void remote_judge_totals(const struct remote_star *r, struct findings *f);
/* Rows that the workspace counts, reserved ones included; -1: it did not say. */
int64_t remote_count(const struct remote_star *r, const struct remote_table *t);

/* ---- image and cells ---- */

int remote_write_image(const struct remote_star *r, struct bldr_error *err);
/* W1 per table: adds a finding. */
int remote_judge_cells(const struct remote_star *r, struct findings *f, struct bldr_error *err);
