/* Of several records with one key, which one counts (design_table.dedup). */
#pragma once

#include "checks/relation.h"

/*
 * For a table with dedup: per record of its source the record of the same key that counts, -1: it counts itself, or
 * has no key. The one with the greatest version_column counts (no date or number there is lowest), on a tie the last
 * in the file. Keys are compared as typed. Errors: INVALID (names that do not exist).
 */
int winners_find(struct relations *r, const struct design_table *d, int64_t **ret_kept_by,
		 struct bldr_error *err);
