/*
 * Answers: what the workspace said, in the terms that a node decides by. Nothing here fails on a body that is odd: what
 * cannot be understood is said so, and counts as "not known", never as "ended" or "done".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <bldr/effect.h>
#include "base/arena.h"

/* What became of a call. */
enum databricks_outcome {
	DATABRICKS_OK,
	DATABRICKS_NOT_FOUND,       /* or not to be seen by this principal */
	DATABRICKS_EXISTS,          /* what was to be made is there */
	DATABRICKS_NOT_EMPTY,       /* a folder, schema or catalog that has something in it */
	DATABRICKS_UNAUTHENTICATED, /* the credential is not accepted */
	DATABRICKS_DENIED,          /* the principal may not */
	DATABRICKS_INVALID,         /* the request is wrong */
	DATABRICKS_LIMIT,           /* a quota; asking again does not help */
	DATABRICKS_BUSY,            /* an answer that says: later. It was not applied */
	DATABRICKS_UNREACHABLE,     /* nothing was applied that matters: another try is right */
	DATABRICKS_UNKNOWN, /* class once: it may or may not have been applied: look it up */
	DATABRICKS_FAILED   /* anything else */
};
const char *databricks_outcome_name(enum databricks_outcome o);

/* Whose business a failure is. */
enum databricks_blame {
	DATABRICKS_BLAME_NONE,
	DATABRICKS_BLAME_CODE,          /* the pipeline's code: there is a trace */
	DATABRICKS_BLAME_CONFIGURATION, /* rights, names, settings: a person's */
	DATABRICKS_BLAME_INFRASTRUCTURE /* wait and try again; never mend code */
};
const char *databricks_blame_name(enum databricks_blame b);

struct databricks_answer {
	enum databricks_outcome outcome;
	enum databricks_blame blame;
	int64_t status;      /* of HTTP; 0: there was no answer */
	const char *code;    /* "RESOURCE_DOES_NOT_EXIST", "SCIM_404", ...; "" when there is none */
	const char *message; /* for people; "" when all is well */
	const struct bldr_value *body; /* JSON of an answer of success; NULL: it was empty, or saved */
	const struct bldr_value *headers; /* object, names in lower case */
	const struct bldr_value *saved;   /* {path, hash, bytes}, or NULL */
};
/* r: the result of a request of request.h, borrowed for as long as ret is used. What ret points to is a's, or r's. */
void databricks_answer(const struct bldr_result *r, struct arena *a, struct databricks_answer *ret);
/* How long an answer of BUSY asks to wait, in whole seconds of Retry-After; 0: it does not say. */
int64_t databricks_retry_after_ms(const struct databricks_answer *answer);
/* The token of the next page; NULL: this was the last one. An empty page with a token is not the last one. */
const char *databricks_next_page(const struct bldr_value *body);

/* The job of that name whose tag `tag` has that value, among a page of databricks_job_list; 0: none. tag NULL: whatever
 * its tags. */
int64_t databricks_job_find(const struct bldr_value *body, const char *name, const char *tag,
			    const char *value);

enum databricks_run_state {
	DATABRICKS_RUN_PENDING, /* queued, blocked, waiting, a cluster that starts, and what is not known */
	DATABRICKS_RUN_RUNNING,
	DATABRICKS_RUN_TERMINATING,
	DATABRICKS_RUN_ENDED
};
enum databricks_run_result {
	DATABRICKS_RUN_OPEN, /* it has not ended */
	DATABRICKS_RUN_SUCCESS,
	DATABRICKS_RUN_FAILED,
	DATABRICKS_RUN_TIMED_OUT,
	DATABRICKS_RUN_CANCELLED,
	DATABRICKS_RUN_SKIPPED /* not run: excluded, disabled, upstream failed, too many at once */
};
struct databricks_run {
	int64_t run_id, job_id;
	const char *task_key; /* "" for the run of a job */
	int64_t attempt;
	enum databricks_run_state state;
	enum databricks_run_result result;
	enum databricks_blame blame; /* of FAILED, TIMED_OUT and SKIPPED */
	const char *code;            /* of the termination: "RUN_EXECUTION_ERROR"; "" */
	const char *message;         /* "" */
	const char *url;             /* the run's page, or "" */
	int64_t latest_repair_id;    /* 0: none */
};
/* Reads a run, or a task of a run; what ret points to is v's, or a's. `status` decides, `state` when there is none. INVALID: it
 * is no run. */
int databricks_run(const struct bldr_value *v, struct arena *a, struct databricks_run *ret,
		   struct bldr_error *err);
/* The tasks of a run, in its order, of each only the last attempt. */
struct databricks_runs {
	LIST(struct databricks_run) at;
};
int databricks_run_tasks(const struct bldr_value *v, struct arena *a, struct databricks_runs *ret,
			 struct bldr_error *err);
/* When to ask again, in ms: after a twentieth of the time that it has taken so far, 1 to 20 s. */
int64_t databricks_poll_ms(int64_t waited_ms);

/* What a task left behind: what it returned, or the error that ended it. */
struct databricks_output {
	const char *result; /* of dbutils.notebook.exit; NULL: none */
	bool truncated;
	const char *error; /* its last line; NULL: none */
	const char *trace; /* without colours; NULL: none */
	const char *logs;  /* not of notebooks; NULL: none */
	enum databricks_blame
		blame; /* what the error itself says: CODE when there is a trace, or what the trace shows */
};
void databricks_output(const struct bldr_value *body, struct arena *a,
		       struct databricks_output *ret);

enum databricks_sql_state {
	DATABRICKS_SQL_PENDING, /* or running, or not known */
	DATABRICKS_SQL_SUCCEEDED,
	DATABRICKS_SQL_FAILED,
	DATABRICKS_SQL_CANCELLED,
	DATABRICKS_SQL_CLOSED /* its result is gone */
};
struct databricks_statement {
	const char *id; /* "" when the answer has none: a chunk */
	enum databricks_sql_state state;
	const char *code, *sql_state, *message; /* of a failure; "" */
	enum databricks_blame blame;
	const struct bldr_value *columns; /* list of {name, type_name, ...}, or NULL */
	const struct bldr_value *rows; /* list of lists of text or null; NULL: none in this answer */
	const struct bldr_value *links; /* list of {external_link, chunk_index, ...}, or NULL */
	int64_t row_count;              /* of the whole result; -1: not said */
	int64_t next_chunk;             /* -1: this was the last one */
	bool truncated;
	bool too_large; /* it was cut, or failed, as more than an answer holds (25 MiB) */
};
/* body: of a statement, or of a chunk of one. INVALID: it is neither. */
int databricks_statement_read(const struct bldr_value *body, struct databricks_statement *ret,
			      struct bldr_error *err);

/* Of an answer of databricks_warehouse_get or _list, the warehouse {id, name, state, cluster_size, ...} that answers soonest: one
 * that runs, or else the first. NULL: there is none. */
const struct bldr_value *databricks_warehouse(const struct bldr_value *body);

/* Whether an answer of databricks_permissions has a privilege, such as "USE_CATALOG", among those of a principal (NULL: of any it
 * lists). ALL_PRIVILEGES counts as each but MANAGE. */
bool databricks_has_privilege(const struct bldr_value *body, const char *principal,
			      const char *privilege);

/* text without ANSI escape sequences; a's. */
const char *databricks_plain(struct arena *a, const char *text);
