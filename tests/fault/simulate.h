/*
 * A schedule: the lives of one journal in virtual time. Each life has a plan of what breaks it off; the last has none. All
 * threads of a schedule share the engine, its commits and its crashes.
 */
#pragma once

#include "broken.h"
#include "oracle.h"
#include "vfs_shim.h"

enum { THREADS_MAX = 12 };

struct schedule {
	const struct scenario *threads[THREADS_MAX];
	size_t n_threads;
	unsigned variant;                       /* of the world */
	struct bldr_fault crash[LIVES_MAX - 1]; /* one for each life but the last */
	int crashes;
	uint64_t latency; /* seed; 0: each effect takes 1 ms */
	unsigned latency_ms;
	uint32_t commit_ms;
	int64_t down_ms[LIVES_MAX]; /* between a crash and the next life */
	enum bldr_durability durability;
	const struct shim_fault *disk; /* what the disk does in the first life; NULL: nothing */
	uint64_t power;                /* seed of what a loss of power leaves */
};

/* What a run came to, for plans. */
struct extent {
	int lives;        /* those that were really broken off, and the last one */
	bool disk_failed; /* the fault was reached */
};

struct simulator {
	char folder[64], db[128];
	enum broken broken;
	struct world world;
	char *template; /* a journal with its tables and no thread */
	size_t template_size;
	struct outcome (*wanted)[8]; /* by scenario and variant, when they are known */
	struct hearing hearings[2 * THREADS_MAX];
	struct extent extent;
	uint64_t lives; /* in all */
};

enum { VARIANTS = 8 };

void simulator_begin(struct simulator *s);
void simulator_end(struct simulator *s);
/* Runs it from an empty journal, and judges. */
void simulate(struct simulator *s, const struct schedule *plan, struct verdict *v);
/* An empty journal. */
void simulator_fresh(struct simulator *s);
/* Judges what is left of the n threads in t, and compares it with what runs that nobody broke off come to. */
void simulator_judge(struct simulator *s, const struct scenario *const *of, size_t n_of,
		     unsigned variant, struct testimony *t, size_t n, int lives, struct verdict *v);
/* Attends to the threads and runs the loop until nothing is left to be done, or it is broken off. */
int live(struct bldr_engine *e, struct attendance *a, size_t n, struct bldr_error *err);
/* A schedule drawn from a seed. */
struct schedule schedule_of(uint64_t seed);
