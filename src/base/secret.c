/* The text lies in libsodium's memory; what counts its references does not. */
#include "base/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/crypto.h"

struct secret {
	size_t refs;
	char *text;
};

char *secret_alloc(size_t size)
{
	char *memory;

	crypto_ready();
	memory = sodium_malloc(size);
	ASSERT(memory != NULL);
	sodium_memzero(memory, size); /* it comes filled with a pattern */
	return memory;
}

void secret_free(char *memory)
{
	sodium_free(memory);
}

void secret_wipe(void *memory, size_t size)
{
	sodium_memzero(memory, size);
}

struct secret *secret_new(const char *text, size_t size)
{
	struct secret *s = xcalloc(1, sizeof(*s));

	s->refs = 1;
	s->text = secret_alloc(size + 1);
	memcpy(s->text, text, size);
	return s;
}

struct secret *secret_ref(struct secret *s)
{
	if (s != NULL) {
		s->refs++;
	}
	return s;
}

void secret_unref(struct secret *s)
{
	if (s != NULL && --s->refs == 0) {
		secret_free(s->text);
		free(s);
	}
}

const char *secret_text(const struct secret *s)
{
	return s->text;
}
