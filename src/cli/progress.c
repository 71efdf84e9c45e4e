/*
 * Turns durable events into lines. A work's name, such as "analyst.profile_table", says which agent it belongs to; only
 * steps that do something (have an effect) are told. A thread of its own draws the live line, so that one long step
 * is seen to go on; everything below is under one lock. Requests to a workspace, pauses and the small works around them
 * ("remote.") are many: those of one node share a line.
 */
#include "cli/progress.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/utf8.h"

enum {
	NAME_MAX_BYTES = 80,
	RUNNING_MAX = 4096,
	TICK_MS = 200,
	WIDTH_DEFAULT = 80,
	LINE_MAX_BYTES = 512,
	RATE_MIN_MS = 20 /* below, records per second say nothing */
};

struct running {
	char *key;
	char name[NAME_MAX_BYTES];
	int64_t since_ms;
	bool shares;  /* a line with others of its node */
	bool request; /* of those: sent to somebody */
};

/* What has ended of a node whose effects share a line; requests 0 and name "": nothing. */
struct shared {
	char name[NAME_MAX_BYTES];
	int64_t since_ms, until_ms;
	size_t requests;
};

struct progress {
	bool quiet;
	bool live; /* stderr is a terminal that can take a line back */
	bool line; /* a live line stands there */
	struct meter *meter;
	int64_t began_ms;
	struct running running[RUNNING_MAX];
	size_t n;
	struct shared shared;
	size_t ended;
	int64_t tables; /* that were profiled */
	int64_t rows;   /* that steps went through */
	pthread_mutex_t lock;
	pthread_cond_t closing;
	pthread_t ticker;
	bool ticking;
};

static int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- words ---- */

/* "1,234,567" */
static const char *grouped(int64_t n, char ret[32])
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%lld", (long long)n);
	size_t used = 0;

	for (int i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0) {
			ret[used++] = ',';
		}
		ret[used++] = digits[i];
	}
	ret[used] = '\0';
	return ret;
}

/* "1,234 rows, 56,789 rows/s" */
static void put_rows(char *line, size_t size, int64_t rows, int64_t ms)
{
	char count[32];
	char rate[32];

	snprintf(line, size, "%s row%s", grouped(rows, count), rows == 1 ? "" : "s");
	if (ms >= RATE_MIN_MS && rows > 0) {
		size_t used = strlen(line);

		snprintf(line + used, size - used, ", %s rows/s", grouped(rows * 1000 / ms, rate));
	}
}

/* Control characters of a stranger's names never reach the terminal. */
static void make_harmless(char *text)
{
	for (; *text != '\0'; text++) {
		*text = iscntrl((unsigned char)*text) ? '?' : *text;
	}
}

/* ---- the live line ---- */

static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
									       : WIDTH_DEFAULT;
}

static void clear_line(struct progress *p)
{
	if (p->line) {
		fputs("\r\033[K", stderr);
		p->line = false;
	}
}

/* Leaves the last column free: a full line would wrap, and one that wrapped cannot be taken back. */
static void cut_to_width(char *line, size_t columns)
{
	size_t size = strlen(line);
	size_t at = 0;

	for (size_t n = 0; n + 1 < columns && at < size; n++) {
		bool valid;
		at += utf8_next(line + at, size - at, &valid);
	}
	line[at] = '\0';
}

static void compose(const struct progress *p, char line[LINE_MAX_BYTES])
{
	const struct running *r = &p->running[0];
	struct metered_step step = { .rows = -1 };
	int64_t ms = clock_ms() - p->began_ms;
	char rows[96];
	char more[32] = "";
	char tables[32] = "";

	if (p->meter != NULL) {
		(void)meter_find(p->meter, r->key, &step);
	}
	if (p->n > 1) {
		snprintf(more, sizeof(more), " and %zu more", p->n - 1);
	}
	if (p->tables > 0) {
		snprintf(tables, sizeof(tables), ", %lld table%s", (long long)p->tables,
			 p->tables == 1 ? "" : "s");
	}
	put_rows(rows, sizeof(rows), p->rows, p->rows > 0 ? ms : 0);
	snprintf(line, LINE_MAX_BYTES, "  %lld.%lld s  %s%s%s%s  [%zu step%s%s, %s]",
		 (long long)(ms / 1000), (long long)(ms % 1000 / 100), r->name,
		 step.table[0] != '\0' ? " " : "", step.table, more, p->ended,
		 p->ended == 1 ? "" : "s", tables, rows);
	make_harmless(line);
	cut_to_width(line, terminal_width());
}

static void show_live(struct progress *p)
{
	char line[LINE_MAX_BYTES];

	if (!p->live || p->n == 0) {
		return;
	}
	compose(p, line);
	clear_line(p);
	fputs(line, stderr);
	p->line = true;
	fflush(stderr);
}

static void *tick(void *user)
{
	struct progress *p = user;

	pthread_mutex_lock(&p->lock);
	while (p->ticking) {
		struct timespec until;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += (long)TICK_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		(void)pthread_cond_timedwait(&p->closing, &p->lock, &until);
		if (p->ticking) {
			show_live(p);
		}
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- a run ---- */

struct progress *progress_new(enum progress_mode mode, bool json, struct meter *meter)
{
	struct progress *p = xcalloc(1, sizeof(*p));
	bool terminal = isatty(STDERR_FILENO) == 1;
	const char *colours = getenv("NO_COLOR");
	const char *kind = getenv("TERM");

	p->quiet = mode == PROGRESS_NONE || (mode == PROGRESS_AUTO && json && !terminal);
	p->live = mode == PROGRESS_AUTO && terminal && (colours == NULL || colours[0] == '\0') &&
		(kind == NULL || strcmp(kind, "dumb") != 0);
	p->meter = meter;
	p->began_ms = clock_ms();
	ASSERT(pthread_mutex_init(&p->lock, NULL) == 0);
	ASSERT(pthread_cond_init(&p->closing, NULL) == 0);
	if (p->live) {
		p->ticking = true;
		p->ticking = pthread_create(&p->ticker, NULL, tick, p) == 0;
	}
	return p;
}

/* Takes the live line away for good, so that other text can be printed. */
static void end_live_line(struct progress *p)
{
	bool ticking;

	pthread_mutex_lock(&p->lock);
	ticking = p->ticking;
	p->ticking = false;
	p->live = false;
	clear_line(p);
	fflush(stderr);
	pthread_cond_signal(&p->closing);
	pthread_mutex_unlock(&p->lock);
	if (ticking) {
		(void)pthread_join(p->ticker, NULL);
	}
}

void progress_free(struct progress *p)
{
	if (p == NULL) {
		return;
	}
	end_live_line(p);
	for (size_t i = 0; i < p->n; i++) {
		free(p->running[i].key);
	}
	pthread_cond_destroy(&p->closing);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* The nodes of a key, "run/9:developer.deploy/0:upload#0.0": "developer.deploy/upload". */
static void put_nodes(const char *key, char ret[NAME_MAX_BYTES])
{
	size_t used = 0;

	ret[0] = '\0';
	for (const char *at = strchr(key, '/'); at != NULL; at = strchr(at + 1, '/')) {
		const char *name = strchr(at, ':');

		if (name == NULL || used >= NAME_MAX_BYTES) {
			return;
		}
		used += (size_t)snprintf(ret + used, NAME_MAX_BYTES - used, "%s%.*s",
					 used > 0 ? "/" : "", (int)strcspn(name + 1, "/#"),
					 name + 1);
	}
}

static void begin(struct progress *p, const char *key, const struct bldr_value *data, int64_t at_ms)
{
	const char *kind = bldr_get_text(data, "kind");
	const char *name = bldr_get_text(data, "name");
	struct running *r;

	if (p->n == RUNNING_MAX) {
		return;
	}
	r = &p->running[p->n++];
	*r = (struct running){ .key = xstrdup(key), .since_ms = at_ms };
	r->request = kind != NULL && strcmp(kind, "http") == 0;
	r->shares = r->request || (kind != NULL && strcmp(kind, "sleep") == 0) ||
		strncmp(name, "remote.", strlen("remote.")) == 0;
	if (r->shares) {
		put_nodes(key, r->name);
	} else {
		snprintf(r->name, sizeof(r->name), "%s", name);
	}
	show_live(p);
}

static void put_shared(struct progress *p)
{
	struct shared *s = &p->shared;

	if (s->name[0] != '\0') {
		clear_line(p);
		fprintf(stderr, "  %-24s %-7s %6lld ms  %zu request%s\n", s->name, "done",
			(long long)(s->until_ms - s->since_ms), s->requests,
			s->requests == 1 ? "" : "s");
	}
	*s = (struct shared){ 0 };
}

static void share(struct progress *p, const struct running *r, int64_t at_ms)
{
	struct shared *s = &p->shared;

	if (strcmp(s->name, r->name) != 0) {
		put_shared(p);
		memcpy(s->name, r->name, sizeof(s->name));
		s->since_ms = r->since_ms;
	}
	s->until_ms = at_ms;
	s->requests += r->request;
}

static void drop_running(struct progress *p, size_t i)
{
	free(p->running[i].key);
	memmove(&p->running[i], &p->running[i + 1], (p->n - i - 1) * sizeof(p->running[0]));
	p->n--;
}

/* What a step was about and went through: "  raw_orders, 99 rows"; nothing when the meter does not know. */
static void add_measure(struct progress *p, const char *key, int64_t ms, char *line, size_t size)
{
	struct metered_step step;
	char rows[96] = "";

	line[0] = '\0';
	if (p->meter == NULL || !meter_find(p->meter, key, &step)) {
		return;
	}
	if (step.rows >= 0) {
		put_rows(rows, sizeof(rows), step.rows, ms);
		p->rows += step.rows;
		p->tables += step.table[0] != '\0' ? 1 : 0;
	}
	if (step.table[0] != '\0' || rows[0] != '\0') {
		snprintf(line, size, "  %s%s%s", step.table,
			 step.table[0] != '\0' && rows[0] != '\0' ? ", " : "", rows);
	}
	make_harmless(line);
}

static void end(struct progress *p, const char *key, const char *status, const char *error,
		int64_t at_ms)
{
	char measure[LINE_MAX_BYTES];
	size_t i = 0;
	int64_t ms;

	while (i < p->n && strcmp(p->running[i].key, key) != 0) {
		i++;
	}
	if (i == p->n) {
		return;
	}
	if (p->running[i].shares && strcmp(status, "done") == 0) {
		share(p, &p->running[i], at_ms);
		drop_running(p, i);
		return;
	}
	put_shared(p);
	ms = at_ms - p->running[i].since_ms;
	add_measure(p, key, ms, measure, sizeof(measure));
	clear_line(p);
	p->ended++;
	fprintf(stderr, "  %-24s %-7s %6lld ms%s%s%s\n", p->running[i].name, status, (long long)ms,
		measure, error != NULL ? "  " : "", error != NULL ? error : "");
	drop_running(p, i);
	show_live(p);
}

void progress_event(struct progress *p, const struct bldr_event *e)
{
	const char *key = bldr_get_text(e->data, "key");

	bool over = strcmp(e->type, "run.ended") == 0 || strcmp(e->type, "run.failed") == 0;

	if (p->quiet || (key == NULL && !over)) {
		return;
	}
	pthread_mutex_lock(&p->lock);
	if (over) {
		put_shared(p);
	} else if (strcmp(e->type, "effect.intended") == 0) {
		begin(p, key, e->data, e->at_ms);
	} else if (strcmp(e->type, "effect.ended") == 0) {
		end(p, key, bldr_get_text(e->data, "status"), bldr_get_text(e->data, "error"),
		    e->at_ms);
	}
	pthread_mutex_unlock(&p->lock);
}
