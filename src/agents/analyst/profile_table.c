/* Profiles one table, in a task of its own: the fan-out of analyst.design. The sketch of its values is a side file. */
#include <string.h>

#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "ingest/ingest.h"
#include "ingest/sketch.h"

static const char *const reads[] = { "job", "designs", "sources", NULL };
static const char *const writes[] = { "table_profiles", NULL };
static const struct handover handover = { "analyst.profile_table", BLDR_PURE, "table_profiles" };

const struct bldr_node analyst_profile_table_node = {
	.name = "profile_table",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static const struct source_file *find_file(const struct sources *sources, const char *table)
{
	for (size_t i = 0; table != NULL && i < sources->files.n; i++) {
		if (strcmp(sources->files.at[i].table, table) == 0) {
			return &sources->files.at[i];
		}
	}
	return NULL;
}

/* The first design's have no version in their name; nothing is ever written over. */
static const char *profile_path(struct desk *d, const char *table)
{
	if (d->designs == 1) {
		return arena_printf(&d->arena, "artefacts/profiles/%s.json", table);
	}
	return arena_printf(&d->arena, "artefacts/profiles/%s.v%lld.json", table,
			    (long long)d->designs);
}

static int profile_table(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const char *table = bldr_get_text(bldr_get(d->args, "input"), "table");
	struct table_profile profile = { 0 };
	struct table_sketch sketch;
	struct sources sources;
	const struct source_file *file;
	struct overrides o;
	int r = desk_read(d, "sources", &sources, err);

	if (r < 0) {
		return r;
	}
	file = find_file(&sources, table);
	if (file == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no source table \"%s\"",
				      table != NULL ? table : "");
	}
	r = overrides_decode(sources.overrides, &d->arena, &o, err);
	if (r == 0) {
		r = ingest_profile_sketch(d->source_dir, file, overrides_table(&o, file->table),
					  NULL, &d->arena, &profile, &sketch, err);
	}
	if (r == 0) {
		const char *path = arena_printf(&d->arena, "artefacts/profiles/%s.sketch", table);

		r = sketch_write(desk_path(d, path), &sketch, err);
	}
	if (r < 0) {
		return r;
	}
	r = desk_write(d, "table_profile", profile_path(d, table), &profile, ret, err);
	if (r == 0) {
		bldr_object_set(*ret, "rows", bldr_int(profile.rows + profile.rejected_rows));
	}
	return r;
}

int analyst_profile_table_work(const struct bldr_work *w, struct bldr_value **ret,
			       struct bldr_error *err)
{
	return desk_work(w, profile_table, ret, err);
}
