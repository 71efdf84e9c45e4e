/*
 * A table from ids to pointers that is walked in order of id. Ids are given out ascending, so adding
 * is appending; finding is a binary search; what is removed leaves a gap until gaps prevail.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct idtable_entry {
	int64_t id;
	void *value; /* NULL: removed */
};

/* Zero is an empty table. */
struct idtable {
	struct idtable_entry *at;
	size_t n, room; /* n counts removed entries too */
	size_t removed;
};

void idtable_release(struct idtable *t);
/* value is not NULL, and id not in the table. */
void idtable_add(struct idtable *t, int64_t id, void *value);
/* NULL: there is none. */
void *idtable_find(const struct idtable *t, int64_t id);
void idtable_remove(struct idtable *t, int64_t id);
/* How many there are. */
static inline size_t idtable_count(const struct idtable *t)
{
	return t->n - t->removed;
}
