/* Trace lines. An event's data follows its type as key=value in the order of the keys' bytes. */
#include "host/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void line(FILE *out, int64_t at_ms)
{
	(void)fprintf(out, "[%5" PRId64 "] ", at_ms);
}

void trace_commit(FILE *out, const struct batch *b)
{
	size_t steps = 0;
	size_t patches = 0;
	size_t intents = 0;
	size_t results = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct update *u = b->parts[i].update;

		steps += u->steps.n;
		patches += u->patches.n;
		intents += u->intents.n;
		results += u->results.n;
	}
	line(out, b->now_ms);
	(void)fprintf(out, "commit steps=%zu patches=%zu intents=%zu results=%zu\n", steps, patches,
		      intents, results);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void field(FILE *out, const char *key, const struct bldr_value *v)
{
	const char *text = bldr_as_text(v);
	char *json = text == NULL || strpbrk(text, " \n\"=") != NULL ? bldr_value_text(v) : NULL;

	(void)fprintf(out, " %s=%s", key, json != NULL ? json : text);
	free(json);
}

void trace_event(FILE *out, const struct bldr_event *e)
{
	const char **keys = xcalloc(bldr_count(e->data) + 1, sizeof(*keys));
	size_t n = 0;

	for (void *it = bldr_first(e->data); it != NULL; it = bldr_next(e->data, it)) {
		keys[n++] = bldr_key(it);
	}
	qsort(keys, n, sizeof(*keys), by_key);
	line(out, e->at_ms);
	(void)fprintf(out, "%s %" PRId64 " %s", e->thread, e->seq, e->type);
	for (size_t i = 0; i < n; i++) {
		field(out, keys[i], bldr_get(e->data, keys[i]));
	}
	(void)fputc('\n', out);
	free(keys);
}

void trace_ask(FILE *out, int64_t now_ms, const struct flight *f)
{
	line(out, now_ms);
	(void)fprintf(out, "ask %s\n", f->key);
}

void trace_local(FILE *out, int64_t now_ms, const struct journal_local *l)
{
	line(out, now_ms);
	(void)fprintf(out, "local %s %s\n", l->key, l->kind);
}

void trace_dispatch(FILE *out, int64_t now_ms, const struct flight *f)
{
	line(out, now_ms);
	(void)fprintf(out, "dispatch %s %s %s\n", f->key, f->kind->name, f->label);
}
