/*
 * Human approval: a node asks a person and its thread waits as rows, with no process and no memory, until somebody
 * answers; that may be another process, weeks later.
 *
 *	approval JOURNAL          drafts, asks, ends
 *	approval JOURNAL ANSWER   answers, and the thread goes on
 */
#include "example.h"

static void draft(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		  struct bldr_patch *p)
{
	(void)v;
	(void)r;
	(void)n;
	bldr_patch_set(p, "letter", bldr_text("Dear all, the office is closed on Friday."));
}

static void ask(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "question", bldr_text("send this letter?"));
	bldr_object_set(args, "letter", bldr_ref(bldr_get(v->state, "letter")));
	bldr_plan_interrupt(p, args);
}

static void decide(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		   struct bldr_patch *p)
{
	bool yes = strcmp(bldr_as_text(r[0].value), "yes") == 0;

	(void)v;
	(void)n;
	bldr_patch_set(p, "approved", bldr_bool(yes));
	bldr_patch_goto(p, yes ? "send" : BLDR_END);
}

static void send(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	(void)v;
	(void)r;
	(void)n;
	bldr_patch_set(p, "sent", bldr_bool(true));
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("letter", 1);

	bldr_graph_channel(g, "letter", BLDR_LAST);
	bldr_graph_channel(g, "approved", BLDR_LAST);
	bldr_graph_channel(g, "sent", BLDR_LAST);
	bldr_graph_node(
		g,
		&(struct bldr_node){ .name = "draft", .writes = NAMES("letter"), .absorb = draft });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "ask",
					     .writes = NAMES("approved"),
					     .gotos = NAMES("send", BLDR_END),
					     .prepare = ask,
					     .absorb = decide });
	bldr_graph_node(
		g, &(struct bldr_node){ .name = "send", .writes = NAMES("sent"), .absorb = send });
	bldr_graph_edge(g, BLDR_START, "draft");
	bldr_graph_edge(g, "draft", "ask");
	return g;
}

static int show_question(const struct bldr_interrupt *i, void *user)
{
	(void)user;
	printf("%s asks: %s\n", i->key, bldr_get_text(i->question, "question"));
	return 0;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_error err;

	example_graph(e, g);
	if (argc > 2) {
		struct bldr_value *answer = bldr_text(argv[2]);

		must(bldr_thread_answer(e, "friday", NULL, answer, &err), &err);
		bldr_unref(answer);
	} else {
		must(bldr_thread_start(e, "letter", "friday", NULL, &err), &err);
	}
	example_run(e, "friday");
	must(bldr_thread_interrupts(e, "friday", show_question, NULL, &err), &err);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
