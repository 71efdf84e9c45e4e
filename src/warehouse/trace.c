/*
 * The row is looked up in its view, where values stand as people write them; its lineage columns say where
 * the record is. Other files are searched for the record that a join finds: fields compared as written,
 * without blanks at their ends, an empty one matching nothing, records that were set aside not looked at.
 */
#include "warehouse/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/columntype.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/options.h"
#include "base/utf8.h"
#include "ingest/ingest.h"
#include "store/store.h"
#include "warehouse/aside.h"
#include "warehouse/join_index.h"
#include "warehouse/row_rules.h"

enum { RAW_SHOWN_MAX = 4096 };

struct tracer {
	const struct trace_request *request;
	struct arena *a;
	struct store *store;
	struct trace *trace;
	bool *resolved; /* per source of the trace: its record was looked for */
	int rc;         /* the first error of asking the warehouse for what was set aside */
	struct bldr_error err;
};

/* ---- names ---- */

static int no_such(const char *what, const char *name, const char *where, const char *const *names,
		   struct bldr_error *err)
{
	const char *nearest = options_nearest(name, names);

	return bldr_error_set(err, BLDR_E_NOT_FOUND, "no %s \"%s\" in %s%s%s%s", what, name, where,
			      nearest != NULL ? "; did you mean \"" : "",
			      nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static int find_table(const struct trace_request *q, struct arena *a, const struct sttm_table **ret,
		      struct bldr_error *err)
{
	const char **names = ARENA_ARRAY(a, const char *, q->sttm->tables.n + 1);

	for (size_t i = 0; i < q->sttm->tables.n; i++) {
		names[i] = q->sttm->tables.at[i].name;
		if (strcmp(names[i], q->table) == 0) {
			*ret = &q->sttm->tables.at[i];
			return 0;
		}
	}
	return no_such("table", q->table, "the warehouse", names, err);
}

static int check_column(const struct trace_request *q, const struct sttm_table *t, struct arena *a,
			struct bldr_error *err)
{
	const char **names = ARENA_ARRAY(a, const char *, t->columns.n + 1);

	for (size_t i = 0; q->column != NULL && i < t->columns.n; i++) {
		names[i] = t->columns.at[i].target;
		if (strcmp(names[i], q->column) == 0) {
			return 0;
		}
	}
	return q->column == NULL ? 0 : no_such("column", q->column, t->name, names, err);
}

static const struct source_file *file_of(const struct trace_request *q, const char *table)
{
	for (size_t i = 0; i < q->sources->files.n; i++) {
		if (strcmp(q->sources->files.at[i].table, table) == 0) {
			return &q->sources->files.at[i];
		}
	}
	return NULL;
}

static const struct sttm_column *column_of(const struct sttm_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].target, name) == 0) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

static const struct sttm_column *surrogate_of(const struct sttm_table *t)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (t->columns.at[i].role == ROLE_SURROGATE_KEY) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

void trace_key_columns(const struct sttm_table *table, struct arena *a, texts *ret)
{
	const struct sttm_column *surrogate = surrogate_of(table);

	*ret = (texts){ 0 };
	if (surrogate != NULL) {
		*LIST_ADD(a, ret) = surrogate->target;
		return;
	}
	for (size_t i = 0; i < table->grain_columns.n; i++) {
		*LIST_ADD(a, ret) = table->grain_columns.at[i];
	}
}

/* ---- the key ---- */

/* One part from *s on, which then stands behind the comma, or is NULL at the end. */
static const char *next_part(const char **s, struct arena *a)
{
	const char *from = *s;
	char *part = arena_alloc(a, strlen(from) + 1);
	size_t n = 0;

	if (*from == '"') {
		for (from++; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
			from += *from == '"';
			part[n++] = *from;
		}
		from += *from == '"';
	}
	for (; *from != '\0' && *from != ','; from++) {
		part[n++] = *from;
	}
	*s = *from == ',' ? from + 1 : NULL;
	return part;
}

static void split_key(const char *key, size_t columns, struct arena *a, texts *ret)
{
	if (columns == 1) { /* whatever is in it */
		*LIST_ADD(a, ret) = key;
		return;
	}
	while (key != NULL) {
		*LIST_ADD(a, ret) = next_part(&key, a);
	}
}

/* Binds a part as its column stands in the view; what is no value of the type goes as text, as it is. */
static void bind_part(sqlite3_stmt *stmt, int i, const struct sttm_column *c, const char *part,
		      struct arena *a)
{
	struct column_type type;
	struct decimal d;
	char text[DECIMAL_TEXT_MAX];

	if (column_type_parse(c->type, &type)) {
		if (type.kind == COLUMN_BOOL) {
			part = strcmp(part, "true") == 0     ? "1"
				: strcmp(part, "false") == 0 ? "0"
							     : part;
		}
		if ((type.kind == COLUMN_INT64 || type.kind == COLUMN_BOOL) &&
		    decimal_parse(part, strlen(part), &d) && d.scale == 0 &&
		    d.units == (int64_t)d.units) {
			(void)sqlite3_bind_int64(stmt, i, (int64_t)d.units);
			return;
		}
		if (type.kind == COLUMN_DECIMAL && decimal_parse(part, strlen(part), &d) &&
		    decimal_rescale(d, type.scale, &d)) {
			decimal_text(d, text);
			part = arena_strdup(a, text);
		}
	}
	(void)sqlite3_bind_text(stmt, i, part, -1, SQLITE_STATIC);
}

/* ---- the row ---- */

static const char *cell_text(sqlite3_stmt *stmt, int i, const struct sttm_column *c, struct arena *a)
{
	if (sqlite3_column_type(stmt, i) == SQLITE_NULL) {
		return NULL;
	}
	if (strcmp(c->type, "bool") == 0) {
		return sqlite3_column_int(stmt, i) != 0 ? "true" : "false";
	}
	return arena_strdup(a, (const char *)sqlite3_column_text(stmt, i));
}

static char *row_sql(const struct sttm_table *t, const texts *keys)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	char *text;

	for (size_t i = 0; i < t->columns.n; i++) {
		sqlite3_str_appendf(sql, "%s\"%w\"", i > 0 ? ", " : "SELECT ",
				    t->columns.at[i].target);
	}
	sqlite3_str_appendf(sql, " FROM \"v_%w\"", t->name);
	for (size_t i = 0; i < keys->n; i++) {
		sqlite3_str_appendf(sql, "%s\"%w\" = ?%d", i > 0 ? " AND " : " WHERE ", keys->at[i],
				    (int)i + 1);
	}
	text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	return text;
}

/* Fills *ret_values, one per column of the table. */
static int read_row(struct tracer *t, const texts *keys, const texts *parts,
		    const char ***ret_values, struct bldr_error *err)
{
	const struct sttm_table *table = t->trace->table;
	const char **values = ARENA_ARRAY(t->a, const char *, table->columns.n);
	char *sql = row_sql(table, keys);
	sqlite3_stmt *stmt;
	int r = store_prepare(t->store, sql, &stmt, err);

	sqlite3_free(sql);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < keys->n; i++) {
		bind_part(stmt, (int)i + 1, column_of(table, keys->at[i]), parts->at[i], t->a);
	}
	r = store_step(t->store, stmt, err);
	if (r == 1) {
		for (size_t i = 0; i < table->columns.n; i++) {
			values[i] = cell_text(stmt, (int)i, &table->columns.at[i], t->a);
		}
		*ret_values = values;
	}
	(void)sqlite3_reset(stmt);
	return r;
}

static const char *joined_names(const texts *names, struct arena *a)
{
	const char *all = "";

	for (size_t i = 0; i < names->n; i++) {
		all = arena_printf(a, "%s%s%s", all, i > 0 ? "," : "", names->at[i]);
	}
	return all;
}

static int find_row(struct tracer *t, const char ***ret_values, struct bldr_error *err)
{
	const struct trace_request *q = t->request;
	texts keys;
	texts parts = { 0 };
	int r;

	trace_key_columns(t->trace->table, t->a, &keys);
	split_key(q->key, keys.n, t->a, &parts);
	if (parts.n != keys.n) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"the key of %s is %s: it takes %zu values between commas, not %zu",
			q->table, joined_names(&keys, t->a), keys.n, parts.n);
	}
	r = read_row(t, &keys, &parts, ret_values, err);
	if (r == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no row of %s has %s = %s", q->table,
				      joined_names(&keys, t->a), q->key);
	}
	return r < 0 ? r : 0;
}

/* ---- records of files ---- */

static const char *shown_raw(const char *raw, size_t size, struct arena *a)
{
	struct bldr_value *v =
		bldr_text_n(raw, utf8_cut(raw, size, RAW_SHOWN_MAX)); /* valid UTF-8 */
	const char *shown = arena_strdup(a, bldr_as_text(v));

	bldr_unref(v);
	return shown;
}

static void take_record(const struct record *r, struct arena *a, struct trace_source *ret)
{
	ret->line = r->line;
	ret->raw = shown_raw(r->raw, r->raw_size, a);
	ret->fields = (texts){ 0 };
	for (size_t i = 0; r->rejected == NULL && i < r->n; i++) {
		*LIST_ADD(a, &ret->fields) = arena_strndup(a, r->fields[i].text, r->fields[i].size);
	}
}

/* Says what is wrong with the file: changed, gone, unreadable. */
static void verify_file(struct tracer *t, const struct source_file *file, struct trace_source *s)
{
	char hash[HASH_HEX_MAX];
	struct bldr_error err;
	uint64_t bytes;
	int r = file_hash(arena_printf(t->a, "%s/%s", t->request->source_folder, file->path), hash,
			  &bytes, &err);

	if (r < 0) {
		s->fault = arena_strdup(t->a, err.text);
	} else if (strcmp(hash, file->hash) != 0) {
		s->fault = arena_printf(
			t->a,
			"\"%s\" has changed since the run read it: what stands there now "
			"may not be what was loaded",
			file->path);
	}
	t->trace->faulty |= s->fault != NULL;
}

struct wanted {                        /* which record of a file */
	int64_t line;                  /* 0: by fields */
	const struct row_rules *rules; /* by line: they tell several records of one line apart */
	texts values;
	LIST(size_t) fields;
	struct key_set *aside; /* offsets of the records that do not count */
};

static bool same_field(const struct record_field *f, const char *value)
{
	struct record_field own = join_trim(*f);

	return strlen(value) == own.size && memcmp(value, own.text, own.size) == 0;
}

enum match { MATCH_NONE, MATCH_LINE, MATCH_WHOLE };

static enum match match_record(const struct wanted *w, struct record *r)
{
	bool counts = r->rejected == NULL && !key_set_has(w->aside, r->offset);

	if (w->line > 0) {
		return r->line != w->line                       ? MATCH_NONE
			: counts && row_rules_hold(w->rules, r) ? MATCH_WHOLE
								: MATCH_LINE;
	}
	for (size_t i = 0; counts && i < w->fields.n; i++) {
		counts = same_field(&r->fields[w->fields.at[i]], w->values.at[i]);
	}
	return counts ? MATCH_WHOLE : MATCH_NONE;
}

/* The record that is wanted; of a line that holds no such record now, its first. */
static int read_wanted(struct tracer *t, const struct wanted *w, struct record_reader *reader,
		       struct trace_source *s, struct bldr_error *err)
{
	enum match match = MATCH_NONE;
	struct record record;
	int r = 0;

	while (match != MATCH_WHOLE && (r = record_reader_next(reader, &record, err)) == 1) {
		match = match_record(w, &record);
		if (match == MATCH_WHOLE || (match == MATCH_LINE && s->raw == NULL)) {
			take_record(&record, t->a, s);
		}
	}
	return r;
}

/* Keeps the first error of the warehouse; the walk over rules goes on. */
static void note(struct tracer *t, int rc, const struct bldr_error *err)
{
	if (rc < 0 && t->rc == 0) {
		t->rc = rc;
		t->err = *err;
	}
}

static void find_record(struct tracer *t, const struct wanted *w, struct trace_source *s)
{
	const struct source_file *file = file_of(t->request, s->table);
	struct record_reader *reader;
	struct bldr_error err;
	int r;

	verify_file(t, file, s);
	note(t, aside_offsets(t->store, file->path, w->aside, &err), &err);
	r = record_reader_open(t->request->source_folder, file, false, &reader, &err);
	if (r == 0) {
		r = read_wanted(t, w, reader, s, &err);
		record_reader_close(reader);
	}
	if (r < 0 && s->fault == NULL) {
		s->fault = arena_strdup(t->a, err.text);
		t->trace->faulty = true;
	}
	if (s->line > 0) {
		note(t, aside_for(t->store, file->path, s->line, t->a, &s->duplicates, &err), &err);
	}
}

/* ---- joins ---- */

/* "" and the own table's name are the first source, an alias is its join's. n: there is none. */
static size_t source_index(const struct trace *trace, const char *alias)
{
	size_t i = 0;

	if (alias == NULL || *alias == '\0') {
		return 0;
	}
	while (i < trace->sources.n && strcmp(trace->sources.at[i].alias, alias) != 0) {
		i++;
	}
	return i;
}

/* The raw field of that column; NULL: there is no record. */
static const char *field_of(const struct tracer *t, const struct trace_source *s, const char *column)
{
	const struct source_file *file = file_of(t->request, s->table);

	for (size_t i = 0; i < file->columns.n && i < s->fields.n; i++) {
		if (strcmp(file->columns.at[i], column) == 0) {
			return s->fields.at[i];
		}
	}
	return NULL;
}

/* Without the blanks at its ends; NULL when nothing is left, which matches nothing. */
static const char *key_field(const char *raw, struct arena *a)
{
	struct record_field value;

	if (raw == NULL) {
		return NULL;
	}
	value = join_trim((struct record_field){ raw, strlen(raw) });
	return value.size > 0 ? arena_strndup(a, value.text, value.size) : NULL;
}

/* Evaluates join i-1 for source i; the source it starts from first, which stands before it. */
static void resolve(struct tracer *t, size_t i)
{
	const struct sttm_join *j;
	struct trace_source *s = &t->trace->sources.at[i];
	const struct source_file *file = file_of(t->request, s->table);
	struct wanted w = { 0 };
	size_t from;

	if (t->resolved[i]) {
		return;
	}
	t->resolved[i] = true;
	ASSERT(i > 0); /* the own record is found first */
	j = &t->trace->table->joins.at[i - 1];
	from = source_index(t->trace, j->from);
	ASSERT(from < i);
	resolve(t, from);
	for (size_t k = 0; k < j->from_columns.n; k++) {
		const char *value = key_field(
			field_of(t, &t->trace->sources.at[from], j->from_columns.at[k]), t->a);

		if (value == NULL) {
			s->by = arena_printf(t->a, "%s.%s, which is missing",
					     t->trace->sources.at[from].alias,
					     j->from_columns.at[k]);
			return;
		}
		s->by = arena_printf(t->a, "%s%s%s = \"%s\"", k > 0 ? s->by : "", k > 0 ? ", " : "",
				     j->to_columns.at[k], value);
		*LIST_ADD(t->a, &w.values) = value;
		for (size_t c = 0; c < file->columns.n; c++) {
			if (strcmp(file->columns.at[c], j->to_columns.at[k]) == 0) {
				*LIST_ADD(t->a, &w.fields) = c;
			}
		}
	}
	ASSERT(w.fields.n == w.values.n);
	w.aside = key_set_new();
	find_record(t, &w, s);
	key_set_free(w.aside);
}

static void add_source(struct tracer *t, const char *alias, const char *table)
{
	*LIST_ADD(t->a, &t->trace->sources) = (struct trace_source){
		.alias = alias,
		.table = table,
		.path = file_of(t->request, table)->path,
	};
}

/* The own record by its line; joins are listed, and looked for when a rule needs them. */
static int open_sources(struct tracer *t, const char *path, const char *line,
			const char *const *values, struct bldr_error *err)
{
	const struct sttm_table *table = t->trace->table;
	struct row_rules rules;
	struct wanted w = { .line = strtoll(line, NULL, 10), .rules = &rules };
	const struct source_file *own = file_of(t->request, table->source);

	if (own == NULL || strcmp(own->path, path) != 0) {
		return bldr_error_set(
			err, BLDR_E_CORRUPT,
			"the row says it comes from \"%s\", which is not the source of %s", path,
			table->name);
	}
	add_source(t, table->source, table->source);
	for (size_t i = 0; i < table->joins.n; i++) {
		if (file_of(t->request, table->joins.at[i].table) == NULL) {
			return bldr_error_set(err, BLDR_E_CORRUPT, "no source table \"%s\"",
					      table->joins.at[i].table);
		}
		add_source(t, table->joins.at[i].alias, table->joins.at[i].table);
	}
	t->resolved = ARENA_ARRAY(t->a, bool, t->trace->sources.n);
	t->resolved[0] = true;
	row_rules_compile(table, own, values, t->a, &rules);
	w.aside = key_set_new();
	find_record(t, &w, &t->trace->sources.at[0]);
	key_set_free(w.aside);
	t->trace->sources.at[0].line = w.line;
	return 0;
}

/* ---- columns ---- */

static void add_input(struct tracer *t, struct trace_column *c, const char *alias,
		      const char *column)
{
	size_t source = source_index(t->trace, alias);
	const struct trace_source *s;
	struct trace_input in;
	struct bldr_error err;

	ASSERT(source < t->trace->sources.n); /* the STTM was loaded */
	for (size_t i = 0; i < c->inputs.n; i++) {
		if (c->inputs.at[i].source == source &&
		    strcmp(c->inputs.at[i].column, column) == 0) {
			return;
		}
	}
	resolve(t, source);
	s = &t->trace->sources.at[source];
	in = (struct trace_input){
		.source = source,
		.column = column,
		.raw = field_of(t, s, column),
	};
	if (in.raw != NULL) {
		note(t,
		     aside_cell(t->store, s->path, s->line, column,
				shown_raw(in.raw, strlen(in.raw), t->a), t->a, &in.refused, &err),
		     &err);
	}
	*LIST_ADD(t->a, &c->inputs) = in;
}

/* Every column that the expression names, in the order it names them. */
static void walk_rule(struct tracer *t, struct trace_column *c, const struct bldr_value *rule)
{
	const char *column = bldr_get_text(rule, "col");

	if (column != NULL) {
		add_input(t, c, bldr_get_text(rule, "of"), column);
		return;
	}
	if (bldr_type_of(rule) == BLDR_LIST) {
		for (size_t i = 0; i < bldr_count(rule); i++) {
			walk_rule(t, c, bldr_at(rule, i));
		}
	} else if (bldr_type_of(rule) == BLDR_OBJECT) {
		for (void *it = bldr_first(rule); it != NULL; it = bldr_next(rule, it)) {
			walk_rule(t, c, bldr_item(it));
		}
	}
}

/* The dimension row behind a key. */
static int find_target(struct tracer *t, struct trace_column *c, struct bldr_error *err)
{
	struct trace_target *target = ARENA_NEW(t->a, struct trace_target);
	const struct sttm_table *dimension = NULL;
	char *sql;
	sqlite3_stmt *stmt;
	int r;

	for (size_t i = 0; i < t->request->sttm->tables.n; i++) {
		if (strcmp(t->request->sttm->tables.at[i].name, c->sttm->dimension) == 0) {
			dimension = &t->request->sttm->tables.at[i];
		}
	}
	if (dimension == NULL || surrogate_of(dimension) == NULL || c->value == NULL) {
		return 0;
	}
	target->table = dimension->name;
	if (column_of(dimension, "_source_line") != NULL) {
		sql = sqlite3_mprintf(
			"SELECT _source_file, _source_line FROM \"%w\" WHERE \"%w\" = ?1",
			dimension->name, surrogate_of(dimension)->target);
		ASSERT(sql != NULL);
		r = store_prepare(t->store, sql, &stmt, err);
		sqlite3_free(sql);
		if (r < 0) {
			return r;
		}
		(void)sqlite3_bind_int64(stmt, 1, strtoll(c->value, NULL, 10));
		r = store_step(t->store, stmt, err);
		if (r == 1) {
			target->path =
				arena_strdup(t->a, (const char *)sqlite3_column_text(stmt, 0));
			target->line = sqlite3_column_int64(stmt, 1);
		}
		(void)sqlite3_reset(stmt);
		if (r < 0) {
			return r;
		}
	}
	c->target = target;
	return 0;
}

static int trace_columns(struct tracer *t, const char *const *values, struct bldr_error *err)
{
	const struct sttm_table *table = t->trace->table;
	const char *only = t->request->column;

	for (size_t i = 0; i < table->columns.n; i++) {
		struct trace_column c = { .sttm = &table->columns.at[i], .value = values[i] };
		int r = 0;

		if (only != NULL && strcmp(only, c.sttm->target) != 0) {
			continue;
		}
		if (t->trace->kind == TRACE_RECORD) {
			walk_rule(t, &c, c.sttm->rule);
		}
		if (c.sttm->role == ROLE_DIMENSION_KEY) {
			r = find_target(t, &c, err);
		}
		if (r < 0) {
			return r;
		}
		*LIST_ADD(t->a, &t->trace->columns) = c;
	}
	return 0;
}

static const char *value_of(const struct sttm_table *t, const char *const *values,
			    const char *column)
{
	const struct sttm_column *c = column_of(t, column);

	return c != NULL ? values[c - t->columns.at] : NULL;
}

static int trace_values(struct tracer *t, const char *const *values, struct bldr_error *err)
{
	const struct sttm_table *table = t->trace->table;
	const struct sttm_column *surrogate = surrogate_of(table);
	const char *path = value_of(table, values, "_source_file");
	const char *line = value_of(table, values, "_source_line");
	int r = 0;

	t->trace->kind = TRACE_CALENDAR;
	for (size_t i = 0; surrogate != NULL && i < table->reserved.n; i++) {
		const struct sttm_member *m = &table->reserved.at[i];

		if (strtoll(values[surrogate - table->columns.at], NULL, 10) == m->key) {
			t->trace->kind = TRACE_MEMBER;
			t->trace->label = m->label;
		}
	}
	if (t->trace->kind != TRACE_MEMBER && table->source != NULL) {
		if (path == NULL || line == NULL) {
			return bldr_error_set(
				err, BLDR_E_CORRUPT,
				"the row of %s does not say what file and line it comes "
				"from",
				table->name);
		}
		t->trace->kind = TRACE_RECORD;
		r = open_sources(t, path, line, values, err);
	}
	return r < 0 ? r : trace_columns(t, values, err);
}

int trace_row(const struct trace_request *request, struct arena *a, struct trace *ret,
	      struct bldr_error *err)
{
	struct trace trace = { 0 };
	struct tracer t = { .request = request, .a = a, .trace = &trace };
	const char **values = NULL;
	int r = find_table(request, a, &trace.table, err);

	if (r < 0) {
		return r;
	}
	ASSERT(trace.table != NULL);
	r = check_column(request, trace.table, a, err);
	if (r == 0) {
		r = store_open(request->warehouse, STORE_READ, &t.store, err);
	}
	if (r < 0) {
		return r;
	}
	r = find_row(&t, &values, err);
	if (r == 0) {
		ASSERT(values != NULL);
		r = trace_values(&t, values, err);
	}
	store_close(t.store);
	if (r == 0 && t.rc < 0) {
		r = bldr_error_set(err, t.rc, "%s", t.err.text);
	}
	if (r == 0) {
		*ret = trace;
	}
	return r;
}
