/* bldr score: what a run found of keys, foreign keys and roles, against a truth file. */
#include <stdio.h>

#include "cli/outcome.h"
#include "cli/runs.h"
#include "cli/truth.h"

static const struct {
	const char *key, *title;
	size_t offset;
} parts[] = {
	{ "primary_keys", "primary keys", offsetof(struct score, keys) },
	{ "foreign_keys", "foreign keys", offsetof(struct score, references) },
	{ "roles", "roles", offsetof(struct score, roles) },
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static const struct tally *part_of(const struct score *s, size_t i)
{
	return (const struct tally *)(const void *)((const char *)s + parts[i].offset);
}

/* ---- for people ---- */

static void print_number(const char *text)
{
	printf(" %9s", text != NULL ? text : "-");
}

static void print_score(const struct score *s, struct arena *a)
{
	printf("%-14s %6s %6s %6s %9s %9s %9s\n", "", "right", "wrong", "missed", "precision",
	       "recall", "F1");
	for (size_t i = 0; i < PARTS; i++) {
		const struct tally *t = part_of(s, i);

		printf("%-14s %6lld %6zu %6zu", parts[i].title, (long long)t->right, t->wrong.n,
		       t->missed.n);
		print_number(tally_precision(t, a));
		print_number(tally_recall(t, a));
		print_number(tally_f1(t, a));
		putchar('\n');
	}
	for (size_t i = 0; i < PARTS; i++) {
		const struct tally *t = part_of(s, i);

		for (size_t k = 0; k < t->missed.n; k++) {
			printf("%s, missed: %s\n  %s\n", parts[i].title, t->missed.at[k].what,
			       t->missed.at[k].evidence);
		}
		for (size_t k = 0; k < t->wrong.n; k++) {
			printf("%s, wrong: %s\n  %s\n", parts[i].title, t->wrong.at[k].what,
			       t->wrong.at[k].evidence);
		}
	}
	for (size_t i = 0; i < s->unknown.n; i++) {
		printf("not scored: the truth does not name \"%s\"\n", s->unknown.at[i]);
	}
}

/* ---- for programs ---- */

static struct bldr_value *verdict_value(const struct verdict *v)
{
	struct bldr_value *o = bldr_object();

	bldr_object_set(o, "what", bldr_text(v->what));
	bldr_object_set(o, "evidence", bldr_text(v->evidence));
	return o;
}

static struct bldr_value *tally_value(const struct tally *t, struct arena *a)
{
	struct bldr_value *o = bldr_object();
	struct bldr_value *missed = bldr_list();
	struct bldr_value *wrong = bldr_list();

	for (size_t i = 0; i < t->missed.n; i++) {
		bldr_list_add(missed, verdict_value(&t->missed.at[i]));
	}
	for (size_t i = 0; i < t->wrong.n; i++) {
		bldr_list_add(wrong, verdict_value(&t->wrong.at[i]));
	}
	bldr_object_set(o, "right", bldr_int(t->right));
	bldr_object_set(o, "precision", bldr_text(tally_precision(t, a)));
	bldr_object_set(o, "recall", bldr_text(tally_recall(t, a)));
	bldr_object_set(o, "f1", bldr_text(tally_f1(t, a)));
	bldr_object_set(o, "missed", missed);
	bldr_object_set(o, "wrong", wrong);
	return o;
}

static struct bldr_value *score_value(const char *run, const struct score *s, struct arena *a)
{
	struct bldr_value *o = bldr_object();

	bldr_object_set(o, "run", bldr_text(run));
	for (size_t i = 0; i < PARTS; i++) {
		bldr_object_set(o, parts[i].key, tally_value(part_of(s, i), a));
	}
	bldr_object_set(o, "not_scored", texts_value(&s->unknown));
	return o;
}

/* ---- the command ---- */

static int score_run(const char *truth_path, const struct bldr_value *outcome, struct arena *a,
		     struct score *ret, struct bldr_error *err)
{
	struct bldr_value *truth = NULL;
	struct profile profile;
	struct design design;
	int r = truth_read(truth_path, &truth, err);

	if (r == 0) {
		r = outcome_artefact(outcome, "profile", a, &profile, err);
	}
	if (r == 0) {
		r = outcome_artefact(outcome, "design", a, &design, err);
	}
	if (r == 0) {
		truth_score(truth, &profile, &design, a, ret);
	}
	bldr_unref(truth);
	return r;
}

static int score(const char *truth_path, const char *run, const struct settings *settings,
		 const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_value *outcome = NULL;
	struct arena a = { 0 };
	struct bldr_error err;
	struct score result;
	int exit_code = EXIT_VALIDATED;
	int r = runs_open(&s, settings, run, hooks, &outcome, &err);

	if (r == 0) {
		r = score_run(truth_path, outcome, &a, &result, &err);
	}
	if (r < 0) {
		exit_code = command_fail(&err);
	} else if (settings->json) {
		command_print_json(score_value(bldr_get_text(outcome, "run"), &result, &a));
	} else {
		print_score(&result, &a);
	}
	arena_release(&a);
	bldr_unref(outcome);
	session_close(&s);
	return exit_code;
}

int command_score(int argc, char **argv, const struct cli_hooks *hooks)
{
	const char *truth = NULL;
	const struct option_spec options[] = {
		{ .name = "truth",
		  .letter = 't',
		  .kind = OPTION_TEXT,
		  .ret = &truth,
		  .value = "FILE",
		  .help = "the true keys, foreign keys and roles (docs/commands.md tells the form)" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr score --truth FILE RUN [--output DIR] [--json]",
		.summary =
			"Scores a run's primary keys, foreign keys and roles against a truth file.",
		.description =
			"Precision, recall and F1, and every miss and every wrong answer with the "
			"evidence for it.\nRUN is a run's name, its beginning, or latest. Exit 0 "
			"whatever the score is.",
		.examples = "bldr score --truth truth.json latest\n"
			    "bldr score -t truth.json 20261121 --json | jq .foreign_keys.f1",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	if (truth == NULL) {
		fprintf(stderr, "bldr: --truth is missing\nusage: %s\n", spec.usage);
		return settings_end(&settings, EXIT_USAGE);
	}
	return settings_end(&settings,
			    score(truth, settings_operand(&settings, 0), &settings, hooks));
}
