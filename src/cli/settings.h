/*
 * The program's configuration, read once per command: built-in defaults < bldr.config.json (or the file that
 * --config names) < .env < environment < options. docs/configuration.md is for people,
 * schemas/config.schema.json for editors; tests hold both to the table here.
 */
#pragma once

#include <bldr/engine.h>
#include "base/config.h"
#include "cli/cli.h"

/* Which keys of the table a command takes as options: groups of them. */
enum settings_use {
	SETTINGS_READ = 1,     /* output and log */
	SETTINGS_DRIVES = 2,   /* what drives a run */
	SETTINGS_RECORDED = 4, /* what is recorded in a run */
	SETTINGS_SPARK = 8,    /* where Spark is */
	SETTINGS_REMOTE = 16,  /* which workspace, and where in it */
	SETTINGS_RESUME = SETTINGS_READ | SETTINGS_DRIVES,
	SETTINGS_RUN = SETTINGS_RESUME | SETTINGS_RECORDED | SETTINGS_REMOTE,
	SETTINGS_WORKSPACE = SETTINGS_READ | SETTINGS_SPARK,
	SETTINGS_DATABRICKS = SETTINGS_READ | SETTINGS_REMOTE,
	SETTINGS_ALL = SETTINGS_RUN | SETTINGS_SPARK
};

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_NONE };

/* The texts are the config's, the operands argv's. */
struct settings {
	struct config *config;
	const char *output;
	unsigned workers; /* 0: one per core, at least 2 */
	enum bldr_durability durability;
	int64_t rounds; /* mapping rounds at most */
	bool knowledge; /* recall and learn */
	enum progress_mode progress;
	bool json; /* what the command tells is JSON on stdout */
	char **operands;
	size_t n_operands;
};

/* The table, for `bldr config` and its tests. */
extern const struct config_key settings_keys[];
/* Where .env is read. */
extern const char DOTENV_FILE[];

/*
 * As command_options, with --json, the options of the keys that `use` names and --config; then reads all layers and
 * opens the log. When it returns true, the command ends with settings_end.
 */
bool command_settings(const struct command_spec *spec, enum settings_use use, int argc, char **argv,
		      struct settings *ret, int *ret_exit);
/* The text of a key that somebody has said; NULL: it is the default, or empty. */
const char *settings_said(const struct settings *s, const char *key);
/* NULL: there are not so many. */
const char *settings_operand(const struct settings *s, size_t i);

/* Closes the log and gives back what the settings hold. Returns exit_code. */
int settings_end(struct settings *s, int exit_code);
