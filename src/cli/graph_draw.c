/* bldr graph draw: a graph from its compiled object; without a file the graph that `bldr run` executes. */
#include <stdio.h>
#include <stdlib.h>

#include "agents/agents.h"
#include "cli/bench.h"
#include "cli/said.h"

enum { FORMAT_MERMAID, FORMAT_JSON };

static void draw(const struct bldr_graph *g, int64_t format)
{
	char *text;

	if (format == FORMAT_JSON) {
		command_print_json(bldr_graph_structure(g));
		return;
	}
	text = bldr_graph_mermaid(g);
	fputs(text, stdout);
	free(text);
}

/* file NULL: the main graph. */
static int draw_of(const char *file, int64_t format)
{
	struct bldr_graph *g = NULL;
	struct agents *agents = NULL;
	struct bldr_error err;
	int r = file != NULL ? bench_graph(file, &g, &err) : agents_new(&agents, &err);

	if (r < 0) {
		return command_fail(&err);
	}
	draw(file != NULL ? g : agents_graph(agents), format);
	bldr_graph_free(g);
	agents_free(agents);
	return EXIT_VALIDATED;
}

int command_graph_draw(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const char *const formats[] = { "mermaid", "json", NULL };
	const char *format = "mermaid";
	const struct option_spec options[] = {
		{ .name = "format",
		  .kind = OPTION_TEXT,
		  .ret = &format,
		  .value = "mermaid|json",
		  .help = "a drawing, or the compiled structure" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr graph draw [FILE] [--format mermaid|json]",
		.summary = "Draws a graph file, or the main graph of the agents, as Mermaid text.",
		.examples = "bldr graph draw > graph.mmd\nbldr graph draw agent.json --format json",
		.options = options,
		.operands_max = 1,
	};
	struct bldr_error err;
	char **operands;
	size_t n;
	int64_t chosen;
	int exit_code;

	(void)hooks;
	if (!command_options(&spec, argc, argv, &operands, &n, &exit_code)) {
		return exit_code;
	}
	if (said_choice("format", format, formats, &chosen, &err) < 0) {
		return command_fail(&err);
	}
	return draw_of(n > 0 ? operands[0] : NULL, chosen);
}
