/* The nodes of stories: those that say and ask, and those that do what their script says. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "story.h"

static const char *const classes[] = { "pure", "keyed", "once", "local" };

static void say(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		struct bldr_patch *p)
{
	(void)results;
	(void)n;
	bldr_patch_set(p, "log", bldr_text(v->config));
}

static void ask(const struct bldr_view *v, struct bldr_plan *p)
{
	bldr_plan_work(p, v->config, BLDR_KEYED, bldr_ref(v->input));
}

static void note(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		 struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (results[0].status != BLDR_DONE) {
		bldr_patch_fail(p, "work did not do: %s", results[0].error);
		return;
	}
	bldr_patch_set(p, "log", bldr_ref(results[0].value));
}

void say_node(struct bldr_graph *g, const char *name)
{
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = name,
				.writes = NAMES("log"),
				.absorb = say,
				.config = name,
			});
}

void ask_node(struct bldr_graph *g, const char *name)
{
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = name,
				.writes = NAMES("log"),
				.prepare = ask,
				.absorb = note,
				.config = name,
			});
}

static void script_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *script = json(v->config);
	const char *name = bldr_get_text(script, "class");
	enum bldr_class cls = BLDR_KEYED;
	for (unsigned i = 0; name != NULL && i < 4; i++) {
		cls = strcmp(classes[i], name) == 0 ? (enum bldr_class)i : cls;
	}
	for (int64_t i = 0; i < bldr_get_int(script, "work", 0); i++) {
		char work[32];
		snprintf(work, sizeof(work), "w%" PRId64, i);
		bldr_plan_work(p, work, cls, NULL);
	}
	bldr_unref(script);
}

static void script_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			  struct bldr_patch *p)
{
	struct bldr_value *script = json(v->config);
	const struct bldr_value *writes = bldr_get(script, "writes");
	const struct bldr_value *sends = bldr_get(script, "sends");
	const char *echo = bldr_get_text(script, "echo");
	const char *input = bldr_get_text(script, "input");
	const char *state = bldr_get_text(script, "state");
	const char *failure = bldr_get_text(script, "fail");
	const struct bldr_value *again = bldr_get(script, "again");
	const struct bldr_value *gotos = bldr_get(script, "gotos");
	const char *rounds = bldr_get_text(script, "rounds");
	if ((size_t)v->round < bldr_count(again)) {
		const struct bldr_value *kept = bldr_at(again, (size_t)v->round);
		bldr_patch_again(p, bldr_is_null(kept) ? NULL : bldr_ref(kept));
		bldr_unref(script);
		return;
	}
	if (rounds != NULL) {
		struct bldr_value *seen = bldr_list();
		bldr_list_add(seen, bldr_int(v->round));
		bldr_list_add(seen, v->kept != NULL ? bldr_ref(v->kept) : bldr_text("nothing"));
		bldr_list_add(seen, bldr_int(v->now_ms));
		bldr_patch_set(p, rounds, seen);
	}
	if (bldr_as_bool(bldr_get(script, "parent"), false)) {
		bldr_patch_parent(p);
	}
	for (size_t i = 0; i < bldr_count(bldr_get(script, "replace")); i++) {
		const struct bldr_value *pair = bldr_at(bldr_get(script, "replace"), i);
		bldr_patch_replace(p, bldr_as_text(bldr_at(pair, 0)), bldr_ref(bldr_at(pair, 1)));
	}
	for (size_t i = 0; i < bldr_count(gotos); i++) {
		bldr_patch_goto(p, bldr_as_text(bldr_at(gotos, i)));
	}
	for (size_t i = 0; i < bldr_count(writes); i++) {
		const struct bldr_value *pair = bldr_at(writes, i);
		bldr_patch_set(p, bldr_as_text(bldr_at(pair, 0)), bldr_ref(bldr_at(pair, 1)));
	}
	for (size_t i = 0; echo != NULL && i < n; i++) {
		if (results[i].status == BLDR_DONE) {
			bldr_patch_set(p, echo, bldr_ref(results[i].value));
		}
	}
	if (input != NULL) {
		bldr_patch_set(p, input, bldr_ref(v->input));
	}
	if (state != NULL) {
		bldr_patch_set(p, state, bldr_ref(v->state));
	}
	for (size_t i = 0; i < bldr_count(sends); i++) {
		const struct bldr_value *pair = bldr_at(sends, i);
		bldr_patch_send(p, bldr_as_text(bldr_at(pair, 0)), bldr_ref(bldr_at(pair, 1)));
	}
	for (size_t i = 0; bldr_as_bool(bldr_get(script, "sick"), false) && i < n; i++) {
		if (results[i].status != BLDR_DONE) {
			bldr_patch_fail_code(p, results[i].code, "%s", results[i].error);
		}
	}
	if (failure != NULL) {
		bldr_patch_fail(p, "%s", failure);
	}
	bldr_unref(script);
}

void script_route(const struct bldr_view *v, struct bldr_route *r)
{
	struct bldr_value *script = json(v->config);
	const struct bldr_value *to = bldr_get(script, "to");
	const struct bldr_value *sends = bldr_get(script, "to_sends");
	const char *show = bldr_get_text(script, "show");
	for (size_t i = 0; i < bldr_count(to); i++) {
		bldr_route_to(r, bldr_as_text(bldr_at(to, i)));
	}
	for (size_t i = 0; i < bldr_count(sends); i++) {
		const struct bldr_value *pair = bldr_at(sends, i);
		bldr_route_send(r, bldr_as_text(bldr_at(pair, 0)), bldr_ref(bldr_at(pair, 1)));
	}
	if (show != NULL) {
		bldr_route_send(r, show, bldr_ref(v->state));
	}
	bldr_unref(script);
}

struct bldr_node script_part(const char *script)
{
	return (struct bldr_node){
		.prepare = script_prepare,
		.absorb = script_absorb,
		.config = script,
	};
}

void script_node_goes(struct bldr_graph *g, const char *name, const char *script,
		      const char *const *writes, const char *const *gotos)
{
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = name,
				.writes = writes,
				.gotos = gotos,
				.prepare = script_prepare,
				.absorb = script_absorb,
				.config = script,
			});
}

void script_node(struct bldr_graph *g, const char *name, const char *script,
		 const char *const *writes, const char *const *sends)
{
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = name,
				.writes = writes,
				.sends = sends,
				.prepare = script_prepare,
				.absorb = script_absorb,
				.config = script,
			});
}
