/*
 * Exact arithmetic: products and differences of integers and decimals. An int64 counts as decimal(19,0). As in Spark, the
 * result has the type that the operands give it - decimal(p1+p2+1, s1+s2), or for a difference the digits of both and one
 * more - before it is rounded HALF_UP to the type that the call names. A result with more digits than that type holds is
 * null with a reason; operands that Spark would give a type of more than 38 digits, and cut, are refused. A product of
 * whole numbers it does not cut: there p1+p2 digits are enough.
 */
#include "expr/function.h"

enum { INT64_PRECISION = 19 };

static struct column_type as_decimal(struct column_type t)
{
	return t.kind == COLUMN_INT64
		? (struct column_type){ .kind = COLUMN_DECIMAL, .precision = INT64_PRECISION }
		: t;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static int product_digits(struct column_type a, struct column_type b)
{
	return a.precision + b.precision + (a.scale + b.scale > 0 ? 1 : 0);
}

static int difference_digits(struct column_type a, struct column_type b)
{
	return larger(a.precision - a.scale, b.precision - b.scale) + larger(a.scale, b.scale) + 1;
}

static int operand_check(struct compiler *c, const struct pointer *at, const struct expr *e,
			 size_t i)
{
	const struct pointer args = { .up = at, .key = "args" };
	const struct pointer arg = { .up = &args, .index = i };
	char found[COLUMN_TYPE_TEXT_MAX];
	column_type_text(e->args[i]->type, found);
	return e->args[i]->type.kind == COLUMN_INT64 || e->args[i]->type.kind == COLUMN_DECIMAL
		? 0
		: pointer_error(&arg, c->err, "\"%s\" takes int64 or decimal(p,s), found %s",
				e->fn->name, found);
}

static int arithmetic_check(struct compiler *c, const struct pointer *at,
			    const struct bldr_value *tree, struct expr *e,
			    int (*digits)(struct column_type a, struct column_type b))
{
	const struct pointer args = { .up = at, .key = "args" };
	const struct pointer type = { .up = at, .key = "type" };
	int rc = compile_type(c, at, tree, &e->type);
	for (size_t i = 0; rc == 0 && i < e->n_args; i++) {
		rc = operand_check(c, at, e, i);
	}
	if (rc < 0) {
		return rc;
	}
	if (e->type.kind != COLUMN_DECIMAL) {
		return pointer_error(&type, c->err, "\"%s\" gives decimal(p,s)", e->fn->name);
	}
	int n = digits(as_decimal(e->args[0]->type), as_decimal(e->args[1]->type));
	return n <= DECIMAL_DIGITS_MAX
		? 0
		: pointer_error(&args, c->err, "\"%s\" of these may have %d digits, %d are exact",
				e->fn->name, n, DECIMAL_DIGITS_MAX);
}

static struct decimal decimal_of(const struct expr_value *v)
{
	return v->type.kind == COLUMN_INT64 ? (struct decimal){ .units = v->i } : v->dec;
}

static void arithmetic_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			    bool (*apply)(struct decimal a, struct decimal b, struct decimal *ret),
			    struct expr_value *ret)
{
	struct expr_value v[2];
	struct decimal d;
	for (size_t i = 0; i < 2; i++) {
		expr_eval(e->args[i], row, scratch, &v[i]);
		if (v[i].null) {
			value_null_of(ret, e->type, &v[i]);
			return;
		}
	}
	if (!apply(decimal_of(&v[0]), decimal_of(&v[1]), &d) ||
	    !decimal_rescale(d, e->type.scale, &d) || decimal_digits(d) > e->type.precision) {
		value_null(ret, e->type, "more digits before the point than the type holds");
		return;
	}
	*ret = (struct expr_value){ .type = e->type, .dec = d };
}

static void write_operand(const struct expr *e, struct pyspark *w)
{
	pyspark_write(e, w);
	if (e->type.kind == COLUMN_INT64) {
		buf_puts(w->out, ".cast(");
		pyspark_type(w->out, as_decimal(e->type));
		buf_putc(w->out, ')');
	}
}

static void arithmetic_pyspark(const struct expr *e, const char *name, struct pyspark *w)
{
	buf_printf(w->out, "F.%s(", name);
	write_operand(e->args[0], w);
	buf_puts(w->out, ", ");
	write_operand(e->args[1], w);
	buf_puts(w->out, ").try_cast(");
	pyspark_type(w->out, e->type);
	buf_putc(w->out, ')');
}

static void arithmetic_prose(const struct expr *e, const char *word, struct buf *out)
{
	char type[COLUMN_TYPE_TEXT_MAX];
	column_type_text(e->type, type);
	prose_operand(e->args[0], out);
	buf_printf(out, " %s ", word);
	prose_operand(e->args[1], out);
	buf_printf(out, ", as %s", type);
}

/* ---- multiply ---- */

static int multiply_check(struct compiler *c, const struct pointer *at,
			  const struct bldr_value *tree, struct expr *e)
{
	return arithmetic_check(c, at, tree, e, product_digits);
}

static void multiply_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			  struct expr_value *ret)
{
	arithmetic_eval(e, row, scratch, decimal_mul, ret);
}

static void multiply_pyspark(const struct expr *e, struct pyspark *w)
{
	arithmetic_pyspark(e, "try_multiply", w);
}

static void multiply_prose(const struct expr *e, struct buf *out)
{
	arithmetic_prose(e, "times", out);
}

const struct function function_multiply = {
	.name = "multiply",
	.args_min = 2,
	.args_max = 2,
	.members = { "type" },
	.shape = PROSE_CHAIN,
	.check = multiply_check,
	.eval = multiply_eval,
	.pyspark = multiply_pyspark,
	.prose = multiply_prose,
};

/* ---- subtract ---- */

static int subtract_check(struct compiler *c, const struct pointer *at,
			  const struct bldr_value *tree, struct expr *e)
{
	return arithmetic_check(c, at, tree, e, difference_digits);
}

static void subtract_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			  struct expr_value *ret)
{
	arithmetic_eval(e, row, scratch, decimal_sub, ret);
}

static void subtract_pyspark(const struct expr *e, struct pyspark *w)
{
	arithmetic_pyspark(e, "try_subtract", w);
}

static void subtract_prose(const struct expr *e, struct buf *out)
{
	arithmetic_prose(e, "minus", out);
}

const struct function function_subtract = {
	.name = "subtract",
	.args_min = 2,
	.args_max = 2,
	.members = { "type" },
	.shape = PROSE_CHAIN,
	.check = subtract_check,
	.eval = subtract_eval,
	.pyspark = subtract_pyspark,
	.prose = subtract_prose,
};
