/*
 * Emits the pipeline: notebooks and job settings, and their manifest, which names the files that the notebooks will refuse to
 * read. In a run there this ends it: no task is made to find out.
 */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "agents/remote/remote.h"
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

/* Of a job that is to run them: told before anything is sent, with what to do about it. */
static int check_refused(struct desk *d, const struct pipeline *p, struct bldr_error *err)
{
	enum { SHOWN = 3 };
	struct arena *a = &d->arena;
	const char *told = "";
	struct remote remote;

	if (p->refused.n == 0 || !remote_of(d->args, &remote)) {
		return 0;
	}
	for (size_t i = 0; i < p->refused.n && i < SHOWN; i++) {
		const struct pipeline_refused *f = &p->refused.at[i];

		told = arena_printf(a, "%s\"%s\": %s; ", told, f->path, f->reason);
	}
	if (p->refused.n > SHOWN) {
		told = arena_printf(a, "%sand %zu more; ", told, p->refused.n - SHOWN);
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "the notebooks cannot read every file: %sor run it here, with "
			      "--target embedded",
			      told);
}

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
	if (r == 0) {
		r = check_refused(d, &pipeline, err);
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
