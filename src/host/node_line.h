/* Lines that the child of a process node writes (schemas/node_line.schema.json). */
#pragma once

#include <bldr/value.h>

enum { NODE_LINE_MAX = 1 << 20 };

struct node_line {
	enum { NODE_ANSWER, NODE_EMIT, NODE_ERROR } sort;
	struct bldr_value *value; /* NODE_ANSWER: the whole; NODE_EMIT: what is said. The caller's */
	const char *mode;         /* NODE_EMIT: "custom" or "message" */
	int code;                 /* NODE_ERROR: of include/bldr/error.h */
	char *error;              /* NODE_ERROR; the caller's */
};

/* A line without its end. Of an answer it is seen that it is one; its inside is for the node to judge. Errors: INVALID. */
int node_line_read(const char *text, size_t size, struct node_line *ret, struct bldr_error *err);
