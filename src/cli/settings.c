/* The table of keys, and where each layer is read from. A mistake in any layer is wrong use: exit 2. */
#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"

enum { OPTIONS_MAX = 32, KEYS_MAX = 18 };

static const char CONFIG_FILE[] = "bldr.config.json";
const char DOTENV_FILE[] = ".env";
static const char ENV_PREFIX[] = "BLDR_";

/* Choices stand in the order of the enum that they become. */
static const char *const durabilities[] = { "normal", "full", NULL };
static const char *const switches[] = { "off", "on", NULL };
static const char *const progress_modes[] = { "auto", "plain", "none", NULL };
static const char *const log_levels[] = { "debug", "info", "warning", "error", "off", "auto", NULL };
static const char *const log_formats[] = { "text", "json", NULL };
enum { LEVEL_AUTO = LOG_OFF + 1 };

const struct config_key settings_keys[] = {
	{ .name = "output",
	  .kind = CONFIG_TEXT,
	  .env = "BLDR_OUTPUT",
	  .option = "output",
	  .letter = 'o',
	  .value = "DIR",
	  .help = "the folder of the journal bldr.db and of a folder per run" },
	{ .name = "log.level",
	  .kind = CONFIG_CHOICE,
	  .choices = log_levels,
	  .env = "LOG_LEVEL",
	  .option = "log-level",
	  .value = "debug|info|warning|error|off|auto",
	  .help = "the least that is logged; auto: warning on stderr, info in a file" },
	{ .name = "log.format",
	  .kind = CONFIG_CHOICE,
	  .choices = log_formats,
	  .env = "BLDR_LOG_FORMAT",
	  .option = "log-format",
	  .value = "text|json",
	  .help = "one key=value line or one JSON object per event" },
	{ .name = "log.file",
	  .kind = CONFIG_TEXT,
	  .empty_is_fine = true,
	  .env = "BLDR_LOG_FILE",
	  .option = "log-file",
	  .value = "FILE",
	  .help = "appended to; empty: stderr" },
	{ .name = "workers",
	  .kind = CONFIG_INT,
	  .min = 0,
	  .max = 256,
	  .env = "BLDR_WORKERS",
	  .option = "workers",
	  .value = "N",
	  .help = "threads that do the work; 0: one per core, at least 2" },
	{ .name = "durability",
	  .kind = CONFIG_CHOICE,
	  .choices = durabilities,
	  .env = "BLDR_DURABILITY",
	  .option = "durability",
	  .value = "normal|full",
	  .help = "what the journal survives: a killed process, or lost power too" },
	{ .name = "progress",
	  .kind = CONFIG_CHOICE,
	  .choices = progress_modes,
	  .env = "BLDR_PROGRESS",
	  .option = "progress",
	  .value = "auto|plain|none",
	  .help = "live on a terminal, plain lines, or nothing" },
	{ .name = "rounds",
	  .kind = CONFIG_INT,
	  .min = 1,
	  .max = 100,
	  .env = "BLDR_ROUNDS",
	  .option = "rounds",
	  .value = "N",
	  .help = "mapping rounds at most: the first and its repairs" },
	{ .name = "knowledge",
	  .kind = CONFIG_CHOICE,
	  .choices = switches,
	  .env = "BLDR_KNOWLEDGE",
	  .option = "knowledge",
	  .value = "on|off",
	  .help = "recall what earlier runs learned, and learn from this one" },
	{ .name = "databricks.host",
	  .kind = CONFIG_TEXT,
	  .empty_is_fine = true,
	  .env = "DATABRICKS_HOST",
	  .option = "host",
	  .value = "URL",
	  .help = "the workspace; empty: the profile's" },
	{ .name = "databricks.catalog",
	  .kind = CONFIG_TEXT,
	  .env = "BLDR_CATALOG",
	  .option = "catalog",
	  .value = "NAME",
	  .help = "the catalogue of Unity Catalog that the star is built in" },
	{ .name = "databricks.schema",
	  .kind = CONFIG_TEXT,
	  .env = "BLDR_SCHEMA",
	  .option = "schema",
	  .value = "NAME",
	  .help = "its schema, made when it is not there" },
	{ .name = "databricks.volume",
	  .kind = CONFIG_TEXT,
	  .env = "BLDR_VOLUME",
	  .option = "volume",
	  .value = "NAME",
	  .help = "the volume of that schema that the raw files are put into" },
	{ .name = "databricks.folder",
	  .kind = CONFIG_TEXT,
	  .env = "BLDR_WORKSPACE_FOLDER",
	  .option = "workspace-folder",
	  .value = "FOLDER",
	  .help = "the workspace folder below which notebooks are put" },
	{ .name = "databricks.warehouse",
	  .kind = CONFIG_TEXT,
	  .empty_is_fine = true,
	  .env = "DATABRICKS_WAREHOUSE_ID",
	  .option = "warehouse",
	  .value = "ID",
	  .help = "the SQL warehouse that answers the Tester; empty: the first that may be used" },
	{ .name = "databricks.profile",
	  .kind = CONFIG_TEXT,
	  .empty_is_fine = true,
	  .env = "DATABRICKS_CONFIG_PROFILE",
	  .option = "profile",
	  .value = "NAME",
	  .help = "the profile of ~/.databrickscfg; empty: DEFAULT" },
	{ .name = "databricks.compare_rows",
	  .kind = CONFIG_INT,
	  .min = 0,
	  .max = 10000000,
	  .env = "BLDR_COMPARE_ROWS",
	  .option = "compare-rows",
	  .value = "N",
	  .help = "rows of a table that may leave the workspace to be compared; 0: hashes, and rows only where they differ" },
	{ .name = "spark.home",
	  .kind = CONFIG_TEXT,
	  .empty_is_fine = true,
	  .env = "BLDR_SPARK_HOME",
	  .option = "spark-home",
	  .value = "DIR",
	  .help = "the folder of Spark and its Python; empty: .spark here or beside the program" },
	{ .name = NULL },
};

/* The group of each key, in the order of the table. */
static const enum settings_use groups[] = {
	SETTINGS_READ,   SETTINGS_READ,     SETTINGS_READ,     SETTINGS_READ,     SETTINGS_DRIVES,
	SETTINGS_DRIVES, SETTINGS_DRIVES,   SETTINGS_RECORDED, SETTINGS_RECORDED, SETTINGS_REMOTE,
	SETTINGS_REMOTE, SETTINGS_REMOTE,   SETTINGS_REMOTE,   SETTINGS_REMOTE,   SETTINGS_REMOTE,
	SETTINGS_REMOTE, SETTINGS_RECORDED, SETTINGS_SPARK,
};
_Static_assert(sizeof(settings_keys) / sizeof(settings_keys[0]) == KEYS_MAX + 1 &&
		       sizeof(groups) / sizeof(groups[0]) == KEYS_MAX,
	       "every key has its group");

/* What the command line says: NULL where it says nothing. */
struct flags {
	bool json;
	const char *config;
	const char *values[KEYS_MAX];
};

/* The command's own options, then --json, then the keys', then --config. */
static void merge_options(const struct option_spec *own, enum settings_use use, struct flags *flags,
			  struct option_spec all[OPTIONS_MAX])
{
	size_t n = 0;

	for (; own != NULL && own->name != NULL; own++) {
		all[n++] = *own;
	}
	ASSERT(n + KEYS_MAX + 3 <= OPTIONS_MAX);
	all[n++] = (struct option_spec){ .name = "json",
					 .kind = OPTION_FLAG,
					 .ret = &flags->json,
					 .help = "print JSON on stdout" };
	for (size_t i = 0; i < KEYS_MAX; i++) {
		const struct config_key *key = &settings_keys[i];

		if ((groups[i] & use) == 0) {
			continue;
		}
		all[n++] = (struct option_spec){ .name = key->option,
						 .letter = key->letter,
						 .kind = OPTION_TEXT,
						 .ret = &flags->values[i],
						 .value = key->value,
						 .help = key->help };
	}
	all[n++] = (struct option_spec){ .name = "config",
					 .kind = OPTION_TEXT,
					 .ret = &flags->config,
					 .value = "FILE",
					 .help = "read this instead of bldr.config.json" };
	all[n] = (struct option_spec){ .name = NULL };
}

static int add_defaults(struct config *c, struct bldr_error *err)
{
	const struct asset *defaults = asset_find("config/default.json");

	ASSERT(defaults != NULL);
	return config_json(c, "default", false, (const char *)defaults->data, defaults->size, err);
}

/* A file that need not be there, unless it was asked for. */
static int add_file(struct config *c, const char *path, bool must, struct bldr_error *err)
{
	char *text = NULL;
	size_t size = 0;
	int r = file_read(path, CONFIG_BYTES_MAX, &text, &size, err);

	if (r == BLDR_E_NOT_FOUND && !must) {
		return 0;
	}
	if (r == 0) {
		r = strcmp(path, DOTENV_FILE) == 0
			? config_dotenv(c, path, ENV_PREFIX, text, size, err)
			: config_json(c, path, true, text, size, err);
	}
	if (text != NULL) {
		secret_wipe(text, size); /* .env may have a token */
	}
	free(text);
	return r;
}

static int add_flags(struct config *c, const struct flags *flags, struct bldr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < KEYS_MAX; i++) {
		if (flags->values[i] != NULL) {
			r = config_set(c, settings_keys[i].option, flags->values[i], err);
		}
	}
	return r;
}

static int add_layers(struct config *c, const struct flags *flags, struct bldr_error *err)
{
	int r = add_defaults(c, err);

	if (r == 0) {
		r = add_file(c, flags->config != NULL ? flags->config : CONFIG_FILE,
			     flags->config != NULL, err);
	}
	if (r == 0) {
		r = add_file(c, DOTENV_FILE, false, err);
	}
	if (r == 0) {
		r = config_environment(c, ENV_PREFIX, (const char *const *)environ, err);
	}
	return r == 0 ? add_flags(c, flags, err) : r;
}

static int open_log(const struct config *c, struct bldr_error *err)
{
	const char *file = config_text(c, "log.file");
	size_t level = config_choice(c, "log.level");
	struct log_options options = {
		.level = (enum log_level)level,
		.format = (enum log_format)config_choice(c, "log.format"),
		.file = file[0] != '\0' ? file : NULL,
	};

	if (level == LEVEL_AUTO) {
		options.level = options.file != NULL ? LOG_INFO : LOG_WARNING;
	}
	return log_open(&options, err);
}

bool command_settings(const struct command_spec *spec, enum settings_use use, int argc, char **argv,
		      struct settings *ret, int *ret_exit)
{
	struct flags flags = { 0 };
	struct option_spec options[OPTIONS_MAX];
	struct command_spec whole = *spec;
	char **operands = NULL;
	size_t n_operands = 0;
	struct config *c;
	struct bldr_error err;
	int r;

	merge_options(spec->options, use, &flags, options);
	whole.options = options;
	if (!command_options(&whole, argc, argv, &operands, &n_operands, ret_exit)) {
		return false;
	}
	c = config_new(settings_keys);
	r = add_layers(c, &flags, &err);
	if (r == 0) {
		r = open_log(c, &err);
	}
	if (r < 0) {
		config_free(c);
		*ret_exit = command_fail(&err);
		return false;
	}
	*ret = (struct settings){
		.config = c,
		.output = config_text(c, "output"),
		.workers = (unsigned)config_int(c, "workers"),
		.durability = (enum bldr_durability)config_choice(c, "durability"),
		.rounds = config_int(c, "rounds"),
		.knowledge = config_choice(c, "knowledge") == 1,
		.progress = (enum progress_mode)config_choice(c, "progress"),
		.json = flags.json,
		.operands = operands,
		.n_operands = n_operands,
	};
	return true;
}

const char *settings_said(const struct settings *s, const char *key)
{
	const char *text = config_text(s->config, key);

	return text[0] != '\0' && strcmp(config_origin(s->config, key), "default") != 0 ? text
											: NULL;
}

const char *settings_operand(const struct settings *s, size_t i)
{
	return i < s->n_operands ? s->operands[i] : NULL;
}

int settings_end(struct settings *s, int exit_code)
{
	log_close();
	config_free(s->config);
	return exit_code;
}
