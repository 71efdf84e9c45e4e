/* bldr run: starts a thread of the main graph on a source folder and drives it to its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/ids.h"
#include "cli/access.h"
#include "cli/plan.h"
#include "cli/runs.h"
#include "cli/session.h"
#include "ingest/ingest.h"

/* What the command line says of a run. */
struct asked {
	bool approve, databricks;
};

void runs_new_id(char ret[RUN_ID_MAX])
{
	char uuid[UUID_TEXT_MAX];
	char when[32];
	time_t now = time(NULL);
	struct tm utc;

	uuid7(uuid);
	gmtime_r(&now, &utc);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &utc);
	snprintf(ret, RUN_ID_MAX, "%s-%s", when, uuid + strlen(uuid) - 6);
}

static int start(struct session *s, const char *source_dir, const struct asked *asked,
		 const struct bldr_value *databricks, struct bldr_error *err)
{
	char run[RUN_ID_MAX];
	const struct agents_job job = {
		.run = run,
		.source_dir = source_dir,
		.rounds_max = s->settings->rounds,
		.approve = asked->approve,
		.knowledge = s->settings->knowledge,
		.databricks = databricks,
	};
	struct bldr_value *input;
	int r;

	runs_new_id(run);
	r = session_enter(s, run, err);
	if (r < 0) {
		return r;
	}
	input = agents_input(&job);
	r = bldr_thread_start(s->engine, "main", run, input, err);
	bldr_unref(input);
	return r;
}

/* With the workspace that it works in. */
static int start_remote(struct session *s, const char *source_dir, const struct asked *asked,
			struct bldr_error *err)
{
	struct databricks_config config;
	struct arena a = { 0 };
	struct bldr_value *databricks;
	int r = access_config(s->settings, &a, &config, err);

	if (r == 0) {
		r = access_register(s->engine, &config, err);
	}
	if (r == 0) {
		databricks = access_job(&config, s->settings);
		r = start(s, source_dir, asked, databricks, err);
		bldr_unref(databricks);
	}
	databricks_config_release(&config);
	arena_release(&a);
	return r;
}

static int run(const char *source_dir, const struct settings *settings, const struct asked *asked,
	       const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_error err;
	char *absolute = NULL;
	int exit_code;
	int r = ingest_check_folder(source_dir, &err);

	if (r < 0) {
		return command_fail(&err);
	}
	absolute = realpath(source_dir, NULL);
	if (absolute == NULL) {
		bldr_error_set(&err, BLDR_E_IO, "source folder \"%s\": %s", source_dir,
			       strerror(errno));
		return command_fail(&err);
	}
	r = session_open(&s, settings, false, hooks, &err);
	if (r == 0) {
		r = asked->databricks ? start_remote(&s, absolute, asked, &err)
				      : start(&s, absolute, asked, NULL, &err);
	}
	if (r < 0) {
		exit_code = command_fail(&err);
	} else {
		if (settings->progress != PROGRESS_NONE) {
			fprintf(stderr, "run %s: %s\n", s.run, source_dir);
		}
		exit_code = session_drive(&s);
	}
	session_close(&s);
	free(absolute);
	return exit_code;
}

int command_run(int argc, char **argv, const struct cli_hooks *hooks)
{
	const char *source_dir = NULL;
	const char *target = "embedded";
	struct asked asked = { 0 };
	bool dry_run = false;
	const struct option_spec options[] = {
		{ .name = "source-dir",
		  .letter = 's',
		  .kind = OPTION_TEXT,
		  .ret = &source_dir,
		  .value = "DIR",
		  .help = "folder of raw files (.csv .tsv .txt .json .jsonl ...)" },
		{ .name = "target",
		  .kind = OPTION_TEXT,
		  .ret = &target,
		  .value = "TARGET",
		  .help = "where the star is built: embedded (warehouse.db in the run's folder), or "
			  "databricks (there too, and in a workspace by the emitted job)" },
		{ .name = "approve",
		  .kind = OPTION_FLAG,
		  .ret = &asked.approve,
		  .help = "wait for a person to approve the design before anything is built" },
		{ .name = "dry-run",
		  .kind = OPTION_FLAG,
		  .ret = &dry_run,
		  .help = "only say what the run would make, as bldr plan does" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr run --source-dir DIR [--output DIR] [--target embedded|databricks] "
			 "[--approve] "
			 "[--dry-run] [--json]",
		.summary = "Turns a folder of raw files into a validated star schema.",
		.description =
			"Profiles the files, designs a star, maps and loads it into warehouse.db, "
			"emits the PySpark pipeline, and checks the result against the raw files.\n"
			"With --target databricks it uploads files and notebooks to the workspace of "
			"DATABRICKS_HOST, runs the job there, and checks what stands there.\n"
			"A run that was stopped or killed goes on with: bldr runs resume",
		.examples = "bldr run --source-dir data/jaffle_shop\n"
			    "bldr run -s exports -o /srv/bldr --json | jq .verdict\n"
			    "bldr run -s exports --target databricks --catalog main --schema sales",
		.options = options,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_RUN, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	if (source_dir == NULL) {
		fprintf(stderr, "bldr: --source-dir is missing\nusage: %s\n", spec.usage);
		return settings_end(&settings, EXIT_USAGE);
	}
	asked.databricks = strcmp(target, "databricks") == 0;
	if (!asked.databricks && strcmp(target, "embedded") != 0) {
		fprintf(stderr,
			"bldr: --target \"%s\" is not known: it is embedded or databricks\nusage: %s\n",
			target, spec.usage);
		return settings_end(&settings, EXIT_USAGE);
	}
	exit_code = dry_run ? plan_folder(source_dir, settings.json)
			    : run(source_dir, &settings, &asked, hooks);
	return settings_end(&settings, exit_code);
}
