/* Splits by bytes; the tokenizer of FTS5 splits further where Unicode says so. */
#include "kb/query.h"

#include <ctype.h>
#include <string.h>

#include "base/map.h"
#include "base/utf8.h"

/* Words that say nothing about what is looked for. */
static const char *const stop_words[] = {
	"an",  "and",  "are",  "as",   "at",    "be",   "but",   "by",   "for",  "from", "has",
	"how", "if",   "in",   "into", "is",    "it",   "its",   "not",  "of",   "on",   "or",
	"so",  "than", "that", "the",  "their", "then", "there", "they", "this", "to",   "was",
	"we",  "were", "what", "when", "which", "who",  "will",  "with", "you",  NULL
};

static bool is_stop_word(const char *word)
{
	for (const char *const *s = stop_words; *s != NULL; s++) {
		if (strcmp(*s, word) == 0) {
			return true;
		}
	}
	return false;
}

/* Bytes of the word's character at s; 0: it is none. */
static size_t word_character(const char *s, size_t size)
{
	bool valid;
	size_t n = utf8_next(s, size, &valid);

	return valid && (n > 1 || isalnum((unsigned char)*s)) ? n : 0;
}

static void add_word(const char *s, size_t size, struct map *seen, struct arena *a, kb_words *ret)
{
	char *word;

	size = utf8_cut(s, size, KB_QUERY_WORD_MAX);
	word = arena_strndup(a, s, size);
	for (char *c = word; *c != '\0'; c++) {
		*c = (char)((unsigned char)*c < 0x80 ? tolower((unsigned char)*c) : *c);
	}
	if (size < 2 || is_stop_word(word) || map_find(seen, word, size) != NULL) {
		return;
	}
	*map_at(seen, word, size) = word;
	*LIST_ADD(a, ret) = word;
}

void kb_split(const char *text, size_t max, struct arena *a, kb_words *ret)
{
	struct map *seen = map_new();
	size_t left = strlen(text);

	while (left > 0 && ret->n < max) {
		size_t size = 0;
		size_t n;

		while (size < left && (n = word_character(text + size, left - size)) > 0) {
			size += n;
		}
		if (size > 0) {
			add_word(text, size, seen, a, ret);
		} else {
			bool valid;

			size = utf8_next(text, left, &valid);
		}
		text += size;
		left -= size;
	}
	map_free(seen);
}

void kb_query(const char *text, struct arena *a, struct buf *out)
{
	kb_words words = { 0 };

	kb_split(text, KB_QUERY_WORDS_MAX, a, &words);
	for (size_t i = 0; i < words.n; i++) {
		buf_printf(out, "%s\"%s\"", i > 0 ? " OR " : "", words.at[i]);
	}
}
