/*
 * prove [--schedules N] [--seconds N] [--kills N] [--stride N] [--jobs N] [--seed N] [--only NAME] [--json] [--tap]
 *
 * Proves P1-P8 by breaking runs off, and prints the table that docs/engine.md keeps. Exit 1 when a promise was found broken, or
 * an engine that is broken on purpose was not caught. --seed repeats one random schedule.
 */
#include "prove.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double clock_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t proof_broken(const struct proof *p)
{
	uint64_t n = 0;

	for (int i = 0; i < PROMISES; i++) {
		n += p->broken[i];
	}
	return n;
}

void proof_add(struct proof *p, const struct verdict *v, const char *fmt, ...)
{
	va_list args;

	p->cases++;
	for (int i = 0; i < PROMISES; i++) {
		p->broken[i] += v->broken[i];
	}
	if (!verdict_good(v) && p->first[0] == '\0') {
		char where[120];

		va_start(args, fmt);
		(void)vsnprintf(where, sizeof(where), fmt, args);
		va_end(args);
		(void)snprintf(p->first, sizeof(p->first), "%s: %.270s", where, v->first);
	}
}

struct entry {
	struct proof proof;
	void (*prove)(struct proof *p, const struct amounts *a);
};

static struct entry entries[] = {
	{ { "points",
	    "simulated crash before and after every commit, effect and landing; two crashes",
	    "P1-P5 P7 P8" },
	  prove_points },
	{ { "schedules", "random schedules: latencies, failures, 1-4 crashes", "P1-P5 P7 P8" },
	  prove_schedules },
	{ { "kills", "SIGKILL at a random moment, receiver in its own process", "P1-P5 P7 P8" },
	  prove_kills },
	{ { "disk", "I/O error, full disk, torn write, busy file at the n-th call", "P1-P5 P7 P8" },
	  prove_disk },
	{ { "two", "two processes on one thread, and on one without its lock", "P1 P4 P6 P7" },
	  prove_two },
	{ { "power", "lost power before every sync and write, durability full", "P1-P5 P7 P8" },
	  prove_power },
	{ { "power_normal", "the same under normal", "P1 P8" }, prove_power_normal },
	{ { "oracle", "engines broken on purpose (promise/schedules until caught)", "the oracle" },
	  prove_oracle },
};
enum { N_ENTRIES = sizeof(entries) / sizeof(entries[0]) };

static void print_table(const char *name)
{
	(void)printf("| proof | looks at | cases | lives | found broken | seconds |\n"
		     "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < N_ENTRIES; i++) {
		const struct proof *p = &entries[i].proof;

		if (name == NULL || strcmp(name, p->name) == 0) {
			(void)printf("| %s | %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64
				     " | %.0f |\n",
				     p->what, p->promises, p->cases, p->lives, proof_broken(p),
				     p->seconds);
		}
	}
	for (size_t i = 0; i < N_ENTRIES; i++) {
		const struct proof *p = &entries[i].proof;

		if (p->note[0] != '\0') {
			(void)printf("\n%s: %s\n", p->name, p->note);
		}
		if (p->first[0] != '\0') {
			(void)printf("\n%s BROKEN: %s\n", p->name, p->first);
		}
	}
}

static void print_json(const char *name)
{
	struct bldr_value *list = bldr_list();
	char *text;

	for (size_t i = 0; i < N_ENTRIES; i++) {
		const struct proof *p = &entries[i].proof;
		struct bldr_value *o = bldr_object();
		struct bldr_value *broken = bldr_object();

		if (name != NULL && strcmp(name, p->name) != 0) {
			bldr_unref(o);
			bldr_unref(broken);
			continue;
		}
		for (int k = 0; k < PROMISES; k++) {
			char key[8];

			(void)snprintf(key, sizeof(key), k == 0 ? "run" : "P%d", k);
			bldr_object_set(broken, key, bldr_int((int64_t)p->broken[k]));
		}
		bldr_object_set(o, "proof", bldr_text(p->name));
		bldr_object_set(o, "what", bldr_text(p->what));
		bldr_object_set(o, "promises", bldr_text(p->promises));
		bldr_object_set(o, "cases", bldr_int((int64_t)p->cases));
		bldr_object_set(o, "lives", bldr_int((int64_t)p->lives));
		bldr_object_set(o, "broken", broken);
		bldr_object_set(o, "first", bldr_text(p->first));
		bldr_object_set(o, "note", bldr_text(p->note));
		bldr_object_set(o, "ms", bldr_int((int64_t)(p->seconds * 1000)));
		bldr_list_add(list, o);
	}
	text = bldr_value_pretty(list);
	(void)fputs(text, stdout);
	free(text);
	bldr_unref(list);
}

static int repeat(uint64_t seed)
{
	struct simulator s;
	struct schedule plan = schedule_of(seed);
	struct verdict v = { 0 };

	simulator_begin(&s);
	simulate(&s, &plan, &v);
	(void)printf("seed %" PRIu64 ": %zu threads, %d lives: %s\n", seed, plan.n_threads,
		     s.extent.lives, verdict_good(&v) ? "good" : v.first);
	simulator_end(&s);
	return verdict_good(&v) ? 0 : 1;
}

struct words {
	const char *only;
	bool json, tap, repeat;
	uint64_t seed;
};

static bool take(int argc, char **argv, struct amounts *a, struct words *w)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		uint64_t n = strtoull(value, NULL, 10);

		if (strcmp(argv[i], "--json") == 0) {
			w->json = true;
			continue;
		}
		if (strcmp(argv[i], "--tap") == 0) {
			w->tap = true;
			continue;
		}
		if (strcmp(argv[i], "--only") == 0) {
			w->only = value;
		} else if (strcmp(argv[i], "--schedules") == 0) {
			a->schedules = n;
		} else if (strcmp(argv[i], "--seconds") == 0) {
			a->seconds = (unsigned)n;
		} else if (strcmp(argv[i], "--kills") == 0) {
			a->kills = (unsigned)n;
		} else if (strcmp(argv[i], "--stride") == 0 && n > 0) {
			a->stride = (unsigned)n;
		} else if (strcmp(argv[i], "--jobs") == 0 && n > 0) {
			a->jobs = (unsigned)n;
		} else if (strcmp(argv[i], "--from") == 0) {
			a->from = n;
		} else if (strcmp(argv[i], "--seed") == 0) {
			w->repeat = true;
			w->seed = n;
		} else {
			return false;
		}
		i++;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct amounts a = { .schedules = 100000, .kills = 200, .stride = 1, .jobs = 2 };
	struct words w = { 0 };
	bool good = true;
	unsigned done = 0;

	if (!take(argc, argv, &a, &w)) {
		(void)fprintf(stderr,
			      "usage: prove [--schedules N] [--seconds N] [--kills N] "
			      "[--stride N] [--jobs N] [--from SEED] [--seed N] [--only NAME] "
			      "[--json] [--tap]\n");
		return 2;
	}
	if (w.repeat) {
		return repeat(w.seed);
	}
	for (size_t i = 0; i < N_ENTRIES; i++) {
		struct proof *p = &entries[i].proof;
		double began = clock_s();

		if (w.only != NULL && strcmp(w.only, p->name) != 0) {
			continue;
		}
		entries[i].prove(p, &a);
		p->seconds = clock_s() - began;
		good = good && proof_broken(p) == 0 && p->cases > 0;
		if (w.tap) {
			(void)printf("%sok %u - %s: %" PRIu64 " cases%s%s\n",
				     proof_broken(p) == 0 && p->cases > 0 ? "" : "not ", ++done,
				     p->name, p->cases, p->first[0] != '\0' ? ": " : "", p->first);
			(void)fflush(stdout);
		}
	}
	if (w.tap) {
		(void)printf("1..%u\n", done);
	} else if (w.json) {
		print_json(w.only);
	} else {
		print_table(w.only);
	}
	return good ? 0 : 1;
}
