/* Open addressing over an array of values; a slot holds 32 bits of the hash, so that a miss rarely looks at a value. */
#include "ingest/distinct.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ingest/fingerprint.h"

enum { SLOTS_FIRST = 64, VALUES_FIRST = 32, BLOCK_BYTES = 32 << 10 };

struct text_block {
	struct text_block *next;
	size_t used, room; /* DISTINCT_PAD bytes more are readable */
	char text[];
};

static inline uint64_t word_at(const char *s)
{
	uint64_t word;
	memcpy(&word, s, sizeof(word));
	return htole64(word);
}

/* Both with DISTINCT_PAD readable bytes behind them. */
static inline bool equal(const char *a, const char *b, size_t size)
{
	for (; size > 8; size -= 8, a += 8, b += 8) {
		if (word_at(a) != word_at(b)) {
			return false;
		}
	}
	return size == 0 || (word_at(a) ^ word_at(b)) << (64 - 8 * size) == 0;
}

void distinct_release(struct distinct *d)
{
	while (d->texts != NULL) {
		struct text_block *next = d->texts->next;
		free(d->texts);
		d->texts = next;
	}
	free(d->at);
	free(d->slots);
	*d = (struct distinct){ .n = 0 };
}

size_t distinct_bytes(const struct distinct *d)
{
	size_t slots = d->slots != NULL ? d->mask + 1 : 0;
	return d->n * sizeof(*d->at) + slots * sizeof(*d->slots) + d->text_bytes;
}

static const char *keep_text(struct distinct *d, const char *text, size_t size)
{
	struct text_block *b = d->texts;
	if (b == NULL || b->room - b->used < size) {
		/* small tables have small blocks: a folder may have thousands of columns */
		size_t room = d->text_bytes < BLOCK_BYTES ? d->text_bytes + 256 : BLOCK_BYTES;
		room = size > room ? size : room;
		b = xcalloc(1, sizeof(*b) + room + DISTINCT_PAD);
		*b = (struct text_block){ .next = d->texts, .room = room };
		d->texts = b;
	}
	char *kept = b->text + b->used;
	memcpy(kept, text, size);
	b->used += size;
	d->text_bytes += size;
	return kept;
}

static void make_slots(struct distinct *d, size_t n)
{
	free(d->slots);
	d->slots = xcalloc(n, sizeof(*d->slots));
	d->mask = n - 1;
	for (size_t v = 0; v < d->n; v++) {
		size_t i = d->at[v].tag & d->mask;
		while (d->slots[i] != 0) {
			i = (i + 1) & d->mask;
		}
		d->slots[i] = (uint64_t)d->at[v].tag << 32 | (v + 1);
	}
}

/* The slot of the value, or the free one where it belongs; n probes at most, then SIZE_MAX. */
static inline size_t slot_of(const struct distinct *d, const char *text, size_t size, uint32_t tag)
{
	size_t i = tag & d->mask;
	for (size_t probes = 0; probes < DISTINCT_PROBES_MAX; probes++) {
		uint64_t slot = d->slots[i];
		if (slot == 0) {
			return i;
		}
		if (slot >> 32 == tag) {
			const struct distinct_value *v = &d->at[(uint32_t)slot - 1];
			if (v->size == size && equal(v->text, text, size)) {
				return i;
			}
		}
		i = (i + 1) & d->mask;
	}
	return SIZE_MAX;
}

static void add_value(struct distinct *d, const struct distinct_value *v)
{
	if (d->n == d->room) {
		d->room = d->room != 0 ? d->room + d->room / 2 : VALUES_FIRST;
		d->at = xrealloc(d->at, d->room * sizeof(*d->at));
	}
	d->at[d->n++] = *v;
}

void distinct_add(struct distinct *d, const char *text, size_t size, uint64_t hash, int64_t line)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	if (d->slots == NULL) {
		make_slots(d, SLOTS_FIRST);
	}
	size_t slot = slot_of(d, text, size, tag);
	if (slot == SIZE_MAX) {
		d->full = true;
		return;
	}
	if (d->slots[slot] != 0) {
		d->at[(uint32_t)d->slots[slot] - 1].count++;
		return;
	}
	struct distinct_value v = { .count = 1, .line = line, .size = (uint32_t)size, .tag = tag };
	v.text = keep_text(d, text, size);
	add_value(d, &v);
	d->slots[slot] = (uint64_t)tag << 32 | d->n;
	if (d->n * 2 > d->mask + 1) {
		make_slots(d, (d->mask + 1) * 2);
	}
}

struct distinct_value *distinct_find(const struct distinct *d, const char *text, size_t size,
				     uint64_t hash)
{
	if (d->slots == NULL) {
		return NULL;
	}
	size_t slot = slot_of(d, text, size, (uint32_t)(hash >> 32));
	if (slot == SIZE_MAX || d->slots[slot] == 0) {
		return NULL;
	}
	return &d->at[(uint32_t)d->slots[slot] - 1];
}

struct rank {
	int64_t count;
	size_t index;
};

static int by_count(const void *a, const void *b)
{
	const struct rank *x = a;
	const struct rank *y = b;
	if (x->count != y->count) {
		return x->count > y->count ? -1 : 1;
	}
	return (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b)
{
	const struct rank *x = a;
	const struct rank *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

void distinct_prune(struct distinct *d, size_t n, const bool *wanted)
{
	struct rank *ranks = xcalloc(d->n + 1, sizeof(*ranks));
	size_t kept = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (wanted[i]) {
			ranks[kept++] = (struct rank){ d->at[i].count, i };
		}
	}
	qsort(ranks, kept, sizeof(*ranks), by_count);
	kept = kept < n ? kept : n;
	qsort(ranks, kept, sizeof(*ranks), by_index);

	struct distinct small = { .n = 0 };
	for (size_t i = 0; i < kept; i++) {
		struct distinct_value v = d->at[ranks[i].index];
		v.text = keep_text(&small, v.text, v.size);
		add_value(&small, &v);
	}
	size_t slots = SLOTS_FIRST;
	while (slots < kept * 2) {
		slots *= 2;
	}
	make_slots(&small, slots);
	free(ranks);
	distinct_release(d);
	*d = small;
}
