/*
 * The request of a handover is exactly what its node reads: {channel: value ...} and, for a task
 * that was sent, {"input": argument}. So a node sees no more than its `reads` list grants it.
 */
#include "agents/handover.h"

void handover_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct handover *h = v->config;
	struct bldr_value *args = bldr_object();

	for (void *it = bldr_first(v->state); it != NULL; it = bldr_next(v->state, it)) {
		bldr_object_set(args, bldr_key(it), bldr_ref(bldr_item(it)));
	}
	if (v->input != NULL) {
		bldr_object_set(args, "input", bldr_ref(v->input));
	}
	bldr_plan_work(p, h->work, h->cls, args);
}

void handover_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		     struct bldr_patch *patch)
{
	const struct handover *h = v->config;

	(void)n; /* one effect was planned */
	if (results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(patch, results[0].code, "%s", results[0].error);
		return;
	}
	bldr_patch_set(patch, h->gives, bldr_ref(results[0].value));
}
