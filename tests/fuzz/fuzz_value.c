/*
 * JSON text to values and back: what parses has one canonical text with ascending keys, which parses to an
 * equal value, as the text for people does; what does not parse says why.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <bldr/value.h>

#include "fuzz/fuzz.h"

/* Keys come in the order of the text. */
static void keys_ascend(const struct bldr_value *v)
{
	const char *last = NULL;
	for (size_t i = 0; bldr_type_of(v) == BLDR_LIST && i < bldr_count(v); i++) {
		keys_ascend(bldr_at(v, i));
	}
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		const char *key = bldr_key(it);
		ASSERT(last == NULL || strcmp(last, key) < 0);
		ASSERT(utf8_valid(key, strlen(key)));
		ASSERT(bldr_get(v, key) == bldr_item(it));
		keys_ascend(bldr_item(it));
		last = key;
	}
}

static size_t count_keys(const struct bldr_value *v)
{
	size_t n = 0;
	for (size_t i = 0; bldr_type_of(v) == BLDR_LIST && i < bldr_count(v); i++) {
		n += count_keys(bldr_at(v, i));
	}
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		n += 1 + count_keys(bldr_item(it));
	}
	return n;
}

/* Colons outside texts, of text that is known to be JSON: one per key that was written. */
static size_t count_colons(const char *text, size_t size)
{
	size_t n = 0;
	bool quoted = false;
	for (size_t i = 0; i < size; i++) {
		if (quoted && text[i] == '\\') {
			i++; /* what is escaped ends no text */
		} else if (text[i] == '"') {
			quoted = !quoted;
		} else if (text[i] == ':' && !quoted) {
			n++;
		}
	}
	return n;
}

/* text is that of v; it is freed. */
static void reads_back(const struct bldr_value *v, char *text)
{
	struct bldr_error err = { 0 };
	struct bldr_value *again;
	ASSERT(utf8_valid(text, strlen(text)));
	ASSERT(bldr_value_parse(text, strlen(text), &again, &err) == 0);
	ASSERT(bldr_equal(v, again));
	keys_ascend(again);
	char *second = bldr_value_text(again);
	char *first = bldr_value_text(v);
	ASSERT(strcmp(first, second) == 0);
	free(first);
	free(second);
	free(text);
	bldr_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bldr_error err = { 0 };
	struct bldr_value *v = NULL;
	int rc = bldr_value_parse((const char *)data, size, &v, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(v == NULL && (rc == BLDR_E_INVALID || rc == BLDR_E_LIMIT));
		return 0;
	}
	ASSERT(bldr_depth(v) <= BLDR_VALUE_DEPTH_MAX);
	ASSERT(count_keys(v) == count_colons((const char *)data, size)); /* none stood twice */
	reads_back(v, bldr_value_text(v));
	reads_back(v, bldr_value_pretty(v));
	struct bldr_value *copy = bldr_copy(v);
	ASSERT(bldr_equal(v, copy));
	bldr_unref(copy);
	bldr_unref(v);
	return 0;
}
