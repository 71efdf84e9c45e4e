/*
 * A line of a child: it is an answer, something said, an error, or refused with a reason. What the host takes for an answer, a
 * process node makes a patch, a plan or another round of, or fails with: it never ends otherwise, whatever is in it.
 */
#include <stdio.h>
#include <stdlib.h>

#include <bldr/graph_file.h>
#include "base/asset.h"
#include "fuzz/fuzz.h"
#include "graph/run.h"
#include "graphfile/parts.h"
#include "host/node_line.h"

static struct process_node config;

static const struct bldr_graph *graph(void)
{
	static const char *const both[] = { "plan", NULL };
	static const char *const channels[] = { "n", "log", "m", "messages", NULL };
	static struct bldr_graph *g;
	struct bldr_value *text = NULL;
	struct json_schema *lines = NULL;
	const struct asset *asset = asset_find("schemas/node_line.schema.json");
	if (g != NULL) {
		return g;
	}
	ASSERT(bldr_value_parse((const char *)asset->data, asset->size, &text, NULL) == 0);
	ASSERT(json_schema_new(text, &lines, NULL) == 0);
	config = (struct process_node){ .name = "plan", .cwd = "/", .lines = lines };
	g = bldr_graph_new("g", 1);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "m", BLDR_MERGE);
	bldr_graph_channel(g, "messages", BLDR_MESSAGES);
	bldr_graph_recursion_limit(g, 3);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "plan",
					     .writes = channels,
					     .sends = both,
					     .gotos = both,
					     .prepare = process_prepare,
					     .absorb = process_absorb,
					     .config = &config });
	bldr_graph_edge(g, BLDR_START, "plan");
	struct bldr_error err;
	if (bldr_graph_compile(g, &err) < 0) {
		fputs(err.text, stderr);
		abort();
	};
	return g;
}

/* The first call of the node is answered so. */
static void deliver(const struct bldr_value *answer)
{
	struct update u = { 0 };
	struct run *r = run_new(graph(), "t", 7);
	ASSERT(run_begin(r, NULL, 0, &u, NULL) == 0 && u.intents.n == 1);
	int64_t effect = u.intents.at[0].id;
	update_release(&u);
	u = (struct update){ 0 };
	run_deliver(r, effect, BLDR_DONE, 0, answer, NULL, 1, &u);
	if (run_status(r) == RUN_FAILED) {
		ASSERT(u.error != NULL && u.error[0] != '\0' && u.code < 0);
	} else {
		ASSERT(run_status(r) == RUN_DONE || u.intents.n > 0);
	}
	update_release(&u);
	run_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node_line line = { 0 };
	struct bldr_error err = { 0 };
	int rc = node_line_read((const char *)data, size, &line, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID && line.value == NULL && line.error == NULL);
		return 0;
	}
	switch (line.sort) {
	case NODE_ANSWER:
		deliver(line.value);
		break;
	case NODE_EMIT:
		ASSERT(strcmp(line.mode, "custom") == 0 || strcmp(line.mode, "message") == 0);
		break;
	case NODE_ERROR:
		ASSERT(line.code < 0 && line.error != NULL);
		break;
	}
	bldr_unref(line.value);
	free(line.error);
	return 0;
}
