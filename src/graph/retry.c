/*
 * Retries. Whether and when a failed effect is due again is decided here, once, and recorded with the failure: a process
 * that takes the thread over knows how often it was tried and how long it still has to wait.
 */
#include <stdlib.h>

#include "base/check.h"
#include "graph/record.h"

enum { ATTEMPTS = 3, FIRST_MS = 500, MAX_MS = 128000, FACTOR_PERCENT = 200, JITTER_MS = 1000 };

static uint32_t or_usual(uint32_t number, uint32_t usual)
{
	return number != 0 ? number : usual;
}

static bool is_worth_it(const struct bldr_retry *retry, int code)
{
	static const int usual[] = { BLDR_E_TIMEOUT, BLDR_E_UNAVAILABLE, 0 };
	for (const int *on = retry->on != NULL ? retry->on : usual; *on != 0; on++) {
		if (*on == code) {
			return true;
		}
	}
	return false;
}

/* The pause after so many tries, 1 and more, without jitter. */
static uint64_t back_off_ms(const struct bldr_retry *retry, uint32_t tries)
{
	uint64_t max = or_usual(retry->max_ms, MAX_MS);
	uint64_t factor = or_usual(retry->factor_percent, FACTOR_PERCENT);
	uint64_t pause = or_usual(retry->first_ms, FIRST_MS);
	for (uint32_t i = 1; i < tries && factor > 100 && pause < max; i++) {
		pause = pause * factor / 100; /* both below 2^32 */
	}
	return pause < max ? pause : max;
}

static uint64_t jitter_ms(const struct run *r, const struct effect *e)
{
	char *place = xasprintf("%s+%u", e->intent.key, e->intent.tries);
	uint64_t jitter = path_seed(r->seed, place) % (JITTER_MS + 1);
	free(place);
	return jitter;
}

bool effect_retry(struct run *r, struct effect *e, const struct outcome *o)
{
	const struct bldr_retry *retry = e->intent.policy != NULL ? e->intent.policy->retry : NULL;
	if (retry == NULL || e->intent.cls == BLDR_ONCE || e->intent.cls == BLDR_LOCAL ||
	    !is_worth_it(retry, o->code) ||
	    e->intent.tries + 1 >= or_usual(retry->attempts, ATTEMPTS)) {
		return false;
	}
	e->intent.tries++;
	uint64_t pause = back_off_ms(retry, e->intent.tries);
	if (o->retry_after_ms > 0 && (uint64_t)o->retry_after_ms > pause) {
		pause = (uint64_t)o->retry_after_ms;
	}
	if (!retry->no_jitter) {
		pause += jitter_ms(r, e);
	}
	int64_t due_ms = r->now_ms + (int64_t)pause;
	if (retry->budget_ms != 0 && due_ms > e->intent.at_ms + retry->budget_ms) {
		e->intent.tries--;
		return false;
	}
	e->intent.due_ms = due_ms;
	record_retry(r, e);
	char *why = error_text(o->error);
	event_effect_retry(r, e, o->code, why);
	free(why);
	return true;
}
