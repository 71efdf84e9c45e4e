/*
 * Expressions: the rules of the STTM, as closed, total, inspectable trees.
 *
 * JSON form (schemas/expression.schema.json):
 *	{"col": "order_date"}  {"col": "user_id", "of": "raw_orders"}   a source column, always text
 *	{"lit": "x", "type": "text"}                      lit is text or null, read as cast reads it
 *	{"fn": "trim", "args": [e], "chars": " \t"}       the characters are explicit
 *	{"fn": "null_if", "args": [e], "tokens": ["", "NULL"]}        text equal to a token is null
 *	{"fn": "cast", "args": [e], "type": "int64"}      text <-> typed; null with reason if it fails
 *	{"fn": "parse_date", "args": [e], "formats": ["yyyy-MM-dd"]}  first that fits; else null
 *		"pivot": 70 with formats of two-digit years: those below are 20yy, the others 19yy
 *	{"fn": "parse_timestamp", "args": [e], "formats": ["dd/MM/yyyy HH:mm[:ss]"], "type": "timestamp_ntz"}
 *	{"fn": "written_date", "args": [e]}  the date in an ISO date or timestamp, as it is written
 *		"formats": [...] the date in what parse_timestamp reads by them
 *	{"fn": "parse_amount", "args": [e], "decimal": ",", "group": ".", "currencies": ["EUR"], "percent": true,
 *		"parentheses": true, "trailing_minus": true, "type": "decimal(10,2)"}  nothing is rounded
 *	{"fn": "multiply", "args": [number, number], "type": "decimal(12,4)"}  exact, then rounded HALF_UP; subtract too
 *	{"fn": "date_key", "args": [date]}                int64 yyyymmdd
 *	{"fn": "date_part", "args": [date], "part": "year|quarter|month|day|iso_weekday|iso_week|day_of_year"}
 *	{"fn": "surrogate_key", "args": [part...], "table": "dim_customer"}   DESIGN 6's canon, int64
 *	{"fn": "lookup", "dimension": "dim_customer", "key": e, "args": [part...]}
 *		int64: -2 when a part is null, key's value when the dimension has it, else -1
 *		"over": [{"from": [e...], "to": e}] the foreign keys that the parts are read over: -1 as well
 *		when one has all of "from", but no "to", the record that it leads to
 *	{"fn": "coalesce", "args": [e...]}
 *	{"fn": "source_file", "args": []} text   {"fn": "source_line", "args": []} int64
 *	{"fn": "source_record", "args": []} int64: number among the records that begin in that line
 *	{"fn": "calendar_day", "args": []} date: the day a generated calendar row stands for
 *
 * An expression never raises: a value, or null with a reason. Types are checked when it is compiled.
 * At most 64 expressions deep, at most 64 arguments. What each function does with nulls, limits and bad
 * text is told in docs/expressions.md; tests/golden/functions hold examples that run here and on Spark.
 */
#pragma once

#include <bldr/value.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/columntype.h"
#include "base/decimal.h"

/* What stands around a value and is none of it: space, tab, U+00A0, U+2007, U+202F. */
#define EXPR_BLANKS " \t\xC2\xA0\xE2\x80\x87\xE2\x80\xAF"

struct expr_value {
	struct column_type type;
	bool null;
	const char *reason; /* null: why, static or arena text; NULL for a plain missing value */
	const char *text;   /* COLUMN_TEXT; not NUL-terminated */
	size_t size;
	int64_t i;          /* INT64; BOOL 0/1; DATE day number; TIMESTAMP[_NTZ] microseconds */
	struct decimal dec; /* DECIMAL, at type.scale */
	double d;           /* DOUBLE: passes through only */
};

struct expr;

/* What a tree may refer to; "col" is always text. */
struct expr_scope {
	/* True when alias ("" = the table's own source) has the column; *ret_slot is then handed to
	 * expr_row.column. NULL: no columns are allowed. */
	bool (*column)(void *user, const char *alias, const char *column, int *ret_slot);
	/* True when the dimension exists. NULL: no lookups are allowed. */
	bool (*dimension)(void *user, const char *name, int *ret_slot);
	void *user;
};

/* One row to evaluate over. The callbacks must be pure for the row. Text may be any bytes. */
struct expr_row {
	/* The raw text of a column, UTF-8; *ret NULL when the joined row is missing. */
	void (*column)(void *user, int slot, const char **ret, size_t *ret_size);
	bool (*has_key)(void *user, int dimension_slot, int64_t key);
	void *user;
	const char *source_file;
	int64_t source_line, source_record;
	int32_t day; /* calendar_day */
};

/* Checks and compiles into the arena. Errors: INVALID with the JSON pointer inside the tree. */
int expr_compile(const struct bldr_value *tree, const struct expr_scope *scope, struct arena *a,
		 const struct expr **ret, struct bldr_error *err);
struct column_type expr_type(const struct expr *e);
/* Results may point into row data or scratch; reset scratch per row or batch. */
void expr_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
	       struct expr_value *ret);
/* Canonical text as artefacts and surrogate keys show it; null gives false, adding nothing. */
bool expr_value_text(const struct expr_value *v, struct buf *out);

/*
 * PySpark column text (functions as F.*, one line), over DataFrame columns named by `column`; `lookup`
 * names the DataFrame column that holds the joined dimension's surrogate key (bigint, null when not
 * found: the left join on the column that expr_pyspark gives for the tree's "key"). Names are put into
 * F.col() as they come: one with a dot or a backtick must come in backticks. On Spark 4.0 in ANSI mode
 * with session time zone UTC it gives what expr_eval gives, on every row.
 * Errors: INVALID as expr_compile (out is untouched), LIMIT (out's max).
 */
struct expr_pyspark {
	/* alias "" is the table's own source. source_file, source_line, source_record and calendar_day ask for its
	 * columns _source_file (string), _source_line, _source_record (bigint) and calendar_day (date). */
	const char *(*column)(void *user, const char *alias, const char *column);
	const char *(*lookup)(void *user, const char *dimension);
	void *user;
};
int expr_pyspark(const struct bldr_value *tree, const struct expr_pyspark *names, struct buf *out,
		 struct bldr_error *err);
/* One line for people: `key of dim_customer for (user_id as int64); -1 if not there, -2 if null`.
 * Errors as expr_pyspark. */
int expr_prose(const struct bldr_value *tree, struct buf *out, struct bldr_error *err);

/*
 * parse_date's formats: y, M, d letters as Spark reads them (yyyy yy MMMM MMM MM dd M d), literals -/., and blank.
 * The whole text must fit and name a day of the years 0001 to 9999; yy below pivot is of this century. False as well
 * when the format is none.
 */
bool expr_date_parse(const char *format, int pivot, const char *s, size_t size, int32_t *ret_days);
/* parse_timestamp's: with HH H h a mm ss XXX 'T' and : too, [ ] around what may be missing. Microseconds, UTC
 * when there is a zone. */
bool expr_time_parse(const char *format, const char *s, size_t size, int64_t *ret_micros);
