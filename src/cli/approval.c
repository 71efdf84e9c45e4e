/* bldr runs approve | redesign | reject, and the question that bldr run --approve asks on a terminal. */
#include "cli/approval.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/agents.h"
#include "cli/outcome.h"
#include "cli/plan.h"
#include "cli/runs.h"

enum { LINE_MAX_BYTES = 256 };

const struct bldr_value *approval_pending(const struct bldr_value *outcome)
{
	const struct bldr_value *interrupts = bldr_get(outcome, "interrupts");

	for (size_t i = 0; i < bldr_count(interrupts); i++) {
		const struct bldr_value *q = bldr_get(bldr_at(interrupts, i), "question");
		const char *kind = bldr_get_text(q, "kind");

		if (kind != NULL && strcmp(kind, AGENTS_APPROVAL) == 0) {
			return q;
		}
	}
	return NULL;
}

void approval_tell(const struct bldr_value *outcome, const char *output, FILE *out)
{
	const char *run = bldr_get_text(outcome, "run");
	char *word = command_shell_word(output);

	fprintf(out,
		"  %s\n"
		"  see it:     bldr runs show %s --output %s\n"
		"  build it:   bldr runs approve %s --output %s\n"
		"  change it:  write bldr.json beside the files, then bldr runs redesign %s --output "
		"%s\n"
		"  end it:     bldr runs reject %s --output %s\n",
		bldr_get_text(approval_pending(outcome), "question"), run, word, run, word, run,
		word, run, word);
	free(word);
}

/* ---- showing ---- */

void approval_show(const struct bldr_value *outcome)
{
	struct arena a = { 0 };
	struct sources sources;
	struct profile profile;
	struct design design;
	struct bldr_error err;
	int r = outcome_artefact(outcome, "sources", &a, &sources, &err);

	if (r == 0) {
		r = outcome_artefact(outcome, "profile", &a, &profile, &err);
	}
	if (r == 0) {
		r = outcome_artefact(outcome, "design", &a, &design, &err);
	}
	if (r == 0) {
		plan_print(&sources, &profile, &design);
	} else {
		fprintf(stderr, "bldr: the design cannot be shown: %s\n", err.text);
	}
	arena_release(&a);
}

/* ---- asking ---- */

static struct bldr_value *answer_value(const char *answer, const char *reason)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "answer", bldr_text(answer));
	if (reason != NULL) {
		bldr_object_set(v, "reason", bldr_text(reason));
	}
	return v;
}

static const char *answer_of(const char *line)
{
	switch (line[0]) {
	case 'y':
		return "approve";
	case 'r':
		return "redesign";
	case 'n':
		return "reject";
	default:
		return NULL;
	}
}

struct bldr_value *approval_ask(const struct bldr_value *outcome)
{
	const struct bldr_value *question = approval_pending(outcome);
	char line[LINE_MAX_BYTES];

	if (question == NULL || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		return NULL;
	}
	approval_show(outcome);
	for (;;) {
		printf("%s [y]es, build it / [r]edesign with bldr.json / [n]o, end the run / "
		       "[l]ater: ",
		       bldr_get_text(question, "question"));
		fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL || line[0] == 'l') {
			return NULL;
		}
		if (answer_of(line) != NULL) {
			return answer_value(answer_of(line), NULL);
		}
	}
}

/* ---- commands ---- */

/* verify: the files must be what the design was made of. */
static int answer(const struct settings *settings, const char *wanted, struct bldr_value *value,
		  bool verify, const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_error err;
	char run[RUN_ID_MAX];
	int exit_code;
	int r = runs_enter(&s, settings, wanted, run, hooks, &err);

	if (r == 0 && verify) {
		r = runs_verify(&s, &err);
	}
	if (r == 0) {
		r = bldr_thread_answer(s.engine, run, NULL, value, &err);
	}
	bldr_unref(value);
	exit_code = r < 0 ? command_fail(&err) : session_drive(&s);
	session_close(&s);
	return exit_code;
}

struct answering {
	const char *answer;
	const char *usage, *summary, *description, *examples;
	bool verify, takes_reason;
};

static int command_answer(const struct answering *c, int argc, char **argv,
			  const struct cli_hooks *hooks)
{
	const char *reason = NULL;
	const struct option_spec options[] = {
		{ .name = c->takes_reason ? "reason" : NULL,
		  .kind = OPTION_TEXT,
		  .ret = &reason,
		  .value = "TEXT",
		  .help = "why, for the record" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = c->usage,
		.summary = c->summary,
		.description = c->description,
		.examples = c->examples,
		.options = options,
		.operands_max = 1,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_RESUME, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings,
			    answer(&settings, settings_operand(&settings, 0),
				   answer_value(c->answer, reason), c->verify, hooks));
}

int command_runs_approve(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct answering c = {
		.answer = "approve",
		.usage = "bldr runs approve [RUN] [--output DIR] [--json]",
		.summary = "Builds the star whose design waits for approval (bldr run --approve).",
		.description =
			"Without RUN: the newest unfinished run. What was approved is written to "
			"bldr.json beside the files,\nunless there is one: the next run over "
			"them takes it as given.",
		.examples = "bldr runs approve\nbldr runs approve 20261121-083000 --json",
		.verify = true,
	};

	return command_answer(&c, argc, argv, hooks);
}

int command_runs_redesign(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct answering c = {
		.answer = "redesign",
		.usage = "bldr runs redesign [RUN] [--output DIR] [--json]",
		.summary =
			"Designs again, with the decisions of bldr.json, and asks for approval again.",
		.description = "Without RUN: the newest unfinished run. The files are read anew.",
		.examples = "bldr runs redesign",
	};

	return command_answer(&c, argc, argv, hooks);
}

int command_runs_reject(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct answering c = {
		.answer = "reject",
		.usage = "bldr runs reject [RUN] [--reason TEXT] [--output DIR] [--json]",
		.summary = "Ends a run whose design waits for approval. Nothing is built.",
		.description = "Without RUN: the newest unfinished run.",
		.examples = "bldr runs reject --reason \"payments are not in the extract\"",
		.takes_reason = true,
	};

	return command_answer(&c, argc, argv, hooks);
}
