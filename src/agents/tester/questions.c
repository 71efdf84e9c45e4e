/* Writes down what the Tester asks the workspace: one request per statement of checks/remote.h. */
#include "agents/handover.h"
#include "agents/nodes.h"
#include "agents/remote/batch.h"

static const char *const reads[] = { "job",  "rounds",     "sources", "design", "contract",
				     "sttm", "deployment", "remote",  NULL };
static const char *const writes[] = { "asked", NULL };
static const struct handover handover = { "tester.questions", BLDR_PURE, "asked" };

const struct bldr_node tester_questions_node = {
	.name = "questions",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

const char *const tester_reload_targets[] = { "questions", "check", NULL };

/* A run that has failed left nothing to ask about. */
void tester_reload_route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct bldr_value *remote = bldr_get(v->state, "remote");

	bldr_route_to(r, remote != NULL &&
				      bldr_get_int(remote, "result", 0) == DATABRICKS_RUN_SUCCESS
			      ? "questions"
			      : "check");
}

static int add_counts(struct batch *b, const struct remote *r, const struct sttm *sttm,
		      struct bldr_error *err)
{
	struct arena *a = &b->desk->arena;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sttm->tables.n; i++) {
		const struct databricks_sql sql = {
			.warehouse_id = r->warehouse,
			.statement = arena_printf(a, "SELECT count(*) FROM `%s`.`%s`.`%s`", r->catalog,
						  r->schema, sttm->tables.at[i].name),
			.repeatable = true,
		};

		rc = batch_add(b, databricks_statement(&r->workspace, &sql), 0,
			       sttm->tables.at[i].name,
			       arena_printf(a, "%zu.json", bldr_count(b->items)), err);
	}
	return rc;
}

static int questions(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct sttm sttm;
	struct remote remote;
	struct batch batch;
	int r = desk_read(d, "sttm", &sttm, err);

	if (r == 0) {
		r = batch_begin(&batch, d, "questions", err);
	}
	if (r < 0) {
		return r;
	}
	if (!remote_of(d->args, &remote)) {
		batch_drop(&batch);
		return bldr_error_set(err, BLDR_E_INVALID, "the job names no workspace");
	}
	r = add_counts(&batch, &remote, &sttm, err);
	if (r < 0) {
		batch_drop(&batch);
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "folder", bldr_text(batch.folder));
	bldr_object_set(*ret, "statements", bldr_int((int64_t)bldr_count(batch.items)));
	return batch_end(&batch, err);
}

int tester_questions_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, questions, ret, err);
}
