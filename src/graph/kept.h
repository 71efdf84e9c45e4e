/*
 * A value that is kept: it has its canonical text, and is what reading that text again would give,
 * down to the order of its keys. So a node cannot tell a run from the same run rebuilt.
 */
#pragma once

#include <bldr/value.h>

/* So deep may a kept value be that it can be read inside the records it becomes part of. */
enum { KEPT_DEPTH_MAX = BLDR_VALUE_DEPTH_MAX - 8 };

struct kept {
	struct bldr_value *value; /* NULL: nothing is kept */
	char *text;
	size_t size; /* of text */
};

/* Takes v. Errors: LIMIT (it could not be read again); v is dropped then. */
int kept_make(struct kept *ret, struct bldr_value *v, struct bldr_error *err);
void kept_release(struct kept *k);
