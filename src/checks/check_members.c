/*
 * K5: as many rows lead to the unknown member (-1) and to "no key" (-2) as the raw files have keys without a match and
 * keys that are null. Keys that lead nowhere are a defect of the data that was handled: K6 tells each once, and K5 says which
 * of them its rows follow from; a key made of parts that K6 does not know is told here, with its lines. Null keys of
 * the file itself, such as dates, that K6 does not count are info. O1: the members that nothing refers to are listed; days of a generated calendar are there
 * whether used or not, and are left aside.
 */
#include "checks/reference.h"

#include <string.h>

#include "base/check.h"

static const char *share_words(const struct trial *t, int64_t part, size_t rows)
{
	int64_t n = (int64_t)rows;
	int64_t hundredths = rows > 0 ? (part * 20000 + n) / (2 * n) : 0;
	return arena_printf(t->arena, "%lld (%lld.%02lld %%)", (long long)part,
			    (long long)(hundredths / 100), (long long)(hundredths % 100));
}

static const char *rate_words(const struct trial *t, size_t rows, int64_t unknown, int64_t none)
{
	return arena_printf(t->arena, "of %zu rows unknown (-1): %s, without key (-2): %s", rows,
			    share_words(t, unknown, rows), share_words(t, none, rows));
}

/* What the file holds on the line of a row, cut. */
static const char *record_words(const struct trial *t, const struct expected_table *e, size_t row)
{
	enum { RECORD_SHOWN = 100 };
	const struct raw_record *r = &e->source->raw.records.at[e->records[row]];
	int size = r->size < RECORD_SHOWN ? (int)r->size : RECORD_SHOWN;
	return arena_printf(t->arena, "%.*s", size, e->source->raw.bytes + r->offset);
}

/* Its own key is in no member; what a foreign key on the way makes unknown is K6's matter. */
static bool is_orphan(const struct expected_column *c, size_t row)
{
	bool missed = c->absences != NULL && c->absences[row] == ABSENCE_MISSED;
	return c->members[row] == MEMBER_UNKNOWN && !missed;
}

static void sample_orphans(const struct trial *t, const struct trial_table *table, size_t column,
			   struct verdict *v)
{
	const struct expected_table *e = table->expected;
	const struct expected_column *c = &e->columns[column];
	for (size_t i = 0; i < e->n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (is_orphan(c, i) && c->texts != NULL) {
			trial_sample(t, v, "%s: \"%.80s\" is in no record of \"%s\"",
				     trial_place(t, table, i), c->texts[i], c->design->dimension);
		} else if (is_orphan(c, i)) {
			trial_sample(t, v, "%s: its key is in no record of \"%s\": %s",
				     trial_place(t, table, i), c->design->dimension,
				     record_words(t, e, i));
		}
	}
}

/* The columns that the key is read from: "\"user_id\"". */
static const char *column_words(const struct trial *t, const struct design_column *c)
{
	const char *words = "";
	for (size_t i = 0; i < c->origins.n; i++) {
		const struct origin *o = &c->origins.at[i];
		const char *name = o->hops.n > 0 ? o->hops.at[0].columns.at[0] : o->column;
		words = arena_printf(t->arena, "%s%s\"%s\"", words, i > 0 ? ", " : "",
				     name != NULL ? name : "?");
	}
	return words;
}

/* The lines of the orphans. */
static const char *lines_words(const struct trial *t, const struct expected_table *e,
			       const struct expected_column *c)
{
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, e->n);
	size_t n = 0;
	for (size_t i = 0; i < e->n; i++) {
		if (is_orphan(c, i)) {
			lines[n++] = e->source->raw.records.at[e->records[i]].line;
		}
	}
	return trial_lines(t, lines, n);
}

/* Of keys that K6 does not know: their parts are not columns of one file. */
static void warn_of_orphans(const struct trial *t, const struct trial_table *table, size_t column,
			    const struct contract_reference *r, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	const struct expected_column *expected = &e->columns[column];
	const struct design_column *c = expected->design;
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->blame = "data";
	v->why = arena_printf(
		t->arena,
		"%lld rows of \"%s\" name in %s a key that no record of \"%s\" holds, and stand at the "
		"unknown member: %s",
		(long long)(r->orphans - r->missed), e->source->file->path, column_words(t, c),
		c->dimension, lines_words(t, e, expected));
	sample_orphans(t, table, column, v);
}

/* The key is a column of the file itself, and no foreign key of K6's: a date. */
static bool tells_own_nulls(const struct expected_column *c)
{
	return c->dimension->source == NULL && c->design->origins.at[0].hops.n == 0;
}

/* A null key is no defect, but worth a count. */
static void tell_nulls(const struct trial *t, const struct trial_table *table, size_t column,
		       const struct contract_reference *r, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	v->passed = false;
	v->severity = SEVERITY_INFO;
	v->blame = "data";
	v->why = arena_printf(t->arena,
			      "%lld rows of \"%s\" have no key in %s: they stand at \"no key\"",
			      (long long)r->nulls, e->source->file->path,
			      column_words(t, e->columns[column].design));
}

static void check_rate(struct trial *t, const struct trial_table *table, size_t column,
		       const struct contract_reference *r)
{
	const char *subject = trial_subject(t, table, column);
	struct verdict v = {
		.expected = rate_words(t, (size_t)table->contract->rows, r->orphans, r->nulls),
	};
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "K5", subject, &v);
		return;
	}
	struct verdict aside = { 0 };
	struct reference found = reference_follow(t, table, column, &aside);
	const char *follows;
	bool explained = trial_follows(t, table, column, &follows);
	v.found = arena_printf(t->arena, "%s%s",
			       rate_words(t, table->found.n, (int64_t)found.unknown,
					  (int64_t)found.none),
			       follows);
	v.passed = (int64_t)found.unknown == r->orphans && (int64_t)found.none == r->nulls;
	if (!v.passed) {
		reference_blame(t, table, column, found, &v);
	} else if (!explained) {
		warn_of_orphans(t, table, column, r, &v);
	} else if (r->nulls > 0 && tells_own_nulls(&table->expected->columns[column])) {
		tell_nulls(t, table, column, r, &v);
	}
	trial_report(t, "K5", subject, &v);
}

/* ---- O1 ---- */

static void mark_used(const struct trial *t, const struct trial_table *dimension, bool *used)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			bool refers = table->expected->columns[c].members != NULL &&
				table->expected->columns[c].dimension == dimension->expected &&
				!table->found.columns[c].missing;
			for (size_t r = 0; refers && r < table->found.n; r++) {
				const char *key = table->found.columns[c].cells[r];
				int64_t row = key != NULL ? found_row(&dimension->found, key) : -1;
				if (row >= 0) {
					used[row] = true;
				}
			}
		}
	}
}

static void check_unused(struct trial *t, const struct trial_table *table)
{
	const char *name = table->expected->design->name;
	struct verdict v = { .expected = "every member is referred to", .severity = SEVERITY_INFO };
	if (trial_absent(t, table, table->found.surrogate, &v)) {
		trial_report(t, "O1", name, &v);
		return;
	}
	bool *used = ARENA_ARRAY(t->arena, bool, table->found.n);
	size_t unused = 0;
	mark_used(t, table, used);
	for (size_t i = 0; i < table->found.n; i++) {
		unused += !used[i];
		if (!used[i]) {
			int64_t row = table->expected_of[i];
			trial_sample(t, &v, "%s%s%s", trial_row(t, table, i), row >= 0 ? ", " : "",
				     row >= 0 ? trial_place(t, table, (size_t)row) : "");
		}
	}
	v.passed = unused == 0;
	v.found = arena_printf(t->arena, "%zu of %zu members unused", unused, table->found.n);
	v.blame = "data";
	v.why = "the files have members that no record of a fact refers to; nothing is wrong with "
		"that, but a query that starts at the facts does not show them";
	trial_report(t, "O1", name, &v);
}

static bool is_listed(const struct expected_table *e)
{
	return expected_is_dimension(e) && e->source != NULL;
}

int check_members(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t r = 0; r < table->contract->references.n; r++) {
			const struct contract_reference *c = &table->contract->references.at[r];
			int64_t column = expected_column_find(table->expected, c->column);
			if (column >= 0 && table->expected->columns[column].members != NULL) {
				check_rate(t, table, (size_t)column, c);
			}
		}
		if (is_listed(table->expected)) {
			check_unused(t, table);
		}
	}
	return 0;
}
