/* bldr workspace start|stop|status: the local Databricks workspace, to try things out and for tests. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "cli/local_workspace.h"
#include "cli/said.h"
#include "cli/settings.h"

/* What all three take. */
struct asked {
	const char *folder, *port;
	bool no_spark;
};

#define FOLDER                                                                               \
	{                                                                                    \
		.name = "folder", .kind = OPTION_TEXT, .ret = &asked.folder, .value = "DIR", \
		.help = "its state; default: workspace in --output"                          \
	}

static const char *folder_of(struct arena *a, const struct asked *asked, const struct settings *s)
{
	return asked->folder != NULL ? asked->folder : arena_printf(a, "%s/workspace", s->output);
}

/* none: what is said when nothing runs. */
static void print_served(const char *folder, const struct local_workspace *w, const char *none,
			 bool json)
{
	if (json) {
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "running", bldr_bool(w->pid != 0));
		bldr_object_set(v, "folder", bldr_text(folder));
		if (w->pid != 0) {
			bldr_object_set(v, "url", w->url != NULL ? bldr_text(w->url) : bldr_null());
			bldr_object_set(v, "pid", bldr_int(w->pid));
			bldr_object_set(v, "credentials", bldr_textf("%s/workspace.json", folder));
			bldr_object_set(v, "log", bldr_textf("%s/log", folder));
		}
		command_print_json(v);
	} else if (w->pid == 0) {
		char *word = command_shell_word(folder);

		printf("%s; start it: bldr workspace start --folder %s\n", none, word);
		free(word);
	} else {
		printf("workspace:   %s (process %d)\n"
		       "credentials: %s/workspace.json\n"
		       "log:         %s/log\n",
		       w->url != NULL ? w->url : "not ready yet", w->pid, folder, folder);
	}
}

/* What a command does with the workspace of that folder; *w is what is there afterwards. */
typedef int action(const char *folder, const struct asked *asked, const struct settings *s,
		   struct local_workspace *w, struct bldr_error *err);

/* A command; none, none_exits: what it says, and its exit code, when nothing runs afterwards. */
struct verb {
	enum settings_use use;
	action *does;
	const char *none;
	enum exit_code none_exits;
};

/* Does it, and shows what is there. */
static int act(const struct command_spec *spec, int argc, char **argv, const struct asked *asked,
	       const struct verb *verb)
{
	struct local_workspace w = { 0 };
	struct arena a = { 0 };
	struct settings s;
	struct bldr_error err;
	const char *folder;
	int exit_code;
	int r;

	if (!command_settings(spec, verb->use, argc, argv, &s, &exit_code)) {
		return exit_code;
	}
	folder = folder_of(&a, asked, &s);
	r = verb->does(folder, asked, &s, &w, &err);
	if (r == 0) {
		print_served(folder, &w, verb->none, s.json);
	}
	exit_code = r < 0    ? command_fail(&err)
		: w.pid == 0 ? (int)verb->none_exits
			     : EXIT_VALIDATED;
	local_workspace_release(&w);
	arena_release(&a);
	return settings_end(&s, exit_code);
}

static int start(const char *folder, const struct asked *asked, const struct settings *s,
		 struct local_workspace *w, struct bldr_error *err)
{
	int64_t port = 0;
	int r = asked->port != NULL ? said_int("port", asked->port, 0, 65535, &port, err) : 0;

	if (r == 0) {
		r = local_workspace_find(folder, w, err);
	}
	if (r == 0 && w->pid == 0) {
		const struct local_workspace_options o = {
			.folder = folder,
			.spark_home = config_text(s->config, "spark.home"),
			.port = (int)port,
			.no_spark = asked->no_spark,
		};

		r = local_workspace_start(&o, w, err);
	}
	return r;
}

static int stop(const char *folder, const struct asked *asked, const struct settings *s,
		struct local_workspace *w, struct bldr_error *err)
{
	(void)asked;
	(void)s;
	(void)w; /* nothing is there then */
	return local_workspace_stop(folder, err);
}

static int status(const char *folder, const struct asked *asked, const struct settings *s,
		  struct local_workspace *w, struct bldr_error *err)
{
	(void)asked;
	(void)s;
	return local_workspace_find(folder, w, err);
}

static const char not_running[] = "not running";
static const struct verb starts = { SETTINGS_WORKSPACE, start, not_running, EXIT_VALIDATED };
static const struct verb stops = { SETTINGS_READ, stop, "stopped", EXIT_VALIDATED };
static const struct verb asks = { SETTINGS_READ, status, not_running, EXIT_WORLD };

int command_workspace_start(int argc, char **argv, const struct cli_hooks *hooks)
{
	struct asked asked = { 0 };
	const struct option_spec options[] = {
		FOLDER,
		{ .name = "port",
		  .kind = OPTION_TEXT,
		  .ret = &asked.port,
		  .value = "N",
		  .help = "listen there, on loopback; default: a free one" },
		{ .name = "no-spark",
		  .kind = OPTION_FLAG,
		  .ret = &asked.no_spark,
		  .help = "files, secrets and tokens only: no SQL, no notebooks" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr workspace start [--folder DIR] [--port N] [--no-spark] [--json]",
		.summary =
			"Starts a Databricks workspace on this machine and waits until it answers.",
		.description =
			"It goes on in the background until bldr workspace stop; its state stays in the folder.\n"
			"workspace.json there has its url, a token and a service principal's id and secret.\n"
			"Needs what script/bootstrap --spark installs. docs/workspace.md says what it serves.",
		.examples =
			"bldr workspace start\n"
			"bldr workspace start --folder /srv/workspace --port 8080\n"
			"export DATABRICKS_HOST=$(bldr workspace status --json | jq -r .url)\n"
			"export DATABRICKS_TOKEN=$(jq -r .token output/workspace/workspace.json)",
		.options = options,
	};

	(void)hooks;
	return act(&spec, argc, argv, &asked, &starts);
}

int command_workspace_stop(int argc, char **argv, const struct cli_hooks *hooks)
{
	struct asked asked = { 0 };
	const struct option_spec options[] = { FOLDER, { .name = NULL } };
	const struct command_spec spec = {
		.usage = "bldr workspace stop [--folder DIR] [--json]",
		.summary =
			"Stops the local workspace; its state stays. Nothing to stop is no error.",
		.examples = "bldr workspace stop",
		.options = options,
	};

	(void)hooks;
	return act(&spec, argc, argv, &asked, &stops);
}

int command_workspace_status(int argc, char **argv, const struct cli_hooks *hooks)
{
	struct asked asked = { 0 };
	const struct option_spec options[] = { FOLDER, { .name = NULL } };
	const struct command_spec spec = {
		.usage = "bldr workspace status [--folder DIR] [--json]",
		.summary =
			"Says whether the local workspace runs, and where; exit 3 when it does not.",
		.examples = "bldr workspace status\nbldr workspace status --json | jq -r .url",
		.options = options,
	};

	(void)hooks;
	return act(&spec, argc, argv, &asked, &asks);
}
