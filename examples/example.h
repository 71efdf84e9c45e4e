/* What every example begins and ends with: an engine on a journal of its own, errors that end it, values shown. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bldr/engine.h>

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static inline void must(int rc, const struct bldr_error *err)
{
	if (rc < 0) {
		fprintf(stderr, "error: %s\n", err->text);
		exit(1);
	}
}

/* The journal is the first argument, or example.db here. */
static inline struct bldr_engine *example_open(int argc, char **argv)
{
	const struct bldr_engine_options options = { .journal = argc > 1 ? argv[1] : "example.db" };
	struct bldr_engine *e = NULL;
	struct bldr_error err;

	must(bldr_engine_open(&options, &e, &err), &err);
	return e;
}

static inline void example_graph(struct bldr_engine *e, struct bldr_graph *g)
{
	struct bldr_error err;

	must(bldr_graph_compile(g, &err), &err);
	bldr_engine_add_graph(e, g);
}

/* {"key": text}; give it to bldr_unref. */
static inline struct bldr_value *example_input(const char *key, const char *text)
{
	struct bldr_value *input = bldr_object();

	bldr_object_set(input, key, bldr_text(text));
	return input;
}

/* Runs the loop until nothing is left to do, and shows a thread's channels. */
static inline void example_run(struct bldr_engine *e, const char *thread)
{
	struct bldr_value *state = NULL;
	struct bldr_error err;
	char *text;

	must(bldr_engine_run(e, &err), &err);
	must(bldr_thread_state(e, thread, &state, &err), &err);
	text = bldr_value_text(state);
	puts(text);
	free(text);
	bldr_unref(state);
}
