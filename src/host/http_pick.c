/* One walk over the value with the paths that still lead on. */
#include "host/http_pick.h"

#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"

/* Paths, each from where the walk stands. */
struct paths {
	LIST(const char *) at;
};

/* Those that go on by name; *ret_whole: one of them ends there. */
static struct paths step(struct arena *a, const struct paths *paths, const char *name,
			 bool *ret_whole)
{
	struct paths next = { 0 };
	size_t size = strlen(name);

	for (size_t i = 0; i < paths->at.n; i++) {
		const char *path = paths->at.at[i];

		if (strncmp(path, name, size) != 0 || (path[size] != '\0' && path[size] != '/')) {
			continue;
		}
		if (path[size] == '\0') {
			*ret_whole = true;
		} else {
			*LIST_ADD(a, &next.at) = path + size + 1;
		}
	}
	return next;
}

static struct bldr_value *cut(const struct bldr_value *v, int64_t text_max);

static struct bldr_value *cut_all(const struct bldr_value *v, int64_t text_max)
{
	struct bldr_value *all;

	if (bldr_type_of(v) == BLDR_LIST) {
		all = bldr_list();
		for (size_t i = 0; i < bldr_count(v); i++) {
			bldr_list_add(all, cut(bldr_at(v, i), text_max));
		}
		return all;
	}
	all = bldr_object();
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		bldr_object_set(all, bldr_key(it), cut(bldr_item(it), text_max));
	}
	return all;
}

static struct bldr_value *cut(const struct bldr_value *v, int64_t text_max)
{
	const char *text = bldr_as_text(v);

	if (text_max <= 0) {
		return bldr_ref(v);
	}
	if (text != NULL) {
		return bldr_text_n(text, utf8_cut(text, strlen(text), (size_t)text_max));
	}
	return bldr_type_of(v) == BLDR_LIST || bldr_type_of(v) == BLDR_OBJECT ? cut_all(v, text_max)
									      : bldr_ref(v);
}

static struct bldr_value *walk(struct arena *a, const struct bldr_value *v,
			       const struct paths *paths, int64_t text_max)
{
	struct bldr_value *picked;
	bool whole = false;

	if (bldr_type_of(v) == BLDR_LIST) {
		struct paths next = step(a, paths, "*", &whole);

		picked = bldr_list();
		for (size_t i = 0; i < bldr_count(v) && (whole || next.at.n > 0); i++) {
			bldr_list_add(picked,
				      whole ? cut(bldr_at(v, i), text_max)
					    : walk(a, bldr_at(v, i), &next, text_max));
		}
		return picked;
	}
	picked = bldr_object();
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		struct paths next;

		whole = false;
		next = step(a, paths, bldr_key(it), &whole);
		if (whole) {
			bldr_object_set(picked, bldr_key(it), cut(bldr_item(it), text_max));
		} else if (next.at.n > 0) {
			bldr_object_set(picked, bldr_key(it),
					walk(a, bldr_item(it), &next, text_max));
		}
	}
	return picked;
}

struct bldr_value *http_pick(const struct bldr_value *v, const struct bldr_value *members,
			     int64_t text_max)
{
	struct paths paths = { 0 };
	struct arena a = { 0 };
	struct bldr_value *picked;

	for (size_t i = 0; i < bldr_count(members); i++) {
		const char *path = bldr_as_text(bldr_at(members, i));

		if (path != NULL) {
			*LIST_ADD(&a, &paths.at) = path;
		}
	}
	picked = walk(&a, v, &paths, text_max);
	arena_release(&a);
	return picked;
}
