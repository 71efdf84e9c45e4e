/*
 * JSON for people to write: with // and block comments, and a comma that may stand behind the last item
 * of a list or object. Nothing else differs from strict JSON.
 */
#pragma once

#include <bldr/value.h>

/* As bldr_value_parse; lines and columns are those of the text as it stands. Errors: also a block comment
 * without end. */
int jsonc_parse(const char *text, size_t size, struct bldr_value **ret, struct bldr_error *err);

/* The line (from 1) of the key that path names in text that jsonc_parse has taken: "a.b" is key "b" of
 * the object at key "a". 0: there is none. */
size_t jsonc_line(const char *text, size_t size, const char *path);
