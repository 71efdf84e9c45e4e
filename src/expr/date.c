/*
 * Functions over dates: reading them by formats, the yyyymmdd key of a date dimension, their parts.
 * The PySpark side looks at the text's form before Spark reads it, since Spark's parser takes more than
 * the format says; dates become timestamps on the way, so the session's time zone must be UTC.
 */
#include <string.h>

#include "base/calendar.h"
#include "base/options.h"
#include "expr/function.h"

static const char *const part_names[] = { "year",        "quarter",  "month",       "day",
					  "iso_weekday", "iso_week", "day_of_year", NULL };
enum part { YEAR, QUARTER, MONTH, DAY, ISO_WEEKDAY, ISO_WEEK, DAY_OF_YEAR };

/* ---- parse_date ---- */

enum { PIVOT_MAX = 100 };

/* Two-digit years need a pivot, and nothing else takes one. */
static int check_pivot(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		       struct expr *e)
{
	const struct pointer here = { .up = at, .key = "pivot" };
	const struct bldr_value *v = bldr_get(tree, "pivot");
	bool wanted = false;
	int64_t pivot = bldr_as_int(v, 0);
	for (size_t i = 0; i < e->n_texts; i++) {
		wanted |= format_has_pivot(e->texts[i]);
	}
	if (v == NULL) {
		return wanted
			? pointer_error(at, c->err, "lacks \"pivot\", for years of two digits")
			: 0;
	}
	if (!wanted) {
		return pointer_error(&here, c->err, "no format has years of two digits");
	}
	if (pivot < 1 || pivot > PIVOT_MAX) {
		char found[VALUE_DESCRIPTION_MAX];
		value_describe(v, found);
		return pointer_error(&here, c->err, "expected 1 to %d, found %s", PIVOT_MAX, found);
	}
	e->pivot = (int)pivot;
	return 0;
}

static int parse_date_check(struct compiler *c, const struct pointer *at,
			    const struct bldr_value *tree, struct expr *e)
{
	int rc = compile_formats(c, at, tree, date_format_fault, e);
	if (rc == 0) {
		rc = check_pivot(c, at, tree, e);
	}
	if (rc == 0) {
		rc = compile_arg(c, at, e, 0, COLUMN_TEXT);
	}
	e->type = (struct column_type){ .kind = COLUMN_DATE };
	return rc;
}

static void parse_date_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			    struct expr_value *ret)
{
	struct expr_value v;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
		return;
	}
	for (size_t i = 0; i < e->n_texts; i++) {
		int32_t day;
		if (expr_date_parse(e->texts[i], e->pivot, v.text, v.size, &day)) {
			*ret = (struct expr_value){ .type = e->type, .i = day };
			return;
		}
	}
	value_null(ret, e->type, "no date format fits");
}

static void write_read(const struct expr *e, const char *format, bool above, struct pyspark *w)
{
	struct buf pattern;
	buf_init(&pattern, 1024);
	date_format_pattern(format, e->pivot, above, &pattern);
	buf_puts(w->out, "F.try_to_timestamp(F.regexp_substr(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", F.lit(");
	pyspark_pattern(w->out, pattern.data);
	buf_puts(w->out, ")), F.lit(");
	pyspark_string(w->out, format);
	buf_puts(w->out, ")).cast(\"date\")");
	buf_release(&pattern);
}

/* To Spark every yy is of this century. */
static void write_format(const struct expr *e, const char *format, struct pyspark *w)
{
	write_read(e, format, false, w);
	if (format_has_pivot(format) && e->pivot < PIVOT_MAX) {
		buf_puts(w->out, ", F.add_months(");
		write_read(e, format, true, w);
		buf_puts(w->out, ", -1200)");
	}
}

static void parse_date_pyspark(const struct expr *e, struct pyspark *w)
{
	if (e->n_texts == 1 && (e->pivot == 0 || e->pivot == PIVOT_MAX)) {
		write_format(e, e->texts[0], w);
		return;
	}
	buf_puts(w->out, "F.coalesce(");
	for (size_t i = 0; i < e->n_texts; i++) {
		buf_puts(w->out, i == 0 ? "" : ", ");
		write_format(e, e->texts[i], w);
	}
	buf_putc(w->out, ')');
}

static void parse_date_prose(const struct expr *e, struct buf *out)
{
	prose_start(e->args[0], out);
	buf_puts(out,
		 e->args[0]->fn->shape == PROSE_CHAIN ? ", read as a date " : " read as a date ");
	for (size_t i = 0; i < e->n_texts; i++) {
		buf_puts(out, i == 0 ? "" : " or ");
		buf_puts(out, e->texts[i]);
	}
	if (e->pivot > 0) {
		buf_printf(out, " (yy from %02d on is 19yy)", e->pivot);
	}
}

const struct function function_parse_date = {
	.name = "parse_date",
	.args_min = 1,
	.args_max = 1,
	.members = { "formats", "pivot" },
	.shape = PROSE_CHAIN,
	.check = parse_date_check,
	.eval = parse_date_eval,
	.pyspark = parse_date_pyspark,
	.prose = parse_date_prose,
};

/* ---- date_key ---- */

static int date_key_check(struct compiler *c, const struct pointer *at,
			  const struct bldr_value *tree, struct expr *e)
{
	(void)tree;
	e->type = (struct column_type){ .kind = COLUMN_INT64 };
	return compile_arg(c, at, e, 0, COLUMN_DATE);
}

static void date_key_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			  struct expr_value *ret)
{
	struct expr_value v;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
		return;
	}
	struct ymd d = calendar_ymd((int32_t)v.i);
	int32_t key = d.year * 10000 + d.month * 100 + d.day;
	value_int(ret, key);
}

static void date_key_pyspark(const struct expr *e, struct pyspark *w)
{
	buf_puts(w->out, "F.date_format(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", \"yyyyMMdd\").cast(\"bigint\")");
}

static void date_key_prose(const struct expr *e, struct buf *out)
{
	buf_puts(out, "yyyymmdd of ");
	prose_operand(e->args[0], out);
}

const struct function function_date_key = {
	.name = "date_key",
	.args_min = 1,
	.args_max = 1,
	.shape = PROSE_PREFIX,
	.check = date_key_check,
	.eval = date_key_eval,
	.pyspark = date_key_pyspark,
	.prose = date_key_prose,
};

/* ---- date_part ---- */

static int date_part_check(struct compiler *c, const struct pointer *at,
			   const struct bldr_value *tree, struct expr *e)
{
	const char *name;
	const struct pointer here = { .up = at, .key = "part" };
	int rc = compile_text(c, at, tree, "part", &name);
	if (rc < 0) {
		return rc;
	}
	e->part = -1;
	for (int i = 0; part_names[i] != NULL; i++) {
		if (strcmp(part_names[i], name) == 0) {
			e->part = i;
		}
	}
	if (e->part < 0) {
		char found[VALUE_DESCRIPTION_MAX];
		value_describe(bldr_get(tree, "part"), found);
		return pointer_error(&here, c->err,
				     "expected year, quarter, month, day, iso_weekday, iso_week "
				     "or day_of_year, found %s",
				     found);
	}
	e->type = (struct column_type){ .kind = COLUMN_INT64 };
	return compile_arg(c, at, e, 0, COLUMN_DATE);
}

static int64_t part_of(int32_t day, enum part part)
{
	struct ymd d = calendar_ymd(day);
	switch (part) {
	case YEAR:
		return d.year;
	case QUARTER:
		return (d.month + 2) / 3;
	case MONTH:
		return d.month;
	case DAY:
		return d.day;
	case ISO_WEEKDAY:
		return calendar_iso_weekday(day);
	case ISO_WEEK:
		return calendar_iso_week(day);
	case DAY_OF_YEAR:
		return calendar_day_of_year(day);
	}
	return 0;
}

static void date_part_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			   struct expr_value *ret)
{
	struct expr_value v;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
		return;
	}
	value_int(ret, part_of((int32_t)v.i, (enum part)e->part));
}

static void date_part_pyspark(const struct expr *e, struct pyspark *w)
{
	static const char *const calls[] = {
		[YEAR] = "F.year(",
		[QUARTER] = "F.quarter(",
		[MONTH] = "F.month(",
		[DAY] = "F.dayofmonth(",
		[ISO_WEEKDAY] = "(F.weekday(",
		[ISO_WEEK] = "F.weekofyear(",
		[DAY_OF_YEAR] = "F.dayofyear(",
	};
	buf_puts(w->out, calls[e->part]);
	pyspark_write(e->args[0], w);
	buf_puts(w->out, e->part == ISO_WEEKDAY ? ") + 1)" : ")");
	buf_puts(w->out, ".cast(\"bigint\")");
}

static void date_part_prose(const struct expr *e, struct buf *out)
{
	static const char *const names[] = {
		[YEAR] = "year",
		[QUARTER] = "quarter",
		[MONTH] = "month",
		[DAY] = "day of the month",
		[ISO_WEEK] = "ISO week",
		[ISO_WEEKDAY] = "ISO weekday (Monday is 1)",
		[DAY_OF_YEAR] = "day of the year",
	};
	buf_puts(out, names[e->part]);
	buf_puts(out, " of ");
	prose_operand(e->args[0], out);
}

const struct function function_date_part = {
	.name = "date_part",
	.args_min = 1,
	.args_max = 1,
	.members = { "part" },
	.shape = PROSE_PREFIX,
	.check = date_part_check,
	.eval = date_part_eval,
	.pyspark = date_part_pyspark,
	.prose = date_part_prose,
};
