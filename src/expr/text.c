/*
 * Functions over text, and coalesce over anything. Text compares by its bytes. Trimming works on
 * whole characters of an explicit list; what is not UTF-8 is left alone, as one unit per malformed
 * part.
 */
#include <string.h>

#include "base/utf8.h"
#include "expr/function.h"

/* ---- trim ---- */

static int trim_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		      struct expr *e)
{
	const char **chars = ARENA_NEW(c->arena, const char *);
	int rc = compile_text(c, at, tree, "chars", chars);
	if (rc == 0) {
		rc = compile_arg(c, at, e, 0, COLUMN_TEXT);
	}
	e->texts = chars;
	e->n_texts = 1;
	e->type = (struct column_type){ .kind = COLUMN_TEXT };
	return rc;
}

static bool among(const char *chars, const char *s, size_t size)
{
	size_t left = strlen(chars);
	while (left > 0) {
		bool valid;
		size_t n = utf8_next(chars, left, &valid);
		if (n == size && memcmp(chars, s, n) == 0) {
			return true;
		}
		chars += n;
		left -= n;
	}
	return false;
}

/* Start of the last character, or of the last byte when no character ends here. */
static size_t last_char(const char *s, size_t size)
{
	for (size_t n = 1; n <= 4 && n <= size; n++) {
		bool valid;
		if (utf8_next(s + size - n, n, &valid) == n && valid) {
			return size - n;
		}
	}
	return size - 1;
}

static void trim_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
		      struct expr_value *ret)
{
	const char *chars = e->texts[0];
	expr_eval(e->args[0], row, scratch, ret);
	if (ret->null) {
		return;
	}
	while (ret->size > 0) {
		bool valid;
		size_t n = utf8_next(ret->text, ret->size, &valid);
		if (!among(chars, ret->text, n)) {
			break;
		}
		ret->text += n;
		ret->size -= n;
	}
	while (ret->size > 0) {
		size_t at = last_char(ret->text, ret->size);
		if (!among(chars, ret->text + at, ret->size - at)) {
			break;
		}
		ret->size = at;
	}
}

static void trim_pyspark(const struct expr *e, struct pyspark *w)
{
	buf_puts(w->out, "F.btrim(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", F.lit(");
	pyspark_string(w->out, e->texts[0]);
	buf_puts(w->out, "))");
}

static void prose_char(struct buf *out, const char *s, size_t size)
{
	static const struct {
		const char *s;
		const char *name;
	} names[] = {
		{ " ", "blanks" },
		{ "\t", "tabs" },
		{ "\n", "line feeds" },
		{ "\r", "carriage returns" },
		{ "\xC2\xA0", "no-break blanks" },
		{ "\xE3\x80\x80", "ideographic blanks" },
		{ "\xEF\xBB\xBF", "byte order marks" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].s) == size && memcmp(names[i].s, s, size) == 0) {
			buf_puts(out, names[i].name);
			return;
		}
	}
	char one[8] = { 0 };
	memcpy(one, s, size < sizeof(one) ? size : sizeof(one) - 1);
	prose_quoted(out, one);
}

static void trim_prose(const struct expr *e, struct buf *out)
{
	const char *s = e->texts[0];
	size_t left = strlen(s);
	const char *joint = ", trimmed of ";
	prose_start(e->args[0], out);
	if (strcmp(s, EXPR_BLANKS) == 0) {
		buf_puts(out, ", trimmed");
		return;
	}
	while (left > 0) {
		bool valid;
		size_t n = utf8_next(s, left, &valid);
		buf_puts(out, joint);
		prose_char(out, s, n);
		s += n;
		left -= n;
		joint = " and ";
	}
}

const struct function function_trim = {
	.name = "trim",
	.args_min = 1,
	.args_max = 1,
	.members = { "chars" },
	.shape = PROSE_CHAIN,
	.check = trim_check,
	.eval = trim_eval,
	.pyspark = trim_pyspark,
	.prose = trim_prose,
};

/* ---- null_if ---- */

static int null_if_check(struct compiler *c, const struct pointer *at,
			 const struct bldr_value *tree, struct expr *e)
{
	int rc = compile_texts(c, at, tree, "tokens", e);
	if (rc == 0) {
		rc = compile_arg(c, at, e, 0, COLUMN_TEXT);
	}
	e->type = (struct column_type){ .kind = COLUMN_TEXT };
	return rc;
}

static void null_if_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			 struct expr_value *ret)
{
	expr_eval(e->args[0], row, scratch, ret);
	for (size_t i = 0; i < e->n_texts && !ret->null; i++) {
		size_t size = strlen(e->texts[i]);
		if (size == ret->size && memcmp(e->texts[i], ret->text, size) == 0) {
			value_null(ret, e->type, NULL);
		}
	}
}

static void null_if_pyspark(const struct expr *e, struct pyspark *w)
{
	if (e->n_texts == 1) {
		buf_puts(w->out, "F.nullif(");
		pyspark_write(e->args[0], w);
		buf_puts(w->out, ", F.lit(");
		pyspark_string(w->out, e->texts[0]);
		buf_puts(w->out, "))");
		return;
	}
	buf_puts(w->out, "F.when(~");
	pyspark_write(e->args[0], w);
	for (size_t i = 0; i < e->n_texts; i++) {
		buf_puts(w->out, i == 0 ? ".isin(" : ", ");
		pyspark_string(w->out, e->texts[i]);
	}
	buf_puts(w->out, "), ");
	pyspark_write(e->args[0], w);
	buf_putc(w->out, ')');
}

static void null_if_prose(const struct expr *e, struct buf *out)
{
	prose_start(e->args[0], out);
	for (size_t i = 0; i < e->n_texts; i++) {
		buf_puts(out, i == 0 ? ", null if " : " or ");
		if (*e->texts[i] == '\0') {
			buf_puts(out, "empty");
		} else {
			prose_quoted(out, e->texts[i]);
		}
	}
}

const struct function function_null_if = {
	.name = "null_if",
	.args_min = 1,
	.args_max = 1,
	.members = { "tokens" },
	.shape = PROSE_CHAIN,
	.check = null_if_check,
	.eval = null_if_eval,
	.pyspark = null_if_pyspark,
	.prose = null_if_prose,
};

/* ---- coalesce ---- */

static int coalesce_check(struct compiler *c, const struct pointer *at,
			  const struct bldr_value *tree, struct expr *e)
{
	const struct pointer args = { .up = at, .key = "args" };
	(void)tree;
	e->type = e->args[0]->type;
	for (size_t i = 1; i < e->n_args; i++) {
		if (!column_type_equal(e->args[i]->type, e->type)) {
			char wanted[COLUMN_TYPE_TEXT_MAX];
			char found[COLUMN_TYPE_TEXT_MAX];
			const struct pointer arg = { .up = &args, .index = i };
			column_type_text(e->type, wanted);
			column_type_text(e->args[i]->type, found);
			return pointer_error(&arg, c->err,
					     "the first argument is %s, so this must be, found %s",
					     wanted, found);
		}
	}
	return 0;
}

static void coalesce_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			  struct expr_value *ret)
{
	const char *reason = NULL;
	for (size_t i = 0; i < e->n_args; i++) {
		expr_eval(e->args[i], row, scratch, ret);
		if (!ret->null) {
			return;
		}
		reason = reason != NULL ? reason : ret->reason;
	}
	value_null(ret, e->type, reason);
}

static void coalesce_pyspark(const struct expr *e, struct pyspark *w)
{
	buf_puts(w->out, "F.coalesce(");
	for (size_t i = 0; i < e->n_args; i++) {
		buf_puts(w->out, i == 0 ? "" : ", ");
		pyspark_write(e->args[i], w);
	}
	buf_putc(w->out, ')');
}

static void coalesce_prose(const struct expr *e, struct buf *out)
{
	buf_puts(out, "first that is not null of ");
	prose_operands(e, out);
}

const struct function function_coalesce = {
	.name = "coalesce",
	.args_min = 1,
	.args_max = EXPR_ARGS_MAX,
	.shape = PROSE_PREFIX,
	.check = coalesce_check,
	.eval = coalesce_eval,
	.pyspark = coalesce_pyspark,
	.prose = coalesce_prose,
};
