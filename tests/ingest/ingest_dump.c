/*
 * What src/ingest makes of a folder, as text for the Python tests.
 *
 *	ingest_dump records FOLDER FILE    one JSON line per record: {"line","offset","size","fields"} or,
 *	                                   rejected, {"line","offset","size","rejected","hash"}
 *	ingest_dump sources FOLDER         the sources artefact
 *	ingest_dump profile FOLDER         the profile artefact
 *
 * Exit 1: the error's name and text on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ingest.h"

static int fail(const struct bldr_error *err)
{
	fprintf(stderr, "%s: %s\n", bldr_error_name(err->code), err->text);
	return 1;
}

static void print(struct bldr_value *v)
{
	char *text = bldr_value_text(v);
	puts(text);
	free(text);
	bldr_unref(v);
}

static struct bldr_value *record_value(const struct csv_record *r)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "line", bldr_int(r->line));
	bldr_object_set(v, "offset", bldr_int(r->offset));
	bldr_object_set(v, "size", bldr_int((int64_t)r->raw_size));
	if (r->rejected != NULL) {
		bldr_object_set(v, "rejected", bldr_text(r->rejected));
		bldr_object_set(v, "hash", bldr_text(r->hash));
		return v;
	}
	struct bldr_value *fields = bldr_list();
	for (size_t i = 0; i < r->n; i++) {
		bldr_list_add(fields, bldr_text_n(r->fields[i].text, r->fields[i].size));
	}
	bldr_object_set(v, "fields", fields);
	return v;
}

static int dump_records(const char *folder, const char *path, const struct sources *sources,
			struct bldr_error *err)
{
	const struct source_file *file = NULL;
	for (size_t i = 0; i < sources->files.n; i++) {
		if (strcmp(sources->files.at[i].path, path) == 0) {
			file = &sources->files.at[i];
		}
	}
	if (file == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "\"%s\" is no source", path);
	}
	struct csv_reader *r;
	struct csv_record record;
	int rc = csv_reader_open(folder, file, true, &r, err);
	if (rc != 0) {
		return rc;
	}
	while ((rc = csv_reader_next(r, &record, err)) > 0) {
		print(record_value(&record));
	}
	csv_reader_close(r);
	return rc;
}

static int compare_tables(const void *a, const void *b)
{
	return strcmp(((const struct table_profile *)a)->table,
		      ((const struct table_profile *)b)->table);
}

static int dump_profile(const char *folder, const struct sources *sources, struct arena *a,
			struct bldr_error *err)
{
	struct profile profile;
	size_t n = sources->files.n;
	struct table_profile *tables = ARENA_ARRAY(a, struct table_profile, n);
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = ingest_profile_table(folder, &sources->files.at[i], a, &tables[i], err);
	}
	if (rc == 0) {
		qsort(tables, n, sizeof(*tables), compare_tables);
		rc = ingest_relate(folder, sources, tables, n, a, &profile, err);
	}
	if (rc == 0) {
		print(shape_encode(&profile_shape, &profile));
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct bldr_error err;
	struct sources sources;
	struct arena a = { 0 };
	if (argc < 3) {
		fputs("usage: ingest_dump records|sources|profile FOLDER [FILE]\n", stderr);
		return 2;
	}
	int rc = ingest_discover(argv[2], &a, &sources, &err);
	if (rc == 0 && strcmp(argv[1], "records") == 0 && argc == 4) {
		rc = dump_records(argv[2], argv[3], &sources, &err);
	} else if (rc == 0 && strcmp(argv[1], "profile") == 0) {
		rc = dump_profile(argv[2], &sources, &a, &err);
	} else if (rc == 0) {
		print(shape_encode(&sources_shape, &sources));
	}
	arena_release(&a);
	return rc == 0 ? 0 : fail(&err);
}
