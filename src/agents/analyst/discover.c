/* Lists and hashes the source files, then fans out: one profile_table task per file. */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "checks/reader.h"
#include "ingest/ingest.h"

static const char *const reads[] = { "job", "designs", NULL };
static const char *const writes[] = { "sources", NULL };
static const struct handover handover = { "analyst.discover", BLDR_PURE, "sources" };

const struct bldr_node analyst_discover_node = {
	.name = "discover",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

const char *const analyst_discover_targets[] = { "profile_table", NULL };

void analyst_discover_route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct bldr_value *tables = bldr_get(bldr_get(v->state, "sources"), "tables");

	for (size_t i = 0; i < bldr_count(tables); i++) {
		struct bldr_value *arg = bldr_object();

		bldr_object_set(arg, "table", bldr_ref(bldr_at(tables, i)));
		bldr_route_send(r, "profile_table", arg);
	}
}

/* What the Tester cannot read is refused before anything is loaded. */
static int check_sizes(const struct sources *sources, struct bldr_error *err)
{
	for (size_t i = 0; i < sources->files.n; i++) {
		const struct source_file *file = &sources->files.at[i];

		bool packed = file->unpacked > file->bytes;
		int64_t bytes = packed ? file->unpacked : file->bytes;

		if (bytes > (int64_t)RAW_FILE_MAX) {
			return bldr_error_set(err, BLDR_E_LIMIT,
					      "\"%s\" has %lld bytes%s, but at most %zu can be "
					      "checked: split it into files of a table each, or "
					      "profile it alone with: bldr profile",
					      file->path, (long long)bytes,
					      packed ? ", unpacked" : "", RAW_FILE_MAX);
		}
	}
	return 0;
}

static int discover(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct sources sources = { 0 };
	struct bldr_value *tables;
	int r = ingest_discover(d->source_dir, &d->arena, &sources, err);

	if (r == 0) {
		r = check_sizes(&sources, err);
	}
	if (r < 0) {
		return r;
	}
	sources.head.version = d->designs;
	r = desk_write(d, "sources", NULL, &sources, ret, err);
	if (r < 0) {
		return r;
	}
	tables = bldr_list();
	for (size_t i = 0; i < sources.files.n; i++) {
		bldr_list_add(tables, bldr_text(sources.files.at[i].table));
	}
	bldr_object_set(*ret, "tables", tables);
	return 0;
}

int analyst_discover_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, discover, ret, err);
}
