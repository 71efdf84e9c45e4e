/*
 * Keeping is dumping, and reading again only when some object's keys do not stand in order already;
 * integers, the most frequent of all, take a shorter way.
 */
#include "graph/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/digits.h"

struct look {
	size_t deepest; /* stops at one more than KEPT_DEPTH_MAX */
	bool ordered;
};

static void look_into(const struct bldr_value *v, size_t depth, struct look *look);

static void look_into_object(const struct bldr_value *v, size_t depth, struct look *look)
{
	const char *last = NULL;
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		const char *key = bldr_key(it);
		if (last != NULL && strcmp(last, key) > 0) {
			look->ordered = false;
		}
		last = key;
		look_into(bldr_item(it), depth, look);
	}
}

static void look_into(const struct bldr_value *v, size_t depth, struct look *look)
{
	enum bldr_type type = bldr_type_of(v);
	if (type != BLDR_LIST && type != BLDR_OBJECT) {
		return;
	}
	depth++;
	look->deepest = depth > look->deepest ? depth : look->deepest;
	if (depth > KEPT_DEPTH_MAX) {
		return;
	}
	if (type == BLDR_OBJECT) {
		look_into_object(v, depth, look);
		return;
	}
	for (size_t i = 0; i < bldr_count(v); i++) {
		look_into(bldr_at(v, i), depth, look);
	}
}

int kept_make(struct kept *ret, struct bldr_value *v, struct bldr_error *err)
{
	struct kept k = { .value = v };
	if (bldr_type_of(v) == BLDR_INT) {
		k.text = xmalloc(DIGITS_MAX);
		k.size = digits_of(bldr_as_int(v, 0), k.text);
		*ret = k;
		return 0;
	}
	struct look look = { .ordered = true };
	look_into(v, 0, &look);
	if (look.deepest > KEPT_DEPTH_MAX) {
		bldr_unref(v);
		return bldr_error_set(err, BLDR_E_LIMIT, "nested more than %d deep", KEPT_DEPTH_MAX);
	}
	k.text = bldr_value_text(v);
	k.size = strlen(k.text);
	if (k.size > BLDR_VALUE_TEXT_MAX) {
		kept_release(&k);
		return bldr_error_set(err, BLDR_E_LIMIT, "larger than %zu bytes",
				      BLDR_VALUE_TEXT_MAX);
	}
	if (!look.ordered) {
		bldr_unref(v);
		ASSERT(bldr_value_parse(k.text, k.size, &k.value, NULL) == 0);
	}
	*ret = k;
	return 0;
}

void kept_release(struct kept *k)
{
	bldr_unref(k->value);
	free(k->text);
	*k = (struct kept){ 0 };
}
