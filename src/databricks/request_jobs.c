/*
 * Jobs 2.2 and their runs. A run is begun with an idempotency token, so that a second try finds the first one's run;
 * jobs/create has none and is sent once.
 */
#include <inttypes.h>

#include "databricks/request_parts.h"

static const char RESET[] = "/api/2.2/jobs/reset";
enum { PAGE = 100, RUNS_PAGE = 24, MESSAGE_MAX = 2000 };

/* Of a job in a list, what it is known by. */
static const char *const of_jobs[] = { "jobs/*/job_id", "jobs/*/settings/name",
				       "jobs/*/settings/tags", "next_page_token", NULL };
/* Of a run and its tasks, what databricks_run reads: with its clusters a run of some tasks is more than a result holds. */
static const char *const of_run[] = {
	"run_id",
	"job_id",
	"status",
	"state",
	"run_page_url",
	"repair_history/*/id",
	"tasks/*/run_id",
	"tasks/*/task_key",
	"tasks/*/attempt_number",
	"tasks/*/status",
	"tasks/*/state",
	"next_page_token",
	NULL,
};
static const char *const of_output[] = { "notebook_output", "error", "error_trace", "logs", NULL };

static struct databricks_request pick(struct databricks_request q, const char *const *members,
				      int64_t text_max)
{
	request_pick(&q, members, text_max);
	return q;
}

struct databricks_request databricks_job_create(const struct databricks *w,
						struct bldr_value *settings)
{
	return request_of(w, BLDR_ONCE, "POST", "/api/2.2/jobs/create", settings);
}

struct databricks_request databricks_job_reset(const struct databricks *w, int64_t job_id,
					       struct bldr_value *settings)
{
	struct bldr_value *json = object_of("job_id", bldr_int(job_id));

	bldr_object_set(json, "new_settings", settings);
	return request_of(w, BLDR_KEYED, "POST", RESET, json);
}

/* The body is a file, between two texts when they are not NULL; takes these. */
static struct databricks_request send_file(struct databricks_request q,
					   const struct bldr_value *file, struct bldr_value *before,
					   struct bldr_value *after)
{
	struct bldr_value *headers = bldr_copy(bldr_get(q.args, "headers"));
	struct bldr_value *upload = bldr_copy(file);

	if (before != NULL) {
		bldr_object_set(upload, "before", before);
		bldr_object_set(upload, "after", after);
	}
	bldr_object_set(headers, "Content-Type", bldr_text("application/json"));
	bldr_object_set(q.args, "headers", headers);
	bldr_object_set(q.args, "upload", upload);
	return q;
}

struct databricks_request databricks_job_create_file(const struct databricks *w,
						     const struct bldr_value *file)
{
	return send_file(databricks_job_create(w, NULL), file, NULL, NULL);
}

struct databricks_request databricks_job_reset_file(const struct databricks *w, int64_t job_id,
						    const struct bldr_value *file)
{
	return send_file(request_of(w, BLDR_KEYED, "POST", RESET, NULL), file,
			 bldr_textf("{\"job_id\":%" PRId64 ",\"new_settings\":", job_id),
			 bldr_text("}"));
}

struct databricks_request databricks_job_update(const struct databricks *w, int64_t job_id,
						struct bldr_value *settings,
						struct bldr_value *remove)
{
	struct bldr_value *json = object_of("job_id", bldr_int(job_id));

	if (settings != NULL) {
		bldr_object_set(json, "new_settings", settings);
	}
	if (remove != NULL) {
		bldr_object_set(json, "fields_to_remove", remove);
	}
	return request_of(w, BLDR_KEYED, "POST", "/api/2.2/jobs/update", json);
}

static struct databricks_request get_id(const struct databricks *w, const char *api,
					const char *name, int64_t id, const char *token)
{
	struct url u;

	url_begin(&u, w, api);
	url_int(&u, name, id);
	url_text(&u, "page_token", token);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

static struct databricks_request post_id(const struct databricks *w, const char *api,
					 const char *name, int64_t id)
{
	return request_of(w, BLDR_KEYED, "POST", api, object_of(name, bldr_int(id)));
}

struct databricks_request databricks_job_get(const struct databricks *w, int64_t job_id,
					     const char *token)
{
	return get_id(w, "/api/2.2/jobs/get", "job_id", job_id, token);
}

struct databricks_request databricks_job_list(const struct databricks *w, const char *name,
					      const char *token)
{
	struct url u;

	url_begin(&u, w, "/api/2.2/jobs/list");
	url_int(&u, "limit", PAGE);
	url_text(&u, "name", name);
	url_text(&u, "page_token", token);
	return pick(request_end(w, BLDR_PURE, "GET", &u, NULL), of_jobs, 0);
}

struct databricks_request databricks_job_delete(const struct databricks *w, int64_t job_id)
{
	return post_id(w, "/api/2.2/jobs/delete", "job_id", job_id);
}

struct databricks_request databricks_run_now(const struct databricks *w, int64_t job_id,
					     const char *idempotency, struct bldr_value *parameters)
{
	struct bldr_value *json = object_of("job_id", bldr_int(job_id));

	bldr_object_set(json, "idempotency_token", bldr_text(idempotency));
	if (parameters != NULL) {
		bldr_object_set(json, "job_parameters", parameters);
	}
	return request_of(w, BLDR_KEYED, "POST", "/api/2.2/jobs/run-now", json);
}

struct databricks_request databricks_run_submit(const struct databricks *w,
						struct bldr_value *settings,
						const char *idempotency)
{
	settings = bldr_own(settings);
	bldr_object_set(settings, "idempotency_token", bldr_text(idempotency));
	return request_of(w, BLDR_KEYED, "POST", "/api/2.2/jobs/runs/submit", settings);
}

struct databricks_request databricks_run_get(const struct databricks *w, int64_t run_id,
					     const char *token)
{
	return pick(get_id(w, "/api/2.2/jobs/runs/get", "run_id", run_id, token), of_run,
		    MESSAGE_MAX);
}

struct databricks_request databricks_run_history(const struct databricks *w, int64_t run_id)
{
	struct url u;

	url_begin(&u, w, "/api/2.2/jobs/runs/get");
	url_int(&u, "run_id", run_id);
	url_bool(&u, "include_history", true);
	return pick(request_end(w, BLDR_PURE, "GET", &u, NULL), of_run, MESSAGE_MAX);
}

struct databricks_request databricks_run_output(const struct databricks *w, int64_t task_run_id)
{
	return pick(get_id(w, "/api/2.2/jobs/runs/get-output", "run_id", task_run_id, NULL),
		    of_output, DATABRICKS_OUTPUT_MAX);
}

struct databricks_request databricks_run_list(const struct databricks *w, int64_t job_id,
					      bool active_only, const char *token)
{
	struct url u;

	url_begin(&u, w, "/api/2.2/jobs/runs/list");
	if (job_id != 0) {
		url_int(&u, "job_id", job_id);
	}
	if (active_only) {
		url_bool(&u, "active_only", true);
	}
	url_int(&u, "limit", RUNS_PAGE);
	url_text(&u, "page_token", token);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

struct databricks_request databricks_run_cancel(const struct databricks *w, int64_t run_id)
{
	return post_id(w, "/api/2.2/jobs/runs/cancel", "run_id", run_id);
}

struct databricks_request databricks_run_delete(const struct databricks *w, int64_t run_id)
{
	return post_id(w, "/api/2.2/jobs/runs/delete", "run_id", run_id);
}

struct databricks_request databricks_run_repair(const struct databricks *w, int64_t run_id,
						int64_t latest_repair_id,
						struct bldr_value *parameters)
{
	struct bldr_value *json = object_of("run_id", bldr_int(run_id));

	bldr_object_set(json, "rerun_all_failed_tasks", bldr_bool(true));
	bldr_object_set(json, "rerun_dependent_tasks", bldr_bool(true));
	if (latest_repair_id != 0) {
		bldr_object_set(json, "latest_repair_id", bldr_int(latest_repair_id));
	}
	if (parameters != NULL) {
		bldr_object_set(json, "job_parameters", parameters);
	}
	return request_of(w, BLDR_KEYED, "POST", "/api/2.2/jobs/runs/repair", json);
}
