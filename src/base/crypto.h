/* libsodium, made ready on first use, from any thread. */
#pragma once

#include <stddef.h>

/* Before any other call into libsodium. Aborts when the machine has no source of randomness. */
void crypto_ready(void);
void crypto_random(void *ret, size_t size);
