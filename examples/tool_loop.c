/*
 * Tool-calling agent loop: the model says which tool it wants, the tools run, the model sees what came of it,
 * until it answers. The model here is a script, so that the example needs no key.
 *
 *	start -> model --calls--> tools
 *	           ^  '--answer--> end |
 *	           '-------------------'
 */
#include "example.h"

static int model(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *log = bldr_get(w->args, "log");
	const struct bldr_value *last = bldr_at(log, bldr_count(log) - 1);
	struct bldr_value *said = bldr_object();

	(void)err;
	if (bldr_get(last, "result") == NULL) { /* nothing was computed yet: ask for it */
		bldr_object_set(said, "call", bldr_text("multiply"));
		bldr_object_set(said, "a", bldr_int(6));
		bldr_object_set(said, "b", bldr_int(7));
	} else {
		bldr_object_set(said, "answer",
				bldr_textf("it is %lld",
					   (long long)bldr_get_int(last, "result", 0)));
	}
	*ret = said;
	return 0;
}

static int multiply(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)err;
	*ret = bldr_object();
	bldr_object_set(*ret, "result",
			bldr_int(bldr_get_int(w->args, "a", 0) * bldr_get_int(w->args, "b", 0)));
	return 0;
}

static const struct bldr_value *last_of(const struct bldr_view *v)
{
	const struct bldr_value *log = bldr_get(v->state, "log");

	return bldr_at(log, bldr_count(log) - 1);
}

static void ask_model(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "log", bldr_ref(bldr_get(v->state, "log")));
	bldr_plan_work(p, "model", BLDR_KEYED, args);
}

static void call_tool(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *call = last_of(v);

	bldr_plan_work(p, bldr_get_text(call, "call"), BLDR_PURE, bldr_ref(call));
}

static void note(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (r[0].status == BLDR_DONE) {
		bldr_patch_set(p, "log", bldr_ref(r[0].value));
	} else {
		bldr_patch_fail_code(p, r[0].code, "%s", r[0].error);
	}
}

static void go_on(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, bldr_get(last_of(v), "call") != NULL ? "tools" : BLDR_END);
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("agent", 1);

	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "model",
					     .writes = NAMES("log"),
					     .prepare = ask_model,
					     .absorb = note });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "tools",
					     .writes = NAMES("log"),
					     .prepare = call_tool,
					     .absorb = note });
	bldr_graph_edge(g, BLDR_START, "model");
	bldr_graph_route(g, "model", go_on, NAMES("tools", BLDR_END));
	bldr_graph_edge(g, "tools", "model");
	return g;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_value *input = example_input("log", "what is six times seven?");
	struct bldr_error err;

	example_graph(e, g);
	bldr_engine_add_work(e, &(struct bldr_work_type){ .name = "model", .fn = model });
	bldr_engine_add_work(e, &(struct bldr_work_type){ .name = "multiply", .fn = multiply });
	must(bldr_thread_start(e, "agent", "sum", input, &err), &err);
	example_run(e, "sum");
	bldr_unref(input);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
