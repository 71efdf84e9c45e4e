/*
 * Retry and fallback: a policy tries the same request again, with the same key and growing pauses that survive a
 * restart; when it has failed for good, the node's error handler runs in its place.
 */
#include "example.h"

/* Serves nobody, as a far service may. */
static int fetch(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)ret;
	printf("try %u of %s\n", w->attempt, w->key);
	return bldr_error_set(err, BLDR_E_UNAVAILABLE, "the service answers 503");
}

static void ask(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "fetch", BLDR_KEYED, NULL);
}

static void take(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (r[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, r[0].code, "no rate: %s", r[0].error);
	} else {
		bldr_patch_set(p, "rate", bldr_ref(r[0].value));
	}
}

/* Its input says what went wrong: {"node", "code", "error", "input"}. */
static void fall_back(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		      struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(p, "rate", bldr_text("1.08"));
	bldr_patch_set(p, "why", bldr_ref(bldr_get(v->input, "code")));
}

static struct bldr_graph *build(void)
{
	static const struct bldr_retry retry = {
		.attempts = 3, .first_ms = 10, .factor_percent = 300, .no_jitter = true
	};
	struct bldr_graph *g = bldr_graph_new("rates", 1);

	bldr_graph_channel(g, "rate", BLDR_LAST);
	bldr_graph_channel(g, "why", BLDR_LAST);
	bldr_graph_policy(
		g,
		&(struct bldr_policy){ .kind = "work:fetch", .retry = &retry, .timeout_ms = 5000 });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "rate",
					     .writes = NAMES("rate"),
					     .prepare = ask,
					     .absorb = take,
					     .on_error = "last_known" });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "last_known",
					     .writes = NAMES("rate", "why"),
					     .absorb = fall_back });
	bldr_graph_edge(g, BLDR_START, "rate");
	return g;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_error err;

	example_graph(e, g);
	bldr_engine_add_work(e, &(struct bldr_work_type){ .name = "fetch", .fn = fetch });
	must(bldr_thread_start(e, "rates", "today", NULL, &err), &err);
	example_run(e, "today");
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
