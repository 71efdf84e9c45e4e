/*
 * Runs the job; when it has failed, finds out why. What the workspace is to blame for is repaired in the same run, a few
 * times; what the code or a setting is to blame for is told (`failures` of the channel `remote`).
 *
 *	run --> poll --> poll ... --success--> (end)
 *	                          \--failed--> collect --repaired--> poll
 *	                                              \--> (end)
 */
#include <stdlib.h>
#include <string.h>

#include "agents/nodes.h"
#include "agents/remote/job_run.h"
#include "base/check.h"

enum { REPAIRS_MAX = 3, REPAIR_PAUSE_MS = 20000, FAILURES_MAX = 5, TRACE_MAX = 6000 };

const struct bldr_node developer_run_node = {
	.name = "run",
	.reads = remote_run_reads,
	.writes = remote_run_writes,
	.prepare = remote_run_prepare,
	.absorb = remote_run_absorb,
	.config = REMOTE_FIRST_RUN,
};

const struct bldr_node developer_poll_node = {
	.name = "poll",
	.reads = remote_run_reads,
	.writes = remote_run_writes,
	.prepare = remote_poll_prepare,
	.absorb = remote_poll_absorb,
};

const char *const developer_poll_targets[] = { "poll", "collect", BLDR_END, NULL };

void developer_poll_route(const struct bldr_view *v, struct bldr_route *r)
{
	if (!remote_ended(v)) {
		bldr_route_to(r, "poll");
	} else if (remote_int(v, "result") != DATABRICKS_RUN_SUCCESS) {
		bldr_route_to(r, "collect");
	} else {
		bldr_route_to(r, BLDR_END);
	}
}

/* ---- collect: why tasks have failed ---- */

/* kept: {"phase": "pages" | "read" | "outputs" | "explain" | "pause" | "repair", "page": token, "pages": n, "tasks": [...]}. */
static const char *phase_of(const struct bldr_view *v)
{
	const char *phase = bldr_get_text(v->kept, "phase");

	return phase != NULL ? phase : "pages";
}

static bool in_phase(const struct bldr_view *v, const char *phase)
{
	return strcmp(phase_of(v), phase) == 0;
}

static void plan_page(const struct bldr_view *v, const struct remote *r, struct bldr_plan *p)
{
	struct databricks_request q = databricks_run_get(
		&r->workspace, remote_int(v, "run_id"), bldr_get_text(v->kept, "page"));
	char *name = xasprintf("run.%lld.json", (long long)bldr_get_int(v->kept, "pages", 0));
	char *path = remote_saved(v, name);

	databricks_save(&q, path);
	remote_send(p, q);
	free(path);
	free(name);
}

static void plan_outputs(const struct bldr_view *v, const struct remote *r, struct bldr_plan *p)
{
	const struct bldr_value *tasks = bldr_get(v->kept, "tasks");

	for (size_t i = 0; i < bldr_count(tasks); i++) {
		struct databricks_request q = databricks_run_output(
			&r->workspace, bldr_get_int(bldr_at(tasks, i), "run_id", 0));
		char *name = xasprintf("output.%zu.json", i);
		char *path = remote_saved(v, name);

		databricks_save(&q, path);
		remote_send(p, q);
		free(path);
		free(name);
	}
}

static void plan_reading(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_copy(v->state);

	bldr_object_set(args, "kept", bldr_copy(v->kept));
	bldr_plan_work(p, in_phase(v, "read") ? "remote.read_tasks" : "remote.read_outputs",
		       BLDR_PURE, args);
}

static void collect_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct remote r;

	if (!remote_of(v->state, &r)) {
		return;
	}
	if (in_phase(v, "pages")) {
		plan_page(v, &r, p);
	} else if (in_phase(v, "outputs")) {
		plan_outputs(v, &r, p);
	} else if (in_phase(v, "pause")) {
		bldr_plan_sleep(p, REPAIR_PAUSE_MS << remote_int(v, "repairs"));
	} else if (in_phase(v, "repair")) {
		remote_send(p, databricks_run_repair(&r.workspace, remote_int(v, "run_id"),
						     remote_int(v, "latest_repair_id"), NULL));
	} else {
		plan_reading(v, p);
	}
}

static struct bldr_value *phase(const struct bldr_view *v, const char *name)
{
	struct bldr_value *kept = v->kept != NULL ? bldr_copy(v->kept) : bldr_object();

	bldr_object_set(kept, "phase", bldr_text(name));
	return kept;
}

static void take_tasks(const struct bldr_view *v, const struct bldr_result *r, struct bldr_patch *p)
{
	const char *page = bldr_get_text(r->value, "page");
	struct bldr_value *kept = phase(v, page != NULL ? "pages" : "outputs");

	bldr_object_set(kept, "tasks", bldr_ref(bldr_get(r->value, "tasks")));
	bldr_object_set(kept, "pages", bldr_int(bldr_get_int(v->kept, "pages", 0) + 1));
	bldr_object_set(kept, "page", page != NULL ? bldr_text(page) : bldr_null());
	bldr_patch_again(p, kept);
}

static bool is_infrastructure(const struct bldr_value *failures)
{
	const char *name = databricks_blame_name(DATABRICKS_BLAME_INFRASTRUCTURE);

	for (size_t i = 0; i < bldr_count(failures); i++) {
		if (strcmp(bldr_get_text(bldr_at(failures, i), "blame"), name) != 0) {
			return false;
		}
	}
	return bldr_count(failures) > 0;
}

static void take_failures(const struct bldr_view *v, const struct bldr_result *r,
			  struct bldr_patch *p)
{
	const struct bldr_value *failures = bldr_get(r->value, "failures");

	if (is_infrastructure(failures) && remote_int(v, "repairs") < REPAIRS_MAX) {
		bldr_patch_again(p, phase(v, "pause"));
	} else {
		bldr_patch_set(p, "remote", remote_with(v, "failures", bldr_ref(failures)));
	}
}

static void take_repair(const struct bldr_view *v, const struct bldr_result *r,
			struct bldr_patch *p)
{
	struct arena a = { 0 };
	struct databricks_answer answer;

	if (remote_check(p, "the repair of the run", r, &a, &answer)) {
		struct bldr_value *remote =
			remote_with(v, "repairs", bldr_int(remote_int(v, "repairs") + 1));

		bldr_object_set(remote, "latest_repair_id",
				bldr_int(bldr_get_int(answer.body, "repair_id", 0)));
		bldr_object_set(remote, "state", bldr_int(DATABRICKS_RUN_PENDING));
		bldr_object_set(remote, "asked", bldr_int(0));
		bldr_object_set(remote, "since_ms", bldr_int(v->now_ms));
		bldr_patch_set(p, "remote", remote);
	}
	arena_release(&a);
}

static void collect_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			   struct bldr_patch *p)
{
	bool works = in_phase(v, "read") || in_phase(v, "explain");
	struct arena a = { 0 };
	struct databricks_answer answer;

	if (n > 0 && works && results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
	} else if (in_phase(v, "read")) {
		take_tasks(v, &results[0], p);
	} else if (in_phase(v, "explain")) {
		take_failures(v, &results[0], p);
	} else if (in_phase(v, "pause")) {
		bldr_patch_again(p, phase(v, "repair"));
	} else if (in_phase(v, "repair")) {
		take_repair(v, &results[0], p);
	} else if (in_phase(v, "outputs")) { /* one that cannot be had says less, and that is all */
		bldr_patch_again(p, phase(v, "explain"));
	} else if (n > 0 &&
		   remote_check(p, "the tasks of the run", &results[0], &a, &answer)) {
		bldr_patch_again(p, phase(v, "read"));
	}
	arena_release(&a);
}

const struct bldr_node developer_collect_node = {
	.name = "collect",
	.reads = remote_run_reads,
	.writes = remote_run_writes,
	.prepare = collect_prepare,
	.absorb = collect_absorb,
};

const char *const developer_collect_targets[] = { "poll", BLDR_END, NULL };

void developer_collect_route(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, !remote_ended(v) ? "poll" : BLDR_END);
}

/* ---- the works ---- */

static struct bldr_value *task_value(const struct databricks_run *t)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "task", bldr_text(t->task_key));
	bldr_object_set(v, "run_id", bldr_int(t->run_id));
	bldr_object_set(v, "code", bldr_text(t->code));
	bldr_object_set(v, "message", bldr_text(t->message));
	bldr_object_set(v, "blame", bldr_text(databricks_blame_name(t->blame)));
	return v;
}

/* The first tasks that have failed themselves, page after page. */
static int read_tasks(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *kept = bldr_get(d->args, "kept");
	const struct bldr_value *before = bldr_get(kept, "tasks");
	const char *name = arena_printf(&d->arena, "deploy/run.%lld.json",
					(long long)bldr_get_int(kept, "pages", 0));
	struct bldr_value *tasks = before != NULL ? bldr_copy(before) : bldr_list();
	const struct bldr_value *answer;
	struct databricks_runs runs = { 0 };
	int r = remote_answer(d, name, &answer, err);

	if (r == 0) {
		r = databricks_run_tasks(answer, &d->arena, &runs, err);
	}
	if (r < 0) {
		bldr_unref(tasks);
		return r;
	}
	for (size_t i = 0; i < runs.at.n && bldr_count(tasks) < FAILURES_MAX; i++) {
		if (runs.at.at[i].result == DATABRICKS_RUN_FAILED ||
		    runs.at.at[i].result == DATABRICKS_RUN_TIMED_OUT) {
			bldr_list_add(tasks, task_value(&runs.at.at[i]));
		}
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "tasks", tasks);
	if (databricks_next_page(answer) != NULL) {
		bldr_object_set(*ret, "page", bldr_text(databricks_next_page(answer)));
	}
	return 0;
}

int developer_read_tasks_work(const struct bldr_work *w, struct bldr_value **ret,
			      struct bldr_error *err)
{
	return desk_work(w, read_tasks, ret, err);
}

/* The end of a trace says most. It begins with a whole character. */
static const char *trace_end(const char *trace)
{
	size_t length = strlen(trace);

	trace += length > TRACE_MAX ? length - TRACE_MAX : 0;
	while (((unsigned char)*trace & 0xC0) == 0x80) {
		trace++;
	}
	return trace;
}

/* What a task's output says, or, without one, what its state says. */
static struct bldr_value *explain(struct desk *d, const struct bldr_value *task, size_t i)
{
	struct bldr_value *v = bldr_copy(task);
	struct databricks_output output = { 0 };
	const struct bldr_value *answer;
	struct bldr_error err;

	if (remote_answer(d, arena_printf(&d->arena, "deploy/output.%zu.json", i), &answer, &err) < 0) {
		return v;
	}
	databricks_output(answer, &d->arena, &output);
	if (output.error != NULL) {
		bldr_object_set(v, "error", bldr_text(output.error));
	}
	if (output.trace != NULL) {
		bldr_object_set(v, "trace", bldr_text(trace_end(output.trace)));
	}
	if (output.blame != DATABRICKS_BLAME_NONE) {
		bldr_object_set(v, "blame", bldr_text(databricks_blame_name(output.blame)));
	}
	return v;
}

static int read_outputs(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *tasks = bldr_get(bldr_get(d->args, "kept"), "tasks");
	struct bldr_value *failures = bldr_list();

	(void)err;
	for (size_t i = 0; i < bldr_count(tasks); i++) {
		bldr_list_add(failures, explain(d, bldr_at(tasks, i), i));
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "failures", failures);
	return 0;
}

int developer_read_outputs_work(const struct bldr_work *w, struct bldr_value **ret,
				struct bldr_error *err)
{
	return desk_work(w, read_outputs, ret, err);
}
