/*
 * The knowledge base as the agents use it: the effects kb.recall and kb.learn, and the nodes around them. With
 * job.knowledge false these nodes plan nothing and give empty results.
 */
#pragma once

#include <bldr/engine.h>

/* Registers the local effects, which bring the tables into the journal's file. Errors: INVALID (a newer file), IO. */
int knowledge_register(struct bldr_engine *e, struct bldr_error *err);

bool knowledge_is_on(const struct bldr_view *v);

/* A node that recalls what channel `schema` asks for, on behalf of an agent; .config of struct bldr_node. */
struct recaller {
	const char *agent, *gives;
};
void knowledge_recall_prepare(const struct bldr_view *v, struct bldr_plan *p);
void knowledge_recall_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			     struct bldr_patch *patch);
extern const char *const knowledge_recall_reads[];
