/*
 * Draws a graph as a Mermaid flowchart, in the order of declaration. Nodes get short ids of their
 * own ("n0", inside a subgraph "n2_0"), because names may hold words and marks that mean something
 * to Mermaid; the names are the labels, with "deferred" and "persistent" behind them where that holds.
 */
#include "graph/graph.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"

struct drawing {
	struct buf text;
	unsigned indent;
};

__attribute__((format(printf, 2, 3))) static void line(struct drawing *d, const char *fmt, ...)
{
	for (unsigned i = 0; i < d->indent; i++) {
		buf_putc(&d->text, '\t');
	}
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ASSERT(n >= 0 && (size_t)n < sizeof(text));
	buf_puts(&d->text, text);
	buf_putc(&d->text, '\n');
}

enum { ID_MAX = 256 }; /* GRAPH_DEPTH_MAX numbers and what joins them */

struct id {
	char text[ID_MAX];
};

static struct id id_of(const struct bldr_graph *g, const char *prefix, const char *name)
{
	struct id id;
	if (strcmp(name, BLDR_START) == 0 || strcmp(name, BLDR_END) == 0) {
		snprintf(id.text, sizeof(id.text), "%s%s", prefix,
			 strcmp(name, BLDR_START) == 0 ? "start" : "stop");
		return id;
	}
	snprintf(id.text, sizeof(id.text), "%s%zu", *prefix != '\0' ? prefix : "n",
		 g->nodes[graph_node(g, name)].declared);
	return id;
}

static bool is_end(const char *name)
{
	return strcmp(name, BLDR_END) == 0;
}

static bool names_end(const struct bldr_graph *g)
{
	for (size_t i = 0; i < g->declared_edges.n; i++) {
		if (is_end(g->declared_edges.at[i].to)) {
			return true;
		}
	}
	for (size_t i = 0; i < g->declared_joins.n; i++) {
		if (is_end(g->declared_joins.at[i].to)) {
			return true;
		}
	}
	for (size_t i = 0; i < g->declared_routes.n; i++) {
		for (const char *const *t = g->declared_routes.at[i].targets; *t != NULL; t++) {
			if (is_end(*t)) {
				return true;
			}
		}
	}
	for (size_t i = 0; i < g->declared_nodes.n; i++) {
		const char *const *t = g->declared_nodes.at[i].node.gotos;
		for (; t != NULL && *t != NULL; t++) {
			if (is_end(*t)) {
				return true;
			}
		}
	}
	return false;
}

static void draw_arrow(struct drawing *d, const struct bldr_graph *g, const char *prefix,
		       const char *from, const char *arrow, const char *to)
{
	struct id left = id_of(g, prefix, from);
	struct id right = id_of(g, prefix, to);
	line(d, "%s %s %s", left.text, arrow, right.text);
}

/* A join is a small node of its own, where the arrows of its sources meet. */
static void draw_joins(struct drawing *d, const struct bldr_graph *g, const char *prefix)
{
	for (size_t i = 0; i < g->declared_joins.n; i++) {
		const struct join_declaration *j = &g->declared_joins.at[i];
		struct id to = id_of(g, prefix, j->to);
		line(d, "%sjoin%zu{{\"all\"}}", prefix, i);
		for (size_t k = 0; k < j->n; k++) {
			struct id from = id_of(g, prefix, j->from[k]);
			line(d, "%s --> %sjoin%zu", from.text, prefix, i);
		}
		line(d, "%sjoin%zu --> %s", prefix, i, to.text);
	}
}

static void draw_arrows(struct drawing *d, const struct bldr_graph *g, const char *prefix)
{
	for (size_t i = 0; i < g->declared_edges.n; i++) {
		const struct edge_declaration *e = &g->declared_edges.at[i];
		draw_arrow(d, g, prefix, e->from, "-->", e->to);
	}
	for (size_t i = 0; i < g->declared_routes.n; i++) {
		const struct route_declaration *r = &g->declared_routes.at[i];
		for (const char *const *t = r->targets; *t != NULL; t++) {
			draw_arrow(d, g, prefix, r->from, "-.->", *t);
		}
	}
	for (size_t i = 0; i < g->declared_nodes.n; i++) {
		const struct bldr_node *node = &g->declared_nodes.at[i].node;
		for (const char *const *t = node->gotos; t != NULL && *t != NULL; t++) {
			draw_arrow(d, g, prefix, node->name, "-.->", *t);
		}
		for (const char *const *t = node->sends; t != NULL && *t != NULL; t++) {
			draw_arrow(d, g, prefix, node->name, "-. send .->", *t);
		}
		if (node->on_error != NULL) {
			draw_arrow(d, g, prefix, node->name, "-. error .->", node->on_error);
		}
	}
}

static void draw(struct drawing *d, const struct bldr_graph *g, const char *prefix)
{
	struct id start = id_of(g, prefix, BLDR_START);
	line(d, "%s([\"start\"])", start.text);
	for (size_t i = 0; i < g->declared_nodes.n; i++) {
		const struct node_declaration *n = &g->declared_nodes.at[i];
		struct id id = id_of(g, prefix, n->node.name);
		const char *how = n->node.deferred ? ", deferred" : "";
		if (n->sub == NULL) {
			line(d, "%s[\"%s%s\"]", id.text, n->node.name, how);
			continue;
		}
		line(d, "subgraph %s[\"%s%s%s\"]", id.text, n->node.name, how,
		     n->persistent ? ", persistent" : "");
		struct id inner;
		int size = snprintf(inner.text, sizeof(inner.text), "%.*s_", ID_MAX - 2, id.text);
		ASSERT(size > 0 && size < ID_MAX);
		d->indent++;
		draw(d, n->sub, inner.text);
		d->indent--;
		line(d, "end");
	}
	if (names_end(g)) {
		struct id end = id_of(g, prefix, BLDR_END);
		line(d, "%s([\"end\"])", end.text);
	}
	draw_arrows(d, g, prefix);
	draw_joins(d, g, prefix);
}

char *bldr_graph_mermaid(const struct bldr_graph *g)
{
	ASSERT(g->compiled);
	struct drawing d = { .indent = 0 };
	buf_init(&d.text, BLDR_VALUE_TEXT_MAX);
	line(&d, "flowchart TD");
	d.indent = 1;
	draw(&d, g, "");
	ASSERT(!buf_failed(&d.text));
	char *text = buf_take(&d.text);
	buf_release(&d.text);
	return text;
}
