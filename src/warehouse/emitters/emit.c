/*
 * Emits the pipeline of an STTM: a bronze and a silver notebook per source table, a gold one per target table,
 * the library that they import, and the job. The STTM is compiled first, as the embedded loader does, so that a wrong one is told before a
 * file is written; names must be such that files, tables and tasks can have them. Equal input gives
 * equal bytes.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "warehouse/emitters/notebook.h"
#include "warehouse/emitters/rule.h"
#include "warehouse/warehouse.h"

/* Longer names of tables are shortened: emit_name(). */
enum { TABLE_NAME_MAX = 1024, COLUMN_NAME_MAX = 255 };

/* Names that need no quotes anywhere: in paths, SQL, Spark, task keys. */
static bool is_identifier(const char *name, size_t max)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 0x80 || (isalnum(c) == 0 && c != '_') || (i == 0 && isdigit(c) != 0)) {
			return false;
		}
	}
	return size > 0 && size <= max;
}

static int check_name(const char *what, const char *name, size_t max, struct bldr_error *err)
{
	return is_identifier(name, max)
		? 0
		: bldr_error_set(err, BLDR_E_INVALID,
				 "%s \"%s\" cannot have that name on Databricks: take letters, "
				 "digits and _, at most %zu",
				 what, name, max);
}

/* A target must not have the name of a table that the pipeline keeps for itself. */
static int check_clash(const struct sources *sources, const struct sttm *sttm, const char *name,
		       struct bldr_error *err)
{
	static const char *const prefixes[] = { "bronze_", "silver_", "quarantine_" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t size = strlen(prefixes[i]);
		bool clash = false;

		if (strncasecmp(name, prefixes[i], size) != 0) {
			continue;
		}
		for (size_t k = 0; k < sources->files.n; k++) {
			clash |= strcasecmp(name + size, sources->files.at[k].table) == 0;
		}
		for (size_t k = 0; k < sttm->tables.n; k++) {
			clash |= strcasecmp(name + size, sttm->tables.at[k].name) == 0;
		}
		if (clash) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "table \"%s\" has the name of one that the pipeline "
					      "keeps for itself; rename it",
					      name);
		}
	}
	if (strcasecmp(name, "etl_audit") == 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "table \"%s\" has the name of one that the pipeline keeps for "
				      "itself; rename it",
				      name);
	}
	for (size_t k = 0; k < sources->files.n; k++) {
		if (strcasecmp(name, sources->files.at[k].table) == 0) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "source and target table \"%s\" would share their "
					      "quarantine; rename one",
					      name);
		}
	}
	return 0;
}

static int check_names(const struct sources *sources, const struct sttm *sttm,
		       struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sources->files.n; i++) {
		rc = check_name("source table", sources->files.at[i].table, TABLE_NAME_MAX, err);
	}
	for (size_t i = 0; rc == 0 && i < sttm->tables.n; i++) {
		const struct sttm_table *t = &sttm->tables.at[i];

		rc = check_name("table", t->name, TABLE_NAME_MAX, err);
		for (size_t k = 0; rc == 0 && k < t->columns.n; k++) {
			rc = check_name("column", t->columns.at[k].target, COLUMN_NAME_MAX, err);
		}
		if (rc == 0) {
			rc = check_clash(sources, sttm, t->name, err);
		}
	}
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct pipeline_file *)a)->path,
		      ((const struct pipeline_file *)b)->path);
}

/* Errors that a notebook would tell are told before the first is written. */
static int check_rules(struct emitter *e)
{
	struct rules rules;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->targets->n; i++) {
		rc = rules_build(e, &e->targets->at[i], &rules);
	}
	return rc;
}

static int emit_all(struct emitter *e)
{
	int rc = check_rules(e);

	for (size_t i = 0; rc == 0 && i < e->lake->n; i++) {
		rc = bronze_emit(e, &e->lake->sources[i]);
		if (rc == 0) {
			rc = silver_emit(e, &e->lake->sources[i]);
		}
	}
	for (size_t i = 0; rc == 0 && i < e->targets->n; i++) {
		rc = gold_emit(e, &e->targets->at[i]);
	}
	if (rc == 0) {
		rc = governance_emit(e);
	}
	if (rc == 0) {
		rc = library_emit(e);
	}
	return rc < 0 ? rc : job_emit(e);
}

static void find_refused(struct emitter *e, const struct sources *sources)
{
	for (size_t i = 0; i < sources->files.n; i++) {
		const struct source_file *f = &sources->files.at[i];
		const char *reason = emit_refusal(f, e->arena);

		if (reason != NULL) {
			*LIST_ADD(e->arena, &e->pipeline->refused) =
				(struct pipeline_refused){ .path = f->path, .reason = reason };
		}
	}
}

int emit_pipeline(const char *folder, const struct sources *sources, const struct sttm *sttm,
		  struct arena *a, struct pipeline *ret, struct bldr_error *err)
{
	struct pipeline pipeline = { .head = { .version = 1 } };
	struct targets targets;
	struct lake lake;
	struct emitter e = {
		.folder = folder,
		.sttm = sttm,
		.targets = &targets,
		.lake = &lake,
		.arena = a,
		.pipeline = &pipeline,
		.err = err,
	};
	int rc = targets_compile(sources, sttm, a, &targets, err);

	if (rc == 0) {
		rc = check_names(sources, sttm, err);
	}
	if (rc == 0) {
		rc = lake_build(sources, sttm, a, &lake, err);
	}
	if (rc == 0) {
		rc = emit_all(&e);
	}
	if (rc < 0) {
		return rc;
	}
	ASSERT(pipeline.files.n > 0); /* the job is one */
	find_refused(&e, sources);
	qsort(pipeline.files.at, pipeline.files.n, sizeof(*pipeline.files.at), by_path);
	*ret = pipeline;
	return 0;
}
