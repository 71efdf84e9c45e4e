/*
 * Costs are taken by clocks of the thread that performs (CPU) and of the machine (wall); peak memory is the whole
 * process's. A line of steps.jsonl is one write, so lines of several workers do not mix; one torn by a kill is skipped.
 */
#include "cli/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/file.h"

enum { STEPS_BYTES_MAX = 64 << 20, LINE_MAX_BYTES = 64 << 10 };
#define STEPS_FILE "steps.jsonl"

struct performed {
	const char *key;
	struct metered_step step;
};

struct meter {
	pthread_mutex_t lock;
	int file;           /* -1: none */
	struct arena arena; /* all below; under the lock */
	LIST(struct performed) performed;
};

struct metered {
	struct meter *meter;
	struct bldr_work_type type;
};

struct meter *meter_new(void)
{
	struct meter *m = xcalloc(1, sizeof(*m));

	m->file = -1;
	ASSERT(pthread_mutex_init(&m->lock, NULL) == 0);
	return m;
}

void meter_free(struct meter *m)
{
	if (m == NULL) {
		return;
	}
	if (m->file >= 0) {
		close(m->file);
	}
	pthread_mutex_destroy(&m->lock);
	arena_release(&m->arena);
	free(m);
}

int meter_open(struct meter *m, const char *folder, struct bldr_error *err)
{
	char *path = xasprintf("%s/" STEPS_FILE, folder);
	int rc = 0;

	m->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (m->file < 0) {
		rc = bldr_error_set(err, BLDR_E_IO, "cannot write \"%s\": %s", path,
				    strerror(errno));
	}
	free(path);
	return rc;
}

/* ---- measuring ---- */

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Of this program alone: ru_maxrss counts what the process that started it had in memory too. */
static int64_t peak_rss_bytes(void)
{
	long long kib = 0;
	char line[128];
	FILE *status = fopen("/proc/self/status", "re");

	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0) {
			kib = strtoll(line + 6, NULL, 10);
			break;
		}
	}
	if (status != NULL) {
		(void)fclose(status);
	}
	return (int64_t)kib * 1024;
}

static size_t begin(struct meter *m, const struct bldr_work *w)
{
	const char *table = bldr_get_text(bldr_get(w->args, "input"), "table");
	struct performed *p;
	size_t at;

	pthread_mutex_lock(&m->lock);
	at = m->performed.n;
	p = LIST_ADD(&m->arena, &m->performed);
	p->key = arena_strdup(&m->arena, w->key);
	p->step.rows = -1;
	snprintf(p->step.table, sizeof(p->step.table), "%s", table != NULL ? table : "");
	pthread_mutex_unlock(&m->lock);
	return at;
}

static void write_line(struct meter *m, struct bldr_value *line)
{
	char *text = bldr_value_text(line);
	char *whole = xasprintf("%s\n", text);
	size_t size = strlen(whole);

	if (m->file >= 0 && size <= LINE_MAX_BYTES && write(m->file, whole, size) < 0) {
		close(m->file); /* for people: a run does not fail for it */
		m->file = -1;
	}
	free(whole);
	free(text);
}

static void end(struct meter *m, size_t at, const struct bldr_work *w, int64_t rows, bool failed,
		int64_t wall_us, int64_t cpu_us)
{
	struct bldr_value *line = bldr_object();
	struct performed *p;

	pthread_mutex_lock(&m->lock);
	p = &m->performed.at[at];
	p->step.rows = rows;
	bldr_object_set(line, "key", bldr_text(w->key));
	bldr_object_set(line, "step", bldr_text(w->name));
	if (p->step.table[0] != '\0') {
		bldr_object_set(line, "table", bldr_text(p->step.table));
	}
	if (rows >= 0) {
		bldr_object_set(line, "rows", bldr_int(rows));
	}
	if (failed) {
		bldr_object_set(line, "failed", bldr_bool(true));
	}
	bldr_object_set(line, "wall_us", bldr_int(wall_us));
	bldr_object_set(line, "cpu_us", bldr_int(cpu_us));
	bldr_object_set(line, "peak_rss_bytes", bldr_int(peak_rss_bytes()));
	write_line(m, line);
	pthread_mutex_unlock(&m->lock);
	bldr_unref(line);
}

static int measured(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const struct metered *metered = w->context;
	struct bldr_work inner = *w;
	size_t at = begin(metered->meter, w);
	int64_t wall_us = clock_us(CLOCK_MONOTONIC);
	int64_t cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
	int rc;

	inner.context = metered->type.context;
	rc = metered->type.fn(&inner, ret, err);
	end(metered->meter, at, w, rc == 0 ? bldr_get_int(*ret, "rows", -1) : -1, rc != 0,
	    clock_us(CLOCK_MONOTONIC) - wall_us, clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us);
	return rc;
}

struct bldr_work_type meter_wrap(struct meter *m, const struct bldr_work_type *type)
{
	struct bldr_work_type wrapped = *type;
	struct metered *metered = ARENA_NEW(&m->arena, struct metered);

	*metered = (struct metered){ m, *type };
	wrapped.fn = measured;
	wrapped.context = metered;
	return wrapped;
}

bool meter_find(struct meter *m, const char *key, struct metered_step *ret)
{
	bool found = false;

	pthread_mutex_lock(&m->lock);
	for (size_t i = m->performed.n; i > 0 && !found; i--) {
		found = strcmp(m->performed.at[i - 1].key, key) == 0;
		if (found) {
			*ret = m->performed.at[i - 1].step;
		}
	}
	pthread_mutex_unlock(&m->lock);
	return found;
}

/* ---- reading ---- */

static struct bldr_value *sum_of(struct bldr_value **sums, size_t *n, size_t max, const char *step)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(bldr_get_text(sums[i], "step"), step) == 0) {
			return sums[i];
		}
	}
	if (*n == max) {
		return NULL;
	}
	sums[*n] = bldr_object();
	bldr_object_set(sums[*n], "step", bldr_text(step));
	return sums[(*n)++];
}

static void add(struct bldr_value *sum, const char *key, int64_t n)
{
	bldr_object_set(sum, key, bldr_int(bldr_get_int(sum, key, 0) + n));
}

static void add_line(struct bldr_value *sum, const struct bldr_value *line)
{
	int64_t peak = bldr_get_int(line, "peak_rss_bytes", 0);

	add(sum, "times", 1);
	add(sum, "failed", bldr_as_bool(bldr_get(line, "failed"), false) ? 1 : 0);
	if (bldr_get(line, "rows") != NULL) {
		add(sum, "rows", bldr_get_int(line, "rows", 0));
	}
	add(sum, "wall_us", bldr_get_int(line, "wall_us", 0));
	add(sum, "cpu_us", bldr_get_int(line, "cpu_us", 0));
	if (peak > bldr_get_int(sum, "peak_rss_bytes", 0)) {
		bldr_object_set(sum, "peak_rss_bytes", bldr_int(peak));
	}
}

struct bldr_value *meter_read(const char *folder)
{
	enum { KINDS_MAX = 64 }; /* work functions; there are a dozen */
	struct bldr_value *sums[KINDS_MAX];
	struct bldr_value *list = bldr_list();
	struct bldr_error err;
	char *path = xasprintf("%s/" STEPS_FILE, folder);
	char *text = NULL;
	size_t size = 0;
	size_t n = 0;

	if (file_exists(path)) {
		(void)file_read(path, STEPS_BYTES_MAX, &text, &size, &err);
	}
	for (size_t at = 0; text != NULL && at < size;) {
		const char *feed = memchr(text + at, '\n', size - at);
		size_t length = feed != NULL ? (size_t)(feed - text) - at : size - at;
		struct bldr_value *line = NULL;

		if (bldr_value_parse(text + at, length, &line, &err) == 0 &&
		    bldr_get_text(line, "step") != NULL) {
			struct bldr_value *sum =
				sum_of(sums, &n, KINDS_MAX, bldr_get_text(line, "step"));
			if (sum != NULL) {
				add_line(sum, line);
			}
		}
		bldr_unref(line);
		at += length + 1;
	}
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(list, sums[i]);
	}
	free(text);
	free(path);
	return list;
}

struct bldr_value *meter_process(void)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "cpu_us", bldr_int(clock_us(CLOCK_PROCESS_CPUTIME_ID)));
	bldr_object_set(v, "peak_rss_bytes", bldr_int(peak_rss_bytes()));
	return v;
}
