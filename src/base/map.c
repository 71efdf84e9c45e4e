/*
 * Entries stand in an array in order of insertion; an open-addressed table of their numbers finds
 * them by SipHash. Nothing is ever removed, so a number stays right for ever; growth only rebuilds
 * the table. The hash key is random per process.
 */
#include "base/map.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/crypto.h"

enum { SLOTS_FIRST = 16 };

struct entry {
	const void *key;
	size_t size;
	uint64_t hash;
	void *value;
};

struct map {
	struct arena keys;
	struct entry *entries;
	size_t n;
	size_t room;
	uint32_t *slots; /* entry number + 1; 0 is free */
	size_t mask;
};

static unsigned char hash_key[crypto_shorthash_KEYBYTES];

static void make_hash_key(void)
{
	crypto_random(hash_key, sizeof(hash_key));
}

static uint64_t hash_of(const void *key, size_t size)
{
	static const unsigned char nothing[1] = { 0 };
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t hash;
	crypto_shorthash(out, size != 0 ? key : nothing, size, hash_key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

struct map *map_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	ASSERT(pthread_once(&once, make_hash_key) == 0);
	struct map *m = xcalloc(1, sizeof(*m));
	m->slots = xcalloc(SLOTS_FIRST, sizeof(*m->slots));
	m->mask = SLOTS_FIRST - 1;
	return m;
}

void map_free(struct map *m)
{
	if (m == NULL) {
		return;
	}
	arena_release(&m->keys);
	free(m->entries);
	free(m->slots);
	free(m);
}

size_t map_count(const struct map *m)
{
	return m->n;
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t slot_of(const struct map *m, const void *key, size_t size, uint64_t hash)
{
	size_t i = (size_t)hash & m->mask;
	while (m->slots[i] != 0) {
		const struct entry *e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && e->size == size &&
		    (size == 0 || memcmp(e->key, key, size) == 0)) {
			break;
		}
		i = (i + 1) & m->mask;
	}
	return i;
}

static void grow(struct map *m)
{
	size_t n = (m->mask + 1) * 2;
	free(m->slots);
	m->slots = xcalloc(n, sizeof(*m->slots));
	m->mask = n - 1;
	for (size_t e = 0; e < m->n; e++) {
		size_t i = (size_t)m->entries[e].hash & m->mask;
		while (m->slots[i] != 0) {
			i = (i + 1) & m->mask;
		}
		m->slots[i] = (uint32_t)(e + 1);
	}
}

void **map_at(struct map *m, const void *key, size_t size)
{
	uint64_t hash = hash_of(key, size);
	size_t slot = slot_of(m, key, size, hash);
	if (m->slots[slot] != 0) {
		return &m->entries[m->slots[slot] - 1].value;
	}

	ASSERT(m->n < UINT32_MAX);
	if (m->n == m->room) {
		m->room = m->room != 0 ? m->room * 2 : SLOTS_FIRST / 2;
		m->entries = xrealloc(m->entries, m->room * sizeof(*m->entries));
	}
	struct entry *e = &m->entries[m->n++];
	*e = (struct entry){ .key = arena_copy(&m->keys, key, size), .size = size, .hash = hash };
	if (m->n * 2 > m->mask + 1) {
		grow(m);
	} else {
		m->slots[slot] = (uint32_t)m->n;
	}
	return &e->value;
}

void *map_find(const struct map *m, const void *key, size_t size)
{
	size_t slot = slot_of(m, key, size, hash_of(key, size));
	return m->slots[slot] != 0 ? m->entries[m->slots[slot] - 1].value : NULL;
}

const void *map_key(const struct map *m, size_t i, size_t *ret_size)
{
	ASSERT(i < m->n);
	if (ret_size != NULL) {
		*ret_size = m->entries[i].size;
	}
	return m->entries[i].key;
}

void *map_value(const struct map *m, size_t i)
{
	ASSERT(i < m->n);
	return m->entries[i].value;
}
