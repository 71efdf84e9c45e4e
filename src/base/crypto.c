/* sodium_init once per process; everything of base that needs libsodium asks here first. */
#include "base/crypto.h"

#include <pthread.h>
#include <sodium.h>

#include "base/check.h"

static void initialize(void)
{
	ASSERT(sodium_init() >= 0);
}

void crypto_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	ASSERT(pthread_once(&once, initialize) == 0);
}

void crypto_random(void *ret, size_t size)
{
	crypto_ready();
	randombytes_buf(ret, size);
}
