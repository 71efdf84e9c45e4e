/* bldr config: what is in force, and where each value came from. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/settings.h"

/* {"output": {"value": ..., "origin": ..., "environment": ..., "option": ..., "help": ...}, ...} */
static struct bldr_value *all(const struct config *c)
{
	struct bldr_value *v = bldr_object();

	for (const struct config_key *key = settings_keys; key->name != NULL; key++) {
		struct bldr_value *item = bldr_object();

		bldr_object_set(item, "value", config_value(c, key->name));
		bldr_object_set(item, "origin", bldr_text(config_origin(c, key->name)));
		bldr_object_set(item, "environment", bldr_text(key->env));
		bldr_object_set(item, "option", bldr_textf("--%s", key->option));
		bldr_object_set(item, "help", bldr_text(key->help));
		bldr_object_set(v, key->name, item);
	}
	return v;
}

static void print_all(const struct config *c)
{
	printf("%-11s %-20s %-24s %s\n", "KEY", "VALUE", "FROM", "ENVIRONMENT");
	for (const struct config_key *key = settings_keys; key->name != NULL; key++) {
		struct bldr_value *v = config_value(c, key->name);
		char *text = bldr_value_text(v);

		printf("%-11s %-20s %-24s %s\n", key->name, text, config_origin(c, key->name),
		       key->env);
		free(text);
		bldr_unref(v);
	}
}

int command_config(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr config [--config FILE] [--json]",
		.summary = "Shows the configuration in force and where each value came from.",
		.description =
			"Later layers win: built-in defaults, bldr.config.json in the current "
			"folder (or --config FILE),\n.env there, the environment, options.",
		.examples = "bldr config\nLOG_LEVEL=debug bldr config --json | jq '.\"log.level\"'",
	};
	struct settings settings;
	int exit_code;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_ALL, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	if (settings.json) {
		command_print_json(all(settings.config));
	} else {
		print_all(settings.config);
	}
	return settings_end(&settings, EXIT_VALIDATED);
}
