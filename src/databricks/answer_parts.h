/*
 * What the readers of answers share.
 */
#pragma once

#include <stdbool.h>

/* text, "" for NULL. */
const char *or_empty(const char *text);
/* list: NULL-terminated. */
bool is_among(const char *text, const char *const *list);
