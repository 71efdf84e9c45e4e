/*
 * Router: a node looks at the input, a conditional edge chooses who answers.
 *
 *	start -> sort -+-> answer
 *	               +-> compute
 *	               '-> chat
 */
#include "example.h"

static void sort_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	const char *text = bldr_get_text(v->state, "text");
	const char *kind = "chat";

	(void)r;
	(void)n;
	if (strchr(text, '?') != NULL) {
		kind = "question";
	} else if (strpbrk(text, "0123456789") != NULL) {
		kind = "sum";
	}
	bldr_patch_set(p, "kind", bldr_text(kind));
}

/* Sees the state with what sort has just written. */
static void choose(const struct bldr_view *v, struct bldr_route *r)
{
	const char *kind = bldr_get_text(v->state, "kind");

	bldr_route_to(r,
		      strcmp(kind, "question") == 0      ? "answer"
			      : strcmp(kind, "sum") == 0 ? "compute"
							 : "chat");
}

static void reply(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		  struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(p, "reply", bldr_text(v->config));
}

static void compute(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		    struct bldr_patch *p)
{
	const char *at = bldr_get_text(v->state, "text");
	long long sum = 0;

	(void)r;
	(void)n;
	while ((at = strpbrk(at, "0123456789")) != NULL) {
		char *end;

		sum += strtoll(at, &end, 10);
		at = end;
	}
	bldr_patch_set(p, "reply", bldr_textf("that makes %lld", sum));
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("router", 1);

	bldr_graph_channel(g, "text", BLDR_LAST);
	bldr_graph_channel(g, "kind", BLDR_LAST);
	bldr_graph_channel(g, "reply", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "sort", .writes = NAMES("kind"), .absorb = sort_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "answer",
					     .writes = NAMES("reply"),
					     .absorb = reply,
					     .config = "good question" });
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "compute", .writes = NAMES("reply"), .absorb = compute });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "chat",
					     .writes = NAMES("reply"),
					     .absorb = reply,
					     .config = "tell me more" });
	bldr_graph_edge(g, BLDR_START, "sort");
	bldr_graph_route(g, "sort", choose, NAMES("answer", "compute", "chat"));
	return g;
}

int main(int argc, char **argv)
{
	static const char *const texts[] = { "is it late?", "2 and 40", "hello" };
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_error err;

	example_graph(e, g);
	for (size_t i = 0; i < 3; i++) {
		struct bldr_value *input = example_input("text", texts[i]);
		char id[16];

		snprintf(id, sizeof(id), "thread-%zu", i);
		must(bldr_thread_start(e, "router", id, input, &err), &err);
		bldr_unref(input);
		example_run(e, id);
	}
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
