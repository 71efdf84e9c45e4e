/*
 * A secret text in memory of its own (libsodium): never swapped where the system allows that, guarded on both sides,
 * overwritten when the last reference goes. References are counted; one thread.
 */
#pragma once

#include <stddef.h>

struct secret;

/* A copy of size bytes, which hold no U+0000; NUL-terminated. size 0 is fine. */
struct secret *secret_new(const char *text, size_t size);
struct secret *secret_ref(struct secret *s); /* NULL gives NULL */
void secret_unref(struct secret *s);         /* NULL is fine */
const char *secret_text(const struct secret *s);

/* Memory of the same kind for what is made of secrets: zeroed, size bytes. */
char *secret_alloc(size_t size);
void secret_free(char *memory); /* NULL is fine */
/* Overwrites what lies elsewhere. */
void secret_wipe(void *memory, size_t size);
