/* Many threads at once in one file, and over many files. */
#include "bench.h"

enum { STEPS = 20, TENANTS = 200 };

/* Starts n threads and runs them to their ends. */
static void run_all(struct bldr_engine *e, const struct bldr_graph *g, int n)
{
	for (int i = 0; i < n; i++) {
		thread_at(e, g, i, NULL);
	}
	run_engine(e);
}

static void report_steps(struct bench *b, int steps, double cpu, double wall, int64_t bytes)
{
	report(b, "supersteps_per_s", steps / wall, 0);
	report(b, "supersteps_per_cpu_s", steps / cpu, 0);
	report(b, "cpu_us_per_superstep", cpu / steps * 1e6, 2);
	report(b, "db_bytes_per_superstep", (double)bytes / steps, 1);
}

static void together(struct bench *b, const struct params *p)
{
	int n = b->quick ? 20 : p->n;
	struct params loop = { .n = STEPS, .effects = p->effects };
	struct bldr_graph *g = loop_graph(&loop);
	const char *path = scratch_path(b, "bench.db");
	int64_t empty = empty_bytes(b, g);
	struct bldr_engine *e = engine_at(
		path, &(struct bldr_engine_options){ .durability = p->durability, .workers = 1 });
	double cpu, wall;

	bldr_engine_add_graph(e, g);
	cpu = cpu_s();
	wall = wall_s();
	run_all(e, g, n);
	cpu = cpu_s() - cpu;
	wall = wall_s() - wall;
	bldr_engine_close(e);
	report_steps(b, n * STEPS, cpu, wall, file_bytes(path) - empty);
	drop_journal(path);
	bldr_graph_free(g);
}

/* The same threads over tenants' files of their own, one engine after the other, opened and closed each time. */
static void tenants(struct bench *b, const struct params *p)
{
	int files = b->quick ? 4 : TENANTS;
	int each = p->n / TENANTS;
	struct params loop = { .n = STEPS, .effects = p->effects };
	struct bldr_graph *g = loop_graph(&loop);
	double cpu = cpu_s();
	double wall = wall_s();
	int64_t bytes = 0;

	for (int i = 0; i < files; i++) {
		char name[32];
		const char *path;
		struct bldr_engine *e;

		(void)snprintf(name, sizeof(name), "tenant%d.db", i);
		path = scratch_path(b, name);
		e = engine_at(path,
			      &(struct bldr_engine_options){ .durability = p->durability,
							     .workers = 1 });
		bldr_engine_add_graph(e, g);
		run_all(e, g, each);
		bldr_engine_close(e);
		bytes += file_bytes(path);
		drop_journal(path);
	}
	report_steps(b, files * each * STEPS, cpu_s() - cpu, wall_s() - wall, bytes);
	bldr_graph_free(g);
}

const struct bench_case thread_cases[] = {
	{ "threads_1000x20_normal", together, { .n = 1000, .durability = BLDR_NORMAL } },
	{ "threads_1000x20_full", together, { .n = 1000, .durability = BLDR_FULL } },
	{ "threads_1000x20_effects_normal",
	  together,
	  { .n = 1000, .durability = BLDR_NORMAL, .effects = true } },
	{ "threads_1000x20_effects_full",
	  together,
	  { .n = 1000, .durability = BLDR_FULL, .effects = true } },
	{ "tenants_200x5x20_normal", tenants, { .n = 1000, .durability = BLDR_NORMAL } },
	{ "tenants_200x5x20_effects_normal",
	  tenants,
	  { .n = 1000, .durability = BLDR_NORMAL, .effects = true } },
	{ "tenants_200x5x20_effects_full",
	  tenants,
	  { .n = 1000, .durability = BLDR_FULL, .effects = true } },
	{ 0 },
};
