/*
 * Surrogate keys and the references that facts hold. A key is the low 63 bits of XXH64 (seed 42, as
 * Spark's xxhash64) over the table's name and the typed parts, joined by '|', with '\' and '|' escaped
 * by a backslash and a null part as "\0" (a backslash and the digit). So it is the same wherever
 * and whenever it is computed, and never one of the reserved members, which are negative.
 */
#include <string.h>

#include "base/hash.h"
#include "expr/function.h"

enum { MEMBER_UNKNOWN = -1, MEMBER_NOT_APPLICABLE = -2 };
#define CANON_MAX ((size_t)64 << 20)

static void add_escaped(struct buf *out, const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '\\' || s[i] == '|') {
			buf_putc(out, '\\');
		}
		buf_putc(out, s[i]);
	}
}

static void add_part(struct buf *out, const struct expr_value *v)
{
	char chars[VALUE_CHARS_MAX];
	buf_putc(out, '|');
	if (v->null) {
		buf_puts(out, "\\0");
	} else if (v->type.kind == COLUMN_TEXT) {
		add_escaped(out, v->text, v->size);
	} else {
		buf_add(out, chars, value_chars(v, chars));
	}
}

/* ---- surrogate_key ---- */

static int surrogate_key_check(struct compiler *c, const struct pointer *at,
			       const struct bldr_value *tree, struct expr *e)
{
	int rc = compile_text(c, at, tree, "table", &e->name);
	e->type = (struct column_type){ .kind = COLUMN_INT64 };
	return rc < 0 ? rc : compile_parts(c, at, e);
}

static void surrogate_key_eval(const struct expr *e, const struct expr_row *row,
			       struct arena *scratch, struct expr_value *ret)
{
	struct buf canon;
	buf_init(&canon, CANON_MAX);
	add_escaped(&canon, e->name, strlen(e->name));
	for (size_t i = 0; i < e->n_args; i++) {
		struct expr_value part;
		expr_eval(e->args[i], row, scratch, &part);
		add_part(&canon, &part);
	}
	if (buf_failed(&canon)) {
		value_null(ret, e->type, "key parts longer than 64 MB");
	} else {
		value_int(ret, hash_spark_xx64(canon.data, canon.size) & INT64_MAX);
	}
	buf_release(&canon);
}

static void write_part(const struct expr *e, struct pyspark *w)
{
	bool escape = e->type.kind == COLUMN_TEXT;
	buf_puts(w->out, escape ? "F.coalesce(F.regexp_replace(" : "F.coalesce(");
	pyspark_write_text(e, w);
	buf_puts(w->out, escape ? ", r\"([\\\\|])\", r\"\\\\$1\"), " : ", ");
	buf_puts(w->out, "F.lit(\"\\\\0\"))");
}

static void surrogate_key_pyspark(const struct expr *e, struct pyspark *w)
{
	struct buf table;
	buf_init(&table, CANON_MAX);
	add_escaped(&table, e->name, strlen(e->name));
	buf_puts(w->out, "F.xxhash64(F.concat_ws(\"|\", F.lit(");
	pyspark_string(w->out, table.data);
	buf_puts(w->out, ")");
	for (size_t i = 0; i < e->n_args; i++) {
		buf_puts(w->out, ", ");
		write_part(e->args[i], w);
	}
	buf_puts(w->out, ")).bitwiseAND(F.lit(0x7FFFFFFFFFFFFFFF))");
	buf_release(&table);
}

static void surrogate_key_prose(const struct expr *e, struct buf *out)
{
	buf_puts(out, "surrogate key of ");
	prose_name(out, e->name);
	buf_puts(out, " for ");
	prose_operands(e, out);
}

const struct function function_surrogate_key = {
	.name = "surrogate_key",
	.args_min = 1,
	.args_max = EXPR_ARGS_MAX,
	.members = { "table" },
	.shape = PROSE_PREFIX,
	.check = surrogate_key_check,
	.eval = surrogate_key_eval,
	.pyspark = surrogate_key_pyspark,
	.prose = surrogate_key_prose,
};

/* ---- lookup ---- */

static int hop_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		     struct expr_hop *ret)
{
	const struct bldr_value *from = bldr_get(tree, "from");
	const struct pointer from_at = { .up = at, .key = "from" };
	const struct pointer to_at = { .up = at, .key = "to" };
	int rc;
	if (bldr_type_of(from) != BLDR_LIST || bldr_count(from) == 0 ||
	    bldr_count(from) > EXPR_ARGS_MAX) {
		return compile_missing(c, at, "from", "a list of 1 to 64 expressions", from);
	}
	if (bldr_get(tree, "to") == NULL) {
		return compile_missing(c, at, "to", "an expression", NULL);
	}
	if (bldr_count(tree) != 2) {
		return pointer_error(at, c->err, "a hop has \"from\" and \"to\" alone");
	}
	ret->n_from = bldr_count(from);
	rc = compile_list(c, &from_at, from, &ret->from);
	return rc < 0 ? rc : compile_node(c, &to_at, bldr_get(tree, "to"), &ret->to);
}

static int over_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		      struct expr *e)
{
	const struct bldr_value *over = bldr_get(tree, "over");
	const struct pointer over_at = { .up = at, .key = "over" };
	struct expr_hop *hops;
	if (over == NULL) {
		return 0;
	}
	if (bldr_type_of(over) != BLDR_LIST || bldr_count(over) == 0 ||
	    bldr_count(over) > EXPR_ARGS_MAX) {
		return compile_missing(c, at, "over", "a list of 1 to 64 hops", over);
	}
	e->n_over = bldr_count(over);
	e->over = hops = ARENA_ARRAY(c->arena, struct expr_hop, e->n_over);
	for (size_t i = 0; i < e->n_over; i++) {
		const struct pointer hop_at = { .up = &over_at, .index = i };
		int rc = hop_check(c, &hop_at, bldr_at(over, i), &hops[i]);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int lookup_check(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
			struct expr *e)
{
	const struct pointer here = { .up = at, .key = "dimension" };
	const struct pointer key = { .up = at, .key = "key" };
	int rc = compile_text(c, at, tree, "dimension", &e->name);
	if (rc < 0) {
		return rc;
	}
	if (c->scope->dimension == NULL || !c->scope->dimension(c->scope->user, e->name, &e->slot)) {
		return pointer_error(&here, c->err, "no dimension \"%s\" here", e->name);
	}
	if (bldr_get(tree, "key") == NULL) {
		return pointer_error(at, c->err, "lacks \"key\", an expression of type int64");
	}
	rc = compile_node(c, &key, bldr_get(tree, "key"), &e->key);
	if (rc < 0) {
		return rc;
	}
	if (e->key->type.kind != COLUMN_INT64) {
		char found[COLUMN_TYPE_TEXT_MAX];
		column_type_text(e->key->type, found);
		return pointer_error(&key, c->err, "a key is int64, found %s", found);
	}
	e->type = (struct column_type){ .kind = COLUMN_INT64 };
	rc = over_check(c, at, tree, e);
	return rc < 0 ? rc : compile_parts(c, at, e);
}

/* The foreign key is written, but leads to no record. */
static bool hop_misses(const struct expr_hop *hop, const struct expr_row *row, struct arena *scratch)
{
	struct expr_value v;
	expr_eval(hop->to, row, scratch, &v);
	if (!v.null) {
		return false;
	}
	for (size_t i = 0; i < hop->n_from; i++) {
		expr_eval(hop->from[i], row, scratch, &v);
		if (v.null) {
			return false;
		}
	}
	return true;
}

static void lookup_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
			struct expr_value *ret)
{
	struct expr_value v;
	for (size_t i = 0; i < e->n_over; i++) {
		if (hop_misses(&e->over[i], row, scratch)) {
			value_int(ret, MEMBER_UNKNOWN);
			return;
		}
	}
	for (size_t i = 0; i < e->n_args; i++) {
		expr_eval(e->args[i], row, scratch, &v);
		if (v.null) {
			value_int(ret, MEMBER_NOT_APPLICABLE);
			return;
		}
	}
	expr_eval(e->key, row, scratch, &v);
	bool found = !v.null && row->has_key != NULL && row->has_key(row->user, e->slot, v.i);
	value_int(ret, found ? v.i : MEMBER_UNKNOWN);
}

static void hop_pyspark(const struct expr_hop *hop, struct pyspark *w)
{
	for (size_t i = 0; i < hop->n_from; i++) {
		pyspark_write(hop->from[i], w);
		buf_puts(w->out, ".isNotNull() & ");
	}
	pyspark_write(hop->to, w);
	buf_printf(w->out, ".isNull(), F.lit(%d)).when(", MEMBER_UNKNOWN);
}

static void lookup_pyspark(const struct expr *e, struct pyspark *w)
{
	buf_puts(w->out, "F.when(");
	for (size_t i = 0; i < e->n_over; i++) {
		hop_pyspark(&e->over[i], w);
	}
	for (size_t i = 0; i < e->n_args; i++) {
		buf_puts(w->out, i == 0 ? "" : " | ");
		pyspark_write(e->args[i], w);
		buf_puts(w->out, ".isNull()");
	}
	buf_printf(w->out, ", F.lit(%d)).otherwise(F.coalesce(F.col(", MEMBER_NOT_APPLICABLE);
	pyspark_string(w->out, w->names->lookup(w->names->user, e->name));
	buf_printf(w->out, "), F.lit(%d)))", MEMBER_UNKNOWN);
}

static void lookup_prose(const struct expr *e, struct buf *out)
{
	buf_puts(out, "key of ");
	prose_name(out, e->name);
	buf_puts(out, " for ");
	prose_operands(e, out);
	for (size_t i = 0; i < e->n_over; i++) {
		buf_puts(out, i == 0 ? " over " : ", then ");
		for (size_t k = 0; k < e->over[i].n_from; k++) {
			buf_puts(out, k == 0 ? "" : " and ");
			prose_operand(e->over[i].from[k], out);
		}
	}
	buf_printf(out, "; %d if not there, %d if null", MEMBER_UNKNOWN, MEMBER_NOT_APPLICABLE);
}

const struct function function_lookup = {
	.name = "lookup",
	.args_min = 1,
	.args_max = EXPR_ARGS_MAX,
	.members = { "dimension", "key", "over" },
	.shape = PROSE_PREFIX,
	.check = lookup_check,
	.eval = lookup_eval,
	.pyspark = lookup_pyspark,
	.prose = lookup_prose,
};
