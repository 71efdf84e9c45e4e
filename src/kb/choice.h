/* Choices as corrections name them: normalised, so that the same choice in a table that is known again is the same text. */
#pragma once

#include "base/arena.h"

/* The columns of a key, sorted, joined by +. */
const char *kb_choice_key(struct arena *a, const char *const *columns, size_t n);
/* "table.column" of what a column refers to. */
const char *kb_choice_reference(struct arena *a, const char *table, const char *column);
