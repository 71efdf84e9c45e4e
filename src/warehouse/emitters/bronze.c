/* The notebook that reads a raw file as declared: the header it must have, and the columns it becomes. */
#include <ctype.h>
#include <string.h>

#include "warehouse/emitters/notebook.h"
#include "warehouse/emitters/python_text.h"

static struct bldr_value *column_rows(const struct lake_source *s)
{
	struct bldr_value *rows = bldr_list();

	for (size_t i = 0; i < s->file->columns.n; i++) {
		struct bldr_value *row = bldr_object();

		bldr_object_set(row, "name", bldr_text(s->columns[i]));
		data_markdown(row, "raw", s->file->columns.at[i]);
		bldr_list_add(rows, row);
	}
	return rows;
}

static int add_ddl(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct ddl ddl;

	ddl_begin(&ddl);
	for (size_t i = 0; i < s->file->columns.n; i++) {
		ddl_column(&ddl, s->columns[i], "STRING", s->file->columns.at[i]);
	}
	ddl_column(&ddl, "_corrupt_record", "STRING",
		   "the whole record when it does not fit the header");
	ddl_column(&ddl, "_source_file", "STRING NOT NULL", "path below source_path");
	ddl_column(&ddl, "_source_line", "BIGINT NOT NULL", "first line of the record, from 1");
	ddl_column(&ddl, "_row_hash", "STRING NOT NULL", "SHA-256 of the fields");
	ddl_column(&ddl, "_load_id", "STRING NOT NULL", "run that wrote the row");
	ddl_column(&ddl, "_ingested_at", "TIMESTAMP NOT NULL", "when it did");
	return ddl_end(&ddl, e, data, "ddl");
}

static bool is_renamed(const struct lake_source *s)
{
	for (size_t i = 0; i < s->file->columns.n; i++) {
		if (strcmp(s->columns[i], s->file->columns.at[i]) != 0) {
			return true;
		}
	}
	return false;
}

static int add_names(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	size_t n = s->file->columns.n;
	int rc = data_strings(e, data, "header", "HEADER", s->file->columns.at, n);

	if (rc == 0 && is_renamed(s)) {
		rc = data_strings(e, data, "names", "COLUMNS", s->columns, n);
	} else if (rc == 0) {
		bldr_object_set(data, "names", bldr_text("COLUMNS = HEADER"));
	}
	return rc;
}

/* The line of the first record: behind the header, whose names may hold line ends. */
static int64_t first_line(const struct source_file *f)
{
	int64_t line = 1;

	for (size_t i = 0; f->header && i < f->columns.n; i++) {
		for (const char *c = f->columns.at[i]; *c != '\0'; c++) {
			line += *c == '\n';
		}
	}
	return f->header ? line + 1 : line;
}

/* Spark knows encodings by their upper case names. */
static const char *encoding(struct arena *a, const char *name)
{
	char *upper = arena_strdup(a, name);

	for (char *c = upper; *c != '\0'; c++) {
		*c = (char)toupper((unsigned char)*c);
	}
	return upper;
}

static int add_file(struct emitter *e, const struct source_file *f, struct bldr_value *data)
{
	struct buf b;
	int rc;

	buf_init(&b, EMIT_TEXT_MAX);
	python_assign(&b, "FILE = ", f->path);
	rc = data_take(e, data, "file", &b);
	buf_release(&b);
	if (rc == 0) {
		rc = data_table(e, data, "table_line", "TABLE", "bronze_", f->table);
	}
	return rc < 0
		? rc
		: data_create(e, data, "create_table", "TABLE",
			      arena_printf(e->arena, "The records of %s, as they are", f->table));
}

int bronze_emit(struct emitter *e, const struct lake_source *s)
{
	const struct source_file *f = s->file;
	struct bldr_value *data = bldr_object();
	int rc;

	bldr_object_set(data, "table", bldr_text(f->table));
	data_markdown(data, "file_text", f->path);
	bldr_object_set(data, "columns", column_rows(s));
	bldr_object_set(data, "first_line", bldr_int(first_line(f)));
	bldr_object_set(data, "has_header", bldr_bool(f->header));
	data_string(data, "header_option", f->header ? "true" : "false");
	data_string(data, "encoding", encoding(e->arena, f->encoding));
	data_string(data, "sep", f->delimiter);
	data_string(data, "quote", f->quote);
	bldr_object_set(data, "wide", bldr_bool(f->columns.n > 1));
	rc = add_file(e, f, data);
	if (rc == 0) {
		rc = add_ddl(e, s, data);
	}
	if (rc == 0) {
		rc = add_names(e, s, data);
	}
	if (rc == 0) {
		rc = notebook_write(e, "bronze", f->table, data);
	}
	bldr_unref(data);
	return rc;
}
