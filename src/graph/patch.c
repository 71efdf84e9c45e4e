/*
 * Filling a patch, and its text for the journal. Values are turned into text once, as they come:
 * the record of the task, that of the next superstep and all limits are made of that text.
 */
#include "graph/patch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "graph/frame.h"

/* Room for what the record puts around the values. */
#define TEXT_MAX (BLDR_VALUE_TEXT_MAX - ((size_t)4 << 20))

void patch_init(struct bldr_patch *p, const struct bldr_graph *g, const struct node *node,
		uint64_t seed)
{
	*p = (struct bldr_patch){
		.graph = g, .node = node, .by = node, .own = g, .mint.seed = seed
	};
}

static bool says_nothing(const struct bldr_patch *p)
{
	return p->writes.at == NULL && p->sends.at == NULL && p->targets.at == NULL &&
		p->kept.text == NULL && p->error == NULL && !p->again && !p->up && p->bytes == 0 &&
		p->mint.n == 0;
}

void patch_release(struct bldr_patch *p)
{
	if (says_nothing(p)) {
		p->mark = NULL;
		p->turn = 0;
		return;
	}
	for (size_t i = 0; i < p->writes.n; i++) {
		kept_release(&p->writes.at[i].kept);
	}
	for (size_t i = 0; i < p->sends.n; i++) {
		kept_release(&p->sends.at[i].arg);
	}
	kept_release(&p->kept);
	free(p->writes.at);
	free(p->sends.at);
	free(p->targets.at);
	free(p->error);
	*p = (struct bldr_patch){
		.graph = p->own,
		.node = p->by,
		.own = p->own,
		.by = p->by,
		.mint.seed = p->mint.seed,
		.opener = p->opener,
	};
}

void patch_error(struct bldr_patch *p, int code, const char *fmt, ...)
{
	if (p->code != 0) {
		return;
	}
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	p->code = code;
	p->error = xasprintf("node \"%s\": %s", p->by->name, text);
}

static void *grown(void *at, size_t n, size_t *room, size_t item_size)
{
	if (n < *room) {
		return at;
	}
	*room = *room != 0 ? *room * 2 : 4;
	return xrealloc(at, *room * item_size);
}

/* Takes v. False and an error when it cannot be kept. what: "channel" or "node". */
static bool keep(struct bldr_patch *p, struct kept *ret, struct bldr_value *v, const char *what,
		 const char *name)
{
	struct bldr_error err;
	if (kept_make(ret, v, &err) < 0) {
		patch_error(p, err.code, "a value for %s \"%s\" is %s", what, name, err.text);
		return false;
	}
	p->bytes += ret->size + GRAPH_NAME_MAX;
	if (p->bytes > TEXT_MAX) {
		patch_error(p, BLDR_E_LIMIT,
			    "with the value for %s \"%s\" it gives more than %zu bytes: keep "
			    "files, hand on their references",
			    what, name, TEXT_MAX);
		kept_release(ret);
		return false;
	}
	return true;
}

/* Whether value can be written to channel now; an error otherwise. */
static bool may_write(struct bldr_patch *p, const struct write *w, const struct bldr_value *value)
{
	const struct channel *c = &p->graph->channels[w->channel];
	struct bldr_error err;
	if (p->code != 0) {
		return false;
	}
	bool listed = w->replaces && c->reducer == BLDR_MESSAGES; /* ids are still missing */
	if ((w->replaces && !listed ? channel_holds : channel_accepts)(c, value, &err) < 0) {
		patch_error(p, BLDR_E_INVALID, "%s", err.text);
		return false;
	}
	bool once = c->reducer == BLDR_LAST || c->reducer == BLDR_EPHEMERAL;
	if (once && p->mark != NULL) {
		if (p->mark[w->channel] == p->turn) {
			patch_error(p, BLDR_E_INVALID,
				    "it writes channel \"%s\" twice, which is %s", c->name,
				    reducer_name(c->reducer));
			return false;
		}
		p->mark[w->channel] = p->turn;
	}
	return true;
}

/* Takes value. */
static void add_write(struct bldr_patch *p, struct write w, struct bldr_value *value)
{
	const struct channel *c = &p->graph->channels[w.channel];
	if (!may_write(p, &w, value)) {
		bldr_unref(value);
		return;
	}
	value = channel_given(c, value, &p->mint);
	if (w.replaces && channel_holds(c, value, NULL) < 0) {
		patch_error(p, BLDR_E_INVALID,
			    "it replaces channel \"%s\" by messages that take others away",
			    c->name);
		bldr_unref(value);
		return;
	}
	if (!keep(p, &w.kept, value, "channel", c->name)) {
		return;
	}
	w.node = p->by->name;
	p->writes.at = grown(p->writes.at, p->writes.n, &p->writes.room, sizeof(*p->writes.at));
	p->writes.at[p->writes.n++] = w;
}

void patch_write(struct bldr_patch *p, size_t channel, struct bldr_value *value)
{
	add_write(p, (struct write){ .channel = channel }, value);
}

void patch_take(struct bldr_patch *p, const struct write *w)
{
	add_write(p, (struct write){ .channel = w->channel, .replaces = w->replaces },
		  bldr_ref(w->kept.value));
}

void patch_send(struct bldr_patch *p, size_t node, struct bldr_value *arg)
{
	struct kept kept = { 0 };
	if (p->code == 0 && p->sends.n == GRAPH_TASKS_MAX) {
		patch_error(p, BLDR_E_LIMIT, "it sends more than %d tasks", GRAPH_TASKS_MAX);
	}
	if (p->code != 0) {
		bldr_unref(arg);
		return;
	}
	if (arg != NULL && !keep(p, &kept, arg, "node", p->graph->nodes[node].name)) {
		return;
	}
	p->sends.at = grown(p->sends.at, p->sends.n, &p->sends.room, sizeof(*p->sends.at));
	p->sends.at[p->sends.n++] = (struct send){ .node = node, .arg = kept };
}

void patch_target(struct bldr_patch *p, size_t node)
{
	for (size_t i = 0; i < p->targets.n; i++) {
		if (p->targets.at[i] == node) {
			return;
		}
	}
	p->targets.at =
		grown(p->targets.at, p->targets.n, &p->targets.room, sizeof(*p->targets.at));
	p->targets.at[p->targets.n++] = node;
}

/* The channel that the node may write, or GRAPH_NONE and an error. */
static size_t written_channel(struct bldr_patch *p, const char *channel)
{
	size_t number = channel != NULL ? graph_channel(p->graph, channel) : GRAPH_NONE;
	if (number != GRAPH_NONE && numbers_have(&p->node->writes, number)) {
		return number;
	}
	patch_error(p, BLDR_E_INVALID,
		    p->up ? "it writes the parent's channel \"%s\", which is not among those that "
			    "the subgraph passes out"
			  : "it writes channel \"%s\", which is not among its declared writes",
		    channel != NULL ? channel : "");
	return GRAPH_NONE;
}

static void write_named(struct bldr_patch *p, const char *channel, struct bldr_value *value,
			bool replaces)
{
	struct write w = { .channel = written_channel(p, channel), .replaces = replaces };
	if (w.channel == GRAPH_NONE) {
		bldr_unref(value);
		return;
	}
	add_write(p, w, value != NULL ? value : bldr_null());
}

void bldr_patch_set(struct bldr_patch *p, const char *channel, struct bldr_value *value)
{
	write_named(p, channel, value, false);
}

void bldr_patch_replace(struct bldr_patch *p, const char *channel, struct bldr_value *value)
{
	write_named(p, channel, value, true);
}

void patch_speak_up(struct bldr_patch *p)
{
	p->graph = p->opener->frame->graph;
	p->node = p->opener->node;
	p->mark = p->mark != NULL ? p->opener->frame->channel_turn : NULL;
	p->up = true;
}

void bldr_patch_parent(struct bldr_patch *p)
{
	if (p->opener == NULL) {
		patch_error(p, BLDR_E_INVALID,
			    "it speaks to the parent of a graph that runs in no other");
	} else if (p->writes.n + p->sends.n + p->targets.n > 0) {
		patch_error(p, BLDR_E_INVALID,
			    "it speaks to the parent after it wrote, sent or went elsewhere: call "
			    "bldr_patch_parent first");
	} else {
		patch_speak_up(p);
	}
}

void bldr_patch_send(struct bldr_patch *p, const char *node, struct bldr_value *arg)
{
	size_t number = node != NULL ? graph_node(p->graph, node) : GRAPH_NONE;
	if (number == GRAPH_NONE || !numbers_have(&p->node->sends, number)) {
		patch_error(p, BLDR_E_INVALID,
			    "it sends to \"%s\", which is not among its declared sends",
			    node != NULL ? node : "");
		bldr_unref(arg);
		return;
	}
	patch_send(p, number, arg);
}

void bldr_patch_goto(struct bldr_patch *p, const char *node)
{
	if (node != NULL && strcmp(node, BLDR_END) == 0 && p->node->may_go_to_end) {
		return;
	}
	size_t number = node != NULL ? graph_node(p->graph, node) : GRAPH_NONE;
	if (number == GRAPH_NONE || !numbers_have(&p->node->gotos, number)) {
		patch_error(p, BLDR_E_INVALID,
			    "it goes to \"%s\", which is not among its declared gotos",
			    node != NULL ? node : "");
		return;
	}
	patch_target(p, number);
}

void bldr_patch_again(struct bldr_patch *p, struct bldr_value *kept)
{
	struct bldr_error err;
	kept_release(&p->kept);
	if (p->code != 0) {
		bldr_unref(kept);
		return;
	}
	p->again = true;
	if (kept != NULL && kept_make(&p->kept, kept, &err) < 0) {
		patch_error(p, err.code, "what it keeps for another round is %s", err.text);
	} else if (p->kept.size > BLDR_KEPT_MAX) {
		patch_error(p, BLDR_E_LIMIT,
			    "it keeps %zu bytes for another round, more than %d: keep a file, hand "
			    "on its reference",
			    p->kept.size, BLDR_KEPT_MAX);
	}
}

bool patch_goes_again(struct bldr_patch *p)
{
	if (p->again && (p->up || p->writes.n + p->sends.n + p->targets.n > 0)) {
		patch_error(p, BLDR_E_INVALID,
			    "it goes again and also writes, sends or goes elsewhere: keep that for "
			    "the last round");
	}
	return p->again && p->code == 0;
}

void bldr_patch_fail(struct bldr_patch *p, const char *fmt, ...)
{
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	patch_error(p, BLDR_E_FAILED, "%s", text);
}

void bldr_patch_fail_code(struct bldr_patch *p, int code, const char *fmt, ...)
{
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	patch_error(p, code < 0 ? code : BLDR_E_FAILED, "%s", text);
}

static void add_writes(const struct bldr_patch *p, struct buf *b)
{
	bool first = true;
	for (size_t i = 0; i < p->writes.n; i++) {
		const struct write *w = &p->writes.at[i];
		const struct channel *c = &p->graph->channels[w->channel];
		if (c->untracked) {
			continue;
		}
		buf_printf(b, "%s[\"%s\",", first ? "" : ",", c->name);
		buf_add(b, w->kept.text, w->kept.size);
		buf_puts(b, w->replaces ? ",true]" : "]");
		first = false;
	}
}

/* Names need no escaping: their alphabet has nothing to escape. */
char *patch_text(const struct bldr_patch *p, struct arena *a)
{
	struct buf b;
	buf_init(&b, BLDR_VALUE_TEXT_MAX);
	buf_puts(&b, "{\"sends\":[");
	for (size_t i = 0; i < p->sends.n; i++) {
		const struct send *s = &p->sends.at[i];
		buf_printf(&b, "%s[\"%s\"", i > 0 ? "," : "", p->graph->nodes[s->node].name);
		if (s->arg.value != NULL) {
			buf_putc(&b, ',');
			buf_add(&b, s->arg.text, s->arg.size);
		}
		buf_putc(&b, ']');
	}
	buf_puts(&b, "],\"to\":[");
	for (size_t i = 0; i < p->targets.n; i++) {
		buf_printf(&b, "%s\"%s\"", i > 0 ? "," : "", p->graph->nodes[p->targets.at[i]].name);
	}
	buf_puts(&b, p->up ? "],\"up\":true,\"writes\":[" : "],\"writes\":[");
	add_writes(p, &b);
	buf_puts(&b, "]}");
	ASSERT(!buf_failed(&b)); /* keep() counts */
	char *text = arena_copy(a, b.data, b.size + 1);
	buf_release(&b);
	return text;
}

void patch_signed_by(struct bldr_patch *p, const struct node *node)
{
	p->by = node;
	if (p->up) {
		return;
	}
	p->node = node;
	for (size_t i = 0; i < p->writes.n; i++) {
		p->writes.at[i].node = node->name;
	}
}

static int gone(struct bldr_error *err, const char *what, const char *name)
{
	return bldr_error_set(err, BLDR_E_CHANGED, "the graph has no %s \"%s\" any more", what,
			      name != NULL ? name : "");
}

static int parse_writes(struct bldr_patch *p, const struct bldr_value *list, struct bldr_error *err)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *pair = bldr_at(list, i);
		const char *name = bldr_as_text(bldr_at(pair, 0));
		size_t channel = name != NULL ? graph_channel(p->graph, name) : GRAPH_NONE;
		if (channel == GRAPH_NONE) {
			return gone(err, "channel", name);
		}
		struct write w = {
			.channel = channel,
			.replaces = bldr_as_bool(bldr_at(pair, 2), false),
		};
		add_write(p, w, bldr_ref(bldr_at(pair, 1)));
	}
	return 0;
}

static int parse_nodes(struct bldr_patch *p, const struct bldr_value *sends,
		       const struct bldr_value *targets, struct bldr_error *err)
{
	for (size_t i = 0; i < bldr_count(sends); i++) {
		const struct bldr_value *pair = bldr_at(sends, i);
		const char *name = bldr_as_text(bldr_at(pair, 0));
		size_t node = name != NULL ? graph_node(p->graph, name) : GRAPH_NONE;
		if (node == GRAPH_NONE) {
			return gone(err, "node", name);
		}
		patch_send(p, node, bldr_ref(bldr_at(pair, 1)));
	}
	for (size_t i = 0; i < bldr_count(targets); i++) {
		const char *name = bldr_as_text(bldr_at(targets, i));
		size_t node = name != NULL ? graph_node(p->graph, name) : GRAPH_NONE;
		if (node == GRAPH_NONE) {
			return gone(err, "node", name);
		}
		patch_target(p, node);
	}
	return 0;
}

int patch_parse(struct bldr_patch *p, const char *text, struct bldr_error *err)
{
	struct bldr_value *v;
	int rc = bldr_value_parse(text, strlen(text), &v, err);
	if (rc < 0) {
		return bldr_error_set(err, BLDR_E_CORRUPT, "the patch of a task: %s",
				      err != NULL ? err->text : "");
	}
	if (bldr_get(v, "up") != NULL) {
		if (p->opener == NULL) {
			bldr_unref(v);
			return bldr_error_set(
				err, BLDR_E_CHANGED,
				"a task speaks to the parent of a graph that has none");
		}
		patch_speak_up(p);
	}
	if ((rc = parse_writes(p, bldr_get(v, "writes"), err)) == 0 &&
	    (rc = parse_nodes(p, bldr_get(v, "sends"), bldr_get(v, "to"), err)) == 0 &&
	    p->code != 0) {
		rc = bldr_error_set(err, BLDR_E_CORRUPT, "the patch of a task: %s", p->error);
	}
	bldr_unref(v);
	return rc;
}
