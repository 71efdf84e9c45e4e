/*
 * Runs the job and waits for its end. Starting it carries a token that is the same after a crash, so that there is one run
 * per attempt; what the workspace is to blame for is repaired in the same run, a few times.
 *
 *	run --> poll --not ended--> poll
 *	            \--ended--> collect --repaired--> poll
 *	                               \--> (end)
 *
 * The channel `remote`: {"job_id", "run_id", "url", "state", "result", "asked", "since_ms", "repairs", "latest_repair_id", "failures":
 * [{"task", "error", "trace", "blame", "code"}]}.
 */
#include "agents/nodes.h"

#include <string.h>

#include "agents/desk.h"
#include "agents/remote/remote.h"
#include "base/check.h"
#include "base/file.h"

enum { REPAIRS_MAX = 3, REPAIR_PAUSE_MS = 20000, FAILURES_MAX = 5, TRACE_MAX = 6000 };
enum { ANSWER_MAX = 64 << 20 };

static const char *const reads[] = { "job", "rounds", "staged", "remote", NULL };
static const char *const writes[] = { "remote", NULL };

static int64_t remote_int(const struct bldr_view *v, const char *key)
{
	return bldr_get_int(bldr_get(v->state, "remote"), key, 0);
}

/* `remote` as it is, with key anew. */
static struct bldr_value *remote_with(const struct bldr_view *v, const char *key,
				      struct bldr_value *value)
{
	struct bldr_value *remote = bldr_copy(bldr_get(v->state, "remote"));

	bldr_object_set(remote, key, value);
	return remote;
}

/* Where an answer is saved: below the run's folder, which the stage has told. */
static char *saved_path(const struct bldr_view *v, const char *name)
{
	return xasprintf("%s/%s", bldr_get_text(bldr_get(v->state, "staged"), "folder"), name);
}

/* ---- run ---- */

static void run_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *job = bldr_get(v->state, "job");
	char token[DATABRICKS_TOKEN_SIZE];
	struct remote r;
	char *round;

	if (!remote_of(v->state, &r)) {
		return;
	}
	round = xasprintf("%lld", (long long)bldr_get_int(v->state, "rounds", 0));
	databricks_token((const char *const[]){ "run", bldr_get_text(job, "run"), round, NULL },
			 token);
	free(round);
	remote_plan(p, databricks_run_now(&r.workspace, remote_int(v, "job_id"), token, NULL));
}

static void run_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	struct arena a = { 0 };
	struct databricks_answer answer;

	if (n > 0 && remote_check(p, "the run of the job", &results[0], &a, &answer)) {
		struct bldr_value *remote = remote_with(
			v, "run_id", bldr_int(bldr_get_int(answer.body, "run_id", 0)));

		bldr_object_set(remote, "since_ms", bldr_int(v->now_ms));
		bldr_patch_set(p, "remote", remote);
	}
	arena_release(&a);
}

const struct bldr_node developer_run_node = {
	.name = "run",
	.reads = reads,
	.writes = writes,
	.prepare = run_prepare,
	.absorb = run_absorb,
};

/* ---- poll: a pause, an answer, what it means ---- */

enum poll { POLL_PAUSE, POLL_ASK, POLL_READ };

static enum databricks_run_state state_of(const struct bldr_view *v)
{
	return (enum databricks_run_state)remote_int(v, "state");
}

static void poll_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct remote r;
	struct databricks_request q;
	char *path;

	if (!remote_of(v->state, &r)) {
		return;
	}
	switch (v->round) {
	case POLL_PAUSE:
		bldr_plan_sleep(p, databricks_poll_ms(state_of(v), remote_int(v, "asked"),
						      v->now_ms - remote_int(v, "since_ms")));
		break;
	case POLL_ASK:
		q = databricks_run_get(&r.workspace, remote_int(v, "run_id"), NULL);
		path = saved_path(v, "run.0.json");
		databricks_save(&q, path);
		free(path);
		remote_plan(p, q);
		break;
	default:
		bldr_plan_work(p, "developer.read_run", BLDR_PURE, bldr_copy(v->state));
	}
}

static void poll_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			struct bldr_patch *p)
{
	struct arena a = { 0 };
	struct databricks_answer answer;
	struct bldr_value *remote;

	if (n == 0) {
		return;
	}
	if (v->round == POLL_READ && results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
	} else if (v->round == POLL_READ) {
		remote = remote_with(v, "asked", bldr_int(remote_int(v, "asked") + 1));
		for (void *it = bldr_first(results[0].value); it != NULL;
		     it = bldr_next(results[0].value, it)) {
			bldr_object_set(remote, bldr_key(it), bldr_ref(bldr_item(it)));
		}
		bldr_patch_set(p, "remote", remote);
	} else if (v->round == POLL_PAUSE ||
		   remote_check(p, "the state of the run", &results[0], &a, &answer)) {
		bldr_patch_again(p, NULL);
	}
	arena_release(&a);
}

const struct bldr_node developer_poll_node = {
	.name = "poll",
	.reads = reads,
	.writes = writes,
	.prepare = poll_prepare,
	.absorb = poll_absorb,
};

const char *const developer_poll_targets[] = { "poll", "collect", BLDR_END, NULL };

void developer_poll_route(const struct bldr_view *v, struct bldr_route *r)
{
	if (state_of(v) != DATABRICKS_RUN_ENDED) {
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
	char *path = saved_path(v, name);

	databricks_save(&q, path);
	remote_plan(p, q);
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
		char *path = saved_path(v, name);

		databricks_save(&q, path);
		remote_plan(p, q);
		free(path);
		free(name);
	}
}

static void plan_reading(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_copy(v->state);

	bldr_object_set(args, "kept", bldr_copy(v->kept));
	bldr_plan_work(p, in_phase(v, "read") ? "developer.read_tasks" : "developer.read_outputs",
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
		remote_plan(p, databricks_run_repair(&r.workspace, remote_int(v, "run_id"),
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
	.reads = reads,
	.writes = writes,
	.prepare = collect_prepare,
	.absorb = collect_absorb,
};

const char *const developer_collect_targets[] = { "poll", BLDR_END, NULL };

void developer_collect_route(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, state_of(v) != DATABRICKS_RUN_ENDED ? "poll" : BLDR_END);
}

/* ---- the works: what saved answers say ---- */

/* The answer that stands in a file; the arena's. */
static int read_answer(struct desk *d, const char *name, const struct bldr_value **ret,
		       struct bldr_error *err)
{
	const char *path = desk_path(d, name);
	struct bldr_value *v;
	char *text;
	size_t size;
	int r = file_read(path, ANSWER_MAX, &text, &size, err);

	if (r < 0) {
		return r;
	}
	r = bldr_value_parse(text, size, &v, err);
	free(text);
	if (r < 0) {
		return bldr_error_prefix(err, "the answer in \"%s\"", path);
	}
	*ret = artefact_keep(&d->arena, v);
	return 0;
}

static int read_run(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const struct bldr_value *answer;
	struct databricks_run run;
	int r = read_answer(d, "deploy/run.0.json", &answer, err);

	if (r == 0) {
		r = databricks_run(answer, &d->arena, &run, err);
	}
	if (r < 0) {
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "state", bldr_int(run.state));
	bldr_object_set(*ret, "result", bldr_int(run.result));
	bldr_object_set(*ret, "url", bldr_text(run.url));
	bldr_object_set(*ret, "message", bldr_text(run.message));
	return 0;
}

int developer_read_run_work(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err)
{
	return desk_work(w, read_run, ret, err);
}

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
	int r = read_answer(d, name, &answer, err);

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

	if (read_answer(d, arena_printf(&d->arena, "deploy/output.%zu.json", i), &answer, &err) < 0) {
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
