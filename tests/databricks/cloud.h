/*
 * A workspace for simulation: jobs, runs, statements and the places of a deployment in memory, which misbehaves by plan. It plays the work "http". What
 * it was asked is a list of lines, "POST jobs/create 503 applied".
 */
#pragma once

#include <bldr/engine.h>
#include "base/buf.h"

enum { CLOUD_THINGS_MAX = 16, CLOUD_PLAN_MAX = 8 };

/* The nth request of that path, counted from 1, is answered so. */
struct cloud_fault {
	const char *path; /* "jobs/create"; NULL ends the plan */
	unsigned nth;
	int status;   /* instead of the answer */
	bool applied; /* it is done all the same */
	const char *retry_after;
};

struct cloud {
	struct cloud_fault plan[CLOUD_PLAN_MAX];
	unsigned lists_stale; /* lists of jobs that do not see what was just made */
	unsigned empty_pages; /* before the page of a list that has something on it */
	unsigned polls;       /* of a run before it ends */
	bool run_fails, run_hangs;
	unsigned tasks; /* of a run, "t0"...: a second attempt of the first one is behind them all; 0: "main" alone */
	const char *run_code; /* why a run fails when it is not its code: "CLUSTER_ERROR"; it has no trace then */
	unsigned repairs_needed; /* until a run that fails ends well; 0: it never does */
	unsigned runs_well;      /* how many end well before one fails */
	const char *job; /* what a list says of a job: its settings; NULL: "orders", tag "deploy" */
	unsigned chunks; /* of a statement's result */
	bool sql_truncated;
	const char *sql_error;
	const char *sql_code; /* of that error; NULL: it is the statement's own */
	unsigned sql_errors;  /* how many answers are that error; 0: all */
	unsigned sql_polls;   /* of statements before they end */

	int64_t jobs[CLOUD_THINGS_MAX];
	size_t n_jobs, resets;
	char tokens[CLOUD_THINGS_MAX][80];     /* of runs */
	char parameters[CLOUD_THINGS_MAX][80]; /* that runs were begun with; "null": none */
	size_t n_runs, statements;
	unsigned asked, listed, cancelled, repairs;
	unsigned repaired[CLOUD_THINGS_MAX]; /* of each run */
	unsigned schemas, volumes;           /* made */
	unsigned seen[CLOUD_PLAN_MAX], polled;
	int status;       /* of the answer that is being made */
	char upload[512]; /* the last one, as its request says */
	struct buf lines;
};

void cloud_begin(struct cloud *c);
void cloud_end(struct cloud *c);
/* A bldr_work_fn, whose context is the cloud. */
int cloud_answer(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
