/* The tables' profiles before they are related. */
#pragma once

#include "agents/desk.h"
#include "ingest/sketch.h"

/*
 * Reads them from the request's table_profiles into ret->tables, by name. ret_paths: of their artefacts, in the same
 * order, or NULL. Errors: those of desk_read_value.
 */
int tables_read(struct desk *d, struct profile *ret, texts *ret_paths, struct bldr_error *err);
/* The sketches beside them, as many, in the arena. One that cannot be read only makes the work longer: it has no columns. */
const struct table_sketch *tables_sketches(struct desk *d, const struct sources *sources,
					   const struct profile *tables, const texts *paths);
