/* The node that does. */
#include "host/doer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void do_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct doer *d = v->config;

	for (size_t i = 0; i < BLDR_PLAN_MAX && d->at[i].kind != NULL; i++) {
		const struct doing *doing = &d->at[i];
		struct bldr_value *args = NULL;

		if (bldr_value_parse(doing->args, strlen(doing->args), &args, NULL) < 0) {
			abort();
		}
		bldr_plan_add(p, doing->kind, doing->cls, args, doing->timeout_ms);
	}
}

static void do_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		      struct bldr_patch *p)
{
	static const char *const names[] = { "done", "failed", "timed out", "cancelled", "unknown" };
	struct bldr_value *answers = bldr_list();

	(void)v;
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(answers,
			      r[i].status == BLDR_DONE
				      ? bldr_ref(r[i].value)
				      : bldr_textf("%s: %s", names[r[i].status], r[i].error));
	}
	bldr_patch_set(p, "answers", answers);
}

struct bldr_graph *doer_graph(const struct doer *d)
{
	static const char *const writes[] = { "answers", NULL };
	struct bldr_graph *g = bldr_graph_new("do", 1);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "answers", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "do",
					     .writes = writes,
					     .prepare = do_prepare,
					     .absorb = do_absorb,
					     .config = d });
	bldr_graph_edge(g, BLDR_START, "do");
	bldr_graph_edge(g, "do", BLDR_END);
	if (bldr_graph_compile(g, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return g;
}
