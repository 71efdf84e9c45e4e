/* The profiles come in the order of the files, which is not that of the tables: a-b.csv, a.csv. */
#include "agents/analyst/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct profiled {
	struct table_profile table;
	const char *path; /* of its artefact */
};

static int by_table(const void *a, const void *b)
{
	const struct profiled *x = a;
	const struct profiled *y = b;

	return strcmp(x->table.table, y->table.table);
}

int tables_read(struct desk *d, struct profile *ret, texts *ret_paths, struct bldr_error *err)
{
	const struct bldr_value *refs = bldr_get(d->args, "table_profiles");
	size_t n = bldr_count(refs);
	struct profiled *profiled = ARENA_ARRAY(&d->arena, struct profiled, n + 1);
	struct profile p = { 0 };
	texts paths = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct bldr_value *ref = bldr_get(bldr_at(refs, i), "ref");
		int r = desk_read_value(d, "table_profile", bldr_at(refs, i), &profiled[i].table,
					err);

		if (r < 0) {
			return r;
		}
		profiled[i].path = bldr_get_text(ref, "path");
	}
	qsort(profiled, n, sizeof(*profiled), by_table);
	for (size_t i = 0; i < n; i++) {
		*LIST_ADD(&d->arena, &p.tables) = profiled[i].table;
		*LIST_ADD(&d->arena, &paths) = profiled[i].path;
	}
	*ret = p;
	if (ret_paths != NULL) {
		*ret_paths = paths;
	}
	return 0;
}

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

const struct table_sketch *tables_sketches(struct desk *d, const struct sources *sources,
					   const struct profile *tables, const texts *paths)
{
	struct table_sketch *ret = ARENA_ARRAY(&d->arena, struct table_sketch, paths->n + 1);

	for (size_t i = 0; i < paths->n; i++) {
		read_sketch(d, sources, tables->tables.at[i].table, paths->at[i], &ret[i]);
	}
	return ret;
}
