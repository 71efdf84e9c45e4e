/*
 * For tests/spark/test_expression_vectors.py: reads vectors as JSON lines and prints, line by line, what
 * the interpreter gives and the PySpark text, {"type", "text", "pyspark", "lookups": [{"dimension",
 * "column", "pyspark"}]}; a lookup's pyspark is the key that the join looks for.
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

static void add_lookups(const struct bldr_value *rule, struct arena *arena, struct bldr_value *list)
{
	const char *dimension = bldr_get_text(rule, "dimension");
	const struct bldr_value *args = bldr_get(rule, "args");
	for (size_t i = 0; i < bldr_count(args); i++) {
		add_lookups(bldr_at(args, i), arena, list);
	}
	if (dimension != NULL) {
		struct bldr_value *lookup = bldr_object();
		bldr_object_set(lookup, "dimension", bldr_text(dimension));
		bldr_object_set(lookup, "column", bldr_text(lookup_name(arena, dimension)));
		bldr_object_set(lookup, "pyspark", write_pyspark(bldr_get(rule, "key"), arena));
		bldr_list_add(list, lookup);
	}
}

static void answer(struct bldr_value *vector)
{
	const struct bldr_value *rule = bldr_get(vector, "rule");
	const struct expr_scope scope = vector_scope(vector);
	const struct expr_row row = vector_row(vector);
	struct bldr_error err = { 0 };
	struct arena arena = { 0 };
	const struct expr *e;
	struct expr_value v;
	struct buf text;
	char type[COLUMN_TYPE_TEXT_MAX];

	or_die(expr_compile(rule, &scope, &arena, &e, &err), &err);
	expr_eval(e, &row, &arena, &v);
	column_type_text(v.type, type);
	buf_init(&text, 1 << 24);
	bool there = expr_value_text(&v, &text);

	struct bldr_value *line = bldr_object();
	struct bldr_value *lookups = bldr_list();
	add_lookups(rule, &arena, lookups);
	bldr_object_set(line, "type", bldr_text(type));
	bldr_object_set(line, "text", bldr_text(there ? text.data : NULL));
	bldr_object_set(line, "pyspark", write_pyspark(rule, &arena));
	bldr_object_set(line, "lookups", lookups);
	char *json = bldr_value_text(line);
	puts(json);
	free(json);
	bldr_unref(line);
	buf_release(&text);
	arena_release(&arena);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
		struct bldr_error err = { 0 };
		struct bldr_value *vector;
		or_die(bldr_value_parse(line, (size_t)n, &vector, &err), &err);
		answer(vector);
		bldr_unref(vector);
	}
	free(line);
	return 0;
}
