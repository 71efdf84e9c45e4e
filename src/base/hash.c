/* BLAKE2b-256 is libsodium's generichash, XXH64 is libxxhash's; both only get their shape here. */
#include "base/hash.h"

#include <sodium.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/crypto.h"

enum { HASH_BYTES = 32, SPARK_SEED = 42 };

_Static_assert(sizeof(struct hash_state) >= sizeof(crypto_generichash_state), "opaque is too small");
_Static_assert(HASH_HEX_MAX == HASH_BYTES * 2 + 1, "hex digits and a NUL");

static crypto_generichash_state *state(struct hash_state *h)
{
	return (crypto_generichash_state *)(void *)h->opaque;
}

void hash_init(struct hash_state *h)
{
	crypto_ready();
	ASSERT(crypto_generichash_init(state(h), NULL, 0, HASH_BYTES) == 0);
}

void hash_add(struct hash_state *h, const void *data, size_t size)
{
	if (size != 0) {
		ASSERT(crypto_generichash_update(state(h), data, size) == 0);
	}
}

void hash_end(struct hash_state *h, char ret_hex[HASH_HEX_MAX])
{
	unsigned char digest[HASH_BYTES];
	ASSERT(crypto_generichash_final(state(h), digest, sizeof(digest)) == 0);
	sodium_bin2hex(ret_hex, HASH_HEX_MAX, digest, sizeof(digest));
}

void hash_bytes(const void *data, size_t size, char ret_hex[HASH_HEX_MAX])
{
	struct hash_state h;
	hash_init(&h);
	hash_add(&h, data, size);
	hash_end(&h, ret_hex);
}

int64_t hash_spark_xx64(const void *data, size_t size)
{
	return hash_spark_xx64_on(SPARK_SEED, data, size);
}

int64_t hash_spark_xx64_on(int64_t before, const void *data, size_t size)
{
	return (int64_t)XXH64(data, size, (XXH64_hash_t)before);
}

uint64_t hash_xx64(const void *data, size_t size)
{
	return XXH64(data, size, 0);
}
