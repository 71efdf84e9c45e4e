/* The proofs in virtual time: crash points, random schedules, disks, and engines that are broken on purpose. */
#include "prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

static struct schedule only(const struct scenario *s)
{
	return (struct schedule){ .threads = { s }, .n_threads = 1, .down_ms = { 7, 31 } };
}

/* Crashes at the nth of each kind; false when there are not so many. */
static bool crash_at(struct simulator *s, struct proof *p, const struct scenario *sc, int which,
		     unsigned nth, uint32_t commit_ms)
{
	struct schedule plan = only(sc);
	struct verdict v = { 0 };

	plan.commit_ms = commit_ms;
	plan.latency = nth;
	plan.latency_ms = commit_ms > 0 ? 9 : 0;
	plan.crashes = 1;
	plan.crash[0] = (struct bldr_fault){ (enum bldr_fault_at)(which / 2), nth,
					     which % 2 == 0 ? BLDR_FAULT_CRASH_BEFORE
							    : BLDR_FAULT_CRASH_AFTER };
	simulate(s, &plan, &v);
	proof_add(p, &v, "%s, crash %d at %u, commits take %u ms", sc->name, which, nth, commit_ms);
	return s->extent.lives > 1;
}

/* A second crash, at the kth commit of the second life; false when there are not so many. */
static bool crash_twice(struct simulator *s, struct proof *p, const struct scenario *sc,
			unsigned nth, unsigned kth, bool *ret_first)
{
	struct schedule plan = only(sc);
	struct verdict v = { 0 };

	plan.crashes = 2;
	plan.crash[0] = (struct bldr_fault){ BLDR_AT_COMMIT, nth, BLDR_FAULT_CRASH_AFTER };
	plan.crash[1] = (struct bldr_fault){ BLDR_AT_COMMIT, kth, BLDR_FAULT_CRASH_AFTER };
	simulate(s, &plan, &v);
	proof_add(p, &v, "%s, crash at commits %u and %u", sc->name, nth, kth);
	*ret_first = s->extent.lives > 1;
	return s->extent.lives > 2;
}

void prove_points(struct proof *p, const struct amounts *a)
{
	unsigned single = a->stride > 5 ? a->stride / 5 : 1;
	struct simulator s;

	simulator_begin(&s);
	for (size_t i = 0; i < n_scenarios; i++) {
		bool first = true;

		for (uint32_t commit_ms = 0; commit_ms <= 5; commit_ms += 5) {
			for (int which = 0; which < 6; which++) {
				for (unsigned nth = 1 + (unsigned)i % single;
				     crash_at(&s, p, &scenarios[i], which, nth, commit_ms);
				     nth += single) {
				}
			}
		}
		for (unsigned nth = 1; first; nth += a->stride) {
			for (unsigned kth = 1; crash_twice(&s, p, &scenarios[i], nth, kth, &first);
			     kth++) {
			}
		}
	}
	p->lives = s.lives;
	simulator_end(&s);
}

/* ---- random schedules ---- */

static void some_schedules(struct proof *p, const struct amounts *a, unsigned job)
{
	double until = clock_s() + a->seconds;
	struct simulator s;

	simulator_begin(&s);
	for (uint64_t seed = a->from + job;
	     a->seconds > 0 ? clock_s() < until : p->cases * a->jobs < a->schedules;
	     seed += a->jobs) {
		struct schedule plan = schedule_of(seed);
		struct verdict v = { 0 };

		simulate(&s, &plan, &v);
		proof_add(p, &v, "seed %llu", (unsigned long long)seed);
		p->cases += plan.n_threads - 1; /* one schedule per thread */
	}
	p->lives = s.lives;
	simulator_end(&s);
}

void prove_schedules(struct proof *p, const struct amounts *a)
{
	int pipes[2];

	if (pipe(pipes) < 0) {
		abort();
	}
	(void)fflush(stdout);
	for (unsigned job = 0; job < a->jobs; job++) {
		if (fork() == 0) {
			struct proof part = { .name = p->name };

			some_schedules(&part, a, job);
			part.name = NULL;
			_exit(write(pipes[1], &part, sizeof(part)) == sizeof(part) ? 0 : 1);
		}
	}
	(void)close(pipes[1]);
	for (unsigned job = 0; job < a->jobs; job++) {
		struct proof part;

		if (read(pipes[0], &part, sizeof(part)) != sizeof(part)) {
			p->broken[0]++;
			(void)snprintf(p->first, sizeof(p->first), "a process of schedules died");
			break;
		}
		p->cases += part.cases;
		p->lives += part.lives;
		for (int i = 0; i < PROMISES; i++) {
			p->broken[i] += part.broken[i];
		}
		if (p->first[0] == '\0') {
			memcpy(p->first, part.first, sizeof(p->first));
		}
	}
	while (wait(NULL) > 0) {
	}
	(void)close(pipes[0]);
}

/* ---- disks ---- */

static const char *const on_disk[] = { "sequence", "fan_out", "subgraph", "fork_reuse" };

static bool disk_at(struct simulator *s, struct proof *p, const char *name,
		    enum bldr_durability durability, const struct shim_fault *fault, uint64_t seed)
{
	struct schedule plan = only(scenario_find(name));
	struct verdict v = { 0 };

	plan.durability = durability;
	plan.disk = fault;
	plan.power = seed;
	simulate(s, &plan, &v);
	proof_add(p, &v, "%s, ops %u, code %d at call %llu, seed %llu", name, fault->ops,
		  fault->code, (unsigned long long)fault->nth, (unsigned long long)seed);
	return s->extent.disk_failed;
}

void prove_disk(struct proof *p, const struct amounts *a)
{
	static const struct shim_fault faults[] = {
		{ .ops = SHIM_WRITE, .code = SQLITE_FULL, .times = 1 },
		{ .ops = SHIM_WRITE, .code = SQLITE_FULL, .times = 0 },
		{ .ops = SHIM_WRITE, .code = SQLITE_IOERR_WRITE, .times = 1, .half = true },
		{ .ops = SHIM_SYNC, .code = SQLITE_IOERR_FSYNC, .times = 1 },
		{ .ops = SHIM_READ, .code = SQLITE_IOERR_READ, .times = 1 },
		{ .ops = SHIM_OPEN, .code = SQLITE_CANTOPEN, .times = 1 },
		{ .ops = SHIM_LOCK, .code = SQLITE_BUSY, .times = 1 },
		{ .ops = SHIM_CHANGES, .code = SQLITE_IOERR, .times = 0 },
	};
	struct simulator s;

	simulator_begin(&s);
	for (size_t i = 0; i < sizeof(on_disk) / sizeof(on_disk[0]); i++) {
		for (size_t k = 0; k < sizeof(faults) / sizeof(faults[0]); k++) {
			struct shim_fault fault = faults[k];

			for (fault.nth = 1 + (i + k) % a->stride;
			     disk_at(&s, p, on_disk[i], BLDR_FULL, &fault, 0);
			     fault.nth += a->stride) {
			}
		}
	}
	p->lives = s.lives;
	simulator_end(&s);
}

static void lose_power(struct proof *p, const struct amounts *a, enum bldr_durability durability)
{
	struct simulator s;

	simulator_begin(&s);
	for (size_t i = 0; i < sizeof(on_disk) / sizeof(on_disk[0]); i++) {
		struct shim_fault fault = { .ops = SHIM_SYNC, .code = SHIM_POWER };

		/* before each sync, then before every call that changes something */
		for (fault.nth = 1;
		     disk_at(&s, p, on_disk[i], durability, &fault, fault.nth * 7 + i);
		     fault.nth++) {
		}
		fault.ops = SHIM_CHANGES;
		for (fault.nth = 1;
		     disk_at(&s, p, on_disk[i], durability, &fault, fault.nth * 5 + i);
		     fault.nth += a->stride) {
		}
	}
	p->lives = s.lives;
	simulator_end(&s);
}

void prove_power(struct proof *p, const struct amounts *a)
{
	lose_power(p, a, BLDR_FULL);
}

/* Under normal a commit that was reported may be gone: what was heard is not there, what was performed has no intent, a
 * local write or a recorded result is made again. What is left must be whole nevertheless, and go on to the same end. */
void prove_power_normal(struct proof *p, const struct amounts *a)
{
	static const int allowed[] = { 2, 3, 4, 5, 7 };
	uint64_t lost = 0;

	lose_power(p, a, BLDR_NORMAL);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		lost += p->broken[allowed[i]];
	}
	(void)snprintf(
		p->note, sizeof(p->note),
		"not promised: P2 %llu, P3 %llu, P4 %llu, P5 %llu, P7 %llu times broken by lost "
		"commits",
		(unsigned long long)p->broken[2], (unsigned long long)p->broken[3],
		(unsigned long long)p->broken[4], (unsigned long long)p->broken[5],
		(unsigned long long)p->broken[7]);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		p->broken[allowed[i]] = 0;
	}
	if (proof_broken(p) == 0) {
		p->first[0] = '\0';
	}
	if (lost == 0) { /* then the shim, or the oracle, is no good */
		p->broken[0]++;
		(void)snprintf(p->first, sizeof(p->first), "no loss of power lost a commit");
	}
}

/* ---- the oracle itself ---- */

enum { TRIES_MAX = 400 };

void prove_oracle(struct proof *p, const struct amounts *a)
{
	struct simulator s;
	size_t used = 0;

	(void)a;
	simulator_begin(&s);
	for (int what = 1; what < N_BROKEN; what++) {
		struct verdict all = { 0 };
		unsigned tries = 0;

		s.broken = (enum broken)what;
		while (all.broken[broken_promise[what]] == 0 && tries < TRIES_MAX) {
			struct schedule plan = schedule_of(tries++);

			simulate(&s, &plan, &all);
		}
		p->cases++;
		if (all.broken[broken_promise[what]] == 0) {
			p->broken[broken_promise[what]]++;
			(void)snprintf(p->first, sizeof(p->first), "%s was not caught",
				       broken_names[what]);
		}
		used += (size_t)snprintf(p->note + used, sizeof(p->note) - used, "%s%s P%d/%u",
					 what > 1 ? ", " : "", broken_names[what],
					 broken_promise[what], tries);
	}
	p->lives = s.lives;
	simulator_end(&s);
}
