/* Runs the job; what came of it stands in `remote`, and the run of an earlier attempt does not. */
#include "agents/remote/job_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "databricks/procedure.h"

const char REMOTE_FIRST_RUN[] = "run";
const char REMOTE_SECOND_RUN[] = "again";

const char *const remote_run_reads[] = { "job", "rounds", "remote", NULL };
const char *const remote_run_writes[] = { "remote", NULL };

/*
 * The star is what the files say and nothing else, whatever an earlier run has left there. A repair takes nothing from the runs
 * before either; a second run of the same pipeline has nothing to repair.
 */
static struct bldr_value *parameters(const struct bldr_view *v)
{
	bool repairs = bldr_get_int(v->state, "rounds", 0) > 1 && v->config == REMOTE_FIRST_RUN;
	struct bldr_value *given = bldr_object();

	bldr_object_set(given, "full_refresh", bldr_text(repairs ? "true" : "false"));
	bldr_object_set(given, "remove_gone", bldr_text("true"));
	return given;
}

/* The same in each round of the node. */
static struct bldr_value *input_of(const struct bldr_view *v)
{
	const char *run = bldr_get_text(bldr_get(v->state, "job"), "run");
	char *round = xasprintf("%lld", (long long)bldr_get_int(v->state, "rounds", 0));
	char token[DATABRICKS_TOKEN_SIZE];
	struct bldr_value *input = bldr_object();

	databricks_token((const char *const[]){ v->config, run, round, NULL }, token);
	bldr_object_set(input, "job_id",
			bldr_int(bldr_get_int(bldr_get(v->state, "remote"), "job_id", 0)));
	bldr_object_set(input, "idempotency_token", bldr_text(token));
	bldr_object_set(input, "job_parameters", parameters(v));
	bldr_object_set(input, "failed_only", bldr_bool(true));
	free(round);
	return input;
}

void remote_run_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *input = input_of(v);
	struct remote r;

	if (remote_of(v->state, &r)) {
		databricks_procedure_prepare(&databricks_ensure_run, &r.workspace, input, v, p);
	}
	bldr_unref(input);
}

/* Those that have ended, this one included; one that was repaired stands once. */
static struct bldr_value *runs(const struct bldr_value *remote, const struct bldr_value *run)
{
	static const char *const keys[] = { "run_id", "url", "result" };
	const struct bldr_value *old = bldr_get(remote, "runs");
	struct bldr_value *list = bldr_list();
	struct bldr_value *item = bldr_object();

	for (size_t i = 0; i < bldr_count(old); i++) {
		if (!bldr_equal(bldr_get(bldr_at(old, i), "run_id"), bldr_get(run, "run_id"))) {
			bldr_list_add(list, bldr_ref(bldr_at(old, i)));
		}
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (bldr_get(run, keys[i]) != NULL) {
			bldr_object_set(item, keys[i], bldr_ref(bldr_get(run, keys[i])));
		}
	}
	bldr_list_add(list, item);
	return list;
}

/* The repairs of a run before it are none of a new one's. */
static struct bldr_value *with_run(const struct bldr_value *remote, struct bldr_value *run)
{
	struct bldr_value *next, *list;
	bool is_new;

	if (run == NULL) { /* it goes on */
		return remote_with(remote, "run", bldr_null());
	}
	list = runs(remote, run);
	is_new = bldr_count(list) > bldr_count(bldr_get(remote, "runs"));
	next = remote_with(remote, "runs", list);
	if (is_new && bldr_get(remote, "repairs") != NULL) {
		bldr_object_set(next, "repairs", bldr_int(0));
		bldr_object_set(next, "latest_repair_id", bldr_int(0));
	}
	bldr_object_set(next, "run", run);
	return next;
}

void remote_run_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	struct bldr_value *input = input_of(v);
	struct databricks_end end;
	struct arena a = { 0 };

	if (n == 0 ||
	    !databricks_procedure_absorb(&databricks_ensure_run, input, v, results, p, &a, &end)) {
		; /* it goes again */
	} else if (end.outcome == DATABRICKS_OK || end.outcome == DATABRICKS_BUSY) {
		bldr_patch_set(p, "remote", with_run(bldr_get(v->state, "remote"), end.value));
	} else {
		remote_fail(p, "the run of the job", end.outcome, end.message);
		bldr_unref(end.value);
	}
	bldr_unref(input);
	arena_release(&a);
}

bool remote_has_ended(const struct bldr_value *remote)
{
	return bldr_get_text(bldr_get(remote, "run"), "result") != NULL;
}

bool remote_has_run(const struct bldr_value *remote)
{
	const char *result = bldr_get_text(bldr_get(remote, "run"), "result");

	return result != NULL && strcmp(result, "success") == 0;
}

bool remote_blames(const struct bldr_value *failure, enum databricks_blame b)
{
	const char *name = bldr_get_text(failure, "blame");

	return name != NULL && strcmp(name, databricks_blame_name(b)) == 0;
}

const struct bldr_value *remote_culprit(const struct bldr_value *run)
{
	const struct bldr_value *tasks = bldr_get(run, "tasks");

	for (size_t i = 0; i < bldr_count(tasks); i++) {
		if (remote_blames(bldr_at(tasks, i), DATABRICKS_BLAME_CODE)) {
			return bldr_at(tasks, i);
		}
	}
	return bldr_count(tasks) > 0 ? bldr_at(tasks, 0) : run;
}

const char *remote_refusal(const struct bldr_value *run)
{
	return remote_blames(remote_culprit(run), DATABRICKS_BLAME_CODE)
		? bldr_get_text(run, "message")
		: NULL;
}

struct bldr_value *remote_with(const struct bldr_value *remote, const char *key,
			       struct bldr_value *value)
{
	struct bldr_value *v = remote != NULL ? bldr_copy(remote) : bldr_object();

	bldr_object_set(v, key, value);
	return v;
}
