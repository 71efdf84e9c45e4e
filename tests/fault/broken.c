/* The wrappers. `__real_x` is the engine's own x. */
#include "broken.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "host/driver.h"
#include "host/sim_host.h"
#include "world.h"

const char *const broken_names[N_BROKEN] = {
	"whole",
	"commit_after_dispatch",
	"result_not_recorded",
	"key_changed_on_retry",
	"event_dropped",
	"write_lost",
	"once_repeated",
	"timer_restarted",
	"request_changed",
	"results_mixed",
	"event_told_twice",
};
const int broken_promise[N_BROKEN] = { 0, 5, 2, 5, 7, 1, 4, 8, 3, 1, 7 };

static struct {
	enum broken what;
	const char *path;
	bool dispatching; /* behind a commit, before the loop goes on */
	char *before[2];  /* the files before the last commit */
	size_t size[2];
	uint64_t seed;
	unsigned max_ms;
	int64_t *now_ms;
	unsigned n;
	void (*perform)(struct host *h, struct flight *f);
} now;

void broken_set(enum broken what, const char *db_path)
{
	now.what = what;
	now.path = db_path;
	now.dispatching = false;
	now.n = 0;
}

void latency_set(uint64_t seed, unsigned max_ms, int64_t *now_ms)
{
	now.seed = seed;
	now.max_ms = max_ms;
	now.now_ms = now_ms;
}

static const char *const suffixes[] = { "", "-wal" };

static void keep_files(void)
{
	for (int i = 0; i < 2; i++) {
		char path[256];
		FILE *f;
		long size;

		(void)snprintf(path, sizeof(path), "%s%s", now.path, suffixes[i]);
		free(now.before[i]);
		now.before[i] = NULL;
		f = fopen(path, "r");
		if (f == NULL) {
			continue;
		}
		(void)fseek(f, 0, SEEK_END);
		size = ftell(f);
		rewind(f);
		now.before[i] = xmalloc((size_t)size + 1);
		now.size[i] = fread(now.before[i], 1, (size_t)size, f);
		(void)fclose(f);
	}
}

static void put_files_back(void)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s-shm", now.path);
	(void)unlink(path);
	for (int i = 0; i < 2; i++) {
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s%s", now.path, suffixes[i]);
		if (now.before[i] == NULL) {
			(void)unlink(path);
			continue;
		}
		f = fopen(path, "w");
		if (f == NULL || fwrite(now.before[i], 1, now.size[i], f) != now.size[i]) {
			abort();
		}
		(void)fclose(f);
	}
}

void broken_crashed(void)
{
	if (now.what == COMMIT_AFTER && now.dispatching) {
		put_files_back();
	}
	now.dispatching = false;
}

/* ---- the commit ---- */

int __real_journal_commit(struct journal *j, const struct journal_batch *b, int64_t now_ms,
			  struct bldr_error *err);
int __wrap_journal_commit(struct journal *j, const struct journal_batch *b, int64_t now_ms,
			  struct bldr_error *err);

/* Returns what was there, for afterwards. */
static size_t spoil(struct update *u)
{
	size_t n = 0;

	switch (now.what) {
	case RESULT_NOT_RECORDED:
		n = u->results.n;
		u->results.n = 0;
		break;
	case EVENT_DROPPED:
		n = u->events.n;
		u->events.n -= n > 2 && ++now.n % 3 == 0;
		break;
	case WRITE_LOST:
		for (size_t i = 0; i < u->steps.n; i++) {
			u->steps.at[i].writes.n -= u->steps.at[i].writes.n > 0;
		}
		break;
	default:
		break;
	}
	return n;
}

static void restore(struct update *u, size_t n)
{
	if (now.what == RESULT_NOT_RECORDED) {
		u->results.n = n;
	} else if (now.what == EVENT_DROPPED) {
		u->events.n = n;
	}
}

int __wrap_journal_commit(struct journal *j, const struct journal_batch *b, int64_t now_ms,
			  struct bldr_error *err)
{
	size_t kept[64] = { 0 };
	int rc;

	if (now.what == WHOLE) {
		return __real_journal_commit(j, b, now_ms, err);
	}
	if (now.what == COMMIT_AFTER) {
		keep_files();
		now.dispatching = true;
	}
	for (size_t i = 0; i < b->n_parts && i < 64; i++) {
		kept[i] = spoil((struct update *)(uintptr_t)b->parts[i].update);
	}
	rc = __real_journal_commit(j, b, now_ms, err);
	for (size_t i = 0; i < b->n_parts && i < 64; i++) {
		restore((struct update *)(uintptr_t)b->parts[i].update, kept[i]);
	}
	return rc;
}

/* ---- results ---- */

struct batch *__real_driver_batch(struct driver *d, int64_t now_ms);
struct batch *__wrap_driver_batch(struct driver *d, int64_t now_ms);

struct batch *__wrap_driver_batch(struct driver *d, int64_t now_ms)
{
	now.dispatching = false;
	if (now.what == RESULTS_MIXED && d->n_landings > 1 &&
	    d->landings[0].owner == d->landings[1].owner) {
		int64_t effect = d->landings[0].effect;

		d->landings[0].effect = d->landings[1].effect;
		d->landings[1].effect = effect;
	}
	return __real_driver_batch(d, now_ms);
}

/* ---- flights ---- */

struct flight *__real_flight_new(const char *thread, const struct intent_record *i);
struct flight *__wrap_flight_new(const char *thread, const struct intent_record *i);

struct flight *__wrap_flight_new(const char *thread, const struct intent_record *i)
{
	struct flight *f = __real_flight_new(thread, i);

	if (now.what == KEY_CHANGED && i->tries > 0) {
		char key[KEY_MAX];

		(void)snprintf(key, sizeof(key), "%s.%u", f->key, (unsigned)i->tries);
		f->key = arena_strdup(&f->arena, key);
	}
	if (now.what == TIMER_RESTARTED && *now.now_ms > f->intended_ms) {
		f->intended_ms = *now.now_ms;
	}
	return f;
}

/* ---- seeds ---- */

uint64_t __wrap_engine_seed(const struct bldr_engine *e);

/* In real processes too: what they come to is compared with what simulated ones do. */
uint64_t __wrap_engine_seed(const struct bldr_engine *e)
{
	(void)e;
	return 42;
}

/* ---- the host ---- */

static void perform(struct host *h, struct flight *f)
{
	uint64_t state = fnv_text(FNV_BEGIN ^ now.seed, f->key) + f->attempt;
	const struct bldr_value *args = bldr_get(f->args, "args");

	if (now.max_ms > 0) {
		f->virtual_ms = (uint32_t)(draw(&state) % now.max_ms);
	}
	f->virtual_ms += (uint32_t)bldr_get_int(args, "takes", 0);
	if (now.what == REQUEST_CHANGED && args != NULL) {
		bldr_object_set((struct bldr_value *)(uintptr_t)args, "now", bldr_int(h->now_ms(h)));
	}
	if (h->now_ms(h) > *now.now_ms) {
		*now.now_ms = h->now_ms(h);
	}
	now.perform(h, f);
}

struct host *__real_sim_host_new(int64_t start_ms, uint32_t commit_ms,
				 const struct bldr_fault *faults, size_t n_faults);
struct host *__wrap_sim_host_new(int64_t start_ms, uint32_t commit_ms,
				 const struct bldr_fault *faults, size_t n_faults);

struct host *__wrap_sim_host_new(int64_t start_ms, uint32_t commit_ms,
				 const struct bldr_fault *faults, size_t n_faults)
{
	struct host *h = __real_sim_host_new(start_ms, commit_ms, faults, n_faults);

	if (now.now_ms != NULL) {
		now.perform = h->perform;
		h->perform = perform;
		*now.now_ms = start_ms;
	}
	return h;
}
