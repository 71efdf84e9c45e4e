/*
 * parse_amount: numbers as people write them, in the one form that a column's rule states:
 *
 *	[sign] [currency [blank]] [sign] number [-] [[blank] (currency | %)] [-]
 *	[currency [blank]] "(" [currency [blank]] number [[blank] (currency | %)] ")" [[blank] (currency | %)]
 *
 * with one sign and one of currency and % at most. Nothing is rounded: what has more digits than the type holds is
 * null. The PySpark side matches the same form with one pattern, drops everything but digits, decimal mark and
 * sign, and lets try_cast do the rest.
 */
#include <string.h>

#include "base/check.h"
#include "expr/function.h"

enum { CURRENCIES_MAX = 32 };

struct amount_form {
	char decimal;
	char group; /* 0: none; ' ' stands for any of the blanks */
	const char **currencies;
	size_t n_currencies;
	bool percent, parentheses, trailing_minus;
};

static const char no_amount[] = "not an amount as its column writes them";
static const char too_many_behind[] = "more digits behind the mark than the type holds";
static const char too_many_before[] = "more digits before the mark than the type holds";

/* ---- check ---- */

static int expected(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		    const char *member, const char *wanted)
{
	const struct pointer here = { .up = at, .key = member };
	char found[VALUE_DESCRIPTION_MAX];
	if (bldr_get(tree, member) == NULL) {
		return pointer_error(at, c->err, "lacks \"%s\", %s", member, wanted);
	}
	value_describe(bldr_get(tree, member), found);
	return pointer_error(&here, c->err, "expected %s, found %s", wanted, found);
}

/* A sign, or three capitals. */
static bool is_currency(const char *s)
{
	static const char *const signs[] = { "$", "€", "£", "¥", "₹" };
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (strcmp(s, signs[i]) == 0) {
			return true;
		}
	}
	return strlen(s) == 3 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static int check_currencies(struct compiler *c, const struct pointer *at,
			    const struct bldr_value *tree, struct expr *e, struct amount_form *form)
{
	if (bldr_get(tree, "currencies") == NULL) {
		return 0;
	}
	int rc = compile_texts(c, at, tree, "currencies", e);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < e->n_texts; i++) {
		if (e->n_texts > CURRENCIES_MAX || !is_currency(e->texts[i])) {
			return expected(c, at, tree, "currencies",
					"at most 32 of $ € £ ¥ ₹ and codes of three capitals");
		}
	}
	form->currencies = e->texts;
	form->n_currencies = e->n_texts;
	return 0;
}

static int check_marks(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		       struct amount_form *form)
{
	const char *decimal = bldr_get_text(tree, "decimal");
	const char *group = bldr_get_text(tree, "group");
	if (decimal == NULL || (strcmp(decimal, ".") != 0 && strcmp(decimal, ",") != 0)) {
		return expected(c, at, tree, "decimal", "\".\" or \",\"");
	}
	form->decimal = *decimal;
	if (bldr_get(tree, "group") == NULL) {
		return 0;
	}
	if (group == NULL || strlen(group) != 1 || strchr(".,' ", *group) == NULL ||
	    *group == *decimal) {
		return expected(c, at, tree, "group",
				"\",\" or \".\", \"'\" or a blank, and not the decimal mark");
	}
	form->group = *group;
	return 0;
}

static int check_flag(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		      const char *member, bool *ret)
{
	const struct bldr_value *v = bldr_get(tree, member);
	if (v != NULL && bldr_type_of(v) != BLDR_BOOL) {
		return expected(c, at, tree, member, "true or false");
	}
	*ret = bldr_as_bool(v, false);
	return 0;
}

static int parse_amount_check(struct compiler *c, const struct pointer *at,
			      const struct bldr_value *tree, struct expr *e)
{
	struct amount_form *form = ARENA_NEW(c->arena, struct amount_form);
	int rc = compile_type(c, at, tree, &e->type);
	if (rc == 0 && e->type.kind != COLUMN_INT64 && e->type.kind != COLUMN_DECIMAL) {
		rc = expected(c, at, tree, "type", "int64 or decimal(p,s)");
	}
	rc = rc < 0 ? rc : check_marks(c, at, tree, form);
	rc = rc < 0 ? rc : check_currencies(c, at, tree, e, form);
	rc = rc < 0 ? rc : check_flag(c, at, tree, "percent", &form->percent);
	rc = rc < 0 ? rc : check_flag(c, at, tree, "parentheses", &form->parentheses);
	rc = rc < 0 ? rc : check_flag(c, at, tree, "trailing_minus", &form->trailing_minus);
	e->amount = form;
	return rc < 0 ? rc : compile_arg(c, at, e, 0, COLUMN_TEXT);
}

/* ---- eval ---- */

struct reader {
	const struct amount_form *form;
	const char *s;
	size_t size;
	unsigned signs, units; /* how many were taken; a unit is a currency or a % */
	bool negative;
};

static size_t blank_size(const char *s, size_t size)
{
	static const char *const blanks[] = { " ", "\t", "\xC2\xA0", "\xE2\x80\x87",
					      "\xE2\x80\xAF" };
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		size_t n = strlen(blanks[i]);
		if (size >= n && memcmp(s, blanks[i], n) == 0) {
			return n;
		}
	}
	return 0;
}

static void advance(struct reader *r, size_t n)
{
	r->s += n;
	r->size -= n;
}

static bool take(struct reader *r, char c)
{
	if (r->size == 0 || *r->s != c) {
		return false;
	}
	advance(r, 1);
	return true;
}

static void take_sign(struct reader *r)
{
	bool minus = take(r, '-');
	r->signs += minus || take(r, '+');
	r->negative |= minus;
}

static bool take_currency(struct reader *r)
{
	for (size_t i = 0; i < r->form->n_currencies; i++) {
		size_t n = strlen(r->form->currencies[i]);
		if (r->size >= n && memcmp(r->s, r->form->currencies[i], n) == 0) {
			advance(r, n);
			r->units++;
			return true;
		}
	}
	return false;
}

static void take_front(struct reader *r)
{
	if (take_currency(r)) {
		advance(r, blank_size(r->s, r->size));
	}
}

/* [blank] (currency | %); a blank alone is not taken. */
static void take_behind(struct reader *r)
{
	struct reader at = *r;
	advance(&at, blank_size(at.s, at.size));
	if (take_currency(&at)) {
		*r = at;
	} else if (r->form->percent && take(&at, '%')) {
		at.units++;
		*r = at;
	}
}

static void take_trailing_minus(struct reader *r)
{
	if (r->form->trailing_minus && take(r, '-')) {
		r->signs++;
		r->negative = true;
	}
}

struct digits {
	const char *first; /* of the whole part, groups and all */
	const char *point; /* the decimal mark, or the end of the number */
	size_t whole, scale;
};

static size_t count_digits(const char *s, size_t size)
{
	size_t n = 0;
	while (n < size && s[n] >= '0' && s[n] <= '9') {
		n++;
	}
	return n;
}

/* Bytes of a group mark and three digits. */
static size_t group_size(const struct reader *r)
{
	char group = r->form->group;
	size_t mark = group == ' ' ? blank_size(r->s, r->size)
				   : (size_t)(group != 0 && r->size > 0 && *r->s == group);
	bool three = mark > 0 && count_digits(r->s + mark, r->size - mark) == 3;
	return three ? mark + 3 : 0;
}

/* Digits without leading zeros, in groups or not. False: what stands there begins no number. */
static bool take_whole(struct reader *r, struct digits *d)
{
	size_t n = count_digits(r->s, r->size);
	if (n > 1 && *r->s == '0') {
		return false;
	}
	bool groups = n >= 1 && n <= 3 && *r->s != '0';
	advance(r, n);
	d->whole = n;
	for (size_t size; groups && (size = group_size(r)) > 0;) {
		advance(r, size);
		d->whole += 3;
	}
	return true;
}

static bool take_number(struct reader *r, struct digits *ret)
{
	struct digits d = { .first = r->s };
	if (!take_whole(r, &d)) {
		return false;
	}
	d.point = r->s;
	if (r->size > 1 && *r->s == r->form->decimal) {
		d.scale = count_digits(r->s + 1, r->size - 1);
		advance(r, d.scale > 0 ? d.scale + 1 : 0);
	}
	*ret = d;
	return d.whole + d.scale > 0;
}

static bool read_form(struct reader *r, struct digits *d)
{
	take_sign(r);
	take_front(r);
	if (r->form->parentheses && r->signs == 0 && take(r, '(')) {
		take_front(r);
		if (!take_number(r, d)) {
			return false;
		}
		take_behind(r);
		if (!take(r, ')')) {
			return false;
		}
		r->negative = true;
		take_behind(r);
	} else {
		take_sign(r);
		if (!take_number(r, d)) {
			return false;
		}
		take_trailing_minus(r);
		take_behind(r);
		take_trailing_minus(r);
	}
	return r->size == 0 && r->signs <= 1 && r->units <= 1;
}

/* The digits as units of 10^-scale; d has no more than 38 of them. */
static int128 units_of(const struct digits *d, size_t scale, bool negative)
{
	int128 units = 0;
	const char *end = d->point + (d->scale > 0 ? d->scale + 1 : 0);
	for (const char *s = d->first; s < end; s++) {
		units = *s >= '0' && *s <= '9' ? units * 10 + (*s - '0') : units;
	}
	for (size_t i = d->scale; i < scale; i++) {
		units *= 10;
	}
	return negative ? -units : units;
}

static const char *read_amount(const struct expr *e, const char *s, size_t size,
			       struct expr_value *ret)
{
	struct reader r = { .form = e->amount, .s = s, .size = size };
	struct digits d = { 0 };
	bool integer = e->type.kind == COLUMN_INT64;
	size_t scale = integer ? 0 : e->type.scale;
	size_t before = integer ? 19 : (size_t)(e->type.precision - e->type.scale);
	if (!read_form(&r, &d)) {
		return no_amount;
	}
	if (d.scale > scale) {
		return too_many_behind;
	}
	if ((d.whole == 1 && *d.first == '0' ? 0 : d.whole) > before) {
		return integer ? "beyond int64" : too_many_before;
	}
	int128 units = units_of(&d, scale, r.negative);
	if (integer && (units < INT64_MIN || units > INT64_MAX)) {
		return "beyond int64";
	}
	*ret = (struct expr_value){ .type = e->type };
	if (integer) {
		ret->i = (int64_t)units;
	} else {
		ret->dec = (struct decimal){ .units = units, .scale = e->type.scale };
	}
	return NULL;
}

static void parse_amount_eval(const struct expr *e, const struct expr_row *row,
			      struct arena *scratch, struct expr_value *ret)
{
	struct expr_value v;
	expr_eval(e->args[0], row, scratch, &v);
	if (v.null) {
		value_null_of(ret, e->type, &v);
		return;
	}
	const char *reason = read_amount(e, v.text, v.size, ret);
	if (reason != NULL) {
		value_null(ret, e->type, reason);
	}
}

/* ---- pyspark ---- */

#define BLANK "[ \\t\\xa0\\u2007\\u202f]"

static void write_currencies(const struct amount_form *f, const char *more, struct buf *out)
{
	buf_puts(out, "(?:");
	for (size_t i = 0; i < f->n_currencies; i++) {
		buf_puts(out, i == 0 ? "" : "|");
		buf_puts(out, strcmp(f->currencies[i], "$") == 0 ? "\\$" : f->currencies[i]);
	}
	if (*more != '\0') {
		buf_printf(out, "%s%s", f->n_currencies > 0 ? "|" : "", more);
	}
	buf_putc(out, ')');
}

static void write_front(const struct amount_form *f, struct buf *out)
{
	if (f->n_currencies > 0) {
		buf_puts(out, "(?:");
		write_currencies(f, "", out);
		buf_puts(out, BLANK "?)?");
	}
}

static void write_behind(const struct amount_form *f, struct buf *out)
{
	if (f->n_currencies > 0 || f->percent) {
		buf_puts(out, "(?:" BLANK "?");
		write_currencies(f, f->percent ? "%" : "", out);
		buf_puts(out, ")?");
	}
}

static void write_number(const struct expr *e, struct buf *out)
{
	const struct amount_form *f = e->amount;
	unsigned scale = e->type.kind == COLUMN_DECIMAL ? e->type.scale : 0;
	const char *point = f->decimal == '.' ? "\\." : ",";
	buf_puts(out, scale > 0 ? "(?:(?:" : "(?:");
	buf_puts(out, "0|[1-9]\\d*");
	if (f->group != 0) {
		const char *mark = f->group == ' ' ? BLANK : (char[]){ f->group, '\0' };
		buf_printf(out, "|[1-9]\\d{0,2}(?:%s%s\\d{3})+", f->group == '.' ? "\\" : "", mark);
	}
	buf_putc(out, ')');
	if (scale > 0) {
		buf_printf(out, "(?:%s\\d{1,%u})?|%s\\d{1,%u})", point, scale, point, scale);
	}
}

static void write_pattern(const struct expr *e, struct buf *out)
{
	const struct amount_form *f = e->amount;
	const char *minus = f->trailing_minus ? "-?" : "";
	bool units = f->n_currencies > 0 || f->percent;
	buf_puts(out, "\\A");
	if (f->trailing_minus || f->n_currencies > 0) {
		buf_puts(out, "(?!.*[+-].*[+-])");
	}
	if (units) {
		buf_puts(out, "(?!.*");
		write_currencies(f, f->percent ? "%" : "", out);
		buf_puts(out, ".*");
		write_currencies(f, f->percent ? "%" : "", out);
		buf_putc(out, ')');
	}
	buf_puts(out, f->parentheses ? "(?:" : "");
	buf_puts(out, "[+-]?");
	write_front(f, out);
	buf_puts(out, f->n_currencies > 0 ? "[+-]?" : "");
	write_number(e, out);
	buf_puts(out, minus);
	if (units) {
		write_behind(f, out);
		buf_puts(out, minus);
	}
	if (f->parentheses) {
		buf_putc(out, '|');
		write_front(f, out);
		buf_puts(out, "\\(");
		write_front(f, out);
		write_number(e, out);
		write_behind(f, out);
		buf_puts(out, "\\)");
		write_behind(f, out);
		buf_putc(out, ')');
	}
	buf_puts(out, "\\z");
}

static void parse_amount_pyspark(const struct expr *e, struct pyspark *w)
{
	const struct amount_form *f = e->amount;
	struct buf pattern;
	bool signs = f->parentheses || f->trailing_minus;
	buf_init(&pattern, 1 << 16);
	write_pattern(e, &pattern);
	buf_puts(w->out, f->decimal == ',' ? "F.translate(" : "");
	buf_puts(w->out, signs ? "F.regexp_replace(" : "");
	buf_puts(w->out, "F.regexp_replace(F.regexp_substr(");
	pyspark_write(e->args[0], w);
	buf_puts(w->out, ", F.lit(");
	pyspark_pattern(w->out, pattern.data);
	buf_printf(w->out, ")), r\"[^-(\\d%c]\", \"\")", f->decimal);
	buf_puts(w->out, signs ? ", r\"\\A(?:[-(](.*)|(.+)-)\\z\", r\"-$1$2\")" : "");
	buf_puts(w->out, f->decimal == ',' ? ", \",\", \".\")" : "");
	buf_puts(w->out, ".try_cast(");
	pyspark_type(w->out, e->type);
	buf_putc(w->out, ')');
	buf_release(&pattern);
}

/* ---- prose ---- */

static void parse_amount_prose(const struct expr *e, struct buf *out)
{
	const struct amount_form *f = e->amount;
	char type[COLUMN_TYPE_TEXT_MAX];
	column_type_text(e->type, type);
	prose_start(e->args[0], out);
	buf_puts(out,
		 e->args[0]->fn->shape == PROSE_CHAIN ? ", read as an amount "
						      : " read as an amount ");
	if (f->group != 0) {
		buf_printf(out, "1%c234%c5", f->group, f->decimal);
	} else {
		buf_printf(out, "1234%c5", f->decimal);
	}
	for (size_t i = 0; i < f->n_currencies; i++) {
		buf_printf(out, "%s%s", i == 0 ? " with " : " or ", f->currencies[i]);
	}
	buf_puts(out, f->percent ? ", percent as points" : "");
	buf_puts(out, f->parentheses ? ", negative in parentheses" : "");
	buf_puts(out, f->trailing_minus ? ", negative before a minus" : "");
	buf_printf(out, ", as %s", type);
}

const struct function function_parse_amount = {
	.name = "parse_amount",
	.args_min = 1,
	.args_max = 1,
	.members = { "decimal", "group", "currencies", "percent", "parentheses", "trailing_minus",
		     "type" },
	.shape = PROSE_CHAIN,
	.check = parse_amount_check,
	.eval = parse_amount_eval,
	.pyspark = parse_amount_pyspark,
	.prose = parse_amount_prose,
};
