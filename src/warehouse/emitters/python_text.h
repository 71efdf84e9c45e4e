/*
 * Python source text as black leaves it at 88 columns: string literals, lists of them, and expressions laid
 * out over as many lines as they need.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <bldr/error.h>
#include "base/buf.h"

enum { PYTHON_LINE_MAX = 88, PYTHON_INDENT = 4 };

/* A string literal in the quotes that need fewer escapes, double ones if equal. */
void python_string(struct buf *out, const char *text);

/*
 * A statement `<before>[item, ...]` with a line end, where before is such as "HEADER = " and each item becomes a
 * string literal.
 */
void python_strings(struct buf *out, const char *before, const char *const *items, size_t n);

/* A statement `<before>"text"` with a line end, where before is such as "FILE = ". */
void python_assign(struct buf *out, const char *before, const char *text);

/*
 * A statement that is one call or a chain of two, with a line end: before is indentation and what comes
 * first, such as "TABLE = ". expression as for python_item. Errors: INVALID.
 */
int python_call(struct buf *out, const char *before, const char *expression, struct bldr_error *err);

/*
 * One item of a bracketed list, `<indent><before><expression>,` with a line end. before is empty or the key
 * of a dict item with its colon and blank; then an expression that needs more lines stands in parentheses.
 *
 * expression is one line of what expr_pyspark() writes: names, numbers, strings, attributes, calls with
 * keyword arguments, lists, parentheses, unary ~ and -, and | & == + * between them. Errors: INVALID (not
 * that).
 */
int python_item(struct buf *out, size_t indent, const char *before, const char *expression,
		struct bldr_error *err);

/* Text for a comment or a Markdown cell: one line, without characters that cannot be seen. */
void python_plain(struct buf *out, const char *text);
