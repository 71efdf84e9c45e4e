/*
 * The inside of reading a graph file: graph_file.c finds and checks the text, build.c makes the graph of it, routes.c and
 * process_node.c are what its routes and processes do when it runs.
 */
#pragma once

#include <bldr/graph_file.h>
#include "base/arena.h"
#include "base/json_schema.h"
#include "base/pointer.h"

enum { GRAPH_FILE_MAX = 1 << 20, GRAPH_FILE_DEPTH_MAX = 16 };

/* What one graph, inline ones too, is read with. */
struct reading {
	const char *path;   /* of the file, as it was named */
	const char *folder; /* of the file, absolute */
	const char *text;   /* of the file */
	size_t size;
	const struct bldr_node *registered;
	size_t n_registered;
	unsigned depth;             /* 1: no graph around it */
	const struct pointer *root; /* where the graph stands in the file; NULL: it is the whole */
};

/* What belongs to a compiled graph and goes with it. */
struct belongings {
	struct arena arena;
	struct bldr_value *file;        /* the graph's text; kept alive for configs */
	struct json_schema *lines;      /* of process nodes, or NULL */
	struct bldr_value *lines_value; /* what lines was made of */
};

/* Of a process node: its view->config. */
struct process_node {
	const char *name;
	const struct bldr_value *argv, *env; /* env may be NULL */
	const char *cwd;
	int64_t children, memory_mb; /* memory_mb 0: no limit */
	enum bldr_class cls;
	uint32_t timeout_ms;
	const struct json_schema *lines;
};

/* A file and what it nests. depth is that of the new graph. */
int read_graph_file(const char *path, const struct reading *outer, unsigned depth,
		    struct bldr_graph **ret, struct bldr_error *err);
/* The graph of a value that the schema has allowed; takes v. */
int build_graph(const struct reading *r, struct bldr_value *v, struct bldr_graph **ret,
		struct bldr_error *err);
/* INVALID: file, line and pointer before the message. */
int wrong_at(const struct reading *r, const struct pointer *at, struct bldr_error *err,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for an error that begins with a pointer in quotes. */
int wrong_in(const struct reading *r, struct bldr_error *err);

/* A text or a list of texts, as a NULL-terminated list in a; NULL gives NULL. */
const char *const *names_of(struct arena *a, const struct bldr_value *v);

/* Declares the routes of a graph's value. at: of the value. */
int build_routes(const struct reading *r, struct bldr_graph *g, const struct bldr_value *v,
		 struct arena *a, struct bldr_error *err);

void process_prepare(const struct bldr_view *v, struct bldr_plan *p);
void process_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		    struct bldr_patch *p);
