/*
 * Chat with memory: a thread that lives on. Each input is a further invocation of the same thread; its messages
 * are in the journal, so the second half could as well be another process, another day.
 */
#include "example.h"

static void answer(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		   struct bldr_patch *p)
{
	const struct bldr_value *messages = bldr_get(v->state, "messages");
	struct bldr_value *reply = bldr_object();
	const char *first = NULL;
	int said = 0;

	(void)r;
	(void)n;
	for (size_t i = 0; i < bldr_count(messages); i++) {
		const struct bldr_value *m = bldr_at(messages, i);

		if (strcmp(bldr_get_text(m, "role"), "user") == 0) {
			first = first != NULL ? first : bldr_get_text(m, "text");
			said++;
		}
	}
	bldr_object_set(reply, "role", bldr_text("bot"));
	bldr_object_set(reply, "text",
			said == 1 ? bldr_text("nice to meet you")
				  : bldr_textf("you began with \"%s\"", first));
	bldr_patch_set(p, "messages",
		       reply); /* appended; its id is made up, equal on every replay */
}

static struct bldr_graph *build(void)
{
	struct bldr_graph *g = bldr_graph_new("chat", 1);

	bldr_graph_channel(g, "messages", BLDR_MESSAGES);
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "answer", .writes = NAMES("messages"), .absorb = answer });
	bldr_graph_edge(g, BLDR_START, "answer");
	return g;
}

static struct bldr_value *said(const char *id, const char *text)
{
	struct bldr_value *input = bldr_object();
	struct bldr_value *message = bldr_object();

	bldr_object_set(message, "id", bldr_text(id));
	bldr_object_set(message, "role", bldr_text("user"));
	bldr_object_set(message, "text", bldr_text(text));
	bldr_object_set(input, "messages", message);
	return input;
}

static void show(struct bldr_engine *e)
{
	struct bldr_value *state = NULL;
	struct bldr_error err;

	must(bldr_engine_run(e, &err), &err);
	must(bldr_thread_state(e, "chat-1", &state, &err), &err);
	for (size_t i = 0; i < bldr_count(bldr_get(state, "messages")); i++) {
		const struct bldr_value *m = bldr_at(bldr_get(state, "messages"), i);

		printf("%s: %s\n", bldr_get_text(m, "role"), bldr_get_text(m, "text"));
	}
	bldr_unref(state);
}

int main(int argc, char **argv)
{
	struct bldr_engine *e = example_open(argc, argv);
	struct bldr_graph *g = build();
	struct bldr_value *hello = said("u1", "hello, I am Ada");
	struct bldr_value *who = said("u2", "what did I say?");
	struct bldr_error err;

	example_graph(e, g);
	must(bldr_thread_start(e, "chat", "chat-1", hello, &err), &err);
	must(bldr_engine_run(e, &err), &err);
	bldr_engine_close(e);

	e = example_open(argc, argv); /* as after a restart */
	bldr_engine_add_graph(e, g);
	must(bldr_thread_input(e, "chat-1", who, BLDR_REJECT, &err), &err);
	show(e);
	bldr_unref(hello);
	bldr_unref(who);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return 0;
}
