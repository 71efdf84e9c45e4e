/*
 * T1: each column is declared as docs/warehouse.md says for its type, each stored value is of that storage class, in
 * the type's range and in its one spelling; and the type holds all that the files write: decimals that lose
 * digits or dates that lose a time of day are errors of the design, fractions beyond microseconds are a stated limit
 * of all targets: a counted warning, one per column of a file.
 */
#include "checks/trial.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "checks/amount.h"

struct tally {
	const char *declared; /* NULL: the column is not there */
	size_t values, wrong;
	const char *first_wrong[TRIAL_SAMPLES_MAX];
};

struct cuts {
	size_t micros; /* fractions beyond microseconds */
	size_t others; /* digits or times of day */
};

static bool in_precision(int128 units, int precision)
{
	int128 bound = 1;
	for (int i = 0; i < precision; i++) {
		bound *= 10;
	}
	return units < bound && units > -bound;
}

static bool is_canonical_decimal(const char *text, struct column_type type)
{
	struct amount v;
	char canonical[AMOUNT_TEXT_MAX];
	if (!amount_parse(text, &v) || v.scale != type.scale ||
	    !in_precision(v.units, type.precision)) {
		return false;
	}
	amount_text(v, canonical);
	return strcmp(text, canonical) == 0;
}

static bool is_canonical_stamp(const char *text, enum column_kind kind)
{
	struct stamp s;
	char canonical[STAMP_TEXT_MAX];
	if (!stamp_parse(text, ORDER_YMD, &s)) {
		return false;
	}
	if (kind == COLUMN_DATE) {
		date_text(s.days, canonical);
	} else if (!stamp_text(s, kind == COLUMN_TIMESTAMP, canonical)) {
		return false;
	}
	return strcmp(text, canonical) == 0;
}

static bool fits_integer(struct column_type type, int64_t v)
{
	return type.kind == COLUMN_BOOL       ? v == 0 || v == 1
		: type.kind == COLUMN_INT64   ? true
		: type.kind == COLUMN_DECIMAL ? in_precision(v, type.precision)
					      : false;
}

static bool fits_text(struct column_type type, const char *text, size_t size)
{
	if (strlen(text) != size || !utf8_valid(text, size)) {
		return false;
	}
	switch (type.kind) {
	case COLUMN_TEXT:
		return true;
	case COLUMN_DECIMAL:
		return is_canonical_decimal(text, type);
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return is_canonical_stamp(text, type.kind);
	case COLUMN_BOOL:
	case COLUMN_INT64:
	case COLUMN_DOUBLE:
		break;
	}
	return false;
}

static bool fits(sqlite3_stmt *stmt, int i, struct column_type type)
{
	int stored = sqlite3_column_type(stmt, i);
	bool as_text = strcmp(found_storage(type), "TEXT") == 0;
	if (stored == SQLITE_INTEGER) {
		return !as_text && fits_integer(type, sqlite3_column_int64(stmt, i));
	}
	if (stored == SQLITE_FLOAT) {
		return type.kind == COLUMN_DOUBLE && isfinite(sqlite3_column_double(stmt, i));
	}
	return stored == SQLITE_TEXT && as_text &&
		fits_text(type, (const char *)sqlite3_column_text(stmt, i),
			  (size_t)sqlite3_column_bytes(stmt, i));
}

static const char *class_name(int stored)
{
	static const char *const names[] = {
		[SQLITE_INTEGER] = "INTEGER", [SQLITE_FLOAT] = "REAL", [SQLITE_TEXT] = "TEXT",
		[SQLITE_BLOB] = "BLOB",       [SQLITE_NULL] = "NULL",
	};
	return names[stored];
}

/* ---- what is stored ---- */

static int read_declarations(struct trial *t, const struct trial_table *table,
			     struct tally *tallies, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc =
		store_prepare(t->store, "SELECT name, type FROM pragma_table_info(?1)", &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table->expected->design->name, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(t->store, stmt, err)) == 1) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			if (strcmp(table->found.columns[c].stored, name) == 0) {
				tallies[c].declared = arena_strdup(
					t->arena, (const char *)sqlite3_column_text(stmt, 1));
			}
		}
	}
	return rc;
}

static char *values_sql(const struct trial_table *table, int *at)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	int n = 0;
	sqlite3_str_appendall(sql, "SELECT ");
	for (size_t c = 0; c < table->expected->design->columns.n; c++) {
		at[c] = -1;
		if (!table->found.columns[c].missing) {
			sqlite3_str_appendf(sql, "%s\"%w\"", n > 0 ? ", " : "",
					    table->found.columns[c].stored);
			at[c] = n++;
		}
	}
	sqlite3_str_appendf(sql, " FROM \"%w\"", table->expected->design->name);
	char *text = sqlite3_str_finish(sql);
	ASSERT(text != NULL);
	return text;
}

static void look_at_row(const struct trial *t, const struct trial_table *table, sqlite3_stmt *stmt,
			const int *at, struct tally *tallies)
{
	for (size_t c = 0; c < table->expected->design->columns.n; c++) {
		if (at[c] < 0 || sqlite3_column_type(stmt, at[c]) == SQLITE_NULL) {
			continue;
		}
		struct tally *tally = &tallies[c];
		tally->values++;
		if (fits(stmt, at[c], table->expected->columns[c].type)) {
			continue;
		}
		if (tally->wrong < TRIAL_SAMPLES_MAX) {
			int stored = sqlite3_column_type(stmt, at[c]);
			const char *first = (const char *)sqlite3_column_text(stmt, 0);
			const char *text = (const char *)sqlite3_column_text(stmt, at[c]);
			tally->first_wrong[tally->wrong] = arena_printf(
				t->arena, "row %.80s: %s %.120s", first != NULL ? first : "null",
				class_name(stored), text);
		}
		tally->wrong++;
	}
}

static int read_values(struct trial *t, const struct trial_table *table, struct tally *tallies,
		       struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int *at = ARENA_ARRAY(t->arena, int, table->expected->design->columns.n);
	char *sql = values_sql(table, at);
	int rc = store_prepare(t->store, sql, &stmt, err);
	sqlite3_free(sql);
	while (rc == 0 && (rc = store_step(t->store, stmt, err)) == 1) {
		look_at_row(t, table, stmt, at, tallies);
		rc = 0;
	}
	return rc;
}

/* ---- what the type cannot hold ---- */

/* Whether the type loses what it could hold; fractions that no target holds are counted alone. */
static bool is_cut(const struct expected_column *c, size_t row, struct cuts *cuts)
{
	const char *text = c->texts[row];
	struct amount v;
	struct stamp s = { 0 };
	bool micros = false, other = false;
	if (c->members != NULL) { /* a day: only what no target holds is told */
		micros = stamp_parse(text, c->source.decision->order, &s) && s.cut;
		cuts->micros += micros;
		return false;
	}
	switch (c->type.kind) {
	case COLUMN_DECIMAL:
		other = amount_parse_marked(text, c->reads.at[0].decision->marks.decimal, &v) &&
			amount_shortest(v).scale > c->type.scale;
		break;
	case COLUMN_DATE:
		other = stamp_parse(text, c->source.decision->order, &s) && s.micros != 0;
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		micros = stamp_parse(text, c->source.decision->order, &s) && s.cut;
		break;
	case COLUMN_TEXT:
	case COLUMN_BOOL:
	case COLUMN_INT64:
	case COLUMN_DOUBLE:
		break;
	}
	cuts->micros += micros;
	cuts->others += other;
	return other;
}

static struct cuts count_cuts(const struct trial *t, const struct trial_table *table, size_t column,
			      struct verdict *v)
{
	const struct expected_column *c = &table->expected->columns[column];
	struct cuts cuts = { 0 };
	if (c->texts == NULL || (c->members != NULL && !c->is_date)) {
		return cuts;
	}
	for (size_t i = 0; i < table->expected->n; i++) {
		if (c->texts[i] != NULL && c->cells[i] != NULL && is_cut(c, i, &cuts)) {
			trial_sample(t, v, "%s: %.100s became %.100s", trial_place(t, table, i),
				     c->texts[i], c->cells[i]);
		}
	}
	return cuts;
}

/* ---- judging ---- */

static void judge_stored(const struct trial *t, const struct trial_table *table, size_t column,
			 const struct tally *tally, struct verdict *v)
{
	for (size_t i = 0; i < tally->wrong && i < TRIAL_SAMPLES_MAX; i++) {
		trial_sample(t, v, "%s", tally->first_wrong[i]);
	}
	if (tally->wrong > 0 && table->columns[column].changed > 0) {
		trial_blame_column(t, table, column, v);
		return;
	}
	v->blame = "developer";
	v->why = "the load declares or writes the column otherwise than docs/warehouse.md says";
}

static void judge_cuts(const struct trial *t, const struct cuts *cuts, const char *type,
		       struct verdict *v)
{
	v->passed = false;
	v->blame = "analyst";
	v->why = arena_printf(t->arena,
			      "the design's type %s holds less than %zu values of the files say",
			      type, cuts->others);
}

/* ---- what no target holds ---- */

/* A column of a file that is read as dates or instants, and has some with finer fractions. */
struct fine {
	const struct relation *holder;
	size_t column;
	const struct column_decision *decision;
};

typedef LIST(struct fine) fines;

static void note_fine(const struct trial *t, const struct expected_column *c, fines *ret)
{
	for (size_t k = 0; k < c->reads.n; k++) {
		const struct cell_read *read = &c->reads.at[k];
		bool known = false;
		for (size_t i = 0; i < ret->n; i++) {
			known = known ||
				(ret->at[i].holder == read->holder &&
				 ret->at[i].column == read->column);
		}
		if (!known) {
			*LIST_ADD(t->arena, ret) =
				(struct fine){ read->holder, read->column, read->decision };
		}
	}
}

static void warn_of_fine(struct trial *t, const struct fine *fine)
{
	const struct relation *r = fine->holder;
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, r->raw.records.n);
	size_t n = 0;
	struct verdict v = {
		.severity = SEVERITY_WARNING,
		.expected = "no instant finer than microseconds",
		.blame = "data",
		.why = "no target holds fractions beyond microseconds: they are cut, and counted",
	};
	for (size_t i = 0; i < r->raw.records.n; i++) {
		const char *text = relation_text(r, i, fine->column);
		struct stamp s = { 0 };
		bool value = !value_is_null(fine->decision, text);
		if (value && stamp_parse(text, fine->decision->dates.order, &s) && s.cut) {
			lines[n++] = r->raw.records.at[i].line;
			trial_sample(t, &v, "%s:%lld: %.100s", r->file->path,
				     (long long)r->raw.records.at[i].line, text);
		}
	}
	v.found = arena_printf(t->arena,
			       "%zu of %zu records hold an instant finer than microseconds: %s", n,
			       r->raw.records.n, trial_lines(t, lines, n));
	trial_report(t, "T1",
		     arena_printf(t->arena, "%s.%s", r->file->table, r->columns[fine->column].name),
		     &v);
}

/* ---- the columns ---- */

static void check_column(struct trial *t, const struct trial_table *table, size_t column,
			 const struct tally *tally, fines *ret_fine)
{
	const struct expected_column *c = &table->expected->columns[column];
	const char *wanted = found_storage(c->type), *subject = trial_subject(t, table, column);
	struct verdict v = {
		.expected = arena_printf(t->arena, "%s, stored as %s \"%s\"; nothing cut",
					 c->design->type, wanted,
					 table->found.columns[column].stored),
	};
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "T1", subject, &v);
		return;
	}
	v.passed = tally->wrong == 0 && tally->declared != NULL &&
		strcmp(tally->declared, wanted) == 0;
	struct cuts cuts = { 0 };
	if (!v.passed) {
		judge_stored(t, table, column, tally, &v);
	} else {
		cuts = count_cuts(t, table, column, &v);
	}
	v.found = arena_printf(
		t->arena,
		"declared %s; %zu values, %zu of them no such value; %zu cut, %zu cut to "
		"microseconds",
		tally->declared != NULL ? tally->declared : "not at all", tally->values,
		tally->wrong, cuts.others, cuts.micros);
	if (cuts.micros > 0) {
		note_fine(t, c, ret_fine);
	}
	if (cuts.others > 0) {
		judge_cuts(t, &cuts, c->design->type, &v);
	}
	trial_report(t, "T1", subject, &v);
}

int check_types(struct trial *t, struct bldr_error *err)
{
	fines fine = { 0 };
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		size_t columns = table->expected->design->columns.n;
		struct tally *tallies = ARENA_ARRAY(t->arena, struct tally, columns);
		int rc = 0;
		if (!table->found.missing) {
			rc = read_declarations(t, table, tallies, err);
			rc = rc < 0 ? rc : read_values(t, table, tallies, err);
		}
		if (rc < 0) {
			return rc;
		}
		for (size_t c = 0; c < columns; c++) {
			check_column(t, table, c, &tallies[c], &fine);
		}
	}
	for (size_t i = 0; i < fine.n; i++) {
		warn_of_fine(t, &fine.at[i]);
	}
	return 0;
}
