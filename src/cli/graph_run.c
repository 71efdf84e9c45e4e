/* bldr graph run: a thread of a graph from a file, new or with further inputs, to its end or to where it waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/bench.h"
#include "cli/runs.h"
#include "cli/said.h"

struct asked {
	const char *input, *thread, *stream, *answer, *to, *durability, *recursion_limit,
		*multitask;
};

static const char *const multitasks[] = { "reject", "enqueue", "interrupt", "rollback", NULL };
static const char *const durabilities[] = { "normal", "full", "exit", NULL };

/* What the options say, read. */
struct meant {
	struct bench_options bench;
	enum bldr_multitask multitask;
	struct bldr_value *inputs; /* list; empty: nothing was said */
	struct bldr_value *answer; /* or NULL */
	char thread[RUN_ID_MAX];
	bool named; /* by the person */
};

static int read_options(const struct asked *a, const struct settings *s, struct meant *m,
			struct bldr_error *err)
{
	int64_t choice = 0;
	int r = 0;

	m->bench.durability = s->durability;
	if (a->durability != NULL) {
		r = said_choice("durability", a->durability, durabilities, &choice, err);
		m->bench.durability = (enum bldr_durability)choice;
	}
	if (r == 0 && a->multitask != NULL) {
		r = said_choice("multitask", a->multitask, multitasks, &choice, err);
		m->multitask = (enum bldr_multitask)choice;
	}
	if (r == 0 && a->recursion_limit != NULL) {
		r = said_int("recursion-limit", a->recursion_limit, 1, 1000000,
			     &m->bench.recursion_limit, err);
	}
	if (r == 0 && a->stream != NULL) {
		r = said_modes("stream", a->stream, &m->bench.modes, err);
	}
	if (r == 0 && a->input != NULL) {
		bldr_unref(m->inputs);
		m->inputs = NULL;
		r = said_values("input", a->input, &m->inputs, err);
	}
	if (r == 0 && a->answer != NULL) {
		r = said_value("answer", a->answer, &m->answer, err);
	}
	if (r == 0 && a->answer != NULL && (a->thread == NULL || a->input != NULL)) {
		r = bldr_error_set(err, BLDR_E_INVALID,
				   "--answer goes with --thread, and without --input");
	}
	if (r == 0 && a->thread != NULL && strlen(a->thread) >= sizeof(m->thread)) {
		r = bldr_error_set(err, BLDR_E_INVALID,
				   "--thread: a name is at most %zu bytes long",
				   sizeof(m->thread) - 1);
	}
	if (r == 0 && a->thread != NULL) {
		m->named = true;
		(void)snprintf(m->thread, sizeof(m->thread), "%s", a->thread);
	} else {
		runs_new_id(m->thread);
	}
	return r;
}

/* The first input begins the thread when there is none. */
static int give_inputs(struct bench *b, const struct meant *m, bool exists, struct bldr_error *err)
{
	struct bldr_value *nothing = bldr_object();
	size_t n = bldr_count(m->inputs);
	size_t given = 0;
	int r = 0;

	if (!exists) {
		r = bldr_thread_start(b->engine, bldr_graph_name(b->graph), m->thread,
				      n > 0 ? bldr_at(m->inputs, 0) : nothing, err);
		given = 1;
	}
	for (size_t i = given; i < n && r == 0; i++) {
		r = bldr_thread_input(b->engine, m->thread, bldr_at(m->inputs, i), m->multitask,
				      err);
	}
	bldr_unref(nothing);
	return r;
}

/* Sets the thread going. */
static int begin(struct bench *b, const struct meant *m, const char *to, struct bldr_error *err)
{
	struct bldr_thread t;
	bool exists = m->named && bldr_thread_info(b->engine, m->thread, &t, NULL) == 0;

	if (exists) {
		int r = bench_knows(b, m->thread, err);

		if (r < 0) {
			return r;
		}
	}
	if (m->answer != NULL) {
		return bldr_thread_answer(b->engine, m->thread, to, m->answer, err);
	}
	if (exists && bldr_count(m->inputs) == 0) {
		return bldr_thread_resume(b->engine, m->thread, err);
	}
	return give_inputs(b, m, exists, err);
}

static int run(const char *file, const struct asked *a, const struct settings *s,
	       const struct cli_hooks *hooks)
{
	struct meant m = { .bench = { .file = file, .hooks = hooks }, .inputs = bldr_list() };
	struct bench b = { 0 };
	struct bldr_error err;
	int exit_code;
	int r = read_options(a, s, &m, &err);

	if (r == 0) {
		r = bench_open(&b, s, &m.bench, &err);
	}
	if (r == 0) {
		r = begin(&b, &m, a->to, &err);
	}
	exit_code = r < 0 ? command_fail(&err) : bench_drive(&b, m.thread);
	bench_close(&b);
	bldr_unref(m.inputs);
	bldr_unref(m.answer);
	return exit_code;
}

int command_graph_run(int argc, char **argv, const struct cli_hooks *hooks)
{
	struct asked a = { 0 };
	const struct option_spec options[] = {
		{ .name = "input",
		  .letter = 'i',
		  .kind = OPTION_TEXT,
		  .ret = &a.input,
		  .value = "JSON|@FILE",
		  .help = "channels to set; of a .jsonl file each line is an input" },
		{ .name = "thread",
		  .kind = OPTION_TEXT,
		  .ret = &a.thread,
		  .value = "ID",
		  .help = "its name; one that exists is given the input, or goes on without one" },
		{ .name = "stream",
		  .kind = OPTION_TEXT,
		  .ret = &a.stream,
		  .value = "MODE[,MODE]",
		  .help = "JSON lines as it goes: values, updates, checkpoints, tasks, debug, "
			  "messages, custom" },
		{ .name = "answer",
		  .kind = OPTION_TEXT,
		  .ret = &a.answer,
		  .value = "JSON|@FILE",
		  .help = "what a person answers to the question the thread waits for" },
		{ .name = "to",
		  .kind = OPTION_TEXT,
		  .ret = &a.to,
		  .value = "KEY",
		  .help = "to which question, when there are several" },
		{ .name = "durability",
		  .kind = OPTION_TEXT,
		  .ret = &a.durability,
		  .value = "normal|full|exit",
		  .help = "what the journal survives: a killed process, lost power, only the end" },
		{ .name = "recursion-limit",
		  .kind = OPTION_TEXT,
		  .ret = &a.recursion_limit,
		  .value = "N",
		  .help = "supersteps that an input may take, instead of the file's" },
		{ .name = "multitask",
		  .kind = OPTION_TEXT,
		  .ret = &a.multitask,
		  .value = "reject|enqueue|interrupt|rollback",
		  .help = "an input for a thread that has not ended its last one" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr graph run FILE [--input JSON|@FILE] [--thread ID] [OPTIONS]",
		.summary = "Runs a thread of a graph from a file, to its end or to where it waits.",
		.description =
			"The journal is bldr.db in the output folder. Prints the graph's output as "
			"JSON; with --json the\nwhole thread. Exit codes: 0 done, 1 failed, 130 when it "
			"waits for an answer, is paused or stopped.",
		.examples =
			"bldr graph run agent.json --input '{\"goal\": \"a refund\"}' --thread a1\n"
			"bldr graph run agent.json --thread a1 --answer true\n"
			"bldr graph run agent.json -i @inputs.jsonl --multitask enqueue --stream "
			"updates",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, run(settings_operand(&settings, 0), &a, &settings, hooks));
}
