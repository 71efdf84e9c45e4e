/*
 * Effects of kind "work": a registered C function with its own copy of the arguments. The value
 * it returns is turned into text where it was made, so that nothing is shared with the loop. An
 * unknown name, a failure, or a result above the limit is the effect's FAILED result, for the
 * node to judge.
 */
#include "host/effect.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/log.h"
#include "graph/kept.h"

static int prepare(struct flight *f, const struct map *works, struct bldr_error *err)
{
	const char *name = bldr_get_text(f->args, "work");
	const struct bldr_work_type *type;

	if (name == NULL || bldr_type_of(bldr_get(f->args, "args")) != BLDR_OBJECT) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"an effect of kind \"work\" needs {\"work\": name, \"args\": {...}}");
	}
	type = map_find(works, name, strlen(name));
	if (type == NULL) {
		return bldr_error_set(
			err, BLDR_E_NOT_FOUND,
			"no work \"%s\" is registered; add it with bldr_engine_add_work", name);
	}
	f->target = type;
	f->label = type->name;
	f->virtual_ms = type->virtual_ms;
	return 0;
}

/* For durations that people read. */
static int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void note(const struct flight *f, int rc, const char *error, int64_t ms)
{
	if (rc == 0) {
		LOG(LOG_DEBUG, "work.done", LOG_TEXT("thread", f->thread),
		    LOG_TEXT("work", f->label), LOG_TEXT("key", f->key), LOG_INT("ms", ms));
	} else {
		LOG(rc == BLDR_E_CANCELLED ? LOG_INFO : LOG_WARNING, "work.failed",
		    LOG_TEXT("thread", f->thread), LOG_TEXT("work", f->label),
		    LOG_TEXT("key", f->key), LOG_INT("ms", ms),
		    LOG_TEXT("code", bldr_error_name(rc)), LOG_TEXT("error", error));
	}
}

void flight_work(struct flight *f, const struct bldr_work_type *type, const struct bldr_value *args)
{
	const struct bldr_work work = {
		.name = type->name,
		.key = f->key,
		.args = args,
		.context = type->context,
		.cancel = &f->cancel,
		.attempt = f->attempt,
		.emitter = f,
	};
	struct bldr_value *value = NULL;
	struct bldr_error err = { 0 };
	int64_t began_ms = clock_ms();
	int rc = type->fn(&work, &value, &err);

	note(f, rc, err.text, clock_ms() - began_ms);
	if (rc == 0) {
		flight_done(f, value);
	} else {
		if (err.text[0] == '\0') {
			(void)bldr_error_set(&err, rc, "work \"%s\" failed: %s", type->name,
					     bldr_error_name(rc));
		}
		flight_failed(f, rc == BLDR_E_CANCELLED ? BLDR_CANCELLED : BLDR_FAILED, rc,
			      err.text);
	}
	bldr_unref(value);
}

int bldr_work_emit(const struct bldr_work *w, const char *mode, const struct bldr_value *value,
		   struct bldr_error *err)
{
	static const char *const modes[] = { "custom", "message" };
	const struct flight *f = w->emitter;
	const char *known = NULL;
	char *text;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		known = strcmp(mode, modes[i]) == 0 ? modes[i] : known;
	}
	if (known == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" is no mode to emit in: it is custom or message",
				      mode);
	}
	text = value != NULL ? bldr_value_text(value) : xstrdup("null");
	if (strlen(text) > BLDR_RESULT_MAX || bldr_depth(value) > KEPT_DEPTH_MAX) {
		free(text);
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "what work \"%s\" emits has more than %d bytes or %d levels",
				      w->name, BLDR_RESULT_MAX, KEPT_DEPTH_MAX);
	}
	f->say(f->say_to, f, known, text);
	return 0;
}

static void perform(struct flight *f)
{
	flight_work(f, f->target, bldr_get(f->args, "args"));
}

const struct effect_kind effect_work = {
	.name = "work",
	.way = WAY_WORKER,
	.prepare = prepare,
	.perform = perform,
};
