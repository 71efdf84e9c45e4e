/*
 * A regular expression of a schema (PCRE2, UTF-8): not anchored, case counts, "$" is the very end,
 * \d and \w are ASCII. Matching is bounded, so that no pattern and no text can take for ever.
 */
#pragma once

#include <stddef.h>

#include <bldr/error.h>

struct pattern;

/* Errors: INVALID, with what PCRE2 says and where. */
int pattern_new(const char *text, struct pattern **ret, struct bldr_error *err);
void pattern_free(struct pattern *p); /* NULL is fine */
/* 1: it matches somewhere in text (valid UTF-8), 0: it does not. Callable on any thread. Errors: LIMIT. */
int pattern_match(const struct pattern *p, const char *text, size_t size, struct bldr_error *err);
