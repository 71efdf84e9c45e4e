/* An array of fingerprints, sorted in place by their bytes from the highest: they are spread evenly, so that a bucket of
 * the second byte fits the cache. */
#include "ingest/unique.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { FIRST = 1 << 16, SMALL = 48, BUCKETS = 256 };

void unique_release(struct unique *u)
{
	free(u->at);
	*u = (struct unique){ .n = 0 };
}

void unique_grow(struct unique *u)
{
	u->room = u->room != 0 ? u->room + u->room / 2 : FIRST;
	u->at = xrealloc(u->at, u->room * sizeof(*u->at));
}

static void insertion_sort(uint64_t *at, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t v = at[i];
		size_t k = i;
		for (; k > 0 && at[k - 1] > v; k--) {
			at[k] = at[k - 1];
		}
		at[k] = v;
	}
}

/* Sorts by the bytes from bit `shift` down (American flag sort). At most eight levels deep. */
static void sort(uint64_t *at, size_t n, unsigned shift) /* NOLINT(misc-no-recursion) */
{
	size_t ends[BUCKETS] = { 0 };
	size_t next[BUCKETS];
	if (n <= SMALL) {
		insertion_sort(at, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		ends[at[i] >> shift & 0xFF]++;
	}
	for (size_t b = 0, sum = 0; b < BUCKETS; b++) {
		next[b] = sum;
		sum += ends[b];
		ends[b] = sum;
	}
	for (size_t b = 0; b < BUCKETS; b++) {
		while (next[b] < ends[b]) {
			uint64_t v = at[next[b]];
			size_t to = v >> shift & 0xFF;
			while (to != b) {
				uint64_t other = at[next[to]];
				at[next[to]++] = v;
				v = other;
				to = v >> shift & 0xFF;
			}
			at[next[b]++] = v;
		}
	}
	for (size_t b = 0, from = 0; shift > 0 && b < BUCKETS; b++) {
		sort(at + from, ends[b] - from, shift - 8);
		from = ends[b];
	}
}

void unique_settle(struct unique *u)
{
	size_t n = 0;
	sort(u->at, u->n, 56);
	for (size_t i = 0; i < u->n; i++) {
		if (n == 0 || u->at[i] != u->at[n - 1]) {
			u->at[n++] = u->at[i];
		}
	}
	u->n = n;
}
