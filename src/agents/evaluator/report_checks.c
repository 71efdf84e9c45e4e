/*
 * The checks: what failed comes first, one by one and the worst first, then what is only told; what passed is grouped by what it proves,
 * so that the same sentence is read once. Beside them stand the control totals that the Tester had fixed before
 * there was a mapping, and what was loaded.
 */
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

/* Groups of passed checks and notes are shown unfolded up to so many checks in all; warnings up to so many. */
enum { UNFOLDED_MAX = 12, UNFOLDED_FAILED_MAX = 6 };

/* The place in the page that tells about "table.column" or "table". */
static const char *subject_id(const struct report_input *in, const char *subject, struct arena *a)
{
	const char *table = arena_strndup(a, subject, strcspn(subject, "."));
	const char *id = report_target_id(in, table, a);
	return id != NULL ? id : report_source_id(in, table, a);
}

static struct bldr_value *check_value(const struct report_input *in, const struct finding *f,
				      struct arena *a)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "check", bldr_text(f->check));
	bldr_object_set(v, "subject", bldr_text(f->subject));
	bldr_object_set(v, "subject_id", bldr_text(subject_id(in, f->subject, a)));
	bldr_object_set(v, "severity", bldr_text(report_severity(f->severity)));
	bldr_object_set(v, "expected", bldr_text(f->expected));
	bldr_object_set(v, "found", bldr_text(f->found));
	bldr_object_set(v, "same", bldr_bool(strcmp(f->expected, f->found) == 0));
	bldr_object_set(v, "provenance", bldr_text(f->provenance));
	bldr_object_set(v, "proves", bldr_text(f->proves));
	bldr_object_set(v, "samples", texts_value(&f->samples));
	bldr_object_set(v, "sampled", bldr_bool(f->samples.n > 0));
	bldr_object_set(v, "blame", bldr_text(f->blame));
	bldr_object_set(v, "why", bldr_text(f->why));
	return v;
}

/* The failed checks of a severity, in the order of the findings. */
static struct bldr_value *failed_value(const struct report_input *in, int severity, struct arena *a)
{
	struct bldr_value *failed = bldr_list();
	for (size_t i = 0; i < in->findings->checks.n; i++) {
		const struct finding *f = &in->findings->checks.at[i];
		if (!f->passed && f->severity == severity) {
			bldr_list_add(failed, check_value(in, f, a));
		}
	}
	return failed;
}

/* Errors and warnings one by one; notes are only told, in a table. */
static void set_failed(struct bldr_value *part, const struct report_input *in, struct arena *a)
{
	struct bldr_value *parts = bldr_list();
	struct bldr_value *notes = failed_value(in, SEVERITY_INFO, a);
	for (int severity = SEVERITY_ERROR; severity <= SEVERITY_WARNING; severity++) {
		struct bldr_value *failed = failed_value(in, severity, a);
		struct bldr_value *v = bldr_object();
		int64_t n = (int64_t)bldr_count(failed);
		bldr_object_set(v, "title",
				bldr_text(report_count(a, n, report_severity(severity))));
		bldr_object_set(
			v, "about",
			bldr_text(severity == SEVERITY_ERROR
					  ? "What came out is not what the raw files say."
					  : "Defects of the data that were found, handled and "
					    "counted; the result is right."));
		bldr_object_set(v, "open",
				bldr_bool(severity == SEVERITY_ERROR || n <= UNFOLDED_FAILED_MAX));
		bldr_object_set(v, "findings", failed);
		if (n > 0) {
			bldr_list_add(parts, v);
		} else {
			bldr_unref(v);
		}
	}
	bldr_object_set(part, "failed", parts);
	bldr_object_set(part, "any_notes", bldr_bool(bldr_count(notes) > 0));
	bldr_object_set(part, "few_notes", bldr_bool(bldr_count(notes) <= UNFOLDED_MAX));
	bldr_object_set(part, "note_count",
			bldr_text(report_count(a, (int64_t)bldr_count(notes), "note")));
	bldr_object_set(part, "notes", notes);
}

/* ---- passed ---- */

static bool same_group(const struct finding *a, const struct finding *b)
{
	return strcmp(a->check, b->check) == 0 && strcmp(a->proves, b->proves) == 0 &&
		strcmp(a->provenance, b->provenance) == 0;
}

/* True when no earlier passed check has the same texts. */
static bool opens_group(const struct findings *f, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (f->checks.at[k].passed && same_group(&f->checks.at[k], &f->checks.at[i])) {
			return false;
		}
	}
	return true;
}

static struct bldr_value *group_value(const struct report_input *in, size_t first, struct arena *a)
{
	const struct finding *head = &in->findings->checks.at[first];
	struct bldr_value *v = bldr_object();
	struct bldr_value *checks = bldr_list();
	for (size_t i = first; i < in->findings->checks.n; i++) {
		const struct finding *f = &in->findings->checks.at[i];
		if (f->passed && same_group(head, f)) {
			bldr_list_add(checks, check_value(in, f, a));
		}
	}
	bldr_object_set(v, "check", bldr_text(head->check));
	bldr_object_set(v, "proves", bldr_text(head->proves));
	bldr_object_set(v, "provenance", bldr_text(head->provenance));
	bldr_object_set(v, "count",
			bldr_text(report_count(a, (int64_t)bldr_count(checks), "check")));
	bldr_object_set(v, "open", bldr_bool(in->findings->checks.n <= UNFOLDED_MAX));
	bldr_object_set(v, "checks", checks);
	return v;
}

static struct bldr_value *groups_value(const struct report_input *in, struct arena *a)
{
	struct bldr_value *groups = bldr_list();
	for (size_t i = 0; i < in->findings->checks.n; i++) {
		if (in->findings->checks.at[i].passed && opens_group(in->findings, i)) {
			bldr_list_add(groups, group_value(in, i, a));
		}
	}
	return groups;
}

/* ---- control totals ---- */

static const struct deployment_table *loaded(const struct report_input *in, const char *table)
{
	for (size_t i = 0; i < in->deployment->tables.n; i++) {
		if (strcmp(in->deployment->tables.at[i].name, table) == 0) {
			return &in->deployment->tables.at[i];
		}
	}
	return NULL;
}

static struct bldr_value *total_notes(const struct contract_table *t, struct arena *a)
{
	struct bldr_value *notes = bldr_list();
	for (size_t i = 0; i < t->measures.n; i++) {
		const struct contract_measure *m = &t->measures.at[i];
		bldr_list_add(notes,
			      bldr_textf("%s: sum %s over %s", m->column,
					 m->sum != NULL ? m->sum : "none",
					 report_count(a, m->count, "value")));
	}
	for (size_t i = 0; i < t->references.n; i++) {
		const struct contract_reference *r = &t->references.at[i];
		bldr_list_add(notes,
			      bldr_textf("%s: %s resolved, %s unknown, %s without a key", r->column,
					 report_number(a, r->resolved),
					 report_number(a, r->orphans), report_number(a, r->nulls)));
	}
	return notes;
}

static struct bldr_value *total_value(const struct report_input *in, const struct contract_table *t,
				      struct arena *a)
{
	const struct deployment_table *rows = loaded(in, t->table);
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "table", bldr_text(t->table));
	bldr_object_set(v, "id", bldr_text(report_target_id(in, t->table, a)));
	bldr_object_set(v, "expected", bldr_text(report_number(a, t->rows)));
	bldr_object_set(v, "loaded",
			bldr_text(rows != NULL ? report_number(a, rows->rows) : "not loaded"));
	bldr_object_set(v, "differs", bldr_bool(rows == NULL || rows->rows != t->rows));
	bldr_object_set(v, "notes", total_notes(t, a));
	return v;
}

/* How the Tester read the dates of a table. */
static void add_dates(struct bldr_value *list, const struct report_input *in,
		      const struct contract_table *t, struct arena *a)
{
	for (size_t i = 0; i < t->dates.n; i++) {
		const struct contract_date *d = &t->dates.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "column", bldr_textf("%s.%s", t->table, d->column));
		bldr_object_set(v, "id", bldr_text(report_target_id(in, t->table, a)));
		bldr_object_set(v, "source", bldr_textf("%s.%s", d->table, d->source_column));
		bldr_object_set(v, "format", bldr_text(d->format));
		bldr_object_set(v, "min", bldr_text(d->min));
		bldr_object_set(v, "max", bldr_text(d->max));
		bldr_object_set(v, "count", bldr_text(report_number(a, d->count)));
		bldr_object_set(v, "nulls", bldr_text(report_number(a, d->nulls)));
		bldr_object_set(v, "reason", bldr_text(d->reason));
		bldr_list_add(list, v);
	}
}

static void set_contract(struct bldr_value *part, const struct report_input *in, struct arena *a)
{
	struct bldr_value *totals = bldr_list();
	struct bldr_value *dates = bldr_list();

	for (size_t i = 0; i < in->contract->tables.n; i++) {
		bldr_list_add(totals, total_value(in, &in->contract->tables.at[i], a));
		add_dates(dates, in, &in->contract->tables.at[i], a);
	}
	bldr_object_set(part, "any_totals", bldr_bool(bldr_count(totals) > 0));
	bldr_object_set(part, "totals", totals);
	bldr_object_set(part, "any_dates", bldr_bool(bldr_count(dates) > 0));
	bldr_object_set(part, "date_count",
			bldr_text(report_count(a, (int64_t)bldr_count(dates), "date column")));
	bldr_object_set(part, "dates", dates);
}

struct bldr_value *report_checks(const struct report_input *in, struct arena *a)
{
	struct bldr_value *part = bldr_object();
	int64_t passed = 0;

	for (size_t i = 0; i < in->findings->checks.n; i++) {
		passed += in->findings->checks.at[i].passed ? 1 : 0;
	}
	set_failed(part, in, a);
	bldr_object_set(part, "any_passed", bldr_bool(passed > 0));
	bldr_object_set(part, "passed_count", bldr_text(report_count(a, passed, "check")));
	bldr_object_set(part, "groups", groups_value(in, a));
	set_contract(part, in, a);
	return part;
}
