/*
 * One load: every table of the STTM, in its order, from the raw files into an open warehouse file.
 */
#pragma once

#include "store/store.h"
#include "warehouse/target.h"

/*
 * Defines the tables and fills them, inside the caller's transaction; afterwards the counts of sources and
 * targets are those of this load, and a table that the warehouse cannot hold says why, in kept. Errors:
 * CHANGED, INVALID, LIMIT, IO.
 */
int load_run(const char *source_folder, struct store *store, struct targets *targets,
	     struct arena *kept, struct bldr_error *err);
