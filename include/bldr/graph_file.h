/*
 * Graphs as files: JSON with comments (schemas/graph.schema.json, docs/graphs.md) becomes a compiled graph.
 */
#pragma once

#include <bldr/graph.h>

/*
 * Reads and compiles a graph. "use" nodes are those of registered, by name: their functions, with the file's "config" (a
 * const struct bldr_value *, NULL when there is none) as view->config and the file's reads, writes, sends and gotos. "process"
 * nodes plan effects of kind "node". "graph" nodes read further files, relative to this one. The caller frees *ret with
 * bldr_graph_free, and with it all that was made for it. Errors: NOT_FOUND, IO, LIMIT (a file above 1 MB; graphs nested more
 * than 16 deep), INVALID: file and line, where in the file, what is wrong.
 */
BLDR_API int bldr_graph_read(const char *path, const struct bldr_node *registered,
			     size_t n_registered, struct bldr_graph **ret, struct bldr_error *err);
