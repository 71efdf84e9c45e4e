/*
 * The node that a child process plays: its calls and what it plans are effects, so this is the one pair of functions
 * for all of them. What it knows between two rounds is in kept:
 *
 *	call --patch--> ended
 *	 | ^ \--again--> kept {"calls", "keep"} ----------------------------> call
 *	 | '------------ kept {"calls", "keep", "results"} <--results-- perform
 *	 '-----plan----> kept {"calls", "keep", "plan"} ----------------------^
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graphfile/parts.h"

static struct bldr_value *view_of(const struct bldr_view *v)
{
	struct bldr_value *view = bldr_object();
	bldr_object_set(view, "state", bldr_ref(v->state));
	bldr_object_set(view, "input", v->input != NULL ? bldr_ref(v->input) : bldr_null());
	bldr_object_set(view, "now_ms", bldr_int(v->now_ms));
	bldr_object_set(view, "seed", bldr_textf("%" PRIu64, v->seed));
	bldr_object_set(view, "round", bldr_int(bldr_get_int(v->kept, "calls", 0)));
	bldr_object_set(view, "kept", bldr_ref(bldr_get(v->kept, "keep")));
	bldr_object_set(view, "results", bldr_ref(bldr_get(v->kept, "results")));
	return view;
}

static void plan_call(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct process_node *node = v->config;
	struct bldr_value *request = bldr_object();
	struct bldr_value *call = bldr_object();
	bldr_object_set(call, "node", bldr_text(node->name));
	bldr_object_set(call, "view", view_of(v));
	bldr_object_set(request, "argv", bldr_ref(node->argv));
	bldr_object_set(request, "cwd", bldr_text(node->cwd));
	bldr_object_set(request, "call", call);
	if (node->env != NULL) {
		bldr_object_set(request, "env", bldr_ref(node->env));
	}
	if (node->children > 1) {
		bldr_object_set(request, "children", bldr_int(node->children));
	}
	if (node->memory_mb > 0) {
		bldr_object_set(request, "memory_mb", bldr_int(node->memory_mb));
	}
	bldr_plan_add(p, "node", node->cls, request, node->timeout_ms);
}

static enum bldr_class class_of(const char *name)
{
	static const struct {
		const char *name;
		enum bldr_class cls;
	} all[] = { { "keyed", BLDR_KEYED }, { "once", BLDR_ONCE }, { "local", BLDR_LOCAL } };
	for (size_t i = 0; name != NULL && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, name) == 0) {
			return all[i].cls;
		}
	}
	return BLDR_PURE;
}

void process_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *plan = bldr_get(v->kept, "plan");
	if (plan == NULL) {
		plan_call(v, p);
		return;
	}
	for (size_t i = 0; i < bldr_count(plan); i++) {
		const struct bldr_value *e = bldr_at(plan, i);
		const struct bldr_value *args = bldr_get(e, "args");
		bldr_plan_add(p, bldr_get_text(e, "kind"), class_of(bldr_get_text(e, "class")),
			      args != NULL ? bldr_copy(args) : bldr_object(),
			      (uint32_t)bldr_get_int(e, "timeout_ms", 0));
	}
}

/* {"calls", "keep"} and one thing more; takes what. */
static void go_again(const struct bldr_view *v, int64_t more_calls, const struct bldr_value *keep,
		     const char *key, struct bldr_value *what, struct bldr_patch *p)
{
	struct bldr_value *kept = bldr_object();
	bldr_object_set(kept, "calls", bldr_int(bldr_get_int(v->kept, "calls", 0) + more_calls));
	bldr_object_set(kept, "keep", bldr_ref(keep));
	if (key != NULL) {
		bldr_object_set(kept, key, what);
	}
	bldr_patch_again(p, kept);
}

static struct bldr_value *result_of(const struct bldr_result *r)
{
	static const char *const names[] = { "done", "failed", "timed_out", "cancelled", "unknown" };
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "status", bldr_text(names[r->status]));
	if (r->status == BLDR_DONE) {
		bldr_object_set(v, "value", bldr_ref(r->value));
		return v;
	}
	bldr_object_set(v, "code", bldr_text(bldr_error_name(r->code)));
	bldr_object_set(v, "error", bldr_text(r->error));
	return v;
}

static void tell_results(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(list, result_of(&results[i]));
	}
	go_again(v, 0, bldr_get(v->kept, "keep"), "results", list, p);
}

static void apply(const struct bldr_value *patch, struct bldr_patch *p)
{
	const struct bldr_value *set = bldr_get(patch, "set");
	const struct bldr_value *replace = bldr_get(patch, "replace");
	const struct bldr_value *send = bldr_get(patch, "send");
	const struct bldr_value *to = bldr_get(patch, "goto");
	if (bldr_get_text(patch, "fail") != NULL) {
		bldr_patch_fail(p, "%s", bldr_get_text(patch, "fail"));
		return;
	}
	if (bldr_as_bool(bldr_get(patch, "parent"), false)) {
		bldr_patch_parent(p);
	}
	for (void *it = bldr_first(set); it != NULL; it = bldr_next(set, it)) {
		bldr_patch_set(p, bldr_key(it), bldr_copy(bldr_item(it)));
	}
	for (void *it = bldr_first(replace); it != NULL; it = bldr_next(replace, it)) {
		bldr_patch_replace(p, bldr_key(it), bldr_copy(bldr_item(it)));
	}
	for (size_t i = 0; i < bldr_count(send); i++) {
		bldr_patch_send(p, bldr_as_text(bldr_at(bldr_at(send, i), 0)),
				bldr_copy(bldr_at(bldr_at(send, i), 1)));
	}
	for (size_t i = 0; i < bldr_count(to); i++) {
		bldr_patch_goto(p, bldr_as_text(bldr_at(to, i)));
	}
}

/* An answer that is as schemas/node_line.schema.json says, but for emit and error, which its performer takes. */
static int check(const struct process_node *node, const struct bldr_value *answer,
		 struct bldr_error *err)
{
	int n = (bldr_get(answer, "patch") != NULL) + (bldr_get(answer, "plan") != NULL) +
		(bldr_get(answer, "again") != NULL);
	if (n != 1) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "its program's answer has one of patch, plan and again, not "
				      "%d of them",
				      n);
	}
	int rc = json_schema_check(node->lines, answer, err);
	return rc < 0 ? bldr_error_prefix(err, "its program's answer is wrong") : 0;
}

static void follow(const struct bldr_view *v, const struct bldr_value *answer, struct bldr_patch *p)
{
	struct bldr_error err;
	if (check(v->config, answer, &err) < 0) {
		bldr_patch_fail_code(p, BLDR_E_INVALID, "%s", err.text);
	} else if (bldr_get(answer, "patch") != NULL) {
		apply(bldr_get(answer, "patch"), p);
	} else if (bldr_get(answer, "plan") != NULL) {
		go_again(v, 1, bldr_get(answer, "keep"), "plan", bldr_ref(bldr_get(answer, "plan")),
			 p);
	} else {
		go_again(v, 1, bldr_get(answer, "again"), NULL, NULL, p);
	}
}

void process_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		    struct bldr_patch *p)
{
	if (bldr_get(v->kept, "plan") != NULL) {
		tell_results(v, results, n, p);
	} else if (results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
	} else {
		follow(v, results[0].value, p);
	}
}
