/* Threads that wait for people, the first thread of a process, and a run of a million supersteps. */
#define _GNU_SOURCE
#include "bench.h"

#include <malloc.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

enum { WARM = 100, ALONE = 200, COLD = 20, KEEP = 100 };

/* ---- parked ---- */

/* Answers one thread after the other, each as soon as the one before has durably ended. */
struct answering {
	struct bldr_engine *e;
	int next, last; /* numbers of threads */
	double began_s;
	double *took_us;
	size_t n;
};

static void answer(struct answering *a)
{
	struct bldr_value *yes = bldr_bool(true);
	struct bldr_error err;
	char id[32];

	(void)snprintf(id, sizeof(id), "t%d", a->next++);
	a->began_s = wall_s();
	must(bldr_thread_answer(a->e, id, NULL, yes, &err), &err);
	bldr_unref(yes);
}

static void go_on(const struct bldr_event *event, void *user)
{
	struct answering *a = user;

	if (strcmp(event->type, "run.ended") == 0) {
		a->took_us[a->n++] = (wall_s() - a->began_s) * 1e6;
		if (a->next < a->last) {
			answer(a);
		}
	}
}

static void park(struct bldr_engine *e, const struct bldr_graph *g, int from, int to)
{
	for (int i = from; i < to; i++) {
		thread_at(e, g, i, NULL);
	}
	run_engine(e);
}

/* In one run of the loop, and with one run of it for each. */
static void resume(struct bench *b, struct bldr_engine *e, int from, int to)
{
	double *took = calloc((size_t)(to - from), sizeof(*took));
	int alone = (to - from) / 2 < ALONE ? (to - from) / 2 : ALONE;
	struct answering a = { .e = e, .next = from, .last = to - alone, .took_us = took };
	double cpu = cpu_s();

	bldr_engine_observe(e, go_on, &a);
	answer(&a);
	run_engine(e);
	report(b, "resume_cpu_us", (cpu_s() - cpu) / (double)a.n * 1e6, 1);
	report(b, "resume_p50_us", percentile(took, a.n, 0.5), 1);
	report(b, "resume_p99_us", percentile(took, a.n, 0.99), 1);
	a.n = 0;
	for (a.last = a.next; a.next < to; a.last = a.next) {
		answer(&a);
		run_engine(e);
	}
	report(b, "resume_alone_p50_us", percentile(took, a.n, 0.5), 1);
	report(b, "resume_alone_p99_us", percentile(took, a.n, 0.99), 1);
	free(took);
}

static void parked(struct bench *b, const struct params *p)
{
	int n = b->quick ? 50 : p->n;
	struct bldr_graph *g = ask_graph();
	const char *path = scratch_path(b, "bench.db");
	struct bldr_engine *e = engine_at(
		path, &(struct bldr_engine_options){ .durability = p->durability, .workers = 1 });
	size_t heap;
	long rss;
	int64_t bytes;
	double cpu;

	bldr_engine_add_graph(e, g);
	park(e, g, 0, WARM);
	bldr_engine_close(e);
	bytes = file_bytes(path);
	e = engine_at(path,
		      &(struct bldr_engine_options){ .durability = p->durability, .workers = 1 });
	bldr_engine_add_graph(e, g);
	park(e, g, WARM, 2 * WARM);
	(void)malloc_trim(0);
	heap = mallinfo2().uordblks;
	rss = rss_kib();
	cpu = cpu_s();
	park(e, g, 2 * WARM, 2 * WARM + n);
	report(b, "park_cpu_us", (cpu_s() - cpu) / n * 1e6, 1);
	(void)malloc_trim(0);
	report(b, "heap_bytes_per_thread", ((double)mallinfo2().uordblks - (double)heap) / n, 1);
	report(b, "rss_bytes_per_thread", (double)(rss_kib() - rss) * 1024 / n, 1);
	bldr_engine_close(e); /* what is left is the file alone */
	report(b, "db_bytes_per_thread", (double)(file_bytes(path) - bytes) / (n + WARM), 1);
	e = engine_at(path,
		      &(struct bldr_engine_options){ .durability = p->durability, .workers = 1 });
	bldr_engine_add_graph(e, g);
	resume(b, e, 2 * WARM, 2 * WARM + n);
	bldr_engine_close(e);
	drop_journal(path);
	bldr_graph_free(g);
}

/* ---- cold ---- */

/* A process that opens a new journal, runs one thread of one superstep, and exits: `engine_bench --cold FILE`. */
static void cold(struct bench *b, const struct params *p)
{
	double wall_ms[COLD], cpu_ms[COLD], rss[COLD];
	int n = b->quick ? 2 : COLD;

	(void)p;
	for (int i = 0; i < n; i++) {
		char *path = scratch_path(b, "cold.db");
		char program[] = "engine_bench", cold_option[] = "--cold";
		char *argv[] = { program, cold_option, path, NULL };
		struct rusage usage;
		double began = wall_s();
		pid_t pid;
		int status;

		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) != 0 ||
		    wait4(pid, &status, 0, &usage) != pid || status != 0) {
			fprintf(stderr, "engine_bench: the cold process failed\n");
			exit(1);
		}
		wall_ms[i] = (wall_s() - began) * 1e3;
		cpu_ms[i] = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-3;
		rss[i] = (double)usage.ru_maxrss;
		drop_journal(path);
	}
	report(b, "wall_ms", percentile(wall_ms, (size_t)n, 0.5), 2);
	report(b, "cpu_ms", percentile(cpu_ms, (size_t)n, 0.5), 2);
	report(b, "process_peak_rss_kib", percentile(rss, (size_t)n, 0.5), 0);
}

/* ---- soak ---- */

struct soak {
	struct bench *b;
	const char *path;
	int64_t total;
	int64_t seen;
	double began_cpu;
};

/* At 10, 50 and 100 % of the supersteps. */
static void look(const struct bldr_event *event, void *user)
{
	struct soak *s = user;
	int percent;
	char field[64];

	if (strcmp(event->type, "superstep") != 0) {
		return;
	}
	s->seen++;
	percent = (int)(s->seen * 100 / s->total);
	if (s->seen * 100 % s->total != 0 || (percent != 10 && percent != 50 && percent != 100)) {
		return;
	}
	(void)snprintf(field, sizeof(field), "rss_kib_at_%d_percent", percent);
	report(s->b, field, (double)rss_kib(), 0);
	(void)snprintf(field, sizeof(field), "db_bytes_at_%d_percent", percent);
	report(s->b, field, (double)file_bytes(s->path), 0);
}

static void soak(struct bench *b, const struct params *p)
{
	struct soak s = { .b = b,
			  .path = scratch_path(b, "soak.db"),
			  .total = b->quick ? 1000 : b->supersteps };
	struct params loop = { .n = (int)s.total, .effects = true };
	struct bldr_graph *g = loop_graph(&loop);
	struct bldr_engine *e =
		engine_at(s.path,
			  &(struct bldr_engine_options){
				  .durability = p->durability, .workers = 1, .keep_steps = KEEP });
	double cpu = cpu_s();
	double wall = wall_s();

	bldr_engine_add_graph(e, g);
	bldr_engine_observe(e, look, &s);
	thread_at(e, g, 0, NULL);
	run_engine(e);
	report(b, "supersteps", (double)s.seen, 0);
	report(b, "cpu_us_per_superstep", (cpu_s() - cpu) / (double)s.seen * 1e6, 2);
	report(b, "wall_us_per_superstep", (wall_s() - wall) / (double)s.seen * 1e6, 2);
	bldr_engine_close(e);
	drop_journal(s.path);
	bldr_graph_free(g);
}

const struct bench_case life_cases[] = {
	{ "parked_5000_normal", parked, { .n = 5000, .durability = BLDR_NORMAL } },
	{ "parked_20000_normal", parked, { .n = 20000, .durability = BLDR_NORMAL } },
	{ "parked_5000_full", parked, { .n = 5000, .durability = BLDR_FULL } },
	{ "cold_start", cold, { .n = 1 } },
	{ "soak", soak, { .n = 1, .durability = BLDR_NORMAL } },
	{ 0 },
};
