/*
 * Effects of kind "sleep". The wake-up time follows from the request and the recorded time of the intent, so it is
 * the same however often the process is restarted.
 */
#include "host/effect.h"

/* A sleep's length in ms may be that many, about 30,000 years: sums do not overflow. */
static const int64_t longest_ms = INT64_C(1) << 50;

static int prepare(struct flight *f, const struct map *works, struct bldr_error *err)
{
	const struct bldr_value *ms = bldr_get(f->args, "ms");
	const struct bldr_value *until = bldr_get(f->args, "until_ms");
	int64_t n = bldr_as_int(ms != NULL ? ms : until, -1);

	(void)works;
	if ((ms == NULL) == (until == NULL) || n < 0 || n > longest_ms) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "an effect of kind \"sleep\" needs {\"ms\": n} or "
				      "{\"until_ms\": Unix time}, n from 0 on");
	}
	if (f->cls == BLDR_ONCE) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "a sleep of class once would not survive a restart: let it be "
				      "pure");
	}
	f->wake_ms = ms != NULL ? f->intended_ms + n : n;
	f->label = arena_printf(&f->arena, "%lld", (long long)f->wake_ms);
	return 0;
}

const struct effect_kind effect_sleep = {
	.name = "sleep",
	.way = WAY_CLOCK,
	.prepare = prepare,
};
