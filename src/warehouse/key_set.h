/*
 * A set of 64-bit integers: the surrogate keys of a dimension, the rows that a load has touched. About 16
 * to 32 bytes per member. Placement is random per set, so that strangers' keys cannot pile up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct key_set;

struct key_set *key_set_new(void);
void key_set_free(struct key_set *s); /* NULL is fine */
/* False: it was there already. */
bool key_set_add(struct key_set *s, int64_t key);
bool key_set_has(const struct key_set *s, int64_t key);
