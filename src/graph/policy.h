/* What a graph says about failures, pauses and time: settled when it is compiled, looked up by runs. */
#pragma once

#include "graph/graph.h"

/*
 * Resolves static interrupts, checks policies. Errors (INVALID): an unknown node; two migrations from one version; a
 * policy with a wrong kind, numbers or codes, or of a kind that has one.
 */
int graph_settle_policies(struct bldr_graph *g, struct bldr_error *err);

/*
 * The policy for an effect, or NULL: of those of the node first, then of the graph; among them the one for exactly this
 * ("work:fetch", "http:api.example.com") before the one of its kind. args: the effect's request.
 */
const struct bldr_policy *policy_find(const struct bldr_graph *g, const struct node *node,
				      const char *kind, const struct bldr_value *args);
/* The same with the request's text, which is read only where a policy depends on it. */
const struct bldr_policy *policy_find_text(const struct bldr_graph *g, const struct node *node,
					   const char *kind, const char *request);
