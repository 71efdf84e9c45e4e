/* The nodes and works of the scenario. */
#include "host/shop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void list_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "list_sources", BLDR_PURE, bldr_object());
}

static void list_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (r[0].status != BLDR_DONE) {
		bldr_patch_fail(p, "list: %s", r[0].error);
		return;
	}
	for (size_t i = 0; i < bldr_count(r[0].value); i++) {
		struct bldr_value *arg = bldr_object();

		bldr_object_set(arg, "source", bldr_ref(bldr_at(r[0].value, i)));
		bldr_patch_send(p, "load", arg);
	}
	bldr_patch_set(p, "sources", bldr_ref(r[0].value));
}

static void rates_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	(void)v;
	bldr_plan_work(p, "fetch_rates", BLDR_KEYED, bldr_object());
	bldr_plan_work(p, "fetch_fee", BLDR_KEYED, bldr_object());
}

static void rates_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			 struct bldr_patch *p)
{
	(void)v;
	(void)n;
	bldr_patch_set(p, "rates", bldr_ref(r[0].value));
	bldr_patch_set(p, "fee", bldr_ref(r[1].value));
}

static void load_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	bldr_plan_work(p, "load_orders", BLDR_KEYED, bldr_copy(v->input));
}

static void load_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	(void)v;
	(void)n;
	bldr_patch_set(p, "orders", bldr_ref(r[0].value));
	bldr_patch_set(p, "total", bldr_int((int64_t)bldr_count(r[0].value)));
}

static void report_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "orders", bldr_ref(bldr_get(v->state, "total")));
	bldr_object_set(args, "rates", bldr_int((int64_t)bldr_count(bldr_get(v->state, "rates"))));
	bldr_plan_work(p, "write_report", BLDR_KEYED, args);
}

static void report_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			  struct bldr_patch *p)
{
	(void)v;
	(void)n;
	bldr_patch_set(p, "report", bldr_ref(r[0].value));
}

static const char *const list_writes[] = { "sources", NULL };
static const char *const list_sends[] = { "load", NULL };
static const char *const rates_writes[] = { "rates", "fee", NULL };
static const char *const load_writes[] = { "orders", "total", NULL };
static const char *const report_writes[] = { "report", NULL };

struct bldr_graph *shop_graph(unsigned version)
{
	struct bldr_graph *g = bldr_graph_new("shop", version);
	struct bldr_error err = { 0 };

	bldr_graph_channel(g, "sources", BLDR_LAST);
	bldr_graph_channel(g, "rates", BLDR_LAST);
	bldr_graph_channel(g, "fee", BLDR_LAST);
	bldr_graph_channel(g, "orders", BLDR_APPEND);
	bldr_graph_channel(g, "total", BLDR_ADD);
	bldr_graph_channel(g, "report", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "list",
					     .writes = list_writes,
					     .sends = list_sends,
					     .prepare = list_prepare,
					     .absorb = list_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "rates",
					     .writes = rates_writes,
					     .prepare = rates_prepare,
					     .absorb = rates_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "load",
					     .writes = load_writes,
					     .prepare = load_prepare,
					     .absorb = load_absorb });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "report",
					     .writes = report_writes,
					     .prepare = report_prepare,
					     .absorb = report_absorb });
	bldr_graph_edge(g, BLDR_START, "list");
	bldr_graph_edge(g, "list", "rates");
	bldr_graph_edge(g, "rates", "report");
	bldr_graph_edge(g, "load", "report");
	bldr_graph_edge(g, "report", BLDR_END);
	if (bldr_graph_compile(g, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return g;
}

/* Writes down that a work is performed, as a stranger that is called would. */
static void note(struct shop *shop, const struct bldr_work *w)
{
	char *args = bldr_value_text(w->args);
	char line[512];
	int size = snprintf(line, sizeof(line), "%s %s\n", w->key, args);
	int fd;

	free(args);
	atomic_fetch_add(&shop->count, 1);
	if (shop->performed[0] != '\0') {
		fd = open(shop->performed, O_WRONLY | O_CREAT | O_APPEND, 0644);
		if (write(fd, line, (size_t)size) != size) {
			abort();
		}
		(void)close(fd);
	}
	if (shop->work_ms > 0) {
		(void)usleep(shop->work_ms * 1000);
	}
	if (shop->die_in != NULL && strcmp(shop->die_in, w->name) == 0) {
		(void)kill(getpid(), SIGKILL);
		(void)pause();
	}
}

static int list_sources(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	note(w->context, w);
	return bldr_value_parse("[\"north\",\"south\",\"west\"]", 24, ret, err);
}

static int fetch_rates(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	note(w->context, w);
	return bldr_value_parse("{\"EUR\":1,\"USD\":2}", 17, ret, err);
}

static int fetch_fee(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)err;
	note(w->context, w);
	*ret = bldr_text("0.25");
	return 0;
}

/* north has 2 orders, south 1, west 3. */
static int load_orders(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const char *source = bldr_get_text(w->args, "source");
	int n = *source == 'n' ? 2 : *source == 's' ? 1 : 3;

	(void)err;
	note(w->context, w);
	*ret = bldr_list();
	for (int i = 1; i <= n; i++) {
		bldr_list_add(*ret, bldr_textf("%s:%d", source, i));
	}
	return 0;
}

static int write_report(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	(void)err;
	note(w->context, w);
	*ret = bldr_textf("%d orders at %d rates", (int)bldr_get_int(w->args, "orders", -1),
			  (int)bldr_get_int(w->args, "rates", -1));
	return 0;
}

void shop_works(struct shop *shop, struct bldr_engine *e)
{
	static const struct bldr_work_type works[] = {
		{ .name = "list_sources", .fn = list_sources, .virtual_ms = 10 },
		{ .name = "fetch_rates", .fn = fetch_rates, .virtual_ms = 20 },
		{ .name = "fetch_fee", .fn = fetch_fee, .virtual_ms = 25 },
		{ .name = "load_orders", .fn = load_orders, .virtual_ms = 30 },
		{ .name = "write_report", .fn = write_report, .virtual_ms = 5 },
	};

	for (size_t i = 0; i < SHOP_WORKS; i++) {
		shop->works[i] = works[i];
		shop->works[i].context = shop;
		bldr_engine_add_work(e, &shop->works[i]);
	}
}

void shop_performed(const struct shop *shop, void (*each)(const char *line, void *user), void *user)
{
	char line[512];
	FILE *file = fopen(shop->performed, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		each(line, user);
	}
	if (file != NULL) {
		(void)fclose(file);
	}
}
