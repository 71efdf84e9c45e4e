/* Starts a run, waits, reads what its state is. */
#include "agents/remote/job_run.h"

#include "base/check.h"
#include "base/file.h"

enum { ANSWER_MAX = 64 << 20 };

const char REMOTE_FIRST_RUN[] = "run";
const char REMOTE_SECOND_RUN[] = "again";

const char *const remote_run_reads[] = { "job", "rounds", "staged", "remote", NULL };
const char *const remote_run_writes[] = { "remote", NULL };

int64_t remote_int(const struct bldr_view *v, const char *key)
{
	return bldr_get_int(bldr_get(v->state, "remote"), key, 0);
}

struct bldr_value *remote_with(const struct bldr_view *v, const char *key, struct bldr_value *value)
{
	struct bldr_value *remote = bldr_copy(bldr_get(v->state, "remote"));

	bldr_object_set(remote, key, value);
	return remote;
}

char *remote_saved(const struct bldr_view *v, const char *name)
{
	return xasprintf("%s/%s", bldr_get_text(bldr_get(v->state, "staged"), "folder"), name);
}

/* ---- run ---- */

/* A repair leaves nothing of what the runs before have made; a second run of the same pipeline has nothing to repair. */
static struct bldr_value *parameters(const struct bldr_view *v)
{
	struct bldr_value *given = bldr_object();
	bool repairs = bldr_get_int(v->state, "rounds", 0) > 1 && v->config == REMOTE_FIRST_RUN;

	bldr_object_set(given, "full_refresh", bldr_text(repairs ? "true" : "false"));
	return given;
}

void remote_run_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *job = bldr_get(v->state, "job");
	char token[DATABRICKS_TOKEN_SIZE];
	struct remote r;
	char *round;

	if (!remote_of(v->state, &r)) {
		return;
	}
	round = xasprintf("%lld", (long long)bldr_get_int(v->state, "rounds", 0));
	databricks_token((const char *const[]){ v->config, bldr_get_text(job, "run"), round, NULL },
			 token);
	free(round);
	remote_send(p, databricks_run_now(&r.workspace, remote_int(v, "job_id"), token,
					  parameters(v)));
}

void remote_run_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	struct arena a = { 0 };
	struct databricks_answer answer;

	if (n > 0 && remote_check(p, "the run of the job", &results[0], &a, &answer)) {
		struct bldr_value *remote = remote_with(
			v, "run_id", bldr_int(bldr_get_int(answer.body, "run_id", 0)));

		bldr_object_set(remote, "state", bldr_int(DATABRICKS_RUN_PENDING));
		bldr_object_set(remote, "asked", bldr_int(0));
		bldr_object_set(remote, "since_ms", bldr_int(v->now_ms));
		bldr_patch_set(p, "remote", remote);
	}
	arena_release(&a);
}

/* ---- poll: a pause, an answer, what it means ---- */

enum poll { POLL_PAUSE, POLL_ASK, POLL_READ };

static enum databricks_run_state state_of(const struct bldr_view *v)
{
	return (enum databricks_run_state)remote_int(v, "state");
}

void remote_poll_prepare(const struct bldr_view *v, struct bldr_plan *p)
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
		path = remote_saved(v, "run.0.json");
		databricks_save(&q, path);
		free(path);
		remote_send(p, q);
		break;
	default:
		bldr_plan_work(p, "remote.read_run", BLDR_PURE, bldr_copy(v->state));
	}
}

void remote_poll_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
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

bool remote_ended(const struct bldr_view *v)
{
	return state_of(v) == DATABRICKS_RUN_ENDED;
}

/* ---- what saved answers say ---- */

int remote_answer(struct desk *d, const char *name, const struct bldr_value **ret,
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
	int r = remote_answer(d, "deploy/run.0.json", &answer, err);

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

int remote_read_run_work(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err)
{
	return desk_work(w, read_run, ret, err);
}

