/* What the tests of base share: cmocka, and JSON written in C source with ' for ". */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bldr/value.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ADDRESS_SANITIZER 1
#endif

/* Parses text after replacing ' by "; fails the test when it is not JSON. */
static inline struct bldr_value *json(const char *text)
{
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };
	size_t size = strlen(text);
	char *copy = malloc(size + 1);
	memcpy(copy, text, size + 1);
	for (char *p = copy; *p != '\0'; p++) {
		*p = *p == '\'' ? '"' : *p;
	}
	if (bldr_value_parse(copy, size, &v, &err) < 0) {
		fail_msg("%s: %s", text, err.text);
	}
	free(copy);
	return v;
}

/* Fails unless the canonical text of v is expected, ' standing for ". */
static inline void assert_json(const struct bldr_value *v, const char *expected)
{
	struct bldr_value *e = json(expected);
	char *expected_text = bldr_value_text(e);
	char *text = bldr_value_text(v);
	assert_string_equal(text, expected_text);
	free(text);
	free(expected_text);
	bldr_unref(e);
}
