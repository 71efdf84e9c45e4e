/*
 * Q1: of each file nearly all records are shown by some table. V1: the checks had something to look at: files with an
 * event or a measure give a fact, a fact whose file has records has rows, and no file with records stays unused. Both look at the design and the files
 * alone: what the load lost is R3's matter.
 */
#include "checks/layers.h"

#include <string.h>

#include "base/check.h"

/* ---- Q1 ---- */

/* Per good record, whether some table has it as a row. *ret_any: some table has the file as its source. */
static bool *shown_records(const struct trial *t, const struct relation *r, bool *ret_any)
{
	bool *shown = ARENA_ARRAY(t->arena, bool, r->raw.records.n);
	*ret_any = false;
	for (size_t i = 0; i < t->expected.n; i++) {
		const struct expected_table *e = &t->expected.tables[i];
		if (e->source == r) {
			*ret_any = true;
			for (size_t row = 0; row < e->n; row++) {
				shown[e->records[row]] = true;
			}
		}
	}
	return shown;
}

static void check_share(struct trial *t, const struct relation *r)
{
	bool any;
	struct verdict v = { 0 };
	const bool *shown = shown_records(t, r, &any);
	const bool *duplicate = expected_duplicates(&t->expected, r, t->arena);
	const char **why = expected_left_out(&t->expected, r, t->arena);
	size_t unreadable = 0, totals = 0, blank = 0, refused = 0, rows = 0;
	for (size_t i = 0; i < r->raw.rejects.n; i++) {
		const struct raw_reject *reject = &r->raw.rejects.at[i];
		totals += reject->kind == REJECT_TOTAL;
		blank += reject->kind == REJECT_BLANK;
		unreadable += reject->kind == REJECT_UNREADABLE;
		if (reject->kind == REJECT_UNREADABLE) {
			trial_sample(t, &v, "%s:%lld: %s", r->file->path,
				     (long long)reject->record.line, reject->reason);
		}
	}
	for (size_t i = 0; any && i < r->raw.records.n; i++) {
		rows += shown[i];
		refused += !shown[i] && !duplicate[i];
		if (!shown[i] && !duplicate[i]) {
			trial_sample(t, &v, "%s:%lld: %s", r->file->path,
				     (long long)r->raw.records.at[i].line,
				     why[i] != NULL ? why[i] : "no row of any table");
		}
	}
	size_t all = r->raw.records.n + r->raw.rejects.n - blank, bad = unreadable + refused;
	bool none = all > 0 && (any ? rows == 0 : r->raw.records.n == 0);
	v.passed = !none && (bad <= 1 || bad * 20 <= all);
	v.expected =
		"at most 5 % of the records set aside, duplicates, totals and blank ones not counted";
	v.found =
		arena_printf(t->arena,
			     "%zu of %zu records set aside: %zu cannot be read, %zu fit no table; "
			     "%zu totals, %zu blank",
			     bad, all, unreadable, refused, totals, blank);
	v.blame = refused > unreadable ? "analyst" : "data";
	v.why = none
		? "no record of the file is a row: either it is another file than it was taken "
		  "for, or its dialect or key is wrong"
		: "so many records set aside are no accident: the file is broken, or its dialect or "
		  "key was read wrongly";
	trial_report(t, "Q1", r->file->table, &v);
}

/* ---- V1 ---- */

struct signs {
	const char *event, *measure; /* columns; NULL: none */
};

/* Most values of the column are dates, or numbers with a fraction. */
static void look_at_column(struct trial *t, struct relation *r, size_t column, struct signs *signs)
{
	const struct column_decision *d = &relation_column(&t->relations, r, column)->decision;
	struct column_type decimal = { .kind = COLUMN_DECIMAL, .precision = 38, .scale = 4 };
	struct column_type integer = { .kind = COLUMN_INT64 };
	size_t values = 0, dates = 0, measures = 0;
	for (size_t i = 0; i < r->raw.records.n; i++) {
		const char *text = relation_text(r, i, column);
		struct stamp s;
		if (value_is_null(d, text)) {
			continue;
		}
		values++;
		dates += d->dates.dates && stamp_parse(text, d->dates.order, &s);
		measures += value_typed(d, decimal, text, t->arena) != NULL &&
			value_typed(d, integer, text, t->arena) == NULL;
	}
	const char *name = r->columns[column].name;
	signs->event = values > 0 && dates * 2 > values ? name : signs->event;
	signs->measure = values > 0 && measures * 2 > values ? name : signs->measure;
}

static bool has_facts(const struct design *d)
{
	for (size_t i = 0; i < d->tables.n; i++) {
		if (d->tables.at[i].kind == TABLE_FACT || d->tables.at[i].kind == TABLE_BRIDGE) {
			return true;
		}
	}
	return false;
}

/* Whether the design itself calls the source a fact. */
static bool is_called_fact(const struct design *d, const char *table)
{
	for (size_t i = 0; i < d->sources.n; i++) {
		if (strcmp(d->sources.at[i].table, table) == 0) {
			return strcmp(d->sources.at[i].role, "fact") == 0;
		}
	}
	return false;
}

/*
 * Without a fact in the design, the files must have nothing to tell of. A date or a measure alone may describe a thing
 * (a birthday, a weight), both together, or the design's own word, are an event.
 */
static void look_for_events(struct trial *t, struct verdict *v)
{
	v->severity = SEVERITY_WARNING;
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		struct relation *r = &t->relations.tables.at[i];
		struct signs signs = { 0 };
		bool called = is_called_fact(t->in->design, r->file->table);
		for (size_t c = 0; c < r->raw.columns; c++) {
			look_at_column(t, r, c, &signs);
		}
		if (signs.event == NULL && signs.measure == NULL && !called) {
			continue;
		}
		v->passed = false;
		if (called || (signs.event != NULL && signs.measure != NULL)) {
			v->severity = SEVERITY_ERROR;
		}
		trial_sample(t, v, "%s: dates in %s, measures in %s%s", r->file->path,
			     signs.event != NULL ? signs.event : "no column",
			     signs.measure != NULL ? signs.measure : "no column",
			     called ? "; the design calls it a fact" : "");
	}
	v->blame = "analyst";
	v->why = "the design has no fact for files that tell of events or hold measures";
}

static void check_star(struct trial *t)
{
	struct verdict v = { .passed = true, .expected = "a fact, and rows to look at" };
	size_t facts = 0, rows = 0, records = 0;
	for (size_t i = 0; i < t->expected.n; i++) {
		const struct expected_table *e = &t->expected.tables[i];
		facts += !expected_is_dimension(e);
		rows += e->source != NULL ? e->n : 0;
	}
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		records += t->relations.tables.at[i].raw.records.n;
	}
	v.found =
		arena_printf(t->arena, "%zu facts, %zu rows of %zu records", facts, rows, records);
	if (!has_facts(t->in->design)) {
		look_for_events(t, &v);
	}
	if (v.passed && rows == 0) {
		v.passed = false;
		v.severity = records == 0 ? SEVERITY_WARNING : SEVERITY_ERROR;
		v.blame = records == 0 ? "data" : "analyst";
		v.why = records == 0
			? "the files hold no records: all checks pass, and prove nothing"
			: "no record of any file is a row of the star";
	}
	trial_report(t, "V1", "star", &v);
}

static void check_fact(struct trial *t, const struct expected_table *e)
{
	struct verdict v = {
		.passed = e->n > 0 || e->source->raw.records.n == 0,
		.expected = "rows, since its file has records",
		.found = arena_printf(t->arena, "%zu rows of %zu records", e->n,
				      e->source->raw.records.n),
		.blame = "analyst",
		.why = "the design's key or required columns fit no record of the file",
	};
	for (size_t i = 0; i < e->n_left && !v.passed; i++) {
		trial_sample(t, &v, "%s:%lld: %s", e->source->file->path,
			     (long long)e->source->raw.records.at[e->records[e->n + i]].line,
			     e->left_why[i]);
	}
	trial_report(t, "V1", e->design->name, &v);
}

/* Its records are in no table, by the design's own choice: the other tables go on without it. */
static void warn_of_unused(struct trial *t, const struct relation *r)
{
	const struct design *d = t->in->design;
	const char *reason = "";
	for (size_t i = 0; i < d->sources.n; i++) {
		if (strcmp(d->sources.at[i].table, r->file->table) == 0) {
			reason = d->sources.at[i].reason;
		}
	}
	struct verdict v = {
		.severity = SEVERITY_WARNING,
		.expected = "every file with records is used",
		.found = arena_printf(t->arena, "%zu records of %s are in no table: %s",
				      r->raw.records.n + r->raw.rejects.n, r->file->path, reason),
		.blame = "data",
		.why = "the design leaves the file unused; nothing of it is in the star",
	};
	trial_report(t, "V1", arena_printf(t->arena, "%s unused", r->file->table), &v);
}

int check_vacuity(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		const struct relation *r = &t->relations.tables.at[i];
		if (layer_is_used(t, r->file->table)) {
			check_share(t, r);
		} else if (r->raw.records.n + r->raw.rejects.n > 0) {
			warn_of_unused(t, r);
		}
	}
	check_star(t);
	for (size_t i = 0; i < t->expected.n; i++) {
		const struct expected_table *e = &t->expected.tables[i];
		if (e->source != NULL && !expected_is_dimension(e)) {
			check_fact(t, e);
		}
	}
	return 0;
}
