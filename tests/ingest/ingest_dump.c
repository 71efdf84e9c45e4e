/*
 * What src/ingest makes of a folder, as text for the Python tests.
 *
 *	ingest_dump records FOLDER FILE    one JSON line per record: {"line","offset","size","fields"} or,
 *	                                   rejected, {"line","offset","size","rejected","hash"}
 *	ingest_dump declared FOLDER FILE DIALECT
 *	                                   the same of a file that is read as DIALECT says, not as it looks: JSON, the
 *	                                   members of source_file that are not as in plain CSV; columns: how many,
 *	                                   where there is no header
 *	ingest_dump each FOLDER            a line of standard input: {"path", ..., "columns"?}, a DIALECT with the file's
 *	                                   path; columns may also be their names. A line of output for each:
 *	                                   {"columns","records"}, with "error" if it ended by one; a record has "number"
 *	                                   in its line, too
 *	ingest_dump sources FOLDER         the sources artefact
 *	ingest_dump profile FOLDER         the profile artefact
 *
 * Exit 1: the error's name and text on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/headings.h"
#include "ingest/ingest.h"
#include "ingest/reader.h"

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

static struct bldr_value *record_value(const struct record *r)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "line", bldr_int(r->line));
	bldr_object_set(v, "offset", bldr_int(r->offset));
	bldr_object_set(v, "size", bldr_int((int64_t)r->raw_size));
	if (r->rejected != NULL) {
		bldr_object_set(v, "rejected", bldr_text(r->rejected));
		bldr_object_set(v, "hash", bldr_text(r->hash));
		if (r->kind == RECORD_TOTAL) {
			bldr_object_set(v, "total", bldr_bool(true));
		}
		if (r->kind == RECORD_BLANK) {
			bldr_object_set(v, "blank", bldr_bool(true));
		}
		return v;
	}
	struct bldr_value *fields = bldr_list();
	for (size_t i = 0; i < r->n; i++) {
		bldr_list_add(fields, bldr_text_n(r->fields[i].text, r->fields[i].size));
	}
	bldr_object_set(v, "fields", fields);
	return v;
}

static int print_record(void *arg, const struct record *record, struct bldr_error *err)
{
	(void)arg;
	(void)err;
	print(record_value(record));
	return 0;
}

static int collect_record(void *arg, const struct record *record, struct bldr_error *err)
{
	(void)err;
	struct bldr_value *v = record_value(record);
	bldr_object_set(v, "number", bldr_int(record->in_line));
	bldr_list_add(arg, v);
	return 0;
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
	return record_reader_each(folder, file, print_record, NULL, err);
}

static const char *member(const struct bldr_value *dialect, const char *name, const char *plain)
{
	const char *text = bldr_get_text(dialect, name);
	return text != NULL ? text : plain;
}

static void declare(const struct bldr_value *d, struct arena *a, struct source_file *f)
{
	const char *format = member(d, "format", "csv");
	const struct bldr_value *totals = bldr_get(d, "not_rows");
	f->format = strcmp(format, "csv") == 0 ? FORMAT_CSV
		: strcmp(format, "json") == 0  ? FORMAT_JSON
					       : FORMAT_JSONL;
	bool csv = f->format == FORMAT_CSV;
	f->compression = strcmp(member(d, "compression", ""), "gzip") == 0 ? COMPRESSION_GZIP
									   : COMPRESSION_NONE;
	f->encoding = member(d, "encoding", "utf-8");
	f->delimiter = member(d, "delimiter", csv ? "," : "");
	f->quote = member(d, "quote", csv ? "\"" : "");
	f->escape = strcmp(member(d, "escape", ""), "backslash") == 0 ? ESCAPE_BACKSLASH
								      : ESCAPE_DOUBLED;
	f->preamble_lines = bldr_get_int(d, "preamble_lines", 0);
	f->header = bldr_as_bool(bldr_get(d, "header"), csv);
	for (size_t i = 0; i < bldr_count(totals); i++) {
		*LIST_ADD(a, &f->not_rows) = bldr_as_text(bldr_at(totals, i));
	}
	const struct bldr_value *columns = bldr_get(d, "columns");
	for (size_t i = 0; bldr_type_of(columns) == BLDR_LIST && i < bldr_count(columns); i++) {
		*LIST_ADD(a, &f->columns) = bldr_as_text(bldr_at(columns, i));
	}
	if (f->columns.n == 0) {
		headings_number((size_t)bldr_get_int(d, "columns", 0), a, f);
	}
}

/* Reads the columns' names, then size and hash. */
static int complete(const char *folder, struct arena *a, struct source_file *f,
		    struct bldr_error *err)
{
	struct record_reader *r;
	struct record record;
	texts written = { 0 };
	char hash[HASH_HEX_MAX];
	int rc = record_reader_discover(folder, f, &r, err);
	if (rc != 0) {
		return rc;
	}
	bool named = f->columns.n > 0;
	if (f->header && !named && (rc = record_reader_header(r, &record, err)) > 0) {
		for (size_t i = 0; i < record.n; i++) {
			*LIST_ADD(a, &written) =
				arena_strndup(a, record.fields[i].text, record.fields[i].size);
		}
		headings_name(&written, a, f);
	}
	bool collect = f->format != FORMAT_CSV && !named;
	while (rc >= 0 && collect && (rc = record_reader_next(r, &record, err)) > 0) {
	}
	for (size_t i = 0; collect && i < record_reader_keys(r)->n; i++) {
		*LIST_ADD(a, &f->columns) = arena_strdup(a, record_reader_keys(r)->at[i]);
	}
	rc = rc < 0 ? rc : record_reader_drain(r, hash, &f->bytes, err);
	f->hash = arena_strdup(a, hash);
	record_reader_close(r);
	return rc;
}

static int dump_declared(char **argv, struct arena *a, struct bldr_error *err)
{
	struct bldr_value *dialect;
	struct source_file f = { .path = argv[3] };
	int rc = bldr_value_parse(argv[4], strlen(argv[4]), &dialect, err);
	if (rc != 0) {
		return rc;
	}
	declare(dialect, a, &f);
	rc = complete(argv[2], a, &f, err);
	rc = rc != 0 ? rc : record_reader_each(argv[2], &f, print_record, NULL, err);
	bldr_unref(dialect);
	return rc;
}

/* One line of `each`. */
static struct bldr_value *read_as_said(const char *folder, const struct bldr_value *dialect)
{
	struct bldr_error err = { 0 };
	struct arena a = { 0 };
	struct source_file f = { .path = member(dialect, "path", "") };
	struct bldr_value *ret = bldr_object();
	struct bldr_value *records = bldr_list();
	struct bldr_value *columns = bldr_list();
	declare(dialect, &a, &f);
	int rc = complete(folder, &a, &f, &err);
	rc = rc != 0 ? rc : record_reader_each(folder, &f, collect_record, records, &err);
	for (size_t i = 0; i < f.columns.n; i++) {
		bldr_list_add(columns, bldr_text(f.columns.at[i]));
	}
	bldr_object_set(ret, "columns", columns);
	bldr_object_set(ret, "records", records);
	if (rc != 0) {
		bldr_object_set(ret, "error", bldr_text(bldr_error_name(err.code)));
	}
	arena_release(&a);
	return ret;
}

static int dump_each(const char *folder, struct bldr_error *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int rc = 0;
	while (rc == 0 && (size = getline(&line, &room, stdin)) > 0) {
		struct bldr_value *dialect;
		rc = bldr_value_parse(line, (size_t)size, &dialect, err);
		if (rc == 0) {
			print(read_as_said(folder, dialect));
			bldr_unref(dialect);
		}
	}
	free(line);
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
		rc = ingest_profile_table(folder, &sources->files.at[i], NULL, a, &tables[i], err);
	}
	if (rc == 0) {
		qsort(tables, n, sizeof(*tables), compare_tables);
		rc = ingest_relate(folder, sources, tables, NULL, n, NULL, a, &profile, err);
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
		fputs("usage: ingest_dump records|declared|each|sources|profile FOLDER [FILE [DIALECT]]\n",
		      stderr);
		return 2;
	}
	bool declared = strcmp(argv[1], "declared") == 0 && argc == 5;
	bool each = strcmp(argv[1], "each") == 0;
	int rc = declared ? dump_declared(argv, &a, &err)
		: each    ? dump_each(argv[2], &err)
			  : ingest_discover(argv[2], &a, &sources, &err);
	if (declared || each) {
		arena_release(&a);
		return rc == 0 ? 0 : fail(&err);
	}
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
