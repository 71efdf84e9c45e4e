/*
 * Joins the tables' profiles: chooses keys and foreign keys over all of them, but for those that the Tester has refused.
 */
#include "agents/analyst/runner_up.h"
#include "agents/analyst/tables.h"
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "ingest/ingest.h"

static const char *const reads[] = {
	"job", "designs", "sources", "table_profiles", "attempts", NULL
};
static const char *const writes[] = { "profile", NULL };
static const struct handover handover = { "analyst.relate", BLDR_PURE, "profile" };

const struct bldr_node analyst_relate_node = {
	.name = "relate",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static int relate(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", NULL };
	struct profile tables = { 0 };
	struct profile profile = { 0 };
	struct refused refused = { 0 };
	struct sources sources;
	int r = desk_read(d, "sources", &sources, err);

	r = r < 0 ? r : tables_read(d, &tables, err);
	runner_up_refused(d, &refused);
	r = r < 0 ? r : runner_up_relate(d, &sources, &tables, &refused, &profile, err);
	if (r == 0) {
		profile.head.version = d->designs;
		r = desk_derive(d, &profile.head, inputs, err);
	}
	r = r < 0 ? r : desk_write(d, "profile", NULL, &profile, ret, err);
	return r;
}

int analyst_relate_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, relate, ret, err);
}
