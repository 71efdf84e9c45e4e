/*
 * The distinct values of a column with their number and first line, exactly, up to a budget of bytes. Who finds
 * the budget spent keeps the most frequent of them and counts only those further: each of their counts stays exact.
 *
 * Values are found by their fingerprints and compared byte by byte. Values that someone made collide cannot cost more
 * than DISTINCT_PROBES_MAX looks each: a table with such values says it is full.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISTINCT_PROBES_MAX = 1024, DISTINCT_PAD = 8 };

struct distinct_value {
	const char *text; /* as written, not NUL-terminated */
	int64_t count;
	int64_t line; /* of the first record with it */
	uint32_t size;
	uint32_t tag; /* of the fingerprint */
};

struct text_block;

struct distinct {
	struct distinct_value *at; /* in order of appearance */
	size_t n, room;
	uint64_t *slots; /* tag << 32 | index + 1; 0: free */
	size_t mask;
	struct text_block *texts;
	size_t text_bytes;
	bool full; /* more probes than DISTINCT_PROBES_MAX */
};

/* Zero is an empty table. */
void distinct_release(struct distinct *d);
/* Bytes that the table takes. */
size_t distinct_bytes(const struct distinct *d);
/* Adds one row with the value; hash: fingerprint(text, size). Behind text, here and below, DISTINCT_PAD bytes can be read. */
void distinct_add(struct distinct *d, const char *text, size_t size, uint64_t hash, int64_t line);
/* The value, or NULL. */
struct distinct_value *distinct_find(const struct distinct *d, const char *text, size_t size,
				     uint64_t hash);
/*
 * Keeps at most n values, the most frequent ones, the earlier ones on a tie, in order of appearance. wanted[i] false:
 * the i-th is not kept in any case.
 */
void distinct_prune(struct distinct *d, size_t n, const bool *wanted);

/* Has the slot of a value brought near. */
static inline void distinct_prefetch(const struct distinct *d, uint64_t hash)
{
	if (d->slots != NULL) {
		__builtin_prefetch(&d->slots[(hash >> 32) & d->mask]);
	}
}

/* What is probably the value, brought near itself; NULL: probably it is new. Valid until the next distinct_add. */
static inline const struct distinct_value *distinct_guess(const struct distinct *d, uint64_t hash)
{
	enum { LOOKS = 8 };
	uint64_t tag = hash >> 32;
	for (uint64_t i = tag; d->slots != NULL && i < tag + LOOKS; i++) {
		uint64_t slot = d->slots[i & d->mask];
		if (slot == 0) {
			return NULL;
		}
		if (slot >> 32 == tag) {
			const struct distinct_value *v = &d->at[(uint32_t)slot - 1];
			__builtin_prefetch(v);
			return v;
		}
	}
	return NULL;
}
