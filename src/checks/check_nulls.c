/*
 * N1: what is null in the star is null in the raw files by the Tester's own null tokens, row for row, and the other way
 * round; a reference without a key (-2) counts as null. A value behind a foreign key that leads nowhere is null for that
 * reason, which K6 tells. What the files write and no type can read became null too, which is a defect of the data: a
 * warning per column of a file, with the texts. Such texts are few, or else the type is wrong; and bldr_refused_cell
 * holds those that the Tester too cannot read.
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"

struct nulls {
	size_t rows; /* that were compared */
	size_t found, expected;
	size_t lost;                   /* null in the star only */
	size_t gained;                 /* null in the files only */
	size_t by[ABSENCE_MISSED + 1]; /* of the expected ones, why */
};

static bool is_null(const struct expected_column *c, const char *cell)
{
	return cell == NULL || (c->members != NULL && strcmp(cell, "-2") == 0);
}

static struct nulls count_nulls(const struct trial_table *table, size_t column)
{
	const struct expected_column *c = &table->expected->columns[column];
	struct nulls n = { 0 };
	for (size_t i = 0; i < table->found.n; i++) {
		int64_t row = table->expected_of[i];
		if (row < 0) {
			continue;
		}
		bool found = is_null(c, table->found.columns[column].cells[i]);
		bool expected = is_null(c, c->cells[row]);
		n.rows++;
		n.found += found;
		n.expected += expected;
		n.lost += found && !expected;
		n.gained += expected && !found;
		n.by[expected && c->absences != NULL ? c->absences[row] : ABSENCE_NONE]++;
	}
	return n;
}

static const char *nulls_words(const struct trial *t, size_t rows, size_t nulls,
			       const struct nulls *n)
{
	return arena_printf(
		t->arena,
		"%zu of %zu rows null: %zu by a null token, %zu by a null key on the way, %zu "
		"by a key that leads nowhere, %zu by a text that cannot be read",
		nulls, rows, n->by[ABSENCE_WRITTEN], n->by[ABSENCE_NO_KEY], n->by[ABSENCE_MISSED],
		n->by[ABSENCE_UNREADABLE]);
}

/* Of the records that hold a value in a column of a file, those whose text no type could read. */
static bool are_few(const struct expected_column *c)
{
	for (size_t i = 0; i < c->reads.n; i++) {
		const struct cell_read *read = &c->reads.at[i];
		const bool *refused = read->holder->columns[read->column].refused;
		size_t values = 0, n = 0;
		for (size_t k = 0; refused != NULL && k < read->holder->raw.records.n; k++) {
			values += !value_is_null(read->decision,
						 relation_text(read->holder, k, read->column));
			n += refused[k];
		}
		if (n > 1 && n * 50 > values) {
			return false;
		}
	}
	return true;
}

static void blame_type(struct verdict *v)
{
	v->passed = false;
	v->severity = SEVERITY_ERROR;
	v->blame = "analyst";
	v->why = "more than 2 % of the values that the files hold here are none of the column's "
		 "type: the type is wrong";
}

static void check_column(struct trial *t, const struct trial_table *table, size_t column)
{
	const struct expected_column *c = &table->expected->columns[column];
	const char *subject = trial_subject(t, table, column);
	struct verdict v = { .expected = "null where the files have no value" };
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "N1", subject, &v);
		return;
	}
	struct nulls n = count_nulls(table, column);
	const char *follows = "";
	if (n.by[ABSENCE_MISSED] > 0) {
		(void)trial_follows(t, table, column, &follows);
	}
	v.expected = nulls_words(t, n.rows, n.expected, &n);
	v.found =
		arena_printf(t->arena,
			     "%zu of %zu rows null, %zu of them not in the files; %zu null in the "
			     "files alone%s",
			     n.found, n.rows, n.lost, n.gained, follows);
	v.passed = n.lost + n.gained == 0;
	if (!v.passed) {
		trial_blame_column(t, table, column, &v);
	} else if (n.by[ABSENCE_UNREADABLE] > 0 && !are_few(c)) {
		blame_type(&v);
	}
	trial_report(t, "N1", subject, &v);
}

static bool is_checked(const struct expected_column *c)
{
	int role = c->design->role;
	return c->cells != NULL && role != ROLE_SURROGATE_KEY && role != ROLE_LINEAGE;
}

/* ---- bldr_refused_cell ---- */

/* A column of a file, and what the warehouse says of its cells. */
struct refusals {
	struct relation *relation;
	size_t column;
	bool *needed;  /* per record: a row of the star lacks its value */
	bool *present; /* per record: bldr_refused_cell names it */
	size_t listed; /* rows there */
	size_t strange; /* of them: no such record, or a text that the Tester can read, or told twice */
};

static void need_cells(const struct trial *t, struct refusals *r)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct expected_table *e = t->tables[i].expected;
		for (size_t c = 0; c < e->design->columns.n; c++) {
			const struct expected_column *column = &e->columns[c];
			for (size_t k = 0; k < column->reads.n; k++) {
				const struct cell_read *read = &column->reads.at[k];
				bool here = read->holder == r->relation &&
					read->column == r->column;
				for (size_t row = 0; here && row < e->n; row++) {
					int64_t record = read->records[e->records[row]];
					if (record >= 0 &&
					    column->absences[row] == ABSENCE_UNREADABLE) {
						r->needed[record] = true;
					}
				}
			}
		}
	}
}

/* Of the records on a line the first that is refused and not told yet. */
static void meet_cell(struct refusals *r, const bool *refused, int64_t line)
{
	const struct raw_table *raw = &r->relation->raw;
	int64_t first = raw_record_at(raw, line);
	r->listed++;
	for (size_t i = first < 0 ? raw->records.n : (size_t)first;
	     i < raw->records.n && raw->records.at[i].line == line; i++) {
		if (refused != NULL && refused[i] && !r->present[i]) {
			r->present[i] = true;
			return;
		}
	}
	r->strange++;
}

static int read_cells(struct trial *t, struct refusals *r, const bool *refused,
		      struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(t->store,
			       "SELECT line FROM bldr_refused_cell WHERE source_table = ?1 AND "
			       "\"column\" = ?2 ORDER BY line",
			       &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, r->relation->file->table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 2, r->relation->columns[r->column].name, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(t->store, stmt, err)) == 1) {
		meet_cell(r, refused, sqlite3_column_int64(stmt, 0));
	}
	return rc;
}

/* The cells are told rightly, and are a defect of the data. */
static void warn_of_cells(const struct trial *t, const struct refusals *r, const bool *refused,
			  struct verdict *v)
{
	const struct relation *source = r->relation;
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, source->raw.records.n);
	size_t n = 0;
	for (size_t i = 0; i < source->raw.records.n; i++) {
		if (refused[i]) {
			lines[n++] = source->raw.records.at[i].line;
			trial_sample(t, v, "%s:%lld: \"%.120s\" is no value of the column's type",
				     source->file->path, (long long)source->raw.records.at[i].line,
				     relation_text(source, i, r->column));
		}
	}
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->expected = "every text is a value of the column's type";
	v->found = arena_printf(t->arena, "%zu of %zu records hold a text of another type: %s", n,
				source->raw.records.n, trial_lines(t, lines, n));
	v->blame = "data";
	v->why =
		"few texts are no value of what all others of the column are: they are null in the "
		"star, and stand in bldr_refused_cell";
}

static void judge_cells(struct trial *t, const struct refusals *r, const bool *refused, bool exists)
{
	struct verdict v = { 0 };
	const struct relation *source = r->relation;
	size_t needed = 0, missing = 0;
	for (size_t i = 0; i < source->raw.records.n; i++) {
		needed += r->needed[i];
		if (r->needed[i] && !r->present[i]) {
			missing++;
			trial_sample(t, &v, "%s:%lld: not in bldr_refused_cell: \"%.120s\"",
				     source->file->path, (long long)source->raw.records.at[i].line,
				     relation_text(source, i, r->column));
		}
	}
	if (needed == 0 && r->listed == 0) {
		return; /* in records that are no rows alone */
	}
	v.passed = missing + r->strange == 0;
	v.expected = arena_printf(t->arena, "%zu cells in bldr_refused_cell", needed);
	v.found = exists ? arena_printf(t->arena,
					"%zu cells, %zu of them for no fault that the Tester sees; "
					"%zu are not there",
					r->listed, r->strange, missing)
			 : "no table \"bldr_refused_cell\"";
	v.blame = r->strange > 0 ? "analyst" : "developer";
	v.why = r->strange > 0 ? "the mapping's rules refuse texts that are values of the type"
			       : "the load does not name the cells that no type could read";
	if (r->strange > 0) {
		(void)trial_blame_readers(t, source, r->column, &v);
	}
	if (v.passed && refused != NULL) { /* a cell that is needed or met is refused */
		warn_of_cells(t, r, refused, &v);
	}
	trial_report(t, "N1",
		     arena_printf(t->arena, "%s.%s", source->file->table,
				  source->columns[r->column].name),
		     &v);
}

static int check_cells(struct trial *t, struct relation *source, struct bldr_error *err)
{
	bool exists;
	int rc = found_exists(t->store, "bldr_refused_cell", &exists, err);
	for (size_t c = 0; rc == 0 && c < source->raw.columns; c++) {
		struct arena scratch = { 0 };
		size_t n = source->raw.records.n;
		const bool *refused = source->columns[c].refused;
		struct refusals r = {
			.relation = source,
			.column = c,
			.needed = ARENA_ARRAY(&scratch, bool, n),
			.present = ARENA_ARRAY(&scratch, bool, n),
		};
		if (refused != NULL) {
			need_cells(t, &r);
		}
		if (exists) {
			rc = read_cells(t, &r, refused, err);
		}
		if (rc == 0) {
			judge_cells(t, &r, refused, exists);
		}
		arena_release(&scratch);
	}
	return rc;
}

int check_nulls(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		int rc = check_cells(t, &t->relations.tables.at[i], err);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			if (is_checked(&table->expected->columns[c])) {
				check_column(t, table, c);
			}
		}
	}
	return 0;
}
