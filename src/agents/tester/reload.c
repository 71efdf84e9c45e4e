/*
 * Loads a second time, with a key of its own, into a copy of the warehouse: check I1 then compares the
 * two. The copy is made anew unless it has seen this key already, so a crash changes nothing.
 */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "warehouse/warehouse.h"

static const char *const reads[] = { "job", "sources", "sttm", "deployment", NULL };
static const char *const writes[] = { "reloaded", NULL };
static const struct handover handover = { "tester.reload", BLDR_KEYED, "reloaded" };

const struct bldr_node tester_reload_node = {
	.name = "reload",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static int reload(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct sources sources;
	struct sttm sttm;
	struct deployment deployment = { 0 };
	bool refused = false;
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "sttm", &sttm, err);
	}
	if (r == 0) {
		struct materialise m = {
			.source_folder = d->source_dir,
			.path = desk_path(d, "reloaded.db"),
			.key = d->work->key,
			.copy_of = desk_path(d, "warehouse.db"),
		};
		r = materialise(&m, &sources, &sttm, &d->arena, &deployment, err);
		refused = r == BLDR_E_INVALID;
	}
	if (refused) { /* a finding, not a failure of the run: the first load left what no load accepts */
		*ret = bldr_object();
		bldr_object_set(*ret, "refused", bldr_text(err->text));
		return 0;
	}
	if (r < 0) {
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "path", bldr_text("reloaded.db"));
	bldr_object_set(*ret, "rows", bldr_int(desk_records(&deployment)));
	return 0;
}

int tester_reload_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, reload, ret, err);
}
