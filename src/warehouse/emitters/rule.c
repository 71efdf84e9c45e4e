/*
 * expr_pyspark() writes a part of a rule the same wherever it stands. So a rule is written with marks in place
 * of its raw columns, each part that silver makes likewise, and the part's text in the rule's is replaced by
 * the silver column. A mark is unique to a column and cannot stand in a literal's text, whose quotes are
 * escaped; a mark that is left would be a bug.
 */
#include "warehouse/emitters/rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "expr/expr.h"
#include "warehouse/rule_tree.h"

static const char mark[] = "raw!";

/* ---- sides ---- */

static const struct rule_side *find_side(const struct rules *r, const char *alias)
{
	for (size_t i = 0; i < r->sides.n; i++) {
		if (strcmp(r->sides.at[i].alias, alias) == 0 || (i == 0 && *alias == '\0')) {
			return &r->sides.at[i];
		}
	}
	return NULL;
}

static bool is_used(const struct rules *r, const char *name)
{
	for (size_t i = 0; i < r->sides.n; i++) {
		if (strcasecmp(r->sides.at[i].name, name) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < r->lookups.n; i++) {
		if (strcasecmp(r->lookups.at[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static const char *unique_name(const struct rules *r, const char *base)
{
	const char *name = base;

	for (int i = 2; is_used(r, name); i++) {
		name = arena_printf(r->emitter->arena, "%s_%d", base, i);
	}
	return name;
}

/* An alias that Spark takes unquoted. */
static const char *plain_name(const struct rules *r, const char *alias)
{
	char *name = arena_strdup(r->emitter->arena, alias);

	for (char *c = name; *c != '\0'; c++) {
		*c = isalnum((unsigned char)*c) != 0 ? *c : '_';
	}
	return isalpha((unsigned char)name[0]) != 0 ? name
						    : arena_printf(r->emitter->arena, "t_%s", name);
}

static void add_side(struct rules *r, const char *alias, const char *table)
{
	const struct rule_side side = {
		.alias = alias,
		.name = unique_name(r, plain_name(r, alias)),
		.source = lake_source(r->emitter->lake, table),
	};

	ASSERT(side.source != NULL);
	*LIST_ADD(r->emitter->arena, &r->sides) = side;
}

const char *rules_column(const struct rules *r, const char *alias, const char *column)
{
	const struct rule_side *side = find_side(r, alias);

	ASSERT(side != NULL);
	return arena_printf(r->emitter->arena, "%s.%s", side->name, column);
}

/* ---- lookups ---- */

static const struct target *find_target(const struct targets *targets, const char *name)
{
	for (size_t i = 0; i < targets->n; i++) {
		if (strcmp(targets->at[i].sttm->name, name) == 0) {
			return &targets->at[i];
		}
	}
	return NULL;
}

static const struct rule_lookup *find_lookup(const struct rules *r, const char *dimension,
					     const struct bldr_value *key)
{
	for (size_t i = 0; i < r->lookups.n; i++) {
		const struct rule_lookup *l = &r->lookups.at[i];

		if (strcmp(l->dimension->sttm->name, dimension) == 0 && bldr_equal(l->key, key)) {
			return l;
		}
	}
	return NULL;
}

static void add_lookups(struct rules *r, const struct bldr_value *tree)
{
	const struct bldr_value *key = bldr_get(tree, "key");
	const char *dimension = bldr_get_text(tree, "dimension");
	const struct bldr_value *part;

	for (size_t i = 0; (part = rule_part(tree, i)) != NULL; i++) {
		add_lookups(r, part);
	}
	if (dimension != NULL && find_lookup(r, dimension, key) == NULL) {
		const struct target *t = find_target(r->emitter->targets, dimension);
		const struct rule_lookup lookup = {
			.name = unique_name(r, dimension),
			.dimension = t,
			.key_column = t->columns[t->surrogate].sttm->target,
			.key = key,
		};

		*LIST_ADD(r->emitter->arena, &r->lookups) = lookup;
	}
}

/* expr_pyspark() asks for a lookup by its dimension: a rule must use one key for each. */
static const struct bldr_value *key_of(const struct bldr_value *tree, const char *dimension,
				       bool *ret_clash)
{
	const char *own = bldr_get_text(tree, "dimension");
	const struct bldr_value *key =
		own != NULL && strcmp(own, dimension) == 0 ? bldr_get(tree, "key") : NULL;
	const struct bldr_value *part;

	for (size_t i = 0; (part = rule_part(tree, i)) != NULL; i++) {
		const struct bldr_value *other = key_of(part, dimension, ret_clash);

		*ret_clash |= key != NULL && other != NULL && !bldr_equal(key, other);
		key = key != NULL ? key : other;
	}
	return key;
}

static int check_lookups(const struct rules *r, const struct sttm_column *c)
{
	for (size_t i = 0; i < r->lookups.n; i++) {
		const char *dimension = r->lookups.at[i].dimension->sttm->name;
		bool clash = false;

		(void)key_of(c->rule, dimension, &clash);
		if (clash) {
			return bldr_error_set(
				r->emitter->err, BLDR_E_INVALID,
				"column \"%s.%s\": the rule looks \"%s\" up by two keys; "
				"a notebook can do so by one",
				r->table->name, c->target, dimension);
		}
	}
	return 0;
}

int rules_build(struct emitter *e, const struct target *t, struct rules *ret)
{
	struct rules r = { .emitter = e, .table = t->sttm };

	if (t->sttm->source != NULL) {
		add_side(&r, t->sttm->source, t->sttm->source);
	}
	for (size_t i = 0; i < t->sttm->joins.n; i++) {
		add_side(&r, t->sttm->joins.at[i].alias, t->sttm->joins.at[i].table);
	}
	for (size_t i = 0; i < t->sttm->columns.n; i++) {
		add_lookups(&r, t->sttm->columns.at[i].rule);
	}
	for (size_t i = 0; i < t->sttm->columns.n; i++) {
		if (check_lookups(&r, &t->sttm->columns.at[i]) < 0) {
			return BLDR_E_INVALID;
		}
	}
	*ret = r;
	return 0;
}

/* ---- texts ---- */

struct naming {
	const struct rules *rules;
	const struct bldr_value *rule;
};

static const char *name_column(void *user, const char *alias, const char *column)
{
	const struct naming *n = user;

	(void)alias; /* a mark names its side, too */
	if (strncmp(column, mark, strlen(mark)) == 0 || n->rules->sides.n == 0) {
		return column;
	}
	return rules_column(n->rules, "", column); /* lineage */
}

static const char *name_lookup(void *user, const char *dimension)
{
	const struct naming *n = user;
	bool clash = false;
	const struct rule_lookup *l =
		find_lookup(n->rules, dimension, key_of(n->rule, dimension, &clash));

	ASSERT(l != NULL);
	return arena_printf(n->rules->emitter->arena, "%s.%s", l->name, l->key_column);
}

/* The column's mark. */
static struct bldr_value *marked(void *user, const struct bldr_value *column)
{
	const struct naming *n = user;
	const char *of = bldr_get_text(column, "of");
	const char *side = find_side(n->rules, of != NULL ? of : "")->name;
	struct bldr_value *copy = bldr_object();

	bldr_object_set(copy, "col",
			bldr_textf("%s%s!%s", mark, side, bldr_get_text(column, "col")));
	return copy;
}

static int write_marked(const struct rules *r, const struct bldr_value *rule,
			const struct bldr_value *tree, struct buf *out)
{
	struct naming naming = { r, rule };
	const struct expr_pyspark names = { name_column, name_lookup, &naming };
	struct bldr_value *copy = rule_rewrite(tree, marked, &naming);
	int rc = expr_pyspark(copy, &names, out, r->emitter->err);

	bldr_unref(copy);
	return rc;
}

struct replacement {
	const char *from;
	size_t size;
	const char *to;
};

static int longest_first(const void *a, const void *b)
{
	const struct replacement *x = a;
	const struct replacement *y = b;

	return x->size < y->size ? 1 : x->size > y->size ? -1 : 0;
}

/* Every occurrence in text, which is replaced as a whole. */
static void replace_all(struct buf *text, const struct replacement *by)
{
	struct buf result;
	const char *at = text->data;
	const char *hit;

	buf_init(&result, text->max);
	while ((hit = strstr(at, by->from)) != NULL) {
		buf_add(&result, at, (size_t)(hit - at));
		buf_puts(&result, by->to);
		at = hit + by->size;
	}
	buf_puts(&result, at);
	buf_release(text);
	*text = result;
}

static int add_replacement(const struct rules *r, const struct lake_read *read,
			   struct replacement *ret)
{
	struct arena *a = r->emitter->arena;
	struct buf text;
	int rc;

	buf_init(&text, EMIT_TEXT_MAX);
	rc = write_marked(r, read->part, read->part, &text);
	if (rc == 0) {
		*ret = (struct replacement){
			.from = arena_strdup(a, text.data),
			.size = text.size,
			.to = arena_printf(a, "F.col(\"%s\")",
					   rules_column(r, read->alias, read->value->name)),
		};
	}
	buf_release(&text);
	return rc;
}

int rules_write(const struct rules *r, const struct bldr_value *rule, struct buf *out)
{
	lake_reads reads = { 0 };
	struct replacement *list;
	struct buf text;
	int rc;

	buf_init(&text, EMIT_TEXT_MAX);
	rc = write_marked(r, rule, rule, &text);
	lake_find_reads(r->emitter->lake, r->table, rule, &reads);
	list = ARENA_ARRAY(r->emitter->arena, struct replacement, reads.n);
	for (size_t i = 0; rc == 0 && i < reads.n; i++) {
		rc = add_replacement(r, &reads.at[i], &list[i]);
	}
	if (rc == 0 && reads.n > 0) {
		qsort(list, reads.n, sizeof(*list), longest_first);
		for (size_t i = 0; i < reads.n; i++) {
			replace_all(&text, &list[i]);
		}
	}
	if (rc == 0) {
		ASSERT(strstr(text.data, "F.col(\"raw!") == NULL);
		buf_add(out, text.data, text.size);
	}
	buf_release(&text);
	return rc;
}
