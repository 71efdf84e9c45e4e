/*
 * Subgraph: a graph as a node of another one, with channels of its own. This one is persistent: it remembers from one
 * time to the next, and what its parent goes back to, it goes back to.
 *
 *	start -> orders --(till: add_up -> receipt)--> more? -> orders ...
 */
#include "example.h"

static void add_up(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		   struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(p, "takings", bldr_ref(bldr_get(v->state, "price")));
	bldr_patch_set(p, "customers", bldr_int(1));
}

static void receipt(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		    struct bldr_patch *p)
{
	(void)r;
	(void)n;
	bldr_patch_set(p, "receipts",
		       bldr_textf("customer %lld, till holds %lld",
				  (long long)bldr_get_int(v->state, "customers", 0),
				  (long long)bldr_get_int(v->state, "takings", 0)));
}

static struct bldr_graph *build_till(void)
{
	struct bldr_graph *g = bldr_graph_new("till", 1);

	bldr_graph_channel(g, "price", BLDR_LAST);
	bldr_graph_channel(g, "takings", BLDR_ADD);
	bldr_graph_channel(g, "customers", BLDR_ADD);
	bldr_graph_channel(g, "receipts", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "add_up",
					     .writes = NAMES("takings", "customers"),
					     .absorb = add_up });
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "receipt",
					     .writes = NAMES("receipts"),
					     .absorb = receipt });
	bldr_graph_edge(g, BLDR_START, "add_up");
	bldr_graph_edge(g, "add_up", "receipt");
	return g;
}

/* The next customer, while there are some. */
static void next(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	static const int64_t prices[] = { 5, 20, 3 };
	int64_t served = bldr_get_int(v->state, "served", 0);

	(void)r;
	(void)n;
	if (served < 3) {
		bldr_patch_set(p, "price", bldr_int(prices[served]));
		bldr_patch_set(p, "served", bldr_int(1));
		bldr_patch_goto(p, "till");
	}
}

static struct bldr_graph *build_shop(const struct bldr_graph *till)
{
	struct bldr_graph *g = bldr_graph_new("shop", 1);

	bldr_graph_channel(g, "price", BLDR_LAST);
	bldr_graph_channel(g, "served", BLDR_ADD);
	bldr_graph_channel(g, "receipts", BLDR_APPEND);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "next",
					     .writes = NAMES("price", "served"),
					     .gotos = NAMES("till"),
					     .absorb = next });
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){ .name = "till",
							 .graph = till,
							 .in = NAMES("price"),
							 .out = NAMES("receipts"),
							 .persistent = true });
	bldr_graph_edge(g, BLDR_START, "next");
	bldr_graph_edge(g, "till", "next");
	return g;
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *till = build_till();
	struct bldr_error err;

	example_graph(e, till); /* compiles it: a subgraph is compiled before its parent */
	struct bldr_graph *shop = build_shop(till);
	example_graph(e, shop);
	must(bldr_thread_start(e, "shop", "monday", NULL, &err), &err);
	example_run(e, "monday");
	bldr_engine_close(e);
	bldr_graph_free(shop);
	bldr_graph_free(till);
	return 0;
}
