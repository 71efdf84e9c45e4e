/*
 * Ingest: from a folder of files to sources and profile.
 *
 * A file is read as its source_file declares it: docs/artefacts.md ("How a file is read") has the rules of all
 * formats, this header adds the limits. Whatever does not fit is handed out with its line, offset, reason and
 * raw bytes; read = good + set aside.
 */
#pragma once

#include "artefact/overrides.h"

/*
 * ---- reader: streaming, never loses a record ----
 *
 * Text: gzip that is damaged, ends too early or is followed by other bytes than zeros is an error, as is a
 * file that unpacks to more than 256 MiB and more than 200 times its size. A byte order mark before the first
 * record is skipped.
 *
 * csv. A record ends at LF, CRLF or a lone CR outside quotes, or at the end of the text. A line without a
 * single byte is no record: it is skipped. A record is rejected, checked in this order, when
 *	it is too long: after CSV_RECORD_MAX bytes (its line end does not count) it has not ended. It then ends
 *	at the first line end at or behind byte CSV_RECORD_MAX, whatever is quoted there; but
 *	a quote is opened and not closed before the end of the text or within the record's first CSV_RECORD_MAX
 *	bytes: then the record ends with the line in which that quote stands (when that line itself does not
 *	end within CSV_RECORD_MAX bytes of the record: it is too long), and reading goes on with the next line;
 *	a quote stands inside an unquoted field, or text behind a closing quote;
 *	it holds a NUL byte or is not valid UTF-8;
 *	it has another number of fields than there are columns, and is not blank.
 * A blank record is set aside wherever it stands: in a table of several columns one whose fields, quoted or not and
 * no more than there are columns, hold nothing but blanks (`;;;;`, as spreadsheets leave it). In a table of one column
 * it is a row.
 *
 * jsonl, json. Line ends are LF (a CR before it belongs to it); a lone CR is none. Objects and arrays may be
 * JSON_DEPTH_MAX deep, the record's own object counted. A record of more than CSV_RECORD_MAX bytes is rejected;
 * an element of an array that is as long, or that is no JSON, breaks the array: from its first byte on, or from
 * where a comma or the end is missing, the rest of the text is one rejected record. It is empty when the text
 * ends before the array does.
 *
 * A good record whose first field is a total (not_rows) is set aside as well. Letters and digits behind the word
 * are those of ASCII and every other character but the blanks U+00A0, U+2007, U+202F.
 */

enum { CSV_RECORD_MAX = 16 << 20, CSV_COLUMNS_MAX = 10000, JSON_DEPTH_MAX = 64 };

enum record_kind {
	RECORD_GOOD,
	RECORD_UNREADABLE, /* it does not fit */
	RECORD_TOTAL,      /* it fits, but is a total of others and no row */
	RECORD_BLANK,      /* of csv: no field holds anything */
};

struct record_field {
	const char *text; /* decoded, not NUL-terminated, valid until the next record */
	size_t size;
};

struct record {
	int64_t line;    /* first physical line, from 1 */
	int64_t in_line; /* number among the records that begin in that line, from 1 */
	int64_t offset;  /* of its first byte in the text */
	const char *raw; /* the record as it stands in the text, without its line end */
	size_t raw_size; /* of a record that is too long only the first 4 KB are kept */
	const struct record_field *fields;
	size_t n;
	enum record_kind kind;
	const char *rejected; /* NULL: good. Else why: the fields are then what could be read */
	const char *hash;     /* rejected: BLAKE2b-256 of all its raw bytes; NULL when good */
};

struct record_reader;

/*
 * Opens a source file of folder, and no symbolic link in its place. verify: the content's size and hash
 * are compared with the file's when the end is reached. Errors: NOT_FOUND, IO; INVALID (an encoding that nobody
 * knows).
 */
int record_reader_open(const char *folder, const struct source_file *file, bool verify,
		       struct record_reader **ret, struct bldr_error *err);
void record_reader_close(struct record_reader *r);
/* 1: *ret is the next record after the header; 0: end; negative: IO, INVALID or LIMIT (it cannot be unpacked), or
 * CHANGED (`"orders.csv" has changed since it was first read`), found at the end at the latest. */
int record_reader_next(struct record_reader *r, struct record *ret, struct bldr_error *err);
/* What record_reader_each hands a record to: 0: go on; negative: the reading ends with this error. */
typedef int (*record_taker)(void *arg, const struct record *record, struct bldr_error *err);
/* Opens the file with verify and hands out all its records, the rejected ones too. Errors: all of the above, and take's. */
int record_reader_each(const char *folder, const struct source_file *file, record_taker take,
		       void *arg, struct bldr_error *err);

/* ---- the steps ---- */

/* Whether a file with this name is looked at: .csv .tsv .txt .tab .psv .dat .json .jsonl .ndjson, each with .gz too,
 * whatever the case of its letters. */
bool ingest_looks_at(const char *name);
/* Whether somebody may miss what is not read there, by a skipped path: a file that is looked at, a folder, a
 * spreadsheet, an archive and the like; not a picture or a licence. */
bool ingest_missed(const char *path);

/* A look at folder's names before anything is begun. Errors: NOT_FOUND, INVALID (not a folder; no file will be looked
 * at: says what was there), LIMIT, IO (a file that may not be read: names it), as ingest_discover. */
int ingest_check_folder(const char *folder, struct bldr_error *err);

/*
 * Lists the files of folder (not recursive, sorted by bytes) and finds out how each one that may be a source is
 * read: packing, encoding, format, dialect, columns, totals; docs/artefacts.md tells what a source_file says of it.
 * Every file is read whole and hashed. What it is, is found out from samples of its text: the first 256 KiB (of
 * them 2,000 records at most for the dialect) and, for totals, the last 64 KiB; keys of JSON from all of it.
 *
 * What is no source is listed as skipped, with the reason: folders, hidden files, links, other kinds of files,
 * binary files, text that is no table, JSON that is no list of objects, files that cannot be unpacked, have more
 * than CSV_COLUMNS_MAX columns or a header that cannot be read. One bad file does not keep the others from being
 * read. Errors: NOT_FOUND (missing folder), INVALID (not a folder; no file is a source: says what was there), LIMIT
 * (more than INGEST_FILES_MAX names that are looked at, or INGEST_NAMES_MAX bytes of them), IO (unreadable: names the
 * file), CHANGED.
 *
 * What folder/bldr.json says of files is taken as given, the rest found out with it; its content is kept in
 * sources->overrides. A bldr.json that is wrong, names what is not there, or does not fit a file is INVALID or LIMIT.
 */
enum { INGEST_FILES_MAX = 500, INGEST_NAMES_MAX = 60000 };
int ingest_discover(const char *folder, struct arena *a, struct sources *ret,
		    struct bldr_error *err);
/* The same for one file of a folder, whatever else is there and whatever else bldr.json names. Errors: as above; a
 * file that would be skipped is INVALID, with the reason. */
int ingest_discover_file(const char *folder, const char *name, struct arena *a, struct sources *ret,
			 struct bldr_error *err);

enum { PROFILE_TOP_MAX = 10, PROFILE_EXCEPTIONS_MAX = 5 };
/* Of the rejected records the profile counts all and shows the first, each cut. */
enum { PROFILE_REJECTED_SHOWN = 20, PROFILE_RAW_MAX = 256 };
/*
 * Budgets of the pass. Distinct values of a column are kept whole up to PROFILE_COLUMN_BYTES, in tables with many columns
 * up to its share of PROFILE_VALUES_BYTES, at least PROFILE_COLUMN_BYTES_MIN. Beyond that
 *	distinct   is HyperLogLog's estimate, standard error 0.81 % (distinct_estimated), and never as many as rows; but of
 *	           columns whose first values hardly repeat (nine in ten differ, none is null), fingerprints of 64 bits
 *	           are kept up to PROFILE_KEY_BYTES in all (long texts, then last columns, are given up): that count is
 *	           exact when it is the number of rows, else too low by a pair with a chance of rows^2 / 2^65;
 *	top        has the most frequent among the PROFILE_KEPT_VALUES (where the first values hardly repeat,
 *	           PROFILE_KEPT_OF_KEY) that were most frequent when the budget was spent: each count is exact, a value
 *	           that came later cannot be there;
 *	quantiles  are those of a sample of rows: PROFILE_SAMPLE_ROWS at most, half of them at least, in tables of more
 *	           than 16 columns PROFILE_SAMPLE_CELLS / columns. Of n sampled values a quantile's rank is off by less
 *	           than 1.29 / sqrt(n) in 99 of 100 cases: 1.0 % for 16384.
 *	type       depends on whether values differ where a few do not fit (infer.h, is_key): only what is proven counts.
 * All else is exact always: nulls, tokens, minimum, maximum, lengths, exceptions, date formats, counts. Nothing depends
 * on how the file was cut into batches.
 */
#define PROFILE_VALUES_BYTES ((size_t)128 << 20)
#define PROFILE_COLUMN_BYTES ((size_t)8 << 20)
#define PROFILE_COLUMN_BYTES_MIN ((size_t)64 << 10)
#define PROFILE_KEY_BYTES ((size_t)96 << 20)
#define PROFILE_SAMPLE_CELLS ((size_t)1 << 19)
enum { PROFILE_KEPT_VALUES = 4096, PROFILE_KEPT_OF_KEY = 32, PROFILE_SAMPLE_ROWS = 1 << 15 };

/* Other budgets, for tests; 0: as above. batch_rows: rows that are held before they are looked at. */
struct profile_limits {
	size_t column_bytes, kept_values, key_bytes, sample_rows, batch_rows;
};

struct table_sketch; /* ingest/sketch.h */

/*
 * Profiles one table (key candidates of one column included, none chosen). Types and null tokens as ingest/infer.h
 * states; values are judged without the blanks around them. Values longer than 256 bytes are shown cut. However many
 * records are rejected, the table has its profile. said: what bldr.json says of the table, or NULL; types, formats and
 * marks that it gives are taken. Reads the file once, and once more when a column beyond its budget is of another type
 * than its first values. Errors: CHANGED, IO, INVALID (no value of a column is as bldr.json says).
 */
int ingest_profile_table(const char *folder, const struct source_file *file,
			 const struct table_override *said, struct arena *a,
			 struct table_profile *ret, struct bldr_error *err);
/* The same under other budgets (NULL: the usual ones), with the sketch of the columns' values (or NULL). */
int ingest_profile_sketch(const char *folder, const struct source_file *file,
			  const struct table_override *said, const struct profile_limits *limits,
			  struct arena *a, struct table_profile *ret,
			  struct table_sketch *ret_sketch, struct bldr_error *err);

enum { RELATE_RUNNERS_UP = 3 };
/* A column is no foreign key of that other one; why stands in the profile. */
struct refused_reference {
	const char *table, *column, *to, *to_column;
	const char *why;
};
typedef LIST(struct refused_reference) refused_references;
#define RELATE_VALUES_BYTES ((size_t)2 << 30)

/*
 * Joins the tables' profiles into the profile: chooses the keys, finds inclusion dependencies of one column
 * (inclusion.h) and of two (composite.h) by the data, scores them as foreign keys and chooses. tables: by table name.
 * Per referring column, or two, the chosen inclusion and up to RELATE_RUNNERS_UP others stay, with evidence. Keys and
 * foreign keys that sources->overrides names are taken, measured where they are no candidates. refused: foreign keys that
 * were found to be none, alone or as a part of two columns, or NULL; the next best is taken in their place, or none.
 * Errors: CHANGED, IO, LIMIT (more than RELATE_VALUES_BYTES of distinct values to compare), INVALID (bldr.json names
 * a key that no record has, or a reference to values that repeat). sketches: as tables, one without columns for none, or
 * NULL: what they exclude is not read; nothing else depends on them.
 */
int ingest_relate(const char *folder, const struct sources *sources,
		  const struct table_profile *tables, const struct table_sketch *sketches, size_t n,
		  const refused_references *refused, struct arena *a, struct profile *ret,
		  struct bldr_error *err);

/* Compares every source file's hash with the folder. Errors: CHANGED (names the file), NOT_FOUND. */
int ingest_verify(const char *folder, const struct sources *sources, struct bldr_error *err);
