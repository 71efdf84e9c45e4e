/*
 * The engine's benchmark (docs/benchmarks.md).
 *
 *	engine_bench [--case NAME]... [--but NAME]... [--list] [--quick] [--supersteps N] [--scratch DIR]
 *
 * Each case runs in a process of its own and prints one line of JSON: its name, what it measured, and that process's peak
 * memory. --but leaves a case out, --supersteps is the length of the soak (1,000,000).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const struct bench_case *const families[] = { memory_cases, journal_cases, thread_cases,
						     life_cases };
enum { CASES_MAX = 64 };

struct choice {
	const char *only[CASES_MAX], *but[CASES_MAX];
	size_t n_only, n_but;
};

static bool has(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static const struct bench_case *find(const char *name)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		for (const struct bench_case *c = families[f]; c->name != NULL; c++) {
			if (strcmp(c->name, name) == 0) {
				return c;
			}
		}
	}
	return NULL;
}

/* In a process of its own: false when that failed. */
static bool run_case(struct bench *b, const struct bench_case *c)
{
	struct rusage usage;
	int status;
	pid_t pid;

	printf("{\"case\":\"%s\",", c->name);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		c->run(b, &c->params);
		(void)fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
		printf("\n");
		fprintf(stderr, "engine_bench: case %s failed\n", c->name);
		return false;
	}
	printf(",\"peak_rss_kib\":%ld}\n", usage.ru_maxrss);
	(void)fflush(stdout);
	return true;
}

static int run_cold(const char *path)
{
	const struct params p = { .n = 1 };
	struct bldr_graph *g = loop_graph(&p);
	struct bldr_engine *e = engine_at(path, &(struct bldr_engine_options){ .workers = 1 });

	bldr_engine_add_graph(e, g);
	thread_at(e, g, 0, NULL);
	run_engine(e);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}

static void name_case(const char **names, size_t *n, const char *name)
{
	if (find(name) == NULL || *n == CASES_MAX) {
		fprintf(stderr, "engine_bench: no case \"%s\" (--list names them)\n", name);
		exit(2);
	}
	names[(*n)++] = name;
}

static int run_chosen(struct bench *b, const struct choice *choice, bool list)
{
	int failed = 0;

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		for (const struct bench_case *c = families[f]; c->name != NULL; c++) {
			if ((choice->n_only > 0 && !has(choice->only, choice->n_only, c->name)) ||
			    has(choice->but, choice->n_but, c->name)) {
				continue;
			}
			if (list) {
				puts(c->name);
			} else {
				failed += !run_case(b, c);
			}
		}
	}
	return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "case", required_argument, NULL, 'c' },
		{ "but", required_argument, NULL, 'b' },
		{ "list", no_argument, NULL, 'l' },
		{ "quick", no_argument, NULL, 'q' },
		{ "supersteps", required_argument, NULL, 'n' },
		{ "scratch", required_argument, NULL, 's' },
		{ "cold", required_argument, NULL, 'x' },
		{ 0 },
	};
	char folder[] = "/tmp/bldr-bench-XXXXXX";
	struct bench b = { .supersteps = 1000000 };
	struct choice choice = { .n_only = 0 };
	bool list = false;
	int rc, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			name_case(choice.only, &choice.n_only, optarg);
			break;
		case 'b':
			name_case(choice.but, &choice.n_but, optarg);
			break;
		case 'l':
			list = true;
			break;
		case 'q':
			b.quick = true;
			break;
		case 'n':
			b.supersteps = atoll(optarg) / 100 * 100;
			if (b.supersteps < 100 || b.supersteps >= 1000000) {
				b.supersteps =
					999900; /* the engine's highest recursion limit is 1,000,000 */
			}
			break;
		case 's':
			b.scratch = optarg;
			break;
		case 'x':
			return run_cold(optarg);
		default:
			return 2;
		}
	}
	if (b.supersteps >= 1000000) {
		b.supersteps = 999900;
	}
	if (b.scratch == NULL && mkdtemp(folder) == NULL) {
		perror("engine_bench");
		return 1;
	}
	if (b.scratch != NULL) {
		return run_chosen(&b, &choice, list);
	}
	b.scratch = folder;
	rc = run_chosen(&b, &choice, list);
	(void)rmdir(folder);
	return rc;
}
