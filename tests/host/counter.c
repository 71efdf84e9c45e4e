/* The graph that counts. */
#include "host/counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int slow(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	struct counter *c = w->context;
	int64_t n = bldr_get_int(w->args, "n", 0);

	if (c->performed < sizeof(c->keys) / sizeof(c->keys[0])) {
		(void)snprintf(c->keys[c->performed], sizeof(c->keys[0]), "%s", w->key);
	}
	c->performed++;
	if (c->chatty) {
		struct bldr_value *half = bldr_object();
		int rc;

		bldr_object_set(half, "half", bldr_int(n / 2));
		rc = bldr_work_emit(w, "custom", half, err);
		bldr_unref(half);
		if (rc < 0) {
			return rc;
		}
	}
	if (c->failing > 0) {
		c->failing--;
		return bldr_error_set(err, BLDR_E_UNAVAILABLE, "busy, try %u", w->attempt);
	}
	*ret = bldr_int(n);
	return 0;
}

static void ask(struct bldr_plan *p, const struct counter *c, int64_t n)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "n", bldr_int(n));
	bldr_plan_work(p, "slow", c->cls, args);
}

static void add_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	ask(p, v->config, bldr_get_int(v->state, "by", 0));
}

static void add_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (r[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, r[0].code, "%s", r[0].error);
	} else {
		bldr_patch_set(p, "total", bldr_ref(r[0].value));
	}
}

static void note_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	ask(p, v->config, 0);
}

static void note_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)n;
	if (r[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, r[0].code, "%s", r[0].error);
	} else {
		bldr_patch_set(p, "log", bldr_int(bldr_get_int(v->state, "total", 0)));
	}
}

struct bldr_graph *counter_graph(const struct counter *c, unsigned version)
{
	static const char *const total[] = { "total", NULL };
	static const char *const log[] = { "log", NULL };
	static const char *const note[] = { "note", NULL };
	struct bldr_graph *g = bldr_graph_new("counter", version);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "by", BLDR_LAST);
	bldr_graph_channel(g, "total", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	if (c->extra != NULL) {
		bldr_graph_channel(g, c->extra, BLDR_LAST);
	}
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "add",
					     .writes = total,
					     .prepare = add_prepare,
					     .absorb = add_absorb,
					     .config = c });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "note",
					     .writes = log,
					     .prepare = note_prepare,
					     .absorb = note_absorb,
					     .config = c });
	bldr_graph_edge(g, BLDR_START, "add");
	bldr_graph_edge(g, "add", "note");
	if (c->policy != NULL) {
		bldr_graph_policy(g, c->policy);
	}
	if (c->stop_before_note) {
		bldr_graph_interrupt(g, note, NULL);
	}
	if (c->migrate != NULL) {
		bldr_graph_migrate(g, 1, c->migrate);
	}
	if (bldr_graph_compile(g, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return g;
}

void counter_works(struct counter *c, struct bldr_engine *e)
{
	bldr_engine_add_work(e,
			     &(struct bldr_work_type){
				     .name = "slow", .fn = slow, .context = c, .virtual_ms = 100 });
}

struct bldr_value *by(int64_t n)
{
	struct bldr_value *input = bldr_object();

	bldr_object_set(input, "by", bldr_int(n));
	return input;
}
