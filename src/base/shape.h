/*
 * Shapes: one table per struct drives both decoding it from a bldr_value and encoding it again.
 *
 * Decoding copies everything into an arena and refuses unknown keys, missing keys and wrong types
 * with the path ("/tables/2/columns/0/type"); a JSON null is a wrong type everywhere but in a
 * SHAPE_VALUE. Encoding emits every field but NULL optional ones; a mandatory text that is NULL is a bug.
 */
#pragma once

#include <stddef.h>

#include <bldr/value.h>
#include "base/arena.h"

enum shape_kind {
	SHAPE_TEXT, /* const char * */
	SHAPE_INT,  /* int64_t */
	SHAPE_BOOL, /* bool */
	SHAPE_ENUM, /* int; JSON text, one of names[] */
	SHAPE_VALUE, /* const struct bldr_value *, kept alive by the arena's owner: see shape_decode */
	SHAPE_OBJECT, /* an embedded struct described by sub; optional: pointer to it */
	SHAPE_TEXTS,  /* LIST(const char *) */
	SHAPE_LIST    /* LIST(struct) described by sub */
};

struct shape_field {
	const char *name;
	enum shape_kind kind;
	bool optional; /* TEXT NULL, VALUE NULL, OBJECT pointer NULL, lists empty, INT 0, BOOL false,
			* ENUM 0: absent from the text, both ways */
	size_t offset;
	const struct shape *sub;
	const char *const *names; /* SHAPE_ENUM: NULL-terminated */
};

struct shape {
	const char *name;
	size_t size;
	const struct shape_field *fields; /* ends with .name == NULL */
};

/*
 * Fills *ret (s->size bytes, zeroed by the callee). SHAPE_VALUE fields borrow from v, so v must
 * outlive the struct. Errors: INVALID with the JSON pointer and what was expected.
 */
int shape_decode(const struct shape *s, const struct bldr_value *v, struct arena *a, void *ret,
		 struct bldr_error *err);
/* The caller owns the result. */
struct bldr_value *shape_encode(const struct shape *s, const void *data);
