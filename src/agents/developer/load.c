/* Runs the mapping on the embedded target: warehouse.db, made anew for every mapping. */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "warehouse/warehouse.h"

static const char *const reads[] = { "job", "rounds", "sources", "sttm", NULL };
static const char *const writes[] = { "deployment", NULL };
static const struct handover handover = { "developer.load", BLDR_KEYED, "deployment" };

const struct bldr_node developer_load_node = {
	.name = "load",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static int load(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "sttm", NULL };
	struct sources sources;
	struct sttm sttm;
	struct deployment deployment = { 0 };
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "sttm", &sttm, err);
	}
	if (r == 0) {
		struct materialise m = {
			.source_folder = d->source_dir,
			.path = desk_path(d, "warehouse.db"),
			.key = d->work->key,
			.fresh = true,
		};
		r = materialise(&m, &sources, &sttm, &d->arena, &deployment, err);
	}
	if (r < 0) {
		return r;
	}
	deployment.head.version = d->round;
	deployment.target = "embedded";
	deployment.warehouse = "warehouse.db";
	r = desk_derive(d, &deployment.head, inputs, err);
	if (r == 0) {
		r = desk_write(d, "deployment", NULL, &deployment, ret, err);
	}
	if (r == 0) {
		bldr_object_set(*ret, "rows", bldr_int(desk_records(&deployment)));
	}
	return r;
}

int developer_load_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, load, ret, err);
}
