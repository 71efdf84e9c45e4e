/*
 * What waits in a frame's hidden channels: joins for the nodes that have not ended yet, deferred nodes for
 * everything else to be quiet. Both are settled when a superstep closes, from what its tasks lead to, and
 * change with the fold or not at all. A graph without joins and deferred nodes pays nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/step.h"

static void *grown(void *at, size_t n, size_t *room, size_t item_size)
{
	if (n < *room) {
		return at;
	}
	*room = *room != 0 ? *room * 2 : 8;
	return xrealloc(at, *room * item_size);
}

void wait_none(struct run *r)
{
	for (size_t i = 0; i < r->wait.n_changes; i++) {
		bldr_unref(r->wait.changes[i].value);
		bldr_unref(r->wait.changes[i].added);
	}
	r->wait.n_changes = 0;
	r->wait.n_ends = 0;
	r->wait.deferred.n = 0;
}

void wait_release(struct run *r)
{
	wait_none(r);
	free(r->wait.changes);
	free(r->wait.ends);
	free(r->wait.deferred.at);
}

void wait_joins(struct run *r, const struct bldr_graph *g, const struct node *ended)
{
	for (size_t i = 0; i < ended->joins.n; i++) {
		size_t number = (size_t)(ended - g->nodes);
		size_t join = ended->joins.at[i];
		size_t source = 0;
		while (g->joins[join].from.at[source] != number) {
			source++;
		}
		r->wait.ends = grown(r->wait.ends, r->wait.n_ends, &r->wait.room_ends,
				     sizeof(*r->wait.ends));
		r->wait.ends[r->wait.n_ends++] = (struct join_end){ join, source };
	}
}

void wait_defer(struct run *r, size_t node)
{
	struct numbers *deferred = &r->wait.deferred;
	deferred->at = grown(deferred->at, deferred->n, &deferred->room, sizeof(*deferred->at));
	deferred->at[deferred->n++] = node;
}

/* What the hidden channel becomes when the superstep is folded. Takes value, NULL: unset, and what it gains. */
static void change(struct run *r, size_t channel, struct bldr_value *value, struct bldr_value *added)
{
	r->wait.changes = grown(r->wait.changes, r->wait.n_changes, &r->wait.room_changes,
				sizeof(*r->wait.changes));
	r->wait.changes[r->wait.n_changes++] = (struct hidden_change){ channel, value, added };
}

static void unset(struct run *r, struct frame *f, size_t channel)
{
	if (f->cells[channel].value != NULL) {
		change(r, channel, NULL, NULL);
	}
}

/* The join's sources that have ended: before, and in the superstep that closes. */
struct gathering {
	bool *before, *now;
	size_t n, n_new;
};

static struct gathering gather(const struct run *r, const struct frame *f, size_t number)
{
	const struct join *join = &f->graph->joins[number];
	const struct channel *c = &f->graph->channels[join->channel];
	const struct bldr_value *list = f->cells[join->channel].value;
	struct gathering g = { .before = xcalloc(2 * join->from.n, sizeof(bool)) };
	g.now = g.before + join->from.n;
	for (size_t i = 0, at = 0; i < bldr_count(list); i++, at++) { /* both ascend */
		while (strcmp(c->names[at], bldr_as_text(bldr_at(list, i))) != 0) {
			at++;
		}
		g.before[at] = true;
		g.n++;
	}
	for (size_t i = 0; i < r->wait.n_ends; i++) {
		const struct join_end *end = &r->wait.ends[i];
		if (end->join == number && !g.before[end->source] && !g.now[end->source]) {
			g.now[end->source] = true;
			g.n++;
			g.n_new++;
		}
	}
	return g;
}

/* The names of those that ended now, and of the others too. */
static struct bldr_value *names_of(const struct gathering *g, const struct channel *c, bool all)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < c->n_names; i++) {
		if (g->now[i] || (all && g->before[i])) {
			bldr_list_add(list, bldr_text(c->names[i]));
		}
	}
	return list;
}

/* A complete join begins anew: at once, or when the deferred node that it leads to runs. */
static void settle_join(struct run *r, struct frame *f, size_t number)
{
	const struct join *join = &f->graph->joins[number];
	const struct channel *c = &f->graph->channels[join->channel];
	struct gathering g = gather(r, f, number);
	bool complete = g.n == join->from.n;
	bool waits = join->target != GRAPH_NONE && f->graph->nodes[join->target].deferred;
	if (g.n_new > 0 && complete && join->target != GRAPH_NONE) {
		step_fire(r, f, join->target);
	}
	if (g.n_new > 0 && complete && !waits) {
		unset(r, f, join->channel);
	} else if (g.n_new > 0) {
		change(r, join->channel, names_of(&g, c, true), names_of(&g, c, false));
	}
	free(g.before);
}

static void settle_joins(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < r->wait.n_ends; i++) {
		size_t number = r->wait.ends[i].join;
		uint64_t *turn = &f->channel_turn[f->graph->joins[number].channel];
		if (*turn != r->turn) {
			*turn = r->turn;
			settle_join(r, f, number);
		}
	}
}

static bool is_complete(const struct channel *c, const struct bldr_value *names)
{
	return bldr_count(names) == c->n_names;
}

/* The joins that let the deferred node wait begin anew. */
static void restart_joins(struct run *r, struct frame *f, size_t node)
{
	for (size_t i = 0; i < f->graph->n_joins; i++) {
		size_t channel = f->graph->joins[i].channel;
		const struct channel *c = &f->graph->channels[channel];
		if (f->graph->joins[i].target != node) {
			continue;
		}
		struct hidden_change *pending = NULL;
		for (size_t k = 0; k < r->wait.n_changes; k++) {
			pending = r->wait.changes[k].channel == channel ? &r->wait.changes[k]
									: pending;
		}
		if (pending == NULL) {
			if (is_complete(c, f->cells[channel].value)) {
				unset(r, f, channel);
			}
		} else if (is_complete(c, pending->value)) {
			bldr_unref(pending->value);
			bldr_unref(pending->added);
			*pending = (struct hidden_change){ .channel = channel };
		}
	}
}

static void run_deferred(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->graph->deferred.n; i++) {
		size_t node = f->graph->deferred.at[i];
		size_t channel = f->graph->nodes[node].defer_channel;
		if (f->cells[channel].value != NULL || f->node_turn[node] == r->turn) {
			step_run_next(r, node);
			unset(r, f, channel);
			restart_joins(r, f, node);
		}
	}
}

static void let_wait(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < r->wait.deferred.n; i++) {
		size_t channel = f->graph->nodes[r->wait.deferred.at[i]].defer_channel;
		if (f->cells[channel].value == NULL) {
			change(r, channel, bldr_bool(true), NULL);
		}
	}
}

void wait_forget(struct run *r, struct frame *f)
{
	for (size_t i = 0; i < f->graph->deferred.n; i++) {
		size_t node = f->graph->deferred.at[i];
		unset(r, f, f->graph->nodes[node].defer_channel);
		restart_joins(r, f, node);
	}
}

void wait_settle(struct run *r, struct frame *f)
{
	settle_joins(r, f);
	if (r->fired.n + r->sent.n == 0) {
		run_deferred(r, f);
	} else {
		let_wait(r, f);
	}
}

/* An unset channel that stays unset is not recorded. */
static void record_change(struct run *r, const struct frame *f, const struct hidden_change *h,
			  struct step_record *s)
{
	struct arena *a = &r->update->arena;
	struct step_write w = { .channel = f->graph->channels[h->channel].name };
	if (h->value == NULL && f->cells[h->channel].value == NULL) {
		return;
	}
	char *text = bldr_value_text(h->added != NULL ? h->added : h->value);
	w.form = h->value == NULL ? WRITE_CLEAR : h->added != NULL ? WRITE_DELTA : WRITE_FULL;
	w.text = arena_strdup(a, text);
	*LIST_ADD(a, &s->writes) = w;
	free(text);
}

void wait_fold(struct run *r, struct frame *f, struct step_record *s, bool base)
{
	for (size_t i = 0; i < r->wait.n_changes; i++) {
		struct hidden_change *h = &r->wait.changes[i];
		if (!base) {
			record_change(r, f, h, s);
		}
		cell_set(&f->cells[h->channel], h->value, 0); /* so small that nobody counts */
		f->cells[h->channel].written = true;
		h->value = NULL;
	}
	wait_none(r);
}
