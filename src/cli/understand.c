/* Runs the Analyst's first steps one after another: discover, profile each table, relate them all. */
#include "cli/understand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"
#include "ingest/ingest.h"
#include "ingest/sketch.h"

struct profiled {
	struct table_profile table;
	struct table_sketch sketch;
};

static int compare_tables(const void *a, const void *b)
{
	return strcmp(((const struct profiled *)a)->table.table,
		      ((const struct profiled *)b)->table.table);
}

static int profile_all(const char *folder, struct arena *a, struct understanding *u,
		       struct bldr_error *err)
{
	size_t n = u->sources.files.n;
	struct profiled *profiled = ARENA_ARRAY(a, struct profiled, n);
	struct table_profile *tables = ARENA_ARRAY(a, struct table_profile, n);
	struct table_sketch *sketches = ARENA_ARRAY(a, struct table_sketch, n);
	struct overrides o;
	int r = overrides_decode(u->sources.overrides, a, &o, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct source_file *file = &u->sources.files.at[i];

		r = ingest_profile_sketch(folder, file, overrides_table(&o, file->table), NULL, a,
					  &profiled[i].table, &profiled[i].sketch, err);
	}
	if (r < 0) {
		return r;
	}
	qsort(profiled, n, sizeof(*profiled), compare_tables);
	for (size_t i = 0; i < n; i++) {
		tables[i] = profiled[i].table;
		sketches[i] = profiled[i].sketch;
	}
	r = ingest_relate(folder, &u->sources, tables, sketches, n, NULL, a, &u->profile, err);
	u->profile.head.version = 1;
	return r;
}

int understand(const char *path, struct arena *a, struct understanding *ret, struct bldr_error *err)
{
	struct understanding u = { 0 };
	const char *folder = path;
	const char *slash = strrchr(path, '/');
	struct stat st;
	int r;

	if (stat(path, &st) != 0) {
		return bldr_error_set(err, errno == ENOENT ? BLDR_E_NOT_FOUND : BLDR_E_IO,
				      "cannot read \"%s\": %s", path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode)) {
		r = ingest_discover(path, a, &u.sources, err);
	} else {
		folder = slash == NULL  ? "."
			: slash == path ? "/"
					: arena_strndup(a, path, (size_t)(slash - path));
		r = ingest_discover_file(folder, slash != NULL ? slash + 1 : path, a, &u.sources,
					 err);
	}
	if (r == 0) {
		r = profile_all(folder, a, &u, err);
	}
	if (r == 0) {
		*ret = u;
	}
	return r;
}

size_t print_clipped(const char *text, size_t width)
{
	size_t size = strlen(text);
	size_t count = utf8_count(text, size);
	bool cut = count > width;

	if (cut) {
		size_t at = 0;

		for (size_t i = 0; i + 3 < width; i++) {
			bool valid;

			at += utf8_next(text + at, size - at, &valid);
		}
		size = at;
		count = width;
	}
	for (size_t i = 0; i < size; i++) {
		putchar((unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
	}
	fputs(cut ? "..." : "", stdout);
	return count;
}

void print_cell(const char *text, size_t width)
{
	for (size_t n = print_clipped(text, width); n < width; n++) {
		putchar(' ');
	}
}
