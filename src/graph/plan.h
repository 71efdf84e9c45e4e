/* A plan: the effects a task asks for, as its prepare function named them. */
#pragma once

#include "graph/graph.h"

struct planned {
	const char *kind;
	enum bldr_class cls;
	struct bldr_value *args;
	char *request; /* canonical JSON of args */
	uint32_t timeout_ms;
};

struct bldr_plan {
	const struct node *node;
	char kinds[BLDR_PLAN_MAX][GRAPH_NAME_MAX + 1];
	struct planned effects[BLDR_PLAN_MAX];
	size_t n;
	struct bldr_error error; /* the first */
};

void plan_init(struct bldr_plan *p, const struct node *node);
void plan_release(struct bldr_plan *p);
