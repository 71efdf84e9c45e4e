/*
 * Effects of kind "node": a call of a long-lived child. uv_host has children for them (children.c); in simulation the work
 * registered as "node" plays them all.
 */
#include "host/effect.h"

#include <string.h>

static bool is_texts(const struct bldr_value *list, size_t at_least)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (bldr_as_text(bldr_at(list, i)) == NULL) {
			return false;
		}
	}
	return bldr_type_of(list) == BLDR_LIST && bldr_count(list) >= at_least;
}

static bool is_within(const struct bldr_value *args, const char *key, int64_t min, int64_t max)
{
	const struct bldr_value *v = bldr_get(args, key);

	return v == NULL || (bldr_as_int(v, min - 1) >= min && bldr_as_int(v, max + 1) <= max);
}

static bool is_request(const struct bldr_value *args)
{
	static const char *const keys[] = { "argv", "cwd", "env", "children", "memory_mb", "call" };
	const struct bldr_value *call = bldr_get(args, "call");
	size_t known = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		known += bldr_get(args, keys[i]) != NULL;
	}
	return known == bldr_count(args) && is_texts(bldr_get(args, "argv"), 1) &&
		(bldr_get(args, "cwd") == NULL || bldr_get_text(args, "cwd") != NULL) &&
		(bldr_get(args, "env") == NULL || is_texts(bldr_get(args, "env"), 0)) &&
		is_within(args, "children", 1, 64) && is_within(args, "memory_mb", 16, 1 << 20) &&
		bldr_get_text(call, "node") != NULL && bldr_get(call, "view") != NULL;
}

static int prepare(struct flight *f, const struct map *works, struct bldr_error *err)
{
	if (!is_request(f->args)) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"an effect of kind \"node\" needs {\"argv\": [program, argument...], "
			"\"cwd\": folder, \"env\": [name...], \"children\": 1 to 64, "
			"\"memory_mb\": 16 and more, \"call\": {\"node\": name, \"view\": {...}}}, "
			"argv and call at least");
	}
	f->label = arena_strdup(&f->arena, bldr_get_text(bldr_get(f->args, "call"), "node"));
	f->target = map_find(works, "node", strlen("node"));
	if (f->target != NULL) {
		f->virtual_ms = ((const struct bldr_work_type *)f->target)->virtual_ms;
	}
	return 0;
}

static void play(struct flight *f)
{
	if (f->target != NULL) {
		flight_work(f, f->target, f->args);
		return;
	}
	flight_failed(f, BLDR_FAILED, BLDR_E_NOT_FOUND,
		      "no work \"node\" is registered, which plays process nodes in simulation");
}

const struct effect_kind effect_node = {
	.name = "node",
	.way = WAY_CHILD,
	.prepare = prepare,
	.perform = play,
};
