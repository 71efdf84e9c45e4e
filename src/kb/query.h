/*
 * From plain text to a full-text query: every word becomes a quoted term, so nothing that a stranger writes is syntax.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum { KB_QUERY_WORDS_MAX = 64, KB_QUERY_WORD_MAX = 40, KB_QUERY_MAX = 4096 };

typedef LIST(const char *) kb_words;

/* The different words of a text, lower case, in order: letters, digits and what is beyond ASCII; no stop words, none
 * of a single byte; at most max. Malformed UTF-8 parts words. */
void kb_split(const char *text, size_t max, struct arena *a, kb_words *ret);
/* "word" OR "word"...; empty when there is nothing to look for. */
void kb_query(const char *text, struct arena *a, struct buf *out);
