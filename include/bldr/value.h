/*
 * bldr_value: an opaque JSON value.
 *
 * A value is built through a non-const pointer by its one owner, then read through const
 * pointers by everybody. References are counted; changing a value that somebody else also holds
 * is a bug and aborts. Values are not shared between threads: hand over text or a copy.
 * Integers are 64 bits and exact, money is text. Text and keys are valid UTF-8 without U+0000: each
 * malformed part and each U+0000 of what is passed in becomes U+FFFD.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bldr/error.h>

struct bldr_value;

enum bldr_type { BLDR_NULL, BLDR_BOOL, BLDR_INT, BLDR_REAL, BLDR_TEXT, BLDR_LIST, BLDR_OBJECT };

enum { BLDR_VALUE_DEPTH_MAX = 128 };
#define BLDR_VALUE_TEXT_MAX ((size_t)64 << 20)

/*
 * Parses strict JSON text of at most BLDR_VALUE_TEXT_MAX bytes, nested at most
 * BLDR_VALUE_DEPTH_MAX deep; duplicate keys and trailing text are refused.
 * The caller owns *ret. Errors: INVALID (line and column in the message; an integer beyond 64
 * bits and \u0000 too), LIMIT.
 */
BLDR_API int bldr_value_parse(const char *text, size_t size, struct bldr_value **ret,
			      struct bldr_error *err);

/* Canonical text: keys sorted by bytes, no blanks. The caller frees it with free(). */
BLDR_API char *bldr_value_text(const struct bldr_value *v);

/* For people and for artefacts: keys sorted, two blanks of indentation, a final newline. */
BLDR_API char *bldr_value_pretty(const struct bldr_value *v);

/* Constructors. The caller owns the result. A NULL string makes a JSON null. */
BLDR_API struct bldr_value *bldr_null(void);
BLDR_API struct bldr_value *bldr_bool(bool b);
BLDR_API struct bldr_value *bldr_int(int64_t i);
BLDR_API struct bldr_value *bldr_text(const char *s);
BLDR_API struct bldr_value *bldr_text_n(const char *s, size_t size);
BLDR_API struct bldr_value *bldr_textf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
BLDR_API struct bldr_value *bldr_list(void);
BLDR_API struct bldr_value *bldr_object(void);

/* A new reference to the same value; a deep copy, which may be changed again. NULL gives NULL. */
BLDR_API struct bldr_value *bldr_ref(const struct bldr_value *v);
BLDR_API struct bldr_value *bldr_copy(const struct bldr_value *v);
/* Drops one reference. NULL is fine. */
BLDR_API void bldr_unref(struct bldr_value *v);
/* The same list or object for changing: v itself when nobody else holds it, else a copy that shares
 * its items. Takes v; the caller owns the result. */
BLDR_API struct bldr_value *bldr_own(struct bldr_value *v);

/* Building: both take ownership of item; NULL sets a JSON null. A bug when the container is held by
 * somebody else too. A key that is there already keeps its place. */
BLDR_API void bldr_list_add(struct bldr_value *list, struct bldr_value *item);
BLDR_API void bldr_object_set(struct bldr_value *object, const char *key, struct bldr_value *item);

/* Reading. Borrowed results live as long as v does. NULL v reads as a JSON null. */
BLDR_API enum bldr_type bldr_type_of(const struct bldr_value *v);
BLDR_API bool bldr_is_null(const struct bldr_value *v);
BLDR_API size_t bldr_count(const struct bldr_value *v); /* items or keys; 0 for scalars */
BLDR_API const struct bldr_value *bldr_at(const struct bldr_value *list, size_t i);
BLDR_API const struct bldr_value *bldr_get(const struct bldr_value *object, const char *key);
/* The text, or NULL when v is not text; the number, or fallback when v is not an integer. */
BLDR_API const char *bldr_as_text(const struct bldr_value *v);
BLDR_API int64_t bldr_as_int(const struct bldr_value *v, int64_t fallback);
/* An integer or a real as a double. */
BLDR_API double bldr_as_real(const struct bldr_value *v, double fallback);
BLDR_API bool bldr_as_bool(const struct bldr_value *v, bool fallback);
BLDR_API const char *bldr_get_text(const struct bldr_value *object, const char *key);
BLDR_API int64_t bldr_get_int(const struct bldr_value *object, const char *key, int64_t fallback);
BLDR_API bool bldr_equal(const struct bldr_value *a, const struct bldr_value *b);
/* Lists and objects around the innermost value, v included; 0 for a scalar. What is deeper than
 * BLDR_VALUE_DEPTH_MAX can be built, but its text cannot be parsed again. */
BLDR_API size_t bldr_depth(const struct bldr_value *v);

/*
 * Walks the keys of an object in the order they were set:
 *	for (void *it = bldr_first(o); it != NULL; it = bldr_next(o, it)) {
 *		use(bldr_key(it), bldr_item(it));
 *	}
 */
BLDR_API void *bldr_first(const struct bldr_value *object);
BLDR_API void *bldr_next(const struct bldr_value *object, void *it);
BLDR_API const char *bldr_key(void *it);
BLDR_API const struct bldr_value *bldr_item(void *it);
