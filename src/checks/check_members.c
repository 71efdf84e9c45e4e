/*
 * K5: as many rows lead to the unknown member (-1) and to "no key" (-2) as the raw files have keys without a match and
 * keys that are null. Keys that lead nowhere are a defect of the data that was handled: a warning with their lines;
 * null keys are not, and are counted as info. O1: the members that nothing refers to are listed; days of a generated calendar are there
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

static void sample_orphans(const struct trial *t, const struct trial_table *table, size_t column,
			   struct verdict *v)
{
	const struct expected_table *e = table->expected;
	const struct expected_column *c = &e->columns[column];
	for (size_t i = 0; i < e->n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (c->members[i] == MEMBER_UNKNOWN && c->texts != NULL) {
			trial_sample(t, v, "%s: \"%.80s\" is in no record of \"%s\"",
				     trial_place(t, table, i), c->texts[i], c->design->dimension);
		} else if (c->members[i] == MEMBER_UNKNOWN) {
			trial_sample(t, v, "%s: its key is in no record of \"%s\": %s",
				     trial_place(t, table, i), c->design->dimension,
				     record_words(t, e, i));
		} else if (c->members[i] == MEMBER_NONE && c->absences != NULL &&
			   c->absences[i] == ABSENCE_MISSED) {
			trial_sample(t, v, "%s: a foreign key on the way leads nowhere: %s",
				     trial_place(t, table, i), record_words(t, e, i));
		}
	}
}

/* "a.x -> b.y, b.z -> c.w" of the first origin. */
static const char *way_words(const struct trial *t, const struct design_column *c)
{
	const char *words = "";
	const struct origin *o = &c->origins.at[0];
	for (size_t i = 0; i < o->hops.n; i++) {
		const struct hop *h = &o->hops.at[i];
		words = arena_printf(t->arena, "%s%s%s.%s -> %s.%s", words, i > 0 ? ", " : "",
				     h->table, h->columns.at[0], h->to_table, h->to_columns.at[0]);
	}
	return words;
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

/* The lines of the rows that lead to no member for a reason. */
static const char *lines_words(const struct trial *t, const struct expected_table *e,
			       const struct expected_column *c, bool orphans)
{
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, e->n);
	size_t n = 0;
	for (size_t i = 0; i < e->n; i++) {
		bool missed = c->members[i] == MEMBER_NONE && c->absences != NULL &&
			c->absences[i] == ABSENCE_MISSED;
		if (orphans ? c->members[i] == MEMBER_UNKNOWN : missed) {
			lines[n++] = e->source->raw.records.at[e->records[i]].line;
		}
	}
	return trial_lines(t, lines, n);
}

static void warn_of_orphans(const struct trial *t, const struct trial_table *table, size_t column,
			    const struct contract_reference *r, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	const struct expected_column *expected = &e->columns[column];
	const struct design_column *c = expected->design;
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->blame = "data";
	const char *orphans = r->orphans == 0
		? ""
		: arena_printf(
			  t->arena,
			  "%lld rows of \"%s\" name in %s a key that no record of \"%s\" holds, and "
			  "stand at the unknown member: %s",
			  (long long)r->orphans, e->source->file->path, column_words(t, c),
			  c->dimension, lines_words(t, e, expected, true));
	const char *missed = r->missed == 0
		? ""
		: arena_printf(
			  t->arena,
			  "for %lld rows of \"%s\" a foreign key on the way (%s) leads nowhere, and "
			  "they stand at \"no key\": %s",
			  (long long)r->missed, e->source->file->path, way_words(t, c),
			  lines_words(t, e, expected, false));
	v->why = arena_printf(t->arena, "%s%s%s", orphans,
			      r->orphans > 0 && r->missed > 0 ? "; " : "", missed);
	sample_orphans(t, table, column, v);
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
	v.found = rate_words(t, table->found.n, (int64_t)found.unknown, (int64_t)found.none);
	v.passed = (int64_t)found.unknown == r->orphans && (int64_t)found.none == r->nulls;
	if (!v.passed) {
		reference_blame(t, table, column, found, &v);
	} else if (r->orphans + r->missed > 0) {
		warn_of_orphans(t, table, column, r, &v);
	} else if (r->nulls > 0) {
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
