/* bldr run: starts a thread of the main graph on a source folder and drives it to its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/ids.h"
#include "cli/plan.h"
#include "cli/runs.h"
#include "cli/session.h"
#include "ingest/ingest.h"

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

static int start(struct session *s, const char *source_dir, bool approve, struct bldr_error *err)
{
	char run[RUN_ID_MAX];
	const struct agents_job job = {
		.run = run,
		.source_dir = source_dir,
		.rounds_max = s->settings->rounds,
		.approve = approve,
		.knowledge = s->settings->knowledge,
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

static int run(const char *source_dir, const struct settings *settings, bool approve,
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
		r = start(&s, absolute, approve, &err);
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
	bool approve = false;
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
		  .help = "where the star is built: embedded (warehouse.db in the run's folder)" },
		{ .name = "approve",
		  .kind = OPTION_FLAG,
		  .ret = &approve,
		  .help = "wait for a person to approve the design before anything is built" },
		{ .name = "dry-run",
		  .kind = OPTION_FLAG,
		  .ret = &dry_run,
		  .help = "only say what the run would make, as bldr plan does" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr run --source-dir DIR [--output DIR] [--target embedded] [--approve] "
			 "[--dry-run] [--json]",
		.summary = "Turns a folder of raw files into a validated star schema.",
		.description =
			"Profiles the files, designs a star, maps and loads it into warehouse.db, "
			"emits the PySpark pipeline, and checks the result against the raw files.\n"
			"A run that was stopped or killed goes on with: bldr runs resume",
		.examples = "bldr run --source-dir data/jaffle_shop\n"
			    "bldr run -s exports -o /srv/bldr --json | jq .verdict",
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
	if (strcmp(target, "embedded") != 0) {
		fprintf(stderr,
			"bldr: --target \"%s\" is not known: there is only embedded\nusage: %s\n",
			target, spec.usage);
		return settings_end(&settings, EXIT_USAGE);
	}
	exit_code = dry_run ? plan_folder(source_dir, settings.json)
			    : run(source_dir, &settings, approve, hooks);
	return settings_end(&settings, exit_code);
}
