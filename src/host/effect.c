/*
 * Flights and the table of kinds. A new kind of effect is one file with its effect_kind and one
 * row here.
 */
#include "host/effect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static const struct effect_kind *const kinds[] = { &effect_work,      &effect_sleep,
						   &effect_interrupt, &effect_process,
						   &effect_node,      &effect_http };

const struct effect_kind *effect_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i]->name, name) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

struct flight *flight_new(const char *thread, const struct intent_record *i)
{
	struct flight *f = xcalloc(1, sizeof(*f));

	f->effect = i->id;
	f->cls = i->cls;
	f->timeout_ms = i->timeout_ms;
	f->intended_ms = i->at_ms;
	f->thread = arena_strdup(&f->arena, thread);
	f->key = arena_strdup(&f->arena, i->key);
	f->label = "";
	f->attempt = i->tries + 1;
	return f;
}

void flight_free(struct flight *f)
{
	if (f == NULL) {
		return;
	}
	bldr_unref(f->args);
	free(f->text);
	free(f->error);
	for (size_t i = 0; i < f->said.n; i++) {
		free(f->said.at[i].text);
	}
	arena_release(&f->arena);
	free(f);
}

void flight_done(struct flight *f, const struct bldr_value *value)
{
	char *text = value != NULL ? bldr_value_text(value) : xstrdup("null");
	size_t size = strlen(text);

	if (size <= BLDR_RESULT_MAX) {
		f->status = BLDR_DONE;
		f->text = text;
		return;
	}
	free(text);
	f->status = BLDR_FAILED;
	f->code = BLDR_E_LIMIT;
	f->error = xasprintf(
		"%s \"%s\" returned %zu bytes, more than %d: return an artefact reference",
		f->kind->name, f->label, size, BLDR_RESULT_MAX);
}

void flight_failed(struct flight *f, enum bldr_status status, int code, const char *error)
{
	f->status = status;
	f->code = code;
	f->error = error != NULL ? xstrdup(error) : NULL;
}

char *flight_expiry(const struct flight *f)
{
	return xasprintf("%s \"%s\" took longer than %u ms", f->kind->name, f->label, f->timeout_ms);
}
