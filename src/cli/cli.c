/* Finds the command by its words, and gives all commands one way to parse, fail and print. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "cli/cli.h"

enum { SHELL_WORD_MAX = 1 << 20 };

static const struct command commands[] = {
	{ "run", "turn a folder of raw files into a validated star schema", command_run },
	{ "plan", "say what a run over a folder would make, and load nothing", command_plan },
	{ "profile", "profile a file or folder without a run", command_profile },
	{ "runs list", "list the runs of an output folder", command_runs_list },
	{ "runs show", "show one run: status, verdict, artefacts, tables", command_runs_show },
	{ "runs resume", "go on with a run that was stopped, killed or failed",
	  command_runs_resume },
	{ "runs approve", "build the star whose design waits for approval", command_runs_approve },
	{ "runs redesign", "design again, with the decisions of bldr.json", command_runs_redesign },
	{ "runs reject", "end a run whose design waits for approval", command_runs_reject },
	{ "trace", "a row or cell of a warehouse back to file, line and rule", command_trace },
	{ "score", "compare a run's keys, references and roles with a truth file", command_score },
	{ "kb list", "list what earlier runs have taught", command_kb_list },
	{ "kb show", "show one item of the knowledge base with its evidence", command_kb_show },
	{ "kb search", "find items of the knowledge base by words", command_kb_search },
	{ "graph run", "run a graph from a file, to its end or to where it waits",
	  command_graph_run },
	{ "graph check", "say whether a graph file is right", command_graph_check },
	{ "graph draw", "draw a graph file, or the main graph, as Mermaid text",
	  command_graph_draw },
	{ "threads list", "list the threads of an output folder", command_threads_list },
	{ "threads show", "show one thread: status, questions, output", command_threads_show },
	{ "threads history", "list a thread's checkpoints", command_threads_history },
	{ "threads state", "print a thread's channels, now or at a checkpoint",
	  command_threads_state },
	{ "threads events", "print a thread's events as JSON lines", command_threads_events },
	{ "threads fork", "go back to a checkpoint, in the thread or a new one",
	  command_threads_fork },
	{ "threads update", "write into a thread's channels as a node would",
	  command_threads_update },
	{ "threads copy", "copy a thread under another name", command_threads_copy },
	{ "threads resume", "go on with a thread that was stopped, paused or failed",
	  command_threads_resume },
	{ "threads answer", "answer what a thread asks, and go on", command_threads_answer },
	{ "threads cancel", "give up what a thread is doing", command_threads_cancel },
	{ "threads delete", "delete a thread", command_threads_delete },
	{ "threads prune", "drop a thread's older checkpoints", command_threads_prune },
	{ "threads sweep", "give back the space of what nothing names any more",
	  command_threads_sweep },
	{ "databricks check", "check a Databricks workspace before a run: rights, what is there",
	  command_databricks_check },
	{ "databricks smoke", "do a small full round in a Databricks workspace, and clean up",
	  command_databricks_smoke },
	{ "workspace start", "start a Databricks workspace on this machine",
	  command_workspace_start },
	{ "workspace stop", "stop the local workspace", command_workspace_stop },
	{ "workspace status", "say whether the local workspace runs, and where",
	  command_workspace_status },
	{ "config", "show the configuration in force and where it came from", command_config },
	{ "doctor", "check this machine and an output folder", command_doctor },
	{ "completion", "print a completion script for bash", command_completion },
	{ "version", "print the version", command_version },
	{ .words = NULL },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) - 1 };

const struct command *cli_commands(void)
{
	return commands;
}

static void print_help(FILE *out)
{
	fputs("bldr - from a folder of raw files to a validated star schema, by a team of agents\n\n"
	      "usage: bldr COMMAND [OPTIONS]\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(out, "  %-18s %s\n", commands[i].words, commands[i].summary);
	}
	fputs("\nexamples:\n"
	      "  bldr run --source-dir data/jaffle_shop\n"
	      "  bldr run --source-dir exports --output /srv/bldr --json\n"
	      "  bldr runs resume\n\n"
	      "exit codes: 0 validated, 1 errors found, 2 wrong use, 3 the world failed, "
	      "130 interrupted\n"
	      "Each command explains itself: bldr COMMAND --help\n",
	      out);
}

/* How many of argv's words the command's words use; 0: another command. */
static int match_words(const char *words, int argc, char **argv)
{
	int used = 0;

	while (*words != '\0') {
		size_t size = strcspn(words, " ");

		if (used == argc || strlen(argv[used]) != size ||
		    memcmp(argv[used], words, size) != 0) {
			return 0;
		}
		used++;
		words += size;
		words += *words == ' ';
	}
	return used;
}

/* Names the commands that begin with that word. False: none does. */
static bool print_group(const char *word)
{
	size_t size = strlen(word);
	size_t n = 0;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strncmp(commands[i].words, word, size) == 0 && commands[i].words[size] == ' ') {
			fprintf(stderr, "%s%s", n++ == 0 ? "; there is: " : ", ", commands[i].words);
		}
	}
	return n > 0;
}

static void suggest(const char *text, const char *word)
{
	const char *names[COMMANDS + 1] = { NULL };
	const char *nearest;

	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].words;
	}
	nearest = options_nearest(text, names);
	if (nearest == NULL) {
		nearest = options_nearest(word, names);
	}
	if (nearest != NULL) {
		fprintf(stderr, "; did you mean \"bldr %s\"?", nearest);
	}
}

static int unknown_command(int argc, char **argv)
{
	char *text = argc > 1 && argv[1][0] != '-' ? xasprintf("%s %s", argv[0], argv[1])
						   : xstrdup(argv[0]);

	fprintf(stderr, "bldr: no command \"%s\"", text);
	if (!print_group(text)) {
		suggest(text, argv[0]);
	}
	fputs("\nbldr --help lists the commands\n", stderr);
	free(text);
	return EXIT_USAGE;
}

int cli_main(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct cli_hooks none;

	(void)signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error of the write, not a death */
	argc--;
	argv++;
	if (argc == 0) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
	    strcmp(argv[0], "help") == 0) {
		print_help(stdout);
		return EXIT_VALIDATED;
	}
	if (strcmp(argv[0], "--version") == 0) {
		return command_version(0, argv, &none);
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		int used = match_words(commands[i].words, argc, argv);

		if (used > 0) {
			return commands[i].run(argc - used, argv + used,
					       hooks != NULL ? hooks : &none);
		}
	}
	return unknown_command(argc, argv);
}

static void list_options(const struct option_spec *options)
{
	for (const struct option_spec *o = options; o != NULL && o->name != NULL; o++) {
		printf("--%s%s%s ", o->name, o->kind == OPTION_TEXT ? "=" : "",
		       o->kind == OPTION_TEXT ? o->value : "");
	}
	fputs("--help", stdout);
}

bool command_options(const struct command_spec *spec, int argc, char **argv, char ***ret_operands,
		     size_t *ret_n, int *ret_exit)
{
	struct bldr_error err;
	char **operands = NULL;
	size_t n = 0;
	bool help = false;

	if (argc == 1 && strcmp(argv[0], LIST_OPTIONS) == 0) {
		list_options(spec->options);
		*ret_exit = EXIT_VALIDATED;
		return false;
	}
	if (options_parse(spec, argc, argv, &operands, &n, &help, &err) < 0) {
		fprintf(stderr, "bldr: %s\nusage: %s\n", err.text, spec->usage);
		*ret_exit = EXIT_USAGE;
		return false;
	}
	if (help) {
		options_help(spec, stdout);
		*ret_exit = EXIT_VALIDATED;
		return false;
	}
	if (ret_operands != NULL) {
		*ret_operands = operands;
		*ret_n = n;
	}
	return true;
}

int command_exit_code(int code)
{
	switch (code) {
	case BLDR_E_INVALID:
	case BLDR_E_NOT_FOUND:
	case BLDR_E_EXISTS:
	case BLDR_E_LIMIT:
	case BLDR_E_LOCKED:
	case BLDR_E_CHANGED:
		return EXIT_USAGE;
	case BLDR_E_CANCELLED:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_WORLD;
	}
}

int command_fail(const struct bldr_error *err)
{
	fprintf(stderr, "bldr: %s\n", err->text);
	return command_exit_code(err->code);
}

char *command_shell_word(const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
	struct buf out;
	char *word;

	if (text[0] != '\0' && text[0] != '-' && strspn(text, plain) == strlen(text)) {
		return xstrdup(text);
	}
	buf_init(&out, SHELL_WORD_MAX);
	if (strpbrk(text, "\"$`\\!") == NULL) {
		buf_printf(&out, "\"%s\"", text);
	} else {
		buf_putc(&out, '\'');
		for (; *text != '\0'; text++) {
			if (*text == '\'') {
				buf_puts(&out, "'\\''");
			} else {
				buf_putc(&out, *text);
			}
		}
		buf_putc(&out, '\'');
	}
	for (size_t i = 0; i < out.size; i++) {
		if (out.data[i] == '\n') {
			out.data[i] = ' ';
		}
	}
	word = xstrdup(out.data);
	buf_release(&out);
	return word;
}

void command_when(int64_t ms, char ret[WHEN_MAX])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(ret, WHEN_MAX, "%Y-%m-%d %H:%M:%SZ", &utc);
}

void command_print_json(struct bldr_value *v)
{
	char *text = bldr_value_pretty(v);

	fputs(text, stdout);
	free(text);
	bldr_unref(v);
}
