/* The node that asks. */
#include "host/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct asker *a = v->config;

	for (size_t i = 0; i < a->n; i++) {
		struct bldr_value *request = bldr_object();
		struct bldr_value *args = NULL;

		if (bldr_value_parse(a->args, strlen(a->args), &args, NULL) < 0) {
			abort();
		}
		bldr_object_set(request, "work", bldr_text(a->work));
		bldr_object_set(request, "args", args);
		bldr_plan_add(p, a->kind, a->cls, request, a->timeout_ms);
	}
}

static void ask_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	static const char *const names[] = { "done", "failed", "timed out", "cancelled", "unknown" };
	struct bldr_value *answers = bldr_list();

	(void)v;
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(answers,
			      bldr_textf("%s: %s", names[r[i].status],
					 r[i].status == BLDR_DONE ? "" : r[i].error));
	}
	bldr_patch_set(p, "answers", answers);
}

struct bldr_graph *asker_graph(const struct asker *a)
{
	static const char *const writes[] = { "answers", NULL };
	struct bldr_graph *g = bldr_graph_new("ask", 1);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "answers", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "ask",
					     .writes = writes,
					     .prepare = ask_prepare,
					     .absorb = a->judge ? NULL : ask_absorb,
					     .config = a });
	bldr_graph_edge(g, BLDR_START, "ask");
	bldr_graph_edge(g, "ask", BLDR_END);
	if (bldr_graph_compile(g, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return g;
}
