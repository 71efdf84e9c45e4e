/* Emits the pipeline: notebooks and job settings, and their manifest. */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "warehouse/warehouse.h"

static const char *const reads[] = { "job", "rounds", "sources", "sttm", NULL };
static const char *const writes[] = { "pipeline", NULL };
static const struct handover handover = { "developer.emit", BLDR_PURE, "pipeline" };

const struct bldr_node developer_emit_node = {
	.name = "emit",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static int emit(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "sttm", NULL };
	struct sources sources;
	struct sttm sttm;
	struct pipeline pipeline = { 0 };
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "sttm", &sttm, err);
	}
	if (r == 0) {
		r = emit_pipeline(d->folder, &sources, &sttm, &d->arena, &pipeline, err);
	}
	if (r < 0) {
		return r;
	}
	pipeline.head.version = d->round;
	r = desk_derive(d, &pipeline.head, inputs, err);
	return r < 0 ? r : desk_write(d, "pipeline", NULL, &pipeline, ret, err);
}

int developer_emit_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, emit, ret, err);
}
