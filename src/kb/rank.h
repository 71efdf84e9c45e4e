/* How much an item is worth reading: relevance x quality x recency x whose it is. Pure. */
#pragma once

#include "kb/kb.h"

struct kb_match {
	double text; /* BM25 as SQLite gives it: the smaller the better; 0: not found by words */
	bool table, source; /* a table's, or the whole source's fingerprint is the same */
};

/* Thousandths of the Beta mean: (helped + 1) / (helped + hurt + 2). */
int64_t kb_quality(const struct kb_item *item);
/* Thousandths, at least 1. best_text: the best BM25 of this search, 0 when words found nothing. */
int64_t kb_score(const struct kb_item *item, const struct kb_match *m, double best_text,
		 int64_t now_ms);
/* Whether two items say nearly the same: corrections of one title, examples that share nine tenths of their words. */
bool kb_near(const struct kb_item *x, const struct kb_item *y);
