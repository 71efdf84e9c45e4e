/*
 * The command line: one file per command, one table of them (cli.c). It is the composition root:
 * it opens the engine, registers the agents, and turns what happens into text and an exit code.
 */
#pragma once

#include <bldr/engine.h>
#include "base/options.h"

enum exit_code {
	EXIT_VALIDATED = 0,
	EXIT_FINDINGS = 1, /* the run ended, and errors were found in what it made */
	EXIT_USAGE = 2,    /* wrong use: arguments, input folder, an output somebody else holds */
	EXIT_WORLD = 3,    /* disk, permission, damaged files: what failed is said */
	EXIT_INTERRUPTED = 130
};

/* What tests put in the way of a run; NULL in the product. */
struct cli_hooks {
	/* Called after the event is durable. */
	void (*event)(const struct bldr_event *event, void *user);
	void *user;
	/* Work functions that replace those of the same name. */
	const struct bldr_work_type *work;
	size_t n_work;
};

int cli_main(int argc, char **argv, const struct cli_hooks *hooks);

/* One command: its words, what it takes, what it does. argv begins after the words. */
struct command {
	const char *words; /* "runs list" */
	const char *summary;
	int (*run)(int argc, char **argv, const struct cli_hooks *hooks);
};

int command_run(int argc, char **argv, const struct cli_hooks *hooks);
int command_runs_list(int argc, char **argv, const struct cli_hooks *hooks);
int command_runs_show(int argc, char **argv, const struct cli_hooks *hooks);
int command_runs_resume(int argc, char **argv, const struct cli_hooks *hooks);
int command_runs_approve(int argc, char **argv, const struct cli_hooks *hooks);
int command_runs_redesign(int argc, char **argv, const struct cli_hooks *hooks);
int command_runs_reject(int argc, char **argv, const struct cli_hooks *hooks);
int command_profile(int argc, char **argv, const struct cli_hooks *hooks);
int command_plan(int argc, char **argv, const struct cli_hooks *hooks);
int command_trace(int argc, char **argv, const struct cli_hooks *hooks);
int command_score(int argc, char **argv, const struct cli_hooks *hooks);
int command_kb_list(int argc, char **argv, const struct cli_hooks *hooks);
int command_kb_show(int argc, char **argv, const struct cli_hooks *hooks);
int command_kb_search(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_list(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_show(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_history(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_state(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_events(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_fork(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_update(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_copy(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_resume(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_answer(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_cancel(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_delete(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_prune(int argc, char **argv, const struct cli_hooks *hooks);
int command_threads_sweep(int argc, char **argv, const struct cli_hooks *hooks);
int command_graph_run(int argc, char **argv, const struct cli_hooks *hooks);
int command_graph_check(int argc, char **argv, const struct cli_hooks *hooks);
int command_graph_draw(int argc, char **argv, const struct cli_hooks *hooks);
int command_databricks_check(int argc, char **argv, const struct cli_hooks *hooks);
int command_databricks_smoke(int argc, char **argv, const struct cli_hooks *hooks);
int command_workspace_start(int argc, char **argv, const struct cli_hooks *hooks);
int command_workspace_stop(int argc, char **argv, const struct cli_hooks *hooks);
int command_workspace_status(int argc, char **argv, const struct cli_hooks *hooks);
int command_config(int argc, char **argv, const struct cli_hooks *hooks);
int command_completion(int argc, char **argv, const struct cli_hooks *hooks);
int command_doctor(int argc, char **argv, const struct cli_hooks *hooks);
int command_version(int argc, char **argv, const struct cli_hooks *hooks);

/* The table of commands, ended by .words == NULL. */
const struct command *cli_commands(void);

/* Alone behind a command's words: print its options on one line ("--json --output=DIR"), as completion needs. */
#define LIST_OPTIONS "--list-options"

/* Parses argv by spec. Returns true when the command goes on; else *ret_exit is its exit code
 * (help was printed, or the mistake and how to get help). operands may be NULL when none are taken. */
bool command_options(const struct command_spec *spec, int argc, char **argv, char ***ret_operands,
		     size_t *ret_n, int *ret_exit);

/* The exit code that fits a BLDR_E_* code. */
int command_exit_code(int code);
/* Prints "bldr: <message>" to stderr and returns the exit code that fits err->code. */
int command_fail(const struct bldr_error *err);

enum { WHEN_MAX = 32 };
/* A time for people, in UTC. */
void command_when(int64_t ms, char ret[WHEN_MAX]);

/* A text as one word of a shell, on one line: bare, in double quotes, or in single ones. The caller frees it. */
char *command_shell_word(const char *text);
/* Prints v as indented JSON to stdout, and drops it. */
void command_print_json(struct bldr_value *v);
