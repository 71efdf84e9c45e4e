/* The graphs, all made of one node that does as its configuration says. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { ACTS = 4 };

struct act {
	const char *kind; /* "w" for work, "sleep", "interrupt", "process", "ledger.add" */
	enum bldr_class cls;
	const char *extra; /* members that are added to the body */
	uint32_t timeout_ms;
};

struct does {
	const char *name;
	struct act acts[ACTS];
	int rounds;          /* further ones */
	const char *send_to; /* three sends, with an input each */
	const char *go_to;
	int go_below;       /* as long as "n" is below */
	bool strict;        /* what is not done fails it */
	const char *parent; /* the last round speaks to the parent, and goes there */
};

static struct bldr_value *body_of(const struct bldr_view *v, const struct does *d, size_t i)
{
	const struct act *a = &d->acts[i];
	struct bldr_value *body = NULL;
	struct bldr_value *x = bldr_list();

	if (a->extra == NULL) {
		body = bldr_object();
	} else if (bldr_value_parse(a->extra, strlen(a->extra), &body, NULL) < 0) {
		abort();
	}
	bldr_object_set(body, "name", bldr_textf("%s.%zu", d->name, i));
	bldr_object_set(body, "cls", bldr_int((int64_t)a->cls));
	if (bldr_get(body, "plain") == NULL) {
		bldr_list_add(x, bldr_ref(bldr_get(v->state, "log")));
		bldr_list_add(x, v->input != NULL ? bldr_ref(v->input) : bldr_null());
		bldr_list_add(x, bldr_int((int64_t)(v->seed >> 1)));
		bldr_list_add(x, bldr_int(v->round));
		bldr_object_set(body, "now", bldr_int(v->now_ms));
	}
	bldr_object_set(body, "x", x);
	return body;
}

static void do_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct does *d = v->config;

	for (size_t i = 0; i < ACTS && d->acts[i].kind != NULL; i++) {
		const struct act *a = &d->acts[i];
		struct bldr_value *body = body_of(v, d, i);

		if (strcmp(a->kind, "w") == 0) {
			struct bldr_value *request = bldr_object();

			bldr_object_set(request, "work", bldr_text("w"));
			bldr_object_set(request, "args", body);
			bldr_plan_add(p, "work", a->cls, request, a->timeout_ms);
		} else if (strcmp(a->kind, "sleep") == 0) {
			bldr_plan_sleep(p, bldr_get_int(body, "ms", 0));
			bldr_unref(body);
		} else if (strcmp(a->kind, "process") == 0) {
			static const char *const argv[] = { "/bin/sh", "-c", "printf %s \"$1\"",
							    "sh", "played" };
			struct bldr_value *request = bldr_object();
			struct bldr_value *words = bldr_list();

			for (size_t k = 0; k < sizeof(argv) / sizeof(argv[0]); k++) {
				bldr_list_add(words, bldr_text(argv[k]));
			}
			bldr_object_set(request, "argv", words);
			bldr_plan_process(p, a->cls, request, a->timeout_ms);
			bldr_unref(body);
		} else {
			bldr_plan_add(p, a->kind, a->cls, body, a->timeout_ms);
		}
	}
}

static const char *status_name(enum bldr_status s)
{
	static const char *const names[] = { "done", "failed", "timed out", "cancelled", "unknown" };

	return names[s];
}

static void tell(const struct does *d, const struct bldr_result *r, size_t n, struct bldr_patch *p)
{
	struct bldr_value *log = bldr_list();

	for (size_t i = 0; i < n; i++) {
		const struct act *a = &d->acts[i];
		char *value = bldr_value_text(r[i].value);

		if (a->cls == BLDR_ONCE) { /* known or not, what it says is not told on */
			bldr_list_add(log, bldr_textf("%s.%zu once", d->name, i));
		} else {
			bldr_list_add(
				log,
				bldr_textf("%s.%zu %s %s", d->name, i, status_name(r[i].status),
					   r[i].status == BLDR_DONE ? value
								    : bldr_error_name(r[i].code)));
		}
		free(value);
	}
	if (n == 0) {
		bldr_list_add(log, bldr_text(d->name));
	}
	bldr_patch_set(p, "log", log);
}

static void do_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		      struct bldr_patch *p)
{
	const struct does *d = v->config;

	for (size_t i = 0; d->strict && i < n; i++) {
		if (r[i].status != BLDR_DONE) {
			bldr_patch_fail_code(p, r[i].code, "%s.%zu: %s", d->name, i, r[i].error);
			return;
		}
	}
	if (v->round < d->rounds) {
		struct bldr_value *kept = bldr_object();

		bldr_object_set(kept, "value", bldr_ref(n > 0 ? r[0].value : NULL));
		bldr_patch_again(p, kept);
		return;
	}
	if (d->parent != NULL) {
		bldr_patch_parent(p);
		bldr_patch_goto(p, d->parent);
	}
	tell(d, r, n, p);
	if (d->go_to != NULL || d->go_below > 0) {
		bldr_patch_set(p, "n", bldr_int(1));
	}
	if (d->go_to != NULL && bldr_get_int(v->state, "n", 0) + 1 < d->go_below) {
		bldr_patch_goto(p, d->go_to);
	}
	for (int i = 0; d->send_to != NULL && i < 3; i++) {
		struct bldr_value *arg = bldr_object();

		bldr_object_set(arg, "part", bldr_int(i));
		bldr_patch_send(p, d->send_to, arg);
	}
}

static struct bldr_graph *begin(const char *name)
{
	struct bldr_graph *g = bldr_graph_new(name, 1);

	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	return g;
}

static void node_with(struct bldr_graph *g, const struct does *d, struct bldr_node more)
{
	static const char *const writes[] = { "log", "n", NULL };
	const char *sends[] = { d->send_to, NULL };
	const char *gotos[] = { d->go_to, NULL };

	more.name = d->name;
	more.writes = writes;
	more.prepare = d->acts[0].kind != NULL ? do_prepare : NULL;
	more.absorb = do_absorb;
	more.config = d;
	more.sends = d->send_to != NULL ? sends : NULL;
	more.gotos = d->go_to != NULL ? gotos : NULL;
	bldr_graph_node(g, &more);
}

static void node(struct bldr_graph *g, const struct does *d)
{
	node_with(g, d, (struct bldr_node){ 0 });
}

static struct bldr_graph *compiled(struct bldr_graph *g)
{
	struct bldr_error err = { 0 };

	if (bldr_graph_compile(g, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return g;
}

#define PURE(...)                           \
	{                                   \
		"w", BLDR_PURE, __VA_ARGS__ \
	}
#define KEYED(...)                           \
	{                                    \
		"w", BLDR_KEYED, __VA_ARGS__ \
	}
#define ONCE(...)                           \
	{                                   \
		"w", BLDR_ONCE, __VA_ARGS__ \
	}
#define LEDGER                           \
	{                                \
		"ledger.add", BLDR_LOCAL \
	}
#define ASK                                                            \
	{                                                              \
		"interrupt", BLDR_PURE, "{\"question\":\"Shall it?\"}" \
	}
#define SLEEP(ms)                                      \
	{                                              \
		"sleep", BLDR_PURE, "{\"ms\":" #ms "}" \
	}

/* a -> b -> c */
static struct bldr_graph *sequence(void)
{
	static const struct does a = { "a", { KEYED(), PURE() }, .rounds = 1 };
	static const struct does b = { "b", { KEYED(), LEDGER, ONCE() } };
	static const struct does c = { "c", { PURE(), SLEEP(40) } };
	struct bldr_graph *g = begin("sequence");

	node(g, &a);
	node(g, &b);
	node(g, &c);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

/* list =3=> part -> end, beside list -> rates -> end */
static struct bldr_graph *fan_out(void)
{
	static const struct does list = { "list", { PURE() }, .send_to = "part" };
	static const struct does part = { "part", { KEYED(), ONCE(), LEDGER } };
	static const struct does rates = { "rates", { KEYED(), KEYED() }, .rounds = 1 };
	static const struct does end = { "end", { KEYED() } };
	struct bldr_graph *g = begin("fan_out");

	node(g, &list);
	node(g, &part);
	node(g, &rates);
	node(g, &end);
	bldr_graph_edge(g, BLDR_START, "list");
	bldr_graph_edge(g, "list", "rates");
	bldr_graph_edge(g, "rates", "end");
	bldr_graph_edge(g, "part", "end");
	return compiled(g);
}

/* a and b -> b2 join to c */
static struct bldr_graph *join(void)
{
	static const struct does a = { "a", { KEYED() } };
	static const struct does b = { "b", { PURE(), KEYED() } };
	static const struct does b2 = { "b2", { KEYED() } };
	static const struct does c = { "c", { KEYED() } };
	struct bldr_graph *g = begin("join");

	node(g, &a);
	node(g, &b);
	node(g, &b2);
	node(g, &c);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "b", "b2");
	bldr_graph_join(g, NAMES("a", "b2"), "c");
	return compiled(g);
}

/* a leads to the deferred z at once; b -> b2 run before */
static struct bldr_graph *deferred(void)
{
	static const struct does a = { "a", { KEYED() } };
	static const struct does b = { "b", { PURE() } };
	static const struct does b2 = { "b2", { KEYED() } };
	static const struct does z = { "z", { KEYED() } };
	struct bldr_graph *g = begin("deferred");

	node(g, &a);
	node(g, &b);
	node(g, &b2);
	node_with(g, &z, (struct bldr_node){ .deferred = true });
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "b", "b2");
	bldr_graph_edge(g, "a", "z");
	bldr_graph_edge(g, "b2", "z");
	return compiled(g);
}

/* Two nodes ask in parallel, one of them two questions, beside work. */
static struct bldr_graph *ask_parallel(void)
{
	static const struct does a = { "a", { ASK, KEYED(), ASK } };
	static const struct does b = { "b", { ASK, PURE() } };
	static const struct does c = { "c", { KEYED() } };
	struct bldr_graph *g = begin("ask_parallel");

	node(g, &a);
	node(g, &b);
	node(g, &c);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

/* Questions in rounds of one node, which is gone back to. */
static struct bldr_graph *ask_loop(void)
{
	static const struct does a = {
		"a", { ASK, KEYED() }, .rounds = 1, .go_to = "a", .go_below = 3
	};
	struct bldr_graph *g = begin("ask_loop");

	node(g, &a);
	bldr_graph_edge(g, BLDR_START, "a");
	return compiled(g);
}

/* Pauses before b and after b. */
static struct bldr_graph *pause(void)
{
	static const struct does a = { "a", { KEYED() } };
	static const struct does b = { "b", { KEYED(), ONCE() } };
	static const struct does c = { "c", { PURE() } };
	struct bldr_graph *g = begin("pause");

	node(g, &a);
	node(g, &b);
	node(g, &c);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	bldr_graph_interrupt(g, NAMES("b"), NAMES("b"));
	return compiled(g);
}

static struct bldr_graph *inner(const char *parent)
{
	static const struct does a = { "a", { KEYED(), ASK } };
	static const struct does b = { "b", { KEYED(), LEDGER } };
	static const struct does out = { "b", { KEYED() }, .parent = "after" };
	struct bldr_graph *g = begin("inner");

	node(g, &a);
	node(g, parent != NULL ? &out : &b);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	return compiled(g);
}

/* before -> a subgraph beside a sibling -> after */
static struct bldr_graph *subgraph(void)
{
	static const struct does before = { "before", { KEYED() } };
	static const struct does beside = { "beside", { KEYED() }, .rounds = 1 };
	static const struct does after = { "after", { PURE() } };
	struct bldr_graph *g = begin("subgraph");

	node(g, &before);
	node(g, &beside);
	node(g, &after);
	bldr_graph_subgraph(g, "sub", inner(NULL), NULL, NAMES("log"));
	bldr_graph_edge(g, BLDR_START, "before");
	bldr_graph_edge(g, "before", "sub");
	bldr_graph_edge(g, "before", "beside");
	bldr_graph_edge(g, "sub", "after");
	bldr_graph_edge(g, "beside", "after");
	return compiled(g);
}

/* The subgraph's last node goes to one of the parent's. */
static struct bldr_graph *parent(void)
{
	static const struct does after = { "after", { PURE() } };
	struct bldr_graph *g = begin("parent");

	node(g, &after);
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){ .name = "sub",
							 .graph = inner("after"),
							 .out = NAMES("log"),
							 .gotos = NAMES("after") });
	bldr_graph_edge(g, BLDR_START, "sub");
	return compiled(g);
}

static struct bldr_graph *counter(void)
{
	static const struct does c = { "c", { KEYED(), PURE() }, .go_below = 1 };
	static const struct does d = { "d", { KEYED() } };
	struct bldr_graph *g = bldr_graph_new("counter", 1);

	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "last", BLDR_LAST);
	node(g, &c);
	node(g, &d);
	bldr_graph_edge(g, BLDR_START, "c");
	bldr_graph_edge(g, "c", "d");
	return compiled(g);
}

/* A subgraph that keeps its channels, twice. */
static struct bldr_graph *persistent(void)
{
	static const struct does first = { "first", { KEYED() } };
	static const struct does again = { "again", { PURE() }, .go_to = "sub", .go_below = 2 };
	struct bldr_graph *g = begin("persistent");

	bldr_graph_channel(g, "last", BLDR_LAST);
	node(g, &first);
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){ .name = "sub",
							 .graph = counter(),
							 .out = NAMES("last"),
							 .persistent = true });
	node(g, &again);
	bldr_graph_edge(g, BLDR_START, "first");
	bldr_graph_edge(g, "first", "sub");
	bldr_graph_edge(g, "sub", "again");
	return compiled(g);
}

/* Flaky effects under policies of tries, rate and concurrency; a try that takes too long. */
static struct bldr_graph *retry(void)
{
	static const struct bldr_retry tries = { .attempts = 4, .first_ms = 10, .max_ms = 40 };
	static const struct bldr_policy policy = { .kind = "work:w",
						   .retry = &tries,
						   .timeout_ms = 60,
						   .rate_count = 1,
						   .rate_ms = 5,
						   .rate_burst = 2,
						   .concurrency = 2 };
	static const struct does a = { "a",
				       { KEYED("{\"flaky\":true}"), PURE("{\"flaky\":true}"),
					 KEYED("{\"flaky\":true}"), ONCE() } };
	static const struct does b = { "b", { PURE("{\"flaky\":true}"), KEYED() } };
	static const struct does c = { "c",
				       { PURE("{\"takes\":1000}"), KEYED("{\"broken\":true}") } };
	struct bldr_graph *g = begin("retry");

	node(g, &a);
	node(g, &b);
	node(g, &c);
	bldr_graph_policy(g, &policy);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

/* Results that are cached answer the same request again. */
static struct bldr_graph *cache(void)
{
	static const struct bldr_policy policy = { .kind = "work:w", .cache_ms = 100000000 };
	static const struct does a = {
		"a", { PURE("{\"plain\":1}"), KEYED("{\"plain\":1}") }, .go_to = "a", .go_below = 3
	};
	struct bldr_graph *g = begin("cache");

	node(g, &a);
	bldr_graph_policy(g, &policy);
	bldr_graph_edge(g, BLDR_START, "a");
	return compiled(g);
}

/* a fails for good beside b; its handler asks for work too */
static struct bldr_graph *handler(void)
{
	static const struct bldr_retry tries = { .attempts = 2, .first_ms = 10 };
	static const struct bldr_policy policy = { .kind = "work:w", .retry = &tries };
	static const struct does a = { "a", { KEYED(), PURE("{\"broken\":true}") }, .strict = true };
	static const struct does b = { "b", { KEYED("{\"flaky\":true}") }, .rounds = 1 };
	static const struct does mend = { "mend", { KEYED(), ONCE() } };
	static const struct does c = { "c", { KEYED() } };
	struct bldr_graph *g = begin("handler");

	node_with(g, &a, (struct bldr_node){ .on_error = "mend" });
	node(g, &b);
	node(g, &mend);
	node(g, &c);
	bldr_graph_policy(g, &policy);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

/* Nothing lets these end but time: of the effect, of the node, of the superstep. */
static struct bldr_graph *timeouts(void)
{
	static const struct does a = { "a", { PURE("{\"takes\":500}", 50), KEYED() } };
	static const struct does b = { "b", { SLEEP(86400000) } };
	static const struct does mend = { "mend", { KEYED() } };
	static const struct does c = { "c", { SLEEP(30), SLEEP(60) } };
	struct bldr_graph *g = begin("timeouts");

	node(g, &a);
	node_with(g, &b, (struct bldr_node){ .on_error = "mend", .timeout_ms = 120 });
	node(g, &mend);
	node(g, &c);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	bldr_graph_edge(g, "a", "c");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

static struct bldr_graph *process(void)
{
	static const struct does a = { "a",
				       { { "process", BLDR_PURE }, { "process", BLDR_KEYED } } };
	static const struct does b = { "b", { { "process", BLDR_ONCE }, KEYED() } };
	struct bldr_graph *g = begin("process");

	node(g, &a);
	node(g, &b);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	return compiled(g);
}

/* One node; its inputs are many. */
static struct bldr_graph *queue(void)
{
	static const struct does a = { "a", { KEYED(), PURE() }, .go_below = 1 };
	struct bldr_graph *g = begin("queue");

	node(g, &a);
	bldr_graph_edge(g, BLDR_START, "a");
	return compiled(g);
}

/* What is gone back into. */
static struct bldr_graph *forked(void)
{
	static const struct does a = { "a", { PURE("{\"plain\":1}"), KEYED() } };
	static const struct does b = { "b", { PURE("{\"plain\":2}"), KEYED(), ASK } };
	static const struct does c = { "c", { PURE("{\"plain\":3}"), LEDGER } };
	struct bldr_graph *g = begin("forked");

	node(g, &a);
	node(g, &b);
	node(g, &c);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, "a", "b");
	bldr_graph_edge(g, "b", "c");
	return compiled(g);
}

/* Fails, its siblings end; it is resumed once, fails again, and that is its end. */
static struct bldr_graph *failing(void)
{
	static const struct does a = { "a", { KEYED(), PURE("{\"broken\":true}") }, .strict = true };
	static const struct does b = { "b", { KEYED(), KEYED() }, .rounds = 1 };
	struct bldr_graph *g = begin("failing");

	node(g, &a);
	node(g, &b);
	bldr_graph_edge(g, BLDR_START, "a");
	bldr_graph_edge(g, BLDR_START, "b");
	return compiled(g);
}

const struct scenario scenarios[] = {
	{ .name = "sequence", .graph = sequence, .once = true },
	{ .name = "fan_out", .graph = fan_out, .once = true },
	{ .name = "join", .graph = join },
	{ .name = "deferred", .graph = deferred },
	{ .name = "ask_parallel", .graph = ask_parallel },
	{ .name = "ask_loop", .graph = ask_loop },
	{ .name = "pause", .graph = pause, .once = true },
	{ .name = "subgraph", .graph = subgraph },
	{ .name = "parent", .graph = parent },
	{ .name = "persistent", .graph = persistent },
	{ .name = "retry", .graph = retry, .once = true },
	{ .name = "cache", .graph = cache },
	{ .name = "handler", .graph = handler, .once = true },
	{ .name = "timeouts", .graph = timeouts },
	{ .name = "process", .graph = process, .once = true },
	{ .name = "queue", .graph = queue, .inputs = 5 },
	{ .name = "fork", .graph = forked, .fork_at = 1 },
	{ .name = "fork_reuse", .graph = forked, .fork_at = 1, .fork_elsewhere = true, .reuse = true },
	{ .name = "failing", .graph = failing, .retries_failed = true, .ends_failed = true },
};
const size_t n_scenarios = sizeof(scenarios) / sizeof(scenarios[0]);

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < n_scenarios; i++) {
		if (strcmp(scenarios[i].name, name) == 0) {
			return &scenarios[i];
		}
	}
	abort();
}

const struct bldr_graph *scenario_graph(const struct scenario *s)
{
	static struct bldr_graph *made[32];
	size_t i = (size_t)(s - scenarios);

	for (size_t k = 0; made[i] == NULL && k < i; k++) { /* one graph, two scenarios */
		if (scenarios[k].graph == s->graph) {
			made[i] = (struct bldr_graph *)(uintptr_t)scenario_graph(&scenarios[k]);
		}
	}
	if (made[i] == NULL) {
		made[i] = s->graph();
	}
	return made[i];
}
