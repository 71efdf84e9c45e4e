/* A router at work: the one conditional edge that is being asked, and the patch it fills. */
#pragma once

#include "graph/patch.h"

struct bldr_route {
	const struct router *router;
	struct bldr_patch *patch;
};
