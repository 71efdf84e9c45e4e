/*
 * What the knowledge base may know of a source: fingerprints, normalised names, types and masks, made from the tables of a profile, related or
 * not.
 */
#pragma once

#include "artefact/artefact.h"

struct schema_table {
	const struct table_profile *profile;
	const char *fingerprint;
};

struct schema {
	const char *source;               /* fingerprint of all tables */
	LIST(struct schema_table) tables; /* in the profile's order */
};

void schema_of(const struct profile *profile, struct arena *a, struct schema *ret);
/* Names of tables and columns, each once, as far as max bytes take them. */
const char *schema_words(const struct profile *profile, struct arena *a, size_t max);
/* The masks of a column's most frequent values, sorted, joined by |; "" when there is none, "x" when they are many. */
const char *schema_mask(const struct column_profile *c, struct arena *a);
