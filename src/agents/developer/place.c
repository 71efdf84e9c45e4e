/*
 * Makes the places that a deployment needs, each looked for first, so that nobody needs a right for what is there: the
 * schema, the volume, the folder of the notebooks. The catalog has to be there: it is a person's decision. Where no SQL warehouse
 * is named, one that runs is chosen, or else the first.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/nodes.h"
#include "agents/remote/remote.h"
#include "base/check.h"

static const char *const reads[] = { "job", "remote", NULL };
static const char *const writes[] = { "remote", NULL };

enum place { PLACE_SCHEMA, PLACE_VOLUME, PLACE_FOLDER, PLACE_WAREHOUSE, PLACES };

static const char *const what[] = { "the schema", "the volume", "the workspace folder",
				    "the SQL warehouses" };

/* kept: {"place": which, "missing": it is to be made}. */
static int64_t current(const struct bldr_view *v)
{
	return bldr_get_int(v->kept, "place", PLACE_SCHEMA);
}

static bool is_missing(const struct bldr_view *v)
{
	return bldr_as_bool(bldr_get(v->kept, "missing"), false);
}

static struct databricks_request request(const struct remote *r, int64_t place, bool missing)
{
	struct databricks_request q;
	bool schema = place == PLACE_SCHEMA;
	enum databricks_securable kind = schema ? DATABRICKS_SCHEMA : DATABRICKS_VOLUME;
	char *name;

	if (place == PLACE_FOLDER) {
		return databricks_mkdirs(&r->workspace, r->folder);
	}
	if (place == PLACE_WAREHOUSE) {
		return r->warehouse != NULL ? databricks_warehouse_get(&r->workspace, r->warehouse)
					    : databricks_warehouse_list(&r->workspace);
	}
	name = schema ? xasprintf("%s.%s", r->catalog, r->schema)
		      : xasprintf("%s.%s.%s", r->catalog, r->schema, r->volume);
	q = missing ? databricks_securable_create(&r->workspace, kind, name, "Made by bldr")
		    : databricks_securable_get(&r->workspace, kind, name);
	free(name);
	return q;
}

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct remote r;

	if (remote_of(v->state, &r)) {
		remote_send(p, request(&r, current(v), is_missing(v)));
	}
}

static void again(struct bldr_patch *p, int64_t place, bool missing)
{
	struct bldr_value *kept = bldr_object();

	bldr_object_set(kept, "place", bldr_int(place));
	bldr_object_set(kept, "missing", bldr_bool(missing));
	bldr_patch_again(p, kept);
}

static void take_warehouse(const struct bldr_view *v, const struct databricks_answer *answer,
			   struct bldr_patch *p)
{
	const struct bldr_value *runs = bldr_get(bldr_get(v->state, "remote"), "runs");
	struct bldr_value *remote = bldr_object();
	const char *id = bldr_get_text(databricks_warehouse(answer->body), "id");

	if (id == NULL) {
		bldr_unref(remote);
		bldr_patch_fail_code(
			p, BLDR_E_NOT_FOUND,
			"the workspace has no SQL warehouse that may be used; the Tester "
			"asks one: make one, or ask for the right to use it");
		return;
	}
	bldr_object_set(remote, "warehouse_id", bldr_text(id));
	if (runs != NULL) { /* of the rounds before; the rest of what is known of them is theirs */
		bldr_object_set(remote, "runs", bldr_ref(runs));
	}
	bldr_patch_set(p, "remote", remote);
}

/* What was to be made is there: by another, or by a try whose answer was lost. */
static bool is_made(const struct bldr_view *v, const struct databricks_answer *answer)
{
	return answer->outcome == DATABRICKS_EXISTS && is_missing(v);
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	struct arena a = { 0 };
	struct databricks_answer answer;
	int64_t place = current(v);

	if (n == 0) {
		return;
	}
	databricks_answer(&results[0], &a, &answer);
	if (answer.outcome == DATABRICKS_NOT_FOUND && !is_missing(v) && place != PLACE_FOLDER) {
		again(p, place, true);
	} else if (!is_made(v, &answer) && !remote_check(p, what[place], &results[0], &a, &answer)) {
		; /* it has failed */
	} else if (place == PLACE_WAREHOUSE) {
		take_warehouse(v, &answer, p);
	} else {
		again(p, place + 1, false);
	}
	arena_release(&a);
}

const struct bldr_node developer_place_node = {
	.name = "place",
	.reads = reads,
	.writes = writes,
	.prepare = prepare,
	.absorb = absorb,
};
