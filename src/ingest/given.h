/*
 * What bldr.json gives (artefact/overrides.h) to the steps of ingest: how a file is read, and what a column is. Given
 * parts are taken as they are, the rest is found out with them fixed.
 */
#pragma once

#include "artefact/overrides.h"
#include "ingest/infer.h"

/* In evidence, notes and reasons: where a decision came from. */
#define GIVEN_EVIDENCE "bldr.json says so"

/*
 * What the schema cannot say: delimiters and quotes are one byte each, the encodings and date formats are known, the
 * parts of a column fit together, names of columns differ. Errors: INVALID, names file or table and field.
 */
int given_check(const struct overrides *o, struct bldr_error *err);

/* Spelled as in artefacts: lower case, utf8 is utf-8. */
const char *given_encoding(const char *encoding, struct arena *a);

/* Says something of how the column's values are read. said may be NULL. */
bool given_reads(const struct column_override *said);
/*
 * Replaces the decision by what is given. nonconforming is then 0: values are judged one by one (value_read_as).
 */
void given_decide(const struct column_override *said, const struct column_tally *t,
		  struct column_inferred *d);
/* Errors: INVALID when a column has values, but none is as given. */
int given_fits(const struct column_override *said, const struct column_inferred *d,
	       const char *table, int64_t values, struct bldr_error *err);
