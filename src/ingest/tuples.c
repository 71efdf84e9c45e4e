/* A tuple is its values and the lengths of all but the last: ("a", "bc") is not ("ab", "c"). */
#include "ingest/tuples.h"

#include <string.h>

#include "base/map.h"
#include "ingest/infer.h"

enum { MEMBER_BYTES = 96 }; /* what a tuple takes in memory, beside its text */

bool tuple_is_null(const struct column_profile *c, const char *trimmed, size_t size)
{
	for (size_t i = 0; i < c->null_tokens.n; i++) {
		const char *token = c->null_tokens.at[i].token;
		if (strlen(token) == size && memcmp(token, trimmed, size) == 0) {
			return true;
		}
	}
	return false;
}

bool tuple_make(const struct table_profile *t, const size_t *columns, size_t n,
		const struct record *record, struct buf *ret)
{
	buf_clear(ret);
	for (size_t i = 0; i < n; i++) {
		size_t size = record->fields[columns[i]].size;
		const char *text = value_trim(record->fields[columns[i]].text, &size);
		if (size == 0 || tuple_is_null(&t->columns.at[columns[i]], text, size)) {
			return false;
		}
		if (i + 1 < n) {
			buf_add(ret, &size, sizeof(size));
		}
		buf_add(ret, text, size);
	}
	return true;
}

void tuples_open(struct tuples *t, const struct table_profile *table, const size_t *columns,
		 size_t n)
{
	*t = (struct tuples){ .table = table, .n = n, .rows = map_new() };
	t->columns = arena_copy(&t->members, columns, n * sizeof(*columns));
}

void tuples_add(struct tuples *t, const struct record *record, struct buf *scratch)
{
	if (record->rejected != NULL) {
		return;
	}
	if (!tuple_make(t->table, t->columns, t->n, record, scratch)) {
		t->without++;
		return;
	}
	void **place = map_at(t->rows, scratch->data, scratch->size);
	if (*place == NULL) {
		*place = ARENA_NEW(&t->members, int64_t);
		t->bytes += scratch->size + MEMBER_BYTES;
	}
	(*(int64_t *)*place)++;
	t->with++;
}

void tuples_free(struct tuples *t)
{
	map_free(t->rows);
	arena_release(&t->members);
	*t = (struct tuples){ .n = 0 };
}

struct tuples_overlap tuples_compare(const struct tuples *child, const struct tuples *parent)
{
	size_t n = map_count(child->rows);
	struct tuples_overlap o = { .distinct = (int64_t)n };
	for (size_t i = 0; i < n; i++) {
		size_t size;
		const void *tuple = map_key(child->rows, i, &size);
		if (map_find(parent->rows, tuple, size) != NULL) {
			o.contained++;
		} else {
			o.orphan_rows += *(const int64_t *)map_value(child->rows, i);
		}
	}
	return o;
}
