/* A graph of one node, "ask", whose effects the test chooses and whose results it can read. */
#pragma once

#include <bldr/engine.h>

struct asker {
	size_t n; /* effects in its plan, all alike */
	const char *kind, *work;
	enum bldr_class cls;
	uint32_t timeout_ms;
	const char *args; /* JSON */
	bool judge;       /* any result that is not done fails the node */
};

/* Channel "answers": a list of "status: error", error being "" when done. Borrows a. */
struct bldr_graph *asker_graph(const struct asker *a);
