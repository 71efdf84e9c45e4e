/*
 * From the JSON tree to a checked tree: every member is known, every argument has the type its
 * function takes, every column and dimension is in scope. The result holds copies and outlives the
 * JSON. What is wrong is told with the JSON pointer of where; depth and arguments are bounded, so
 * that nothing later can recurse without end.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "expr/function.h"

enum { SHOWN_MAX = 60 };

int compile_missing(struct compiler *c, const struct pointer *at, const char *member,
		    const char *wanted, const struct bldr_value *found)
{
	char text[VALUE_DESCRIPTION_MAX];
	const struct pointer here = { .up = at, .key = member };
	if (found == NULL) {
		return pointer_error(at, c->err, "lacks \"%s\", %s", member, wanted);
	}
	value_describe(found, text);
	return pointer_error(&here, c->err, "expected %s, found %s", wanted, text);
}

int compile_text(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		 const char *member, const char **ret)
{
	const struct bldr_value *v = bldr_get(tree, member);
	const char *text = bldr_as_text(v);
	if (text == NULL || *text == '\0') {
		return compile_missing(c, at, member, "a text that is not empty", v);
	}
	*ret = arena_strdup(c->arena, text);
	return 0;
}

int compile_texts(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		  const char *member, struct expr *e)
{
	const struct bldr_value *v = bldr_get(tree, member);
	const struct pointer list = { .up = at, .key = member };
	size_t n = bldr_count(v);
	if (bldr_type_of(v) != BLDR_LIST || n == 0) {
		return compile_missing(c, at, member, "a list of texts that is not empty", v);
	}
	const char **texts = ARENA_ARRAY(c->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		const struct pointer item = { .up = &list, .index = i };
		const char *text = bldr_as_text(bldr_at(v, i));
		if (text == NULL) {
			char found[VALUE_DESCRIPTION_MAX];
			value_describe(bldr_at(v, i), found);
			return pointer_error(&item, c->err, "expected a text, found %s", found);
		}
		texts[i] = arena_strdup(c->arena, text);
	}
	e->texts = texts;
	e->n_texts = n;
	return 0;
}

int compile_formats(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		    const char *(*fault)(const char *format), struct expr *e)
{
	const struct pointer formats = { .up = at, .key = "formats" };
	int rc = compile_texts(c, at, tree, "formats", e);
	for (size_t i = 0; rc == 0 && i < e->n_texts; i++) {
		const struct pointer here = { .up = &formats, .index = i };
		const char *why = fault(e->texts[i]);
		if (why != NULL) {
			char found[VALUE_DESCRIPTION_MAX];
			value_describe(bldr_at(bldr_get(tree, "formats"), i), found);
			rc = pointer_error(&here, c->err, "%s format %s %s",
					   fault == date_format_fault ? "date" : "time", found,
					   why);
		}
	}
	return rc;
}

int compile_type(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		 struct column_type *ret)
{
	static const char wanted[] = "a type: text bool int64 decimal(p,s) double date timestamp "
				     "timestamp_ntz";
	const struct bldr_value *v = bldr_get(tree, "type");
	const char *text = bldr_as_text(v);
	if (text == NULL || !column_type_parse(text, ret)) {
		return compile_missing(c, at, "type", wanted, v);
	}
	return 0;
}

int compile_arg(struct compiler *c, const struct pointer *at, const struct expr *e, size_t i,
		enum column_kind kind)
{
	if (e->args[i]->type.kind == kind) {
		return 0;
	}
	char wanted[COLUMN_TYPE_TEXT_MAX];
	char found[COLUMN_TYPE_TEXT_MAX];
	column_type_text((struct column_type){ .kind = kind }, wanted);
	column_type_text(e->args[i]->type, found);
	const struct pointer args = { .up = at, .key = "args" };
	const struct pointer arg = { .up = &args, .index = i };
	return pointer_error(&arg, c->err, "\"%s\" takes %s, found %s", e->fn->name, wanted, found);
}

int compile_parts(struct compiler *c, const struct pointer *at, const struct expr *e)
{
	const struct pointer args = { .up = at, .key = "args" };
	for (size_t i = 0; i < e->n_args; i++) {
		const struct pointer arg = { .up = &args, .index = i };
		if (e->args[i]->type.kind == COLUMN_DOUBLE) {
			return pointer_error(&arg, c->err,
					     "a double has no exact text, so it cannot be part of "
					     "a key; cast to decimal(p,s) instead");
		}
	}
	return 0;
}

int compile_list(struct compiler *c, const struct pointer *at, const struct bldr_value *list,
		 const struct expr ***ret)
{
	size_t n = bldr_count(list);
	const struct expr **items = ARENA_ARRAY(c->arena, const struct expr *, n > 0 ? n : 1);
	for (size_t i = 0; i < n; i++) {
		const struct pointer item = { .up = at, .index = i };
		int rc = compile_node(c, &item, bldr_at(list, i), &items[i]);
		if (rc < 0) {
			return rc;
		}
	}
	*ret = items;
	return 0;
}

static int compile_args(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
			struct expr *e)
{
	const struct bldr_value *list = bldr_get(tree, "args");
	const struct pointer args = { .up = at, .key = "args" };
	size_t n = bldr_count(list);
	if (bldr_type_of(list) != BLDR_LIST) {
		return compile_missing(c, at, "args", "a list of expressions", list);
	}
	size_t min = e->fn->args_min;
	size_t max = e->fn->args_max;
	if (n < min || n > max) {
		char wanted[32];
		if (min == max) {
			snprintf(wanted, sizeof(wanted), "%zu", min);
		} else {
			snprintf(wanted, sizeof(wanted), "%zu to %zu", min, max);
		}
		return pointer_error(&args, c->err, "\"%s\" takes %s argument%s, found %zu",
				     e->fn->name, wanted, max == 1 ? "" : "s", n);
	}
	e->n_args = n;
	return compile_list(c, &args, list, &e->args);
}

static bool has_member(const struct function *fn, const char *key)
{
	if (!fn->bare && (strcmp(key, "fn") == 0 || strcmp(key, "args") == 0)) {
		return true;
	}
	for (size_t i = 0; i < sizeof(fn->members) / sizeof(fn->members[0]); i++) {
		if (fn->members[i] != NULL && strcmp(key, fn->members[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int check_members(struct compiler *c, const struct pointer *at,
			 const struct bldr_value *tree, const struct function *fn)
{
	for (void *it = bldr_first(tree); it != NULL; it = bldr_next(tree, it)) {
		if (!has_member(fn, bldr_key(it))) {
			const struct pointer member = { .up = at, .key = bldr_key(it) };
			return pointer_error(&member, c->err, "unknown to \"%s\"", fn->name);
		}
	}
	return 0;
}

static int find_function(struct compiler *c, const struct pointer *at,
			 const struct bldr_value *tree, const struct function **ret)
{
	if (bldr_type_of(tree) != BLDR_OBJECT) {
		char found[VALUE_DESCRIPTION_MAX];
		value_describe(tree, found);
		return pointer_error(at, c->err, "expected an object, found %s", found);
	}
	if (bldr_get(tree, "col") != NULL) {
		*ret = &function_col;
		return 0;
	}
	if (bldr_get(tree, "lit") != NULL) {
		*ret = &function_lit;
		return 0;
	}
	const struct bldr_value *v = bldr_get(tree, "fn");
	const char *name = bldr_as_text(v);
	if (name == NULL) {
		return compile_missing(c, at, "fn",
				       "the name of a function (or \"col\" or \"lit\")", v);
	}
	const struct function *fn = function_find(name);
	if (fn == NULL || fn->bare) {
		const struct pointer here = { .up = at, .key = "fn" };
		const char *nearest = function_nearest(name);
		return pointer_error(&here, c->err, "\"%.*s\" is not a function%s%s%s", SHOWN_MAX,
				     name, nearest != NULL ? "; did you mean \"" : "",
				     nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
	}
	*ret = fn;
	return 0;
}

static int compile_here(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
			const struct expr **ret)
{
	struct expr *e = ARENA_NEW(c->arena, struct expr);
	int rc = find_function(c, at, tree, &e->fn);
	if (rc == 0) {
		rc = check_members(c, at, tree, e->fn);
	}
	if (rc == 0 && !e->fn->bare) {
		rc = compile_args(c, at, tree, e);
	}
	if (rc == 0) {
		rc = e->fn->check(c, at, tree, e);
	}
	if (rc == 0) {
		*ret = e;
	}
	return rc;
}

int compile_node(struct compiler *c, const struct pointer *at, const struct bldr_value *tree,
		 const struct expr **ret)
{
	if (c->depth == EXPR_DEPTH_MAX) {
		return pointer_error(at, c->err, "nested deeper than %d expressions",
				     EXPR_DEPTH_MAX);
	}
	c->depth++;
	int rc = compile_here(c, at, tree, ret);
	c->depth--;
	return rc;
}

int expr_compile(const struct bldr_value *tree, const struct expr_scope *scope, struct arena *a,
		 const struct expr **ret, struct bldr_error *err)
{
	ASSERT(scope != NULL);
	struct compiler c = { .scope = scope, .arena = a, .err = err };
	const struct pointer root = { 0 };
	return compile_node(&c, &root, tree, ret);
}

struct column_type expr_type(const struct expr *e)
{
	return e->type;
}

void expr_eval(const struct expr *e, const struct expr_row *row, struct arena *scratch,
	       struct expr_value *ret)
{
	e->fn->eval(e, row, scratch, ret);
}
