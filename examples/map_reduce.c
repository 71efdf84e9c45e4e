/*
 * Map-reduce: a node sends every word to a task of its own; a join sees what all of them found.
 *
 *	start -> split ==send per word==> measure -> longest
 */
#include "example.h"

static void split(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		  struct bldr_patch *p)
{
	char *text = strdup(bldr_get_text(v->state, "text"));
	char *rest = NULL;

	(void)r;
	(void)n;
	for (char *word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		bldr_patch_send(p, "measure", bldr_text(word)); /* the task's whole input */
	}
	free(text);
}

/* The same node, as many tasks as there are words, all in one superstep; each asks for some work. */
static void measure_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "word", bldr_ref(v->input));
	bldr_plan_work(p, "length", BLDR_PURE, args);
}

static void measure_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			   struct bldr_patch *p)
{
	struct bldr_value *found = bldr_object();

	(void)n;
	if (r[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, r[0].code, "%s", r[0].error);
	}
	bldr_object_set(found, "length", bldr_ref(r[0].value));
	bldr_object_set(found, "word", bldr_ref(v->input));
	bldr_patch_set(p, "found", found);
}

/* Runs on the thread pool, with its own copy of the arguments. */
static int length(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)err;
	*ret = bldr_int((int64_t)strlen(bldr_get_text(w->args, "word")));
	return 0;
}

static void longest(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		    struct bldr_patch *p)
{
	const struct bldr_value *found = bldr_get(v->state, "found");
	const struct bldr_value *best = bldr_at(found, 0);

	(void)r;
	(void)n;
	for (size_t i = 1; i < bldr_count(found); i++) {
		const struct bldr_value *one = bldr_at(found, i);

		if (bldr_get_int(one, "length", 0) > bldr_get_int(best, "length", 0)) {
			best = one;
		}
	}
	bldr_patch_set(p, "longest", bldr_ref(bldr_get(best, "word")));
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("map_reduce", 1);

	bldr_graph_channel(g, "text", BLDR_LAST);
	bldr_graph_channel(g, "found", BLDR_APPEND); /* folded in the order of the sends */
	bldr_graph_channel(g, "longest", BLDR_LAST);
	bldr_graph_node(
		g,
		&(struct bldr_node){ .name = "split", .sends = NAMES("measure"), .absorb = split });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "measure",
					     .writes = NAMES("found"),
					     .prepare = measure_prepare,
					     .absorb = measure_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "longest", .writes = NAMES("longest"), .absorb = longest });
	bldr_graph_edge(g, BLDR_START, "split");
	bldr_graph_edge(g, "measure", "longest"); /* many tasks, one superstep: longest runs once */
	return g;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_value *input = example_input("text", "a bird in the garden sings");
	struct bldr_error err;

	example_graph(e, g);
	bldr_engine_add_work(e, &(struct bldr_work_type){ .name = "length", .fn = length });
	must(bldr_thread_start(e, "map_reduce", "words", input, &err), &err);
	example_run(e, "words");
	bldr_unref(input);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
