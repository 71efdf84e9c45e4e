/*
 * Has the workspace hold the job: looked for by name and tag, then reset or created. The call that creates one knows no
 * idempotency token, so when its answer is lost the job is looked for again before another one is made.
 *
 *	find --none--> request --> create --lost--> wait --> find ...
 *	    \--there-> request --> reset
 */
#include <stdlib.h>
#include <string.h>

#include "agents/nodes.h"
#include "agents/remote/batch.h"
#include "base/check.h"
#include "base/file.h"

enum { TRIES_MAX = 6, PAUSE_MS = 2000, SETTINGS_MAX = 10 << 20 };

static const char *const reads[] = { "job", "staged", "remote", NULL };
static const char *const writes[] = { "remote", NULL };

/* kept: {"phase", "page": token, "job_id", "item": the request, "tries"}. */
static const char *phase_of(const struct bldr_view *v)
{
	const char *phase = bldr_get_text(v->kept, "phase");

	return phase != NULL ? phase : "find";
}

static bool in_phase(const struct bldr_view *v, const char *phase)
{
	return strcmp(phase_of(v), phase) == 0;
}

static void plan_request(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_copy(v->state);

	bldr_object_set(args, "job_id", bldr_int(bldr_get_int(v->kept, "job_id", 0)));
	bldr_plan_work(p, "remote.job_request", BLDR_PURE, args);
}

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct remote r;

	if (!remote_of(v->state, &r)) {
		return;
	}
	if (in_phase(v, "find")) {
		char *name = xasprintf("bldr %s.%s", r.catalog, r.schema);

		remote_send(
			p, databricks_job_list(&r.workspace, name, bldr_get_text(v->kept, "page")));
		free(name);
	} else if (in_phase(v, "request")) {
		plan_request(v, p);
	} else if (in_phase(v, "wait")) {
		bldr_plan_sleep(p, PAUSE_MS * (1 + bldr_get_int(v->kept, "tries", 0)));
	} else {
		batch_plan(p, bldr_get(v->kept, "items"));
	}
}

static struct bldr_value *next_phase(const struct bldr_view *v, const char *phase)
{
	struct bldr_value *kept = bldr_object();

	bldr_object_set(kept, "phase", bldr_text(phase));
	bldr_object_set(kept, "tries", bldr_int(bldr_get_int(v->kept, "tries", 0)));
	return kept;
}

static void take_page(const struct bldr_view *v, const struct bldr_result *r, struct bldr_patch *p)
{
	struct arena a = { 0 };
	struct databricks_answer answer;
	struct remote remote;
	struct bldr_value *kept;
	int64_t id;

	if (remote_of(v->state, &remote) && remote_check(p, "the list of jobs", r, &a, &answer)) {
		const char *page = databricks_next_page(answer.body);
		const char *tag = arena_printf(&a, "%s.%s", remote.catalog, remote.schema);
		const char *name = arena_printf(&a, "bldr %s", tag);

		id = databricks_job_find(answer.body, name, REMOTE_TAG, tag);
		kept = next_phase(v, id != 0 || page == NULL ? "request" : "find");
		bldr_object_set(kept, "job_id", bldr_int(id));
		if (id == 0 && page != NULL) {
			bldr_object_set(kept, "page", bldr_text(page));
		}
		bldr_patch_again(p, kept);
	}
	arena_release(&a);
}

static void take_request(const struct bldr_view *v, const struct bldr_result *r,
			 struct bldr_patch *p)
{
	struct bldr_value *kept;

	if (r->status != BLDR_DONE) {
		bldr_patch_fail_code(p, r->code, "%s", r->error);
		return;
	}
	kept = next_phase(v, "send");
	bldr_object_set(kept, "job_id", bldr_int(bldr_get_int(v->kept, "job_id", 0)));
	bldr_object_set(kept, "items", bldr_ref(bldr_get(r->value, "items")));
	bldr_patch_again(p, kept);
}

/* Nobody knows whether there is a job now: it is looked for. */
static void look_again(const struct bldr_view *v, const struct databricks_answer *answer,
		       struct bldr_patch *p)
{
	int64_t tries = bldr_get_int(v->kept, "tries", 0) + 1;
	struct bldr_value *kept;

	if (tries >= TRIES_MAX) {
		remote_fail(p, "the job", answer);
		return;
	}
	kept = next_phase(v, "wait");
	bldr_object_set(kept, "tries", bldr_int(tries));
	bldr_patch_again(p, kept);
}

static void take_answer(const struct bldr_view *v, const struct bldr_result *r, struct bldr_patch *p)
{
	int64_t id = bldr_get_int(v->kept, "job_id", 0);
	struct arena a = { 0 };
	struct databricks_answer answer;

	databricks_answer(r, &a, &answer);
	if (answer.outcome == DATABRICKS_OK) {
		struct bldr_value *remote = bldr_copy(bldr_get(v->state, "remote"));

		bldr_object_set(remote, "job_id",
				bldr_int(id != 0 ? id : bldr_get_int(answer.body, "job_id", 0)));
		bldr_patch_set(p, "remote", remote);
	} else if (answer.outcome == DATABRICKS_UNKNOWN || answer.outcome == DATABRICKS_BUSY ||
		   answer.outcome == DATABRICKS_UNREACHABLE ||
		   (answer.outcome == DATABRICKS_NOT_FOUND && id != 0)) {
		look_again(v, &answer, p);
	} else {
		remote_fail(p, "the job", &answer);
	}
	arena_release(&a);
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	if (n == 0) {
		return;
	}
	if (in_phase(v, "find")) {
		take_page(v, &results[0], p);
	} else if (in_phase(v, "request")) {
		take_request(v, &results[0], p);
	} else if (in_phase(v, "wait")) {
		bldr_patch_again(p, next_phase(v, "find"));
	} else {
		take_answer(v, &results[0], p);
	}
}

const struct bldr_node developer_job_node = {
	.name = "job",
	.reads = reads,
	.writes = writes,
	.prepare = prepare,
	.absorb = absorb,
};

/* ---- the work: the request that creates the job, or resets the one with args.job_id ---- */

static int read_settings(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	char *text;
	size_t size;
	int r = file_read(desk_path(d, "deploy/job.json"), SETTINGS_MAX, &text, &size, err);

	if (r < 0) {
		return r;
	}
	r = bldr_value_parse(text, size, ret, err);
	free(text);
	return r;
}

static int make_request(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	int64_t id = bldr_get_int(d->args, "job_id", 0);
	struct bldr_value *settings;
	struct remote remote;
	struct batch batch;
	int r = batch_begin(&batch, d, "deploy_job", err);

	if (r == 0 && !remote_of(d->args, &remote)) {
		r = bldr_error_set(err, BLDR_E_INVALID, "the job names no workspace");
	}
	if (r == 0) {
		r = read_settings(d, &settings, err);
	}
	if (r == 0) {
		r = batch_add(&batch,
			      id != 0 ? databricks_job_reset(&remote.workspace, id, settings)
				      : databricks_job_create(&remote.workspace, settings),
			      0, "the job", NULL, err);
	}
	if (r < 0) {
		batch_drop(&batch);
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "items", bldr_ref(batch.items));
	return batch_end(&batch, err);
}

int developer_job_request_work(const struct bldr_work *w, struct bldr_value **ret,
			       struct bldr_error *err)
{
	return desk_work(w, make_request, ret, err);
}
