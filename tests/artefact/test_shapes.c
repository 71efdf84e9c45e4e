/*
 * The shapes (what C reads and writes) and the schemas (what everybody else is promised) are written
 * by hand on both sides. This walks both and wants the same names, types, enum texts and
 * optional fields everywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "artefact/artefact.h"
#include "base/asset.h"
#include "base/json_schema.h"

static const char *const NAMES[] = {
	"sources", "profile",  "table_profile", "design",   "contract",
	"sttm",    "pipeline", "deployment",    "findings", "evaluation",
};
enum { NAME_COUNT = sizeof(NAMES) / sizeof(NAMES[0]), BRANCHES_MAX = 8, PATH_SIZE = 256 };

/* The objects a schema node stands for: one, or one per alternative of oneOf. */
struct view {
	const struct bldr_value *at[BRANCHES_MAX];
	size_t n;
};

static const struct bldr_value *resolve(const struct bldr_value *root, const struct bldr_value *node)
{
	const char *ref = bldr_get_text(node, "$ref");
	return ref == NULL ? node : bldr_get(bldr_get(root, "$defs"), ref + strlen("#/$defs/"));
}

static struct view view_of(const struct bldr_value *root, const struct bldr_value *node)
{
	struct view view = { 0 };
	const struct bldr_value *object = resolve(root, node);
	const struct bldr_value *branches = bldr_get(object, "oneOf");
	if (branches == NULL) {
		view.at[view.n++] = object;
	}
	for (size_t i = 0; i < bldr_count(branches); i++) {
		assert_true(view.n < BRANCHES_MAX);
		view.at[view.n++] = resolve(root, bldr_at(branches, i));
	}
	return view;
}

static bool has_text(const struct bldr_value *list, const char *text)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		const char *item = bldr_as_text(bldr_at(list, i));
		if (item != NULL && strcmp(item, text) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_type(const struct bldr_value *node, const char *type)
{
	const char *found = bldr_get_text(node, "type");
	return found != NULL && strcmp(found, type) == 0;
}

static bool is_text(const struct bldr_value *node)
{
	const struct bldr_value *choices = bldr_get(node, "enum");
	for (size_t i = 0; i < bldr_count(choices); i++) {
		if (bldr_as_text(bldr_at(choices, i)) == NULL) {
			return false;
		}
	}
	return is_type(node, "string") || choices != NULL;
}

static const struct shape_field *field_of(const struct shape *shape, const char *name)
{
	for (const struct shape_field *f = shape->fields; f->name != NULL; f++) {
		if (strcmp(f->name, name) == 0) {
			return f;
		}
	}
	return NULL;
}

/* The texts of an enum: a list of them, or a const in each alternative of oneOf. */
static void same_names(const struct shape_field *f, const struct view *view, const char *path)
{
	struct bldr_value *names = bldr_list();
	size_t n = 0;
	for (size_t i = 0; i < view->n; i++) {
		const struct bldr_value *node =
			bldr_get(bldr_get(view->at[i], "properties"), f->name);
		const struct bldr_value *choices = bldr_get(node, "enum");
		if (choices == NULL) {
			bldr_list_add(names, bldr_ref(bldr_get(node, "const")));
		}
		for (size_t k = 0; k < bldr_count(choices); k++) {
			bldr_list_add(names, bldr_ref(bldr_at(choices, k)));
		}
	}
	for (; f->names[n] != NULL; n++) {
		if (f->optional && n == 0) { /* absent says the same, so nothing else may */
			continue;
		}
		if (!has_text(names, f->names[n])) {
			fail_msg("%s: the schema has no \"%s\"", path, f->names[n]);
		}
	}
	if (n - (f->optional ? 1 : 0) != bldr_count(names)) {
		fail_msg("%s: the schema has other choices than the shape", path);
	}
	bldr_unref(names);
}

static void walk(const struct shape *shape, const struct bldr_value *root,
		 const struct bldr_value *node, const char *path);

static void same_type(const struct shape_field *f, const struct bldr_value *root,
		      const struct bldr_value *node, const char *path)
{
	bool same = false;
	switch (f->kind) {
	case SHAPE_TEXT:
		same = is_text(node);
		break;
	case SHAPE_INT:
		same = is_type(node, "integer");
		break;
	case SHAPE_BOOL:
		same = is_type(node, "boolean");
		break;
	case SHAPE_ENUM:
		same = bldr_get(node, "enum") != NULL || bldr_get(node, "const") != NULL;
		break;
	case SHAPE_VALUE:
		same = is_type(resolve(root, node), "object");
		break;
	case SHAPE_OBJECT:
		same = is_type(resolve(root, node), "object");
		walk(f->sub, root, node, path);
		break;
	case SHAPE_TEXTS:
		same = is_type(node, "array") && is_text(bldr_get(node, "items"));
		break;
	case SHAPE_LIST:
		same = is_type(node, "array");
		walk(f->sub, root, bldr_get(node, "items"), path);
		break;
	}
	if (!same) {
		fail_msg("%s: shape and schema differ in type", path);
	}
}

/* What is left out of the text when it has nothing to say must not be able to say it. */
static void says_something(const struct shape_field *f, const struct bldr_value *node,
			   const char *path)
{
	bool says = true;
	if (f->kind == SHAPE_INT) {
		says = bldr_get_int(node, "minimum", 0) > 0;
	} else if (f->kind == SHAPE_BOOL) {
		says = bldr_as_bool(bldr_get(node, "const"), false);
	} else if (f->kind == SHAPE_TEXTS || f->kind == SHAPE_LIST) {
		says = bldr_get_int(node, "minItems", 0) > 0;
	}
	if (!says) {
		fail_msg("%s: optional, and may be empty all the same", path);
	}
}

static void walk_field(const struct shape_field *f, const struct bldr_value *root,
		       const struct view *view, const char *path)
{
	char at[PATH_SIZE];
	size_t found = 0;
	size_t required = 0;
	snprintf(at, sizeof(at), "%s/%s", path, f->name);
	for (size_t i = 0; i < view->n; i++) {
		const struct bldr_value *node =
			bldr_get(bldr_get(view->at[i], "properties"), f->name);
		required += has_text(bldr_get(view->at[i], "required"), f->name);
		if (node != NULL) {
			found++;
			same_type(f, root, node, at);
			if (f->optional) {
				says_something(f, node, at);
			}
		}
	}
	if (found == 0) {
		fail_msg("%s: not in the schema", at);
	}
	if ((required == view->n) == f->optional) {
		fail_msg("%s: the shape says %s, the schema does not", at,
			 f->optional ? "optional" : "required");
	}
	if (f->kind == SHAPE_ENUM) {
		same_names(f, view, at);
	}
}

static void walk(const struct shape *shape, const struct bldr_value *root,
		 const struct bldr_value *node, const char *path)
{
	struct view view = view_of(root, node);
	for (size_t i = 0; i < view.n; i++) {
		const struct bldr_value *properties = bldr_get(view.at[i], "properties");
		if (!is_type(view.at[i], "object") ||
		    bldr_as_bool(bldr_get(view.at[i], "additionalProperties"), true)) {
			fail_msg("%s: not a closed object", path);
		}
		for (void *it = bldr_first(properties); it != NULL; it = bldr_next(properties, it)) {
			bool is_name = node == root && strcmp(bldr_key(it), "artefact") == 0;
			if (!is_name && field_of(shape, bldr_key(it)) == NULL) {
				fail_msg("%s/%s: not in the shape", path, bldr_key(it));
			}
		}
	}
	for (const struct shape_field *f = shape->fields; f->name != NULL; f++) {
		walk_field(f, root, &view, path);
	}
}

static struct bldr_value *schema_of(const char *name)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof(path), "schemas/%s.schema.json", name);
	const struct asset *asset = asset_find(path);
	assert_non_null(asset);
	struct bldr_value *v;
	assert_int_equal(bldr_value_parse((const char *)asset->data, asset->size, &v, NULL), 0);
	return v;
}

static void test_shapes_are_the_schemas(void **state)
{
	(void)state;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		struct bldr_value *schema = schema_of(NAMES[i]);
		const struct shape *shape = artefact_shape(NAMES[i]);
		assert_non_null(shape);
		assert_string_equal(shape->name, NAMES[i]);
		walk(shape, schema, schema, NAMES[i]);
		bldr_unref(schema);
	}
}

static void test_text_names_its_artefact(void **state)
{
	(void)state;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		struct bldr_value *schema = schema_of(NAMES[i]);
		const struct bldr_value *name =
			bldr_get(bldr_get(schema, "properties"), "artefact");
		assert_string_equal(bldr_get_text(name, "const"), NAMES[i]);
		assert_true(has_text(bldr_get(schema, "required"), "artefact"));
		bldr_unref(schema);
	}
}

/* The rules of the STTM have a schema too, though no shape. */
static void test_expression_schema_loads(void **state)
{
	(void)state;
	struct bldr_value *v = schema_of("expression");
	struct json_schema *schema;
	struct bldr_error err;
	if (json_schema_new(v, &schema, &err) < 0) {
		fail_msg("%s", err.text);
	}
	json_schema_free(schema);
	bldr_unref(v);
}

static void test_unknown_artefact_has_no_shape(void **state)
{
	(void)state;
	assert_null(artefact_shape("expression"));
	assert_null(artefact_shape(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes_are_the_schemas),
		cmocka_unit_test(test_text_names_its_artefact),
		cmocka_unit_test(test_expression_schema_loads),
		cmocka_unit_test(test_unknown_artefact_has_no_shape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
