/*
 * The golden vectors by the interpreter, one case each; and the table of functions against the files:
 * a function without vectors or without a back end does not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expr/function.h"
#include "expr/vector.h"

enum { VECTORS_MIN = 3 };

static void check_vector(void **state)
{
	struct bldr_value *vector = *state;
	const struct bldr_value *expect = bldr_get(vector, "expect");
	const struct expr_scope scope = vector_scope(vector);
	const struct expr_row row = vector_row(vector);
	struct arena arena = { 0 };
	struct bldr_error err = { 0 };
	const struct expr *e;
	struct expr_value v;
	struct buf text;
	char type[COLUMN_TYPE_TEXT_MAX];

	if (expr_compile(bldr_get(vector, "rule"), &scope, &arena, &e, &err) < 0) {
		fail_msg("%s", err.text);
	}
	expr_eval(e, &row, &arena, &v);
	column_type_text(v.type, type);
	assert_string_equal(type, bldr_get_text(expect, "type"));
	assert_true(column_type_equal(v.type, expr_type(e)));

	buf_init(&text, 1 << 20);
	assert_int_equal(expr_value_text(&v, &text), bldr_get_text(expect, "text") != NULL);
	if (!v.null) {
		assert_string_equal(text.data, bldr_get_text(expect, "text"));
	}
	const struct bldr_value *reason = bldr_get(expect, "reason");
	if (reason != NULL) {
		assert_string_equal(v.reason != NULL ? v.reason : "(none)",
				    bldr_is_null(reason) ? "(none)" : bldr_as_text(reason));
	}
	buf_release(&text);
	arena_release(&arena);
}

static void check_table(void **state)
{
	(void)state;
	for (size_t i = 0; functions[i] != NULL; i++) {
		struct bldr_value *file = vector_file(functions[i]->name);
		assert_string_equal(bldr_get_text(file, "function"), functions[i]->name);
		assert_true(bldr_count(bldr_get(file, "vectors")) >= VECTORS_MIN);
		assert_non_null(functions[i]->check);
		assert_non_null(functions[i]->eval);
		assert_non_null(functions[i]->pyspark);
		assert_non_null(functions[i]->prose);
		assert_ptr_equal(function_find(functions[i]->name), functions[i]);
		bldr_unref(file);
	}
}

/* What the cases hold while they run. */
struct cases {
	struct arena arena;
	LIST(struct CMUnitTest) tests;
	LIST(struct bldr_value *) vectors; /* copies, one per case */
};

static void add_case(struct cases *c, const char *name, CMUnitTestFunction test, void *state)
{
	*LIST_ADD(&c->arena, &c->tests) = (struct CMUnitTest){
		.name = name,
		.test_func = test,
		.initial_state = state,
	};
}

static void add_function(struct cases *c, const char *function)
{
	struct bldr_value *file = vector_file(function);
	const struct bldr_value *vectors = bldr_get(file, "vectors");
	for (size_t i = 0; i < bldr_count(vectors); i++) {
		struct bldr_value *vector = bldr_copy(bldr_at(vectors, i));
		const char *name = bldr_get_text(vector, "name");
		*LIST_ADD(&c->arena, &c->vectors) = vector;
		add_case(c, arena_printf(&c->arena, "%s: %s", function, name), check_vector, vector);
	}
	bldr_unref(file);
}

int main(void)
{
	struct cases c = { 0 };
	add_case(&c, "every function is whole", check_table, NULL);
	for (size_t i = 0; functions[i] != NULL; i++) {
		add_function(&c, functions[i]->name);
	}
	int rc = _cmocka_run_group_tests("vectors", c.tests.at, c.tests.n, NULL, NULL);
	for (size_t i = 0; i < c.vectors.n; i++) {
		bldr_unref(c.vectors.at[i]);
	}
	arena_release(&c.arena);
	return rc;
}
