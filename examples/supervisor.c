/*
 * Supervisor of two workers: it looks at what is there and goes to whoever is next; workers always come back to it.
 *
 *	start -> supervisor ==goto==> writer, checker or the end
 *	              ^-----------------'
 */
#include "example.h"

static void supervise(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		      struct bldr_patch *p)
{
	const char *verdict = bldr_get_text(v->state, "verdict");
	bool checked = bldr_get_int(v->state, "drafts", 0) == bldr_get_int(v->state, "checks", 0);
	const char *next = !checked ? "checker" : "writer";

	(void)r;
	(void)n;
	if (checked && verdict != NULL && strcmp(verdict, "good") == 0) {
		next = BLDR_END;
	}
	bldr_patch_set(p, "log", bldr_text(next));
	bldr_patch_goto(p, next);
}

static void write_text(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	const char *verdict = bldr_get_text(v->state, "verdict");

	(void)r;
	(void)n;
	bldr_patch_set(p, "text", bldr_text(verdict != NULL ? "roses are red" : "roses are rde"));
	bldr_patch_set(p, "drafts", bldr_int(1)); /* added to what is there */
}

static void check_text(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	const char *text = bldr_get_text(v->state, "text");

	(void)r;
	(void)n;
	bldr_patch_set(p, "verdict", bldr_text(strstr(text, "red") != NULL ? "good" : "a typo"));
	bldr_patch_set(p, "checks", bldr_int(1));
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("office", 1);

	bldr_graph_channel(g, "text", BLDR_LAST);
	bldr_graph_channel(g, "verdict", BLDR_LAST);
	bldr_graph_channel(g, "drafts", BLDR_ADD);
	bldr_graph_channel(g, "checks", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "supervisor",
					     .writes = NAMES("log"),
					     .gotos = NAMES("writer", "checker", BLDR_END),
					     .absorb = supervise });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "writer",
					     .writes = NAMES("text", "drafts"),
					     .absorb = write_text });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "checker",
					     .writes = NAMES("verdict", "checks"),
					     .absorb = check_text });
	bldr_graph_edge(g, BLDR_START, "supervisor");
	bldr_graph_edge(g, "writer", "supervisor");
	bldr_graph_edge(g, "checker", "supervisor");
	bldr_graph_recursion_limit(g, 20);
	return g;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_error err;

	example_graph(e, g);
	must(bldr_thread_start(e, "office", "poem", NULL, &err), &err);
	example_run(e, "poem");
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
