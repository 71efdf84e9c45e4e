/*
 * bldr completion bash: a script for a shell, made from the tables of commands and options, so that it
 * knows what --help knows. Each command is asked for its options by LIST_OPTIONS.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char bash_head[] = "# bash completion for bldr: source <(bldr completion bash)\n"
				"_bldr_options() {\n"
				"\tcase $1 in\n";

/* COMP_WORDS is split at "=" too: "--x" "=" "value". */
static const char bash_tail[] =
	"\tesac\n"
	"}\n"
	"\n"
	"_bldr() {\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal command='' words='' option known='' i\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=''\n"
	"\telif [[ $before == = ]]; then\n"
	"\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\t[[ ${COMP_WORDS[i]} != -* ]] || break\n"
	"\t\twords=\"$words${words:+ }${COMP_WORDS[i]}\"\n"
	"\t\t[[ -z $(_bldr_options \"$words\") ]] || command=$words\n"
	"\tdone\n"
	"\tif [[ -z $command ]]; then\n"
	"\t\t_bldr_words \"$words\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tfor option in $(_bldr_options \"$command\"); do\n"
	"\t\tif [[ ${option%%=*} == \"$before\" && $option == *=* ]]; then\n"
	"\t\t\t_bldr_value \"${option#*=}\" \"$current\"\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tknown=\"$known ${option%%=*}\"\n"
	"\tdone\n"
	"\tif [[ $current == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$known\" -- \"$current\")\n"
	"\telse\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	"\tfi\n"
	"}\n"
	"\n"
	"# The next words of the commands that begin with those typed.\n"
	"_bldr_words() {\n"
	"\tlocal line next=''\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tif [[ -z $1 ]]; then\n"
	"\t\t\tnext=\"$next ${line%% *}\"\n"
	"\t\telif [[ $line == \"$1 \"* ]]; then\n"
	"\t\t\tline=${line#\"$1 \"}\n"
	"\t\t\tnext=\"$next ${line%% *}\"\n"
	"\t\tfi\n"
	"\tdone <<<\"$_bldr_commands\"\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$next\" -- \"$current\" | sort -u)\n"
	"}\n"
	"\n"
	"# What an option takes: DIR, FILE, a|b|c, or something that cannot be known.\n"
	"_bldr_value() {\n"
	"\tcase $1 in\n"
	"\tDIR) mapfile -t COMPREPLY < <(compgen -d -- \"$2\") ;;\n"
	"\tFILE) mapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
	"\t*'|'*) mapfile -t COMPREPLY < <(compgen -W \"${1//|/ }\" -- \"$2\") ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"complete -o filenames -F _bldr bldr\n";

static void print_bash(const struct cli_hooks *hooks)
{
	static char list_options[] = LIST_OPTIONS;
	char *argv[] = { list_options, NULL };

	fputs(bash_head, stdout);
	for (const struct command *c = cli_commands(); c->words != NULL; c++) {
		printf("\t'%s') echo '", c->words);
		(void)c->run(1, argv, hooks);
		puts("' ;;");
	}
	fputs(bash_tail, stdout);
	fputs("_bldr_commands='", stdout);
	for (const struct command *c = cli_commands(); c->words != NULL; c++) {
		printf("%s%s", c == cli_commands() ? "" : "\n", c->words);
	}
	puts("'");
}

int command_completion(int argc, char **argv, const struct cli_hooks *hooks)
{
	static const struct command_spec spec = {
		.usage = "bldr completion bash",
		.summary = "Prints a script that completes commands and options in a shell.",
		.examples = "source <(bldr completion bash)\n"
			    "bldr completion bash > /etc/bash_completion.d/bldr",
		.operands_min = 1,
		.operands_max = 1,
	};
	char **operands;
	size_t n;
	int exit_code;

	if (!command_options(&spec, argc, argv, &operands, &n, &exit_code)) {
		return exit_code;
	}
	if (strcmp(operands[0], "bash") != 0) {
		fprintf(stderr, "bldr: no completion for shell \"%s\"; there is one for bash\n",
			operands[0]);
		return EXIT_USAGE;
	}
	print_bash(hooks);
	return EXIT_VALIDATED;
}
