/* Designs the star from sources and profile. */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "warehouse/warehouse.h"

static const char *const reads[] = { "job", "designs", "sources", "profile", NULL };
static const char *const writes[] = { "design", NULL };
static const struct handover handover = { "analyst.design", BLDR_PURE, "design" };

const struct bldr_node analyst_design_node = {
	.name = "design",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static int design(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "profile", NULL };
	struct sources sources;
	struct profile profile;
	struct design star = { 0 };
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "profile", &profile, err);
	}
	if (r == 0) {
		r = design_star(&sources, &profile, &d->arena, &star, err);
	}
	if (r < 0) {
		return r;
	}
	star.head.version = d->designs;
	r = desk_derive(d, &star.head, inputs, err);
	return r < 0 ? r : desk_write(d, "design", NULL, &star, ret, err);
}

int analyst_design_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, design, ret, err);
}
