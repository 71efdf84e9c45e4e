/* What a reader wants first: is it right, how well did it go, and how much was there to do. */
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

static void add_number(struct bldr_value *list, struct arena *a, int64_t n, const char *one,
		       const char *many, const char *note)
{
	struct bldr_value *number = bldr_object();
	bldr_object_set(number, "value", bldr_text(report_number(a, n)));
	bldr_object_set(number, "label", bldr_text(n == 1 ? one : many));
	bldr_object_set(number, "note", bldr_text(note));
	bldr_list_add(list, number);
}

static void add_source_numbers(const struct report_input *in, struct arena *a,
			       struct bldr_value *list)
{
	int64_t read = 0;
	int64_t rejected = 0;
	int64_t duplicates = 0;
	for (size_t i = 0; i < in->deployment->sources.n; i++) {
		read += in->deployment->sources.at[i].read;
		rejected += in->deployment->sources.at[i].rejected;
		duplicates += in->deployment->sources.at[i].duplicates;
	}
	add_number(list, a, (int64_t)in->sources->files.n, "source file", "source files",
		   in->sources->skipped.n > 0
			   ? arena_printf(a, "%zu skipped", in->sources->skipped.n)
			   : NULL);
	add_number(list, a, read, "record read", "records read",
		   duplicates > 0 ? arena_printf(a, "%s rejected, %s", report_number(a, rejected),
						 report_count(a, duplicates, "duplicate"))
				  : arena_printf(a, "%s rejected", report_number(a, rejected)));
}

static void add_target_numbers(const struct report_input *in, struct arena *a,
			       struct bldr_value *list)
{
	int64_t facts = 0;
	int64_t rows = 0;
	int64_t quarantined = 0;
	int64_t columns = 0;
	for (size_t i = 0; i < in->design->tables.n; i++) {
		int kind = in->design->tables.at[i].kind;
		facts += kind == TABLE_FACT || kind == TABLE_BRIDGE ? 1 : 0;
		columns += (int64_t)in->design->tables.at[i].columns.n;
	}
	for (size_t i = 0; i < in->deployment->tables.n; i++) {
		rows += in->deployment->tables.at[i].rows;
		quarantined += in->deployment->tables.at[i].quarantined;
	}
	add_number(
		list, a, (int64_t)in->design->tables.n, "table", "tables",
		arena_printf(a, "%s, %s", report_count(a, facts, "fact"),
			     report_count(a, (int64_t)in->design->tables.n - facts, "dimension")));
	add_number(list, a, columns, "target column", "target columns", NULL);
	add_number(list, a, rows, "row loaded", "rows loaded",
		   quarantined > 0
			   ? arena_printf(a, "%s quarantined", report_number(a, quarantined))
			   : NULL);
}

/* Failed checks of a severity. */
static int64_t count_failed(const struct findings *f, int severity)
{
	int64_t n = 0;
	for (size_t i = 0; i < f->checks.n; i++) {
		n += !f->checks.at[i].passed && f->checks.at[i].severity == severity ? 1 : 0;
	}
	return n;
}

static void add_check_numbers(const struct report_input *in, struct arena *a,
			      struct bldr_value *list)
{
	int64_t errors = count_failed(in->findings, SEVERITY_ERROR);
	int64_t warnings = count_failed(in->findings, SEVERITY_WARNING);
	int64_t notes = count_failed(in->findings, SEVERITY_INFO);
	const char *failed = errors > 0 && warnings > 0
		? arena_printf(a, "%s, %s", report_count(a, errors, "error"),
			       report_count(a, warnings, "warning"))
		: errors > 0   ? report_count(a, errors, "error")
		: warnings > 0 ? report_count(a, warnings, "warning")
			       : "none failed";

	add_number(list, a, (int64_t)in->findings->checks.n, "check", "checks",
		   in->findings->checks.n == 0 ? NULL
			   : notes > 0
			   ? arena_printf(a, "%s, %s", failed, report_count(a, notes, "note"))
			   : failed);
}

/* One sentence under the title. */
static const char *lead(const struct report_input *in, bool validated, struct arena *a)
{
	int64_t errors = count_failed(in->findings, SEVERITY_ERROR);
	int64_t warnings = count_failed(in->findings, SEVERITY_WARNING);
	const char *warned = warnings > 0
		? arena_printf(a, " %s of the data found, handled and counted.",
			       report_count(a, warnings, "defect"))
		: "";
	if (in->findings->checks.n == 0) {
		return "No check was made.";
	}
	if (validated) {
		return arena_printf(a, "Every check that tells right from wrong has passed.%s",
				    warned);
	}
	return arena_printf(a, "%s found and explained below.%s", report_count(a, errors, "error"),
			    warned);
}

/* For who has never seen such a page: what was made of what, and who says that it is right. */
static const char *about(const struct report_input *in, struct arena *a)
{
	return arena_printf(
		a,
		"bldr read %s, made a star schema of %s, loaded it, and held the result against the "
		"files again by a reader and rules of its own.",
		report_count(a, (int64_t)in->sources->files.n, "raw file"),
		report_count(a, (int64_t)in->design->tables.n, "table"));
}

struct bldr_value *report_head(const struct report_input *in, struct arena *a)
{
	struct bldr_value *head = bldr_object();
	struct bldr_value *numbers = bldr_list();
	bool validated = strcmp(in->findings->verdict, "validated") == 0;

	add_source_numbers(in, a, numbers);
	add_target_numbers(in, a, numbers);
	add_check_numbers(in, a, numbers);
	add_number(numbers, a, in->evaluation->rounds, "mapping round", "mapping rounds",
		   in->evaluation->rounds == 1 ? "right at first" : NULL);
	bldr_object_set(head, "verdict", bldr_text(in->findings->verdict));
	bldr_object_set(head, "validated", bldr_bool(validated));
	bldr_object_set(head, "title", bldr_text(validated ? "Validated" : "Findings"));
	bldr_object_set(head, "lead", bldr_text(lead(in, validated, a)));
	bldr_object_set(head, "about", bldr_text(about(in, a)));
	bldr_object_set(head, "score", bldr_text(in->evaluation->score));
	bldr_object_set(head, "numbers", numbers);
	return head;
}
