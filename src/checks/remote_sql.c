/*
 * The text of what is asked of the workspace, in Spark SQL. Names are quoted; every value comes back as text. What a
 * column is declared as is known by then, so no cast can fail.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/hash.h"
#include "checks/remote_parts.h"

enum { QUARANTINE_ROWS_MAX = 100000 };
#define SQL_MAX ((size_t)16 << 20)

static const char *finish(const struct remote_star *r, struct buf *sql)
{
	ASSERT(!buf_failed(sql));
	const char *text = arena_strndup(r->arena, sql->data, sql->size);
	buf_release(sql);
	return text;
}

const char *sql_name(struct arena *a, const char *name)
{
	struct buf b;
	buf_init(&b, SQL_MAX);
	buf_putc(&b, '`');
	for (const char *at = name; *at != '\0'; at++) {
		buf_puts(&b, *at == '`' ? "`" : "");
		buf_putc(&b, *at);
	}
	buf_putc(&b, '`');
	ASSERT(!buf_failed(&b));
	const char *text = arena_strndup(a, b.data, b.size);
	buf_release(&b);
	return text;
}

/* docs/pipeline.md: a name that is too long keeps its beginning and a hash of the whole. */
static const char *name_there(struct arena *a, const char *table)
{
	enum { NAME_MAX_THERE = 200, KEPT = 183, HASH_KEPT = 16 };
	char hash[HASH_HEX_MAX];
	if (strlen(table) <= NAME_MAX_THERE) {
		return table;
	}
	hash_bytes(table, strlen(table), hash);
	return arena_printf(a, "%.*s_%.*s", KEPT, table, HASH_KEPT, hash);
}

const char *sql_table(const struct remote_star *r, const char *layer, const char *table)
{
	const char *name = arena_printf(r->arena, "%s%s", layer, name_there(r->arena, table));
	return arena_printf(r->arena, "%s.%s.%s", sql_name(r->arena, r->in->catalog),
			    sql_name(r->arena, r->in->schema), sql_name(r->arena, name));
}

const char *sql_describe(const struct remote_star *r, const char *layer, const char *table)
{
	return arena_printf(r->arena, "DESCRIBE TABLE %s", sql_table(r, layer, table));
}

/* A column as text. An instant comes as microseconds, which no session's time zone changes. */
static const char *cell_text(const struct remote_star *r, const struct remote_column *c)
{
	const char *name = sql_name(r->arena, c->design->name);
	return c->same && c->type.kind == COLUMN_TIMESTAMP
		? arena_printf(r->arena, "CAST(unix_micros(%s) AS STRING)", name)
		: arena_printf(r->arena, "CAST(%s AS STRING)", name);
}

/* What is hashed: the value itself, or its text when it is declared otherwise than contracted. */
static const char *hashed(const struct remote_star *r, const struct remote_column *c)
{
	return c->same ? sql_name(r->arena, c->design->name) : cell_text(r, c);
}

static void add_key_bucket(const struct remote_star *r, const struct remote_table *t,
			   int64_t buckets, struct buf *sql)
{
	buf_puts(sql, "pmod(xxhash64(");
	for (size_t k = 0; k < t->n_keys; k++) {
		buf_printf(sql, "%s%s", k > 0 ? ", " : "", hashed(r, &t->columns[t->keys[k]]));
	}
	buf_printf(sql, "), %lld)", (long long)buckets);
}

const char *sql_rows(const struct remote_star *r, const struct remote_table *t, int64_t buckets)
{
	struct buf sql;
	bool any = false;
	buf_init(&sql, SQL_MAX);
	buf_puts(&sql, "SELECT ");
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (t->columns[c].declared != NULL) {
			buf_printf(&sql, "%s%s AS c%zu", any ? ", " : "",
				   cell_text(r, &t->columns[c]), c);
			any = true;
		}
	}
	buf_printf(&sql, "%s FROM %s", any ? "" : "1 AS c", sql_table(r, "", t->design->name));
	if (buckets > 0) {
		buf_puts(&sql, " WHERE array_contains(split(:buckets, ','), CAST(");
		add_key_bucket(r, t, buckets, &sql);
		buf_puts(&sql, " AS STRING))");
	}
	return finish(r, &sql);
}

static void add_row_hash(const struct remote_star *r, const struct remote_table *t, struct buf *sql)
{
	buf_puts(sql, "xxhash64(");
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (remote_is_compared(&t->columns[c])) {
			buf_printf(sql, "%s, ", hashed(r, &t->columns[c]));
		}
	}
	buf_puts(sql, "concat(''");
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (remote_is_compared(&t->columns[c])) {
			buf_printf(sql, ", IF(%s IS NULL, '1', '0')",
				   sql_name(r->arena, t->columns[c].design->name));
		}
	}
	buf_puts(sql, "))");
}

const char *sql_buckets(const struct remote_star *r, const struct remote_table *t, int64_t buckets)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX);
	buf_puts(&sql,
		 "SELECT CAST(bucket AS STRING) AS bucket, CAST(count(*) AS STRING) AS rows, "
		 "CAST(sum(CAST(hash AS DECIMAL(38,0))) AS STRING) AS hashes, "
		 "CAST(bit_xor(hash) AS STRING) AS xored FROM (SELECT ");
	add_key_bucket(r, t, buckets, &sql);
	buf_puts(&sql, " AS bucket, ");
	add_row_hash(r, t, &sql);
	buf_printf(&sql, " AS hash FROM %s) GROUP BY bucket", sql_table(r, "", t->design->name));
	return finish(r, &sql);
}

/* ---- layers ---- */

static bool has_column(const struct remote_result *description, const char *name)
{
	for (size_t i = 0; description != NULL && i < description->n_rows; i++) {
		const char *found = remote_cell(description, i, "col_name");
		if (found != NULL && strcmp(found, name) == 0) {
			return true;
		}
	}
	return false;
}

bool remote_has_images(const struct remote_star *r, const char *source)
{
	const char *name = arena_printf(r->arena, "bronze_%s", source);
	const struct remote_result *columns = remote_result_find(r, remote_id(r, "columns", name));
	return has_column(columns, "_source_hash") && has_column(columns, "_run_id") &&
		has_column(columns, "_ingested_at");
}

/* Of a bronze that keeps every image of a file, the latest of the content that is known here counts. */
static const char *bronze_rows(const struct remote_star *r, const char *source)
{
	const char *table = sql_table(r, "bronze_", source);
	if (!remote_has_images(r, source)) {
		return table;
	}
	return arena_printf(r->arena,
			    "%s WHERE `_source_hash` = :source_hash AND `_run_id` = (SELECT "
			    "max_by(`_run_id`, `_ingested_at`) FROM %s WHERE `_source_hash` = "
			    ":source_hash)",
			    table, table);
}

const char *sql_layers(const struct remote_star *r, const char *source)
{
	return arena_printf(r->arena,
			    "SELECT (SELECT CAST(count(*) AS STRING) FROM %s) AS bronze, "
			    "(SELECT CAST(count(*) AS STRING) FROM %s) AS silver",
			    bronze_rows(r, source), sql_table(r, "silver_", source));
}

static void add_quarantine(const struct remote_star *r, const struct source_file *source,
			   const char *table, struct buf *sql)
{
	buf_printf(sql,
		   "%sSELECT `_source_file` AS file, CAST(`_source_line` AS STRING) AS line, "
		   "%s AS record, '%s' AS layer, kind, reason FROM %s",
		   sql->size > 0 ? " UNION ALL " : "",
		   source->format == FORMAT_JSON ? "CAST(`_source_record` AS STRING)" : "'0'",
		   strcmp(table, source->table) == 0 ? "silver" : "gold",
		   sql_table(r, "quarantine_", table));
}

const char *sql_quarantine(const struct remote_star *r, const struct source_file *source)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX);
	add_quarantine(r, source, source->table, &sql);
	for (size_t i = 0; i < r->n; i++) {
		const struct design_table *d = r->tables[i].design;
		if (d->source != NULL && strcmp(d->source, source->table) == 0) {
			add_quarantine(r, source, d->name, &sql);
		}
	}
	buf_printf(&sql, " LIMIT %d", QUARANTINE_ROWS_MAX);
	return finish(r, &sql);
}
