/*
 * A handover: the common node that gives the channels it reads to one work function and puts what
 * comes back into one channel. A failed work function fails the task with its message.
 */
#pragma once

#include <bldr/graph.h>

struct handover {
	const char *work; /* registered name */
	enum bldr_class cls;
	const char *gives; /* channel */
};

/* For struct bldr_node; .config must point to a struct handover. */
void handover_prepare(const struct bldr_view *v, struct bldr_plan *p);
void handover_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		     struct bldr_patch *patch);
