/* What loading a schema leaves for checking; only json_schema_load.c and json_schema_check.c read it. */
#pragma once

#include "base/json_schema.h"
#include "base/map.h"

struct json_schema {
	const struct bldr_value *root;
	struct map *patterns; /* text -> struct pattern */
};

struct schema_type {
	const char *name;
	unsigned accepts; /* set of 1 << enum bldr_type */
	const char *shown;
};

/* The i-th type of "type", which is one name or a list of them; NULL behind the last. */
const struct schema_type *schema_type_at(const struct bldr_value *argument, size_t i);

/* The schema that a $ref names, or NULL. */
const struct bldr_value *schema_resolve(const struct bldr_value *root, const char *ref);
