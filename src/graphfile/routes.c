/* Routes as data: the first case that holds says where it goes; when none does, "else", or nowhere. */
#include <string.h>

#include "graphfile/parts.h"

/* What a case asks of its channel: one of these. */
static const char *const tests[] = { "equals", "exists", "at_least", "each" };

static bool holds(const struct bldr_value *c, const struct bldr_value *state)
{
	const struct bldr_value *value = bldr_get(state, bldr_get_text(c, "channel"));
	if (bldr_get(c, "equals") != NULL) {
		return bldr_equal(value, bldr_get(c, "equals"));
	}
	if (bldr_get(c, "exists") != NULL) {
		return (value != NULL) == bldr_as_bool(bldr_get(c, "exists"), false);
	}
	if (bldr_get(c, "at_least") != NULL) {
		return bldr_type_of(value) == BLDR_INT &&
			bldr_as_int(value, 0) >= bldr_get_int(c, "at_least", 0);
	}
	return bldr_type_of(value) == BLDR_LIST && bldr_count(value) > 0;
}

static void go(struct bldr_route *r, const struct bldr_value *to)
{
	if (bldr_as_text(to) != NULL) {
		bldr_route_to(r, bldr_as_text(to));
	}
	for (size_t i = 0; bldr_type_of(to) == BLDR_LIST && i < bldr_count(to); i++) {
		bldr_route_to(r, bldr_as_text(bldr_at(to, i)));
	}
}

static void follow(struct bldr_route *r, const struct bldr_value *c, const struct bldr_value *state)
{
	const struct bldr_value *items = bldr_get(state, bldr_get_text(c, "channel"));
	const char *each = bldr_get_text(c, "each");
	for (size_t i = 0; each != NULL && i < bldr_count(items); i++) {
		bldr_route_send(r, each, bldr_copy(bldr_at(items, i)));
	}
	go(r, bldr_get(c, "to"));
}

static void route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct bldr_value *rule = v->config;
	const struct bldr_value *cases = bldr_get(rule, "cases");
	for (size_t i = 0; i < bldr_count(cases); i++) {
		if (holds(bldr_at(cases, i), v->state)) {
			follow(r, bldr_at(cases, i), v->state);
			return;
		}
	}
	go(r, bldr_get(rule, "else"));
}

static void add_targets(struct arena *a, const struct bldr_value *to, const char ***list, size_t *n,
			size_t *room)
{
	const char *const *names = names_of(a, to);
	for (; names != NULL && *names != NULL; names++) {
		*list = arena_grow(a, *list, *n, room, sizeof(**list));
		(*list)[(*n)++] = *names;
	}
}

/* All that a route may name, NULL-terminated. */
static const char *const *targets_of(struct arena *a, const struct bldr_value *rule)
{
	const struct bldr_value *cases = bldr_get(rule, "cases");
	const char **list = NULL;
	size_t n = 0, room = 0;
	for (size_t i = 0; i < bldr_count(cases); i++) {
		add_targets(a, bldr_get(bldr_at(cases, i), "to"), &list, &n, &room);
		add_targets(a, bldr_get(bldr_at(cases, i), "each"), &list, &n, &room);
	}
	add_targets(a, bldr_get(rule, "else"), &list, &n, &room);
	list = arena_grow(a, list, n, &room, sizeof(*list));
	list[n] = NULL;
	return list;
}

static int check_case(const struct reading *r, const struct pointer *at, const struct bldr_value *c,
		      const struct bldr_value *channels, struct bldr_error *err)
{
	size_t asked = 0;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		asked += bldr_get(c, tests[i]) != NULL;
	}
	if (asked != 1) {
		return wrong_at(r, at, err,
				"a case has one of equals, exists, at_least and each, not %zu of "
				"them",
				asked);
	}
	if ((bldr_get(c, "to") == NULL) == (bldr_get(c, "each") == NULL)) {
		return wrong_at(r, at, err,
				"a case says where it goes: \"to\", or for each item \"each\"");
	}
	if (bldr_get(channels, bldr_get_text(c, "channel")) == NULL) {
		return wrong_at(r, at, err,
				"\"%s\" is no channel of the graph; declare it in \"channels\"",
				bldr_get_text(c, "channel"));
	}
	return 0;
}

int build_routes(const struct reading *r, struct bldr_graph *g, const struct bldr_value *v,
		 struct arena *a, struct bldr_error *err)
{
	const struct bldr_value *routes = bldr_get(v, "routes");
	const struct pointer top = { .up = NULL };
	const struct pointer all = { .up = &top, .key = "routes" };
	for (size_t i = 0; i < bldr_count(routes); i++) {
		const struct bldr_value *rule = bldr_at(routes, i);
		const struct bldr_value *cases = bldr_get(rule, "cases");
		const struct pointer one = { .up = &all, .index = i };
		const struct pointer list = { .up = &one, .key = "cases" };
		for (size_t k = 0; k < bldr_count(cases); k++) {
			const struct pointer at = { .up = &list, .index = k };
			int rc =
				check_case(r, &at, bldr_at(cases, k), bldr_get(v, "channels"), err);
			if (rc < 0) {
				return rc;
			}
		}
		bldr_graph_add_route(g,
				     &(struct bldr_router){
					     .from = bldr_get_text(rule, "from"),
					     .route = route,
					     .targets = targets_of(a, rule),
					     .config = rule,
				     });
	}
	return 0;
}
