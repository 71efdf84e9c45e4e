/*
 * One SELECT per table over the columns that exist, in the order of lineage so that samples come in the
 * order of the files. A scaled decimal becomes the decimal it stands for; all else is text as stored.
 */
#include "checks/found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "checks/amount.h"
#include "checks/recent.h"

enum { SCALED_DIGITS_MAX = 15 };

struct reader {
	struct store *store;
	struct arena *arena;
	struct found_table *t;
	struct column_type *types;
	int *at;               /* result column of each design column, or -1 */
	struct recent *recent; /* the texts of each column */
};

bool found_is_scaled(struct column_type type)
{
	return type.kind == COLUMN_DECIMAL && type.precision <= SCALED_DIGITS_MAX && type.scale > 0;
}

const char *found_storage(struct column_type type)
{
	switch (type.kind) {
	case COLUMN_BOOL:
	case COLUMN_INT64:
		return "INTEGER";
	case COLUMN_DOUBLE:
		return "REAL";
	case COLUMN_DECIMAL:
		return found_is_scaled(type) ? "INTEGER" : "TEXT";
	case COLUMN_TEXT:
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	return "TEXT";
}

const char *found_stored_name(const struct design_column *c, struct column_type type,
			      struct arena *a)
{
	return found_is_scaled(type) ? arena_printf(a, "%s_e%d", c->name, type.scale) : c->name;
}

int found_exists(struct store *s, const char *table, bool *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(s, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
			       &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	rc = store_step(s, stmt, err);
	sqlite3_reset(stmt);
	if (rc < 0) {
		return rc;
	}
	*ret = rc == 1;
	return 0;
}

static int read_names(struct store *s, const char *table, struct map *names, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(s, "SELECT name FROM pragma_table_info(?1)", &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(s, stmt, err)) == 1) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		*map_at(names, name, strlen(name)) = names;
	}
	return rc;
}

/* The canonical text: its own, or put into `text`. */
static const char *decimal_cell(sqlite3_stmt *stmt, int i, struct column_type type,
				char text[AMOUNT_TEXT_MAX])
{
	struct amount v = { .scale = type.scale };
	if (found_is_scaled(type) && sqlite3_column_type(stmt, i) == SQLITE_INTEGER) {
		v.units = sqlite3_column_int64(stmt, i);
	} else {
		const char *written = (const char *)sqlite3_column_text(stmt, i);
		if (!amount_parse(written, &v) || !amount_rescale(v, type.scale, &v)) {
			return written;
		}
	}
	amount_text(v, text);
	return text;
}

static const char *cell(const struct reader *r, sqlite3_stmt *stmt, size_t column)
{
	char text[AMOUNT_TEXT_MAX];
	int i = r->at[column];
	struct column_type type = r->types[column];
	struct recent *recent = &r->recent[column];
	int stored = sqlite3_column_type(stmt, i);
	if (stored == SQLITE_NULL) {
		return NULL;
	}
	if (type.kind == COLUMN_DECIMAL) {
		return recent_keep(recent, decimal_cell(stmt, i, type, text), r->arena);
	}
	if (type.kind == COLUMN_BOOL && stored == SQLITE_INTEGER) {
		int64_t v = sqlite3_column_int64(stmt, i);
		return v == 0    ? "false"
			: v == 1 ? "true"
				 : arena_printf(r->arena, "%lld", (long long)v);
	}
	if (type.kind == COLUMN_DOUBLE && stored == SQLITE_FLOAT) {
		return arena_printf(r->arena, "%.17g", sqlite3_column_double(stmt, i));
	}
	return recent_keep(recent, (const char *)sqlite3_column_text(stmt, i), r->arena);
}

/* NULL: none of the design's columns exist. sqlite3_free() it. */
static char *select_sql(const struct reader *r, const struct map *names)
{
	const struct design_table *d = r->t->design;
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_str_appendall(sql, "SELECT ");
	int n = 0;
	for (size_t c = 0; c < d->columns.n; c++) {
		const char *name = r->t->columns[c].stored;
		r->at[c] = -1;
		r->t->columns[c].missing = map_find(names, name, strlen(name)) == NULL;
		if (!r->t->columns[c].missing) {
			sqlite3_str_appendf(sql, "%s\"%w\"", n > 0 ? ", " : "", name);
			r->at[c] = n++;
		}
	}
	sqlite3_str_appendf(sql, " FROM \"%w\" ORDER BY ", d->name);
	for (size_t c = 0; c < d->columns.n; c++) {
		if (d->columns.at[c].role == ROLE_LINEAGE && r->at[c] >= 0) {
			sqlite3_str_appendf(sql, "%d, ", r->at[c] + 1);
		}
	}
	sqlite3_str_appendall(sql, "1");
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	if (n == 0) {
		sqlite3_free(text);
		return NULL;
	}
	return text;
}

static void add_row(const struct reader *r, sqlite3_stmt *stmt, size_t *room)
{
	struct found_table *t = r->t;
	int at = t->surrogate >= 0 ? r->at[t->surrogate] : -1;
	if (at >= 0 && sqlite3_column_type(stmt, at) == SQLITE_INTEGER &&
	    sqlite3_column_int64(stmt, at) < 0) {
		*LIST_ADD(r->arena, &t->reserved) = sqlite3_column_int64(stmt, at);
		return;
	}
	bool grow = t->n == *room;
	*room = grow ? *room * 2 + 64 : *room;
	for (size_t c = 0; c < t->design->columns.n; c++) {
		struct found_column *column = &t->columns[c];
		if (grow) {
			column->cells = xrealloc(column->cells, *room * sizeof(*column->cells));
		}
		column->cells[t->n] = column->missing ? NULL : cell(r, stmt, c);
	}
	t->n++;
}

static int read_rows(const struct reader *r, const struct map *names, struct bldr_error *err)
{
	char *sql = select_sql(r, names);
	if (sql == NULL) {
		r->t->missing = true;
		return 0;
	}
	sqlite3_stmt *stmt;
	size_t room = 0;
	int rc = store_prepare(r->store, sql, &stmt, err);
	sqlite3_free(sql);
	while (rc == 0) {
		rc = store_step(r->store, stmt, err);
		if (rc != 1) {
			break;
		}
		add_row(r, stmt, &room);
		rc = 0;
	}
	return rc;
}

static void index_rows(struct found_table *t)
{
	if (t->surrogate < 0) {
		return;
	}
	t->rows = map_new();
	for (size_t i = 0; i < t->n; i++) {
		const char *key = t->columns[t->surrogate].cells[i];
		void **row = key != NULL ? map_at(t->rows, key, strlen(key)) : NULL;
		if (row != NULL && *row == NULL) {
			*row = (void *)(intptr_t)(i + 1);
		}
	}
}

int found_read(struct store *s, const struct design_table *design, struct arena *a,
	       struct found_table *ret, struct bldr_error *err)
{
	*ret = (struct found_table){
		.design = design,
		.columns = ARENA_ARRAY(a, struct found_column, design->columns.n),
		.surrogate = -1,
	};
	struct reader r = {
		.store = s,
		.arena = a,
		.t = ret,
		.types = ARENA_ARRAY(a, struct column_type, design->columns.n),
		.at = ARENA_ARRAY(a, int, design->columns.n),
	};
	for (size_t c = 0; c < design->columns.n; c++) {
		bool known = column_type_parse(design->columns.at[c].type, &r.types[c]);
		ASSERT(known); /* expected_evaluate refused it otherwise */
		ret->columns[c].stored = found_stored_name(&design->columns.at[c], r.types[c], a);
		if (design->columns.at[c].role == ROLE_SURROGATE_KEY) {
			ret->surrogate = (int64_t)c;
		}
	}
	bool exists;
	int rc = found_exists(s, design->name, &exists, err);
	if (rc < 0 || !exists) {
		ret->missing = true;
		return rc;
	}
	struct map *names = map_new();
	rc = read_names(s, design->name, names, err);
	if (rc == 0) {
		r.recent = xcalloc(design->columns.n, sizeof(*r.recent));
		rc = read_rows(&r, names, err);
		free(r.recent);
	}
	map_free(names);
	if (rc == 0) {
		index_rows(ret);
	}
	return rc;
}

void found_release(struct found_table *t)
{
	map_free(t->rows);
	t->rows = NULL;
	for (size_t c = 0; t->columns != NULL && c < t->design->columns.n; c++) {
		free(t->columns[c].cells);
		t->columns[c].cells = NULL;
	}
}

int64_t found_row(const struct found_table *t, const char *key)
{
	const void *row = t->rows != NULL ? map_find(t->rows, key, strlen(key)) : NULL;
	return (int64_t)(intptr_t)row - 1;
}
