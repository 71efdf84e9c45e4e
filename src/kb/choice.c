/* Normalised names hold neither + nor a point. */
#include "kb/choice.h"

#include <stdlib.h>
#include <string.h>

#include "kb/fingerprint.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *kb_choice_key(struct arena *a, const char *const *columns, size_t n)
{
	const char **names = ARENA_ARRAY(a, const char *, n + 1);
	const char *text = "";

	for (size_t i = 0; i < n; i++) {
		names[i] = kb_name(a, columns[i]);
	}
	if (n > 0) {
		qsort(names, n, sizeof(*names), by_text);
	}
	for (size_t i = 0; i < n; i++) {
		text = arena_printf(a, "%s%s%s", text, i > 0 ? "+" : "", names[i]);
	}
	return text;
}

const char *kb_choice_reference(struct arena *a, const char *table, const char *column)
{
	return arena_printf(a, "%s.%s", kb_table_name(a, table), kb_name(a, column));
}
