/*
 * The job that runs the notebooks: settings as POST /api/2.2/jobs/create takes them, and as a bundle's resource
 * does. A task per notebook, each waiting for those whose tables it reads; no compute is named, so the
 * tasks run serverless. Every notebook may be run again, so a failed task is tried once more, soon: what is wrong in a
 * notebook stays wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "warehouse/emitters/notebook.h"

enum { TASKS_MAX = 1000, TASK_KEY_MAX = 100, TASK_KEY_HASH = 8, RETRIES_MAX = 1 };
enum { RETRY_AFTER_MS = 30000, TASK_TIMEOUT_S = 3600, JOB_TIMEOUT_S = 14400, WARN_AFTER_S = 7200 };

struct deployer { /* how it names notebooks, and what it puts into parameters */
	const char *before, *behind;
	bool variables;
};

/* By REST: whoever deploys puts the folder of the notebooks in the place of this. */
static const struct deployer rest = { "${workspace.file_path}", "", false };
/* A bundle finds notebooks from the file of its resource, and has variables. */
static const struct deployer bundle = { "..", ".py", true };

static const char *task_key(struct emitter *e, const char *layer, const char *name)
{
	const char *key = strcmp(layer, name) == 0 ? name
						   : arena_printf(e->arena, "%s_%s", layer, name);
	char hash[HASH_HEX_MAX];

	if (strlen(key) <= TASK_KEY_MAX) {
		return key;
	}
	hash_bytes(key, strlen(key), hash);
	return arena_printf(e->arena, "%.*s_%.*s", TASK_KEY_MAX - TASK_KEY_HASH - 1, key,
			    TASK_KEY_HASH, hash);
}

struct task {
	struct emitter *e;
	struct bldr_value *settings;
	struct bldr_value *depends_on;
};

static struct task begin_task(struct emitter *e, const struct deployer *d, const char *layer,
			      const char *name)
{
	struct task t = { e, bldr_object(), bldr_list() };
	struct bldr_value *notebook = bldr_object();
	struct bldr_value *parameters = bldr_object();

	bldr_object_set(parameters, "run_id", bldr_text("{{job.run_id}}"));
	bldr_object_set(notebook, "notebook_path",
			bldr_textf("%s/%s/%s%s", d->before, layer, emit_name(e->arena, name),
				   d->behind));
	bldr_object_set(notebook, "source", bldr_text("WORKSPACE"));
	bldr_object_set(notebook, "base_parameters", parameters);
	bldr_object_set(t.settings, "task_key", bldr_text(task_key(e, layer, name)));
	bldr_object_set(t.settings, "notebook_task", notebook);
	bldr_object_set(t.settings, "max_retries", bldr_int(RETRIES_MAX));
	bldr_object_set(t.settings, "min_retry_interval_millis", bldr_int(RETRY_AFTER_MS));
	bldr_object_set(t.settings, "retry_on_timeout", bldr_bool(false));
	bldr_object_set(t.settings, "timeout_seconds", bldr_int(TASK_TIMEOUT_S));
	return t;
}

static void wait_for(struct task *t, const char *layer, const char *name)
{
	const char *key = task_key(t->e, layer, name);
	struct bldr_value *item;

	for (size_t i = 0; i < bldr_count(t->depends_on); i++) {
		if (strcmp(bldr_get_text(bldr_at(t->depends_on, i), "task_key"), key) == 0) {
			return;
		}
	}
	item = bldr_object();
	bldr_object_set(item, "task_key", bldr_text(key));
	bldr_list_add(t->depends_on, item);
}

static struct bldr_value *end_task(struct task *t)
{
	if (bldr_count(t->depends_on) > 0) {
		bldr_object_set(t->settings, "depends_on", t->depends_on);
	} else {
		bldr_unref(t->depends_on);
	}
	return t->settings;
}

static struct bldr_value *gold_task(struct emitter *e, const struct deployer *d,
				    const struct sttm_table *table)
{
	struct task t = begin_task(e, d, "gold", table->name);

	if (table->source != NULL) {
		wait_for(&t, "silver", table->source);
	}
	for (size_t i = 0; i < table->joins.n; i++) {
		wait_for(&t, "silver", table->joins.at[i].table);
	}
	for (size_t i = 0; i < table->calendar.n; i++) {
		wait_for(&t, "silver", table->calendar.at[i].table);
	}
	for (size_t i = 0; i < table->columns.n; i++) {
		if (table->columns.at[i].dimension != NULL) {
			wait_for(&t, "gold", table->columns.at[i].dimension);
		}
	}
	return end_task(&t);
}

/* Behind all tables. */
static struct bldr_value *governance_task(struct emitter *e, const struct deployer *d)
{
	struct task t = begin_task(e, d, "governance", "governance");

	for (size_t i = 0; i < e->lake->n; i++) {
		wait_for(&t, "silver", e->lake->sources[i].file->table);
	}
	for (size_t i = 0; i < e->sttm->tables.n; i++) {
		wait_for(&t, "gold", e->sttm->tables.at[i].name);
	}
	return end_task(&t);
}

static struct bldr_value *tasks(struct emitter *e, const struct deployer *d)
{
	struct bldr_value *list = bldr_list();
	struct task t;

	for (size_t i = 0; i < e->lake->n; i++) {
		t = begin_task(e, d, "bronze", e->lake->sources[i].file->table);
		bldr_list_add(list, end_task(&t));
	}
	for (size_t i = 0; i < e->lake->n; i++) {
		const char *table = e->lake->sources[i].file->table;

		t = begin_task(e, d, "silver", table);
		wait_for(&t, "bronze", table);
		bldr_list_add(list, end_task(&t));
	}
	for (size_t i = 0; i < e->sttm->tables.n; i++) {
		bldr_list_add(list, gold_task(e, d, &e->sttm->tables.at[i]));
	}
	bldr_list_add(list, governance_task(e, d));
	return list;
}

/* As in python/bldr_ingest/session.py; run_id is each task's own, so that a repaired run keeps it. */
static struct bldr_value *parameters(const struct deployer *d)
{
	static const struct {
		const char *name, *value;
		bool variable; /* of the bundle */
	} defaults[] = {
		{ "catalog", "main", true },
		{ "schema", "bldr", true },
		{ "source_path", "/Volumes/main/bldr/landing", true },
		{ "full_refresh", "false", false },
		{ "remove_gone", "false", false },
		{ "quarantine_limit", "100", false },
		{ "governance", "true", false },
	};
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		struct bldr_value *item = bldr_object();

		bldr_object_set(item, "name", bldr_text(defaults[i].name));
		bldr_object_set(item, "default",
				d->variables && defaults[i].variable
					? bldr_textf("${var.%s}", defaults[i].name)
					: bldr_text(defaults[i].value));
		bldr_list_add(list, item);
	}
	return list;
}

/* Warns when a run takes longer than it should. */
static struct bldr_value *health(void)
{
	struct bldr_value *rule = bldr_object();
	struct bldr_value *rules = bldr_list();
	struct bldr_value *settings = bldr_object();

	bldr_object_set(rule, "metric", bldr_text("RUN_DURATION_SECONDS"));
	bldr_object_set(rule, "op", bldr_text("GREATER_THAN"));
	bldr_object_set(rule, "value", bldr_int(WARN_AFTER_S));
	bldr_list_add(rules, rule);
	bldr_object_set(settings, "rules", rules);
	return settings;
}

static struct bldr_value *settings(struct emitter *e, const struct deployer *d)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *queue = bldr_object();
	struct bldr_value *tags = bldr_object();

	bldr_object_set(queue, "enabled", bldr_bool(true));
	bldr_object_set(tags, "generator", bldr_text("bldr"));
	bldr_object_set(v, "name", bldr_text("bldr star schema"));
	bldr_object_set(v, "description",
			bldr_text("Loads raw files into a star schema: bronze, silver, gold."));
	bldr_object_set(v, "tags", tags);
	bldr_object_set(v, "parameters", parameters(d));
	bldr_object_set(v, "max_concurrent_runs", bldr_int(1));
	bldr_object_set(v, "queue", queue);
	bldr_object_set(v, "timeout_seconds", bldr_int(JOB_TIMEOUT_S));
	bldr_object_set(v, "health", health());
	bldr_object_set(v, "tasks", tasks(e, d));
	return v;
}

int job_emit(struct emitter *e)
{
	size_t n = 2 * e->lake->n + e->sttm->tables.n + 1;
	struct bldr_value *v;
	char *text;
	int rc;

	if (n > TASKS_MAX) {
		return bldr_error_set(e->err, BLDR_E_LIMIT,
				      "the job would have %zu tasks, a job has %d at most", n,
				      TASKS_MAX);
	}
	v = settings(e, &rest);
	text = bldr_value_pretty(v);
	rc = emit_file(e, "pipeline/job.json", "job", NULL, text, strlen(text));
	free(text);
	bldr_unref(v);
	if (rc == 0) {
		v = settings(e, &bundle);
		rc = bundle_emit(e, v);
		bldr_unref(v);
	}
	return rc;
}
