/*
 * The image: a copy of the warehouse here whose star and layers are replaced by what stands in the workspace. Its tables
 * have no constraints, since what is there may break them; foreign keys are declared, as the loader declares them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "checks/amount.h"
#include "checks/dates.h"
#include "checks/found.h"
#include "checks/remote_parts.h"

/* ---- a cell as docs/warehouse.md stores it ---- */

static bool bind_decimal(sqlite3_stmt *stmt, int i, struct column_type type, const char *cell)
{
	struct amount v;
	if (!found_is_scaled(type) || !amount_parse(cell, &v) || v.scale != type.scale ||
	    v.units > INT64_MAX || v.units < INT64_MIN) {
		return false;
	}
	sqlite3_bind_int64(stmt, i, (int64_t)v.units);
	return true;
}

/* An instant comes as microseconds, a wall-clock time as 2018-01-05 10:11:12.5. */
static bool bind_stamp(sqlite3_stmt *stmt, int i, enum column_kind kind, const char *cell)
{
	static const int64_t day = INT64_C(86400000000);
	struct stamp s = { 0 };
	char text[STAMP_TEXT_MAX], *end;
	if (kind == COLUMN_TIMESTAMP) {
		int64_t micros = strtoll(cell, &end, 10);
		int64_t days = micros / day - (micros % day < 0);
		if (end == cell || *end != '\0' || days < INT32_MIN || days > INT32_MAX) {
			return false;
		}
		s.days = (int32_t)days;
		s.micros = micros - days * day;
		s.has_offset = true;
	} else if (!stamp_parse(cell, ORDER_YMD, &s) || s.has_offset) {
		return false;
	}
	if (!stamp_text(s, kind == COLUMN_TIMESTAMP, text)) {
		return false;
	}
	sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT);
	return true;
}

static bool bind_typed(sqlite3_stmt *stmt, int i, struct column_type type, const char *cell)
{
	char *end;
	double real;
	switch (type.kind) {
	case COLUMN_BOOL:
		if (strcmp(cell, "true") != 0 && strcmp(cell, "false") != 0) {
			return false;
		}
		sqlite3_bind_int(stmt, i, cell[0] == 't');
		return true;
	case COLUMN_DECIMAL:
		return bind_decimal(stmt, i, type, cell);
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return bind_stamp(stmt, i, type.kind, cell);
	case COLUMN_DOUBLE:
		real = strtod(cell, &end);
		if (end == cell || *end != '\0' || real != real) { /* SQLite makes NaN null */
			return false;
		}
		sqlite3_bind_double(stmt, i, real);
		return true;
	case COLUMN_INT64: /* by the column's affinity */
	case COLUMN_DATE:
	case COLUMN_TEXT:
		break;
	}
	return false;
}

/* What is no value of the type is stored as its text, which T1 tells. */
static void bind_cell(sqlite3_stmt *stmt, int i, const struct remote_column *c, const char *cell)
{
	if (cell == NULL) {
		sqlite3_bind_null(stmt, i);
	} else if (!c->same || !bind_typed(stmt, i, c->type, cell)) {
		sqlite3_bind_text(stmt, i, cell, -1, SQLITE_TRANSIENT);
	}
}

/* ---- tables ---- */

struct image {
	const struct remote_star *r;
	struct store *store;
};

static int exec(const struct image *m, char *sql, struct bldr_error *err)
{
	ASSERT(sql != NULL);
	int rc = store_exec(m->store, sql, err);
	sqlite3_free(sql);
	return rc;
}

/* A column that is declared otherwise than contracted keeps that name for its type. */
static void add_column(const struct image *m, const struct remote_column *c, sqlite3_str *sql)
{
	const struct remote_table *d = c->design->role == ROLE_DIMENSION_KEY
		? remote_table_find(m->r, c->design->dimension)
		: NULL;
	sqlite3_str_appendf(sql, "\"%w\" ", c->stored);
	if (c->same) {
		sqlite3_str_appendf(sql, "%s", found_storage(c->type));
	} else {
		sqlite3_str_appendf(sql, "\"%w\"", c->declared);
	}
	if (d != NULL && d->surrogate >= 0) {
		sqlite3_str_appendf(sql, " REFERENCES \"%w\"(\"%w\")", d->design->name,
				    d->columns[d->surrogate].stored);
	}
}

static int create_table(const struct image *m, const struct remote_table *t, struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	size_t n = 0;
	sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(", t->design->name);
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (t->columns[c].declared != NULL) {
			sqlite3_str_appendall(sql, n++ > 0 ? ", " : "");
			add_column(m, &t->columns[c], sql);
		}
	}
	sqlite3_str_appendall(sql, n > 0 ? ")" : "\"no column of the design\")");
	return exec(m, sqlite3_str_finish(sql), err);
}

static int prepare_insert(const struct image *m, const struct remote_table *t, sqlite3_stmt **ret,
			  struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	size_t n = 0;
	sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES (", t->design->name);
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (t->columns[c].declared != NULL) {
			sqlite3_str_appendf(sql, "%s?%d", n > 0 ? ", " : "", (int)n + 1);
			n++;
		}
	}
	sqlite3_str_appendall(sql, n > 0 ? ")" : "NULL)");
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	int rc = store_prepare(m->store, text, ret, err);
	sqlite3_free(text);
	return rc;
}

/* The rows that crossed the wire: column c of the design is "c<c>". */
static int insert_rows(const struct image *m, const struct remote_table *t,
		       const struct remote_result *result, struct bldr_error *err)
{
	size_t n_columns = t->design->columns.n;
	int64_t *places = ARENA_ARRAY(m->r->arena, int64_t, n_columns);
	sqlite3_stmt *stmt;
	for (size_t c = 0; c < n_columns; c++) {
		places[c] = remote_place(result, arena_printf(m->r->arena, "c%zu", c));
	}
	int rc = prepare_insert(m, t, &stmt, err);
	for (size_t i = 0; rc == 0 && i < result->n_rows; i++) {
		const char *const *row = &result->cells[i * result->columns.n];
		int n = 0;
		for (size_t c = 0; c < n_columns; c++) {
			if (t->columns[c].declared != NULL) {
				bind_cell(stmt, ++n, &t->columns[c],
					  places[c] >= 0 ? row[places[c]] : NULL);
			}
		}
		rc = store_step(m->store, stmt, err);
	}
	return rc;
}

/* ---- the rows here that stand there, too ---- */

/* A column that only the workspace has is null in them. */
static int insert_row_here(const struct image *m, const struct remote_table *t, sqlite3_stmt *from,
			   sqlite3_stmt *insert, struct bldr_error *err)
{
	int read = 0, n = 0;
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (remote_is_compared(&t->columns[c])) {
			sqlite3_bind_value(insert, ++n, sqlite3_column_value(from, read++));
		} else if (t->columns[c].declared != NULL) {
			sqlite3_bind_null(insert, ++n);
		}
	}
	return store_step(m->store, insert, err);
}

static int insert_equal_buckets(const struct image *m, const struct remote_table *t,
				const struct bucket_comparison *b, struct bldr_error *err)
{
	struct remote_hashing h;
	sqlite3_stmt *from, *insert = NULL;
	remote_hashing_of(m->r, t, &h);
	char *sql = remote_select_here(t);
	int rc = store_prepare(m->r->here, sql, &from, err);
	sqlite3_free(sql);
	rc = rc < 0 ? rc : prepare_insert(m, t, &insert, err);
	while (rc == 0 && (rc = store_step(m->r->here, from, err)) == 1) {
		int64_t bucket = remote_bucket_here(&h, from, b->buckets);
		rc = b->asked[bucket] ? 0 : insert_row_here(m, t, from, insert, err);
	}
	return rc;
}

/* Buckets that differ beyond the budget hold the rows here: W1 says that they do not stand there. */
static int fill_from_buckets(const struct image *m, const struct remote_table *t,
			     struct bldr_error *err)
{
	const char *name = t->design->name;
	const struct remote_result *rows =
		remote_result_find(m->r, remote_id(m->r, "rows of buckets", name));
	const struct bucket_comparison *b;
	int rc = remote_compare_buckets(m->r, t, &b, err);
	rc = rc < 0 ? rc : insert_equal_buckets(m, t, b, err);
	return rc == 0 && rows != NULL && rows->error == NULL ? insert_rows(m, t, rows, err) : rc;
}

/* Without an answer about its rows a table is not in the image. */
static int write_table(const struct image *m, const struct remote_table *t, struct bldr_error *err)
{
	const char *name = t->design->name;
	int rc = exec(m,
		      sqlite3_mprintf("DROP VIEW IF EXISTS \"v_%w\"; DROP TABLE IF EXISTS \"%w\"",
				      name, name),
		      err);
	const struct remote_result *rows = remote_result_find(m->r, remote_id(m->r, "rows", name));
	const struct remote_result *buckets =
		remote_result_find(m->r, remote_id(m->r, "buckets", name));
	const struct remote_result *answer = buckets != NULL ? buckets : rows;
	if (rc < 0 || t->missing || answer == NULL || answer->error != NULL) {
		return rc;
	}
	rc = create_table(m, t, err);
	if (rc < 0) {
		return rc;
	}
	return buckets != NULL ? fill_from_buckets(m, t, err) : insert_rows(m, t, rows, err);
}

/* ---- layers ---- */

static int64_t number_in(const struct remote_result *result, const char *column)
{
	const char *text = remote_cell(result, 0, column);
	return text != NULL ? strtoll(text, NULL, 10) : -1;
}

/* What the workspace refused of a source. */
struct refusals {
	int64_t rejected, duplicates; /* records */
	int64_t gold;                 /* of them: by gold alone, so that silver has them */
};

static const char *cell_or_empty(const struct remote_result *result, size_t row, const char *column)
{
	const char *cell = remote_cell(result, row, column);
	return cell != NULL ? cell : "";
}

static int insert_refusal(const struct image *m, const struct source_file *source,
			  const struct remote_result *refused, size_t i, sqlite3_stmt *stmt,
			  struct bldr_error *err)
{
	sqlite3_bind_text(stmt, 1, source->table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 2, cell_or_empty(refused, i, "file"), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 3, cell_or_empty(refused, i, "line"), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 4, cell_or_empty(refused, i, "reason"), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 5, cell_or_empty(refused, i, "kind"), -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(stmt, 6, (int64_t)i); /* tells records of a line apart */
	return store_step(m->store, stmt, err);
}

/* The records that one layer refused and that are not seen yet. */
static int insert_refusals_of(const struct image *m, const struct source_file *source,
			      const struct remote_result *refused, const char *layer,
			      struct map *seen, sqlite3_stmt *stmt, struct refusals *ret,
			      struct bldr_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < refused->n_rows; i++) {
		const char *key = arena_printf(m->r->arena, "%s/%s",
					       cell_or_empty(refused, i, "line"),
					       cell_or_empty(refused, i, "record"));
		void **known = map_at(seen, key, strlen(key));
		if (*known != NULL || strcmp(cell_or_empty(refused, i, "layer"), layer) != 0) {
			continue;
		}
		*known = seen;
		bool duplicate = strcmp(cell_or_empty(refused, i, "kind"), "duplicate") == 0;
		ret->duplicates += duplicate;
		ret->rejected += !duplicate;
		ret->gold += strcmp(layer, "gold") == 0;
		rc = insert_refusal(m, source, refused, i, stmt, err);
	}
	return rc;
}

/* One row of bldr_quarantine per record, however many tables refused it; silver's come first. */
static int insert_refusals(const struct image *m, const struct source_file *source,
			   const struct remote_result *refused, struct refusals *ret,
			   struct bldr_error *err)
{
	struct map *seen = map_new();
	sqlite3_stmt *stmt;
	int rc = store_prepare(m->store,
			       "INSERT INTO bldr_quarantine(source_table, path, line, byte_offset, "
			       "reason, raw, hash, kind) VALUES (?1, ?2, CAST(?3 AS INTEGER), ?6, "
			       "?4, '', '', ?5)",
			       &stmt, err);
	rc = rc < 0 ? rc : insert_refusals_of(m, source, refused, "silver", seen, stmt, ret, err);
	rc = rc < 0 ? rc : insert_refusals_of(m, source, refused, "gold", seen, stmt, ret, err);
	map_free(seen);
	return rc;
}

/* bldr_layer: read is bronze, loaded is silver without what gold alone refused; -1: it was not answered. */
static int write_layers(const struct image *m, const struct source_file *source,
			struct bldr_error *err)
{
	static const struct remote_result none = { .id = "" };
	const struct remote_result *layers =
		remote_result_find(m->r, remote_id(m->r, "layers", source->table));
	const struct remote_result *refused =
		remote_result_find(m->r, remote_id(m->r, "quarantine", source->table));
	bool counted = layers != NULL && layers->error == NULL;
	bool listed = refused != NULL && refused->error == NULL;
	struct refusals n = { 0 };
	int rc = exec(m,
		      sqlite3_mprintf("DELETE FROM bldr_quarantine WHERE source_table = %Q",
				      source->table),
		      err);
	rc = rc < 0 ? rc : insert_refusals(m, source, listed ? refused : &none, &n, err);
	int64_t read = counted ? number_in(layers, "bronze") : -1;
	int64_t silver = counted ? number_in(layers, "silver") : -1;
	return rc < 0 ? rc
		      : exec(m,
			     sqlite3_mprintf("UPDATE bldr_layer SET read = %lld, loaded = %lld, "
					     "rejected = %lld, duplicates = %lld WHERE "
					     "source_table = %Q",
					     read, silver - n.gold, n.rejected, n.duplicates,
					     source->table),
			     err);
}

/* ---- the file ---- */

static int fill(const struct image *m, struct bldr_error *err)
{
	int rc = store_exec(m->store, "PRAGMA foreign_keys = OFF; BEGIN", err);
	for (size_t i = 0; rc == 0 && i < m->r->n; i++) {
		rc = write_table(m, &m->r->tables[i], err);
	}
	for (size_t i = 0; rc == 0 && i < m->r->sources.n; i++) {
		rc = write_layers(m, m->r->sources.at[i], err);
	}
	return rc < 0 ? rc : store_exec(m->store, "COMMIT", err);
}

int remote_write_image(const struct remote_star *r, struct bldr_error *err)
{
	struct image m = { .r = r };
	(void)remove(r->in->image);
	int rc = store_open(r->in->image, STORE_PLAIN, &m.store, err);
	rc = rc < 0 ? rc : store_copy(r->here, m.store, err);
	rc = rc < 0 ? rc : fill(&m, err);
	if (m.store != NULL) {
		store_close(m.store);
	}
	return rc;
}
