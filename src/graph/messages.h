/* Lists of messages: what may be written, the ids that are missing, folding, and what a subgraph changed. */
#pragma once

#include "graph/channel.h"

/* Errors: INVALID. Messages without an id are fine. */
int messages_accept(const struct channel *c, const struct bldr_value *value, struct bldr_error *err);
/* Whether value is what such a channel can hold: a list of messages with ids. */
bool messages_hold(const struct bldr_value *value);

/* The write as a list whose messages all have ids. Takes value, which was accepted. */
struct bldr_value *messages_given(struct bldr_value *value, struct mint *mint);

/* The list that value (NULL: none) and the writes make. The caller owns it. Errors: INVALID (an unknown
 * id is removed). */
int messages_fold(const struct channel *c, const struct bldr_value *value,
		  const struct write *writes, struct bldr_value **ret, struct bldr_error *err);

/*
 * The write that makes of was (may be NULL) what is in is: messages that are new or others and, when
 * removals is true, those that are gone; somebody else may have removed them too. NULL when there is nothing to say. The caller owns it.
 */
struct bldr_value *messages_difference(const struct bldr_value *was, const struct bldr_value *is,
				       bool removals);
