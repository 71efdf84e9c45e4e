/*
 * Supersteps without a journal: the pure layer alone (src/graph/run.h). What it says is to be made durable is made, and dropped.
 */
#include "bench.h"

#include <stdlib.h>

#include "base/check.h"
#include "graph/run.h"

enum { BATCHES = 7 };

/* One thread from its input to its end. */
static void run_once(const struct bldr_graph *g)
{
	struct run *r = run_new(g, "t", 42);
	struct update u = { 0 };
	struct bldr_error err;

	must(run_begin(r, NULL, 1000, &u, &err), &err);
	ASSERT(run_status(r) == RUN_DONE);
	update_release(&u);
	run_free(r);
}

/* The median of several batches of about 100,000 supersteps or tasks, after a first one that does not count. */
static void measure(struct bench *b, const struct bldr_graph *g, int each, const char *what)
{
	int repeats = b->quick ? 1 : 1 + 100000 / each;
	double cpu[BATCHES];
	char field[32];

	for (int i = -1; i < BATCHES; i++) {
		double before = cpu_s();

		for (int k = 0; k < repeats; k++) {
			run_once(g);
		}
		if (i >= 0) {
			cpu[i] = (cpu_s() - before) / repeats / each * 1e6;
		}
	}
	(void)snprintf(field, sizeof(field), "cpu_us_per_%s", what);
	report(b, field, percentile(cpu, BATCHES, 0.5), 3);
	report(b, "cpu_us_best", cpu[0], 3);
}

static void chain(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = chain_graph(p->n);

	measure(b, g, p->n, "superstep");
	bldr_graph_free(g);
}

static void loop(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = loop_graph(p);

	measure(b, g, p->n, "superstep");
	bldr_graph_free(g);
}

static void fanout(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = fanout_graph(p);

	measure(b, g, p->n, "task");
	bldr_graph_free(g);
}

const struct bench_case memory_cases[] = {
	{ "chain_10_memory", chain, { .n = 10 } },
	{ "chain_100_memory", chain, { .n = 100 } },
	{ "chain_1000_memory", chain, { .n = 1000 } },
	{ "loop_1000_memory", loop, { .n = 1000 } },
	{ "fanout_10_memory", fanout, { .n = 10 } },
	{ "fanout_100_memory", fanout, { .n = 100 } },
	{ "fanout_1000_memory", fanout, { .n = 1000 } },
	{ 0 },
};
