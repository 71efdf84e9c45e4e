/* Clocks, report, engines. */
#define _GNU_SOURCE
#include "bench.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void must(int rc, const struct bldr_error *err)
{
	if (rc < 0) {
		fprintf(stderr, "engine_bench: %s\n", err->text);
		exit(1);
	}
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double cpu_s(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

double wall_s(void)
{
	return seconds(CLOCK_MONOTONIC);
}

long rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f != NULL) {
		if (fscanf(f, "%*d %ld", &pages) != 1) {
			pages = 0;
		}
		(void)fclose(f);
	}
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int64_t file_bytes(const char *path)
{
	char wal[4096];
	struct stat st;
	int64_t bytes = stat(path, &st) == 0 ? st.st_size : 0;

	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	return bytes + (stat(wal, &st) == 0 ? st.st_size : 0);
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

double percentile(double *numbers, size_t n, double p)
{
	qsort(numbers, n, sizeof(*numbers), by_size);
	return numbers[(size_t)((double)(n - 1) * p + 0.5)];
}

void report(struct bench *b, const char *field, double value, int decimals)
{
	printf("%s\"%s\":%.*f", b->n_fields++ > 0 ? "," : "", field, decimals, value);
}

char *scratch_path(const struct bench *b, const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", b->scratch, name);
	return path;
}

struct bldr_engine *engine_at(const char *path, const struct bldr_engine_options *options)
{
	struct bldr_engine_options with = *options;
	struct bldr_engine *e = NULL;
	struct bldr_error err;

	with.journal = path;
	must(bldr_engine_open(&with, &e, &err), &err);
	return e;
}

int64_t empty_bytes(const struct bench *b, const struct bldr_graph *g)
{
	const char *path = scratch_path(b, "empty.db");
	struct bldr_engine *e = engine_at(path, &(struct bldr_engine_options){ .workers = 1 });
	int64_t bytes;

	bldr_engine_add_graph(e, g);
	bldr_engine_close(e);
	bytes = file_bytes(path);
	drop_journal(path);
	return bytes;
}

void drop_journal(const char *path)
{
	static const char *const parts[] = { "", "-wal", "-shm", ".lock" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char part[4200];

		(void)snprintf(part, sizeof(part), "%s%s", path, parts[i]);
		(void)unlink(part);
	}
}

void thread_at(struct bldr_engine *e, const struct bldr_graph *g, int number,
	       const struct bldr_value *input)
{
	struct bldr_error err;
	char id[32];

	(void)snprintf(id, sizeof(id), "t%d", number);
	must(bldr_thread_start(e, bldr_graph_name(g), id, input, &err), &err);
}

void run_engine(struct bldr_engine *e)
{
	struct bldr_error err;

	must(bldr_engine_run(e, &err), &err);
}
