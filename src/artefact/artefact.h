/*
 * The artefacts: what agents hand to each other, as C structs and as canonical JSON files.
 *
 *	sources -> profile -> design -> contract -> sttm -> pipeline -> deployment -> findings
 *	        -> evaluation
 *
 * Each struct here has a JSON Schema in schemas/<name>.schema.json and its fields are told in
 * docs/artefacts.md. Files are validated whenever they are read or written. They are
 * deterministic: sorted keys, lists in the stated order, no floating-point numbers (decimals are
 * text), no clock, UUID, host or absolute path. A file's BLAKE2b-256 hash is its identity; head.inputs
 * names the artefacts it was derived from, so a changed input invalidates what came of it.
 * Strings and lists live in the arena the artefact was read into or built in.
 */
#pragma once

#include <bldr/value.h>
#include "base/arena.h"
#include "base/hash.h"
#include "base/shape.h"

typedef LIST(const char *) texts; /* the one typedef: a list of strings, used as a member type */

/* As a list of texts; the caller owns it. */
struct bldr_value *texts_value(const texts *list);
/* "a, b, c". */
const char *texts_joined(struct arena *a, const texts *list);

struct artefact_input {
	const char *artefact; /* "profile" */
	const char *hash;
};

struct artefact_head {
	int64_t version; /* 1, 2 ... within the run */
	LIST(struct artefact_input) inputs;
};

/* ---- sources: every file of the source folder, as declared to all later readers ---- */

/* csv: delimited text; jsonl: one JSON object per line; json: one JSON array of objects */
enum source_format { FORMAT_CSV, FORMAT_JSONL, FORMAT_JSON };
enum source_compression { COMPRESSION_NONE, COMPRESSION_GZIP };
/* How a quote stands inside quotes: "" or \" */
enum source_escape { ESCAPE_DOUBLED, ESCAPE_BACKSLASH };

struct source_file {
	const char *path;  /* relative to the source folder; files are sorted by it */
	const char *table; /* unique identifier made of the path: lower case snake_case */
	int64_t bytes;
	const char *hash; /* BLAKE2b-256 of the file as it lies there; every later reader verifies it */
	int format;       /* enum source_format */
	int compression; /* enum source_compression */
	int64_t unpacked; /* bytes, as discovery counted them; in no artefact, so 0 when read from one */
	const char *encoding;  /* of the unpacked text: "utf-8", "utf-16le", "windows-1252" ... */
	bool bom;              /* a byte order mark precedes the text */
	const char *delimiter; /* "," ";" ... one byte; "" unless csv */
	const char *quote;     /* "\"", or "": nothing is quoted */
	int escape;            /* enum source_escape */
	int64_t preamble_lines; /* physical lines above the header or first record that are no records */
	bool header;            /* the first record names the columns */
	/* Words that mark totals: a record whose first field begins with one of them is no row. */
	texts not_rows;
	texts columns; /* in order; see docs/artefacts.md for how each format names them */
	texts own_names; /* csv: what the file itself calls them, where a person has named them otherwise */
	texts notes; /* what a reader should know: "no header", "windows-1252 by its letters" */
};

struct source_skipped {
	const char *path;
	const char *reason;
};

struct sources {
	struct artefact_head head;
	LIST(struct source_file) files;
	LIST(struct source_skipped) skipped;
	const struct bldr_value
		*overrides; /* bldr.json as it was read (overrides.h); NULL: there was none */
};

/* ---- profile: what the files contain ---- */

struct token_count {
	const char *token; /* a null token as written: "", "NULL", "N/A" ... or a value */
	int64_t count;
};

struct date_format {
	const char *format; /* Spark's letters: yyyy-MM-dd */
	int64_t matches;    /* non-null values that it parses to a valid date */
};

struct profile_exception {
	int64_t line; /* first physical line of the record, from 1 */
	const char *text;
};

/* How a column writes its numbers. Every part is optional in each value but decimal_mark's place. */
struct number_format {
	const char *decimal_mark; /* "." or "," */
	const char *group_mark;   /* between groups of three digits: "," "." " " "'", or "": none */
	texts currencies; /* as written: "$" "€" "EUR"; in front or behind, a blank between or not */
	bool percent;     /* a % behind; the value is percent points: 19 % is 19 */
	bool parentheses;     /* (5.00) is -5.00 */
	bool trailing_minus;  /* 5.00- is -5.00 */
	const char *evidence; /* why this reading and not another */
};

struct quantile {
	const char *at;    /* "0.25" */
	const char *value; /* canonical text of type */
};

struct column_profile {
	const char *name;
	int64_t ordinal;  /* from 0 */
	const char *type; /* columntype.h's spelling; what all non-null values conform to */
	int64_t nulls;    /* rows whose value is one of null_tokens */
	LIST(struct token_count) null_tokens; /* by token */
	int64_t distinct;                     /* exact, of the non-null values as written */
	const char *min, *max; /* in the order of type, canonical text; NULL when all are null */
	int64_t min_length, max_length; /* characters of the non-null values as written */
	LIST(struct token_count) top;   /* at most 10 most frequent values, by count then value */
	LIST(struct date_format) date_formats; /* most matches first; the first is the choice */
	/* the first values that kept the column from a narrower type, or that are none of its type, at most 5 */
	LIST(struct profile_exception) exceptions;
	int64_t nonconforming; /* rows with a value that is none of type: it becomes null, counted */
	int64_t padded;        /* rows with blanks around the value */
	int64_t leading_zeros; /* rows with a value of digits that begins with 0 and is not 0 */
	struct number_format *number;    /* how numbers are written; NULL: plain, as 1234.50 */
	bool distinct_estimated;         /* distinct is an estimate */
	LIST(struct quantile) quantiles; /* of the non-null values in the order of type */
};

struct key_candidate {
	texts columns;
	const char *score; /* decimal text 0.00..1.00 */
	texts evidence;
	bool chosen;
	int64_t duplicates; /* records beyond the first of their key; such a key needs a dedup rule */
};

struct profile_rejected {
	int64_t line;   /* first physical line */
	int64_t offset; /* byte offset of the record */
	const char *reason;
	const char *raw;  /* at most 256 bytes, invalid UTF-8 replaced */
	const char *hash; /* of all its raw bytes */
};

struct table_profile {
	const char *table;
	const char *path;
	int64_t rows;                           /* good records */
	int64_t rejected_rows;                  /* the rest: read = rows + rejected_rows */
	LIST(struct profile_rejected) rejected; /* at most the first 20 of them */
	LIST(struct column_profile) columns;
	LIST(struct key_candidate) keys; /* best first; at most one chosen */
};

/* An inclusion dependency: the values of from are contained in to. */
struct inclusion {
	const char *from_table;
	texts from_columns;
	const char *to_table;
	texts to_columns;
	int64_t distinct;    /* distinct non-null values of from */
	int64_t contained;   /* of these, found in to */
	int64_t orphan_rows; /* rows of from with a value that to lacks */
	const char *score;   /* decimal text 0.00..1.00: how likely this is a foreign key */
	texts evidence;
	bool chosen; /* taken as a foreign key */
};

struct profile {
	struct artefact_head head;
	LIST(struct table_profile) tables; /* by table */
	LIST(struct inclusion) inclusions; /* by from_table, from_columns, then score descending */
	int64_t skipped_pairs; /* pairs of columns that were not compared with a key of two: more than the budget */
};

/* ---- design: the star ---- */

enum table_kind { TABLE_DIMENSION, TABLE_DATE, TABLE_FACT, TABLE_BRIDGE };
enum column_role {
	ROLE_SURROGATE_KEY,
	ROLE_BUSINESS_KEY,
	ROLE_ATTRIBUTE,
	ROLE_DIMENSION_KEY, /* column.dimension names the dimension it refers to */
	ROLE_DEGENERATE,    /* a dimension value kept in the fact */
	ROLE_MEASURE,
	ROLE_LINEAGE /* _source_file, _source_line */
};
enum origin_kind { ORIGIN_COLUMN, ORIGIN_PATH, ORIGIN_GENERATED, ORIGIN_CONSTANT, ORIGIN_PRODUCT };
enum additivity { ADDITIVE_NONE, ADDITIVE_FULL, ADDITIVE_SEMI }; /* none semi full */

/* One step along a foreign key: table.columns -> to_table.to_columns (unique there). */
struct hop {
	const char *table;
	texts columns;
	const char *to_table;
	texts to_columns;
};

/*
 * Where a target column's values come from, from the table's own source row.
 * column: source table's own column. path: hops from the source table, then a column of the
 * last hop's to_table. generated: generator is surrogate_key | calendar | source_file | source_line |
 * source_record.
 * constant: value. product: the source table's own columns `factors` multiplied, times one less the column `less`.
 */
struct origin {
	int kind;          /* enum origin_kind */
	const char *table; /* column, path, product: the table that holds the column, or the factors */
	const char *column;
	LIST(struct hop) hops; /* path */
	const char *generator;
	const char *value;
	texts factors;    /* product: two columns or more */
	const char *less; /* product: a column of shares, or NULL */
};

struct alternative {
	const char *choice;
	const char *reason; /* why it was rejected */
};

struct design_column {
	const char *name;
	int role; /* enum column_role */
	const char *type;
	bool nullable;
	/* One origin, but one per business key column for a dimension key of a composite dimension.
	 * A dimension key's origins give the business key's values; its own value is the
	 * surrogate key of the dimension row that has them, or a reserved one. */
	LIST(struct origin) origins;
	const char *dimension; /* ROLE_DIMENSION_KEY */
	int additivity;        /* enum additivity, measures */
};

/*
 * Several source records with one grain key. none: the key is unique. last: the last one counts, by
 * version_column, then by the file's order; the others are set aside as duplicates and counted.
 */
enum dedup { DEDUP_NONE, DEDUP_LAST };

struct design_table {
	const char *name;                   /* dim_*, fact_*, bridge_* */
	int kind;                           /* enum table_kind */
	const char *source;                 /* source table; NULL for a generated date dimension */
	const char *grain;                  /* a sentence: one row per ... */
	texts grain_columns;                /* target columns that are unique together */
	LIST(struct design_column) columns; /* in order of the table's columns */
	const char *scd;                    /* dimensions: "type 1" ...; NULL otherwise */
	int dedup;                          /* enum dedup */
	/* DEDUP_LAST: source column that says which record is the later one (ties and NULL: the file's order) */
	const char *version_column;
	const char *reason;
	LIST(struct alternative) alternatives;
};

struct source_role {
	const char *table;
	const char *role; /* fact | dimension | bridge | unused */
	texts key;
	const char *reason;
	LIST(struct alternative) alternatives;
};

struct design {
	struct artefact_head head;
	LIST(struct source_role) sources; /* by table */
	LIST(struct design_table) tables; /* load order: dimensions, then facts */
};

/* ---- contract: what the Tester expects, from the raw files and the design alone ---- */

struct contract_source {
	const char *table, *path, *hash;
	int64_t rows;     /* well-formed records */
	int64_t rejected; /* others */
	int64_t left_out; /* well-formed, but no row of some target: no key, or a key met before */
	int64_t duplicates; /* of left_out: another record of the same key counts (enum dedup) */
};

struct contract_reference {
	const char *column, *dimension;
	int64_t resolved; /* rows whose business key exists in the dimension's source */
	int64_t orphans;  /* rows whose key leads nowhere: they get -1 */
	int64_t nulls;    /* rows without a key: they get -2 */
	int64_t missed;   /* of orphans: a key on the way leads nowhere */
};

/* Part of a measure's total. */
struct contract_slice {
	const char *key; /* "2018-01", or a member's business key, its parts joined by '|' */
	int64_t rows;
	const char *sum; /* decimal text; NULL when no row has a value */
};

struct contract_split {
	const char *column;                 /* the dimension key that it is split by */
	LIST(struct contract_slice) slices; /* by key */
};

struct contract_measure {
	const char *column;
	int64_t count, nulls;
	const char *sum, *min, *max; /* decimal text; NULL when count is 0 */
	const char *left_out; /* sum over the records that were left out; NULL when there is none */
	LIST(struct contract_split) by_month;  /* per date key: every month */
	LIST(struct contract_split) by_member; /* per other key: the 10 members of most rows */
};

struct contract_attribute {
	const char *column;
	int64_t distinct, nulls;
	/* BLAKE2b-256 over the sorted (bytes) distinct non-null values, each followed by '\n', as the
	 * warehouse shows them: integers plain, decimals at their scale, dates ISO, bools true/false */
	const char *digest;
};

struct contract_date {
	const char *column; /* the dimension key or attribute that a source date column feeds */
	const char *table, *source_column;
	const char *format; /* the Tester's own decision */
	const char *reason;
	int64_t count, nulls;
	const char *min, *max;             /* ISO */
	LIST(struct token_count) by_month; /* "2018-01": rows */
};

struct contract_table {
	const char *table;
	int kind;
	int64_t rows;     /* without reserved members */
	int64_t left_out; /* well-formed records of the source that are no rows */
	texts grain_columns;
	int64_t grain_distinct;
	LIST(struct contract_reference) references;
	LIST(struct contract_measure) measures;
	LIST(struct contract_attribute) attributes; /* business keys, attributes, degenerates */
	LIST(struct contract_date) dates;
};

struct contract {
	struct artefact_head head;
	LIST(struct contract_source) sources;
	LIST(struct contract_table) tables; /* in the design's order */
};

/* ---- sttm: source-to-target mapping ---- */

struct column_ref {
	const char *table, *column;
};

struct sttm_join {         /* a left join; to_columns are unique in table, so it never fans out */
	const char *alias; /* how rules name it */
	const char *table;
	const char *from; /* alias of the side that holds from_columns; the source table's own name */
	texts from_columns;
	texts to_columns;
};

struct sttm_column {
	const char *target;
	const char *type;
	int role;
	bool nullable;
	LIST(struct column_ref) sources;
	const struct bldr_value *rule; /* schemas/expression.schema.json */
	const char *prose;
	const char *dimension; /* ROLE_DIMENSION_KEY */
};

struct sttm_member { /* a reserved dimension row */
	int64_t key;
	const char *label;
};

struct sttm_table {
	const char *name;
	int kind;
	const char *source;               /* NULL: generated by calendar */
	LIST(struct column_ref) calendar; /* TABLE_DATE: whole years over these columns' dates */
	LIST(struct sttm_join) joins;
	texts grain_columns;
	int dedup;                             /* enum dedup, over the rows' grain_columns */
	const char *version_column;            /* DEDUP_LAST: of the source table, or NULL */
	const struct bldr_value *version_rule; /* version_column's typed value, or NULL */
	LIST(struct sttm_member) reserved;     /* dimensions */
	LIST(struct sttm_column) columns;
};

struct sttm {
	struct artefact_head head;
	LIST(struct sttm_table) tables; /* load order */
};

/* ---- pipeline and deployment ---- */

struct pipeline_file {
	const char *path;  /* relative to the run's folder */
	const char *kind;  /* notebook | job */
	const char *layer; /* bronze | silver | gold; NULL for the job */
	const char *hash;
	int64_t bytes;
};

struct pipeline_refused {
	const char *path;   /* of a source file */
	const char *reason; /* and what to do about it */
};

struct pipeline {
	struct artefact_head head;
	LIST(struct pipeline_file) files; /* by path */
	LIST(struct pipeline_refused)
	refused; /* sources that the notebooks will refuse to read; by path */
};

struct deployment_table {
	const char *name;
	int64_t rows; /* without reserved members */
	int64_t reserved;
	int64_t quarantined;
	const char *digest; /* BLAKE2b-256 over all rows in key order */
};

struct deployment_source {
	const char *table, *path;
	int64_t read, loaded, rejected; /* read = loaded + rejected + duplicates */
	int64_t duplicates;             /* set aside for another record of the same key */
};

struct deployment {
	struct artefact_head head;
	const char *target;    /* embedded */
	const char *warehouse; /* relative to the run's folder */
	LIST(struct deployment_source) sources;
	LIST(struct deployment_table) tables;
};

/* ---- findings and evaluation ---- */

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO };

struct finding {
	const char *check;   /* R1, K3 ... */
	const char *subject; /* fact_order.order_date_key */
	bool passed;
	int severity; /* of a failure */
	const char *expected, *found;
	const char *provenance; /* where the expectation came from */
	const char *proves;     /* what passing it shows, and what it does not */
	texts samples;          /* at most 5 rows, with file and line where known */
	const char *blame;      /* failed: analyst | developer | data | infrastructure; else NULL */
	const char *why;
	/* machine-readable advice to whoever is to blame, or NULL:
	 * {"repair": "date_order", "table": raw table, "column": raw column}; others: schemas/findings.schema.json */
	const struct bldr_value *advice;
};

struct findings {
	struct artefact_head head;
	const char *verdict;         /* validated: no failed check of severity error | findings */
	LIST(struct finding) checks; /* by check, subject */
};

struct rubric {
	const char *name;
	int64_t weight;
	const char *score; /* decimal text 0.00..1.00 */
	const char *reason;
};

struct evaluation {
	struct artefact_head head;
	const char *verdict;
	const char *score; /* weighted mean of the rubrics, decimal text */
	int64_t rounds;    /* mapping rounds: 1 = right at first */
	LIST(struct rubric) rubrics;
};

/* ---- reading and writing ---- */

/* The tables of shape.h, one per artefact. artefact_shape("design") -> NULL when unknown. */
extern const struct shape sources_shape, profile_shape, design_shape, contract_shape, sttm_shape,
	pipeline_shape, deployment_shape, findings_shape, evaluation_shape, table_profile_shape;
const struct shape *artefact_shape(const char *name);

/* A reference as channels and work results carry it: {"path", "hash", "bytes"}. */
struct artefact_ref {
	const char *path; /* relative to the run's folder */
	const char *hash;
	int64_t bytes;
};
struct bldr_value *artefact_ref_value(const struct artefact_ref *ref);
int artefact_ref_parse(const struct bldr_value *v, struct arena *a, struct artefact_ref *ret,
		       struct bldr_error *err);

/*
 * Validates data against schemas/<name>.schema.json and writes it as artefacts/<name>.v<version>.json
 * below folder, or as `path` (relative) when given: canonical, indented, crash-safe. What has no
 * head (table_profile) needs a path. *ret lives in a. A mandatory string that is NULL aborts.
 * Errors: INVALID (a bug of the producer, told with the JSON pointer), LIMIT (too large or too deep
 * to be read again), IO.
 */
int artefact_write(const char *folder, const char *name, const char *path, const void *data,
		   struct arena *a, struct artefact_ref *ret, struct bldr_error *err);
/*
 * Reads what ref names, verifies its hash, validates it, decodes it into *ret (the struct of that
 * name). All of it, values included, lives in a. Errors: CHANGED (hash differs), INVALID, LIMIT, IO (also:
 * the file is gone).
 */
int artefact_read(const char *folder, const char *name, const struct artefact_ref *ref,
		  struct arena *a, void *ret, struct bldr_error *err);
/*
 * Hands v to the arena, which drops it when it is released, and returns it: for fields such as
 * sttm_column.rule of a struct that is built in memory.
 */
const struct bldr_value *artefact_keep(struct arena *a, struct bldr_value *v);
/* Appends {artefact, hash} to head->inputs. */
void artefact_derive(struct arena *a, struct artefact_head *head, const char *artefact,
		     const struct artefact_ref *from);
