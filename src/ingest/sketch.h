/*
 * What is kept of a column's distinct values beyond the profile, so that columns can be compared without reading
 * the files again: the SKETCH_HASHES smallest fingerprints of its values (bottom-k), without nulls and without the
 * blanks around them. A column with fewer values has all of them there.
 *
 * In a run they stand beside the profile, one side file per table: artefacts/profiles/<table>.sketch. The file, all
 * integers little-endian:
 *	8 bytes   "BLDRSKCH"
 *	u32       version, 1
 *	u32       columns, at most SKETCH_COLUMNS_MAX
 *	i64       rows
 *	64 bytes  hash of the source file, as in sources
 *	per column: i64 distinct values; u32 flags (bit 0: distinct is an estimate); u32 n; n * u64 fingerprints, ascending
 *	u64       XXH64 of everything before, seed 0
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bldr/error.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

enum { SKETCH_HASHES = 1024, SKETCH_COLUMNS_MAX = 10000, SKETCH_VERSION = 1 };
#define SKETCH_BYTES_MAX ((size_t)128 << 20)

struct column_sketch {
	int64_t distinct;
	bool estimated;
	size_t n;
	const uint64_t *hashes; /* ascending; all there are when n < SKETCH_HASHES */
};

struct table_sketch {
	char source[HASH_HEX_MAX];
	int64_t rows;
	size_t n;
	struct column_sketch *columns;
};

/* ---- files ---- */

/* Appends the file's bytes. out: of SKETCH_BYTES_MAX at least. */
void sketch_encode(const struct table_sketch *s, struct buf *out);
/* Errors: INVALID, saying what is wrong where. *ret lives in a. */
int sketch_decode(const void *data, size_t size, struct arena *a, struct table_sketch *ret,
		  struct bldr_error *err);
int sketch_write(const char *path, const struct table_sketch *s, struct bldr_error *err);
/* source: the hash that the source file must have, or NULL. Errors: NOT_FOUND, IO, LIMIT, INVALID. */
int sketch_read(const char *path, const char *source, struct arena *a, struct table_sketch *ret,
		struct bldr_error *err);

/* ---- comparing two columns ---- */

/* Of the child's values a sample was looked up among the parent's: `of` were looked up, `found` are there. exact: it
 * was no sample but all of them. A fingerprint found is no proof of the value, one not found proves its absence. */
struct sketch_overlap {
	int64_t of, found;
	bool exact;
};

struct sketch_overlap sketch_compare(const struct column_sketch *child,
				     const struct column_sketch *parent);
/*
 * Whether less than `percent` of the child's distinct values are among the parent's: certain when all were looked up,
 * else wrong less than once in a billion (Hoeffding's bound). False says nothing.
 */
bool sketch_excludes(const struct column_sketch *child, const struct column_sketch *parent,
		     int percent);

/* ---- filling ---- */

/* The bottom-k of values that come in any order, any number of times. Zero is empty; sketch_k_release frees. */
struct sketch_k {
	uint64_t *at; /* 2 * SKETCH_HASHES, or NULL */
	size_t n;
	uint64_t limit; /* of a full one: the largest that counts; 0: none yet */
};

void sketch_k_slow(struct sketch_k *k, uint64_t hash);
static inline void sketch_k_add(struct sketch_k *k, uint64_t hash)
{
	if (k->limit == 0 || hash < k->limit) {
		sketch_k_slow(k, hash);
	}
}
/* Sorted, each once. *ret borrowed. */
size_t sketch_k_end(struct sketch_k *k, const uint64_t **ret);
void sketch_k_release(struct sketch_k *k);

/*
 * HyperLogLog over fingerprints: 2^14 registers, Ertl's improved raw estimate (arXiv 1702.01284, algorithm 6). Standard
 * error 1.04 / 2^7 = 0.81 %.
 */
enum { HLL_BITS = 14, HLL_REGISTERS = 1 << HLL_BITS };

static inline void hll_add(uint8_t registers[HLL_REGISTERS], uint64_t hash)
{
	uint8_t *r = &registers[hash >> (64 - HLL_BITS)];
	uint64_t rest = hash << HLL_BITS | UINT64_C(1) << (HLL_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	*r = rank > *r ? rank : *r;
}

int64_t hll_estimate(const uint8_t registers[HLL_REGISTERS]);
