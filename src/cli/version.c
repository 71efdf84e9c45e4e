/* bldr version */
#include <stdio.h>

#include "cli/cli.h"

int command_version(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct command_spec spec = {
		.usage = "bldr version",
		.summary = "Prints the version.",
	};
	int exit_code;

	(void)hooks;
	if (!command_options(&spec, argc, argv, NULL, NULL, &exit_code)) {
		return exit_code;
	}
	printf("bldr %s\n", BLDR_VERSION);
	return EXIT_VALIDATED;
}
