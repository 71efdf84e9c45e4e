/*
 * Comments and last commas become blanks of the same length, so that what the parser says about lines
 * and columns is true of the original. Lines of keys are found by a second walk over text that is
 * known to be right.
 */
#include "base/jsonc.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

/* The end of the string that begins at i; size when it has none. */
static size_t skip_string(const char *text, size_t size, size_t i)
{
	for (i++; i < size && text[i] != '"'; i++) {
		i += text[i] == '\\' ? 1 : 0;
	}
	return i < size ? i + 1 : size;
}

static void blank(char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (text[i] != '\n') {
			text[i] = ' ';
		}
	}
}

/* The end of the comment at i, i itself when none stands there, size + 1 when it has no end. */
static size_t comment_end(const char *text, size_t size, size_t i)
{
	if (i + 1 >= size || text[i] != '/') {
		return i;
	}
	if (text[i + 1] == '/') {
		const char *end = memchr(text + i, '\n', size - i);
		return end != NULL ? (size_t)(end - text) : size;
	}
	if (text[i + 1] != '*') {
		return i;
	}
	const char *end = memmem(text + i + 2, size - i - 2, "*/", 2);
	return end != NULL ? (size_t)(end - text) + 2 : size + 1;
}

static size_t line_of(const char *text, size_t i)
{
	size_t line = 1;
	for (size_t k = 0; k < i; k++) {
		line += text[k] == '\n';
	}
	return line;
}

/* Changes text in place. */
static int blank_comments(char *text, size_t size, struct bldr_error *err)
{
	for (size_t i = 0; i < size;) {
		size_t end = comment_end(text, size, i);
		if (text[i] == '"') {
			i = skip_string(text, size, i);
		} else if (end > size) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "line %zu: a comment that does not end",
					      line_of(text, i));
		} else if (end > i) {
			blank(text, i, end);
			i = end;
		} else {
			i++;
		}
	}
	return 0;
}

/* A comma that is followed by the end of its list or object, and follows an item. */
static void blank_commas(char *text, size_t size)
{
	size_t comma = size;
	char before = '\0';
	for (size_t i = 0; i < size;) {
		char c = text[i];
		if (strchr(" \t\r\n", c) != NULL && c != '\0') {
			i++;
			continue;
		}
		if ((c == ']' || c == '}') && comma < size) {
			text[comma] = ' ';
		}
		comma = c == ',' && before != ',' && before != '[' && before != '{' ? i : size;
		before = c;
		i = c == '"' ? skip_string(text, size, i) : i + 1;
	}
}

/* Strict JSON of the same lines and columns; the caller frees it. */
static int strict(const char *text, size_t size, char **ret, struct bldr_error *err)
{
	char *copy = xmalloc(size + 1);
	memcpy(copy, text, size);
	copy[size] = '\0';
	int rc = blank_comments(copy, size, err);
	if (rc < 0) {
		free(copy);
		return rc;
	}
	blank_commas(copy, size);
	*ret = copy;
	return 0;
}

int jsonc_parse(const char *text, size_t size, struct bldr_value **ret, struct bldr_error *err)
{
	char *copy = NULL;
	int rc = strict(text, size, &copy, err);
	if (rc == 0) {
		rc = bldr_value_parse(copy, size, ret, err);
	}
	free(copy);
	return rc;
}

/* Where the key of an object at depth 1.. stands, while walking. */
struct walk {
	struct buf path;
	size_t ends[BLDR_VALUE_DEPTH_MAX + 1]; /* size of the path around each open object */
	size_t depth;
};

/* The key between its quotes; escapes stay as they are written. */
static void enter_key(struct walk *w, const char *key, size_t size)
{
	w->path.size = w->ends[w->depth];
	w->path.data[w->path.size] = '\0';
	if (w->path.size > 0) {
		buf_putc(&w->path, '.');
	}
	buf_add(&w->path, key, size);
}

static bool is_key(const char *text, size_t size, size_t behind)
{
	while (behind < size && strchr(" \t\r\n", text[behind]) != NULL && text[behind] != '\0') {
		behind++;
	}
	return behind < size && text[behind] == ':';
}

static size_t find_line(const char *text, size_t size, const char *path, struct walk *w)
{
	for (size_t i = 0; i < size;) {
		char c = text[i];
		size_t end = c == '"' ? skip_string(text, size, i) : i + 1;
		if ((c == '{' || c == '[') && w->depth < BLDR_VALUE_DEPTH_MAX) {
			w->ends[++w->depth] = w->path.size;
		} else if ((c == '}' || c == ']') && w->depth > 0) {
			w->path.size = w->ends[w->depth--];
		} else if (c == '"' && is_key(text, size, end)) {
			enter_key(w, text + i + 1, end - i - 2);
			if (strcmp(w->path.data, path) == 0) {
				return line_of(text, i);
			}
		}
		i = end;
	}
	return 0;
}

size_t jsonc_line(const char *text, size_t size, const char *path)
{
	struct walk w = { 0 };
	char *copy = NULL;
	size_t line = 0;
	if (strict(text, size, &copy, NULL) < 0) {
		return 0;
	}
	buf_init(&w.path, size + BLDR_VALUE_DEPTH_MAX);
	line = find_line(copy, size, path, &w);
	buf_release(&w.path);
	free(copy);
	return line;
}
