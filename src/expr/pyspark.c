/*
 * From a tree to the text of a PySpark column: F.* functions over named columns, no UDFs. The text
 * gives on Spark 4.0 (ANSI mode, session time zone UTC) what the interpreter gives, on every row.
 * Its length is bounded by the buffer: what does not fit is an error, never half a column.
 */
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "expr/function.h"

void pyspark_write(const struct expr *e, struct pyspark *w)
{
	if (!buf_failed(w->out)) {
		e->fn->pyspark(e, w);
	}
}

void pyspark_write_text(const struct expr *e, struct pyspark *w)
{
	if (e->type.kind == COLUMN_TEXT) {
		pyspark_write(e, w);
	} else if (e->type.kind == COLUMN_TIMESTAMP) {
		buf_puts(w->out, "F.date_format(");
		pyspark_write(e, w);
		buf_puts(w->out, ", \"yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'\")");
	} else if (e->type.kind == COLUMN_TIMESTAMP_NTZ) {
		buf_puts(w->out, "F.date_format(");
		pyspark_write(e, w);
		buf_puts(w->out, ".cast(\"timestamp\"), \"yyyy-MM-dd'T'HH:mm:ss.SSSSSS\")");
	} else {
		pyspark_write(e, w);
		buf_puts(w->out, ".cast(\"string\")");
	}
}

/* What a reader of the notebook would not see, or would see in the wrong order. */
static bool is_invisible(unsigned c)
{
	static const unsigned ranges[][2] = {
		{ 0x7F, 0xA0 },     { 0xAD, 0xAD },     { 0x34F, 0x34F },      { 0x61C, 0x61C },
		{ 0x115F, 0x1160 }, { 0x1680, 0x1680 }, { 0x17B4, 0x17B5 },    { 0x180B, 0x180F },
		{ 0x2000, 0x200F }, { 0x2028, 0x202F }, { 0x205F, 0x206F },    { 0x3000, 0x3000 },
		{ 0x3164, 0x3164 }, { 0xE000, 0xF8FF }, { 0xFE00, 0xFE0F },    { 0xFEFF, 0xFEFF },
		{ 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFFF }, { 0xE0000, 0x10FFFF },
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c >= ranges[i][0] && c <= ranges[i][1]) {
			return true;
		}
	}
	return c < 0x20;
}

static unsigned code_point(const char *s, size_t size)
{
	static const unsigned char lead[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	unsigned c = (unsigned char)s[0] & lead[size];
	for (size_t i = 1; i < size; i++) {
		c = c << 6 | ((unsigned char)s[i] & 0x3FU);
	}
	return c;
}

static void write_char(struct buf *out, const char *s, size_t size)
{
	unsigned c = code_point(s, size);
	if (c == '"' || c == '\\') {
		buf_putc(out, '\\');
		buf_putc(out, (char)c);
	} else if (c == '\n' || c == '\t' || c == '\r') {
		buf_puts(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
	} else if (!is_invisible(c)) {
		buf_add(out, s, size);
	} else {
		buf_printf(out, c <= 0xFF ? "\\x%02x" : c <= 0xFFFF ? "\\u%04x" : "\\U%08x", c);
	}
}

void pyspark_string(struct buf *out, const char *text)
{
	size_t left = strlen(text);
	buf_putc(out, '"');
	while (left > 0) {
		bool valid;
		size_t n = utf8_next(text, left, &valid);
		if (valid) {
			write_char(out, text, n);
		} else {
			buf_puts(out, UTF8_REPLACEMENT);
		}
		text += n;
		left -= n;
	}
	buf_putc(out, '"');
}

void pyspark_pattern(struct buf *out, const char *pattern)
{
	ASSERT(strpbrk(pattern, "\"\n") == NULL);
	buf_puts(out, "r\"");
	buf_puts(out, pattern);
	buf_putc(out, '"');
}

void pyspark_type(struct buf *out, struct column_type type)
{
	char text[COLUMN_TYPE_TEXT_MAX];
	column_type_text(type, text);
	const char *ddl = text;
	if (type.kind == COLUMN_TEXT) {
		ddl = "string";
	} else if (type.kind == COLUMN_BOOL) {
		ddl = "boolean";
	} else if (type.kind == COLUMN_INT64) {
		ddl = "bigint";
	}
	buf_printf(out, "\"%s\"", ddl);
}

static bool any_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	(void)alias;
	(void)column;
	*ret_slot = 0;
	return true;
}

static bool any_dimension(void *user, const char *name, int *ret_slot)
{
	(void)user;
	(void)name;
	*ret_slot = 0;
	return true;
}

const struct expr_scope scope_any = { .column = any_column, .dimension = any_dimension };

int expr_pyspark(const struct bldr_value *tree, const struct expr_pyspark *names, struct buf *out,
		 struct bldr_error *err)
{
	struct arena arena = { 0 };
	const struct expr *e;
	struct pyspark w = { names, out };
	int rc = expr_compile(tree, &scope_any, &arena, &e, err);
	if (rc == 0) {
		pyspark_write(e, &w);
		if (buf_failed(out)) {
			rc = bldr_error_set(err, BLDR_E_LIMIT,
					    "the rule's PySpark text is longer than %zu bytes",
					    out->max);
		}
	}
	arena_release(&arena);
	return rc;
}
