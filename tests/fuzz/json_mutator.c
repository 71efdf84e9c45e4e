/*
 * The tree is built anew with one of its nodes changed; nodes are counted in the order of the text. What does
 * not fit into max_size is left to libFuzzer. Without libFuzzer (a replay) nobody calls this.
 */
#include "fuzz/json_mutator.h"

#include <stdlib.h>
#include <string.h>

#include <bldr/value.h>

#include "base/check.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

enum change { DROP, DOUBLE, REPLACE, LIMIT, TEXT, RENAME, WRAP, CHANGES };

struct mutation {
	uint64_t state;
	enum change change;
	size_t target; /* the number of the node that is changed */
	size_t at;     /* the number of the next node */
	const struct bldr_value *other;
};

static uint64_t next64(struct mutation *m)
{
	uint64_t z = (m->state += UINT64_C(0x9E3779B97F4A7C15)); /* splitmix64 */
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static size_t below(struct mutation *m, size_t n)
{
	return (size_t)(next64(m) % n);
}

static size_t count(const struct bldr_value *v)
{
	size_t n = 1;
	for (size_t i = 0; bldr_type_of(v) == BLDR_LIST && i < bldr_count(v); i++) {
		n += count(bldr_at(v, i));
	}
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		n += count(bldr_item(it));
	}
	return n;
}

/* The n-th node, counted down in *n. */
static const struct bldr_value *node(const struct bldr_value *v, size_t *n)
{
	const struct bldr_value *found = NULL;
	if ((*n)-- == 0) {
		return v;
	}
	for (size_t i = 0; found == NULL && bldr_type_of(v) == BLDR_LIST && i < bldr_count(v); i++) {
		found = node(bldr_at(v, i), n);
	}
	for (void *it = bldr_first(v); found == NULL && it != NULL; it = bldr_next(v, it)) {
		found = node(bldr_item(it), n);
	}
	return found;
}

static struct bldr_value *limit(struct mutation *m)
{
	static const char *const texts[] = { "null",
					     "true",
					     "false",
					     "0",
					     "1",
					     "-1",
					     "9223372036854775807",
					     "-9223372036854775808",
					     "0.0",
					     "1.0",
					     "1e300",
					     "\"\"",
					     "\"a\"",
					     "\"\\u00e9\\ud83d\\ude00\"",
					     "[]",
					     "{}",
					     "[[]]",
					     "{\"a\":{}}" };
	struct bldr_error err;
	struct bldr_value *v;
	const char *text = texts[below(m, sizeof(texts) / sizeof(texts[0]))];
	ASSERT(bldr_value_parse(text, strlen(text), &v, &err) == 0);
	return v;
}

/* Bytes of a text, changed by libFuzzer; a text stays valid UTF-8 since bldr_text_n repairs it. */
static struct bldr_value *text(const char *s)
{
	char bytes[256];
	size_t size = s != NULL && strlen(s) < sizeof(bytes) / 2 ? strlen(s) : 0;
	memcpy(bytes, s != NULL ? s : "", size);
	if (LLVMFuzzerMutate != NULL) {
		size = LLVMFuzzerMutate((uint8_t *)bytes, size, sizeof(bytes));
	}
	return bldr_text_n(bytes, size);
}

static struct bldr_value *changed(struct mutation *m, const struct bldr_value *v);

/* The node in place of the target; NULL: none. */
static struct bldr_value *replacement(struct mutation *m, const struct bldr_value *v)
{
	struct bldr_value *list;
	switch (m->change) {
	case DROP:
		return NULL;
	case LIMIT:
		return limit(m);
	case TEXT:
		return text(bldr_as_text(v));
	case WRAP:
		list = bldr_list();
		bldr_list_add(list, bldr_ref(v));
		return list;
	case REPLACE:
		return bldr_ref(m->other);
	case DOUBLE:
	case RENAME:
	case CHANGES:
	default:
		return bldr_ref(v);
	}
}

static struct bldr_value *changed_list(struct mutation *m, const struct bldr_value *v)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < bldr_count(v); i++) {
		bool target = m->at == m->target;
		struct bldr_value *item = changed(m, bldr_at(v, i));
		if (item != NULL && target && m->change == DOUBLE) {
			bldr_list_add(list, bldr_ref(item));
		}
		if (item != NULL) {
			bldr_list_add(list, item);
		}
	}
	return list;
}

static struct bldr_value *changed_object(struct mutation *m, const struct bldr_value *v)
{
	struct bldr_value *object = bldr_object();
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		bool target = m->at == m->target;
		struct bldr_value *item = changed(m, bldr_item(it));
		if (item != NULL && target && (m->change == RENAME || m->change == DOUBLE)) {
			struct bldr_value *key = text(bldr_key(it));
			bldr_object_set(object, bldr_as_text(key), bldr_ref(item));
			bldr_unref(key);
			if (m->change == RENAME) {
				bldr_unref(item);
				continue;
			}
		}
		if (item != NULL) {
			bldr_object_set(object, bldr_key(it), item);
		}
	}
	return object;
}

static struct bldr_value *changed(struct mutation *m, const struct bldr_value *v)
{
	if (m->at++ == m->target) {
		m->at += count(v) - 1;
		return replacement(m, v);
	}
	if (bldr_type_of(v) == BLDR_LIST) {
		return changed_list(m, v);
	}
	return bldr_type_of(v) == BLDR_OBJECT ? changed_object(m, v) : bldr_ref(v);
}

/* v with one node changed, as text; NULL when nothing is left. */
static char *mutated(struct mutation *m, const struct bldr_value *v)
{
	size_t n = count(v);
	size_t other = below(m, n);
	m->target = below(m, n);
	m->at = 0;
	m->change = (enum change)below(m, CHANGES);
	m->other = node(v, &other);
	struct bldr_value *result = changed(m, v);
	char *out = result != NULL ? bldr_value_text(result) : NULL;
	bldr_unref(result);
	return out;
}

/* Puts text in place of bytes from..to of data; 0 when it has no room. */
static size_t put(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to,
		  const char *text)
{
	size_t n = strlen(text);
	if (size - (to - from) + n > max_size) {
		return 0;
	}
	memmove(data + from + n, data + to, size - to);
	memcpy(data + from, text, n);
	return size - (to - from) + n;
}

size_t json_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct mutation m = { .state = seed };
	struct bldr_error err;
	struct bldr_value *v;
	size_t result = 0;
	ASSERT(LLVMFuzzerMutate != NULL);
	if (size > 0 && below(&m, 2) == 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t first = end != NULL ? (size_t)(end - data) : size;
		bool whole = below(&m, 2) == 0; /* else one of the two lines */
		bool second = !whole && first < size && below(&m, 2) == 0;
		size_t from = second ? first + 1 : 0;
		size_t to = whole || second ? size : first;
		if (bldr_value_parse((const char *)data + from, to - from, &v, &err) == 0) {
			char *out = mutated(&m, v);
			result = out != NULL ? put(data, size, max_size, from, to, out) : 0;
			free(out);
			bldr_unref(v);
		}
	}
	return result != 0 ? result : LLVMFuzzerMutate(data, size, max_size);
}
