/* bldr graph check: whether a graph file is one. */
#include <stdio.h>

#include "cli/bench.h"
#include "graph/graph.h"

static struct bldr_value *told(const struct bldr_graph *g)
{
	struct bldr_value *v = bldr_object();
	int64_t channels = 0;

	for (size_t i = 0; i < g->n_channels; i++) {
		channels += !g->channels[i].hidden;
	}
	bldr_object_set(v, "graph", bldr_text(bldr_graph_name(g)));
	bldr_object_set(v, "version", bldr_int(g->version));
	bldr_object_set(v, "hash", bldr_text(bldr_graph_hash(g)));
	bldr_object_set(v, "nodes", bldr_int((int64_t)g->n_nodes));
	bldr_object_set(v, "channels", bldr_int(channels));
	return v;
}

static int check(const char *file, bool json)
{
	struct bldr_graph *g = NULL;
	struct bldr_error err;
	struct bldr_value *v;

	if (bench_graph(file, &g, &err) < 0) {
		return command_fail(&err);
	}
	v = told(g);
	if (json) {
		command_print_json(v);
	} else {
		printf("%s version %lld is fine: %lld nodes, %lld channels\n",
		       bldr_get_text(v, "graph"), (long long)bldr_get_int(v, "version", 0),
		       (long long)bldr_get_int(v, "nodes", 0),
		       (long long)bldr_get_int(v, "channels", 0));
		bldr_unref(v);
	}
	bldr_graph_free(g);
	return EXIT_VALIDATED;
}

int command_graph_check(int argc, char **argv, const struct cli_hooks *hooks)
{
	bool json = false;
	const struct option_spec options[] = {
		{ .name = "json", .kind = OPTION_FLAG, .ret = &json, .help = "print JSON on stdout" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr graph check FILE [--json]",
		.summary = "Reads and compiles a graph file, and the files that it names.",
		.description =
			"Nothing is run. What is wrong is told with file, line and place; the "
			"exit code is 2 then.",
		.examples = "bldr graph check agent.json",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	char **operands;
	size_t n;
	int exit_code;

	(void)hooks;
	if (!command_options(&spec, argc, argv, &operands, &n, &exit_code)) {
		return exit_code;
	}
	return check(operands[0], json);
}
