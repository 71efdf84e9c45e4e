/*
 * bldr databricks smoke: a small full round in the user's own workspace - folder, notebook, schema, volume, file, job, run, statement -
 * and everything that was made is taken away again, whatever has failed. All names carry the thread's id, so nothing that
 * was there before is touched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/runs.h"
#include "cli/steps.h"

enum { RUN_MAX_MS = 30 * 60 * 1000 };

static const char notebook[] =
	"# Databricks notebook source\n"
	"dbutils.widgets.text(\"file\", \"\")\n"
	"\n"
	"# COMMAND ----------\n"
	"path = dbutils.widgets.get(\"file\")\n"
	"text = open(path).read().strip() if path else \"no file\"\n"
	"total = spark.range(1000).selectExpr(\"sum(id) AS total\").collect()[0][\"total\"]\n"
	"dbutils.notebook.exit(f\"{total} {text}\")\n";
#define TOTAL "499500" /* 0 + 1 + ... + 999 */

static struct bldr_value *with(const char *key, struct bldr_value *value)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, key, value);
	return v;
}

static bool has(const struct bldr_value *known, const char *key)
{
	return known_text(known, key)[0] != '\0';
}

/* Names. */

static char *folder_of(const struct bldr_value *known)
{
	return xasprintf("/Users/%s/bldr-smoke-%s", known_text(known, "user"),
			 known_text(known, "id"));
}

static char *schema_of(const struct bldr_value *known)
{
	return has(known, "schema")
		? xasprintf("%s.%s", known_text(known, "catalog"), known_text(known, "schema"))
		: xasprintf("%s.bldr_smoke_%s", known_text(known, "catalog"),
			    known_text(known, "sql_id"));
}

static char *volume_of(const struct bldr_value *known)
{
	char *schema = schema_of(known);
	char *volume = xasprintf("%s.bldr_smoke_%s", schema, known_text(known, "sql_id"));

	free(schema);
	return volume;
}

static char *remote_file_of(const struct bldr_value *known)
{
	char *path = volume_of(known);
	char *file;

	for (char *c = path; *c != '\0'; c++) {
		if (*c == '.') {
			*c = '/';
		}
	}
	file = xasprintf("/Volumes/%s/hello %s.txt", path, known_text(known, "id"));
	free(path);
	return file;
}

/* Takes text. */
static struct bldr_value *taken(char *text)
{
	struct bldr_value *v = bldr_text(text);

	free(text);
	return v;
}

/* Whether a step applies: someone is known, and a catalog when it needs one. */
static bool applies(const struct step *s, const struct bldr_value *known, struct buf *detail)
{
	bool needs_catalog = s->about != NULL;

	if (!has(known, "user")) {
		buf_puts(detail, "nobody is known");
	} else if (needs_catalog && !has(known, "catalog")) {
		buf_puts(detail, "no --catalog is given");
	} else {
		return true;
	}
	return false;
}

/* A place in the workspace, by its path. */

static struct bldr_value *input_folder(const struct step *s, const struct bldr_value *known,
				       struct buf *detail)
{
	return applies(s, known, detail) ? with("path", taken(folder_of(known))) : NULL;
}

static struct databricks_request ask_mkdirs(const struct databricks *w,
					    const struct bldr_value *input,
					    const struct bldr_value *kept)
{
	(void)kept;
	return databricks_mkdirs(w, bldr_get_text(input, "path"));
}

static struct databricks_request ask_import(const struct databricks *w,
					    const struct bldr_value *input,
					    const struct bldr_value *kept)
{
	char *path = xasprintf("%s/hello", bldr_get_text(input, "path"));
	const struct databricks_import i = {
		.path = path,
		.format = "SOURCE",
		.language = "PYTHON",
		.content = notebook,
		.size = strlen(notebook),
		.overwrite = true,
	};
	struct databricks_request q = databricks_import(w, &i);

	(void)kept;
	free(path);
	return q;
}

static struct databricks_request ask_delete_folder(const struct databricks *w,
						   const struct bldr_value *input,
						   const struct bldr_value *kept)
{
	(void)kept;
	return databricks_delete(w, bldr_get_text(input, "path"), true);
}

/* Unity Catalog. */

static struct bldr_value *input_schema(const struct step *s, const struct bldr_value *known,
				       struct buf *detail)
{
	if (!applies(s, known, detail)) {
		return NULL;
	}
	if (has(known, "schema")) {
		buf_puts(detail, "the one of --schema is used, and left as it is");
		return NULL;
	}
	return with("name", taken(schema_of(known)));
}

static struct bldr_value *input_volume(const struct step *s, const struct bldr_value *known,
				       struct buf *detail)
{
	return applies(s, known, detail) ? with("name", taken(volume_of(known))) : NULL;
}

static struct databricks_request create(const struct databricks *w, enum databricks_securable kind,
					const struct bldr_value *input)
{
	return databricks_securable_create(w, kind, bldr_get_text(input, "name"),
					   "made by bldr databricks smoke, which takes it away");
}

static struct databricks_request ask_create_schema(const struct databricks *w,
						   const struct bldr_value *input,
						   const struct bldr_value *kept)
{
	(void)kept;
	return create(w, DATABRICKS_SCHEMA, input);
}

static struct databricks_request ask_create_volume(const struct databricks *w,
						   const struct bldr_value *input,
						   const struct bldr_value *kept)
{
	(void)kept;
	return create(w, DATABRICKS_VOLUME, input);
}

static struct databricks_request ask_delete_schema(const struct databricks *w,
						   const struct bldr_value *input,
						   const struct bldr_value *kept)
{
	(void)kept;
	return databricks_securable_delete(w, DATABRICKS_SCHEMA, bldr_get_text(input, "name"), true);
}

static struct databricks_request ask_delete_volume(const struct databricks *w,
						   const struct bldr_value *input,
						   const struct bldr_value *kept)
{
	(void)kept;
	return databricks_securable_delete(w, DATABRICKS_VOLUME, bldr_get_text(input, "name"),
					   false);
}

/* A file of the volume. */

static struct bldr_value *input_file(const struct step *s, const struct bldr_value *known,
				     struct buf *detail)
{
	struct bldr_value *v;

	if (!applies(s, known, detail)) {
		return NULL;
	}
	v = with("path", taken(remote_file_of(known)));
	bldr_object_set(v, "file", bldr_ref(bldr_get(known, "file")));
	return v;
}

static struct databricks_request ask_upload(const struct databricks *w,
					    const struct bldr_value *input,
					    const struct bldr_value *kept)
{
	const struct bldr_value *file = bldr_get(input, "file");
	const struct databricks_upload upload = {
		.path = bldr_get_text(input, "path"),
		.from = bldr_get_text(file, "path"),
		.hash = bldr_get_text(file, "hash"),
		.bytes = bldr_get_int(file, "bytes", -1),
		.overwrite = true,
	};

	(void)kept;
	return databricks_file_upload(w, &upload);
}

static struct databricks_request ask_download(const struct databricks *w,
					      const struct bldr_value *input,
					      const struct bldr_value *kept)
{
	char *save = xasprintf("%s.back", bldr_get_text(bldr_get(input, "file"), "path"));
	struct databricks_request q =
		databricks_file_download(w, bldr_get_text(input, "path"), save);

	(void)kept;
	free(save);
	return q;
}

static enum verdict judge_download(const struct step *s, const struct bldr_value *known,
				   const struct databricks_end *end, struct bldr_value *learned,
				   struct buf *detail)
{
	const struct bldr_value *file = bldr_get(known, "file");

	(void)s;
	(void)learned;
	if (!step_succeeded(end, detail)) {
		return VERDICT_FAILED;
	}
	if (strcmp(known_text(end->value, "hash"), known_text(file, "hash")) != 0) {
		buf_puts(detail, "what came back is not what was sent");
		return VERDICT_FAILED;
	}
	buf_puts(detail, "the same bytes came back");
	return VERDICT_OK;
}

/* The job and its run. */

static struct bldr_value *settings_of(const struct bldr_value *known)
{
	struct bldr_value *v = with("name", bldr_textf("bldr-smoke-%s", known_text(known, "id")));
	struct bldr_value *task = with("task_key", bldr_text("hello"));
	struct bldr_value *tasks = bldr_list();
	struct bldr_value *parameters = bldr_list();
	struct bldr_value *parameter = with("name", bldr_text("file"));
	char *folder = folder_of(known);

	bldr_object_set(task, "notebook_task",
			with("notebook_path", taken(xasprintf("%s/hello", folder))));
	if (has(known, "cluster")) {
		bldr_object_set(task, "existing_cluster_id", bldr_ref(bldr_get(known, "cluster")));
	}
	bldr_list_add(tasks, task);
	bldr_object_set(parameter, "default", bldr_text(""));
	bldr_list_add(parameters, parameter);
	bldr_object_set(v, "tags", with("bldr_smoke", bldr_text(known_text(known, "id"))));
	bldr_object_set(v, "tasks", tasks);
	bldr_object_set(v, "parameters", parameters);
	bldr_object_set(v, "max_concurrent_runs", bldr_int(1));
	free(folder);
	return v;
}

static struct bldr_value *input_job(const struct step *s, const struct bldr_value *known,
				    struct buf *detail)
{
	struct bldr_value *v;

	if (!applies(s, known, detail)) {
		return NULL;
	}
	v = with("settings", settings_of(known));
	bldr_object_set(v, "name", bldr_textf("bldr-smoke-%s", known_text(known, "id")));
	bldr_object_set(v, "tag", bldr_text("bldr_smoke"));
	bldr_object_set(v, "value", bldr_ref(bldr_get(known, "id")));
	return v;
}

static enum verdict judge_job(const struct step *s, const struct bldr_value *known,
			      const struct databricks_end *end, struct bldr_value *learned,
			      struct buf *detail)
{
	int64_t job_id = bldr_get_int(end->value, "job_id", 0);

	(void)s;
	(void)known;
	if (!step_succeeded(end, detail)) {
		return VERDICT_FAILED;
	}
	bldr_object_set(learned, "job_id", bldr_int(job_id));
	buf_printf(detail, "job %lld", (long long)job_id);
	return VERDICT_OK;
}

static struct bldr_value *input_run(const struct step *s, const struct bldr_value *known,
				    struct buf *detail)
{
	const char *const parts[] = { "smoke", known_text(known, "id"), NULL };
	char token[DATABRICKS_TOKEN_SIZE];
	struct bldr_value *v;

	if (!applies(s, known, detail)) {
		return NULL;
	}
	databricks_token(parts, token);
	v = with("job_id", bldr_ref(bldr_get(known, "job_id")));
	bldr_object_set(v, "idempotency_token", bldr_text(token));
	bldr_object_set(v, "deadline_ms", bldr_int(RUN_MAX_MS));
	if (has(known, "catalog")) {
		bldr_object_set(v, "job_parameters", with("file", taken(remote_file_of(known))));
	}
	return v;
}

static enum verdict judge_run(const struct step *s, const struct bldr_value *known,
			      const struct databricks_end *end, struct bldr_value *learned,
			      struct buf *detail)
{
	const struct bldr_value *task = bldr_at(bldr_get(end->value, "tasks"), 0);
	const char *output = known_text(task, "output");
	char *expected = has(known, "catalog")
		? xasprintf(TOTAL " hello from bldr %s", known_text(known, "id"))
		: xstrdup(TOTAL " no file");
	bool right = end->outcome == DATABRICKS_OK && strcmp(output, expected) == 0;

	(void)s;
	(void)learned;
	free(expected);
	if (end->outcome != DATABRICKS_OK) {
		buf_puts(detail, end->message);
	} else if (strcmp(known_text(end->value, "result"), "success") != 0) {
		const char *error = known_text(task, "error");

		buf_printf(detail, "%s (%s): %s", known_text(end->value, "result"),
			   known_text(task, "blame"),
			   error[0] != '\0' ? error : known_text(end->value, "message"));
	} else {
		buf_printf(detail, right ? "gave \"%s\"" : "gave \"%s\", which is wrong", output);
	}
	return right ? VERDICT_OK : VERDICT_FAILED;
}

/* Takes every job away that has the name and the tag; there may be more than the one that is known. */
static struct databricks_request ask_delete_jobs(const struct databricks *w,
						 const struct bldr_value *input,
						 const struct bldr_value *kept)
{
	int64_t job_id = bldr_get_int(kept, "job_id", 0);

	return job_id != 0 ? databricks_job_delete(w, job_id)
			   : databricks_job_list(w, bldr_get_text(input, "name"),
						 bldr_get_text(kept, "token"));
}

static void told_delete_jobs(const struct bldr_value *input, const struct bldr_value *kept,
			     const struct databricks_answer *answer, int64_t now_ms,
			     struct arena *a, struct databricks_turn *ret)
{
	int64_t deleted = bldr_get_int(kept, "deleted", 0);
	bool listed = bldr_get_int(kept, "job_id", 0) == 0;
	const char *token = databricks_next_page(answer->body);
	int64_t job_id = databricks_job_find(answer->body, bldr_get_text(input, "name"),
					     "bldr_smoke", bldr_get_text(input, "id"));

	databricks_told_once(input, kept, answer, now_ms, a, ret);
	if (answer->outcome != DATABRICKS_OK &&
	    (listed || answer->outcome != DATABRICKS_NOT_FOUND)) {
		return;
	}
	bldr_unref(ret->end.value);
	ret->end = (struct databricks_end){ .outcome = DATABRICKS_OK, .message = "" };
	if (listed && job_id == 0 && token == NULL) {
		ret->end.value = with("deleted", bldr_int(deleted));
		return;
	}
	ret->ended = false;
	ret->kept = with("deleted", bldr_int(deleted + !listed));
	if (listed && job_id != 0) {
		bldr_object_set(ret->kept, "job_id", bldr_int(job_id));
	} else if (listed) {
		bldr_object_set(ret->kept, "token", bldr_text(token));
	}
}

static struct bldr_value *input_delete_jobs(const struct step *s, const struct bldr_value *known,
					    struct buf *detail)
{
	struct bldr_value *v;

	if (!applies(s, known, detail)) {
		return NULL;
	}
	v = with("name", bldr_textf("bldr-smoke-%s", known_text(known, "id")));
	bldr_object_set(v, "id", bldr_ref(bldr_get(known, "id")));
	return v;
}

/* SQL. */

static struct bldr_value *input_statement(const struct step *s, const struct bldr_value *known,
					  struct buf *detail)
{
	struct bldr_value *v;
	struct bldr_value *parameter = with("name", bldr_text("n"));
	struct bldr_value *parameters = bldr_list();

	bldr_object_set(parameter, "value", bldr_text("21"));
	bldr_object_set(parameter, "type", bldr_text("INT"));
	bldr_list_add(parameters, parameter);
	v = with("parameters", parameters);
	bldr_object_set(v, "warehouse_id", bldr_ref(bldr_get(known, "warehouse")));
	bldr_object_set(v, "statement", bldr_text("SELECT 2 * :n AS answer"));
	bldr_object_set(v, "repeatable", bldr_bool(true));
	if (applies(s, known, detail) && has(known, "warehouse")) {
		return v;
	}
	if (detail->size == 0) {
		buf_puts(detail, "no --warehouse and no DATABRICKS_WAREHOUSE_ID is given");
	}
	bldr_unref(v);
	return NULL;
}

static enum verdict judge_statement(const struct step *s, const struct bldr_value *known,
				    const struct databricks_end *end, struct bldr_value *learned,
				    struct buf *detail)
{
	const char *cell = bldr_as_text(bldr_at(bldr_at(bldr_get(end->value, "rows"), 0), 0));

	(void)s;
	(void)known;
	(void)learned;
	if (!step_succeeded(end, detail)) {
		return VERDICT_FAILED;
	}
	buf_printf(detail, "gave %s", cell != NULL ? cell : "no value");
	return cell != NULL && strcmp(cell, "42") == 0 ? VERDICT_OK : VERDICT_FAILED;
}

/* What made something, or took it away. */
static enum verdict judge_made(const struct step *s, const struct bldr_value *known,
			       const struct databricks_end *end, struct bldr_value *learned,
			       struct buf *detail)
{
	(void)s;
	(void)known;
	(void)learned;
	/* EXISTS: an earlier try's, whose answer was lost; nobody else has names like these */
	if (end->outcome == DATABRICKS_OK || end->outcome == DATABRICKS_EXISTS) {
		buf_puts(detail, "made");
		return VERDICT_OK;
	}
	buf_puts(detail, end->message);
	return VERDICT_FAILED;
}

static enum verdict judge_gone(const struct step *s, const struct bldr_value *known,
			       const struct databricks_end *end, struct bldr_value *learned,
			       struct buf *detail)
{
	(void)s;
	(void)known;
	(void)learned;
	if (end->outcome == DATABRICKS_OK || end->outcome == DATABRICKS_NOT_FOUND) {
		buf_puts(detail, end->outcome == DATABRICKS_OK ? "taken away" : "was not there");
		return VERDICT_OK;
	}
	buf_printf(detail, "is still there: %s", end->message);
	return VERDICT_FAILED;
}

#define CALL(name, function) \
	static const struct databricks_procedure name = { #name, function, databricks_told_once }
CALL(call_mkdirs, ask_mkdirs);
CALL(call_import, ask_import);
CALL(call_create_schema, ask_create_schema);
CALL(call_create_volume, ask_create_volume);
CALL(call_upload, ask_upload);
CALL(call_download, ask_download);
CALL(call_delete_volume, ask_delete_volume);
CALL(call_delete_schema, ask_delete_schema);
CALL(call_delete_folder, ask_delete_folder);
static const struct databricks_procedure call_delete_jobs = { "delete_jobs", ask_delete_jobs,
							      told_delete_jobs };

/* about: not NULL of those that need a catalog. */
static const char CATALOG[] = "catalog";
static const struct step steps[] = {
	{ "me", "identity", &call_me, step_without_input, judge_me, NULL, false },
	{ "folder", "folder", &call_mkdirs, input_folder, judge_made, NULL, false },
	{ "notebook", "notebook", &call_import, input_folder, judge_made, NULL, false },
	{ "schema", "schema", &call_create_schema, input_schema, judge_made, CATALOG, false },
	{ "volume", "volume", &call_create_volume, input_volume, judge_made, CATALOG, false },
	{ "upload", "file to the volume", &call_upload, input_file, judge_made, CATALOG, false },
	{ "download", "file from the volume", &call_download, input_file, judge_download, CATALOG,
	  false },
	{ "job", "job", &databricks_ensure_job, input_job, judge_job, NULL, false },
	{ "run", "run", &databricks_ensure_run, input_run, judge_run, NULL, false },
	{ "statement", "SQL statement", &databricks_ensure_statement, input_statement,
	  judge_statement, NULL, false },
	{ "no_job", "clean up: job", &call_delete_jobs, input_delete_jobs, judge_gone, NULL, true },
	{ "no_volume", "clean up: volume", &call_delete_volume, input_volume, judge_gone, CATALOG,
	  true },
	{ "no_schema", "clean up: schema", &call_delete_schema, input_schema, judge_gone, CATALOG,
	  true },
	{ "no_folder", "clean up: folder", &call_delete_folder, input_folder, judge_gone, NULL,
	  true },
	{ .name = NULL },
};

/* The local file that is sent: {path, hash, bytes}. */
static int make_file(const struct steps_run *r, const char *id, struct bldr_value **ret,
		     struct bldr_error *err)
{
	char *path = xasprintf("%s/smoke-%s.txt", r->settings->output, id);
	char *text = xasprintf("hello from bldr %s\n", id);
	char hex[HASH_HEX_MAX];
	int rc = file_write(path, text, strlen(text), err);

	if (rc == 0) {
		hash_bytes(text, strlen(text), hex);
		*ret = with("path", bldr_text(path));
		bldr_object_set(*ret, "hash", bldr_text(hex));
		bldr_object_set(*ret, "bytes", bldr_int((int64_t)strlen(text)));
	}
	free(text);
	free(path);
	return rc;
}

static void set_known(struct bldr_value *known, const char *key, const char *text)
{
	if (text != NULL) {
		bldr_object_set(known, key, bldr_text(text));
	}
}

static int begin(struct steps_run *r, const char *cluster, struct bldr_error *err)
{
	struct bldr_value *known = bldr_object();
	struct bldr_value *file = NULL;
	char id[RUN_ID_MAX];
	char *sql_id;
	int rc;

	runs_new_id(id);
	sql_id = xstrdup(id);
	for (char *c = sql_id; *c != '\0'; c++) {
		if (*c == '-') {
			*c = '_';
		}
	}
	r->thread = arena_printf(&r->arena, "databricks-smoke-%s", id);
	set_known(known, "id", id);
	set_known(known, "sql_id", sql_id);
	set_known(known, "catalog", settings_said(r->settings, "databricks.catalog"));
	set_known(known, "schema", settings_said(r->settings, "databricks.schema"));
	set_known(known, "cluster", cluster);
	set_known(known, "warehouse", r->config.warehouse_id);
	free(sql_id);
	rc = make_file(r, id, &file, err);
	if (rc == 0) {
		bldr_object_set(known, "file", file);
		rc = steps_begin(r, known, err);
	}
	bldr_unref(known);
	return rc;
}

/* What lay in the output folder meanwhile. */
static void remove_files(const struct steps_run *r)
{
	static const char prefix[] = "databricks-smoke-";
	const char *const ends[] = { "", ".back" };

	for (size_t i = 0; r->thread != NULL && i < 2; i++) {
		char *path = xasprintf("%s/smoke-%s.txt%s", r->settings->output,
				       r->thread + strlen(prefix), ends[i]);

		(void)unlink(path);
		free(path);
	}
}

static const struct chain chain = { "databricks.smoke", steps, 0 };

static int smoke(const struct settings *settings, const char *cluster, const char *thread)
{
	struct bldr_error err;
	struct steps_run r;
	int exit_code;
	int rc = steps_open(&r, settings, &chain, &err);

	if (rc == 0) {
		rc = thread != NULL ? steps_resume(&r, thread, &err) : begin(&r, cluster, &err);
	}
	exit_code = rc < 0 ? command_fail(&err) : steps_drive(&r);
	if (exit_code == EXIT_INTERRUPTED) {
		fprintf(stderr,
			"bldr: what was made is still there; go on, and clean up, with: bldr databricks "
			"smoke --resume %s --output %s\n",
			r.thread, settings->output);
	} else if (rc == 0) {
		remove_files(&r);
	}
	steps_close(&r);
	return exit_code;
}

int command_databricks_smoke(int argc, char **argv, const struct cli_hooks *hooks)
{
	const char *cluster = NULL;
	const char *thread = NULL;
	const struct option_spec options[] = {
		{ .name = "cluster",
		  .kind = OPTION_TEXT,
		  .ret = &cluster,
		  .value = "ID",
		  .help = "an existing cluster to run on, instead of serverless" },
		{ .name = "resume",
		  .kind = OPTION_TEXT,
		  .ret = &thread,
		  .value = "THREAD",
		  .help = "go on with a round that was stopped" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr databricks smoke [--catalog NAME [--schema NAME]] [--warehouse ID] "
			 "[OPTIONS]",
		.summary =
			"Does a small full round in a Databricks workspace, and takes away what it made.",
		.description =
			"Folder, notebook, schema, volume, file, job, run, statement; then all of it is "
			"deleted, also after a failure.\nUnless a catalogue is named nothing of Unity Catalog is tried, "
			"without a warehouse no SQL. The job runs serverless, or on\nthe cluster that --cluster "
			"names. A round that was stopped goes on, and cleans up, with --resume.\nExit codes: 0 "
			"all went well, 1 something failed, 2 the configuration is wrong, 3 no answer, 130 "
			"stopped.",
		.examples = "bldr databricks smoke --catalog main --warehouse 1234567890abcdef\n"
			    "bldr databricks smoke --profile dev --json",
		.options = options,
	};
	struct settings settings;
	int exit_code;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_DATABRICKS, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, smoke(&settings, cluster, thread));
}
