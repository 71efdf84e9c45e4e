/*
 * Checks a value against a schema by walking both side by side. Loading looks at every keyword once,
 * so that checking can trust the schema; a table says what each keyword must carry. Checking stops at
 * the first fault, except in anyOf and oneOf, where the alternative that came closest speaks.
 */
#include "base/json_schema.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/map.h"
#include "base/options.h"
#include "base/pointer.h"
#include "base/utf8.h"

enum { MESSAGE_MAX = 400 };
/* Subschemas tried on one value: more than any real artefact, less than a second. */
enum { STEPS_MAX = 4000000 };

struct json_schema {
	const struct bldr_value *root;
};

/* What a keyword must carry. */
enum argument {
	ARGUMENT_ANY,
	ARGUMENT_TEXT,
	ARGUMENT_BOOL,
	ARGUMENT_COUNT,
	ARGUMENT_NUMBER,
	ARGUMENT_TYPES,
	ARGUMENT_VALUES,
	ARGUMENT_NAMES,
	ARGUMENT_REF,
	ARGUMENT_SCHEMA,
	ARGUMENT_SCHEMAS,
	ARGUMENT_NAMED_SCHEMAS
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
	{ "title", ARGUMENT_TEXT, false },
	{ "description", ARGUMENT_TEXT, false },
	{ "type", ARGUMENT_TYPES, false },
	{ "enum", ARGUMENT_VALUES, false },
	{ "const", ARGUMENT_ANY, false },
	{ "properties", ARGUMENT_NAMED_SCHEMAS, false },
	{ "required", ARGUMENT_NAMES, false },
	{ "additionalProperties", ARGUMENT_SCHEMA, false },
	{ "items", ARGUMENT_SCHEMA, false },
	{ "minItems", ARGUMENT_COUNT, false },
	{ "maxItems", ARGUMENT_COUNT, false },
	{ "uniqueItems", ARGUMENT_BOOL, false },
	{ "minimum", ARGUMENT_NUMBER, false },
	{ "maximum", ARGUMENT_NUMBER, false },
	{ "minLength", ARGUMENT_COUNT, false },
	{ "maxLength", ARGUMENT_COUNT, false },
	{ "anyOf", ARGUMENT_SCHEMAS, false },
	{ "oneOf", ARGUMENT_SCHEMAS, false },
	{ "allOf", ARGUMENT_SCHEMAS, false },
};

static const struct type {
	const char *name;
	unsigned accepts; /* set of 1 << enum bldr_type */
	const char *shown;
} types[] = {
	{ "null", 1U << BLDR_NULL, "null" },
	{ "boolean", 1U << BLDR_BOOL, "true or false" },
	{ "integer", 1U << BLDR_INT, "integer" },
	{ "number", 1U << BLDR_INT | 1U << BLDR_REAL, "number" },
	{ "string", 1U << BLDR_TEXT, "text" },
	{ "array", 1U << BLDR_LIST, "list" },
	{ "object", 1U << BLDR_OBJECT, "object" },
};

static const struct type *type_named(const struct bldr_value *name)
{
	const char *text = bldr_as_text(name);
	for (size_t i = 0; text != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, text) == 0) {
			return &types[i];
		}
	}
	return NULL;
}

/* The i-th type of "type", which is one name or a list of them; NULL behind the last. */
static const struct type *type_at(const struct bldr_value *argument, size_t i)
{
	if (bldr_type_of(argument) == BLDR_LIST) {
		return i < bldr_count(argument) ? type_named(bldr_at(argument, i)) : NULL;
	}
	return i == 0 ? type_named(argument) : NULL;
}

/* The schema that a $ref names, or NULL. */
static const struct bldr_value *resolve(const struct bldr_value *root, const char *ref)
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

/* Loading */

struct loader {
	const struct bldr_value *root;
	struct map *visited; /* schema -> VISITING or VISITED */
	struct bldr_error *err;
};

static char VISITING[1], VISITED[1];

static int load(struct loader *l, const struct bldr_value *schema, const struct pointer *at);

/* Schemas that look at the same value as this one: going round in them would never end. */
static bool ends(struct loader *l, const struct bldr_value *schema)
{
	static const char *const lists[] = { "allOf", "anyOf", "oneOf" };
	const void *key = schema;
	void **mark = map_at(l->visited, &key, sizeof(key));
	if (*mark != NULL) {
		return *mark == VISITED;
	}
	*mark = VISITING;
	const char *ref = bldr_get_text(schema, "$ref");
	const struct bldr_value *target = ref != NULL ? resolve(l->root, ref) : NULL;
	if (target != NULL && !ends(l, target)) {
		return false;
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
		if (type_at(argument, i) == NULL) {
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

static int load_ref(struct loader *l, const struct bldr_value *argument, const struct pointer *at)
{
	const char *ref = bldr_as_text(argument);
	if (ref == NULL || resolve(l->root, ref) == NULL) {
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
	case ARGUMENT_TYPES:
		return load_types(l, argument, at);
	case ARGUMENT_VALUES:
		return type == BLDR_LIST ? 0 : pointer_error(at, l->err, "not a list of values");
	case ARGUMENT_NAMES:
		return load_texts(l, argument, at);
	case ARGUMENT_REF:
		return load_ref(l, argument, at);
	case ARGUMENT_SCHEMA:
		return load(l, argument, at);
	case ARGUMENT_SCHEMAS:
		return load_schemas(l, argument, at);
	case ARGUMENT_NAMED_SCHEMAS:
		return load_named_schemas(l, argument, at);
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

int json_schema_new(const struct bldr_value *v, struct json_schema **ret, struct bldr_error *err)
{
	struct loader l = { .root = v, .visited = map_new(), .err = err };
	struct pointer root = { 0 };
	int rc = load(&l, v, &root);
	map_free(l.visited);
	if (rc < 0) {
		bldr_error_prefix(err, "schema");
		return rc;
	}
	*ret = xmalloc(sizeof(**ret));
	**ret = (struct json_schema){ .root = v };
	return 0;
}

void json_schema_free(struct json_schema *s)
{
	free(s);
}

/* Checking */

struct checker {
	const struct bldr_value *root;
	size_t steps;
};

/* What a fault says about an alternative, the better the later: another one is meant, perhaps
 * another one, this one. */
enum fault_kind { FAULT_CONSTANT, FAULT_TYPE, FAULT_DETAIL, FAULT_KINDS };

/* How the check of one alternative ended. */
struct fault {
	struct bldr_error *err; /* NULL: only the score is wanted */
	size_t score;           /* how far it came: the deeper the better */
	size_t alternatives;    /* the fault was found in the closest of so many */
};

/* One place: the schema's and the value's. */
struct place {
	const struct bldr_value *schema;
	const struct bldr_value *v;
	const struct pointer *at;
};

static int check(struct checker *c, struct place p, struct fault *f);

static int fail(const struct pointer *at, struct fault *f, enum fault_kind kind, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));

static int fail(const struct pointer *at, struct fault *f, enum fault_kind kind, const char *fmt,
		...)
{
	f->score = kind;
	for (const struct pointer *up = at->up; up != NULL; up = up->up) {
		f->score += FAULT_KINDS;
	}
	if (f->err == NULL) {
		return BLDR_E_INVALID;
	}
	char message[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return pointer_error(at, f->err, "%s", message);
}

static int fail_expected(struct place p, struct fault *f, enum fault_kind kind, const char *expected)
{
	char found[VALUE_DESCRIPTION_MAX];
	value_describe(p.v, found);
	return fail(p.at, f, kind, "expected %s, found %s", expected, found);
}

static int check_type(struct place p, struct fault *f)
{
	const struct bldr_value *argument = bldr_get(p.schema, "type");
	const struct type *t;
	for (size_t i = 0; (t = type_at(argument, i)) != NULL; i++) {
		if ((t->accepts >> bldr_type_of(p.v) & 1U) != 0) {
			return 0;
		}
	}
	if (argument == NULL) {
		return 0;
	}
	struct buf expected;
	buf_init(&expected, MESSAGE_MAX);
	for (size_t i = 0; (t = type_at(argument, i)) != NULL; i++) {
		buf_printf(&expected, "%s%s", i > 0 ? " or " : "", t->shown);
	}
	int rc = fail_expected(p, f, FAULT_TYPE, expected.data);
	buf_release(&expected);
	return rc;
}

static void add_value(struct buf *out, const struct bldr_value *v)
{
	char *text = bldr_value_text(v);
	buf_puts(out, text);
	free(text);
}

static int check_enum(struct place p, struct fault *f)
{
	const struct bldr_value *values = bldr_get(p.schema, "enum");
	for (size_t i = 0; i < bldr_count(values); i++) {
		if (bldr_equal(bldr_at(values, i), p.v)) {
			return 0;
		}
	}
	if (values == NULL) {
		return 0;
	}
	struct buf expected;
	buf_init(&expected, MESSAGE_MAX);
	buf_puts(&expected, "one of ");
	for (size_t i = 0; f->err != NULL && i < bldr_count(values); i++) {
		buf_puts(&expected, i > 0 ? ", " : "");
		if (expected.size > MESSAGE_MAX / 2) {
			buf_puts(&expected, "...");
			break;
		}
		add_value(&expected, bldr_at(values, i));
	}
	int rc = fail_expected(p, f, FAULT_CONSTANT, expected.data);
	buf_release(&expected);
	return rc;
}

static int check_const(struct place p, struct fault *f)
{
	const struct bldr_value *value = bldr_get(p.schema, "const");
	if (value == NULL || bldr_equal(value, p.v)) {
		return 0;
	}
	struct buf expected;
	buf_init(&expected, MESSAGE_MAX);
	add_value(&expected, value);
	int rc = fail_expected(p, f, FAULT_CONSTANT,
			       buf_failed(&expected) ? "its constant" : expected.data);
	buf_release(&expected);
	return rc;
}

static int compare(const struct bldr_value *a, const struct bldr_value *b)
{
	if (bldr_type_of(a) == BLDR_INT && bldr_type_of(b) == BLDR_INT) {
		int64_t x = bldr_as_int(a, 0);
		int64_t y = bldr_as_int(b, 0);
		return x < y ? -1 : x > y ? 1 : 0;
	}
	double x = bldr_as_real(a, 0);
	double y = bldr_as_real(b, 0);
	return x < y ? -1 : x > y ? 1 : 0;
}

static int check_number(struct place p, struct fault *f)
{
	static const struct {
		const char *name;
		const char *words;
		int wrong; /* the result of compare that is out of bounds */
	} bounds[] = { { "minimum", "at least", -1 }, { "maximum", "at most", 1 } };

	for (size_t i = 0; i < 2; i++) {
		const struct bldr_value *bound = bldr_get(p.schema, bounds[i].name);
		if (bound == NULL || compare(p.v, bound) != bounds[i].wrong) {
			continue;
		}
		char expected[64];
		char *text = bldr_value_text(bound);
		snprintf(expected, sizeof(expected), "%s %s", bounds[i].words, text);
		free(text);
		return fail_expected(p, f, FAULT_DETAIL, expected);
	}
	return 0;
}

/* size against two keywords that carry counts. */
static int check_size(struct place p, size_t size, const char *min_name, const char *max_name,
		      const char *unit, struct fault *f)
{
	int64_t min = bldr_get_int(p.schema, min_name, 0);
	int64_t max = bldr_get_int(p.schema, max_name, INT64_MAX);
	bool few = (uint64_t)size < (uint64_t)min;
	if (!few && (uint64_t)size <= (uint64_t)max) {
		return 0;
	}
	int64_t bound = few ? min : max;
	char expected[64];
	snprintf(expected, sizeof(expected), "at %s %" PRId64 " %s%s", few ? "least" : "most",
		 bound, unit, bound == 1 ? "" : "s");
	return fail_expected(p, f, FAULT_DETAIL, expected);
}

static int check_text(struct place p, struct fault *f)
{
	const char *text = bldr_as_text(p.v);
	return check_size(p, utf8_count(text, strlen(text)), "minLength", "maxLength", "character",
			  f);
}

static int check_unique(struct place p, struct fault *f)
{
	if (!bldr_as_bool(bldr_get(p.schema, "uniqueItems"), false)) {
		return 0;
	}
	struct map *seen = map_new(); /* canonical text -> index + 1 */
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < bldr_count(p.v); i++) {
		char *text = bldr_value_text(bldr_at(p.v, i));
		void **first = map_at(seen, text, strlen(text));
		if (*first != NULL) {
			struct pointer item_at = { .up = p.at, .index = i };
			rc = fail(&item_at, f, FAULT_DETAIL,
				  "the same as item %zu, expected them to differ",
				  (size_t)(uintptr_t)*first - 1);
		} else {
			*first = (void *)(uintptr_t)(i + 1);
		}
		free(text);
	}
	map_free(seen);
	return rc;
}

static int check_list(struct checker *c, struct place p, struct fault *f)
{
	size_t n = bldr_count(p.v);
	int rc = check_size(p, n, "minItems", "maxItems", "item", f);
	if (rc == 0) {
		rc = check_unique(p, f);
	}
	const struct bldr_value *items = bldr_get(p.schema, "items");
	for (size_t i = 0; rc == 0 && items != NULL && i < n; i++) {
		struct pointer item_at = { .up = p.at, .index = i };
		rc = check(c, (struct place){ items, bldr_at(p.v, i), &item_at }, f);
	}
	return rc;
}

static int check_required(struct place p, struct fault *f)
{
	const struct bldr_value *names = bldr_get(p.schema, "required");
	for (size_t i = 0; i < bldr_count(names); i++) {
		struct pointer key_at = { .up = p.at, .key = bldr_as_text(bldr_at(names, i)) };
		if (bldr_get(p.v, key_at.key) == NULL) {
			return fail(&key_at, f, FAULT_DETAIL, "missing");
		}
	}
	return 0;
}

static int fail_unknown_key(const struct pointer *at, const struct bldr_value *properties,
			    struct fault *f)
{
	struct arena a = { 0 };
	LIST(const char *) names = { 0 };
	for (void *it = bldr_first(properties); it != NULL; it = bldr_next(properties, it)) {
		*LIST_ADD(&a, &names) = bldr_key(it);
	}
	*LIST_ADD(&a, &names) = NULL;
	const char *nearest = options_nearest(at->key, names.at);
	int rc = nearest != NULL
		? fail(at, f, FAULT_DETAIL, "unknown key, did you mean \"%s\"?", nearest)
		: fail(at, f, FAULT_DETAIL, "unknown key");
	arena_release(&a);
	return rc;
}

static int check_additional(struct checker *c, struct place p, struct fault *f)
{
	const struct bldr_value *additional = bldr_get(p.schema, "additionalProperties");
	const struct bldr_value *properties = bldr_get(p.schema, "properties");
	int rc = 0;
	if (additional == NULL) {
		return 0;
	}
	for (void *it = bldr_first(p.v); rc == 0 && it != NULL; it = bldr_next(p.v, it)) {
		struct pointer key_at = { .up = p.at, .key = bldr_key(it) };
		if (bldr_get(properties, key_at.key) != NULL) {
			continue;
		}
		rc = bldr_as_bool(additional, true)
			? check(c, (struct place){ additional, bldr_item(it), &key_at }, f)
			: fail_unknown_key(&key_at, properties, f);
	}
	return rc;
}

/* The properties whose schema is a constant, or the others. */
static int check_properties(struct checker *c, struct place p, bool constants, struct fault *f)
{
	const struct bldr_value *properties = bldr_get(p.schema, "properties");
	int rc = 0;
	for (void *it = bldr_first(properties); rc == 0 && it != NULL;
	     it = bldr_next(properties, it)) {
		struct pointer key_at = { .up = p.at, .key = bldr_key(it) };
		const struct bldr_value *item = bldr_get(p.v, key_at.key);
		if (item != NULL && (bldr_get(bldr_item(it), "const") != NULL) == constants) {
			rc = check(c, (struct place){ bldr_item(it), item, &key_at }, f);
		}
	}
	return rc;
}

/* Constants first: they tell quickly, and by name, which alternative a value does not mean to be. */
static int check_object(struct checker *c, struct place p, struct fault *f)
{
	int rc = check_properties(c, p, true, f);
	if (rc == 0) {
		rc = check_required(p, f);
	}
	if (rc == 0) {
		rc = check_additional(c, p, f);
	}
	return rc == 0 ? check_properties(c, p, false, f) : rc;
}

/* Checks the alternative once more for its message, which only the outermost one is asked for: twice at every
 * level would double with each. */
static int fail_closest(struct checker *c, struct place p, const struct bldr_value *list,
			size_t closest, size_t score, struct fault *f)
{
	size_t n = bldr_count(list);
	if (f->err == NULL) {
		f->score = score;
		return BLDR_E_INVALID;
	}
	p.schema = bldr_at(list, closest);
	int rc = check(c, p, f);
	if (rc == BLDR_E_INVALID && n > 1 && f->alternatives == 0) {
		struct bldr_error plain = *f->err;
		f->alternatives = n;
		bldr_error_set(f->err, rc, "%s (the closest of %zu alternatives)", plain.text, n);
	}
	return rc;
}

static int check_alternatives(struct checker *c, struct place p, const char *name, bool only_one,
			      struct fault *f)
{
	const struct bldr_value *list = bldr_get(p.schema, name);
	size_t fitting = 0;
	size_t first = 0;
	size_t closest = 0;
	size_t best = 0;
	if (list == NULL) {
		return 0;
	}
	for (size_t i = 0; i < bldr_count(list); i++) {
		struct fault branch = { 0 };
		int rc = check(c, (struct place){ bldr_at(list, i), p.v, p.at }, &branch);
		if (rc == BLDR_E_LIMIT) {
			return rc;
		}
		if (rc < 0) {
			closest = branch.score > best ? i : closest;
			best = branch.score > best ? branch.score : best;
			continue;
		}
		if (!only_one) {
			return 0;
		}
		if (++fitting == 2) {
			return fail(p.at, f, FAULT_DETAIL,
				    "fits alternatives %zu and %zu, expected one", first + 1,
				    i + 1);
		}
		first = i;
	}
	return fitting == 1 ? 0 : fail_closest(c, p, list, closest, best, f);
}

static int check_combined(struct checker *c, struct place p, struct fault *f)
{
	const char *ref = bldr_get_text(p.schema, "$ref");
	int rc = ref == NULL ? 0 : check(c, (struct place){ resolve(c->root, ref), p.v, p.at }, f);
	const struct bldr_value *all = bldr_get(p.schema, "allOf");
	for (size_t i = 0; rc == 0 && i < bldr_count(all); i++) {
		rc = check(c, (struct place){ bldr_at(all, i), p.v, p.at }, f);
	}
	if (rc == 0) {
		rc = check_alternatives(c, p, "anyOf", false, f);
	}
	return rc == 0 ? check_alternatives(c, p, "oneOf", true, f) : rc;
}

static int check_by_type(struct checker *c, struct place p, struct fault *f)
{
	switch (bldr_type_of(p.v)) {
	case BLDR_INT:
	case BLDR_REAL:
		return check_number(p, f);
	case BLDR_TEXT:
		return check_text(p, f);
	case BLDR_LIST:
		return check_list(c, p, f);
	case BLDR_OBJECT:
		return check_object(c, p, f);
	case BLDR_NULL:
	case BLDR_BOOL:
		return 0;
	}
	return 0;
}

static int check(struct checker *c, struct place p, struct fault *f)
{
	if (++c->steps > STEPS_MAX) {
		return BLDR_E_LIMIT;
	}
	if (bldr_type_of(p.schema) == BLDR_BOOL) {
		return bldr_as_bool(p.schema, true) ? 0
						    : fail(p.at, f, FAULT_DETAIL, "not allowed");
	}
	int rc = check_type(p, f);
	if (rc == 0) {
		rc = check_const(p, f);
	}
	if (rc == 0) {
		rc = check_enum(p, f);
	}
	if (rc == 0) {
		rc = check_by_type(c, p, f);
	}
	return rc == 0 ? check_combined(c, p, f) : rc;
}

int json_schema_check(const struct json_schema *s, const struct bldr_value *v,
		      struct bldr_error *err)
{
	struct checker c = { .root = s->root };
	struct pointer root = { 0 };
	struct fault f = { .err = err };
	int rc = check(&c, (struct place){ s->root, v, &root }, &f);
	if (rc == BLDR_E_LIMIT) {
		return bldr_error_set(
			err, rc, "the value takes more than %d steps to check against the schema",
			STEPS_MAX);
	}
	return rc;
}
