/* Joins the tables' profiles: chooses keys and foreign keys over all of them. */
#include <stdlib.h>
#include <string.h>

#include "agents/analyst/runner_up.h"
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

/* The profiles come in the order of the files, which is not that of the tables: a-b.csv, a.csv. */
static int by_table(const void *a, const void *b)
{
	const struct table_profile *x = a;
	const struct table_profile *y = b;

	return strcmp(x->table, y->table);
}

static int relate(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", NULL };
	const struct bldr_value *refs = bldr_get(d->args, "table_profiles");
	size_t n = bldr_count(refs);
	struct table_profile *tables = ARENA_ARRAY(&d->arena, struct table_profile, n);
	struct profile profile = { 0 };
	struct refused_keys hidden = { 0 };
	struct sources sources;
	int r = desk_read(d, "sources", &sources, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = desk_read_value(d, "table_profile", bldr_at(refs, i), &tables[i], err);
	}
	if (r < 0) {
		return r;
	}
	if (n > 0) {
		qsort(tables, n, sizeof(*tables), by_table);
	}
	runner_up_hide(d, tables, n, &hidden);
	r = ingest_relate(d->source_dir, &sources, tables, n, &d->arena, &profile, err);
	if (r < 0) {
		return r;
	}
	runner_up_take(d, &hidden, &profile);
	profile.head.version = d->designs;
	r = desk_derive(d, &profile.head, inputs, err);
	return r < 0 ? r : desk_write(d, "profile", NULL, &profile, ret, err);
}

int analyst_relate_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, relate, ret, err);
}
