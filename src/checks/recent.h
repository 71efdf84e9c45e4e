/*
 * Keeps texts in an arena, once each of those that came lately: most columns repeat a few values, and all of their
 * rows may then share one text.
 */
#pragma once

#include "base/arena.h"

enum { RECENT_MAX = 1024 };

/* {0}: none came yet. */
struct recent {
	const char *texts[RECENT_MAX]; /* by a part of their hash */
};

/* Text as it is kept in a, maybe since before; NULL gives NULL. */
const char *recent_keep(struct recent *r, const char *text, struct arena *a);
