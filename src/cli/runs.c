/* bldr runs list | show | resume: the threads of an output folder's journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/access.h"
#include "cli/approval.h"
#include "cli/meter.h"
#include "cli/outcome.h"
#include "cli/runs.h"
#include "cli/session.h"
#include "ingest/ingest.h"

struct listing {
	struct session *session;
	struct bldr_value *runs;
	struct bldr_error err;
};

/* Threads of other graphs may be in the same journal: bldr threads has them. */
static bool is_run(const struct bldr_thread *thread)
{
	return strcmp(thread->graph, "main") == 0;
}

static int add_run(const struct bldr_thread *thread, void *user)
{
	struct listing *l = user;
	struct bldr_value *outcome = NULL;
	int r;

	if (!is_run(thread)) {
		return 0;
	}
	r = session_outcome(l->session, thread->id, &outcome, &l->err);
	if (r == 0) {
		bldr_list_add(l->runs, outcome);
	}
	return r;
}

/* All runs, oldest first. The caller owns *ret. */
static int list_runs(struct session *s, struct bldr_value **ret, struct bldr_error *err)
{
	struct listing l = { .session = s, .runs = bldr_list() };
	int r = bldr_threads(s->engine, add_run, &l, &l.err);

	if (r < 0) {
		bldr_unref(l.runs);
		*err = l.err;
		return r;
	}
	*ret = l.runs;
	return 0;
}

static void print_runs(const struct bldr_value *runs)
{
	printf("%-24s %-8s %-10s %-20s %s\n", "RUN", "STATUS", "VERDICT", "STARTED", "SOURCE");
	for (size_t i = 0; i < bldr_count(runs); i++) {
		const struct bldr_value *o = bldr_at(runs, i);
		const char *verdict = bldr_get_text(o, "verdict");
		char when[WHEN_MAX];

		command_when(bldr_get_int(o, "started_ms", 0), when);
		printf("%-24s %-8s %-10s %-20s %s\n", bldr_get_text(o, "run"),
		       bldr_get_text(o, "status"), verdict != NULL ? verdict : "-", when,
		       bldr_get_text(o, "source_dir"));
	}
}

static int list(const struct settings *settings, const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_value *runs = NULL;
	struct bldr_error err;
	int r = session_open(&s, settings, true, hooks, &err);

	if (r == 0) {
		r = list_runs(&s, &runs, &err);
	}
	session_close(&s);
	if (r < 0) {
		return command_fail(&err);
	}
	if (settings->json) {
		command_print_json(runs);
	} else {
		print_runs(runs);
		bldr_unref(runs);
	}
	return EXIT_VALIDATED;
}

int command_runs_list(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr runs list [--output DIR] [--json]",
		.summary = "Lists the runs of an output folder, oldest first.",
		.examples = "bldr runs list --json | jq '.[].verdict'",
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, list(&settings, hooks));
}

/* The threads that may be meant; the newest of them is kept. */
struct search {
	const char *wanted; /* the beginning of an id; NULL: any */
	bool unfinished;    /* any but those that are done */
	char *found;        /* RUN_ID_MAX */
	size_t matches;
};

static int look_at_thread(const struct bldr_thread *thread, void *user)
{
	struct search *search = user;

	if (!is_run(thread)) {
		return 0;
	}
	if (search->wanted != NULL
		    ? strncmp(thread->id, search->wanted, strlen(search->wanted)) == 0
		    : !search->unfinished || thread->status != BLDR_THREAD_DONE) {
		snprintf(search->found, RUN_ID_MAX, "%s", thread->id);
		search->matches++;
	}
	return 0;
}

/* The id of the run that `wanted` names, among those that are not done when unfinished and wanted is NULL. Errors: those
 * of runs_open. */
static int find_run(struct session *s, const char *wanted, bool unfinished, char ret[RUN_ID_MAX],
		    struct bldr_error *err)
{
	bool latest = wanted == NULL || strcmp(wanted, "latest") == 0;
	struct search search = {
		.wanted = latest ? NULL : wanted,
		.unfinished = unfinished,
		.found = ret,
	};
	int r = bldr_threads(s->engine, look_at_thread, &search, err);

	if (r < 0) {
		return r;
	}
	if (search.matches == 0 && !latest) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no run \"%s\" in \"%s\"; bldr runs list names them", wanted,
				      s->output);
	}
	if (search.matches == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no %srun in \"%s\"",
				      unfinished ? "unfinished " : "", s->output);
	}
	if (search.matches > 1 && !latest) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "%zu runs begin with \"%s\"; give more of it", search.matches,
				      wanted);
	}
	return 0;
}

int runs_open(struct session *s, const struct settings *settings, const char *wanted,
	      const struct cli_hooks *hooks, struct bldr_value **ret, struct bldr_error *err)
{
	char run[RUN_ID_MAX];
	int r = session_open(s, settings, true, hooks, err);

	if (r == 0) {
		r = find_run(s, wanted, false, run, err);
	}
	return r < 0 ? r : session_outcome(s, run, ret, err);
}

static void print_run(const struct bldr_value *o, const char *output)
{
	const struct bldr_value *decisions = bldr_get(o, "decisions");
	const struct bldr_value *artefacts = bldr_get(o, "artefacts");
	char when[WHEN_MAX];

	command_when(bldr_get_int(o, "started_ms", 0), when);
	printf("run       %s\nstatus    %s\nsource    %s\nstarted   %s\nevents    %lld\n",
	       bldr_get_text(o, "run"), bldr_get_text(o, "status"), bldr_get_text(o, "source_dir"),
	       when, (long long)bldr_get_int(o, "events", 0));
	puts("decisions");
	for (size_t i = 0; i < bldr_count(decisions); i++) {
		const struct bldr_value *d = bldr_at(decisions, i);

		printf("  %-16s %s\n", bldr_get_text(d, "next"), bldr_get_text(d, "reason"));
	}
	puts("artefacts");
	for (void *it = bldr_first(artefacts); it != NULL; it = bldr_next(artefacts, it)) {
		printf("  %-16s %s/%s\n", bldr_key(it), bldr_get_text(o, "folder"),
		       bldr_get_text(bldr_item(it), "path"));
	}
	if (approval_pending(o) != NULL) {
		approval_show(o);
	}
	outcome_print_steps(bldr_get(o, "steps"), stdout);
	outcome_print(o, output, stdout);
}

/* wanted: as in runs_open. */
static int show(const struct settings *settings, const char *wanted, const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_value *outcome = NULL;
	struct bldr_error err;
	int r = runs_open(&s, settings, wanted, hooks, &outcome, &err);

	session_close(&s);
	if (r < 0) {
		return command_fail(&err);
	}
	bldr_object_set(outcome, "steps", meter_read(bldr_get_text(outcome, "folder")));
	if (settings->json) {
		command_print_json(outcome);
	} else {
		print_run(outcome, settings->output);
		bldr_unref(outcome);
	}
	return EXIT_VALIDATED;
}

int command_runs_show(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr runs show [RUN] [--output DIR] [--json]",
		.summary = "Shows one run; without RUN the newest.",
		.description = "RUN may be the beginning of a run's name, or latest.",
		.examples = "bldr runs show\nbldr runs show 20261121 --json",
		.operands_max = 1,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, show(&settings, settings_operand(&settings, 0), hooks));
}

/* The newest artefacts/sources.v<n>.json of the run; NULL: there is none yet. */
static const char *sources_path(struct session *s, struct arena *a)
{
	const char *found = NULL;

	for (int version = 1;; version++) {
		const char *path = arena_printf(a, "artefacts/sources.v%d.json", version);

		if (!file_exists(arena_printf(a, "%s/%s", s->folder, path))) {
			return found;
		}
		found = path;
	}
}

int runs_verify(struct session *s, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct artefact_ref ref = { .path = sources_path(s, &a) };
	struct bldr_value *state = NULL;
	struct sources sources;
	char hash[HASH_HEX_MAX];
	uint64_t bytes;
	int r = 0;

	if (ref.path != NULL) {
		r = file_hash(arena_printf(&a, "%s/%s", s->folder, ref.path), hash, &bytes, err);
		ref.hash = hash;
		ref.bytes = (int64_t)bytes;
		if (r == 0) {
			r = artefact_read(s->folder, "sources", &ref, &a, &sources, err);
		}
		if (r == 0) {
			r = bldr_thread_state(s->engine, s->run, &state, err);
		}
		if (r == 0) {
			r = ingest_verify(bldr_get_text(bldr_get(state, "job"), "source_dir"),
					  &sources, err);
		}
		bldr_unref(state);
	}
	arena_release(&a);
	return r;
}

int runs_enter(struct session *s, const struct settings *settings, const char *wanted,
	       char ret[RUN_ID_MAX], const struct cli_hooks *hooks, struct bldr_error *err)
{
	int r = session_open(s, settings, true, hooks, err); /* does the journal exist? */

	session_close(s);
	if (r < 0) {
		*s = (struct session){ .work_log = -1 };
		return r;
	}
	r = session_open(s, settings, false, hooks, err);
	if (r == 0) {
		r = find_run(s, wanted, true, ret, err);
	}
	if (r == 0) {
		r = access_resume(s->engine, ret, settings, err);
	}
	return r < 0 ? r : session_enter(s, ret, err);
}

static int resume(const struct settings *settings, const char *wanted, const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_error err;
	char run[RUN_ID_MAX];
	int exit_code;
	int r = runs_enter(&s, settings, wanted, run, hooks, &err);

	if (r == 0) {
		r = runs_verify(&s, &err);
	}
	if (r == 0) {
		r = bldr_thread_resume(s.engine, run, &err);
	}
	exit_code = r < 0 ? command_fail(&err) : session_drive(&s);
	session_close(&s);
	return exit_code;
}

int command_runs_resume(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr runs resume [RUN] [--output DIR] [--json]",
		.summary = "Goes on with a run that was stopped, killed or failed.",
		.description =
			"Nothing that was recorded is done again. Without RUN: the newest unfinished "
			"run.\nRefused when a source file has changed since the run read it.",
		.examples = "bldr runs resume\nbldr runs resume 20261121-083000 --output /srv/bldr",
		.operands_max = 1,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_RESUME, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, resume(&settings, settings_operand(&settings, 0), hooks));
}
