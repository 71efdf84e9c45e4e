/*
 * What a correction says: what was chosen wrong, what passed instead, and by which columns the case is known again. A
 * mapping and a design differ in different things; what is made of the difference is the same.
 */
#pragma once

#include "agents/evaluator/lessons.h"
#include "kb/kb.h"

/* What all lessons share. Takes tables. The caller's. */
struct bldr_value *lesson_new(const char *kind, const char *agent, bool trusted, const char *source,
			      struct bldr_value *tables, const char *title, const char *words);

/* One repair that was followed with success. */
struct taught {
	const char *repair;
	const struct schema_table *table;
	LIST(const struct column_profile *) columns;
	texts wrong, right; /* choices (kb.h); right may be empty */
	LIST(struct kb_change) changes;
	const char *title, *words;
	struct bldr_value *checks; /* mended; the correction takes it */
};

/* The errors with this advice, all of which pass now; NULL when one does not, or there is none. */
struct bldr_value *correction_checks(const struct lessons_attempt *t,
				     const struct bldr_value *advice);
/* The hash of the artefact that another one was derived from; "": it was not. */
const char *correction_input_hash(const struct artefact_head *head, const char *artefact);
/* NULL: no such table, or column. */
const struct schema_table *correction_table(const struct lessons_input *in, const char *table);
const struct column_profile *correction_column(const struct schema_table *t, const char *name);
/* Adds the lesson. Takes taught->checks. */
void correction_add(struct desk *d, const struct lessons_input *in, const struct lessons_attempt *t,
		    const struct taught *taught, struct bldr_value *lessons);

/* Dates and numbers: from two mappings of one design. */
void correction_of_mapping(struct desk *d, const struct lessons_input *in,
			   const struct lessons_attempt *t, struct bldr_value *lessons);
/* Keys and foreign keys: from two profiles of the same files. */
void correction_of_design(struct desk *d, const struct lessons_input *in,
			  const struct lessons_attempt *t, struct bldr_value *lessons);
