/* Configuration and credentials of the workspace that a run works in. */
#include "cli/run_remote.h"

#include <stdlib.h>
#include <string.h>

#include "agents/agents.h"
#include "base/file.h"

enum { PROFILES_MAX = 1 << 20 };

static const char *said_text(const struct settings *s, const char *key)
{
	const char *text = config_text(s->config, key);

	return text[0] != '\0' ? text : NULL;
}

/* The file of profiles, when there is one. The caller frees *ret. */
static int read_profiles(const char *path, char **ret, struct bldr_error *err)
{
	size_t size;
	int r = path != NULL ? file_read(path, PROFILES_MAX, ret, &size, err) : BLDR_E_NOT_FOUND;

	return r == BLDR_E_NOT_FOUND ? 0 : r;
}

int run_remote_config(const struct settings *settings, struct arena *a,
		      struct databricks_config *ret, struct bldr_error *err)
{
	const char *path = databricks_config_file((const char *const *)environ, a);
	struct databricks_said said = {
		.profile = said_text(settings, "databricks.profile"),
		.warehouse_id = said_text(settings, "databricks.warehouse"),
		.environment = (const char *const *)environ,
		.file_name = path,
	};
	char *profiles = NULL;
	int r = read_profiles(path, &profiles, err);

	*ret = (struct databricks_config){ 0 };
	if (r == 0) {
		said.file_text = profiles;
		r = databricks_config(&said, a, ret, err);
	}
	free(profiles);
	return r;
}

static void set_said(struct bldr_value *object, const char *key, const char *text)
{
	if (text != NULL) {
		bldr_object_set(object, key, bldr_text(text));
	}
}

struct bldr_value *run_remote_job(const struct databricks_config *c, const struct settings *settings)
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
	set_said(v, "warehouse_id", c->warehouse_id);
	return v;
}

int run_remote_register(struct bldr_engine *e, const struct databricks_config *c,
			struct bldr_error *err)
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
	int r = run_remote_config(settings, &a, &c, err);

	if (r == 0 && strcmp(c.host, host) != 0) {
		r = bldr_error_set(
			err, BLDR_E_INVALID,
			"the run works in %s, and %s says %s: it goes on only where it began", host,
			c.host_origin, c.host);
	}
	if (r == 0) {
		r = run_remote_register(e, &c, err);
	}
	databricks_config_release(&c);
	arena_release(&a);
	return r;
}

int run_remote_resume(struct bldr_engine *e, const char *run, const struct settings *settings,
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
