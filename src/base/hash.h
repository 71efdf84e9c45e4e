/* BLAKE2b-256 of content (names it for ever) and XXH64 as Spark computes it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <bldr/error.h>

enum { HASH_HEX_MAX = 65 };

struct hash_state {
	_Alignas(64) unsigned char opaque[384]; /* crypto_generichash_state */
};

void hash_init(struct hash_state *h);
void hash_add(struct hash_state *h, const void *data, size_t size);
void hash_end(struct hash_state *h, char ret_hex[HASH_HEX_MAX]);
void hash_bytes(const void *data, size_t size, char ret_hex[HASH_HEX_MAX]);

/* Spark's xxhash64(one string): XXH64 with seed 42, read as a signed integer. */
int64_t hash_spark_xx64(const void *data, size_t size);
/* Spark's xxhash64 goes on from the hash of the columns before: of fixed-width values in little-endian bytes. */
int64_t hash_spark_xx64_on(int64_t before, const void *data, size_t size);
/* XXH64 with seed 0, for in-memory sets and checksums; names nothing. */
uint64_t hash_xx64(const void *data, size_t size);
