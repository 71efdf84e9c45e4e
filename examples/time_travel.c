/*
 * Time travel: every superstep is a checkpoint. This one looks at a thread's history, goes back to where its second
 * node was about to run, writes something else there, and lets a new lineage of the thread go on from it.
 */
#include "example.h"

static void stage(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		  struct bldr_patch *p)
{
	const char *from = bldr_get_text(v->state, "text");

	(void)r;
	(void)n;
	bldr_patch_set(p, "text", bldr_textf("%s, %s", from, (const char *)v->config));
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("stages", 1);

	bldr_graph_channel(g, "text", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "cook",
					     .writes = NAMES("text"),
					     .absorb = stage,
					     .config = "cooked" });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "serve",
					     .writes = NAMES("text"),
					     .absorb = stage,
					     .config = "served" });
	bldr_graph_edge(g, BLDR_START, "cook");
	bldr_graph_edge(g, "cook", "serve");
	return g;
}

static int show(const struct bldr_checkpoint *c, void *user)
{
	char *next = bldr_value_text(c->next);
	char *writes = bldr_value_text(c->writes);

	(void)user;
	printf("%s%s step %lld, by %s, next %s: %s\n", c->current ? "* " : "  ",
	       c->lineage == 0 ? "first" : "fork ", (long long)c->step, c->source, next, writes);
	free(next);
	free(writes);
	return 0;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_value *rice = example_input("text", "rice");
	struct bldr_value *fish = example_input("text", "fish, cooked");
	struct bldr_error err;

	example_graph(e, g);
	must(bldr_thread_start(e, "stages", "dinner", rice, &err), &err);
	example_run(e, "dinner");

	must(bldr_thread_fork(e, "dinner", 0, 1, NULL, false, &err), &err); /* before serve ran */
	must(bldr_thread_update(e, "dinner", "cook", fish, &err),
	     &err); /* as if cook had made this */
	must(bldr_thread_resume(e, "dinner", &err), &err);
	example_run(e, "dinner");

	must(bldr_thread_history(e, "dinner", show, NULL, &err), &err);
	bldr_unref(rice);
	bldr_unref(fish);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
