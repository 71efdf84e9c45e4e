/*
 * What a function of the language is: one row that says how it is written, checked, evaluated, turned
 * into PySpark and into prose. The rows stand beside their code, in one file per topic; function.c
 * lists them. "col" and "lit" are rows too, although they are written without "fn".
 */
#pragma once

#include "base/pointer.h"
#include "expr/expr.h"

enum { EXPR_DEPTH_MAX = 64, EXPR_ARGS_MAX = 64 };
/* What calendar.h can tell: 0001-01-01 and 9999-12-31. */
enum { DAY_FIRST = -719162, DAY_LAST = 2932896 };
#define DAY_MICROS INT64_C(86400000000)

struct expr_hop {                 /* lookup: a foreign key that the parts are read over */
	const struct expr **from; /* its columns */
	size_t n_from;
	const struct expr *to; /* of the record that it leads to; null when there is none */
};

/* A checked node. Which of the parameters are set is the function's business. */
struct expr {
	const struct function *fn;
	struct column_type type;
	const struct expr **args;
	size_t n_args;
	const char *name;                 /* column, table or dimension */
	const char *alias;                /* col: "" for the table's own source */
	int slot;                         /* col, lookup */
	int part;                         /* date_part */
	int pivot;                        /* parse_date; 0: none */
	const struct amount_form *amount; /* parse_amount */
	const char **texts; /* trim: the characters; null_if: tokens; parse_*: formats */
	size_t n_texts;
	const struct expr *key;      /* lookup */
	const struct expr_hop *over; /* lookup */
	size_t n_over;
	struct expr_value value; /* lit */
};

struct compiler {
	const struct expr_scope *scope;
	struct arena *arena;
	struct bldr_error *err;
	unsigned depth;
};

struct pyspark {
	const struct expr_pyspark *names;
	struct buf *out;
};

/* How a function's prose joins with what surrounds it. */
enum prose_shape {
	PROSE_PLAIN, /* "user_id" */
	PROSE_CHAIN, /* "user_id, trimmed of blanks": more may follow */
	PROSE_PREFIX /* "year of order_date": needs parentheses inside others */
};

struct function {
	const char *name;
	bool bare; /* col, lit: the object has no fn and no args */
	size_t args_min, args_max;
	const char *members[8]; /* that the object may have besides fn and args; NULL ends */
	enum prose_shape shape;
	/* Reads the members into e, whose args are compiled, checks types and sets e->type. */
	int (*check)(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		     struct expr *e);
	void (*eval)(const struct expr *e, const struct expr_row *row, struct arena *scratch,
		     struct expr_value *ret);
	void (*pyspark)(const struct expr *e, struct pyspark *w);
	void (*prose)(const struct expr *e, struct buf *out);
};

extern const struct function function_col, function_lit, function_source_file, function_source_line,
	function_source_record, function_calendar_day;
extern const struct function function_trim, function_null_if, function_coalesce;
extern const struct function function_cast;
extern const struct function function_parse_date, function_date_key, function_date_part;
extern const struct function function_parse_timestamp, function_written_date;
extern const struct function function_parse_amount;
extern const struct function function_multiply, function_subtract;
extern const struct function function_surrogate_key, function_lookup;

/* Every function, in the order of the documents; NULL ends. */
extern const struct function *const functions[];
const struct function *function_find(const char *name);
/* The nearest name that "fn" may have, or NULL. */
const char *function_nearest(const char *name);

/* Takes any column and dimension: for back ends that only write. */
extern const struct expr_scope scope_any;

/* ---- for check ---- */

int compile_node(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		 const struct expr **ret);
/* The expressions of a list, into the arena. */
int compile_list(struct compiler *c, const struct pointer *at, const struct bldr_value *list,
		 const struct expr ***ret);
/* The error that the object lacks a member, found NULL, or that it is not what is wanted. */
int compile_missing(struct compiler *c, const struct pointer *at, const char *member,
		    const char *wanted, const struct bldr_value *found);
/* A text member that is not empty, copied into the arena. */
int compile_text(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		 const char *member, const char **ret);
/* A list of texts with at least one item: into e->texts. */
int compile_texts(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		  const char *member, struct expr *e);
/* formats, each checked by fault, which gives NULL or why it is none: into e->texts. */
int compile_formats(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		    const char *(*fault)(const char *format), struct expr *e);
int compile_type(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		 struct column_type *ret);
/* The i-th argument is of that kind. */
int compile_arg(struct compiler *c, const struct pointer *at, const struct expr *e, size_t i,
		enum column_kind kind);
/* Parts of a key: any types but double, whose text differs between machines. */
int compile_parts(struct compiler *c, const struct pointer *at, const struct expr *e);

/* ---- values ---- */

void value_null(struct expr_value *ret, struct column_type type, const char *reason);
/* ret is v's null: of another type, for the same reason. */
void value_null_of(struct expr_value *ret, struct column_type type, const struct expr_value *v);
void value_int(struct expr_value *ret, int64_t i);
void value_text(struct expr_value *ret, const char *text, size_t size);
/* As cast reads text; a failure is a null with its reason. Scratch holds what text alone cannot. */
void value_read(struct expr_value *ret, struct column_type type, const char *text, size_t size,
		struct arena *scratch);
/* Canonical text of a value that is neither null nor text; 0 when it is outside the calendar. */
enum { VALUE_CHARS_MAX = 64 };
size_t value_chars(const struct expr_value *v, char ret[VALUE_CHARS_MAX]);

/* yyyy-MM-dd[T ]HH:mm:ss[.f...], then Z or an offset when zoned. Gives NULL, or why not. */
const char *timestamp_read(const char *s, size_t size, bool zoned, int64_t *ret_micros);
size_t timestamp_chars(int64_t micros, bool zoned, char ret[VALUE_CHARS_MAX]);

/* yyyy-MM-dd, alone or in front of such a timestamp: its day. */
bool written_date_read(const char *s, size_t size, int32_t *ret_day);

/* ---- date formats ---- */

/* NULL, or why parse_date does not take the format; parse_timestamp, for instants or wall-clock times. */
const char *date_format_fault(const char *format);
const char *time_format_fault(const char *format, bool zoned);
/* The format has two-digit years. */
bool format_has_pivot(const char *format);
/* The regular expression of texts that have the format's digits, names and literals; with two-digit years
 * above: those from the pivot on, else those below. */
void date_format_pattern(const char *format, int pivot, bool above, struct buf *out);

/* ---- PySpark ---- */

void pyspark_write(const struct expr *e, struct pyspark *w);
/* The column as canonical text. */
void pyspark_write_text(const struct expr *e, struct pyspark *w);
/* A Python string literal; r"..." for a pattern, which must hold neither quotes nor controls. */
void pyspark_string(struct buf *out, const char *text);
void pyspark_pattern(struct buf *out, const char *pattern);
/* The DDL name of a type: "bigint". */
void pyspark_type(struct buf *out, struct column_type type);

/* ---- prose ---- */

void prose_write(const struct expr *e, struct buf *out);
/* In parentheses unless it is plain. */
void prose_operand(const struct expr *e, struct buf *out);
/* What a chain goes on from: in parentheses when it is a prefix. */
void prose_start(const struct expr *e, struct buf *out);
void prose_operands(const struct expr *e, struct buf *out);
/* Raw: a name, controls escaped. Quoted: a text in double quotes. */
void prose_name(struct buf *out, const char *name);
void prose_quoted(struct buf *out, const char *text);
