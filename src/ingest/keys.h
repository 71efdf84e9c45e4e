/*
 * Candidate keys. A column is one when it has no nulls and no value twice; how much it is the key of its
 * table is scored by its place, its name and its type. A pair of columns is looked for only in a table where
 * no single column fits.
 */
#pragma once

#include "ingest/names.h"

/* A single column scores at least this to be chosen, in hundredths. */
enum { KEY_CHOSEN_MIN = 40, KEYS_MAX = 10, KEY_PAIRS_MAX = 45 };

/* "0.07" for 7 hundredths. */
const char *score_text(struct arena *a, int hundredths);
int score_parse(const char *text);

/*
 * Fills table->keys with its single-column candidates, best first, none chosen. At most KEYS_MAX.
 * distinct[i]: distinct values of column i without the blanks around them.
 */
void keys_single(struct arena *a, struct table_profile *table, const struct name *table_name,
		 const int64_t *distinct);

/*
 * Chooses at most one key. references[i]: column i was taken as a foreign key. Where no single column fits,
 * or where the table is named after two of its own identifiers (film_category), the pairs of the first
 * columns that may be parts of a key are checked by the data in one pass, exactly: at most KEY_PAIRS_MAX.
 * When their values take more than KEY_PAIRS_BYTES the least likely pairs are left out. table->keys may be
 * replaced by a longer list.
 * Errors: CHANGED, IO.
 */
int keys_choose(const char *folder, const struct source_file *file, const struct name *table_name,
		const bool *references, struct arena *a, struct table_profile *table,
		struct bldr_error *err);
#define KEY_PAIRS_BYTES ((size_t)256 << 20)
