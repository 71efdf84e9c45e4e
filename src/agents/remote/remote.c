/* The workspace of a job, and how a node fails when the workspace says no. */
#include "agents/remote/remote.h"

bool remote_of(const struct bldr_value *state, struct remote *ret)
{
	const struct bldr_value *v = bldr_get(bldr_get(state, "job"), "databricks");

	if (v == NULL) {
		return false;
	}
	*ret = (struct remote){
		.workspace = databricks_workspace_read(v),
		.catalog = bldr_get_text(v, "catalog"),
		.schema = bldr_get_text(v, "schema"),
		.volume = bldr_get_text(v, "volume"),
		.folder = bldr_get_text(v, "folder"),
		.warehouse = bldr_get_text(v, "warehouse_id"),
		.compare_rows = bldr_get_int(v, "compare_rows", 0),
	};
	if (ret->warehouse == NULL) {
		ret->warehouse = bldr_get_text(bldr_get(state, "remote"), "warehouse_id");
	}
	return true;
}

void remote_send(struct bldr_plan *p, struct databricks_request q)
{
	bldr_plan_add(p, "http", q.cls, q.args, q.timeout_ms);
}

/* What to do about it, and what kind of failure it is to the run; other outcomes are FAILED. */
static const struct {
	enum databricks_outcome outcome;
	int code;
	const char *remedy;
} failures[] = {
	{ DATABRICKS_UNAUTHENTICATED, BLDR_E_INVALID,
	  "; check the credentials: bldr databricks check" },
	{ DATABRICKS_DENIED, BLDR_E_INVALID, "; bldr databricks check says what to grant" },
	{ DATABRICKS_INVALID, BLDR_E_INVALID, "" },
	{ DATABRICKS_NOT_FOUND, BLDR_E_NOT_FOUND, "" },
	{ DATABRICKS_LIMIT, BLDR_E_LIMIT, "" },
	{ DATABRICKS_UNREACHABLE, BLDR_E_UNAVAILABLE,
	  "; resume the run when the workspace answers: bldr runs resume" },
	{ DATABRICKS_BUSY, BLDR_E_UNAVAILABLE,
	  "; resume the run when the workspace answers: bldr runs resume" },
};

void remote_fail(struct bldr_patch *p, const char *what, enum databricks_outcome outcome,
		 const char *said)
{
	const char *message = said[0] != '\0' ? said : databricks_outcome_name(outcome);
	const char *remedy = "";
	int code = BLDR_E_FAILED;

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (failures[i].outcome == outcome) {
			code = failures[i].code;
			remedy = failures[i].remedy;
		}
	}
	bldr_patch_fail_code(p, code, "%s: %s%s", what, message, remedy);
}

bool remote_check(struct bldr_patch *p, const char *what, const struct bldr_result *r,
		  struct arena *a, struct databricks_answer *ret)
{
	databricks_answer(r, a, ret);
	if (ret->outcome != DATABRICKS_OK) {
		remote_fail(p, what, ret->outcome,
			    arena_printf(a, "%s%s%s", ret->message, ret->code[0] != '\0' ? " " : "",
					 ret->code));
		return false;
	}
	return true;
}
