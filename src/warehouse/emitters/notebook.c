/*
 * Files are written whole and listed with their hash. What strangers wrote - names, texts in rules - is made
 * harmless for the place it goes to: a Python literal, a line of Markdown, a literal of SQL.
 */
#include "warehouse/emitters/notebook.h"

#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/file.h"
#include "base/template.h"
#include "warehouse/emitters/python_text.h"

/* ---- files ---- */

int emit_file(struct emitter *e, const char *path, const char *kind, const char *layer,
	      const char *text, size_t size)
{
	const char *whole = arena_printf(e->arena, "%s/%s", e->folder, path);
	char *folder = arena_strdup(e->arena, whole);
	char hash[HASH_HEX_MAX];
	int rc;

	*strrchr(folder, '/') = '\0';
	rc = file_mkdirs(folder, e->err);
	if (rc == 0) {
		rc = file_write(whole, text, size, e->err);
	}
	if (rc < 0) {
		return rc;
	}
	hash_bytes(text, size, hash);
	*LIST_ADD(e->arena, &e->pipeline->files) = (struct pipeline_file){
		.path = arena_strdup(e->arena, path),
		.kind = kind,
		.layer = layer,
		.hash = arena_strdup(e->arena, hash),
		.bytes = (int64_t)size,
	};
	return 0;
}

const char *emit_name(struct arena *a, const char *table)
{
	enum { HASH_SHOWN = 16 };
	char hash[HASH_HEX_MAX];

	if (strlen(table) <= EMIT_NAME_MAX) {
		return table;
	}
	hash_bytes(table, strlen(table), hash);
	return arena_printf(a, "%.*s_%.*s", EMIT_NAME_MAX - HASH_SHOWN - 1, table, HASH_SHOWN, hash);
}

int notebook_write(struct emitter *e, const char *template, const char *layer, const char *name,
		   const struct bldr_value *data)
{
	const char *file = arena_printf(e->arena, "templates/notebook/%s.py.mustache", template);
	const char *path =
		arena_printf(e->arena, "pipeline/%s/%s.py", layer, emit_name(e->arena, name));
	const struct asset *asset = asset_find(file);
	struct buf text;
	int rc;

	ASSERT(asset != NULL);
	buf_init(&text, EMIT_TEXT_MAX);
	rc = template_render(file, (const char *)asset->data, data, NULL, &text, e->err);
	rc = rc < 0 ? bldr_error_prefix(e->err, "\"%s\"", path)
		    : emit_file(e, path, "notebook", layer, text.data, text.size);
	buf_release(&text);
	return rc;
}

/* ---- data of templates ---- */

int data_take(struct emitter *e, struct bldr_value *data, const char *key, struct buf *b)
{
	size_t size = b->size;

	if (buf_failed(b)) {
		buf_clear(b);
		return bldr_error_set(e->err, BLDR_E_LIMIT,
				      "a notebook would be larger than %zu bytes", b->max);
	}
	size -= size > 0 && b->data[size - 1] == '\n';
	bldr_object_set(data, key, bldr_text_n(b->data, size));
	buf_clear(b);
	return 0;
}

void data_string(struct bldr_value *data, const char *key, const char *text)
{
	struct buf b;

	buf_init(&b, EMIT_TEXT_MAX);
	python_string(&b, text);
	bldr_object_set(data, key, bldr_text_n(b.data, b.size));
	buf_release(&b);
}

void data_markdown(struct bldr_value *data, const char *key, const char *text)
{
	struct buf plain;
	struct buf escaped;

	buf_init(&plain, EMIT_TEXT_MAX);
	buf_init(&escaped, EMIT_TEXT_MAX);
	python_plain(&plain, text);
	for (size_t i = 0; i < plain.size; i++) {
		char c = plain.data[i];

		if (c == '#') { /* or Python's tools might read a directive */
			buf_puts(&escaped, "&#35;");
			continue;
		}
		if (strchr("\\`*<>[]|$&", c) != NULL) {
			buf_putc(&escaped, '\\');
		}
		buf_putc(&escaped, c);
	}
	while (escaped.size > 0 && escaped.data[escaped.size - 1] == ' ') {
		escaped.size--;
	}
	bldr_object_set(data, key, bldr_text_n(escaped.data, escaped.size));
	buf_release(&plain);
	buf_release(&escaped);
}

int data_strings(struct emitter *e, struct bldr_value *data, const char *key, const char *variable,
		 const char *const *items, size_t n)
{
	struct buf b;
	int rc;

	buf_init(&b, EMIT_TEXT_MAX);
	python_strings(&b, arena_printf(e->arena, "%s = ", variable), items, n);
	rc = data_take(e, data, key, &b);
	buf_release(&b);
	return rc;
}

int data_assign(struct emitter *e, struct bldr_value *data, const char *key, const char *variable,
		const char *text)
{
	struct buf b;
	int rc;

	buf_init(&b, EMIT_TEXT_MAX);
	python_assign(&b, arena_printf(e->arena, "%s = ", variable), text);
	rc = data_take(e, data, key, &b);
	buf_release(&b);
	return rc;
}

int data_table(struct emitter *e, struct bldr_value *data, const char *key, const char *variable,
	       const char *prefix, const char *name)
{
	return data_assign(e, data, key, variable,
			   arena_printf(e->arena, "%s%s", prefix, emit_name(e->arena, name)));
}

void data_place(struct bldr_value *data, const struct lake_source *s)
{
	bldr_object_set(data, "place",
			bldr_text(lake_shares_lines(s) ? "\"_source_line\", \"_source_record\""
						       : "\"_source_line\""));
	bldr_object_set(data, "shared_lines", bldr_bool(lake_shares_lines(s)));
}

void data_indexed(struct bldr_value *data, size_t columns)
{
	enum { INDEXED = 32 }; /* columns that Delta keeps statistics of, unless told */

	bldr_object_set(data, "indexed",
			columns > INDEXED ? bldr_int((int64_t)columns) : bldr_bool(false));
}

/* ---- SQL ---- */

const char *sql_type(struct arena *a, struct column_type type)
{
	switch (type.kind) {
	case COLUMN_TEXT:
		return "STRING";
	case COLUMN_BOOL:
		return "BOOLEAN";
	case COLUMN_INT64:
		return "BIGINT";
	case COLUMN_DECIMAL:
		return arena_printf(a, "DECIMAL(%d, %d)", type.precision, type.scale);
	case COLUMN_DOUBLE:
		return "DOUBLE";
	case COLUMN_DATE:
		return "DATE";
	case COLUMN_TIMESTAMP:
		return "TIMESTAMP";
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	return "TIMESTAMP_NTZ";
}

void ddl_begin(struct ddl *d)
{
	buf_init(&d->text, EMIT_TEXT_MAX);
}

/* Spark reads backslashes in its literals, and replaces ${...} before it reads anything. */
static void put_literal(struct buf *out, const char *text)
{
	struct buf plain;

	buf_init(&plain, EMIT_TEXT_MAX);
	python_plain(&plain, text);
	buf_putc(out, '\'');
	for (size_t i = 0; i < plain.size; i++) {
		char c = plain.data[i];

		if (c == '$') {
			buf_puts(out, "\\u0024");
			continue;
		}
		if (strchr("\\'\"", c) != NULL) {
			buf_putc(out, '\\');
		}
		buf_putc(out, c);
	}
	buf_putc(out, '\'');
	buf_release(&plain);
}

void ddl_column(struct ddl *d, const char *name, const char *type, const char *comment)
{
	buf_printf(&d->text, "%s    `%s` %s", d->text.size > 0 ? ",\n" : "", name, type);
	if (*comment != '\0') {
		buf_puts(&d->text, " COMMENT ");
		put_literal(&d->text, comment);
	}
}

void ddl_place(struct ddl *d, const struct lake_source *s)
{
	ddl_column(d, "_source_line", "BIGINT NOT NULL", "first line of the record, from 1");
	if (lake_shares_lines(s)) {
		ddl_column(d, "_source_record", "BIGINT NOT NULL",
			   "number among the records that begin in that line, from 1");
	}
}

int ddl_end(struct ddl *d, struct emitter *e, struct bldr_value *data, const char *key)
{
	int rc = data_take(e, data, key, &d->text);

	buf_release(&d->text);
	return rc;
}
