/* bldr graph draw: the graph that `bldr run` executes, from the same compiled object. */
#include <stdio.h>
#include <stdlib.h>

#include "agents/agents.h"
#include "cli/cli.h"

int command_graph_draw(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct command_spec spec = {
		.usage = "bldr graph draw",
		.summary = "Draws the main graph of the agents as Mermaid text.",
		.examples = "bldr graph draw > graph.mmd",
	};
	struct bldr_error err;
	struct agents *agents;
	char *text;
	int exit_code;

	(void)hooks;
	if (!command_options(&spec, argc, argv, NULL, NULL, &exit_code)) {
		return exit_code;
	}
	if (agents_new(&agents, &err) < 0) {
		return command_fail(&err);
	}
	text = bldr_graph_mermaid(agents_graph(agents));
	fputs(text, stdout);
	free(text);
	agents_free(agents);
	return EXIT_VALIDATED;
}
