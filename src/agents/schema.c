/* Keys and foreign keys do not count: they are what the Analyst chooses with what it recalls. */
#include "agents/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

enum { MASKS_MAX = 4 };

static const char *fingerprint(const struct table_profile *table, struct arena *a)
{
	struct kb_table t = { .name = table->table };

	for (size_t i = 0; i < table->columns.n; i++) {
		*LIST_ADD(a, &t.columns) =
			(struct kb_column){ table->columns.at[i].name, table->columns.at[i].type };
	}
	return kb_table_fingerprint(a, &t);
}

void schema_of(const struct profile *profile, struct arena *a, struct schema *ret)
{
	const char **all = ARENA_ARRAY(a, const char *, profile->tables.n + 1);

	*ret = (struct schema){ 0 };
	for (size_t i = 0; i < profile->tables.n; i++) {
		const struct table_profile *t = &profile->tables.at[i];

		all[i] = fingerprint(t, a);
		*LIST_ADD(a, &ret->tables) = (struct schema_table){ t, all[i] };
	}
	ret->source = kb_source_fingerprint(a, all, profile->tables.n);
}

static bool add_word(struct buf *out, const char *word)
{
	if (out->size + strlen(word) + 1 > out->max) {
		return false;
	}
	buf_printf(out, "%s%s", out->size > 0 ? " " : "", word);
	return true;
}

const char *schema_words(const struct profile *profile, struct arena *a, size_t max)
{
	struct map *seen = map_new();
	struct buf out;
	bool room = true;
	const char *words;

	buf_init(&out, max);
	for (size_t i = 0; room && i < profile->tables.n; i++) {
		room = add_word(&out, kb_table_name(a, profile->tables.at[i].table));
	}
	for (size_t i = 0; room && i < profile->tables.n; i++) {
		const struct table_profile *t = &profile->tables.at[i];

		for (size_t k = 0; room && k < t->columns.n; k++) {
			const char *word = kb_name(a, t->columns.at[k].name);
			void **at = map_at(seen, word, strlen(word));

			room = *at != NULL || add_word(&out, word);
			*at = seen;
		}
	}
	words = arena_strdup(a, out.data);
	buf_release(&out);
	map_free(seen);
	return words;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

const char *schema_mask(const struct column_profile *c, struct arena *a)
{
	char masks[MASKS_MAX][KB_MASK_MAX];
	const char *text = "";
	size_t n = 0;

	for (size_t i = 0; i < c->top.n; i++) {
		char mask[KB_MASK_MAX];
		size_t k = 0;

		kb_mask(c->top.at[i].token, mask);
		while (k < n && strcmp(masks[k], mask) != 0) {
			k++;
		}
		if (k < n || mask[0] == '\0') {
			continue;
		}
		if (n == MASKS_MAX) {
			return "x";
		}
		memcpy(masks[n++], mask, sizeof(mask));
	}
	qsort(masks, n, sizeof(masks[0]), by_text);
	for (size_t i = 0; i < n; i++) {
		text = arena_printf(a, "%s%s%s", text, i > 0 ? "|" : "", masks[i]);
	}
	return text;
}
