/*
 * Spark's xxhash64 over the columns of a row, and what a bucket of rows amounts to: so that a table in a workspace is
 * compared with one here without a row crossing the wire. SPARK.md 6 has the byte rules; tests/spark/test_remote_hash.py
 * holds them to Spark.
 */
#pragma once

#include "base/arena.h"
#include "base/columntype.h"
#include "base/decimal.h"

enum { REMOTE_HASH_SEED = 42 };

/*
 * Goes on from the hash of the columns before with one of type. cell: its canonical text (values.h; a double as strtod
 * reads it); NULL for null, which leaves the hash as it is. A text that is no value of the type is hashed as text.
 */
int64_t remote_hash_add(int64_t hash, struct column_type type, const char *cell);
/* Of a whole row: n cells, then a text of '1' for each null and '0' for each value. */
int64_t remote_hash_row(const struct column_type *types, const char *const *cells, size_t n,
			struct arena *scratch);
/* pmod(hash, buckets) */
int64_t remote_bucket(int64_t hash, int64_t buckets);

/* Rows of a bucket: their number, the exact sum of their hashes, and these xor'ed. */
struct bucket {
	int64_t rows;
	int128 sum;
	int64_t xored;
};

void bucket_add(struct bucket *b, int64_t hash);
/* From the texts that a workspace gives. False: no such numbers. */
bool bucket_parse(const char *rows, const char *sum, const char *xored, struct bucket *ret);
bool bucket_equal(const struct bucket *a, const struct bucket *b);
