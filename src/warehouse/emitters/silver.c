/* The notebook that splits bronze into well-formed records, cleaned and typed, and quarantine. */
#include <ctype.h>
#include <string.h>

#include "expr/expr.h"
#include "warehouse/emitters/notebook.h"
#include "warehouse/emitters/python_text.h"

enum { ITEM_INDENT = 8 };

struct naming {                           /* of the columns that a rule reads */
	const struct lake_source *source; /* by the file's names; NULL: they are right already */
};

static const char *bronze_column(void *user, const char *alias, const char *column)
{
	const struct naming *n = user;

	(void)alias;
	for (size_t i = 0; n->source != NULL && i < n->source->file->columns.n; i++) {
		if (strcmp(n->source->file->columns.at[i], column) == 0) {
			return n->source->columns[i];
		}
	}
	return column;
}

/* `"name": <tree as PySpark>,` */
static int put_item(struct emitter *e, struct buf *out, const char *name,
		    const struct bldr_value *tree, const struct lake_source *source)
{
	struct naming naming = { source };
	const struct expr_pyspark names = { .column = bronze_column, .user = &naming };
	struct buf text;
	int rc;

	buf_init(&text, EMIT_TEXT_MAX);
	rc = expr_pyspark(tree, &names, &text, e->err);
	if (rc == 0) {
		rc = python_item(out, ITEM_INDENT, arena_printf(e->arena, "\"%s\": ", name),
				 text.data, e->err);
	}
	buf_release(&text);
	return rc;
}

static int add_fields(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct buf fields;
	struct buf values;
	bool typed = false;
	int rc = 0;

	buf_init(&fields, EMIT_TEXT_MAX);
	buf_init(&values, EMIT_TEXT_MAX);
	for (size_t i = 0; rc == 0 && i < s->values.n; i++) {
		const struct lake_value *v = &s->values.at[i];

		rc = put_item(e, &fields, v->name, v->field, s);
		if (rc == 0 && v->typing != NULL) {
			rc = put_item(e, &values, v->name, v->typing, NULL);
			typed = true;
		}
	}
	if (rc == 0) {
		rc = data_take(e, data, "fields", &fields);
	}
	if (rc == 0) {
		rc = data_take(e, data, "values", &values);
	}
	bldr_object_set(data, "typed", bldr_bool(typed));
	buf_release(&fields);
	buf_release(&values);
	return rc;
}

static void list_columns(const struct bldr_value *tree, struct buf *out)
{
	const struct bldr_value *args = bldr_get(tree, "args");
	const char *column = bldr_get_text(tree, "col");

	if (column != NULL) {
		buf_printf(out, "%s%s", out->size > 0 ? ", " : "", column);
	}
	for (size_t i = 0; i < bldr_count(args); i++) {
		list_columns(bldr_at(args, i), out);
	}
}

static const char *prose(struct emitter *e, const struct lake_value *v)
{
	const char *text = "carried along: no rule reads it";
	struct buf b;

	buf_init(&b, EMIT_TEXT_MAX);
	if (v->mapped && expr_prose(v->tree, &b, e->err) == 0) {
		text = arena_strdup(e->arena, b.data);
	}
	buf_release(&b);
	return text;
}

static void add_rows(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct bldr_value *rows = bldr_list();

	for (size_t i = 0; i < s->values.n; i++) {
		const struct lake_value *v = &s->values.at[i];
		struct bldr_value *row = bldr_object();
		struct buf raw;

		buf_init(&raw, EMIT_TEXT_MAX);
		list_columns(v->tree, &raw);
		bldr_object_set(row, "name", bldr_text(v->name));
		bldr_object_set(row, "type", bldr_text(sql_type(e->arena, v->type)));
		data_markdown(row, "raw", raw.data);
		data_markdown(row, "prose", prose(e, v));
		bldr_list_add(rows, row);
		buf_release(&raw);
	}
	bldr_object_set(data, "columns", rows);
}

static int add_names(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	const char **names = ARENA_ARRAY(e->arena, const char *, s->values.n);
	int rc;

	for (size_t i = 0; i < s->values.n; i++) {
		names[i] = s->values.at[i].name;
	}
	rc = data_strings(e, data, "raw_columns", "RAW_COLUMNS", s->columns, s->file->columns.n);
	return rc < 0 ? rc : data_strings(e, data, "value_columns", "COLUMNS", names, s->values.n);
}

static int add_ddl(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct ddl ddl;

	ddl_begin(&ddl);
	for (size_t i = 0; i < s->values.n; i++) {
		const struct lake_value *v = &s->values.at[i];

		ddl_column(&ddl, v->name, sql_type(e->arena, v->type), prose(e, v));
	}
	ddl_column(&ddl, "_unfit", "ARRAY<STRING>", "columns whose text does not fit their type");
	ddl_column(&ddl, "_source_file", "STRING NOT NULL", "path below source_path");
	ddl_place(&ddl, s);
	ddl_column(&ddl, "_load_id", "STRING NOT NULL", "run that wrote the row to bronze");
	return ddl_end(&ddl, e, data, "ddl");
}

static int add_quarantine(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct ddl ddl;

	ddl_begin(&ddl);
	ddl_column(&ddl, "_source_file", "STRING NOT NULL", "path below source_path");
	ddl_place(&ddl, s);
	ddl_column(&ddl, "kind", "STRING NOT NULL", "unreadable, total or duplicate");
	ddl_column(&ddl, "reason", "STRING NOT NULL", "why it was refused");
	ddl_column(&ddl, "raw", "STRING", "the record, as text or as JSON of its fields");
	ddl_column(&ddl, "_load_id", "STRING NOT NULL", "run that refused it");
	data_markdown(data, "quarantine_text",
		      arena_printf(e->arena, "quarantine_%s", s->file->table));
	return ddl_end(&ddl, e, data, "quarantine_ddl");
}

static int add_tables(struct emitter *e, const char *table, struct bldr_value *data)
{
	int rc = data_table(e, data, "bronze_line", "BRONZE", "bronze_", table);

	if (rc == 0) {
		rc = data_table(e, data, "table_line", "TABLE", "silver_", table);
	}
	if (rc == 0) {
		rc = data_table(e, data, "quarantine_line", "QUARANTINE", "quarantine_", table);
	}
	if (rc == 0) {
		rc = data_create(e, data, "create_table", "TABLE",
				 arena_printf(e->arena, "The well-formed records of %s, typed",
					      table));
	}
	return rc < 0
		? rc
		: data_create(e, data, "create_quarantine", "QUARANTINE",
			      arena_printf(e->arena, "Records of %s that silver refuses", table));
}

/* A Java pattern for a text that begins with one of the words, and not inside a word. */
static void put_totals(const texts *list, struct buf *out)
{
	buf_puts(out, "\\A(?:");
	for (size_t i = 0; i < list->n; i++) {
		buf_puts(out, i > 0 ? "|" : "");
		for (const char *c = list->at[i]; *c != '\0'; c++) {
			unsigned char byte = (unsigned char)*c;

			if (isalnum(byte) != 0 || byte >= 0x80 || byte == ' ') {
				buf_putc(out, *c);
			} else {
				buf_printf(out, "\\x{%02x}", byte);
			}
		}
	}
	buf_puts(out, ")(?![\\p{L}\\p{N}])");
}

static int add_totals(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct buf pattern;
	int rc;

	bldr_object_set(data, "totals", bldr_bool(s->file->not_rows.n > 0));
	buf_init(&pattern, EMIT_TEXT_MAX);
	buf_puts(&pattern, "TOTALS = r\"");
	put_totals(&s->file->not_rows, &pattern);
	buf_puts(&pattern, "\"");
	rc = data_take(e, data, "totals_line", &pattern);
	buf_release(&pattern);
	return rc;
}

static void put_names(struct buf *out, const texts *names)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < names->n; i++) {
		buf_printf(out, "%s\"%s\"", i > 0 ? ", " : "", names->at[i]);
	}
	buf_putc(out, ']');
}

/* `[["id"], ["updated_at"]],` per rule of dedup */
static int add_unique(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct buf items;
	struct buf item;
	int rc = 0;

	buf_init(&items, EMIT_TEXT_MAX);
	buf_init(&item, EMIT_TEXT_MAX);
	for (size_t i = 0; rc == 0 && i < s->uniques.n; i++) {
		buf_clear(&item);
		buf_putc(&item, '[');
		put_names(&item, &s->uniques.at[i].key);
		buf_puts(&item, ", ");
		put_names(&item, &s->uniques.at[i].version);
		buf_putc(&item, ']');
		rc = python_item(&items, 4, "", item.data, e->err);
	}
	bldr_object_set(data, "unique", bldr_bool(s->uniques.n > 0));
	rc = rc < 0 ? rc : data_take(e, data, "unique_items", &items);
	buf_release(&items);
	buf_release(&item);
	return rc;
}

static int add_rest(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	bool csv = s->file->format == FORMAT_CSV;
	const char *fits = s->file->header ? "header" : "columns";
	int rc = add_totals(e, s, data);

	bldr_object_set(data, "fits", bldr_text(fits));
	bldr_object_set(data, "malformed",
			bldr_text(csv ? arena_printf(e->arena, "it does not fit the %s", fits)
				      : "it is no good JSON object"));
	bldr_object_set(data, "csv", bldr_bool(csv));
	bldr_object_set(data, "blank", bldr_bool(csv && s->file->columns.n > 1));
	bldr_object_set(data, "place",
			bldr_text(lake_shares_lines(s) ? "\"_source_line\", \"_source_record\""
						       : "\"_source_line\""));
	return rc < 0 ? rc : add_unique(e, s, data);
}

int silver_emit(struct emitter *e, const struct lake_source *s)
{
	const char *table = s->file->table;
	struct bldr_value *data = bldr_object();
	int rc;

	bldr_object_set(data, "table", bldr_text(table));
	add_rows(e, s, data);
	rc = add_tables(e, table, data);
	if (rc == 0) {
		rc = add_fields(e, s, data);
	}
	if (rc == 0) {
		rc = add_names(e, s, data);
	}
	if (rc == 0) {
		rc = add_ddl(e, s, data);
	}
	if (rc == 0) {
		rc = add_quarantine(e, s, data);
	}
	if (rc == 0) {
		rc = add_rest(e, s, data);
	}
	if (rc == 0) {
		rc = notebook_write(e, "silver", "silver", table, data);
	}
	bldr_unref(data);
	return rc;
}
