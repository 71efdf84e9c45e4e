/* What is read from .env and from the file of profiles is wiped when it has been understood. */
#include "cli/access.h"

#include <stdlib.h>
#include <string.h>

#include "agents/agents.h"
#include "base/check.h"
#include "base/file.h"

enum { FILE_MAX = 1 << 20 };

/* What .env has besides the program's own keys: "NAME=VALUE"..., NULL; of Databricks' and Azure's names only. */
struct variables {
	char **at;
	size_t n;
};

static void drop_variables(struct variables *v)
{
	for (size_t i = 0; i < v->n; i++) {
		secret_wipe(v->at[i], strlen(v->at[i]));
		free(v->at[i]);
	}
	free(v->at);
}

static int take_variable(const char *name, const char *value, const char *origin, void *user,
			 struct bldr_error *err)
{
	static const char *const prefixes[] = { "DATABRICKS_", "ARM_", "AZURE_" };
	struct variables *v = user;
	bool ours = false;

	(void)origin;
	(void)err;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		ours |= strncmp(name, prefixes[i], strlen(prefixes[i])) == 0;
	}
	if (ours) {
		v->at = xrealloc(v->at, (v->n + 2) * sizeof(*v->at));
		v->at[v->n++] = xasprintf("%s=%s", name, value);
		v->at[v->n] = NULL;
	}
	return 0;
}

/* A file that need not be there. It may have secrets: drop_text. */
static int read_text(const char *path, char **ret, size_t *ret_size, struct bldr_error *err)
{
	int r = path != NULL ? file_read(path, FILE_MAX, ret, ret_size, err) : BLDR_E_NOT_FOUND;

	return r == BLDR_E_NOT_FOUND ? 0 : r;
}

static void drop_text(char *text, size_t size)
{
	if (text != NULL) {
		secret_wipe(text, size);
	}
	free(text);
}

static int read_dotenv(struct variables *ret, struct bldr_error *err)
{
	char *text = NULL;
	size_t size = 0;
	int r = read_text(DOTENV_FILE, &text, &size, err);

	if (r == 0 && text != NULL) {
		r = config_dotenv_each(DOTENV_FILE, text, size, take_variable, ret, err);
	}
	drop_text(text, size);
	return r;
}

int access_config(const struct settings *settings, struct arena *a, struct databricks_config *ret,
		  struct bldr_error *err)
{
	struct databricks_said said = {
		.host = settings_said(settings, "databricks.host"),
		.host_origin = config_origin(settings->config, "databricks.host"),
		.profile = settings_said(settings, "databricks.profile"),
		.warehouse_id = settings_said(settings, "databricks.warehouse"),
		.environment = (const char *const *)environ,
	};
	struct variables dotenv = { 0 };
	char *profiles = NULL;
	size_t size = 0;
	int r = read_dotenv(&dotenv, err);

	*ret = (struct databricks_config){ 0 };
	if (r == 0) {
		said.dotenv = (const char *const *)dotenv.at;
		said.file_name = databricks_config_file(&said, a);
		r = read_text(said.file_name, &profiles, &size, err);
	}
	if (r == 0) {
		said.file_text = profiles;
		r = databricks_config(&said, a, ret, err);
	}
	drop_text(profiles, size);
	drop_variables(&dotenv);
	return r;
}

static void set_said(struct bldr_value *object, const char *key, const char *text)
{
	if (text != NULL) {
		bldr_object_set(object, key, bldr_text(text));
	}
}

struct bldr_value *access_job(const struct databricks_config *c, const struct settings *settings)
{
	struct databricks w = databricks_workspace(c);
	const char *catalog = config_text(settings->config, "databricks.catalog");
	const char *schema = config_text(settings->config, "databricks.schema");
	struct bldr_value *v = databricks_workspace_write(&w);

	bldr_object_set(v, "catalog", bldr_text(catalog));
	bldr_object_set(v, "schema", bldr_text(schema));
	bldr_object_set(v, "volume", bldr_text(config_text(settings->config, "databricks.volume")));
	bldr_object_set(v, "folder",
			bldr_textf("%s/%s.%s", config_text(settings->config, "databricks.folder"),
				   catalog, schema));
	bldr_object_set(v, "compare_rows",
			bldr_int(config_int(settings->config, "databricks.compare_rows")));
	set_said(v, "warehouse_id", c->warehouse_id);
	return v;
}

int access_register(struct bldr_engine *e, const struct databricks_config *c, struct bldr_error *err)
{
	struct databricks_credentials credentials;
	struct arena a = { 0 };
	int r = 0;

	databricks_credentials(c, &a, &credentials);
	for (size_t i = 0; r == 0 && i < credentials.n; i++) {
		r = bldr_engine_add_credential(e, &credentials.at[i], err);
	}
	arena_release(&a);
	return r;
}

static int same_workspace(struct bldr_engine *e, const char *host, const struct settings *settings,
			  struct bldr_error *err)
{
	struct arena a = { 0 };
	struct databricks_config c;
	int r = access_config(settings, &a, &c, err);

	if (r == 0 && strcmp(c.host, host) != 0) {
		r = bldr_error_set(
			err, BLDR_E_INVALID,
			"the run works in %s, and %s says %s: it goes on only where it began", host,
			c.host_origin, c.host);
	}
	if (r == 0) {
		r = access_register(e, &c, err);
	}
	databricks_config_release(&c);
	arena_release(&a);
	return r;
}

int access_resume(struct bldr_engine *e, const char *run, const struct settings *settings,
		  struct bldr_error *err)
{
	struct bldr_value *state;
	const char *host;
	int r = bldr_thread_state(e, run, &state, err);

	if (r < 0) {
		return r;
	}
	host = bldr_get_text(bldr_get(bldr_get(state, "job"), "databricks"), "host");
	if (host != NULL) {
		r = same_workspace(e, host, settings, err);
	}
	bldr_unref(state);
	return r;
}
