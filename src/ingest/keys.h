/*
 * Candidate keys. A column is one when it has no nulls and no value twice; how much it is the key of its
 * table is scored by its place, its name and its type. Pairs and then triples of columns are looked for only in a
 * table where no single column fits.
 *
 * Duplicates: where no column without them fits, at most one record in 20 may repeat the key of another, if the
 * names say that it is the key: a column named like an identifier and after its table; two identifiers that
 * the table is named after; a reference and the number of a line. Columns with as many distinct values as such a
 * column are candidates too.
 */
#pragma once

#include "artefact/overrides.h"
#include "ingest/names.h"

/* A single column scores at least this to be chosen, in hundredths. */
enum { KEY_CHOSEN_MIN = 40, KEYS_MAX = 10, KEY_COLUMNS_MAX = 3, KEY_SETS_MAX = 45 };
/* What the tuples of the sets of one table may take in memory. */
#define KEY_SETS_BYTES ((size_t)256 << 20)

/* "0.07" for 7 hundredths. */
const char *score_text(struct arena *a, int hundredths);
int score_parse(const char *text);

/*
 * Fills table->keys with its single-column candidates, best first, none chosen. At most KEYS_MAX.
 * distinct[i]: distinct values of column i without the blanks around them.
 */
void keys_single(struct arena *a, struct table_profile *table, const struct name *table_name,
		 const int64_t *distinct);

/* The best candidate of so many columns, 0: of several, that fits; with duplicates only if there is no
 * other. NULL: none fits. */
struct key_candidate *keys_best(const struct table_profile *table, size_t columns);

/*
 * Chooses at most one key. references[i]: column i was taken as a foreign key. Where no single column fits,
 * or where the table is named after two of its own identifiers (film_category), the pairs of the first
 * columns that may be parts of a key are checked by the data in one pass, exactly; where none fits the
 * triples: at most KEY_SETS_MAX each. When their values take more than KEY_SETS_BYTES the least likely
 * are left out; the evidence of the others, and the log, tell how many. table->keys may be replaced by a
 * longer list. said: what bldr.json says of the table, or NULL: its key is taken, whatever the data says.
 * Errors: CHANGED, IO, LIMIT and INVALID (of the key that is said).
 */
int keys_choose(const char *folder, const struct source_file *file, const struct name *table_name,
		const bool *references, const struct table_override *said, struct arena *a,
		struct table_profile *table, struct bldr_error *err);
