/* Joins the tables' profiles: chooses keys and foreign keys over all of them. */
#include <stdlib.h>
#include <string.h>

#include "agents/analyst/runner_up.h"
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "base/log.h"
#include "ingest/ingest.h"
#include "ingest/sketch.h"

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

/* The sketch beside a table's profile. One that cannot be read only makes the work longer. */
static void read_sketch(struct desk *d, const struct sources *sources, const char *table,
			const char *profile_path, struct table_sketch *ret)
{
	size_t stem = strlen(profile_path) - strlen(".json");
	const char *path = arena_printf(&d->arena, "%.*s.sketch", (int)stem, profile_path);
	struct bldr_error err;

	*ret = (struct table_sketch){ .n = 0 };
	for (size_t i = 0; i < sources->files.n; i++) {
		const struct source_file *file = &sources->files.at[i];

		if (strcmp(file->table, table) == 0 &&
		    sketch_read(desk_path(d, path), file->hash, &d->arena, ret, &err) < 0) {
			LOG(LOG_WARNING, "sketch.unread", LOG_TEXT("table", table),
			    LOG_TEXT("error", err.text));
		}
	}
}

struct profiled {
	struct table_profile table;
	const char *path; /* of its artefact */
};

/* The profiles come in the order of the files, which is not that of the tables: a-b.csv, a.csv. */
static int by_table(const void *a, const void *b)
{
	const struct profiled *x = a;
	const struct profiled *y = b;

	return strcmp(x->table.table, y->table.table);
}

static int relate(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", NULL };
	const struct bldr_value *refs = bldr_get(d->args, "table_profiles");
	size_t n = bldr_count(refs);
	struct profiled *profiled = ARENA_ARRAY(&d->arena, struct profiled, n);
	struct table_profile *tables = ARENA_ARRAY(&d->arena, struct table_profile, n);
	struct table_sketch *sketches = ARENA_ARRAY(&d->arena, struct table_sketch, n);
	struct profile profile = { 0 };
	struct refused_keys hidden = { 0 };
	struct sources sources;
	int r = desk_read(d, "sources", &sources, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct bldr_value *ref = bldr_get(bldr_at(refs, i), "ref");

		r = desk_read_value(d, "table_profile", bldr_at(refs, i), &profiled[i].table, err);
		profiled[i].path = bldr_get_text(ref, "path");
	}
	if (r < 0) {
		return r;
	}
	if (n > 0) {
		qsort(profiled, n, sizeof(*profiled), by_table);
	}
	for (size_t i = 0; i < n; i++) {
		tables[i] = profiled[i].table;
		read_sketch(d, &sources, tables[i].table, profiled[i].path, &sketches[i]);
	}
	runner_up_hide(d, tables, n, &hidden);
	r = ingest_relate(d->source_dir, &sources, tables, sketches, n, &d->arena, &profile, err);
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
