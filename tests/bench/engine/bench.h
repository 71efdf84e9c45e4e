/*
 * What the cases of the engine's benchmark share: clocks, a report, graphs. A case runs in a process of its own, so that its
 * peak memory is its own. Anything that goes wrong ends the process with a line on stderr.
 */
#pragma once

#include <bldr/engine.h>

struct params {
	int n; /* nodes, supersteps, sends or threads: what the case is about */
	enum bldr_durability durability;
	bool effects;   /* each superstep asks for an effect, and so has commits of its own */
	int bytes;      /* of state */
	bool rewritten; /* the state is written anew in each superstep */
};

struct bench {
	const char *scratch; /* a folder that is empty */
	bool quick;          /* as little work as shows that the case runs */
	int64_t supersteps;  /* of the soak */
	size_t n_fields;     /* reported so far */
};

struct bench_case {
	const char *name;
	void (*run)(struct bench *b, const struct params *p);
	struct params params;
};

/* Ended by a row without a name. */
extern const struct bench_case memory_cases[], journal_cases[], thread_cases[], life_cases[];

void must(int rc, const struct bldr_error *err);
double cpu_s(void);                   /* of this process, all threads */
double wall_s(void);                  /* never set back */
long rss_kib(void);                   /* now */
int64_t file_bytes(const char *path); /* with its -wal; 0 when there is none */
/* n numbers; p: 0.5 is the median. Sorts them. */
double percentile(double *numbers, size_t n, double p);
void report(struct bench *b, const char *field, double value, int decimals);

/* <scratch>/<name>; static memory of four calls. */
char *scratch_path(const struct bench *b, const char *name);
struct bldr_engine *engine_at(const char *path, const struct bldr_engine_options *options);
/* The bytes of a journal that holds g's structure and nothing else. */
int64_t empty_bytes(const struct bench *b, const struct bldr_graph *g);
/* Its files are gone. */
void drop_journal(const char *path);
void thread_at(struct bldr_engine *e, const struct bldr_graph *g, int number,
	       const struct bldr_value *input);
void run_engine(struct bldr_engine *e);

/* Graphs. Channel "n" is a sum. The caller frees them with bldr_graph_free. */
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
struct bldr_graph *compiled(struct bldr_graph *g);
struct bldr_graph *chain_graph(int nodes);
/* One node that adds 1 to "n" and runs again until it is limit. Borrows p. */
struct bldr_graph *loop_graph(const struct params *p);
/* A node that sends n tasks, each of which adds its input to a list, and one that sees them. Borrows p. */
struct bldr_graph *fanout_graph(const struct params *p);
/* A node that asks a person, and ends. */
struct bldr_graph *ask_graph(void);
/* Text of size bytes; equal for equal seeds. Give it to bldr_unref. */
struct bldr_value *filler(int size, int64_t seed);
