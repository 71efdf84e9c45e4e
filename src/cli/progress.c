/*
 * Turns durable events into lines. A task's path, such as "/2:analyst.design/1:profile_table:0", says
 * which agent it belongs to; only steps that do something (have an effect) are told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/progress.h"

enum { NAME_MAX_BYTES = 80, RUNNING_MAX = 4096 };

struct running {
	char *key;
	char name[NAME_MAX_BYTES];
	int64_t since_ms;
};

struct progress {
	bool quiet;
	bool live; /* stderr is a terminal */
	bool line; /* a live line stands there */
	struct running running[RUNNING_MAX];
	size_t n;
	size_t ended;
};

struct progress *progress_new(enum progress_mode mode, bool json)
{
	struct progress *p = xcalloc(1, sizeof(*p));
	bool terminal = isatty(STDERR_FILENO) == 1;

	p->quiet = mode == PROGRESS_NONE || (mode == PROGRESS_AUTO && json && !terminal);
	p->live = mode == PROGRESS_AUTO && terminal && getenv("NO_COLOR") == NULL;
	return p;
}

void progress_free(struct progress *p)
{
	if (p == NULL) {
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		free(p->running[i].key);
	}
	free(p);
}

void progress_clear(struct progress *p)
{
	if (p->line) {
		fputs("\r\033[K", stderr);
		p->line = false;
	}
}

static void show_live(struct progress *p)
{
	if (!p->live) {
		return;
	}
	progress_clear(p);
	if (p->n > 0) {
		fprintf(stderr, "  %zu steps done, running: %s", p->ended, p->running[0].name);
		if (p->n > 1) {
			fprintf(stderr, " and %zu more", p->n - 1);
		}
		p->line = true;
	}
	fflush(stderr);
}

static void begin(struct progress *p, const char *key, const char *name, int64_t at_ms)
{
	struct running *r;

	if (p->n == RUNNING_MAX) {
		return;
	}
	r = &p->running[p->n++];
	r->key = xstrdup(key);
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->since_ms = at_ms;
	show_live(p);
}

static void end(struct progress *p, const char *key, const char *status, const char *error,
		int64_t at_ms)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->running[i].key, key) != 0) {
		i++;
	}
	if (i == p->n) {
		return;
	}
	progress_clear(p);
	p->ended++;
	fprintf(stderr, "  %-24s %-7s %6lld ms%s%s\n", p->running[i].name, status,
		(long long)(at_ms - p->running[i].since_ms), error != NULL ? "  " : "",
		error != NULL ? error : "");
	free(p->running[i].key);
	memmove(&p->running[i], &p->running[i + 1], (p->n - i - 1) * sizeof(p->running[0]));
	p->n--;
	show_live(p);
}

void progress_event(struct progress *p, const struct bldr_event *e)
{
	const char *key = bldr_get_text(e->data, "key");

	if (p->quiet || key == NULL) {
		return;
	}
	if (strcmp(e->type, "effect.intended") == 0) {
		begin(p, key, bldr_get_text(e->data, "name"), e->at_ms);
	} else if (strcmp(e->type, "effect.ended") == 0) {
		end(p, key, bldr_get_text(e->data, "status"), bldr_get_text(e->data, "error"),
		    e->at_ms);
	}
}
