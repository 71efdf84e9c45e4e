/* A graph of one node, "do", whose effects are of any kind and whose results can be read. */
#pragma once

#include <bldr/engine.h>

struct doing {
	const char *kind, *args; /* args: JSON */
	enum bldr_class cls;
	uint32_t timeout_ms;
};

struct doer {
	struct doing at[BLDR_PLAN_MAX]; /* until kind is NULL */
};

/* Channel "answers": per effect its value, or the text "status: error". Borrows d. */
struct bldr_graph *doer_graph(const struct doer *d);
