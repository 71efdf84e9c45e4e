/*
 * The packed texts of the journal: a superstep's record and a run of events, both JSON, see
 * sql/journal.sql. They are written and read by hand, not through bldr_value: values travel as the
 * bytes they are, however deep they nest, and a load need not build trees to take them apart.
 */
#pragma once

#include "base/buf.h"
#include "journal/journal.h"

struct packed_events {
	struct event_record *at;
	size_t n;
	size_t room;
};

/* Adds the text of s. Values of JOURNAL_BLOB_MIN bytes and more are stored apart. */
int pack_step(struct journal *j, const struct step_record *s, struct buf *ret,
	      struct bldr_error *err);
/* Fills the writes and tasks of ret, in a. Errors: CORRUPT. */
int unpack_step(struct journal *j, const char *text, struct arena *a, struct step_record *ret,
		struct bldr_error *err);

void pack_events(const struct event_record *events, size_t n, struct buf *ret);
/* Events numbered from first on, in a. Negative when the text is damaged. */
int unpack_events(struct arena *a, int64_t first, const char *text, struct packed_events *ret);
