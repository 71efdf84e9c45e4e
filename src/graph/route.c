/* What a router names goes into its task's patch; a node outside its declared targets fails it. */
#include "graph/route.h"

#include <string.h>

static size_t target(struct bldr_route *r, const char *node)
{
	size_t number = node != NULL ? graph_node(r->patch->graph, node) : GRAPH_NONE;
	if (number == GRAPH_NONE || !numbers_have(&r->router->targets, number)) {
		patch_error(r->patch, BLDR_E_INVALID,
			    "its router names \"%s\", which is not among the declared targets",
			    node != NULL ? node : "");
		return GRAPH_NONE;
	}
	return number;
}

void bldr_route_to(struct bldr_route *r, const char *node)
{
	if (node != NULL && strcmp(node, BLDR_END) == 0 && r->router->may_end) {
		return;
	}
	size_t number = target(r, node);
	if (number != GRAPH_NONE) {
		patch_target(r->patch, number);
	}
}

void bldr_route_send(struct bldr_route *r, const char *node, struct bldr_value *arg)
{
	size_t number = target(r, node);
	if (number == GRAPH_NONE) {
		bldr_unref(arg);
		return;
	}
	patch_send(r->patch, number, arg);
}
