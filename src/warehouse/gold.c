/*
 * Puts rows by primary key: an insert that does nothing on a conflict, then a look at the row that is
 * there. Row ids of what this load has put are remembered, which tells a second row of one key from the
 * row that an earlier load left. A row is only written when it differs.
 */
#include "warehouse/gold.h"

#include <string.h>

#include "base/check.h"

/* ---- SQL text ---- */

static void add_name(sqlite3_str *sql, const char *name)
{
	sqlite3_str_appendf(sql, "\"%w\"", name);
}

static void add_column_names(sqlite3_str *sql, const struct target *t)
{
	for (size_t i = 0; i < t->n; i++) {
		sqlite3_str_appendall(sql, i > 0 ? ", " : "");
		add_name(sql, t->columns[i].stored);
	}
}

static void add_key_names(sqlite3_str *sql, const struct target *t)
{
	for (size_t i = 0; i < t->key.n; i++) {
		sqlite3_str_appendall(sql, i > 0 ? ", " : "");
		add_name(sql, t->columns[t->key.at[i]].stored);
	}
}

/* Takes the text; the caller frees it with sqlite3_free(). */
static char *finish(sqlite3_str *sql)
{
	char *text = sqlite3_str_finish(sql);

	ASSERT(text != NULL);
	return text;
}

static int prepare(struct store *store, sqlite3_str *sql, sqlite3_stmt **ret, struct bldr_error *err)
{
	char *text = finish(sql);
	int rc = store_prepare(store, text, ret, err);

	sqlite3_free(text);
	return rc;
}

/* ---- the definition ---- */

static const char *sqlite_type(struct column_type type)
{
	switch (type.kind) {
	case COLUMN_BOOL:
	case COLUMN_INT64:
		return "INTEGER";
	case COLUMN_DOUBLE:
		return "REAL";
	case COLUMN_DECIMAL:
		return target_is_scaled(type) ? "INTEGER" : "TEXT";
	case COLUMN_TEXT:
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	return "TEXT";
}

/* Reserved members leave columns of a dimension null that no loaded row may lack. */
static bool is_not_null(const struct target *t, size_t column)
{
	const struct target_column *c = &t->columns[column];

	return c->sttm->role == ROLE_SURROGATE_KEY || c->sttm->role == ROLE_DIMENSION_KEY ||
		(c->required && !t->dimension);
}

static char *table_sql(const struct targets *targets, const struct target *t)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "CREATE TABLE \"%w\" (\n", t->sttm->name);
	for (size_t i = 0; i < t->n; i++) {
		const struct target_column *c = &t->columns[i];

		sqlite3_str_appendf(sql, "\t\"%w\" %s%s", c->stored, sqlite_type(c->type),
				    is_not_null(t, i) ? " NOT NULL" : "");
		if (c->sttm->role == ROLE_DIMENSION_KEY) {
			const struct target *d = &targets->at[c->dimension];

			sqlite3_str_appendf(sql, " REFERENCES \"%w\" (\"%w\")", d->sttm->name,
					    d->columns[d->surrogate].stored);
		}
		sqlite3_str_appendall(sql, ",\n");
	}
	sqlite3_str_appendall(sql, "\tPRIMARY KEY (");
	add_key_names(sql, t);
	sqlite3_str_appendall(sql, ")\n) STRICT");
	return finish(sql);
}

/* A scaled decimal as people write it; null stays null, since abs() of it is. */
static void add_decimal(sqlite3_str *sql, const struct target_column *c)
{
	int64_t unit = 1;

	for (unsigned i = 0; i < c->type.scale; i++) {
		unit *= 10;
	}
	sqlite3_str_appendf(
		sql,
		"CASE WHEN \"%w\" < 0 THEN '-' ELSE '' END || (abs(\"%w\") / %lld) || '.' || "
		"printf('%%0%dd', abs(\"%w\") %% %lld) AS \"%w\"",
		c->stored, c->stored, (long long)unit, c->type.scale, c->stored, (long long)unit,
		c->sttm->target);
}

static char *view_sql(const struct target *t)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "CREATE VIEW \"v_%w\" AS\nSELECT\n", t->sttm->name);
	for (size_t i = 0; i < t->n; i++) {
		sqlite3_str_appendall(sql, i > 0 ? ",\n\t" : "\t");
		if (target_is_scaled(t->columns[i].type)) {
			add_decimal(sql, &t->columns[i]);
		} else {
			add_name(sql, t->columns[i].stored);
		}
	}
	sqlite3_str_appendf(sql, "\nFROM \"%w\"", t->sttm->name);
	return finish(sql);
}

/* SQLite keeps the text of a definition: an equal one is the same table. */
static int define(struct store *store, const char *type, const char *name, const char *sql,
		  struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	bool equal;
	int rc = store_prepare(store, "SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, type, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	rc = store_step(store, stmt, err);
	if (rc == 0) {
		return store_exec(store, sql, err);
	}
	if (rc < 0) {
		return rc;
	}
	equal = strcmp((const char *)sqlite3_column_text(stmt, 0), sql) == 0;
	(void)sqlite3_reset(stmt);
	return equal
		? 0
		: bldr_error_set(err, BLDR_E_INVALID,
				 "\"%s\" has a %s \"%s\" of another form; load into a fresh file",
				 store_path(store), type, name);
}

static const char gold_schema[] = "CREATE TABLE IF NOT EXISTS bldr_skipped_table(\n"
				  "\tname TEXT NOT NULL PRIMARY KEY,\n"
				  "\treason TEXT NOT NULL\n"
				  ") STRICT;\n"
				  "DELETE FROM bldr_skipped_table;\n";

static const char *why_skipped(const struct targets *targets, const struct target *t,
			       int columns_max, struct arena *a)
{
	if (t->n > (size_t)columns_max) {
		return arena_printf(a, "it has %zu columns, SQLite holds at most %d; split it",
				    t->n, columns_max);
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct target *d = &targets->at[t->columns[i].dimension];

		if (t->columns[i].sttm->role == ROLE_DIMENSION_KEY && d->skipped != NULL) {
			return arena_printf(a, "it refers to \"%s\", which is not loaded",
					    d->sttm->name);
		}
	}
	return NULL;
}

static void use_sources(struct target *t)
{
	if (t->source != NULL) {
		t->source->used = true;
	}
	for (size_t i = 0; i < t->joins.n; i++) {
		t->joins.at[i].source->used = true;
	}
	for (size_t i = 0; i < t->dates.n; i++) {
		t->dates.at[i].source->used = true;
	}
}

static int record_skipped(struct store *store, const struct target *t, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(store, "INSERT INTO bldr_skipped_table VALUES(?1, ?2)", &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, t->sttm->name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, t->skipped, -1, SQLITE_STATIC);
	return store_step(store, stmt, err);
}

int gold_skip(struct store *store, struct targets *targets, struct arena *a, struct bldr_error *err)
{
	int columns_max = sqlite3_limit(store_db(store), SQLITE_LIMIT_COLUMN, -1);
	int rc = store_exec(store, gold_schema, err);

	for (size_t i = 0; i < targets->n_sources; i++) {
		targets->sources[i].used = false;
	}
	for (size_t i = 0; rc == 0 && i < targets->n; i++) {
		struct target *t = &targets->at[i];

		t->skipped = why_skipped(targets, t, columns_max, a);
		if (t->skipped == NULL) {
			use_sources(t);
		} else {
			rc = record_skipped(store, t, err);
		}
	}
	return rc;
}

int gold_define(struct store *store, const struct targets *targets, const struct target *t,
		struct bldr_error *err)
{
	char *name;
	char *sql;
	int rc;

	sql = table_sql(targets, t);
	rc = define(store, "table", t->sttm->name, sql, err);
	sqlite3_free(sql);
	if (rc == 0) {
		sql = view_sql(t);
		name = sqlite3_mprintf("v_%s", t->sttm->name);
		ASSERT(name != NULL);
		rc = define(store, "view", name, sql, err);
		sqlite3_free(name);
		sqlite3_free(sql);
	}
	return rc < 0 ? bldr_error_prefix(err, "table \"%s\"", t->sttm->name) : 0;
}

/* ---- putting rows ---- */

static int prepare_insert(struct gold *g, struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES(?", g->target->sttm->name);
	for (size_t i = 1; i < g->target->n; i++) {
		sqlite3_str_appendall(sql, ", ?");
	}
	sqlite3_str_appendall(sql, ") ON CONFLICT DO NOTHING");
	return prepare(g->store, sql, &g->insert, err);
}

/*
 * All columns of the row with a key, but for the first of the key, which is known, the row id: a table of as
 * many columns as SQLite holds cannot be asked for one more.
 */
static int prepare_select(struct gold *g, struct bldr_error *err)
{
	const struct target *t = g->target;
	sqlite3_str *sql = sqlite3_str_new(NULL);

	for (size_t i = 0; i < t->n; i++) {
		sqlite3_str_appendall(sql, i > 0 ? ", " : "SELECT ");
		if (i == t->key.at[0]) {
			sqlite3_str_appendall(sql, t->rowid);
		} else {
			add_name(sql, t->columns[i].stored);
		}
	}
	sqlite3_str_appendf(sql, " FROM \"%w\"", t->sttm->name);
	for (size_t i = 0; i < t->key.n; i++) {
		sqlite3_str_appendall(sql, i > 0 ? " AND " : " WHERE ");
		add_name(sql, t->columns[t->key.at[i]].stored);
		sqlite3_str_appendall(sql, " = ?");
	}
	return prepare(g->store, sql, &g->select, err);
}

/* All columns by row id; those of the key keep their values. */
static int prepare_update(struct gold *g, struct bldr_error *err)
{
	const struct target *t = g->target;
	sqlite3_str *sql = sqlite3_str_new(NULL);

	sqlite3_str_appendf(sql, "UPDATE \"%w\" SET ", t->sttm->name);
	for (size_t i = 0; i < t->n; i++) {
		sqlite3_str_appendall(sql, i > 0 ? ", " : "");
		add_name(sql, t->columns[i].stored);
		sqlite3_str_appendall(sql, " = ?");
	}
	sqlite3_str_appendf(sql, " WHERE %s = ?", t->rowid);
	return prepare(g->store, sql, &g->update, err);
}

int gold_open(struct store *store, const struct target *t, struct gold *ret, struct bldr_error *err)
{
	int rc;

	*ret = (struct gold){ .store = store, .target = t, .touched = key_set_new() };
	rc = prepare_insert(ret, err);
	if (rc == 0) {
		rc = prepare_select(ret, err);
	}
	if (rc == 0) {
		rc = prepare_update(ret, err);
	}
	return rc;
}

void gold_close(struct gold *g)
{
	key_set_free(g->touched);
	g->touched = NULL;
}

static void bind(sqlite3_stmt *stmt, size_t i, const struct gold_cell *cell)
{
	int rc = SQLITE_OK;

	switch (cell->kind) {
	case SQLITE_INTEGER:
		rc = sqlite3_bind_int64(stmt, (int)i, cell->i);
		break;
	case SQLITE_FLOAT:
		rc = sqlite3_bind_double(stmt, (int)i, cell->d);
		break;
	case SQLITE_TEXT:
		rc = sqlite3_bind_text64(stmt, (int)i, cell->text, cell->size, SQLITE_STATIC,
					 SQLITE_UTF8);
		break;
	default:
		rc = sqlite3_bind_null(stmt, (int)i);
	}
	ASSERT(rc == SQLITE_OK || rc == SQLITE_TOOBIG);
}

static bool is_equal(sqlite3_stmt *stmt, int column, const struct gold_cell *cell)
{
	int kind = sqlite3_column_type(stmt, column);

	if (kind != cell->kind) {
		return false;
	}
	switch (kind) {
	case SQLITE_INTEGER:
		return sqlite3_column_int64(stmt, column) == cell->i;
	case SQLITE_FLOAT:
		return sqlite3_column_double(stmt, column) == cell->d;
	case SQLITE_TEXT: {
		const void *text = sqlite3_column_text(stmt, column);
		size_t size = (size_t)sqlite3_column_bytes(stmt, column);

		return size == cell->size && memcmp(text, cell->text, size) == 0;
	}
	default:
		return true;
	}
}

static bool is_same_row(const struct gold *g, const struct gold_cell *cells)
{
	for (size_t i = 0; i < g->target->n; i++) {
		if (i != g->target->key.at[0] && !is_equal(g->select, (int)i, &cells[i])) {
			return false;
		}
	}
	return true;
}

static bool is_same_member(const struct gold *g, const struct gold_cell *cells)
{
	const struct target *t = g->target;

	for (size_t i = 0; t->dimension && i < t->business.n; i++) {
		size_t column = t->business.at[i];

		if (!is_equal(g->select, (int)column, &cells[column])) {
			return false;
		}
	}
	return true;
}

static int replace(struct gold *g, int64_t rowid, const struct gold_cell *cells,
		   struct bldr_error *err)
{
	size_t n = g->target->n;

	for (size_t i = 0; i < n; i++) {
		bind(g->update, i + 1, &cells[i]);
	}
	(void)sqlite3_bind_int64(g->update, (int)n + 1, rowid);
	return store_step(g->store, g->update, err);
}

/* A row with the key is there. */
static int meet(struct gold *g, const struct gold_cell *cells, enum gold_outcome *ret,
		struct bldr_error *err)
{
	const struct target *t = g->target;
	bool same_member;
	bool same_row;
	int64_t rowid;
	int rc;

	for (size_t i = 0; i < t->key.n; i++) {
		bind(g->select, i + 1, &cells[t->key.at[i]]);
	}
	rc = store_step(g->store, g->select, err);
	if (rc < 0) {
		return rc;
	}
	ASSERT(rc == 1);
	rowid = sqlite3_column_int64(g->select, (int)t->key.at[0]);
	same_member = is_same_member(g, cells);
	same_row = is_same_row(g, cells);
	(void)sqlite3_reset(g->select);
	if (!same_member) {
		*ret = GOLD_COLLISION;
		return 0;
	}
	if (!key_set_add(g->touched, rowid)) {
		*ret = GOLD_DUPLICATE;
		return 0;
	}
	rc = same_row ? 0 : replace(g, rowid, cells, err);
	if (rc == 0) {
		*ret = GOLD_LOADED;
	}
	return rc;
}

int gold_put(struct gold *g, const struct gold_cell *cells, enum gold_outcome *ret,
	     struct bldr_error *err)
{
	sqlite3 *db = store_db(g->store);
	int rc;

	for (size_t i = 0; i < g->target->n; i++) {
		bind(g->insert, i + 1, &cells[i]);
	}
	rc = store_step(g->store, g->insert, err);
	if (rc < 0) {
		return rc;
	}
	if (sqlite3_changes(db) == 0) {
		return meet(g, cells, ret, err);
	}
	(void)key_set_add(g->touched, sqlite3_last_insert_rowid(db));
	*ret = GOLD_LOADED;
	return 0;
}

int gold_keys(struct store *store, const struct target *t, struct key_set *keys,
	      struct bldr_error *err)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_stmt *stmt;
	int rc;

	sqlite3_str_appendf(sql, "SELECT \"%w\" FROM \"%w\"", t->columns[t->surrogate].stored,
			    t->sttm->name);
	rc = prepare(store, sql, &stmt, err);
	while (rc == 0 && (rc = store_step(store, stmt, err)) == 1) {
		(void)key_set_add(keys, sqlite3_column_int64(stmt, 0));
		rc = 0;
	}
	return rc;
}

/* ---- what the table amounts to ---- */

static void value_of(sqlite3_stmt *stmt, int column, struct column_type type, struct expr_value *ret)
{
	*ret = (struct expr_value){ .type = type };
	if (type.kind == COLUMN_DOUBLE) {
		ret->d = sqlite3_column_double(stmt, column);
	} else if (type.kind == COLUMN_BOOL || type.kind == COLUMN_INT64) {
		ret->i = sqlite3_column_int64(stmt, column);
	} else if (target_is_scaled(type)) {
		ret->dec = (struct decimal){ sqlite3_column_int64(stmt, column), type.scale };
	} else { /* stored as its canonical text */
		ret->type = (struct column_type){ .kind = COLUMN_TEXT };
		ret->text = (const char *)sqlite3_column_text(stmt, column);
		ret->size = (size_t)sqlite3_column_bytes(stmt, column);
	}
}

static void add_row(struct hash_state *h, sqlite3_stmt *stmt, const struct target *t,
		    struct buf *text)
{
	for (size_t i = 0; i < t->n; i++) {
		struct expr_value v;

		if (i > 0) {
			hash_add(h, "\x1f", 1);
		}
		if (sqlite3_column_type(stmt, (int)i) == SQLITE_NULL) {
			hash_add(h, "\0", 1);
			continue;
		}
		value_of(stmt, (int)i, t->columns[i].type, &v);
		if (v.type.kind == COLUMN_TEXT) {
			hash_add(h, v.text, v.size);
		} else {
			buf_clear(text);
			ASSERT(expr_value_text(&v, text));
			hash_add(h, text->data, text->size);
		}
	}
	hash_add(h, "\x1e", 1);
}

static bool is_reserved(sqlite3_stmt *stmt, const struct target *t)
{
	for (size_t i = 0; i < t->sttm->reserved.n; i++) {
		if (sqlite3_column_int64(stmt, (int)t->surrogate) == t->sttm->reserved.at[i].key) {
			return true;
		}
	}
	return false;
}

int gold_sum_up(struct store *store, const struct target *t, struct gold_sum *ret,
		struct bldr_error *err)
{
	enum { CELL_TEXT_MAX = 128 };
	struct gold_sum sum = { 0 };
	sqlite3_str *sql = sqlite3_str_new(NULL);
	struct hash_state h;
	sqlite3_stmt *stmt;
	struct buf text;
	int rc;

	sqlite3_str_appendall(sql, "SELECT ");
	add_column_names(sql, t);
	sqlite3_str_appendf(sql, " FROM \"%w\" ORDER BY ", t->sttm->name);
	add_key_names(sql, t);
	rc = prepare(store, sql, &stmt, err);
	if (rc < 0) {
		return rc;
	}
	hash_init(&h);
	buf_init(&text, CELL_TEXT_MAX);
	while ((rc = store_step(store, stmt, err)) == 1) {
		add_row(&h, stmt, t, &text);
		sum.rows += !(t->dimension && is_reserved(stmt, t));
	}
	buf_release(&text);
	hash_end(&h, sum.digest);
	if (rc == 0) {
		*ret = sum;
	}
	return rc;
}
