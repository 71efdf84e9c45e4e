/*
 * The notebook that reads a raw file as declared: delimited text by Spark's own reader, JSON by Python's, which keeps
 * numbers as they are written.
 */
#include <string.h>

#include "base/check.h"
#include "warehouse/emitters/charset.h"
#include "warehouse/emitters/notebook.h"
#include "warehouse/emitters/python_text.h"

/* What a column is in the file: the name in its header, the key of its values, or its place. */
static const char *column_in_file(struct arena *a, const struct lake_source *s, size_t i)
{
	const struct source_file *f = s->file;

	return f->format != FORMAT_CSV || f->header ? f->columns.at[i]
						    : arena_printf(a, "field %zu", i + 1);
}

static struct bldr_value *column_rows(struct arena *a, const struct lake_source *s)
{
	struct bldr_value *rows = bldr_list();

	for (size_t i = 0; i < s->file->columns.n; i++) {
		struct bldr_value *row = bldr_object();

		bldr_object_set(row, "name", bldr_text(s->columns[i]));
		data_markdown(row, "raw", column_in_file(a, s, i));
		bldr_list_add(rows, row);
	}
	return rows;
}

static int add_ddl(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct ddl ddl;

	ddl_begin(&ddl);
	for (size_t i = 0; i < s->file->columns.n; i++) {
		ddl_column(&ddl, s->columns[i], "STRING", column_in_file(e->arena, s, i));
	}
	ddl_column(&ddl, "_corrupt_record", "STRING", "the whole record when it is malformed");
	ddl_column(&ddl, "_corrupt_reason", "STRING", "what is wrong with it");
	ddl_column(&ddl, "_source_file", "STRING NOT NULL", "path below source_path");
	ddl_place(&ddl, s);
	ddl_column(&ddl, "_row_hash", "STRING NOT NULL", "SHA-256 of the fields");
	ddl_column(&ddl, "_run_id", "STRING NOT NULL", "run that wrote the row");
	ddl_column(&ddl, "_ingested_at", "TIMESTAMP NOT NULL", "when it did");
	return ddl_end(&ddl, e, data, "ddl");
}

static bool is_renamed(const struct lake_source *s)
{
	if (s->file->own_names.n > 0) {
		return true;
	}
	for (size_t i = 0; i < s->file->columns.n; i++) {
		if (strcmp(s->columns[i], s->file->columns.at[i]) != 0) {
			return true;
		}
	}
	return false;
}

static int add_names(struct emitter *e, const struct lake_source *s, struct bldr_value *data,
		     const char *variable)
{
	size_t n = s->file->columns.n;
	const texts *written = s->file->own_names.n == n ? &s->file->own_names : &s->file->columns;
	int rc = data_strings(e, data, "header", variable, written->at, n);

	if (rc == 0 && is_renamed(s)) {
		rc = data_strings(e, data, "names", "COLUMNS", s->columns, n);
	} else if (rc == 0) {
		bldr_object_set(data, "names", bldr_textf("COLUMNS = %s", variable));
	}
	return rc;
}

static int add_file(struct emitter *e, const struct source_file *f, struct bldr_value *data)
{
	int rc = data_assign(e, data, "file", "FILE", f->path);

	bldr_object_set(data, "comment", bldr_textf("The records of %s, as they are", f->table));
	bldr_object_set(data, "malformed",
			bldr_text(f->format != FORMAT_CSV ? "it is no good JSON object"
					  : f->header     ? "it does not fit the header"
							  : "it does not fit the columns"));
	return rc < 0 ? rc : data_table(e, data, "table_line", "TABLE", "bronze_", f->table);
}

/* Totals as a list for people: "TOTAL", "Subtotal" */
static const char *words(struct arena *a, const texts *list)
{
	const char *all = "";

	for (size_t i = 0; i < list->n; i++) {
		all = arena_printf(a, "%s%s\"%s\"", all, i > 0 ? ", " : "", list->at[i]);
	}
	return all;
}

static int add_charset(struct emitter *e, const struct source_file *f, struct bldr_value *data)
{
	struct charset c = charset_of(f, e->arena);
	int rc;

	bldr_object_set(data, "translated", bldr_bool(*c.from != '\0'));
	bldr_object_set(data, "unknown_charset", bldr_bool(c.unknown));
	data_markdown(data, "encoding_text", f->encoding);
	data_string(data, "encoding", c.spark);
	rc = data_assign(e, data, "translated_from", "ENCODED", c.from);
	return rc < 0 ? rc : data_assign(e, data, "translated_to", "DECODED", c.to);
}

static bool ends_in_gz(const char *path)
{
	size_t size = strlen(path);

	return size > 3 && strcmp(path + size - 3, ".gz") == 0;
}

static int add_dialect(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	const struct source_file *f = s->file;
	bool quoted = *f->quote != '\0';
	bool backslash = quoted && f->escape == ESCAPE_BACKSLASH;
	bool gzip = f->compression == COMPRESSION_GZIP;
	int rc = add_charset(e, f, data);

	bldr_object_set(data, "has_header", bldr_bool(f->header));
	bldr_object_set(data, "preamble_lines", bldr_int(f->preamble_lines));
	bldr_object_set(data, "has_preamble", bldr_bool(f->preamble_lines > 0));
	bldr_object_set(data, "packed", bldr_bool(gzip && ends_in_gz(f->path)));
	bldr_object_set(data, "misnamed", bldr_bool(gzip && !ends_in_gz(f->path)));
	bldr_object_set(data, "quoted", bldr_bool(quoted));
	bldr_object_set(data, "backslash", bldr_bool(backslash));
	bldr_object_set(data, "escaped_as",
			bldr_text(backslash ? "escaped by a backslash" : "doubled"));
	bldr_object_set(data, "read", bldr_text(quoted ? "read_records()" : "read_file()"));
	data_string(data, "sep", f->delimiter);
	data_string(data, "quote", f->quote);
	data_string(data, "escape", backslash ? "\\" : f->quote);
	bldr_object_set(data, "wide", bldr_bool(f->columns.n > 1));
	return rc < 0 ? rc
		      : data_strings(e, data, "columns_line", "COLUMNS", s->columns, f->columns.n);
}

/* What one task holds in memory: the file, its text and its records. */
enum { JSON_MEGABYTES_MAX = 256 };

static void add_json(struct emitter *e, const struct source_file *f, struct bldr_value *data)
{
	/* lines are cut as bytes, so their ends must be the byte of LF */
	bool wide = strncmp(f->encoding, "utf-16", 6) == 0 ||
		strncmp(f->encoding, "utf-32", 6) == 0;
	bool array = f->format == FORMAT_JSON;
	bool gzip = f->compression == COMPRESSION_GZIP;
	bool whole = array || wide || (gzip && !ends_in_gz(f->path));

	(void)e;
	bldr_object_set(data, "array", bldr_bool(array));
	bldr_object_set(data, "whole", bldr_bool(whole));
	bldr_object_set(data, "packed_whole", bldr_bool(whole && gzip));
	bldr_object_set(data, "megabytes", bldr_int(JSON_MEGABYTES_MAX));
	data_string(data, "codec", f->encoding);
	bldr_object_set(data, "place",
			bldr_text(array ? "\"_source_line\", \"_source_record\""
					: "\"_source_line\""));
}

int bronze_emit(struct emitter *e, const struct lake_source *s)
{
	const struct source_file *f = s->file;
	bool csv = f->format == FORMAT_CSV;
	struct bldr_value *data = bldr_object();
	int rc;

	bldr_object_set(data, "table", bldr_text(f->table));
	data_markdown(data, "file_text", f->path);
	bldr_object_set(data, "columns", column_rows(e->arena, s));
	bldr_object_set(data, "has_totals", bldr_bool(f->not_rows.n > 0));
	data_markdown(data, "totals_text", words(e->arena, &f->not_rows));
	rc = add_file(e, f, data);
	if (rc == 0) {
		rc = add_ddl(e, s, data);
	}
	if (rc == 0) {
		rc = add_names(e, s, data, csv ? "HEADER" : "KEYS");
	}
	if (rc == 0 && csv) {
		rc = add_dialect(e, s, data);
	} else if (rc == 0) {
		add_json(e, f, data);
	}
	if (rc == 0) {
		rc = notebook_write(e, csv ? "bronze" : "bronze_json", "bronze", f->table, data);
	}
	bldr_unref(data);
	return rc;
}
