/*
 * Which records of a source file count when several have one key (dedup of the STTM): the one with the greatest
 * version, of equal ones the last. The others are set aside for all who read the file, joins too.
 */
#pragma once

#include "warehouse/raw_source.h"

/* What the survivors of one file may take up in memory: key, version, and about 100 bytes each. */
#define SURVIVORS_BYTES_MAX ((size_t)1 << 30)

/*
 * Reads the file and fills s->aside, whose memory is a's. Nothing to do for a file without rules. Errors: LIMIT, those
 * of reading.
 */
int survivors_find(struct raw_source *s, struct store *store, const char *folder, struct arena *a,
		   struct bldr_error *err);
