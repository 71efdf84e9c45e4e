/*
 * Requests: one function per call of the REST API, each of which gives the arguments of an effect of kind "http" and its
 * class. Nothing is sent here, and no secret is here: a request names the credential that the engine adds.
 *
 *	struct databricks_request q = databricks_run_now(w, job_id, token, NULL);
 *	bldr_plan_add(p, "http", q.cls, q.args, q.timeout_ms);
 *
 * Texts passed in are copied; values (struct bldr_value *) are taken; w is borrowed for the call. Answers above 64 KB do
 * not fit a result: databricks_save has them written to a file. Of lists of jobs, runs, outputs and permissions only what
 * answer.h reads is the result (long texts cut: messages to 2,000 bytes, outputs, errors and traces to 12,000).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <bldr/effect.h>

/* A workspace, as requests see it. All texts are borrowed. */
struct databricks {
	const char *host; /* "https://adb-1.2.azuredatabricks.net": no path, no slash at the end */
	const char *credential;   /* of the engine, for Authorization: Bearer */
	const char *auth;         /* for User-Agent: "pat", "oauth-m2m", "azure-client-secret" */
	const char *workspace_id; /* or NULL */
	const char *azure_credential;  /* of the engine, for Azure's management; or NULL */
	const char *azure_resource_id; /* or NULL */
};

struct databricks_request {
	enum bldr_class cls;
	struct bldr_value *args; /* the caller's, until bldr_plan_add takes it */
	uint32_t timeout_ms;     /* 0: none but for silence */
};

/* A name of 64 characters for what is to happen once, from what makes it so: the same texts, the same token. parts:
 * NULL-terminated. */
enum { DATABRICKS_TOKEN_SIZE = 65 };
void databricks_token(const char *const *parts, char ret[DATABRICKS_TOKEN_SIZE]);

/* Has the body of an answer of success written to a file, whose reference stands in the result's "saved". */
void databricks_save(struct databricks_request *q, const char *path);

/* Who am I. */
struct databricks_request databricks_me(const struct databricks *w);

/* Workspace: notebooks and folders. path is absolute, "/Workspace" in front or not. */
struct databricks_request databricks_mkdirs(const struct databricks *w, const char *path);
/* One notebook or file of at most 10 MB. format: "SOURCE", "JUPYTER", "AUTO", ...; language: "PYTHON", "SQL", ... or NULL
 * (SOURCE needs one). A parent that is not there is NOT_FOUND. */
struct databricks_import {
	const char *path, *format, *language;
	const void *content;
	size_t size; /* bytes */
	bool overwrite;
};
struct databricks_request databricks_import(const struct databricks *w,
					    const struct databricks_import *i);
struct databricks_request databricks_status(const struct databricks *w, const char *path);
/* Not recursive, not paged. */
struct databricks_request databricks_list(const struct databricks *w, const char *path);
/* The content itself, into a file. format: "SOURCE", "JUPYTER", "AUTO", ... */
struct databricks_request databricks_export(const struct databricks *w, const char *path,
					    const char *format, const char *save);
struct databricks_request databricks_delete(const struct databricks *w, const char *path,
					    bool recursive);

/* Files of volumes. path: "/Volumes/catalog/schema/volume/...". */
/* The bytes of a local file, streamed. hash (BLAKE2b-256, or NULL) and bytes (negative: any): what it has to be. */
struct databricks_upload {
	const char *path, *from, *hash;
	int64_t bytes;
	bool overwrite;
};
struct databricks_request databricks_file_upload(const struct databricks *w,
						 const struct databricks_upload *f);
struct databricks_request databricks_file_download(const struct databricks *w, const char *path,
						   const char *save);
/* Its size and time, in the answer's headers. */
struct databricks_request databricks_file_head(const struct databricks *w, const char *path);
struct databricks_request databricks_file_delete(const struct databricks *w, const char *path);
/* With its parents; one that is there is fine. */
struct databricks_request databricks_folder_create(const struct databricks *w, const char *path);
/* A page of at most 1000; token: databricks_next_page of the page before, or NULL. */
struct databricks_request databricks_folder_list(const struct databricks *w, const char *path,
						 const char *token);
struct databricks_request databricks_folder_delete(const struct databricks *w, const char *path);

/* Jobs 2.2. */
/* Class once: there is no token by which the workspace could tell a second try. Before sending it anew, look the job up by
 * databricks_job_list(name) and databricks_job_find. settings: the job's; taken. */
struct databricks_request databricks_job_create(const struct databricks *w,
						struct bldr_value *settings);
struct databricks_request databricks_job_reset(const struct databricks *w, int64_t job_id,
					       struct bldr_value *settings);
/* The same with settings that are a file of JSON: {path, hash, bytes}, borrowed. A job of hundreds of tasks is more than a
 * node keeps. */
struct databricks_request databricks_job_create_file(const struct databricks *w,
						     const struct bldr_value *file);
struct databricks_request databricks_job_reset_file(const struct databricks *w, int64_t job_id,
						    const struct bldr_value *file);
/* settings (taken) and remove (list of names, taken) may be NULL. */
struct databricks_request databricks_job_update(const struct databricks *w, int64_t job_id,
						struct bldr_value *settings,
						struct bldr_value *remove);
struct databricks_request databricks_job_get(const struct databricks *w, int64_t job_id,
					     const char *token);
/* name: exactly, whatever its case; or NULL. */
struct databricks_request databricks_job_list(const struct databricks *w, const char *name,
					      const char *token);
struct databricks_request databricks_job_delete(const struct databricks *w, int64_t job_id);
/* idempotency: databricks_token; parameters: object name -> text, taken; or NULL. */
struct databricks_request databricks_run_now(const struct databricks *w, int64_t job_id,
					     const char *idempotency,
					     struct bldr_value *parameters);
/* A run without a job. settings: run_name, tasks, ...; taken. */
struct databricks_request databricks_run_submit(const struct databricks *w,
						struct bldr_value *settings,
						const char *idempotency);
struct databricks_request databricks_run_get(const struct databricks *w, int64_t run_id,
					     const char *token);
/* The same with its repairs: databricks_run then knows the latest one. */
struct databricks_request databricks_run_history(const struct databricks *w, int64_t run_id);
/* Of a task's run, never of the run of a job with several tasks. Its texts are cut to DATABRICKS_OUTPUT_MAX bytes. */
enum { DATABRICKS_OUTPUT_MAX = 12000 };
struct databricks_request databricks_run_output(const struct databricks *w, int64_t task_run_id);
/* job_id 0: of all jobs. */
struct databricks_request databricks_run_list(const struct databricks *w, int64_t job_id,
					      bool active_only, const char *token);
struct databricks_request databricks_run_cancel(const struct databricks *w, int64_t run_id);
struct databricks_request databricks_run_delete(const struct databricks *w, int64_t run_id);
/* Runs what failed, and what depends on it, again in the same run. latest_repair_id: of the repair before, 0: there is none;
 * it makes a second try of this call harmless: it is refused, and databricks_run_history knows the first one's repair.
 * parameters: as of run_now. */
struct databricks_request databricks_run_repair(const struct databricks *w, int64_t run_id,
						int64_t latest_repair_id,
						struct bldr_value *parameters);

/* SQL. A statement that fails is an answer of 200: databricks_statement says so. */
struct databricks_sql {
	const char *warehouse_id, *statement;
	const char *catalog, *schema; /* or NULL */
	struct bldr_value *
		parameters; /* list of {name, value (text or null), type}, for :name; taken; or NULL */
	int64_t row_limit; /* 0: none */
	bool external;     /* results by external links, otherwise inline (25 MB) */
	/* It may run twice when its answer was lost: a query, a MERGE that is right twice. Otherwise class once. */
	bool repeatable;
};
/* Waits at most 30 s, then it is polled by databricks_statement_get. */
struct databricks_request databricks_statement(const struct databricks *w,
					       const struct databricks_sql *s);
struct databricks_request databricks_statement_get(const struct databricks *w, const char *id);
/* May silently do nothing: go on polling to the end. */
struct databricks_request databricks_statement_cancel(const struct databricks *w, const char *id);
/* A chunk of an inline result, chunk 1 and more. */
struct databricks_request databricks_statement_chunk(const struct databricks *w, const char *id,
						     int64_t chunk);
/* The content behind an external link, which is a secret of 15 minutes: sent without credentials. */
struct databricks_request databricks_external_link(const char *url, const char *save);
struct databricks_request databricks_warehouse_get(const struct databricks *w, const char *id);
struct databricks_request databricks_warehouse_list(const struct databricks *w);
struct databricks_request databricks_warehouse_start(const struct databricks *w, const char *id);

/* Unity Catalog. */
enum databricks_securable {
	DATABRICKS_CATALOG,
	DATABRICKS_SCHEMA,
	DATABRICKS_TABLE,
	DATABRICKS_VOLUME
};
/* full_name: "catalog.schema.table". */
struct databricks_request databricks_securable_get(const struct databricks *w,
						   enum databricks_securable kind,
						   const char *full_name);
/* parent: "" for catalogs, "catalog" for schemas, "catalog.schema" for tables and volumes. A page may be empty and
 * not the last one. */
struct databricks_request databricks_securable_list(const struct databricks *w,
						    enum databricks_securable kind,
						    const char *parent, const char *token);
/* A catalog, a schema or a managed volume. One that is there is EXISTS. comment: or NULL. Tables are made by SQL. */
struct databricks_request databricks_securable_create(const struct databricks *w,
						      enum databricks_securable kind,
						      const char *full_name, const char *comment);
/* force: with what is in it. */
struct databricks_request databricks_securable_delete(const struct databricks *w,
						      enum databricks_securable kind,
						      const char *full_name, bool force);
/* constraint: {"primary_key_constraint": {...}} or {"foreign_key_constraint": {...}}; taken. */
struct databricks_request databricks_constraint_create(const struct databricks *w,
						       const char *table,
						       struct bldr_value *constraint);
/* principal: a user's name or a service principal's application id; NULL: everybody's. */
struct databricks_request databricks_permissions(const struct databricks *w,
						 enum databricks_securable kind,
						 const char *full_name, const char *principal,
						 const char *token);

/* Secrets. A secret's value is never sent by this client: it would stand in the journal. */
struct databricks_request databricks_scope_create(const struct databricks *w, const char *scope);
struct databricks_request databricks_scope_list(const struct databricks *w);
struct databricks_request databricks_secret_list(const struct databricks *w, const char *scope);
struct databricks_request databricks_secret_delete(const struct databricks *w, const char *scope,
						   const char *key);
