/*
 * A bldr_value is a json_t of jansson, and nobody outside this file knows. Text that comes in is made
 * valid UTF-8; a container that somebody else also holds is never changed; memory that runs out
 * aborts. What can go wrong is parsing, and the message then carries line and column.
 */
#include <bldr/value.h>

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"

enum { DUMP_FLAGS = JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17) };

/* jansson seeds its hash tables on first use; done here, no two threads can race for it. */
__attribute__((constructor)) static void seed(void)
{
	json_object_seed(0);
}

/* jansson's const protects nothing: several of its readers take a plain pointer. */
static json_t *json(const struct bldr_value *v)
{
	return v != NULL ? (json_t *)(uintptr_t)v : json_null();
}

static struct bldr_value *made(json_t *j)
{
	ASSERT(j != NULL); /* out of memory */
	return (struct bldr_value *)(void *)j;
}

/* Refuses text nested too deep before jansson sees it; brackets inside strings do not count. */
static int check_depth(const char *text, size_t size, struct bldr_error *err)
{
	size_t depth = 0;
	size_t line = 1;
	size_t line_start = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (c == '\n') {
			line++;
			line_start = i + 1;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			i += c == '\\' ? 1 : 0;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		} else if ((c == '[' || c == '{') && ++depth > BLDR_VALUE_DEPTH_MAX) {
			return bldr_error_set(err, BLDR_E_LIMIT,
					      "line %zu, column %zu: nested more than %d deep",
					      line,
					      utf8_count(text + line_start, i + 1 - line_start),
					      BLDR_VALUE_DEPTH_MAX);
		}
	}
	return 0;
}

int bldr_value_parse(const char *text, size_t size, struct bldr_value **ret, struct bldr_error *err)
{
	if (size > BLDR_VALUE_TEXT_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "JSON text of %zu bytes is larger than %zu bytes", size,
				      BLDR_VALUE_TEXT_MAX);
	}
	int rc = check_depth(text, size, err);
	if (rc < 0) {
		return rc;
	}
	json_error_t failure;
	json_t *j = json_loadb(size != 0 ? text : "", size,
			       JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &failure);
	if (j == NULL) {
		ASSERT(json_error_code(&failure) != json_error_out_of_memory);
		return bldr_error_set(err, BLDR_E_INVALID, "line %d, column %d: %s", failure.line,
				      failure.column, failure.text);
	}
	*ret = made(j);
	return 0;
}

char *bldr_value_text(const struct bldr_value *v)
{
	char *text = json_dumps(json(v), DUMP_FLAGS | JSON_COMPACT);
	ASSERT(text != NULL); /* out of memory, or a value that contains itself */
	return text;
}

char *bldr_value_pretty(const struct bldr_value *v)
{
	char *text = json_dumps(json(v), DUMP_FLAGS | JSON_INDENT(2));
	ASSERT(text != NULL);
	size_t size = strlen(text);
	text = xrealloc(text, size + 2);
	memcpy(text + size, "\n", 2);
	return text;
}

struct bldr_value *bldr_null(void)
{
	return made(json_null());
}

struct bldr_value *bldr_bool(bool b)
{
	return made(json_boolean(b));
}

struct bldr_value *bldr_int(int64_t i)
{
	return made(json_integer(i));
}

/* s with every malformed part, and U+0000, replaced by U+FFFD. The caller frees it. */
static char *repaired(const char *s, size_t size)
{
	struct buf b;
	buf_init(&b, SIZE_MAX / 4);
	for (size_t at = 0; at < size;) {
		bool valid;
		size_t length = utf8_next(s + at, size - at, &valid);
		if (valid && s[at] != '\0') {
			buf_add(&b, s + at, length);
		} else {
			buf_puts(&b, UTF8_REPLACEMENT);
		}
		at += length;
	}
	char *text = buf_take(&b);
	buf_release(&b);
	return text;
}

static bool is_clean(const char *s, size_t size)
{
	return utf8_valid(s, size) && memchr(s, '\0', size) == NULL;
}

struct bldr_value *bldr_text_n(const char *s, size_t size)
{
	if (s == NULL) {
		return bldr_null();
	}
	if (is_clean(s, size)) {
		return made(json_stringn_nocheck(s, size));
	}
	char *text = repaired(s, size);
	struct bldr_value *v = made(json_string_nocheck(text));
	free(text);
	return v;
}

struct bldr_value *bldr_text(const char *s)
{
	return bldr_text_n(s, s != NULL ? strlen(s) : 0);
}

struct bldr_value *bldr_textf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	ASSERT(n >= 0);
	struct bldr_value *v = bldr_text_n(text, (size_t)n);
	free(text);
	return v;
}

struct bldr_value *bldr_list(void)
{
	return made(json_array());
}

struct bldr_value *bldr_object(void)
{
	return made(json_object());
}

struct bldr_value *bldr_ref(const struct bldr_value *v)
{
	return v != NULL ? made(json_incref(json(v))) : NULL;
}

struct bldr_value *bldr_copy(const struct bldr_value *v)
{
	return v != NULL ? made(json_deep_copy(json(v))) : NULL;
}

void bldr_unref(struct bldr_value *v)
{
	if (v != NULL) {
		json_decref(json(v));
	}
}

struct bldr_value *bldr_own(struct bldr_value *v)
{
	json_t *j = json(v);
	if (json_is_array(j) || json_is_object(j)) {
		if (j->refcount != 1) {
			struct bldr_value *copy = made(json_copy(j));
			json_decref(j);
			return copy;
		}
	}
	return v;
}

void bldr_list_add(struct bldr_value *list, struct bldr_value *item)
{
	json_t *j = json(list);
	ASSERT(json_is_array(j));
	ASSERT(j->refcount == 1);
	ASSERT(json_array_append_new(j, json(item)) == 0);
}

void bldr_object_set(struct bldr_value *object, const char *key, struct bldr_value *item)
{
	json_t *j = json(object);
	ASSERT(json_is_object(j));
	ASSERT(j->refcount == 1);
	if (utf8_valid(key, strlen(key))) {
		ASSERT(json_object_set_new_nocheck(j, key, json(item)) == 0);
		return;
	}
	char *text = repaired(key, strlen(key));
	ASSERT(json_object_set_new_nocheck(j, text, json(item)) == 0);
	free(text);
}

enum bldr_type bldr_type_of(const struct bldr_value *v)
{
	switch (json_typeof(json(v))) {
	case JSON_OBJECT:
		return BLDR_OBJECT;
	case JSON_ARRAY:
		return BLDR_LIST;
	case JSON_STRING:
		return BLDR_TEXT;
	case JSON_INTEGER:
		return BLDR_INT;
	case JSON_REAL:
		return BLDR_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return BLDR_BOOL;
	case JSON_NULL:
	default:
		return BLDR_NULL;
	}
}

bool bldr_is_null(const struct bldr_value *v)
{
	return json_is_null(json(v));
}

size_t bldr_count(const struct bldr_value *v)
{
	const json_t *j = json(v);
	return json_is_array(j) ? json_array_size(j) : json_object_size(j);
}

const struct bldr_value *bldr_at(const struct bldr_value *list, size_t i)
{
	return (const struct bldr_value *)(void *)json_array_get(json(list), i);
}

const struct bldr_value *bldr_get(const struct bldr_value *object, const char *key)
{
	return (const struct bldr_value *)(void *)json_object_get(json(object), key);
}

const char *bldr_as_text(const struct bldr_value *v)
{
	return json_string_value(json(v));
}

int64_t bldr_as_int(const struct bldr_value *v, int64_t fallback)
{
	const json_t *j = json(v);
	return json_is_integer(j) ? json_integer_value(j) : fallback;
}

double bldr_as_real(const struct bldr_value *v, double fallback)
{
	const json_t *j = json(v);
	return json_is_number(j) ? json_number_value(j) : fallback;
}

bool bldr_as_bool(const struct bldr_value *v, bool fallback)
{
	const json_t *j = json(v);
	return json_is_boolean(j) ? json_is_true(j) : fallback;
}

const char *bldr_get_text(const struct bldr_value *object, const char *key)
{
	return bldr_as_text(bldr_get(object, key));
}

int64_t bldr_get_int(const struct bldr_value *object, const char *key, int64_t fallback)
{
	return bldr_as_int(bldr_get(object, key), fallback);
}

bool bldr_equal(const struct bldr_value *a, const struct bldr_value *b)
{
	return json_equal(json(a), json(b)) != 0;
}

static size_t depth_of(json_t *j)
{
	size_t deepest = 0;
	if (json_is_array(j)) {
		for (size_t i = 0; i < json_array_size(j); i++) {
			size_t depth = depth_of(json_array_get(j, i));
			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	if (json_is_object(j)) {
		for (void *it = json_object_iter(j); it != NULL; it = json_object_iter_next(j, it)) {
			size_t depth = depth_of(json_object_iter_value(it));
			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	return 0;
}

size_t bldr_depth(const struct bldr_value *v)
{
	return depth_of(json(v));
}

void *bldr_first(const struct bldr_value *object)
{
	return json_object_iter(json(object));
}

void *bldr_next(const struct bldr_value *object, void *it)
{
	return json_object_iter_next(json(object), it);
}

const char *bldr_key(void *it)
{
	return json_object_iter_key(it);
}

const struct bldr_value *bldr_item(void *it)
{
	return (const struct bldr_value *)(void *)json_object_iter_value(it);
}
