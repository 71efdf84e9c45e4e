#include "databricks/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"

static const int64_t FIRST_JOB = 7211000000000000100; /* beyond 2^53 */
static const int64_t FIRST_RUN = 7211000000000000900;
static const int64_t FIRST_REPAIR = 7211000000000000300;

void cloud_begin(struct cloud *c)
{
	buf_init(&c->lines, 1 << 20);
}

void cloud_end(struct cloud *c)
{
	buf_release(&c->lines);
}

static struct bldr_value *json(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct bldr_value *json(const char *fmt, ...)
{
	static char text[1 << 16];
	struct bldr_value *v = NULL;
	va_list args;

	va_start(args, fmt);
	assert_in_range(vsnprintf(text, sizeof(text), fmt, args), 1, sizeof(text) - 1);
	va_end(args);
	assert_int_equal(bldr_value_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

static struct bldr_value *list_jobs(struct cloud *c)
{
	char jobs[2048] = "";
	size_t n = 0;

	c->listed++;
	if (c->empty_pages > 0) {
		c->empty_pages--;
		return json("{\"has_more\":true,\"next_page_token\":\"more\"}");
	}
	if (c->n_jobs > 0 && c->lists_stale > 0) {
		c->lists_stale--;
		return json("{}");
	}
	for (size_t i = 0; i < c->n_jobs; i++) {
		n += (size_t)snprintf(
			jobs + n, sizeof(jobs) - n, "%s{\"job_id\":%lld,\"settings\":%s}",
			i > 0 ? "," : "", (long long)c->jobs[i],
			c->job != NULL ? c->job
				       : "{\"name\":\"orders\",\"tags\":{\"deploy\":\"d1\"}}");
	}
	return json("{\"jobs\":[%s]}", jobs);
}

static struct bldr_value *create_job(struct cloud *c)
{
	c->jobs[c->n_jobs] = FIRST_JOB + (int64_t)c->n_jobs;
	return json("{\"job_id\":%lld}", (long long)c->jobs[c->n_jobs++]);
}

/* The same token gives the same run. */
static struct bldr_value *run_now(struct cloud *c, const struct bldr_value *body)
{
	const char *token = bldr_get_text(body, "idempotency_token");
	size_t i = 0;

	assert_int_equal(strlen(token), 64);
	while (i < c->n_runs && strcmp(c->tokens[i], token) != 0) {
		i++;
	}
	if (i == c->n_runs) {
		char *parameters = bldr_value_text(bldr_get(body, "job_parameters"));

		(void)snprintf(c->parameters[i], sizeof(c->parameters[0]), "%s", parameters);
		(void)snprintf(c->tokens[c->n_runs++], sizeof(c->tokens[0]), "%s", token);
		free(parameters);
	}
	return json("{\"run_id\":%lld,\"number_in_job\":1}", (long long)FIRST_RUN + (long long)i);
}

/* Which run a path asks for, counted from 0. */
static size_t run_in(const char *path)
{
	const char *id = strstr(path, "run_id=");

	return id != NULL ? (size_t)(strtoll(id + 7, NULL, 10) - FIRST_RUN) : 0;
}

static bool fails(const struct cloud *c, size_t run)
{
	return c->run_fails && run >= c->runs_well &&
		(c->repairs_needed == 0 || c->repaired[run] < c->repairs_needed);
}

static int64_t latest_repair(const struct cloud *c, size_t run)
{
	return c->repaired[run] > 0 ? FIRST_REPAIR + c->repaired[run] : 0;
}

/* A repair that names another one than the latest, as a second try of a lost one does, is refused. */
static struct bldr_value *repair(struct cloud *c, const struct bldr_value *body)
{
	size_t run = (size_t)(bldr_get_int(body, "run_id", 0) - FIRST_RUN);

	if (bldr_get_int(body, "latest_repair_id", 0) != latest_repair(c, run)) {
		c->status = 400;
		return json(
			"{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"latest_repair_id\"}");
	}
	c->repairs++;
	c->repaired[run]++;
	return json("{\"repair_id\":%lld}", (long long)latest_repair(c, run));
}

static struct bldr_value *get_history(const struct cloud *c, size_t run)
{
	return json(
		"{\"run_id\":%lld,\"status\":{\"state\":\"RUNNING\"},\"repair_history\":[{\"id\":%lld}]}",
		(long long)FIRST_RUN + (long long)run, (long long)latest_repair(c, run));
}

static void put_task(struct buf *b, unsigned k, unsigned attempt, const char *code)
{
	buf_printf(
		b,
		"%s{\"run_id\":%lld,\"task_key\":\"t%u\",\"attempt_number\":%u,\"status\":{\"state\":"
		"\"TERMINATED\",\"termination_details\":{\"code\":\"%s\",\"type\":\"CLIENT_ERROR\"}}}",
		b->size > 0 ? "," : "", (long long)FIRST_RUN + 50 + 2 * k + attempt, k, attempt,
		code);
}

/* A page of a run that has ended. Tasks t0 and the last one fail, but t0 runs again, and well. */
static struct bldr_value *get_page(const struct cloud *c, const char *path)
{
	const char *token = strstr(path, "page_token=");
	unsigned from = token != NULL ? (unsigned)strtoul(token + 11, NULL, 10) : 0;
	char next[64] = "";
	struct bldr_value *v;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (unsigned k = from; k < from + 100 && k <= c->tasks; k++) {
		if (k == c->tasks) {
			put_task(&b, 0, 1, "SUCCESS");
		} else {
			put_task(&b, k, 0,
				 k == 0 || k + 1 == c->tasks ? "RUN_EXECUTION_ERROR" : "SUCCESS");
		}
	}
	if (from + 100 <= c->tasks) {
		(void)snprintf(next, sizeof(next), ",\"has_more\":true,\"next_page_token\":\"%u\"",
			       from + 100);
	}
	v = json(
		"{\"run_id\":%lld,\"run_page_url\":\"https://x/#job\",\"status\":{\"state\":\"TERMINATED\","
		"\"termination_details\":{\"code\":\"RUN_EXECUTION_ERROR\",\"type\":\"CLIENT_ERROR\","
		"\"message\":\"m\"}},\"tasks\":[%s]%s}",
		(long long)FIRST_RUN, b.data, next);
	buf_release(&b);
	return v;
}

static struct bldr_value *get_run(struct cloud *c, const char *path)
{
	static const char going[] = "{\"run_id\":%lld,\"status\":{\"state\":\"RUNNING\"}}";
	const char *why = c->run_code != NULL ? c->run_code : "RUN_EXECUTION_ERROR";
	size_t run = run_in(path);
	const char *code = c->cancelled > 0 ? "USER_CANCELED" : fails(c, run) ? why : "SUCCESS";

	c->asked++;
	if (c->cancelled == 0 && (c->run_hangs || c->asked <= c->polls)) {
		return json(going, (long long)FIRST_RUN + (long long)run);
	}
	if (c->tasks > 0) {
		return get_page(c, path);
	}
	return json(
		"{\"run_id\":%lld,\"run_page_url\":\"https://x/#job\",\"status\":{\"state\":\"TERMINATED\","
		"\"termination_details\":{\"code\":\"%s\",\"type\":\"CLIENT_ERROR\",\"message\":\"m\"}},"
		"\"tasks\":[{\"run_id\":%lld,\"task_key\":\"main\",\"status\":{\"state\":\"TERMINATED\","
		"\"termination_details\":{\"code\":\"%s\",\"type\":\"CLIENT_ERROR\"}}}]}",
		(long long)FIRST_RUN + (long long)run, code, (long long)FIRST_RUN + 50, code);
}

static struct bldr_value *statement(const struct cloud *c, unsigned chunk, bool alone)
{
	char next[64] = "";
	char result[256];

	if (chunk + 1 < c->chunks) {
		(void)snprintf(next, sizeof(next), ",\"next_chunk_index\":%u", chunk + 1);
	}
	(void)snprintf(result, sizeof(result), "{\"chunk_index\":%u,\"data_array\":[[\"%u\"]]%s}",
		       chunk, chunk, next);
	if (alone) {
		return json("%s", result);
	}
	if (c->sql_error != NULL &&
	    (c->sql_errors == 0 || c->polled <= c->sql_polls + c->sql_errors)) {
		return json(
			"{\"statement_id\":\"s1\",\"status\":{\"state\":\"FAILED\",\"error\":{\"error_code\":"
			"\"%s\",\"message\":\"%s\"}%s}}",
			c->sql_code != NULL ? c->sql_code : "BAD_REQUEST", c->sql_error,
			c->sql_code != NULL ? "" : ",\"sql_state\":\"42P01\"");
	}
	return json(
		"{\"statement_id\":\"s1\",\"status\":{\"state\":\"SUCCEEDED\"},\"manifest\":{\"schema\":{"
		"\"columns\":[{\"name\":\"n\"}]},\"total_row_count\":%u,\"truncated\":%s},\"result\":%s}",
		c->chunks, c->sql_truncated ? "true" : "false", result);
}

static struct bldr_value *not_found(struct cloud *c)
{
	c->status = 404;
	return json("{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"it is not there\"}");
}

/* A schema or a volume: looked for by its name, made without one in the path. */
static struct bldr_value *place(struct cloud *c, const char *name, unsigned *made)
{
	if (name[0] == '\0' && *made > 0) {
		c->status = 400;
		return json(
			"{\"error_code\":\"SCHEMA_ALREADY_EXISTS\",\"message\":\"it already exists\"}");
	}
	if (name[0] == '\0') {
		(*made)++;
		return json("{}");
	}
	return *made > 0 ? json("{\"name\":\"x\"}") : not_found(c);
}

/* NULL: it is no place of a deployment. */
static struct bldr_value *act_on_place(struct cloud *c, const char *path)
{
	if (strncmp(path, "unity-catalog/schemas", 21) == 0) {
		return place(c, path + 21, &c->schemas);
	}
	if (strncmp(path, "unity-catalog/volumes", 21) == 0) {
		return place(c, path + 21, &c->volumes);
	}
	if (strcmp(path, "sql/warehouses") == 0) {
		return json("{\"warehouses\":[{\"id\":\"w1\",\"state\":\"STOPPED\"},{\"id\":\"w2\","
			    "\"state\":\"RUNNING\"}]}");
	}
	return strncmp(path, "workspace/", 10) == 0 || strncmp(path, "fs/", 3) == 0 ? json("{}")
										    : NULL;
}

static struct bldr_value *act(struct cloud *c, const char *path, const struct bldr_value *body)
{
	struct bldr_value *done = act_on_place(c, path);

	if (done != NULL) {
		return done;
	}
	if (strncmp(path, "jobs/list", 9) == 0) {
		return list_jobs(c);
	}
	if (strcmp(path, "jobs/create") == 0) {
		return create_job(c);
	}
	if (strcmp(path, "jobs/reset") == 0) {
		c->resets++;
		return json("{}");
	}
	if (strcmp(path, "jobs/run-now") == 0) {
		return run_now(c, body);
	}
	if (strcmp(path, "jobs/runs/repair") == 0) {
		return repair(c, body);
	}
	if (strncmp(path, "jobs/runs/get-output", 20) == 0) {
		if (c->run_code != NULL) {
			return json("{}");
		}
		return fails(c, c->n_runs - 1)
			? json("{\"error\":\"ValueError: x\",\"error_trace\":\"\\u001b[31mtrace\"}")
			: json("{\"notebook_output\":{\"result\":\"42\"}}");
	}
	if (strstr(path, "include_history=true") != NULL) {
		return get_history(c, run_in(path));
	}
	if (strncmp(path, "jobs/runs/get", 13) == 0) {
		return get_run(c, path);
	}
	if (strcmp(path, "jobs/runs/cancel") == 0) {
		c->cancelled++;
		return json("{}");
	}
	if (strcmp(path, "sql/statements") == 0) {
		c->statements++;
		return json("{\"statement_id\":\"s1\",\"status\":{\"state\":\"PENDING\"}}");
	}
	if (strcmp(path, "sql/statements/s1") == 0) {
		return ++c->polled <= c->sql_polls
			? json("{\"statement_id\":\"s1\",\"status\":{\"state\":\"RUNNING\"}}")
			: statement(c, 0, false);
	}
	assert_int_equal(strncmp(path, "sql/statements/s1/result/chunks/", 32), 0);
	return statement(c, (unsigned)strtoul(path + 32, NULL, 10), true);
}

/* What the plan says of this request, or NULL. */
static const struct cloud_fault *planned(struct cloud *c, const char *path)
{
	const struct cloud_fault *found = NULL;

	for (size_t i = 0; i < CLOUD_PLAN_MAX && c->plan[i].path != NULL; i++) {
		if (strncmp(path, c->plan[i].path, strlen(c->plan[i].path)) == 0 &&
		    ++c->seen[i] == c->plan[i].nth) {
			found = &c->plan[i];
		}
	}
	return found;
}

/* The body of an answer of success as a file: {path, hash, bytes}. */
static struct bldr_value *save(const char *path, const char *text)
{
	struct bldr_value *v = bldr_object();
	struct bldr_error err;
	char hash[HASH_HEX_MAX];

	assert_int_equal(file_write(path, text, strlen(text), &err), 0);
	hash_bytes(text, strlen(text), hash);
	bldr_object_set(v, "path", bldr_text(path));
	bldr_object_set(v, "hash", bldr_text(hash));
	bldr_object_set(v, "bytes", bldr_int((int64_t)strlen(text)));
	return v;
}

int cloud_answer(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	struct cloud *c = w->context;
	const char *path = strstr(bldr_get_text(w->args, "url"), "/api/2.") + strlen("/api/2.0/");
	const struct cloud_fault *fault = planned(c, path);
	struct bldr_value *body = NULL;
	struct bldr_value *v = bldr_object();
	const char *to = bldr_get_text(w->args, "save");
	char *text = NULL;
	int status;

	(void)err;
	c->status = 200;
	if (bldr_get(w->args, "upload") != NULL) {
		text = bldr_value_text(bldr_get(w->args, "upload"));
		(void)snprintf(c->upload, sizeof(c->upload), "%s", text);
		free(text);
		text = NULL;
	}
	if (fault == NULL || fault->applied) {
		body = act(c, path, bldr_get(w->args, "json"));
		text = bldr_value_text(body);
	}
	status = fault != NULL ? fault->status : c->status;
	bldr_object_set(v, "status", bldr_int(status));
	bldr_object_set(v, "headers", bldr_object());
	if (fault != NULL && fault->retry_after != NULL) {
		struct bldr_value *headers = bldr_object();

		bldr_object_set(headers, "retry-after", bldr_text(fault->retry_after));
		bldr_object_set(v, "headers", headers);
	}
	if (to != NULL && status == 200) {
		bldr_object_set(v, "saved", save(to, text));
	} else {
		bldr_object_set(v, "body", bldr_text(fault != NULL ? "{}" : text));
	}
	buf_printf(&c->lines, "%s %.*s %d%s\n", bldr_get_text(w->args, "method"),
		   (int)strcspn(path, "?"), path, status,
		   fault != NULL && fault->applied ? " applied" : "");
	free(text);
	bldr_unref(body);
	*ret = v;
	return 0;
}
