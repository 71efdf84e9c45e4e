/* A sorted array with gaps. Nothing can go wrong but a wrong id, which is a bug. */
#include "graph/idtable.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* The place of id, or where it would be inserted. */
static size_t place(const struct idtable *t, int64_t id)
{
	size_t low = 0;
	size_t high = t->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->at[middle].id < id) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void close_gaps(struct idtable *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (t->at[i].value != NULL) {
			t->at[kept++] = t->at[i];
		}
	}
	t->n = kept;
	t->removed = 0;
}

void idtable_release(struct idtable *t)
{
	free(t->at);
	*t = (struct idtable){ 0 };
}

void idtable_add(struct idtable *t, int64_t id, void *value)
{
	ASSERT(value != NULL);
	if (t->n == t->room) {
		t->room = t->room != 0 ? t->room * 2 : 8;
		t->at = xrealloc(t->at, t->room * sizeof(*t->at));
	}
	size_t i = t->n == 0 || t->at[t->n - 1].id < id ? t->n : place(t, id);
	if (i < t->n && t->at[i].id == id) {
		ASSERT(t->at[i].value == NULL);
		t->at[i].value = value;
		t->removed--;
		return;
	}
	memmove(&t->at[i + 1], &t->at[i], (t->n - i) * sizeof(*t->at));
	t->at[i] = (struct idtable_entry){ .id = id, .value = value };
	t->n++;
}

void *idtable_find(const struct idtable *t, int64_t id)
{
	size_t i = place(t, id);
	return i < t->n && t->at[i].id == id ? t->at[i].value : NULL;
}

void idtable_remove(struct idtable *t, int64_t id)
{
	size_t i = place(t, id);
	ASSERT(i < t->n && t->at[i].id == id && t->at[i].value != NULL);
	t->at[i].value = NULL;
	t->removed++;
	if (t->removed * 2 > t->n) {
		close_gaps(t);
	}
}
