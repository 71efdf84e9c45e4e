/* The notebook that splits bronze into well-formed records, cleaned and typed, and quarantine. */
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
	return data_strings(e, data, "raw_columns", "RAW_COLUMNS", s->columns, s->file->columns.n);
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
	ddl_column(&ddl, "_run_id", "STRING NOT NULL", "run that wrote the row to bronze");
	return ddl_end(&ddl, e, data, "ddl");
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
	data_markdown(data, "quarantine_text", arena_printf(e->arena, "quarantine_%s", table));
	bldr_object_set(data, "comment", bldr_textf("The well-formed records of %s, typed", table));
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

/* `Unique(["id"], ["updated_at"]),` per rule of dedup */
static int add_unique(struct emitter *e, const struct lake_source *s, struct bldr_value *data)
{
	struct buf items;
	struct buf item;
	int rc = 0;

	buf_init(&items, EMIT_TEXT_MAX);
	buf_init(&item, EMIT_TEXT_MAX);
	for (size_t i = 0; rc == 0 && i < s->uniques.n; i++) {
		buf_clear(&item);
		buf_puts(&item, "Unique(");
		put_names(&item, &s->uniques.at[i].key);
		buf_puts(&item, ", ");
		put_names(&item, &s->uniques.at[i].version);
		buf_putc(&item, ')');
		rc = python_item(&items, 4, "", item.data, e->err);
	}
	bldr_object_set(data, "unique", bldr_bool(s->uniques.n > 0));
	rc = rc < 0 ? rc : data_take(e, data, "unique_items", &items);
	buf_release(&items);
	buf_release(&item);
	return rc;
}

int silver_emit(struct emitter *e, const struct lake_source *s)
{
	const char *table = s->file->table;
	struct bldr_value *data = bldr_object();
	int rc;

	bldr_object_set(data, "table", bldr_text(table));
	bldr_object_set(data, "totals", bldr_bool(s->file->not_rows.n > 0));
	data_place(data, s);
	add_rows(e, s, data);
	rc = data_assign(e, data, "file", "FILE", s->file->path);
	if (rc == 0) {
		rc = add_tables(e, table, data);
	}
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
		rc = add_unique(e, s, data);
	}
	if (rc == 0) {
		rc = notebook_write(e, "silver", "silver", table, data);
	}
	bldr_unref(data);
	return rc;
}
