/*
 * Runs of jobs. `status` decides; `state`, the older field, when there is none, and to tell apart what `status` does not (a
 * failed run shows INTERNAL_ERROR in it, a task whose upstream failed UPSTREAM_FAILED). A name that is not known is a run
 * that goes on.
 */
#include <string.h>

#include "databricks/answer.h"
#include "databricks/answer_parts.h"
#include "databricks/request.h"

enum { POLL_MIN_MS = 1000, POLL_MAX_MS = 20000, POLL_PART = 20 };

static bool is(const char *text, const char *name)
{
	return strcmp(text, name) == 0;
}

static enum databricks_run_state state_of(const char *name)
{
	if (is(name, "TERMINATED") || is(name, "SKIPPED") || is(name, "INTERNAL_ERROR")) {
		return DATABRICKS_RUN_ENDED;
	}
	if (is(name, "TERMINATING")) {
		return DATABRICKS_RUN_TERMINATING;
	}
	return is(name, "RUNNING") ? DATABRICKS_RUN_RUNNING : DATABRICKS_RUN_PENDING;
}

/* code: of termination_details, "" when there is none; old: state.result_state. */
static enum databricks_run_result result_of(const char *code, const char *life, const char *old)
{
	static const char *const success[] = { "SUCCESS", "SUCCESS_WITH_FAILURES", NULL };
	static const char *const cancelled[] = { "USER_CANCELED", "CANCELED", NULL };
	static const char *const skipped[] = { "SKIPPED",
					       "DISABLED",
					       "EXCLUDED",
					       "UPSTREAM_FAILED",
					       "UPSTREAM_CANCELED",
					       "MAX_CONCURRENT_RUNS_EXCEEDED",
					       "MAXIMUM_CONCURRENT_RUNS_REACHED",
					       "MAX_JOB_QUEUE_SIZE_EXCEEDED",
					       NULL };
	const char *what = code[0] != '\0' ? code : old;

	if (is_among(what, success)) {
		return DATABRICKS_RUN_SUCCESS;
	}
	if (is_among(what, skipped) || is_among(old, skipped) || is(life, "SKIPPED")) {
		return DATABRICKS_RUN_SKIPPED;
	}
	if (is(old, "TIMEDOUT") || strstr(what, "TIMED_OUT") != NULL) {
		return DATABRICKS_RUN_TIMED_OUT;
	}
	return is_among(what, cancelled) ? DATABRICKS_RUN_CANCELLED : DATABRICKS_RUN_FAILED;
}

static enum databricks_blame blame_of_code(const char *code, const char *type)
{
	static const char *const configuration[] = { "LIBRARY_INSTALLATION_ERROR",
						     "REPOSITORY_CHECKOUT_FAILED",
						     "RESOURCE_NOT_FOUND",
						     "STORAGE_ACCESS_ERROR",
						     "UNAUTHORIZED_ERROR",
						     "FEATURE_DISABLED",
						     "BUDGET_POLICY_LIMIT_EXCEEDED",
						     "BREAKING_CHANGE",
						     "DISABLED",
						     NULL };

	if (is(code, "RUN_EXECUTION_ERROR")) {
		return is(type, "CLOUD_FAILURE") || is(type, "INTERNAL_ERROR")
			? DATABRICKS_BLAME_INFRASTRUCTURE
			: DATABRICKS_BLAME_CODE;
	}
	if (is_among(code, configuration) || strncmp(code, "INVALID_", strlen("INVALID_")) == 0) {
		return DATABRICKS_BLAME_CONFIGURATION;
	}
	return DATABRICKS_BLAME_INFRASTRUCTURE;
}

/* Of a run that only the older field describes: a workload that failed says so, the platform's own errors have no result. */
static enum databricks_blame blame_of_old(const char *old, const char *message)
{
	return is(old, "FAILED") || strstr(message, "Workload failed") != NULL
		? DATABRICKS_BLAME_CODE
		: DATABRICKS_BLAME_INFRASTRUCTURE;
}

static void read_end(const struct bldr_value *v, struct databricks_run *ret)
{
	const struct bldr_value *end = bldr_get(bldr_get(v, "status"), "termination_details");
	const struct bldr_value *state = bldr_get(v, "state");
	const char *life = or_empty(bldr_get_text(state, "life_cycle_state"));
	const char *old = or_empty(bldr_get_text(state, "result_state"));

	ret->code = or_empty(bldr_get_text(end, "code"));
	ret->result = result_of(ret->code, life, old);
	if (ret->result == DATABRICKS_RUN_SUCCESS || ret->result == DATABRICKS_RUN_CANCELLED) {
		return;
	}
	if (is(old, "UPSTREAM_FAILED") || is(old, "UPSTREAM_CANCELED") || is(old, "EXCLUDED")) {
		return; /* another task's */
	}
	if (ret->result == DATABRICKS_RUN_TIMED_OUT) {
		ret->blame = DATABRICKS_BLAME_CODE; /* it hangs: running it again is for nothing */
		return;
	}
	ret->blame = ret->code[0] != '\0'
		? blame_of_code(ret->code, or_empty(bldr_get_text(end, "type")))
		: blame_of_old(old, ret->message);
}

int databricks_run(const struct bldr_value *v, struct arena *a, struct databricks_run *ret,
		   struct bldr_error *err)
{
	const struct bldr_value *status = bldr_get(v, "status");
	const struct bldr_value *state = bldr_get(v, "state");
	const struct bldr_value *end = bldr_get(status, "termination_details");
	const struct bldr_value *repairs = bldr_get(v, "repair_history");
	const char *now = bldr_get_text(status, "state");
	const char *message = bldr_get_text(end, "message");
	struct databricks_run r = { 0 };

	r.run_id = bldr_get_int(v, "run_id", 0);
	if (r.run_id == 0) {
		return bldr_error_set(err, BLDR_E_INVALID, "the answer has no \"run_id\"");
	}
	r.job_id = bldr_get_int(v, "job_id", 0);
	r.task_key = or_empty(bldr_get_text(v, "task_key"));
	r.attempt = bldr_get_int(v, "attempt_number", 0);
	r.url = or_empty(bldr_get_text(v, "run_page_url"));
	r.code = "";
	if (message == NULL || message[0] == '\0') {
		message = bldr_get_text(state, "state_message");
	}
	r.message = databricks_plain(a, or_empty(message));
	r.state = state_of(now != NULL ? now : or_empty(bldr_get_text(state, "life_cycle_state")));
	for (size_t i = 0; bldr_type_of(repairs) == BLDR_LIST && i < bldr_count(repairs); i++) {
		int64_t id = bldr_get_int(bldr_at(repairs, i), "id", 0);

		r.latest_repair_id = id != 0 ? id : r.latest_repair_id;
	}
	if (r.state == DATABRICKS_RUN_ENDED) {
		read_end(v, &r);
	}
	*ret = r;
	return 0;
}

/* The place of a task's earlier attempt, or a new one. */
static struct databricks_run *place_of(struct arena *a, struct databricks_runs *ret,
				       const struct databricks_run *run)
{
	for (size_t i = 0; i < ret->at.n; i++) {
		if (is(ret->at.at[i].task_key, run->task_key)) {
			return ret->at.at[i].attempt <= run->attempt ? &ret->at.at[i] : NULL;
		}
	}
	return LIST_ADD(a, &ret->at);
}

int databricks_run_tasks(const struct bldr_value *v, struct arena *a, struct databricks_runs *ret,
			 struct bldr_error *err)
{
	const struct bldr_value *tasks = bldr_get(v, "tasks");

	*ret = (struct databricks_runs){ 0 };
	for (size_t i = 0; bldr_type_of(tasks) == BLDR_LIST && i < bldr_count(tasks); i++) {
		struct databricks_run *place;
		struct databricks_run run;
		int rc = databricks_run(bldr_at(tasks, i), a, &run, err);

		if (rc < 0) {
			return bldr_error_prefix(err, "task %zu of the run", i);
		}
		place = place_of(a, ret, &run);
		if (place != NULL) {
			*place = run;
		}
	}
	return 0;
}

int64_t databricks_poll_ms(int64_t waited_ms)
{
	int64_t ms = waited_ms / POLL_PART;

	return ms < POLL_MIN_MS ? POLL_MIN_MS : ms > POLL_MAX_MS ? POLL_MAX_MS : ms;
}

/* Errors of code that are none: the cluster's, or a right that is missing. */
static enum databricks_blame blame_of_trace(const char *text)
{
	static const char *const configuration[] = {
		"PERMISSION_DENIED",  "INSUFFICIENT_PERMISSIONS", "UnauthorizedAccessException",
		"does not have USE ", "does not have CREATE ",    NULL
	};
	static const char *const infrastructure[] = { "java.lang.OutOfMemoryError",
						      "ExecutorLostFailure",
						      "The spark driver has stopped unexpectedly",
						      "Could not reach driver",
						      "ClusterNotReadyException",
						      "StatusCode.UNAVAILABLE",
						      NULL };

	for (const char *const *s = configuration; *s != NULL; s++) {
		if (strstr(text, *s) != NULL) {
			return DATABRICKS_BLAME_CONFIGURATION;
		}
	}
	for (const char *const *s = infrastructure; *s != NULL; s++) {
		if (strstr(text, *s) != NULL) {
			return DATABRICKS_BLAME_INFRASTRUCTURE;
		}
	}
	return DATABRICKS_BLAME_CODE;
}

static const char *plain_text(struct arena *a, const struct bldr_value *v, const char *key)
{
	const char *text = bldr_get_text(v, key);

	return text != NULL && text[0] != '\0' ? databricks_plain(a, text) : NULL;
}

void databricks_output(const struct bldr_value *body, struct arena *a, struct databricks_output *ret)
{
	const struct bldr_value *notebook = bldr_get(body, "notebook_output");

	*ret = (struct databricks_output){
		.result = bldr_get_text(notebook, "result"),
		.truncated = bldr_as_bool(bldr_get(notebook, "truncated"), false),
		.error = plain_text(a, body, "error"),
		.trace = plain_text(a, body, "error_trace"),
		.logs = bldr_get_text(body, "logs"),
	};
	if (ret->result != NULL && strlen(ret->result) + 3 >= DATABRICKS_OUTPUT_MAX) {
		ret->truncated = true; /* cut on the way, at a character of at most four bytes */
	}
	if (ret->error != NULL || ret->trace != NULL) {
		const char *all =
			arena_printf(a, "%s\n%s", or_empty(ret->error), or_empty(ret->trace));

		ret->blame = blame_of_trace(all);
	}
}
