/* What DESCRIBE TABLE says of each table of the star, beside what the warehouse here has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "checks/amount.h"
#include "checks/found.h"
#include "checks/remote_parts.h"

/* ---- results ---- */

const char *remote_id(const struct remote_star *r, const char *what, const char *name)
{
	return arena_printf(r->arena, "%s %s", what, name);
}

const struct remote_result *remote_result_find(const struct remote_star *r, const char *id)
{
	for (size_t i = 0; r->results != NULL && i < r->results->n; i++) {
		if (strcmp(r->results->at[i].id, id) == 0) {
			return &r->results->at[i];
		}
	}
	return NULL;
}

int64_t remote_place(const struct remote_result *result, const char *column)
{
	for (size_t c = 0; c < result->columns.n; c++) {
		if (strcasecmp(result->columns.at[c], column) == 0) {
			return (int64_t)c;
		}
	}
	return -1;
}

const char *remote_cell(const struct remote_result *result, size_t row, const char *column)
{
	int64_t place = result != NULL && row < result->n_rows ? remote_place(result, column) : -1;
	return place >= 0 ? result->cells[row * result->columns.n + (size_t)place] : NULL;
}

/* ---- tables ---- */

const struct remote_table *remote_table_find(const struct remote_star *r, const char *table)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->tables[i].design->name, table) == 0) {
			return &r->tables[i];
		}
	}
	return NULL;
}

int64_t remote_column_find(const struct remote_table *t, const char *column)
{
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (strcmp(t->design->columns.at[c].name, column) == 0) {
			return (int64_t)c;
		}
	}
	return -1;
}

bool remote_is_compared(const struct remote_column *c)
{
	return c->declared != NULL && c->here;
}

static bool is_declared_as(struct column_type type, const char *declared)
{
	static const char *const names[] = {
		[COLUMN_TEXT] = "string",
		[COLUMN_BOOL] = "boolean",
		[COLUMN_INT64] = "bigint",
		[COLUMN_DOUBLE] = "double",
		[COLUMN_DATE] = "date",
		[COLUMN_TIMESTAMP] = "timestamp",
		[COLUMN_TIMESTAMP_NTZ] = "timestamp_ntz",
	};
	char text[COLUMN_TYPE_TEXT_MAX];
	column_type_text(type, text);
	return strcasecmp(declared, type.kind == COLUMN_DECIMAL ? text : names[type.kind]) == 0;
}

/* The rows of DESCRIBE TABLE up to an empty name or "# Partition Information". */
static void read_description(const struct remote_result *result, struct remote_table *t)
{
	t->described = result != NULL;
	t->missing = result == NULL || result->error != NULL;
	t->why = result != NULL ? result->error : NULL;
	for (size_t i = 0; !t->missing && i < result->n_rows; i++) {
		const char *name = remote_cell(result, i, "col_name");
		if (name == NULL || name[0] == '\0' || name[0] == '#') {
			break;
		}
		for (size_t c = 0; c < t->design->columns.n; c++) {
			struct remote_column *column = &t->columns[c];
			const char *type = remote_cell(result, i, "data_type");
			if (strcasecmp(column->design->name, name) == 0 && type != NULL) {
				column->declared = type;
				column->same = is_declared_as(column->type, type);
			}
		}
	}
}

static void find_keys(struct remote_table *t, struct arena *a)
{
	const struct design_table *d = t->design;
	t->keys = ARENA_ARRAY(a, size_t, d->columns.n);
	t->surrogate = -1;
	for (size_t c = 0; c < d->columns.n; c++) {
		if (d->columns.at[c].role == ROLE_SURROGATE_KEY) {
			t->surrogate = (int64_t)c;
			t->keys[0] = c;
			t->n_keys = 1;
		}
	}
	for (size_t i = 0; t->surrogate < 0 && i < d->grain_columns.n; i++) {
		int64_t c = remote_column_find(t, d->grain_columns.at[i]);
		if (c >= 0) {
			t->keys[t->n_keys++] = (size_t)c;
		}
	}
}

/* ---- here ---- */

static int read_names_here(const struct remote_star *r, struct remote_table *t,
			   struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(r->here, "SELECT name FROM pragma_table_info(?1)", &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, t->design->name, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(r->here, stmt, err)) == 1) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		t->here = true;
		for (size_t c = 0; c < t->design->columns.n; c++) {
			t->columns[c].here |= strcmp(t->columns[c].stored, name) == 0;
		}
	}
	return rc;
}

static int count_here(const struct remote_star *r, struct remote_table *t, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", t->design->name);
	ASSERT(sql != NULL);
	int rc = store_prepare(r->here, sql, &stmt, err);
	sqlite3_free(sql);
	rc = rc == 0 ? store_step(r->here, stmt, err) : rc;
	if (rc == 1) {
		t->rows_here = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}

static int open_table(struct remote_star *r, const struct design_table *d, struct bldr_error *err)
{
	struct remote_table *t = &r->tables[r->n++];
	const struct contract *contract = r->in->checks->contract;
	t->design = d;
	t->columns = ARENA_ARRAY(r->arena, struct remote_column, d->columns.n);
	for (size_t i = 0; i < contract->tables.n; i++) {
		if (strcmp(contract->tables.at[i].table, d->name) == 0) {
			t->contract = &contract->tables.at[i];
		}
	}
	for (size_t c = 0; c < d->columns.n; c++) {
		struct remote_column *column = &t->columns[c];
		column->design = &d->columns.at[c];
		if (!column_type_parse(column->design->type, &column->type)) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "design column \"%s.%s\": no type \"%s\"", d->name,
					      column->design->name, column->design->type);
		}
		column->stored = found_stored_name(column->design, column->type, r->arena);
	}
	if (t->contract == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the contract lacks table \"%s\" of the design", d->name);
	}
	find_keys(t, r->arena);
	read_description(remote_result_find(r, remote_id(r, "columns", d->name)), t);
	int rc = read_names_here(r, t, err);
	return rc == 0 && t->here ? count_here(r, t, err) : rc;
}

/* A file that no table reads is in no layer. */
static int read_sources(struct remote_star *r, struct bldr_error *err)
{
	bool exists;
	sqlite3_stmt *stmt;
	int rc = found_exists(r->here, "bldr_layer", &exists, err);
	if (rc == 0 && exists) {
		rc = store_prepare(r->here, "SELECT 1 FROM bldr_layer WHERE source_table = ?1",
				   &stmt, err);
	}
	for (size_t i = 0; rc == 0 && exists && i < r->in->checks->sources->files.n; i++) {
		const struct source_file *file = &r->in->checks->sources->files.at[i];
		sqlite3_bind_text(stmt, 1, file->table, -1, SQLITE_TRANSIENT);
		rc = store_step(r->here, stmt, err);
		if (rc == 1) {
			/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
			*LIST_ADD(r->arena, &r->sources) = file;
		}
		sqlite3_reset(stmt);
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

int remote_input_open(const struct remote_input *in, const remote_results *results, struct arena *a,
		      struct remote_star *ret, struct bldr_error *err)
{
	const struct design *design = in->checks->design;
	*ret = (struct remote_star){ .in = in, .results = results, .arena = a };
	ret->tables = ARENA_ARRAY(a, struct remote_table, design->tables.n);
	ret->compared = ARENA_ARRAY(a, struct bucket_comparison, design->tables.n);
	int rc = store_open(in->checks->warehouse, STORE_READ, &ret->here, err);
	for (size_t i = 0; rc == 0 && i < design->tables.n; i++) {
		rc = open_table(ret, &design->tables.at[i], err);
	}
	return rc < 0 ? rc : read_sources(ret, err);
}

void remote_release(struct remote_star *r)
{
	if (r->here != NULL) {
		store_close(r->here);
	}
}

/* ---- rows here ---- */

char *remote_select_here(const struct remote_table *t)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	bool any = false;
	sqlite3_str_appendall(sql, "SELECT ");
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (remote_is_compared(&t->columns[c])) {
			sqlite3_str_appendf(sql, "%s\"%w\"", any ? ", " : "", t->columns[c].stored);
			any = true;
		}
	}
	sqlite3_str_appendf(sql, "%s FROM \"%w\"", any ? "" : "1", t->design->name);
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	return text;
}

const char *remote_cell_here(sqlite3_stmt *stmt, int i, const struct remote_column *c,
			     struct arena *scratch)
{
	int stored = sqlite3_column_type(stmt, i);
	if (stored == SQLITE_NULL) {
		return NULL;
	}
	if (found_is_scaled(c->type) && stored == SQLITE_INTEGER) {
		char text[AMOUNT_TEXT_MAX];
		amount_text((struct amount){ sqlite3_column_int64(stmt, i), c->type.scale }, text);
		return arena_strdup(scratch, text);
	}
	if (c->type.kind == COLUMN_BOOL && stored == SQLITE_INTEGER) {
		return sqlite3_column_int64(stmt, i) != 0 ? "true" : "false";
	}
	if (stored == SQLITE_FLOAT) {
		return arena_printf(scratch, "%.17g", sqlite3_column_double(stmt, i));
	}
	return arena_strdup(scratch, (const char *)sqlite3_column_text(stmt, i));
}
