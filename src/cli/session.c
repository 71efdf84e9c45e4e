/*
 * Opens an output folder and drives one run in it. Durable facts are the journal's; what is written
 * here besides (run.json, work.jsonl, steps.jsonl) is for people and audits, and losing it loses no state.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/evaluator/measured.h"
#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/approval.h"
#include "cli/interruptible.h"
#include "cli/outcome.h"
#include "cli/progress.h"
#include "cli/session.h"

/* Where a run begins and where it breaks; how it ended is logged with its outcome. */
static void log_run(const struct bldr_event *event)
{
	if (strcmp(event->type, "run.started") == 0 || strcmp(event->type, "run.resumed") == 0) {
		LOG(LOG_INFO, event->type, LOG_TEXT("run", event->thread),
		    LOG_INT("seq", event->seq));
	} else if (strcmp(event->type, "run.failed") == 0) {
		LOG(LOG_ERROR, event->type, LOG_TEXT("run", event->thread),
		    LOG_TEXT("error", bldr_get_text(event->data, "error")));
	}
}

static void log_outcome(const struct bldr_value *outcome)
{
	LOG(LOG_INFO, "run.ended", LOG_TEXT("run", bldr_get_text(outcome, "run")),
	    LOG_TEXT("status", bldr_get_text(outcome, "status")),
	    LOG_TEXT("verdict", bldr_get_text(outcome, "verdict")),
	    LOG_INT("exit_code", bldr_get_int(outcome, "exit_code", EXIT_WORLD)),
	    LOG_INT("ms",
		    bldr_get_int(outcome, "updated_ms", 0) -
			    bldr_get_int(outcome, "started_ms", 0)));
}

static void on_event(const struct bldr_event *event, void *user)
{
	struct session *s = user;

	log_run(event);
	if (s->progress != NULL) {
		progress_event(s->progress, event);
	}
	if (s->hooks->event != NULL) {
		s->hooks->event(event, s->hooks->user);
	}
}

/* One line per performance of an effect: what auditors compare with the journal. */
static void on_effect(const char *thread, const char *key, const char *kind, const char *name,
		      void *user)
{
	struct session *s = user;
	struct bldr_value *line = bldr_object();
	char *text;
	char *whole;

	(void)thread;
	bldr_object_set(line, "key", bldr_text(key));
	bldr_object_set(line, "kind", bldr_text(kind));
	bldr_object_set(line, "name", bldr_text(name));
	text = bldr_value_text(line);
	whole = xasprintf("%s\n", text);
	if (s->work_log >= 0 && write(s->work_log, whole, strlen(whole)) < 0) {
		close(s->work_log);
		s->work_log = -1;
	}
	free(whole);
	free(text);
	bldr_unref(line);
}

/* Registers work functions, measured; one of the same name is replaced. */
static void add_works(struct session *s, const struct bldr_work_type *types, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bldr_work_type type = types[i];

		type.context = &s->context;
		type = meter_wrap(s->meter, &type);
		bldr_engine_add_work(s->engine, &type);
	}
}

static void add_all_works(struct session *s)
{
	size_t n;
	const struct bldr_work_type *types = agents_work(&n);

	add_works(s, types, n);
	add_works(s, s->hooks->work, s->hooks->n_work);
}

int session_open(struct session *s, const struct settings *settings, bool read_only,
		 const struct cli_hooks *hooks, struct bldr_error *err)
{
	const char *output = settings->output;
	struct bldr_engine_options options = {
		.durability = settings->durability,
		.workers = settings->workers,
		.read_only = read_only,
	};
	int r;

	*s = (struct session){ .hooks = hooks, .settings = settings, .work_log = -1 };
	s->output = arena_strdup(&s->arena, output);
	s->context.output = s->output;
	options.journal = arena_printf(&s->arena, "%s/bldr.db", output);
	if (read_only && !file_exists(options.journal)) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no runs in \"%s\": it holds no bldr.db; name another folder "
				      "by --output",
				      output);
	}
	if (!read_only) {
		r = file_mkdirs(output, err);
		if (r < 0) {
			return r;
		}
	}
	r = agents_new(&s->agents, err);
	if (r == 0) {
		r = bldr_engine_open(&options, &s->engine, err);
	}
	if (r < 0) {
		return r;
	}
	r = agents_register(s->agents, s->engine, &s->context, err);
	if (r < 0) {
		return r;
	}
	s->meter = meter_new();
	add_all_works(s);
	bldr_engine_observe(s->engine, on_event, s);
	bldr_engine_observe_effects(s->engine, on_effect, s);
	return 0;
}

void session_close(struct session *s)
{
	if (s->engine != NULL) {
		bldr_engine_close(s->engine);
	}
	agents_free(s->agents);
	progress_free(s->progress);
	meter_free(s->meter);
	if (s->work_log >= 0) {
		close(s->work_log);
	}
	arena_release(&s->arena);
}

int session_enter(struct session *s, const char *run, struct bldr_error *err)
{
	const char *log;
	int r;

	s->run = arena_strdup(&s->arena, run);
	s->folder = arena_printf(&s->arena, "%s/%s", s->output, run);
	r = file_mkdirs(arena_printf(&s->arena, "%s/artefacts/profiles", s->folder), err);
	if (r < 0) {
		return r;
	}
	log = arena_printf(&s->arena, "%s/work.jsonl", s->folder);
	s->work_log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (s->work_log < 0) {
		return bldr_error_set(err, BLDR_E_IO, "cannot write \"%s\": %s", log,
				      strerror(errno));
	}
	return meter_open(s->meter, s->folder, err);
}

/* On a terminal the person is asked at once. True: there is an answer, and the run goes on with it. */
static bool answered(struct session *s, const struct bldr_value *outcome)
{
	struct bldr_value *answer = approval_ask(outcome);
	struct bldr_error err;
	int r;

	if (answer == NULL) {
		return false;
	}
	r = bldr_thread_answer(s->engine, s->run, NULL, answer, &err);
	bldr_unref(answer);
	if (r < 0) {
		fprintf(stderr, "bldr: %s\n", err.text);
	}
	return r == 0;
}

/* Adds what the steps cost to the outcome, and fills it into the report when there is one. */
static void tell_costs(struct session *s, struct bldr_value *outcome)
{
	struct bldr_value *steps = meter_read(s->folder);
	struct bldr_value *process = meter_process();
	const char *report = bldr_get_text(outcome, "report");
	struct bldr_error err;

	if (report != NULL &&
	    report_measure(report, steps, process, bldr_get(outcome, "remote"), &err) < 0) {
		fprintf(stderr, "bldr: %s\n", err.text);
	}
	bldr_object_set(outcome, "steps", steps);
	bldr_object_set(outcome, "process", process);
}

/* How the run goes on, when the journal has something of it. */
static void tell_stopped(struct session *s, const struct bldr_error *why)
{
	struct bldr_thread thread;
	struct bldr_error err;
	char *word;

	if (bldr_thread_info(s->engine, s->run, &thread, &err) == BLDR_E_NOT_FOUND) {
		fprintf(stderr,
			"bldr: %s\nbldr: nothing of the run is recorded; start it again when that is "
			"mended\n",
			why->text);
		return;
	}
	word = command_shell_word(s->output);
	fprintf(stderr,
		"bldr: %s\nbldr: what is recorded is safe; go on with: bldr runs resume %s --output "
		"%s\n",
		why->text, s->run, word);
	free(word);
}

int session_drive(struct session *s)
{
	bool json = s->settings->json;
	struct bldr_value *outcome = NULL;
	struct bldr_error err;
	int exit_code;
	int r;

	do {
		s->progress = progress_new(s->settings->progress, json, s->meter);
		r = interruptible_run(s->engine, &err);
		progress_free(s->progress);
		s->progress = NULL;
		if (r < 0) {
			tell_stopped(s, &err);
			return EXIT_WORLD;
		}
		bldr_unref(outcome);
		r = session_outcome(s, s->run, &outcome, &err);
		if (r < 0) {
			return command_fail(&err);
		}
	} while (!json && !interruptible_was_stopped() && answered(s, outcome));
	if (interruptible_was_stopped() &&
	    strcmp(bldr_get_text(outcome, "status"), "running") == 0) {
		bldr_object_set(outcome, "exit_code", bldr_int(EXIT_INTERRUPTED));
	}
	exit_code = (int)bldr_get_int(outcome, "exit_code", EXIT_WORLD);
	log_outcome(outcome);
	tell_costs(s, outcome);
	r = outcome_store(s->folder, outcome, &err);
	if (r < 0) {
		fprintf(stderr, "bldr: %s\n", err.text);
	}
	if (json) {
		command_print_json(outcome);
	} else {
		outcome_print(outcome, s->output, stdout);
		bldr_unref(outcome);
	}
	return exit_code;
}

static int add_interrupt(const struct bldr_interrupt *i, void *user)
{
	struct bldr_value *item = bldr_object();

	bldr_object_set(item, "key", bldr_text(i->key));
	bldr_object_set(item, "asked_ms", bldr_int(i->asked_ms));
	bldr_object_set(item, "question", bldr_ref(i->question));
	bldr_list_add(user, item);
	return 0;
}

/* What the run waits for a person to say; absent when nothing. */
static int add_interrupts(struct session *s, const char *run, struct bldr_value *outcome,
			  struct bldr_error *err)
{
	struct bldr_value *list = bldr_list();
	int r = bldr_thread_interrupts(s->engine, run, add_interrupt, list, err);

	if (r == 0 && bldr_count(list) > 0) {
		bldr_object_set(outcome, "interrupts", list);
		bldr_object_set(outcome, "exit_code", bldr_int(EXIT_INTERRUPTED));
	} else {
		bldr_unref(list);
	}
	return r;
}

int session_outcome(struct session *s, const char *run, struct bldr_value **ret,
		    struct bldr_error *err)
{
	struct bldr_thread thread;
	struct bldr_value *state = NULL;
	int r = bldr_thread_info(s->engine, run, &thread, err);

	if (r == 0) {
		r = bldr_thread_state(s->engine, run, &state, err);
	}
	if (r == 0) {
		struct bldr_value *outcome = outcome_new(s->output, &thread, state);

		r = add_interrupts(s, run, outcome, err);
		if (r == 0) {
			*ret = outcome;
		} else {
			bldr_unref(outcome);
		}
	}
	bldr_unref(state);
	return r;
}
