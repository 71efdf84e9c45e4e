/*
 * From a tree to one line for people: "user_id, trimmed of blanks, null if empty, as int64". It reads
 * in the order in which things happen; parentheses stand where an operand is more than a name.
 */
#include <string.h>

#include "expr/function.h"

void prose_write(const struct expr *e, struct buf *out)
{
	if (!buf_failed(out)) {
		e->fn->prose(e, out);
	}
}

static void in_parentheses(const struct expr *e, struct buf *out)
{
	buf_putc(out, '(');
	prose_write(e, out);
	buf_putc(out, ')');
}

void prose_operand(const struct expr *e, struct buf *out)
{
	if (e->fn->shape == PROSE_PLAIN) {
		prose_write(e, out);
	} else {
		in_parentheses(e, out);
	}
}

void prose_start(const struct expr *e, struct buf *out)
{
	if (e->fn->shape == PROSE_PREFIX) {
		in_parentheses(e, out);
	} else {
		prose_write(e, out);
	}
}

void prose_operands(const struct expr *e, struct buf *out)
{
	for (size_t i = 0; i < e->n_args; i++) {
		buf_puts(out, i == 0 ? "" : " and ");
		prose_operand(e->args[i], out);
	}
}

void prose_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;
		if (c < 0x20 || c == 0x7F) {
			buf_printf(out, "\\x%02x", c);
		} else {
			buf_putc(out, *name);
		}
	}
}

void prose_quoted(struct buf *out, const char *text)
{
	pyspark_string(out, text);
}

int expr_prose(const struct bldr_value *tree, struct buf *out, struct bldr_error *err)
{
	struct arena arena = { 0 };
	const struct expr *e;
	int rc = expr_compile(tree, &scope_any, &arena, &e, err);
	if (rc == 0) {
		prose_write(e, out);
		if (buf_failed(out)) {
			rc = bldr_error_set(err, BLDR_E_LIMIT,
					    "the rule's prose is longer than %zu bytes", out->max);
		}
	}
	arena_release(&arena);
	return rc;
}
