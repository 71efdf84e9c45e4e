/*
 * Open addressing with linear probing over the bare integers, at most half full. One integer marks the
 * free places; whether it is itself a member is kept apart. Growth places every member anew.
 */
#include "warehouse/key_set.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/crypto.h"

enum { BITS_FIRST = 6 };
#define NO_KEY INT64_MIN

struct key_set {
	int64_t *at;
	unsigned bits; /* of the number of places */
	size_t n;      /* NO_KEY not counted */
	bool has_no_key;
	uint64_t factors[2]; /* odd */
};

static int64_t *places_new(unsigned bits)
{
	size_t n = (size_t)1 << bits;
	int64_t *at = xcalloc(n, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		at[i] = NO_KEY;
	}
	return at;
}

struct key_set *key_set_new(void)
{
	struct key_set *s = xcalloc(1, sizeof(*s));

	crypto_random(s->factors, sizeof(s->factors));
	s->factors[0] |= 1;
	s->factors[1] |= 1;
	s->bits = BITS_FIRST;
	s->at = places_new(s->bits);
	return s;
}

void key_set_free(struct key_set *s)
{
	if (s == NULL) {
		return;
	}
	free(s->at);
	free(s);
}

/* Where the key is, or the free place where it belongs. */
static size_t place_of(const struct key_set *s, int64_t key)
{
	size_t mask = ((size_t)1 << s->bits) - 1;
	uint64_t h = (uint64_t)key * s->factors[0];
	size_t i;

	h = (h ^ (h >> 32)) * s->factors[1];
	i = (size_t)(h >> (64 - s->bits));
	while (s->at[i] != NO_KEY && s->at[i] != key) {
		i = (i + 1) & mask;
	}
	return i;
}

static void grow(struct key_set *s)
{
	int64_t *old = s->at;
	size_t n = (size_t)1 << s->bits;

	s->bits++;
	s->at = places_new(s->bits);
	for (size_t i = 0; i < n; i++) {
		if (old[i] != NO_KEY) {
			s->at[place_of(s, old[i])] = old[i];
		}
	}
	free(old);
}

bool key_set_add(struct key_set *s, int64_t key)
{
	bool added;
	size_t i;

	if (key == NO_KEY) {
		added = !s->has_no_key;
		s->has_no_key = true;
		return added;
	}
	i = place_of(s, key);
	if (s->at[i] == key) {
		return false;
	}
	s->at[i] = key;
	if (++s->n > (size_t)1 << (s->bits - 1)) {
		grow(s);
	}
	return true;
}

bool key_set_has(const struct key_set *s, int64_t key)
{
	return key == NO_KEY ? s->has_no_key : s->at[place_of(s, key)] == key;
}
