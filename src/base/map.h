/*
 * A hash map from bytes to a pointer, keyed with SipHash so that strangers' data cannot aim at it.
 * Keys are copied. Iteration goes in order of insertion, so results never depend on hashing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct map;

struct map *map_new(void);
void map_free(struct map *m); /* values are the caller's; NULL is fine */
size_t map_count(const struct map *m);
/* The place of the key's value; a new key's value is NULL. Valid until the next map_at. */
void **map_at(struct map *m, const void *key, size_t size);
/* The value, or NULL when absent. */
void *map_find(const struct map *m, const void *key, size_t size);
/* The i-th inserted entry, i < map_count. Borrowed. */
const void *map_key(const struct map *m, size_t i, size_t *ret_size);
void *map_value(const struct map *m, size_t i);
