/* The nodes that graph files may "use" (docs/graphs.md): set, ask, sleep, fail. */
#pragma once

#include <bldr/graph.h>

const struct bldr_node *builtin_nodes(size_t *ret_n);
