/*
 * A window over a text: the record that is being read, whole, and what was read ahead of it. Bytes are named by
 * their place from the record's first byte, so that they keep their names when the window moves.
 */
#pragma once

#include "ingest/source_text.h"

enum {
	WINDOW_CHUNK = 256 << 10,
	WINDOW_LOOK_MAX = CSV_RECORD_MAX + 2 /* a record and its line end */
};

struct text_window {
	struct source_text *text;
	char *data;
	size_t size, room;
	size_t at;      /* the record's first byte */
	int64_t offset; /* of data[0] in the text */
	bool ended;     /* nothing more can be read */
	int rc;         /* sticky; its message is in error */
	struct bldr_error error;
};

/* Whether the record has an i-th byte; reads on. May move the data. */
bool window_have_more(struct text_window *w, size_t i);

/* The same; no byte from WINDOW_LOOK_MAX on is there. */
static inline bool window_have(struct text_window *w, size_t i)
{
	if (__builtin_expect(i < WINDOW_LOOK_MAX && w->at + i < w->size, 1)) {
		return true;
	}
	return window_have_more(w, i);
}

static inline char window_byte(const struct text_window *w, size_t i)
{
	return w->data[w->at + i];
}

static inline int64_t window_offset(const struct text_window *w)
{
	return w->offset + (int64_t)w->at;
}
