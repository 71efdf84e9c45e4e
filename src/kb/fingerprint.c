/* A fingerprint is the hash of a text in which normalised names, that hold no blanks, stand in sorted lines. */
#include "kb/fingerprint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "kb/kb.h"

enum { TEXT_MAX = 64 << 20 };

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

const char *kb_name(struct arena *a, const char *name)
{
	size_t size = utf8_cut(name, strlen(name), KB_NAME_MAX);
	char *out = arena_alloc(a, size + 1);
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		if (is_word(name[i])) {
			out[n++] = (char)tolower((unsigned char)name[i]);
		} else if (n > 0 && out[n - 1] != '_') {
			out[n++] = '_';
		}
	}
	n -= n > 0 && out[n - 1] == '_';
	out[n] = '\0';
	return out;
}

const char *kb_table_name(struct arena *a, const char *name)
{
	char *out = arena_strdup(a, kb_name(a, name));
	size_t n = 0;

	for (size_t i = 0; out[i] != '\0'; i++) {
		bool digit = isdigit((unsigned char)out[i]) != 0;

		if (!digit) {
			out[n++] = out[i];
		} else if (n == 0 || out[n - 1] != '9') {
			out[n++] = '9';
		}
	}
	out[n] = '\0';
	return out;
}

const char *kb_type(struct arena *a, const char *type)
{
	return arena_strndup(a, type, strcspn(type, "("));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The hash of the lines, whatever their order. */
static const char *hash_lines(struct arena *a, const char *head, const char **lines, size_t n)
{
	char hex[HASH_HEX_MAX];
	struct hash_state h;

	if (n > 0) {
		qsort(lines, n, sizeof(*lines), by_text);
	}
	hash_init(&h);
	hash_add(&h, head, strlen(head));
	for (size_t i = 0; i < n; i++) {
		hash_add(&h, "\n", 1);
		hash_add(&h, lines[i], strlen(lines[i]));
	}
	hash_end(&h, hex);
	return arena_strndup(a, hex, KB_FINGERPRINT_MAX - 1);
}

const char *kb_table_fingerprint(struct arena *a, const struct kb_table *t)
{
	const char **lines = ARENA_ARRAY(a, const char *, t->columns.n + 1);

	for (size_t i = 0; i < t->columns.n; i++) {
		lines[i] = arena_printf(a, "column %s %s", kb_name(a, t->columns.at[i].name),
					kb_type(a, t->columns.at[i].type));
	}
	return hash_lines(a, arena_printf(a, "table %s", kb_table_name(a, t->name)), lines,
			  t->columns.n);
}

const char *kb_source_fingerprint(struct arena *a, const char *const *tables, size_t n)
{
	const char **lines = ARENA_ARRAY(a, const char *, n + 1);

	for (size_t i = 0; i < n; i++) {
		lines[i] = tables[i];
	}
	return hash_lines(a, "source", lines, n);
}

/* What stands for the character at s. */
static char mask_of(const char *s, size_t size)
{
	if (size > 1) {
		return 'x';
	}
	if (isdigit((unsigned char)*s)) {
		return '9';
	}
	if (isalpha((unsigned char)*s)) {
		return 'a';
	}
	if (strchr("-/.:,+()%' ", *s) != NULL) {
		return *s;
	}
	return 'x';
}

void kb_mask(const char *value, char ret[KB_MASK_MAX])
{
	size_t left = strlen(value);
	size_t n = 0;
	bool valid;

	while (left > 0 && n < KB_MASK_MAX - 1) {
		size_t size = utf8_next(value, left, &valid);
		char c = mask_of(value, size);

		if (n == 0 || ret[n - 1] != c || (c != '9' && c != 'a' && c != 'x')) {
			ret[n++] = c;
		}
		value += size;
		left -= size;
	}
	ret[n] = '\0';
}
