/*
 * Joins the tables' profiles: chooses keys and foreign keys over all of them, but for those that the Tester has refused in
 * this run, or in one whose corrections are recalled.
 */
#include "agents/analyst/corrections.h"
#include "agents/analyst/examples.h"
#include "agents/analyst/tables.h"
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "ingest/ingest.h"

static const char *const reads[] = { "job",      "designs",  "sources", "table_profiles",
				     "attempts", "recalled", NULL };
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

/*
 * Relates once, and again for each correction of what was chosen, which stays when it leads to what passed then. What is a
 * tie in the end is left to examples. */
static int choose(struct desk *d, const struct sources *sources, const struct profile *tables,
		  const struct table_sketch *sketches, struct bldr_value *applied,
		  struct profile *ret, struct bldr_error *err)
{
	struct refused refused = { 0 };
	struct bldr_value *done = bldr_list();
	struct corrected c = { 0 };
	int r;

	runner_up_refused(d, &refused);
	r = runner_up_relate(d, sources, tables, sketches, &refused, ret, err);
	do {
		struct refused trial = refused;
		struct profile other = { 0 };

		r = r < 0 ? r : corrections_refuse(d, sources, ret, done, &trial, &c, err);
		if (r < 0 || c.note == NULL) {
			break;
		}
		bldr_list_add(done, bldr_ref(c.note));
		r = runner_up_relate(d, sources, tables, sketches, &trial, &other, err);
		if (r == 0 && corrections_agree(d, &other, &c)) {
			bldr_list_add(applied, bldr_ref(c.note));
			refused = trial;
			*ret = other;
		}
	} while (r == 0);
	bldr_unref(done);
	return r < 0 ? r : examples_prefer(d, sources, ret, applied, err);
}

static int relate(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", NULL };
	const struct table_sketch *sketches;
	struct profile tables = { 0 };
	texts paths = { 0 };
	struct profile profile = { 0 };
	struct bldr_value *applied = bldr_list();
	struct sources sources;
	int r = desk_read(d, "sources", &sources, err);

	r = r < 0 ? r : tables_read(d, &tables, &paths, err);
	if (r == 0) {
		sketches = tables_sketches(d, &sources, &tables, &paths);
		r = choose(d, &sources, &tables, sketches, applied, &profile, err);
	}
	if (r == 0) {
		profile.head.version = d->designs;
		r = desk_derive(d, &profile.head, inputs, err);
	}
	r = r < 0 ? r : desk_write(d, "profile", NULL, &profile, ret, err);
	if (r == 0 && bldr_count(applied) > 0) {
		bldr_object_set(*ret, "applied", bldr_ref(applied));
	}
	bldr_unref(applied);
	return r;
}

int analyst_relate_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, relate, ret, err);
}
