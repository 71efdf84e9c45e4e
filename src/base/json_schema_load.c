/*
 * Loading a schema looks at every keyword once, so that checking can trust it; a table says what each
 * keyword must carry. Patterns are compiled here. What is wrong is said with the place in the schema.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/format.h"
#include "base/json_schema_parts.h"
#include "base/pattern.h"
#include "base/pointer.h"

/* What a keyword must carry. */
enum argument {
	ARGUMENT_ANY,
	ARGUMENT_TEXT,
	ARGUMENT_BOOL,
	ARGUMENT_COUNT,
	ARGUMENT_NUMBER,
	ARGUMENT_DIVISOR,
	ARGUMENT_PATTERN,
	ARGUMENT_FORMAT,
	ARGUMENT_TYPES,
	ARGUMENT_VALUES,
	ARGUMENT_NAMES,
	ARGUMENT_NAMED_NAMES,
	ARGUMENT_REF,
	ARGUMENT_SCHEMA,
	ARGUMENT_SCHEMAS,
	ARGUMENT_NAMED_SCHEMAS,
	ARGUMENT_PATTERN_SCHEMAS
};

static const struct keyword {
	const char *name;
	enum argument argument;
	bool root_only;
} keywords[] = {
	{ "$schema", ARGUMENT_TEXT, true },
	{ "$id", ARGUMENT_TEXT, true },
	{ "$defs", ARGUMENT_NAMED_SCHEMAS, true },
	{ "$ref", ARGUMENT_REF, false },
	{ "$comment", ARGUMENT_TEXT, false },
	{ "title", ARGUMENT_TEXT, false },
	{ "description", ARGUMENT_TEXT, false },
	{ "default", ARGUMENT_ANY, false },
	{ "examples", ARGUMENT_VALUES, false },
	{ "deprecated", ARGUMENT_BOOL, false },
	{ "readOnly", ARGUMENT_BOOL, false },
	{ "writeOnly", ARGUMENT_BOOL, false },
	{ "type", ARGUMENT_TYPES, false },
	{ "enum", ARGUMENT_VALUES, false },
	{ "const", ARGUMENT_ANY, false },
	{ "properties", ARGUMENT_NAMED_SCHEMAS, false },
	{ "patternProperties", ARGUMENT_PATTERN_SCHEMAS, false },
	{ "additionalProperties", ARGUMENT_SCHEMA, false },
	{ "propertyNames", ARGUMENT_SCHEMA, false },
	{ "minProperties", ARGUMENT_COUNT, false },
	{ "maxProperties", ARGUMENT_COUNT, false },
	{ "required", ARGUMENT_NAMES, false },
	{ "dependentRequired", ARGUMENT_NAMED_NAMES, false },
	{ "prefixItems", ARGUMENT_SCHEMAS, false },
	{ "items", ARGUMENT_SCHEMA, false },
	{ "contains", ARGUMENT_SCHEMA, false },
	{ "minContains", ARGUMENT_COUNT, false },
	{ "maxContains", ARGUMENT_COUNT, false },
	{ "minItems", ARGUMENT_COUNT, false },
	{ "maxItems", ARGUMENT_COUNT, false },
	{ "uniqueItems", ARGUMENT_BOOL, false },
	{ "minimum", ARGUMENT_NUMBER, false },
	{ "maximum", ARGUMENT_NUMBER, false },
	{ "exclusiveMinimum", ARGUMENT_NUMBER, false },
	{ "exclusiveMaximum", ARGUMENT_NUMBER, false },
	{ "multipleOf", ARGUMENT_DIVISOR, false },
	{ "minLength", ARGUMENT_COUNT, false },
	{ "maxLength", ARGUMENT_COUNT, false },
	{ "pattern", ARGUMENT_PATTERN, false },
	{ "format", ARGUMENT_FORMAT, false },
	{ "anyOf", ARGUMENT_SCHEMAS, false },
	{ "oneOf", ARGUMENT_SCHEMAS, false },
	{ "allOf", ARGUMENT_SCHEMAS, false },
	{ "not", ARGUMENT_SCHEMA, false },
	{ "if", ARGUMENT_SCHEMA, false },
	{ "then", ARGUMENT_SCHEMA, false },
	{ "else", ARGUMENT_SCHEMA, false },
};

static const struct schema_type types[] = {
	{ "null", 1U << BLDR_NULL, "null" },
	{ "boolean", 1U << BLDR_BOOL, "true or false" },
	{ "integer", 1U << BLDR_INT, "integer" },
	{ "number", 1U << BLDR_INT | 1U << BLDR_REAL, "number" },
	{ "string", 1U << BLDR_TEXT, "text" },
	{ "array", 1U << BLDR_LIST, "list" },
	{ "object", 1U << BLDR_OBJECT, "object" },
};

static const struct schema_type *type_named(const struct bldr_value *name)
{
	const char *text = bldr_as_text(name);
	for (size_t i = 0; text != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, text) == 0) {
			return &types[i];
		}
	}
	return NULL;
}

const struct schema_type *schema_type_at(const struct bldr_value *argument, size_t i)
{
	if (bldr_type_of(argument) == BLDR_LIST) {
		return i < bldr_count(argument) ? type_named(bldr_at(argument, i)) : NULL;
	}
	return i == 0 ? type_named(argument) : NULL;
}

const struct bldr_value *schema_resolve(const struct bldr_value *root, const char *ref)
{
	static const char prefix[] = "#/$defs/";
	if (strcmp(ref, "#") == 0) {
		return root;
	}
	if (strncmp(ref, prefix, sizeof(prefix) - 1) != 0) {
		return NULL;
	}
	const char *name = ref + sizeof(prefix) - 1;
	return strpbrk(name, "/~%") == NULL ? bldr_get(bldr_get(root, "$defs"), name) : NULL;
}

struct loader {
	const struct bldr_value *root;
	struct map *patterns;
	struct map *visited; /* schema -> VISITING or VISITED */
	struct bldr_error *err;
};

static char VISITING[1], VISITED[1];

static int load(struct loader *l, const struct bldr_value *schema, const struct pointer *at);

/* Schemas that look at the same value as this one: going round in them would never end. */
static bool ends(struct loader *l, const struct bldr_value *schema)
{
	static const char *const lists[] = { "allOf", "anyOf", "oneOf" };
	static const char *const singles[] = { "not", "if", "then", "else" };
	const void *key = schema;
	void **mark = map_at(l->visited, &key, sizeof(key));
	if (*mark != NULL) {
		return *mark == VISITED;
	}
	*mark = VISITING;
	const char *ref = bldr_get_text(schema, "$ref");
	const struct bldr_value *target = ref != NULL ? schema_resolve(l->root, ref) : NULL;
	if (target != NULL && !ends(l, target)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
		const struct bldr_value *single = bldr_get(schema, singles[i]);
		if (single != NULL && !ends(l, single)) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct bldr_value *list = bldr_get(schema, lists[i]);
		for (size_t k = 0; k < bldr_count(list); k++) {
			if (!ends(l, bldr_at(list, k))) {
				return false;
			}
		}
	}
	*map_at(l->visited, &key, sizeof(key)) = VISITED;
	return true;
}

static int load_types(struct loader *l, const struct bldr_value *argument, const struct pointer *at)
{
	size_t n = bldr_type_of(argument) == BLDR_LIST ? bldr_count(argument) : 1;
	for (size_t i = 0; i < n; i++) {
		if (schema_type_at(argument, i) == NULL) {
			return pointer_error(at, l->err, "not a type or a list of types");
		}
	}
	return n != 0 ? 0 : pointer_error(at, l->err, "not a type or a list of types");
}

static int load_texts(struct loader *l, const struct bldr_value *argument, const struct pointer *at)
{
	bool texts = bldr_type_of(argument) == BLDR_LIST;
	for (size_t i = 0; texts && i < bldr_count(argument); i++) {
		texts = bldr_type_of(bldr_at(argument, i)) == BLDR_TEXT;
	}
	return texts ? 0 : pointer_error(at, l->err, "not a list of texts");
}

static int load_schemas(struct loader *l, const struct bldr_value *argument,
			const struct pointer *at)
{
	size_t n = bldr_count(argument);
	if (bldr_type_of(argument) != BLDR_LIST || n == 0) {
		return pointer_error(at, l->err, "not a list of schemas");
	}
	for (size_t i = 0; i < n; i++) {
		struct pointer item_at = { .up = at, .index = i };
		int rc = load(l, bldr_at(argument, i), &item_at);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int load_named_schemas(struct loader *l, const struct bldr_value *argument,
			      const struct pointer *at)
{
	if (bldr_type_of(argument) != BLDR_OBJECT) {
		return pointer_error(at, l->err, "not an object of schemas");
	}
	for (void *it = bldr_first(argument); it != NULL; it = bldr_next(argument, it)) {
		struct pointer key_at = { .up = at, .key = bldr_key(it) };
		int rc = load(l, bldr_item(it), &key_at);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int load_named_names(struct loader *l, const struct bldr_value *argument,
			    const struct pointer *at)
{
	if (bldr_type_of(argument) != BLDR_OBJECT) {
		return pointer_error(at, l->err, "not an object of lists of texts");
	}
	for (void *it = bldr_first(argument); it != NULL; it = bldr_next(argument, it)) {
		struct pointer key_at = { .up = at, .key = bldr_key(it) };
		int rc = load_texts(l, bldr_item(it), &key_at);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int load_pattern(struct loader *l, const char *text, const struct pointer *at)
{
	struct bldr_error err = { 0 };
	struct pattern *p = NULL;
	if (text == NULL) {
		return pointer_error(at, l->err, "not text");
	}
	if (map_find(l->patterns, text, strlen(text)) != NULL) {
		return 0;
	}
	if (pattern_new(text, &p, &err) < 0) {
		return pointer_error(at, l->err, "%s", err.text);
	}
	*map_at(l->patterns, text, strlen(text)) = p;
	return 0;
}

static int load_pattern_schemas(struct loader *l, const struct bldr_value *argument,
				const struct pointer *at)
{
	int rc = load_named_schemas(l, argument, at);
	for (void *it = bldr_first(argument); rc == 0 && it != NULL; it = bldr_next(argument, it)) {
		struct pointer key_at = { .up = at, .key = bldr_key(it) };
		rc = load_pattern(l, key_at.key, &key_at);
	}
	return rc;
}

static int load_format(struct loader *l, const struct bldr_value *argument, const struct pointer *at)
{
	const char *name = bldr_as_text(argument);
	return name != NULL && format_find(name) != NULL
		? 0
		: pointer_error(at, l->err, "not a format that is checked: %s", format_names());
}

static int load_divisor(struct loader *l, const struct bldr_value *argument,
			const struct pointer *at)
{
	return bldr_as_real(argument, 0) > 0 ? 0
					     : pointer_error(at, l->err, "not a number above zero");
}

static int load_ref(struct loader *l, const struct bldr_value *argument, const struct pointer *at)
{
	const char *ref = bldr_as_text(argument);
	if (ref == NULL || schema_resolve(l->root, ref) == NULL) {
		return pointer_error(at, l->err,
				     "leads nowhere, expected \"#\" or \"#/$defs/<name>\"");
	}
	return 0;
}

static int load_argument(struct loader *l, enum argument kind, const struct bldr_value *argument,
			 const struct pointer *at)
{
	enum bldr_type type = bldr_type_of(argument);
	switch (kind) {
	case ARGUMENT_ANY:
		return 0;
	case ARGUMENT_TEXT:
		return type == BLDR_TEXT ? 0 : pointer_error(at, l->err, "not text");
	case ARGUMENT_BOOL:
		return type == BLDR_BOOL ? 0 : pointer_error(at, l->err, "not true or false");
	case ARGUMENT_COUNT:
		return bldr_as_int(argument, -1) >= 0 ? 0
						      : pointer_error(at, l->err, "not a count");
	case ARGUMENT_NUMBER:
		return type == BLDR_INT || type == BLDR_REAL
			? 0
			: pointer_error(at, l->err, "not a number");
	case ARGUMENT_DIVISOR:
		return load_divisor(l, argument, at);
	case ARGUMENT_PATTERN:
		return load_pattern(l, bldr_as_text(argument), at);
	case ARGUMENT_FORMAT:
		return load_format(l, argument, at);
	case ARGUMENT_TYPES:
		return load_types(l, argument, at);
	case ARGUMENT_VALUES:
		return type == BLDR_LIST ? 0 : pointer_error(at, l->err, "not a list of values");
	case ARGUMENT_NAMES:
		return load_texts(l, argument, at);
	case ARGUMENT_NAMED_NAMES:
		return load_named_names(l, argument, at);
	case ARGUMENT_REF:
		return load_ref(l, argument, at);
	case ARGUMENT_SCHEMA:
		return load(l, argument, at);
	case ARGUMENT_SCHEMAS:
		return load_schemas(l, argument, at);
	case ARGUMENT_NAMED_SCHEMAS:
		return load_named_schemas(l, argument, at);
	case ARGUMENT_PATTERN_SCHEMAS:
		return load_pattern_schemas(l, argument, at);
	}
	return 0;
}

static const struct keyword *keyword_named(const char *name, bool root)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcmp(keywords[i].name, name) == 0 && (root || !keywords[i].root_only)) {
			return &keywords[i];
		}
	}
	return NULL;
}

static int load(struct loader *l, const struct bldr_value *schema, const struct pointer *at)
{
	if (bldr_type_of(schema) == BLDR_BOOL) {
		return 0;
	}
	if (bldr_type_of(schema) != BLDR_OBJECT) {
		return pointer_error(at, l->err, "not a schema");
	}
	for (void *it = bldr_first(schema); it != NULL; it = bldr_next(schema, it)) {
		struct pointer key_at = { .up = at, .key = bldr_key(it) };
		const struct keyword *k = keyword_named(key_at.key, at->up == NULL);
		int rc = k != NULL ? load_argument(l, k->argument, bldr_item(it), &key_at)
				   : pointer_error(&key_at, l->err, "keyword not supported here");
		if (rc < 0) {
			return rc;
		}
	}
	return ends(l, schema) ? 0 : pointer_error(at, l->err, "refers to itself without end");
}

static void free_patterns(struct map *patterns)
{
	for (size_t i = 0; i < map_count(patterns); i++) {
		pattern_free(map_value(patterns, i));
	}
	map_free(patterns);
}

int json_schema_new(const struct bldr_value *v, struct json_schema **ret, struct bldr_error *err)
{
	struct loader l = { .root = v, .patterns = map_new(), .visited = map_new(), .err = err };
	struct pointer root = { 0 };
	int rc = load(&l, v, &root);
	map_free(l.visited);
	if (rc < 0) {
		free_patterns(l.patterns);
		bldr_error_prefix(err, "schema");
		return rc;
	}
	*ret = xmalloc(sizeof(**ret));
	**ret = (struct json_schema){ .root = v, .patterns = l.patterns };
	return 0;
}

void json_schema_free(struct json_schema *s)
{
	if (s == NULL) {
		return;
	}
	free_patterns(s->patterns);
	free(s);
}
