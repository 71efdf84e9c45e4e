/* The notebook that appends a raw file to its bronze table: the dialect of the file, and where it goes. */
#include <string.h>

#include "base/check.h"
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
	ddl_column(&ddl, "_row_hash", "STRING NOT NULL", "SHA-256 of the record");
	ddl_column(&ddl, "_source_hash", "STRING NOT NULL", "BLAKE2b-256 of the file");
	ddl_column(&ddl, "_ingested_at", "TIMESTAMP NOT NULL", "when the row was added");
	ddl_column(&ddl, "_run_id", "STRING NOT NULL", "run that added it");
	return ddl_end(&ddl, e, data, "ddl");
}

/* What the fields are called in the file: its header, or the keys of its objects. */
static int add_names(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	const struct source_file *f = s->file;
	bool csv = f->format == FORMAT_CSV;
	size_t n = f->columns.n;
	const texts *written = csv && f->own_names.n == n ? &f->own_names : &f->columns;
	bool same = true;
	int rc = data_strings(e, data, "columns_line", "COLUMNS", s->columns, n);

	for (size_t i = 0; i < n; i++) {
		same = same && strcmp(s->columns[i], written->at[i]) == 0;
	}
	bldr_object_set(data, "has_names", bldr_bool(csv ? f->header : !same));
	bldr_object_set(data, "what_names",
			bldr_text(csv ? "What the header must name them."
				      : "The keys of the objects that they are made of."));
	bldr_object_set(data, "names_argument", bldr_text(csv ? "header" : "keys"));
	bldr_object_set(data, "names_constant", bldr_text(csv ? "HEADER" : "KEYS"));
	return rc < 0 ? rc
		      : data_strings(e, data, "names", csv ? "HEADER" : "KEYS", written->at, n);
}

static int add_file(struct emitter *e, const struct source_file *f, struct bldr_value *data)
{
	int rc = data_assign(e, data, "file", "FILE", f->path);

	bldr_object_set(data, "comment",
			bldr_textf("Every content that the file of %s had, as it is", f->table));
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

static int add_dialect(struct emitter *e, const struct source_file *f, struct bldr_value *data)
{
	static const char *const escapes[] = {
		[ESCAPE_DOUBLED] = "doubled", [ESCAPE_BACKSLASH] = "backslash"
	};
	bool csv = f->format == FORMAT_CSV;

	bldr_object_set(data, "csv", bldr_bool(csv));
	bldr_object_set(data, "array", bldr_bool(f->format == FORMAT_JSON));
	bldr_object_set(data, "lines", bldr_bool(!csv && f->format != FORMAT_JSON));
	bldr_object_set(data, "dialect", bldr_text(csv ? "CsvDialect" : "JsonDialect"));
	bldr_object_set(data, "read", bldr_text(csv ? "read_csv" : "read_json"));
	bldr_object_set(data, "has_header", bldr_bool(f->header));
	bldr_object_set(data, "has_preamble", bldr_bool(f->preamble_lines > 0));
	bldr_object_set(data, "preamble_lines", bldr_int(f->preamble_lines));
	bldr_object_set(data, "has_totals", bldr_bool(f->not_rows.n > 0));
	data_markdown(data, "totals_text", words(e->arena, &f->not_rows));
	data_string(data, "encoding", f->encoding);
	data_string(data, "delimiter", f->delimiter);
	data_string(data, "quote", f->quote);
	data_string(data, "escape", escapes[f->escape]);
	bldr_object_set(data, "packed",
			bldr_text(f->compression == COMPRESSION_GZIP ? "True" : "False"));
	return data_strings(e, data, "totals", "TOTALS", f->not_rows.at, f->not_rows.n);
}

int bronze_emit(struct emitter *e, const struct lake_source *s)
{
	const struct source_file *f = s->file;
	struct bldr_value *data = bldr_object();
	int rc;

	bldr_object_set(data, "table", bldr_text(f->table));
	data_markdown(data, "file_text", f->path);
	bldr_object_set(data, "columns", column_rows(e->arena, s));
	data_place(data, s);
	/* _run_id, which the table is clustered by, is the last column */
	data_indexed(data, f->columns.n + (lake_shares_lines(s) ? 9 : 8));
	rc = add_file(e, f, data);
	if (rc == 0) {
		rc = add_ddl(e, s, data);
	}
	if (rc == 0) {
		rc = add_names(e, s, data);
	}
	if (rc == 0) {
		rc = add_dialect(e, f, data);
	}
	if (rc == 0) {
		rc = notebook_write(e, "bronze", "bronze", f->table, data);
	}
	bldr_unref(data);
	return rc;
}
