/* Opening, running, telling. The journal is that of the output folder; nothing else is written there. */
#include "cli/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/builtin_nodes.h"
#include "cli/interruptible.h"
#include "graph/graph.h"

int bench_graph(const char *file, struct bldr_graph **ret, struct bldr_error *err)
{
	size_t n;
	const struct bldr_node *nodes = builtin_nodes(&n);

	return bldr_graph_read(file, nodes, n, ret, err);
}

static const char *mode_name(enum bldr_stream mode)
{
	switch (mode) {
	case BLDR_STREAM_VALUES:
		return "values";
	case BLDR_STREAM_UPDATES:
		return "updates";
	case BLDR_STREAM_CHECKPOINTS:
		return "checkpoints";
	case BLDR_STREAM_TASKS:
		return "tasks";
	case BLDR_STREAM_DEBUG:
		return "debug";
	case BLDR_STREAM_MESSAGES:
		return "messages";
	case BLDR_STREAM_CUSTOM:
		return "custom";
	}
	return "";
}

static void print_part(const struct bldr_stream_part *part, void *user)
{
	struct bldr_value *line = bldr_object();
	char *text;

	(void)user;
	bldr_object_set(line, "thread", bldr_text(part->thread));
	bldr_object_set(line, "seq", bldr_int(part->seq));
	bldr_object_set(line, "mode", bldr_text(mode_name(part->mode)));
	bldr_object_set(line, "path", bldr_text(part->path));
	bldr_object_set(line, "data", bldr_ref(part->data));
	text = bldr_value_text(line);
	puts(text);
	(void)fflush(stdout);
	free(text);
	bldr_unref(line);
}

static int open_graph(struct bench *b, struct bldr_error *err)
{
	int r = 0;

	if (b->options.file != NULL) {
		r = bench_graph(b->options.file, &b->graph, err);
		if (r == 0 && b->options.recursion_limit > 0) {
			bldr_graph_recursion_limit(b->graph, b->options.recursion_limit);
		}
	} else if (b->options.runs) {
		r = agents_new(&b->agents, err);
	}
	return r;
}

static int open_engine(struct bench *b, struct bldr_error *err)
{
	const char *output = b->settings->output;
	struct bldr_engine_options o = {
		.journal = arena_printf(&b->arena, "%s/bldr.db", output),
		.durability = b->options.durability,
		.workers = b->settings->workers,
		.read_only = b->options.read_only,
		.record_updates = (b->options.modes & BLDR_STREAM_UPDATES) != 0,
	};
	int r = 0;

	if (b->options.must_exist && !file_exists(o.journal)) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no threads in \"%s\": it holds no bldr.db; name another "
				      "folder by --output",
				      output);
	}
	if (!b->options.read_only) {
		r = file_mkdirs(output, err);
	}
	return r == 0 ? bldr_engine_open(&o, &b->engine, err) : r;
}

int bench_open(struct bench *b, const struct settings *settings,
	       const struct bench_options *options, struct bldr_error *err)
{
	int r;

	*b = (struct bench){ .settings = settings, .options = *options };
	r = open_graph(b, err);
	r = r == 0 ? open_engine(b, err) : r;
	if (r < 0) {
		return r;
	}
	if (b->graph != NULL) {
		bldr_engine_add_graph(b->engine, b->graph);
	}
	if (b->agents != NULL) {
		bldr_engine_add_graph(b->engine, agents_graph(b->agents));
	}
	if (options->hooks->event != NULL) {
		bldr_engine_observe(b->engine, options->hooks->event, options->hooks->user);
	}
	if (options->modes != 0) {
		bldr_engine_stream(b->engine, options->modes, print_part, NULL);
	}
	return 0;
}

void bench_close(struct bench *b)
{
	bldr_engine_close(b->engine);
	bldr_graph_free(b->graph);
	agents_free(b->agents);
	arena_release(&b->arena);
}

/* The graph of that name, or NULL. */
static const struct bldr_graph *known(const struct bench *b, const char *name)
{
	const struct bldr_graph *g = b->graph != NULL ? b->graph
		: b->agents != NULL                   ? agents_graph(b->agents)
						      : NULL;

	return g != NULL && strcmp(bldr_graph_name(g), name) == 0 ? g : NULL;
}

int bench_knows(struct bench *b, const char *thread, struct bldr_error *err)
{
	struct bldr_thread t;
	int r = bldr_thread_info(b->engine, thread, &t, err);

	if (r < 0 || known(b, t.graph) != NULL) {
		return r;
	}
	if (b->graph != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "thread \"%s\" is of graph \"%s\"; \"%s\" is graph \"%s\"",
				      thread, t.graph, b->options.file, bldr_graph_name(b->graph));
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "thread \"%s\" is of graph \"%s\": give its file by --graph FILE",
			      thread, t.graph);
}

static int add_interrupt(const struct bldr_interrupt *i, void *user)
{
	struct bldr_value *item = bldr_object();

	bldr_object_set(item, "key", bldr_text(i->key));
	bldr_object_set(item, "asked_ms", bldr_int(i->asked_ms));
	bldr_object_set(item, "question", bldr_ref(i->question));
	bldr_list_add(user, item);
	return 0;
}

/* Of a state the channels that the graph puts out. */
static struct bldr_value *output_of(const struct bldr_graph *g, const struct bldr_value *state)
{
	struct bldr_value *output = bldr_object();

	for (size_t i = 0; i < g->n_channels; i++) {
		const struct bldr_value *value = bldr_get(state, g->channels[i].name);

		if (g->channels[i].output && value != NULL) {
			bldr_object_set(output, g->channels[i].name, bldr_ref(value));
		}
	}
	return output;
}

static const char *status_of(const struct bldr_thread *t, const struct bldr_value *interrupts)
{
	switch (t->status) {
	case BLDR_THREAD_DONE:
		return "done";
	case BLDR_THREAD_FAILED:
		return "failed";
	case BLDR_THREAD_PAUSED:
		return "paused";
	case BLDR_THREAD_RUNNING:
		break;
	}
	return bldr_count(interrupts) > 0 ? "waiting" : "running";
}

/* Takes interrupts. */
static struct bldr_value *told(const struct bldr_thread *t, struct bldr_value *interrupts)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "thread", bldr_text(t->id));
	bldr_object_set(v, "graph", bldr_text(t->graph));
	bldr_object_set(v, "version", bldr_int(t->graph_version));
	bldr_object_set(v, "status", bldr_text(status_of(t, interrupts)));
	bldr_object_set(v, "lineage", bldr_int(t->lineage));
	bldr_object_set(v, "step", bldr_int(t->step));
	bldr_object_set(v, "queued", bldr_int(t->queued));
	bldr_object_set(v, "created_ms", bldr_int(t->created_ms));
	bldr_object_set(v, "updated_ms", bldr_int(t->updated_ms));
	bldr_object_set(v, "events", bldr_int(t->events));
	if (t->status == BLDR_THREAD_FAILED) {
		bldr_object_set(v, "code", bldr_text(bldr_error_name(t->code)));
		bldr_object_set(v, "error", bldr_text(t->error));
	}
	bldr_object_set(v, "interrupts", interrupts);
	return v;
}

int bench_thread(struct bench *b, const char *thread, struct bldr_value **ret,
		 struct bldr_error *err)
{
	struct bldr_value *interrupts = bldr_list();
	struct bldr_value *state = NULL;
	struct bldr_thread t;
	const struct bldr_graph *g = NULL;
	int r = bldr_thread_info(b->engine, thread, &t, err);

	if (r == 0) {
		r = bldr_thread_interrupts(b->engine, thread, add_interrupt, interrupts, err);
	}
	if (r == 0) {
		g = known(b, t.graph);
		r = g != NULL ? bldr_thread_state(b->engine, thread, &state, err) : 0;
	}
	if (r < 0) {
		bldr_unref(interrupts);
		return r;
	}
	*ret = told(&t, interrupts);
	if (g != NULL) {
		bldr_object_set(*ret, "output", output_of(g, state));
	}
	bldr_unref(state);
	return 0;
}

static int exit_code_of(const char *status)
{
	return strcmp(status, "done") == 0      ? EXIT_VALIDATED
		: strcmp(status, "failed") == 0 ? EXIT_FINDINGS
						: EXIT_INTERRUPTED;
}

/* What each question is, and how to answer it. */
static void print_interrupts(const struct bench *b, const struct bldr_value *t)
{
	const struct bldr_value *list = bldr_get(t, "interrupts");
	const char *file = b->options.file != NULL ? b->options.file : "FILE";

	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *item = bldr_at(list, i);
		const char *question = bldr_get_text(bldr_get(item, "question"), "question");

		fprintf(stderr, "bldr: it asks: %s\n", question != NULL ? question : "");
		fprintf(stderr,
			"bldr: answer by: bldr threads answer %s JSON --graph %s --output %s",
			bldr_get_text(t, "thread"), file, b->settings->output);
		if (bldr_count(list) > 1) {
			fprintf(stderr, " --to '%s'", bldr_get_text(item, "key"));
		}
		fputc('\n', stderr);
	}
}

static void print_status(const struct bench *b, const struct bldr_value *t)
{
	const char *status = bldr_get_text(t, "status");

	fprintf(stderr, "bldr: thread %s is %s\n", bldr_get_text(t, "thread"), status);
	if (strcmp(status, "failed") == 0) {
		fprintf(stderr, "bldr: %s: %s\n", bldr_get_text(t, "code"),
			bldr_get_text(t, "error"));
	}
	print_interrupts(b, t);
	if (strcmp(status, "done") != 0 && strcmp(status, "waiting") != 0) {
		fprintf(stderr, "bldr: go on with: bldr threads resume %s --graph %s --output %s\n",
			bldr_get_text(t, "thread"),
			b->options.file != NULL ? b->options.file : "FILE", b->settings->output);
	}
}

int bench_drive(struct bench *b, const char *thread)
{
	struct bldr_value *t = NULL;
	struct bldr_error err;
	int exit_code;
	int r = interruptible_run(b->engine, &err);

	r = r == 0 ? bench_thread(b, thread, &t, &err) : r;
	if (r < 0) {
		return command_fail(&err);
	}
	exit_code = exit_code_of(bldr_get_text(t, "status"));
	print_status(b, t);
	if (b->settings->json) {
		bldr_object_set(t, "exit_code", bldr_int(exit_code));
		command_print_json(t);
		return exit_code;
	}
	if (b->options.modes == 0) {
		command_print_json(bldr_ref(bldr_get(t, "output")));
	}
	bldr_unref(t);
	return exit_code;
}
