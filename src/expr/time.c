/*
 * Functions over texts with a time of day: reading them by formats, and the date that is written in them. The
 * PySpark side looks at the text's form before Spark reads it. An instant's written date is not its day in UTC: it is
 * cut from the text.
 */
#include <string.h>

#include "expr/function.h"

static void write_time(const struct expr *e, const char *format, struct pyspark *w)
{
	struct buf pattern;
	buf_init(&pattern, 1024);
	date_format_pattern(format, 0, false, &pattern);
	buf_puts(w->out, "F.try_to_timestamp(F.regexp_substr(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", F.lit(");
	pyspark_pattern(w->out, pattern.data);
	buf_puts(w->out, ")), F.lit(");
	pyspark_string(w->out, format);
	buf_puts(w->out, "))");
	buf_release(&pattern);
}

/* The first format that fits, as Spark's timestamp. */
static void write_times(const struct expr *e, struct pyspark *w)
{
	if (e->n_texts > 1) {
		buf_puts(w->out, "F.coalesce(");
	}
	for (size_t i = 0; i < e->n_texts; i++) {
		buf_puts(w->out, i == 0 ? "" : ", ");
		write_time(e, e->texts[i], w);
	}
	if (e->n_texts > 1) {
		buf_putc(w->out, ')');
	}
}

static void formats_prose(const struct expr *e, struct buf *out)
{
	for (size_t i = 0; i < e->n_texts; i++) {
		buf_puts(out, i == 0 ? " " : " or ");
		buf_puts(out, e->texts[i]);
	}
}

static bool read_times(const struct expr *e, const struct expr_value *v, int64_t *ret)
{
	for (size_t i = 0; i < e->n_texts; i++) {
		if (expr_time_parse(e->texts[i], v->text, v->size, ret)) {
			return true;
		}
	}
	return false;
}

static const char *wall_clock_fault(const char *format)
{
	return time_format_fault(format, false);
}

static const char *instant_fault(const char *format)
{
	return time_format_fault(format, true);
}

/* ---- parse_timestamp ---- */

static int parse_timestamp_check(struct compiler *c, const struct pointer *at,
				 const struct bldr_value *tree, struct expr *e)
{
	const struct pointer here = { .up = at, .key = "type" };
	int rc = compile_type(c, at, tree, &e->type);
	if (rc < 0) {
		return rc;
	}
	bool zoned = e->type.kind == COLUMN_TIMESTAMP;
	if (!zoned && e->type.kind != COLUMN_TIMESTAMP_NTZ) {
		return pointer_error(&here, c->err, "expected timestamp or timestamp_ntz");
	}
	rc = compile_formats(c, at, tree, zoned ? instant_fault : wall_clock_fault, e);
	return rc < 0 ? rc : compile_arg(c, at, e, 0, COLUMN_TEXT);
}

static void parse_timestamp_eval(const struct expr *e, const struct expr_row *row,
				 struct arena *scratch, struct expr_value *ret)
{
	struct expr_value v;
	int64_t micros;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
	} else if (read_times(e, &v, &micros)) {
		*ret = (struct expr_value){ .type = e->type, .i = micros };
	} else {
		value_null(ret, e->type, "no time format fits");
	}
}

static void parse_timestamp_pyspark(const struct expr *e, struct pyspark *w)
{
	write_times(e, w);
	if (e->type.kind == COLUMN_TIMESTAMP_NTZ) {
		buf_puts(w->out, ".cast(\"timestamp_ntz\")");
	}
}

static void parse_timestamp_prose(const struct expr *e, struct buf *out)
{
	prose_start(e->args[0], out);
	buf_puts(out, e->args[0]->fn->shape == PROSE_CHAIN ? ", read as a time" : " read as a time");
	formats_prose(e, out);
}

const struct function function_parse_timestamp = {
	.name = "parse_timestamp",
	.args_min = 1,
	.args_max = 1,
	.members = { "formats", "type" },
	.shape = PROSE_CHAIN,
	.check = parse_timestamp_check,
	.eval = parse_timestamp_eval,
	.pyspark = parse_timestamp_pyspark,
	.prose = parse_timestamp_prose,
};

/* ---- written_date ---- */

#define HOUR_TO_SECOND "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?"
#define OFFSET "(?:Z|[+-](?:(?:0\\d|1[0-7])(?::?[0-5]\\d)?|18(?::?00)?))?"
static const char iso_pattern[] = "\\A(?!0000)\\d{4}-\\d\\d-\\d\\d(?:[T ]" HOUR_TO_SECOND OFFSET
				  ")?\\z";

static int written_date_check(struct compiler *c, const struct pointer *at,
			      const struct bldr_value *tree, struct expr *e)
{
	int rc = 0;
	e->type = (struct column_type){ .kind = COLUMN_DATE };
	if (bldr_get(tree, "formats") != NULL) {
		rc = compile_formats(c, at, tree, wall_clock_fault, e);
	}
	return rc < 0 ? rc : compile_arg(c, at, e, 0, COLUMN_TEXT);
}

static void written_date_eval(const struct expr *e, const struct expr_row *row,
			      struct arena *scratch, struct expr_value *ret)
{
	struct expr_value v;
	int64_t micros;
	int32_t day;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
	} else if (e->n_texts > 0 && read_times(e, &v, &micros)) {
		int64_t rest = micros % DAY_MICROS;
		rest += rest < 0 ? DAY_MICROS : 0;
		*ret = (struct expr_value){ .type = e->type, .i = (micros - rest) / DAY_MICROS };
	} else if (e->n_texts == 0 && written_date_read(v.text, v.size, &day)) {
		*ret = (struct expr_value){ .type = e->type, .i = day };
	} else {
		value_null(ret, e->type,
			   e->n_texts > 0 ? "no time format fits"
					  : "not an ISO 8601 date or timestamp");
	}
}

static void written_date_pyspark(const struct expr *e, struct pyspark *w)
{
	if (e->n_texts > 0) {
		write_times(e, w);
	} else {
		buf_puts(w->out, "F.try_to_timestamp(F.substring(F.regexp_substr(");
		pyspark_write(e->args[0], w);
		buf_puts(w->out, ", F.lit(");
		pyspark_pattern(w->out, iso_pattern);
		buf_puts(w->out, ")), 1, 10), F.lit(\"yyyy-MM-dd\"))");
	}
	buf_puts(w->out, ".cast(\"date\")");
}

static void written_date_prose(const struct expr *e, struct buf *out)
{
	buf_puts(out, "date written in ");
	prose_operand(e->args[0], out);
	if (e->n_texts > 0) {
		buf_puts(out, " as");
		formats_prose(e, out);
	}
}

const struct function function_written_date = {
	.name = "written_date",
	.args_min = 1,
	.args_max = 1,
	.members = { "formats" },
	.shape = PROSE_PREFIX,
	.check = written_date_check,
	.eval = written_date_eval,
	.pyspark = written_date_pyspark,
	.prose = written_date_prose,
};
