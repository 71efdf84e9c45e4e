/*
 * A vector of tests/golden/functions: a rule, the row it is evaluated over and what must come out.
 * {"name", "rule", "row": {column or "alias.column": text or null}, "keys": {dimension: [key...]},
 * "at": {"file", "line", "record", "day"}, "expect": {"type", "text": text or null, "reason": text or
 * null}}; all but name, rule, type and text may be absent.
 */
#pragma once

#include <bldr/value.h>
#include "expr/expr.h"

/* Scope and row of a vector; both borrow it. */
struct expr_scope vector_scope(struct bldr_value *vector);
struct expr_row vector_row(struct bldr_value *vector);

/* Every function's golden file, parsed; the caller frees it. Aborts the test program on failure. */
struct bldr_value *vector_file(const char *function);
