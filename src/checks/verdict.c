/*
 * Turning what a check saw into a finding: where the expectation came from, what passing proves and does not,
 * who is to blame and which rows show it.
 */
#include "checks/mapping.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "checks/check_texts.h"

void trial_report(struct trial *t, const char *check, const char *subject, const struct verdict *v)
{
	const struct check_text *text = check_text_of(check);
	struct finding f = {
		.check = check,
		.subject = subject,
		.passed = v->passed,
		.severity = v->passed ? SEVERITY_ERROR : v->severity,
		.expected = v->expected,
		.found = v->found,
		.provenance = text->provenance,
		.proves = check_proves(text, t->arena),
	};
	if (!v->passed) {
		ASSERT(v->blame != NULL && v->why != NULL);
		f.samples = v->samples;
		f.blame = v->blame;
		f.why = v->why;
		f.advice = v->advice;
	}
	*LIST_ADD(t->arena, &t->findings) = f;
}

const char *trial_subject(const struct trial *t, const struct trial_table *table, size_t column)
{
	return arena_printf(t->arena, "%s.%s", table->expected->design->name,
			    table->expected->design->columns.at[column].name);
}

void trial_sample(const struct trial *t, struct verdict *v, const char *fmt, ...)
{
	if (v->samples.n == TRIAL_SAMPLES_MAX) {
		return;
	}
	char text[512];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	size_t size = strlen(text);
	size_t cut = size == sizeof(text) - 1 ? utf8_cut(text, size, size) : size;
	*LIST_ADD(t->arena, &v->samples) = arena_strndup(t->arena, text, cut);
}

const char *trial_lines(const struct trial *t, const uint32_t *lines, size_t n)
{
	enum { LINES_SHOWN = 20 };
	const char *words = n == 1 ? "line" : "lines";
	for (size_t i = 0; i < n && i < LINES_SHOWN; i++) {
		words = arena_printf(t->arena, "%s%s %lu", words, i > 0 ? "," : "",
				     (unsigned long)lines[i]);
	}
	return n <= LINES_SHOWN ? words
				: arena_printf(t->arena, "%s and %zu more", words, n - LINES_SHOWN);
}

/* "order_id=16", for the key columns of one side. */
static const char *key_words(const struct trial *t, const struct trial_table *table,
			     const struct found_column *found, size_t row)
{
	const struct expected_table *e = table->expected;
	const char *words = "";
	for (size_t i = 0; i < e->n_keys; i++) {
		size_t c = e->keys[i];
		const char *const *cells = found != NULL ? found[c].cells : e->columns[c].cells;
		const char *cell = cells != NULL ? cells[row] : NULL;
		words = arena_printf(t->arena, "%s%s%s=%.80s", words, i > 0 ? " " : "",
				     e->design->columns.at[c].name, cell != NULL ? cell : "null");
	}
	return words;
}

const char *trial_place(const struct trial *t, const struct trial_table *table, size_t expected_row)
{
	const struct relation *source = table->expected->source;
	if (source == NULL) {
		return key_words(t, table, NULL, expected_row);
	}
	size_t record = table->expected->records[expected_row];
	return arena_printf(t->arena, "%s:%lld", source->file->path,
			    (long long)source->raw.records.at[record].line);
}

const char *trial_row(const struct trial *t, const struct trial_table *table, size_t found_row)
{
	return key_words(t, table, table->found.columns, found_row);
}

bool trial_absent(const struct trial *t, const struct trial_table *table, int64_t column,
		  struct verdict *v)
{
	const struct design_table *d = table->expected->design;
	bool column_missing = column >= 0 && table->found.columns[column].missing;
	if (!table->found.missing && !column_missing) {
		return false;
	}
	v->passed = false;
	v->severity = SEVERITY_ERROR;
	v->found = table->found.missing ? arena_printf(t->arena, "no table \"%s\"", d->name)
					: arena_printf(t->arena, "no column for \"%s.%s\"", d->name,
						       d->columns.at[column].name);
	v->blame = "developer";
	v->why = "the warehouse lacks what the design states";
	return true;
}

static const char *or_null(const char *text)
{
	return text != NULL ? text : "null";
}

static void sample_changes(const struct trial *t, const struct trial_table *table, size_t column,
			   struct verdict *v)
{
	const char *name = table->expected->design->columns.at[column].name;
	for (size_t i = 0; i < table->found.n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		int64_t row = table->expected_of[i];
		if (row >= 0 && trial_differs(t, table, column, i)) {
			trial_sample(t, v, "%s: %s is %.120s, expected %.120s",
				     trial_place(t, table, (size_t)row), name,
				     or_null(table->found.columns[column].cells[i]),
				     or_null(table->expected->columns[column].cells[row]));
		}
	}
}

static void sample_rows(const struct trial *t, const struct trial_table *table, struct verdict *v)
{
	for (size_t i = 0; i < table->expected->n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (table->found_of[i] < 0) {
			trial_sample(t, v, "%s: no row %s", trial_place(t, table, i),
				     key_words(t, table, NULL, i));
		}
	}
	for (size_t i = 0; i < table->found.n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (table->expected_of[i] < 0) {
			trial_sample(t, v, "row %s has no record of its own",
				     trial_row(t, table, i));
		}
	}
}

static void blame_date(const struct trial *t, const struct date_fault *fault,
		       const struct date_source *source, struct verdict *v)
{
	v->blame = "analyst";
	v->why = fault->why;
	v->advice = advice_of(t, "date_order", source->table, source->column);
}

/* What is repaired in a column of a file is named by it, all else by the target column. */
static const struct bldr_value *mapping_advice(const struct trial *t,
					       const struct trial_table *table, size_t column,
					       const char *repair)
{
	const struct expected_column *c = &table->expected->columns[column];
	bool raw = strcmp(repair, "date_order") == 0 || strcmp(repair, "number_marks") == 0;
	if (raw && c->reads.n > 0) {
		const struct cell_read *read = &c->reads.at[0];
		return advice_of(t, repair, read->holder->file->table,
				 read->holder->columns[read->column].name);
	}
	return advice_of(t, repair, table->expected->design->name, c->design->name);
}

bool trial_blame_mapping(const struct trial *t, const struct trial_table *table, size_t column,
			 struct verdict *v)
{
	struct mapping_fault fault;
	if (mapping_judge(t, table, column, &fault) != MAPPING_WRONG) {
		return false;
	}
	v->blame = "analyst";
	v->why = arena_printf(t->arena, "%s: %s", trial_subject(t, table, column), fault.why);
	v->advice = mapping_advice(t, table, column, fault.repair);
	return true;
}

/* Rows that differ: the load, where the rule is right; the decimal mark, the rule; or a mapping that is not stated. */
static void blame_values(const struct trial *t, const struct trial_table *table, size_t column,
			 struct verdict *v)
{
	size_t changed = table->columns[column].changed;
	struct mapping_fault fault;
	if (mapping_judge(t, table, column, &fault) == MAPPING_RIGHT) {
		v->blame = "developer";
		v->why = arena_printf(
			t->arena,
			"the STTM maps the column as the design states, and %zu rows hold "
			"another value all the same",
			changed);
		return;
	}
	if (mapping_marks_explain(t, table, column, &v->why)) {
		v->blame = "analyst";
		v->advice = mapping_advice(t, table, column, "number_marks");
		return;
	}
	if (trial_blame_mapping(t, table, column, v)) {
		return;
	}
	v->blame = "analyst";
	v->why = arena_printf(t->arena,
			      "the mapping gives %zu rows another value than the origin that the "
			      "design states",
			      changed);
}

static const char *loss_words(const struct trial *t, const struct trial_table *table)
{
	return arena_printf(t->arena, "%zu rows are missing and %zu are surplus, see R3 of %s",
			    table->missing, table->surplus, table->expected->design->name);
}

void trial_blame_column(const struct trial *t, const struct trial_table *table, size_t column,
			struct verdict *v)
{
	const struct trial_column *c = &table->columns[column];
	sample_changes(t, table, column, v);
	if (c->fault.found) {
		blame_date(t, &c->fault, &table->expected->columns[column].source, v);
	} else if (c->changed > 0) {
		blame_values(t, table, column, v);
	} else {
		trial_blame_rows(t, table, v);
	}
}

static bool is_read_by(const struct expected_column *c, const struct relation *source, size_t column)
{
	for (size_t i = 0; i < c->reads.n; i++) {
		if (c->reads.at[i].holder == source && c->reads.at[i].column == column) {
			return true;
		}
	}
	return false;
}

bool trial_blame_readers(const struct trial *t, const struct relation *source, size_t column,
			 struct verdict *v)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			const struct expected_column *e = &table->expected->columns[c];
			if (!is_read_by(e, source, column)) {
				continue;
			}
			if (table->columns[c].fault.found) {
				blame_date(t, &table->columns[c].fault, &e->source, v);
				return true;
			}
			if (trial_blame_mapping(t, table, c, v)) {
				return true;
			}
		}
	}
	return false;
}

/* A date fault of any column that the source column feeds. */
static const struct date_fault *fault_of_source(const struct trial *t,
						const struct date_source *source)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			const struct expected_column *e = &table->expected->columns[c];
			if (table->columns[c].fault.found &&
			    strcmp(e->source.table, source->table) == 0 &&
			    strcmp(e->source.column, source->column) == 0) {
				return &table->columns[c].fault;
			}
		}
	}
	return NULL;
}

/* Whether rows are missing, and the load refused the record of each; *ret_reason: of the first. */
static bool is_refused(const struct trial *t, const struct trial_table *table,
		       const char **ret_reason)
{
	const char *first = NULL;
	for (size_t i = 0; table->expected->source != NULL && i < table->expected->n; i++) {
		if (table->found_of[i] >= 0) {
			continue;
		}
		const char *place = trial_place(t, table, i);
		const char *reason = map_find(t->refused, place, strlen(place));
		if (reason == NULL) {
			return false;
		}
		first = first == NULL ? arena_printf(t->arena, "%s: %s", place, reason) : first;
	}
	*ret_reason = first;
	return first != NULL;
}

static bool blame_refusal(const struct trial *t, const struct trial_table *table, struct verdict *v)
{
	const char *reason;
	if (!is_refused(t, table, &reason)) {
		return false;
	}
	v->blame = "analyst";
	v->why = arena_printf(t->arena,
			      "the mapping makes %zu good records of the file into rows that the "
			      "load refuses, such as %s",
			      table->missing, reason);
	for (size_t c = 0; c < table->expected->design->columns.n; c++) {
		if (trial_blame_mapping(t, table, c, v)) {
			break;
		}
	}
	return true;
}

void trial_blame_refusals(const struct trial *t, const struct relation *source, struct verdict *v)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->tables[i].expected->source == source && blame_refusal(t, &t->tables[i], v)) {
			return;
		}
	}
}

void trial_blame_rows(const struct trial *t, const struct trial_table *table, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	sample_rows(t, table, v);
	for (size_t i = 0; i < e->calendar.n; i++) {
		const struct date_fault *fault = fault_of_source(t, &e->calendar.at[i]);
		if (fault != NULL) {
			blame_date(t, fault, &e->calendar.at[i], v);
			return;
		}
	}
	for (size_t i = 0; i < e->n_keys; i++) {
		const struct trial_column *c = &table->columns[e->keys[i]];
		if (c->fault.found) {
			blame_date(t, &c->fault, &e->columns[e->keys[i]].source, v);
			return;
		}
	}
	if (blame_refusal(t, table, v)) {
		return;
	}
	for (size_t i = 0; i < e->n_keys; i++) {
		if (trial_blame_mapping(t, table, e->keys[i], v)) {
			return;
		}
	}
	v->blame = "developer";
	v->why = table->missing + table->surplus > 0
		? loss_words(t, table)
		: "every row and value is right, but they do not add up as the contract says";
}
