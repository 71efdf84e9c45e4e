/*
 * Whether all values of a column differ, proven by their fingerprints: as many different fingerprints as values
 * are as many different values. Two equal ones are taken for the same value; that this is wrong for any pair of n values
 * has the chance n^2 / 2^65: one in 10^6 at six million, one in 40 at a billion. A count below n may thus be too low
 * by such a pair; a column is never taken for unique that is not.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct unique {
	uint64_t *at;
	size_t n, room;
};

/* Zero is empty. */
void unique_release(struct unique *u);
void unique_grow(struct unique *u);
static inline void unique_add(struct unique *u, uint64_t hash)
{
	if (u->n == u->room) {
		unique_grow(u);
	}
	u->at[u->n++] = hash;
}
/* Sorts and leaves each fingerprint once: u->n is then the number of different ones. */
void unique_settle(struct unique *u);
