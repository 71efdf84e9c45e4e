/*
 * Channels at work: a cell holds a channel's value in one frame, writes queue up in it while a
 * superstep is folded, and its reducer makes the next value of them.
 *
 * A value that somebody else holds is never changed: what a view shows stays as it is. The keys of
 * objects stand in order.
 */
#pragma once

#include "graph/graph.h"
#include "graph/kept.h"
#include "graph/run.h"

/* Where messages that have none get their ids from: equal for equal seeds, in the order they come. */
struct mint {
	uint64_t seed, n;
};

/* What a task gave to a channel. */
struct write {
	size_t channel;
	bool replaces; /* the whole value, whatever the reducer */
	struct kept kept;
	const char *node;   /* who wrote it, for errors */
	struct write *next; /* to the same channel, while folding */
};

struct cell {
	struct bldr_value *value; /* NULL: unset */
	size_t bytes;             /* at least what the value's text has */
	bool written;             /* by a superstep, not only by what the frame was given */
	struct write *first, *last;
	int64_t sum, sum_delta; /* ADD, after cell_check */
	bool has_delta;
	/* After cell_check: what folding makes, for the reducers that can fail while they make it. Its text is there
	 * when the record holds the whole value. */
	struct kept made;
};

/* Whether the reducer can take value as a write; whether value can be the whole of the channel, as
 * records and bldr_patch_replace have it. Errors: INVALID. */
int channel_accepts(const struct channel *c, const struct bldr_value *value, struct bldr_error *err);
int channel_holds(const struct channel *c, const struct bldr_value *value, struct bldr_error *err);
/* Whether value can be a recorded delta. */
bool channel_adds(const struct channel *c, const struct bldr_value *value);
/* What was given and accepted, as it is recorded: messages have ids. Takes value. */
struct bldr_value *channel_given(const struct channel *c, struct bldr_value *value,
				 struct mint *mint);
/* What people and nodes see of a value, which may be NULL: NULL when there is nothing to see. The caller owns it. */
struct bldr_value *channel_shows(const struct channel *c, const struct bldr_value *value);

/* Queues borrow the writes until cell_unqueue. Order is fold order. */
void cell_queue(struct cell *cell, struct write *w);
void cell_unqueue(struct cell *cell);

/* Whether the queue can be folded. Errors: INVALID (LAST twice, a message to remove is not there...),
 * LIMIT (ADD overflow, too large), what a CUSTOM channel's function says. */
int cell_check(const struct channel *c, struct cell *cell, struct bldr_error *err);

/* After cell_check, with something queued: what folding would make. The caller owns it. */
struct bldr_value *cell_folded(const struct channel *c, const struct cell *cell);

/* After cell_check, with something queued: the record of folding; its text lives in a. */
struct step_write cell_delta(const struct channel *c, const struct cell *cell, struct arena *a);

/* Folds the queue into the value and empties it; bytes is the size of cell_delta's text. */
void cell_fold(const struct channel *c, struct cell *cell, size_t bytes);

/* Whether the value was for the superstep that ends: it goes unless something is queued. */
bool cell_passes(const struct channel *c, const struct cell *cell);

/* Makes value, which it takes, the whole of the cell; bytes is the size of its text. */
void cell_set(struct cell *cell, struct bldr_value *value, size_t bytes);
