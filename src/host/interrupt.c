/*
 * Effects of kind "interrupt": a question to a person. It is only checked here; it waits as a row of the journal,
 * and bldr_thread_answer gives its result.
 */
#include "host/effect.h"

static int prepare(struct flight *f, const struct map *works, struct bldr_error *err)
{
	(void)works;
	if (bldr_get_text(f->args, "question") == NULL) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"an effect of kind \"interrupt\" needs {\"question\": text, ...}");
	}
	if (f->cls == BLDR_ONCE || f->timeout_ms > 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "an interrupt waits as long as it takes and over restarts: "
				      "let it be pure and without a timeout");
	}
	return 0;
}

const struct effect_kind effect_interrupt = {
	.name = "interrupt",
	.way = WAY_PERSON,
	.prepare = prepare,
};
