/* The graphs that the cases run. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

struct bldr_graph *compiled(struct bldr_graph *g)
{
	struct bldr_error err;

	must(bldr_graph_compile(g, &err), &err);
	return g;
}

struct bldr_graph *chain_graph(int nodes)
{
	struct bldr_graph *g = bldr_graph_new("chain", 1);
	char before[32] = BLDR_START;

	bldr_graph_channel(g, "n", BLDR_ADD);
	for (int i = 0; i < nodes; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "n%d", i);
		bldr_graph_node(g, &(struct bldr_node){ .name = name });
		bldr_graph_edge(g, before, name);
		memcpy(before, name, sizeof(before));
	}
	return compiled(g);
}

static void nothing(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_sleep(p, 0);
}

static void tick(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	const struct params *params = v->config;

	(void)r;
	(void)n;
	bldr_patch_set(p, "n", bldr_int(1));
	if (params->bytes > 0 && params->rewritten) {
		bldr_patch_set(p, "state", filler(params->bytes, (int64_t)v->seed));
	} else if (params->bytes < 0) {
		bldr_patch_set(p, "list", filler(-params->bytes, (int64_t)v->seed));
	}
}

static void again(const struct bldr_view *v, struct bldr_route *r)
{
	const struct params *params = v->config;

	if (bldr_get_int(v->state, "n", 0) % params->n != 0) {
		bldr_route_to(r, "tick");
	}
}

struct bldr_graph *loop_graph(const struct params *p)
{
	struct bldr_graph *g = bldr_graph_new("loop", 1);

	bldr_graph_channel(g, "n", BLDR_ADD);
	if (p->bytes != 0) {
		bldr_graph_channel(g, "state", BLDR_LAST);
		bldr_graph_channel(g, "list", BLDR_APPEND);
	}
	bldr_graph_recursion_limit(g, 1000000);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "tick",
					     .reads = NAMES("n"),
					     .writes = p->bytes != 0 ? NAMES("n", "state", "list")
								     : NAMES("n"),
					     .prepare = p->effects ? nothing : NULL,
					     .absorb = tick,
					     .config = p });
	bldr_graph_edge(g, BLDR_START, "tick");
	bldr_graph_route(g, "tick", again, NAMES("tick", BLDR_END));
	return compiled(g);
}

static void plan(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	const struct params *params = v->config;

	(void)r;
	(void)n;
	for (int i = 0; i < params->n; i++) {
		bldr_patch_send(p, "work", bldr_int(i));
	}
}

static void found(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		  struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(p, "out", bldr_ref(v->input));
}

struct bldr_graph *fanout_graph(const struct params *p)
{
	struct bldr_graph *g = bldr_graph_new("fanout", 1);

	bldr_graph_channel(g, "out", BLDR_APPEND);
	bldr_graph_node(
		g,
		&(struct bldr_node){
			.name = "plan", .sends = NAMES("work"), .absorb = plan, .config = p });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "work",
					     .reads = NAMES("out"),
					     .writes = NAMES("out"),
					     .prepare = p->effects ? nothing : NULL,
					     .absorb = found });
	bldr_graph_node(g, &(struct bldr_node){ .name = "join" });
	bldr_graph_edge(g, BLDR_START, "plan");
	bldr_graph_edge(g, "work", "join");
	return compiled(g);
}

static void ask(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *question = bldr_object();

	(void)v;
	bldr_object_set(question, "question", bldr_text("May it go on?"));
	bldr_plan_interrupt(p, question);
}

static void answered(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		     struct bldr_patch *p)
{
	(void)v;
	(void)n;
	bldr_patch_set(p, "answer", bldr_ref(r[0].value));
}

struct bldr_graph *ask_graph(void)
{
	struct bldr_graph *g = bldr_graph_new("ask", 1);

	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "answer", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "ask",
					     .writes = NAMES("answer"),
					     .prepare = ask,
					     .absorb = answered });
	bldr_graph_edge(g, BLDR_START, "ask");
	return compiled(g);
}

struct bldr_value *filler(int size, int64_t seed)
{
	char *text = malloc((size_t)size);
	uint64_t x = (uint64_t)seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	struct bldr_value *v;

	if (text == NULL) {
		abort();
	}
	for (int i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		text[i] = (char)('a' + x % 26);
	}
	v = bldr_text_n(text, (size_t)size);
	free(text);
	return v;
}
