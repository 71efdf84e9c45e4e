/* Their config is a value of the file. A config that lacks something fails the task with INVALID. */
#include "cli/builtin_nodes.h"

#include <stdlib.h>

/* Writes its config: channel -> value. */
static void set_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	const struct bldr_value *config = v->config;

	(void)results;
	(void)n;
	for (void *it = bldr_first(config); it != NULL; it = bldr_next(config, it)) {
		bldr_patch_set(p, bldr_key(it), bldr_copy(bldr_item(it)));
	}
}

/* Asks "question"; the whole config is shown to who is asked. The answer goes to "channel". */
static void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *config = v->config;

	if (bldr_get_text(config, "question") != NULL && bldr_get_text(config, "channel") != NULL) {
		bldr_plan_interrupt(p, bldr_copy(config));
	}
}

static void ask_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	if (n == 0) {
		bldr_patch_fail_code(p, BLDR_E_INVALID,
				     "its config needs a \"question\" and a \"channel\"");
	} else if (results[0].status == BLDR_DONE) {
		bldr_patch_set(p, bldr_get_text(v->config, "channel"), bldr_ref(results[0].value));
	} else {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
	}
}

/* Waits "ms". */
static void sleep_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	bldr_plan_sleep(p, bldr_get_int(v->config, "ms", -1));
}

static void sleep_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	(void)v;
	if (n > 0 && results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
	}
}

/* Fails with "error". */
static void fail_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			struct bldr_patch *p)
{
	const char *error = bldr_get_text(v->config, "error");

	(void)results;
	(void)n;
	bldr_patch_fail(p, "%s", error != NULL ? error : "it always fails");
}

const struct bldr_node *builtin_nodes(size_t *ret_n)
{
	static const struct bldr_node nodes[] = {
		{ .name = "set", .absorb = set_absorb },
		{ .name = "ask", .prepare = ask_prepare, .absorb = ask_absorb },
		{ .name = "sleep", .prepare = sleep_prepare, .absorb = sleep_absorb },
		{ .name = "fail", .absorb = fail_absorb },
	};

	*ret_n = sizeof(nodes) / sizeof(nodes[0]);
	return nodes;
}
