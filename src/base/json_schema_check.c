/*
 * Checks a value against a loaded schema by walking both side by side. It stops at the first fault,
 * except in anyOf and oneOf, where the alternative that came closest speaks.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/format.h"
#include "base/json_schema_parts.h"
#include "base/options.h"
#include "base/pattern.h"
#include "base/pointer.h"
#include "base/utf8.h"

enum { MESSAGE_MAX = 400 };
/* Subschemas tried on one value: more than any real artefact, less than a second. */
enum { STEPS_MAX = 4000000 };

struct checker {
	const struct json_schema *schema;
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
	const struct schema_type *t;
	for (size_t i = 0; (t = schema_type_at(argument, i)) != NULL; i++) {
		if ((t->accepts >> bldr_type_of(p.v) & 1U) != 0) {
			return 0;
		}
	}
	if (argument == NULL) {
		return 0;
	}
	struct buf expected;
	buf_init(&expected, MESSAGE_MAX);
	for (size_t i = 0; (t = schema_type_at(argument, i)) != NULL; i++) {
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

/* Integers exactly; else the quotient, as doubles have it, must be whole. */
static bool is_multiple(const struct bldr_value *v, const struct bldr_value *of)
{
	if (bldr_type_of(v) == BLDR_INT && bldr_type_of(of) == BLDR_INT) {
		return bldr_as_int(v, 0) % bldr_as_int(of, 1) == 0;
	}
	double quotient = bldr_as_real(v, 0) / bldr_as_real(of, 1);
	return isfinite(quotient) && quotient == rint(quotient);
}

static int fail_bound(struct place p, struct fault *f, const char *words,
		      const struct bldr_value *bound)
{
	char expected[64];
	char *text = bldr_value_text(bound);
	snprintf(expected, sizeof(expected), "%s %s", words, text);
	free(text);
	return fail_expected(p, f, FAULT_DETAIL, expected);
}

static int check_number(struct place p, struct fault *f)
{
	static const struct {
		const char *name;
		const char *words;
		int wrong; /* the result of compare that is out of bounds */
		bool equal_too;
	} bounds[] = { { "minimum", "at least", -1, false },
		       { "maximum", "at most", 1, false },
		       { "exclusiveMinimum", "more than", -1, true },
		       { "exclusiveMaximum", "less than", 1, true } };

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		const struct bldr_value *bound = bldr_get(p.schema, bounds[i].name);
		int order = bound != NULL ? compare(p.v, bound) : -bounds[i].wrong;
		if (order == bounds[i].wrong || (order == 0 && bounds[i].equal_too)) {
			return fail_bound(p, f, bounds[i].words, bound);
		}
	}
	const struct bldr_value *of = bldr_get(p.schema, "multipleOf");
	return of == NULL || is_multiple(p.v, of) ? 0 : fail_bound(p, f, "a multiple of", of);
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

/* 1 or 0 as pattern_match; a match that takes too long ends the whole check. */
static int matches(struct checker *c, const char *pattern, const char *text)
{
	const struct pattern *p = map_find(c->schema->patterns, pattern, strlen(pattern));
	return pattern_match(p, text, strlen(text), NULL);
}

static int check_pattern(struct checker *c, struct place p, const char *text, struct fault *f)
{
	const char *pattern = bldr_get_text(p.schema, "pattern");
	int rc = pattern != NULL ? matches(c, pattern, text) : 1;
	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	char expected[MESSAGE_MAX];
	int n = snprintf(expected, sizeof(expected), "text that matches \"%s\"", pattern);
	return fail_expected(p, f, FAULT_DETAIL,
			     n < MESSAGE_MAX ? expected : "text that matches its pattern");
}

static int check_text(struct checker *c, struct place p, struct fault *f)
{
	const char *text = bldr_as_text(p.v);
	const char *format = bldr_get_text(p.schema, "format");
	int rc = check_size(p, utf8_count(text, strlen(text)), "minLength", "maxLength",
			    "character", f);
	if (rc == 0) {
		rc = check_pattern(c, p, text, f);
	}
	if (rc == 0 && format != NULL && !format_find(format)(text)) {
		char expected[64];
		snprintf(expected, sizeof(expected), "a %s", format);
		rc = fail_expected(p, f, FAULT_DETAIL, expected);
	}
	return rc;
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

/* Whether v fits a schema, without words for why not: 1, 0, or LIMIT. */
static int fits(struct checker *c, const struct bldr_value *schema, const struct bldr_value *v,
		const struct pointer *at)
{
	struct fault silent = { 0 };
	int rc = check(c, (struct place){ schema, v, at }, &silent);
	return rc == BLDR_E_LIMIT ? rc : rc == 0 ? 1 : 0;
}

static int check_contains(struct checker *c, struct place p, struct fault *f)
{
	const struct bldr_value *contains = bldr_get(p.schema, "contains");
	int64_t min = bldr_get_int(p.schema, "minContains", 1);
	int64_t max = bldr_get_int(p.schema, "maxContains", INT64_MAX);
	int64_t n = 0;
	for (size_t i = 0; contains != NULL && i < bldr_count(p.v); i++) {
		struct pointer item_at = { .up = p.at, .index = i };
		int rc = fits(c, contains, bldr_at(p.v, i), &item_at);
		if (rc < 0) {
			return rc;
		}
		n += rc;
	}
	if (contains == NULL || (n >= min && n <= max)) {
		return 0;
	}
	int64_t bound = n < min ? min : max;
	return fail(p.at, f, FAULT_DETAIL,
		    "expected at %s %" PRId64 " item%s that fit%s \"contains\", found %" PRId64,
		    n < min ? "least" : "most", bound, bound == 1 ? "" : "s", bound == 1 ? "s" : "",
		    n);
}

static int check_list(struct checker *c, struct place p, struct fault *f)
{
	size_t n = bldr_count(p.v);
	int rc = check_size(p, n, "minItems", "maxItems", "item", f);
	if (rc == 0) {
		rc = check_unique(p, f);
	}
	if (rc == 0) {
		rc = check_contains(c, p, f);
	}
	const struct bldr_value *prefix = bldr_get(p.schema, "prefixItems");
	const struct bldr_value *items = bldr_get(p.schema, "items");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct pointer item_at = { .up = p.at, .index = i };
		const struct bldr_value *schema = i < bldr_count(prefix) ? bldr_at(prefix, i)
									 : items;
		if (schema != NULL) {
			rc = check(c, (struct place){ schema, bldr_at(p.v, i), &item_at }, f);
		}
	}
	return rc;
}

static int check_dependent(struct place p, struct fault *f)
{
	const struct bldr_value *dependent = bldr_get(p.schema, "dependentRequired");
	for (void *it = bldr_first(dependent); it != NULL; it = bldr_next(dependent, it)) {
		const struct bldr_value *names = bldr_item(it);
		for (size_t i = 0; bldr_get(p.v, bldr_key(it)) != NULL && i < bldr_count(names);
		     i++) {
			struct pointer key_at = { .up = p.at,
						  .key = bldr_as_text(bldr_at(names, i)) };
			if (bldr_get(p.v, key_at.key) == NULL) {
				return fail(&key_at, f, FAULT_DETAIL, "missing, \"%s\" requires it",
					    bldr_key(it));
			}
		}
	}
	return 0;
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

/* Checks one key by all patterns that match it; *ret_matched: there is one. */
static int check_patterns(struct checker *c, struct place p, void *key, bool *ret_matched,
			  struct fault *f)
{
	const struct bldr_value *patterns = bldr_get(p.schema, "patternProperties");
	struct pointer key_at = { .up = p.at, .key = bldr_key(key) };
	*ret_matched = false;
	for (void *it = bldr_first(patterns); it != NULL; it = bldr_next(patterns, it)) {
		int rc = matches(c, bldr_key(it), key_at.key);
		if (rc > 0) {
			*ret_matched = true;
			rc = check(c, (struct place){ bldr_item(it), bldr_item(key), &key_at }, f);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int check_name(struct checker *c, struct place p, const char *name, struct fault *f)
{
	const struct bldr_value *names = bldr_get(p.schema, "propertyNames");
	struct pointer key_at = { .up = p.at, .key = name };
	if (names == NULL) {
		return 0;
	}
	struct bldr_value *text = bldr_text(name);
	int rc = check(c, (struct place){ names, text, &key_at }, f);
	bldr_unref(text);
	return rc;
}

/* What properties does not name: patternProperties, additionalProperties; and propertyNames. */
static int check_additional(struct checker *c, struct place p, struct fault *f)
{
	const struct bldr_value *additional = bldr_get(p.schema, "additionalProperties");
	const struct bldr_value *properties = bldr_get(p.schema, "properties");
	int rc = 0;
	for (void *it = bldr_first(p.v); rc == 0 && it != NULL; it = bldr_next(p.v, it)) {
		struct pointer key_at = { .up = p.at, .key = bldr_key(it) };
		bool matched;
		rc = check_name(c, p, key_at.key, f);
		if (rc == 0) {
			rc = check_patterns(c, p, it, &matched, f);
		}
		if (rc < 0 || matched || additional == NULL ||
		    bldr_get(properties, key_at.key) != NULL) {
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
		rc = check_dependent(p, f);
	}
	if (rc == 0) {
		rc = check_size(p, bldr_count(p.v), "minProperties", "maxProperties", "key", f);
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

static int check_not(struct checker *c, struct place p, struct fault *f)
{
	const struct bldr_value *not = bldr_get(p.schema, "not");
	int rc = not != NULL ? fits(c, not, p.v, p.at) : 0;
	if (rc <= 0) {
		return rc;
	}
	char found[VALUE_DESCRIPTION_MAX];
	value_describe(p.v, found);
	return fail(p.at, f, FAULT_DETAIL, "fits what \"not\" excludes, found %s", found);
}

static int check_condition(struct checker *c, struct place p, struct fault *f)
{
	const struct bldr_value *condition = bldr_get(p.schema, "if");
	int rc = condition != NULL ? fits(c, condition, p.v, p.at) : 0;
	if (condition == NULL || rc < 0) {
		return rc;
	}
	p.schema = bldr_get(p.schema, rc > 0 ? "then" : "else");
	return p.schema != NULL ? check(c, p, f) : 0;
}

static int check_combined(struct checker *c, struct place p, struct fault *f)
{
	const char *ref = bldr_get_text(p.schema, "$ref");
	int rc = ref == NULL
		? 0
		: check(c, (struct place){ schema_resolve(c->schema->root, ref), p.v, p.at }, f);
	const struct bldr_value *all = bldr_get(p.schema, "allOf");
	for (size_t i = 0; rc == 0 && i < bldr_count(all); i++) {
		rc = check(c, (struct place){ bldr_at(all, i), p.v, p.at }, f);
	}
	if (rc == 0) {
		rc = check_alternatives(c, p, "anyOf", false, f);
	}
	if (rc == 0) {
		rc = check_alternatives(c, p, "oneOf", true, f);
	}
	if (rc == 0) {
		rc = check_not(c, p, f);
	}
	return rc == 0 ? check_condition(c, p, f) : rc;
}

static int check_by_type(struct checker *c, struct place p, struct fault *f)
{
	switch (bldr_type_of(p.v)) {
	case BLDR_INT:
	case BLDR_REAL:
		return check_number(p, f);
	case BLDR_TEXT:
		return check_text(c, p, f);
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
	struct checker c = { .schema = s };
	struct pointer root = { 0 };
	struct fault f = { .err = err };
	int rc = check(&c, (struct place){ s->root, v, &root }, &f);
	if (rc == BLDR_E_LIMIT) {
		return bldr_error_set(
			err, rc,
			"the value takes too long to check against the schema: more than %d steps, "
			"or a pattern that does not end",
			STEPS_MAX);
	}
	return rc;
}
