/*
 * What a row brings along: its columns, always text; the literal that every row has in common; the
 * file and line it comes from; the day a generated calendar row stands for. In PySpark all but
 * literals are DataFrame columns, named by the caller.
 */
#include <string.h>

#include "expr/function.h"

/* ---- col ---- */

static int col_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		     struct expr *e)
{
	int rc = compile_text(c, at, tree, "col", &e->name);
	e->alias = "";
	if (rc == 0 && bldr_get(tree, "of") != NULL) {
		rc = compile_text(c, at, tree, "of", &e->alias);
	}
	if (rc < 0) {
		return rc;
	}
	if (c->scope->column == NULL ||
	    !c->scope->column(c->scope->user, e->alias, e->name, &e->slot)) {
		const struct pointer here = { .up = at, .key = "col" };
		return pointer_error(&here, c->err, "no column \"%s\"%s%s%s here", e->name,
				     *e->alias != '\0' ? " of \"" : "", e->alias,
				     *e->alias != '\0' ? "\"" : "");
	}
	e->type = (struct column_type){ .kind = COLUMN_TEXT };
	return 0;
}

static void col_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
		     struct expr_value *ret)
{
	const char *text = NULL;
	size_t size = 0;
	(void)scratch;
	if (row->column != NULL) {
		row->column(row->user, e->slot, &text, &size);
	}
	if (text == NULL) {
		value_null(ret, e->type, NULL);
		return;
	}
	value_text(ret, text, size);
}

static void write_column(struct pyspark *w, const char *alias, const char *name)
{
	buf_puts(w->out, "F.col(");
	pyspark_string(w->out, w->names->column(w->names->user, alias, name));
	buf_putc(w->out, ')');
}

static void col_pyspark(const struct expr *e, struct pyspark *w)
{
	write_column(w, e->alias, e->name);
}

static void col_prose(const struct expr *e, struct buf *out)
{
	if (*e->alias != '\0') {
		prose_name(out, e->alias);
		buf_putc(out, '.');
	}
	prose_name(out, e->name);
}

const struct function function_col = {
	.name = "col",
	.bare = true,
	.members = { "col", "of" },
	.check = col_check,
	.eval = col_eval,
	.pyspark = col_pyspark,
	.prose = col_prose,
};

/* ---- lit ---- */

/* A literal is the value it says: what a cast would round is refused. */
static bool is_exact(const struct expr_value *v, const char *text)
{
	struct decimal written;
	return v->type.kind != COLUMN_DECIMAL ||
		(decimal_parse(text, strlen(text), &written) &&
		 decimal_compare(written, v->dec) == 0);
}

static int lit_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		     struct expr *e)
{
	const struct bldr_value *v = bldr_get(tree, "lit");
	const struct pointer here = { .up = at, .key = "lit" };
	char found[VALUE_DESCRIPTION_MAX];
	char type[COLUMN_TYPE_TEXT_MAX];
	int rc = compile_type(c, at, tree, &e->type);
	if (rc < 0) {
		return rc;
	}
	value_describe(v, found);
	if (bldr_is_null(v)) {
		value_null(&e->value, e->type, NULL);
		return 0;
	}
	if (bldr_as_text(v) == NULL) {
		return pointer_error(&here, c->err, "expected a text or null, found %s", found);
	}
	const char *text = arena_strdup(c->arena, bldr_as_text(v));
	column_type_text(e->type, type);
	value_read(&e->value, e->type, text, strlen(text), c->arena);
	if (e->value.null) {
		return pointer_error(&here, c->err, "%s as %s: %s", found, type, e->value.reason);
	}
	if (!is_exact(&e->value, text)) {
		return pointer_error(&here, c->err, "%s does not fit %s exactly", found, type);
	}
	return 0;
}

static void lit_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
		     struct expr_value *ret)
{
	(void)row;
	(void)scratch;
	*ret = e->value;
}

static void lit_pyspark(const struct expr *e, struct pyspark *w)
{
	char text[VALUE_CHARS_MAX];
	const struct expr_value *v = &e->value;
	buf_puts(w->out, "F.lit(");
	if (v->null) {
		buf_puts(w->out, "None");
	} else if (e->type.kind == COLUMN_TEXT) {
		pyspark_string(w->out, v->text);
		buf_putc(w->out, ')');
		return;
	} else if (e->type.kind == COLUMN_BOOL) {
		buf_puts(w->out, v->i != 0 ? "True)" : "False)");
		return;
	} else {
		value_chars(v, text);
		if (e->type.kind == COLUMN_INT64) {
			buf_puts(w->out, text);
		} else {
			pyspark_string(w->out, text);
		}
	}
	buf_puts(w->out, ").cast(");
	pyspark_type(w->out, e->type);
	buf_putc(w->out, ')');
}

static void lit_prose(const struct expr *e, struct buf *out)
{
	char text[VALUE_CHARS_MAX];
	if (e->value.null) {
		buf_puts(out, "null");
	} else if (e->type.kind == COLUMN_TEXT) {
		prose_quoted(out, e->value.text);
	} else {
		value_chars(&e->value, text);
		buf_puts(out, text);
	}
}

const struct function function_lit = {
	.name = "lit",
	.bare = true,
	.members = { "lit", "type" },
	.check = lit_check,
	.eval = lit_eval,
	.pyspark = lit_pyspark,
	.prose = lit_prose,
};

/* ---- source_file, source_line, source_record, calendar_day ---- */

static int text_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		      struct expr *e)
{
	(void)c;
	(void)at;
	(void)tree;
	e->type = (struct column_type){ .kind = COLUMN_TEXT };
	return 0;
}

static int int_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		     struct expr *e)
{
	(void)c;
	(void)at;
	(void)tree;
	e->type = (struct column_type){ .kind = COLUMN_INT64 };
	return 0;
}

static int date_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		      struct expr *e)
{
	(void)c;
	(void)at;
	(void)tree;
	e->type = (struct column_type){ .kind = COLUMN_DATE };
	return 0;
}

static void source_file_eval(const struct expr *e, const struct expr_row *row,
			     struct arena *scratch, struct expr_value *ret)
{
	(void)scratch;
	if (row->source_file == NULL) {
		value_null(ret, e->type, NULL);
		return;
	}
	value_text(ret, row->source_file, strlen(row->source_file));
}

static void source_file_pyspark(const struct expr *e, struct pyspark *w)
{
	(void)e;
	write_column(w, "", "_source_file");
}

static void source_file_prose(const struct expr *e, struct buf *out)
{
	(void)e;
	buf_puts(out, "path of the source file");
}

const struct function function_source_file = {
	.name = "source_file",
	.check = text_check,
	.eval = source_file_eval,
	.pyspark = source_file_pyspark,
	.prose = source_file_prose,
};

static void source_line_eval(const struct expr *e, const struct expr_row *row,
			     struct arena *scratch, struct expr_value *ret)
{
	(void)e;
	(void)scratch;
	value_int(ret, row->source_line);
}

static void source_line_pyspark(const struct expr *e, struct pyspark *w)
{
	(void)e;
	write_column(w, "", "_source_line");
}

static void source_line_prose(const struct expr *e, struct buf *out)
{
	(void)e;
	buf_puts(out, "line in the source file");
}

const struct function function_source_line = {
	.name = "source_line",
	.check = int_check,
	.eval = source_line_eval,
	.pyspark = source_line_pyspark,
	.prose = source_line_prose,
};

static void source_record_eval(const struct expr *e, const struct expr_row *row,
			       struct arena *scratch, struct expr_value *ret)
{
	(void)e;
	(void)scratch;
	value_int(ret, row->source_record);
}

static void source_record_pyspark(const struct expr *e, struct pyspark *w)
{
	(void)e;
	write_column(w, "", "_source_record");
}

static void source_record_prose(const struct expr *e, struct buf *out)
{
	(void)e;
	buf_puts(out, "number of the record in that line");
}

const struct function function_source_record = {
	.name = "source_record",
	.check = int_check,
	.eval = source_record_eval,
	.pyspark = source_record_pyspark,
	.prose = source_record_prose,
};

static void calendar_day_eval(const struct expr *e, const struct expr_row *row,
			      struct arena *scratch, struct expr_value *ret)
{
	(void)scratch;
	if (row->day < DAY_FIRST || row->day > DAY_LAST) {
		value_null(ret, e->type, "outside years 0001 to 9999");
		return;
	}
	*ret = (struct expr_value){ .type = e->type, .i = row->day };
}

static void calendar_day_pyspark(const struct expr *e, struct pyspark *w)
{
	(void)e;
	write_column(w, "", "calendar_day");
}

static void calendar_day_prose(const struct expr *e, struct buf *out)
{
	(void)e;
	buf_puts(out, "day of the calendar");
}

const struct function function_calendar_day = {
	.name = "calendar_day",
	.check = date_check,
	.eval = calendar_day_eval,
	.pyspark = calendar_day_pyspark,
	.prose = calendar_day_prose,
};
