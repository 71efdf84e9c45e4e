/* What stands at the edges of a table: the names of its columns, and the totals among its records. */
#pragma once

#include "ingest/first_look.h"

enum { HEADINGS_NOTES_MAX = 20 };

/*
 * The columns' names, from a header as written (docs/artefacts.md, csv): blanks around them are cut, empty ones and
 * ones that are there already get names of their own, and a note.
 */
void headings_name(const texts *written, struct arena *a, struct source_file *file);
/* n columns without a header: column_1 ... */
void headings_number(size_t n, struct arena *a, struct source_file *file);
/*
 * The words with which totals begin, as written: of a closed list, where every record of the samples that begins with
 * the word lacks at least half of its fields, and most others do not.
 */
void headings_totals(const struct first_look *look, struct arena *a, struct source_file *file);
