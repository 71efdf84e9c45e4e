/*
 * The graph that tests/journal/version_1.sql was written with, by the program as it was when the tables were version 1:
 * in its second superstep "done" has ended, "ask" waits for a person, "again" for an effect of its second round.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include <bldr/graph.h>

enum { UPGRADE_LARGE = 5000 };

static inline void begin_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
				struct bldr_patch *p)
{
	char large[UPGRADE_LARGE + 1];

	(void)v;
	(void)r;
	(void)n;
	memset(large, 'v', UPGRADE_LARGE);
	large[UPGRADE_LARGE] = '\0';
	bldr_patch_set(p, "large", bldr_text(large));
}

static inline void done_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			       struct bldr_patch *p)
{
	struct bldr_value *log = bldr_list();

	(void)v;
	(void)r;
	(void)n;
	bldr_list_add(log, bldr_text("done"));
	bldr_patch_set(p, "log", log);
}

static inline void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	(void)v;
	bldr_object_set(args, "question", bldr_text("Is it right?"));
	bldr_plan_interrupt(p, args);
}

static inline void ask_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			      struct bldr_patch *p)
{
	struct bldr_value *log = bldr_list();

	(void)v;
	(void)n;
	bldr_list_add(log, bldr_ref(r[0].value));
	bldr_patch_set(p, "log", log);
}

static inline void again_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "round", bldr_int(v->round));
	bldr_plan_work(p, "answer", BLDR_KEYED, args);
}

static inline void again_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
				struct bldr_patch *p)
{
	struct bldr_value *kept = bldr_object();

	(void)n;
	if (v->round == 0) {
		bldr_object_set(kept, "first", bldr_ref(r[0].value));
		bldr_patch_again(p, kept);
		return;
	}
	bldr_object_set(kept, "second", bldr_ref(r[0].value));
	bldr_object_set(kept, "first", bldr_ref(bldr_get(v->kept, "first")));
	bldr_patch_set(p, "answers", kept);
}

static inline struct bldr_graph *upgrade_graph(void)
{
	static const char *const large[] = { "large", NULL };
	static const char *const log[] = { "log", NULL };
	static const char *const answers[] = { "answers", NULL };
	struct bldr_graph *g = bldr_graph_new("g", 1);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "large", BLDR_LAST);
	bldr_graph_channel(g, "answers", BLDR_LAST);
	bldr_graph_node(
		g, &(struct bldr_node){ .name = "begin", .writes = large, .absorb = begin_absorb });
	bldr_graph_node(
		g, &(struct bldr_node){ .name = "done", .writes = log, .absorb = done_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "ask",
					     .writes = log,
					     .prepare = ask_prepare,
					     .absorb = ask_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "again",
					     .writes = answers,
					     .prepare = again_prepare,
					     .absorb = again_absorb });
	bldr_graph_edge(g, BLDR_START, "begin");
	bldr_graph_edge(g, "begin", "done");
	bldr_graph_edge(g, "begin", "ask");
	bldr_graph_edge(g, "begin", "again");
	if (bldr_graph_compile(g, &err) < 0) {
		abort();
	}
	return g;
}
