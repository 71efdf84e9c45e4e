/*
 * Threads one after the other over a journal. A graph without effects has nothing that the world could see before it ends, and is
 * committed once; with `effects` every superstep asks for one (a sleep of no time), so its intent is committed before, and
 * its result after it.
 */
#include "bench.h"

enum { BATCHES = 5 };

/* `threads` of g, one at a time; each: supersteps or tasks of one. */
static void measure(struct bench *b, const struct bldr_graph *g, const struct params *p,
		    const struct bldr_value *input, int threads, const char *what)
{
	const char *path = scratch_path(b, "bench.db");
	int64_t empty = empty_bytes(b, g);
	struct bldr_engine *e = engine_at(
		path, &(struct bldr_engine_options){ .durability = p->durability, .workers = 1 });
	double cpu[BATCHES], wall[BATCHES];
	int number = 0;
	char field[64];

	bldr_engine_add_graph(e, g);
	for (int i = -1; i < BATCHES; i++) {
		double cpu_before = cpu_s();
		double wall_before = wall_s();

		for (int k = 0; k < threads; k++) {
			thread_at(e, g, number++, input);
			run_engine(e);
		}
		if (i >= 0) {
			cpu[i] = (cpu_s() - cpu_before) / threads / p->n * 1e6;
			wall[i] = (wall_s() - wall_before) / threads / p->n * 1e6;
		}
	}
	bldr_engine_close(e);
	(void)snprintf(field, sizeof(field), "cpu_us_per_%s", what);
	report(b, field, percentile(cpu, BATCHES, 0.5), 2);
	report(b, "cpu_us_best", cpu[0], 2);
	(void)snprintf(field, sizeof(field), "wall_us_per_%s", what);
	report(b, field, percentile(wall, BATCHES, 0.5), 2);
	(void)snprintf(field, sizeof(field), "db_bytes_per_%s", what);
	report(b, field, (double)(file_bytes(path) - empty) / number / p->n, 1);
	drop_journal(path);
}

static int threads_of(const struct bench *b, const struct params *p, int items)
{
	return b->quick ? 1 : 1 + items / p->n;
}

static void chain(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = chain_graph(p->n);

	measure(b, g, p, NULL, threads_of(b, p, 5000), "superstep");
	bldr_graph_free(g);
}

static void loop(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = loop_graph(p);

	measure(b, g, p, NULL, threads_of(b, p, p->effects ? 2000 : 20000), "superstep");
	bldr_graph_free(g);
}

static void fanout(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = fanout_graph(p);

	measure(b, g, p, NULL, threads_of(b, p, p->effects ? 3000 : 10000), "task");
	bldr_graph_free(g);
}

/* bytes > 0: a state of that size, which stays or is rewritten; < 0: a list that grows by as much in each superstep. */
static void growth(struct bench *b, const struct params *p)
{
	struct bldr_graph *g = loop_graph(p);
	struct bldr_value *input = bldr_object();

	if (p->bytes > 0) {
		bldr_object_set(input, "state", filler(p->bytes, -1));
	}
	measure(b, g, p, input, 1, "superstep");
	bldr_unref(input);
	bldr_graph_free(g);
}

const struct bench_case journal_cases[] = {
	{ "chain_10_normal", chain, { .n = 10, .durability = BLDR_NORMAL } },
	{ "chain_100_normal", chain, { .n = 100, .durability = BLDR_NORMAL } },
	{ "chain_1000_normal", chain, { .n = 1000, .durability = BLDR_NORMAL } },
	{ "loop_1000_normal", loop, { .n = 1000, .durability = BLDR_NORMAL } },
	{ "loop_1000_full", loop, { .n = 1000, .durability = BLDR_FULL } },
	{ "loop_1000_effects_normal",
	  loop,
	  { .n = 1000, .durability = BLDR_NORMAL, .effects = true } },
	{ "loop_1000_effects_full", loop, { .n = 1000, .durability = BLDR_FULL, .effects = true } },
	{ "fanout_10_normal", fanout, { .n = 10, .durability = BLDR_NORMAL } },
	{ "fanout_100_normal", fanout, { .n = 100, .durability = BLDR_NORMAL } },
	{ "fanout_1000_normal", fanout, { .n = 1000, .durability = BLDR_NORMAL } },
	{ "fanout_1000_effects_normal",
	  fanout,
	  { .n = 1000, .durability = BLDR_NORMAL, .effects = true } },
	{ "state_10k_static", growth, { .n = 100, .bytes = 10000, .effects = true } },
	{ "state_100k_static", growth, { .n = 100, .bytes = 100000, .effects = true } },
	{ "state_10k_rewritten",
	  growth,
	  { .n = 100, .bytes = 10000, .rewritten = true, .effects = true } },
	{ "state_100k_rewritten",
	  growth,
	  { .n = 100, .bytes = 100000, .rewritten = true, .effects = true } },
	{ "state_growing_1k", growth, { .n = 100, .bytes = -1000, .effects = true } },
	{ 0 },
};
