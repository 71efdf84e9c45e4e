/*
 * How the report says things: words for the artefacts' enums, counts with separators, names joined by
 * commas, and text cut to a width. All results live in the arena; values are owned by the caller.
 */
#pragma once

#include <bldr/value.h>
#include "artefact/artefact.h"
#include "base/buf.h"

/* "1,234,567" */
const char *report_number(struct arena *a, int64_t n);
/* "1 row", "2 rows": the plural is the word with an s. */
const char *report_count(struct arena *a, int64_t n, const char *word);

/*
 * At most `cells` columns of a terminal wide, the last one "…" when something was cut: characters from
 * U+1100 on count as two, so that East Asian text does not burst a box that was measured in letters.
 */
const char *report_fit(struct arena *a, const char *text, size_t cells);
/* How wide that is. */
size_t report_cells(const char *text);

const char *report_kind(int kind);             /* enum table_kind: "date dimension" ... */
const char *report_role(int role);             /* enum column_role: "business key" ... */
const char *report_additivity(int additivity); /* "" for none */
const char *report_severity(int severity);

/*
 * HTML escape of everything the template prints: text longer than 1,000 characters is cut with an
 * ellipsis, control characters become their visible pictures (U+2400 and on), and what would turn the direction of the
 * text is named, as [U+202E].
 */
void report_escape(struct buf *out, const char *text, size_t size);
