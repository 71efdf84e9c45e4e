/*
 * For tests/spark: what the interpreter gives for rules over rows, and the PySpark text of the rules. Reads batches as
 * JSON lines,
 *	{"rules": [rule...], "rows": [{"row": {...}, "at": {...}}...], "keys": {dimension: [key...]}}
 * where all rows name the columns of the first in its order, and prints a line per batch,
 *	{"rules": [{"type", "pyspark", "lookups": [{"dimension", "column", "pyspark"}]} or {"error"}...],
 *	 "texts": [[text or null per rule]...]}
 * A lookup's pyspark is the key that the join looks for. A rule that does not compile has nulls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "expr/vector.h"

static const char *column_name(void *user, const char *alias, const char *column)
{
	return *alias == '\0' ? column : arena_printf(user, "%s__%s", alias, column);
}

static const char *lookup_name(void *user, const char *dimension)
{
	return arena_printf(user, "key_of_%s", dimension);
}

static void or_die(int rc, const struct bldr_error *err)
{
	if (rc < 0) {
		fprintf(stderr, "%s\n", err->text);
		exit(1);
	}
}

static struct bldr_value *write_pyspark(const struct bldr_value *rule, struct arena *arena)
{
	const struct expr_pyspark names = { column_name, lookup_name, arena };
	struct bldr_error err = { 0 };
	struct buf out;
	buf_init(&out, 1 << 24);
	or_die(expr_pyspark(rule, &names, &out, &err), &err);
	struct bldr_value *text = bldr_text(out.data);
	buf_release(&out);
	return text;
}

static bool has_lookup(const struct bldr_value *list, const char *dimension)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (strcmp(bldr_get_text(bldr_at(list, i), "dimension"), dimension) == 0) {
			return true;
		}
	}
	return false;
}

static void add_lookups(const struct bldr_value *rule, struct arena *arena, struct bldr_value *list)
{
	const char *dimension = bldr_get_text(rule, "dimension");
	const struct bldr_value *args = bldr_get(rule, "args");
	for (size_t i = 0; i < bldr_count(args); i++) {
		add_lookups(bldr_at(args, i), arena, list);
	}
	if (dimension != NULL && !has_lookup(list, dimension)) {
		struct bldr_value *lookup = bldr_object();
		bldr_object_set(lookup, "dimension", bldr_text(dimension));
		bldr_object_set(lookup, "column", bldr_text(lookup_name(arena, dimension)));
		bldr_object_set(lookup, "pyspark", write_pyspark(bldr_get(rule, "key"), arena));
		bldr_list_add(list, lookup);
	}
}

/* What is known of a rule before any row; *ret is NULL when it does not compile. */
static struct bldr_value *compile(const struct bldr_value *rule, const struct expr_scope *scope,
				  struct arena *arena, const struct expr **ret)
{
	struct bldr_value *answer = bldr_object();
	struct bldr_error err = { 0 };
	*ret = NULL;
	if (expr_compile(rule, scope, arena, ret, &err) < 0) {
		bldr_object_set(answer, "error", bldr_text(err.text));
		return answer;
	}
	struct bldr_value *lookups = bldr_list();
	char type[COLUMN_TYPE_TEXT_MAX];
	column_type_text(expr_type(*ret), type);
	add_lookups(rule, arena, lookups);
	bldr_object_set(answer, "type", bldr_text(type));
	bldr_object_set(answer, "pyspark", write_pyspark(rule, arena));
	bldr_object_set(answer, "lookups", lookups);
	return answer;
}

static struct bldr_value *evaluate(const struct expr *e, const struct expr_row *row)
{
	struct arena scratch = { 0 };
	struct expr_value v;
	struct buf text;
	buf_init(&text, 1 << 24);
	expr_eval(e, row, &scratch, &v);
	struct bldr_value *ret = bldr_text(expr_value_text(&v, &text) ? text.data : NULL);
	buf_release(&text);
	arena_release(&scratch);
	return ret;
}

/* The batch's rows one by one, as vectors that have its keys. */
static struct bldr_value *vector_of(const struct bldr_value *batch, size_t i)
{
	struct bldr_value *vector = bldr_own(bldr_copy(bldr_at(bldr_get(batch, "rows"), i)));
	bldr_object_set(vector, "keys", bldr_ref(bldr_get(batch, "keys")));
	return vector;
}

static struct bldr_value *answer(const struct bldr_value *batch)
{
	const struct bldr_value *rules = bldr_get(batch, "rules");
	size_t n = bldr_count(rules);
	const struct expr **compiled = xcalloc(n, sizeof(*compiled));
	struct bldr_value *first = vector_of(batch, 0);
	const struct expr_scope scope = vector_scope(first);
	struct arena arena = { 0 };
	struct bldr_value *known = bldr_list();
	struct bldr_value *texts = bldr_list();
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(known, compile(bldr_at(rules, i), &scope, &arena, &compiled[i]));
	}
	for (size_t r = 0; r < bldr_count(bldr_get(batch, "rows")); r++) {
		struct bldr_value *vector = vector_of(batch, r);
		const struct expr_row row = vector_row(vector);
		struct bldr_value *line = bldr_list();
		for (size_t i = 0; i < n; i++) {
			bldr_list_add(line,
				      compiled[i] != NULL ? evaluate(compiled[i], &row) : NULL);
		}
		bldr_list_add(texts, line);
		bldr_unref(vector);
	}
	struct bldr_value *ret = bldr_object();
	bldr_object_set(ret, "rules", known);
	bldr_object_set(ret, "texts", texts);
	bldr_unref(first);
	arena_release(&arena);
	free(compiled);
	return ret;
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
		struct bldr_error err = { 0 };
		struct bldr_value *batch;
		or_die(bldr_value_parse(line, (size_t)n, &batch, &err), &err);
		struct bldr_value *answered = answer(batch);
		char *json = bldr_value_text(answered);
		puts(json);
		free(json);
		bldr_unref(answered);
		bldr_unref(batch);
	}
	free(line);
	return 0;
}
